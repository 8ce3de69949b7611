"""How much do draws vary, and how sure is that? Unbiased moments with standard errors."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from pennylane_trainability.results import Estimate

__all__ = [
    "excess_kurtosis",
    "k_statistics",
    "replicate_covariance",
    "skewness",
    "variance",
    "variance_and_error",
]


def variance_and_error(samples: np.ndarray, axis: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unbiased variance ``s²`` and its standard error ``√((m₄ − s⁴ (M−3)/(M−1)) / M)``.

    ``m₄`` is the fourth central sample moment; no law of the draws is assumed (the χ² law, which
    assumes normal draws, is far off for loss values and gradients).

    Args:
        samples: at least two draws along ``axis``.
        axis: the axis of the draws.

    Returns:
        Both without the axis.

    >>> s2, error = variance_and_error(np.array([1.0, 2.0, 3.0, 6.0]))
    >>> round(float(s2), 6), round(float(error), 6)
    (4.666667, 2.076099)
    """
    samples = _checked(samples, axis, 2)
    count = samples.shape[axis]
    centred = samples - np.mean(samples, axis=axis, keepdims=True)
    s2 = np.sum(centred**2, axis=axis) / (count - 1)
    m4 = np.mean(centred**4, axis=axis)
    return s2, np.sqrt(np.maximum(m4 - s2**2 * (count - 3) / (count - 1), 0) / count)


def variance(samples: np.ndarray, *, level: float = 0.95, law: str = "") -> Estimate:
    """Variance of draws ``(M,)`` with an interval that is symmetric for its logarithm.

    ``s² exp(± z·se/s²)``: positive at both ends, better than ``s² ± z·se`` for heavy tails; with
    fewer than some hundred draws of heavy-tailed quantities it is still too short.

    >>> print(variance(np.random.default_rng(0).normal(size=500)))
    1.03 ± 0.07
    """
    samples = np.asarray(samples)
    s2, error = (float(x) for x in variance_and_error(samples.reshape(-1)))
    half = NormalDist().inv_cdf((1 + level) / 2) * error / s2 if s2 > 0 else 0.0
    stretch = math.exp(half)
    return Estimate(
        value=s2, stderr=error, low=s2 / stretch, high=s2 * stretch, level=level, law=law
    )


def replicate_covariance(
    first: np.ndarray, second: np.ndarray, *, level: float = 0.95, law: str = ""
) -> Estimate:
    """Variance over the draws of a quantity known only with shot noise, from two replicates.

    The covariance over the draws of two estimates with independent shots: the shot noise drops
    out, for any observable and any noise of zero mean. It may come out negative and is left so.
    The error is the plug-in of ``(μ₂₂ − μ₁₁² (M−2)/(M−1) + μ₂₀ μ₀₂/(M−1)) / M``.

    Args:
        first: shape ``(M,)``, one value per draw.
        second: the same draws, other shots.
        level: level of the (normal) interval.
        law: what was drawn, in words.

    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=4000)
    >>> noisy = truth + rng.normal(size=(2, 4000))
    >>> print(replicate_covariance(*noisy))
    0.991 ± 0.035
    """
    pair = _checked(np.stack([np.ravel(first), np.ravel(second)]), 1, 3)
    count = pair.shape[1]
    a, b = pair - np.mean(pair, axis=1, keepdims=True)
    s_ab, s_aa, s_bb = (float(np.sum(x * y)) / (count - 1) for x, y in ((a, b), (a, a), (b, b)))
    spread = float(np.mean(a**2 * b**2)) - s_ab**2 * (count - 2) / (count - 1)
    error = math.sqrt(max(spread + s_aa * s_bb / (count - 1), 0.0) / count)
    return Estimate.normal(s_ab, error, level=level, law=law)


def k_statistics(samples: np.ndarray, axis: int = 0) -> tuple[np.ndarray, ...]:
    """Unbiased estimates of the first four cumulants (Fisher's k-statistics).

    With ``S_r = Σ (x − x̄)^r``: ``k₂ = S₂/(n−1)``, ``k₃ = n S₃/((n−1)(n−2))`` and
    ``k₄ = (n (n+1) S₄ − 3 (n−1) S₂²) / ((n−1)(n−2)(n−3))``.

    Args:
        samples: at least four draws along ``axis``.
        axis: the axis of the draws.

    >>> [float(k) for k in k_statistics(np.array([0.0, 0.0, 0.0, 4.0]))]
    [1.0, 4.0, 16.0, 64.0]
    """
    samples = _checked(samples, axis, 4)
    n = samples.shape[axis]
    mean = np.mean(samples, axis=axis, keepdims=True)
    s2, s3, s4 = (np.sum((samples - mean) ** r, axis=axis) for r in (2, 3, 4))
    k3 = n * s3 / ((n - 1) * (n - 2))
    k4 = (n * (n + 1) * s4 - 3 * (n - 1) * s2**2) / ((n - 1) * (n - 2) * (n - 3))
    return np.squeeze(mean, axis=axis), s2 / (n - 1), k3, k4


def skewness(samples: np.ndarray, axis: int = 0) -> np.ndarray:
    """``k₃/k₂^{3/2}``: 0 for a symmetric law; NaN if the draws do not vary.

    >>> skewness(np.array([0.0, 0.0, 0.0, 4.0])).item()
    2.0
    """
    _, k2, k3, _ = k_statistics(samples, axis)
    return np.asarray(k3 / np.where(k2 > 0, k2, np.nan) ** 1.5)


def excess_kurtosis(samples: np.ndarray, axis: int = 0) -> np.ndarray:
    """``k₄/k₂²``: 0 for a normal law, positive for heavy tails; NaN if the draws do not vary.

    >>> excess_kurtosis(np.array([0.0, 0.0, 0.0, 4.0])).item()
    4.0
    """
    _, k2, _, k4 = k_statistics(samples, axis)
    return np.asarray(k4 / np.where(k2 > 0, k2, np.nan) ** 2)


def _checked(samples: np.ndarray, axis: int, least: int) -> np.ndarray:
    samples = np.asarray(samples, dtype=float)
    if samples.ndim == 0 or samples.shape[axis] < least:
        raise ValueError(
            f"This moment needs at least {least} draws along axis {axis}, but the samples have "
            f"shape {samples.shape}. Draw more."
        )
    return samples
