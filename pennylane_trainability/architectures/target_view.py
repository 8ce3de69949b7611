"""A target seen from a shape: how much is reachable, how well parameters are aligned, how fast."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pennylane_trainability.circuits.arguments import to_numpy
from pennylane_trainability.diagnostics.column_space.spectrum import ATOL, RTOL, numerical_rank
from pennylane_trainability.diagnostics.target import target_fit
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.fourier import Spectrum
from pennylane_trainability.results import Result, record

__all__ = ["Target", "TargetView", "target_points", "view_target"]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A target on points: ``(n, I)`` and ``(n,)``."""

    points: np.ndarray
    values: np.ndarray


@record
class TargetView(Result):
    """A target seen from a model at every draw; errors within the model's spectrum.

    Attributes:
        outside_spectrum: share of the target's energy that no coefficient of the spectrum gives.
        scatter: share of the target's energy that is scatter among equal inputs.
        target_scale: standard deviation of the target over the points.
        model_scales: standard deviation of the model over the same points, ``(D,)``.
        aligned: ``‖Jᵀe‖/‖e‖`` per draw: the slope of the error's own size.
        outside: share of ``‖e‖²`` outside the column space of ``J``, per draw.
        aligned_affine: the same with the best gain and offset ``a·f + b``.
        outside_affine: the same, where gain and offset are two more columns.
        times: time of linearised gradient flow until R² = 0.95, per draw; infinite where it never
            comes. A prediction: ``J`` is taken as constant.
    """

    outside_spectrum: float
    scatter: float
    target_scale: float
    model_scales: np.ndarray = field(repr=False)
    aligned: np.ndarray = field(repr=False)
    outside: np.ndarray = field(repr=False)
    aligned_affine: np.ndarray = field(repr=False)
    outside_affine: np.ndarray = field(repr=False)
    times: np.ndarray = field(repr=False)


def target_points(target: Any, n_rows: int, n_inputs: int, amplitude: float | None) -> Target:
    """Where a target is known, and its values there.

    Args:
        target: a function of the inputs ``(n, I) → (n,)``, or ``(data, values)``.
        n_rows: rows of the largest model; a function is sampled at eight times as many points, for
            one input evenly over 2π, else drawn uniformly.
        n_inputs: number of inputs ``I``.
        amplitude: largest size of the values after scaling; ``None`` leaves them as they are.

    Raises:
        ReadingError: points and values do not fit, or cannot be scaled.
    """
    points, values = _sampled(target, 8 * n_rows, n_inputs)
    points = points.reshape(len(points), -1) if points.ndim else points
    if points.ndim != 2 or points.shape[1] != n_inputs or values.shape != (len(points),):
        raise ReadingError(
            f"target needs points of shape (n, {n_inputs}) and values of shape (n,); got "
            f"{points.shape} and {values.shape}. Pass (data, values), or a function that takes an "
            "array of points and returns one value for each."
        )
    if not (np.all(np.isfinite(points)) and np.all(np.isfinite(values))) or not values.any():
        raise ReadingError("target needs finite numbers that are not all zero. Leave others out.")
    if amplitude is not None:
        if not amplitude > 0:
            raise ReadingError(f"amplitude needs a positive number or None; got {amplitude!r}.")
        values = values * (amplitude / np.abs(values).max())
    return Target(points, values)


def _sampled(target, count: int, n_inputs: int) -> tuple[np.ndarray, np.ndarray]:
    if callable(target):
        points = np.linspace(-np.pi, np.pi, count, endpoint=False)[:, None]
        if n_inputs > 1:
            points = np.random.default_rng(0).uniform(-np.pi, np.pi, (count, n_inputs))
        values = to_numpy(target(points))
        return points, values[:, 0] if values.shape == (count, 1) else values
    if not isinstance(target, (tuple, list)) or len(target) != 2:
        raise ReadingError(
            f"target needs (data, values) or a function of the inputs; got {type(target).__name__}."
        )
    return to_numpy(target[0]), to_numpy(target[1])


