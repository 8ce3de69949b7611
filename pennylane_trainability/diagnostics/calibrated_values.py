"""Results of a QNode at many inputs, with a calibration put into them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.diagnostics.calibrated import (
    calibrated_tables,
    recalibrated,
    total_of,
)
from pennylane_trainability.diagnostics.calibration import Known
from pennylane_trainability.diagnostics.jacobian_errors import point_errors, value_errors_of
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes

if TYPE_CHECKING:
    from pennylane_trainability.transforms.point_circuits import PointCircuits

__all__ = ["CalibratedValues", "calibrated_values", "check_calibration"]


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedValues:
    """Results at ``G`` points.

    Attributes:
        values: ``(G, outputs)``.
        own: standard errors from the shots of their own circuits, ``(G, outputs)``.
        factors: what the calibration adds, in independent parts, ``(Q, G, outputs)``.
    """

    values: np.ndarray
    own: np.ndarray
    factors: np.ndarray

    def rows(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Combinations ``(K, G)`` of the points, ``(outputs, K)``, and their standard errors."""
        squares = np.einsum("kg,go->ok", matrix**2, self.own**2)
        added = np.einsum("kg,qgo->qok", matrix, self.factors)
        values = np.einsum("kg,go->ok", matrix, self.values)
        return values, np.sqrt(squares + np.sum(added**2, axis=0))


def calibrated_values(
    built: JacobianTapes | PointCircuits, observed: list, shots: int, known: Known
) -> CalibratedValues:
    """Results from what was seen, and what their errors are made of.

    Args:
        built: circuits among which those of the results are.
        observed: what was seen in them.
        shots: of every circuit.
        known: the calibration.
    """
    if isinstance(built, JacobianTapes):

        def corrected(means: np.ndarray) -> JacobianTapes:
            return replace(built, corrected=calibrated_tables(built, known, means))

        def results(means: np.ndarray) -> np.ndarray:
            return corrected(means).means(observed)[0]

        own = value_errors_of(corrected(known.means), observed, shots)
        return CalibratedValues(results(known.means), own, known.factors(results))
    return _at_points(built, observed, known)


def check_calibration(
    asked: bool, level: float, engine: str, qnode, what: str = "the values"
) -> None:
    """Refuse a calibration of what is computed, or of means without outcomes.

    Args:
        asked: whether a calibration was.
        level: of its intervals.
        engine: the engine that was chosen.
        qnode: the QNode.
        what: is computed otherwise, for the message.

    Raises:
        ReadingError: there is nothing that could be calibrated.
        ValueError: the level is none.
    """
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")
    if not asked:
        return
    if engine != "measured":
        raise ReadingError(
            "rescale and mitigate_read_out put a calibration into what a device measures, and "
            f"here {what} are computed ({engine}). Leave them out, or set shots and "
            "engine='measured'."
        )
    if not Shots(qnode.shots):
        raise ReadingError(
            "rescale and mitigate_read_out count outcomes, and this QNode has no shots. Set them "
            "with qml.set_shots(qnode, shots=…), or leave these options out."
        )


def _at_points(built: PointCircuits, observed: list, known: Known) -> CalibratedValues:
    slopes, read_outs = built.values_slopes()[:, None], built.circuits.read_outs
    plain = [point_errors(built, seen, slopes) for seen in observed]
    raw = built.values(observed)[1]
    constants = raw - np.array([total_of(point)[:, 0] for point in plain])

    def at(means: np.ndarray) -> list:
        return [
            recalibrated(point, read_outs, seen, known, means)
            for point, seen in zip(plain, observed, strict=True)
        ]

    def results(means: np.ndarray) -> np.ndarray:
        return constants + np.array([total_of(point)[:, 0] for point in at(means)])

    own = np.sqrt([point.variances()[:, 0] for point in at(known.means)])
    return CalibratedValues(results(known.means), own, known.factors(results))
