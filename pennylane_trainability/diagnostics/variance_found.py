"""What a method for variances of losses hands back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.results import Cost, Estimate
from pennylane_trainability.statistics.replicates import SpreadEstimate

__all__ = ["Found"]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a method found, arrays ``(1,)`` for a loss and ``(P,)`` for derivatives.

    Attributes:
        method: its name.
        value: the variances.
        error: their standard errors; 0 if exact, NaN if nothing was seen.
        low: lower ends of intervals.
        high: upper ends.
        mean: of the loss, where known.
        samples: values at the draws.
        assumptions: what it rests on.
        notes: what the reader should know.
        n_samples: paths or draws.
        engine: what computed it.
        cost: what was run.
        refused: methods that were tried before, and why they do not apply.
        limit: the variances in the limit of infinite depth, where known.
        raw: the variances as the device gave them, with errors and intervals, if a calibration was
            put into the others.
        calibration: what was measured about the device.
    """

    method: str
    value: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: Estimate | None
    samples: np.ndarray
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    n_samples: int
    engine: str
    cost: Cost
    refused: tuple[tuple[str, str], ...] = ()
    limit: np.ndarray | None = None
    raw: SpreadEstimate | None = None
    calibration: Calibration | None = None
