"""How a transform gets hold of a QNode call: the quantum function hands on a task, not gates."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pennylane as qml
from pennylane.measurements import MeasurementProcess

from pennylane_trainability.transforms.qnodes import device_of_the_call, qnode_like

__all__ = ["Carrier", "carried", "carrying"]


class Carrier(MeasurementProcess):
    """Takes a task through a tape to the transform."""

    def __init__(self, task: Any, name: str):
        super().__init__()
        self.task, self.name = task, name

    def __repr__(self):
        return self.name


def carried(tape) -> Any | None:
    """The task of a tape, if a quantum function handed one on."""
    if len(tape.measurements) == 1 and isinstance(tape.measurements[0], Carrier):
        return tape.measurements[0].task
    return None


def carrying(qnode, name: str, make_task: Callable[[tuple, dict, Any], Any]):
    """A copy of a QNode whose calls hand a task to a transform; the QNode itself is not changed.

    Args:
        qnode: the user's QNode.
        name: of the transform.
        make_task: ``(args, kwargs, device) → task``, called at every call of the QNode.

    Raises:
        NotImplementedError: under program capture.
    """
    if qml.capture.enabled():
        raise NotImplementedError(
            f"{name} does not work with program capture; call qml.capture.disable() first."
        )

    @functools.wraps(qnode.func)
    def function(*args, **kwargs):
        with qml.QueuingManager.stop_recording():
            task = make_task(args, kwargs, device_of_the_call(qnode.device))
        return Carrier(task, name)

    return qnode_like(qnode, function)
