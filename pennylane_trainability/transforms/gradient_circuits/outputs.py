"""What a circuit returns, as real combinations of Pauli words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pennylane as qml
from autograd.tracer import isbox
from pennylane.measurements import ExpectationMP, MeasurementProcess, ProbabilityMP

from pennylane_trainability.circuits.arguments import is_jax_tracer
from pennylane_trainability.circuits.pauli import Word, from_pauli_word, pauli_coefficients, place
from pennylane_trainability.errors import ReadingError

__all__ = ["Outputs", "outputs_of"]

_MAX_DENSE = 4
_MAX_PROBS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """All results of a circuit, one after the other: ``R`` numbers out of ``I`` Pauli words.

    Attributes:
        words: the words, without the identity, phases zero.
        coefficients: ``(R, I)``; the constants, which no derivative sees, are left out.
        shapes: of the result of every measurement.
        constants: ``(R,)``.
    """

    words: tuple[Word, ...]
    coefficients: np.ndarray
    shapes: tuple[tuple[int, ...], ...]
    constants: np.ndarray

    def split(self, values: np.ndarray) -> list[np.ndarray]:
        """One array ``(*lead, *shape, P)`` per measurement from all results ``(*lead, R, P)``."""
        out, start = [], 0
        for shape in self.shapes:
            stop = start + int(np.prod(shape))
            part = values[..., start:stop, :]
            out.append(part.reshape(*values.shape[:-2], *shape, values.shape[-1]))
            start = stop
        return out


def outputs_of(measurements: Sequence[MeasurementProcess], wires: Sequence) -> Outputs:
    """Read the measurements of a circuit.

    Args:
        measurements: expectation values of anything with a Pauli representation, or of any
            observable on up to 4 wires; probabilities of up to 8 wires.
        wires: wire labels in the order of the positions.

    Raises:
        ReadingError: something else is measured; the message says what to do.
    """
    if not measurements:
        raise ReadingError(
            "The circuit returns no measurement; return qml.expval(…) or qml.probs(…)."
        )
    position = {label: w for w, label in enumerate(wires)}
    number: dict[Word, int] = {}
    shapes, blocks, constants = [], [], []
    for measurement in measurements:
        shape, words, block = _terms(measurement, position)
        constants.append(block[:, [not word.support for word in words]].sum(axis=1))
        kept = [k for k, word in enumerate(words) if word.support and block[:, k].any()]
        columns = [number.setdefault(words[k], len(number)) for k in kept]
        shapes.append(shape)
        blocks.append((columns, block[:, kept]))
    coefficients = np.zeros((sum(len(block) for _, block in blocks), len(number)))
    start = 0
    for columns, block in blocks:
        coefficients[start : start + len(block), columns] = block
        start += len(block)
    return Outputs(tuple(number), coefficients, tuple(shapes), np.concatenate(constants))


def _terms(measurement, position: Mapping) -> tuple[tuple[int, ...], list[Word], np.ndarray]:
    """Shape of the result, its words ``(I,)`` and their coefficients ``(size, I)``."""
    if type(measurement) is ExpectationMP and measurement.obs is not None:
        words, row = _observable(measurement.obs, position)
        return (), words, np.array(row, float)[None]
    if type(measurement) is ProbabilityMP and measurement.mv is None and measurement.obs is None:
        at = [position[w] for w in measurement.wires] or list(range(len(position)))
        if len(at) > _MAX_PROBS:
            raise ReadingError(
                f"Probabilities of {len(at)} wires are combinations of {2 ** len(at)} Pauli words; "
                f"at most {_MAX_PROBS} wires are measured this way. Return qml.probs of fewer "
                "wires, or use diff_method='parameter-shift'."
            )
        words = [
            Word(0, sum(1 << wire for k, wire in enumerate(reversed(at)) if m >> k & 1))
            for m in range(2 ** len(at))
        ]
        return (2 ** len(at),), words, _signs(len(at))
    raise ReadingError(
        f"The gradient of {measurement} is not measured this way. Return qml.expval of an "
        "observable, or qml.probs of wires (a variance is ⟨O²⟩ − ⟨O⟩²: return both expectation "
        "values and combine them outside)."
    )


@lru_cache(maxsize=16)
def _signs(k: int) -> np.ndarray:
    """``p(b) = Σ_m (−1)^{b·m} Z_m / 2^k``: the coefficients, ``(2^k, 2^k)``."""
    index = np.arange(2**k)
    return (1.0 - 2.0 * (np.bitwise_count(index[:, None] & index) & 1)) / 2**k


def _observable(observable, position: Mapping) -> tuple[list[Word], list[float]]:
    sentence = observable.pauli_rep
    if sentence is not None:
        words = [from_pauli_word(word, position) for word in sentence]
        return words, [_real(coefficient, observable) for coefficient in sentence.values()]
    wires = [position[w] for w in observable.wires]
    if len(wires) > _MAX_DENSE:
        raise ReadingError(
            f"{observable} on {len(wires)} wires has no Pauli representation, so its gradient "
            "cannot be read from Pauli words. Write it as a sum of Pauli words (qml.Hamiltonian), "
            "or use diff_method='parameter-shift'."
        )
    matrix = np.asarray(qml.matrix(observable, wire_order=observable.wires))
    scale = float(np.linalg.norm(matrix, 2)) or 1.0
    pairs = pauli_coefficients(matrix, 1e-14 * scale)
    return [place(word, wires) for _, word in pairs], [float(c.real) for c, _ in pairs]


def _real(coefficient, observable) -> float:
    if type(coefficient) is float:
        return coefficient
    try:
        value = _plain(coefficient)
    except TypeError as error:
        raise ReadingError(
            f"A coefficient of {observable} depends on an argument of the QNode; multiply the "
            "result outside."
        ) from error
    if abs(value.imag) > 1e-12 * max(abs(value.real), 1.0):
        raise ReadingError(
            f"{observable} has the complex coefficient {value}; an observable is Hermitian, so "
            "its coefficients are real."
        )
    return value.real


def _plain(coefficient) -> complex:
    if is_jax_tracer(coefficient):
        raise TypeError("a tracer has no numbers")
    while isbox(coefficient):
        coefficient = coefficient._value
    if qml.math.get_interface(coefficient) == "torch":
        coefficient = coefficient.detach().cpu().numpy()
    return complex(np.asarray(coefficient).item())
