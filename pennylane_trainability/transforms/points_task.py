"""What transforms of the state's geometry are asked: a QNode at its points, or a tape."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.operation import StatePrepBase
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.points import Points, read_points
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.task import argument_of

__all__ = ["PointsTask", "points_of_tape"]


@dataclass(frozen=True, slots=True, eq=False)
class PointsTask:
    """What the quantum function hands to the transform.

    Attributes:
        points: the QNode at the points of the call.
        device: the device of the call, ``None`` for a tape.
        options: those of the transform.
    """

    points: Points
    device: Any
    options: dict[str, Any]


def points_of_tape(tape: QuantumScript, argnums=None, encoding_args=None) -> Points:
    """A tape as a function of its trainable parameters, one flat parameter per number.

    Args:
        tape: the tape.
        argnums: positions among its parameters; ``None`` takes ``tape.trainable_params``.
        encoding_args: positions that are left out.

    Raises:
        ReadingError: a position is none, or a parameter is not that of a gate with real angles.
    """
    trainable = _trainable(tape, argnums, encoding_args)
    values = tape.get_parameters(trainable_only=False)
    for j in trainable:
        _check_angle(values[j], tape.par_info[j]["op"], j)

    def function(*parameters):
        with qml.QueuingManager.stop_recording():
            bound = tape.bind_new_parameters(list(parameters), trainable)
        for op in bound.operations:
            qml.apply(op)

    fake = SimpleNamespace(func=function, compile_pipeline=(), device=None)
    args = tuple(argument_of(values[j]) for j in trainable)
    return read_points(fake, args, {}, list(range(len(args))), differentiable=True)


def _check_angle(value, op, position: int) -> None:
    is_complex = qml.math.get_dtype_name(value).startswith("complex")
    if is_complex or isinstance(op, StatePrepBase):
        raise ReadingError(
            f"Parameter {position} of the tape belongs to {op.name} and is no gate angle. Leave it "
            "out of tape.trainable_params, or choose the parameters with argnums."
        )


def _trainable(tape: QuantumScript, argnums, encoding_args) -> list[int]:
    count = len(tape.get_parameters(trainable_only=False))
    wanted = tape.trainable_params if argnums is None else np.atleast_1d(argnums).tolist()
    data = [] if encoding_args is None else np.atleast_1d(encoding_args).tolist()
    if outside := [j for j in (*wanted, *data) if j not in range(count)]:
        raise ReadingError(
            f"The tape has {count} parameters, numbered from 0; {outside} are none of them. "
            "Correct encoding_args or argnums."
        )
    if argnums is not None and (both := [j for j in wanted if j in data]):
        raise ReadingError(
            f"Parameters {both} stand in both encoding_args and argnums; a parameter is either an "
            "input or trainable."
        )
    chosen = [j for j in wanted if j not in data]
    if not chosen:
        raise ReadingError(
            "The tape has no trainable parameters here; set tape.trainable_params, or name the "
            "parameters with argnums."
        )
    return sorted(chosen)
