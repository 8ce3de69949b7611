"""What a circuit measures, as the Pauli words its results depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pennylane as qml
from pennylane.measurements import (
    CountsMP,
    DensityMatrixMP,
    ExpectationMP,
    MeasurementProcess,
    ProbabilityMP,
    SampleMP,
    StateMP,
    VarianceMP,
)
from pennylane.operation import Operator

from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.pauli import (
    Word,
    commute,
    from_pauli_word,
    pauli_coefficients,
    place,
    product,
)

__all__ = ["ReadOut", "read_out"]

_MAX_DENSE = 4
_MAX_SQUARED = 32


@dataclass(frozen=True, slots=True)
class ReadOut:
    """Pauli words whose expectation values determine every result.

    Attributes:
        words: single words.
        groups: sets given by generators: all products of the words of a group.
        separate: whether each word is, up to a factor, a result of its own, so that words cannot
            cancel each other.
        sees_phase: whether the result is a state vector, global phase included.
    """

    words: tuple[Word, ...] = ()
    groups: tuple[tuple[Word, ...], ...] = ()
    separate: bool = True
    sees_phase: bool = False

    @property
    def generators(self) -> tuple[Word, ...]:
        """Words whose products contain all words of the read-out."""
        return self.words + tuple(word for group in self.groups for word in group)

    def pulled_back(self, frame: Frame) -> ReadOut:
        """The same in front of a Clifford."""
        words = tuple(frame.pull_back(word) for word in self.words)
        groups = tuple(tuple(frame.pull_back(word) for word in group) for group in self.groups)
        return ReadOut(words, groups, self.separate, self.sees_phase)


def read_out(measurements: Sequence[MeasurementProcess], position: Mapping, n: int) -> ReadOut:
    """The words that the measurements depend on.

    Args:
        measurements: what the QNode returns.
        position: wire label → position, for every wire of circuit and measurements.
        n: number of positions.

    Returns:
        Words in the order of the positions. Measurements without a rule for them count as all words
        on their wires.
    """
    parts = [_one(m, position, n) for m in measurements]
    words = dict.fromkeys(word for part in parts for word in part.words)
    groups = dict.fromkeys(group for part in parts for group in part.groups)
    return ReadOut(
        tuple(words),
        tuple(groups),
        all(part.separate for part in parts),
        any(part.sees_phase for part in parts),
    )


def _one(measurement: MeasurementProcess, position: Mapping, n: int) -> ReadOut:
    wires = [position[w] for w in measurement.wires] or list(range(n))
    observable = measurement.obs
    if type(measurement) is StateMP:
        return ReadOut(groups=(_all_words(wires),), sees_phase=True)
    if isinstance(measurement, ExpectationMP) and observable is not None:
        return _observable(observable, position)
    if isinstance(measurement, VarianceMP) and observable is not None:
        return _with_squares(_observable(observable, position))
    if isinstance(measurement, ProbabilityMP | SampleMP | CountsMP):
        if observable is None and measurement.mv is None:
            return ReadOut(groups=(tuple(Word(0, 1 << w) for w in wires),))
        part = _observable(observable, position) if observable is not None else ReadOut()
        if len(part.words) == 1 and not part.groups:
            one = isinstance(measurement, SampleMP | CountsMP)
            return part if one else ReadOut(groups=(_factors(part.words[0]),))
    return ReadOut(groups=(_all_words(wires),), separate=isinstance(measurement, DensityMatrixMP))


def _all_words(wires: Sequence[int]) -> tuple[Word, ...]:
    return tuple(word for w in wires for word in (Word(1 << w, 0), Word(0, 1 << w)))


def _factors(word: Word) -> tuple[Word, ...]:
    """The single letters of a word; outcomes of its factors are functions of their products."""
    bits = (1 << w for w in range(word.support.bit_length()))
    return tuple(Word(word.x & bit, word.z & bit) for bit in bits if word.support & bit)


def _observable(observable: Operator, position: Mapping) -> ReadOut:
    """Words with a coefficient other than zero."""
    wires = [position[w] for w in observable.wires]
    sentence = observable.pauli_rep
    if sentence is not None:
        words = [from_pauli_word(word, position) for word in sentence]
    elif len(wires) <= _MAX_DENSE:
        matrix = np.asarray(qml.matrix(observable, wire_order=observable.wires))
        scale = float(np.linalg.norm(matrix, 2)) or 1.0
        words = [place(word, wires) for _, word in pauli_coefficients(matrix, 1e-13 * scale)]
    else:
        group = _all_words(wires)
        if getattr(observable, "name", "") == "BasisStateProjector":
            group = tuple(Word(0, 1 << w) for w in wires)
        return ReadOut(groups=(group,), separate=False)
    words = [word for word in words if word.support]
    return ReadOut(tuple(words), separate=len(words) < 2)


def _with_squares(part: ReadOut) -> ReadOut:
    """``⟨O²⟩ − ⟨O⟩²``: also the products of commuting words of ``O``."""
    words = part.words
    if len(words) > _MAX_SQUARED:
        return ReadOut(groups=(*part.groups, words), separate=False)
    pairs = [product(p, q) for p, q in combinations(words, 2) if commute(p, q)]
    squares = dict.fromkeys(Word(x, z) for x, z, _ in pairs if x | z)
    return ReadOut(tuple(dict.fromkeys((*words, *squares))), part.groups, part.separate)
