"""Preparing and running the circuits of a measured QFIM, and gathering the record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.points import Points
from pennylane_trainability.diagnostics.calibration import Calibration, known_of
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.diagnostics.qfim_calibrated import (
    CalibratedCountErrors,
    calibrated_errors,
)
from pennylane_trainability.diagnostics.qfim_errors import CountErrors, Mirrors, ReplicateErrors
from pennylane_trainability.diagnostics.qfim_plan import QFIMPlan
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.results import Cost, Provenance
from pennylane_trainability.statistics.allocation import spread_shots
from pennylane_trainability.statistics.quadratic import moments
from pennylane_trainability.transforms.calibration_tapes import (
    CalibrationTapes,
    calibration_tapes,
)
from pennylane_trainability.transforms.engines import device_name
from pennylane_trainability.transforms.qfim_circuits.answer import (
    Answer,
    How,
    Plan,
    answer_of,
    plan_of,
)
from pennylane_trainability.transforms.qfim_circuits.mirrors import mirrored
from pennylane_trainability.transforms.qfim_circuits.random_bases import BasisCircuits
from pennylane_trainability.transforms.qfim_circuits.read_outs import Means, Observed
from pennylane_trainability.transforms.qfim_circuits.scheme import Overlap

__all__ = ["Ask", "Prepared", "prepared", "run", "table_of", "tapes_of"]

#: Share of the shots of a pilot run that decides where the others go.
_PILOT = 0.25
ALLOCATIONS = ("even", "adaptive")
#: Circuits that tell errors of reading: no wire turned, all turned.
_CALIBRATION = 2


@dataclass(frozen=True, slots=True)
class Ask:
    """The options of a call."""

    how: How
    rescale: bool
    allocation: str
    level: float
    mitigate_read_out: bool = False

    def check(self) -> None:
        """Refuse options that make no sense."""
        if not 0 < self.level < 1:
            raise ValueError(f"level needs a number between 0 and 1; got {self.level!r}.")
        if self.allocation not in ALLOCATIONS:
            raise ValueError(
                f"allocation needs one of {list(ALLOCATIONS)}; got {self.allocation!r}."
            )
        plain = self.how.method != "random-bases" and self.how.read_out == "counts"
        calibrates = self.rescale or self.mitigate_read_out
        if not plain and (calibrates or self.allocation != "even"):
            raise ValueError(
                "rescale, mitigate_read_out and allocation='adaptive' need read_out='counts' and a "
                "method other than 'random-bases'; leave them out."
            )
        if calibrates and self.allocation != "even":
            raise ValueError(
                "rescale and mitigate_read_out need allocation='even'; leave one of the two out."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A call that is ready to run.

    Attributes:
        points: the QNode at the point of the call.
        plan: the circuits, mirrors last.
        shots: per circuit.
        ask: the options.
        n_own: number of circuits before the mirrors.
    """

    points: Points
    plan: Plan
    shots: int
    ask: Ask
    n_own: int

    def cost(self) -> Cost:
        """Circuits and shots, before anything is built."""
        count = self.plan.n_circuits
        if count and self.ask.mitigate_read_out:
            count += _CALIBRATION
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


def prepared(points: Points, qnode, ask: Ask) -> Prepared:
    """Plan the circuits of a call; nothing is built or run."""
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
    return Prepared(points, plan, shots.total_shots, ask, own)


def run(ready: Prepared, qnode, runner: Executor, ask: Ask) -> MeasuredQFIM:
    """Run the circuits and gather the record."""
    if ready.plan.scheme is None:
        return _run_bases(ready, qnode, runner, ask)
    if ask.mitigate_read_out and ready.plan.n_circuits:
        return _mitigated(ready, qnode, runner, ask)
    if ready.is_adaptive:
        errors, cost = _adaptive(ready, runner, ask)
    else:
        observed, cost = _observe(ready, runner, ask, ready.shots)
        errors = _errors(ready, observed, np.full(len(observed), float(ready.shots)))
    raw = errors.matrix(errors.means, rescaled=False)
    shots = errors.shots.astype(int)
    given = ready.shots if len(set(shots.tolist())) < 2 else tuple(shots.tolist())
    return _record(ready, qnode, ask, errors.matrix(errors.means), raw, errors, cost, given)


def _mitigated(ready: Prepared, qnode, runner: Executor, ask: Ask) -> MeasuredQFIM:
    """The circuits next to those that tell errors of reading, and both matrices."""
    answer = answer_of(ready.points, ready.plan, ask.how, ready.shots)
    if isinstance(answer.circuits, BasisCircuits):
        raise ReadingError("Random bases have replicates, not outcomes of words.")
    made = _reading(answer)
    tapes = [*answer.tapes, *made.tapes]
    results = runner.run(tapes)
    observed = answer.observed(results[: len(answer.tapes)], ready.shots)[0]
    known = known_of(made, results[len(answer.tapes) :])
    shots = np.full(len(observed), float(ready.shots))
    seen = _errors(ready, observed, shots)
    errors = calibrated_errors(
        lambda corrected: _errors(ready, corrected, shots),
        *(answer.circuits.read_outs, observed, known),
    )
    return _record(
        *(ready, qnode, ask, errors.own.matrix(errors.own.means)),
        *(seen.matrix(seen.means, rescaled=False), errors, cost_of(tapes), ready.shots),
        known.record(ask.level),
    )


def _reading(answer: Answer) -> CalibrationTapes:
    return calibration_tapes(answer.tapes, mirrors=False, flips=True)


