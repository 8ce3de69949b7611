"""Losses, one derivative and traces at random draws: simulated, or measured in one execution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pennylane as qml
from pennylane.measurements import MeasurementProcess, Shots
from pennylane.pauli import PauliSentence
from pennylane.queuing import QueuingManager

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.pauli import to_pauli_word
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.shifts import UNSHIFTED, ShiftPlan, shift_plan
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_measured import as_points
from pennylane_trainability.diagnostics.variance_simulated import Simulated
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import cost_of
from pennylane_trainability.landscapes.observable import pauli_terms
from pennylane_trainability.laws import draw
from pennylane_trainability.results import Cost
from pennylane_trainability.transforms.engines import broadcasts, takes_shot_vectors
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes, jacobian_tapes

__all__ = ["Samples", "Wanted", "measured_cost", "measured_samples", "simulated_samples"]

#: Replicates of every circuit with shots: products of four estimates are needed.
REPLICATES = 4
#: Draws whose circuits are built together.
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Attributes:
        parameter: of the derivative; ``None`` for no derivative.
        losses: whether the loss is wanted.
        n_draws: draws of the parameters.
        n_states: random basis states for traces; 0 for none.
    """

    parameter: int | None
    losses: bool
    n_draws: int
    n_states: int


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What was found; arrays ``(R, M)`` of replicates, ``None`` where not wanted.

    Attributes:
        losses: of the loss.
        derivatives: of one derivative.
        traces: ``⟨O⟩`` and ``⟨O²⟩`` in random basis states, ``(2, S)``, means over replicates.
        exact: whether there is no noise.
        cost: what was run.
    """

    losses: np.ndarray | None
    derivatives: np.ndarray | None
    traces: np.ndarray | None
    exact: bool
    cost: Cost


def simulated_samples(ask: VarianceAsk, reading: Reading, wanted: Wanted) -> Samples:
    """From the exact engine; traces are not sampled."""
    points = _draws(ask, reading, wanted)
    losses = derivatives = None
    if wanted.losses:
        losses = Simulated(reading, False, ask.memory).at(points).values
    if wanted.parameter is not None:
        found = Simulated(reading, True, ask.memory).at(points).values
        derivatives = found[..., wanted.parameter]
    return Samples(losses, derivatives, None, True, Cost())


def _draws(ask: VarianceAsk, reading: Reading, wanted: Wanted) -> np.ndarray:
    rng = np.random.default_rng(ask.seeds(1))
    given = reading.arguments.parameters
    return draw(ask.law, reading.circuit, given, wanted.n_draws, rng)


def measured_samples(ask: VarianceAsk, reading: Reading, wanted: Wanted) -> Samples:
    """All circuits in one device execution."""
    built, trace = _circuits(ask, reading, wanted)
    in_one, copies = _replicates(ask)
    parts = [*built, *trace]
    tapes = [tape for part in parts for tape in part.tapes] * copies
    ask.runner.check(cost_of(tapes))
    results = ask.runner.run(tapes)
    size = len(tapes) // copies
    if in_one:
        split = [[result[r] for result in results] for r in range(_count(ask))]
    else:
        split = [list(results[k * size : (k + 1) * size]) for k in range(copies)]
    values = [_read(parts, one, len(built), wanted.parameter) for one in split]
    losses, slopes, traces = (np.array([v[k] for v in values]) for k in range(3))
    return Samples(
        losses=losses if wanted.losses else None,
        derivatives=slopes if wanted.parameter is not None else None,
        traces=traces.mean(axis=0).T if wanted.n_states else None,
        exact=not ask.shots,
        cost=cost_of(tapes),
    )


def measured_cost(ask: VarianceAsk, reading: Reading, wanted: Wanted) -> Cost:
    """What :func:`measured_samples` costs; nothing is run and no draw is kept."""
    built, trace = _circuits(ask, reading, wanted)
    tapes = [tape for part in (*built, *trace) for tape in part.tapes]
    return cost_of(tapes * _replicates(ask)[1])


def _read(parts: list[JacobianTapes], results: list, n_built: int, parameter: int | None):
    """Losses, derivatives and pairs of traces of one replicate."""
    losses: list[float] = []
    slopes: list[float] = []
    traces, start = [], 0
    for number, part in enumerate(parts):
        stop = start + len(part.tapes)
        means = part.means(part.frequencies(results[start:stop]))
        if number < n_built:
            losses += means[0, :, 0].tolist()
            if parameter is not None:
                slopes += part.jacobian(means)[:, 0, parameter].tolist()
        else:
            traces.append(means[0, 0])
        start = stop
    return np.array(losses), np.array(slopes), np.array(traces).reshape(-1, 2)


def _circuits(ask: VarianceAsk, reading: Reading, wanted: Wanted):
    """Circuits of the draws, and those of the traces."""
    in_one, _ = _replicates(ask)
    shots = Shots([(_shots(ask), _count(ask))]) if in_one else Shots(_shots(ask))
    built = []
    if wanted.losses or wanted.parameter is not None:
        inputs = reading.arguments.inputs[None]
        points = _draws(ask, reading, wanted)
        # shift rules of gates with several angles depend on them
        several = any(len(gate.angles) > 1 for gate in reading.circuit.gates)
        size = 1 if several else _BATCH
        broadcast = broadcasts(ask.qnode.device) and not several
        for start in range(0, len(points), size):
            here = points[start : start + size]
            circuit = as_points(reading.at(here, inputs))
            built.append(
                jacobian_tapes(
                    circuit,
                    np.eye(len(here)),
                    shots,
                    plan=_plan(circuit, wanted),
                    broadcast=broadcast and len(here) > 1,
                )
            )
    trace = []
    if wanted.n_states:
        rng = np.random.default_rng(ask.seeds(2))
        bits = rng.integers(2, size=(wanted.n_states, reading.circuit.n_wires))
        both = _powers(reading.circuit)
        trace = [_trace(reading.circuit, both, row, shots) for row in bits]
    return built, trace


def _plan(circuit: Circuit, wanted: Wanted) -> ShiftPlan:
    """The loss itself, and shifts of one parameter."""
    if wanted.parameter is None:
        return UNSHIFTED
    others = set(range(circuit.n_parameters)) - {wanted.parameter}
    return shift_plan(circuit, others).with_unshifted()


def _powers(circuit: Circuit) -> tuple[MeasurementProcess, ...]:
    """Expectation values of ``O`` and ``O²`` as sums of Pauli words."""
    position = {label: k for k, label in enumerate(circuit.wires)}
    with QueuingManager.stop_recording():
        sentence = PauliSentence()
        for coefficient, word in pauli_terms(circuit.measurements, position):
            pauli, sign = to_pauli_word(word, circuit.wires)
            sentence[pauli] = coefficient * float(np.real(sign))
        square = sentence @ sentence
        square.simplify()
        square = PauliSentence({w: float(np.real(c)) for w, c in square.items()})
        operators = (one.operation(wire_order=circuit.wires) for one in (sentence, square))
        return tuple(qml.expval(operator) for operator in operators)


def _trace(
    circuit: Circuit, both: tuple[MeasurementProcess, ...], bits: np.ndarray, shots: Shots
) -> JacobianTapes:
    """``O`` and ``O²`` in a basis state: no gate of the circuit changes their traces."""
    with QueuingManager.stop_recording():
        states = (qml.BasisState(bits, wires=circuit.wires),)
    own = Circuit(states, (), both, circuit.wires, 0, 0)
    return jacobian_tapes(own, np.eye(1), shots, plan=UNSHIFTED)


def _shots(ask: VarianceAsk) -> int | None:
    if ask.shots.has_partitioned_shots:
        return ask.shots.shot_vector[0].shots
    return ask.shots.total_shots


def _count(ask: VarianceAsk) -> int:
    """Replicates of every circuit."""
    if not ask.shots:
        return 1
    if not ask.shots.has_partitioned_shots:
        return REPLICATES
    copies = {copy.shots for copy in ask.shots.shot_vector}
    if len(copies) > 1 or ask.shots.num_copies < REPLICATES:
        raise ReadingError(
            f"Moments up to the fourth need at least {REPLICATES} replicates of equal shots, "
            f"shots=[(n, {REPLICATES})] or one number; got {ask.shots}."
        )
    return int(ask.shots.num_copies)


def _replicates(ask: VarianceAsk) -> tuple[bool, int]:
    """Whether one circuit gives all replicates, and how often circuits are sent."""
    count = _count(ask)
    in_one = count > 1 and takes_shot_vectors(ask.qnode.device)
    return in_one, 1 if in_one else count
