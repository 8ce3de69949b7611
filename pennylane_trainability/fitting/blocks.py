"""Blocks of starts, searched here or by the workers of an executor, always in the same parts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np

from pennylane_trainability.circuits.substitution import NumericCircuit
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.fitting.method import Found, Method
from pennylane_trainability.fitting.problem import Problem
from pennylane_trainability.workers import as_finished, check_sendable, check_workers

__all__ = ["Block", "blocks_of", "check_problem", "searched"]


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


def check_problem(workers, problem: Problem) -> None:
    """Whether the problem can be sent to the workers.

    Raises:
        ValueError: ``workers`` is no executor.
        ReadingError: the circuit is no plain data.
    """
    check_workers(workers)
    if not isinstance(problem.model, NumericCircuit):
        raise ReadingError(
            "workers= needs gate angles that are linear in the parameters and affine in the "
            "inputs, because others have to be computed by the QNode itself, which cannot be sent "
            "to workers. Leave workers out: everything then runs in this process."
        )
    check_sendable(workers, problem)


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
    for _, block, found in as_finished(_search, blocks, workers):
        yield block, found


def _search(block: Block) -> Found:
    return block.method.run(block.problem, block.starts)
