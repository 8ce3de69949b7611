"""What do counts say about expectation values, and how far can they be off?

Shapes: ``counts`` is ``(..., m)``, how often each of ``m`` outcomes was seen in each circuit;
``values`` is ``(M, m)``, the value of each of ``M`` observables for each outcome, all read from
the same shots.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

__all__ = [
    "AGRESTI_COULL",
    "covariances",
    "means",
    "resample_counts",
    "resample_means",
    "resample_signs",
    "smoothed_probabilities",
    "standard_errors",
    "wilson_interval",
]

# Agresti and Coull (1998) add z² ≈ 4 imagined shots, spread evenly over the outcomes: two
# successes and two failures. An outcome that was never seen then keeps a probability, so that
# equal outcomes in all shots do not pass for certainty.
AGRESTI_COULL = NormalDist().inv_cdf(0.975) ** 2


def means(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Estimated expectation values ``Σ_j n_j v_j / n``, shape ``(..., M)``.

    >>> means(np.array([75, 25]), np.array([[1, -1]]))
    array([0.5])
    """
    return _frequencies(counts) @ np.transpose(values)


def covariances(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Estimated covariances of the means of observables read from the same shots.

    ``(Σ_j p_j v_j v'_j − v̄ v̄') / (n − 1)`` with the frequencies ``p``: unbiased.

    Returns:
        Shape ``(..., M, M)``; NaN for a single shot.

    >>> covariances(np.array([5, 5]), np.array([[1, -1], [-1, 1]])) * 9
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    values = np.asarray(values, dtype=float)
    frequencies = _frequencies(counts)
    shots = np.sum(counts, axis=-1)[..., None, None]
    centred = values - (frequencies @ values.T)[..., None]
    second = (centred * frequencies[..., None, :]) @ centred.swapaxes(-1, -2)
    return np.where(shots > 1, second / np.maximum(shots - 1, 1), np.nan)


def standard_errors(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Estimated standard errors of :func:`means`, shape ``(..., M)``.

    Zero if all shots agree: for an interval use :func:`wilson_interval`, for a noise floor
    :func:`resample_means`.

    >>> standard_errors(np.array([50, 51]), np.array([[1, -1]])).round(4)
    array([0.1])
    """
    variances = np.diagonal(covariances(counts, values), axis1=-2, axis2=-1)
    return np.sqrt(np.maximum(variances, 0))


def wilson_interval(
    mean: np.ndarray, shots: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval for the expectation value of an observable with outcomes ±1.

    ``(n m ± z √(n (1 − m²) + z²)) / (n + z²)``, all means that a test of size ``1 − level`` would
    not reject. It has a width even if all shots agree and stays within ±1.

    >>> low, high = wilson_interval(np.array(1.0), np.array(100))
    >>> round(float(low), 4), round(float(high), 4)
    (0.926, 1.0)
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    half = z * np.sqrt(shots * np.maximum(1 - mean**2, 0) + z**2)
    return (shots * mean - half) / (shots + z**2), (shots * mean + half) / (shots + z**2)


def smoothed_probabilities(counts: np.ndarray, imagined: float = AGRESTI_COULL) -> np.ndarray:
    """Probabilities with ``imagined`` shots added, spread evenly over the outcomes.

    ``(n_j + s/m) / (n + s)``: add-constant smoothing, of which two outcomes and ``s = z²`` are
    the correction of Agresti and Coull. The sum of added shots does not grow with the number of
    outcomes, so that a sparse histogram is not drowned.

    >>> smoothed_probabilities(np.array([96, 0]), imagined=4.0)
    array([0.98, 0.02])
    """
    counts = _checked(counts)
    total = np.sum(counts, axis=-1, keepdims=True)
    return (counts + imagined / counts.shape[-1]) / (total + imagined)


def resample_counts(
    counts: np.ndarray,
    n_resamples: int,
    rng: np.random.Generator,
    imagined: float = AGRESTI_COULL,
) -> np.ndarray:
    """Counts that might have been seen instead: parametric bootstrap, multinomial.

    Each circuit is drawn with one shot less than it had (McCarthy and Snowden 1985): the variance
    of the frequencies is too small by ``(n − 1)/n``, and this makes up for it, whatever is
    computed from the counts.

    Args:
        counts: shape ``(..., m)``.
        n_resamples: how many, ``B``.
        rng: source of randomness.
        imagined: smoothing, see :func:`smoothed_probabilities`; 0 for none.

    Returns:
        Shape ``(B, ..., m)``; the last axis sums to one shot less than that of ``counts``.

    >>> resample_counts(np.array([[30, 70]]), 5, np.random.default_rng(1)).sum(axis=-1).T
    array([[99, 99, 99, 99, 99]])
    """
    probabilities = smoothed_probabilities(counts, imagined)
    shots = np.rint(np.sum(counts, axis=-1)).astype(np.int64)
    return rng.multinomial(_one_less(shots), probabilities, size=(n_resamples, *shots.shape))


def resample_means(
    counts: np.ndarray,
    values: np.ndarray,
    n_resamples: int,
    rng: np.random.Generator,
    imagined: float = AGRESTI_COULL,
) -> np.ndarray:
    """Means that might have been seen instead, with the estimated means as their centre.

    The error is taken from the smoothed distribution and added to the estimate itself: smoothing
    widens the noise and does not move the centre.

    Returns:
        Shape ``(B, ..., M)``.

    >>> counts, z = np.array([100, 0]), np.array([[1, -1]])
    >>> resample_means(counts, z, 1000, np.random.default_rng(0)).std() > 0.01
    np.True_
    """
    centre = smoothed_probabilities(counts, imagined) @ np.transpose(values)
    drawn = means(resample_counts(counts, n_resamples, rng, imagined), values)
    return means(counts, values) + (drawn - centre)


def resample_signs(
    mean: np.ndarray,
    shots: np.ndarray,
    n_resamples: int,
    rng: np.random.Generator,
    imagined: float = AGRESTI_COULL,
) -> np.ndarray:
    """The same for outcomes ±1 of which only the mean is known (devices that return means).

    Args:
        mean: shape ``(...)``.
        shots: shots behind each mean, broadcast to the shape of ``mean``.
        n_resamples: how many, ``B``.
        rng: source of randomness.
        imagined: smoothing, see :func:`smoothed_probabilities`.

    Returns:
        Shape ``(B, ...)``.

    >>> resample_signs(np.zeros(3), 100, 7, np.random.default_rng(0)).shape
    (7, 3)
    """
    mean = np.asarray(mean, dtype=float)
    centre = mean * shots / (shots + imagined)
    fewer = _one_less(np.asarray(shots))
    plus = rng.binomial(fewer, np.clip((1 + centre) / 2, 0, 1), size=(n_resamples, *mean.shape))
    return mean + (2 * plus / fewer - 1 - centre)


def _one_less(shots: np.ndarray) -> np.ndarray:
    return np.maximum(shots - 1, 1)


def _frequencies(counts: np.ndarray) -> np.ndarray:
    counts = _checked(counts)
    return counts / np.sum(counts, axis=-1, keepdims=True)


def _checked(counts: np.ndarray) -> np.ndarray:
    counts = np.asarray(counts, dtype=float)
    if counts.ndim == 0 or np.any(counts < 0) or np.any(np.sum(counts, axis=-1) <= 0):
        raise ValueError(
            "Counts must be non-negative with at least one shot per circuit, outcomes along the "
            f"last axis, but got shape {counts.shape}. Leave out circuits without shots."
        )
    return counts
