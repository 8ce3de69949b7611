"""Blocks of starts, searched here or by the workers of an executor, always in the same parts."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np

from pennylane_trainability.circuits.substitution import NumericCircuit
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.fitting.method import Found, Method
from pennylane_trainability.fitting.problem import Problem

__all__ = ["Block", "blocks_of", "check_workers", "searched"]

#: Blocks handed to an executor at once; the others wait here, not in its memory.
WINDOW = 64


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some starts of one problem, and how they are searched from.

    Attributes:
        key: which problem.
        number: which of its blocks.
        problem: the problem; plain data where it goes to workers.
        method: how to search.
        starts: shape ``(D, P)``.
    """

    key: Hashable
    number: int
    problem: Problem
    method: Method
    starts: np.ndarray


def blocks_of(key: Hashable, problem: Problem, method: Method, starts: np.ndarray) -> list[Block]:
    """Starts in parts as even as possible.

    What is simulated together decides the last bits of the numbers, so the parts depend on the
    problem alone and never on who works on them.
    """
    count = -(-len(starts) // problem.block_size())
    parts = np.array_split(starts, count)
    return [Block(key, n, problem, method, part) for n, part in enumerate(parts)]


def check_workers(workers, problem: Problem) -> None:
    """Whether the problem can be sent to the workers.

    Raises:
        ValueError: ``workers`` is no executor.
        ReadingError: the circuit is no plain data.
    """
    if not isinstance(workers, Executor):
        raise ValueError(
            "workers needs a concurrent.futures.Executor (ThreadPoolExecutor, "
            f"ProcessPoolExecutor, Client.get_executor() of Dask), but got {workers!r}."
        )
    if not isinstance(problem.model, NumericCircuit):
        raise ReadingError(
            "workers= needs gate angles that are linear in the parameters and affine in the "
            "inputs, because others have to be computed by the QNode itself, which cannot be sent "
            "to workers. Leave workers out: everything then runs in this process."
        )
    try:
        pickle.dumps(problem)
    except Exception as error:
        raise ReadingError(
            f"workers= needs a circuit that can be pickled, but this one cannot: {error}. Define "
            "its operators at the top level of a module, or leave workers out: everything then "
            "runs in this process."
        ) from error


def searched(
    blocks: Iterable[Block],
    workers: Executor | None = None,
    report: Callable[[Block, int], None] | None = None,
) -> Iterator[tuple[Block, Found]]:
    """Blocks and what was found, in their order here, as they are finished from workers.

    The executor stays open. Blocks that have not begun are cancelled if the caller stops early.

    Args:
        blocks: made one by one as they are needed.
        workers: who searches; ``None`` for this process.
        report: told (block, how many of its steps are over), only in this process.
    """
    if workers is None:
        for block in blocks:
            told = None if report is None else partial(report, block)
            yield block, block.method.run(block.problem, block.starts, told)
        return
    source, pending = iter(blocks), dict[Future, Block]()
    try:
        while True:
            for block in islice(source, WINDOW - len(pending)):
                pending[workers.submit(_search, block)] = block
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()
    finally:
        for future in pending:
            future.cancel()


def _search(block: Block) -> Found:
    return block.method.run(block.problem, block.starts)
