"""Which of many circuits are the same, without a name for each."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from pennylane.tape import QuantumScript

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.keys.key import circuit_key

__all__ = ["distinct_circuits", "equal_circuits"]

#: Entries of an array that are compared before names are made.
_FIRST = 64


def equal_circuits(tapes: Sequence[QuantumScript], shots: bool = True) -> list[list[int]]:
    """Positions of circuits that are equal by :func:`circuit_key`, in the order of the first ones.

    A circuit with something in it that has no name is equal to itself only.

    Args:
        tapes: the circuits.
        shots: whether circuits that differ in their shots only are different.

    **Cost.** One look at the numbers of every circuit; names are made only of those that have
    these in common with another one.

    >>> import pennylane as qml
    >>> tapes = [qml.tape.QuantumScript([qml.RX(x, 0)]) for x in (0.1, 0.2, 0.1)]
    >>> equal_circuits(tapes)
    [[0, 2], [1]]
    """
    of_object: dict[int, list[int]] = {}
    for k, tape in enumerate(tapes):
        of_object.setdefault(id(tape), []).append(k)
    alike: dict[Hashable, list[list[int]]] = {}
    for own in of_object.values():
        alike.setdefault(_looks(tapes[own[0]], shots), []).append(own)
    groups: list[list[int]] = []
    for several in alike.values():
        groups += several if len(several) == 1 else _by_name(tapes, several, shots)
    return sorted(groups)


def distinct_circuits(tapes: Sequence[QuantumScript]) -> int:
    """How many circuits differ in more than their shots; the entries of a broadcasted one count.

    >>> import pennylane as qml
    >>> distinct_circuits([qml.tape.QuantumScript([qml.RX(x, 0)]) for x in (0.1, 0.2, 0.1)])
    2
    """
    return sum(_entries(tapes[own[0]]) for own in equal_circuits(tapes, False))


def _entries(tape: QuantumScript) -> int:
    """How many circuits of a broadcasted one differ from each other."""
    size = tape.batch_size
    if size is None:
        return 1
    rows = [
        np.reshape(np.asarray(value), (size, -1))
        for op in tape.operations
        if op.batch_size is not None
        for value, least in zip(op.data, op.ndim_params, strict=True)
        if np.ndim(value) > least
    ]
    return len(np.unique(np.concatenate(rows, axis=1), axis=0))


def _by_name(tapes, several: list[list[int]], shots: bool) -> list[list[int]]:
    """Positions that belong together, of circuits that look alike."""
    found: dict[Hashable, list[int]] = {}
    for own in several:
        tape = tapes[own[0]]
        try:
            name: Hashable = circuit_key(tape if shots else tape.copy(shots=None))
        except ReadingError:  # only what can be stored needs a name
            name = id(tape)
        found.setdefault(name, []).extend(own)
    return [sorted(own) for own in found.values()]


def _looks(tape: QuantumScript, shots: bool) -> Hashable:
    """What circuits with one name have in common, quick to see: gates and plain numbers."""
    gates = tuple(type(op) for op in tape.operations)
    numbers = tuple(_numbers(x) for op in tape.operations for x in op.data)
    return gates, numbers, len(tape.measurements), shots and tape.shots.total_shots


def _numbers(value) -> Hashable:
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.kind, *value.ravel()[:_FIRST].tolist()
    return value if isinstance(value, int | float | complex) else None
