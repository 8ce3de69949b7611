"""Solving with a matrix that should be positive, but is singular, or known up to noise only."""

from __future__ import annotations

import numpy as np

__all__ = ["damped", "damped_solve"]

#: What is not damped and below this share of the largest eigenvalue is rounding, and left out.
_ROUNDING = 1e-12


def damped(matrix: np.ndarray, floor: float) -> np.ndarray:
    """``M₊ + floor``: negative eigenvalues set to zero, then all raised, ``(P, P)``.

    >>> damped(np.diag([2.0, -0.3]), 0.5)
    array([[2.5, 0. ],
           [0. , 0.5]])
    """
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * (np.maximum(values, 0.0) + floor)) @ vectors.T


def damped_solve(matrix: np.ndarray, vector: np.ndarray, floor: float) -> np.ndarray:
    """``(M₊ + floor)⁻¹ v``; without a floor the pseudoinverse, kernel by rounding left out.

    Args:
        matrix: symmetric, ``(P, P)``.
        vector: ``(P,)``.
        floor: what is added to all eigenvalues.

    Returns:
        ``(P,)``.

    >>> damped_solve(np.diag([2.0, 1e-17]), np.array([1.0, 1.0]), 0.0)
    array([0.5, 0. ])
    """
    values, vectors = np.linalg.eigh(matrix)
    raised = np.maximum(values, 0.0) + floor
    kept = raised > _ROUNDING * np.max(raised, initial=0.0)
    inverse = np.divide(1.0, raised, out=np.zeros_like(raised), where=kept)
    return vectors @ (inverse * (vectors.T @ vector))
