r"""Losses and derivatives on a block as a Wishart surrogate, beside the exact finite-size moments.

On a block of ``N × N`` matrices the surrogate replaces ``U†(O − λ_min)U`` by ``(ō/r) W`` with
``W`` a Wishart matrix of ``r`` degrees of freedom over the real numbers, complex numbers or
quaternions (Anschuetz, arXiv:2408.11901). For a pure state

.. math:: \ell - \lambda_{\min} \sim \frac{\bar o}{r}\,\mathrm{Gamma}(\beta r/2, 2/\beta), \qquad
    \partial\ell \sim \frac{\bar o \sigma}{r} (G - G').

Only two moments of ``O`` enter. ``r = (Σ_i o_i)²/Σ_i o_i²`` (uncentred) is what counts parameters;
with the variance in the denominator (centred) the law has the variance that the group average has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.landscapes.haar_moments import (
    algebra_dimension,
    covariance,
    gradient_variance,
    pure_moments,
)
from pennylane_trainability.landscapes.sectors import Weights
from pennylane_trainability.landscapes.spectra import Spectrum
from pennylane_trainability.statistics.gamma_sums import GammaSum

__all__ = ["BlockModel", "Moments"]

#: Third moments below this, relative to the variance, have no sign.
_NO_SIGN = 1e-9


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean, variance, skewness and excess kurtosis; NaN where not known."""

    mean: float
    variance: float
    skewness: float = math.nan
    excess_kurtosis: float = math.nan

    def __add__(self, other: Moments) -> Moments:
        """Of the sum of two independent variables."""
        variance = self.variance + other.variance
        cubes, fourths = (
            sum(getattr(m, name) * m.variance**power if m.variance else 0.0 for m in (self, other))
            for name, power in (("skewness", 1.5), ("excess_kurtosis", 2.0))
        )
        if not variance:
            return Moments(self.mean + other.mean, 0.0)
        return Moments(
            self.mean + other.mean, variance, cubes / variance**1.5, fourths / variance**2
        )


@dataclass(frozen=True, slots=True, eq=False)
class BlockModel:
    """One block, the observable and the state on it.

    Attributes:
        size: ``N``.
        beta: 1, 2 or 4.
        spectrum: of the observable on the block.
        weights: of the state.
    """

    size: int
    beta: int
    spectrum: Spectrum
    weights: Weights

    @property
    def dimension(self) -> int:
        """Size ``d`` of the complex matrices."""
        return self.size * (2 if self.beta == 4 else 1)

    @property
    def mirrored(self) -> bool:
        """Whether the law is one of ``λ_max − O``: the eigenvalues reach further down than up."""
        m2, m3, _ = self.spectrum.central
        return bool(m3 < -_NO_SIGN * m2**1.5)

    @property
    def shifted(self) -> Spectrum:
        """Of ``O``, or of ``−O`` where the law is mirrored."""
        return self.spectrum.mirrored() if self.mirrored else self.spectrum

    @property
    def mean_eigenvalue(self) -> float:
        """``ō``: of ``O − λ_min``, or of ``λ_max − O``."""
        return self.shifted.mean - self.shifted.low

    def degrees(self, centred: bool) -> float:
        """``r``; infinite if the observable is a multiple of the identity and ``centred``."""
        mean, spread = self.mean_eigenvalue**2, self.spectrum.central[0]
        below = spread if centred else mean + spread
        if below <= 0:
            return math.inf if centred else float(self.size)
        return self.size * mean / below

    @property
    def upright_degrees(self) -> float:
        """Uncentred ``r`` of ``O − λ_min``, mirrored or not."""
        mean = (self.spectrum.mean - self.spectrum.low) ** 2
        below = mean + self.spectrum.central[0]
        return self.size * mean / below if below > 0 else float(self.size)

    @property
    def norm(self) -> float:
        """``‖O_0‖²``."""
        return self.dimension * self.spectrum.central[0]

    @property
    def traceless_purity(self) -> float:
        """``‖ρ_0‖²``."""
        purity = self.weights.purity(self.beta)
        return max(0.0, purity - self.weights.total**2 / self.dimension)

    def loss_law(self, centred: bool) -> GammaSum:
        """The law of the loss under the surrogate."""
        sign, r = (-1.0 if self.mirrored else 1.0), self.degrees(centred)
        if not math.isfinite(r) or self.mean_eigenvalue == 0:
            return GammaSum.of(self.spectrum.mean * self.weights.total, ())
        scale = sign * self.mean_eigenvalue / r * 2 / self.beta
        pairs = zip(self.weights.values, self.weights.counts, strict=True)
        terms = [(scale * w, count * self.beta * r / 2) for w, count in pairs]
        return GammaSum.of(sign * self.shifted.low * self.weights.total, terms)

    def gradient_law(self, centred: bool, slope: float = 1.0) -> GammaSum:
        """The law of a derivative with random elements before and after the gate.

        Args:
            centred: which degrees of freedom.
            slope: ``c`` of the gate ``exp(−i c θ P/2)``.
        """
        r, generator = self.degrees(centred), self._generator(slope)
        purity = self.weights.purity(self.beta)
        if not math.isfinite(r) or not purity or self.mean_eigenvalue == 0 or self.size < 2:
            return GammaSum.of(0.0, ())
        # the mean of ‖i[ρ, A]‖² over the group, two eigenvalues ±σ for each of the state
        ratio = self._commutator() * generator * self.traceless_purity / purity
        sigma = math.sqrt(ratio / 2)
        scale = self.mean_eigenvalue / r * 2 / self.beta * sigma
        terms = []
        for w, count in zip(self.weights.values, self.weights.counts, strict=True):
            shape = count * self.beta * r / 2
            terms += [(scale * w, shape), (-scale * w, shape)]
        return GammaSum.of(0.0, terms)

    def _generator(self, slope: float) -> float:
        return self.dimension * slope**2 / 4

    def _commutator(self) -> float:
        """The mean of ``‖[A, X]‖²`` over ``‖A‖² ‖X‖²``."""
        casimir = self.size if self.beta == 1 else 2 * self.size
        return casimir / max(1, algebra_dimension(self.size, self.beta))

    def exact_loss(self) -> Moments:
        """What a random element of the whole group gives; skewness and kurtosis for pure states."""
        total = self.weights.total
        mean = self.spectrum.mean * total
        variance = covariance(self.norm, self.traceless_purity, self.size, self.beta)
        if not self.weights.is_pure or not variance:
            return Moments(mean, variance)
        sums = (0.0, *(self.size * m for m in self.spectrum.central))
        _, _, skewness, kurtosis = pure_moments(sums, self.size, self.beta)
        return Moments(mean, variance, skewness, kurtosis)

    def exact_gradient(self, slope: float = 1.0) -> float:
        """``Var ∂ℓ`` with random elements of the group before and after the gate."""
        return gradient_variance(
            self.norm, self.traceless_purity, self._generator(slope), self.size, self.beta
        )

    def kernel(self, overlaps: np.ndarray) -> np.ndarray:
        """Covariances of the losses of several states.

        Args:
            overlaps: ``Tr(ρ_a ρ_b)`` of the parts in the block without their traces.
        """
        return np.asarray(covariance(self.norm, 1.0, self.size, self.beta) * overlaps)
