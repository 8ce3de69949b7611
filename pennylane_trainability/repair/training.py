"""How many steps does a fit need from these starts?"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.fitting import levenberg_marquardt
from pennylane_trainability.fitting.problem import Problem

__all__ = ["steps_to"]


def steps_to(problem: Problem, starts: np.ndarray, threshold: float, max_steps: int) -> np.ndarray:
    """Accepted steps of the fit until ``R² ≥ threshold``, ``inf`` where that is not reached.

    Args:
        problem: QNode and data.
        starts: shape ``(S, P)``.
        threshold: of the R² on the means of the targets at equal inputs.
        max_steps: steps tried per start.

    Returns:
        Shape ``(S,)``.
    """
    used = problem.counts > 0
    means, weights = problem.means[used], problem.counts[used]
    level = np.average(means, weights=weights)
    enough = 0.5 * (1 - threshold) * np.sum(weights * (means - level) ** 2)
    search = levenberg_marquardt(problem.residuals, starts, max_steps)
    steps = np.full(len(starts), np.inf)
    for number, trace in enumerate(search.traces):
        if np.min(trace) <= enough:
            steps[number] = int(np.argmax(trace <= enough))
    return steps
