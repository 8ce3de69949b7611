"""Work for the threads, processes or machines behind a ``concurrent.futures.Executor``."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from itertools import islice
from typing import Any, TypeVar

from pennylane_trainability.errors import ReadingError

__all__ = ["as_finished", "check_sendable", "check_workers", "in_order"]

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

#: Tasks handed to an executor at once; the others wait here, not in its memory.
WINDOW = 64


def check_workers(workers) -> None:
    """Refuse what is no executor.

    Raises:
        ValueError: ``workers`` is no executor.
    """
    if workers is not None and not isinstance(workers, Executor):
        raise ValueError(
            "workers needs a concurrent.futures.Executor (ThreadPoolExecutor, "
            "ProcessPoolExecutor, Client.get_executor() of Dask, MPIPoolExecutor of mpi4py), but "
            f"got {workers!r}."
        )


def check_sendable(workers: Executor, work: Any) -> None:
    """Whether work can be sent to the workers; threads take everything.

    Raises:
        ReadingError: it cannot be pickled.
    """
    if isinstance(workers, ThreadPoolExecutor):
        return
    try:
        pickle.dumps(work)
    except Exception as error:
        if not _pickled_by_value(workers, work):
            raise _unsendable(error) from error


def _pickled_by_value(workers: Executor, work: Any) -> bool:
    """Whether Dask, which falls back to cloudpickle, can send it."""
    if not type(workers).__module__.startswith("distributed"):
        return False
    try:
        import cloudpickle

        cloudpickle.dumps(work)
    except Exception:
        return False
    return True


def _unsendable(error: BaseException) -> ReadingError:
    return ReadingError(
        f"workers= needs work that can be pickled, but this cannot: {error}. Define its operators "
        "and its law (law=…) at the top level of a module, use a ThreadPoolExecutor, or leave "
        "workers out: everything then runs in this process."
    )


def as_finished(
    function: Callable[[Task], Outcome], tasks: Iterable[Task], workers: Executor
) -> Iterator[tuple[int, Task, Outcome]]:
    """Number, task and result of every task, as workers finish them.

    The executor stays open. Tasks that have not begun are cancelled if the caller stops early.

    Args:
        function: at the top level of a module.
        tasks: plain data, made one by one as they are needed.
        workers: who works.

    Raises:
        ReadingError: a task or a result cannot be pickled.
        BrokenExecutor: a worker has died.
    """
    source, pending = enumerate(tasks), dict[Future, tuple[int, Any]]()
    try:
        while True:
            for number, task in islice(source, WINDOW - len(pending)):
                if not number:
                    check_sendable(workers, (function, task))
                pending[workers.submit(function, task)] = (number, task)
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield (*pending.pop(future), future.result())
    except pickle.PicklingError as error:
        raise _unsendable(error) from error
    except BrokenExecutor as error:
        error.add_note(
            "A worker ended before its work was done. Workers that are new processes import the "
            "main script: guard its top level with if __name__ == '__main__'. They also end where "
            "memory runs out: lower memory=…, or use fewer workers."
        )
        raise
    finally:
        for future in pending:
            future.cancel()


def in_order(
    function: Callable[[Task], Outcome], tasks: Iterable[Task], workers: Executor | None
) -> Iterator[Outcome]:
    """Results of all tasks in their order, from this process or from workers.

    Args:
        function: at the top level of a module.
        tasks: plain data, the same ones whoever works: what is computed together decides the last
            bits of the numbers.
        workers: who works; ``None`` for this process.

    Raises:
        ReadingError: a task or a result cannot be pickled.

    >>> list(in_order(abs, [-2, 1], None))
    [2, 1]
    """
    if workers is None:
        yield from map(function, tasks)
        return
    early: dict[int, Outcome] = {}
    expected = 0
    for number, _, result in as_finished(function, tasks, workers):
        early[number] = result
        while expected in early:
            yield early.pop(expected)
            expected += 1
