r"""Losses and derivatives at parameter draws as they were seen, and with a calibration.

All draws have the same gates, hence one survival ``s`` for every kind of circuit: means of Pauli
words are divided by it, and variances by ``s²``. The calibration is one and the same for all draws,
so that its errors do not average out: they are followed through to the variance (delta method) and
added to the error of the draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pennylane_trainability.diagnostics.calibrated import calibrated_tables
from pennylane_trainability.diagnostics.calibration import Known
from pennylane_trainability.statistics.replicates import SpreadEstimate, ends_of, spread_of_draws
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes

__all__ = ["CalibratedDraws", "Seen", "derivative_noise"]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen at some draws.

    Attributes:
        built: the circuits.
        frequencies: of outcomes, per replicate and basis, ``(S, M, outcomes)`` each.
        shots: of every circuit and replicate; ``None`` for exact means.
        gradient: whether derivatives follow from it, else the loss.
    """

    built: JacobianTapes
    frequencies: tuple[list[np.ndarray], ...]
    shots: int | None
    gradient: bool

    def numbers(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Values ``(R, M, …)``, and noise ``(M, …)`` if one replicate has to tell it."""
        values, noise, built = [], None, self.built
        for frequencies in self.frequencies:
            means = built.means(frequencies)
            values.append(built.jacobian(means)[:, 0] if self.gradient else means[0, :, 0])
            if self.shots and len(self.frequencies) == 1:
                # an unbiased variance of the mean
                variances = built.variances(frequencies, self.shots)
                own = variances[..., 0] * (self.shots / (self.shots - 1))
                noise = derivative_noise(built, own) if self.gradient else own[0]
        return np.array(values), noise


def derivative_noise(built: JacobianTapes, variances: np.ndarray) -> np.ndarray:
    """Variances of derivatives ``(M, P)`` from those of all circuits ``(S, M)``."""
    slopes = built.plan.slopes(built.n_parameters)
    if slopes.shape[2] == 1:
        return ((slopes[..., 0].T @ built.plan.weights) ** 2 @ variances).T
    rows = [
        (slopes[..., g].T @ built.plan.weights) ** 2 @ variances[:, g]
        for g in range(variances.shape[1])
    ]
    return np.array(rows)


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedDraws:
    """What was seen at ``M`` draws, and a calibration.

    Attributes:
        known: the calibration.
        seen: the draws.
    """

    known: Known
    seen: tuple[Seen, ...]

    def __add__(self, other: CalibratedDraws) -> CalibratedDraws:
        """More draws, the same calibration."""
        return CalibratedDraws(self.known, self.seen + other.seen)

    def numbers(self, means: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | None]:
        """Values ``(R, M, …)`` and noise ``(M, …)``, calibrated.

        Args:
            means: of the calibration circuits, if not those that were measured.
        """
        means = self.known.means if means is None else means
        found = []
        for one in self.seen:
            tables = calibrated_tables(one.built, self.known, means)
            found.append(replace(one, built=replace(one.built, corrected=tables)).numbers())
        noise = [own for _, own in found if own is not None]
        values = np.concatenate([own for own, _ in found], axis=1)
        return values, np.concatenate(noise) if noise else None

    def spread(self, level: float) -> SpreadEstimate:
        """The variance over the draws, its error and interval, those of the calibration inside."""

        def variance(means: np.ndarray) -> np.ndarray:
            return spread_of_draws(*self.numbers(means), level)[0]

        value, error, *_ = spread_of_draws(*self.numbers(), level)
        error = np.hypot(error, self._error(variance))
        return (value, error, *ends_of(value, error, level))

    def mean_error(self) -> np.ndarray:
        """What the calibration adds to the error of the mean over the draws."""
        return self._error(lambda means: self.numbers(means)[0].mean(axis=(0, 1)))

    def _error(self, follow: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return np.sqrt(np.sum(self.known.factors(follow) ** 2, axis=0))
