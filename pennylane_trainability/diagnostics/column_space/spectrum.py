"""How many directions does a Jacobian have, and how evenly? From its singular values."""

from __future__ import annotations

import numpy as np

__all__ = [
    "ATOL",
    "RTOL",
    "condition_number",
    "entropy_rank",
    "numerical_rank",
    "participation_ratio",
    "smallest_row_value",
    "tolerance",
]

# Rounding leaves singular values of about 1e-15 to 1e-13 of the largest one where the exact value
# is zero; the smallest genuine ones met in practice (narrow, deep re-uploading circuits) are 1e-6
# to 1e-7 of it. 1e-9 lies between the two; `ColumnSpace.gap` tells how far from either.
RTOL = 1e-9
# For a Jacobian that is zero but for rounding there is no largest value to compare with: outputs
# are of order one, so what is below this is rounding.
ATOL = 1e-13


def tolerance(singular_values: np.ndarray, rtol: float = RTOL, atol: float = ATOL) -> np.ndarray:
    """The size up to which a singular value counts as zero: ``max(atol, rtol·σ₁)`` per draw.

    Args:
        singular_values: shape ``(..., m)``, descending.
        rtol: relative to the largest singular value of the same draw.
        atol: absolute.

    Returns:
        Shape ``(...)``.

    >>> tolerance(np.array([2.0, 1.0]), rtol=1e-3).item()
    0.002
    """
    if singular_values.shape[-1] == 0:
        return np.full(singular_values.shape[:-1], atol)
    return np.maximum(atol, rtol * singular_values[..., 0])


def numerical_rank(
    singular_values: np.ndarray, rtol: float = RTOL, atol: float = ATOL
) -> np.ndarray:
    """How many singular values are not zero within :func:`tolerance`; shape ``(...)``, integers.

    >>> numerical_rank(np.array([[1.0, 1e-6, 1e-16], [1e-16, 1e-17, 0.0]]))
    array([2, 0])
    """
    return np.sum(singular_values > tolerance(singular_values, rtol, atol)[..., None], axis=-1)


def condition_number(singular_values: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """``σ₁/σ_r`` per draw: how much stronger the best direction is than the weakest of ``r``.

    Args:
        singular_values: shape ``(..., m)``, descending.
        rank: numerical rank ``r`` per draw, shape ``(...)``.

    Returns:
        Shape ``(...)``; NaN where the rank is zero.

    >>> condition_number(np.array([4.0, 2.0, 0.0]), np.array(2)).item()
    2.0
    """
    rank = np.asarray(rank)
    if singular_values.shape[-1] == 0:
        return np.full(rank.shape, np.nan)
    weakest = np.take_along_axis(singular_values, np.maximum(rank - 1, 0)[..., None], axis=-1)
    some = rank > 0
    return np.where(some, singular_values[..., 0] / np.where(some, weakest[..., 0], 1.0), np.nan)


def smallest_row_value(singular_values: np.ndarray, rank: np.ndarray, n_rows: int) -> np.ndarray:
    """``σ_K`` per draw: the smallest response over all ``K`` row directions, 0 if ``rank < K``.

    >>> smallest_row_value(np.array([[4.0, 2.0], [3.0, 1e-17]]), np.array([2, 1]), 2)
    array([2., 0.])
    """
    if singular_values.shape[-1] < n_rows or n_rows == 0:
        return np.zeros(np.shape(rank))
    return np.where(np.asarray(rank) >= n_rows, singular_values[..., n_rows - 1], 0.0)


def entropy_rank(singular_values: np.ndarray) -> np.ndarray:
    """Effective rank ``exp(−Σ p log p)`` with ``p = σ²/Σσ²``: between 1 and the rank, no threshold.

    Shape ``(..., m)`` to ``(...)``; 0 for a zero matrix.

    >>> entropy_rank(np.array([[2.0, 2.0, 0.0], [0.0, 0.0, 0.0]])).round(12)
    array([2., 0.])
    """
    p, some = _shares(singular_values)
    safe = np.where(p > 0, p, 1.0)  # 0·log 0 = 0
    return np.where(some, np.exp(-np.sum(p * np.log(safe), axis=-1)), 0.0)


def participation_ratio(singular_values: np.ndarray) -> np.ndarray:
    """Effective rank ``(Σσ²)²/Σσ⁴``: at most :func:`entropy_rank`, it weighs strong ones more.

    Shape ``(..., m)`` to ``(...)``; 0 for a zero matrix.

    >>> participation_ratio(np.array([[2.0, 2.0, 0.0], [0.0, 0.0, 0.0]]))
    array([2., 0.])
    """
    p, some = _shares(singular_values)
    return np.where(some, 1.0 / np.where(some, np.sum(p**2, axis=-1), 1.0), 0.0)


def _shares(singular_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``σ²/Σσ²`` and whether the sum is positive; scaled first, so that squares do not vanish."""
    if singular_values.shape[-1] == 0:
        return singular_values, np.zeros(singular_values.shape[:-1], dtype=bool)
    largest = np.max(singular_values, axis=-1, keepdims=True)
    squares = (singular_values / np.where(largest > 0, largest, 1.0)) ** 2
    total = np.sum(squares, axis=-1, keepdims=True)
    return squares / np.where(total > 0, total, 1.0), total[..., 0] > 0
