"""Which arguments of a call carry PennyLane's broadcasting axis: found by trying, then verified."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.arguments import Arguments, Leaf, is_variable
from pennylane_trainability.circuits.reading import apply_pipeline, tape_of
from pennylane_trainability.errors import ReadingError

__all__ = ["Batch", "carriers", "find_batch", "point_of"]

#: ``(size of the broadcasting axis, numbers of the leaves that carry it)``.
Batch = tuple[int, frozenset[int]]
_MAX_TRIED = 64


def find_batch(function, arguments: Arguments, pipeline=None) -> Batch | None:
    """The broadcasting axis of a call, by running the function on plain numbers.

    A set of arguments with a matching leading axis is right if the first and the last slice of
    these arguments queue the first and the last slice of what the whole arguments queue.

    Args:
        function: the quantum function.
        arguments: the call; every floating number is a leaf.
        pipeline: the QNode's own transforms.

    Returns:
        The axis, or ``None`` if the function queues no operator with several values.

    Raises:
        ReadingError: no set of arguments explains the axis.
    """
    whole = _tape(function, arguments, pipeline)
    size = whole.batch_size
    if size is None:
        return None
    for leaves in _subsets(arguments, size):
        if all(_explains(function, arguments, pipeline, whole, leaves, d) for d in (0, size - 1)):
            return size, leaves
    shapes = {leaf.label: leaf.value.shape for leaf in arguments.leaves}
    raise ReadingError(
        f"The QNode queues operators with {size} values each, but no arguments with a leading axis "
        f"of {size} explain them (arguments: {shapes}). Give the broadcasting axis as the first "
        "axis of the arguments, or call the QNode once for each point."
    )


def point_of(arguments: Arguments, batch: Batch | None, point: int, freeze: bool) -> Arguments:
    """The call at one point of its broadcasting axis.

    Data that are the same at all points stay what the user passed, so that they may prepare states
    or choose gates; where somebody differentiates or compiles through them they are inputs.

    Args:
        arguments: the call; every floating number is a leaf.
        batch: its broadcasting axis.
        point: which entry of the axis.
        freeze: whether data that differ between points are handed to the function as plain
            numbers, too, instead of as inputs of gate angles.
    """
    carrying = carriers(arguments, batch)

    def change(leaf: Leaf) -> Leaf | None:
        carries = id(leaf) in carrying
        is_data = not leaf.parameter_mask.any()
        if not carries:
            return None if is_data and not is_variable(leaf.original) else leaf
        value, mask = leaf.value[point], np.asarray(leaf.is_input[point])
        if is_data and freeze:
            mask = np.zeros_like(mask)
        return Leaf(leaf.label, value, mask, leaf.trainable, leaf.original[point])

    return arguments.with_leaves(change)


def carriers(arguments: Arguments, batch: Batch | None) -> set[int]:
    """The leaves that carry the broadcasting axis, by their ids."""
    return {id(arguments.leaves[k]) for k in (batch[1] if batch else ())}


def _tape(function, arguments: Arguments, pipeline) -> QuantumScript:
    args, kwargs = arguments.numeric(arguments.parameters, arguments.inputs, like=True)
    return apply_pipeline(pipeline, tape_of(function, args, kwargs))


def _subsets(arguments: Arguments, size: int) -> Iterator[frozenset[int]]:
    """Few arguments first: more than carry the axis might explain it by accident."""
    able = [k for k, leaf in enumerate(arguments.leaves) if leaf.value.shape[:1] == (size,)]
    tried = 0
    for count in range(1, len(able) + 1):
        for chosen in combinations(able, count):
            if tried < _MAX_TRIED or count == len(able):
                yield frozenset(chosen)
            tried += 1


def _explains(function, arguments, pipeline, whole: QuantumScript, leaves, point: int) -> bool:
    here = point_of(arguments, (0, leaves), point, True)
    try:
        seen = _tape(function, here, pipeline)
    except Exception:  # the function does not take arguments of this shape: a wrong guess
        return False
    if seen.batch_size is not None or len(seen.operations) != len(whole.operations):
        return False
    return all(map(_is_slice, seen.operations, whole.operations, [point] * len(whole.operations)))


def _is_slice(one, many, point: int) -> bool:
    if one.name != many.name or one.wires != many.wires or len(one.data) != len(many.data):
        return False
    return all(
        _same(a, b[point] if qml.math.ndim(b) > qml.math.ndim(a) else b)
        for a, b in zip(one.data, many.data, strict=True)
    )


def _same(a, b) -> bool:
    a, b = qml.math.toarray(a), qml.math.toarray(b)
    return np.shape(a) == np.shape(b) and np.allclose(a, b)
