r"""A measured QFIM from outcomes that are freed from errors of reading.

Corrected outcomes of a Pauli word are no longer ±1, so that the square of a measured mean is too
large by another number than ``(1 − m²)/n``. With the unbiased covariance of means from the shots of
one circuit,

.. math:: \widehat{\mathrm{cov}}(\hat m_u, \hat m_v)
    = \frac{\overline{v_u v_v} - \hat m_u \hat m_v}{n - 1},

the entry :math:`\hat C_{uv} - \hat m_u \hat m_v + \widehat{\mathrm{cov}}(\hat m_u, \hat m_v)` is
unbiased for any values: ``C`` is the mean of the corrected product word (1 for ``u = v``), not of
the product of corrected values, which would hold the errors of reading once more. With outcomes ±1
this is the factor ``n/(n − 1)`` of a sample covariance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np

from pennylane_trainability.diagnostics.calibrated import corrected_outcomes
from pennylane_trainability.diagnostics.calibration import Known
from pennylane_trainability.diagnostics.qfim_errors import CountErrors
from pennylane_trainability.results import Result, record
from pennylane_trainability.statistics.quadratic import Quadratic
from pennylane_trainability.transforms.qfim_circuits.read_outs import Observed

__all__ = ["CalibratedCountErrors", "calibrated_errors", "noise_of_moments"]


@record
class CalibratedCountErrors(Result):
    """Errors of a matrix that a calibration went into; both are independent.

    Attributes:
        own: from the shots of its circuits, at the calibration as it was measured.
        factors: what the calibration adds, in independent parts, ``(Q, P, P)``.
    """

    own: CountErrors = field(repr=False)
    factors: np.ndarray = field(repr=False)

    def stderr(self) -> np.ndarray:
        """Standard error of every entry, ``(P, P)``."""
        return np.sqrt(self.own.stderr() ** 2 + np.sum(self.factors**2, axis=0))

    def covariance(self, first: tuple[int, int], second: tuple[int, int]) -> float:
        """Covariance between two entries."""
        added = self.factors[:, *first] @ self.factors[:, *second]
        return self.own.covariance(first, second) + float(added)

    def draw(self, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
        """Errors that might have been made instead, ``(B, P, P)``."""
        added = rng.standard_normal((n_resamples, len(self.factors)))
        return self.own.draw(n_resamples, rng) + np.tensordot(added, self.factors, 1)


def calibrated_errors(
    build: Callable[[list[Observed]], CountErrors], read_outs: Sequence, observed, known: Known
) -> CalibratedCountErrors:
    """The errors, and in ``own`` the means, of a matrix from corrected outcomes.

    Args:
        build: means and their covariances from the outcomes of all circuits.
        read_outs: how every circuit was read.
        observed: what was seen in it.
        known: the calibration.
    """

    def at(means: np.ndarray) -> CountErrors:
        flips: Any = known.flips(means)
        seen = [
            Observed(corrected_outcomes(read, own, known, flips), own.weights, own.n_bits)
            for read, own in zip(read_outs, observed, strict=True)
        ]
        made = build(seen)
        return replace(made, noise=noise_of_moments(made.quadratic, seen))

    def value(means: np.ndarray) -> np.ndarray:
        made = at(means)
        return made.matrix(made.means)

    return CalibratedCountErrors(own=at(known.means), factors=known.factors(value))


def noise_of_moments(quadratic: Quadratic, observed: Sequence[Observed]) -> np.ndarray:
    """Unbiased covariance of the first moments of all nodes, ``(V, V)``; zero between circuits.

    Args:
        quadratic: which means are first moments.
        observed: outcomes of all circuits, with values of any kind.

    >>> one = Observed(np.array([[1.0, -1.0]]), np.array([75.0, 25.0]), 1)
    >>> zero, none = np.zeros(0, int), np.array([[-1]])
    >>> only = Quadratic(
    ...     np.ones((1, 1)), zero, zero, zero, np.zeros(0), np.array([0]), np.ones(1),
    ...     np.ones((1, 1)), none,
    ... )
    >>> noise_of_moments(only, [one]).round(6)  # (1 − 1/4)/99
    array([[0.007576]])
    """
    noise = np.zeros((quadratic.size, quadratic.size))
    start = 0
    for seen in observed:
        values, shots = np.asarray(seen.values, float), float(np.sum(seen.weights))
        nodes = np.flatnonzero((quadratic.means >= start) & (quadratic.means < start + len(values)))
        own = values[quadratic.means[nodes] - start] * quadratic.mean_factors[nodes, None]
        mean = own @ seen.weights / shots
        second = (own * seen.weights) @ own.T / shots
        noise[np.ix_(nodes, nodes)] = (second - np.outer(mean, mean)) / max(shots - 1, 1)
        start += len(values)
    return noise
