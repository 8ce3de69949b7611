"""The loss and its derivatives at many parameter draws, simulated together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.variance_sample import Sample
from pennylane_trainability.results import Cost
from pennylane_trainability.simulation.adjoint import simulate

__all__ = ["Simulated"]

#: Bytes of states per pass: more do not stay in the processor's caches.
_STATES = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """The exact engine.

    Args:
        reading: the QNode at one call.
        gradient: whether derivatives are asked for, else the loss.
        memory: bytes of states held at once.
    """

    reading: Reading
    gradient: bool
    memory: int

    def at(self, parameters: np.ndarray) -> Sample:
        """What is found at ``(M, P)``."""
        circuit, inputs = self.reading.circuit, self.reading.arguments.inputs[None]
        state = 16 * 2**circuit.n_wires
        kept = sum(gate.is_trainable for gate in circuit.gates) + 8
        step = int(max(1, min(_STATES // state, self.memory // (state * kept))))
        parts = []
        for start in range(0, len(parameters), step):
            here = parameters[start : start + step]
            found = simulate(
                self.reading.at(here, inputs), gradient=self.gradient, memory=self.memory
            )
            own = (found.gradients or () if self.gradient else found.values)[0][:, 0]
            # a circuit without trainable gates is the same at all draws
            parts.append(np.broadcast_to(own, (len(here), *own.shape[1:])))
        return Sample(np.concatenate(parts)[None])

    def cost_per_draw(self) -> Cost:
        """Nothing is run on a device."""
        return Cost()
