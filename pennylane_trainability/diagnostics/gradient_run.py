"""Preparing and running the circuits of a measured gradient, and gathering the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.points import Points
from pennylane_trainability.diagnostics.calibrated import calibrated_gradient
from pennylane_trainability.diagnostics.calibrated_errors import CalibratedGradientErrors
from pennylane_trainability.diagnostics.calibration import Calibration, known_of
from pennylane_trainability.diagnostics.gradient_errors import GradientErrors
from pennylane_trainability.diagnostics.measured_gradient import MeasuredGradient
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.results import Cost, Provenance
from pennylane_trainability.transforms.calibration_tapes import (
    CalibrationTapes,
    calibration_tapes,
)
from pennylane_trainability.transforms.engines import device_name
from pennylane_trainability.transforms.gradient_circuits.adjoint_action import truncation_bound
from pennylane_trainability.transforms.gradient_circuits.answer import (
    Question,
    answer_of,
    question_of,
)
from pennylane_trainability.transforms.gradient_circuits.choice import How
from pennylane_trainability.transforms.qfim_circuits.read_outs import Means, Observed

__all__ = ["Ask", "Prepared", "prepared", "run"]

ALLOCATIONS = ("even", "weighted")
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Ask:
    """The options of a call."""

    how: dict
    allocation: str
    level: float
    rescale: bool = False
    mitigate_read_out: bool = False

    def check(self) -> None:
        """Refuse options that make no sense."""
        if not 0 < self.level < 1:
            raise ValueError(f"level needs a number between 0 and 1; got {self.level!r}.")
        if self.allocation not in ALLOCATIONS:
            raise ValueError(
                f"allocation needs one of {list(ALLOCATIONS)}; got {self.allocation!r}."
            )
        if self.mitigate_read_out and self.how.get("read_out") == "means":
            raise ValueError(
                "mitigate_read_out corrects outcomes, and read_out='means' has none; use 'counts', "
                "or mitigate on the device (on qiskit.remote: resilience options of its primitive)."
            )

    @property
    def calibrates(self) -> bool:
        """Whether calibration circuits are run, too."""
        return self.rescale or self.mitigate_read_out


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A call that is ready to run.

    Attributes:
        points: the QNode at the point of the call.
        question: the circuits.
        slopes: per circuit what its means are multiplied by, ``(R, P, W)`` each.
        shots: per circuit, ``(C,)``.
        ask: the options.
    """

    points: Points
    question: Question
    slopes: tuple[np.ndarray, ...]
    shots: np.ndarray
    ask: Ask

    def cost(self) -> Cost:
        """Circuits and shots, before anything is built."""
        count, shots = len(self.shots), int(self.shots.sum())
        if self.ask.calibrates and count:
            extra = _calibration(self, answer_of(self.question, self.shots.tolist(), 1).tapes)
            count, shots = count + len(extra.tapes), shots + len(extra.tapes) * extra.shots
        return Cost(
            circuits=count, distinct_circuits=count, shots=shots, executions=1 if count else 0
        )


def prepared(points: Points, qnode, ask: Ask) -> Prepared:
    """Plan the circuits of a call; nothing is built or run."""
    shots = Shots(qnode.shots)
    if not shots or shots.has_partitioned_shots:
        raise ReadingError(
            f"measure_gradient needs one number of shots; this QNode has {shots}. Set it with "
            "qml.set_shots(qnode, shots=…); without shots use qml.gradients.measured_grad."
        )
    if points.batch is not None:
        raise ReadingError(
            "measure_gradient takes one parameter point, and this call has a broadcasting axis. "
            "Call it once for each, or use qml.gradients.measured_grad."
        )
    if shots.total_shots < _FEWEST:
        raise ReadingError(
            f"{shots.total_shots} shots per circuit are too few for any statement about errors; "
            f"set at least {_FEWEST}, and about 1,000 for a useful one."
        )
    device = qnode.device
    own = None if device.wires is None else list(device.wires)
    measurements = points.reading.circuit.measurements
    question = question_of(points.circuit, measurements, How(**ask.how), own, device_name(device))
    arrangement = question.plan.arrangement
    matrix = arrangement.scheme.matrix(question.problem)
    slopes = tuple(
        matrix[:, :, list(reading.targets)]
        * (1.0 if reading.shares is None else np.array(reading.shares))
        for reading in arrangement.readings
    )
    even = np.full(len(slopes), shots.total_shots)
    each = even if ask.allocation == "even" else weighted(slopes, shots.total_shots)
    return Prepared(points, question, slopes, each, ask)