def _run_bases(ready: Prepared, qnode, runner: Executor, ask: Ask) -> MeasuredQFIM:
    answer = answer_of(ready.points, ready.plan, ask.how, ready.shots)
    results = runner.run(answer.tapes)
    if not isinstance(answer.circuits, BasisCircuits):
        raise ReadingError("These circuits are not those of random bases.")
    errors = ReplicateErrors(replicates=answer.circuits.replicates(results))
    value = errors.replicates.mean(axis=0)
    cost = cost_of(answer.tapes)
    return _record(ready, qnode, ask, value, value, errors, cost, ready.shots)


def tapes_of(ready: Prepared, ask: Ask) -> list:
    """The circuits of a call; with a pilot run both runs, with the shots split evenly."""
    if not ready.is_adaptive:
        answer = answer_of(ready.points, ready.plan, ask.how, ready.shots)
        mitigates = ask.mitigate_read_out and answer.tapes
        return [*answer.tapes, *(_reading(answer).tapes if mitigates else ())]
    pilot = max(10, int(_PILOT * ready.shots))
    shots = (pilot, max(ready.shots - pilot, 1))
    return [tape for n in shots for tape in answer_of(ready.points, ready.plan, ask.how, n).tapes]


def _observe(ready: Prepared, runner: Executor, ask: Ask, shots):
    """Run the circuits of a plan; outcomes, and what they cost."""
    answer = answer_of(ready.points, ready.plan, ask.how, shots)
    return answer.observed(runner.run(answer.tapes), ready.shots)[0], cost_of(answer.tapes)


def _adaptive(ready: Prepared, runner: Executor, ask: Ask) -> tuple[CountErrors, Cost]:
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
        distinct_circuits=first.distinct_circuits,
        shots=first.shots + second.shots,
        executions=2,
    )
    return _errors(ready, joined, pilot_shots + rest.astype(float)), total


def _errors(ready: Prepared, observed, shots: np.ndarray) -> CountErrors:
    """Everything the errors need, from the outcomes of all circuits."""
    scheme = ready.plan.required()
    both = [_moments(o, n) for o, n in zip(observed, shots, strict=True)]
    return CountErrors(
        means=np.concatenate([mean for mean, _ in both]) if both else np.zeros(0),
        covariances=tuple(covariance for _, covariance in both),
        outcomes=tuple((o.values, o.weights) for o in observed if isinstance(o, Observed)),
        shots=shots,
        quadratic=scheme.quadratic,
        loading=scheme.loading(),
        mirrors=_mirrors(ready, observed) if ready.ask.rescale else None,
    )


def _mirrors(ready: Prepared, observed) -> Mirrors:
    """Which mirror belongs to which mean."""
    circuits = ready.plan.required().circuits
    own = circuits[: ready.n_own]
    of_layer = {c.layer: k for k, c in enumerate(circuits[ready.n_own :])}
    size = [c.n_values for c in own]
    return Mirrors(
        of=np.repeat([of_layer[c.layer] for c in own], size).astype(int),
        wires=np.repeat([o.n_bits for o in observed[: ready.n_own]], size),
        own_wires=np.array([o.n_bits for o in observed[ready.n_own :]], int),
        overlaps=np.repeat([isinstance(c, Overlap) for c in own], size).astype(bool),
    )


def _moments(observed: Observed | Means, shots: float):
    if isinstance(observed, Observed):
        return moments(observed.values, observed.weights)
    smooth = observed.means * shots / (shots + 4)
    return observed.means, np.diag((1 - smooth**2) / shots)


def _record(
    ready,
    qnode,
    ask: Ask,
    value,
    raw,
    errors,
    cost: Cost,
    shots,
    calibration: Calibration | None = None,
) -> MeasuredQFIM:
    circuit = ready.points.circuit
    survival, counted = None, errors
    if isinstance(errors, CalibratedCountErrors):
        counted = errors.own
    if isinstance(counted, CountErrors) and counted.mirrors is not None:
        survival = counted.mirrors.survival(counted.means)
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
        calibration=calibration,
        structural_bound=bound,
        notes=_notes(ready, qnode, ask),
        parameters=ready.points.reading.arguments.parameter_labels(),
        cost=cost,
        provenance=Provenance(
            seed=ask.how.seed, shots=shots, device=device_name(qnode.device), engine="measured"
        ),
        level=ask.level,
    )


def _notes(ready: Prepared, qnode, ask: Ask) -> tuple[str, ...]:
    scheme, notes = ready.plan.scheme, []
    if scheme is not None and scheme.approximation:
        notes.append(f"{scheme.approximation}; its rank is not that of the QFIM")
    if scheme is None:
        notes.append("biased: an average over few bases, with probabilities in a denominator")
    if ask.rescale:
        notes.append(
            "rescaled by measured survival, a model of global depolarising noise; `raw` is without"
        )
    overlaps = scheme is not None and scheme.method == "overlap"
    quantity = "qfim-overlap" if overlaps else "qfim-generators"
    return (*notes, *noise_notes(quantity, qnode.device, ready.points.circuit))


def table_of(ready: Prepared, qnode) -> QFIMPlan:
    """What all methods would cost for this call."""
    scheme = ready.plan.scheme
    return QFIMPlan(
        method=ready.plan.method,
        options=ready.plan.options,
        layers=0 if scheme is None else scheme.made.n_layers,
        parameters=ready.points.circuit.n_parameters,
        cost=ready.cost(),
        device=device_name(qnode.device),
    )
