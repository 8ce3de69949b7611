"""How often does something happen, from how often it was seen? Exact binomial limits.

Clopper and Pearson's interval holds its level for every probability, however rare the event; with
no event at all its upper end is the rule of three, ``-log((1 - level)/2)/n``.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

__all__ = [
    "beta_quantile",
    "bounded_mean",
    "clopper_pearson",
    "incomplete_beta",
    "student_quantile",
]

_TINY = 1e-300
_STEPS = 200
_LARGE = 100.0


def incomplete_beta(a, b, x) -> np.ndarray:
    """The regularised incomplete beta function ``I_x(a, b)`` by its continued fraction.

    Args:
        a: positive.
        b: positive.
        x: between 0 and 1; all three broadcast.

    >>> incomplete_beta(2.0, 3.0, 0.4).round(6).item()
    0.5248
    """
    a, b, x = np.broadcast_arrays(*(np.asarray(v, float) for v in (a, b, x)))
    flip = x > (a + 1) / (a + b + 2)  # where the fraction converges slowly: I_x = 1 - I_{1-x}
    a, b = np.where(flip, b, a), np.where(flip, a, b)
    x = np.maximum(np.where(flip, 1 - x, x), 0.0)
    with np.errstate(divide="ignore"):
        front = a * np.log(x) + b * np.log1p(-x) + _log_beta(a, b)
    out = np.exp(front) * _fraction(a, b, x) / a
    return np.where(flip, 1 - out, out)


def _log_beta(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``log Γ(a + b)/(Γ(a) Γ(b))``."""
    gamma = np.vectorize(math.lgamma, otypes=[float])
    return gamma(a + b) - gamma(a) - gamma(b)


def _fraction(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Lentz's evaluation; the number of terms grows with the root of the larger parameter."""
    c = np.ones(x.shape)
    d = 1 / _away(1 - (a + b) * x / (a + 1))
    out = d.copy()
    for m in range(1, 60 + int(8 * math.sqrt(float(np.max(a + b, initial=0.0))))):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + factor * d)
            c = _away(1 + factor / c)
            out = out * c * d
        if np.all(np.abs(c * d - 1) < 1e-13):
            break
    return out


def _away(values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) < _TINY, _TINY, values)


