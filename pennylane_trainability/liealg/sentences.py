r"""Dynamical Lie algebras whose generators are sums of Pauli words, under a budget.

A generator ``G = Σ_w g_w P_w`` (of a gate such as ``IsingXY``, or of a layer of gates that share
one angle) is a vector of coefficients. Commutators with the generators are linear maps of such
vectors, and as for single words nested commutators span the algebra. Whether a commutator is new is
a question of rank: it is projected onto what is known, and what is left is new if it is longer than
a tolerance times its own length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.liealg.pairs import GrowingPairs
from pennylane_trainability.liealg.words import WordIndex, Words

__all__ = ["SentenceClosure", "sentence_closure"]

#: Commutators that are looked at together.
_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class SentenceClosure:
    """A basis of what was found in a dynamical Lie algebra.

    Attributes:
        words: the words that occur, ``W`` of them.
        basis: orthonormal coefficients, ``(dim, W)``.
        is_complete: whether this is all; otherwise the search was stopped.
    """

    words: Words
    basis: np.ndarray
    is_complete: bool

    @property
    def dimension(self) -> int:
        """Of the algebra if complete, otherwise a lower bound."""
        return len(self.basis)

    @property
    def text(self) -> str:
        """``"60"``, or ``"≥ 60"`` if the search was stopped."""
        return str(self.dimension) if self.is_complete else f"≥ {self.dimension}"


def sentence_closure(
    words: Words,
    coefficients: np.ndarray,
    *,
    max_dimension: int = 1 << 12,
    memory: int = 1 << 28,
    tolerance: float = 1e-9,
) -> SentenceClosure:
    r"""What is the dimension of the Lie algebra of sums of Pauli words?

    .. math:: \mathfrak g = \mathrm{span}_{\mathbb R}\langle iG_1, \dots, iG_m\rangle_{\rm Lie},
              \qquad G_k = \sum_w g_{kw} P_w

    The same dimension as ``qml.lie_closure``; the basis is another one.

    Args:
        words: the words of the generators, ``W`` of them; a word that is given twice adds up.
        coefficients: real, ``(m, W)``.
        max_dimension: stop as soon as the basis has more elements than this.
        memory: stop before the basis takes more bytes than this.
        tolerance: lengths relative to a commutator of length one that count as zero.

    Returns:
        A basis. For dimension ``d`` on ``W`` words and ``m`` generators the cost is ``m·W·d²``.

    Raises:
        ReadingError: the shapes do not fit, or coefficients are complex.

    The mixer and the cost of QAOA on a ring of 6 wires, one angle each, give dimension ``3n − 1``:

    >>> from pennylane_trainability.liealg.words import Words
    >>> n = 6
    >>> masks = [(1 << w, 0) for w in range(n)] + [(0, 1 << w | 1 << (w + 1) % n) for w in range(n)]
    >>> layers = np.kron(np.eye(2), np.ones(n))
    >>> sentence_closure(Words.of(masks, n), layers).dimension
    17
    """
    values = np.asarray(coefficients)
    if values.ndim != 2 or values.shape[1] != len(words) or np.iscomplexobj(values):
        raise ReadingError(
            "sentence_closure needs one row of real coefficients per generator and one column per "
            f"word, shape (m, {len(words)}); got {values.dtype} of shape {values.shape}."
        )
    span = _Span(words, values.astype(float), tolerance)
    start = 0
    while start < span.dimension:
        stop = min(span.dimension, start + _BLOCK)
        for generator in range(len(values)):
            if not span.fits(max_dimension, memory):
                return SentenceClosure(span.index.words, span.basis.T.copy(), False)
            span.extend(span.brackets(generator, start, stop))
        start = stop
    return SentenceClosure(span.index.words, span.basis.T.copy(), True)


class _Span:
    """An orthonormal basis, one column per element and one row per word; both grow."""

    def __init__(self, words: Words, values: np.ndarray, tolerance: float):
        self.tolerance = tolerance
        self.index = WordIndex(words.n_limbs)
        rows = self.index.add(words)
        generators = np.zeros((len(self.index), len(values)))
        np.add.at(generators, rows, values.T)
        sums = np.abs(generators).sum(axis=0)
        self.generators = generators / np.where(sums > 0, sums, 1.0)
        own, hashes = self.index.words, self.index.hashes
        self.maps = [GrowingPairs(own.take([k]), hashes[k]) for k in range(len(own))]
        self.room = np.zeros((len(self.index), max(16, len(values))))
        self.dimension = 0
        self.extend(generators)

    @property
    def basis(self) -> np.ndarray:
        return self.room[: len(self.index), : self.dimension]

    def fits(self, max_dimension: int, memory: int) -> bool:
        return self.dimension <= max_dimension and self.basis.nbytes <= memory

    def brackets(self, generator: int, start: int, stop: int) -> np.ndarray:
        """Commutators of a generator with some of the basis, up to a common factor."""
        own = self.generators[:, generator]
        active = np.flatnonzero(own)
        for k in active:
            self.maps[k].grow(self.index)
        self._widen()
        vectors = self.basis[:, start:stop]
        out = np.zeros_like(vectors)
        for k in active:
            pairs = self.maps[k].pairs
            factors = own[k] * pairs.signs[:, None]
            out[pairs.second] += factors * vectors[pairs.first]
            out[pairs.first] -= factors * vectors[pairs.second]
        return out

    def extend(self, vectors: np.ndarray) -> None:
        """Let the columns join; only what is new does."""
        lengths = np.linalg.norm(vectors, axis=0)
        own = vectors[:, lengths > self.tolerance] / lengths[lengths > self.tolerance]
        basis = self.basis
        for _ in range(2):  # once leaves rounding errors behind
            own = own - basis @ (basis.T @ own)
        if not own.size:
            return
        left, lengths, _ = np.linalg.svd(own, full_matrices=False)
        new = left[:, lengths > self.tolerance]
        new = np.linalg.qr(new - basis @ (basis.T @ new))[0]
        size = self.dimension + new.shape[1]
        if size > self.room.shape[1]:
            self.room = _padded(self.room, (len(self.room), max(size, 2 * self.room.shape[1])))
        self.room[: len(new), self.dimension : size] = new
        self.dimension = size

    def _widen(self) -> None:
        if len(self.index) > len(self.room):
            self.room = _padded(self.room, (2 * len(self.index), self.room.shape[1]))


def _padded(array: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    out = np.zeros(shape)
    out[: len(array), : array.shape[1]] = array
    return out
