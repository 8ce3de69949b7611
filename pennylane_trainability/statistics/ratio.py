"""How many times larger is one median than another?"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.results import Estimate

__all__ = ["ratio_of_medians"]


def ratio_of_medians(
    above: np.ndarray,
    below: np.ndarray,
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    level: float = 0.95,
    law: str = "",
) -> Estimate:
    """The ratio of the medians of two independent samples, with a percentile bootstrap interval.

    Both samples are resampled on their own; the interval is taken on the logarithm, where a ratio
    and its inverse are alike.

    Args:
        above: draws of the numerator, ``(D,)``, not negative.
        below: draws of the denominator, ``(D',)``, not negative.
        rng: source of randomness.
        n_resamples: how many.
        level: how often the interval should cover the truth.
        law: what was drawn, in words.

    Returns:
        The estimate; infinite or NaN where the denominator is zero.

    >>> rng = np.random.default_rng(0)
    >>> ratio = ratio_of_medians(2 * rng.random(400), rng.random(400), rng=rng)
    >>> ratio.low < 2 < ratio.high
    True
    """
    above, below = np.asarray(above, float), np.asarray(below, float)
    if above.ndim != 1 or below.ndim != 1 or len(above) < 2 or len(below) < 2:
        raise ValueError(
            "ratio_of_medians() needs two samples of at least two draws, shape (D,); got "
            f"{above.shape} and {below.shape}. Draw more."
        )

    def logarithms(samples):
        index = rng.integers(len(samples), size=(n_resamples, len(samples)))
        with np.errstate(divide="ignore"):
            return np.log(np.median(samples[index], axis=1))

    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(np.median(above) / np.median(below))
        copies = logarithms(above) - logarithms(below)
    if not np.all(np.isfinite(copies)):
        return Estimate(value=value, level=level, law=law)
    low, high = np.exp(np.quantile(copies, [(1 - level) / 2, (1 + level) / 2]))
    error = value * float(np.std(copies, ddof=1))
    return Estimate(
        value=value, stderr=error, low=float(low), high=float(high), level=level, law=law
    )
