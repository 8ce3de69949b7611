r"""Purities of single wires from measured Bloch vectors, with a calibration or without.

The square of a mean ``m`` of ``M`` shots is too large by its variance, of which
``(1 − m²)/(M − 1)`` is an unbiased estimate. Depolarising noise and errors of reading make a mean
``x`` to ``a + b s x`` with ``a = d − u`` and ``b = 1 − u − d``: measured means become
``(m − a)/(b s)``, and their variances are divided by ``(b s)²``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.diagnostics.calibration import Known
from pennylane_trainability.results import Cost

__all__ = ["Purities", "purities_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Purities:
    """What is known about purities at ``D`` draws.

    Attributes:
        values: ``Tr ρ_k²``, unbiased, ``(D, n)``.
        cost: what was run.
        vectors: measured components of Bloch vectors, ``(3, D, n)``, where there is a calibration.
        shots: of every circuit.
        wires: labels of the wires.
        known: the calibration.
    """

    values: np.ndarray
    cost: Cost = field(default_factory=Cost)
    vectors: np.ndarray | None = None
    shots: int | None = None
    wires: tuple = ()
    known: Known | None = None

    def capabilities(self) -> np.ndarray:
        """``Q = 2 (1 − mean Tr ρ_k²)`` at every draw, ``(D,)``."""
        return 2 * (1 - self.values.mean(axis=1))

    def raw_capabilities(self) -> np.ndarray:
        """The same without a calibration."""
        if self.vectors is None:
            return self.capabilities()
        return 2 * (1 - _purities(self.vectors, self.shots).mean(axis=1))

    def error(self) -> float:
        """What the calibration adds to the error of the mean of ``Q``."""
        known, vectors = self.known, self.vectors
        if known is None or vectors is None:
            return 0.0

        def purity(means: np.ndarray) -> np.ndarray:
            scale = _scale(known, self.wires, means)
            return np.array(_purities(vectors, self.shots, *scale).mean())

        return float(2 * np.sqrt(np.sum(known.factors(purity) ** 2)))


def purities_of(
    vectors: np.ndarray, shots: int | None, wires: tuple, known: Known | None, cost: Cost
) -> Purities:
    """Purities from measured Bloch vectors.

    Args:
        vectors: components, ``(3, D, n)``.
        shots: of every circuit; ``None`` for exact means.
        wires: labels of the wires.
        known: a calibration, or ``None``.
        cost: what was run.
    """
    if known is None:
        return Purities(_purities(vectors, shots), cost)
    values = _purities(vectors, shots, *_scale(known, wires, known.means))
    return Purities(values, cost, vectors, shots, wires, known)


def _scale(known: Known, wires: tuple, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and factors of measured means, per wire."""
    survival = float(known.per_circuit(means)[0])
    flips = known.flips(means)
    if flips is None:
        return np.zeros(len(wires)), np.full(len(wires), survival)
    up, down = flips[[known.made.wires.index(wire) for wire in wires]].T
    return down - up, survival * (1 - up - down)


def _purities(
    vectors: np.ndarray,
    shots: int | None,
    offset: np.ndarray | float = 0.0,
    factor: np.ndarray | float = 1.0,
) -> np.ndarray:
    squares = ((vectors - offset) / factor) ** 2
    if shots is not None:
        squares = squares - (1 - vectors**2) / ((shots - 1) * np.square(factor))
    return (1 + squares.sum(axis=0)) / 2
