"""How far can a measured Jacobian be off? From the outcomes of its circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from pennylane_trainability.diagnostics.gradient_errors import GradientErrors
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.results import Result, record
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.statistics.counts import resample_counts, smoothed_probabilities
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes
from pennylane_trainability.transforms.qfim_circuits.read_outs import Observed

if TYPE_CHECKING:
    from pennylane_trainability.transforms.point_circuits import PointCircuits

__all__ = [
    *("PointErrors", "ShiftErrors", "check_size", "errors_of", "point_errors"),
    "value_errors_of",
]


@record
class ShiftErrors(Result):
    r"""Errors of a Jacobian that comes from shifted circuits.

    ``J = T · S · W · m`` is linear in the means ``m`` of the circuits: the transform ``T`` from
    input points to rows, the chain rule ``S``, the shift rule ``W``. Circuits are independent.

    Attributes:
        counts: outcome counts per measurement basis, ``(S, G, outcomes)``.
        values: value of every outcome per basis, ``(outputs, outcomes)``.
        slopes: ``S · W``, ``(S, P, G or 1)``.
        matrix: ``T``, ``(K, G)``.
    """

    counts: tuple[np.ndarray, ...] = field(repr=False)
    values: tuple[np.ndarray, ...] = field(repr=False)
    slopes: np.ndarray = field(repr=False)
    matrix: np.ndarray = field(repr=False)

    @property
    def variances(self) -> np.ndarray:
        """Sampling variance of every mean, ``(S, G, outputs)``."""
        parts = zip(self.counts, self.values, strict=True)
        return np.sum([_variances(*part) for part in parts], axis=0)

    def stderr(self) -> np.ndarray:
        """Standard error of every entry, ``(outputs·K, P)``."""
        squares = _spread(self.slopes**2, self.matrix.shape[1])
        by_point = np.einsum("spg,sgo->pgo", squares, self.variances)
        rows = np.einsum("kg,pgo->okp", self.matrix**2, by_point)
        return np.sqrt(rows.reshape(-1, rows.shape[-1]))

    def covariance(self, column: int, other: int) -> np.ndarray:
        """Covariance between the entries of two columns, ``(outputs·K, outputs·K)``."""
        products = self.slopes[:, column] * self.slopes[:, other]
        weight = np.broadcast_to(products, (len(products), self.matrix.shape[1]))
        parts = zip(self.counts, self.values, strict=True)
        each = [np.einsum("sg,sgop->gop", weight, _covariances(*part)) for part in parts]
        block = np.sum(each, axis=0)
        full = np.einsum("kg,lg,gop->okpl", self.matrix, self.matrix, block)
        size = full.shape[0] * full.shape[1]
        return full.reshape(size, size)

    def resampled(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Errors that might have been made instead, ``(B, outputs·K, P)``."""
        slopes = _spread(self.slopes, self.matrix.shape[1])
        out = []
        for _ in range(count):
            errors: Any = 0.0
            for counts, values in zip(self.counts, self.values, strict=True):
                drawn = resample_counts(counts, 1, rng)[0]
                total = drawn.sum(axis=-1, keepdims=True)
                errors = errors + (drawn / total - smoothed_probabilities(counts)) @ values.T
            rows = np.einsum("kg,sgo,spg->okp", self.matrix, errors, slopes, optimize=True)
            out.append(rows.reshape(-1, rows.shape[-1]))
        return np.array(out)


