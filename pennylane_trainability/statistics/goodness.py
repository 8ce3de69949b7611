"""Do draws follow a law? Kolmogorov–Smirnov and Anderson–Darling, with p-values by simulation.

For a law without fitted parameters both statistics have the same law whatever the law is, that for
uniform draws. Where parameters were fitted, draws from the fitted law are fitted again (parametric
bootstrap); the tabulated p-values would be too large then.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pennylane_trainability.results import Result, record
from pennylane_trainability.statistics.gamma_sums import GammaSum

__all__ = ["Goodness", "anderson_darling", "fitted_goodness", "goodness", "kolmogorov_smirnov"]

#: Where a cumulative probability is 0 or 1, its logarithm is cut off.
_EDGE = 1e-12


@record
class Goodness(Result):
    """How well draws follow one law.

    Attributes:
        name: of the law.
        distance: largest distance of the distribution functions (Kolmogorov–Smirnov).
        distance_p: its p-value.
        squared: Anderson and Darling's ``A²``, which weighs the tails.
        squared_p: its p-value.
        fitted: how many parameters were fitted to the draws.
    """

    name: str
    distance: float
    distance_p: float
    squared: float
    squared_p: float
    fitted: int

    def summary(self) -> str:
        """One line."""
        return (
            f"KS {self.distance:.4f} (p = {self.distance_p:.3g}), "
            f"AD {self.squared:.4g} (p = {self.squared_p:.3g})"
        )


def kolmogorov_smirnov(uniform: np.ndarray) -> np.ndarray:
    """``max |F_n(u) − u|`` of sorted cumulative probabilities along the last axis.

    >>> kolmogorov_smirnov(np.array([0.25, 0.75])).item()
    0.25
    """
    n = uniform.shape[-1]
    step = np.arange(n) / n
    above, below = step + 1 / n - uniform, uniform - step
    return np.maximum(above.max(axis=-1), below.max(axis=-1))


def anderson_darling(uniform: np.ndarray) -> np.ndarray:
    """``A² = −n − Σ (2i − 1)(log u_i + log(1 − u_{n+1−i}))/n`` of sorted probabilities."""
    n = uniform.shape[-1]
    u = np.clip(uniform, _EDGE, 1 - _EDGE)
    odd = 2 * np.arange(1, n + 1) - 1
    return -n - np.sum(odd * (np.log(u) + np.log1p(-u[..., ::-1])), axis=-1) / n


def goodness(
    draws: np.ndarray,
    law: GammaSum,
    name: str,
    *,
    rng: np.random.Generator,
    n_resamples: int = 1000,
) -> Goodness:
    """Test draws against a law that was known before they were seen.

    Args:
        draws: ``(M,)``.
        law: anything with a ``cdf``.
        name: of the law.
        rng: of the simulated draws behind the p-values.
        n_resamples: how many; no p-value is below ``1/(n_resamples + 1)``.
    """
    own = np.sort(law.cdf(draws))
    fresh = np.sort(rng.uniform(size=(n_resamples, len(draws))), axis=1)
    return _compared(own, fresh, name, 0)


def fitted_goodness(
    draws: np.ndarray,
    fit: Callable[[np.ndarray], tuple[Callable, Callable]],
    name: str,
    n_fitted: int,
    *,
    rng: np.random.Generator,
    n_resamples: int = 300,
) -> Goodness:
    """Test draws against a family of laws whose parameters are fitted to them.

    Args:
        draws: ``(M,)``.
        fit: ``draws → (cdf, sampler)``, the sampler called with ``(rng, size)``.
        name: of the family.
        n_fitted: number of fitted parameters.
        rng: of the parametric bootstrap.
        n_resamples: how many.
    """
    cdf, sampler = fit(draws)
    fresh = []
    for _ in range(n_resamples):
        again = sampler(rng, len(draws))
        fresh.append(np.sort(fit(again)[0](again)))
    return _compared(np.sort(cdf(draws)), np.array(fresh), name, n_fitted)


def _compared(own: np.ndarray, fresh: np.ndarray, name: str, n_fitted: int) -> Goodness:
    found = []
    for statistic in (kolmogorov_smirnov, anderson_darling):
        value = float(statistic(own))
        larger = int(np.sum(statistic(fresh) >= value))
        found += [value, (1 + larger) / (1 + len(fresh))]
    distance, distance_p, squared, squared_p = found
    return Goodness(
        name=name,
        distance=distance,
        distance_p=distance_p,
        squared=squared,
        squared_p=squared_p,
        fitted=n_fitted,
    )
