"""The record of starting values: what they are, and what they gain over the usual ones."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np

from pennylane_trainability.repair.scores import ORDER
from pennylane_trainability.results import Estimate, Provenance, Result, record
from pennylane_trainability.statistics import bootstrap_interval, quantile, wilson_interval

__all__ = ["Initialisation", "TrainingGain"]


@record
class TrainingGain(Result):
    """Fits of one target from chosen starts, and from starts drawn in the usual way.

    Every chosen start is the end of a search of its own, with its own seed.

    Attributes:
        chosen: accepted steps to the threshold from each chosen start, ``inf`` where it was not
            reached, ``(S,)``.
        default: the same from starts of the default law, ``(S,)``.
        threshold: the R² that counts as success.
        max_steps: steps tried per start.
        level: level of the intervals.
        seed: seed of the resamples.
    """

    chosen: np.ndarray = field(repr=False)
    default: np.ndarray = field(repr=False)
    threshold: float
    max_steps: int
    level: float
    seed: int

    @property
    def success(self) -> tuple[Estimate, Estimate]:
        """Share of the starts that reach the threshold: chosen, default (Wilson intervals)."""
        return self._share(self.chosen), self._share(self.default)

    def _share(self, steps: np.ndarray) -> Estimate:
        hits, count = int(np.sum(np.isfinite(steps))), len(steps)
        share = hits / count
        low, high = wilson_interval(np.array(2 * share - 1), np.array(count), self.level)
        return Estimate(
            value=share,
            stderr=float(np.sqrt(share * (1 - share) / count)),
            low=float(1 + low) / 2,  # it is an interval for outcomes ±1
            high=float(1 + high) / 2,
            level=self.level,
            law=f"{count} starts",
        )

    @property
    def steps_saved(self) -> Estimate:
        """Mean of default minus chosen steps; a start that never succeeds counts ``max_steps``.

        The interval is a bootstrap over the starts; negative means that chosen starts are slower.
        """
        difference = np.minimum(self.default, self.max_steps) - np.minimum(
            self.chosen, self.max_steps
        )
        if np.ptp(difference) == 0:
            same = float(difference[0])
            return Estimate(value=same, stderr=0.0, low=same, high=same, level=self.level)
        return bootstrap_interval(
            difference,
            rng=np.random.default_rng(self.seed),
            level=self.level,
            law=f"{len(difference)} starts of each kind",
        )

    def rows(self) -> list[tuple[str, object]]:
        """Success, steps and what is saved."""
        chosen, default = self.success
        return [
            (f"R² ≥ {self.threshold:g}", f"chosen {_share(chosen)}, default {_share(default)}"),
            (
                "median steps",
                f"chosen {_steps(self.chosen)}, default {_steps(self.default)} "
                f"(of {self.max_steps})",
            ),
            ("steps saved", f"{self.steps_saved.value:.3g} {self.steps_saved.interval()}"),
        ]


def _share(estimate: Estimate) -> str:
    return f"{estimate.value:.0%} [{estimate.low:.0%}, {estimate.high:.0%}] of {estimate.law}"


def _steps(steps: np.ndarray) -> str:
    # numpy would interpolate between a number and infinity
    middle = np.sort(steps)[(len(steps) - 1) // 2]
    return f"{middle:.3g}" if np.isfinite(middle) else "never"


@record
class Initialisation(Result):
    """Values to start from.

    Attributes:
        parameters: flat, shape ``(P,)``.
        arguments: the same as the trainable arguments of the QNode, in their own shapes.
        objective: ``"sigma"``, ``"condition"`` or ``"aligned"``.
        scores: scores of these values, by name.
        baseline: the same scores at fresh draws of the default law, which the search has not seen,
            each of shape ``(D,)``.
        laws: for every law candidates came from, its objective: median, best.
        origin: law of the candidate that ended best.
        trace: the objective before the first and after every step.
        rank: structural rank; ``sigma`` is this singular value.
        n_rows: rows ``K``; ``sigma`` is ``σ_K`` where the rank equals it.
        level: level of the intervals.
        default: the default law, in words.
        training: fits from such starts, where a target was given.
        provenance: seed, candidates, device.
    """

    parameters: np.ndarray = field(repr=False)
    arguments: Any = field(repr=False)
    objective: str
    scores: dict[str, float]
    baseline: dict[str, np.ndarray] = field(repr=False)
    laws: dict[str, tuple[float, float]] = field(repr=False)
    origin: str
    trace: np.ndarray = field(repr=False)
    rank: int
    n_rows: int
    level: float
    default: str
    training: TrainingGain | None = None
    provenance: Provenance

    @property
    def gain(self) -> Estimate:
        """``σ_rank`` here over its median at fresh draws of the default law."""
        return self.gain_of("sigma")

    def gain_of(self, score: str) -> Estimate:
        """By what factor is a score better here than at the median of the default law?

        Above 1 is better, also for the condition number. The values are fixed and their score is
        exact, so only the median carries an error: its distribution-free interval.

        Args:
            score: ``"sigma"``, ``"condition"`` or, with a target, ``"aligned"``.
        """
        if score not in self.scores:
            raise ValueError(
                f"gain_of() needs one of {sorted(self.scores)}, but got {score!r}; 'aligned' needs "
                "targets."
            )
        middle = quantile(self.baseline[score], 0.5, level=self.level, law=self.default)
        own, sign = self.scores[score], ORDER[score]
        low, value, high = (
            _ratio(own, m, sign)
            for m in (middle.high, middle.value, middle.low)[:: 1 if sign > 0 else -1]
        )
        return Estimate(value=value, low=low, high=high, level=self.level, law=self.default)

    @property
    def share_below(self) -> float:
        """Share of the fresh draws of the default law that are worse in the objective."""
        sign = ORDER[self.objective]
        worse = sign * self.baseline[self.objective] < sign * self.scores[self.objective]
        return float(np.mean(worse))

    def rows(self) -> list[tuple[str, object]]:
        """The gain, where it came from, what it does to training."""
        name = "σ_K" if self.rank == self.n_rows else f"σ_{self.rank} (rank {self.rank})"
        return [
            (name, f"{self.scores['sigma']:.4g}, {_gain(self.gain)}"),
            ("condition", f"{self.scores['condition']:.4g}, {_gain(self.gain_of('condition'))}"),
            *(
                [("aligned", f"{self.scores['aligned']:.4g}, {_gain(self.gain_of('aligned'))}")]
                if "aligned" in self.scores
                else []
            ),
            ("against", f"the median of {len(self.baseline['sigma'])} fresh draws, {self.default}"),
            ("worse of these", f"{self.share_below:.0%} in {self.objective}"),
            ("found from", self.origin),
            *((f"  {law}", f"median {m:.3g}, best {b:.3g}") for law, (m, b) in self.laws.items()),
            *(self.training.rows() if self.training is not None else []),
        ]


def _ratio(own: float, other: float, sign: int) -> float:
    top, bottom = (own, other) if sign > 0 else (other, own)
    return top / bottom if bottom > 0 else float("inf")


def _gain(estimate: Estimate) -> str:
    return f"improved by {estimate.value:.3g} {estimate.interval()}"
