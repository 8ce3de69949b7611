"""Which Fourier coefficients does the QNode have here, and which row is which?"""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.qnode import function_of, read_qnode
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.circuits.shifts import UNSHIFTED
from pennylane_trainability.diagnostics.calibrated import own_tapes
from pennylane_trainability.diagnostics.calibrated_values import (
    calibrated_values,
    check_calibration,
)
from pennylane_trainability.diagnostics.calibration import Calibration, known_of
from pennylane_trainability.diagnostics.jacobian_errors import value_errors_of
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Provenance, Result, record
from pennylane_trainability.results.text import table
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.simulation.fourier_jacobian import exact_jacobian
from pennylane_trainability.transforms.calibration_tapes import calibration_tapes
from pennylane_trainability.transforms.engines import broadcasts, choose_engine, device_name
from pennylane_trainability.transforms.jacobian_tapes import jacobian_tapes

__all__ = ["FourierRows", "fourier_rows", "measure_rows"]


@record
class FourierRows(Result):
    r"""The coefficients in the rows of the coefficient Jacobian.

    Attributes:
        values: ``(outputs, K)``: ``c_0, √2 Re c_k, √2 Im c_k, …``.
        stderr: their standard errors, zero for exact values.
        frequencies: ``(R, I)``, the positive half of the spectrum, ascending.
        labels: ``(frequency vector, "constant" | "cosine" | "sine")`` per row.
        inputs: names of the inputs.
        condition: condition number of the linear system behind the rows (1 on a uniform grid).
        notes: what the reader should know.
        cost: what was run.
        provenance: device, engine and shots.
        raw: the values as the device gave them, if a calibration was put into ``values``.
        calibration: what was measured about the device for that.
    """

    values: np.ndarray
    stderr: np.ndarray = field(repr=False)
    frequencies: np.ndarray
    labels: tuple[tuple[tuple[float, ...], str], ...] = field(repr=False)
    inputs: tuple[str, ...]
    condition: float
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance
    raw: np.ndarray | None = field(default=None, repr=False)
    calibration: Calibration | None = None

    @property
    def coefficients(self) -> np.ndarray:
        """Complex ``c_0, c_k, …``, ``(outputs, 1 + R)``; ``c_{-k}`` is the conjugate."""
        positive = (self.values[:, 1::2] + 1j * self.values[:, 2::2]) / np.sqrt(2)
        return np.concatenate([self.values[:, :1].astype(complex), positive], axis=1)

    def rows(self) -> list[tuple[str, object]]:
        """One line per row of the first output."""
        exact = not self.stderr.any()
        lines = []
        for (k, kind), value, error in zip(
            self.labels, self.values[0], self.stderr[0], strict=True
        ):
            name = ", ".join(f"{v:g}" for v in k)
            lines.append((name, kind, f"{value:+.6f}" if exact else f"{value:+.4f} ± {error:.4f}"))
        return [
            ("rows of output 0", "\n" + table(("frequency", "part", "value"), lines)),
            ("inputs", ", ".join(self.inputs)),
            *([] if self.calibration is None else self.calibration.rows()),
            *(("note", note) for note in self.notes),
            ("cost", self.cost),
            ("engine", self.provenance.engine),
        ]


