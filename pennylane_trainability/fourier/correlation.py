r"""Correlations between Fourier coefficients over parameter draws, by four definitions.

With coefficients ``c_i`` of ``D`` draws and ``r_ij`` for each pair:

==============  ==================================================================================
``"pearson"``   Pearson's correlation of ``2D`` numbers per coefficient, the real parts of all draws
                and then the imaginary ones, centred by the mean of all of them (Strobl et al.,
                arXiv:2508.20868, as in qml-essentials 0.3)
``"spearman"``  the same of the ranks of these numbers, ties sharing the mean rank
``"complex"``   ``E[conj(c_i − μ_i)(c_j − μ_j)]/√(E|c_i − μ_i|² E|c_j − μ_j|²)``; its size does not
                change when the input is shifted, ``c_k → e^{ik·x₀} c_k``
``"rows"``      Pearson's correlation of the real rows ``c_0, √2 Re c_k, √2 Im c_k``, each by itself
==============  ==================================================================================
"""

from __future__ import annotations

import numpy as np

__all__ = ["CORRELATIONS", "correlations", "cross_fitted", "mean_size", "prepared_samples"]

CORRELATIONS = ("pearson", "spearman", "complex", "rows")


def prepared_samples(coefficients: np.ndarray, method: str) -> np.ndarray:
    """What is correlated, one block per draw: ``(D, b, M)``.

    Args:
        coefficients: ``(D, 1 + R)`` complex, frequency zero first.
        method: one of :data:`CORRELATIONS`.

    Returns:
        ``b = 2`` (real and imaginary part) for ``"pearson"`` and ``"spearman"``, else 1; ``M`` is
        ``1 + R``, for ``"rows"`` ``1 + 2R``.
    """
    if method == "complex":
        return coefficients[:, None]
    if method == "rows":
        rows = np.empty((len(coefficients), 2 * coefficients.shape[1] - 1))
        rows[:, 0] = coefficients[:, 0].real
        rows[:, 1::2] = np.sqrt(2) * coefficients[:, 1:].real
        rows[:, 2::2] = np.sqrt(2) * coefficients[:, 1:].imag
        return rows[:, None]
    return np.stack([coefficients.real, coefficients.imag], axis=1)


def correlations(samples: np.ndarray, method: str, counts: np.ndarray | None = None) -> np.ndarray:
    """The correlation matrix, ``(M, M)``; NaN where a column does not vary.

    Args:
        samples: from :func:`prepared_samples`, ``(D, b, M)``.
        method: one of :data:`CORRELATIONS`.
        counts: how often each draw counts, ``(D,)``; ``None`` for once.

    >>> c = np.array([[1 + 1j, 2 + 2j], [0j, 0j], [3 - 1j, 6 - 2j]])
    >>> correlations(prepared_samples(c, "pearson"), "pearson").round(12)
    array([[1., 1.],
           [1., 1.]])
    """
    blocks = samples.shape[1]
    values = samples.reshape(-1, samples.shape[-1])
    weights = np.ones(len(samples)) if counts is None else counts
    weights = np.repeat(weights, blocks).astype(float)
    if method == "spearman":
        values = np.stack([_ranks(column, weights) for column in values.T], axis=1)
    total = weights.sum()
    centred = values - weights @ values / total
    covariance = centred.conj().T @ (weights[:, None] * centred)  # a factor drops out
    size = np.sqrt(np.real(np.diagonal(covariance)))
    product = np.outer(size, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(product > 0, covariance / np.where(product > 0, product, 1.0), np.nan)


def _ranks(column: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean ranks of values that occur ``weights`` times."""
    _, group = np.unique(column, return_inverse=True)
    sizes = np.bincount(group, weights=weights)
    return (np.cumsum(sizes) - sizes + (sizes + 1) / 2)[group]


def mean_size(matrix: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The mean of ``|r_ij|`` over ``i < j``, NaN left out; NaN if there is no pair.

    Args:
        matrix: ``(M, M)``.
        weights: ``w_i``; a pair counts ``w_i w_j``.
    """
    first, second = np.triu_indices(len(matrix), 1)
    found = np.abs(matrix[first, second])
    own = np.ones(len(matrix)) if weights is None else np.asarray(weights, float)
    share = np.where(np.isnan(found), 0.0, own[first] * own[second])
    total = share.sum()
    return float(np.nansum(share * found) / total) if total > 0 else np.nan


def cross_fitted(samples: np.ndarray, method: str, order: np.ndarray, weights=None) -> float:
    """The mean of ``sign(r_A)·r_B`` over pairs, with ``A`` and ``B`` halves of the draws.

    The sign comes from one half and the size from the other, and the other way round. Its mean is
    at most that of ``|ρ|``, and zero for uncorrelated coefficients, while ``|r|`` of a finite
    sample is too large on average.

    Args:
        samples: from :func:`prepared_samples`.
        method: one of :data:`CORRELATIONS`.
        order: a permutation of the draws; the first half is ``A``.
        weights: see :func:`mean_size`.
    """
    half = len(samples) // 2
    a, b = (correlations(samples[part], method) for part in (order[:half], order[half:]))
    size = np.abs(a) * np.abs(b)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.where(size > 0, np.real(a.conj() * b) / np.where(size > 0, size, 1.0), np.nan)
    first, second = np.triu_indices(len(a), 1)
    found = (cosine * (np.abs(a) + np.abs(b)) / 2)[first, second]
    own = np.ones(len(a)) if weights is None else np.asarray(weights, float)
    share = np.where(np.isnan(found), 0.0, own[first] * own[second])
    total = share.sum()
    return float(np.nansum(share * found) / total) if total > 0 else np.nan
