r"""Gradient descent with Adam's step sizes, full batch, for many starts at once.

Kingma and Ba, arXiv:1412.6980, algorithm 1. Arrays only.
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.fitting.search import Evaluate, Report, Search, half_square, tell

__all__ = ["BETAS", "EPSILON", "adam"]

#: Decay of the running means of the gradient and of its square (Kingma and Ba).
BETAS = (0.9, 0.999)
#: Added to the root of the mean square (Kingma and Ba).
EPSILON = 1e-8


def adam(
    evaluate: Evaluate,
    starts: np.ndarray,
    max_steps: int = 2000,
    learning_rate: float = 0.01,
    rtol: float = 1e-9,
    patience: int = 50,
    scale: float = 1.0,
    report: Report | None = None,
) -> Search:
    r"""Minimise ``½‖r(θ)‖²`` from several starts at once.

    With ``g = s Jᵀr``, :math:`m \leftarrow \beta_1 m + (1-\beta_1) g` and
    :math:`v \leftarrow \beta_2 v + (1-\beta_2) g^2`, step ``t`` is

    .. math::

        \theta \leftarrow \theta - \eta\,
            \frac{m / (1-\beta_1^t)}{\sqrt{v / (1-\beta_2^t)} + \epsilon}.

    The loss may rise on the way, so the best point seen is kept, not the last one.

    Args:
        evaluate: ``θ (D, P) → r (D, m), J (D, m, P)``.
        starts: shape ``(D, P)``.
        max_steps: steps per start.
        learning_rate: ``η``.
        rtol: a step has helped when it lowers the lowest loss so far by more than this share.
        patience: a start is at rest after this many steps in a row that have not helped.
        scale: ``s``; ``2/m`` makes ``g`` the gradient of the mean squared error. It only matters
            where the gradient is as small as ``ε``.
        report: told how many steps are over.

    Returns:
        The best point of every start; the traces hold the losses of all steps.

    >>> line = lambda t: (t - np.array([1.0, 2.0]), np.tile(np.eye(2), (len(t), 1, 1)))
    >>> adam(line, np.zeros((1, 2)), learning_rate=0.1).points.round(2)
    array([[1., 2.]])
    """
    points = np.array(starts, float)
    moments = _Moments(points.shape)
    residual, jacobian = evaluate(points)
    best, lowest = points.copy(), half_square(residual)
    traces = [[loss] for loss in lowest]
    enough = 1e-28 * lowest  # as good as zero
    resting, stalled = lowest <= enough, np.zeros(len(points), int)
    residual, jacobian = residual[~resting], jacobian[~resting]
    for count in range(1, max_steps + 1):
        active = np.flatnonzero(~resting)
        if not active.size:
            break
        slope = scale * np.einsum("dmp,dm->dp", jacobian, residual)
        points[active] -= learning_rate * moments.direction(active, slope, count)
        residual, jacobian = evaluate(points[active])
        losses = half_square(residual)
        for start, loss in zip(active, losses, strict=True):
            traces[start].append(loss)
        helped = losses < (1 - rtol) * lowest[active]
        stalled[active] = np.where(helped, 0, stalled[active] + 1)
        lower = active[losses < lowest[active]]
        lowest[active] = np.minimum(losses, lowest[active])
        best[lower] = points[lower]
        resting[active] = (stalled[active] >= patience) | (losses <= enough[active])
        residual, jacobian = residual[~resting[active]], jacobian[~resting[active]]
        tell(report, count, max_steps, resting)
    return Search(best, lowest, tuple(map(np.array, traces)), resting)


class _Moments:
    """Running means of the gradient and of its square, for every start."""

    def __init__(self, shape: tuple[int, int]):
        self.mean, self.square = np.zeros(shape), np.zeros(shape)

    def direction(self, rows: np.ndarray, slope: np.ndarray, count: int) -> np.ndarray:
        """The means at step ``count``, freed from their start at zero, as a quotient."""
        self.mean[rows] += (1 - BETAS[0]) * (slope - self.mean[rows])
        self.square[rows] += (1 - BETAS[1]) * (slope**2 - self.square[rows])
        root = np.sqrt(self.square[rows] / (1 - BETAS[1] ** count))
        return self.mean[rows] / (1 - BETAS[0] ** count) / (root + EPSILON)
