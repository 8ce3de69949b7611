"""Errors of what a calibration went into: those of its own shots, and those of the calibration.

The calibration circuits are other circuits, so that both are independent, and their variances add.
"""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.diagnostics.gradient_errors import GradientErrors
from pennylane_trainability.diagnostics.jacobian_errors import PointErrors, ShiftErrors
from pennylane_trainability.results import Result, record

__all__ = ["CalibratedGradientErrors", "CalibratedJacobianErrors"]


@record
class CalibratedGradientErrors(Result):
    """Errors of derivatives; see :class:`~.gradient_errors.GradientErrors`.

    Attributes:
        own: errors from the shots of the circuits, at the calibration as it was measured.
        factors: what the calibration adds, in independent parts, ``(Q, R, P)``.
    """

    own: GradientErrors = field(repr=False)
    factors: np.ndarray = field(repr=False)

    @property
    def shots(self) -> np.ndarray:
        """Of every circuit, ``(C,)``."""
        return self.own.shots

    def variances(self) -> np.ndarray:
        """Variance of every number, ``(R, P)``."""
        return self.own.variances() + np.sum(self.factors**2, axis=0)

    def covariance(self, result: int = 0) -> np.ndarray:
        """Covariance between the derivatives of one result, ``(P, P)``."""
        added = self.factors[:, result]
        return self.own.covariance(result) + added.T @ added

    def resampled(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Errors that might have been made instead, ``(B, R, P)``."""
        return self.own.resampled(count, rng) + _drawn(self.factors, count, rng)


@record
class CalibratedJacobianErrors(Result):
    """Errors of a Jacobian; see :class:`~.jacobian_errors.ShiftErrors`.

    Attributes:
        own: errors from the shots of the circuits, at the calibration as it was measured.
        factors: what the calibration adds, in independent parts, ``(Q, outputs·K, P)``.
    """

    own: ShiftErrors | PointErrors = field(repr=False)
    factors: np.ndarray = field(repr=False)

    def stderr(self) -> np.ndarray:
        """Standard error of every entry, ``(outputs·K, P)``."""
        return np.sqrt(self.own.stderr() ** 2 + np.sum(self.factors**2, axis=0))

    def covariance(self, column: int, other: int) -> np.ndarray:
        """Covariance between the entries of two columns, ``(outputs·K, outputs·K)``."""
        added = self.factors[:, :, column].T @ self.factors[:, :, other]
        return self.own.covariance(column, other) + added

    def resampled(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Errors that might have been made instead, ``(B, outputs·K, P)``."""
        return self.own.resampled(count, rng) + _drawn(self.factors, count, rng)


def _drawn(factors: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return np.tensordot(rng.normal(size=(count, len(factors))), factors, 1)
