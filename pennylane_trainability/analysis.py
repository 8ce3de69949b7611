"""Which parameters of this QNode can learn, which cannot, and why: everything on shared samples."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.encoding import encoding_parts
from pennylane_trainability.circuits.qnode import Reading, read_qnode
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.circuits.shifts import shift_plan
from pennylane_trainability.diagnostics.column_space import column_space
from pennylane_trainability.diagnostics.data_jacobian import data_points
from pennylane_trainability.diagnostics.findings import Evidence, findings_of
from pennylane_trainability.diagnostics.measured import (
    MeasuredJacobian,
    default_executor,
    measure_series,
)
from pennylane_trainability.diagnostics.target import TargetFit, target_fit
from pennylane_trainability.errors import NotFourierError, ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.fourier import Spectrum, redundancy, spectrum_of
from pennylane_trainability.laws import Law, Uniform, draw
from pennylane_trainability.report import Report
from pennylane_trainability.results import Cost, Provenance
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, simulate
from pennylane_trainability.simulation.fourier_jacobian import exact_jacobian
from pennylane_trainability.transforms.engines import broadcasts, choose_engine, device_name
from pennylane_trainability.transforms.jacobian_tapes import jacobian_tapes

__all__ = ["analyze"]


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """The options of one analysis."""

    qnode: object
    data: object
    targets: object
    spectrum: object
    n_draws: int
    law: Law
    seed: int
    level: float
    engine: str
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
    seed: int | None = None,
    level: float = 0.95,
    engine: str = "auto",
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    memory: int = DEFAULT_MEMORY,
    max_points: int = 20_000,
):
    r"""Which parameters of a QNode can learn, which cannot, why, and what to change.

    Computes the coefficient Jacobian :math:`J` (see :func:`coefficient_jacobian`) at the values given and
    at parameter draws, and keeps three things apart: *dead* parameters (their column of :math:`J` is zero
    for all parameters, with the reason), *redundant* directions (:math:`P - \mathrm{rank}`) and
    *unreachable* directions (:math:`K - \mathrm{rank}`).

    Args:
        qnode: a QNode that returns ``expval`` or ``probs``.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.
        data: data points ``(n, *shape of the input)``; a QNode that is no Fourier series is analysed on
            these points.
        targets: target values on ``data``, ``(n,)`` or ``(n, outputs)``; or, without ``data``, a function
            of the inputs ``(n, I) → (n,)``.
        spectrum: frequencies; ``None`` finds them.
        n_draws: parameter draws beside the values given; default 20 on a simulator, 0 where measured.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: seed of the draws; drawn and kept if ``None``.
        level: level of intervals and bounds.
        engine: ``"auto"``, ``"exact"``, ``"lightning"`` (exact, by its adjoint method) or ``"measured"``.
        max_circuits: refuse more circuits before running any.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.
        progress: called with (circuits done, circuits in all).
        memory: bytes of states of the exact engine.
        max_points: refuse grids with more input points.

    Returns:
        A function of the QNode's arguments that returns a :class:`Report`.

    Raises:
        ReadingError: see :func:`coefficient_jacobian`; or data and targets do not fit.
        NotFourierError: the output is no Fourier series and no ``data`` was given.
        BudgetError: the cost exceeds a budget.

    **Cost.** On a simulator without shots: no circuits. Otherwise the circuits of one measured
    coefficient Jacobian at the values given, plus one circuit per input point, in one device execution.

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
    runner = default_executor(qnode.device, max_circuits, max_shots, executor)
    if progress is not None:
        runner = runner.with_progress(progress)
    entropy = int(np.random.SeedSequence(seed).entropy) if seed is None else seed
    _check_options(n_draws, level)

    @functools.wraps(qnode.func)
    def report(*args, **kwargs) -> Report:
        question = _Question(
            qnode,
            data,
            targets,
            spectrum,
            n_draws,
            law or Uniform(),
            entropy,
            level,
            engine,
            runner,
            memory,
            max_points,
        )
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
        chosen = choose_engine(qnode.device, Shots(qnode.shots), engine)
        if data is not None:
            data_points(data, reading)  # refuse data that do not fit, needed or not
        try:
            series = series_of(reading, spectrum, max_points)
        except NotFourierError as error:
            if data is None:
                raise
            return _on_data(question, reading, chosen, str(error))
        if chosen == "measured":
            return _measured(question, series)
        return _exact(question, series, chosen)

    return report


def _check_options(n_draws, level) -> None:
    if n_draws is not None and (not isinstance(n_draws, (int, np.integer)) or n_draws < 0):
        raise ValueError(f"n_draws needs a whole number ≥ 0; got {n_draws!r}.")
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")


def _draws(question: _Question, reading: Reading, default: int) -> np.ndarray:
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


def _exact(question: _Question, series: Series, engine: str) -> Report:
    parameters = _draws(question, series.reading, 20)
    found = exact_jacobian(series, parameters, memory=question.memory, engine=engine)
    jacobians = np.concatenate([_stack(j) for j in found.jacobian], axis=1)
    rows = np.concatenate(
        [np.moveaxis(r.reshape(*r.shape[:2], -1), 1, 2) for r in found.rows], axis=1
    )
    return _report(question, series.reading, series.spectrum, jacobians, rows, engine)


def _stack(jacobian: np.ndarray) -> np.ndarray:
    """``(D, K, *shape, P)`` → ``(D, outputs·K, P)``, output-major."""
    d, k, p = jacobian.shape[0], jacobian.shape[1], jacobian.shape[-1]
    return np.moveaxis(jacobian.reshape(d, k, -1, p), 2, 1).reshape(d, -1, p)


