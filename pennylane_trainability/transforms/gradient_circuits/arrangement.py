"""Which words of a scheme one circuit reads, and how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from pennylane_trainability.circuits.anticommutation import push_forward
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.diagonalization import Diagonalization
from pennylane_trainability.circuits.measurement_groups import (
    MeasurementGroup,
    measurement_groups,
)
from pennylane_trainability.circuits.pauli import Word, commute
from pennylane_trainability.circuits.tableau import Gate
from pennylane_trainability.transforms.gradient_circuits.scheme import PLAIN, Scheme

if TYPE_CHECKING:
    from pennylane_trainability.transforms.gradient_circuits.random_groups import Bases

__all__ = ["Arrangement", "Reading", "arrange"]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One circuit: a state, and words that are read in it.

    Attributes:
        state: number of the state.
        targets: numbers of the targets it gives.
        words: these as words at the output, the auxiliary wire last.
        basis: what is appended, and which parities the words become.
        wires: positions of the wires that are read, the leading bit first.
        masks: bits of an outcome of these wires that every word is the parity of.
        shares: with which weight the mean of each word joins that of its target; ``None``: no other
            circuit reads it.
    """

    state: int
    targets: tuple[int, ...]
    words: tuple[Word, ...]
    basis: Diagonalization
    wires: tuple[int, ...]
    masks: tuple[int, ...]
    shares: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """A scheme and the circuits that it takes at every parameter point.

    Attributes:
        scheme: what is measured.
        readings: the circuits.
    """

    scheme: Scheme
    readings: tuple[Reading, ...]

    @property
    def two_qubit_gates(self) -> int:
        """Two-qubit gates that are added to the circuits of the user, all together."""
        added = sum(reading.basis.two_qubit_gates for reading in self.readings)
        for reading in self.readings:
            probe = self.scheme.states[reading.state].probe
            local = None if probe is None else self.scheme.components[probe].local
            added += 0 if local is None else local.support.bit_count()
        return added


def arrange(
    scheme: Scheme,
    grouping: str = "auto",
    two_qubit_weight: float = 0.0,
    bases: Bases | None = None,
) -> Arrangement:
    """Put the words of every state into circuits.

    Args:
        scheme: what is measured.
        grouping: see :func:`~pennylane_trainability.circuits.measurement_groups`.
        two_qubit_weight: how many circuits a two-qubit gate is worth.
        bases: random bases for the words of the circuit as it is, instead of groups.
    """
    n = scheme.structure.n_wires
    pushed = _pushed(scheme.target_words, scheme.structure.tail, n)
    of_state: list[list[int]] = [[] for _ in scheme.states]
    for target, state in enumerate(scheme.target_states):
        of_state[state].append(target)
    sets = [tuple(pushed[t] for t in targets) for targets in of_state]
    grouper = _Grouper(n + 1, grouping, two_qubit_weight)
    plain = scheme.states.index(PLAIN) if bases is not None and PLAIN in scheme.states else None
    grouped = {words for state, words in enumerate(sets) if state != plain}
    known = {words: grouper.groups(words) for words in sorted(grouped, key=len, reverse=True)}
    bits: dict[tuple[int, ...], tuple] = {}
    readings: list[Reading] = []
    for state, (targets, words) in enumerate(zip(of_state, sets, strict=True)):
        groups, times = known.get(words, []), None
        if bases is not None and state == plain:
            # here: only classical shadows need it
            from pennylane_trainability.transforms.gradient_circuits.random_groups import (
                random_groups,
            )

            groups = random_groups(words, n + 1, bases)
            times = _times(groups)
        for group in groups:
            own = tuple(targets[k] for k in group.words)
            read = tuple(words[k] for k in group.words)
            shares = tuple(1.0 / times[k] for k in group.words) if times else None
            masks = group.basis.masks
            if masks not in bits:
                bits[masks] = _outcomes(masks)
            wires, moved = bits[masks]
            readings.append(Reading(state, own, read, group.basis, wires, moved, shares))
    return Arrangement(scheme, tuple(readings))


def _times(groups: Sequence[MeasurementGroup]) -> Counter[int]:
    """How many circuits read every word."""
    return Counter(k for group in groups for k in group.words)


