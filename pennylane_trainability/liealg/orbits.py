r"""Orbits of Pauli words under rotations about Pauli words, under a budget.

A rotation about ``P`` mixes ``Q`` with ``iPQ`` if the two anticommute. The words that can be
reached from some words span the smallest space that contains them and that no rotation leaves (the
*module* they generate), and it falls into orbits that are not mixed with each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import BudgetError
from pennylane_trainability.liealg.pairs import GrowingPairs
from pennylane_trainability.liealg.words import WordIndex, Words, crossings

__all__ = ["Orbits", "Reached", "orbits", "reached"]


#: Pairs of words that are looked at together.
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """Words that a sequence of rotations can make of some words.

    Attributes:
        index: the words, those given first; every word has a number.
        rotations: the words of the rotations.
        pairs: for every rotation of a list the numbers of the words ``Q`` and ``PQ`` that it
            mixes, among these words; no word stands in two pairs of a rotation.
        is_complete: whether these are all; otherwise the search was stopped.
    """

    index: WordIndex
    rotations: Words
    pairs: tuple[tuple[np.ndarray, np.ndarray], ...]
    is_complete: bool

    def __len__(self) -> int:
        return len(self.index)

    @property
    def text(self) -> str:
        """``"60"``, or ``"≥ 60"`` if the search was stopped."""
        return str(len(self)) if self.is_complete else f"≥ {len(self)}"

    def orbits(self, rotations: Words) -> Orbits | None:
        """What :func:`orbits` finds from the same words, if rotations lead to no other words.

        Args:
            rotations: distinct words of rotations, in any order.

        Returns:
            The orbits; ``None`` if these are others than the rotations that were passed, or if
            they lead out of the words.
        """
        own = WordIndex(rotations.n_limbs)
        own.add(self.rotations)
        numbers = own.find(rotations)
        if not self.is_complete or len(own) != len(rotations) or np.any(numbers < 0):
            return None
        apart = crossings(self.index.words, self.rotations).sum(axis=0)
        if any(2 * len(first) < n for (first, _), n in zip(self.pairs, apart, strict=True)):
            return None
        return _orbits(self.index, self.pairs)


def reached(start: Words, rotations: Words, order: Iterable[int], max_words: int) -> Reached:
    """What do words become that pass rotations one after the other?

    Args:
        start: the words.
        rotations: distinct words of rotations, ``G`` of them.
        order: numbers of the rotations in the order in which words pass them.
        max_words: stop as soon as there are more words than this.

    Returns:
        The words and, for every one of the ``G`` rotations, its pairs among them. Cost: one test of
        commutation per word and rotation.

    >>> z, x = Words.of([(0, 1)], 1), Words.of([(1, 0)], 1)  # Z through a rotation about X: Z, Y
    >>> reached(z, x, [0], 10).index.words.pairs()
    [(0, 1), (1, 1)]
    """
    index = WordIndex(start.n_limbs)
    index.add(start)
    growing = _growing(rotations, index)
    for number in order:
        growing[number].grow()
        if len(index) > max_words:
            return Reached(index, rotations, (), False)
    for one in growing:  # pairs of words that were reached behind the last use of a rotation
        one.grow(index.find)
    return Reached(index, rotations, tuple(one.numbers for one in growing), True)


@dataclass(frozen=True, slots=True, eq=False)
class Orbits:
    """The module that words generate under rotations.

    Attributes:
        index: the words, those given first; every word has a number.
        label: the orbit of every word, numbered from zero, ``(d,)``.
        sizes: number of words of every orbit.
    """

    index: WordIndex
    label: np.ndarray
    sizes: np.ndarray

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over every orbit of numbers per word, ``(orbits, …)`` from ``(d, …)``."""
        if len(self.sizes) == 1:
            return values.sum(axis=0, keepdims=True, dtype=float)
        order = np.argsort(self.label, kind="stable")
        starts = np.cumsum(self.sizes) - self.sizes
        return np.add.reduceat(values[order], starts, axis=0, dtype=float)


def orbits(start: Words, rotations: Words, max_words: int) -> Orbits:
    """Which words do rotations make of some words, in any order, and which are mixed?

    Args:
        start: the words.
        rotations: distinct words of rotations, ``G`` of them.
        max_words: refuse more words than this.

    Returns:
        The orbits. Cost: one test of commutation per word and rotation.

    Raises:
        BudgetError: there are more words; the message says how many at least.

    Z of the first of two wires under the matchgates Z, Z and XX is one of six words, in one orbit:

    >>> found = orbits(Words.of([(0, 1)], 2), Words.of([(0, 1), (0, 2), (3, 0)], 2), 100)
    >>> found.sizes
    array([6])
    """
    index = WordIndex(start.n_limbs)
    index.add(start)
    hashes = index.hashing(rotations)
    root = np.arange(len(index))
    block = max(1, _BLOCK // max(1, len(rotations)))
    first = 0
    while first < len(index):
        if len(index) > max_words:
            raise BudgetError(f"there are ≥ {len(index)} words, more than max_words={max_words}")
        stop = min(len(index), first + block)
        rows, columns = np.nonzero(crossings(index.words.take(slice(first, stop)), rotations))
        rows += first
        masks = index.words.take(rows).masks ^ rotations.take(columns).masks
        numbers = index.add(Words(masks), index.hashes[rows] ^ hashes[columns])
        root = np.concatenate([root, np.arange(len(root), len(index))])
        _join(root, rows, numbers)
        first = stop
    return _labelled(index, root)


def _growing(rotations: Words, index: WordIndex) -> list[GrowingPairs]:
    hashes = index.hashing(rotations)
    return [GrowingPairs(rotations.take([k]), hashes[k], index) for k in range(len(rotations))]


def _orbits(index: WordIndex, pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> Orbits:
    """Orbits from all pairs of words that are mixed."""
    root = np.arange(len(index))
    for first, second in pairs:
        if not root.any():  # one orbit already
            break
        _join(root, first, second)
    return _labelled(index, root)


def _labelled(index: WordIndex, root: np.ndarray) -> Orbits:
    label = np.unique(root, return_inverse=True)[1]
    return Orbits(index, label, np.bincount(label))


def _join(root: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    """Give words that are mixed the same root, the smallest number; in place."""
    while True:
        low = np.minimum(root[first], root[second])
        high = np.maximum(root[first], root[second])
        apart = low < high
        if not apart.any():
            return
        first, second = first[apart], second[apart]
        np.minimum.at(root, high[apart], low[apart])
        while not np.array_equal(root, root[root]):
            root[:] = root[root]
