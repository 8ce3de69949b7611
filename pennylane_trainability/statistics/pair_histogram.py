r"""The histogram of all pairs of independent draws, and its divergence from a known law.

Bins of a histogram over all pairs (``statistics/all_pairs.py``) vary as those of as many separate
pairs, and by :math:`4(m-2)\zeta_1/(m(m-1))` more, which is estimated for every bin. The divergence
is debiased for separate pairs, then for the rest, :math:`\frac12\sum_b \mathrm{Var}_b/p_b`. Its
variance is that of :math:`\sum_b p_b \ln(p_b/q_b)` to first order. To second order it is
:math:`\nu/2n^2` for separate pairs, where :math:`\nu` is the number of bins less one, with less for
those that expect few pairs, and at most twice the square of that correction for the rest.

Draws from a law that does not change under unitaries (Haar states) have :math:`\zeta_1 = 0` for
every function of the overlap: the overlaps of one state with all others are independent. The test
of that law takes counts as those of separate pairs. What is left is that sums over pairs are sums
of :math:`\chi^2`; see :func:`harmonics`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist

import numpy as np
from scipy.special import gammaincc

from pennylane_trainability.statistics.all_pairs import first_component, mean_variance
from pennylane_trainability.statistics.divergence import (
    Divergence,
    debiased_divergence,
    plug_in_divergence,
)

__all__ = ["PairHistogram", "divergence_of_pairs", "harmonics"]

#: Expected counts from which a bin is a full degree of freedom.
_FULL = 30.0
#: Counts a Poisson variable of at most ``_FULL`` reaches.
_MOST = 120


@dataclass(frozen=True)
class PairHistogram:
    """Counts of all pairs, and how the rows of single draws spread.

    Attributes:
        counts: pairs in every bin, ``(B,)``.
        spread: sample covariance of the rows, the shares of the bins among the pairs of one draw,
            averaged over the groups; ``(B, B)``.
        groups: their number.
        size: draws of a group.
    """

    counts: np.ndarray
    spread: np.ndarray
    groups: int
    size: int

    @property
    def n_pairs(self) -> int:
        """All pairs."""
        return self.groups * self.size * (self.size - 1) // 2

    @cached_property
    def shares(self) -> np.ndarray:
        """``(B,)``."""
        return self.counts / self.n_pairs

    @cached_property
    def excess(self) -> np.ndarray:
        """What the share of every bin varies more than with separate pairs, ``(B,)``; unbiased."""
        second = self.shares * (1 - self.shares)
        first = first_component(np.diagonal(self.spread), second, self.size)
        return 4 * (self.size - 2) * first / (self.groups * self.size * (self.size - 1))

    def variance(self, values: np.ndarray) -> tuple[float, float]:
        """Of the mean over pairs of a function of the bin ``(B,)``, and of one pair."""
        second = float(self.shares @ (values - self.shares @ values) ** 2)
        first = first_component(values @ self.spread @ values, second, self.size)
        return float(mean_variance(first, second, self.groups, self.size)), second

    def worth(self, log_masses: np.ndarray) -> float:
        """How many separate pairs would tell as much about a divergence; the worse of two answers.

        One is about its first order, one about the counts of all bins together.
        """
        found = [float(self.n_pairs)]
        variance, second = self.variance(_influence(self.shares, log_masses))
        if second > 1e-12:
            found.append(second / variance)
        held = self.counts > 0
        own = float(np.sum(1 - self.shares[held]))
        if own > 1e-12:
            more = float(np.sum(self.excess[held] / self.shares[held]))
            found.append(own / max(more + own / self.n_pairs, own / self.n_pairs))
        return min(found)


def divergence_of_pairs(
    histogram: PairHistogram, log_masses: np.ndarray, level: float, dimension: int
) -> Divergence:
    """The divergence of a histogram of all pairs, its interval, and a test of the law itself.

    Args:
        histogram: of overlaps.
        log_masses: logarithms of the law, ``(B,)``.
        level: of the interval.
        dimension: of the states.

    Raises:
        ValueError: the law has no mass where counts are.
    """
    counts, shares, n = histogram.counts, histogram.shares, histogram.n_pairs
    if np.any((counts > 0) & np.isneginf(log_masses)):
        raise ValueError(
            "The divergence is infinite: there are counts in bins that the law leaves empty. Use "
            "fewer bins (n_bins)."
        )
    held = counts > 0
    more = 0.5 * float(np.sum(histogram.excess[held] / shares[held]))
    value = float(debiased_divergence(counts, log_masses)) - more
    freedom, skew, floor = _of_the_law(n * np.exp(log_masses))
    variance, second = histogram.variance(_influence(shares, log_masses))
    # the logarithms hold the noise of the histogram itself, which is second order
    signal = max(0.0, 1 - freedom / (n * second)) if second > 0 else 0.0
    # Var ½ Σ δ²/p = ½ tr M², and at most ½ (tr M)², which is known better
    first, second_order = variance * signal, freedom / (2 * n**2) + 2 * max(more, 0.0) ** 2
    reach = NormalDist().inv_cdf((1 + level) / 2)
    low, high = _ends(value, more, reach * math.sqrt(first), reach * math.sqrt(second_order))
    heavier = 1 + 6 / freedom * harmonics(dimension, len(counts)) / histogram.groups
    # the gamma law with the variance and the third cumulant of the law's own divergence
    shape, scale = freedom**3 / (2 * skew**2), skew / freedom
    plug_in = float(plug_in_divergence(counts, log_masses))
    statistic = shape + (n * plug_in - floor) / (scale * math.sqrt(heavier))
    return Divergence(
        value=value,
        stderr=math.sqrt(first + second_order),
        low=low,
        high=high,
        plug_in=plug_in,
        floor=floor / n,
        p_value=float(gammaincc(shape, max(0.0, statistic))),
    )


def _ends(value: float, more: float, first: float, even: float) -> tuple[float, float]:
    """Ends of an interval that is even on the scale of the root, where errors are normal.

    Close to the law a divergence is the square of a distance, whose error does not depend on it;
    the square is larger by ``more`` in the mean.

    Args:
        value: debiased.
        more: what was taken out of it.
        first: reach of the error of first order.
        even: reach of that of second order.
    """
    root = math.sqrt(max(value + max(more, 0.0), even, 1e-300))
    moved = first / (2 * root)
    below = max(0.0, value - max(0.0, root - moved) ** 2)
    above = max(0.0, (root + moved) ** 2 - value)
    return value - math.hypot(below, even), value + math.hypot(above, even)


def _influence(shares: np.ndarray, log_masses: np.ndarray) -> np.ndarray:
    """``ln(p/q)``, 0 where nothing was seen."""
    seen = shares > 0
    return np.log(np.where(seen, shares, 1.0)) - np.where(seen, log_masses, 0.0)


@lru_cache(maxsize=64)
def harmonics(dimension: int, n_bins: int) -> float:
    r"""How far sums over pairs of Haar states are from normal: :math:`\sum_l 1/m_l`.

    An orthogonal polynomial of degree :math:`l` in the overlap is a sum over :math:`m_l` spherical
    harmonics of products, so that its sum over all pairs is distributed as
    :math:`(\chi^2_{m_l} - m_l)/\sqrt{2m_l}`, with

    .. math:: m_l = \frac{2l + N - 1}{N - 1}\binom{l + N - 2}{l}^2 .

    Its square has the variance :math:`2 + 12/m_l`. As many degrees as there are bins count, which
    is an upper bound: bins hold parts of higher degrees, and these are closer to normal.

    >>> round(harmonics(2, 3), 6)  # 1/3 + 1/5
    0.533333
    """
    n = dimension - 1
    sizes = ((2 * k + n) / n * math.comb(k + n - 1, k) ** 2 for k in range(1, n_bins))
    return float(sum(1 / size for size in sizes if math.isfinite(size)))


def _of_the_law(expected: np.ndarray) -> tuple[float, float, float]:
    """Of ``n`` times the plug-in divergence of the law itself.

    Twice its variance, which is the number of bins less one where all are full; its third cumulant;
    its mean.
    """
    rates = expected[expected > 1e-8]
    grid, spread, third, mean = _tables()
    logs = np.log(np.minimum(rates, _FULL))
    freedom = 2 * float(np.sum(np.interp(logs, grid, spread))) - 1
    skew = float(np.sum(np.interp(logs, grid, third))) - 1
    # shares of a fixed total vary by 1 − q of what single counts do
    left = 1 - rates / np.sum(rates)
    return max(freedom, 1e-3), max(skew, 1e-3), float(np.interp(logs, grid, mean) @ left)


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, ...]:
    """Of Poisson counts ``k`` with mean λ, at a grid of ``ln λ``.

    Variance and third cumulant of ``k ln(k/λ)`` without its part along ``k``, for the total is
    fixed, and its mean.
    """
    grid = np.linspace(math.log(1e-8), math.log(_FULL), 120)
    rate, k = np.exp(grid)[:, None], np.arange(_MOST)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
    weights = np.exp(-rate + k * grid[:, None] - factorials)
    terms = k * (np.log(np.maximum(k, 1)) - grid[:, None])
    mean = np.sum(weights * terms, axis=1)
    terms -= mean[:, None]
    along = np.sum(weights * terms * (k - rate), axis=1, keepdims=True) / rate
    rest = terms - along * (k - rate)
    return grid, np.sum(weights * rest**2, axis=1), np.sum(weights * rest**3, axis=1), mean
