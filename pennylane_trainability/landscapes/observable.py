"""The observable of a loss as a real combination of Pauli words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pennylane as qml
from pennylane.measurements import ExpectationMP, MeasurementProcess
from pennylane.operation import Operator
from pennylane.ops import SProd, Sum

from pennylane_trainability.circuits.pauli import (
    Word,
    from_pauli_word,
    pauli_coefficients,
    place,
)
from pennylane_trainability.circuits.tracer import Traced, holds_objects
from pennylane_trainability.errors import ReadingError

__all__ = ["one_expectation", "pauli_terms"]

_MAX_DENSE = 5
#: A projector on ``k`` wires has ``2^k`` words.
_MAX_PROJECTOR = 14


def pauli_terms(
    measurements: Sequence[MeasurementProcess], position: Mapping
) -> list[tuple[float, Word]]:
    """Coefficients and words of the one expectation value that a circuit returns.

    Args:
        measurements: what the circuit returns.
        position: wire label → position.

    Returns:
        Words without phases, each once, the identity included; no zero coefficients.

    Raises:
        ReadingError: there is not exactly one expectation value, or its observable is no sum of
            Pauli words, of projectors on few wires and of matrices on few wires.
    """
    found: dict[Word, float] = {}
    for coefficient, word in _terms(one_expectation(measurements), position):
        found[word] = found.get(word, 0.0) + coefficient
    return [(c, word) for word, c in found.items() if c]


def one_expectation(measurements: Sequence[MeasurementProcess]) -> Operator:
    """The observable of the one expectation value that is measured.

    Raises:
        ReadingError: something else is measured.
    """
    if len(measurements) != 1 or type(measurements[0]) is not ExpectationMP:
        what = ", ".join(str(m) for m in measurements) or "nothing"
        raise ReadingError(
            f"A loss is one number: return one qml.expval(…); the QNode returns {what}."
        )
    return measurements[0].obs


def _terms(observable: Operator, position: Mapping) -> list[tuple[float, Word]]:
    sentence = observable.pauli_rep
    if sentence is not None:
        return [(_real(c), from_pauli_word(word, position)) for word, c in sentence.items()]
    if isinstance(observable, Sum):
        return [term for part in observable.operands for term in _terms(part, position)]
    if isinstance(observable, SProd):
        factor = _real(observable.scalar)
        return [(factor * c, word) for c, word in _terms(observable.base, position)]
    wires = [position[w] for w in observable.wires]
    if type(observable).__name__ == "BasisStateProjector" and len(wires) <= _MAX_PROJECTOR:
        return _projector(np.ravel(observable.data[0]), wires)
    if len(wires) > _MAX_DENSE:
        raise ReadingError(
            f"The observable {observable} is no sum of Pauli words and acts on {len(wires)} wires; "
            f"projectors on up to {_MAX_PROJECTOR} wires and matrices on up to {_MAX_DENSE} are "
            "expanded. Write it as a sum of Pauli words."
        )
    matrix = np.asarray(qml.matrix(observable, wire_order=observable.wires), complex)
    scale = float(np.linalg.norm(matrix, 2)) or 1.0
    pairs = pauli_coefficients(matrix, 1e-13 * scale)
    return [(_real(c), place(word, wires)) for c, word in pairs]


def _projector(bits: np.ndarray, wires: Sequence[int]) -> list[tuple[float, Word]]:
    """``|b⟩⟨b| = ∏ (1 ± Z)/2``."""
    signs = [1 - 2 * int(bit) for bit in bits]
    out = []
    for size in range(len(wires) + 1):
        for chosen in combinations(range(len(wires)), size):
            mask = sum(1 << wires[j] for j in chosen)
            sign = int(np.prod([signs[j] for j in chosen])) if chosen else 1
            out.append((sign * 0.5 ** len(wires), Word(0, mask)))
    return out


def _real(coefficient) -> float:
    if type(coefficient) is Traced or holds_objects(coefficient):
        raise ReadingError(
            "A coefficient of the observable depends on an argument of the QNode. Multiply the "
            "result outside the QNode, or exclude the argument with argnums."
        )
    value = complex(qml.math.toarray(coefficient))
    if abs(value.imag) > 1e-10 * max(1.0, abs(value)):
        raise ReadingError(
            f"The observable has the complex coefficient {value:.3g}, so that its expectation is "
            "no loss. Use a Hermitian observable."
        )
    return value.real
