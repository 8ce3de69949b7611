"""Circuits read at single points, put together to one circuit at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pennylane as qml
from pennylane.operation import Operator, StatePrepBase

from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate, take_draws
from pennylane_trainability.errors import ReadingError

__all__ = ["one_draw", "stack"]


def stack(circuits: Sequence[Circuit]) -> Circuit:
    """One circuit whose angles broadcast to ``(D, 1)`` from ``D`` circuits with the same gates.

    State preparations that differ become one broadcasted ``qml.StatePrep``.

    Raises:
        ReadingError: the gates differ by more than their angles.
    """
    first = circuits[0]
    with qml.QueuingManager.stop_recording():
        preparation = tuple(map(_preparation, zip(*_each(circuits, "preparation"), strict=True)))
        gates = tuple(map(_gate, zip(*_each(circuits, "gates"), strict=True)))
    return Circuit(
        preparation, gates, first.measurements, first.wires, first.n_parameters, first.n_inputs
    )


def one_draw(circuit: Circuit, draw: int) -> Circuit:
    """The circuit at one draw, ``D = 1``, its preparation without a broadcasting axis."""
    with qml.QueuingManager.stop_recording():
        preparation = tuple(
            op if op.batch_size is None else qml.StatePrep(op.data[0][draw], wires=op.wires)
            for op in circuit.preparation
        )
    return replace(take_draws(circuit, np.array([draw])), preparation=preparation)


def _each(circuits: Sequence[Circuit], what: str) -> list[tuple]:
    parts = [getattr(circuit, what) for circuit in circuits]
    if len({len(part) for part in parts}) > 1 or len({c.wires for c in circuits}) > 1:
        raise _differ("the number of gates")
    return parts


def _differ(what: str) -> ReadingError:
    return ReadingError(
        f"The points of the broadcasting axis differ in {what}, not only in gate angles and "
        "prepared states; call the QNode once for each point."
    )


def _preparation(ops: tuple[Operator, ...]) -> Operator:
    if all(qml.equal(op, ops[0]) for op in ops[1:]):
        return ops[0]
    if any(op.wires != ops[0].wires or not isinstance(op, StatePrepBase) for op in ops):
        raise _differ(ops[0].name)
    states = [np.reshape(qml.math.toarray(op.state_vector()), -1) for op in ops]
    return qml.StatePrep(np.stack(states), wires=ops[0].wires)


def _gate(gates: tuple[Gate, ...]) -> Gate:
    first = gates[0]
    same = all(
        (g.name, g.wires, len(g.angles)) == (first.name, first.wires, len(first.angles))
        for g in gates
    )
    if not same or (not first.angles and not all(qml.equal(g.op, first.op) for g in gates)):
        raise _differ(first.name)
    angles = tuple(map(_angle, zip(*(g.angles for g in gates), strict=True)))
    return Gate(first.op, first.wires, angles, first.kind)


def _angle(angles: tuple[Angle, ...]) -> Angle:
    parameters = dict.fromkeys(p for angle in angles for p in angle.parameters)
    return Angle(
        _column([a.value for a in angles], constant=not parameters),
        {p: _column([a.parameters.get(p, 0.0) for a in angles]) for p in parameters},
        {},
        True,
        all(a.linear for a in angles),
    )


def _column(values: list, constant: bool = True):
    """``(D, 1)``, or one float for equal numbers that may be constant."""
    flat = [float(np.reshape(v, ())) for v in values]
    return flat[0] if constant and len(set(flat)) == 1 else np.array(flat)[:, None]
