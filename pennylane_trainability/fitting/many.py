"""Many problems fitted one after the other or by workers, each handed out when it is finished."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from concurrent.futures import Executor

import numpy as np

from pennylane_trainability.fitting.blocks import Block, blocks_of, check_problem, searched
from pennylane_trainability.fitting.method import Found, Method, check_starts
from pennylane_trainability.fitting.problem import Problem, draw_starts
from pennylane_trainability.fitting.progress import Progress, progress_of
from pennylane_trainability.fitting.starts import Starts, join
from pennylane_trainability.results import Provenance, kept_seed

__all__ = ["fit_many"]


def fit_many(
    problems: Mapping[Hashable, Problem | Callable[[], Problem]],
    *,
    seed=None,
    restarts: int = 6,
    given: bool = False,
    method: str = "levenberg-marquardt",
    max_steps: int | None = None,
    learning_rate: float = 0.01,
    tolerance: float = 1e-9,
    patience: int | None = None,
    threshold: float = 0.95,
    workers: Executor | None = None,
    progress: Progress = None,
    done: Collection[Hashable] = (),
) -> Iterator[tuple[Hashable, Starts]]:
    """Fit several problems, and hand each out as soon as it is finished.

    The seed of a problem is a child of ``seed``, numbered by its place in ``problems``, so a
    result depends neither on the workers nor on which problems are ``done``: a run that broke off
    goes on with the same ``seed`` and the keys that it had handed out.

    Args:
        problems: key → problem, or a function that makes it when its turn comes.
        seed: an integer or ``None``.
        restarts: starts of every problem.
        given: whether the first start of a problem is the values it was read at.
        method: see :func:`fit`; so are the other settings of the search.
        max_steps: steps per start.
        learning_rate: of Adam.
        tolerance: share of the loss by which a step must help.
        patience: steps in a row that may help less.
        threshold: the R² from which a start counts as a success.
        workers: any :class:`concurrent.futures.Executor`; it stays open.
        progress: ``True``, or called with (problems done, problems in all).
        done: keys to leave out.

    Yields:
        Key and :class:`Starts`; in order without workers, as they are finished with them.

    Raises:
        ValueError: a setting makes no search, or ``workers`` is no executor.
        ReadingError: a circuit cannot be sent to workers.
    """
    check_starts(restarts, threshold)
    settings = Method.of(method, max_steps, tolerance, patience, learning_rate)
    report = progress_of(progress, len(problems), "fits")
    entropy = kept_seed(seed)
    open_problems: dict[Hashable, tuple[Problem, list[Found | None], Provenance]] = {}

    def blocks() -> Iterator[Block]:
        for number, (key, problem) in enumerate(problems.items()):
            if key in done:
                continue
            problem = problem() if callable(problem) else problem
            if workers is not None:
                check_problem(workers, problem)
            own = kept_seed(np.random.SeedSequence(entropy, spawn_key=(number,)))
            starts = draw_starts(problem, restarts, np.random.default_rng(own), given=given)
            parts = blocks_of(key, problem, settings, starts)
            provenance = Provenance(seed=own, n_samples=restarts, engine="exact")
            open_problems[key] = (problem, [None] * len(parts), provenance)
            yield from parts

    finished = len(set(done) & set(problems))
    report(finished)
    for block, found in searched(blocks(), workers):
        problem, parts, provenance = open_problems[block.key]
        parts[block.number] = found
        if all(part is not None for part in parts):
            del open_problems[block.key]
            finished += 1
            report(finished)
            whole = [part for part in parts if part is not None]
            yield block.key, join(problem, whole, threshold, method, provenance)
