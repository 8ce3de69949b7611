"""Exact variances on the module of the observable, beside the limit of infinite depth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pennylane.queuing import QueuingManager

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.rotations import PauliCircuit, pauli_circuit
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_found import Found
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.landscapes.cross_terms import signatures
from pennylane_trainability.landscapes.deep_limit import deep_limit
from pennylane_trainability.landscapes.dense_moments import DenseSweep, dense_sweep
from pennylane_trainability.landscapes.path_model import path_model
from pennylane_trainability.landscapes.steps import step_circuit
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
        made: the circuit as Pauli rotations.
        sweep: the module and what rotations do to it.
        budget: how much a module may take.
    """

    made: PauliCircuit
    sweep: WordSweep | DenseSweep
    budget: Budget


def module_sweep(ask: VarianceAsk, reading: Reading, budget: Budget | None = QUICK) -> ModuleSweep:
    """The module of the observable under the circuit's own rotations.

    Args:
        ask: the options.
        reading: the QNode.
        budget: how much it may take; ``None`` for what the options allow.

    Raises:
        ReadingError: the circuit cannot be carried through a module.
        BudgetError: the module is too large; the message says which method still applies.
    """
    if ask.engine == "measured":
        raise ReadingError("engine='measured' asks for the device, and nothing is run on it here")
    if budget is None:
        budget = Budget(_MOST_WORDS, _MOST_WORK, ask.memory)
    if ask.max_words is not None:
        budget = replace(budget, words=ask.max_words)
    with QueuingManager.stop_recording():  # generators and matrices are made of operators
        made = pauli_circuit(reading.circuit)
        try:
            model = path_model(made, ask.law)
        except ReadingError:
            model = None
        other = "sample" if model is None else "paths"
        try:
            if model is None or (model.fixed.any() and not model.fixed.all()):
                return ModuleSweep(made, dense_sweep(step_circuit(made), ask.law, budget), budget)
            return ModuleSweep(made, word_sweep(model, budget), budget)
        except BudgetError as error:
            raise BudgetError(f"{error}. method={other!r} still applies.") from error


def by_module(
    ask: VarianceAsk, reading: Reading, gradient: bool, budget: Budget | None = None
) -> Found:
    """Second moments on the module, see :mod:`pennylane_trainability.landscapes.word_module`."""
    found = module_sweep(ask, reading, budget)
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
    limit, why = _limit(found, gradient)
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


def _limit(found: ModuleSweep, gradient: bool) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The limit of infinite depth; if it is not known, why."""
    try:
        with QueuingManager.stop_recording():
            deep = deep_limit(step_circuit(found.made), found.budget)
    except (ReadingError, BudgetError) as error:
        return None, (f"the limit of infinite depth is not given: {error}",)
    return deep.gradients if gradient else np.array([deep.loss]), ()
