"""The methods behind variances of losses: which one applies, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_found import Found
from pennylane_trainability.diagnostics.variance_measured import Measured
from pennylane_trainability.diagnostics.variance_module import QUICK, by_module, module_sweep
from pennylane_trainability.diagnostics.variance_question import Question
from pennylane_trainability.diagnostics.variance_sample import (
    Road,
    Sample,
    cost_of_sample,
    relative_error,
    sample,
)
from pennylane_trainability.diagnostics.variance_simulated import Simulated
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.landscapes.path_estimates import PathEstimates, path_estimates
from pennylane_trainability.laws import Normal, Uniform, drawn_near
from pennylane_trainability.results import Cost, Estimate

__all__ = ["METHODS", "answer", "cost_of_answer"]

DEFAULT_PATHS, MOST_PATHS = 10_000, 1 << 20
#: With fewer draws the intervals cover visibly less than they say.
_ENOUGH_DRAWS = 200
#: Simulated numbers that differ by less do not differ.
_ROUNDING = 1e-13


def by_paths(question: Question) -> Found:
    """Pauli paths, see :mod:`pennylane_trainability.landscapes.paths`."""
    ask, gradient = question.ask, question.gradient
    model, made = question.model, question.made
    dead: list[int] = []

    def numbers(found: PathEstimates) -> np.ndarray:
        one = found.gradients(ask.level) if gradient else found.loss(ask.level)
        out = np.array([one.value, one.error, one.low, one.high])
        if gradient and np.isnan(out[1]).any():
            # what was never seen may be known from the structure of the circuit
            dead[:] = dead or [*dead_parameters(made)]
            out[:, dead] = 0.0
        return out

    def enough(found: PathEstimates) -> bool:
        return ask.rtol is not None and relative_error(*numbers(found)[:2]) <= ask.rtol

    most = ask.n_paths or (DEFAULT_PATHS if ask.rtol is None else MOST_PATHS)
    found = path_estimates(model, most, ask.seeds(0), enough)
    value, error, low, high = numbers(found)
    return Found(
        *("paths", value, error, low, high),
        mean=None if found.mean is None else Estimate.known(found.mean, ask.law_name),
        samples=np.zeros((0, model.n_parameters) if gradient else 0),
        assumptions=(
            f"parameters are independent: {ask.law_name}",
            "every parameter turns one Pauli rotation (checked)",
            "no noise: the circuit as it is written",
        ),
        notes=_reached(ask, value, error, found.tally.trials) + _unseen(error),
        n_samples=found.tally.trials,
        engine="paths",
        cost=Cost(),
    )


def _road(ask: VarianceAsk, reading: Reading, gradient: bool) -> tuple[Road, str]:
    if ask.sampler() == "exact":
        if ask.calibrates:
            raise ReadingError(
                "rescale and mitigate_read_out put a calibration into what a device measures, and "
                "here the loss is simulated without noise. Leave them out, or set shots and "
                "engine='measured'"
            )
        return Simulated(reading, gradient, ask.memory, ask.workers), "exact"
    return Measured(ask, reading, gradient), "measured"


def by_sample(question: Question) -> Found:
    """Independent draws of the parameters."""
    ask, reading, gradient = question.ask, question.reading, question.gradient
    road, engine = _road(ask, reading, gradient)
    found = sample(ask, reading, road)
    value, error, low, high = (np.atleast_1d(part) for part in found.spread(ask.level))
    samples = found.best()
    if engine == "exact" and isinstance(ask.law, Uniform | Normal):
        # derivatives are analytic: they vary at almost all draws or not at all
        rounding = value <= (_ROUNDING * np.max(np.abs(samples), initial=1.0)) ** 2
        value, error, low, high = (np.where(rounding, 0.0, p) for p in (value, error, low, high))
    mean = None
    if not gradient:
        spread = float(np.std(samples, ddof=1)) / np.sqrt(len(samples))
        if found.calibrated is not None:
            spread = float(np.hypot(spread, found.calibrated.mean_error()))
        mean = Estimate.normal(float(samples.mean()), spread, ask.level, ask.law_name)
    how = "simulated without noise"
    if engine == "measured":
        how = "as the device runs it, its noise included; shot noise is taken out without bias"
        if ask.calibrates:
            how = "as the device runs it, with a calibration; shot noise is taken out without bias"
    return Found(
        *("sample", value, error, low, high, mean, samples),
        assumptions=(f"independent draws of the parameters: {ask.law_name}", how),
        notes=(*_reached(ask, value, error, found.n_draws), *_doubts(ask, reading, found)),
        n_samples=found.n_draws,
        engine=engine,
        cost=found.cost,
        **_calibration(ask, found),
    )


def _calibration(ask: VarianceAsk, found: Sample) -> dict[str, Any]:
    if found.calibrated is None:
        return {}
    value, error, low, high = (np.atleast_1d(part) for part in found.raw_spread(ask.level))
    return {
        "raw": (value, error, low, high),
        "calibration": found.calibrated.known.record(ask.level),
    }


def _reached(ask: VarianceAsk, value, error, count: int) -> tuple[str, ...]:
    """Whether the relative error that was asked for was reached."""
    if ask.rtol is None or relative_error(value, error) <= ask.rtol:
        return ()
    with np.errstate(invalid="ignore", divide="ignore"):
        short = ~((error == 0) | ((value > 0) & (error / value <= ask.rtol)))
    return (
        f"the relative error {ask.rtol:g} was not reached for {short.sum()} of {value.size} "
        f"variances with {count:,}",
    )


def _unseen(error: np.ndarray) -> tuple[str, ...]:
    """Where no path had a value, and what to do about it."""
    count = int(np.isnan(error).sum())
    if not count:
        return ()
    return (
        f"no path saw {count} of {error.size} variances, which are upper bounds: take more paths, "
        "or method='sample' where the circuit can be simulated",
    )


def _doubts(ask: VarianceAsk, reading: Reading, found) -> tuple[str, ...]:
    notes = []
    if found.n_draws < _ENOUGH_DRAWS:
        notes.append(
            f"{found.n_draws} draws: intervals of variances with heavy tails cover less than "
            f"{100 * ask.level:g} %; take at least {_ENOUGH_DRAWS}"
        )
    return (*notes, *drawn_near(ask.law, reading.circuit))


#: Name → method, in the order in which they are tried: what is exact first, draws last.
METHODS: dict[str, Callable[[Question], Found]] = {
    "module": by_module,
    "paths": by_paths,
    "sample": by_sample,
}


def answer(ask: VarianceAsk, reading: Reading, gradient: bool, method: str) -> Found:
    """What the first method finds that applies, or the one that is asked for.

    Raises:
        ReadingError: no method applies; the message says why.
    """
    question = Question(ask, reading, gradient)
    if method != "auto":
        try:
            return METHODS[method](question)
        except ReadingError as error:
            raise ReadingError(_none([(method, str(error))])) from error
    refused: list[tuple[str, str]] = []
    quick = METHODS | {"module": partial(by_module, budget=QUICK)}
    for name, one in quick.items():
        try:
            found = one(question)
        except ReadingError as error:
            refused.append((name, str(error)))
        except BudgetError as error:
            if name != "module":
                raise
            refused.append((name, str(error)))
        else:
            return replace(found, refused=tuple(refused))
    raise ReadingError(_none(refused))


def _none(refused: list[tuple[str, str]]) -> str:
    reasons = "; ".join(f"{name}: {why}" for name, why in refused)
    advice = "" if len(refused) > 1 else " Another method may apply: method='auto' looks for it."
    return f"No variance by this method. {reasons}.{advice}"


def cost_of_answer(ask: VarianceAsk, reading: Reading, gradient: bool, method: str) -> Cost:
    """What :func:`answer` would cost on the device; nothing is run."""
    question = Question(ask, reading, gradient)
    if method in ("auto", "paths"):
        try:
            _ = question.model
        except ReadingError:
            if method == "paths":
                raise
        else:
            return Cost()
    if method in ("auto", "module"):
        try:
            module_sweep(question, QUICK if method == "auto" else None)
        except (ReadingError, BudgetError):
            if method == "module":
                raise
        else:
            return Cost()
    return cost_of_sample(ask, _road(ask, reading, gradient)[0])
