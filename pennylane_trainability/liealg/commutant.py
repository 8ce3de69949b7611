r"""Projections on what a Lie algebra leaves unchanged.

Averaging ``X → e^{a} X e^{-a}`` over the group that antisymmetric matrices ``a_1 … a_G`` generate
projects on the matrices that commute with all of them, the kernel of the positive semidefinite map
``L(X) = −Σ_g [a_g, [a_g, X]]``. The part of ``X`` outside of the kernel is found by conjugate
gradients.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["commutant_projection", "invariant_vectors"]

_TOLERANCE = 1e-13
_ZERO = 1e-8


def invariant_vectors(matrices: np.ndarray) -> np.ndarray:
    """Orthonormal vectors that all matrices send to zero, ``(z, d)`` from ``(G, d, d)``.

    >>> invariant_vectors(np.zeros((1, 2, 2))).shape
    (2, 2)
    """
    total = sum((-a @ a for a in scaled(matrices)), np.zeros(matrices.shape[1:]))
    values, vectors = np.linalg.eigh(total)
    return vectors[:, values < _ZERO].T


def scaled(matrices: np.ndarray) -> list[np.ndarray]:
    """Matrices that are not zero, with spectral norm one."""
    sizes = [np.linalg.norm(a, 2) if a.size else 0.0 for a in matrices]
    return [a / size for a, size in zip(matrices, sizes, strict=True) if size > _ZERO]


def commutant_projection(
    matrices: np.ndarray, start: np.ndarray, max_steps: int = 5000
) -> tuple[np.ndarray, float]:
    """The part of a symmetric matrix that commutes with antisymmetric ones.

    Args:
        matrices: ``a_g``, ``(G, d, d)``.
        start: ``X``, ``(d, d)``.
        max_steps: of the iteration.

    Returns:
        the projection, and the largest entry of a commutator with it that is left, relative to the
        norm of ``X``. Cost ``2G·d³`` per step.

    >>> turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    >>> commutant_projection(turn, np.diag([1.0, 0.0]))[0].round(12)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    own = scaled(matrices)
    size = float(np.linalg.norm(start)) or 1.0

    def image(x: np.ndarray) -> np.ndarray:
        out = np.zeros_like(x)
        for a in own:
            out -= _bracket(a, _bracket(a, x))
        return out

    found = start - _solution(image, image(start), size, max_steps)
    left = max((float(np.abs(_bracket(a, found)).max()) for a in own if a.size), default=0.0)
    return found, left / size


def _bracket(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``[a, X]`` with ``a`` antisymmetric and ``X`` symmetric."""
    product = a @ x
    return product + product.T


def _solution(image: Callable, right: np.ndarray, size: float, max_steps: int) -> np.ndarray:
    """The smallest solution of ``L(Y) = right``, which has one, by conjugate gradients."""
    out = np.zeros_like(right)
    rest, direction = right.copy(), right.copy()
    square = float(np.sum(rest**2))
    for _ in range(max_steps):
        if square <= (_TOLERANCE * size) ** 2:
            break
        moved = image(direction)
        step = square / float(np.sum(direction * moved))
        out += step * direction
        rest -= step * moved
        before, square = square, float(np.sum(rest**2))
        direction = rest + (square / before) * direction
    return out
