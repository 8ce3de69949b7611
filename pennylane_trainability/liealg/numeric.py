r"""The smallest space of operators that holds some sums of Pauli words and that generators keep.

With generators ``G = Σ_w g_w P_w`` of ``exp(−iθG/2)`` an operator ``Q`` moves with velocity
``(i/2)[G, Q]``. From one operator these commutators span a *module*; from the generators
themselves, their Lie algebra. Here both are found in floating point, with an orthonormal basis and
the matrices of the generators on it. Directions whose part outside of what is known is below a
tolerance are taken for known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import BudgetError
from pennylane_trainability.liealg.pairs import GrowingPairs
from pennylane_trainability.liealg.words import WordIndex, Words

__all__ = ["Action", "NumericModule", "numeric_module"]

#: What is left of a unit vector behind projection counts as new from here on.
_NEW = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class NumericModule:
    """A space of operators that generators keep.

    Attributes:
        words: the words that occur, ``W`` of them.
        basis: orthonormal coefficient vectors, ``(d, W)``.
        matrices: ``a`` of every generator with ``exp(iθG/2) · exp(−iθG/2) = exp(θa)`` on it,
            antisymmetric, ``(G, d, d)``.
    """

    words: Words
    basis: np.ndarray
    matrices: np.ndarray

    def __len__(self) -> int:
        return len(self.basis)


class Action:
    """Commutators with generators as maps of coefficient vectors; words join as they occur.

    Args:
        start: words that are there from the start.
        words: words of the generators, distinct.
        generators: coefficients, ``(G, words)``.
    """

    __slots__ = ("_maps", "generators", "index")

    def __init__(self, start: Words, words: Words, generators: np.ndarray):
        self.index = WordIndex(words.n_limbs)
        self.index.add(start)
        hashes = self.index.hashing(words)
        self._maps = [
            GrowingPairs(words.take([k]), hashes[k], self.index) for k in range(len(words))
        ]
        self.generators = np.asarray(generators, float)

    def __call__(self, number: int, vectors: np.ndarray) -> np.ndarray:
        """``(i/2)[G, ·]`` of generator ``number``, ``(f, W)`` from ``(f, W')``; ``W`` may grow."""
        row = self.generators[number]
        used = np.flatnonzero(row)
        for k in used:
            self._maps[k].grow()
        vectors = widened(vectors, len(self.index))
        out = np.zeros_like(vectors)
        for k in used:
            pairs = self._maps[k].pairs
            signs = row[k] * pairs.signs
            out[:, pairs.second] -= signs * vectors[:, pairs.first]
            out[:, pairs.first] += signs * vectors[:, pairs.second]
        return out


def widened(vectors: np.ndarray, width: int) -> np.ndarray:
    """With columns of zeros for words that have joined since."""
    return np.pad(vectors, ((0, 0), (0, width - vectors.shape[1])))


def numeric_module(
    start: Words,
    vectors: np.ndarray,
    words: Words,
    generators: np.ndarray,
    *,
    max_dimension: int,
    max_words: int,
) -> NumericModule:
    """Which space do generators make of some operators?

    Args:
        start: words of the operators, distinct.
        vectors: their coefficients, ``(f, words)``.
        words: words of the generators, distinct.
        generators: their coefficients, ``(G, words)``.
        max_dimension: refuse larger spaces.
        max_words: refuse more words.

    Raises:
        BudgetError: the space is larger, or has more words; the message says how large at least.

    Cost about ``G·W·d²``. Z and X of a wire under a rotation about X:

    >>> z, x = Words.of([(0, 1)], 1), Words.of([(1, 0)], 1)
    >>> found = numeric_module(z, [[1.0]], x, [[1.0]], max_dimension=9, max_words=9)
    >>> found.words.pairs(), found.matrices[0].round(12).tolist() in (
    ...     [[0.0, 1.0], [-1.0, 0.0]], [[0.0, -1.0], [1.0, 0.0]])
    ([(0, 1), (1, 1)], True)
    """
    action = Action(start, words, generators)
    basis = _orthonormal(np.asarray(vectors, float), np.zeros((0, len(start))))
    frontier = basis
    while len(frontier):
        moved = [action(k, frontier) for k in range(len(action.generators))]
        width = len(action.index)
        _check(len(basis), width, max_dimension, max_words)
        sizes = np.abs(action.generators).sum(axis=1)
        stack = [widened(part, width) / size for part, size in zip(moved, sizes, strict=True)]
        basis = widened(basis, width)
        frontier = _orthonormal(np.concatenate([np.zeros((0, width)), *stack]), basis)
        basis = np.concatenate([basis, frontier])
    matrices = []
    for k in range(len(action.generators)):
        moved_basis = action(k, basis)
        table = widened(basis, moved_basis.shape[1]) @ moved_basis.T
        matrices.append((table - table.T) / 2)
    shape = (len(matrices), len(basis), len(basis))
    return NumericModule(
        action.index.words.take(slice(0, basis.shape[1])), basis, np.array(matrices).reshape(shape)
    )


def _check(dimension: int, width: int, max_dimension: int, max_words: int) -> None:
    if dimension > max_dimension:
        raise BudgetError(f"it has dimension ≥ {dimension}, more than the {max_dimension} allowed")
    if width > max_words:
        raise BudgetError(f"its operators have ≥ {width} words, more than the {max_words} allowed")


def _orthonormal(vectors: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """An orthonormal basis of what some vectors add to an orthonormal basis, ``(f, W)``."""
    rest = vectors
    for _ in range(2):  # once more for what rounding leaves
        rest = rest - (rest @ basis.T) @ basis
    rest = rest[np.linalg.norm(rest, axis=1) > _NEW]
    if not len(rest):
        return rest
    _, sizes, found = np.linalg.svd(rest, full_matrices=False)
    return found[sizes > _NEW]
