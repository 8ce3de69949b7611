"""Where every start of a fit ended, how it got there, and how many succeeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import numpy as np

from pennylane_trainability.fitting.method import Found
from pennylane_trainability.fitting.problem import Problem
from pennylane_trainability.results import Estimate, Provenance, Result, record
from pennylane_trainability.statistics import wilson_interval

__all__ = ["Starts", "join", "steps_to", "success_rate"]


def steps_to(traces: Sequence[np.ndarray], limit: float) -> np.ndarray:
    """First step at which each trace is at most ``limit``; NaN where it never is.

    >>> steps_to([np.array([3.0, 1.0, 2.0]), np.array([3.0, 2.5])], 1.5)
    array([ 1., nan])
    """
    below = [np.flatnonzero(np.asarray(trace) <= limit) for trace in traces]
    return np.array([float(steps[0]) if steps.size else np.nan for steps in below])


def success_rate(successes: np.ndarray, level: float = 0.95) -> Estimate:
    """Share of successes with Wilson's interval.

    The interval is that of the probability of success if the trials are independent draws.

    Args:
        successes: booleans, one per trial.
        level: of the interval.

    >>> print(success_rate(np.array([True] * 9 + [False])).interval())
    [0.5958, 0.9821] at 95 %
    """
    rate = float(np.mean(successes))
    # Wilson's interval is the same for the mean of outcomes ±1, which is 2p − 1
    ends = wilson_interval(np.array(2 * rate - 1), np.array(np.size(successes)), level)
    low, high = ((1 + float(end)) / 2 for end in ends)
    return Estimate(value=rate, low=low, high=high, level=level, law="starts")


@record
class Starts(Result):
    """All starts of one fit, with everything they passed through.

    Attributes:
        points: best parameters of every start, shape ``(restarts, P)``.
        gains: ``a`` of ``a·f + b`` there, shape ``(restarts,)``.
        offsets: ``b`` there, shape ``(restarts,)``.
        losses: mean squared error there, shape ``(restarts,)``.
        traces: mean squared error after each step of every start (for Levenberg–Marquardt: each
            accepted step), its first value included.
        converged: which starts came to rest before the last step allowed, shape ``(restarts,)``.
        variance: of the fitted targets, the mean squared error of the best constant.
        threshold: the R² from which a start counts as a success.
        method: ``"levenberg-marquardt"`` or ``"adam"``.
        provenance: seed, number of starts, engine.
    """

    points: np.ndarray = field(repr=False)
    gains: np.ndarray = field(repr=False)
    offsets: np.ndarray = field(repr=False)
    losses: np.ndarray = field(repr=False)
    traces: tuple[np.ndarray, ...] = field(repr=False)
    converged: np.ndarray = field(repr=False)
    variance: float
    threshold: float
    method: str
    provenance: Provenance

    @property
    def steps(self) -> np.ndarray:
        """Steps of every start, shape ``(restarts,)``."""
        return np.array([len(trace) - 1 for trace in self.traces])

    @property
    def r2(self) -> np.ndarray:
        """R² of every start, shape ``(restarts,)``; NaN where the targets are constant."""
        if self.variance == 0:
            return np.full(len(self.losses), np.nan)
        return 1 - self.losses / self.variance

    @property
    def steps_to_threshold(self) -> np.ndarray:
        """Steps until R² first reached the threshold, shape ``(restarts,)``; NaN if it never did.

        A start that begins there needs 0.
        """
        if self.variance == 0:
            return np.full(len(self.losses), np.nan)
        return steps_to(self.traces, (1 - self.threshold) * self.variance)

    @property
    def succeeded(self) -> np.ndarray:
        """Which starts reached the threshold, shape ``(restarts,)``."""
        return np.isfinite(self.steps_to_threshold)

    @property
    def best(self) -> int:
        """The first of those that are as good as the best, so that rounding does not decide."""
        return int(np.argmax(self.losses <= np.min(self.losses) + 1e-9 * self.variance))

    def success(self, level: float = 0.95) -> Estimate:
        """Share of the starts that reached the threshold; see :func:`success_rate`."""
        return success_rate(self.succeeded, level)

    def rows(self) -> list[tuple[str, object]]:
        """How many succeed, and how fast."""
        reached = self.steps_to_threshold[self.succeeded]
        steps = f", median {np.median(reached):g} steps" if reached.size else ""
        success = self.success()
        return [
            ("starts", f"{len(self.losses)}, {self.method}, seed {self.provenance.seed}"),
            ("R²", f"best {self.r2[self.best]:.4f}, median {np.median(self.r2):.4f}"),
            (f"R² ≥ {self.threshold:g}", f"{success.value:.3g} {success.interval()}{steps}"),
        ]


def join(problem: Problem, found: Sequence[Found], threshold: float, method: str, provenance):
    """The blocks of one problem, in order, as one record."""
    searches = [part.search for part in found]
    return Starts(
        points=np.concatenate([s.points for s in searches]),
        gains=np.concatenate([part.gain for part in found]),
        offsets=np.concatenate([part.offset for part in found]),
        losses=problem.mean_square(np.concatenate([s.losses for s in searches])),
        traces=tuple(problem.mean_square(trace) for s in searches for trace in s.traces),
        converged=np.concatenate([s.converged for s in searches]),
        variance=problem.variance,
        threshold=threshold,
        method=method,
        provenance=provenance,
    )
