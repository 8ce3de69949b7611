"""Where a search from several starts ended, and the counting of steps all searches share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Evaluate", "Report", "Search", "half_square", "tell"]

#: ``θ (D, P) → r (D, m), J (D, m, P)``.
Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

#: Told how many steps of all starts together are over; those saved by rest count as over.
Report = Callable[[int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Where a search ended.

    Attributes:
        points: the best point of every start, shape ``(D, P)``.
        losses: ``½‖r‖²`` there, shape ``(D,)``.
        traces: the losses after each accepted step of every start, the first one included.
        converged: which starts came to rest, shape ``(D,)``.
    """

    points: np.ndarray
    losses: np.ndarray
    traces: tuple[np.ndarray, ...]
    converged: np.ndarray


def half_square(residual: np.ndarray) -> np.ndarray:
    """``½‖r‖²`` of every start, shape ``(D,)``."""
    return 0.5 * np.sum(residual**2, axis=1)


def tell(report: Report | None, step: int, max_steps: int, resting: np.ndarray) -> None:
    """Report after ``step`` steps of the starts that are not at rest."""
    if report is not None:
        over = int(np.sum(resting))
        report(over * max_steps + (len(resting) - over) * step)
