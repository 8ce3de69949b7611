"""Exact variances on the module of the observable, beside the limit of infinite depth."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

import numpy as np
from pennylane.queuing import QueuingManager

from pennylane_trainability.diagnostics.variance_found import Found
from pennylane_trainability.diagnostics.variance_question import Question
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.landscapes.cross_terms import signatures
from pennylane_trainability.landscapes.deep_limit import deep_limit
from pennylane_trainability.landscapes.dense_moments import DenseSweep, dense_sweep
from pennylane_trainability.landscapes.steps import StepCircuit, step_circuit
from pennylane_trainability.landscapes.unbranched import mean_loss
from pennylane_trainability.landscapes.word_module import Budget
from pennylane_trainability.landscapes.word_moments import WordSweep, word_sweep
from pennylane_trainability.results import Cost, Estimate

__all__ = ["QUICK", "by_module", "module_sweep"]

#: What ``auto`` takes without asking: a second or two.
QUICK = Budget(words=1 << 13, work=3e7, memory=2.0**28)
_MOST_WORDS, _MOST_WORK = 1 << 17, 1e12


@dataclass(frozen=True, slots=True, eq=False)
class ModuleSweep:
    """A circuit that can be carried through the module of its observable.

    Attributes:
        sweep: the module and what rotations do to it.
        budget: how much a module may take.
    """

    sweep: WordSweep | DenseSweep
    budget: Budget


def module_sweep(question: Question, budget: Budget | None = None) -> ModuleSweep:
    """The module of the observable under the circuit's own rotations.

    Args:
        question: what is asked.
        budget: how much it may take; ``None`` for what the options allow.

    Raises:
        ReadingError: the circuit cannot be carried through a module.
        BudgetError: the module is too large; the message says which method still applies.
    """
    ask = question.ask
    if budget is None:
        budget = Budget(_MOST_WORDS, _MOST_WORK, ask.memory)
    if ask.max_words is not None:
        budget = replace(budget, words=ask.max_words)
    model = None
    with contextlib.suppress(ReadingError):
        model = question.model
    try:
        if model is None or (model.fixed.any() and not model.fixed.all()):
            return ModuleSweep(dense_sweep(_steps(question), ask.law, budget), budget)
        return ModuleSweep(word_sweep(model, budget), budget)
    except BudgetError as error:
        other = "sample" if model is None else "paths"
        raise BudgetError(f"{error}. method={other!r} still applies.") from error


def _steps(question: Question) -> StepCircuit:
    with QueuingManager.stop_recording():
        return step_circuit(question.made)


def by_module(question: Question, budget: Budget | None = None) -> Found:
    """Second moments on the module, see :mod:`pennylane_trainability.landscapes.word_module`."""
    ask, reading, gradient = question.ask, question.reading, question.gradient
    found = module_sweep(question, budget)
    sweep = found.sweep
    if isinstance(sweep, DenseSweep):
        loss, mean = sweep.moments()
        size = f"the module of the observable has dimension {len(sweep.module)}"
        turns = "every parameter turns sums of Pauli words in one place (checked)"
    else:
        loss, mean = sweep.loss(), _mean(sweep)
        size = f"the module of the observable has {len(sweep.module)} Pauli words"
        turns = "every parameter turns one Pauli rotation (checked)"
    value = sweep.gradients() if gradient else np.array([loss])
    limit, why = _limit(question, found)
    return Found(
        *("module", value, np.zeros_like(value), value, value),
        mean=Estimate.known(mean, ask.law_name),
        samples=np.zeros((0, reading.circuit.n_parameters) if gradient else 0),
        assumptions=(
            f"parameters are independent: {ask.law_name}",
            turns,
            size,
            "no noise: the circuit as it is written",
        ),
        notes=why,
        n_samples=0,
        engine="module",
        cost=Cost(),
        limit=limit,
    )


def _mean(sweep: WordSweep) -> float:
    found = mean_loss(sweep.model, signatures(sweep.model.words, sweep.model.rotations))
    if found is None:
        raise ReadingError("fixed rotations branch")
    return found


def _limit(question: Question, found: ModuleSweep) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The limit of infinite depth; if it is not known, why."""
    sweep = found.sweep
    known = (sweep.words, sweep.module) if isinstance(sweep, WordSweep) else None
    try:
        deep = deep_limit(_steps(question), found.budget, known)
    except (ReadingError, BudgetError) as error:
        return None, (f"the limit of infinite depth is not given: {error}",)
    return deep.gradients if question.gradient else np.array([deep.loss]), ()
