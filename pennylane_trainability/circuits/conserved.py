"""Which Pauli words a circuit conserves: they commute with all it does to what is read out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pennylane as qml
from pennylane.measurements import (
    CountsMP,
    ExpectationMP,
    MeasurementProcess,
    ProbabilityMP,
    SampleMP,
    VarianceMP,
)

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.initial_state import initial_state
from pennylane_trainability.circuits.pauli import (
    Word,
    commute,
    from_pauli_word,
    pauli_coefficients,
    place,
    product,
)
from pennylane_trainability.circuits.rotations import Opaque, Rotation, gate_elements
from pennylane_trainability.circuits.symmetries import commutant, group_elements, isotropic
from pennylane_trainability.errors import ReadingError

__all__ = ["Conserved", "PlacedRotation", "conserved", "measured_words", "placed_rotations"]

_MAX_DENSE = 4


@dataclass(frozen=True, slots=True)
class PlacedRotation:
    """A trainable rotation ``exp(−i · coefficient · angle · P / 2)`` at the place of its gate.

    Attributes:
        gate: position of the gate in :attr:`Circuit.gates`.
        coefficient: real prefactor of the gate's angle, sign of the word included.
        words: ``P`` times every element of the symmetry group as it stands at this place, signs
            dropped; ``P`` itself comes first.
    """

    gate: int
    coefficient: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Conserved:
    """The Pauli symmetries of a circuit, as words at its start.

    Attributes:
        commutant: generators of all words that commute with everything.
        generators: commuting ones among them, as many as there can be (or as were asked for).
        is_choice: whether other commuting generators could have been kept.
        fixed: elements of their group that the state has a fixed value of.
        n_wires: number of wires.
    """

    commutant: tuple[Word, ...]
    generators: tuple[Word, ...]
    is_choice: bool
    fixed: tuple[Word, ...]
    n_wires: int


def conserved(circuit: Circuit, limit: int | None = None) -> Conserved:
    """Find the Pauli symmetries.

    They commute with the first trainable rotation, with everything behind it that is no Clifford
    gate, and with every word that is measured; all carried to the start of the circuit through its
    Clifford gates. What comes before the first trainable rotation prepares the state and need not
    commute.

    Args:
        circuit: the record of a circuit with its measurements.
        limit: keep at most this many generators.

    Raises:
        ReadingError: a measurement is not made of Pauli words, or a trainable gate is not made of
            commuting Pauli rotations.
    """
    frame = Frame.identity(circuit.n_wires)
    before: list[Word] = []
    active: list[Word] = []
    for element in _elements(circuit, frame):
        words = (element.word,) if isinstance(element, Rotation) else element.words
        if active or element.is_trainable:
            active += words
        else:
            before += words
    read = [frame.pull_back(word) for word in measured_words(circuit.measurements, circuit.wires)]
    kernel = commutant([*active, *read], circuit.n_wires)
    centre, chosen = isotropic(kernel)
    is_fixed = _fixed_by(circuit, before)
    generators = sorted([*centre, *chosen], key=lambda w: (is_fixed(w), w.support.bit_count()))
    kept = tuple(generators[:limit])
    return Conserved(
        commutant=tuple(kernel),
        generators=kept,
        is_choice=bool(chosen) or len(kept) < len(generators),
        fixed=tuple(w for w in group_elements(kept)[1:] if is_fixed(w)),
        n_wires=circuit.n_wires,
    )


def _fixed_by(circuit: Circuit, before: Sequence[Word]):
    """Whether the state that reaches the trainable rotations is known to have a value of a word."""
    position = {label: w for w, label in enumerate(circuit.wires)}
    state = initial_state(circuit.preparation, position, circuit.n_wires)

    def is_fixed(word: Word) -> bool:
        on_state = not word.x and not word.z & state.unknown
        return on_state and all(commute(word, other) for other in before)

    return is_fixed


def _elements(circuit: Circuit, frame: Frame) -> Iterator[Rotation | Opaque]:
    for index, gate in enumerate(circuit.gates):
        for element in gate_elements(gate, index, frame):
            if element.is_trainable and isinstance(element, Opaque):
                labels = [circuit.wires[w] for w in gate.wires]
                raise ReadingError(
                    f"Only Pauli rotations can be promoted, and the trainable gate {gate.name} on "
                    f"wires {labels} is no product of commuting ones. Rewrite it with rotations, "
                    "or leave its argument out with argnums."
                )
            yield element


def placed_rotations(circuit: Circuit, generators: Sequence[Word]) -> Iterator[PlacedRotation]:
    """The trainable rotations in order, times every symmetry at their place.

    Args:
        circuit: the record of a circuit.
        generators: its symmetries, see :func:`conserved`.
    """
    frame = Frame.identity(circuit.n_wires)
    for index, gate in enumerate(circuit.gates):
        here = frame.copy() if gate.is_trainable else frame
        for element in list(gate_elements(gate, index, frame)):
            if not isinstance(element, Rotation) or not element.is_trainable:
                continue
            group = group_elements([here.push_forward(word) for word in generators])
            word = here.push_forward(element.word)
            words = [product(symmetry, word) for symmetry in group]
            yield PlacedRotation(
                gate=index,
                coefficient=element.coefficient * word.sign,
                words=tuple(Word(w.x, w.z) for w in words),
            )


def measured_words(measurements: Sequence[MeasurementProcess], wires) -> list[Word]:
    """The Pauli words that measurements are made of, without the identity.

    Args:
        measurements: expectation values and variances of observables, probabilities, counts and
            samples.
        wires: the wire labels in order.

    Raises:
        ReadingError: another measurement, or an observable that is no sum of Pauli words and acts
            on more than four wires.
    """
    position = {label: w for w, label in enumerate(wires)}
    found: dict[Word, None] = {}
    for measurement in measurements:
        for word in _read_words(measurement, position):
            if word.support:
                found[word] = None
    return list(found)


def _read_words(measurement: MeasurementProcess, position: dict) -> Iterator[Word]:
    kinds = ExpectationMP, VarianceMP, ProbabilityMP, CountsMP, SampleMP
    if not isinstance(measurement, kinds) or measurement.mv is not None:
        raise ReadingError(
            f"Pauli symmetries need a measurement of observables, but the QNode returns "
            f"{measurement}. Return expectation values, variances, probabilities, counts or "
            "samples."
        )
    if measurement.obs is None:
        for label in measurement.wires or position:
            yield Word(0, 1 << position[label])
        return
    sentence = measurement.obs.pauli_rep
    if sentence is not None:
        yield from (from_pauli_word(word, position) for word in sentence)
        return
    labels = measurement.obs.wires
    if len(labels) > _MAX_DENSE:
        raise ReadingError(
            f"{measurement.obs} is no sum of Pauli words and acts on {len(labels)} wires; matrices "
            f"are expanded on up to {_MAX_DENSE}. Write it as a sum of Pauli words."
        )
    matrix = np.asarray(qml.matrix(measurement.obs, wire_order=labels), complex)
    at = [position[label] for label in labels]
    yield from (place(word, at) for _, word in pauli_coefficients(matrix))
