"""Cut a layered circuit into its layers, one sub-circuit each."""

from __future__ import annotations

import copy
import functools
from typing import Any

import pennylane as qml
from pennylane.operation import Operator
from pennylane.queuing import AnnotatedQueue, QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.errors import ReadingError

__all__ = ["cut_layers"]


def cut_layers(qnode, n_layers: int) -> tuple[qml.QNode, ...]:
    r"""The layers of a circuit as sub-circuits of a density model.

    From ``V · L_D ⋯ L_1`` applied one after the other to ``D`` circuits ``L_d · V``, to be mixed by
    :func:`density_qnode` (Coyle et al., `arXiv:2405.20237 <https://arxiv.org/abs/2405.20237>`__,
    first route). Each circuit is ``D`` times shallower, and its gradient needs fewer circuits where
    the gates within one layer commute. **It is another model, not another way to run the same**:
    what a product of layers can express is not what a mixture of them can.

    The QNode says where it is cut: a ``qml.Barrier`` stands before every layer. What comes before
    the first one (state preparation, encoding) belongs to every sub-circuit, and so does the
    measurement. Nothing is guessed from gates, because entangling gates between two layers could
    belong to either.

    Args:
        qnode: a QNode with a barrier before each of its layers; it is not changed.
        n_layers: number of layers ``D``.

    Returns:
        ``D`` QNodes with the arguments, device and options of the QNode; all take the arguments of
        the whole circuit, and each uses those of its layer.

    Raises:
        ReadingError: when called, if the circuit has not ``D`` barriers, or nothing stands behind
            one of them.

    **Cost.** No circuits of its own.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights, x):
    ...     qml.RX(x, wires=0)
    ...     for w in weights:
    ...         qml.Barrier()
    ...         qml.RX(w, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> model = pt.density_qnode(pt.cut_layers(circuit, 2), weights=[0.5, 0.5])
    >>> weights = np.array([0.1, 0.2])
    >>> bool(np.isclose(model(weights, 0.3), 0.5 * np.cos(0.4) + 0.5 * np.cos(0.5)))
    True
    """
    if not isinstance(qnode, qml.QNode):
        raise ReadingError(f"cut_layers takes a QNode; got {type(qnode).__name__}.")
    if not isinstance(n_layers, int) or n_layers < 1:
        raise ReadingError(f"cut_layers needs a number of layers of at least 1; got {n_layers!r}.")
    return tuple(_one_layer(qnode, number, n_layers) for number in range(n_layers))


def _one_layer(qnode, number: int, n_layers: int) -> qml.QNode:
    @functools.wraps(function_of(qnode))
    def layer(*args, **kwargs):
        with QueuingManager.stop_recording(), AnnotatedQueue() as queue:
            returned = qnode.func(*args, **kwargs)
        tape = QuantumScript.from_queue(queue)
        segments = _segments(tape.operations, n_layers)
        for item in (*segments[0], *segments[1 + number], *tape.measurements):
            # not qml.apply: it queues copies, and measurements are returned as they are queued
            QueuingManager.append(item)
        return returned

    new: Any = copy.copy(qnode)
    new.func = layer
    # QNode.update() starts again from these
    new._init_args = {**qnode._init_args, "func": layer}
    return new


def _segments(operations: list[Operator], n_layers: int) -> list[list[Operator]]:
    """What stands before, between and after the barriers."""
    segments: list[list[Operator]] = [[]]
    for op in operations:
        if isinstance(op, qml.Barrier):
            segments.append([])
        else:
            segments[-1].append(op)
    if len(segments) != n_layers + 1:
        raise ReadingError(
            f"cut_layers was asked for {n_layers} layers and the circuit has {len(segments) - 1} "
            "barriers. Put one qml.Barrier() before every layer, behind state preparation and "
            "encoding, and give their number as n_layers."
        )
    if empty := [k for k, segment in enumerate(segments[1:]) if not segment]:
        raise ReadingError(
            f"Nothing stands behind the barrier of layer {empty[0]}. A barrier comes before every "
            "layer and none behind the last one."
        )
    return segments
