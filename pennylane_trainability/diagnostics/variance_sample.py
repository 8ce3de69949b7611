"""The variance of a loss and of its derivatives from parameter draws, as many as are needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_calibrated import CalibratedDraws
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.laws import draw
from pennylane_trainability.results import Cost
from pennylane_trainability.statistics.replicates import SpreadEstimate, spread_of_draws

__all__ = ["Road", "Sample", "cost_of_sample", "relative_error", "sample"]

#: Draws if nobody says how many: simulated, measured, and the most with a wanted error.
DEFAULT_EXACT, DEFAULT_MEASURED, MOST = 1_000, 100, 200_000
#: Fewer draws say too little about their own error to stop there.
_FIRST = 200


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What was found at ``M`` draws.

    Attributes:
        values: ``R`` replicates of the loss ``(R, M)``, or of its derivatives ``(R, M, P)``.
        noise: unbiased variances of the shot noise of one replicate; None where there is none or
            replicates tell.
        cost: what was run.
        calibrated: the same with a calibration, if one was asked for.
    """

    values: np.ndarray
    noise: np.ndarray | None = None
    cost: Cost = field(default_factory=Cost)
    calibrated: CalibratedDraws | None = None

    @property
    def n_draws(self) -> int:
        """Number of draws ``M``."""
        return self.values.shape[1]

    def __add__(self, other: Sample) -> Sample:
        """More draws."""
        noise = None
        if self.noise is not None and other.noise is not None:
            noise = np.concatenate([self.noise, other.noise])
        values = np.concatenate([self.values, other.values], axis=1)
        calibrated = self.calibrated
        if calibrated is not None and other.calibrated is not None:
            calibrated = calibrated + other.calibrated
        return Sample(values, noise, self.cost + other.cost, calibrated)

    def best(self) -> np.ndarray:
        """Estimates at every draw ``(M, …)``, calibrated if that was asked for."""
        values = self.values if self.calibrated is None else self.calibrated.numbers()[0]
        return values.mean(axis=0)

    def spread(self, level: float) -> SpreadEstimate:
        """The variance with its error and interval, calibrated if that was asked for."""
        if self.calibrated is not None:
            return self.calibrated.spread(level)
        return self.raw_spread(level)

    def raw_spread(self, level: float) -> SpreadEstimate:
        """The variance as the device gave it."""
        return spread_of_draws(self.values, self.noise, level)


class Road(Protocol):
    """How the loss or its derivatives are found at parameters."""

    def at(self, parameters: np.ndarray) -> Sample:
        """What is found at ``(M, P)``."""

    def cost_per_draw(self) -> Cost:
        """What one draw costs."""

    def once(self, count: int) -> Cost:
        """What is run once, next to so many draws at first."""


def sample(ask: VarianceAsk, reading: Reading, road: Road) -> Sample:
    """As many draws as are asked for, or as the wanted relative error needs.

    Args:
        ask: the options.
        reading: the QNode at one call.
        road: how the loss, or its derivatives, are found.

    Raises:
        BudgetError: the draws cost more than the budget allows.
        ReadingError: the QNode cannot be read at other parameters.
    """
    plain = all(a.linear for gate in reading.circuit.gates for a in gate.angles)
    if not plain and not reading.traced:
        raise ReadingError(
            "This QNode cannot be read at other parameters: its functions of them are nonlinear "
            "and need plain numbers. Use NumPy functions or those of qml.math."
        )
    first, most = _limits(ask, road)
    rng = np.random.default_rng(ask.seeds(1))
    given = reading.arguments.parameters

    def more(count: int) -> Sample:
        return road.at(draw(ask.law, reading.circuit, given, count, rng))

    found = more(first)
    while found.n_draws < most and relative_error(*found.spread(ask.level)[:2]) > (ask.rtol or 0):
        found = found + more(min(found.n_draws, most - found.n_draws))
    return found


def relative_error(value: np.ndarray, error: np.ndarray) -> float:
    """The largest relative error of numbers that are not known exactly."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(error == 0, 0.0, np.where(value > 0, error / value, np.inf))
    return float(np.max(np.nan_to_num(ratio, nan=np.inf), initial=0.0))


def cost_of_sample(ask: VarianceAsk, road: Road) -> Cost:
    """What the draws cost, or the most they may cost where a relative error is wanted."""
    first, most = _limits(ask, road)
    each = road.cost_per_draw()
    if not each.circuits:
        return Cost()
    once = road.once(first)
    return Cost(
        circuits=most * each.circuits + once.circuits,
        distinct_circuits=most * each.distinct_circuits + once.distinct_circuits,
        shots=most * each.shots + once.shots,
        executions=1 + int(np.ceil(np.log2(most / first))),
    )


def _limits(ask: VarianceAsk, road: Road) -> tuple[int, int]:
    """Draws to begin with, and at most; both are the same if no relative error is wanted."""
    each = road.cost_per_draw()
    if not each.circuits:
        most = ask.n_draws or (DEFAULT_EXACT if ask.rtol is None else MOST)
        return (most if ask.rtol is None else min(_FIRST, most)), most
    once = road.once(DEFAULT_MEASURED)
    affordable = _affordable(ask, each, once) if ask.rtol is not None else DEFAULT_MEASURED
    most = ask.n_draws or affordable
    once = road.once(most)
    circuits, shots = most * each.circuits + once.circuits, most * each.shots + once.shots
    ask.runner.check(Cost(circuits=circuits, shots=shots))
    return (most if ask.rtol is None else min(DEFAULT_MEASURED, most)), most


def _affordable(ask: VarianceAsk, each: Cost, once: Cost) -> int:
    """How many draws the budget allows next to what is run once."""
    runner, most = ask.runner, MOST
    if runner.max_circuits is not None:
        most = min(most, (runner.max_circuits - once.circuits) // each.circuits)
    if runner.max_shots is not None and each.shots:
        most = min(most, (runner.max_shots - once.shots) // each.shots)
    if most < 4:
        raise BudgetError(
            f"A variance needs at least 4 draws, and each costs {each}; the budget allows {most}. "
            "Nothing was run. Raise max_circuits or max_shots, or analyse fewer parameters "
            "(argnums)."
        )
    return most
