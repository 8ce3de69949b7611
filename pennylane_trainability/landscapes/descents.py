"""Many descents side by side: quasi-Newton steps on arrays, one inverse Hessian per descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Descents", "descend"]

#: Share of the decrease that a linear model promises which a step has to reach.
_ARMIJO = 1e-4
_SHORTEST = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Descents:
    """Where descents ended.

    Attributes:
        points: ``(D, P)``.
        values: ``(D,)``.
        slopes: largest entry of each gradient, ``(D,)``.
        converged: whether the gradient is small, ``(D,)``.
        steps: taken by each, ``(D,)``.
    """

    points: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    converged: np.ndarray
    steps: np.ndarray


def descend(
    function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    starts: np.ndarray,
    *,
    max_steps: int = 500,
    tolerance: float = 1e-6,
) -> Descents:
    """Minimise from many starts (BFGS with backtracking).

    Args:
        function: ``(D', P) → (values (D',), gradients (D', P))``.
        starts: ``(D, P)``.
        max_steps: steps of each descent.
        tolerance: a descent has converged when no entry of its gradient is larger.

    >>> def bowl(x):
    ...     return np.sum(x**2 * [1, 10], axis=1), 2 * x * [1, 10]
    >>> found = descend(bowl, np.array([[1.0, 1.0], [-3.0, 0.5]]))
    >>> bool(found.converged.all()), bool(np.all(found.values < 1e-10))
    (True, True)
    """
    points = np.array(starts, float)
    count, size = points.shape
    values, gradients = function(points)
    values, gradients = np.array(values), np.array(gradients)
    inverse = np.broadcast_to(np.eye(size), (count, size, size)).copy()
    steps = np.zeros(count, int)
    stuck = np.zeros(count, bool)
    for _ in range(max_steps):
        slopes = np.abs(gradients).max(axis=1, initial=0.0)
        active = np.flatnonzero((slopes > tolerance) & ~stuck)
        if not len(active):
            break
        direction = -np.einsum("dij,dj->di", inverse[active], gradients[active])
        uphill = np.einsum("di,di->d", direction, gradients[active]) >= 0
        if uphill.any():
            inverse[active[uphill]] = np.eye(size)
            direction[uphill] = -gradients[active[uphill]]
        moved, new_values, new_gradients, found = _line_search(
            function, points[active], values[active], gradients[active], direction
        )
        stuck[active[~found]] = True
        here = active[found]
        s, y = moved[found] - points[here], new_gradients[found] - gradients[here]
        inverse[here] = _updated(inverse[here], s, y, steps[here] == 0)
        points[here], values[here], gradients[here] = (
            moved[found], new_values[found], new_gradients[found],
        )  # fmt: skip
        steps[here] += 1
    slopes = np.abs(gradients).max(axis=1, initial=0.0)
    return Descents(points, values, slopes, slopes <= tolerance, steps)


def _line_search(function, points, values, gradients, direction):
    """Halve every step until it helps enough."""
    count = len(points)
    # at most a quarter turn per angle
    longest = np.abs(direction).max(axis=1, initial=1e-300)
    length = np.minimum(1.0, (np.pi / 2) / longest)
    promise = np.einsum("di,di->d", direction, gradients)
    out, new_values, new_gradients = points.copy(), values.copy(), gradients.copy()
    found = np.zeros(count, bool)
    while True:
        open_ = np.flatnonzero(~found & (length > _SHORTEST))
        if not len(open_):
            return out, new_values, new_gradients, found
        trial = points[open_] + length[open_, None] * direction[open_]
        value, gradient = function(trial)
        good = value <= values[open_] + _ARMIJO * length[open_] * promise[open_]
        hit = open_[good]
        out[hit], new_values[hit], new_gradients[hit] = trial[good], value[good], gradient[good]
        found[hit] = True
        length[open_[~good]] /= 2


def _updated(inverse, s, y, first) -> np.ndarray:
    """The BFGS update of the inverse Hessian, left out where the curvature is not positive."""
    sy = np.einsum("di,di->d", s, y)
    yy = np.einsum("di,di->d", y, y)
    good = sy > 1e-12 * np.sqrt(yy * np.einsum("di,di->d", s, s))
    scale = np.where(first & good, sy / np.where(yy > 0, yy, 1.0), 1.0)
    inverse = inverse * scale[:, None, None]
    rho = np.where(good, 1 / np.where(good, sy, 1.0), 0.0)
    hy = np.einsum("dij,dj->di", inverse, y)
    yhy = np.einsum("di,di->d", y, hy)
    outer = np.einsum("di,dj->dij", s, hy)
    change = (rho + rho**2 * yhy)[:, None, None] * np.einsum("di,dj->dij", s, s)
    return inverse + change - rho[:, None, None] * (outer + outer.swapaxes(1, 2))
