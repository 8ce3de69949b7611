"""Overlaps of all pairs of simulated states: as many states as the precision asked for needs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.state_ask import StateAsk, state_chunks
from pennylane_trainability.diagnostics.state_overlaps import all_real
from pennylane_trainability.results import Cost
from pennylane_trainability.simulation.draws import over_draws, slices
from pennylane_trainability.simulation.states import final_states
from pennylane_trainability.statistics.all_pairs import first_component, mean_variance
from pennylane_trainability.statistics.divergence import Divergence
from pennylane_trainability.statistics.fidelity_laws import bin_numbers, haar_log_masses
from pennylane_trainability.statistics.pair_histogram import PairHistogram, divergence_of_pairs

__all__ = ["StatePairs", "all_pairs"]

#: States of a group, whose overlaps are all taken: at most, and at least.
_MOST, _LEAST = 128, 20
#: More groups than the first ones say are needed: their estimate is rough.
_MARGIN = 1.1


@dataclass(frozen=True)
class StatePairs:
    """What was found about pure states of all wires.

    Attributes:
        histogram: of the overlaps.
        means: of their powers, ``(T,)``.
        spread: of the means of single states, ``(T,)``.
        squares: means of the squares of the powers, ``(T,)``.
        real: whether all states are real, up to a phase each.
        cost: nothing.
    """

    histogram: PairHistogram
    means: np.ndarray
    spread: np.ndarray
    squares: np.ndarray
    real: bool
    cost: Cost = field(default_factory=Cost)
    shots = survival = calibration = None
    pure, purity = True, 1.0

    @property
    def n_states(self) -> int:
        """How many were simulated."""
        return self.histogram.groups * self.histogram.size

    def counts(self, n_bins: int) -> np.ndarray:
        """The histogram, which has its bins already."""
        return self.histogram.counts

    def divergence(self, log_masses: np.ndarray, level: float, dimension: int, rng) -> Divergence:
        """From a law."""
        return divergence_of_pairs(self.histogram, log_masses, level, dimension)

    def potentials(self) -> tuple[np.ndarray, np.ndarray]:
        """Means of the powers of the overlaps, and their standard errors."""
        return self.means, np.sqrt(self._variances()[0])

    def raw_potentials(self) -> tuple[np.ndarray, np.ndarray]:
        """The same: nothing is calibrated."""
        return self.potentials()

    def added_error(self, n_bins: int) -> float:
        """No calibration adds to the error of the divergence."""
        return 0.0

    def worth(self, log_masses: np.ndarray) -> float:
        """Separate pairs that would tell as much, the least over divergence and potentials."""
        least = [self.histogram.worth(log_masses)]
        for variance, second in zip(*self._variances(), strict=True):
            if second > 1e-14:  # equal overlaps differ by rounding
                least.append(float(second / variance))
        return min(least)

    def _variances(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the means of the powers, and of the powers of one overlap."""
        second = np.maximum(self.squares - self.means**2, 0.0)
        groups, size = self.histogram.groups, self.histogram.size
        first = first_component(self.spread, second, size)
        return mean_variance(first, second, groups, size), second


def all_pairs(ask: StateAsk, reading: Reading, n_pairs: int, n_bins: int, order: int) -> StatePairs:
    """Overlaps of all pairs of states, of as many states as are worth so many separate pairs.

    A first group says how much pairs of one state have in common; more follow if they must, up to
    two states per separate pair.

    Args:
        ask: the options.
        reading: the QNode at one call.
        n_pairs: separate pairs whose precision is wanted.
        n_bins: of the histogram.
        order: highest power ``T``.

    Raises:
        BudgetError: states do not fit the memory.
    """
    n_wires = reading.circuit.n_wires
    cached = state_chunks(_MOST, n_wires, ask.memory, _LEAST)[0].stop
    size, law = min(_MOST, cached), haar_log_masses(2**n_wires, n_bins)
    options = (size, n_bins, order)
    first = -(-_MOST // size)
    parts = [*_groups(ask, reading, first, options, 1)]
    needed = first * _MARGIN * n_pairs / _joined(parts, size).worth(law)
    more = min(math.ceil(needed), -(-2 * n_pairs // size)) - first
    if more > 0:
        parts += _groups(ask, reading, more, options, 3)
    return _joined(parts, size)


def _groups(ask, reading, count: int, options: tuple[int, int, int], purpose: int) -> Iterable:
    size = options[0]
    parameters = ask.drawn(reading, count * size, purpose)
    parts = slices(len(parameters), size)
    return over_draws(_of_group, reading, parameters, parts, ask.workers, *options[1:])


def _of_group(circuit: Circuit, count: int, n_bins: int, order: int) -> tuple:
    """Counts, covariance of rows, means, spreads and squares of powers, whether all are real."""
    states = final_states(circuit)
    states = np.broadcast_to(states, (count, states.shape[1]))
    product = states.conj() @ states.T
    overlap = np.minimum(product.real**2 + product.imag**2, 1.0)
    rows = _rows(overlap, n_bins)
    np.fill_diagonal(overlap, 0.0)  # a state and itself are no pair
    powers = [overlap**t for t in range(1, order + 1)]
    means = np.stack([np.sum(power, axis=1) for power in powers]) / (count - 1)
    squares = [np.vdot(power, power) / (count * (count - 1)) for power in powers]
    return (
        np.sum(rows, axis=0) // 2,
        _covariance(rows / (count - 1)),
        np.mean(means, axis=1),
        np.var(means, axis=1, ddof=1),
        np.array(squares),
        all_real(states),
    )


def _covariance(rows: np.ndarray) -> np.ndarray:
    centred = rows - np.mean(rows, axis=0)
    return centred.T @ centred / (len(rows) - 1)


def _rows(overlap: np.ndarray, n_bins: int) -> np.ndarray:
    """How many overlaps of every state with others are in every bin, ``(m, B)``."""
    each = np.arange(len(overlap))
    bins = bin_numbers(overlap, n_bins)
    own = bins.diagonal().copy()
    bins += n_bins * each[:, None]
    rows = np.bincount(bins.ravel(), minlength=n_bins * len(each)).reshape(-1, n_bins)
    rows[each, own] -= 1
    return rows


def _joined(parts: list, size: int) -> StatePairs:
    counts, spread, means, spreads, squares, real = zip(*parts, strict=True)
    histogram = PairHistogram(np.sum(counts, axis=0), np.mean(spread, axis=0), len(parts), size)
    averages = [np.mean(each, axis=0) for each in (means, spreads, squares)]
    return StatePairs(histogram, averages[0], averages[1], averages[2], all(real))
