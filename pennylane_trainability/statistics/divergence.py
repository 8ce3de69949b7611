r"""The Kullback–Leibler divergence of a histogram from a known law, without the bias of few counts.

The plug-in :math:`\sum_b \hat p_b \ln(\hat p_b/q_b)` is too large by about (bins − 1)/(2n). With
:math:`k_b\,(\psi(k_b) - \psi(n))/n` in place of :math:`\hat p_b \ln \hat p_b` the bias is exactly

.. math:: \sum_b p_b \sum_{v \ge n} \frac{(1 - p_b)^v}{v} \approx \sum_b p_b E_1(n p_b)

(Zhang, Neural Computation 24, 1368, 2012), which is left to bins that expect about one count or
none. There the mass is taken to be spread like the law itself, with the total that was seen, and
what follows for the bias is subtracted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

__all__ = ["Divergence", "debiased_divergence", "divergence_of_counts", "plug_in_divergence"]

#: Bins that expect fewer counts under the law may be biased …
_SPARSE = 5.0
#: … unless they hold more than this.
_FEW = 10
#: Counts up to which a bias is worked out.
_TABLE = 100
#: Resamples, and how many of them lie beyond a level at least.
_RESAMPLES, _BEYOND = 1000, 10


@dataclass(frozen=True, slots=True)
class Divergence:
    """A divergence with what it is compared to.

    Attributes:
        value: debiased; may be negative.
        stderr: its standard error.
        low: lower end of the interval.
        high: upper end.
        plug_in: the plug-in value, bias included.
        floor: mean of the plug-in value if the law itself is sampled.
        p_value: how often samples of the law give a divergence that is as large.
    """

    value: float
    stderr: float
    low: float
    high: float
    plug_in: float
    floor: float
    p_value: float


def plug_in_divergence(counts: np.ndarray, log_masses: np.ndarray) -> np.ndarray:
    """``Σ p̂ ln(p̂/q)`` of histograms ``(…, B)``.

    >>> plug_in_divergence(np.array([0, 10]), np.log([0.5, 0.5])).round(6).item()  # ln 2
    0.693147
    """
    share = counts / counts.sum(axis=-1, keepdims=True)
    seen = share > 0
    logs = np.log(np.where(seen, share, 1.0)) - np.where(seen, log_masses, 0.0)
    return np.sum(share * logs, axis=-1)


def debiased_divergence(counts: np.ndarray, log_masses: np.ndarray) -> np.ndarray:
    """The divergence of histograms ``(…, B)`` without the bias of few counts.

    Args:
        counts: whole numbers; every histogram has the same sum.
        log_masses: logarithms of the law, ``(B,)``.

    >>> debiased_divergence(np.array([0, 10]), np.log([0.5, 0.5])).round(6).item()
    0.693147
    """
    total = int(counts.reshape(-1, counts.shape[-1])[0].sum())
    digamma = _digamma(total)
    entropies = digamma[counts] - digamma[total]
    terms = counts * (entropies - np.where(counts > 0, log_masses, 0.0))
    return np.sum(terms, axis=-1) / total - _sparse_bias(counts, log_masses, total)


def divergence_of_counts(
    counts: np.ndarray, log_masses: np.ndarray, level: float, rng: np.random.Generator
) -> Divergence:
    """The divergence of one histogram, its interval, and a test of the law itself.

    Resamples are drawn from a law between the one given and the histogram, at the distance that
    the debiased divergence says: the histogram itself is farther away by its noise.

    Args:
        counts: ``(B,)``.
        log_masses: logarithms of the law.
        level: of the interval.
        rng: of the resamples.

    Raises:
        ValueError: the law has no mass where counts are.
    """
    if np.any((counts > 0) & np.isneginf(log_masses)):
        raise ValueError(
            "The divergence is infinite: there are counts in bins that the law leaves empty. Use "
            "fewer bins (n_bins)."
        )
    total, law = int(counts.sum()), _normalised(log_masses)
    resamples = max(_RESAMPLES, math.ceil(_BEYOND / (1 - level)))
    value, plug_in = (
        float(f(counts, log_masses)) for f in (debiased_divergence, plug_in_divergence)
    )
    null = rng.multinomial(total, law, size=resamples)
    near = _shrunk(counts, law, value, plug_in)
    drawn = debiased_divergence(rng.multinomial(total, near, size=resamples), log_masses)
    moved = value - float(plug_in_divergence(near, log_masses))
    tails = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) + moved
    larger = int(np.sum(debiased_divergence(null, log_masses) >= value))
    return Divergence(
        value=value,
        stderr=float(np.std(drawn, ddof=1)),
        low=float(tails[0]),
        high=float(tails[1]),
        plug_in=plug_in,
        floor=float(np.mean(plug_in_divergence(null, log_masses))),
        p_value=(1 + larger) / (1 + resamples),
    )


def _normalised(log_masses: np.ndarray) -> np.ndarray:
    law = np.exp(log_masses)
    return law / law.sum()


def _shrunk(counts: np.ndarray, law: np.ndarray, value: float, plug_in: float) -> np.ndarray:
    """A law as far away as the debiased divergence says; one pair of it is the law given."""
    share = math.sqrt(min(1.0, max(0.0, value) / plug_in)) if plug_in > 0 else 0.0
    total = counts.sum()
    mixed = law + share * (counts / total - law)
    return (total * mixed + law) / (total + 1)


def _digamma(most: int) -> np.ndarray:
    """``ψ(k)`` of ``k = 0 … most``; 0 stands for ψ(0)."""
    out = np.zeros(most + 1)
    out[1:] = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, most))]) - np.euler_gamma
    return out


def _sparse_bias(counts: np.ndarray, log_masses: np.ndarray, total: int) -> np.ndarray:
    """What bins with few counts add to the mean, ``(…,)``."""
    expected = total * np.exp(log_masses)
    sparse = np.flatnonzero((expected < _SPARSE) & (expected > 1e-8))
    if not len(sparse):
        return np.zeros(counts.shape[:-1])
    held, expected = counts[..., sparse], expected[sparse]
    open_ = held <= _FEW
    known = np.sum(expected * open_, axis=-1)
    ratio = np.sum(held * open_, axis=-1) / np.where(known > 0, known, 1.0)
    grid, bias = _bias_table()
    logs = np.log(expected) + np.log(np.maximum(ratio, 1e-300))[..., None]
    found = np.interp(logs, grid, bias, left=0.0, right=0.0)
    return np.sum(found * open_, axis=-1) / total


@lru_cache(maxsize=1)
def _bias_table() -> tuple[np.ndarray, np.ndarray]:
    """``E[k ψ(k)] − λ ln λ`` of a Poisson count at a grid of ``ln λ``."""
    grid = np.linspace(math.log(1e-8), math.log(30.0), 400)
    rate, k = np.exp(grid)[:, None], np.arange(_TABLE)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, _TABLE)))])
    weights = np.exp(-rate + k * grid[:, None] - factorials)
    return grid, weights @ (k * _digamma(_TABLE - 1)) - rate[:, 0] * grid
