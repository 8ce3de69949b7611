"""The Jacobians of several models at their draws, by workers that get no QNodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from pennylane_trainability.architectures.row import Prepared
from pennylane_trainability.circuits.series import Series
from pennylane_trainability.circuits.substitution import is_plain
from pennylane_trainability.diagnostics.stack import JacobianStack, exact_stack
from pennylane_trainability.workers import in_order

__all__ = ["stacks"]


def stacks(
    models: Sequence[tuple[Prepared, np.ndarray]], memory: int, workers: Executor | None
) -> list[JacobianStack | None]:
    """What workers simulate; ``None`` where that is left to this process.

    Models with angles that are nonlinear in the parameters or inputs need their QNodes, and
    ``engine="lightning"`` runs a device: both stay here.

    Args:
        models: each with its draws, ``(D, P)``.
        memory: bytes of states, of every worker.
        workers: who simulates; ``None`` for nobody but this process, later.

    Raises:
        ReadingError: an operator cannot be pickled.
    """
    if workers is None:
        return [None] * len(models)
    plain = [k for k, (one, _) in enumerate(models) if _is_plain(one)]
    tasks: Iterator = ((_light(models[k][0].series), models[k][1], memory) for k in plain)
    found = dict(zip(plain, in_order(_stack, tasks, workers), strict=True))
    return [
        replace(found[k], reading=one.reading) if k in found else None
        for k, (one, _) in enumerate(models)
    ]


def _is_plain(model: Prepared) -> bool:
    return model.engine == "exact" and is_plain(model.reading.circuit)


def _light(series: Series) -> Series:
    return replace(series, reading=series.reading.without_qnode())


def _stack(task: tuple[Series, np.ndarray, int]) -> JacobianStack:
    series, drawn, memory = task
    return exact_stack(series, drawn, memory, "exact")
