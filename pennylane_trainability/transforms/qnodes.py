"""QNodes for transforms that replace what a QNode computes."""

from __future__ import annotations

import copy

import pennylane as qml

from pennylane_trainability.devices import one_job

__all__ = ["device_of_the_call", "qnode_like"]


def qnode_like(qnode, function):
    """A QNode like the user's that calls another function; its circuits go as one job.

    Args:
        qnode: the user's QNode; not changed.
        function: what is called instead of its quantum function.

    Returns:
        A QNode without transforms, on :func:`one_job` of the same device, with the same options.
    """
    new = copy.copy(qnode)
    new.func, new.device = function, one_job(qnode.device)
    # QNode.update() starts again from these
    new._init_args = {**qnode._init_args, "func": function, "device": new.device}
    new._compile_pipeline = qml.CompilePipeline()
    return new


def device_of_the_call(default):
    """The device of the QNode that is being called: ``update(device=…)`` may have changed it."""
    debugger = qml.debugging.PLDB
    return debugger.get_active_device() if debugger.has_active_dev() else default
