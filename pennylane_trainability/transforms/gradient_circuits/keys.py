"""What decides the structure of a circuit, as one digest: equal structures share a plan."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from pennylane.operation import Operator
from pennylane.ops.op_math import Adjoint, Controlled, Evolution, Pow

from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate
from pennylane_trainability.circuits.expansion import ONE_ANGLE
from pennylane_trainability.circuits.initial_state import initial_state
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.circuits.unitaries import FIXED_NAMES

__all__ = ["structure_key"]


def structure_key(circuit: Circuit, words: Sequence[Word]) -> bytes | None:
    """A digest of everything that :func:`structure_of` looks at; ``None`` where that is not known.

    Angles that vary do not count. Fixed angles count where they make the gate a Clifford.
    """
    parts = []
    for gate in circuit.gates:
        own = _gate_key(gate)
        if own is None:
            return None
        parts.append(own)
    position = {label: w for w, label in enumerate(circuit.wires)}
    state = initial_state(circuit.preparation, position, circuit.n_wires)
    rest = (circuit.n_wires, state.unknown, state.ones, [(w.x, w.z) for w in words])
    return hashlib.blake2b(f"{parts}{rest}".encode(), digest_size=20).digest()


def _gate_key(gate: Gate):
    name = gate.name
    if name in FIXED_NAMES and not gate.angles:
        return name, gate.wires
    if gate.kind is None and name not in ONE_ANGLE:
        name = _operator_key(gate.op, bool(gate.angles))
        if name is None:
            return None
    elif name == "PauliRot":
        name = f"PauliRot {gate.op.hyperparameters['pauli_word']}"
    if len(gate.angles) > 1:
        return name, gate.wires, [_with_values(a) for a in gate.angles]
    plain = gate.kind is not None or gate.name in ONE_ANGLE
    return name, gate.wires, [_angle_key(a, plain) for a in gate.angles]


def _angle_key(angle: Angle, plain: bool):
    """What a fixed angle makes of the gate; gates with coefficients up to 1 need only quarters."""
    if angle.parameters:
        return "t"
    if angle.inputs or np.size(angle.value) != 1:
        return "d"
    value = float(np.ravel(angle.value)[0])
    quarters = value / (np.pi / 2)
    if plain and abs(quarters - round(quarters)) > 1e-10:
        return "f"
    return value.hex()


def _with_values(angle: Angle):
    return bool(angle.parameters), bool(angle.inputs), np.asarray(angle.value, float).tobytes()


def _operator_key(op: Operator, has_angle: bool):
    """What fixes generator or matrix; ``None`` for operators that may hold anything."""
    if not type(op).__module__.startswith("pennylane."):
        return None
    if isinstance(op, Controlled):
        base = _operator_key(op.base, has_angle)
        return base and ("C", tuple(op.control_values), base)
    if isinstance(op, Adjoint):
        base = _operator_key(op.base, has_angle)
        return base and ("A", base)
    if isinstance(op, Pow):
        base = _operator_key(op.base, has_angle)
        return base and ("P", float(op.z), base)
    if not has_angle:
        return op.name, op.hash
    if isinstance(op, Evolution):
        return "E", op.base.hash
    if op.name == "PauliRot":
        return op.name, op.hyperparameters["pauli_word"]
    return None if op.hyperparameters else (op.name, len(op.wires))
