"""What makes parameter values good to start from? Scores, and a search; arrays only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["ORDER", "alignment", "climb", "response"]

#: Score → +1 if more is better, −1 if less is.
ORDER = {"sigma": 1, "condition": -1, "aligned": 1}


def response(jacobians: np.ndarray, rank: int) -> dict[str, np.ndarray]:
    """Weakest response ``σ_rank`` and condition ``σ₁/σ_rank`` of every draw.

    Args:
        jacobians: shape ``(D, K, P)``.
        rank: structural rank, at least 1.

    >>> response(np.array([[[4.0, 0.0], [0.0, 2.0]]]), 2)
    {'sigma': array([2.]), 'condition': array([2.])}
    """
    values = np.linalg.svd(jacobians, compute_uv=False)
    weakest = values[:, rank - 1]
    floor = 1e-16 * np.maximum(values[:, 0], 1e-300)
    return {"sigma": weakest, "condition": values[:, 0] / np.maximum(weakest, floor)}


def alignment(errors: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    r"""``‖Jᵀe‖/(√n ‖e‖)``: how fast the error of a target falls, per unit of error.

    Args:
        errors: output minus target, shape ``(D, n)``.
        slopes: derivatives of the outputs, shape ``(D, n, P)``.

    >>> alignment(np.array([[2.0]]), np.array([[[3.0, 4.0]]]))
    array([5.])
    """
    length = np.maximum(np.linalg.norm(errors, axis=1), 1e-300)
    pull = np.einsum("dnp,dn->dp", slopes, errors / length[:, None])
    return np.linalg.norm(pull, axis=1) / np.sqrt(errors.shape[1])


def climb(
    score: Callable[[np.ndarray], np.ndarray], starts: np.ndarray, n_steps: int, rng, width: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Raise a score from several starts by random steps; no derivative is needed.

    Each step tries ``width`` normal displacements of every point and takes the best if it is
    better. Their size grows by 1.5 after a step that helps and shrinks by 1.5 otherwise.

    Args:
        score: ``(D, P) → (D,)``, more is better.
        starts: shape ``(S, P)``.
        n_steps: steps.
        rng: a NumPy generator.
        width: displacements per point and step.

    Returns:
        The best point ``(P,)`` and the best score before the first and after each step,
        ``(n_steps + 1,)``.

    >>> hill = lambda t: -np.sum(t**2, axis=1)
    >>> point, trace = climb(hill, np.ones((1, 2)), 30, np.random.default_rng(0))
    >>> bool(trace[-1] > -1e-2), bool(np.all(np.diff(trace) >= 0))
    (True, True)
    """
    points, sizes = np.array(starts, float), np.full(len(starts), 0.3)
    values = score(points)
    trace = [np.max(values)]
    for _ in range(n_steps):
        moves = rng.normal(size=(len(points), width, points.shape[1]))
        trial = points[:, None] + sizes[:, None, None] * moves
        found = score(trial.reshape(-1, points.shape[1])).reshape(len(points), width)
        top = np.argmax(found, axis=1)
        row = np.arange(len(points))
        helps = found[row, top] > values
        points[helps] = trial[row, top][helps]
        values[helps] = found[row, top][helps]
        sizes *= np.where(helps, 1.5, 1 / 1.5)
        trace.append(np.max(values))
    return points[int(np.argmax(values))], np.array(trace)
