"""Measure a QFIM on the user's device: the twin of ``measured_qfim``."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.points import Points, read_points
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.diagnostics.qfim_errors import CountErrors, ReplicateErrors
from pennylane_trainability.diagnostics.qfim_plan import QFIMPlan
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.statistics.allocation import spread_shots
from pennylane_trainability.statistics.quadratic import moments
from pennylane_trainability.transforms.engines import device_name, is_exact_simulator
from pennylane_trainability.transforms.qfim_circuits.answer import How, Plan, answer_of, plan_of
from pennylane_trainability.transforms.qfim_circuits.mirrors import mirrored
from pennylane_trainability.transforms.qfim_circuits.scheme import Overlap
from pennylane_trainability.transforms.qfim_circuits.tapes import Means, Observed

__all__ = ["measure_qfim"]

#: Share of the shots of a pilot run that decides where the others go.
_PILOT = 0.25
ALLOCATIONS = ("even", "adaptive")


def measure_qfim(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    method: str = "auto",
    read_out: str = "counts",
    rescale: bool = False,
    allocation: str = "even",
    aux_wire=None,
    n_bases: int = 20,
    bases: str = "haar",
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
):
    r"""Measure the QFIM on the QNode's device: values, errors, rank, cost.

    The measured twin of :func:`measured_qfim`: the same circuits, but all outcomes are kept, and
    the whole matrix over all trainable arguments is measured.

    Args:
        qnode: a QNode with shots (``qml.set_shots``).
        argnums: the trainable arguments; see :func:`measured_qfim`.
        encoding_args: data arguments, left alone; see :func:`measured_qfim`.
        method: see :func:`measured_qfim`.
        read_out: ``"counts"``, or ``"means"`` for devices and primitives that give no outcomes; a
            mean of a Pauli word then has the error ``√((1 − m²)/shots)``, and errors of words read
            together count as independent.
        rescale: divide the means by the measured survival of the state. This is a **model** (global
            depolarising noise), not a correction: one mirror circuit per layer is added, every mean
            is divided by the survival of its own circuit before the matrix is formed, and the
            matrix without it is kept as ``raw``.
        allocation: ``"even"``: as many shots for every circuit; ``"adaptive"``: a quarter of the
            shots in a pilot run, the rest (a second execution) where they lower the noise floor of
            the eigenvalues most, at the same total.
        aux_wire: the auxiliary wire; see :func:`measured_qfim`.
        n_bases: for ``random-bases``, how many.
        bases: for ``random-bases``, ``"haar"`` or ``"local"``.
        seed: of the resampling behind noise floors, and of random bases; drawn and kept if
            ``None``.
        level: level of intervals and rank bounds.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run; default: all in one device execution.

    Returns:
        A function of the QNode's arguments that returns a :class:`MeasuredQFIM`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost at most, ``plan`` one that
        compares the methods on this device; neither runs anything.

    Raises:
        ReadingError: the device has no shots or a shot vector, or cannot do the method; shots are
            too few for any statement (the message says how many are needed).
        BudgetError: the cost exceeds a budget.
        DeviceFailure: the device failed in the middle (with an executor that runs in chunks).

    **Cost.** See :func:`measured_qfim`; ``rescale`` adds one circuit per layer, ``adaptive`` one
    execution.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.set_shots(1000)
    ... @qml.qnode(qml.device("default.qubit", seed=1))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     qml.RZ(weights[2], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> measure = pt.measure_qfim(circuit, seed=2)
    >>> weights = np.array([0.3, 0.4, 0.5])
    >>> print(measure.cost(weights))
    4 circuits, 4,000 shots, 1 device execution
    >>> F = measure(weights)
    >>> F.value.shape, F.method
    ((3, 3), 'direct')
    >>> print(F.rank().interval())
    [2, 2] at 95 %

    The upper end is a theorem: a pure state of one qubit has two directions.
    """
    ask = _Ask(How(method, read_out, aux_wire, n_bases, bases, kept_seed(seed)), rescale,
               allocation, level)  # fmt: skip
    ask.check()

    def prepare(args, kwargs) -> _Prepared:
        points = read_points(qnode, args, kwargs, argnums, encoding_args)
        return _prepared(points, qnode, ask)

    def run(*args, **kwargs) -> MeasuredQFIM:
        ready = prepare(args, kwargs)
        runner = default_executor(qnode.device, max_circuits, max_shots, executor)
        runner.check(ready.cost())
        return _run(ready, qnode, runner, ask)

    measured: Any = functools.wraps(qnode.func)(run)
    measured.cost = lambda *args, **kwargs: prepare(args, kwargs).cost()
    measured.plan = lambda *args, **kwargs: _table(prepare(args, kwargs), qnode)
    return measured


@dataclass(frozen=True, slots=True)
class _Ask:
    """The options of a call."""

    how: How
    rescale: bool
    allocation: str
    level: float

    def check(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level needs a number between 0 and 1; got {self.level!r}.")
        if self.allocation not in ALLOCATIONS:
            raise ValueError(
                f"allocation needs one of {list(ALLOCATIONS)}; got {self.allocation!r}."
            )
        plain = self.how.method != "random-bases" and self.how.read_out == "counts"
        if not plain and (self.rescale or self.allocation != "even"):
            raise ValueError(
                "rescale and allocation='adaptive' need read_out='counts' and a method other than "
                "'random-bases'; leave them out."
            )
        if self.rescale and self.allocation != "even":
            raise ValueError("rescale needs allocation='even'; leave one of the two out.")


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A call that is ready to run."""

    points: Points
    plan: Plan
    shots: int
    ask: _Ask
    n_own: int = field(default=0)

    def cost(self) -> Cost:
        """Circuits and shots, before anything is built."""
        count = self.plan.n_circuits
        runs = 2 if self.is_adaptive else 1
        return Cost(
            circuits=count * runs,
            distinct_circuits=count,
            shots=count * self.shots,
            executions=runs if count else 0,
        )

    @property
    def is_adaptive(self) -> bool:
        """Whether a pilot run comes first."""
        return self.ask.allocation == "adaptive" and self.plan.n_circuits > 1


def _prepared(points: Points, qnode, ask: _Ask) -> _Prepared:
    shots = Shots(qnode.shots)
    if not shots or shots.has_partitioned_shots:
        raise ReadingError(
            f"measure_qfim needs one number of shots; this QNode has {shots}. Set it with "
            "qml.set_shots(qnode, shots=…); without shots use qml.transforms.qfim."
        )
    if points.batch is not None:
        raise ReadingError(
            "measure_qfim takes one parameter point, and this call has a broadcasting axis. Call "
            "it once for each, or use qml.transforms.measured_qfim."
        )
    if shots.total_shots < 10:
        raise ReadingError(
            f"{shots.total_shots} shots per circuit are too few for any statement about errors; "
            "set at least 10, and about 1,000 for a useful one."
        )
    every = [np.arange(points.parameters.shape[1])]
    plan = plan_of(points, qnode.device, ask.how, every)
    own = plan.n_circuits
    if ask.rescale:
        plan = mirrored(plan)
    return _Prepared(points, plan, shots.total_shots, ask, own)


def _run(ready: _Prepared, qnode, runner: Executor, ask: _Ask) -> MeasuredQFIM:
    if ready.plan.scheme is None:
        answer = answer_of(ready.points, ready.plan, ask.how, ready.shots)
        replicates = answer.circuits.replicates(runner.run(answer.tapes))
        errors: Any = ReplicateErrors(replicates=replicates)
        value = raw = replicates.mean(axis=0)
        return _record(ready, qnode, ask, value, raw, errors, cost_of(answer.tapes), ready.shots)
    if ready.is_adaptive:
        errors, cost = _adaptive(ready, runner, ask)
    else:
        observed, cost = _observe(ready, runner, ask, ready.shots)
        errors = _errors(ready, observed, np.full(len(observed), float(ready.shots)))
    value = errors.matrix(errors.means)
    raw = errors.matrix(errors.means, rescaled=False)
    shots = errors.shots.astype(int)
    given = ready.shots if len(set(shots.tolist())) < 2 else tuple(shots.tolist())
    return _record(ready, qnode, ask, value, raw, errors, cost, given)


def _observe(ready: _Prepared, runner: Executor, ask: _Ask, shots):
    """Run the circuits of a plan; outcomes, and what they cost."""
    answer = answer_of(ready.points, ready.plan, ask.how, shots)
    results = runner.run(answer.tapes)
    return answer.circuits.observed(results, ready.shots)[0], cost_of(answer.tapes)


def _adaptive(ready: _Prepared, runner: Executor, ask: _Ask) -> tuple[CountErrors, Cost]:
    count = ready.plan.n_circuits
    pilot_shots = max(10, int(_PILOT * ready.shots))
    pilot, first = _observe(ready, runner, ask, pilot_shots)
    errors = _errors(ready, pilot, np.full(count, float(pilot_shots)))
    wanted = spread_shots(errors.squares(), count * ready.shots)
    rest = np.maximum(wanted - pilot_shots, 0)
    scale = (count * (ready.shots - pilot_shots)) / max(rest.sum(), 1)
    rest = np.maximum((rest * min(scale, 1.0)).astype(int), 1)
    more, second = _observe(ready, runner, ask, rest.tolist())
    joined = [
        Observed(np.concatenate([a.values, b.values], axis=1),
                 np.concatenate([a.weights, b.weights]), a.n_bits)
        for a, b in zip(pilot, more, strict=True)
    ]  # fmt: skip
    total = Cost(
        circuits=first.circuits + second.circuits,
        distinct_circuits=count,
        shots=first.shots + second.shots,
        executions=2,
    )
    return _errors(ready, joined, pilot_shots + rest.astype(float)), total


def _errors(ready: _Prepared, observed, shots: np.ndarray) -> CountErrors:
    """Everything the errors need, from the outcomes of all circuits."""
    scheme = ready.plan.scheme
    both = [_moments(o, n) for o, n in zip(observed, shots, strict=True)]
    sizes = np.array([len(mean) for mean, _ in both], int)
    per = [o for o, size in zip(scheme.circuits, sizes, strict=True) for _ in range(size)]
    mirrors = len(scheme.circuits) - ready.n_own
    of_layer = {c.layer: k for k, c in enumerate(scheme.circuits[ready.n_own :])}
    own = len(per) - mirrors
    return CountErrors(
        means=np.concatenate([mean for mean, _ in both]) if both else np.zeros(0),
        covariances=tuple(covariance for _, covariance in both),
        outcomes=tuple((o.values, o.weights) for o in observed if isinstance(o, Observed)),
        shots=shots,
        quadratic=scheme.quadratic,
        loading=scheme.loading(),
        mirrors=mirrors,
        mirror_of=np.array([of_layer[c.layer] for c in per[:own]], int) if mirrors else None,
        wires=np.array([o.n_bits for o, s in zip(observed, sizes, strict=True) for _ in range(s)])
        if mirrors
        else None,
        overlaps=np.array([isinstance(c, Overlap) for c in per[:own]]) if mirrors else None,
    )


def _moments(observed: Observed | Means, shots: float):
    if isinstance(observed, Observed):
        return moments(observed.values, observed.weights)
    smooth = observed.means * shots / (shots + 4)
    return observed.means, np.diag((1 - smooth**2) / shots)


def _record(ready, qnode, ask: _Ask, value, raw, errors, cost: Cost, shots) -> MeasuredQFIM:
    circuit = ready.points.circuit
    survival = None
    if isinstance(errors, CountErrors) and errors.mirrors:
        survival = errors.survival(errors.means)
    bound = min(circuit.n_parameters, 2 ** (circuit.n_wires + 1) - 2)
    if ready.plan.method == "block-diag":
        bound = circuit.n_parameters
    return MeasuredQFIM(
        value=value,
        raw=raw,
        stderr=errors.stderr(),
        errors=errors,
        method=ready.plan.method,
        survival=survival,
        structural_bound=bound,
        notes=_notes(ready, qnode, ask),
        parameters=ready.points.reading.arguments.parameter_labels(),
        cost=cost,
        provenance=Provenance(
            seed=ask.how.seed, shots=shots, device=device_name(qnode.device), engine="measured"
        ),
        level=ask.level,
    )


def _notes(ready: _Prepared, qnode, ask: _Ask) -> tuple[str, ...]:
    scheme, notes = ready.plan.scheme, []
    if scheme is not None and scheme.approximation:
        notes.append(f"{scheme.approximation}; its rank is not that of the QFIM")
    if scheme is None:
        notes.append("biased: an average over few bases, with probabilities in a denominator")
    if ask.rescale:
        notes.append(
            "rescaled by measured survival, a model of global depolarising noise; `raw` is without"
        )
    if not is_exact_simulator(qnode.device):
        effect = (
            "shrinks the spectrum, so that a rank bound stays one but gets worse"
            if scheme is not None and scheme.method == "overlap"
            else "makes generators look less correlated, which raises small eigenvalues: the rank "
            "bound holds for this matrix, not for the circuit without noise"
        )
        notes.append(f"noise of the device {effect}")
    return tuple(notes)


def _table(ready: _Prepared, qnode) -> QFIMPlan:
    scheme = ready.plan.scheme
    return QFIMPlan(
        method=ready.plan.method,
        options=ready.plan.options,
        layers=0 if scheme is None else scheme.made.n_layers,
        parameters=ready.points.circuit.n_parameters,
        cost=ready.cost(),
        device=device_name(qnode.device),
    )
