"""What the rules look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.dead import DeadParameters
from pennylane_trainability.diagnostics.column_space import ColumnSpace
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.diagnostics.target import TargetFit
from pennylane_trainability.results import Claim, Estimate

__all__ = ["Evidence", "exactly"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules look at.

    Attributes:
        space: the column space over the draws.
        rows: coefficients at all draws, ``(D, outputs, K)``; ``None`` where rows are data points.
        frequencies: ``(R, I)`` positive half of the spectrum.
        dead: dead parameters by structure.
        parameters: names of the parameters.
        target: the target seen from the model, if one was given.
        law: how the parameters were drawn.
        level: level of the intervals.
        measured: the measured Jacobian, where the numbers come from a device with shots.
    """

    space: ColumnSpace
    rows: np.ndarray | None
    frequencies: np.ndarray
    dead: DeadParameters
    parameters: tuple[str, ...]
    target: TargetFit | None
    law: str
    level: float
    measured: MeasuredJacobian | None = None

    @property
    def live(self) -> int:
        """Parameters that are not dead."""
        return self.space.n_parameters - len(self.space.dead)

    @property
    def reachable(self) -> int:
        """Coefficients that move.

        Those that repeat other outputs in every draw, as probabilities do, count once.
        """
        if self.rows is None:
            return self.space.reachable_rows
        stack = self.space.jacobians
        outputs, rows = self.rows.shape[1:]
        split = stack.reshape(len(stack), -1, rows, stack.shape[2])
        by_row = split.transpose(2, 1, 0, 3).reshape(rows, outputs, -1)
        values = np.linalg.svd(by_row, compute_uv=False)
        return int(np.sum(values > max(self.space.atol, self.space.rtol * values.max())))

    def names(self, members: Iterable[int], limit: int = 8) -> str:
        """Some parameter names."""
        every = [self.parameters[m] for m in members]
        shown = every[:limit]
        more = len(every) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def exactly(value: float, claim: Claim) -> Estimate:
    """A number without error, as an estimate."""
    return Estimate.known(float(value), claim=claim)
