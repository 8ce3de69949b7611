"""Devices and circuits whose noise is known exactly."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pennylane as qml
from pennylane.devices import DefaultMixed, DefaultQubit
from pennylane.measurements import CountsMP, ExpectationMP, ProbabilityMP
from pennylane.tape import QuantumScript

WEIGHTS = np.array([0.4, 1.1, 0.7, -0.6])


def depolarise(survival: float, wires) -> None:
    """``ρ → s ρ + (1 − s) 1/2^n``: all words as often, the identity the rest."""
    words = list(product("IXYZ", repeat=len(wires)))
    matrices = []
    for word in words:
        matrix = np.ones((1, 1))
        for letter in word:
            name = "Identity" if letter == "I" else letter
            matrix = np.kron(matrix, qml.matrix(getattr(qml, name)(0)))
        share = (1 - survival) / len(words) + (survival if set(word) == {"I"} else 0.0)
        matrices.append(np.sqrt(share) * matrix)
    qml.QubitChannel(matrices, wires=wires)


def layers(weights, wires=(0, 1)) -> None:
    """Rotations, a coupling, rotations."""
    a, b = wires
    qml.RX(weights[0], wires=a)
    qml.RY(weights[1], wires=b)
    qml.IsingXX(weights[2], wires=[a, b])
    qml.RY(weights[3], wires=a)


class NoisyQubits(DefaultQubit):
    """Global depolarising noise for every gate on several wires, and errors of reading.

    Probabilities are those of ``default.qubit``, mixed with even ones and sent through the flips of
    every wire; then shots are drawn. (Global depolarising noise commutes with all gates, so that
    what acts after each of them may act once at the end.)

    Args:
        survival: of a gate on several wires.
        flips: ``(P(1|0), P(0|1))`` of every wire.
        drift: factor on the survival of a whole circuit, by the number of circuits run before.
    """

    def __init__(
        self,
        wires=None,
        survival: float = 1.0,
        flips: tuple[float, float] = (0.0, 0.0),
        drift: Callable[[int], float] = lambda number: 1.0,
        seed: int = 0,
    ):
        super().__init__(wires=wires, seed=seed)
        self.survival, self.flips, self.drift = survival, flips, drift
        self.rng, self.ran = np.random.default_rng(seed), 0

    @property
    def name(self) -> str:
        """Not that of the simulator behind it."""
        return "noisy.qubits"

    def execute(self, circuits, execution_config=None):
        single = isinstance(circuits, QuantumScript)
        found = [self._one(tape) for tape in ([circuits] if single else circuits)]
        return found[0] if single else tuple(found)

    def distribution(self, tape: QuantumScript, measurement) -> np.ndarray:
        """Probabilities of the outcomes of one measurement, noise included."""
        wires = measurement.wires or tape.wires
        gates = [] if measurement.obs is None else measurement.diagonalizing_gates()
        asked = QuantumScript([*tape.operations, *gates], [qml.probs(wires=wires)])
        simulator = qml.device("default.qubit", wires=tape.wires, seed=0)
        ideal = np.asarray(simulator.execute(asked), float)
        gates = [op for op in tape.operations if not isinstance(op, qml.Barrier)]
        several = sum(len(op.wires) > 1 for op in gates)
        s = self.survival**several * self.drift(self.ran)
        p = s * ideal + (1 - s) / ideal.size
        up, down = self.flips
        read = np.array([[1 - up, down], [up, 1 - down]])
        for axis in range(len(wires)):
            p = np.moveaxis(p.reshape([2] * len(wires)), axis, 0)
            p = np.moveaxis(np.tensordot(read, p, 1), 0, axis).reshape(-1)
        return p

    def _one(self, tape: QuantumScript):
        if tape.shots.has_partitioned_shots:
            return tuple(self._one(tape.copy(shots=shots)) for shots in tape.shots)
        out = []
        for measurement in tape.measurements:
            p = self.distribution(tape, measurement)
            if tape.shots:
                p = self.rng.multinomial(tape.shots.total_shots, p / p.sum())
            out.append(_result(measurement, p, tape.shots.total_shots))
        self.ran += 1
        return out[0] if len(out) == 1 else tuple(out)


def _result(measurement, weights: np.ndarray, shots: int | None):
    if isinstance(measurement, CountsMP):
        n = int(np.log2(len(weights)))
        return {format(k, f"0{n}b"): int(c) for k, c in enumerate(weights) if c}
    share = weights / (shots or 1)
    if isinstance(measurement, ProbabilityMP):
        return share
    if isinstance(measurement, ExpectationMP):
        return share @ np.real(measurement.eigvals())
    raise NotImplementedError(measurement)


class NoisyDensity(DefaultMixed):
    """The same noise as channels on density matrices: an independent road to it.

    (``readout_prob`` of ``default.mixed`` raises in PennyLane 0.45, whatever is measured.)

    Args:
        wires: of the device; depolarising acts on all of them.
        survival: of a gate on several wires.
        flips: ``(P(1|0), P(0|1))`` of every wire.
        seed: of shots.
    """

    def __init__(self, wires, survival: float = 1.0, flips=(0.0, 0.0), seed: int = 0):
        super().__init__(wires=wires, seed=seed)
        self.survival, self.flips = survival, flips

    @property
    def name(self) -> str:
        """Not that of the simulator behind it."""
        return "noisy.density"

    def execute(self, circuits, execution_config=None):
        single = isinstance(circuits, QuantumScript)
        found = [self._noisy(tape) for tape in ([circuits] if single else circuits)]
        done = super().execute(found, execution_config)
        return done[0] if single else done

    def _noisy(self, tape: QuantumScript) -> QuantumScript:
        operations = []
        with qml.QueuingManager.stop_recording():
            for op in tape.operations:
                operations.append(op)
                if len(op.wires) > 1 and not isinstance(op, qml.Barrier):
                    with qml.queuing.AnnotatedQueue() as queue:
                        depolarise(self.survival, self.wires)
                    operations += queue.queue
            turns = [g for m in tape.measurements if m.obs for g in m.diagonalizing_gates()]
            assert not turns, "measure in the computational basis"
            up, down = self.flips
            read = np.array([
                [[np.sqrt(1 - up), 0], [0, 0]], [[0, 0], [np.sqrt(up), 0]],
                [[0, 0], [0, np.sqrt(1 - down)]], [[0, np.sqrt(down)], [0, 0]],
            ])  # fmt: skip
            operations += [qml.QubitChannel(read, wires=wire) for wire in self.wires]
        return tape.copy(operations=operations)
