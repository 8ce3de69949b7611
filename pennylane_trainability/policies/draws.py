"""Action probabilities and their derivatives at many parameter draws, simulated or measured."""

from __future__ import annotations

from concurrent import futures
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.shifts import shift_plan
from pennylane_trainability.diagnostics.variance_measured import as_points
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.policies.partitions import Partition
from pennylane_trainability.results import Cost
from pennylane_trainability.simulation.adjoint import simulate
from pennylane_trainability.simulation.draws import over_draws, slices
from pennylane_trainability.simulation.observables import Output
from pennylane_trainability.simulation.statevector import local_index
from pennylane_trainability.simulation.tangents import initial_states, tangent_sweep
from pennylane_trainability.transforms.engines import broadcasts
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes, jacobian_tapes

__all__ = [
    *("MeasuredActions", "PolicyDraws", "SimulatedActions"),
    *("adjoint_actions", "measured_wires", "tangent_actions"),
]

#: Bytes of states per pass: more do not stay in the processor's caches.
_STATES = 1 << 23
#: Draws whose circuits are built together.
_BATCH = 256


@dataclass(frozen=True, slots=True, eq=False)
class PolicyDraws:
    """What is found at ``M`` draws.

    Attributes:
        probabilities: ``π(a)``, ``(M, A)``.
        derivatives: ``∂π(a)/∂θ_p``, ``(M, A, P)``.
        noise: unbiased variances of the derivatives, ``(M, A, P)``; ``None`` if they are exact.
        cost: what was run.
    """

    probabilities: np.ndarray
    derivatives: np.ndarray
    noise: np.ndarray | None = None
    cost: Cost = field(default_factory=Cost)


class Road(Protocol):
    """How probabilities and derivatives are found."""

    def at(self, parameters: np.ndarray) -> PolicyDraws:
        """What is found at ``(M, P)``."""

    def cost_per_draw(self) -> Cost:
        """What one draw costs on the device."""


