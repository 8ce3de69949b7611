"""From the record of a gate back to a PennyLane operator with numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters
from pennylane.ops.op_math import Evolution

from pennylane_trainability.circuits.circuit import Gate

__all__ = ["numeric_gate", "with_data"]


def numeric_gate(gate: Gate, labels, point, moved: float = 0.0, draw: int = 0) -> Operator:
    """The PennyLane operator of a gate at one draw and one input point.

    Args:
        gate: the gate.
        labels: wire labels by position.
        point: index of the input point, or ``slice(None)`` for all (a broadcasted operator).
        moved: added to its angles.
        draw: index of the parameter draw.
    """
    if not gate.angles:
        return gate.op
    values = [_value(angle.value, draw, point) + moved for angle in gate.angles]
    wires = [labels[w] for w in gate.wires]
    if gate.kind is not None:
        return getattr(qml, gate.kind)(values[0], wires=wires)
    if len(values) > 1:
        return type(gate.op)(np.array(values), wires=wires)
    build: Callable | None = _PLAIN.get(gate.name)
    return build(values[0], wires=wires) if build else with_data(gate.op, [values[0]])


def with_data(op: Operator, data: list) -> Operator:
    """The same operator with other parameters."""
    if isinstance(op, Evolution):  # binding would also replace the coefficients of the Hamiltonian
        return Evolution(op.base, data[0])
    return bind_new_parameters(op, data)


_PLAIN = {
    name: getattr(qml, name)
    for name in [
        "RX",
        "RY",
        "RZ",
        "PhaseShift",
        "U1",
        "CRX",
        "CRY",
        "CRZ",
        "IsingXX",
        "IsingYY",
        "IsingZZ",
        "IsingXY",
    ]
}


def _value(value, draw: int, point):
    if np.ndim(value) == 0:
        return float(value)
    row = value[draw if value.shape[0] > 1 else 0]
    return float(row[0]) if len(row) == 1 else row[point]