@record
class PointErrors(Result):
    """Errors of a Jacobian that comes from gradients at many input points.

    Attributes:
        points: errors of the derivatives at every point, ``G`` of them.
        matrix: from the points to the rows, ``(K, G)``.
        size: numbers of outputs and of columns.
    """

    points: tuple[GradientErrors, ...] = field(repr=False)
    matrix: np.ndarray = field(repr=False)
    size: tuple[int, int]

    def stderr(self) -> np.ndarray:
        """Standard error of every entry, ``(outputs·K, P)``."""
        total = np.zeros((self.size[0], len(self.matrix), self.size[1]))
        for weights, point in zip(self.matrix.T, self.points, strict=True):
            if point.slopes:
                total += weights[:, None] ** 2 * point.variances()[:, None]
        return np.sqrt(total.reshape(-1, self.size[1]))

    def covariance(self, column: int, other: int) -> np.ndarray:
        """Covariance between the entries of two columns, ``(outputs·K, outputs·K)``."""
        n, size = self.size[0], self.size[0] * len(self.matrix)
        block = np.zeros((self.matrix.shape[1], n, n))
        for own, point in zip(block, self.points, strict=True):
            if point.slopes:
                own += point.across(column, other)
        full = np.einsum("kg,lg,gop->okpl", self.matrix, self.matrix, block)
        return full.reshape(size, size)

    def resampled(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Errors that might have been made instead, ``(B, outputs·K, P)``."""
        total = np.zeros((count, self.size[0], len(self.matrix), self.size[1]))
        for weights, point in zip(self.matrix.T, self.points, strict=True):
            if point.slopes:
                total += weights[:, None] * point.resampled(count, rng)[:, :, None]
        return total.reshape(count, -1, self.size[1])


def check_size(built: JacobianTapes | PointCircuits) -> None:
    """Refuse what has more slopes than there is room for.

    Raises:
        BudgetError: nothing was run; the message says how to go on.
    """
    if isinstance(built, JacobianTapes):
        return
    problem, scheme = built.question.problem, built.question.plan.arrangement.scheme
    outputs, count = len(problem.outputs.coefficients), problem.circuit.n_parameters
    needed = 8 * outputs * count * len(scheme.target_words) * built.matrix.shape[1]
    if needed > DEFAULT_MEMORY:
        raise BudgetError(
            f"The errors of {outputs} × {count} derivatives from {len(scheme.target_words)} Pauli "
            f"words at {built.matrix.shape[1]} inputs need {needed / 2**30:.1f} GiB. Nothing was "
            "run. Take fewer parameters (argnums, or directions for the rank), another gradient, "
            "or coefficient_jacobian, which has no errors."
        )


def errors_of(
    built: JacobianTapes | PointCircuits, observed: list, shots: int, columns: Sequence[int]
) -> ShiftErrors | PointErrors:
    """The errors of some columns of a Jacobian.

    Args:
        built: its circuits.
        observed: what was seen in them.
        shots: of every circuit.
        columns: numbers of the parameters.
    """
    if isinstance(built, JacobianTapes):
        slopes = built.plan.slopes(built.n_parameters)[:, columns]
        return ShiftErrors(
            counts=tuple(np.rint(f * shots).astype(np.int64) for f in observed),
            values=built.tables,
            slopes=np.einsum("apg,as->spg", slopes, built.plan.weights, optimize=True),
            matrix=built.matrix,
        )
    problem, scheme = built.question.problem, built.question.plan.arrangement.scheme
    points = []
    for g, seen in enumerate(observed):
        points.append(point_errors(built, seen, scheme.matrix(problem, g)[:, columns]))
    size = (len(problem.outputs.coefficients), len(columns))
    return PointErrors(points=tuple(points), matrix=built.matrix, size=size)


def value_errors_of(built: JacobianTapes | PointCircuits, observed: list, shots: int) -> np.ndarray:
    """Standard errors of the results at every point, ``(G, outputs)``, if they were measured."""
    if isinstance(built, JacobianTapes):
        counts = [np.rint(f[:1] * shots) for f in observed]
        parts = zip(counts, built.tables, strict=True)
        return np.sqrt(np.sum([_variances(*part)[0] for part in parts], axis=0))
    slopes = built.values_slopes()[:, None]
    found = [point_errors(built, seen, slopes).variances()[:, 0] for seen in observed]
    return np.sqrt(np.array(found))


def point_errors(built: PointCircuits, seen: Sequence, matrix: np.ndarray) -> GradientErrors:
    """Errors of combinations ``(R, P, T)`` of the means at one point."""
    readings = built.question.plan.arrangement.readings
    outcomes = [o for o in seen if isinstance(o, Observed)]
    if len(outcomes) < len(seen):
        raise TypeError("Circuits of a Jacobian are read by their outcomes.")
    return GradientErrors(
        slopes=tuple(matrix[:, :, list(reading.targets)] for reading in readings),
        values=tuple(o.values.astype(float) for o in outcomes),
        weights=tuple(o.weights for o in outcomes),
        shots=np.array([o.weights.sum() for o in outcomes], float),
    )


def _spread(slopes: np.ndarray, n_points: int) -> np.ndarray:
    return np.broadcast_to(slopes, (*slopes.shape[:2], n_points))


def _variances(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``(S, G, outputs)`` variances of the means of one basis."""
    p = smoothed_probabilities(counts)
    shots = counts.sum(axis=-1)[..., None]
    return np.maximum(p @ values.T**2 - (p @ values.T) ** 2, 0.0) / shots


def _covariances(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``(S, G, outputs, outputs)`` covariances of the means of one basis."""
    p = smoothed_probabilities(counts)
    mean = p @ values.T
    second = np.einsum("sgm,om,pm->sgop", p, values, values, optimize=True)
    shots = counts.sum(axis=-1)[..., None, None]
    return (second - mean[..., :, None] * mean[..., None, :]) / shots
