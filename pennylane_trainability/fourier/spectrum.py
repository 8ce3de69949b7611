r"""Frequencies of ``f(x) = Σ_k c_k e^{+ik·x}`` and the order of the real coefficients.

Only mathematics on arrays: no circuits here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Spectrum", "distinct", "minkowski_sum", "redundancy", "spectrum_of"]

_ROUND = 9


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The positive half of a spectrum, in row order.

    Attributes:
        frequencies: ``(R, I)``, lexicographically positive vectors, ascending, without zero.
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


def distinct(values: np.ndarray) -> np.ndarray:
    """Rows (or numbers) that differ by more than rounding, ascending, each as exact as it came.

    Frequencies are told apart at nine decimals but not cut there: sample points of incommensurate
    frequencies lie far out, where a change in the tenth decimal is a phase that shows.

    >>> distinct(np.array([0.3, 0.1 + 0.2, np.sqrt(2)])).tolist()
    [0.3, 1.4142135623730951]
    """
    rounded = np.round(values, _ROUND) + 0.0
    _, first = np.unique(rounded, axis=0, return_index=True)
    near = np.abs(rounded - values) < 1e-12 * np.maximum(1.0, np.abs(values))
    return np.where(near, rounded, values)[first]


def spectrum_of(frequencies) -> Spectrum:
    """The ordered positive half of a set of frequency vectors (or scalars), both signs or one.

    Args:
        frequencies: ``(m,)`` or ``(m, I)``.
    """
    vectors = np.asarray(frequencies, float)
    if vectors.ndim == 1:
        vectors = vectors[:, None]
    vectors = np.where(np.round(vectors, _ROUND) == 0, 0.0, vectors)
    sign = np.zeros(len(vectors))
    for column in vectors.T[::-1]:
        sign = np.where(column != 0, np.sign(column), sign)
    vectors = (vectors * sign[:, None])[sign != 0]
    return Spectrum(distinct(vectors))


def minkowski_sum(parts: list[tuple[np.ndarray, np.ndarray, int]], n_inputs: int) -> np.ndarray:
    """All sums of one eigenvalue difference per encoding gate.

    Args:
        parts: ``(direction (I,), differences (q,), multiplicity)`` per kind of gate; a gate of
            angle ``direction·x`` contributes ``difference · direction``.
        n_inputs: number of inputs ``I``.

    Returns:
        ``(m, I)`` distinct frequency vectors.
    """
    total = np.zeros((1, n_inputs))
    for direction, differences, count in parts:
        for multiple in _repeated(differences, count):
            total = (total[:, None] + multiple[None, :, None] * direction).reshape(-1, n_inputs)
            total = distinct(total)
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
    start = np.zeros(spectrum.n_inputs)
    counts: dict[tuple, tuple[np.ndarray, float]] = {_key(start): (start, 1.0)}
    for direction, differences, repeat in parts:
        steps = [
            (value * direction, np.sum(np.abs(differences - value) < 10.0**-_ROUND))
            for value in distinct(differences)
        ]
        for _ in range(repeat):
            new: dict[tuple, tuple[np.ndarray, float]] = {}
            for vector, amount in counts.values():
                for step, times in steps:
                    k = vector + step
                    new[_key(k)] = (k, new.get(_key(k), (k, 0.0))[1] + amount * times)
            counts = new
    everything = np.concatenate([start[None], spectrum.frequencies])
    return np.array([counts[_key(k)][1] if _key(k) in counts else 0.0 for k in everything])


def _key(vector: np.ndarray) -> tuple:
    return tuple(np.round(vector, _ROUND))  # zeros of either sign are equal
