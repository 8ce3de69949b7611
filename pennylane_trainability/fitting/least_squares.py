r"""Least squares for many starts at once: best read-out in closed form, damped Gauss–Newton steps.

The model is ``a·f(θ) + b``. For every ``θ`` the best gain ``a`` and offset ``b`` are known in
closed form, so only ``θ`` is searched, with the derivative of what is left over (variable
projection: Golub and Pereyra, SIAM J. Numer. Anal. 10, 413 (1973)). The steps are those of
Levenberg and Marquardt. Arrays only.
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.fitting.search import Evaluate, Report, Search, half_square, tell

__all__ = ["FLAT", "levenberg_marquardt", "r_squared", "read_out"]

#: Variance of an output over the data below which it counts as constant.
FLAT = 1e-12


def r_squared(targets: np.ndarray, fitted: np.ndarray) -> float:
    """``1 − Σ(y − ŷ)²/Σ(y − ȳ)²``; NaN where the targets are empty or constant.

    >>> r_squared(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0]))
    0.5
    """
    spread = np.sum((targets - np.mean(targets)) ** 2) if targets.size else 0.0
    return 1 - float(np.sum((targets - fitted) ** 2) / spread) if spread > 0 else float("nan")


def read_out(f, jacobian, targets, weights, affine: bool = True):
    r"""Best gain and offset, and what they leave over, with its derivative.

    With weighted means removed (dots), ``a = ⟨ḟ, ẏ⟩/⟨ḟ, ḟ⟩``, the residual is ``r = a ḟ − ẏ`` and

    .. math::

        \partial r = a\,\partial\dot f + \dot f\,\partial a, \qquad
        \partial a = -\langle\partial\dot f,\, r + a\dot f\rangle / \langle\dot f, \dot f\rangle.

    Args:
        f: outputs, shape ``(D, m)``.
        jacobian: their derivatives, shape ``(D, m, P)``.
        targets: shape ``(m,)``.
        weights: positive, shape ``(m,)``.
        affine: whether there is a read-out; otherwise ``a = 1`` and ``b = 0``.

    Returns:
        Gain ``(D,)``, offset ``(D,)``, residual ``√w·r`` ``(D, m)`` and its derivative
        ``(D, m, P)``. A constant output has gain 0.

    >>> f, targets = np.array([[0.0, 1.0, 2.0]]), np.array([1.0, 3.0, 5.0])
    >>> a, b, r, _ = read_out(f, np.zeros((1, 3, 1)), targets, np.ones(3))
    >>> a, b, r
    (array([2.]), array([1.]), array([[0., 0., 0.]]))
    """
    root = np.sqrt(weights)
    if not affine:
        return np.ones(len(f)), np.zeros(len(f)), root * (f - targets), root[:, None] * jacobian
    share = weights / np.sum(weights)
    mean, level = f @ share, float(targets @ share)
    f, y = root * (f - mean[:, None]), root * (targets - level)
    slope = root[:, None] * (jacobian - np.einsum("m,dmp->dp", share, jacobian)[:, None])
    norm = np.sum(f * f, axis=1)
    flat = norm <= FLAT * np.sum(weights)
    norm = np.where(flat, 1.0, norm)
    gain = np.where(flat, 0.0, (f @ y) / norm)
    residual = gain[:, None] * f - y
    turn = -np.einsum("dmp,dm->dp", slope, residual + gain[:, None] * f) / norm[:, None]
    turn[flat] = 0.0
    derivative = gain[:, None, None] * slope + f[:, :, None] * turn[:, None]
    return gain, level - gain * mean, residual, derivative


def levenberg_marquardt(
    evaluate: Evaluate,
    starts: np.ndarray,
    max_steps: int = 200,
    rtol: float = 1e-9,
    patience: int = 1,
    report: Report | None = None,
) -> Search:
    r"""Minimise ``½‖r(θ)‖²`` from several starts at once.

    A step solves ``min ‖r + Jδ‖² + λ‖δ‖²`` through the singular values of ``J``, so that directions
    without effect stay where they are; ``λ`` falls after a step that helps and grows otherwise.

    Args:
        evaluate: ``θ (D, P) → r (D, m), J (D, m, P)``.
        starts: shape ``(D, P)``.
        max_steps: steps tried per start.
        rtol: a start is at rest when the linear model promises to lower the loss by less than this
            share, or no step helps.
        patience: how many steps in a row must promise so little.
        report: told how many steps are over.

    Returns:
        The end of every start.

    >>> line = lambda t: (t - np.array([1.0, 2.0]), np.tile(np.eye(2), (len(t), 1, 1)))
    >>> levenberg_marquardt(line, np.zeros((1, 2))).points.round(6)
    array([[1., 2.]])
    """
    points = np.array(starts, float)
    residual, jacobian = evaluate(points)
    losses = half_square(residual)
    damping = 1e-2 * np.maximum(np.sum(jacobian**2, axis=(1, 2)) / points.shape[1], 1e-12)
    traces = [[loss] for loss in losses]
    enough = 1e-28 * losses  # as good as zero
    resting, stalled = losses <= enough, np.zeros(len(points), int)
    for count in range(max_steps):
        active = np.flatnonzero(~resting)
        if not active.size:
            break
        step, predicted = _step(residual[active], jacobian[active], damping[active])
        new_residual, new_jacobian = evaluate(points[active] + step)
        new = half_square(new_residual)
        helps = new < losses[active]
        better = active[helps]
        stalled[active] = np.where(predicted <= rtol * losses[active], stalled[active] + 1, 0)
        resting[active] = (stalled[active] >= patience) | (new <= enough[active])
        resting[active] |= damping[active] > 1e12
        points[better] += step[helps]
        residual[better], jacobian[better] = new_residual[helps], new_jacobian[helps]
        losses[better] = new[helps]
        damping[active] *= np.where(helps, 1 / 3, 4.0)
        for start in better:
            traces[start].append(losses[start])
        tell(report, count + 1, max_steps, resting)
    return Search(points, losses, tuple(map(np.array, traces)), resting)


def _step(residual, jacobian, damping) -> tuple[np.ndarray, np.ndarray]:
    """The damped step ``(D, P)``, and what the linear model says it saves ``(D,)``."""
    left, values, right = np.linalg.svd(jacobian, full_matrices=False)
    along = np.einsum("dms,dm->ds", left, residual)
    damping = damping[:, None]
    step = -np.einsum("dsp,ds->dp", right, values * along / (values**2 + damping))
    kept = damping / (values**2 + damping)  # share of the residual along each direction that stays
    return step, 0.5 * np.sum(along**2 * (1 - kept**2), axis=1)
