r"""The degrees of freedom of an observable: how many independent numbers its loss is a mean of.

For a spectrum ``o_1 … o_N``, shifted so that its lowest value is zero,

.. math:: r = \frac{(\sum_i o_i)^2}{\sum_i o_i^2}, \qquad
    r_{\rm centred} = \frac{(\sum_i o_i)^2}{\sum_i (o_i - \bar o)^2}.

The first is the number of Anschuetz, `arXiv:2408.11901 <https://arxiv.org/abs/2408.11901>`__, and
the one parameters are counted against; the second, of `arXiv:2109.06957
<https://arxiv.org/abs/2109.06957>`__, gives the variance of the loss over random states at every
``r``. Both are near one another if ``r ≪ N``. Where the spectrum lies at its upper end, as that of
``1 − |0⟩⟨0|`` does, the *mirrored* numbers, with distances from the highest value, are the small
ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.pauli import Word, commute, product, word_matrix
from pennylane_trainability.errors import ReadingError

__all__ = ["DegreesOfFreedom", "degrees_of_freedom", "degrees_of_spectrum", "extreme_values"]

#: Wires of a matrix that is diagonalised, independent commuting words that are enumerated.
_MAX_DENSE, _MAX_PATTERNS = 9, 18
#: Words that are reduced to independent ones, and that are compared pair by pair before that.
_MAX_WORDS, _MAX_PAIRED = 1 << 14, 512


@dataclass(frozen=True, slots=True)
class DegreesOfFreedom:
    """Degrees of freedom of an observable on one block of dimension ``N``.

    Attributes:
        mean: ``ō``, the mean of the spectrum above its lowest value.
        variance: of the spectrum.
        width: highest less lowest value.
        log2_dimension: ``log₂ N``.
    """

    mean: float
    variance: float
    width: float
    log2_dimension: float

    @property
    def share(self) -> float:
        """``r/N``, between 0 and 1."""
        return _ratio(self.mean**2, self.mean**2 + self.variance)

    @property
    def log2_uncentred(self) -> float:
        """``log₂ r``."""
        return self.log2_dimension + float(np.log2(self.share)) if self.share else -np.inf

    @property
    def uncentred(self) -> float:
        """``r``; infinite where it exceeds what a float holds."""
        return _power(self.log2_uncentred)

    @property
    def log2_centred(self) -> float:
        """``log₂ r_centred``."""
        if not self.mean or not self.variance:
            return np.inf if self.mean else -np.inf
        return self.log2_dimension + 2 * float(np.log2(self.mean)) - float(np.log2(self.variance))

    @property
    def centred(self) -> float:
        """``r_centred``; infinite for a multiple of the identity."""
        return _power(self.log2_centred)

    def mirrored(self) -> DegreesOfFreedom:
        """The same with distances from the highest value."""
        above = self.width - self.mean
        return DegreesOfFreedom(above, self.variance, self.width, self.log2_dimension)


def degrees_of_spectrum(values: np.ndarray) -> DegreesOfFreedom:
    """Degrees of freedom of a list of all eigenvalues.

    Args:
        values: the spectrum, ``(N,)``, with multiplicities.

    >>> degrees_of_spectrum(np.array([0.0, 0.0, 0.0, 1.0])).uncentred
    1.0
    """
    low, mean = float(np.min(values)), float(np.mean(values))
    variance, width = float(np.mean((values - mean) ** 2)), float(np.max(values)) - low
    return DegreesOfFreedom(mean - low, variance, width, float(np.log2(len(values))))


def degrees_of_freedom(terms: Sequence[tuple[float, Word]], n_wires: int) -> DegreesOfFreedom:
    """Degrees of freedom of ``Σ_j c_j P_j`` on all ``n`` wires, without its spectrum.

    ``Tr O/N`` is the coefficient of the identity and ``Tr O²/N = Σ c²``; only the extremes of the
    spectrum have to be found.

    Args:
        terms: coefficients and words, each word once and without phase.
        n_wires: number of wires ``n``, ``N = 2^n``.

    Raises:
        ReadingError: the extremes of the spectrum are not known exactly.

    >>> degrees_of_freedom([(1.0, Word(0, 1))], 3)  # Z on one of three wires
    DegreesOfFreedom(mean=1.0, variance=1.0, width=2.0, log2_dimension=3.0)
    """
    low, high = extreme_values(terms)
    parts = [c for c, word in terms if word.support]
    mean = sum(c for c, word in terms if not word.support)
    return DegreesOfFreedom(mean - low, float(np.sum(np.square(parts))), high - low, float(n_wires))


def extreme_values(terms: Sequence[tuple[float, Word]]) -> tuple[float, float]:
    """The lowest and the highest eigenvalue of ``Σ_j c_j P_j``, exactly.

    Words on disjoint sets of wires add up. Commuting words take all signs that their products
    allow; others are diagonalised on few wires.

    Args:
        terms: coefficients and words, each word once and without phase.

    Raises:
        ReadingError: a part that does not commute acts on too many wires.
    """
    shift = sum(c for c, word in terms if not word.support)
    low = high = float(shift)
    for part in _connected([(c, word) for c, word in terms if word.support]):
        values = _values(part)
        low, high = low + float(np.min(values)), high + float(np.max(values))
    return low, high


def _connected(terms: list[tuple[float, Word]]) -> list[list[tuple[float, Word]]]:
    """Groups of words that share no wire with other groups."""
    groups: list[tuple[int, list[tuple[float, Word]]]] = []
    for term in terms:
        mask, members = term[1].support, [term]
        apart = []
        for other, own in groups:
            if other & mask:
                mask, members = mask | other, members + own
            else:
                apart.append((other, own))
        groups = [*apart, (mask, members)]
    return [members for _, members in groups]


def _values(terms: list[tuple[float, Word]]) -> np.ndarray:
    """All eigenvalues of connected words, or at least the extreme ones."""
    words = [word for _, word in terms]
    diagonal = all(not word.x for word in words)
    few = len(words) <= _MAX_PAIRED
    pairs = ((a, b) for k, a in enumerate(words) for b in words[:k])
    if (diagonal and len(words) <= _MAX_WORDS) or (few and all(commute(a, b) for a, b in pairs)):
        return _commuting(terms)
    mask = 0
    for word in words:
        mask |= word.support
    if mask.bit_count() > _MAX_DENSE or not few:
        raise ReadingError(
            f"The lowest value of the observable is not known exactly: {len(words)} connected "
            f"words on {mask.bit_count()} wires that do not all commute, or are too many. Up to "
            f"{_MAX_DENSE} wires are diagonalised."
        )
    wires = [w for w in range(mask.bit_length()) if mask >> w & 1]
    matrix = np.zeros((2 ** len(wires),) * 2, complex)
    for c, word in terms:
        matrix += c * word_matrix(_gathered(word, wires), len(wires))
    return np.linalg.eigvalsh(matrix)


def _gathered(word: Word, wires: list[int]) -> Word:
    """A word on the wires that it acts on, numbered from zero."""
    x = sum((word.x >> w & 1) << k for k, w in enumerate(wires))
    z = sum((word.z >> w & 1) << k for k, w in enumerate(wires))
    return Word(x, z, word.phase)


def _commuting(terms: list[tuple[float, Word]]) -> np.ndarray:
    """Values at all signs of independent words, the others being their products."""
    basis: list[tuple[int, Word, int]] = []
    placed: list[tuple[int, float]] = []
    shift = max(word.support.bit_length() for _, word in terms)
    count = 0
    for c, word in terms:
        rest, mask = word, 0
        for pivot, one, used in basis:
            if (rest.x | rest.z << shift) & pivot:
                rest, mask = product(rest, one), mask ^ used
        key = rest.x | rest.z << shift
        if key:
            basis.append((key & -key, rest, mask ^ 1 << count))
            placed.append((1 << count, c))
            count += 1
        else:
            placed.append((mask, c * rest.sign))
    if count == len(terms):  # all signs occur
        reach = sum(abs(c) for c, _ in terms)
        return np.array([-reach, reach])
    if count > _MAX_PATTERNS:
        raise ReadingError(
            f"The lowest value of the observable is not known exactly: {len(terms)} commuting "
            f"words, {count} of them independent; up to {_MAX_PATTERNS} are enumerated."
        )
    table = np.zeros(1 << count)
    for mask, c in placed:
        table[mask] += c
    for bit in range(count):  # Walsh–Hadamard: the sum over words at every pattern of signs
        halves = table.reshape(-1, 2, 1 << bit)
        table = np.stack([halves[:, 0] + halves[:, 1], halves[:, 0] - halves[:, 1]], axis=1).ravel()
    return table


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _power(exponent: float) -> float:
    return float(2.0**exponent) if exponent < 1024 else float("inf")
