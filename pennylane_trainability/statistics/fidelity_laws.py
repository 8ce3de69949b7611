"""How overlaps of random states are distributed: Haar, real Haar, reduced, and seen through shots.

Laws are logarithms of the masses of equal bins of [0, 1]: the last ones are too small for numbers.
"""

from __future__ import annotations

import math

import numpy as np

from pennylane_trainability.statistics.binomial import incomplete_beta

__all__ = [
    "bin_numbers",
    "counted_log_masses",
    "haar_log_masses",
    "haar_potential",
    "real_haar_log_masses",
    "real_haar_potential",
    "reduced_haar_overlaps",
]


def bin_numbers(fidelities: np.ndarray, n_bins: int) -> np.ndarray:
    """Which of the equal bins of [0, 1] every overlap is in; 1 is in the last.

    >>> bin_numbers(np.array([0.0, 0.5, 1.0]), 4)
    array([0, 2, 3])
    """
    # an overlap of exactly k/n_bins must not fall to either side by rounding errors
    return np.clip(np.floor(fidelities * n_bins + 1e-9).astype(int), 0, n_bins - 1)


def haar_log_masses(dimension: int, n_bins: int) -> np.ndarray:
    """``ln((1 − u)^(N−1) − (1 − v)^(N−1))`` of the bins [u, v]: squared overlaps of Haar states.

    Args:
        dimension: ``N``, at least 2.
        n_bins: number of bins.

    >>> np.exp(haar_log_masses(2, 4))
    array([0.25, 0.25, 0.25, 0.25])
    """
    left = np.arange(n_bins, 0, -1) / n_bins  # 1 − u
    right = np.arange(n_bins - 1, -1, -1) / n_bins
    with np.errstate(divide="ignore"):
        ratio = np.exp((dimension - 1) * (np.log(right) - np.log(left)))
    return (dimension - 1) * np.log(left) + np.log1p(-ratio)


def real_haar_log_masses(dimension: int, n_bins: int) -> np.ndarray:
    """The same for real states: squared overlaps follow the beta law of ½ and ``(N − 1)/2``.

    >>> np.exp(real_haar_log_masses(2, 2)).round(12)  # the arcsine law
    array([0.5, 0.5])
    """
    # the upper tail, from its own side: the lower one rounds to 1
    a, rest = (dimension - 1) / 2, np.arange(n_bins, -1, -1) / n_bins
    upper = incomplete_beta(a, 0.5, rest)
    masses = upper[:-1] - upper[1:]
    # where the numbers end: the leading term, x^a/(√(1 − x) a B(a, ½)), all but a share of 1/a
    beta = math.lgamma(a) + math.lgamma(0.5) - math.lgamma(a + 0.5)
    x = rest[:-1]
    leading = a * np.log(x) - 0.5 * np.log1p(-np.minimum(x, 1 - 1e-15)) - math.log(a) - beta
    return np.where(masses > 0, np.log(np.where(masses > 0, masses, 1.0)), leading)


def counted_log_masses(dimension: int, shots: int, n_bins: int) -> np.ndarray:
    r"""The law of ``k/M`` where ``k`` of ``M`` shots hit and the squared overlap is Haar's.

    ``P(k) = (N − 1) B(k + 1, M − k + N − 1) C(M, k)``, the beta-binomial law of 1 and ``N − 1``.

    Args:
        dimension: ``N``.
        shots: ``M`` of every pair.
        n_bins: number of bins; those without a possible ``k`` have no mass.

    >>> np.exp(counted_log_masses(2, 3, 4))  # uniform on 0, ⅓, ⅔, 1
    array([0.25, 0.25, 0.25, 0.25])
    """
    k = np.arange(shots + 1)
    # P(k + 1)/P(k) = (M − k)/(M − k + N − 2)
    steps = np.log(np.maximum(shots - k[:-1], 1)) - np.log(shots - k[:-1] + dimension - 2)
    logs = math.log((dimension - 1) / (shots + dimension - 1)) + np.concatenate(
        [[0.0], np.cumsum(steps)]
    )
    out = np.full(n_bins, -math.inf)
    np.logaddexp.at(out, bin_numbers(k / shots, n_bins), logs)
    return out


def haar_potential(dimension: int, order: int) -> float:
    """``E F^t = t! (N − 1)!/(N + t − 1)!`` of Haar states.

    >>> haar_potential(4, 2)
    0.1
    """
    return math.prod((j + 1) / (dimension + j) for j in range(order))


def real_haar_potential(dimension: int, order: int) -> float:
    """``E F^t = Π (2j + 1)/(N + 2j)`` of real Haar states.

    >>> real_haar_potential(2, 1)
    0.5
    """
    return math.prod((2 * j + 1) / (dimension + 2 * j) for j in range(order))


def reduced_haar_overlaps(
    dimension: int, rest: int, n_states: int, rng: np.random.Generator
) -> np.ndarray:
    """``Tr ρσ`` of all pairs of reduced Haar states: the induced measure, drawn.

    For Haar states of the whole, whether a pair falls into a bin hardly depends on one of its
    members, so that all pairs of few states say nearly as much as as many independent ones.

    Args:
        dimension: of what is kept.
        rest: dimension of what is traced out.
        n_states: how many states are drawn.
        rng: a generator.

    Returns:
        ``n_states·(n_states − 1)/2`` overlaps.

    >>> overlaps = reduced_haar_overlaps(2, 2, 300, np.random.default_rng(1))
    >>> overlaps.mean().round(2).item()  # Tr(1/2)² = ½
    0.5
    """
    shape = (n_states, dimension, rest)
    states = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    states /= np.linalg.norm(states, axis=(1, 2), keepdims=True)
    rho = (states @ states.conj().swapaxes(1, 2)).reshape(n_states, -1)
    flat = np.concatenate([rho.real, rho.imag], axis=1)  # Tr ρσ of Hermitian matrices
    return (flat @ flat.T)[np.triu_indices(n_states, 1)]
