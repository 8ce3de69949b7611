"""An executor that runs nothing: it keeps the circuits that an answer would send first."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pennylane.tape import QuantumScript

from pennylane_trainability.executor import Executor, cost_of
from pennylane_trainability.results import Cost
from pennylane_trainability.store.storing import StoringExecutor

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
        stored: what is not among ``tapes`` because a store has it.
    """

    device: Any
    tapes: tuple[QuantumScript, ...]
    chunk: int | None
    stated: Cost = field(default_factory=Cost)
    stored: Cost = field(default_factory=Cost)

    @property
    def cost(self) -> Cost:
        """Circuits and shots of these circuits."""
        return cost_of(self.tapes)

    @property
    def most(self) -> Cost | None:
        """What the question may cost at most, if further circuits depend on these."""
        return self.stated if self.stated.circuits > self.cost.circuits else None


@dataclass(frozen=True, slots=True)
class _Recording(Executor):
    """Takes circuits down, and stops where results would be needed that nobody has."""

    parts: list[Part] = field(default_factory=list)
    stated: list[Cost] = field(default_factory=list)
    storing: StoringExecutor | None = None
    counts: Counter = field(default_factory=Counter)

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
        """Take circuits down; go on if all their results are stored."""
        stated = max(self.stated, key=lambda cost: (cost.circuits, cost.shots), default=Cost())
        self.stated.clear()
        found = self._stored(tapes)
        stored = cost_of([t for t, known in zip(tapes, found, strict=True) if known])
        left = tuple(t for t, known in zip(tapes, found, strict=True) if not known)
        rest = _without(stated, stored)
        self.parts.append(Part(self.device, left, self.chunk, rest, stored))
        if left or not tapes:
            raise _Recorded
        self.stated.append(rest)
        return tuple(result for known in found for result in known)

    def _stored(self, tapes: Sequence[QuantumScript]) -> list[tuple]:
        """Per circuit its stored result in a tuple, which is empty if there is none."""
        if self.storing is None:
            return [()] * len(tapes)
        storing = self.storing
        if storing.device is None:
            storing = replace(storing, device=self.device)
        return storing.stored(tapes, self.counts)


def recorded(
    answer: Callable[[Executor], Any], executor: Executor | None = None, look: bool = False
) -> list[Part]:
    """The circuits that an answer would send before it needs the first result.

    Args:
        answer: a function of an executor that answers a question.
        executor: the user's, whose device, limits and chunks hold.
        look: whether to leave out what is in the store of the executor; an answer whose first
            circuits are all there goes on with their results.

    Returns:
        One part per call of the device; none if the answer is computed without circuits.
    """
    own = Executor() if executor is None else executor
    inner = getattr(own, "inner", None)
    storing = own if look and isinstance(own, StoringExecutor) else None
    book = _Recording(
        device=own.device or getattr(inner, "device", None),
        chunk=own.chunk or getattr(inner, "chunk", None),
        max_circuits=own.max_circuits,
        max_shots=own.max_shots,
        one_job=own.one_job,
        storing=storing,
        counts=Counter() if storing is None else Counter(storing.state.counts),
    )
    with contextlib.suppress(_Recorded):
        answer(book)
    return book.parts


def _without(stated: Cost, stored: Cost) -> Cost:
    """What may be left of a cost."""
    return Cost(
        circuits=max(stated.circuits - stored.circuits, 0),
        distinct_circuits=max(stated.distinct_circuits - stored.distinct_circuits, 0),
        shots=max(stated.shots - stored.shots, 0),
        executions=stated.executions,
    )
