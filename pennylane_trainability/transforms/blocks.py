"""From a matrix over all flat parameters to one block per trainable argument of the user."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.arguments import Arguments, Leaf

__all__ = ["argument_blocks", "argument_ranges"]


def argument_ranges(arguments: Arguments) -> list[np.ndarray]:
    """The flat parameters of every trainable argument, in the order in which blocks are returned.

    A quantity that is returned in blocks needs no entries between different ranges.
    """
    places = _places(arguments)
    return [
        np.concatenate([np.arange(*places[s]) for s in slots if s is not None] or [np.arange(0)])
        for slots, _ in map(arguments.tree_of, arguments.trainable_names)
    ]


def argument_blocks(matrix, arguments: Arguments):
    r"""A matrix ``(..., P, P)`` in the shape of what ``qml.metric_tensor`` returns.

    Args:
        matrix: one row and column per flat parameter, of any interface; leading axes are kept.
        arguments: the call at one point.

    Returns:
        For one trainable argument of shape ``S`` an array ``(..., *S, *S)``; for several a tuple of
        these, one diagonal block each, entries between different arguments left out. An argument
        that is a PyTree gives a tree of trees, as ``jax.hessian`` does.
    """
    places = _places(arguments)
    found = []
    for name in arguments.trainable_names:
        slots, structure = arguments.tree_of(name)
        entry = partial(_block, matrix, arguments, places)
        found.append(_tree(slots, structure, partial(_row, slots, structure, entry)))
    return found[0] if arguments.single else tuple(found)


def _row(slots, structure, entry: Callable, first: int):
    return _tree(slots, structure, partial(entry, first))


def _tree(slots, structure, entry: Callable):
    return qml.pytrees.unflatten([None if s is None else entry(s) for s in slots], structure)


def _places(arguments: Arguments) -> list[tuple[int, int]]:
    """``(start, stop)`` among the flat parameters, per leaf."""
    stops = np.cumsum([int(leaf.parameter_mask.sum()) for leaf in arguments.leaves]).tolist()
    return list(zip([0, *stops], stops, strict=False))


def _block(matrix, arguments: Arguments, places, first: int, second: int):
    """The entries between two leaves, ``(..., *S_1, *S_2)``."""
    (a, b), (c, d) = places[first], places[second]
    rows, columns = arguments.leaves[first], arguments.leaves[second]
    block = matrix[..., a:b, c:d]
    if b - a < rows.value.size:
        block = qml.math.matmul(_padding(rows, matrix).T, block)
    if d - c < columns.value.size:
        block = qml.math.matmul(block, _padding(columns, matrix))
    lead = tuple(qml.math.shape(matrix))[:-2]
    return qml.math.reshape(block, (*lead, *rows.value.shape, *columns.value.shape))


def _padding(leaf: Leaf, matrix):
    """``(p, size)``: zeros for entries of an argument that are data."""
    chosen = np.eye(leaf.value.size)[leaf.parameter_mask.reshape(-1)]
    return qml.math.cast_like(qml.math.convert_like(chosen, matrix), matrix)
