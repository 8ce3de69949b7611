"""Bootstrap intervals of functions of sums over draws, at the cost of one matrix product."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from pennylane_trainability.results import Estimate

__all__ = ["bootstrap_of_sums"]

_NORMAL = NormalDist()
_CHUNK = 2_000_000


def bootstrap_of_sums(
    terms: np.ndarray,
    statistic: Callable[[np.ndarray, int], np.ndarray],
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    level: float = 0.95,
    law: str = "",
) -> Estimate:
    """A function of ``Σ_d terms_d`` with its BCa interval (Efron 1987).

    A resample is a vector of counts, so that the sums of all resamples are one matrix product and
    those without one draw are differences.

    Args:
        terms: ``(M, F)``, one row per independent draw.
        statistic: ``(sums (…, F), number of draws) → (…)``.
        rng: source of randomness.
        n_resamples: how many.
        level: how often the interval should cover the truth.
        law: what was drawn, in words.

    >>> x = np.random.default_rng(0).normal(size=100)
    >>> def mean(sums, n):
    ...     return sums[..., 0] / n
    >>> print(bootstrap_of_sums(x[:, None], mean, rng=np.random.default_rng(1)))
    0.08 ± 0.10
    """
    count = len(terms)
    value = float(statistic(terms.sum(axis=0), count))
    step = max(1, _CHUNK // count)
    copies = []
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        drawn = rng.integers(count, size=(size, count))
        # floating counts, for which the product is a fast one
        counts = np.array([np.bincount(row, minlength=count) for row in drawn], float)
        copies.append(statistic(counts @ terms, count))
    resampled = np.concatenate(copies)
    without = statistic(terms.sum(axis=0) - terms, count - 1)
    tails = _tails(value, resampled, without, level)
    return Estimate(
        value=value,
        stderr=float(np.std(resampled, ddof=1)),
        low=float(np.quantile(resampled, tails[0])),
        high=float(np.quantile(resampled, tails[1])),
        level=level,
        law=law,
    )


def _tails(value: float, copies: np.ndarray, without: np.ndarray, level: float) -> list[float]:
    """``Φ(z₀ + (z₀ ± z)/(1 − a (z₀ ± z)))``: bias from the resamples, ``a`` from the jackknife."""
    edge = 1 / (len(copies) + 1)
    share = float(np.mean(copies < value) + np.mean(copies == value) / 2)
    bias = _NORMAL.inv_cdf(min(max(share, edge), 1 - edge))
    deviation = np.mean(without) - without
    spread = float(np.sum(deviation**2)) ** 1.5
    a = float(np.sum(deviation**3)) / (6 * spread) if spread > 0 else 0.0
    shifted = [bias + _NORMAL.inv_cdf((1 + sign * level) / 2) for sign in (-1, 1)]
    return [_NORMAL.cdf(bias + z / max(1 - a * z, 1e-3)) for z in shifted]
