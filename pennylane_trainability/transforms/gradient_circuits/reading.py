"""What circuits are asked for, and what their results say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.pauli import Word, to_pauli_word
from pennylane_trainability.transforms.qfim_circuits.read_outs import (
    MeanReadOut,
    Means,
    Observed,
    ReadOut,
)

__all__ = ["Parities", "observed_of", "words_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Parities:
    """Parities of more wires than outcomes can be kept of, from exact probabilities.

    Attributes:
        wires: labels, the leading bit first.
        masks: bits that each parity is of.
        signs: in front of each.
    """

    wires: tuple
    masks: tuple[int, ...]
    signs: tuple[int, ...]

    @property
    def measurements(self) -> list:
        """What the device is asked for."""
        return [qml.probs(wires=self.wires)]

    def observed(self, result, shots: int | None) -> Means:
        """Means from probabilities."""
        p = np.asarray(result, float).reshape(-1)
        index = np.arange(p.size)
        means = [sign * (1 - 2 * (np.bitwise_count(index & m) & 1).astype(np.int8)) @ p
                 for m, sign in zip(self.masks, self.signs, strict=True)]  # fmt: skip
        return Means(np.array(means))


def words_of(words: Sequence[Word], labels: Sequence) -> MeanReadOut:
    """Expectation values of words, which the device finds by itself."""
    named, signs = [], []
    for word in words:
        pauli, phase = to_pauli_word(word, labels)
        named.append(pauli.operation(wire_order=[*pauli]))
        signs.append(int(np.real(phase)))
    return MeanReadOut(tuple(named), tuple(signs))


def observed_of(
    read: ReadOut | MeanReadOut | Parities, result, shots: int | None, batch: int | None
) -> list[Observed | Means]:
    """Outcomes of one circuit; one entry per entry of the broadcasting axis of its tape."""
    if batch is None:
        return [read.observed(result, shots)]
    if isinstance(read, MeanReadOut):
        values = result if len(read.words) > 1 else (result,)
        columns = [np.reshape(np.asarray(value, float), (batch,)) for value in values]
        return [read.observed([column[b] for column in columns], shots) for b in range(batch)]
    if isinstance(result, dict):
        result = [result]
    return [read.observed(row, shots) for row in result]
