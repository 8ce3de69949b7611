"""The eigenvalues of a sum of Pauli words: their moments, the smallest and the largest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.pauli import Word, product, word_matrix
from pennylane_trainability.landscapes.logical import logical_frame

__all__ = ["Spectrum", "spectrum_of", "spectrum_of_matrix"]

#: Largest matrices that are diagonalised, and how many eigenvalues are listed in all.
_MAX_PAIRS, _MAX_VALUES = 8, 1 << 18
#: Sums of more words than this are not squared.
_MAX_WORDS = 1500


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What is known of the eigenvalues ``o_i``.

    Attributes:
        mean: ``Tr O/d``.
        central: ``Σ (o_i − mean)^m/d`` for ``m = 2, 3, 4``; NaN where not known.
        low: the smallest eigenvalue, or a bound from below.
        high: the largest, or a bound from above.
        exact: whether the ends are eigenvalues and no bounds.
    """

    mean: float
    central: tuple[float, float, float]
    low: float
    high: float
    exact: bool

    def mirrored(self) -> Spectrum:
        """That of ``−O``."""
        m2, m3, m4 = self.central
        return Spectrum(-self.mean, (m2, -m3, m4), -self.high, -self.low, self.exact)


def spectrum_of_matrix(matrix: np.ndarray) -> Spectrum:
    """From a Hermitian matrix ``(d, d)``."""
    return _listed(np.linalg.eigvalsh(matrix))


def spectrum_of(sentence: Mapping[Word, float]) -> Spectrum:
    """From a real combination of words.

    The words generate a group that acts on ``k`` logical wires, with a sign for each of ``r``
    further words, all signs equally often. Up to eight wires every sector is diagonalised; beyond,
    the ends are bounds by ``Σ |c|``, and the moments those of products of words.

    Args:
        sentence: ``{word: coefficient}``, words without phases.

    >>> from pennylane_trainability.circuits.pauli import from_letters
    >>> found = spectrum_of({from_letters("XX"): 1.0, from_letters("ZZ"): 1.0, Word(0, 0): 3.0})
    >>> found.mean, found.low, found.high, found.exact
    (3.0, 1.0, 5.0, True)
    """
    constant = float(sentence.get(Word(0, 0), 0.0))
    rest = {w: float(c) for w, c in sentence.items() if w.support and c}
    if not rest:
        return Spectrum(constant, (0.0, 0.0, 0.0), constant, constant, True)
    frame = logical_frame(rest)
    k, r = frame.n_logical, len(frame.radical)
    if k <= _MAX_PAIRS and k + r <= math.log2(_MAX_VALUES) and r + 3 * k <= 28:
        values = _eigenvalues(rest, frame)
        found = _listed(values)
        # words have no trace, so that the mean is known without rounding
        return Spectrum(constant, found.central, constant + found.low, constant + found.high, True)
    reach = sum(map(abs, rest.values()))
    return Spectrum(constant, _moments(rest), constant - reach, constant + reach, False)


def _listed(values: np.ndarray) -> Spectrum:
    mean = float(values.mean())
    m2, m3, m4 = (float(np.mean((values - mean) ** m)) for m in (2, 3, 4))
    return Spectrum(mean, (m2, m3, m4), float(values.min()), float(values.max()), True)


def _eigenvalues(rest: Mapping[Word, float], frame) -> np.ndarray:
    """All eigenvalues, each as often as any other up to a common factor."""
    k, r = frame.n_logical, len(frame.radical)
    rows: dict[Word, np.ndarray] = {}
    for word, coefficient in rest.items():
        at = frame.read(word)
        rows.setdefault(at.word, np.zeros(1 << r))[at.radical] += at.sign * coefficient
    for row in rows.values():
        _walsh(row)
    if not k:
        return rows[Word(0, 0)]
    total = np.zeros((1 << r, 1 << k, 1 << k), complex)
    for word, row in rows.items():
        total += row[:, None, None] * word_matrix(word, k)
    return np.linalg.eigvalsh(total).ravel()


def _walsh(row: np.ndarray) -> None:
    """``Σ_m row[m] (−1)^{m·χ}`` for all ``χ``, in place."""
    half = 1
    while half < len(row):
        parts = row.reshape(-1, 2, half)
        first, second = parts[:, 0].copy(), parts[:, 1].copy()
        parts[:, 0], parts[:, 1] = first + second, first - second
        half *= 2


def _moments(rest: Mapping[Word, float]) -> tuple[float, float, float]:
    """Central moments from the traces of products of words."""
    m2 = sum(c**2 for c in rest.values())
    if len(rest) > _MAX_WORDS:
        return m2, math.nan, math.nan
    square: dict[tuple[int, int], complex] = {}
    for p, c in rest.items():
        for q, d in rest.items():
            x, z, phase = product(p, q)
            square[x, z] = square.get((x, z), 0.0) + c * d * 1j**phase
    m3 = sum(square.get((w.x, w.z), 0.0) * c for w, c in rest.items())
    return m2, float(np.real(m3)), float(sum(abs(v) ** 2 for v in square.values()))
