r"""Sums of independent Gamma variables with real weights: the laws of losses and derivatives.

.. math:: X = a + \sum_j w_j\, G_j, \qquad G_j \sim \mathrm{Gamma}(k_j, 1)

One term is a Gamma law, mirrored if its weight is negative; two terms ``±w`` of equal shape are a
variance-gamma law. The cumulants are ``κ_m = (m − 1)! Σ_j k_j w_j^m``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from scipy.special import gammainc, gammaincinv

from pennylane_trainability.results import Result, record

__all__ = ["GammaSum"]

#: Points on which laws of several terms are tabulated; the table is exact up to their distance.
_POINTS = 1 << 16
#: Probability that is left out at each end of a table.
_TAIL = 1e-14
#: Weights that differ by less, relative to the largest, are one.
_SAME = 1e-12


@record
class GammaSum(Result):
    """The law of ``offset + Σ_j weights_j · Gamma(shapes_j, 1)``.

    Attributes:
        offset: a constant.
        weights: of the terms, positive or negative.
        shapes: of the terms, positive.
    """

    offset: float
    weights: tuple[float, ...]
    shapes: tuple[float, ...]

    @classmethod
    def of(cls, offset: float, terms: Iterable[tuple[float, float]]) -> GammaSum:
        """From pairs ``(weight, shape)``; equal weights are one term, zero weights none.

        >>> GammaSum.of(0.0, [(2.0, 1.0), (2.0, 0.5), (0.0, 3.0)])
        GammaSum(offset=0.0, weights=(2.0,), shapes=(1.5,))
        """
        pairs = sorted((float(w), float(k)) for w, k in terms)
        largest = max((abs(w) for w, _ in pairs), default=0.0)
        merged: list[list[float]] = []
        for weight, shape in pairs:
            if abs(weight) <= _SAME * largest:
                continue
            if merged and weight - merged[-1][0] <= _SAME * largest:
                merged[-1][1] += shape
            else:
                merged.append([weight, shape])
        return cls(
            offset=float(offset),
            weights=tuple(w for w, _ in merged),
            shapes=tuple(k for _, k in merged),
        )

    def cumulant(self, order: int) -> float:
        """``κ_m``; the first is the mean, the second the variance."""
        terms = zip(self.weights, self.shapes, strict=True)
        total = math.factorial(order - 1) * sum(k * w**order for w, k in terms)
        return total + (self.offset if order == 1 else 0.0)

    @property
    def mean(self) -> float:
        """The mean."""
        return self.cumulant(1)

    @property
    def variance(self) -> float:
        """The variance."""
        return self.cumulant(2)

    @property
    def skewness(self) -> float:
        """``κ_3/κ_2^{3/2}``; NaN for a constant."""
        variance = self.variance
        return self.cumulant(3) / variance**1.5 if variance else math.nan

    @property
    def excess_kurtosis(self) -> float:
        """``κ_4/κ_2²``; NaN for a constant."""
        variance = self.variance
        return self.cumulant(4) / variance**2 if variance else math.nan

    def __add__(self, other: GammaSum) -> GammaSum:
        """The law of the sum of two independent variables."""
        if not isinstance(other, GammaSum):
            return NotImplemented
        terms = [*zip(self.weights, self.shapes, strict=True)]
        terms += zip(other.weights, other.shapes, strict=True)
        return GammaSum.of(self.offset + other.offset, terms)

    def cdf(self, x) -> np.ndarray:
        """``P(X ≤ x)``, the same shape as ``x``.

        Exact for one term; several terms are convolved on a grid of 2^16 points, with an error of
        about the density times the distance of these points.

        >>> GammaSum.of(0.0, [(1.0, 1.0)]).cdf(np.log(2.0)).round(12).item()
        0.5
        >>> GammaSum.of(0.0, [(1.0, 0.7), (-1.0, 0.7)]).cdf(0.0).round(4).item()
        0.5
        """
        x = np.asarray(x, float) - self.offset
        if not self.weights:
            return (x >= 0).astype(float)
        if len(self.weights) == 1:
            (weight,), (shape,) = self.weights, self.shapes
            below = gammainc(shape, np.maximum(x / weight, 0.0))
            return below if weight > 0 else 1 - below
        edges, cumulative = _table(self.weights, self.shapes)
        return np.interp(x, edges, cumulative, left=0.0, right=1.0)

    def quantile(self, q) -> np.ndarray:
        """The value below which a share ``q`` lies, the same shape as ``q``."""
        q = np.asarray(q, float)
        if not self.weights:
            return np.full(q.shape, self.offset)
        if len(self.weights) == 1:
            (weight,), (shape,) = self.weights, self.shapes
            return self.offset + weight * gammaincinv(shape, q if weight > 0 else 1 - q)
        edges, cumulative = _table(self.weights, self.shapes)
        rising = np.concatenate([[True], np.diff(cumulative) > 0])
        return self.offset + np.interp(q, cumulative[rising], edges[rising])

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Independent draws, ``(size,)``."""
        out = np.full(size, self.offset)
        for weight, shape in zip(self.weights, self.shapes, strict=True):
            out += weight * rng.gamma(shape, size=size)
        return out

    def heading(self) -> str:
        """The first line that is printed."""
        return f"Sum of {len(self.weights)} Gamma variables"


@lru_cache(maxsize=32)
def _table(weights: tuple[float, ...], shapes: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Points and the probability below them, of a sum without its offset.

    Every term is cut into bins of which the probability is exact; the bins are convolved. Points
    reach to the ends of all terms together, but not farther from the mean than forty standard
    deviations or forty times the largest weight.
    """
    ends = [w * gammaincinv(k, 1 - _TAIL) for w, k in zip(weights, shapes, strict=True)]
    spread = math.sqrt(sum(k * w**2 for w, k in zip(weights, shapes, strict=True)))
    mean = sum(k * w for w, k in zip(weights, shapes, strict=True))
    reach = 40 * max(spread, *(abs(w) for w in weights))
    low = max(sum(e for e in ends if e < 0), mean - reach)
    high = min(sum(e for e in ends if e > 0), mean + reach)
    step = (high - low) / (_POINTS - 2)
    total: np.ndarray = np.ones(_POINTS // 2 + 1, complex)
    for weight, shape in zip(weights, shapes, strict=True):
        masses = np.zeros(_POINTS)
        count = min(_POINTS, int(abs(gammaincinv(shape, 1 - _TAIL) * weight) / step) + 2)
        edges = (np.arange(count + 1) - 0.5) * step / abs(weight)
        own = np.diff(gammainc(shape, np.maximum(edges, 0.0)))
        at = np.arange(count) if weight > 0 else -np.arange(count)
        np.add.at(masses, at % _POINTS, own)
        total = total * np.fft.rfft(masses)
    masses = np.maximum(np.fft.irfft(total, _POINTS), 0.0)
    first = math.floor(low / step)
    order = (first + np.arange(_POINTS)) % _POINTS
    cumulative = np.cumsum(masses[order])
    return (first + np.arange(_POINTS) + 0.5) * step, cumulative / cumulative[-1]
