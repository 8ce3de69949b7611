"""Does the circuit that was read do what the user's function does with plain numbers?"""

from __future__ import annotations

import numpy as np
from pennylane.operation import Operator

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.reading import tape_of
from pennylane_trainability.circuits.tracer import Traced, holds_objects
from pennylane_trainability.errors import NotFourierError

__all__ = ["check_hold_out"]

_TOLERANCE = 1e-9


def check_hold_out(reading: Reading, inputs: np.ndarray) -> None:
    """Run the user's function once on plain numbers off the grid and compare gates and angles.

    A reading by tracers is exact for functions that treat all numbers alike; this catches those
    that look at types or values. QNodes with transforms of their own are not compared, because
    transforms may simplify at special numbers.

    Args:
        reading: the QNode, read by tracers.
        inputs: a point off the sample grid, ``(I,)``.

    Raises:
        NotFourierError: the gates or angles at this point are not the ones predicted.
    """
    arguments = reading.arguments
    args, kwargs = arguments.numeric(arguments.parameters, inputs)
    seen = tape_of(reading.qnode.func, args, kwargs).operations
    # names and parameters; asking controlled gates for their wires would double the time
    if [op.name for op in seen] != [op.name for op in reading.queued]:
        raise NotFourierError(
            f"At the input {np.round(inputs, 4).tolist()} the QNode queues other gates than at the "
            "input it was read at: its structure depends on the numbers passed to it. Fix the "
            "structure, or analyse one branch."
        )
    move = inputs - arguments.inputs
    for op, predicted in zip(seen, reading.queued, strict=True):
        for data, traced in zip(op.data, predicted.data, strict=True):
            _compare(op, data, traced, move)


def _compare(op: Operator, data, traced, move: np.ndarray) -> None:
    if type(traced) is Traced:
        here, there = complex(data), complex(_at(traced, move))
        if abs(here - there) <= _TOLERANCE * (1 + abs(here)):
            return
        found, foretold = np.ravel(data), np.ravel(_at(traced, move))
    elif holds_objects(traced):
        found = np.ravel(np.asarray(data))
        entries = np.ravel(traced)
        foretold = np.array([_at(e, move) if type(e) is Traced else e for e in entries])
    else:
        return
    if found.shape != foretold.shape or np.any(
        np.abs(found - foretold) > _TOLERANCE * (1 + np.abs(found))
    ):
        raise NotFourierError(
            f"{op.name} on wires {op.wires.tolist()} has parameters {np.round(found, 6).tolist()} "
            f"where {np.round(foretold, 6).tolist()} were predicted: they depend on the input in a "
            "way that is not a₀ + a·x."
        )


def _at(traced: Traced, move: np.ndarray):
    """A tracer's value after the inputs have moved; exact where it is affine in them."""
    value = _first(traced.value)
    for variable, slope in traced.slopes.items():
        if variable < 0:
            value = value + _first(slope) * move[-1 - variable]
    return value


def _first(value):
    return value.item(0) if hasattr(value, "item") else value
