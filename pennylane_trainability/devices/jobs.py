"""What the jobs of all roads share: how circuits are divided, and which seed a job starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

__all__ = ["Job", "JobBook", "chunks", "seed_of_job", "sent"]

#: Positions of circuits, and a function that waits for their results.
Job = tuple[list[int], Callable[[], list[tuple]]]


class JobBook(Protocol):
    """Remembers which jobs were sent for an execution, numbered in order."""

    fetched: set[int]

    def known(self, number: int) -> str | None:
        """The id of a job that was sent before."""

    def note(self, number: int, job: str) -> None:
        """Remember a job that was sent."""

    def fetch(self, number: int, job: str) -> Any:
        """The job with this id."""


def sent(book: JobBook | None, number: int, submit: Callable[[], Any]) -> Any:
    """A job of an execution: the one that was sent before, or a new one, noted at once.

    Args:
        book: who remembers; ``None`` for nobody.
        number: of the job within the device execution.
        submit: sends it.
    """
    if book is None:
        return submit()
    if (known := book.known(number)) is not None:
        return book.fetch(number, known)
    job = submit()
    # before anybody waits for the result: whoever dies while waiting can ask for it
    book.note(number, job.job_id())
    return job


def chunks(positions: list[int], size: int | None) -> Iterator[list[int]]:
    """Consecutive pieces of at most ``size`` positions."""
    size = size or max(len(positions), 1)
    yield from (positions[k : k + size] for k in range(0, len(positions), size))


def seed_of_job(seed: int | None, part: int, job: int) -> int | None:
    """The seed of one job of an answer: the user's own for the first, independent ones after it.

    A simulator that starts every job from the same seed gives the same deviations in all of them,
    and errors that do not average out.

    Args:
        seed: the seed in the user's options, if any.
        part: number of the device execution within the answer.
        job: number of the job within the device execution.
    """
    if seed is None or part == job == 0:
        return seed
    # Qiskit's seeds are positive 32-bit integers
    return int(np.random.SeedSequence([seed, part, job]).generate_state(1)[0] >> 1)
