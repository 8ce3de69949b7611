"""What did the device say: a measured gradient, with its errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from statistics import NormalDist

import numpy as np

from pennylane_trainability.diagnostics.calibrated_errors import CalibratedGradientErrors
from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.diagnostics.gradient_errors import GradientErrors
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, record

__all__ = ["MeasuredGradient"]


@record
class MeasuredGradient(Result):
    r"""Derivatives measured on a device.

    Attributes:
        value: the estimates, ``(P,)`` for a QNode that returns one expectation value; for others
            ``(R, P)``, all ``R`` numbers it returns one after another. Unbiased (but for noise of
            the device, and for ``bound``).
        raw: the same without a calibration; equal to ``value`` if there was none.
        stderr: standard errors of ``value``, the same shape.
        errors: what these come from: outcomes of all circuits.
        bound: how far values can be off because the method was truncated, the same shape; zeros if
            it was not.
        method: how it was measured.
        calibration: what was measured about the device and put into ``value``, if that was asked
            for.
        notes: what a user should know.
        parameters: names of the parameters.
        cost: what was run.
        provenance: device and shots.
        level: level used where none is given.
    """

    value: np.ndarray
    raw: np.ndarray | None = field(default=None, repr=False)
    stderr: np.ndarray
    errors: GradientErrors | CalibratedGradientErrors = field(repr=False)
    bound: np.ndarray = field(repr=False)
    method: str
    calibration: Calibration | None = None
    notes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = field(repr=False)
    cost: Cost
    provenance: Provenance
    level: float = 0.95

    def covariance(self, result: int = 0) -> np.ndarray:
        """Covariance between the derivatives of one result, ``(P, P)``.

        Derivatives that are read from the same circuits have correlated errors.
        """
        return self.errors.covariance(result)

    def interval(self, level: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of normal intervals at a level, widened by ``bound``."""
        quantile = NormalDist().inv_cdf((1 + self._level(level)) / 2)
        reach = quantile * self.stderr + self.bound
        return self.value - reach, self.value + reach

    def moving(self, level: float | None = None) -> np.ndarray:
        """Which derivatives are known not to be zero, all of them together at a level (Bonferroni).

        A derivative that is not listed may still be other than zero; see :meth:`shots_for`.
        """
        count = max(self.value.size, 1)
        quantile = NormalDist().inv_cdf(1 - (1 - self._level(level)) / (2 * count))
        return np.abs(self.value) > quantile * self.stderr + self.bound

    def norm_squared(self, result: int = 0, level: float | None = None) -> Estimate:
        r"""The squared norm of the gradient of one result, without the bias of the noise.

        :math:`\lVert g\rVert^2 - \mathrm{Tr}\,C` with :math:`C` the covariance of the errors; it
        may be negative. Its variance is :math:`4 g^T C g + 2\,\mathrm{Tr}\,C^2`, for normal errors
        and with :math:`g^T C g` itself freed from its bias.
        """
        g, covariance = np.atleast_2d(self.value)[result], self.covariance(result)
        spread = float(np.sum(covariance**2))
        value = float(g @ g - np.trace(covariance))
        variance = 4 * max(float(g @ covariance @ g) - spread, 0.0) + 2 * spread
        law = f"{self.provenance.shots} shots per circuit"
        return Estimate.normal(value, float(np.sqrt(variance)), self._level(level), law)

    def shots_for(self, error: float) -> int:
        """Shots per circuit at which every standard error is at most ``error``."""
        if not error > 0:
            raise ValueError(f"error needs a positive standard error; got {error!r}.")
        worst = float(np.max(self.stderr, initial=0.0))
        mean = float(np.mean(self.errors.shots)) if len(self.errors.shots) else 0.0
        return int(np.ceil(mean * (worst / error) ** 2))

    def heading(self) -> str:
        """The first line that is printed."""
        return "Measured gradient"

    def rows(self) -> Sequence[tuple[str, object]]:
        """Size, method, errors, which move, cost."""
        several = "" if self.value.ndim == 1 else f" of {len(self.value)} results"
        rows: list[tuple[str, object]] = [
            ("derivatives", f"{len(self.parameters)} parameters{several}"),
            ("method", self.method),
            (
                "standard error",
                f"median {np.median(self.stderr) if self.stderr.size else 0:.2g}, "
                f"largest {self.stderr.max(initial=0.0):.2g}",
            ),
        ]
        if self.bound.any():
            rows.append(("truncation", f"changes a value by at most {self.bound.max():.2g}"))
        if self.value.ndim == 1:
            rows.append(("‖∇f‖²", f"{self.norm_squared()}"))
        moving = int(self.moving().sum())
        rows.append(("not zero", f"{moving} of {self.value.size} (together at {self.level:.0%})"))
        if self.calibration is not None:
            rows += self.calibration.rows()
        rows += [("note", note) for note in self.notes]
        return [*rows, ("cost", self.cost), ("device", self.provenance.device)]

    def _level(self, level: float | None) -> float:
        return self.level if level is None else level