def _measured(question: _Question, series: Series) -> Report:
    shots = Shots(question.qnode.shots)
    if question.n_draws:
        raise ReadingError(
            "Parameter draws are taken on simulators only; a measured analysis speaks of the values given. Leave "
            "n_draws=None, or force engine='exact'."
        )
    if not shots:
        return _on_analytic_device(question, series)
    measured = measure_series(
        series, question.qnode, question.runner, seed=question.seed, level=question.level
    )
    return _report(
        question,
        series.reading,
        series.spectrum,
        measured.value[None],
        measured.coefficients[None],
        "measured",
        measured,
        measured.cost,
    )


def _on_analytic_device(question: _Question, series: Series) -> Report:
    """A device that returns exact means of a noisy or mixed state: shift rules without sampling error."""
    qnode = question.qnode
    plan = shift_plan(series.reading.circuit, set(dead_parameters(series.reading.circuit)))
    built = jacobian_tapes(
        series.circuit(hold_out=False),
        series.sampling.matrix,
        None,
        broadcast=broadcasts(qnode.device),
        plan=plan.with_unshifted(),
    )
    cost = cost_of(built.tapes, built.n_circuits)
    question.runner.check(cost)
    means, _ = built.moments(built.frequencies(question.runner.run(built.tapes)), None)
    jacobian = np.moveaxis(built.jacobian(means), 1, 0)
    rows = np.einsum("kg,go->ok", built.matrix, means[0])
    return _report(
        question,
        series.reading,
        series.spectrum,
        jacobian.reshape(1, -1, jacobian.shape[-1]),
        rows[None],
        "measured without shots",
        cost=cost,
    )


def _on_data(question: _Question, reading: Reading, chosen: str, why: str) -> Report:
    """A QNode that is no Fourier series: the rows are the outputs on the data points."""
    if chosen == "measured":
        raise ReadingError(
            f"{why} On a device with shots use pennylane_trainability.data_jacobian for the Jacobian on data."
        )
    points = data_points(question.data, reading)
    parameters = _draws(question, reading, 20)
    blocks = []
    for one in parameters:
        simulation = simulate(reading.at(one[None], points), memory=question.memory)
        size = reading.circuit.n_parameters
        blocks.append(
            np.concatenate(
                [g[0].reshape(len(points), -1, size) for g in simulation.gradients], axis=1
            )
        )
    jacobians = np.moveaxis(np.array(blocks), 2, 1).reshape(len(parameters), -1, size)
    empty = spectrum_of(np.zeros((0, reading.circuit.n_inputs)))
    return _report(
        question, reading, empty, jacobians, None, "exact", note=f"Rows are data points: {why}"
    )


def _report(
    question: _Question,
    reading: Reading,
    spectrum: Spectrum,
    jacobians: np.ndarray,
    rows: np.ndarray | None,
    engine: str,
    measured: MeasuredJacobian | None = None,
    cost: Cost | None = None,
    note: str | None = None,
) -> Report:
    names = reading.arguments.parameter_labels()
    dead = dead_parameters(reading.circuit)
    drawn = jacobians[1:] if len(jacobians) > 1 else jacobians
    space = column_space(drawn)
    fit = _target(question, reading, spectrum, rows, jacobians[0])
    law = str(question.law) if len(jacobians) > 1 else "the values given only"
    evidence = Evidence(
        space, rows, spectrum.frequencies, dead, names, fit, law, question.level, measured
    )
    paths = (
        redundancy(encoding_parts(reading.circuit, pairs=True), spectrum)
        if rows is not None
        else np.zeros(0)
    )
    return Report(
        name=getattr(question.qnode, "__name__", "QNode"),
        findings=findings_of(evidence),
        space=space,
        given=column_space(jacobians[:1]),
        coefficients=rows,
        frequencies=spectrum.frequencies,
        redundancy=paths,
        parameters=names,
        inputs=reading.arguments.input_labels(),
        reasons={names[p]: reason.value for p, reason in dead.items()},
        target=fit,
        measured=measured,
        law=law,
        notes=reading.arguments.notes + ((note,) if note else ()),
        cost=cost or Cost(),
        provenance=Provenance(
            seed=question.seed,
            n_samples=len(jacobians),
            shots=Shots(question.qnode.shots).total_shots,
            device=device_name(question.qnode.device),
            engine=engine,
        ),
    )


def _target(question: _Question, reading, spectrum: Spectrum, rows, jacobian) -> TargetFit | None:
    if question.targets is None or rows is None:
        return None
    if callable(question.targets):
        points = np.random.default_rng(0).uniform(
            -np.pi, np.pi, (8 * spectrum.n_rows, spectrum.n_inputs)
        )
        values = np.asarray(question.targets(points), float)
    elif question.data is None:
        raise ReadingError(
            "targets=… needs data=… (the points they belong to), or a function of the inputs."
        )
    else:
        points, values = data_points(question.data, reading), np.asarray(question.targets, float)
    outputs = rows.shape[1]
    if values.size != len(points) * outputs or not np.all(np.isfinite(values)):
        raise ReadingError(
            f"targets needs {len(points)} × {outputs} finite numbers, one per data point and output; got shape "
            f"{values.shape}."
        )
    return target_fit(
        spectrum,
        points,
        values.reshape(len(points), outputs),
        rows,
        jacobian.reshape(outputs, -1, jacobian.shape[-1]),
    )