def fourier_rows(
    qnode,
    encoding_args=None,
    argnums=None,
    *,
    spectrum=None,
    engine: str = "auto",
    rescale: bool = False,
    mitigate_read_out: bool = False,
    level: float = 0.95,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    memory: int = DEFAULT_MEMORY,
    max_points: int = 20_000,
):
    r"""The Fourier coefficients of a QNode and the labels of the rows of its coefficient Jacobian.

    ``f(x) = Σ_k c_k e^{+ik·x}``; rows ``c_0``, then ``√2 Re c_k`` and ``√2 Im c_k`` per frequency
    of the positive half of the spectrum (Schuld, Sweke and Meyer, PRA 103, 032430).

    Args:
        qnode: a QNode that returns ``expval`` or ``probs``.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.
        spectrum: frequencies; ``None`` finds them.
        engine: ``"auto"``, ``"exact"``, ``"lightning"`` or ``"measured"``.
        rescale: divide means of Pauli words by the measured survival of the gates: a **model**
            (global depolarising noise), not a correction; see :func:`measure_jacobian`. Values
            without it are kept as ``raw``, and errors hold that of the survival.
        mitigate_read_out: take errors of reading out of the means: a **model**, too, in which every
            wire is read wrongly by itself.
        level: of the intervals of a calibration.
        max_circuits: refuse more circuits before running any.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.
        memory: bytes of states of the exact engine.
        max_points: refuse grids with more input points.

    Returns:
        A function of the QNode's arguments that returns :class:`FourierRows`.
        Its attributes ``cost`` and ``price`` say what an answer will cost, see :func:`price`.

    **Cost.** Exact: no circuits. Measured: one circuit per input point and measurement basis.

    **Example**

    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, w):
    ...     qml.RX(x, wires=0)
    ...     qml.RY(x, wires=1)
    ...     qml.CNOT(wires=[1, 0])
    ...     qml.RZ(w, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> rows = pt.fourier_rows(circuit, encoding_args="x")(0.0, 0.1)
    >>> rows.coefficients.real.round(12) + 0.0  # 1/2 + 1/2 cos 2x
    array([[0.5 , 0.  , 0.25]])
    """

    def rows(executor, args, kwargs) -> FourierRows:
        series = series_of(
            read_qnode(qnode, args, kwargs, encoding_args, argnums, need_parameters=False),
            spectrum,
            max_points,
        )
        chosen = choose_engine(qnode.device, Shots(qnode.shots), engine)
        found: dict[str, Any] = {}
        noise: tuple[str, ...] = ()
        calibrates = rescale or mitigate_read_out
        check_calibration(calibrates, level, chosen, qnode)
        if chosen != "measured":
            parts = exact_jacobian(series, gradient=False, memory=memory, engine=chosen).rows
            values = np.concatenate([p[0].reshape(p.shape[1], -1).T for p in parts])
            found = {"values": values, "stderr": np.zeros_like(values), "cost": Cost()}
        else:
            runner = default_executor(qnode.device, max_circuits, max_shots, executor)
            how = {"mirrors": rescale, "flips": mitigate_read_out} if calibrates else None
            found = measure_rows(series, qnode, runner, how, level)
            noise = noise_notes("fourier-rows", runner.device, series.reading.circuit)
        return FourierRows(
            **found,
            frequencies=series.spectrum.frequencies,
            labels=series.spectrum.labels(),
            inputs=series.reading.arguments.input_labels(),
            condition=series.sampling.condition,
            notes=noise,
            provenance=Provenance(
                shots=Shots(qnode.shots).total_shots,
                device=device_name(qnode.device),
                engine=chosen,
            ),
        )

    return priced(function_of(qnode), rows, executor, qnode.device)


def measure_rows(
    series: Series,
    qnode,
    runner: Executor,
    calibration: dict[str, bool] | None = None,
    level: float = 0.95,
) -> dict[str, Any]:
    """Rows, errors and cost from the unshifted circuits, as fields of the record.

    Args:
        series: the QNode.
        qnode: the same.
        runner: runs the circuits.
        calibration: which circuits calibrate; ``None``: none.
        level: of the intervals of the calibration.
    """
    shots = Shots(qnode.shots)
    if shots.has_partitioned_shots:
        shots = Shots(shots.total_shots)
    series.require_complete()
    matrix = series.sampling.matrix
    built = jacobian_tapes(
        *(series.circuit(hold_out=False), matrix, shots),
        broadcast=broadcasts(qnode.device),
        plan=UNSHIFTED,
    )
    made = None if calibration is None else calibration_tapes(own_tapes(built), **calibration)
    tapes = [*built.tapes, *(() if made is None else made.tapes)]
    cost = cost_of(tapes, built.n_circuits + len(tapes) - len(built.tapes))
    runner.check(cost)
    results = runner.run(tapes)
    observed = built.observed(results[: len(built.tapes)], shots.total_shots)
    values = np.einsum("kg,go->ok", matrix, built.means(observed)[0])
    if not shots:
        return {"values": values, "stderr": np.zeros_like(values), "cost": cost}
    if made is not None:
        known = known_of(made, results[len(built.tapes) :])
        found = calibrated_values(built, observed, shots.total_shots, known)
        corrected, errors = found.rows(matrix)
        told = {"raw": values, "calibration": known.record(level)}
        return {"values": corrected, "stderr": errors, "cost": cost, **told}
    variances = value_errors_of(built, observed, shots.total_shots) ** 2
    errors = np.sqrt(np.einsum("kg,go->ok", matrix**2, variances))
    return {"values": values, "stderr": errors, "cost": cost}
