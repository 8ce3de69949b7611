"""What drawn paths are worth, summed up: as counts where they are all alike, else as moments."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.landscapes.cross_terms import Pairs, phases
from pennylane_trainability.landscapes.path_model import PathModel
from pennylane_trainability.landscapes.paths import Walk, pack, unpack
from pennylane_trainability.landscapes.product_state import expectations

__all__ = ["Tally", "path_values"]


def path_values(model: PathModel, pairs: Pairs, walked: Walk) -> np.ndarray:
    """``Tr(ρA) Tr(ρB)`` at the ends of all paths with the sign of the pair, ``(M,)``."""
    n = model.n_wires
    dead = np.bitwise_or.reduce(walked.ends[:n][model.is_basis], axis=0)
    alive = np.flatnonzero(unpack(walked.varied & ~dead))
    values = np.zeros(len(walked.pairs))
    chosen = walked.pairs[alive]
    signs = np.sign(pairs.weights[chosen])
    if pairs.is_diagonal and model.is_basis.all():
        values[alive] = signs
        return values
    ends = unpack(walked.ends)[:, alive].T
    first = ends[:, :n], ends[:, n:]
    x, z = model.words
    a, b = pairs.first[chosen], pairs.second[chosen]
    product = x[a] ^ x[b], z[a] ^ z[b]
    power = phases((x[a], z[a]), (x[b], z[b])) + phases(first, product)
    found = expectations(model.bloch, *first)
    found = found * expectations(model.bloch, first[0] ^ product[0], first[1] ^ product[1])
    values[alive] = signs * found * (1 - (power & 2))
    return values


@dataclass(slots=True, eq=False)
class Tally:
    """Sums over paths; rotations in the first axis, the loss itself in an entry of its own.

    Attributes:
        trials: number of paths.
        loss: ``Σ v`` and ``Σ v²`` of the values, and how many are not zero, ``(3,)``.
        cosine: the same over paths that anticommuted and kept their word, ``(3, m)``.
        sine: the same over paths that took the sine, ``(3, m)``; empty for uniform angles.
        is_sign: whether all values so far were 0 or ±1.
    """

    trials: int
    loss: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    is_sign: bool = field(default=True)

    @classmethod
    def empty(cls, count: int) -> Tally:
        """Nothing yet."""
        return cls(0, np.zeros(3), np.zeros((3, count)), np.zeros((3, count)))

    def add(self, walked: Walk, values: np.ndarray) -> None:
        """Count some paths in."""
        self.trials += len(values)
        self.is_sign = self.is_sign and bool(np.all(np.isin(values, (-1.0, 0.0, 1.0))))
        self.loss += np.array([values.sum(), (values**2).sum(), np.count_nonzero(values)])
        cosine = walked.anticommuted
        if walked.turned is not None:
            cosine = cosine & ~walked.turned
            self.sine += _sums(walked.turned, values) - self._single(walked, values)
        self.cosine += _sums(cosine, values)

    def _single(self, walked: Walk, values: np.ndarray) -> np.ndarray:
        """Paths whose only sine is at the rotation that is differentiated: known without them."""
        own = np.flatnonzero(unpack(walked.single) & (values != 0))
        out = np.zeros_like(self.sine)
        parts = np.stack([values[own], values[own] ** 2, np.ones(len(own))])
        for row, part in zip(out, parts, strict=True):
            np.add.at(row, walked.leaves[own], part)
        return out


def _sums(masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``Σ v``, ``Σ v²`` and the number of values other than zero, of the paths in every row."""
    signs = [pack(values == sign) for sign in (1.0, -1.0)]
    plus, minus = (np.bitwise_count(masks & own).sum(axis=1, dtype=np.int64) for own in signs)
    out = np.stack([plus - minus, plus + minus, plus + minus]).astype(float)
    rest = np.flatnonzero((values != 0) & (np.abs(values) != 1))
    if len(rest):
        table = np.stack([values[rest], values[rest] ** 2, np.ones(len(rest))], axis=1)
        step = max(1, 2**22 // len(values))
        for start in range(0, len(masks), step):
            rows = unpack(masks[start : start + step])[:, rest].astype(float)
            out[:, start : start + step] += (rows @ table).T
    return out
