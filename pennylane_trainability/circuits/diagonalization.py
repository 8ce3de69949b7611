"""Clifford circuits that turn mutually commuting Pauli words into products of Z.

After ``C`` every word ``W`` of the set reads ``C W C† = ±∏ Z``, so one measurement of all wires in
the computational basis gives all words at once, each as the parity of some wires.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pennylane_trainability.circuits.coloring import (
    Conflicts,
    first_fit,
    recursive_largest_first,
)
from pennylane_trainability.circuits.elimination import eliminate
from pennylane_trainability.circuits.graph_form import graph_form
from pennylane_trainability.circuits.pauli import Word, letters
from pennylane_trainability.circuits.tableau import Gate, Tableau, compress, turn
from pennylane_trainability.errors import ReadingError

__all__ = ["Diagonalization", "diagonalize", "group_commuting"]

#: More words are grouped without a table of all pairs.
_MAX_TABLE = 4096


@dataclass(frozen=True, slots=True)
class Diagonalization:
    """A Clifford circuit ``C`` and the parities it turns Pauli words into.

    Attributes:
        gates: ``(name, wires)`` in the order of application, out of ``Hadamard``, ``S``,
            ``Adjoint(S)``, ``CNOT`` and ``CZ``.
        masks: per word the wires of ``∏ Z``, bit ``w`` for wire position ``w``.
        signs: per word ``+1`` or ``-1``, so that ``C W C† = sign · ∏ Z``.
    """

    gates: tuple[Gate, ...]
    masks: tuple[int, ...]
    signs: tuple[int, ...]

    @property
    def two_qubit_gates(self) -> int:
        """Number of gates on two wires."""
        return _two_qubit_gates(self.gates)

    @property
    def depth(self) -> int:
        """Number of layers when every gate starts as early as it can."""
        return _depth(self.gates)


def diagonalize(words: Sequence[Word], n_wires: int) -> Diagonalization:
    r"""Which Clifford circuit turns commuting Pauli words into products of ``Z``?

    Wires on which all words agree up to identities need one-qubit gates only, so sets that commute
    qubit by qubit need no two-qubit gate. What is left falls into parts that share no wire. Each
    part is solved in two ways, and the one with fewer two-qubit gates is kept: wire by wire with
    light words that commute with all others, and as a graph state. A part on ``k`` wires takes at
    most ``k(k − 1)/2`` two-qubit gates; the fewest possible are not guaranteed.

    Args:
        words: Hermitian words (phase 0 or 2) that commute with each other.
        n_wires: number of wires.

    Returns:
        The circuit, with one mask and one sign per word. Words may repeat, depend on each other or
        be the identity (mask 0).

    Raises:
        ReadingError: two words do not commute (the message names them), a word is not Hermitian,
            or it has letters beyond ``n_wires``.

    >>> from pennylane_trainability.circuits.pauli import from_letters
    >>> found = diagonalize([from_letters(text) for text in ("XX", "YY", "ZZ")], 2)
    >>> found.two_qubit_gates, found.signs
    (1, (1, -1, 1))
    """
    words = list(words)
    _check_letters(words, n_wires)
    settled = _settled(words)
    if settled is not None:
        return settled
    _check_pairs(words, n_wires)
    table = Tableau.of(words, n_wires)
    gates = table.settle()
    for part in _parts(table):
        own = table.on(part)
        solved = _solved(own.x.shape, own.x.tobytes(), own.z.tobytes())
        gates += [(name, tuple(part[w] for w in wires)) for name, wires in solved]
    gates = compress(gates)
    images = Tableau.of(words, n_wires)
    images.run(gates)
    signs = tuple(-1 if minus else 1 for minus in images.minus)
    return Diagonalization(tuple(gates), images.masks(), signs)


def group_commuting(
    words: Sequence[Word], *, qubit_wise: bool = False, weights: Sequence[float] | None = None
) -> list[list[int]]:
    """Which words can be measured together?

    A colouring of the graph whose edges join words that do not commute, by the heuristic "recursive
    largest first" (Leighton 1979). With weights, every word joins the first group it fits, in the
    order of the modulus of the weights, largest first ("sorted insertion" of Crawford et al.,
    arXiv:1908.06942), which lowers the variance of a weighted sum at equal shots per group; so do
    more than some thousand words, in the order of their letters, because a list of all pairs would
    be long. The result does not depend on the order of the words.

    Args:
        words: any Pauli words; phases do not matter.
        qubit_wise: ask for letters that agree wire by wire, up to identities.
        weights: one coefficient per word.

    Returns:
        Indices of the words of each group, ascending.

    >>> from pennylane_trainability.circuits.pauli import from_letters
    >>> words = [from_letters(text) for text in ("XX", "ZZ", "ZI", "YY")]
    >>> group_commuting(words), group_commuting(words, qubit_wise=True)
    ([[0, 3], [1, 2]], [[0], [1, 2], [3]])
    """
    if weights is not None:
        order = np.argsort(-np.abs(np.asarray(weights, float)), kind="stable").tolist()
    else:
        order = sorted(range(len(words)), key=lambda k: (words[k].x, words[k].z))
    conflicts = Conflicts([words[k] for k in order], qubit_wise)
    if weights is not None or len(words) > _MAX_TABLE:
        groups = first_fit(conflicts)
    else:
        groups = recursive_largest_first(conflicts)
    return sorted(sorted(order[k] for k in members) for members in groups)


def _settled(words: list[Word]) -> Diagonalization | None:
    """The circuit of words whose letters agree wire by wire, up to identities."""
    x = z = 0
    for word in words:
        x, z = x | word.x, z | word.z
    if any(word.x ^ x & word.support or word.z ^ z & word.support for word in words):
        return None
    gates: list[Gate] = []
    left = x  # Z is Z already
    while left:
        wire = _lowest(left)
        gates += turn(1 + 2 * (z >> wire & 1), wire)
        left &= left - 1
    return Diagonalization(
        tuple(gates), tuple(word.support for word in words), tuple(word.sign for word in words)
    )


def _check_letters(words: list[Word], n_wires: int) -> None:
    for word in words:
        if word.phase & 1 or word.support >> n_wires:
            text = letters(word, max(n_wires, word.support.bit_length()))
            raise ReadingError(
                f"Only Hermitian words on {n_wires} wires can be diagonalized; got {text}. Give "
                "words of phase 0 or 2, or more wires."
            )


def _check_pairs(words: list[Word], n_wires: int) -> None:
    for word, row in zip(words, Conflicts(words, False).rows(), strict=True):
        if row:
            first, second = letters(word, n_wires), letters(words[_lowest(row)], n_wires)
            raise ReadingError(
                f"{first} and {second} do not commute, so no circuit diagonalizes both. Split the "
                "words with group_commuting first."
            )


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _parts(table: Tableau) -> list[list[int]]:
    """The wires that are not settled, in sets that no generator connects."""
    active = table.active()
    parts: list[set[int]] = []
    rest = table.on(active)
    for row in rest.x | rest.z:
        wires = {int(w) for w in active[row]}
        joined = [part for part in parts if part & wires]
        parts = [part for part in parts if not part & wires] + [wires.union(*joined)]
    return [sorted(part) for part in sorted(parts, key=min)]


@lru_cache(maxsize=1024)
def _solved(shape: tuple[int, int], x: bytes, z: bytes) -> tuple[Gate, ...]:
    """The better of two circuits for one part; equal parts stand on many wires of a chain."""
    roads = []
    for road in (graph_form, eliminate):
        own_x, own_z = (np.frombuffer(bits, bool).reshape(shape).copy() for bits in (x, z))
        roads.append(compress(road(Tableau(own_x, own_z, np.zeros(shape[0], bool)))))
        if road is graph_form and shape[0] == shape[1] and _is_tree(roads[0], shape[1]):
            break
    return tuple(min(reversed(roads), key=lambda road: (_two_qubit_gates(road), _depth(road))))


def _is_tree(gates: Iterable[Gate], n_wires: int) -> bool:
    """Whether the two-qubit gates are the edges of a tree on all wires.

    The graph state of a tree is entangled across every cut, so no circuit does with fewer gates.
    """
    pairs = [set(wires) for _, wires in gates if len(wires) == 2]
    if len(pairs) != n_wires - 1:
        return False
    parts: list[set[int]] = []
    for pair in pairs:
        joined = [part for part in parts if part & pair]
        parts = [part for part in parts if not part & pair] + [pair.union(*joined)]
    return len(parts) == 1 and len(parts[0]) == n_wires


def _two_qubit_gates(gates: Iterable[Gate]) -> int:
    return sum(len(wires) == 2 for _, wires in gates)


def _depth(gates: Iterable[Gate]) -> int:
    level: dict[int, int] = {}
    for _, wires in gates:
        layer = 1 + max(level.get(w, 0) for w in wires)
        level.update(dict.fromkeys(wires, layer))
    return max(level.values(), default=0)
