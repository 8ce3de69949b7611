"""What ``coefficient_jacobian`` is asked: a QNode's reading, or a tape read as a function."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.arguments import to_numpy
from pennylane_trainability.circuits.qnode import Reading, read_qnode
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.errors import ReadingError

__all__ = ["Task", "argument_of", "task_of_tape"]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What the quantum function hands to the transform: one reading and the options."""

    series: Series
    device: Any
    engine: str
    memory: int
    gradient: str = "shift"
    limits: tuple[int | None, int | None] = (None, None)

    @property
    def reading(self) -> Reading:
        """The circuit at one call."""
        return self.series.reading


def task_of_tape(
    tape, encoding_args, argnums, spectrum, engine, gradient, memory, max_points, limits
) -> Task:
    """A tape as a function of an input vector and its trainable parameters."""
    encoded, trainable, n_inputs = _roles(tape, encoding_args, argnums)
    originals = tape.get_parameters(trainable_only=False)
    values = [float(to_numpy(v)) if np.ndim(v) == 0 else v for v in originals]

    def function(x, *parameters):
        new = dict(zip(trainable, parameters, strict=True))
        data = [
            values[j] + x[encoded[j]] if j in encoded else new.get(j, values[j])
            for j in range(len(values))
        ]
        with qml.QueuingManager.stop_recording():
            bound = tape.bind_new_parameters(data, list(range(len(data))))
        for op in bound.operations:
            qml.apply(op)
        return [qml.apply(m) for m in tape.measurements]

    fake = SimpleNamespace(func=function, compile_pipeline=(), device=None)
    args = (np.zeros(n_inputs), *(argument_of(originals[j]) for j in trainable))
    reading = read_qnode(fake, args, {}, "x", differentiable=True)
    if len(tape.measurements) == 1:
        object.__setattr__(reading, "structure", tape.measurements[0])
    series = series_of(reading, spectrum, max_points)
    return Task(series, None, engine, memory, gradient, limits)


def argument_of(value):
    """A tape parameter as an argument: JAX and Torch keep their interface, the rest are numbers."""
    if qml.math.get_interface(value) in ("jax", "torch") or np.ndim(value):
        return value
    return float(to_numpy(value))


def _roles(tape, encoding_args, argnums) -> tuple[dict[int, int], list[int], int]:
    """``{parameter index: input}``, the trainable parameters, and the number of inputs."""
    if not isinstance(encoding_args, dict):
        raise ReadingError(
            "On a tape, encoding_args needs {input: parameter indices}, for example {'x': [0, 3]}; "
            f"got {encoding_args!r}."
        )
    count = len(tape.get_parameters(trainable_only=False))
    inputs = [list(np.atleast_1d(v)) for v in encoding_args.values()]
    encoded = {int(j): i for i, indices in enumerate(inputs) for j in indices}
    wanted = tape.trainable_params if argnums is None else np.atleast_1d(argnums).tolist()
    if outside := [j for j in (*encoded, *wanted) if j not in range(count)]:
        raise ReadingError(
            f"The tape has {count} parameters, numbered from 0; {outside} are none of them. "
            "Correct encoding_args or argnums."
        )
    if argnums is not None and (both := [j for j in wanted if j in encoded]):
        raise ReadingError(
            f"Parameters {both} stand in both encoding_args and argnums; a parameter is either an "
            "input or trainable."
        )
    trainable = [j for j in wanted if j not in encoded]
    return encoded, trainable, len(inputs)
