"""Variances of several models, each whole by one worker, without their QNodes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.substitution import is_plain
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_found import Found
from pennylane_trainability.diagnostics.variance_methods import answer, cost_of_answer
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.workers import in_order

__all__ = ["Asked", "answers"]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A question about one model.

    Attributes:
        ask: the options.
        reading: the QNode at one call.
        gradient: whether derivatives are asked for, not the loss.
        method: which method; see :func:`loss_variance`.
        make: turns options, reading and what was found into a record.
    """

    ask: VarianceAsk
    reading: Reading
    gradient: bool
    method: str
    make: Callable[[VarianceAsk, Reading, Found], Any]

    def record(self, found: Found | None = None) -> Any:
        """The record of what was found, here if it was not found elsewhere."""
        if found is None:
            found = answer(self.ask, self.reading, self.gradient, self.method)
        return self.make(self.ask, self.reading, found)

    def check_budget(self) -> None:
        """Refuse what costs too much, before anything else is run.

        Raises:
            BudgetError: the draws cost more than a budget allows.
        """
        runner = self.ask.runner
        if runner.max_circuits is None and runner.max_shots is None:
            return
        if self.ask.sampler() == "measured":
            runner.check(cost_of_answer(self.ask, self.reading, self.gradient, self.method))

    def without_qnode(self) -> Asked | None:
        """The same question as plain data; ``None`` where the device or the QNode is needed."""
        try:
            exact = self.ask.sampler() == "exact"
        except ReadingError:
            return None
        if not exact or not is_plain(self.reading.circuit):
            return None
        nobody = SimpleNamespace(device=None, shots=None)
        ask = replace(self.ask, qnode=nobody, engine="exact", executor=None, workers=None)
        return replace(self, ask=ask, reading=self.reading.without_qnode())


def answers(
    questions: Sequence[Asked], workers: futures.Executor | None, executor: Executor | None = None
) -> list:
    """The records of all questions.

    Questions that need their device, or their QNode at every draw, are answered here after the
    others: what is measured never leaves this process, and PennyLane records operators for all
    threads at once.

    Args:
        questions: in order.
        workers: who answers those that are plain data; ``None`` for this process.
        executor: how circuits are run.

    Raises:
        ReadingError: an operator or the law cannot be pickled.
        BudgetError: one of them costs more than its budget; nothing was run for any.
    """
    for one in questions:
        one.check_budget()
    plain = [None if workers is None else one.without_qnode() for one in questions]
    sent = in_order(_found, [one for one in plain if one is not None], workers)
    found = dict(zip([k for k, one in enumerate(plain) if one is not None], sent, strict=True))
    here = [functools.partial(one.record, found.get(k)) for k, one in enumerate(questions)]
    return (executor or Executor()).several(here)


def _found(asked: Asked) -> Found:
    return answer(asked.ask, asked.reading, asked.gradient, asked.method)
