"""What the bits of a circuit mean, and what a device says about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.tableau import bits

__all__ = ["MeanReadOut", "Means", "Observed", "ReadOut"]

#: Up to here outcomes are asked for as probabilities, beyond as counts.
_MAX_DENSE = 12


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Outcomes of one circuit.

    Attributes:
        values: value ±1 of every observable in every outcome that was seen, ``(W, u)``.
        weights: how often each was seen, or its probability, ``(u,)``.
        n_bits: number of bits that were read.
        outcomes: the outcomes as numbers, the leading bit first, ``(u,)``, where they are kept.
    """

    values: np.ndarray
    weights: np.ndarray
    n_bits: int
    outcomes: np.ndarray | None = None

    @property
    def means(self) -> np.ndarray:
        """``(W,)``."""
        return self.values @ self.weights / np.sum(self.weights)


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Means of the observables of one circuit, from a device that gives no outcomes.

    Attributes:
        means: ``(W,)``.
    """

    means: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class ReadOut:
    """What the bits of a circuit mean: parities with signs, or "all as at the start"."""

    wires: tuple
    masks: tuple[int, ...]
    signs: tuple[int, ...]
    start: int | None = None
    native: bool = False

    @property
    def is_dense(self) -> bool:
        """Whether it asks for probabilities of all outcomes."""
        return len(self.wires) <= _MAX_DENSE

    @property
    def measurements(self) -> list:
        """What the device is asked for."""
        dense = self.is_dense
        if self.native:
            return [qml.probs(op=list(self.wires)) if dense else qml.counts(op=list(self.wires))]
        return [qml.probs(wires=self.wires) if dense else qml.counts(wires=self.wires)]

    def observed(self, result, shots: int | None) -> Observed:
        """Outcomes from what the device returns."""
        k = len(self.wires)
        if isinstance(result, dict):
            index = np.array([int(str(bits), 2) for bits in result], dtype=object)
            weights = np.array(list(result.values()), float)
        else:
            frequencies = np.asarray(result, float).reshape(-1)
            index = np.flatnonzero(frequencies)
            weights = frequencies[index]
            if shots:
                weights = np.rint(weights * shots)
        if self.start is not None:
            same = np.array([int(i) == self.start for i in index])
            return Observed(np.where(same, 1, -1)[None].astype(np.int8), weights, k, index)
        if k <= 62:
            index = index.astype(np.int64)
            odd = np.array([np.bitwise_count(index & m) & 1 for m in self.masks])
        else:
            seen, asked = bits(index.tolist(), k), bits(self.masks, k)
            # sums of at most a few thousand bits are exact in single precision
            odd = (asked.astype(np.float32) @ seen.T.astype(np.float32)).astype(int) & 1
        signs = np.array(self.signs)[:, None]
        values = (signs * (1 - 2 * odd.astype(int))).astype(np.int8)
        return Observed(values, weights, k, index)


@dataclass(frozen=True, slots=True, eq=False)
class MeanReadOut:
    """Pauli words that the device turns into means by itself."""

    words: tuple
    signs: tuple[int, ...]

    @property
    def measurements(self) -> list:
        """What the device is asked for."""
        return [qml.expval(word) for word in self.words]

    def observed(self, result, shots: int | None) -> Means:
        """Means from what the device returns."""
        return Means(np.ravel(np.asarray(result, float)) * np.array(self.signs))