def clopper_pearson(hits, trials: int, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Limits of a probability from ``hits`` in ``trials``, each at ``(1 - level)/2``.

    Args:
        hits: how often it happened, any shape.
        trials: how often it was tried.
        level: how often the interval covers, at least.

    Returns:
        Lower and upper ends, in the shape of ``hits``.

    >>> low, high = clopper_pearson(np.array([0, 5, 10]), 10)
    >>> low.round(4), high.round(4)
    (array([0.    , 0.1871, 0.6915]), array([0.3085, 0.8129, 1.    ]))
    """
    hits = np.asarray(hits)
    tail = (1 - level) / 2
    found, back = np.unique(hits, return_inverse=True)
    seen, missed = found.astype(float), trials - found.astype(float)
    low = np.where(found > 0, beta_quantile(np.maximum(seen, 1), missed + 1, tail), 0.0)
    high = np.where(missed > 0, beta_quantile(seen + 1, np.maximum(missed, 1), 1 - tail), 1.0)
    back = back.reshape(hits.shape)
    return low[back], high[back]


def beta_quantile(a, b, q: float) -> np.ndarray:
    """``x`` with ``I_x(a, b) = q``, by Newton's steps within a shrinking bracket.

    Where both ``a`` and ``b`` are above 100, an expansion that is off by less than a thousandth of
    the standard deviation is taken as it is.

    >>> beta_quantile(1.0, 2.0, 0.75).round(12).item()  # 1 - (1 - x)² = 3/4
    0.5
    """
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    first = _near_normal(a, b, NormalDist().inv_cdf(q))
    out = np.asarray(np.clip(first, 1e-12, 1 - 1e-12))
    small = np.minimum(a, b) < _LARGE
    out[small] = _newton(a[small], b[small], q, out[small])
    return out


def _newton(a: np.ndarray, b: np.ndarray, q: float, x: np.ndarray) -> np.ndarray:
    norm = _log_beta(a, b)
    low, high = np.zeros(a.shape), np.ones(a.shape)
    for _ in range(_STEPS):
        miss = incomplete_beta(a, b, x) - q
        low, high = np.where(miss < 0, x, low), np.where(miss < 0, high, x)
        with np.errstate(all="ignore"):
            slope = np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) + norm)
            step = x - miss / slope
        inside = (step >= low) & (step <= high)
        new = np.where(inside, step, (low + high) / 2)
        done = np.abs(new - x) <= 1e-10 * x
        x = new
        if np.all(done):
            break
    return x


def _near_normal(a: np.ndarray, b: np.ndarray, z: float) -> np.ndarray:
    """A first guess of the quantile (Abramowitz and Stegun 26.5.22), good for ``a, b ≥ 1``."""
    p, q = 1 / np.maximum(2 * a - 1, 0.5), 1 / np.maximum(2 * b - 1, 0.5)
    h, c = 2 / (p + q), (z**2 - 3) / 6
    w = -z * np.sqrt(np.maximum(h + c, 0.0)) / h - (q - p) * (c + 5 / 6 - 2 / (3 * h))
    return a / (a + b * np.exp(np.clip(2 * w, -700, 700)))


def bounded_mean(
    sums: np.ndarray, trials: int, level: float = 0.95, *, signs: bool, signed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    r"""The mean of values within ±1 most of which may be zero, with an interval.

    Values 0 and 1: Clopper and Pearson's interval of a probability. Values −1, 0 and 1: the limits
    of both probabilities, joined by the square-and-add rule (Zou and Donner, Statistics in Medicine
    27, 1693, 2008). Other values that are not negative: the probability of a value other than zero
    times the mean of these, joined in the same way on logarithms. Other values: normal. To the last
    two the upper end for no event is added, for large values that were missed; it is the interval
    itself where every value was zero, on both sides if values have signs.

    Args:
        sums: ``Σ v``, ``Σ v²`` and how many values were not zero, ``(3, ...)``.
        trials: number of values.
        level: how often the interval should cover.
        signs: whether all values other than zero are ±1.
        signed: whether values may be negative.

    Returns:
        Mean, standard error (NaN where every value was zero), low and high.

    >>> nothing = np.zeros((3, 1))
    >>> value, error, low, high = bounded_mean(nothing, 1000, signs=True, signed=False)
    >>> value.item(), low.item(), round(high.item(), 5)
    (0.0, 0.0, 0.00368)
    """
    total, squares, hits = np.asarray(sums, float)
    value = total / trials
    spread = np.maximum(squares / trials - value**2, 0.0) / trials
    # something seen in every trial has no spread, and an error all the same
    error = np.where(hits > 0, np.sqrt(np.maximum(spread, squares / trials**3)), np.nan)
    low, high = clopper_pearson(np.rint(hits).astype(np.int64), trials, level)
    if signs and signed:
        low, high = _difference(total, hits, trials, level)
    elif signed:
        half = NormalDist().inv_cdf((1 + level) / 2) * np.nan_to_num(error)
        low, high = (np.where(hits > 0, value + s * half, s * high) for s in (-1, 1))
    elif not signs:
        low, high = _product(value, squares, hits, low, high, trials, level)
    if not signs:
        # however many values were seen, larger ones may have been missed as often as this
        missed = np.where(hits > 0, 1 - ((1 - level) / 2) ** (1 / trials), 0.0)
        low, high = low - signed * missed, high + missed
    return value, error, low, high


def _difference(total, hits, trials: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Limits of ``P(+1) − P(−1)``."""
    counts = [np.rint((hits + s * total) / 2).astype(np.int64) for s in (1, -1)]
    (low, high), (below, above) = (clopper_pearson(c, trials, level) for c in counts)
    plus, minus = (c / trials for c in counts)
    down = np.hypot(plus - low, above - minus)
    up = np.hypot(high - plus, minus - below)
    return plus - minus - down, plus - minus + up


def _product(value, squares, hits, low, high, trials: int, level: float):
    """Limits of ``P(v ≠ 0) · E[v | v ≠ 0]`` for values between 0 and 1."""
    seen = hits > 0
    count = np.where(seen, hits, 1.0)
    mean = np.where(seen, value * trials / count, 1.0)
    relative = np.sqrt(np.maximum(squares / count / mean**2 - 1, 0.0) / count)
    half = NormalDist().inv_cdf((1 + level) / 2) * relative
    share = count / trials
    down = np.hypot(np.log(share / np.where(seen, low, share)), half)
    up = np.hypot(np.log(high / share), half)
    return (
        np.where(seen, value * np.exp(-down), 0.0),
        np.where(seen, np.minimum(value * np.exp(up), high), high),
    )


@lru_cache(maxsize=256)
def student_quantile(q: float, degrees: float) -> float:
    """Quantile of Student's t, from the incomplete beta function.

    >>> round(student_quantile(0.975, 4), 3), round(student_quantile(0.975, 1e6), 3)
    (2.776, 1.96)
    """
    if q < 0.5:
        return -student_quantile(1 - q, degrees)
    x = float(beta_quantile(degrees / 2, 0.5, 2 * (1 - q)))
    return math.inf if x <= 0 else math.sqrt(degrees * (1 - x) / x)