def measured_wires(circuit: Circuit) -> tuple[int, ...]:
    """Positions of the wires whose outcomes are the actions."""
    position = {label: k for k, label in enumerate(circuit.wires)}
    own = tuple(position[w] for w in circuit.measurements[0].wires)
    return own or tuple(range(circuit.n_wires))


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedActions:
    """The exact engine: adjoint sweeps for few actions, tangents of the state for many.

    Args:
        reading: the QNode at one call; it measures the probabilities of outcomes.
        partition: outcomes to actions.
        memory: bytes of states held at once, by every worker.
        workers: who simulates; ``None`` for this process.
    """

    reading: Reading
    partition: Partition
    memory: int
    workers: futures.Executor | None = None

    def at(self, parameters: np.ndarray) -> PolicyDraws:
        """What is found at ``(M, P)``."""
        circuit = self.reading.circuit
        adjoint = self.partition.n_actions <= circuit.n_parameters
        vectors = min(self.partition.n_actions, circuit.n_parameters) + 8
        vectors += sum(gate.is_trainable for gate in circuit.gates) if adjoint else 0
        state = 16 * 2**circuit.n_wires
        step = int(max(1, min(_STATES // state, self.memory // (3 * state * vectors))))
        parts = slices(len(parameters), step)
        road = adjoint_actions if adjoint else tangent_actions
        found = over_draws(
            *(road, self.reading, parameters, parts, self.workers, self.partition, self.memory)
        )
        p, dp = (np.concatenate(some) for some in zip(*found, strict=True))
        return PolicyDraws(p, dp)

    def cost_per_draw(self) -> Cost:
        """Nothing is run on a device."""
        return Cost()


def adjoint_actions(
    circuit: Circuit, count: int, partition: Partition, memory: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and derivatives at ``M`` draws: one backward sweep per action."""
    index = local_index(np.arange(2**circuit.n_wires), measured_wires(circuit), circuit.n_wires)
    diagonal = partition.actions[index] == np.arange(partition.n_actions)[:, None]
    table = diagonal.astype(float)
    operators = tuple((lambda state, row=row: state * row) for row in table)
    output = Output((len(table),), operators, table)
    found = simulate(circuit, memory=memory, outputs=(output,))
    values, slopes = found.values[0][:, 0], (found.gradients or ())[0][:, 0]
    # a circuit without trainable gates is the same at all draws
    shape = (count, *values.shape[1:])
    return np.broadcast_to(values, shape), np.broadcast_to(slopes, (*shape, slopes.shape[-1]))


def tangent_actions(
    circuit: Circuit, count: int, partition: Partition, memory: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same from ``∂π = 2 Re Σ ψ* ∂ψ``: all actions at once, one vector per parameter."""
    sweep = tangent_sweep(circuit, initial_states(circuit, count), whole=True)
    state, tangents = sweep.run(range(circuit.n_parameters))
    shape = (2,) * circuit.n_wires
    wires = measured_wires(circuit)

    def by_action(values: np.ndarray) -> np.ndarray:
        lead = values.shape[:-1]
        tensor = values.reshape(*lead, *shape)
        rest = [w for w in range(len(shape)) if w not in wires]
        turned = tensor.transpose(*range(len(lead)), *(len(lead) + w for w in (*wires, *rest)))
        return partition.summed(turned.reshape(*lead, 2 ** len(wires), -1).sum(axis=-1))

    # rows hold i ∂ψ
    slopes = 2 * np.real(state[:, None].conj() * (-1j) * tangents)
    return by_action(np.abs(state) ** 2), by_action(slopes).swapaxes(1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredActions:
    """Shift rules on the device: every circuit has shots of its own.

    Args:
        reading: the QNode at one call; it measures the probabilities of outcomes.
        partition: outcomes to actions.
        device: where it runs.
        shots: of every circuit; ``None`` for exact means.
        runner: how circuits are run.
    """

    reading: Reading
    partition: Partition
    device: object
    shots: int | None
    runner: Executor

    def __post_init__(self) -> None:
        if self.shots == 1:
            raise ReadingError("One shot does not tell its own variance; take at least two.")

    def at(self, parameters: np.ndarray) -> PolicyDraws:
        """What is found at ``(M, P)``, from one device execution."""
        several = any(len(gate.angles) > 1 for gate in self.reading.circuit.gates)
        size = 1 if several else _BATCH  # such gates have shift rules that depend on the angles
        built = [
            self._build(parameters[start : start + size], broadcasts(self.device))
            for start in range(0, len(parameters), size)
        ]
        tapes = [tape for part in built for tape in part.tapes]
        cost = cost_of(tapes, sum(part.n_circuits for part in built))
        self.runner.check(cost)
        results, found, start = self.runner.run(tapes), [], 0
        for part in built:
            stop = start + len(part.tapes)
            found.append(self._read(part, results[start:stop]))
            start = stop
        p, dp, noise = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return PolicyDraws(p, dp, noise if self.shots else None, cost)

    def cost_per_draw(self) -> Cost:
        """Circuits and shots of one draw."""
        built = self._build(self.reading.arguments.parameters[None], False)
        return cost_of(built.tapes, built.n_circuits)

    def _build(self, parameters: np.ndarray, broadcast: bool) -> JacobianTapes:
        circuit = as_points(self.reading.at(parameters, self.reading.arguments.inputs[None]))
        plan = shift_plan(circuit, set(dead_parameters(self.reading.circuit))).with_unshifted()
        several = any(len(gate.angles) > 1 for gate in circuit.gates)
        # equal angles are no batch, and every draw needs shots of its own
        differ = any(np.ptp(a.value) > 0 for gate in circuit.gates for a in gate.angles)
        return jacobian_tapes(
            circuit,
            np.eye(len(parameters)),
            Shots(self.shots),
            broadcast=broadcast and differ and not several,
            plan=plan,
        )

    def _read(self, built: JacobianTapes, results) -> tuple[np.ndarray, ...]:
        """Probabilities, derivatives and their variances of the draws of some tapes."""
        seen = self.partition.summed(built.means(built.frequencies(results)))  # (S, M, A)
        slopes = built.plan.slopes(built.n_parameters)
        slopes = np.broadcast_to(slopes, (*slopes.shape[:2], built.n_points))
        chain = np.einsum("apg,as->spg", slopes, built.plan.weights)
        derivatives = np.einsum("spg,sgo->gop", chain, seen)
        # unbiased: the variance of a frequency is p (1 − p)/N, and the shots show (N − 1)/N of it
        share = np.clip(seen, 0, 1)  # sums of frequencies leave it by the last bit
        own = share * (1 - share) / max((self.shots or 2) - 1, 1)
        return seen[0], derivatives, np.einsum("spg,sgo->gop", chain**2, own)
