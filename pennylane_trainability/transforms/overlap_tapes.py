"""Circuits that compare states of one circuit, or look at their wires: no tomography, no copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pennylane as qml
from pennylane.measurements import Shots
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.numeric import numeric_gate
from pennylane_trainability.errors import ReadingError

__all__ = ["density_tapes", "fits_one_tape", "overlap_tapes", "pauli_tapes", "plain_tapes"]

#: Entries of one broadcasted tape.
_BATCH = 256
_TURNS = {"X": (qml.H,), "Y": (qml.adjoint(qml.S), qml.H), "Z": ()}


def fits_one_tape(circuit: Circuit) -> bool:
    """Whether draws may be broadcasted: every gate has at most one angle."""
    return all(len(gate.angles) <= 1 for gate in circuit.gates)


def overlap_tapes(
    left: Circuit, right: Circuit, count: int, shots: Shots, broadcast: bool
) -> list[QuantumScript]:
    """``U†(φ) U(θ)`` of pairs; the probability of all zeros is ``|⟨ψ(φ)|ψ(θ)⟩|²``.

    Args:
        left: the circuit at ``θ``, its angles broadcast to ``(D, 1)``.
        right: at ``φ``.
        count: number ``D`` of pairs.
        shots: of every circuit.
        broadcast: whether one tape may hold many pairs.

    Raises:
        ReadingError: a gate cannot be undone.
    """
    for gate in left.gates:
        if not gate.op.has_matrix and not gate.op.has_adjoint:
            raise ReadingError(
                f"{gate.name} cannot be undone, so overlaps cannot be measured by running the "
                "circuit and undoing it. On default.mixed without shots they are computed."
            )

    def build(where) -> QuantumScript:
        undo = [qml.adjoint(op, lazy=False) for op in reversed(_operations(right, where))]
        # a compiler must not cancel what is undone: it would take the noise with it
        ops = [*_operations(left, where), qml.Barrier(wires=left.wires), *undo]
        return QuantumScript(ops, [qml.probs(wires=left.wires)], shots=shots)

    with qml.QueuingManager.stop_recording():
        return [build(where) for where in _parts(left, count, broadcast)]


def pauli_tapes(
    circuit: Circuit, count: int, shots: Shots, broadcast: bool
) -> list[list[QuantumScript]]:
    """All wires in the basis of X, of Y and of Z: three lists of tapes that return every mean.

    Args:
        circuit: its angles broadcast to ``(D, 1)``.
        count: number ``D`` of draws.
        shots: of every circuit.
        broadcast: whether one tape may hold many draws.
    """
    means = [qml.expval(qml.Z(wire)) for wire in circuit.wires]

    def build(where, letter: str) -> QuantumScript:
        turns = [turn(wires=wire) for wire in circuit.wires for turn in _TURNS[letter]]
        return QuantumScript([*_operations(circuit, where), *turns], means, shots=shots)

    with qml.QueuingManager.stop_recording():
        parts = _parts(circuit, count, broadcast)
        return [[build(where, letter) for where in parts] for letter in "XYZ"]


def plain_tapes(circuit: Circuit, count: int, shots: Shots) -> list[QuantumScript]:
    """The circuit itself at every draw, all wires read as they are: what a calibration mirrors."""
    read = [qml.probs(wires=circuit.wires)]
    with qml.QueuingManager.stop_recording():
        return [QuantumScript(_operations(circuit, d), read, shots=shots) for d in range(count)]


def density_tapes(circuit: Circuit, count: int, broadcast: bool) -> list[QuantumScript]:
    """The density matrix of all wires at every draw, for simulators that return it."""
    measured = [qml.density_matrix(wires=circuit.wires)]
    with qml.QueuingManager.stop_recording():
        return [
            QuantumScript(_operations(circuit, where), measured)
            for where in _parts(circuit, count, broadcast)
        ]


def _parts(circuit: Circuit, count: int, broadcast: bool) -> Sequence:
    """Which draws a tape holds: one each, or slices of many."""
    if broadcast and count > 1 and fits_one_tape(circuit):
        return [slice(start, min(start + _BATCH, count)) for start in range(0, count, _BATCH)]
    return range(count)


def _operations(circuit: Circuit, where) -> list[Operator]:
    """The circuit at one draw, or broadcasted over a slice of them, preparations as gates."""
    start = [op for prepared in circuit.preparation for op in _as_gates(prepared)]
    gates = [_gate(gate, circuit.wires, where) for gate in circuit.gates if gate.wires]
    return [*start, *gates]


def _gate(gate, labels, where) -> Operator:
    if not isinstance(where, slice):
        return numeric_gate(gate, labels, 0, draw=where)
    return numeric_gate(_as_points(gate), labels, where)


def _as_points(gate):
    """Draws ``(D, 1)`` in the place of input points, which gates may hold many of."""
    angles = [
        replace(a, value=np.transpose(a.value) if np.ndim(a.value) else a.value)
        for a in gate.angles
    ]
    return replace(gate, angles=tuple(angles)) if angles else gate


def _as_gates(op: Operator) -> list[Operator]:
    """A preparation as gates that can be undone."""
    if op.has_adjoint or not op.has_decomposition:
        return [op]
    return [gate for part in op.decomposition() for gate in _as_gates(part)]
