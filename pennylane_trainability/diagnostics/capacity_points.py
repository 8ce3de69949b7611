"""The QFIM of a circuit at several parameter points, simulated or measured."""

from __future__ import annotations

import functools
from concurrent import futures
from typing import Any

import numpy as np

from pennylane_trainability.circuits.points import Points
from pennylane_trainability.diagnostics.column_space import leverages
from pennylane_trainability.diagnostics.measure_qfim import measure_qfim
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.diagnostics.qfim_errors import CountErrors
from pennylane_trainability.executor import Executor
from pennylane_trainability.results import Cost
from pennylane_trainability.simulation.draws import over_draws, slices
from pennylane_trainability.simulation.fisher import fisher_chunks, fisher_information
from pennylane_trainability.transforms.engines import is_exact_simulator

__all__ = ["cost_of_points", "exact_points", "measured_points"]

#: Eigenvalues up to this share of the largest count as zero. Rounding leaves less than 1e-15 of it,
#: and the smallest genuine ones met in layered circuits are 5e-13 of it.
RTOL = 1e-13


def exact_points(
    points: Points, parameters: np.ndarray, memory: int, workers: futures.Executor | None = None
) -> dict[str, Any]:
    """Simulate pure states at all parameters at once.

    Args:
        points: the QNode at one point.
        parameters: ``(1 + D, P)``.
        memory: bytes of states held at once, by every worker.
        workers: who simulates; ``None`` for this process.

    Returns:
        Fields of a ``Capacity``.
    """
    _, step = fisher_chunks(points.circuit, len(parameters), memory)
    parts = slices(len(parameters), step)
    found = over_draws(fisher_information, points.reading, parameters, parts, workers, memory)
    matrices = np.concatenate(list(found))
    values, vectors = np.linalg.eigh(matrices)
    values, vectors = values[:, ::-1], vectors.swapaxes(-1, -2)[:, ::-1]
    rtol = max(RTOL, values.shape[1] * float(np.finfo(float).eps))
    limits = np.maximum(rtol * values[:, 0], RTOL)
    alive = np.any(np.diagonal(matrices, axis1=1, axis2=2) > limits[:, None], axis=0)
    return {
        "matrices": matrices,
        "eigenvalues": values,
        "limits": limits,
        "leverages": leverages(vectors, np.sum(values > limits[:, None], axis=1)),
        "dead": tuple(np.flatnonzero(~alive).tolist()),
        "cost": Cost(),
    }


def measured_points(
    qnode,
    points: Points,
    parameters: np.ndarray,
    encoding_args,
    seed: int,
    level: float,
    runner: Executor,
) -> dict[str, Any]:
    """Measure on the QNode's device, one point after the other.

    The noise floors of all points hold together at the level: each is taken at
    ``1 − (1 − level)/(1 + D)``. What was found at a point is a lower bound on the rank there, and
    by Weyl's inequality also on that of every leading block.

    Args:
        qnode: the QNode, with shots.
        points: it at one point.
        parameters: ``(1 + D, P)``.
        encoding_args: data arguments.
        seed: that drew the parameters; a child of it serves the resampling behind noise floors.
        level: of all lower bounds together.
        runner: how circuits are run.

    Returns:
        Fields of a ``Capacity``.
    """
    runner.check(cost_of_points(qnode, points, len(parameters), encoding_args))
    child = np.random.SeedSequence(seed, spawn_key=(2,))
    measure = _measure(qnode, points, encoding_args, seed=child, level=level, executor=runner)

    def at(theta: np.ndarray) -> MeasuredQFIM:
        args, kwargs = _call(points, theta)
        return measure(*args, **kwargs)

    found = runner.several([functools.partial(at, theta) for theta in parameters])
    matrices = np.stack([one.value for one in found])
    each = 1 - (1 - level) / len(found)
    n_resamples = max(399, int(np.ceil(2 / (1 - each))))
    return {
        "matrices": matrices,
        "eigenvalues": np.linalg.eigvalsh(matrices)[:, ::-1],
        "limits": np.array([one.noise_floor(each, n_resamples).floor(each) for one in found]),
        "leverages": np.full(matrices.shape[:2], np.nan),
        "dead": _dead_by_structure(found[0]),
        "noiseless": is_exact_simulator(qnode.device),
        "measured": tuple(found),
        "cost": sum((one.cost for one in found), Cost()),
    }


def cost_of_points(qnode, points: Points, count: int, encoding_args) -> Cost:
    """What measuring at ``count`` points costs."""
    args, kwargs = _call(points, points.parameters[0])
    each = _measure(qnode, points, encoding_args).cost(*args, **kwargs)
    return sum((each for _ in range(count)), Cost())


def _measure(qnode, points: Points, encoding_args, **options):
    """The measurement for arguments that are plain numbers."""
    trained = list(points.reading.arguments.trainable_names)
    return measure_qfim(qnode, trained, encoding_args=encoding_args, **options)


def _call(points: Points, parameters: np.ndarray) -> tuple[tuple, dict]:
    """The arguments of the call with other parameters."""
    arguments = points.reading.arguments
    return arguments.numeric(parameters, arguments.inputs)


def _dead_by_structure(measured: MeasuredQFIM) -> tuple[int, ...]:
    """Parameters none of whose gates moves the state, whatever the angles."""
    if not isinstance(measured.errors, CountErrors):
        return ()
    return tuple(np.flatnonzero(~measured.errors.loading.any(axis=1)).tolist())