def _outcomes(masks: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The wires in any of the masks, and the masks on the bits of an outcome of these wires."""
    union = 0
    for mask in masks:
        union |= mask
    wires = tuple(_bits(union))
    bit = {w: 1 << (len(wires) - 1 - k) for k, w in enumerate(wires)}
    out = []
    for mask in masks:
        moved = 0
        while mask:
            low = mask & -mask
            moved |= bit[low.bit_length() - 1]
            mask ^= low
        out.append(moved)
    return wires, tuple(out)


def _bits(mask: int) -> list[int]:
    out = []
    while mask:
        low = mask & -mask
        out.append(low.bit_length() - 1)
        mask ^= low
    return out


class _Grouper:
    """Groups sets of words; what was solved by one-qubit gates serves smaller sets as well."""

    def __init__(self, n_wires: int, grouping: str, two_qubit_weight: float):
        self.n_wires, self.options = n_wires, (grouping, two_qubit_weight)
        self.solved: list[_Local] = []
        self.holding: dict[Word, list[int]] = {}

    def groups(self, words: tuple[Word, ...]) -> list[MeasurementGroup]:
        """Circuits that measure the words."""
        cover = self._cover(words)
        if cover is not None:
            return cover
        grouping, weight = self.options
        found = measurement_groups(words, self.n_wires, grouping=grouping, two_qubit_weight=weight)
        for group in found:
            if not group.basis.two_qubit_gates:
                self._keep([words[k] for k in group.words], group.basis)
        return found

    def _keep(self, words: list[Word], basis: Diagonalization) -> None:
        for word in words:
            self.holding.setdefault(word, []).append(len(self.solved))
        self.solved.append(_Local(words, basis))

    def _cover(self, words: tuple[Word, ...]) -> list[MeasurementGroup] | None:
        """One known group that holds all words, or two if no one circuit can measure them."""
        left = list(range(len(words)))
        parts: list[tuple[list[int], Diagonalization]] = []
        while left and len(parts) < 2:
            votes = Counter(chain.from_iterable(self.holding.get(words[k], ()) for k in left))
            if not votes:
                return None
            known = self.solved[max(votes, key=votes.__getitem__)]
            inside = [k for k in left if words[k] in known.entries]
            left = [k for k in left if words[k] not in known.entries]
            parts.append((inside, known.basis_of([words[k] for k in inside])))
        if left or (len(parts) == 2 and not self._conflict(words, parts[0][0], parts[1][0])):
            return None
        return [MeasurementGroup(tuple(inside), basis) for inside, basis in parts]

    def _conflict(self, words: Sequence[Word], first: list[int], second: list[int]) -> bool:
        """Whether two words of two lists cannot be measured together."""
        if self.options[0] == "qubit-wise":
            return any(_clash(words[j], words[k]) for j in first for k in second)
        return any(not commute(words[j], words[k]) for j in first for k in second)


def _clash(first: Word, second: Word) -> bool:
    """Whether two words have different letters on some wire."""
    both = first.support & second.support
    return bool(((first.x ^ second.x) | (first.z ^ second.z)) & both)


class _Local:
    """A basis of one-qubit gates, and the words it was made for."""

    def __init__(self, words: Sequence[Word], basis: Diagonalization):
        entries = zip(basis.masks, basis.signs, strict=True)
        self.entries = dict(zip(words, entries, strict=True))
        self.gates: dict[int, list[Gate]] = {}
        for gate in basis.gates:
            self.gates.setdefault(gate[1][0], []).append(gate)

    def basis_of(self, words: Sequence[Word]) -> Diagonalization:
        """The basis of some of the words."""
        masks, signs = zip(*(self.entries[word] for word in words), strict=True)
        union = 0
        for mask in masks:
            union |= mask
        gates = tuple(gate for w in _bits(union) for gate in self.gates.get(w, ()))
        return Diagonalization(gates, masks, signs)


def _pushed(words: Sequence[Word], tail: Frame, n: int) -> list[Word]:
    """``C W C†`` of every word, the letter of the auxiliary wire left alone."""
    data = (1 << n) - 1
    distinct = list(dict.fromkeys(words))
    inner = [Word(word.x & data, word.z & data) for word in distinct]
    out = {}
    for word, moved in zip(distinct, push_forward(inner, tail), strict=True):
        x, z = moved.x | (word.x & ~data), moved.z | (word.z & ~data)
        out[word] = Word(x, z, (moved.phase + word.phase) & 3)
    return [out[word] for word in words]
