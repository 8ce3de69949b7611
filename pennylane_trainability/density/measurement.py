"""Planning and building the circuits of a measured density model, and reading their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pennylane as qml
from pennylane.measurements import Shots
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.arguments import is_differentiated
from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.reading import apply_pipeline
from pennylane_trainability.density.mixture import Call, points_of
from pennylane_trainability.density.outputs import check_measurements
from pennylane_trainability.density.randomised import probabilities_of
from pennylane_trainability.density.register import register_tape
from pennylane_trainability.density.weights import numbers_of
from pennylane_trainability.results import Cost
from pennylane_trainability.transforms.bases import Basis, bases_of, output_shapes

__all__ = ["Built", "Plan", "built", "plan_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A call that is ready to be built.

    Attributes:
        call: the call, every part with its own transforms applied.
        points: circuits of the parts at every point of the broadcasting axis.
        batched: whether there is such an axis.
        weights: ``α`` at every point, ``(B, K)``.
        bases: in which the outputs are read.
        outputs: what each output is.
        shots: shots per basis.
    """

    call: Call
    points: list[Sequence[QuantumScript]]
    batched: bool
    weights: np.ndarray
    bases: list[Basis]
    outputs: tuple[str, ...]
    shots: int

    @property
    def method(self) -> str:
        """How the parts are mixed."""
        return self.call.mixture.method

    @property
    def values(self) -> tuple[np.ndarray, ...]:
        """Value of every outcome for every output, per basis ``(M, outcomes)``."""
        tables = []
        for basis in self.bases:
            table = np.zeros((len(self.outputs), basis.n_outcomes))
            for output, weights in basis.weights.items():
                table[output] = weights
            tables.append(table)
        return tuple(tables)

    def cost(self) -> Cost:
        """What it costs; for a draw that is yet to come, at most."""
        count, n_parts = len(self.points), self.weights.shape[1]
        if self.method == "exact":
            circuits, runs = count * n_parts, count * n_parts
        elif self.method == "register":
            circuits, runs = count, count
        else:
            alive = np.count_nonzero(self.weights > 0, axis=1)
            circuits, runs = int(np.minimum(alive, self.shots).sum()), count
        circuits *= len(self.bases)
        return Cost(
            circuits=circuits,
            distinct_circuits=circuits,
            shots=runs * len(self.bases) * self.shots,
            executions=1 if circuits else 0,
        )


def plan_of(call: Call, shots: int) -> Plan:
    """Plan the circuits of a call; nothing is built or run.

    Raises:
        ReadingError: an output cannot be read from counts.
        NotImplementedError: inside ``jit`` or ``grad``.
    """
    _refuse_tracing(call)
    parts = zip(call.mixture.parts, call.tapes, strict=True)
    tapes = tuple(_numeric(apply_pipeline(p.compile_pipeline, tape)) for p, tape in parts)
    check_measurements(tapes)
    call = replace(call, tapes=tapes, alpha=numbers_of(call.alpha))
    batched, points = points_of(call)
    measured = Circuit((), (), tuple(tapes[0].measurements), _wires(call), 0, 0)
    return Plan(
        call=call,
        points=[tapes for tapes, _ in points],
        batched=batched,
        weights=np.stack([alpha for _, alpha in points]),
        bases=bases_of(measured),
        outputs=tuple(_names(measured)),
        shots=shots,
    )


def _refuse_tracing(call: Call) -> None:
    values = [call.alpha, *(v for t in call.tapes for v in t.get_parameters(trainable_only=False))]
    if any(is_differentiated(value) for value in values):
        raise NotImplementedError(
            "A measured density model has errors and counts, which cannot be differentiated or "
            "compiled; call it outside jit and grad, or call the model itself."
        )


def _numeric(tape: QuantumScript) -> QuantumScript:
    [found], _ = qml.transforms.convert_to_numpy_parameters(tape)
    return found


def _wires(call: Call):
    return call.tapes[0].wires if call.device.wires is None else call.device.wires


def _names(measured: Circuit):
    for measurement, shape in zip(measured.measurements, output_shapes(measured), strict=True):
        if not shape:
            yield f"⟨{measurement.obs}⟩"
            continue
        width = int(shape[0]).bit_length() - 1
        yield from (f"p({k:0{width}b})" for k in range(shape[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """Circuits ready to run.

    Attributes:
        tapes: by point, then part, then basis; without those that have no shots.
        shots: shots per basis of every circuit, ``(B, C)``.
        shares: share of every circuit in the estimate, ``(B, C)``.
        bases: in which they are read.
    """

    tapes: list[QuantumScript]
    shots: np.ndarray
    shares: np.ndarray
    bases: list[Basis]

    def counts(self, results) -> tuple[np.ndarray, ...]:
        """Counts of all outcomes, per basis ``(B, C, outcomes)``; zeros for circuits not run."""
        found = [np.zeros((*self.shots.shape, b.n_outcomes), dtype=np.int64) for b in self.bases]
        number = iter(results)
        for place in zip(*np.nonzero(self.shots), strict=True):
            for basis, counts in zip(self.bases, found, strict=True):
                frequencies = np.reshape(basis.frequencies(next(number)), -1)
                counts[place] = np.rint(frequencies * self.shots[place])
        return tuple(found)


def built(plan: Plan, rng: np.random.Generator) -> Built:
    """Build the circuits of a plan.

    Args:
        plan: the plan.
        rng: where parts are drawn from.
    """
    shots, shares = _spread(plan, rng)
    tapes = []
    with QueuingManager.stop_recording():
        rotations = [(basis.gates(), basis.measurement()) for basis in plan.bases]
        for b, c in zip(*np.nonzero(shots), strict=True):
            operations = _operations(plan, b, c)
            for gates, measurement in rotations:
                tapes.append(
                    QuantumScript([*operations, *gates], [measurement], shots=int(shots[b, c]))
                )
    return Built(tapes, shots, shares, plan.bases)


def _spread(plan: Plan, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Shots and shares of every circuit, ``(B, C)`` each."""
    if plan.method == "exact":
        return np.full(plan.weights.shape, plan.shots), plan.weights
    if plan.method == "register":
        one = (len(plan.points), 1)
        return np.full(one, plan.shots), np.ones(one)
    drawn = rng.multinomial(plan.shots, probabilities_of(plan.weights))
    return drawn, drawn / plan.shots


def _operations(plan: Plan, point: int, circuit: int) -> list:
    tapes = plan.points[point]
    if plan.method != "register":
        return tapes[circuit].operations
    here = replace(plan.call, tapes=tuple(tapes), alpha=plan.weights[point])
    return register_tape(here, Shots(None), transformed=True).operations
