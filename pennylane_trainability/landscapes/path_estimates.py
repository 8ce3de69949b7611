"""Variances of a loss and of all its derivatives from Pauli paths, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.landscapes.cross_terms import Pairs, pairs_of, signatures
from pennylane_trainability.landscapes.path_model import PathModel
from pennylane_trainability.landscapes.path_tally import Tally, path_values
from pennylane_trainability.landscapes.paths import draw_pairs, rows_of, walk
from pennylane_trainability.landscapes.unbranched import gradient_terms, loss_term, mean_loss
from pennylane_trainability.statistics.binomial import bounded_mean

__all__ = ["Interval", "PathEstimates", "path_estimates"]

#: Paths followed together at first. Later as many as before, so that a step is not all overhead,
#: as long as their bits, one for every rotation, stay in the processor's caches.
_CHUNK, _LARGE_CHUNK, _BITS = 1 << 14, 1 << 17, 1 << 25


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Numbers with their errors, arrays of one shape; an error of zero means exact.

    Attributes:
        value: the numbers.
        error: standard errors; NaN where nothing was seen.
        low: lower ends.
        high: upper ends.
    """

    value: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def relative(self) -> float:
        """The largest relative error; infinite where something was not seen at all."""
        known = self.error == 0
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(known, 0.0, np.abs(self.error / self.value))
        return float(np.max(np.where(np.isnan(ratio), np.inf, ratio), initial=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class PathEstimates:
    """Pauli paths of a circuit: what they were drawn from, and what was seen.

    Attributes:
        model: the circuit.
        pairs: pairs of words.
        mass: what one path stands for.
        fixed_loss: the part of the variance that was not drawn.
        fixed_gradients: the same for the derivatives by the angles, ``(m,)``.
        mean: ``E ℓ``, where known.
        tally: what was seen.
    """

    model: PathModel
    pairs: Pairs
    mass: float
    fixed_loss: float
    fixed_gradients: np.ndarray
    mean: float | None
    tally: Tally

    @property
    def _signed(self) -> bool:
        return not self.pairs.is_diagonal

    def loss(self, level: float = 0.95) -> Interval:
        """``Var ℓ``, one number."""
        drawn = bool(self.mass)
        known, sums = np.array([self.fixed_loss]), [self.tally.loss[:, None]]
        return self._sum(known, sums[:drawn], [np.ones(1)][:drawn], level)

    def gradients(self, level: float = 0.95) -> Interval:
        """``Var ∂ℓ/∂θ_p`` of all parameters, ``(P,)``; exact zeros where none is in reach."""
        model, known = self.model, ~self.model.fixed
        with np.errstate(divide="ignore"):
            ratio = np.where(known, model.sine / model.cosine, 1.0)
        count = 0 if not self.mass else 2 if model.narrow else 1
        sums = [self.tally.cosine, self.tally.sine][:count]
        found = self._sum(self.fixed_gradients, sums, [ratio, 1 / ratio][:count], level)
        out = [np.zeros(model.n_parameters) for _ in range(4)]
        names = ("value", "error", "low", "high")
        for target, name in zip(out, names, strict=True):
            scaled = getattr(found, name) * model.scales**2
            target[model.parameters[known]] = scaled[known]
        return Interval(*out)

    def _part(self, sums: np.ndarray, weight, level: float) -> Interval:
        found = bounded_mean(
            sums, self.tally.trials, level, signs=self.tally.is_sign, signed=self._signed
        )
        return Interval(*(self.mass * weight * part for part in found))

    def _sum(self, known: np.ndarray, sums: list, weights: list, level: float) -> Interval:
        """What is known and independent parts, joined by the square-and-add rule."""
        parts = [self._part(s, w, level) for s, w in zip(sums, weights, strict=True)]
        value = known + sum((p.value for p in parts), np.zeros(known.shape))
        down, up, square = np.zeros((3, *known.shape))
        unseen = np.full(known.shape, bool(parts))
        for part, weight in zip(parts, weights, strict=True):
            down, up = np.hypot(down, part.value - part.low), np.hypot(up, part.high - part.value)
            # what was never seen counts as one path in the error of a sum
            least = np.where(np.isnan(part.error), self.mass * weight / self.tally.trials, 0.0)
            square = square + np.nan_to_num(part.error) ** 2 + least**2
            unseen &= np.isnan(part.error)
        error = np.where(unseen & (known == 0), np.nan, np.sqrt(square))
        return Interval(value, error, value - down, value + up)


def path_estimates(
    model: PathModel,
    n_paths: int,
    seed: np.random.SeedSequence,
    enough: Callable[[PathEstimates], bool] | None = None,
) -> PathEstimates:
    """Draw paths.

    Args:
        model: the circuit.
        n_paths: how many, rounded up to a multiple of 64.
        seed: of the draws.
        enough: asked whether the paths will do after 1, 2, 4 and 8 parts of ``2^14``, then after
            every quarter more.

    Raises:
        ReadingError: there are too many correlated pairs of words, or fixed rotations make paths
            interfere.
    """
    signature = signatures(model.words, model.rotations)
    pairs = pairs_of(model, signature)
    weights = np.abs(pairs.weights)
    if model.narrow:
        weights = weights * -np.expm1(pairs.kept)
    mass = float(weights.sum())
    out = PathEstimates(
        model,
        pairs,
        mass,
        loss_term(model, pairs),
        gradient_terms(model, pairs, signature),
        mean_loss(model, signature),
        Tally.empty(len(model.mean)),
    )
    rows = rows_of(model)
    largest = min(_LARGE_CHUNK, _BITS // max(1, len(model.mean)) // _CHUNK * _CHUNK)
    asked = _CHUNK
    while mass and out.tally.trials < n_paths:
        chunk = max(_CHUNK, min(largest, out.tally.trials))
        count = min(chunk, -(-(n_paths - out.tally.trials) // 64) * 64)
        rng = np.random.default_rng(seed.spawn(1)[0])
        chosen = draw_pairs(weights, count, rng)
        walked = walk(model, pairs, signature, chosen, rng, rows)
        out.tally.add(walked, path_values(model, pairs, walked))
        if enough is not None and out.tally.trials >= asked:
            asked += asked if asked < _LARGE_CHUNK else asked // 4
            if enough(out):
                break
    return out
