"""Measure a coefficient Jacobian on the user's device: the twin of ``coefficient_jacobian``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.pairing import in_order
from pennylane_trainability.circuits.qnode import function_of, read_qnode
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.diagnostics.calibrated import calibrated_jacobian, own_tapes
from pennylane_trainability.diagnostics.calibration import known_of
from pennylane_trainability.diagnostics.jacobian_errors import (
    check_size,
    errors_of,
    value_errors_of,
)
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.diagnostics.sketch import drawn_columns, number_of_columns
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.transforms.bases import output_shapes
from pennylane_trainability.transforms.calibration_tapes import (
    CalibrationTapes,
    calibration_tapes,
)
from pennylane_trainability.transforms.engines import (
    DEFAULT_MAX_CIRCUITS,
    device_name,
    is_exact_simulator,
)
from pennylane_trainability.transforms.jacobian_circuits import check_gradient, jacobian_circuits
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes

if TYPE_CHECKING:
    from pennylane_trainability.transforms.point_circuits import PointCircuits

__all__ = ["default_executor", "measure_jacobian", "measure_series"]


def measure_jacobian(
    qnode,
    encoding_args=None,
    argnums=None,
    *,
    spectrum=None,
    gradient: str = "shift",
    directions: int | str | None = None,
    seed: int | np.random.SeedSequence | None = None,
    rescale: bool = False,
    mitigate_read_out: bool = False,
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
        gradient: how derivatives are measured: ``"shift"``, ``"commuting"``, ``"dla"``,
            ``"hadamard"``, or ``"auto"``, the one that is predicted to need the fewest shots for
            equal errors; see :func:`measured_grad`.
        directions: measure that many columns only, drawn at random from the parameters that are
            not dead, one from each of equally long stretches of the circuit; ``"auto"``: five more
            than there are rows. Enough for the rank, whose lower bound stays one. ``None``: all.
        seed: seed of the resampling behind the noise floor and of the columns; drawn and kept if
            ``None``.
        rescale: divide means of Pauli words by the measured survival of the gates. This is a
            **model** (global depolarising noise), not a correction: a circuit without gates and one
            mirror circuit for every set of gates on several wires are added, intervals hold the
            errors of the survival, too, and the values without it are kept as ``raw``.
        mitigate_read_out: take errors of reading out of the means, as measured in two more circuits
            (no wire turned, all turned). This is a **model**, too: every wire is read wrongly by
            itself. Intervals hold its errors, and ``raw`` is without it.
        level: level of intervals and rank bounds.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run; default: all in one device execution.
        max_points: refuse grids with more input points.

    Returns:
        A function of the QNode's arguments that returns a :class:`MeasuredJacobian`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost, ``price`` one
        that compiles for the device and adds jobs, depth, two-qubit gates and an estimate of the
        time; neither runs anything.

    Raises:
        ReadingError: the device has no shots, or a shot vector; or an option is unknown or not
            available there.
        BudgetError: the cost exceeds a budget.
        DeviceFailure: the device failed in the middle (with an executor that runs in chunks).

    **Cost.** See :func:`coefficient_jacobian`, all in one device execution.

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
    >>> print(pt.measure_jacobian(circuit, "x", gradient="dla").cost(0.0, np.array([0.3, 0.4])))
    6 circuits, 6,000 shots, 1 device execution
    """
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")
    check_gradient(gradient)
    own = kept_seed(seed)

    def prepare(args, kwargs):
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
        series = series_of(reading, spectrum, max_points)
        columns = None if directions is None else _columns(series, directions, own)
        built = _circuits(series, qnode, gradient, columns)
        made = None
        if (rescale or mitigate_read_out) and built.tapes:
            made = calibration_tapes(own_tapes(built), mirrors=rescale, flips=mitigate_read_out)
        return series, built, columns, made

    def run(executor, args, kwargs) -> MeasuredJacobian:
        series, built, columns, made = prepare(args, kwargs)
        runner = default_executor(qnode.device, max_circuits, max_shots, executor)
        return _measured(series, qnode, runner, built, own, level, columns, made)

    return priced(function_of(qnode), run, executor, qnode.device)


def default_executor(
    device, max_circuits: int | None, max_shots: int | None, executor: Executor | None = None
) -> Executor:
    """The caller's executor within the caller's budget; without one, everything in one execution.

    On devices that are no exact simulators there is a limit on circuits unless one is given.
    """
    runner = (Executor() if executor is None else executor).with_device(device)
    if max_circuits is None and runner.max_circuits is None and not is_exact_simulator(device):
        max_circuits = DEFAULT_MAX_CIRCUITS
    return runner.with_budget(max_circuits, max_shots)


