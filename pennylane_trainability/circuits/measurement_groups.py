"""How many circuits, and which, measure a set of Pauli words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pennylane_trainability.circuits.coloring import Conflicts, has_clique
from pennylane_trainability.circuits.diagonalization import (
    Diagonalization,
    diagonalize,
    group_commuting,
)
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.errors import ReadingError

__all__ = ["MeasurementGroup", "measurement_groups"]

GROUPINGS = ("auto", "commuting", "qubit-wise")


@dataclass(frozen=True, slots=True)
class MeasurementGroup:
    """Words that one circuit measures.

    Attributes:
        words: indices of the words.
        basis: the circuit to append, and a mask and a sign for each of the words.
    """

    words: tuple[int, ...]
    basis: Diagonalization


def measurement_groups(
    words: Sequence[Word],
    n_wires: int,
    *,
    grouping: str = "auto",
    two_qubit_weight: float = 0.0,
    weights: Sequence[float] | None = None,
) -> list[MeasurementGroup]:
    r"""Which circuits measure a set of Pauli words at the lowest cost?

    A list of groups costs :math:`\sum_g (1 + w\,t_g)`, where :math:`t_g` is the number of two-qubit
    gates that the circuit of group :math:`g` appends, and :math:`w` says how many circuits one such
    gate is worth.

    Args:
        words: Hermitian words.
        n_wires: number of wires.
        grouping: ``"commuting"`` groups words that commute, ``"qubit-wise"`` words whose letters
            agree wire by wire (no two-qubit gates). ``"auto"`` splits commuting groups where that
            is cheaper, and takes the cheaper of the two lists; at equal cost the one with fewer
            two-qubit gates.
        two_qubit_weight: :math:`w`. At 0 the number of circuits decides.
        weights: coefficients of the words in a sum; see
            :func:`~pennylane_trainability.circuits.diagonalization.group_commuting`.

    Raises:
        ReadingError: unknown ``grouping``, negative ``two_qubit_weight``, or words that cannot be
            measured.

    >>> from pennylane_trainability.circuits.pauli import from_letters
    >>> words = [from_letters(text) for text in ("XX", "YY", "ZZ")]
    >>> [len(measurement_groups(words, 2, two_qubit_weight=w)) for w in (0.0, 3.0)]
    [1, 3]
    """
    _check(grouping, two_qubit_weight)
    words = list(words)

    def grouped(qubit_wise: bool, members: Sequence[int]) -> list[tuple[int, ...]]:
        own = [words[i] for i in members]
        of = None if weights is None else [weights[i] for i in members]
        found = group_commuting(own, qubit_wise=qubit_wise, weights=of)
        return [tuple(members[j] for j in group) for group in found]

    def solved(groups: Iterable[tuple[int, ...]]) -> list[MeasurementGroup]:
        return [MeasurementGroup(g, diagonalize([words[i] for i in g], n_wires)) for g in groups]

    def cost(found: Iterable[MeasurementGroup]) -> tuple[float, int]:
        gates = [group.basis.two_qubit_gates for group in found]
        return len(gates) + two_qubit_weight * sum(gates), sum(gates)

    everything = range(len(words))
    if grouping == "qubit-wise":
        return solved(grouped(True, everything))
    sets = grouped(False, everything)
    if grouping == "commuting":
        return solved(sets)
    if not two_qubit_weight and _needs(words, len(sets) + 1):
        return solved(sets)
    split: list[MeasurementGroup] = []
    for group in solved(sets):
        # qubit-wise groups have no two-qubit gates, so that their number is their cost; where gates
        # cost nothing two circuits are never cheaper than one
        dear = two_qubit_weight * group.basis.two_qubit_gates > 0
        parts = grouped(True, group.words) if dear else []
        split += solved(parts) if dear and (len(parts), 0) < cost([group]) else [group]
    total, gates = cost(split)
    if len(split) < 2 or _needs(words, int(total) + (gates > 0)):
        return split
    apart = grouped(True, everything)
    return solved(apart) if (len(apart), 0) < (total, gates) else split


def _needs(words: Sequence[Word], count: int) -> bool:
    """Whether words were found that take so many circuits without two-qubit gates."""
    return count <= len(words) and has_clique(Conflicts(words, True), count)


def _check(grouping: str, two_qubit_weight: float) -> None:
    if grouping not in GROUPINGS:
        raise ReadingError(
            f"grouping is one of {', '.join(map(repr, GROUPINGS))}; got {grouping!r}."
        )
    if not two_qubit_weight >= 0:
        raise ReadingError(
            "two_qubit_weight is how many circuits a two-qubit gate is worth, 0 or more; got "
            f"{two_qubit_weight!r}."
        )
