"""Gradients of QNodes: the circuits of a call, and Jacobians in the shape of its arguments."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.points import Points, read_points
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.budget import check_budget
from pennylane_trainability.transforms.carrier import carrying
from pennylane_trainability.transforms.engines import (
    broadcasts,
    device_name,
    takes_shot_vectors,
)
from pennylane_trainability.transforms.gradient_tapes import (
    warn_of_fallback,
    warn_of_truncation,
)
from pennylane_trainability.transforms.interfaces import as_arguments, interface_of, is_traced
from pennylane_trainability.transforms.points_task import PointsTask

__all__ = ["carrying_gradient", "gradient_of_points"]


def carrying_gradient(qnode, name: str, options: dict[str, Any]):
    """A copy of a QNode whose calls ask for their gradient.

    Args:
        qnode: the user's QNode; it is not changed.
        name: of the transform.
        options: of the transform, ``method`` among them.
    """
    return carrying(qnode, name, functools.partial(_task_of_call, qnode, name, options))


def _task_of_call(qnode, name, options, args, kwargs, device) -> PointsTask:
    options = dict(options)
    argnums, encoding_args = options.pop("argnums", None), options.pop("encoding_args", None)
    points = read_points(
        qnode, args, kwargs, argnums, encoding_args, differentiable=True, measured=True
    )
    if is_traced(points.call) and interface_of(points.call) != "torch":
        raise NotImplementedError(
            f"The result of {name} is made of numbers and cannot be differentiated or compiled. "
            f"For gradients inside grad or jit give it to the QNode: diff_method={name}."
        )
    return PointsTask(points, device, options)


def gradient_of_points(task: PointsTask, shots):
    """Tapes and post-processing for a QNode at the points of one call.

    Args:
        task: the call.
        shots: of the QNode.

    Raises:
        ReadingError: the device cannot do it.
        BudgetError: more circuits or shots than allowed.
    """
    # here: planning circuits is a good part of the import, and only measuring needs it
    from pennylane_trainability.transforms.gradient_circuits.answer import answer_of, question_of
    from pennylane_trainability.transforms.gradient_circuits.builder import can_broadcast
    from pennylane_trainability.transforms.gradient_circuits.choice import How

    points, device, options = task.points, task.device, dict(task.options)
    limits = options.pop("max_circuits", None), options.pop("max_shots", None)
    name = device_name(device)
    _check_shots(device, name, shots)
    how = How(**options)
    own = None if device.wires is None else list(device.wires)
    question = question_of(points.circuit, points.reading.circuit.measurements, how, own, name)
    n_points = len(points.parameters)
    check_budget(question.n_circuits * n_points, shots, *limits, device)
    warn_of_fallback(question)
    warn_of_truncation(question, n_points)
    if n_points > 1 and broadcasts(device) and can_broadcast(question.problem):
        answer = answer_of(question, shots, batch=n_points)
    else:
        answer = answer_of(question, shots, n_points)

    def one(results, count):
        found = question.problem.outputs.split(answer.jacobians(results, count))
        return _as_arguments(points, found)

    def post(results):
        if not shots.has_partitioned_shots:
            return one(results, shots.total_shots)
        return tuple(one([r[c] for r in results], count) for c, count in enumerate(shots))

    return answer.tapes, post


def _check_shots(device, name: str, shots) -> None:
    if not shots and name.startswith("qiskit."):
        raise ReadingError(
            f"{name} needs shots: set them with qml.set_shots(qnode, shots=…). A simulation is "
            "never run in place of the device."
        )
    if shots.has_partitioned_shots and not takes_shot_vectors(device):
        raise ReadingError(
            f"{name} returns no shot vectors, and this QNode has {shots}. Set one number of shots "
            "with qml.set_shots, and call it once for each number."
        )


def _as_arguments(points: Points, found: list[np.ndarray]):
    """Jacobians ``(D, *shape, P)`` in the structures of what is returned and of the arguments."""
    arguments = points.reading.arguments
    results = []
    for part in found:
        tree = arguments.unflatten(part if points.batch is not None else part[0])
        leaves, structure = qml.pytrees.flatten(tree)
        leaves = [x if x is None else as_arguments(x, points.call) for x in leaves]
        results.append(qml.pytrees.unflatten(leaves, structure))
    return points.reading.unflatten_outputs(results)
