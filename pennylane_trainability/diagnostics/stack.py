"""Jacobians at several parameter points at once, whichever road they come from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.series import Series
from pennylane_trainability.diagnostics.data_jacobian import evaluate
from pennylane_trainability.diagnostics.measure import measure_series
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.fourier import Spectrum, spectrum_of
from pennylane_trainability.results import Cost
from pennylane_trainability.simulation.fourier_jacobian import exact_jacobian
from pennylane_trainability.transforms.jacobian_circuits import jacobian_circuits

__all__ = ["JacobianStack", "exact_stack", "measured_stack", "shotless_stack", "stack_on_data"]


@dataclass(frozen=True, slots=True, eq=False)
class JacobianStack:
    """Jacobians at the values given and at parameter draws.

    Attributes:
        reading: the QNode, read.
        spectrum: its spectrum; empty where the rows are data points.
        jacobians: ``(1 + D, rows, P)``, the values given first; rows output-major.
        rows: coefficients ``(1 + D, outputs, K)``; ``None`` where the rows are data points.
        engine: what computed the numbers.
        measured: the measured Jacobian with its errors, where there were shots.
        cost: what was run.
        notes: what the reader should know.
    """

    reading: Reading
    spectrum: Spectrum
    jacobians: np.ndarray
    rows: np.ndarray | None
    engine: str
    measured: MeasuredJacobian | None = None
    cost: Cost = field(default_factory=Cost)
    notes: tuple[str, ...] = ()


def exact_stack(series: Series, parameters: np.ndarray, memory: int, engine: str) -> JacobianStack:
    """Simulate a series at parameters ``(1 + D, P)``."""
    found = exact_jacobian(series, parameters, memory=memory, engine=engine)
    jacobians = np.concatenate([_rows_by_output(j) for j in found.jacobian or ()], axis=1)
    rows = np.concatenate(
        [np.moveaxis(r.reshape(*r.shape[:2], -1), 1, 2) for r in found.rows], axis=1
    )
    return JacobianStack(series.reading, series.spectrum, jacobians, rows, engine)


def _rows_by_output(jacobian: np.ndarray) -> np.ndarray:
    """``(D, K, *shape, P)`` → ``(D, outputs·K, P)``, output-major."""
    d, k, p = jacobian.shape[0], jacobian.shape[1], jacobian.shape[-1]
    return np.moveaxis(jacobian.reshape(d, k, -1, p), 2, 1).reshape(d, -1, p)


def measured_stack(
    series: Series, qnode, runner: Executor, seed: int, level: float, gradient: str
) -> JacobianStack:
    """Measure a series at the values given, on a device with shots."""
    measured = measure_series(series, qnode, runner, seed=seed, level=level, gradient=gradient)
    if measured.coefficients is None:
        raise RuntimeError("A measured series was asked for its coefficients but has none.")
    return JacobianStack(
        series.reading,
        series.spectrum,
        measured.value[None],
        measured.coefficients[None],
        "measured",
        measured,
        measured.cost,
        measured.notes,
    )


def shotless_stack(series: Series, qnode, runner: Executor, gradient: str) -> JacobianStack:
    """Measure on a device that returns exact means of a noisy or mixed state."""
    series.require_complete()
    built = jacobian_circuits(
        series.circuit(hold_out=False),
        series.sampling.matrix,
        None,
        gradient=gradient,
        values=True,
        device=qnode.device,
    )
    cost = cost_of(built.tapes, built.n_circuits)
    runner.check(cost)
    jacobian, values = built.values(built.observed(runner.run(built.tapes), None))
    if values is None:
        raise RuntimeError("A measured series was asked for its coefficients but has none.")
    return JacobianStack(
        series.reading,
        series.spectrum,
        np.moveaxis(jacobian, 1, 0).reshape(1, -1, jacobian.shape[-1]),
        np.einsum("kg,go->ok", built.matrix, values)[None],
        "measured without shots",
        cost=cost,
        notes=(*built.notes, *noise_notes("jacobian", runner.device, series.reading.circuit)),
    )


def stack_on_data(
    reading: Reading,
    points: np.ndarray,
    parameters: np.ndarray,
    memory: int,
    why: str,
    engine: str = "exact",
) -> JacobianStack:
    """A QNode that is no Fourier series: the rows are the outputs on the data points."""
    circuits = [reading.at(one[None], points) for one in parameters]
    blocks = np.array([evaluate(circuit, memory, engine)[1] for circuit in circuits])
    jacobians = np.moveaxis(blocks, 2, 1).reshape(len(parameters), -1, blocks.shape[-1])
    empty = spectrum_of(np.zeros((0, reading.circuit.n_inputs)))
    notes = (f"Rows are data points: {why}",)
    return JacobianStack(reading, empty, jacobians, None, engine, notes=notes)
