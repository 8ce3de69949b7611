"""Action probabilities and their derivatives at many parameter draws, simulated or measured."""

from __future__ import annotations

from concurrent import futures
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.policies.calibrated_actions import CalibratedActions
from pennylane_trainability.policies.partitions import Partition
from pennylane_trainability.results import Cost
from pennylane_trainability.simulation.adjoint import simulate
from pennylane_trainability.simulation.draws import over_draws, slices
from pennylane_trainability.simulation.observables import Output
from pennylane_trainability.simulation.statevector import local_index
from pennylane_trainability.simulation.tangents import initial_states, tangent_sweep

__all__ = [
    *("PolicyDraws", "Road", "SimulatedActions"),
    *("adjoint_actions", "measured_wires", "refuse_calibration", "tangent_actions"),
]

#: Bytes of states per pass: more do not stay in the processor's caches.
_STATES = 1 << 23


@dataclass(frozen=True, slots=True, eq=False)
class PolicyDraws:
    """What is found at ``M`` draws.

    Attributes:
        probabilities: ``π(a)``, ``(M, A)``.
        derivatives: ``∂π(a)/∂θ_p``, ``(M, A, P)``.
        noise: unbiased variances of the derivatives, ``(M, A, P)``; ``None`` if they are exact.
        cost: what was run.
        calibrated: the same with a calibration, if one was asked for.
    """

    probabilities: np.ndarray
    derivatives: np.ndarray
    noise: np.ndarray | None = None
    cost: Cost = field(default_factory=Cost)
    calibrated: CalibratedActions | None = None


class Road(Protocol):
    """How probabilities and derivatives are found."""

    def at(self, parameters: np.ndarray) -> PolicyDraws:
        """What is found at ``(M, P)``."""

    def cost_per_draw(self) -> Cost:
        """What one draw costs on the device."""

    def once(self, count: int) -> Cost:
        """What is run once for so many draws: a calibration."""


def refuse_calibration(asked: bool) -> None:
    """Refuse a calibration of what is computed.

    Raises:
        ReadingError: it was asked for.
    """
    if asked:
        raise ReadingError(
            "rescale and mitigate_read_out put a calibration into what a device measures, and "
            "here policies are computed. Leave them out, or set shots and engine='measured'."
        )


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

    def once(self, count: int) -> Cost:
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
