r"""Dynamical Lie algebras of Pauli words, under a budget.

The DLA of generators ``i P_1 … i P_G`` is the smallest real vector space that holds them and all
their commutators. Nested commutators ``[P_a, [P_b, [… P_c]]]`` of the generators span it (by the
Jacobi identity), so it is enough to commute what has been found with the generators alone. For
Pauli words a commutator is zero or twice a word, and the DLA is a set of words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import BudgetError
from pennylane_trainability.liealg.words import WordIndex, Words, crossings, products

__all__ = ["Closure", "closure"]

#: Pairs of words that are looked at together.
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """The words found in a dynamical Lie algebra.

    Attributes:
        words: the generators first, then in the order in which they were reached.
        is_complete: whether these are all; otherwise the search was stopped.
    """

    words: Words
    is_complete: bool

    @property
    def dimension(self) -> int:
        """Of the algebra if complete, otherwise a lower bound."""
        return len(self.words)

    @property
    def text(self) -> str:
        """``"60"``, or ``"≥ 60"`` if the search was stopped."""
        return str(self.dimension) if self.is_complete else f"≥ {self.dimension}"

    def required(self) -> Words:
        """The words of a complete algebra.

        Raises:
            BudgetError: the search was stopped.
        """
        if not self.is_complete:
            raise BudgetError(
                f"The Lie algebra of these generators has dimension {self.text}, more than the "
                "search was allowed to find. Raise max_dimension, or take a method that does not "
                "need the whole algebra."
            )
        return self.words


def closure(generators: Words, max_dimension: int = 1 << 16) -> Closure:
    r"""Which Pauli words span the Lie algebra of some Pauli words?

    .. math:: \mathfrak g = \mathrm{span}_{\mathbb R}\langle iP_1, \dots, iP_G \rangle_{\rm Lie}

    The same set as ``qml.lie_closure(generators, pauli=True)``. Words that are given twice count
    once; the identity, if given, counts as a word.

    Args:
        generators: the words, ``G`` of them.
        max_dimension: stop as soon as more words than this have been found.

    Returns:
        The words. Cost ``G · dim`` tests of commutation on ``n``-bit words.

    The open transverse-field Ising chain has dimension ``n(2n − 1)``:

    >>> from pennylane_trainability.liealg.words import Words
    >>> n = 20
    >>> chain = [(0, 1 << w) for w in range(n)] + [(3 << w, 0) for w in range(n - 1)]
    >>> closure(Words.of(chain, n)).dimension
    780
    >>> closure(Words.of(chain, n), max_dimension=100).text[0]
    '≥'
    """
    index = WordIndex(generators.n_limbs)
    index.add(generators)
    own, hashes = index.words, index.hashes.copy()
    block = max(1, _BLOCK // max(1, len(own)))
    start = 0
    while start < len(index) <= max_dimension:
        stop = min(len(index), start + block)
        rows, columns = np.nonzero(crossings(index.words.take(slice(start, stop)), own))
        reached, _ = products(index.words.take(start + rows), own.take(columns))
        index.add(reached, index.hashes[start + rows] ^ hashes[columns])
        start = stop
    return Closure(index.words, start == len(index))
