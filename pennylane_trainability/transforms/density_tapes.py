"""The circuits that give a density matrix and its derivatives, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pennylane as qml
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.shifts import ShiftPlan, shift_plan
from pennylane_trainability.circuits.stacking import one_draw
from pennylane_trainability.transforms.jacobian_tapes import shifted_operations

__all__ = ["DensityTapes", "density_tapes"]


@dataclass(frozen=True, slots=True, eq=False)
class DensityTapes:
    """A batch of circuits at ``D`` points, each the unchanged one and then the shifted ones.

    Attributes:
        n_parameters: number of flat trainable parameters ``P``.
        plans: shifted circuits, per point.
        tapes: point-major.
    """

    n_parameters: int
    plans: list[ShiftPlan]
    tapes: list[QuantumScript]

    def states(self, results) -> tuple[np.ndarray, np.ndarray]:
        """``ρ`` (D, N, N) and ``∂_p ρ`` (D, P, N, N), by shift rule and chain rule."""
        found = np.stack([np.asarray(qml.math.toarray(r), complex) for r in results])
        found = found.reshape(len(self.plans), -1, *found.shape[-2:])
        slopes = np.stack([plan.slopes(self.n_parameters)[..., 0] for plan in self.plans])
        weights = np.stack([plan.weights for plan in self.plans])
        return found[:, 0], np.einsum("dap,das,dsij->dpij", slopes, weights, found, optimize=True)


def density_tapes(circuit: Circuit, draws: int) -> DensityTapes:
    """Build the circuits.

    Args:
        circuit: a circuit whose angles broadcast to ``(D, 1)``; channels stay in.
        draws: number of draws ``D``.
    """
    plans, tapes = [], []
    with QueuingManager.stop_recording():
        measurement = qml.density_matrix(wires=circuit.wires)
        for d in range(draws):
            here = one_draw(circuit, d)
            plan = shift_plan(here).with_unshifted()
            plans.append(plan)
            tapes += [
                QuantumScript(shifted_operations(here, shift, 0), [measurement])
                for shift in plan.shifts
            ]
    return DensityTapes(circuit.n_parameters, plans, tapes)
