"""The user's quantum function once more, with its trainable rotations replaced by others.

The function runs with its trainable arguments at fixed values. Operators without a trainable part
are handed on as they are; the others are taken apart the way they were when the QNode was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.ops.op_math import Exp
from pennylane.ops.op_math.evolution import Evolution
from pennylane.wires import Wires

from pennylane_trainability.circuits.arguments import is_variable
from pennylane_trainability.circuits.circuit import Circuit, Gate
from pennylane_trainability.circuits.expansion import expand, parts_of
from pennylane_trainability.circuits.tracer import Traced, holds_objects
from pennylane_trainability.errors import ReadingError

__all__ = ["Step", "angle_values", "moved_by", "replay", "steps_of"]


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with one operator.

    Attributes:
        name: the operator's name.
        wires: its wires.
        gates: positions in :attr:`Circuit.gates` of what it was read as.
        parts: steps of the operators it is taken apart into; ``None`` if it is not.
        replaced: whether it is a trainable gate itself.
    """

    name: str
    wires: Wires
    gates: range
    parts: tuple[Step, ...] | None = None
    replaced: bool = False


def steps_of(operators: Sequence[Operator], circuit: Circuit, traced: bool) -> tuple[Step, ...]:
    """How the operators that a function queued became the gates of a circuit.

    Args:
        operators: what was queued.
        circuit: what it was read as.
        traced: whether parameters were traced.
    """
    position = {label: w for w, label in enumerate(circuit.wires)}
    with qml.QueuingManager.stop_recording():
        return tuple(_steps(operators, circuit, position.__getitem__, traced, 0))


def _steps(operators, circuit: Circuit, position, traced: bool, first: int) -> Iterator[Step]:
    for op in operators:
        _, gates = expand([op], position)
        numbers = range(first, first + len(gates))
        first = numbers.stop
        if not any(circuit.gates[number].is_trainable for number in numbers):
            yield Step(op.name, op.wires, numbers)
        elif isinstance(op, Exp) or all(gate.op is op for gate in gates):
            yield Step(op.name, op.wires, numbers, replaced=True)
        else:
            parts = parts_of(op, traced) or []
            inner = _steps(parts, circuit, position, traced, numbers.start)
            yield Step(op.name, op.wires, numbers, tuple(inner))


def _walk(operators, steps: tuple[Step, ...], traced: bool) -> Iterator[tuple[Operator, Step]]:
    """Operators that are handed on or replaced, with their steps."""
    if [(op.name, op.wires) for op in operators] != [(s.name, s.wires) for s in steps]:
        raise ReadingError(
            "The QNode queues other gates with these arguments than with those it was promoted "
            f"for, {[op.name for op in operators]} instead of {[step.name for step in steps]}. "
            "Promote it at these arguments."
        )
    for op, step in zip(operators, steps, strict=True):
        if step.parts is None:
            yield op, step
        else:
            yield from _walk(parts_of(op, traced), step.parts, traced)


def replay(
    operators: Sequence[Operator],
    steps: tuple[Step, ...],
    traced: bool,
    gates: Sequence[Gate],
    new: Callable[[int, object], Iterator[Operator]],
) -> Iterator[Operator]:
    """The operators with every trainable gate replaced.

    Args:
        operators: what the function queued.
        steps: see :func:`steps_of`.
        traced: as in :func:`steps_of`.
        gates: the gates of the circuit.
        new: ``(position of a trainable gate, its angle) → operators``.

    Raises:
        ReadingError: the function queues other operators than it did.
    """
    for op, step in _walk(operators, steps, traced):
        if not step.replaced:
            yield op
            continue
        for number, angle in zip(step.gates, _angles(op), strict=True):
            if gates[number].is_trainable:
                yield from new(number, angle)
            else:  # one of the three rotations of a Rot
                yield getattr(qml, gates[number].name)(angle, wires=op.wires)
        if op.name == "PSWAP":
            yield qml.SWAP(op.wires)


def angle_values(operators, steps: tuple[Step, ...], traced: bool) -> dict[int, Any]:
    """The angle of every replaced gate, ``{position: angle}``."""
    return {
        number: angle
        for op, step in _walk(operators, steps, traced)
        if step.replaced
        for number, angle in zip(step.gates, _angles(op), strict=True)
    }


def _angles(op: Operator) -> tuple:
    if op.name == "Rot":
        return tuple(op.data)
    if isinstance(op, Evolution):
        return (op.param,)
    return (qml.math.real(1j * op.coeff),) if isinstance(op, Exp) else (op.data[0],)


def moved_by(angle, given: float):
    """``angle − given``, or ``None`` if the angle is a plain number and has not moved."""
    plain = not (is_variable(angle) or type(angle) is Traced or holds_objects(angle))
    if plain and np.shape(angle) == () and float(angle) == given:
        return None
    return angle - given
