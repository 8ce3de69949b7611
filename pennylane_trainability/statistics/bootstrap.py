"""How sure is a statistic of parameter draws? Bootstrap intervals and quantiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from pennylane_trainability.results import Estimate

__all__ = ["bootstrap_interval", "bootstrap_intervals", "quantile"]

Statistic = Callable[..., np.ndarray]  # called as statistic(samples, axis=…)

_CHUNK = 4_000_000  # numbers held at a time while resampling
_NORMAL = NormalDist()


def bootstrap_interval(
    samples: np.ndarray,
    statistic: Statistic = np.mean,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: str = "bca",
    law: str = "",
) -> Estimate:
    """A statistic of independent draws with its bootstrap interval.

    Args:
        samples: one draw per entry of the first axis, shape ``(D,)`` or ``(D, ...)``; entries of
            one draw stay together.
        statistic: a function ``statistic(samples, axis=…)`` that reduces the axis of the draws to
            one number, such as ``np.mean`` or ``np.median``.
        rng: source of randomness.
        n_resamples: how many.
        level: how often the interval should cover the truth.
        method: ``"bca"`` (bias-corrected and accelerated: second-order exact, Efron 1987) or
            ``"percentile"``.
        law: what was drawn, in words.

    Returns:
        The estimate.

    >>> samples = np.random.default_rng(0).normal(size=100)
    >>> print(bootstrap_interval(samples, rng=np.random.default_rng(1)))
    0.08 ± 0.10
    """
    samples = np.asarray(samples)
    index = np.arange(len(samples))[None]
    value = _evaluate(samples, statistic, index)
    if value.shape != (1,):
        raise ValueError(
            "bootstrap_interval() needs a statistic that is one number, but it has shape "
            f"{value.shape[1:]}. Use bootstrap_intervals() for one number per column."
        )
    estimates = _intervals(samples, statistic, rng, n_resamples, level, method, law)
    return estimates[0]


def bootstrap_intervals(
    samples: np.ndarray,
    statistic: Statistic = np.mean,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: str = "bca",
    law: str = "",
) -> tuple[Estimate, ...]:
    """The same for every column of samples ``(D, M)``, all from the same resamples.

    >>> samples = np.random.default_rng(0).normal(size=(100, 2))
    >>> for estimate in bootstrap_intervals(samples, np.median, rng=np.random.default_rng(1)):
    ...     print(estimate)
    -0.01 ± 0.13
    0.10 ± 0.14
    """
    samples = np.asarray(samples)
    if samples.ndim != 2:
        raise ValueError(
            f"bootstrap_intervals() needs samples of shape (D, M), but got {samples.shape}. "
            "Use bootstrap_interval() for a single column."
        )
    return _intervals(samples, statistic, rng, n_resamples, level, method, law)


def _intervals(samples, statistic, rng, n_resamples, level, method, law) -> tuple[Estimate, ...]:
    if method not in ("bca", "percentile") or len(samples) < 2:
        raise ValueError(
            "A bootstrap needs at least two draws and method 'bca' or 'percentile', but got "
            f"{len(samples)} draws and {method!r}. Draw more, or choose one of the two."
        )
    every = np.arange(len(samples))
    value = np.atleast_1d(_evaluate(samples, statistic, every[None])[0])
    drawn = rng.integers(len(samples), size=(n_resamples, len(samples)))
    copies = _evaluate(samples, statistic, drawn).reshape(n_resamples, -1)
    tails = np.broadcast_to([(1 - level) / 2, (1 + level) / 2], (copies.shape[1], 2))
    if method == "bca":
        shortened = _evaluate(samples, statistic, _leave_one_out(len(samples)))
        tails = _bca_tails(value, copies, shortened.reshape(len(samples), -1), level)
    return tuple(
        Estimate(
            value=float(value[j]),
            stderr=float(np.std(copies[:, j], ddof=1)),
            low=float(np.quantile(copies[:, j], tails[j][0])),
            high=float(np.quantile(copies[:, j], tails[j][1])),
            level=level,
            law=law,
        )
        for j in range(copies.shape[1])
    )


def _evaluate(samples: np.ndarray, statistic: Statistic, index: np.ndarray) -> np.ndarray:
    """The statistic of ``samples[row]`` for each row of an index array, in chunks."""
    size = max(1, index.shape[1] * math.prod(samples.shape[1:]))
    step = max(1, _CHUNK // size)
    chunks = [index[start : start + step] for start in range(0, len(index), step)]
    return np.concatenate([np.asarray(statistic(samples[c], axis=1)) for c in chunks])


def _leave_one_out(count: int) -> np.ndarray:
    """Row d: all draws but d, shape ``(D, D − 1)``."""
    index = np.arange(count - 1)
    return index + (index >= np.arange(count)[:, None])


def _bca_tails(value, copies, shortened, level) -> np.ndarray:
    """The quantiles at which BCa reads the resamples, per column, ``(M, 2)``.

    ``Φ(z₀ + (z₀ ± z)/(1 − a (z₀ ± z)))`` with the bias ``z₀`` from the share of resamples below
    the estimate, and the acceleration ``a`` from the skewness of the leave-one-out values.
    """
    share = np.mean(copies < value, axis=0) + np.mean(copies == value, axis=0) / 2
    edge = 1 / (len(copies) + 1)
    deviation = np.mean(shortened, axis=0) - shortened
    spread = np.sum(deviation**2, axis=0) ** 1.5
    skew = np.sum(deviation**3, axis=0) / np.where(spread > 0, 6 * spread, 1.0)
    tails = []
    for bias_share, a in zip(np.clip(share, edge, 1 - edge), skew, strict=True):
        bias = _NORMAL.inv_cdf(float(bias_share))
        shifted = [bias + _NORMAL.inv_cdf((1 + sign * level) / 2) for sign in (-1, 1)]
        tails.append([_NORMAL.cdf(bias + z / max(1 - a * z, 1e-3)) for z in shifted])
    return np.array(tails)


def quantile(samples: np.ndarray, q: float, *, level: float = 0.95, law: str = "") -> Estimate:
    """The ``q``-quantile of independent draws, with an interval between order statistics.

    The number of draws below the true quantile is binomial, whatever the law of the draws: the
    interval covers at least at its level, without resampling. An end is infinite where the draws
    are too few for a finite one. The standard error is that of a normal with this interval.

    Args:
        samples: shape ``(D,)``.
        q: between 0 and 1.
        level: how often the interval should cover the truth, at least.
        law: what was drawn, in words.

    >>> estimate = quantile(np.arange(1.0, 101.0), 0.5)
    >>> estimate.value, estimate.low, estimate.high
    (50.5, 40.0, 61.0)
    """
    ordered = np.sort(np.asarray(samples, dtype=float))
    count = len(ordered)
    if count == 0 or ordered.ndim != 1 or not 0 < q < 1:
        raise ValueError(
            f"quantile() needs draws of shape (D,) and 0 < q < 1, but got {ordered.shape} and "
            f"{q}. For the smallest and largest draw use min and max."
        )
    below = np.cumsum(_binomial(count, q))  # below[k] = P(at most k draws below the quantile)
    tail = (1 - level) / 2
    lower = int(np.sum(below <= tail))  # order statistic number `lower`, counted from 1
    upper = int(np.sum(below < 1 - tail)) + 1
    low = ordered[lower - 1] if lower > 0 else -math.inf
    high = ordered[upper - 1] if upper <= count else math.inf
    width = (high - low) / (2 * _NORMAL.inv_cdf((1 + level) / 2))
    return Estimate(
        value=float(np.quantile(ordered, q)),
        stderr=float(width) if math.isfinite(width) else math.nan,
        low=float(low),
        high=float(high),
        level=level,
        law=law,
    )


def _binomial(count: int, q: float) -> np.ndarray:
    """Binomial probabilities of 0 … ``count``, by logarithms."""
    choose = np.array(
        [-math.lgamma(k + 1) - math.lgamma(count - k + 1) for k in range(count + 1)]
    ) + math.lgamma(count + 1)
    k = np.arange(count + 1)
    return np.exp(choose + k * math.log(q) + (count - k) * math.log1p(-q))
