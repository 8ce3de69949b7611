"""Derivatives and Jacobians with a calibration put into them, and how far they can be off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pennylane_trainability.circuits.tableau import bits
from pennylane_trainability.diagnostics.calibrated_errors import (
    CalibratedGradientErrors,
    CalibratedJacobianErrors,
)
from pennylane_trainability.diagnostics.calibration import Known
from pennylane_trainability.diagnostics.gradient_errors import GradientErrors
from pennylane_trainability.diagnostics.jacobian_errors import PointErrors, ShiftErrors
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.statistics.flips import (
    corrected_returns,
    corrected_table,
    corrected_words,
)
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes
from pennylane_trainability.transforms.qfim_circuits.read_outs import Observed, ReadOut

if TYPE_CHECKING:
    from pennylane_trainability.transforms.point_circuits import PointCircuits

__all__ = [
    *("calibrated_gradient", "calibrated_jacobian", "calibrated_tables"),
    *("corrected_outcomes", "own_tapes", "recalibrated", "refuse_parities", "total_of"),
]


def own_tapes(built: JacobianTapes | PointCircuits) -> list:
    """The circuits of one point, unshifted: all others have the gates of one of these."""
    if isinstance(built, JacobianTapes):
        return built.tapes[: len(built.bases)]
    return built.tapes[: built.question.n_circuits]


def calibrated_gradient(
    errors: GradientErrors, read_outs: Sequence, observed: Sequence, known: Known
) -> tuple[np.ndarray, CalibratedGradientErrors]:
    """Derivatives ``(R, P)``, and their errors.

    Args:
        errors: of the derivatives without a calibration.
        read_outs: how every circuit was read.
        observed: what was seen in it.
        known: the calibration.
    """

    def at(means: np.ndarray) -> GradientErrors:
        return recalibrated(errors, read_outs, observed, known, means)

    factors = known.factors(lambda means: total_of(at(means)))
    own = at(known.means)
    return total_of(own), CalibratedGradientErrors(own=own, factors=factors)


def calibrated_jacobian(
    errors: ShiftErrors | PointErrors, built: JacobianTapes | PointCircuits, observed, known: Known
) -> tuple[np.ndarray, CalibratedJacobianErrors]:
    """A Jacobian ``(outputs·K, P)``, and its errors.

    Args:
        errors: of the Jacobian without a calibration.
        built: its circuits.
        observed: what was seen in them.
        known: the calibration.
    """

    def at(means: np.ndarray) -> ShiftErrors | PointErrors:
        if isinstance(errors, ShiftErrors):
            return _with_tables(errors, calibrated_tables(built, known, means))  # type: ignore[arg-type]
        read_outs = built.circuits.read_outs  # type: ignore[union-attr]
        points = tuple(
            recalibrated(point, read_outs, seen, known, means)
            for point, seen in zip(errors.points, observed, strict=True)
        )
        return PointErrors(points=points, matrix=errors.matrix, size=errors.size)

    factors = known.factors(lambda means: _jacobian(at(means)))
    own = at(known.means)
    return _jacobian(own), CalibratedJacobianErrors(own=own, factors=factors)


def recalibrated(
    errors: GradientErrors, read_outs, observed, known: Known, means: np.ndarray
) -> GradientErrors:
    """The same circuits, with corrected values of outcomes, and slopes over the survival."""
    flips = known.flips(means)
    survival = np.broadcast_to(known.per_circuit(means), (len(errors.slopes),))
    values = errors.values
    if flips is not None:
        own = zip(read_outs, observed, strict=True)
        values = tuple(corrected_outcomes(read, seen, known, flips) for read, seen in own)
    return GradientErrors(
        slopes=tuple(one / s for one, s in zip(errors.slopes, survival, strict=True)),
        values=values,
        weights=errors.weights,
        shots=errors.shots,
    )


def corrected_outcomes(read, seen, known: Known, flips: np.ndarray) -> np.ndarray:
    """Values of the observables of one circuit in its outcomes, corrected, ``(W, u)``.

    Args:
        read: what its bits mean.
        seen: what was seen.
        known: the calibration, whose wires may be more and in another order.
        flips: of the wires of the calibration, ``(w, 2)``.

    Raises:
        ReadingError: no outcomes were kept.
    """
    if not isinstance(read, ReadOut) or not isinstance(seen, Observed) or seen.outcomes is None:
        raise ReadingError("mitigate_read_out needs outcomes; use read_out='counts'.")
    n, order = len(read.wires), [known.made.wires.index(w) for w in read.wires]
    # bits of masks are counted from the last wire
    rows = bits([int(i) for i in seen.outcomes], n)[:, ::-1]
    if read.start is not None:
        start = bits([read.start], n)[0, ::-1]
        return 2 * corrected_returns(rows, start, flips[order])[None] - 1
    words = bits(list(read.masks), n)[:, ::-1]
    return corrected_words(rows, words, np.array(read.signs), flips[order])


def total_of(errors: GradientErrors) -> np.ndarray:
    """What the means of all circuits make of it, ``(R, P)``."""
    total = np.zeros(errors.slopes[0].shape[:2]) if errors.slopes else np.zeros((0, 0))
    for slopes, values, weights in zip(errors.slopes, errors.values, errors.weights, strict=True):
        means = values @ weights / weights.sum() if weights.size else values[:, 0]
        total = total + slopes @ means
    return total


def calibrated_tables(
    built: JacobianTapes, known: Known, means: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Values of outcomes per basis without flips, and farther from their centre by ``1/s``.

    Args:
        built: the circuits of the answer.
        known: the calibration.
        means: of the calibration circuits, those of ``known`` or others near them.
    """
    flips = known.flips(means)
    survival = known.per_circuit(means)[: len(built.bases)]
    survival = np.broadcast_to(survival, (len(built.bases),))
    if flips is not None:
        refuse_parities(built)
    out = []
    for basis, table, s in zip(built.bases, built.tables, survival, strict=True):
        centre = table.mean(axis=1, keepdims=True)  # of the maximally mixed state
        if flips is not None:
            order = [known.made.wires.index(w) for w in basis.wires]
            table = corrected_table(table, flips[order])
        out.append((table - centre) / s + centre)
    return tuple(out)


