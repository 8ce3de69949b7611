"""Pauli symmetries: the words that commute with a set of words, and the groups words generate.

Up to its phase a word is a vector of ``2n`` bits and a product is a sum modulo 2. Two words commute
if their symplectic form vanishes, so that everything here is linear algebra over two elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from pennylane_trainability.circuits.pauli import IDENTITY, Word, commute, product
from pennylane_trainability.circuits.tableau import bits, reduce

__all__ = ["commutant", "first_clash", "first_dependence", "group_elements", "isotropic"]


def group_elements(generators: Iterable[Word]) -> tuple[Word, ...]:
    """All products of commuting words, in the order of binary counting.

    Element ``j`` is the product of the generators whose bit is set in ``j``, the first generator
    being the lowest bit: ``1, g₀, g₁, g₀g₁, g₂, …``. Signs are those of the products.

    >>> from pennylane_trainability.circuits.pauli import from_letters, letters
    >>> group = group_elements([from_letters("XX"), from_letters("ZZ")])
    >>> [letters(word, 2) for word in group]
    ['II', 'XX', 'ZZ', '-YY']
    """
    elements = [IDENTITY]
    for generator in generators:
        elements += [product(element, generator) for element in elements]
    return tuple(elements)


def first_dependence(words: Sequence[Word]) -> tuple[int, tuple[int, ...]] | None:
    """The first word that is, up to its phase, a product of words before it.

    Args:
        words: any words.

    Returns:
        Its number and the numbers of its factors (none for the identity); ``None`` if the words are
        independent.
    """
    n = max((word.support.bit_length() for word in words), default=0)
    pivots: dict[int, tuple[int, int]] = {}
    for number, word in enumerate(words):
        key, factors = word.x << n | word.z, 0
        while key and (top := key.bit_length()) in pivots:
            key ^= pivots[top][0]
            factors ^= pivots[top][1]
        if not key:
            return number, tuple(k for k in range(number) if factors >> k & 1)
        pivots[key.bit_length()] = key, factors | 1 << number
    return None


def first_clash(first: Sequence[Word], second: Sequence[Word]) -> tuple[int, int] | None:
    """The first pair out of two lists that does not commute, by their numbers, or ``None``."""
    for i, left in enumerate(first):
        for j, right in enumerate(second):
            if not commute(left, right):
                return i, j
    return None


def commutant(words: Sequence[Word], n_wires: int) -> list[Word]:
    r"""Generators of all words that commute with every word of a set.

    They are the kernel of the matrix whose rows are ``(z | x)`` of the words, ``2n − rank`` of
    them, found by elimination over two elements.

    Args:
        words: any words on ``n`` wires; phases do not matter.
        n_wires: number ``n`` of wires.

    Returns:
        Independent words with phase zero; they need not commute with each other.
    """
    x, z = bits([w.x for w in words], n_wires), bits([w.z for w in words], n_wires)
    against = np.concatenate([z, x], axis=1)
    pivots = reduce(against)
    free = np.setdiff1d(np.arange(2 * n_wires), pivots)
    kernel = np.zeros((len(free), 2 * n_wires), bool)
    kernel[np.arange(len(free)), free] = True
    kernel[:, pivots] = against[: len(pivots), free].T
    return [Word(_mask(row[:n_wires]), _mask(row[n_wires:])) for row in kernel]


def _mask(row: np.ndarray) -> int:
    return sum(1 << int(w) for w in np.flatnonzero(row))


def isotropic(words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """Commuting words out of the group that some words generate, as many as there can be.

    Symplectic Gram–Schmidt: a word that commutes with all others belongs to the centre; of each
    pair that does not commute one is kept, and the pair is divided out of the rest.

    Args:
        words: independent words; phases do not matter.

    Returns:
        Generators of the centre, which is unique, and the words kept of the pairs, which are a
        choice. Together they commute, are independent and cannot be enlarged.
    """
    rest = [Word(word.x, word.z) for word in words]
    centre: list[Word] = []
    chosen: list[Word] = []
    while rest:
        word = rest.pop(0)
        partner = next((k for k, other in enumerate(rest) if not commute(word, other)), None)
        if partner is None:
            centre.append(word)
            continue
        other = rest.pop(partner)
        chosen.append(word)
        rest = [_divided(entry, word, other) for entry in rest]
    return centre, chosen


def _divided(word: Word, first: Word, second: Word) -> Word:
    """The word times what of an anticommuting pair makes it commute with both."""
    out = word
    if not commute(word, first):
        out = product(out, second)
    if not commute(word, second):
        out = product(out, first)
    return Word(out.x, out.z)
