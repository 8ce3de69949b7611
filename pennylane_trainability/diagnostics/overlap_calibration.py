"""Overlaps measured by running and undoing a circuit, with a calibration put into them.

The survival here is that of a circuit *and* its inverse, ``s = (k − q)/(r − q)``, with the
probability ``k`` that a circuit which is undone at its own parameters reads all zeros. With errors
of reading measured, ``r`` is the probability of reading zeros without any gate and ``q`` that of
the mixed state; without them, ``r = 1`` and ``q = 1/2^n``, and errors of reading are part of ``s``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pennylane_trainability.diagnostics.calibration import Calibration, Known
from pennylane_trainability.results import Estimate
from pennylane_trainability.statistics.divergence import debiased_divergence
from pennylane_trainability.statistics.flips import corrected_table, even_return
from pennylane_trainability.statistics.noisy_overlaps import (
    noisy_counted_log_masses,
    read_as_zeros,
    unbiased_powers,
    wrongly_zero,
)

__all__ = ["OverlapCalibration"]

#: Smallest survival: so that one can divide by it. Its error is then far larger.
_LEAST = 1e-3
#: A step of a probability in a difference quotient.
_STEP = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class OverlapCalibration:
    """A calibration, and the outcomes it is put into.

    Attributes:
        known: the calibration; one mirror for all circuits.
        rescale: whether the survival is used, or only told.
        counts: how often every outcome was seen for every pair, ``(D, 2^n)``.
        wires: labels of the wires in the order of the outcomes.
        shots: of every pair.
    """

    known: Known
    rescale: bool
    counts: np.ndarray
    wires: tuple
    shots: int

    @property
    def dimension(self) -> int:
        """``2^n``."""
        return 2 ** len(self.wires)

    def flips(self, means: np.ndarray | None = None) -> np.ndarray | None:
        """Errors of reading in the order of the outcomes, ``(n, 2)``, if they were measured."""
        flips = self.known.flips(means)
        if flips is None:
            return None
        return flips[[self.known.made.wires.index(wire) for wire in self.wires]]

    def survival(self, means: np.ndarray | None = None) -> float:
        """``s`` of a circuit and its inverse."""
        means = self.known.means if means is None else means
        flips, returned = self.flips(means), means[-1]
        if flips is None:
            even = 1 / self.dimension
            return (returned - even) / (1 - even)
        even = even_return(flips)
        return (returned - even) / (means[len(self.wires)] - even)

    def told_survival(self, level: float) -> Estimate:
        """The survival with its interval."""
        error = np.sqrt(np.sum(self.known.factors(lambda m: np.array(self.survival(m))) ** 2))
        law = f"{self.known.made.shots * self.known.made.repeats} shots of mirror circuits"
        return Estimate.normal(self.survival(), float(error), level, law)

    def record(self, level: float) -> Calibration:
        """What is told about it."""
        survival, models = self.told_survival(level), []
        if self.rescale:
            models.append(
                "overlaps are freed from the measured survival of a circuit and its inverse: "
                "global depolarising noise, a model and not a correction"
            )
            if self.flips() is None:
                models.append("errors of reading all zeros count as part of the survival")
            if survival.value <= _LEAST:
                models.append("no state comes back from a mirror circuit: nothing is left to use")
        if self.flips() is not None:
            models.append(
                "overlaps are freed from errors of reading, if every wire is read wrongly by "
                "itself: a model"
            )
        own = self.known.record(level)
        return replace(own, survivals=(survival,), models=tuple(models))

    def values(self, means: np.ndarray) -> np.ndarray:
        """What every outcome counts for the overlap, ``(2^n,)``."""
        flips, found = self.flips(means), np.zeros((1, self.dimension))
        found[0, 0] = 1.0
        if flips is not None:
            found = corrected_table(found, flips)
        if not self.rescale:
            return found[0]
        # without noise the mixed state has the overlap 1/2^n with all
        survival = max(self.survival(means), _LEAST)
        return (found[0] - (1 - survival) / self.dimension) / survival

    def powers(self, order: int, means: np.ndarray | None = None) -> np.ndarray:
        """Estimates of ``F^t`` of every pair, ``(D, T)``."""
        values = self.values(self.known.means if means is None else means)
        return unbiased_powers(values, self.counts, order)

    def potential_errors(self, order: int) -> np.ndarray:
        """What the calibration adds to the errors of frame potentials, ``(T,)``."""
        factors = self.known.factors(lambda means: self.powers(order, means).mean(axis=0))
        return np.sqrt(np.sum(factors**2, axis=0))

    def haar_log_masses(self, n_bins: int) -> np.ndarray:
        """The law of what is *seen* of Haar states on this device, ``(B,)``."""
        return self._masses(n_bins, self._noise(self.known.means), self._wrong())

    def divergence_error(self, histogram: np.ndarray) -> float:
        """What the calibration adds to the error of the divergence of a histogram.

        By way of the few numbers that the law of Haar states depends on: the survival, and how
        often zeros are read for zeros, for other outcomes, and for the mixed state.
        """
        given, wrong = self._noise(self.known.means), self._wrong()
        wrong = None if wrong is None else np.zeros(1)  # a slope needs no spread
        slopes = []
        for step in _STEP * np.eye(len(given)):
            both = [
                float(debiased_divergence(histogram, self._masses(len(histogram), moved, wrong)))
                for moved in (given + step, given - step)
            ]
            slopes.append((both[0] - both[1]) / (2 * _STEP))
        factors = self.known.factors(self._noise) @ np.array(slopes)
        return float(np.sqrt(np.sum(factors**2)))

    def _noise(self, means: np.ndarray) -> np.ndarray:
        """Survival; with errors of reading also ``r``, the mean of the other ``c_x``, and ``e``."""
        flips, survival = self.flips(means), self.survival(means) if self.rescale else 1.0
        if flips is None:
            return np.array([survival])
        zeros = read_as_zeros(flips)
        return np.array([survival, zeros[0], zeros[1:].mean(), zeros.mean()])

    def _wrong(self) -> np.ndarray | None:
        """How the probability of reading zeros for other outcomes is spread, at mean zero."""
        flips = self.flips()
        if flips is None:
            return None
        zeros = read_as_zeros(flips)
        return wrongly_zero(zeros, np.random.default_rng(0)) - zeros[1:].mean()

    def _masses(self, n_bins: int, noise: np.ndarray, wrong: np.ndarray | None) -> np.ndarray:
        survival, reading = float(np.clip(noise[0], 0.0, 1.0)), None
        if wrong is not None:
            reading = (float(noise[1]), np.maximum(wrong + noise[2], 0.0), float(noise[3]))
        return noisy_counted_log_masses(self.dimension, self.shots, n_bins, survival, reading)
