"""How do the outputs on the user's own data move with the parameters?"""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.arguments import to_numpy
from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading, function_of, read_qnode
from pennylane_trainability.diagnostics.calibrated import calibrated_jacobian, own_tapes
from pennylane_trainability.diagnostics.calibrated_values import (
    calibrated_values,
    check_calibration,
)
from pennylane_trainability.diagnostics.calibration import Calibration, known_of
from pennylane_trainability.diagnostics.jacobian_errors import check_size, errors_of
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Provenance, Result, record
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, simulate
from pennylane_trainability.simulation.lightning import simulate_with_lightning
from pennylane_trainability.transforms.calibration_tapes import calibration_tapes
from pennylane_trainability.transforms.engines import choose_engine, device_name
from pennylane_trainability.transforms.jacobian_circuits import check_gradient, jacobian_circuits

__all__ = ["DataJacobian", "data_jacobian", "evaluate"]


@record
class DataJacobian(Result):
    r"""Outputs and their derivatives on data points.

    Attributes:
        outputs: ``(n, m)``: ``m`` numbers per data point.
        jacobian: ``(n, m, P)``.
        stderr: standard errors of the Jacobian, zero for exact values.
        targets: ``(n, m)`` or ``None``.
        parameters: names of the columns.
        notes: what a user should know.
        cost: what was run.
        provenance: device, engine and shots.
        raw: the Jacobian as the device gave it, if a calibration was put into it and the outputs.
        calibration: what was measured about the device for that.
    """

    outputs: np.ndarray = field(repr=False)
    jacobian: np.ndarray = field(repr=False)
    stderr: np.ndarray = field(repr=False)
    targets: np.ndarray | None = field(repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance
    raw: np.ndarray | None = field(default=None, repr=False)
    calibration: Calibration | None = None

    @property
    def gram(self) -> np.ndarray:
        """The empirical tangent kernel ``Σ_p ∂_p f_i ∂_p f_j``, ``(n·m, n·m)``."""
        flat = self.jacobian.reshape(-1, self.jacobian.shape[-1])
        return flat @ flat.T

    def contract(self, loss_derivative: np.ndarray) -> np.ndarray:
        """The gradient ``Σ_i ∂loss/∂f_i · ∂f_i/∂θ`` of any loss, ``(P,)``.

        Args:
            loss_derivative: derivative of the loss by every output, ``(n,)`` or ``(n, m)``.
        """
        weights = np.asarray(loss_derivative, float).reshape(self.outputs.shape)
        return np.einsum("nm,nmp->p", weights, self.jacobian)

    @property
    def loss(self) -> float:
        """``½ mean (f − y)²``."""
        return 0.5 * float(np.mean((self.outputs - self._targets()) ** 2))

    @property
    def loss_gradient(self) -> np.ndarray:
        """Gradient of :attr:`loss`, ``(P,)``."""
        residual = self.outputs - self._targets()
        return self.contract(residual / residual.size)

    def _targets(self) -> np.ndarray:
        if self.targets is None:
            raise ValueError("The loss needs targets; pass targets=… to data_jacobian.")
        return self.targets

    def rows(self) -> list[tuple[str, object]]:
        """Size, kernel spectrum, loss and cost."""
        values = np.linalg.eigvalsh(self.gram)[::-1]
        rows: list[tuple[str, object]] = [
            ("matrix", f"{self.gram.shape[0]} outputs × {self.jacobian.shape[-1]} parameters"),
            ("tangent kernel", f"largest eigenvalue {values[0]:.4g}, trace {values.sum():.4g}"),
        ]
        if self.targets is not None:
            rows += [
                ("loss", self.loss),
                ("gradient norm", float(np.linalg.norm(self.loss_gradient))),
            ]
        rows += [] if self.calibration is None else self.calibration.rows()
        rows += [("note", note) for note in self.notes]
        return [*rows, ("cost", self.cost), ("engine", self.provenance.engine)]


def data_jacobian(
    qnode,
    data,
    encoding_args=None,
    argnums=None,
    *,
    targets=None,
    engine: str = "auto",
    gradient: str = "shift",
    rescale: bool = False,
    mitigate_read_out: bool = False,
    level: float = 0.95,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    memory: int = DEFAULT_MEMORY,
):
    r"""The Jacobian of the outputs on data points, its Gram matrix, and the gradient of a loss.

    Serves QNodes whose inputs are not uniform or whose encoding is no Fourier series (``arcsin``,
    amplitude embedding …): ``J[i, p] = ∂f(x_i; θ)/∂θ_p``, kernel ``J Jᵀ``.

    Args:
        qnode: a QNode that returns ``expval`` or ``probs``.
        data: data points, ``(n, *shape of the encoding argument)``.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.
        targets: ``(n,)`` or ``(n, m)``.
        engine: ``"auto"``, ``"exact"``, ``"lightning"`` or ``"measured"``.
        gradient: how derivatives are measured; see :func:`measure_jacobian`.
        rescale: divide means of Pauli words by the measured survival of the gates: a **model**
            (global depolarising noise), not a correction; see :func:`measure_jacobian`. Derivatives
            without it are kept as ``raw``, and errors hold that of the survival.
        mitigate_read_out: take errors of reading out of the means: a **model**, too, in which every
            wire is read wrongly by itself.
        level: of the intervals of a calibration.
        max_circuits: refuse more circuits before running any.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.
        memory: bytes of states of the exact engine.

    Returns:
        A function of the QNode's arguments that returns :class:`DataJacobian`; the value passed for
        the encoding argument supplies only its shape.
        Its attributes ``cost`` and ``price`` say what an answer will cost, see :func:`price`.

    Raises:
        ReadingError: ``data`` or ``targets`` do not fit the QNode.

    **Cost.** Exact: no circuits. Measured: data points times (1 + shifted circuits) times bases, or
    what another ``gradient`` takes.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, w):
    ...     qml.RY(np.arcsin(x), wires=0)
    ...     qml.RY(w, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> J = pt.data_jacobian(circuit, data=[-0.5, 0.0, 0.5], encoding_args="x")(0.0, 0.3)
    >>> np.allclose(J.jacobian[:, 0, 0], -np.sin(np.arcsin([-0.5, 0.0, 0.5]) + 0.3))
    True
    """
    check_gradient(gradient)

    def on_data(executor, args, kwargs) -> DataJacobian:
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
        points = data_points(data, reading)
        shots = Shots(qnode.shots)
        chosen = choose_engine(qnode.device, shots, engine)
        circuit = reading.at(reading.arguments.parameters[None], points)
        notes, device = reading.arguments.notes, qnode.device
        found: dict[str, Any] = {}
        calibrates = rescale or mitigate_read_out
        check_calibration(calibrates, level, chosen, qnode)
        if chosen != "measured":
            outputs, jacobian = evaluate(circuit, memory, chosen)
            found = {"outputs": outputs, "jacobian": jacobian, "cost": Cost()}
            found["stderr"] = np.zeros_like(jacobian)
        else:
            runner = default_executor(qnode.device, max_circuits, max_shots, executor)
            how = {"mirrors": rescale, "flips": mitigate_read_out} if calibrates else None
            found = _measure(circuit, len(points), qnode, runner, gradient, how, level)
            device = runner.device
            notes += noise_notes("data-jacobian", device, circuit)
        return DataJacobian(
            **found,
            targets=_targets(targets, found["outputs"].shape),
            parameters=reading.arguments.parameter_labels(),
            notes=notes,
            provenance=Provenance(
                shots=shots.total_shots, device=device_name(device), engine=chosen
            ),
        )

    return priced(function_of(qnode), on_data, executor, qnode.device)


def data_points(data, reading: Reading) -> np.ndarray:
    """Data as flat inputs ``(n, I)``."""
    points = to_numpy(data)
    n_inputs = reading.circuit.n_inputs
    if not points.size:
        raise ReadingError("data holds no points; pass at least one.")
    flat = points.reshape(len(points), -1) if points.ndim else points.reshape(1, 1)
    if flat.shape[1] != n_inputs:
        raise ReadingError(
            f"data needs shape (n, {n_inputs}), one row of {n_inputs} inputs per data point; got "
            f"{points.shape}."
        )
    if not np.all(np.isfinite(flat)):
        raise ReadingError("data contains NaN or infinity; remove these points.")
    return flat


def _targets(targets, shape) -> np.ndarray | None:
    if targets is None:
        return None
    values = to_numpy(targets)
    if values.size != shape[0] * shape[1] or not np.all(np.isfinite(values)):
        raise ReadingError(
            f"targets needs {shape[0]} × {shape[1]} finite numbers, one per data point and "
            f"output; got shape {values.shape}."
        )
    return values.reshape(shape)


def evaluate(
    circuit: Circuit, memory: int = DEFAULT_MEMORY, engine: str = "exact"
) -> tuple[np.ndarray, np.ndarray]:
    """Outputs ``(n, m)`` and Jacobian ``(n, m, P)`` of a circuit at one draw and ``n`` inputs."""
    if engine == "lightning":
        simulation = simulate_with_lightning(circuit)
    else:
        simulation = simulate(circuit, memory=memory)
    n = simulation.values[0].shape[1]
    outputs = np.concatenate([v[0].reshape(n, -1) for v in simulation.values], axis=1)
    size = circuit.n_parameters
    gradients = [g[0].reshape(n, -1, size) for g in simulation.gradients or ()]
    jacobian = np.concatenate(gradients, axis=1)
    return outputs, jacobian


def _measure(
    circuit: Circuit,
    n: int,
    qnode,
    runner: Executor,
    gradient: str,
    calibration: dict[str, bool] | None = None,
    level: float = 0.95,
) -> dict[str, Any]:
    """Outputs, Jacobian, errors and cost, as fields of the record."""
    shots = Shots(qnode.shots)
    shots = Shots(shots.total_shots) if shots.has_partitioned_shots else shots
    # one more circuit per point: the outputs themselves
    built = jacobian_circuits(
        circuit, np.eye(n), shots, gradient=gradient, values=True, device=qnode.device
    )
    if shots:
        check_size(built)
    made = None if calibration is None else calibration_tapes(own_tapes(built), **calibration)
    tapes = [*built.tapes, *(() if made is None else made.tapes)]
    cost = cost_of(tapes, built.n_circuits + len(tapes) - len(built.tapes))
    runner.check(cost)
    results = runner.run(tapes)
    observed = built.observed(results[: len(built.tapes)], shots.total_shots)
    jacobian, outputs = built.values(observed)
    found: dict[str, Any] = {"outputs": outputs, "jacobian": jacobian, "cost": cost}
    if not shots:
        return found | {"stderr": np.zeros_like(jacobian)}

    def shaped(rows: np.ndarray) -> np.ndarray:
        return np.moveaxis(rows.reshape(jacobian.shape[1], n, -1), 1, 0)

    errors = errors_of(built, observed, shots.total_shots, range(circuit.n_parameters))
    if made is None:
        return found | {"stderr": shaped(errors.stderr())}
    known = known_of(made, results[len(built.tapes) :])
    corrected, whole = calibrated_jacobian(errors, built, observed, known)
    return {
        "outputs": calibrated_values(built, observed, shots.total_shots, known).values,
        "jacobian": shaped(corrected),
        "stderr": shaped(whole.stderr()),
        "raw": jacobian,
        "calibration": known.record(level),
        "cost": cost,
    }