def weighted(slopes: Sequence[np.ndarray], shots: int) -> np.ndarray:
    """Shots per circuit, ``shots`` on average, in proportion to the root of their variances.

    Minimises ``Σ_c v_c / n_c`` at a given total; no circuit gets fewer than 10.
    """
    total = shots * len(slopes)
    roots = np.array([np.sqrt(np.sum(own**2)) for own in slopes])
    if not roots.sum():
        return np.full(len(slopes), shots)
    found = np.maximum(np.floor(total * roots / roots.sum()).astype(int), _FEWEST)
    while found.sum() > total:  # what the least ones got more is taken from the others
        found[np.argmax(found)] -= min(found.sum() - total, found.max() // 2)
    return found


def _calibration(ready: Prepared, tapes: Sequence) -> CalibrationTapes:
    ask = ready.ask
    return calibration_tapes(tapes, mirrors=ask.rescale, flips=ask.mitigate_read_out)


def run(ready: Prepared, runner: Executor) -> MeasuredGradient:
    """Run the circuits and gather the record."""
    question = ready.question
    answer = answer_of(question, ready.shots.tolist(), 1)
    made = _calibration(ready, answer.tapes) if ready.ask.calibrates and answer.tapes else None
    tapes = [*answer.tapes, *(made.tapes if made else ())]
    cost = cost_of(tapes)
    everything = runner.run(tapes)
    results = everything[: len(answer.tapes)]
    observed = answer.observed(results, int(ready.shots.max(initial=1)))[0]
    values = [o.values.astype(float) if isinstance(o, Observed) else o.means[:, None]
              for o in observed]  # fmt: skip
    errors = GradientErrors(
        slopes=ready.slopes,
        values=tuple(values),
        weights=tuple(o.weights if isinstance(o, Observed) else np.zeros(0) for o in observed),
        shots=ready.shots.astype(float),
    )
    scheme = question.plan.arrangement.scheme
    value = scheme.jacobian(answer.means(observed), question.problem)
    by_means = any(isinstance(o, Means) for o in observed)
    if made is None:
        return _record(ready, runner.device, (value, value), errors, by_means, cost)
    known = known_of(made, everything[len(answer.tapes) :])
    corrected, whole = calibrated_gradient(errors, answer.read_outs, observed, known)
    told = known.record(ready.ask.level)
    return _record(ready, runner.device, (corrected, value), whole, by_means, cost, told)


def _record(
    ready: Prepared,
    device,
    values: tuple[np.ndarray, np.ndarray],
    errors: GradientErrors | CalibratedGradientErrors,
    by_means: bool,
    cost: Cost,
    calibration: Calibration | None = None,
) -> MeasuredGradient:
    question, ask = ready.question, ready.ask
    value, raw = values
    scheme = question.plan.arrangement.scheme
    variances = errors.variances()
    stderr = np.sqrt(variances) if variances.size else np.zeros_like(value)
    bare = question.problem.outputs.shapes == ((),)
    shape = value.shape[1:] if bare else value.shape
    shots = sorted({int(n) for n in ready.shots})
    notes = list(scheme.notes)
    if by_means:
        notes.append("means only: errors of words read together count as independent")
    notes += noise_notes("gradient", device, ready.points.circuit)
    return MeasuredGradient(
        value=value.reshape(shape),
        raw=raw.reshape(shape),
        calibration=calibration,
        stderr=stderr.reshape(shape),
        errors=errors,
        bound=truncation_bound(scheme, question.problem).reshape(shape),
        method=scheme.method,
        notes=tuple(notes),
        parameters=ready.points.reading.arguments.parameter_labels(),
        cost=cost,
        provenance=Provenance(
            seed=ask.how.get("seed"),
            shots=shots[0] if len(shots) == 1 else tuple(int(n) for n in ready.shots),
            device=device_name(device),
            engine="measured",
        ),
        level=ask.level,
    )
