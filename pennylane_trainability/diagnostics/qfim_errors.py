"""How far can a measured QFIM be off? From the outcomes of its circuits, or from replicates."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.results import Result, record
from pennylane_trainability.statistics.quadratic import Quadratic, draw_means
from pennylane_trainability.statistics.survival import survival_of_mirror, undepolarised

__all__ = ["CountErrors", "Mirrors", "ReplicateErrors"]


@record
class Mirrors(Result):
    """Circuits that measure how much of the state survives.

    Attributes:
        of: the mirror that belongs to every mean of the matrix, ``(M,)``.
        wires: bits of the circuit of every mean, ``(M,)``.
        own_wires: bits of every mirror; the last one has no gates.
        overlaps: which means are ``2K − 1`` of a probability ``K``, ``(M,)``.
    """

    of: np.ndarray
    wires: np.ndarray
    own_wires: np.ndarray
    overlaps: np.ndarray

    def split(self, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means of the matrix, and of the mirrors behind them."""
        return means[..., : self.of.size], means[..., self.of.size :]

    def survival(self, means: np.ndarray) -> np.ndarray:
        """Survival in the circuits of each layer, ``(..., layers)``.

        A mirror runs every gate twice and is read once. Overlaps are as long; in other circuits the
        gates run once: with ``k`` for the mirror and ``r`` for reading alone, ``√(k/r) · r``.
        """
        found = survival_of_mirror((1 + self.split(means)[1]) / 2, self.own_wires)
        layers, reading = found[..., :-1], found[..., -1:]
        return layers if self.overlaps.any() else np.sqrt(np.minimum(layers, reading) * reading)

    def rescaled(self, means: np.ndarray) -> np.ndarray:
        """Means of the matrix, each divided by the survival of its circuit."""
        survival = self.survival(means)[..., self.of]
        return undepolarised(self.split(means)[0], survival, self.wires, self.overlaps)


