"""A loss along a line or over a plane through parameter space: the record."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np

from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.diagnostics.variance_record import placed
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, record

__all__ = ["LossSlice"]


@record
class LossSlice(Result):
    """A loss along a line, or over a plane, through parameter space.

    Coordinates are distances in parameter space from the values given.

    Attributes:
        values: the loss, ``(G,)`` along a line, ``(G₁, G₂)`` over a plane.
        stderrs: their standard errors, in the same shape; 0 if exact.
        axes: the coordinates along each direction.
        directions: orthonormal, ``(k, P)``.
        names: what each direction is.
        origin: flat parameters where all coordinates are zero: the values given, ``(P,)``.
        marks: coordinates of the values given and of the other points, ``(m, k)``.
        index: in the shape of the trainable arguments, which parameter stands there, counted from
            one; zero for entries that are not trained.
        parameters: names of the parameters.
        level: of intervals.
        notes: what the reader should know.
        cost: what was run.
        provenance: seed, points, shots, device, engine.
        raw: the values as the device gave them, if a calibration was put into ``values``.
        calibration: what was measured about the device for that; its errors are in ``stderrs``, and
            common to all points.
    """

    values: np.ndarray = field(repr=False)
    stderrs: np.ndarray = field(repr=False)
    axes: tuple[np.ndarray, ...] = field(repr=False)
    directions: np.ndarray = field(repr=False)
    names: tuple[str, ...]
    origin: np.ndarray = field(repr=False)
    marks: np.ndarray = field(repr=False)
    index: Any = field(repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    level: float = 0.95
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance
    raw: np.ndarray | None = field(default=None, repr=False)
    calibration: Calibration | None = None

    @property
    def n_parameters(self) -> int:
        """Number of parameters ``P``."""
        return len(self.origin)

    @property
    def exact(self) -> bool:
        """Whether no value has a statistical error."""
        return bool(np.all(self.stderrs == 0))

    def at(self, *coordinates: float) -> Any:
        """The parameters at a point of the slice, in the shape of the trainable arguments.

        Entries that are not trained are NaN.

        Args:
            *coordinates: one per direction.

        Raises:
            ValueError: there are more or fewer than directions.
        """
        if len(coordinates) != len(self.directions):
            raise ValueError(
                f"at() needs {len(self.directions)} coordinates, one per direction; got "
                f"{len(coordinates)}."
            )
        flat = self.origin + np.array(coordinates, float) @ self.directions
        return placed(self.index, np.concatenate([[np.nan], flat]))

    def lowest(self) -> tuple[tuple[float, ...], Estimate]:
        """Coordinates of the lowest value of the grid, and that value.

        The lowest of noisy values is lower than the truth on average.
        """
        return self._extreme(np.argmin)

    def highest(self) -> tuple[tuple[float, ...], Estimate]:
        """Coordinates of the highest value of the grid, and that value."""
        return self._extreme(np.argmax)

    def _extreme(self, choose) -> tuple[tuple[float, ...], Estimate]:
        place = np.unravel_index(int(choose(self.values)), self.values.shape)
        where = tuple(float(axis[k]) for axis, k in zip(self.axes, place, strict=True))
        value, error = float(self.values[place]), float(self.stderrs[place])
        if self.exact:
            return where, Estimate.known(value)
        return where, Estimate.normal(value, error, self.level, "shots")

    def heading(self) -> str:
        """The first line that is printed."""
        kind = "along a line" if len(self.axes) == 1 else "over a plane"
        return f"Loss {kind} through {self.n_parameters} parameters"

    def rows(self) -> list[tuple[str, object]]:
        """Grid, extremes, largest error, cost."""
        rows: list[tuple[str, object]] = []
        for k, (name, axis) in enumerate(zip(self.names, self.axes, strict=True), start=1):
            grid = f"{name}, {axis[0]:.3g} to {axis[-1]:.3g}, {len(axis)} points"
            rows.append((f"axis {k}" if len(self.axes) > 1 else "axis", grid))
        for label, (where, value) in (("lowest", self.lowest()), ("highest", self.highest())):
            place = ", ".join(f"{t:.3g}" for t in where)
            rows.append((label, f"{value} at {place}"))
        if not self.exact:
            rows.append(("standard errors", f"up to {np.max(self.stderrs):.2g}"))
        if self.raw is not None and self.calibration is not None:
            rows.append(("without calibration", f"{self.raw.min():.4g} to {self.raw.max():.4g}"))
            rows += self.calibration.rows()
        rows += [("notes", "\n".join(self.notes))] if self.notes else []
        return [*rows, ("cost", self.cost), ("engine", self.provenance.engine)]
