r"""Sample points that determine a Fourier series, and the linear map from samples to coefficients.

Commensurate frequencies are multiples of a unit in every input: on the uniform grid of one period
the map is the discrete Fourier transform, with condition number 1. Otherwise the points are spread
over a long interval and the coefficients follow by least squares; the condition number is reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from pennylane_trainability.errors import BudgetError, NotFourierError
from pennylane_trainability.fourier.spectrum import Spectrum

__all__ = ["Sampling", "choose_sampling"]

_MAX_DENOMINATOR = 64


@dataclass(frozen=True, slots=True, eq=False)
class Sampling:
    """Where to sample and how to get the rows.

    Attributes:
        spectrum: the spectrum it serves.
        points: ``(G, I)``.
        matrix: ``(K, G)``; ``rows = matrix @ f(points)``.
        condition: condition number of the linear system (1 on a uniform grid).
    """

    spectrum: Spectrum
    points: np.ndarray
    matrix: np.ndarray
    condition: float

    @property
    def hold_out(self) -> np.ndarray:
        """A generic point ``(I,)`` off the grid, the same for equal spectra."""
        golden = (np.sqrt(5.0) - 1) / 2
        reach = np.maximum(np.abs(self.points).max(axis=0), 1.0)
        return reach * ((golden * np.arange(1, self.points.shape[1] + 1)) % 1.0)


def choose_sampling(spectrum: Spectrum, max_points: int = 20_000) -> Sampling:
    """Sample points for a spectrum.

    Args:
        spectrum: the frequencies.
        max_points: refuse more points than this.

    Raises:
        BudgetError: a full grid would have more points; the message has the count.
        NotFourierError: no well-conditioned points were found.
    """
    units = [_unit(column) for column in spectrum.frequencies.T]
    if all(u is not None for u in units):
        sizes = [
            2 * round(float(np.abs(column).max(initial=0.0) / unit)) + 1
            for column, unit in zip(spectrum.frequencies.T, units, strict=True)
        ]
        total = int(np.prod([float(s) for s in sizes]))
        if total <= max(8 * spectrum.n_rows, 64) or spectrum.n_inputs > 1:
            if total > max_points:
                raise BudgetError(
                    f"The full grid for {spectrum.n_inputs} inputs has "
                    f"{' × '.join(map(str, sizes))} = {total} points, more than "
                    f"max_points={max_points}. Analyse fewer inputs at a time "
                    "(encoding_args={name: indices}), pass spectrum=… with fewer frequencies, use "
                    "data=…, or raise max_points."
                )
            return _uniform(spectrum, units, sizes)
    return _long_interval(spectrum, max_points)


def _unit(column: np.ndarray) -> float | None:
    """The largest unit all frequencies are multiples of; ``None`` if there is none worth having."""
    values = np.unique(np.abs(column[column != 0]))
    if not len(values):
        return 1.0
    ratios = [Fraction(float(v / values[0])).limit_denominator(_MAX_DENOMINATOR) for v in values]
    if any(
        abs(float(r) - v / values[0]) > 1e-8 * float(r) for r, v in zip(ratios, values, strict=True)
    ):
        return None
    denominator = lcm(*(r.denominator for r in ratios))
    # one of the ratios is 1 and all are in lowest terms: nothing larger divides all of them
    return float(values[0]) / denominator


def _uniform(spectrum: Spectrum, units, sizes) -> Sampling:
    axes = [
        2 * np.pi * np.arange(size) / (size * unit) for size, unit in zip(sizes, units, strict=True)
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    return Sampling(spectrum, points, spectrum.basis(points).T / len(points), 1.0)


def _long_interval(spectrum: Spectrum, max_points: int) -> Sampling:
    """Least squares on a jittered grid over several beat periods of the closest frequencies."""
    count = 2 * spectrum.n_rows + 1
    if count > max_points:
        raise BudgetError(f"{count} sample points are needed, more than max_points={max_points}.")
    signed = np.concatenate([spectrum.frequencies, np.zeros((1, spectrum.n_inputs))])
    everything = np.concatenate([signed, -signed])
    gap = np.linalg.norm(everything[:, None] - everything[None], axis=-1)
    gap = gap[gap > 1e-9].min()
    rng = np.random.default_rng(20260518)  # fixed: the same points for the same spectrum
    condition, points, basis = _jittered(spectrum, count, 2.0, gap, rng)
    for stretch in (4.0, 8.0, 16.0):
        if condition < 10:
            break
        found = _jittered(spectrum, count, stretch, gap, rng)
        if found[0] < condition:
            condition, points, basis = found
    if condition > 1e8:
        raise NotFourierError(
            f"The frequencies are too close to tell apart: condition number {condition:.1e} with "
            f"{count} sample points. Pass spectrum=… with well separated frequencies."
        )
    return Sampling(spectrum, points, np.linalg.pinv(basis), condition)


def _jittered(
    spectrum: Spectrum, count: int, stretch: float, gap: float, rng: np.random.Generator
) -> tuple[float, np.ndarray, np.ndarray]:
    """Condition number, points and basis of one jittered grid."""
    grid = (np.arange(count)[:, None] + rng.uniform(size=(count, spectrum.n_inputs))) / count
    for column in range(1, spectrum.n_inputs):
        grid[:, column] = rng.permutation(grid[:, column])
    points = grid * stretch * np.pi / gap
    basis = spectrum.basis(points)
    return float(np.linalg.cond(basis)), points, basis
