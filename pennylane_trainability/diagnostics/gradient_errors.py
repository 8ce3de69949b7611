"""How far can a measured gradient be off? From the outcomes of its circuits."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.results import Result, record
from pennylane_trainability.statistics.counts import resample_signs

__all__ = ["GradientErrors"]

#: Imagined shots, spread evenly over all outcomes: shots that all agree are no certainty.
_IMAGINED = 4.0


@record
class GradientErrors(Result):
    """Errors of numbers that are linear in the means of independent circuits.

    Attributes:
        slopes: per circuit what its means are multiplied by, ``(R, P, W)`` each.
        values: per circuit the value ±1 of every word in every outcome that was seen, ``(W, u)``;
            its means, ``(W, 1)``, where the device gave no more.
        weights: per circuit how often each outcome was seen, ``(u,)``; empty for means.
        shots: of every circuit, ``(C,)``.
    """

    slopes: tuple[np.ndarray, ...] = field(repr=False)
    values: tuple[np.ndarray, ...] = field(repr=False)
    weights: tuple[np.ndarray, ...] = field(repr=False)
    shots: np.ndarray

    def variances(self, shots: np.ndarray | None = None) -> np.ndarray:
        """Variance of every number, ``(R, P)``; with other shots per circuit, if given."""
        shots = self.shots if shots is None else shots
        total = np.zeros(self.slopes[0].shape[:2]) if self.slopes else np.zeros((0, 0))
        for own, n in zip(self.of_one_shot(), shots, strict=True):
            total = total + own / n
        return total

    def of_one_shot(self) -> list[np.ndarray]:
        """Per circuit the variance that a single shot gives every number, ``(R, P)`` each."""
        out = []
        for slopes, values, weights in zip(self.slopes, self.values, self.weights, strict=True):
            power = np.sum(slopes**2, axis=2)
            if not weights.size:
                out.append(np.einsum("rpw,w->rp", slopes**2, self._of_means(values[:, 0])))
                continue
            count = weights.sum()
            scores = slopes @ values  # (R, P, u)
            smooth = scores @ weights / (count + _IMAGINED)
            second = (scores**2 @ weights + _IMAGINED * power) / (count + _IMAGINED)
            out.append(np.maximum(second - smooth**2, 0.0))
        return out

    def covariance(self, result: int = 0) -> np.ndarray:
        """Covariance between the derivatives of one result, ``(P, P)``."""
        size = self.slopes[0].shape[1] if self.slopes else 0
        own = [slopes[result] for slopes in self.slopes]
        return self._between(own, own, (size, size))

    def across(self, column: int, other: int) -> np.ndarray:
        """Covariance of the derivatives by one parameter with those by another, ``(R, R)``."""
        size = self.slopes[0].shape[0] if self.slopes else 0
        one = [slopes[:, column] for slopes in self.slopes]
        two = [slopes[:, other] for slopes in self.slopes]
        return self._between(one, two, (size, size))

    def _between(self, left, right, shape: tuple[int, int]) -> np.ndarray:
        """Covariance of two sets of combinations of the means, per circuit ``(A, W), (B, W)``."""
        total = np.zeros(shape)
        parts = zip(left, right, self.values, self.weights, self.shots, strict=True)
        for one, two, values, weights, shots in parts:
            if not weights.size:
                total += (one * self._of_means(values[:, 0])) @ two.T / shots
                continue
            count = weights.sum() + _IMAGINED
            first, second = one @ values, two @ values
            product = (first * weights) @ second.T + _IMAGINED * one @ two.T
            means = np.outer(first @ weights, second @ weights) / count
            total += (product - means) / count / shots
        return total

    def resampled(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Errors that might have been made instead, ``(B, R, P)``: parametric bootstrap.

        Every circuit is drawn anew from what was seen in it, with one shot less than it had. In
        imagined shots every word is a fair coin.

        Args:
            count: how many, ``B``.
            rng: source of randomness.
        """
        shape = self.slopes[0].shape[:2] if self.slopes else (0, 0)
        total = np.zeros((count, *shape))
        parts = zip(self.slopes, self.values, self.weights, self.shots, strict=True)
        for slopes, values, weights, shots in parts:
            if weights.size:
                errors = _drawn(values, weights, count, rng)
            else:
                means = values[:, 0]
                errors = resample_signs(means, shots, count, rng, _IMAGINED) - means
            total += np.einsum("rpw,bw->brp", slopes, errors, optimize=True)
        return total

    def _of_means(self, means: np.ndarray) -> np.ndarray:
        """``1 − m²`` of Pauli words, taken as independent; shrunk as if for 100 shots at least."""
        shots = float(np.min(self.shots))
        return 1 - (means * shots / (shots + _IMAGINED)) ** 2


def _drawn(values: np.ndarray, weights: np.ndarray, count: int, rng: np.random.Generator):
    """Errors of the means of one circuit, ``(B, W)``."""
    shares = np.append(weights, _IMAGINED) / (weights.sum() + _IMAGINED)
    shots = max(round(float(weights.sum())) - 1, 1)
    drawn = rng.multinomial(shots, shares, size=count)
    coins = drawn[:, -1:]
    heads = rng.binomial(coins, 0.5, size=(count, len(values)))
    means = (drawn[:, :-1] @ values.T + 2 * heads - coins) / shots
    return means - values @ shares[:-1]
