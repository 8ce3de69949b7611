"""How well a shape was trained on the target: what its training runs say."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.fitting.starts import Starts
from pennylane_trainability.results import Estimate, Result, record
from pennylane_trainability.statistics.bootstrap import quantile

__all__ = ["ShapeFit"]


@record
class ShapeFit(Result):
    """The training runs of one shape on one target.

    The intervals are over starts: they say how another draw of starts would do on *this* target,
    not how the shape does on other targets.

    Attributes:
        name: the shape.
        readout: ``"affine"`` if ``a·f + b`` was fitted, ``"none"`` for ``f`` itself.
        starts: every start, with its trace.
        level: of the intervals.
    """

    name: str
    readout: str
    starts: Starts = field(repr=False)
    level: float = 0.95

    @property
    def r2(self) -> float:
        """R² of the best start."""
        return float(self.starts.r2[self.starts.best])

    @property
    def median_r2(self) -> float:
        """R², median over the starts."""
        return float(np.median(self.starts.r2))

    @property
    def success(self) -> Estimate:
        """Share of the starts that reached the threshold, with Wilson's interval."""
        return self.starts.success(self.level)

    @property
    def steps(self) -> Estimate:
        """Steps to the threshold, median over the starts that reached it; NaN if none did.

        The interval lies between order statistics.
        """
        reached = self.starts.steps_to_threshold[self.starts.succeeded]
        law = "starts that reached the threshold"
        if reached.size == 0:
            return Estimate(value=np.nan, level=self.level, law=law)
        return quantile(reached, 0.5, level=self.level, law=law)

    @property
    def gain(self) -> float:
        """``a`` of ``a·f + b`` at the best start; 1 without a read-out."""
        return float(self.starts.gains[self.starts.best])

    @property
    def described(self) -> str:
        """How it was trained."""
        starts = self.starts
        read_out = "affine read-out" if self.readout == "affine" else "no read-out"
        return (
            f"{starts.provenance.n_samples} starts, {starts.method}, {read_out}, "
            f"success is R² ≥ {starts.threshold:g}"
        )

    def line(self) -> str:
        """What came of it, on one line."""
        reached = f", median {self.steps.value:g} steps" if self.success.value > 0 else ""
        return (
            f"R² {self.r2:.4f}, success {self.success.value:.3g} {self.success.interval()}"
            f"{reached}, gain {self.gain:.3g}"
        )

    def rows(self) -> list[tuple[str, object]]:
        """How good, how often, how fast, with which gain."""
        return [
            ("training", self.described),
            ("R²", f"best {self.r2:.4f}, median {self.median_r2:.4f}"),
            ("success", self.success),
            ("steps to the threshold", self.steps),
            ("gain", f"{self.gain:.4g}"),
        ]

    def heading(self) -> str:
        """Its name."""
        return self.name