def view_target(
    target: Target, spectrum: Spectrum, coefficients: np.ndarray, jacobians: np.ndarray
) -> TargetView:
    """Compare a target with a model at all draws.

    Args:
        target: the target.
        spectrum: the model's spectrum.
        coefficients: ``(D, K)``.
        jacobians: ``(D, K, P)``.
    """
    fixed = target_fit(
        spectrum, target.points, target.values[:, None], coefficients[:, None], jacobians[:1]
    )
    # an orthonormal basis of what the spectrum gives on the points: means over the points
    basis = spectrum.basis(target.points) / np.sqrt(len(target.points))
    frame, values, _ = np.linalg.svd(basis, full_matrices=False)
    frame = frame[:, values > 1e-10 * values[0]]
    wanted = frame.T @ target.values / np.sqrt(len(target.points))
    change = frame.T @ basis
    found, slopes = coefficients @ change.T, change @ jacobians
    error = found - wanted
    unit = frame.sum(axis=0) / np.sqrt(len(target.points))
    gain, offset = _affine(found, wanted, unit)
    scaled = gain[:, None, None] * slopes
    rest = gain[:, None] * found + offset[:, None] * unit - wanted
    own = np.stack([found, np.broadcast_to(unit, found.shape)], axis=-1)
    spare = 0.05 * np.var(target.values) - np.mean(target.values**2) + wanted @ wanted
    return TargetView(
        outside_spectrum=fixed.outside_spectrum,
        scatter=fixed.scatter,
        target_scale=fixed.target_scale,
        model_scales=fixed.model_scales,
        aligned=_alignment(slopes, error),
        outside=_outside(slopes, error),
        aligned_affine=_alignment(scaled, rest),
        outside_affine=_outside(np.concatenate([scaled, own], axis=-1), rest),
        times=_times(slopes, error, float(spare)),
    )


def _affine(found: np.ndarray, wanted: np.ndarray, unit: np.ndarray):
    """Least-squares gain and offset of every draw; gain 0 where the output is constant."""
    mean, centre = found @ unit, wanted @ unit
    moved = found - mean[:, None] * unit
    size = np.sum(moved**2, axis=-1)
    gain = np.where(size > 1e-20, moved @ wanted / np.where(size > 1e-20, size, 1.0), 0.0)
    return gain, centre - gain * mean


def _alignment(slopes: np.ndarray, error: np.ndarray) -> np.ndarray:
    size = np.linalg.norm(error, axis=-1)
    step = np.linalg.norm(np.einsum("dkp,dk->dp", slopes, error), axis=-1)
    return np.where(size > 0, step / np.where(size > 0, size, 1.0), 0.0)


def _modes(slopes: np.ndarray, error: np.ndarray):
    """Rates of gradient flow ``(D, m)``, and the parts of the error along them."""
    left, values, _ = np.linalg.svd(slopes, full_matrices=False)
    kept = np.arange(values.shape[1]) < numerical_rank(values, RTOL, ATOL)[:, None]
    parts = np.einsum("dkm,dk->dm", left, error) * kept
    return np.where(kept, values, 0.0) ** 2, parts**2


def _outside(slopes: np.ndarray, error: np.ndarray) -> np.ndarray:
    size = np.sum(error**2, axis=-1)
    inside = np.sum(_modes(slopes, error)[1], axis=-1)
    # nothing is left of an error that is rounding
    some = size > 1e-24
    return np.where(some, np.maximum(1.0 - inside / np.where(some, size, 1.0), 0.0), 0.0)


def _times(slopes: np.ndarray, error: np.ndarray, allowed: float) -> np.ndarray:
    """When ``Σ parts·exp(−2λt)`` plus what never moves falls to what is allowed; by bisection."""
    rates, parts = _modes(slopes, error)
    stuck = np.maximum(np.sum(error**2, axis=-1) - parts.sum(axis=-1), 0.0)
    low, high = np.full(len(error), -12.0), np.full(len(error), 24.0)  # powers of ten

    def left(power):
        return stuck + np.sum(parts * np.exp(-2 * rates * 10.0 ** power[:, None]), axis=-1)

    never = left(high) > allowed
    for _ in range(60):
        middle = (low + high) / 2
        over = left(middle) > allowed
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.where(never, np.inf, 10.0**high)
