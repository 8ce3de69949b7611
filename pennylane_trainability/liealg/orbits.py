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

__all__ = ["Orbits", "Reached", "independent", "orbits", "reached"]

#: More products than this of two rotations are not looked at.
_MOST_PRODUCTS = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """Words that a sequence of rotations can make of some words.

    Attributes:
        index: the words, those given first; every word has a number.
        pairs: for every rotation of a list the numbers of the words ``Q`` and ``PQ`` that it
            mixes, among these words; no word stands in two pairs of a rotation.
        is_complete: whether these are all; otherwise the search was stopped.
    """

    index: WordIndex
    pairs: tuple[tuple[np.ndarray, np.ndarray], ...]
    is_complete: bool

    def __len__(self) -> int:
        return len(self.index)

    @property
    def text(self) -> str:
        """``"60"``, or ``"≥ 60"`` if the search was stopped."""
        return str(len(self)) if self.is_complete else f"≥ {len(self)}"


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
    hashes = index.hashing(rotations)
    growing = [GrowingPairs(rotations.take([k]), hashes[k], index) for k in range(len(rotations))]
    for number in order:
        growing[number].grow()
        if len(index) > max_words:
            return Reached(index, (), False)
    for one in growing:  # pairs of words that were reached behind the last use of a rotation
        one.grow(index.find)
    return Reached(index, tuple(one.numbers for one in growing), True)


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
        The orbits. Cost: one test of commutation per word and rotation; rotations that others
        make up for are left out, see :func:`independent`.

    Raises:
        BudgetError: there are more words; the message says how many at least.

    Z of the first of two wires under the matchgates Z, Z and XX is one of six words, in one orbit:

    >>> found = orbits(Words.of([(0, 1)], 2), Words.of([(0, 1), (0, 2), (3, 0)], 2), 100)
    >>> found.sizes
    array([6])
    """
    index = WordIndex(start.n_limbs)
    index.add(start)
    own = independent(rotations)
    hashes = index.hashing(own)
    growing = [GrowingPairs(own.take([k]), hashes[k], index) for k in range(len(own))]
    seen = 0
    while seen < len(index):
        seen = len(index)
        for one in growing:
            if len(index) > max_words:
                break
            one.grow()
        if len(index) > max_words:
            raise BudgetError(f"there are ≥ {len(index)} words, more than max_words={max_words}")
        growing.reverse()  # along a chain one pass goes one way
    root = np.arange(len(index))
    if growing:
        _join(root, *(np.concatenate(part) for part in zip(*(one.numbers for one in growing))))
    label = np.unique(root, return_inverse=True)[1]
    return Orbits(index, label, np.bincount(label))


def independent(rotations: Words) -> Words:
    """Rotations that mix the same words as all of them.

    With ``P = iRS`` the quarter turns about ``R`` and ``S`` make one about ``P``, so that ``P``
    joins no words that ``R`` and ``S`` do not join.

    Args:
        rotations: distinct words, ``G`` of them.

    Returns:
        Some of them, in their order. Cost: ``G²`` products.
    """
    count = len(rotations)
    if count**2 > _MOST_PRODUCTS:
        return rotations
    index = WordIndex(rotations.n_limbs)
    index.add(rotations)
    first, second = np.nonzero(crossings(rotations, rotations))
    masks = rotations.take(first).masks ^ rotations.take(second).masks
    third = index.find(Words(masks), index.hashes[first] ^ index.hashes[second])
    known = third >= 0
    first, second, third = first[known], second[known], third[known]
    left = np.ones(count, bool)
    edges = np.searchsorted(first, np.arange(count + 1)).tolist()
    for k in range(count - 1, -1, -1):
        own = slice(edges[k], edges[k + 1])
        left[k] = not np.any(left[second[own]] & left[third[own]])
    return rotations.take(np.flatnonzero(left))


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
