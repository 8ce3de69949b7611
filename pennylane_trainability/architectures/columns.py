"""Strength, scale and rates from coefficient Jacobians and coefficients; only arrays here.

Rows are ``c_0, √2 Re c_k, √2 Im c_k, …`` of one output: Jacobians ``(D, K, P)``, coefficients
``(D, K)``.
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.column_space.spectrum import ATOL, RTOL, numerical_rank

__all__ = [
    "coefficient_power",
    "convergence_rates",
    "frequency_strength",
    "output_scale",
    "per_frequency",
    "random_columns",
]


def per_frequency(values: np.ndarray) -> np.ndarray:
    """Sums over the rows of each frequency, ``(..., K)`` to ``(..., 1 + R)``.

    >>> per_frequency(np.array([1.0, 2.0, 3.0]))
    array([1., 5.])
    """
    return np.concatenate([values[..., :1], values[..., 1::2] + values[..., 2::2]], axis=-1)


def frequency_strength(jacobians: np.ndarray) -> np.ndarray:
    """Norm of the rows of each frequency, zero first: how strongly parameters move it.

    ``(D, K, P)`` to ``(D, 1 + R)``.
    """
    return np.sqrt(per_frequency(np.sum(jacobians**2, axis=-1)))


def output_scale(coefficients: np.ndarray) -> np.ndarray:
    """Standard deviation of the output over the input (Parseval), ``(D, K)`` to ``(D,)``."""
    return np.sqrt(np.sum(coefficients[:, 1:] ** 2, axis=-1))


def coefficient_power(coefficients: np.ndarray) -> np.ndarray:
    """``|c_k|²`` per draw, zero first: ``(D, K)`` to ``(D, 1 + R)``."""
    power = per_frequency(coefficients**2)
    power[:, 1:] /= 2  # the rows hold √2 Re c_k and √2 Im c_k
    return power


def convergence_rates(jacobians: np.ndarray) -> np.ndarray:
    r"""How fast linearised gradient flow removes an error at each frequency, ``(D, 1 + R)``.

    With ``ė = −JJᵀe``, an error in row ``i`` is there for the time
    ``∫(exp(−tJJᵀ))_ii dt = (JJᵀ)⁻¹_ii``; the rate of a frequency is one over the mean of this time
    over its rows: zero if part of them is unreachable.
    """
    left, values, _ = np.linalg.svd(jacobians, full_matrices=False)
    ranks = numerical_rank(values, RTOL, ATOL)
    kept = np.arange(values.shape[1]) < ranks[:, None]
    weights = left**2 * kept[:, None, :]
    missing = 1.0 - weights.sum(axis=-1) > 1e-8
    times = np.sum(weights / np.where(kept, values, 1.0)[:, None, :] ** 2, axis=-1)
    size = per_frequency(np.ones(times.shape[1]))
    lost = per_frequency(missing.astype(float)) > 0
    mean = per_frequency(times) / size
    return np.where(lost, 0.0, 1.0 / np.where(mean > 0, mean, 1.0))


def random_columns(jacobians: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """For each draw other ``count`` columns, chosen at random: the other parameters are frozen.

    Args:
        jacobians: ``(D, K, P)``.
        count: columns kept, at most ``P``.
        rng: source of randomness.

    Returns:
        ``(D, K, count)``.
    """
    order = np.argsort(rng.random((len(jacobians), jacobians.shape[-1])), axis=1)[:, :count]
    return np.take_along_axis(jacobians, np.sort(order, axis=1)[:, None, :], axis=2)
