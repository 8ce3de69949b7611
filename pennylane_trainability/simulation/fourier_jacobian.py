"""The exact coefficients and coefficient Jacobian of a series, with the hold-out check."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.series import Series
from pennylane_trainability.errors import NotFourierError
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, Simulation, simulate
from pennylane_trainability.simulation.lightning import simulate_with_lightning

__all__ = ["ExactJacobian", "exact_jacobian"]

_HOLD_OUT_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class ExactJacobian:
    """Rows and their derivatives per measurement.

    Attributes:
        rows: ``(D, K, *shape)`` per measurement: ``c_0, √2 Re c_k, √2 Im c_k, …``.
        jacobian: ``(D, K, *shape, P)`` per measurement, or ``None``.
        residual: largest deviation of the series from the circuit at the hold-out point.
    """

    rows: tuple[np.ndarray, ...]
    jacobian: tuple[np.ndarray, ...] | None
    residual: float


def exact_jacobian(
    series: Series,
    parameters: np.ndarray | None = None,
    *,
    gradient: bool = True,
    memory: int = DEFAULT_MEMORY,
    engine: str = "exact",
) -> ExactJacobian:
    """Simulate a series at parameter draws ``(D, P)``.

    Args:
        series: the QNode as a Fourier series.
        parameters: ``(D, P)``; ``None`` takes the values given.
        gradient: whether the Jacobian is wanted.
        memory: bytes of states.
        engine: ``"exact"`` (this package's own) or ``"lightning"`` (its adjoint method).

    Raises:
        NotFourierError: the series does not reproduce the circuit at a point off the grid.
    """
    simulation = _simulate_draws(series, parameters, gradient, memory, engine)
    sampling = series.sampling
    last = series.spectrum.basis(sampling.hold_out[None])[0]
    rows, residual, scale = [], 0.0, 1.0
    for values in simulation.values:
        found = np.einsum("kg,dg...->dk...", sampling.matrix, values[:, :-1])
        rows.append(found)
        residual = max(
            residual, float(np.abs(np.einsum("k,dk...->d...", last, found) - values[:, -1]).max())
        )
        scale = max(scale, float(np.abs(values).max()))
    if residual > _HOLD_OUT_TOLERANCE * scale * sampling.condition:
        raise _misses(residual, series.given)
    jacobian = None
    if simulation.gradients is not None:
        jacobian = tuple(
            np.moveaxis(np.tensordot(sampling.matrix, g[:, :-1], axes=(1, 1)), 0, 1)
            for g in simulation.gradients
        )
    return ExactJacobian(tuple(rows), jacobian, residual)


def _misses(residual: float, given: bool) -> NotFourierError:
    why = (
        "the spectrum given lacks frequencies of this circuit (aliasing). Leave spectrum=None to "
        "detect them."
        if given
        else "the output is no Fourier series with the detected frequencies."
    )
    return NotFourierError(
        f"The Fourier series misses the QNode by {residual:.1e} at a point off the sample grid: "
        f"{why}"
    )


def _simulate_draws(
    series: Series, parameters, gradient: bool, memory: int, engine: str
) -> Simulation:
    """All draws, in groups whose states fit the processor's cache and the budget."""
    if engine == "lightning":
        return simulate_with_lightning(series.circuit(parameters), gradient=gradient)
    if parameters is None or len(parameters) == 1:
        return simulate(series.circuit(parameters), gradient=gradient, memory=memory)
    points = len(series.sampling.points) + 1
    size = max(1, min(2**24, memory // 16) // (16 * 2**series.reading.circuit.n_wires * points))
    parts = [
        simulate(series.circuit(parameters[k : k + size]), gradient=gradient, memory=memory)
        for k in range(0, len(parameters), size)
    ]
    slopes = [p.gradients for p in parts if p.gradients is not None]
    return Simulation(
        parts[0].outputs, _joined([p.values for p in parts]), _joined(slopes) if slopes else None
    )


def _joined(parts: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Per measurement, the draws of all groups one after another."""
    return tuple(np.concatenate(blocks) for blocks in zip(*parts, strict=True))
