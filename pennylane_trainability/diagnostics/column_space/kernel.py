"""Which parameters can be changed together without changing the outputs? Kernels of Jacobians.

Everything here is independent of the basis that the singular value decomposition happens to
return: single null vectors are never looked at, only projectors.
"""

from __future__ import annotations

import numpy as np

__all__ = ["common_kernel_projector", "independent_columns", "kernel_projectors", "leverages"]


def kernel_projectors(right_vectors: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Projector on the kernel per draw, ``1 − V_r V_rᵀ``.

    Args:
        right_vectors: rows are the right singular vectors, strongest first, shape ``(D, m, P)``
            (the third output of ``np.linalg.svd(J, full_matrices=False)``).
        rank: shape ``(D,)``.

    Returns:
        Shape ``(D, P, P)``.

    >>> _, _, vectors = np.linalg.svd(np.array([[[1.0, -1.0]]]), full_matrices=False)
    >>> kernel_projectors(vectors, np.array([1])).round(12) + 0.0
    array([[[0.5, 0.5],
            [0.5, 0.5]]])
    """
    kept = _kept(right_vectors, rank)
    return np.eye(kept.shape[-1]) - kept.swapaxes(-1, -2) @ kept


def leverages(right_vectors: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Diagonal of :func:`kernel_projectors`: how much of each parameter lies in the kernel.

    1: the parameter moves nothing. 0: no other parameters can make up for it. Between: the share
    that others can make up for. The sum over the parameters is the dimension of the kernel.

    Returns:
        Shape ``(D, P)``.

    >>> _, _, vectors = np.linalg.svd(np.array([[[3.0, 0.0]]]), full_matrices=False)
    >>> leverages(vectors, np.array([1])).round(12)
    array([[0., 1.]])
    """
    return np.maximum(1.0 - np.sum(_kept(right_vectors, rank) ** 2, axis=-2), 0.0)


def _kept(right_vectors: np.ndarray, rank: np.ndarray) -> np.ndarray:
    kept = np.arange(right_vectors.shape[-2]) < np.asarray(rank)[:, None]
    return right_vectors * kept[..., None]


def common_kernel_projector(jacobians: np.ndarray, rtol: float) -> tuple[np.ndarray, float]:
    r"""Projector on ``⋂_d ker J(θ_d)``: changes that the outputs do not see, whatever θ is.

    The kernel of the draws on top of each other. It is smaller than the kernel of a single draw:
    a relation whose coefficients change with θ is in every ``ker J(θ_d)`` and not in here.

    Args:
        jacobians: shape ``(D, K, P)``, scaled such that no draw outweighs the others.
        rtol: singular values of the stack up to ``rtol·σ₁`` count as zero.

    Returns:
        The projector ``(P, P)`` and the condition number of what is not in the kernel.

    >>> jacobians = np.array([[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]])
    >>> common_kernel_projector(jacobians, 1e-9)[0].diagonal().round(12)
    array([0., 0., 1.])
    """
    n_parameters = jacobians.shape[-1]
    triangle = np.linalg.qr(jacobians.reshape(-1, n_parameters), mode="r")
    _, values, vectors = np.linalg.svd(triangle, full_matrices=False)
    if not values.size or values[0] == 0:
        return np.eye(n_parameters), 1.0
    rank = int(np.sum(values > rtol * values[0]))
    return np.eye(n_parameters) - vectors[:rank].T @ vectors[:rank], values[0] / values[rank - 1]


def independent_columns(jacobians: np.ndarray, rank: int) -> tuple[int, ...]:
    """A set of ``rank`` parameters whose columns are independent in every draw: a set to keep.

    Gram–Schmidt with column pivoting in all draws at once: the next parameter is the one whose
    column, after what is already spanned is taken away, has the largest mean square length.
    Every draw has its own span; independence in the draws on top of each other would not do
    (``(cos θ, sin θ)`` has rank one at every θ).

    Args:
        jacobians: shape ``(D, K, P)``, draws that attain the rank, scaled such that no draw
            outweighs the others.
        rank: how many parameters to choose.

    Returns:
        Parameters in the order in which they were chosen, the most useful first.

    >>> independent_columns(np.array([[[1.0, 2.0, 0.0], [0.0, 0.0, 1.0]]]), 2)
    (1, 2)
    """
    rest = np.array(jacobians, dtype=float)
    chosen: list[int] = []
    for _ in range(rank):
        lengths = np.linalg.norm(rest, axis=-2)
        score = np.mean(lengths**2, axis=0)
        score[chosen] = -1.0
        pivot = int(np.argmax(score))
        chosen.append(pivot)
        length = lengths[:, pivot, None]
        unit = rest[:, :, pivot] / np.where(length > 0, length, 1.0)
        rest -= unit[:, :, None] * (unit[:, None, :] @ rest)
    return tuple(chosen)
