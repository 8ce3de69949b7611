"""The loss and its derivatives at many parameter draws, simulated together."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.variance_sample import Sample
from pennylane_trainability.results import Cost
from pennylane_trainability.simulation.adjoint import simulate
from pennylane_trainability.simulation.draws import over_draws, slices

__all__ = ["Simulated"]

#: Bytes of states per pass: more do not stay in the processor's caches.
_STATES = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """The exact engine.

    Args:
        reading: the QNode at one call.
        gradient: whether derivatives are asked for, else the loss.
        memory: bytes of states held at once, by every worker.
        workers: who simulates; ``None`` for this process.
    """

    reading: Reading
    gradient: bool
    memory: int
    workers: Executor | None = None

    def at(self, parameters: np.ndarray) -> Sample:
        """What is found at ``(M, P)``."""
        circuit = self.reading.circuit
        state = 16 * 2**circuit.n_wires
        kept = sum(gate.is_trainable for gate in circuit.gates) + 8
        step = int(max(1, min(_STATES // state, self.memory // (state * kept))))
        parts = slices(len(parameters), step)
        found = over_draws(
            *(_at, self.reading, parameters, parts, self.workers, self.gradient, self.memory)
        )
        return Sample(np.concatenate(list(found))[None])

    def cost_per_draw(self) -> Cost:
        """Nothing is run on a device."""
        return Cost()

    def once(self, count: int) -> Cost:
        """Nothing is calibrated."""
        return Cost()


def _at(circuit: Circuit, count: int, gradient: bool, memory: int) -> np.ndarray:
    """The loss ``(M,)``, or its derivatives ``(M, P)``."""
    found = simulate(circuit, gradient=gradient, memory=memory)
    own = (found.gradients or () if gradient else found.values)[0][:, 0]
    # a circuit without trainable gates is the same at all draws
    return np.broadcast_to(own, (count, *own.shape[1:]))
