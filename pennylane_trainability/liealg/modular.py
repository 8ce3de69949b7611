"""Ranks in whole numbers modulo a prime, free of rounding errors."""

from __future__ import annotations

import numpy as np

__all__ = ["PRIME", "Echelon", "multiplied"]

#: Products of two residues fit in 64 bits.
PRIME = (1 << 31) - 1


def multiplied(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``A B`` modulo the prime, by exact products of 16-bit halves in floating point.

    Args:
        first: residues, ``(a, k)`` with ``k < 2^21``.
        second: residues, ``(k, b)``.

    >>> int(multiplied(np.array([[PRIME - 1]]), np.array([[PRIME - 2]]))[0, 0])
    2
    """
    high, low = (np.asarray(part, float) for part in (first >> 16, first & 0xFFFF))
    upper, lower = (np.asarray(part, float) for part in (second >> 16, second & 0xFFFF))
    tops = (high @ upper).astype(np.int64) % PRIME
    middle = (high @ lower + low @ upper).astype(np.int64) % PRIME
    lows = (low @ lower).astype(np.int64) % PRIME
    return (((tops << 16) + middle) % PRIME * (1 << 16) + lows) % PRIME


class Echelon:
    """Rows in reduced echelon form; columns may be added at any time, as zeros."""

    __slots__ = ("_pivots", "_rows")

    def __init__(self) -> None:
        self._rows = np.zeros((0, 0), np.int64)
        self._pivots: list[int] = []

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        """Bytes of the rows."""
        return self._rows.nbytes

    def extend(self, vectors: np.ndarray) -> np.ndarray:
        """Let vectors join; what is new of them, reduced.

        Args:
            vectors: residues, ``(f, W)``, with as many columns as before or more.
        """
        own = np.pad(self._rows, ((0, 0), (0, vectors.shape[1] - self._rows.shape[1])))
        rest = vectors
        if len(own):
            rest = (vectors - multiplied(vectors[:, self._pivots], own)) % PRIME
        new, pivots = _reduced(rest)
        if len(new):
            own = (own - multiplied(own[:, pivots], new)) % PRIME if len(own) else own
        self._rows = np.concatenate([own, new])
        self._pivots += pivots
        return new


def _reduced(vectors: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Reduced echelon form of some rows, without rows of zeros, and its pivots."""
    rows = vectors[vectors.any(axis=1)].copy()
    pivots: list[int] = []
    while len(pivots) < len(rows):
        k = len(pivots)
        pivot = int(np.argmax(rows[k] != 0))
        rows[k] = rows[k] * pow(int(rows[k, pivot]), -1, PRIME) % PRIME
        factors = rows[:, pivot].copy()
        factors[k] = 0
        hit = np.flatnonzero(factors)
        rows[hit] = (rows[hit] - factors[hit, None] * rows[k]) % PRIME
        pivots.append(pivot)
        stay = rows.any(axis=1)
        if not stay.all():
            rows = rows[stay]
    return rows, pivots
