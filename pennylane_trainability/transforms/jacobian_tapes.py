"""The circuits that measure a coefficient Jacobian, and the way back from frequencies to numbers.

Both the transform and its measured twin use this one builder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pennylane as qml
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.numeric import numeric_gate
from pennylane_trainability.circuits.shifts import UNSHIFTED, Shift, ShiftPlan
from pennylane_trainability.transforms.bases import Basis, bases_of, output_shapes

__all__ = ["JacobianTapes", "jacobian_tapes", "shifted_operations"]


@dataclass(frozen=True, slots=True, eq=False)
class JacobianTapes:
    """A batch of circuits and what they mean.

    Attributes:
        n_parameters: number of flat trainable parameters ``P``.
        matrix: ``(K, G)``, from the input points to the rows (coefficients, or the points
            themselves).
        plan: shifted circuits.
        bases: measurement bases.
        shapes: shape of every measurement of the QNode.
        tapes: shift-major, then input points (unless broadcasted), then bases.
        broadcast: whether one tape holds all input points.
        corrected: per basis values of outcomes in place of those of the outputs, such as values
            with a calibration in them.
    """

    n_parameters: int
    matrix: np.ndarray
    plan: ShiftPlan
    bases: list[Basis]
    shapes: tuple[tuple[int, ...], ...]
    tapes: list[QuantumScript]
    broadcast: bool
    corrected: tuple[np.ndarray, ...] | None = None

    @property
    def method(self) -> str:
        """How derivatives are measured."""
        return "shift"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know."""
        return ()

    @property
    def n_points(self) -> int:
        """Number of input points ``G``."""
        return self.matrix.shape[1]

    @property
    def n_circuits(self) -> int:
        """Circuits a device without broadcasting executes."""
        return len(self.plan.shifts) * self.n_points * len(self.bases)

    @property
    def tables(self) -> tuple[np.ndarray, ...]:
        """Per basis the value of every outcome, ``(outputs, outcomes)``."""
        if self.corrected is not None:
            return self.corrected
        count = sum(int(np.prod(s)) for s in self.shapes)
        out = []
        for basis in self.bases:
            table = np.zeros((count, basis.n_outcomes))
            for output, values in basis.weights.items():
                table[output] = values
            out.append(table)
        return tuple(out)

    def observed(self, results: Sequence, shots: int | None) -> list:
        """What was seen: frequencies, which do not depend on the number of shots."""
        return self.frequencies(results)

    def values(self, observed: list) -> tuple[np.ndarray, np.ndarray | None]:
        """Jacobian ``(K, outputs, P)``; results ``(G, outputs)``, if they were measured."""
        means = self.means(observed)
        joint = self.plan.shifts[:1] == UNSHIFTED.shifts
        return self.jacobian(means), means[0] if joint else None

    def frequencies(self, results) -> list[np.ndarray]:
        """Per basis the outcome frequencies, shape ``(S, G, outcomes)``."""
        n_shifts, n_bases = len(self.plan.shifts), len(self.bases)
        out = []
        for b, basis in enumerate(self.bases):
            own = [basis.frequencies(r) for r in results[b::n_bases]]
            out.append(np.array(own).reshape(n_shifts, self.n_points, basis.n_outcomes))
        return out

    def means(self, frequencies: list[np.ndarray]) -> np.ndarray:
        """Means of all outputs per circuit, ``(S, G, outputs)``."""
        count = sum(int(np.prod(s)) for s in self.shapes)
        means = np.zeros((len(self.plan.shifts), self.n_points, count))
        for observed, table in zip(frequencies, self.tables, strict=True):
            means += observed @ table.T
        return means

    def variances(self, frequencies: list[np.ndarray], shots: int) -> np.ndarray:
        """Variances of these means as the outcomes show them, ``(S, G, outputs)``."""
        total: np.ndarray | float = 0.0
        for observed, table in zip(frequencies, self.tables, strict=True):
            total = total + observed @ table.T**2 - (observed @ table.T) ** 2
        return np.maximum(total, 0.0) / shots

    def jacobian(self, means: np.ndarray) -> np.ndarray:
        """``(K, outputs, P)`` from the means ``(S, G, outputs)`` of all circuits."""
        by_angle = np.tensordot(self.plan.weights, means, 1)  # (A, G, outputs)
        slopes = self.plan.slopes(self.n_parameters)
        by_parameter = np.einsum(
            "apg,ago->pgo", np.broadcast_to(slopes, (*slopes.shape[:2], self.n_points)), by_angle
        )
        return np.einsum("kg,pgo->kop", self.matrix, by_parameter)

    def split(self, stack: np.ndarray) -> list[np.ndarray]:
        """``(K, outputs, P)`` per measurement, ``(K, *shape, P)``."""
        parts, start = [], 0
        for shape in self.shapes:
            count = int(np.prod(shape))
            part = stack[:, start : start + count]
            parts.append(part.reshape(stack.shape[0], *shape, stack.shape[-1]))
            start += count
        return parts


def jacobian_tapes(
    circuit: Circuit,
    matrix: np.ndarray,
    shots,
    *,
    plan: ShiftPlan,
    broadcast: bool = False,
) -> JacobianTapes:
    """Build the circuits of a measured Jacobian by shift rules.

    Args:
        circuit: the circuit at one parameter point and ``G`` input points.
        matrix: ``(K, G)``, from the values at the input points to the rows of the Jacobian.
        shots: shots of every circuit (a ``Shots`` object or anything it takes).
        plan: which shifted circuits.
        broadcast: one tape for all input points, for devices that execute these faster.
    """
    with QueuingManager.stop_recording():
        return _build(circuit, matrix, shots, broadcast, plan)


def _build(circuit: Circuit, matrix, shots, broadcast: bool, plan: ShiftPlan) -> JacobianTapes:
    bases = bases_of(circuit)
    broadcast = broadcast and not any(basis.parity for basis in bases)
    rotations = [(basis.gates(), basis.measurement()) for basis in bases]
    tapes = []
    for shift in plan.shifts:
        for g in [slice(None)] if broadcast else range(matrix.shape[1]):
            operations = shifted_operations(circuit, shift, g)
            for gates, measurement in rotations:
                tapes.append(QuantumScript([*operations, *gates], [measurement], shots=shots))
    return JacobianTapes(
        circuit.n_parameters, matrix, plan, bases, output_shapes(circuit), tapes, broadcast
    )


def shifted_operations(circuit: Circuit, shift: Shift, point) -> list:
    """What a changed circuit applies, at the first draw.

    Args:
        circuit: the circuit.
        shift: what is changed.
        point: index of the input point, or ``slice(None)`` for all.
    """
    out = list(circuit.preparation)
    for number, gate in enumerate(circuit.gates):
        moved = shift.amount if number == shift.gate and shift.word is None else 0.0
        out.append(numeric_gate(gate, circuit.wires, point, moved))
        if number == shift.gate and shift.word is not None:
            labels = [circuit.wires[w] for w in gate.wires]
            out.append(qml.PauliRot(shift.amount, shift.word, wires=labels))
    return out
