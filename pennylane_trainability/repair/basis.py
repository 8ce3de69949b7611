"""Which columns span the same space, and which choice of them is best conditioned? Arrays only."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.column_space import independent_columns

__all__ = ["best_basis", "fixed_directions", "largest_angles", "on_column_space"]

_BATCH = 64  # exchanges whose singular values are computed together


def on_column_space(jacobians: np.ndarray, rank: int) -> np.ndarray:
    """The same columns in an orthonormal basis of the column space, ``(D, rank, P)``.

    Lengths and angles of the columns stay as they are; every draw is divided by its ``σ₁``.

    Args:
        jacobians: draws that attain the rank, shape ``(D, K, P)``.
        rank: their rank, at least 1.

    >>> on_column_space(np.array([[[3.0, 4.0], [0.0, 0.0]]]), 1).round(12) ** 2
    array([[[0.36, 0.64]]])
    """
    _, values, vectors = np.linalg.svd(jacobians, full_matrices=False)
    scale = values[:, :rank] / values[:, :1]
    return scale[..., None] * vectors[:, :rank]


def fixed_directions(jacobians: np.ndarray, rtol: float) -> np.ndarray:
    r"""The draws on top of each other as one Jacobian ``(1, r, P)``, on its column space.

    Its kernel is :math:`\bigcap_d \ker J(\theta_d)`: changes no draw sees. ``r`` is ``P`` minus the
    dimension of that kernel.

    >>> draws = np.array([[[1.0, 1.0, 0.0]], [[0.0, 0.0, 2.0]]])
    >>> fixed_directions(draws, 1e-9).shape
    (1, 2, 3)
    """
    largest = np.linalg.norm(jacobians, 2, axis=(1, 2))
    scaled = jacobians[largest > 0] / largest[largest > 0, None, None]
    triangle = np.linalg.qr(scaled.reshape(-1, jacobians.shape[-1]), mode="r")
    values = np.linalg.svd(triangle, compute_uv=False)
    rank = int(np.sum(values > rtol * values[0]))
    return on_column_space(np.asarray(triangle)[None], rank)


def best_basis(columns: np.ndarray, max_exchanges: int = 100, n_tried: int = 256):
    r"""As many columns as there are rows, with a smallest singular value as large as one finds.

    Starts from pivoted Gram–Schmidt in all draws at once
    (:func:`~pennylane_trainability.diagnostics.column_space.independent_columns`). Then one column
    is exchanged for another as long as that raises the mean over the draws of
    :math:`\log\sigma_r`. An exchange of column :math:`i` of the basis :math:`B` for column
    :math:`j` multiplies the volume by :math:`|(B^{-1}A)_{ij}|` (Goreinov, Oseledets, Savostyanov,
    Tyrtyshnikov, Zamarashkin, in *Matrix Methods*, World Scientific 2010); the exchanges that raise
    it most are tried. The result is a local best: to find the best of all is a hard problem.

    Args:
        columns: shape ``(D, r, P)``, of rank ``r`` in every draw.
        max_exchanges: how many are made at most.
        n_tried: exchanges tried before the search stops.

    Returns:
        Ascending numbers of the columns, and the number of exchanges made.

    >>> best_basis(np.array([[[1.0, 0.8, 0.0], [0.0, 0.6, 1.0]]]))
    ((0, 2), 0)
    """
    rank = columns.shape[1]
    chosen = list(independent_columns(columns, rank))
    made = 0
    current = _score(columns[..., chosen])
    while rank < columns.shape[-1] and made < max_exchanges:
        current, better = _exchange(columns, chosen, current, n_tried)
        if better is None:
            break
        chosen, made = better, made + 1
    return tuple(sorted(chosen)), made


def _exchange(columns: np.ndarray, chosen: list[int], current: float, n_tried: int):
    """The best of the exchanges tried, or ``None`` where none helps."""
    others = np.setdiff1d(np.arange(columns.shape[-1]), chosen)
    factors = np.linalg.solve(columns[..., chosen], columns[..., others])
    volume = np.mean(np.log(np.maximum(np.abs(factors), 1e-300)), axis=0)
    order = np.argsort(-volume, axis=None)[:n_tried]
    best = None
    for start in range(0, len(order), _BATCH):
        out, new = np.unravel_index(order[start : start + _BATCH], volume.shape)
        trial = np.tile(chosen, (len(out), 1))
        trial[np.arange(len(out)), out] = others[new]
        scores = _score(np.moveaxis(columns[..., trial], 2, 1))
        top = int(np.argmax(scores))
        if scores[top] > current + 1e-9:
            current, best = float(scores[top]), trial[top].tolist()
        elif best is not None:
            break
    return current, best


def _score(square: np.ndarray):
    """Mean over the draws (first axis) of ``log σ_r`` of square matrices ``(D, …, r, r)``."""
    smallest = np.linalg.svd(square, compute_uv=False)[..., -1]
    return np.mean(np.log(np.maximum(smallest, 1e-300)), axis=0)


def largest_angles(full: np.ndarray, part: np.ndarray, rank: int) -> np.ndarray:
    r"""How far is the span of some columns from that of all? Largest principal angle per draw.

    The sine of the angle is :math:`\|(1 - \Pi_\mathrm{part})\, U_\mathrm{full}\|_2`.

    Args:
        full: shape ``(D, K, P)``.
        part: some of its columns, shape ``(D, K, p)``.
        rank: dimension of the spans.

    Returns:
        Angles in radians, shape ``(D,)``; π/2 where fewer columns than dimensions are left.

    >>> full = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> largest_angles(full, full[..., :1], 1).round(6), largest_angles(full, full[..., :1], 2)
    (array([0.]), array([1.57079633]))
    """
    if part.shape[-1] < rank:
        return np.full(len(full), np.pi / 2)
    whole = np.linalg.svd(full, full_matrices=False)[0][..., :rank]
    span = np.linalg.svd(part, full_matrices=False)[0][..., :rank]
    rest = whole - span @ (span.swapaxes(-1, -2) @ whole)
    return np.arcsin(np.minimum(np.linalg.norm(rest, 2, axis=(1, 2)), 1.0))
