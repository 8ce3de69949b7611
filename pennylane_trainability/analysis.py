"""Which parameters of this QNode can learn, which cannot, and why: everything on shared samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.encoding import encoding_parts
from pennylane_trainability.circuits.qnode import Reading, function_of, read_qnode
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.diagnostics.column_space import column_space
from pennylane_trainability.diagnostics.data_jacobian import data_points
from pennylane_trainability.diagnostics.findings import Evidence, findings_of
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.stack import (
    JacobianStack,
    exact_stack,
    measured_stack,
    shotless_stack,
    stack_on_data,
)
from pennylane_trainability.diagnostics.target import TargetFit, target_fit
from pennylane_trainability.errors import NotFourierError, ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.fourier import redundancy
from pennylane_trainability.included import Shared, include_all, wanted
from pennylane_trainability.laws import Law, Uniform, draw, drawn_near
from pennylane_trainability.pricing import priced
from pennylane_trainability.report import Report
from pennylane_trainability.results import Provenance, Result, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import choose_engine, device_name
from pennylane_trainability.transforms.jacobian_circuits import check_gradient

__all__ = ["analyze"]


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """The options of one analysis."""

    qnode: Any
    data: Any
    targets: Any
    spectrum: Any
    n_draws: int | None
    law: Law
    seed: int
    level: float
    engine: str
    gradient: str
    runner: Executor
    memory: int
    max_points: int


def analyze(
    qnode,
    encoding_args=None,
    argnums=None,
    *,
    data=None,
    targets=None,
    spectrum=None,
    n_draws: int | None = None,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    engine: str = "auto",
    gradient: str = "shift",
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    memory: int = DEFAULT_MEMORY,
    max_points: int = 20_000,
    include=(),
):
    r"""Which parameters of a QNode can learn, which cannot, why, and what to change.

    Computes the coefficient Jacobian :math:`J` (see :func:`coefficient_jacobian`) at the values
    given and at parameter draws, and keeps three things apart: *dead* parameters (their column of
    :math:`J` is zero for all parameters, with the reason), *redundant* directions
    (:math:`P - \mathrm{rank}`) and *unreachable* directions (:math:`K - \mathrm{rank}`).

    Args:
        qnode: a QNode that returns ``expval`` or ``probs``.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.
        data: data points ``(n, *shape of the input)``; a QNode that is no Fourier series is
            analysed on these points.
        targets: target values on ``data``, ``(n,)`` or ``(n, outputs)``; or, without ``data``, a
            function of the inputs ``(n, I) → (n,)``.
        spectrum: frequencies; ``None`` finds them.
        n_draws: parameter draws beside the values given; default 20 on a simulator, 0 where
            measured.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: seed of the draws; drawn and kept if ``None``.
        level: level of intervals and bounds.
        engine: ``"auto"``, ``"exact"``, ``"lightning"`` (exact, by its adjoint method) or
            ``"measured"``.
        gradient: how derivatives are measured; see :func:`measure_jacobian`.
        max_circuits: refuse more circuits before running any.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.
        progress: called with (circuits done, circuits in all).
        memory: bytes of states of the exact engine.
        max_points: refuse grids with more input points.
        include: what else to compute: names, or ``{name: options}``. From the same draws:
            ``"fourier_fingerprint"`` (``correlation``), ``"effective_dimension"`` (``n_data``,
            ``gamma``), ``"policy_variance"`` (``n_actions``, ``partition``),
            ``"entangling_capability"``, ``"capacity"``. Under the same law:
            ``"expressibility"`` (``n_pairs``, ``n_bins``), ``"gradient_variances"`` (``method``).
            Of the circuit: ``"gradient_measurement_plan"`` (``error``),
            ``"dynamical_lie_algebra"`` (``max_dimension``). They are in ``Report.included``.

    Returns:
        A function of the QNode's arguments that returns a :class:`Report`.
        Its attributes ``cost`` and ``price`` say what an answer will cost, see :func:`price`.

    Raises:
        ReadingError: see :func:`coefficient_jacobian`; or data and targets do not fit.
        NotFourierError: the output is no Fourier series and no ``data`` was given.
        BudgetError: the cost exceeds a budget.

    **Cost.** On a simulator without shots: no circuits. Otherwise the circuits of one measured
    coefficient Jacobian at the values given, plus one circuit per input point, in one device
    execution.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, weights):
    ...     qml.RZ(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     qml.RX(x, wires=0)
    ...     qml.RY(weights[2], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> report = pt.analyze(circuit, encoding_args="x", seed=1)(0.0, np.array([0.1, 0.2, 0.3]))
    >>> print(report.heading())
    circuit: 2 of 3 parameters can learn, on 2 of 3 directions
    >>> report.dead, report.reasons["weights[0]"]
    (('weights[0]',), 'it acts on a state that is an eigenstate of its generator')
    """
    _check_options(n_draws, level)
    check_gradient(gradient)
    asked = wanted(include)
    question = _Question(
        qnode=qnode,
        data=data,
        targets=targets,
        spectrum=spectrum,
        n_draws=n_draws,
        law=law or Uniform(),
        seed=kept_seed(seed),
        level=level,
        engine=engine,
        gradient=gradient,
        runner=Executor(),
        memory=memory,
        max_points=max_points,
    )

    def stack_of(executor, reading: Reading) -> tuple[JacobianStack, np.ndarray]:
        runner = default_executor(qnode.device, max_circuits, max_shots, executor)
        runner = runner if progress is None else runner.with_progress(progress)
        return _stack(replace(question, runner=runner), reading)

    def report(executor, args, kwargs) -> Report:
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
        stack, drawn = stack_of(executor, reading)
        shared = Shared(
            *(qnode, args, kwargs, encoding_args, argnums, stack.reading, drawn, stack),
            *(question.law, level, _provenance(question, stack), memory),
        )
        more = {name: one.result for name, one in include_all(shared, asked).items()}
        return _report(question, stack, more)

    return priced(function_of(qnode), report, executor, qnode.device)


def _check_options(n_draws, level) -> None:
    if n_draws is not None and (not isinstance(n_draws, (int, np.integer)) or n_draws < 0):
        raise ValueError(f"n_draws needs a whole number ≥ 0; got {n_draws!r}.")
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")


def _stack(question: _Question, reading: Reading) -> tuple[JacobianStack, np.ndarray]:
    """The Jacobians, by the road that engine, device and encoding ask for, and the draws."""
    qnode = question.qnode
    chosen = choose_engine(qnode.device, Shots(qnode.shots), question.engine)
    if question.data is not None:
        data_points(question.data, reading)  # refuse data that do not fit, needed or not
    try:
        series = series_of(reading, question.spectrum, question.max_points)
    except NotFourierError as error:
        if question.data is None:
            raise
        return _on_data(question, reading, chosen, str(error))
    if chosen == "measured":
        return _measured(question, series), np.zeros((0, reading.circuit.n_parameters))
    drawn = _draws(question, series.reading)
    return exact_stack(series, drawn, question.memory, chosen), drawn[1:]


def _draws(question: _Question, reading: Reading, default: int = 20) -> np.ndarray:
    """The values given, then the draws, ``(1 + D, P)``."""
    given = reading.arguments.parameters
    count = default if question.n_draws is None else question.n_draws
    if (
        count
        and not reading.traced
        and not all(a.linear for g in reading.circuit.gates for a in g.angles)
    ):
        count = 0
    rng = np.random.default_rng(question.seed)
    drawn = draw(question.law, reading.circuit, given, count, rng)
    return np.concatenate([given[None], drawn])


def _measured(question: _Question, series: Series) -> JacobianStack:
    if question.n_draws:
        raise ReadingError(
            "Parameter draws are taken on simulators only; a measured analysis speaks of the "
            "values given. Leave n_draws=None, or force engine='exact'."
        )
    if not Shots(question.qnode.shots):
        return shotless_stack(series, question.qnode, question.runner, question.gradient)
    return measured_stack(
        series,
        question.qnode,
        question.runner,
        question.seed,
        question.level,
        question.gradient,
    )


def _on_data(
    question: _Question, reading: Reading, chosen: str, why: str
) -> tuple[JacobianStack, np.ndarray]:
    if chosen == "measured":
        raise ReadingError(
            f"{why} On a device with shots use pennylane_trainability.data_jacobian for the "
            "Jacobian on data."
        )
    points = data_points(question.data, reading)
    drawn = _draws(question, reading)
    return stack_on_data(reading, points, drawn, question.memory, why, chosen), drawn[1:]


def _report(question: _Question, stack: JacobianStack, included: dict[str, Result]) -> Report:
    reading, frequencies = stack.reading, stack.spectrum.frequencies
    names = reading.arguments.parameter_labels()
    dead = dead_parameters(reading.circuit)
    several = len(stack.jacobians) > 1
    space = column_space(stack.jacobians[1:] if several else stack.jacobians)
    fit = _target(question, stack)
    law = str(question.law) if several else "the values given only"
    near = drawn_near(question.law, reading.circuit)
    evidence = Evidence(
        space, stack.rows, frequencies, dead, names, fit, law, question.level, stack.measured
    )
    return Report(
        name=getattr(question.qnode, "__name__", "QNode"),
        findings=findings_of(evidence),
        space=space,
        given=column_space(stack.jacobians[:1]),
        coefficients=stack.rows,
        frequencies=frequencies,
        redundancy=_paths(stack),
        parameters=names,
        inputs=reading.arguments.input_labels(),
        reasons={names[p]: reason.value for p, reason in dead.items()},
        target=fit,
        measured=stack.measured,
        law=law,
        included=included,
        notes=reading.arguments.notes + stack.notes + (near if several else ()),
        cost=stack.cost,
        provenance=_provenance(question, stack),
    )


def _paths(stack: JacobianStack) -> np.ndarray:
    """How many eigenvalue paths lead to every frequency."""
    if stack.rows is None:
        return np.zeros(0)
    return redundancy(encoding_parts(stack.reading.circuit, pairs=True), stack.spectrum)


def _provenance(question: _Question, stack: JacobianStack) -> Provenance:
    return Provenance(
        seed=question.seed,
        n_samples=len(stack.jacobians),
        shots=Shots(question.qnode.shots).total_shots,
        device=device_name(question.qnode.device),
        engine=stack.engine,
    )


def _target(question: _Question, stack: JacobianStack) -> TargetFit | None:
    if question.targets is None or stack.rows is None:
        return None
    points, values = _target_points(question, stack)
    outputs = stack.rows.shape[1]
    if values.size != len(points) * outputs or not np.all(np.isfinite(values)):
        raise ReadingError(
            f"targets needs {len(points)} × {outputs} finite numbers, one per data point and "
            f"output; got shape {values.shape}."
        )
    jacobian = stack.jacobians[0]
    return target_fit(
        stack.spectrum,
        points,
        values.reshape(len(points), outputs),
        stack.rows,
        jacobian.reshape(outputs, -1, jacobian.shape[-1]),
    )


def _target_points(question: _Question, stack: JacobianStack) -> tuple[np.ndarray, np.ndarray]:
    """Where the target is known, and its values there."""
    if callable(question.targets):
        size = (8 * stack.spectrum.n_rows, stack.spectrum.n_inputs)
        points = np.random.default_rng(0).uniform(-np.pi, np.pi, size)
        return points, np.asarray(question.targets(points), float)
    if question.data is None:
        raise ReadingError(
            "targets=… needs data=… (the points they belong to), or a function of the inputs."
        )
    return data_points(question.data, stack.reading), np.asarray(question.targets, float)
