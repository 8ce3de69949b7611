"""Expectation values as sums of Pauli words, and the way back from the words to the values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.measurements import ExpectationMP, MeasurementProcess
from pennylane.wires import Wires

from pennylane_trainability.circuits.pauli import Word, from_pauli_word

__all__ = ["Combination", "Sentence", "sentence_of"]

#: A real combination of Pauli words; coefficients may be tensors of any interface.
Sentence = list[tuple[Word, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """One value as ``constant + Σ coefficient · result``.

    Attributes:
        constant: coefficient of the identity; None if there is none.
        coefficients: one per place, at least one.
        places: ``(number of the circuit, number of its measurement)``.
    """

    constant: Any
    coefficients: list
    places: list[tuple[int, int]]

    def value(self, results: list[tuple]):
        """The value, in the interface and the shape of the results.

        Args:
            results: per circuit a tuple with one result per measurement.
        """
        terms = [results[tape][position] for tape, position in self.places]
        numbers = all(isinstance(c, float) for c in self.coefficients)
        if numbers and len(terms) == 1:
            factor = float(self.coefficients[0])
            total = terms[0] if factor == 1 else factor * terms[0]
        else:
            weights = np.array(self.coefficients) if numbers else qml.math.stack(self.coefficients)
            total = qml.math.dot(weights, qml.math.stack(terms))
        return total if self.constant is None else total + self.constant


def sentence_of(measurement: MeasurementProcess, wires: Wires) -> Sentence | None:
    """The Pauli words of an expectation value on the wire order ``wires``.

    Coefficients that are plain numbers come as ``np.float64``, and zeros are left out. None for
    every other measurement, and where a coefficient is not real.
    """
    if type(measurement) is not ExpectationMP or measurement.obs is None:
        return None
    words = measurement.obs.pauli_rep
    if words is None:
        return None
    out: Sentence = []
    for word, coefficient in words.items():
        value = _real(coefficient)
        if value is None:
            return None
        if not isinstance(value, float) or value:
            out.append((from_pauli_word(word, wires), value))
    return out


def _real(coefficient):
    """A coefficient without its vanishing imaginary part; None if that does not vanish."""
    if qml.math.is_abstract(coefficient):
        return None if "complex" in qml.math.get_dtype_name(coefficient) else coefficient
    if np.any(qml.math.toarray(qml.math.imag(coefficient))):
        return None
    real = qml.math.real(coefficient)
    # np.float64 keeps its digits among tensors, where Torch rounds a float to single precision
    return np.float64(real) if isinstance(real, (int, float, np.number)) else real
