"""Colourings of conflict graphs: sets of Pauli words that can be measured together.

A set of words is a whole number with one bit per word, so that sets are intersected and counted in
one operation each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.circuits.tableau import bits

__all__ = ["Conflicts", "first_fit", "has_clique", "recursive_largest_first"]

#: Words with fewer conflicts than this share of all words have them listed, not tabulated.
_SPARSE = 1 / 8
#: Score of words that are in no question; smaller than any other.
_OUT = -(1 << 30)
#: Up to this number of words a graph is not made smaller on the way.
_FEW = 256
#: Up to this number arrays cost more than loops.
_SMALL = 48
#: Words that are looked at for the next word of a clique.
_LOOKS = 64


class Conflicts:
    """Which words cannot be measured together, one row at a time; memory for ``m`` words only.

    Args:
        words: the words; phases do not matter.
        qubit_wise: ask for letters that agree wire by wire, up to identities.
    """

    __slots__ = ("_qubit_wise", "_words", "_x", "_z")

    def __init__(self, words: Sequence[Word], qubit_wise: bool):
        n_wires = max((word.support.bit_length() for word in words), default=0)
        # per wire: the words with this letter bit
        self._x = _columns([word.x for word in words], n_wires)
        self._z = _columns([word.z for word in words], n_wires)
        self._words, self._qubit_wise = words, qubit_wise

    def __len__(self) -> int:
        return len(self._words)

    def row(self, k: int) -> int:
        """Which words conflict with one of them, bit ``j`` for word ``j``; one step per letter."""
        x, z, out = self._words[k].x, self._words[k].z, 0
        rest = x | z
        while rest:
            bit = rest & -rest
            rest ^= bit
            wire = bit.bit_length() - 1
            other = 0
            if x & bit:
                other = self._z[wire]
            if z & bit:
                other ^= self._x[wire]
            out = out | other if self._qubit_wise else out ^ other
        return out

    def take(self, numbers: Sequence[int]) -> Conflicts:
        """The conflicts between some of the words."""
        return Conflicts([self._words[k] for k in numbers], self._qubit_wise)

    def rows(self) -> Iterator[int]:
        """All rows in order."""
        return map(self.row, range(len(self)))


def _columns(masks: Sequence[int], n_wires: int) -> list[int]:
    if len(masks) <= _SMALL:
        out = [0] * n_wires
        for number, mask in enumerate(masks):
            while mask:
                wire = mask.bit_length() - 1
                out[wire] |= 1 << number
                mask ^= 1 << wire
        return out
    packed = np.packbits(bits(masks, n_wires).T, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def _packed(rows: Sequence[int], count: int) -> np.ndarray:
    size = (count + 7) // 8
    data = b"".join(row.to_bytes(size, "little") for row in rows)
    return np.frombuffer(data, np.uint8).reshape(len(rows), size)


def has_clique(conflicts: Conflicts, count: int) -> bool:
    """Whether words were found that all conflict with each other, ``count`` of them.

    No list of sets is then shorter than ``count``. A "no" says nothing. The next word is the one of
    some candidates that leaves the most of them.
    """
    found, candidates = 0, (1 << len(conflicts)) - 1
    while found < count and candidates:
        numbers = np.flatnonzero(
            np.unpackbits(_packed([candidates], len(conflicts)), bitorder="little")
        )
        some = numbers[:: -(-len(numbers) // _LOOKS)].tolist()
        candidates &= max(map(conflicts.row, some), key=lambda row: (row & candidates).bit_count())
        found += 1
    return found >= count


def first_fit(conflicts: Conflicts) -> list[list[int]]:
    """Every word joins the first set it fits, in the order of their numbers.

    Args:
        conflicts: between ``m`` words.

    Returns:
        The sets; cost one row per word, without a table of them.
    """
    left = (1 << len(conflicts)) - 1
    groups = []
    while left:
        group, candidates = [], left
        while candidates:
            bit = candidates & -candidates
            group.append(bit.bit_length() - 1)
            left ^= bit
            candidates &= ~(conflicts.row(group[-1]) | bit)
        groups.append(group)
    return groups


def recursive_largest_first(conflicts: Conflicts) -> list[list[int]]:
    """One set after the other, each as large as is easily found (Leighton, J. Res. NBS 84, 489).

    A set starts with the word that has the most conflicts among those that are left, and goes on
    with words that have the most conflicts with those that it has already kept out; ties go to the
    word that conflicts least with the other candidates.

    Args:
        conflicts: between ``m`` words.

    Returns:
        The sets; cost one look at all words per word, and one at all conflicts per set.
    """
    if len(conflicts) <= _SMALL:
        return _few_sets(list(conflicts.rows()))
    groups: list[list[int]] = []
    numbers = np.arange(len(conflicts))
    while numbers.size:
        taken, left = _some_sets(_Graph(conflicts))
        groups += [numbers[group].tolist() for group in taken]
        numbers, conflicts = numbers[left], conflicts.take(left.tolist())
    return groups


def _few_sets(rows: Sequence[int]) -> list[list[int]]:
    """All sets by whole numbers, for few words."""
    left = (1 << len(rows)) - 1
    groups = []
    while left:
        degree = [(row & left).bit_count() if left >> k & 1 else -1 for k, row in enumerate(rows)]
        group, outside, candidates = [degree.index(max(degree))], 0, left
        while True:
            candidates &= ~(1 << group[-1])
            outside |= candidates & rows[group[-1]]
            candidates &= ~outside
            if not candidates:
                break
            scores = [
                (len(rows) + 2) * (rows[k] & outside).bit_count() - degree[k] if candidates >> k & 1
                else _OUT for k in range(len(rows))
            ]  # fmt: skip
            group.append(scores.index(max(scores)))
        left ^= sum(1 << k for k in group)
        groups.append(group)
    return groups


def _some_sets(graph: _Graph) -> tuple[list[list[int]], np.ndarray]:
    """Sets until less than half of the words are left (all of them, if they are few), and those."""
    left = np.ones(graph.count, bool)
    degree = graph.degree.copy()
    groups: list[list[int]] = []
    while (rest := int(left.sum())) > (graph.count // 2 if graph.count > _FEW else 0):
        # (m + 2) · conflicts with what is kept out − conflicts with all that is left
        score = np.where(left, -degree, _OUT)
        group = [int(np.where(left, degree, -1).argmax())]
        while len(group) < rest:
            score[group[-1]] = _OUT
            out = graph.near(group[-1])
            out = out[score[out] > _OUT // 2]
            if out.size:
                score[out] = _OUT
                score += (graph.count + 2) * graph.total(out)
            best = int(score.argmax())
            if score[best] < _OUT // 2:
                break
            group.append(best)
        left[group] = False
        degree -= graph.total(np.array(group))
        groups.append(group)
    return groups, np.flatnonzero(left)


class _Graph:
    """Conflicts as lists where there are few of them, as a table where there are many."""

    __slots__ = ("_lists", "_table", "count", "degree")

    def __init__(self, conflicts: Conflicts):
        rows = list(conflicts.rows())
        self.count = len(rows)
        self.degree = np.array([row.bit_count() for row in rows], np.int32)
        packed = _packed(rows, self.count)
        self._lists: list[np.ndarray] | None = None
        if self.degree.sum() < _SPARSE * self.count**2:
            self._lists = np.split(_columns_of(packed), np.cumsum(self.degree)[:-1])
        else:
            self._table = np.unpackbits(packed, axis=1, count=self.count, bitorder="little")

    def near(self, k: int) -> np.ndarray:
        """The words that conflict with one."""
        return np.flatnonzero(self._table[k]) if self._lists is None else self._lists[k]

    def total(self, words: np.ndarray) -> np.ndarray:
        """With how many of some words every word conflicts, ``(m,)``."""
        if self._lists is None:
            return self._table[words].sum(axis=0, dtype=np.int32)
        found = np.concatenate([self._lists[k] for k in words.tolist()])
        return np.bincount(found, minlength=self.count).astype(np.int32)


def _columns_of(packed: np.ndarray) -> np.ndarray:
    """The columns of all bits that are set, row after row; most bytes are zero."""
    size = packed.shape[1]
    place = np.flatnonzero(packed)
    bytes_, bit = np.nonzero(np.unpackbits(packed.ravel()[place, None], axis=1, bitorder="little"))
    return 8 * (place[bytes_] % size) + bit