def _cost(built: JacobianTapes | PointCircuits, made: CalibrationTapes | None = None) -> Cost:
    extra = 0 if made is None else len(made.tapes)
    return cost_of(_tapes(built, made), built.n_circuits + extra)


def _tapes(built: JacobianTapes | PointCircuits, made: CalibrationTapes | None) -> list:
    """All circuits, those of the calibration last."""
    return [*built.tapes, *(() if made is None else made.tapes)]


def _columns(series: Series, directions: int | str, seed: int) -> list[int]:
    """The columns of a sketch, drawn from those that are not dead."""
    circuit = series.reading.circuit
    n_outputs = sum(int(np.prod(shape)) for shape in output_shapes(circuit))
    count = number_of_columns(directions, n_outputs * len(series.sampling.matrix))
    live = set(range(circuit.n_parameters)) - set(dead_parameters(circuit))
    return drawn_columns(in_order(circuit, live), count, seed)


def _circuits(
    series: Series,
    qnode,
    gradient: str,
    columns: Sequence[int] | None = None,
    coefficients: bool = False,
) -> JacobianTapes | PointCircuits:
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
    built = jacobian_circuits(
        series.circuit(hold_out=False),
        series.sampling.matrix,
        shots,
        gradient=gradient,
        live=columns,
        values=coefficients,
        device=qnode.device,
    )
    check_size(built)
    return built


def measure_series(
    series: Series, qnode, runner: Executor, *, seed, level: float = 0.95, gradient: str = "shift"
) -> MeasuredJacobian:
    """Measure a Jacobian and the coefficients themselves in one execution."""
    built = _circuits(series, qnode, gradient, coefficients=True)
    return _measured(series, qnode, runner, built, kept_seed(seed), level)


def _measured(
    series: Series,
    qnode,
    runner: Executor,
    built: JacobianTapes | PointCircuits,
    seed: int,
    level: float,
    columns: Sequence[int] | None = None,
    made: CalibrationTapes | None = None,
) -> MeasuredJacobian:
    """Run the circuits and gather the record."""
    cost = _cost(built, made)
    runner.check(cost)
    shots = Shots(qnode.shots).total_shots
    results = runner.run(_tapes(built, made))
    observed = built.observed(results[: len(built.tapes)], shots)
    jacobian, values = built.values(observed)
    names = series.reading.arguments.parameter_labels()
    taken = list(range(len(names))) if columns is None else list(columns)
    stack = np.moveaxis(jacobian, 1, 0)[..., taken]
    raw = stack.reshape(-1, stack.shape[-1])
    own = errors_of(built, observed, shots, taken)
    coefficients, errors = _coefficients(built, observed, shots, values)
    return MeasuredJacobian(
        **_calibrated(raw, own, built, observed, made, results[len(built.tapes) :], level),
        gradient=built.method,
        parameters=tuple(names[p] for p in taken),
        n_parameters=len(names),
        shots=shots,
        coefficients=coefficients,
        coefficient_stderr=errors,
        notes=(*built.notes, *noise_notes("jacobian", runner.device, series.reading.circuit)),
        cost=cost,
        provenance=Provenance(
            seed=seed, shots=shots, device=device_name(runner.device), engine="measured"
        ),
        level=level,
    )


def _calibrated(raw: np.ndarray, own, built, observed, made, results, level: float) -> dict:
    """Values and errors of the record, with what the calibration circuits said, if there are any.

    Args:
        raw: the Jacobian without it, ``(R, P)``.
        own: its errors.
        built: its circuits.
        observed: what was seen in these.
        made: the calibration circuits, or ``None``.
        results: of these.
        level: of intervals.
    """
    if made is None:
        return {"value": raw, "raw": raw, "errors": own}
    known = known_of(made, results)
    value, errors = calibrated_jacobian(own, built, observed, known)
    return {"value": value, "raw": raw, "errors": errors, "calibration": known.record(level)}


def _coefficients(built: JacobianTapes | PointCircuits, observed: list, shots: int, values):
    """The coefficients and their standard errors, ``(outputs, K)``, if they were measured."""
    if values is None:
        return None, None
    variances = value_errors_of(built, observed, shots) ** 2
    errors = np.sqrt(np.einsum("kg,go->ok", built.matrix**2, variances))
    return np.einsum("kg,go->ok", built.matrix, values), errors