@record
class CountErrors(Result):
    """Errors of a matrix that follows from the means of independent circuits.

    Attributes:
        means: of all circuits one after another, those of mirrors last, ``(M,)``.
        covariances: of the means of each circuit, ``(W, W)`` each.
        outcomes: per circuit the values seen and how often, ``((W, u), (u,))``; empty where the
            device gave means only.
        shots: of every circuit, ``(C,)``.
        quadratic: the matrix over the nodes from the means.
        loading: ``L``, from nodes to parameters, ``(P, V)``.
        mirrors: what the means are rescaled by, if anything.
        noise: unbiased covariance of the first moments of the nodes, ``(V, V)``, for outcomes that
            are not ±1, where ``n/(n − 1)`` is not what makes products of means unbiased.
    """

    means: np.ndarray
    covariances: tuple[np.ndarray, ...] = field(repr=False)
    outcomes: tuple = field(repr=False)
    shots: np.ndarray
    quadratic: Quadratic = field(repr=False)
    loading: np.ndarray = field(repr=False)
    mirrors: Mirrors | None = None
    noise: np.ndarray | None = field(default=None, repr=False)

    def matrix(self, means: np.ndarray, rescaled: bool = True) -> np.ndarray:
        """The estimate from means ``(..., M)``, shape ``(..., P, P)``."""
        noise = self.noise
        if self.mirrors is not None:
            if rescaled and noise is not None:
                survival = self.mirrors.survival(means)[..., self.mirrors.of]
                own = survival[..., np.maximum(self.quadratic.means, 0)]
                noise = noise / (own[..., :, None] * own[..., None, :])
            means = self.mirrors.rescaled(means) if rescaled else self.mirrors.split(means)[0]
        if noise is None:
            nodes = self.quadratic.matrix(means, self.shots)
        else:
            nodes = self.quadratic.matrix(means) + self.quadratic.products * noise
        return self.loading @ nodes @ self.loading.T

    def stderr(self) -> np.ndarray:
        """Standard error of every entry, ``(P, P)``, to second order in the errors of the means.

        The second order matters where a first moment ``m`` is nearly zero: ``m²`` has no slope.
        With ``m`` known to ``σ`` only, its variance is ``4 (m² + σ²) σ² + 2 σ⁴``.
        """
        if self.mirrors is not None:
            return self.draw(400, np.random.default_rng(0)).std(axis=0)
        total = 3 * self._of_products()
        for covariance, slope in self._slopes():
            total += np.einsum("wij,wx,xij->ij", slope, covariance, slope, optimize=True)
        return np.sqrt(total)

    def _of_products(self) -> np.ndarray:
        """Variance of ``δm δmᵀ`` for normal errors: ``S_ii S_jj + S_ij²`` with ``S = ⟨δm δmᵀ⟩``."""
        sources = self.quadratic.means
        noise = np.zeros((len(sources), len(sources)))
        start = 0
        for covariance in self.covariances:
            own = np.flatnonzero((sources >= start) & (sources < start + len(covariance)))
            at = sources[own] - start
            noise[np.ix_(own, own)] = covariance[np.ix_(at, at)]
            start += len(covariance)
        spread = self.loading @ noise @ self.loading.T
        present = np.abs(self.loading) @ self.quadratic.products @ np.abs(self.loading.T) > 0
        each = np.diag(spread)
        return np.where(present, np.outer(each, each) + spread**2, 0.0)

    def squares(self) -> list[np.ndarray]:
        """Mean square ``⟨E²⟩`` of the error matrix that one shot of each circuit makes."""
        return [
            n * np.einsum("wij,wx,xjk->ik", slope, covariance, slope, optimize=True)
            for (covariance, slope), n in zip(self._slopes(), self.shots, strict=True)
        ]

    def _slopes(self, rows=None):
        """Per circuit the covariance of its means and what they do to the matrix."""
        start = 0
        for covariance in self.covariances:
            own = range(start, start + len(covariance))
            start = own.stop
            yield covariance, self.quadratic.derivatives(self.means, own, self.loading, rows)

    def covariance(self, first: tuple[int, int], second: tuple[int, int]) -> float:
        """Covariance between two entries."""
        if self.mirrors is not None:
            draws = self.draw(400, np.random.default_rng(0))
            return float(np.mean(draws[:, *first] * draws[:, *second]))
        rows = sorted({*first, *second})
        at = {row: k for k, row in enumerate(rows)}
        i, j, k, m = (at[row] for row in (*first, *second))
        return sum(
            float(slope[:, i, j] @ covariance @ slope[:, k, m])
            for covariance, slope in self._slopes(rows)
        )

    def draw(self, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
        """Errors that might have been made instead, ``(B, P, P)``."""
        moved = self.means + draw_means(self.covariances, n_resamples, rng)
        centre = self.matrix(self.means)
        # a few at a time: nodes can be many more than parameters
        step = max(1, int(4e6 // max(self.quadratic.size, 1) ** 2))
        parts = [self.matrix(moved[k : k + step]) for k in range(0, n_resamples, step)]
        return np.concatenate(parts) - centre


@record
class ReplicateErrors(Result):
    """Errors of a mean over independent replicates, such as random bases.

    Attributes:
        replicates: ``(R, P, P)``.
    """

    replicates: np.ndarray

    def stderr(self) -> np.ndarray:
        """Standard error of the mean, ``(P, P)``; NaN for one replicate."""
        count = len(self.replicates)
        if count < 2:
            return np.full(self.replicates.shape[1:], np.nan)
        return self.replicates.std(axis=0, ddof=1) / np.sqrt(count)

    def covariance(self, first: tuple[int, int], second: tuple[int, int]) -> float:
        """Covariance between two entries of the mean."""
        centred = self.replicates - self.replicates.mean(axis=0)
        count = len(self.replicates)
        products = centred[:, *first] * centred[:, *second]
        return float(products.sum() / max(count - 1, 1) / count)

    def draw(self, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
        """Errors of means of resampled replicates, ``(B, P, P)``."""
        count = len(self.replicates)
        weights = rng.multinomial(count, np.full(count, 1 / count), n_resamples) / count
        centred = self.replicates - self.replicates.mean(axis=0)
        # the spread of resampled means is too small by (R − 1)/R
        return np.tensordot(weights, centred, 1) * np.sqrt(count / max(count - 1, 1))
