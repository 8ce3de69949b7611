"""Measure a coefficient Jacobian on the user's device: the twin of ``coefficient_jacobian``."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.circuits.shifts import shift_plan
from pennylane_trainability.diagnostics.measured import MeasuredJacobian, outcome_covariances
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.transforms.engines import (
    DEFAULT_MAX_CIRCUITS,
    broadcasts,
    device_name,
    is_exact_simulator,
)
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes, jacobian_tapes

__all__ = ["default_executor", "measure_jacobian", "measure_series", "measured_cost"]


def measure_jacobian(
    qnode,
    encoding_args=None,
    argnums=None,
    *,
    spectrum=None,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    max_points: int = 20_000,
):
    """Measure a coefficient Jacobian on the QNode's device: values, errors, rank, cost.

    The measured twin of :func:`coefficient_jacobian`: the same circuits, but the counts are kept.

    Args:
        qnode: a QNode with shots (``qml.set_shots``) that returns ``expval`` or ``probs``.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.
        spectrum: frequencies; ``None`` finds them.
        seed: seed of the resampling behind the noise floor; drawn and kept if ``None``.
        level: level of intervals and rank bounds.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run; default: all in one device execution.
        max_points: refuse grids with more input points.

    Returns:
        A function of the QNode's arguments that returns a :class:`MeasuredJacobian`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost and runs nothing.

    Raises:
        ReadingError: the device has no shots, or a shot vector.
        BudgetError: the cost exceeds a budget.
        DeviceFailure: the device failed in the middle (with an executor that runs in chunks).

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.set_shots(1000)
    ... @qml.qnode(qml.device("default.qubit", seed=1))
    ... def circuit(x, weights):
    ...     qml.RY(weights[0], wires=0)
    ...     qml.RX(x, wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> measure = pt.measure_jacobian(circuit, encoding_args="x", seed=2)
    >>> print(measure.cost(0.0, np.array([0.3, 0.4])))
    12 circuits, 12,000 shots, 1 device execution
    >>> J = measure(0.0, np.array([0.3, 0.4]))
    >>> J.value.shape, J.rank().value
    ((3, 2), 2)
    """
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")

    def prepare(args, kwargs):
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
        series = series_of(reading, spectrum, max_points)
        return series, _tapes(series, qnode)

    def run(*args, **kwargs) -> MeasuredJacobian:
        series, built = prepare(args, kwargs)
        runner = default_executor(qnode.device, max_circuits, max_shots, executor)
        return measure_series(series, qnode, runner, seed=seed, level=level, built=built)

    measured: Any = functools.wraps(qnode.func)(run)
    measured.cost = lambda *args, **kwargs: measured_cost(prepare(args, kwargs)[1])
    return measured


def default_executor(
    device, max_circuits: int | None, max_shots: int | None, executor: Executor | None = None
) -> Executor:
    """The caller's executor within the caller's budget; without one, everything in one execution.

    On devices that are no exact simulators there is a limit on circuits unless one is given.
    """
    runner = Executor(device) if executor is None else executor
    if max_circuits is None and runner.max_circuits is None and not is_exact_simulator(device):
        max_circuits = DEFAULT_MAX_CIRCUITS
    return runner.with_budget(max_circuits, max_shots)


def measured_cost(built: JacobianTapes) -> Cost:
    """What the circuits of a measured Jacobian cost."""
    return cost_of(built.tapes, built.n_circuits)


def _tapes(series: Series, qnode, coefficients: bool = False) -> JacobianTapes:
    shots = Shots(qnode.shots)
    if not shots:
        raise ReadingError(
            "measure_jacobian needs shots: set them with qml.set_shots(qnode, shots=…). Without "
            "shots use qml.transforms.coefficient_jacobian."
        )
    if shots.has_partitioned_shots:
        raise ReadingError(
            f"measure_jacobian takes one number of shots, not the shot vector {shots}; its errors "
            "come from the counts. Pass shots=total."
        )
    series.require_complete()
    circuit = series.circuit(hold_out=False)
    plan = shift_plan(circuit, set(dead_parameters(series.reading.circuit)))
    return jacobian_tapes(
        circuit,
        series.sampling.matrix,
        shots,
        broadcast=broadcasts(qnode.device),
        plan=plan.with_unshifted() if coefficients else plan,
    )


def measure_series(
    series: Series, qnode, runner: Executor, *, seed, level=0.95, built: JacobianTapes | None = None
) -> MeasuredJacobian:
    """Run the circuits of a series and gather the record.

    Without ``built``, the circuits of the coefficients themselves run in the same execution.
    """
    joint = built is None
    if built is None:
        built = _tapes(series, qnode, coefficients=True)
    cost = measured_cost(built)
    runner.check(cost)
    shots = Shots(qnode.shots).total_shots
    frequencies = built.frequencies(runner.run(built.tapes))
    means, _ = built.moments(frequencies, shots)
    counts, weights, variances = _counted(built, frequencies, shots)
    stack = np.moveaxis(built.jacobian(means), 1, 0)
    return MeasuredJacobian(
        value=stack.reshape(-1, stack.shape[-1]),
        variances=variances,
        counts=counts,
        weights=weights,
        shift_weights=built.plan.weights,
        slopes=built.plan.slopes(built.n_parameters)[..., 0],
        matrix=built.matrix,
        shots=shots,
        parameters=series.reading.arguments.parameter_labels(),
        coefficients=np.einsum("kg,go->ok", built.matrix, means[0]) if joint else None,
        cost=cost,
        provenance=Provenance(
            seed=kept_seed(seed), shots=shots, device=device_name(qnode.device), engine="measured"
        ),
        level=level,
    )


def _counted(built: JacobianTapes, frequencies: list[np.ndarray], shots: int):
    """Per basis counts and values of the outcomes, and the variances of all means."""
    counts = tuple(np.rint(f * shots).astype(np.int64) for f in frequencies)
    n_outputs = sum(int(np.prod(shape)) for shape in built.shapes)
    weights = tuple(_weight_table(basis, n_outputs) for basis in built.bases)
    variances = sum(
        np.einsum("sgoo->sgo", outcome_covariances(c, w, shots))
        for c, w in zip(counts, weights, strict=True)
    )
    return counts, weights, variances


def _weight_table(basis, n_outputs: int) -> np.ndarray:
    table = np.zeros((n_outputs, basis.n_outcomes))
    for output, values in basis.weights.items():
        table[output] = values
    return table
