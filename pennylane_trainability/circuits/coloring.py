"""Colourings of conflict graphs: sets of Pauli words that can be measured together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from pennylane_trainability.circuits.pauli import Word

__all__ = ["Conflicts", "first_fit", "has_clique", "recursive_largest_first"]

#: Pairs of words that are compared at once.
_AT_ONCE = 1 << 18


class Conflicts:
    """Which words cannot be measured together, one row at a time; memory for ``m`` words only.

    Args:
        words: the words; phases do not matter.
        qubit_wise: ask for letters that agree wire by wire, up to identities.
    """

    __slots__ = ("_qubit_wise", "_x", "_z")

    def __init__(self, words: Sequence[Word], qubit_wise: bool):
        limbs = max(1, -(-max((w.support.bit_length() for w in words), default=0) // 64))
        self._x, self._z = (
            np.frombuffer(b"".join(mask.to_bytes(8 * limbs, "little") for mask in masks), "<u8")
            .reshape(len(words), limbs)
            .T.copy()
            for masks in ([word.x for word in words], [word.z for word in words])
        )
        self._qubit_wise = qubit_wise

    def __len__(self) -> int:
        return self._x.shape[1]

    def row(self, k: int) -> np.ndarray:
        """Which words conflict with one of them, ``(m,)``."""
        return self._rows(slice(k, k + 1))[0]

    def matrix(self) -> np.ndarray:
        """All rows, ``(m, m)``."""
        size = len(self)
        step = max(1, _AT_ONCE // max(size, 1))
        parts = [self._rows(slice(start, start + step)) for start in range(0, size, step)]
        return np.concatenate([np.zeros((0, size), bool), *parts])

    def _rows(self, own: slice) -> np.ndarray:
        crossed = np.zeros((len(range(len(self))[own]), len(self)), np.uint64)
        for x, z in zip(self._x, self._z, strict=True):
            here = (x[own, None] & z) ^ (z[own, None] & x)
            crossed = crossed | here if self._qubit_wise else crossed ^ here
        return crossed != 0 if self._qubit_wise else np.bitwise_count(crossed) & 1 == 1


def has_clique(conflicts: Conflicts, count: int) -> bool:
    """Whether words were found that all conflict with each other, ``count`` of them.

    No list of sets is then shorter than ``count``. A "no" says nothing.
    """
    found, candidates = 0, np.ones(len(conflicts), bool)
    while found < count and candidates.any():
        candidates &= conflicts.row(int(candidates.argmax()))
        found += 1
    return found >= count


def first_fit(conflicts: Conflicts, order: Iterable[int]) -> list[list[int]]:
    """Every word joins the first set it fits; cost ``m²`` tests, without a matrix of them.

    Args:
        conflicts: between ``m`` words.
        order: in which they come.
    """
    left = np.fromiter(order, np.int64)
    groups = []
    while left.size:
        group, candidates = [], np.ones(len(conflicts), bool)
        for k in left.tolist():
            if candidates[k]:
                group.append(k)
                candidates &= ~conflicts.row(k)
        groups.append(group)
        left = left[~np.isin(left, group)]
    return groups


def recursive_largest_first(conflicts: np.ndarray) -> list[list[int]]:
    """One set after the other, each as large as is easily found (Leighton, J. Res. NBS 84, 489).

    A set starts with the word that has the most conflicts among those that are left, and goes on
    with words that have the most conflicts with those that it has already kept out.

    Args:
        conflicts: symmetric, ``(m, m)``.

    Returns:
        The sets; cost about ``m²`` operations per set.
    """
    count = len(conflicts)
    left = np.ones(count, bool)
    degree = conflicts.sum(axis=1, dtype=np.int64)
    groups = []
    while left.any():
        candidates = left.copy()
        outside = np.zeros(count, np.int64)
        group = [int(np.where(left, degree, -1).argmax())]
        while True:
            candidates[group[-1]] = False
            out = candidates & conflicts[group[-1]]
            candidates &= ~out
            if not candidates.any():
                break
            outside += conflicts[out].sum(axis=0, dtype=np.int64)
            # ties go to the word that conflicts least with the other candidates
            score = (count + 1) * outside - (degree - outside)
            group.append(int(np.where(candidates, score, np.iinfo(np.int64).min).argmax()))
        left[group] = False
        degree -= conflicts[group].sum(axis=0, dtype=np.int64)
        groups.append(group)
    return groups