def refuse_parities(built: JacobianTapes) -> None:
    """Refuse circuits of which only the parity of all wires is kept.

    Raises:
        ReadingError: there is one.
    """
    for basis in built.bases:
        if basis.parity:
            raise ReadingError(
                f"mitigate_read_out keeps all outcomes, and a word on {len(basis.wires)} wires "
                "has too many of them here; use measure_gradient, or leave it out."
            )


def _with_tables(errors: ShiftErrors, tables: tuple[np.ndarray, ...]) -> ShiftErrors:
    return ShiftErrors(
        counts=errors.counts, values=tables, slopes=errors.slopes, matrix=errors.matrix
    )


def _jacobian(errors: ShiftErrors | PointErrors) -> np.ndarray:
    """``(outputs·K, P)``."""
    if isinstance(errors, PointErrors):
        total = np.zeros((errors.size[0], len(errors.matrix), errors.size[1]))
        for weights, point in zip(errors.matrix.T, errors.points, strict=True):
            if point.slopes:
                total += weights[:, None] * total_of(point)[:, None]
        return total.reshape(-1, errors.size[1])
    means = 0.0
    for counts, values in zip(errors.counts, errors.values, strict=True):
        means = means + counts / counts.sum(axis=-1, keepdims=True) @ values.T
    slopes = np.broadcast_to(errors.slopes, (*errors.slopes.shape[:2], errors.matrix.shape[1]))
    rows = np.einsum("kg,sgo,spg->okp", errors.matrix, means, slopes, optimize=True)
    return rows.reshape(-1, rows.shape[-1])
