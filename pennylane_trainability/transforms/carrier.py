"""How a transform gets hold of a QNode call: the quantum function hands on a task, not gates."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pennylane as qml
from pennylane.measurements import MeasurementProcess

from pennylane_trainability.circuits.arguments import is_leaf, is_variable
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.qnodes import device_of_the_call, qnode_like

__all__ = ["Carrier", "carried", "carrying"]


class Carrier(MeasurementProcess):
    """Takes a task through a tape to the transform."""

    def __init__(self, task: Any, name: str):
        super().__init__()
        self.task, self.name = task, name

    def __repr__(self):
        return self.name


def _refuse_compiler(name: str) -> None:
    if qml.compiler.active():
        raise NotImplementedError(
            f"{name} computes beside the circuit and cannot be compiled by qml.qjit. Call it "
            "outside, on the QNode before qml.qjit, or inside as a callback: "
            "catalyst.pure_callback; jax.jit works on simulators without shots."
        )


def _check_interface(interface: str | None, call) -> None:
    """PennyLane converts results to the QNode's interface, and derivatives do not survive that."""
    if interface not in ("jax", "jax-jit", "torch", "autograd"):
        return
    for leaf in qml.pytrees.flatten(call, is_leaf=is_leaf)[0]:
        own = qml.math.get_interface(leaf) if is_variable(leaf) else None
        if own is not None and not interface.startswith(own):
            raise ReadingError(
                f"The QNode has interface={interface!r}, and an argument to be differentiated is "
                f"of {own}. Pass arrays of {interface}, or use qnode.update(interface='auto')."
            )


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
        NotImplementedError: under program capture; when it is called, inside ``qml.qjit``.
        ReadingError: when it is called with arguments of another interface than the QNode's.
    """
    if qml.capture.enabled():
        raise NotImplementedError(
            f"{name} does not work with program capture; call qml.capture.disable() first."
        )

    @functools.wraps(qnode.func)
    def function(*args, **kwargs):
        _refuse_compiler(name)
        _check_interface(qnode.interface, (args, kwargs))
        with qml.QueuingManager.stop_recording():
            task = make_task(args, kwargs, device_of_the_call(qnode.device))
        return Carrier(task, name)

    return qnode_like(qnode, function)
