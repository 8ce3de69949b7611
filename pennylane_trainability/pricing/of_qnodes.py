"""Circuits that a call of a QNode sends to its device, transforms included."""

from __future__ import annotations

from collections.abc import Callable

import pennylane as qml
from pennylane.debugging import pldb_device_manager

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.pricing.recording import Part

__all__ = ["of_call"]


def of_call(qnode: qml.QNode, executor: Executor | None = None) -> Callable[..., list[Part]]:
    """A function of positional and keyword arguments that gives the circuits of a call.

    Args:
        qnode: a QNode, also one that a transform returned.
        executor: has to be ``None``, because QNodes run without one.

    Raises:
        ReadingError: it is another one.
    """
    if executor is not None:
        raise ReadingError(
            "A QNode sends its circuits to its own device, and no executor takes part. Leave out "
            "executor=, or ask with a function that measures with one, such as measure_gradient."
        )

    def parts(args: tuple, kwargs: dict) -> list[Part]:
        # transforms that look for the device of the call find it as in a call
        with pldb_device_manager(qnode.device):
            tapes, _ = qml.workflow.construct_batch(qnode, level="user")(*args, **kwargs)
        return [Part(qnode.device, tuple(tapes), None)] if tapes else []

    return parts
