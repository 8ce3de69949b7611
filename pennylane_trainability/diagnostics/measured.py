"""What did the device say: a measured coefficient Jacobian, with its errors."""

from __future__ import annotations

from dataclasses import field
from statistics import NormalDist

import numpy as np

from pennylane_trainability.diagnostics.calibrated_errors import CalibratedJacobianErrors
from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.diagnostics.jacobian_errors import PointErrors, ShiftErrors
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, record
from pennylane_trainability.statistics.noise_floor import NoiseFloor, singular_value_floor

__all__ = ["MeasuredJacobian"]


@record
class MeasuredJacobian(Result):
    r"""A coefficient Jacobian measured on a device, with everything its errors need.

    Attributes:
        value: ``(R, P)``; rows are the ``K`` coefficients of the first output, then of the next;
            columns are the parameters that were measured.
        raw: the same without a calibration; equal to ``value`` if there was none.
        errors: outcomes of all circuits, and how the entries follow from them.
        gradient: how derivatives were measured.
        parameters: names of the columns.
        n_parameters: how many parameters there are; fewer columns are a sketch for the rank.
        shots: shots per circuit.
        coefficients: the coefficients themselves, ``(outputs, K)``, where their circuits were run
            too.
        coefficient_stderr: their standard errors, ``(outputs, K)``.
        calibration: what was measured about the device and put into ``value``, if that was asked
            for.
        notes: what a user should know.
        cost: what was run.
        provenance: device, shots, seed of the resampling and of the columns.
        level: level used where none is given.
    """

    value: np.ndarray
    raw: np.ndarray | None = field(default=None, repr=False)
    errors: ShiftErrors | PointErrors | CalibratedJacobianErrors = field(repr=False)
    gradient: str = "shift"
    parameters: tuple[str, ...] = field(repr=False)
    n_parameters: int
    shots: int
    coefficients: np.ndarray | None = field(default=None, repr=False)
    coefficient_stderr: np.ndarray | None = field(default=None, repr=False)
    calibration: Calibration | None = None
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance
    level: float = 0.95

    @property
    def stderr(self) -> np.ndarray:
        """Standard error of every entry, ``(R, P)``, from the device's own counts.

        Outcome probabilities are smoothed (Agresti–Coull), so that circuits whose shots all agree
        do not pass for certain.
        """
        return self.errors.stderr()

    def covariance(self, column: int, other: int | None = None) -> np.ndarray:
        """Covariance between the entries of two columns (one by default), ``(R, R)``.

        What comes from different circuits is independent; within one circuit the covariance is
        taken from the counts.
        """
        return self.errors.covariance(column, column if other is None else other)

    def interval(self, level: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of normal intervals at a level, each ``(R, P)``."""
        level = self.level if level is None else level
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.stderr
        return self.value - reach, self.value + reach

    def noise_floor(self, level: float | None = None, n_resamples: int = 399) -> NoiseFloor:
        """How large noise alone makes the singular values (parametric bootstrap of the counts)."""
        rng = np.random.default_rng(self.provenance.seed)
        return singular_value_floor(
            self.value,
            lambda count: self.value + self.errors.resampled(count, rng),
            n_resamples=n_resamples,
            level=self.level if level is None else level,
        )

    def rank(self, level: float | None = None) -> Estimate:
        """A lower bound on the rank at a level: singular values above the noise floor (Weyl).

        Of all parameters, also where only some columns were measured: columns that are left out
        can only lower the rank.
        """
        return self.noise_floor(level).rank_estimate(level, law=f"{self.shots} shots per circuit")

    def rows(self) -> list[tuple[str, object]]:
        """Size, errors, rank and cost."""
        floor = self.noise_floor()
        sketch = len(self.parameters) < self.n_parameters
        columns = f"{self.value.shape[1]} of {self.n_parameters}" if sketch else self.n_parameters
        return [
            ("matrix", f"{self.value.shape[0]} rows × {columns} parameters"),
            ("gradient", self.gradient),
            (
                "standard error",
                f"median {np.median(self.stderr):.2g}, largest {self.stderr.max():.2g}",
            ),
            ("rank", floor.rank_estimate(law=f"{self.shots} shots per circuit")),
            ("noise floor", f"{floor.floor():.3g} ({self.level:.0%}); σ₁ = {floor.values[0]:.3g}"),
            *(() if self.calibration is None else self.calibration.rows()),
            *(("note", note) for note in self.notes),
            ("cost", self.cost),
            ("device", self.provenance.device),
        ]
