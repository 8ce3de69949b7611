"""An executor that runs nothing: it keeps the circuits that an answer would send first."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pennylane.tape import QuantumScript

from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.results import Cost

__all__ = ["Part", "recorded"]

T = TypeVar("T")


class _Recorded(BaseException):
    """The circuits are known. No error, and nothing that catches errors may catch it."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Circuits that are sent together.

    Attributes:
        device: where to.
        tapes: the circuits.
        chunk: circuits per device execution; ``None`` for all.
        stated: what was held against the budget before they were sent: what the whole question may
            cost at most.
    """

    device: Any
    tapes: tuple[QuantumScript, ...]
    chunk: int | None
    stated: Cost

    @property
    def cost(self) -> Cost:
        """Circuits and shots of these circuits."""
        return cost_of(self.tapes)

    @property
    def most(self) -> Cost | None:
        """What the question may cost at most, if further circuits depend on these."""
        own = self.cost
        more = self.stated.circuits > own.circuits or self.stated.shots > own.shots
        return self.stated if more else None


@dataclass(frozen=True, slots=True)
class _Recording(Executor):
    """Takes circuits down, and stops where their results would be needed."""

    parts: list[Part] = field(default_factory=list)
    stated: list[Cost] = field(default_factory=list)

    def check(self, cost: Cost) -> None:
        """Allow everything, and remember what was asked for."""
        self.stated.append(cost)

    def several(self, questions: Sequence[Callable[[], T]]) -> list[T]:
        """Take down the circuits of all questions."""
        answers, before = [], len(self.parts)
        for question in questions:
            self.stated.clear()
            try:
                answers.append(question())
            except _Recorded:
                continue
        if len(self.parts) > before:
            raise _Recorded
        return answers

    def run(self, tapes: Sequence[QuantumScript]) -> tuple:
        """Take circuits down."""
        stated = max(self.stated, key=lambda cost: (cost.circuits, cost.shots), default=Cost())
        self.stated.clear()
        self.parts.append(Part(self.device, tuple(tapes), self.chunk, stated))
        raise _Recorded


def recorded(answer: Callable[[Executor], Any], executor: Executor | None = None) -> list[Part]:
    """The circuits that an answer would send before it needs the first result.

    Args:
        answer: a function of an executor that answers a question.
        executor: the user's, whose device, limits and chunks hold.

    Returns:
        One part per call of the device; none if the answer is computed without circuits.
    """
    own = Executor() if executor is None else executor
    inner = getattr(own, "inner", None)
    book = _Recording(
        device=own.device or getattr(inner, "device", None),
        chunk=own.chunk or getattr(inner, "chunk", None),
        max_circuits=own.max_circuits,
        max_shots=own.max_shots,
        one_job=own.one_job,
    )
    with contextlib.suppress(_Recorded):
        answer(book)
    return book.parts
