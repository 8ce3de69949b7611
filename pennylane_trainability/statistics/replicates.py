r"""Variances over draws of numbers that carry shot noise, without bias and without clipping.

The square of a noisy estimate is too large by the variance of the noise. Two roads take it out:
products of estimates from different shots, and the variance of the mean as the shots themselves
show it (for outcomes ±1 it is ``(1 − m²)/(N − 1)``). Both may come out negative, and are left so.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from pennylane_trainability.statistics.moments import variance_and_error

__all__ = ["SpreadEstimate", "ends_of", "mean_of_draws", "spread_of_draws"]

#: From this many standard errors above zero on, the interval is that of the logarithm.
_CLEAR = 3.0

#: Value, standard error, low, high.
SpreadEstimate = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def spread_of_draws(
    estimates: np.ndarray, noise: np.ndarray | None = None, level: float = 0.95
) -> SpreadEstimate:
    r"""The variance over draws of what is estimated at every draw.

    With ``R`` replicates ``x_r`` of ``M`` draws, centred to ``a_r``, the mean over the draws of

    .. math:: \frac{M}{M-1} \frac{(\sum_r a_r)^2 - \sum_r a_r^2}{R (R - 1)}
        \quad\text{or, for } R = 1,\quad \frac{M}{M-1} a^2 - v

    with unbiased estimates ``v`` of the variance of the noise. Its standard error is that of a mean
    of independent draws. The interval is symmetric for the logarithm where the value is three
    standard errors above zero, otherwise for the value.

    Args:
        estimates: ``(R, M, ...)``; exact numbers if ``R = 1`` and there is no ``noise``.
        noise: ``v``, ``(M, ...)``, for one replicate.
        level: how often the interval should cover.

    Returns:
        Value, standard error, low and high, each ``(...)``; all zero where nothing varies.

    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=4000)
    >>> noisy = truth + rng.normal(size=(2, 4000))
    >>> value, error, low, high = spread_of_draws(noisy)
    >>> round(float(value), 2), bool(low < 1 < high)
    (0.99, True)
    """
    estimates = np.asarray(estimates, float)
    count, size = estimates.shape[:2]
    if size < 4:
        raise ValueError(f"A variance needs at least 4 draws; got {size}. Draw more.")
    if count == 1 and noise is None:
        value, error = variance_and_error(estimates[0])
        return (value, error, *ends_of(value, error, level))
    centred = estimates - estimates.mean(axis=1, keepdims=True)
    if count == 1:
        terms = centred[0] ** 2 * (size / (size - 1)) - noise
    else:
        products = centred.sum(axis=0) ** 2 - (centred**2).sum(axis=0)
        terms = products * (size / (size - 1)) / (count * (count - 1))
    return mean_of_draws(terms, level)


def mean_of_draws(terms: np.ndarray, level: float = 0.95) -> SpreadEstimate:
    """The mean of independent terms of a positive quantity, with the intervals of a spread.

    Args:
        terms: ``(M, ...)``, one per draw; with shot noise taken out single ones may be negative.
        level: how often the interval should cover.

    Returns:
        Value, standard error, low and high, each ``(...)``.

    >>> value, error, low, high = mean_of_draws(np.array([1.0, 2.0, 3.0, 6.0]))
    >>> float(value), round(float(error), 6), bool(low < value < high)
    (3.0, 1.080123, True)
    """
    terms = np.asarray(terms, float)
    if len(terms) < 4:
        raise ValueError(f"A mean with an error needs at least 4 draws; got {len(terms)}.")
    value, error = terms.mean(axis=0), terms.std(axis=0, ddof=1) / np.sqrt(len(terms))
    return (value, error, *ends_of(value, error, level))


def ends_of(value: np.ndarray, error: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the interval of a positive quantity: of its logarithm where it is clearly positive.

    Args:
        value: the estimates.
        error: their standard errors.
        level: how often the interval should cover.

    >>> low, high = ends_of(np.array(1.0), np.array(0.5), 0.95)
    >>> round(float(low), 2), round(float(high), 2)
    (0.02, 1.98)
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    clear = value > _CLEAR * error
    stretch = np.exp(z * error / np.where(clear, value, 1.0) * clear)
    low = np.where(clear, value / stretch, value - z * error)
    return low, np.where(clear, value * stretch, value + z * error)
