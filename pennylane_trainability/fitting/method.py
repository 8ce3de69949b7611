"""How a fit searches: the settings, checked once, and the search of one block of starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.fitting.adam import adam
from pennylane_trainability.fitting.least_squares import levenberg_marquardt
from pennylane_trainability.fitting.problem import Problem
from pennylane_trainability.fitting.search import Report, Search

__all__ = ["METHODS", "Found", "Method", "check_starts"]

#: Method → steps and patience unless said otherwise.
METHODS = {"levenberg-marquardt": (200, 1), "adam": (2000, 50)}


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the search of one block of starts found.

    Attributes:
        search: where it ended.
        gain: best gain at every end, shape ``(D,)``.
        offset: best offset at every end, shape ``(D,)``.
    """

    search: Search
    gain: np.ndarray
    offset: np.ndarray


@dataclass(frozen=True, slots=True)
class Method:
    """The settings of a search; plain data, so that they can be sent to workers.

    Attributes:
        name: ``"levenberg-marquardt"`` or ``"adam"``.
        max_steps: steps per start.
        tolerance: the share of the loss by which a step must help.
        patience: steps in a row that may help less.
        learning_rate: of Adam.
    """

    name: str
    max_steps: int
    tolerance: float
    patience: int
    learning_rate: float

    @classmethod
    def of(cls, name: str, max_steps, tolerance, patience, learning_rate) -> Method:
        """Settings as the user gives them, with defaults for those that are ``None``.

        Raises:
            ValueError: a method that does not exist, or a setting that makes no search.
        """
        if name not in METHODS:
            raise ValueError(
                f"fit() needs method={' or '.join(map(repr, METHODS))}, but got {name!r}."
            )
        steps, waits = METHODS[name]
        max_steps = steps if max_steps is None else max_steps
        patience = waits if patience is None else patience
        if max_steps < 0 or patience < 1:
            raise ValueError(
                "fit() needs max_steps ≥ 0 and patience ≥ 1, but got "
                f"max_steps={max_steps} and patience={patience}."
            )
        if not (0 <= tolerance < 1 and 0 < learning_rate < float("inf")):
            raise ValueError(
                "fit() needs 0 ≤ tolerance < 1 and a positive learning_rate, but got "
                f"tolerance={tolerance} and learning_rate={learning_rate}."
            )
        return cls(name, max_steps, tolerance, patience, learning_rate)

    def run(self, problem: Problem, starts: np.ndarray, report: Report | None = None) -> Found:
        """Search from one block of starts."""
        search = self._search(problem, starts, report)
        gain, offset, _, _ = problem.solve(search.points)
        return Found(search, gain, offset)

    def _search(self, problem: Problem, starts, report) -> Search:
        common = (problem.residuals, starts, self.max_steps)
        if self.name == "adam":
            scale = 2 / float(np.sum(~problem.held_out))  # gradient of the mean squared error
            return adam(*common, self.learning_rate, self.tolerance, self.patience, scale, report)
        return levenberg_marquardt(*common, self.tolerance, self.patience, report)


def check_starts(restarts: int, threshold: float) -> None:
    """Whether these are numbers of starts and an R² that can be reached.

    Raises:
        ValueError: they are not.
    """
    if restarts < 1:
        raise ValueError(f"fit() needs at least one start, but got restarts={restarts}.")
    if not threshold <= 1:
        raise ValueError(f"fit() needs an R² of at most 1, but got threshold={threshold}.")
