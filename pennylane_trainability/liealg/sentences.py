r"""Dynamical Lie algebras whose generators are sums of Pauli words, under a budget.

A generator ``G = Σ_w g_w P_w`` (of a gate such as ``IsingXY``, or of a layer of gates that share
one angle) is a vector of coefficients. Commutators with the generators are linear maps of such
vectors, and as for single words nested commutators span the algebra. Whether a commutator is new is
a question of rank. Rounding errors grow along nested commutators until they look new, so that ranks
are found without them, in whole numbers modulo a prime.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.liealg.modular import PRIME, Echelon, multiplied
from pennylane_trainability.liealg.pairs import rotation_signs
from pennylane_trainability.liealg.words import WordIndex, Words, crossings

__all__ = ["SentenceClosure", "sentence_closure"]

#: Commutators that are looked at together.
_BLOCK = 1024
_SKETCH = 16
#: Products of coefficients that are held at once.
_AT_ONCE = 1 << 21
#: Coefficients are read to about 12 digits, as fractions with denominators up to this if they fit.
_DENOMINATOR = 10**6
_DIGITS = 1 << 40


@dataclass(frozen=True, slots=True, eq=False)
class SentenceClosure:
    """What was found in a dynamical Lie algebra.

    Attributes:
        words: the words that occur.
        dimension: of the algebra if complete, otherwise a lower bound.
        is_complete: whether this is all; otherwise the search was stopped.
    """

    words: Words
    dimension: int
    is_complete: bool

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
) -> SentenceClosure:
    r"""What is the dimension of the Lie algebra of sums of Pauli words?

    .. math:: \mathfrak g = \mathrm{span}_{\mathbb R}\langle iG_1, \dots, iG_m\rangle_{\rm Lie},
              \qquad G_k = \sum_w g_{kw} P_w

    The same dimension as ``qml.lie_closure``, without a tolerance: ratios of coefficients are taken
    as fractions where they are, to 12 digits, and as numbers without any relation otherwise. Ranks
    are those modulo a prime near ``2^31``: never too large, too small only if it divides a
    determinant.

    Args:
        words: the words of the generators, ``W`` of them; a word that is given twice adds up.
        coefficients: real, ``(m, W)``.
        max_dimension: stop as soon as more elements than this are found.
        memory: stop before the basis takes more bytes than this.

    Returns:
        The dimension. For dimension ``d`` on ``W`` words and ``m`` generators the cost is
        about ``W·d²``.

    Raises:
        ReadingError: the shapes do not fit, or coefficients are complex or not finite.

    The mixer and the cost of QAOA on a ring of 6 wires, one angle each, give dimension ``3n − 1``:

    >>> from pennylane_trainability.liealg.words import Words
    >>> n = 6
    >>> masks = [(1 << w, 0) for w in range(n)] + [(0, 1 << w | 1 << (w + 1) % n) for w in range(n)]
    >>> layers = np.kron(np.eye(2), np.ones(n))
    >>> sentence_closure(Words.of(masks, n), layers).dimension
    17
    """
    values = np.asarray(coefficients)
    fits = values.ndim == 2 and values.shape[1] == len(words) and not np.iscomplexobj(values)
    if not fits or not np.all(np.isfinite(values)):
        raise ReadingError(
            "sentence_closure needs one row of finite real coefficients per generator and one "
            f"column per word, shape (m, {len(words)}); got {values.dtype} of shape "
            f"{values.shape}."
        )
    brackets = _Brackets(words, values.astype(float))
    found = Echelon()
    frontier = found.extend(brackets.generators)
    rng = np.random.default_rng(0)
    while len(frontier):
        fresh = []
        for part in np.array_split(frontier, -(-len(frontier) * len(values) // _BLOCK)):
            if len(found) > max_dimension or found.nbytes > memory:
                return SentenceClosure(brackets.index.words, len(found), False)
            fresh += _extended(found, brackets.of(part), rng)
        frontier = np.concatenate([_widened(part, fresh[-1].shape[1]) for part in fresh])
    return SentenceClosure(brackets.index.words, len(found), True)


def _extended(found: Echelon, vectors: np.ndarray, rng) -> list[np.ndarray]:
    """Let vectors join; what is new of them.

    Most commutators are nothing new, so random combinations of them are asked first: as soon as
    some of these are nothing new, the others hold all there is (but for a chance of 1/prime).
    """
    parts, size = [], _SKETCH
    while size < len(vectors):
        factors = rng.integers(0, PRIME, (size, len(vectors)))
        parts.append(found.extend(multiplied(factors, vectors)))
        if len(parts[-1]) < size:
            return parts
        size *= 2
    return [*parts, found.extend(vectors)]


class _Brackets:
    """Commutators with generators, as coefficients modulo a prime; words join as they occur."""

    def __init__(self, words: Words, values: np.ndarray):
        self.index = WordIndex(words.n_limbs)
        rows = self.index.add(words)
        sums = np.zeros((len(values), len(self.index)))
        np.add.at(sums.T, rows, values.T)
        self.generators = np.array([_residues(row) for row in sums], np.int64).reshape(sums.shape)
        self._own, self._hashes = self.index.words, self.index.hashes.copy()
        self._seen = 0
        empty = np.zeros(0, np.int64)
        self._pairs: tuple[np.ndarray, ...] = (empty, empty, empty, empty)
        self._maps: list[_Map] = []

    def of(self, vectors: np.ndarray) -> np.ndarray:
        """With every generator up to factors, ``(m·f, W)`` from ``(f, W')``; ``W`` may grow."""
        if self._seen < len(self.index):
            self._grow()
            self._maps = [_Map.of(self._pairs, row) for row in self.generators]
        vectors = _widened(vectors, len(self.index))
        out = np.zeros((len(self.generators), *vectors.shape), np.int64)
        for part, one in zip(out, self._maps, strict=True):
            one.add(part, vectors)
        return out.reshape(-1, vectors.shape[1]) % PRIME

    def _grow(self) -> None:
        """Look at the words that are new since the last time, and add their partners."""
        words = self.index.words.take(slice(self._seen, None))
        which, place = np.nonzero(crossings(self._own, words))
        partners, signs = rotation_signs(self._own.take(which), words.take(place))
        first, self._seen = self._seen + place, len(self.index)
        second = self.index.add(partners, self.index.hashes[first] ^ self._hashes[which])
        # a pair of which both words are known comes up once from each side
        new = first < second
        found = (which[new], first[new], second[new], signs[new].astype(np.int64))
        old = self._pairs
        self._pairs = tuple(np.concatenate(both) for both in zip(old, found, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Map:
    """The commutator with one generator, its entries in the order of their targets.

    Attributes:
        targets: distinct words that get something, ``(t,)``.
        starts: where the entries of each begin.
        sources: of every entry.
        factors: of every entry, modulo the prime.
    """

    targets: np.ndarray
    starts: np.ndarray
    sources: np.ndarray
    factors: np.ndarray

    @classmethod
    def of(cls, pairs: tuple[np.ndarray, ...], generator: np.ndarray) -> _Map:
        """From pairs of words that a word of the generator mixes."""
        which, first, second, signs = pairs
        own = np.flatnonzero(generator[which])
        factors = generator[which[own]] * signs[own]
        entries = (
            np.concatenate([first[own], second[own]]),
            np.concatenate([second[own], first[own]]),
            np.concatenate([-factors, factors]) % PRIME,
        )
        order = np.argsort(entries[0], kind="stable")
        targets, sources, factors = (entry[order] for entry in entries)
        targets, starts = np.unique(targets, return_index=True)
        return cls(targets, starts, sources, factors)

    def add(self, out: np.ndarray, vectors: np.ndarray) -> None:
        """Add the images of vectors to ``out``, some rows at a time."""
        if not len(self.targets):
            return
        rows = max(1, _AT_ONCE // len(self.sources))
        for start in range(0, len(vectors), rows):
            part = slice(start, start + rows)
            images = vectors[part][:, self.sources] * self.factors % PRIME
            out[part, self.targets] += np.add.reduceat(images, self.starts, axis=1)


def _widened(vectors: np.ndarray, width: int) -> np.ndarray:
    """With columns of zeros for words that have joined since."""
    if vectors.shape[1] == width:
        return vectors
    return np.pad(vectors, ((0, 0), (0, width - vectors.shape[1])))


def _residues(row: np.ndarray) -> list[int]:
    """Ratios of coefficients as whole numbers modulo the prime."""
    largest = np.abs(row).max(initial=0.0)
    out = []
    for ratio in (row / largest if largest else row).tolist():
        near = Fraction(ratio).limit_denominator(_DENOMINATOR)
        if abs(near - Fraction(ratio)) > 1e-12:
            near = Fraction(round(ratio * _DIGITS), _DIGITS)
        out.append(near.numerator * pow(near.denominator, -1, PRIME) % PRIME)
    return out
