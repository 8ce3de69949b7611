r"""Frequencies of ``f(x) = Σ_k c_k e^{+ik·x}`` and the order of the real coefficients.

Only mathematics on arrays: no circuits here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Spectrum", "minkowski_sum", "redundancy", "spectrum_of"]

_ROUND = 9


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The positive half of a spectrum, in row order.

    Attributes:
        frequencies: ``(R, I)``, lexicographically positive vectors in ascending order, without zero.
    """

    frequencies: np.ndarray

    @property
    def n_rows(self) -> int:
        """``K = 1 + 2R``, the number of real coefficients."""
        return 1 + 2 * len(self.frequencies)

    @property
    def n_inputs(self) -> int:
        """Number of inputs ``I``."""
        return self.frequencies.shape[1]

    def labels(self) -> tuple[tuple[tuple[float, ...], str], ...]:
        """``(frequency vector, "constant" | "cosine" | "sine")`` of every row."""
        rows: list[tuple[tuple[float, ...], str]] = [((0.0,) * self.n_inputs, "constant")]
        for k in self.frequencies:
            vector = tuple(float(v) for v in k)
            rows += [(vector, "cosine"), (vector, "sine")]
        return tuple(rows)

    def basis(self, points: np.ndarray) -> np.ndarray:
        r"""``(n, K)``: ``1, √2 cos k·x, −√2 sin k·x, …`` so that ``f(x) = basis · rows``."""
        phase = points @ self.frequencies.T
        out = np.empty((len(points), self.n_rows))
        out[:, 0] = 1.0
        out[:, 1::2] = np.sqrt(2) * np.cos(phase)
        out[:, 2::2] = -np.sqrt(2) * np.sin(phase)
        return out


def rows_of(coefficients: np.ndarray) -> np.ndarray:
    """``(1 + R, …)`` complex coefficients ``c_0, c_k …`` → ``(K, …)`` real rows."""
    half = coefficients[1:]
    out = np.empty((1 + 2 * len(half), *coefficients.shape[1:]))
    out[0] = coefficients[0].real
    out[1::2] = np.sqrt(2) * half.real
    out[2::2] = np.sqrt(2) * half.imag
    return out


def spectrum_of(frequencies) -> Spectrum:
    """The ordered positive half of a set of frequency vectors (or scalars), both signs or one.

    Args:
        frequencies: ``(m,)`` or ``(m, I)``.
    """
    vectors = np.asarray(frequencies, float)
    if vectors.ndim == 1:
        vectors = vectors[:, None]
    vectors = np.round(vectors, _ROUND) + 0.0
    sign = np.zeros(len(vectors))
    for column in vectors.T[::-1]:
        sign = np.where(column != 0, np.sign(column), sign)
    vectors = (vectors * sign[:, None])[sign != 0] + 0.0
    return Spectrum(np.unique(vectors, axis=0))


def minkowski_sum(parts: list[tuple[np.ndarray, np.ndarray, int]], n_inputs: int) -> np.ndarray:
    """All sums of one eigenvalue difference per encoding gate.

    Args:
        parts: ``(direction (I,), differences (q,), multiplicity)`` per kind of gate; a gate of angle
            ``direction·x`` contributes ``difference · direction``.
        n_inputs: number of inputs ``I``.

    Returns:
        ``(m, I)`` distinct frequency vectors.
    """
    total = np.zeros((1, n_inputs))
    for direction, differences, count in parts:
        for multiple in _repeated(differences, count):
            total = (total[:, None] + multiple[None, :, None] * direction).reshape(-1, n_inputs)
            total = np.unique(np.round(total, _ROUND) + 0.0, axis=0)
    return total


def _repeated(differences: np.ndarray, count: int) -> list[np.ndarray]:
    """``count`` equal gates: one range where the differences are ``{-s, 0, s}``."""
    positive = differences[differences > 0]
    if len(differences) == 3 and len(positive) == 1:
        return [positive[0] * np.arange(-count, count + 1)]
    return [differences] * count


def redundancy(parts: list[tuple[np.ndarray, np.ndarray, int]], spectrum: Spectrum) -> np.ndarray:
    r"""Number of eigenvalue paths per frequency, zero first: ``R(k)``, shape ``(1 + R,)``.

    For ``E`` Pauli encodings of unit prefactor it is ``C(2E, E+k)`` (Vandermonde).

    Args:
        parts: as in :func:`minkowski_sum`, but ``differences`` with repetitions (all pairs).
        spectrum: the spectrum to count on.
    """
    counts: dict[tuple, float] = {(0.0,) * spectrum.n_inputs: 1.0}
    for direction, differences, repeat in parts:
        values, multiplicity = np.unique(np.round(differences, _ROUND), return_counts=True)
        for _ in range(repeat):
            new: dict[tuple, float] = {}
            for key, amount in counts.items():
                for value, times in zip(values, multiplicity, strict=True):
                    k = tuple(np.round(np.array(key) + value * direction, _ROUND) + 0.0)
                    new[k] = new.get(k, 0.0) + amount * times
            counts = new
    keys = [(0.0,) * spectrum.n_inputs, *map(tuple, spectrum.frequencies)]
    return np.array([counts.get(key, 0.0) for key in keys])
