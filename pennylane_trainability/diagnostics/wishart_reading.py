"""A QNode as generators, an observable and a state, ready to be split into blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pennylane.queuing import QueuingManager

from pennylane_trainability.circuits.circuit import Angle, Circuit
from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.pauli import Word, commute
from pennylane_trainability.circuits.rotations import Rotation, pauli_circuit
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.input_state import (
    InputState,
    product_state,
    vector_state,
)
from pennylane_trainability.landscapes.observable import pauli_terms
from pennylane_trainability.landscapes.product_state import bloch_vectors, turn
from pennylane_trainability.simulation.adjoint import prepared_state

__all__ = ["Driven", "driven"]

#: Up to this many wires a state that is no product is kept as a vector.
_MAX_VECTOR = 10


@dataclass(frozen=True, slots=True, eq=False)
class Driven:
    """What turns, what is measured, and what it starts from, all in front of the Clifford gates.

    Attributes:
        generators: one for each stretch of rotations with one angle, ``{word: coefficient}``.
        terms: the observable, ``(coefficient, word)``.
        states: the state in front of the first trainable gate, one per input point.
        slopes: ``c`` of ``exp(−i c θ_p P/2)`` for every parameter; 0 if it is dead.
        n_wires: number of wires.
        notes: what the reader should know.
    """

    generators: tuple[dict[Word, float], ...]
    terms: tuple[tuple[float, Word], ...]
    states: tuple[InputState, ...]
    slopes: np.ndarray
    n_wires: int
    notes: tuple[str, ...]

    @property
    def words(self) -> tuple[Word, ...]:
        """All words of the generators, each once."""
        return tuple(dict.fromkeys(word for one in self.generators for word in one))

    @property
    def is_single(self) -> bool:
        """Whether every generator is one word."""
        return all(len(one) == 1 for one in self.generators)

    @property
    def n_parameters(self) -> int:
        """Parameters that are not dead."""
        return int(np.count_nonzero(self.slopes))


def driven(circuit: Circuit) -> Driven:
    """Read a circuit at one draw of the parameters and any number of inputs.

    Raises:
        ReadingError: a gate is no product of Pauli rotations, nothing is trainable, or the
            observable is no sum of Pauli words.
    """
    with QueuingManager.stop_recording():
        made = pauli_circuit(circuit)
        opaque = [e for e in made.elements if not isinstance(e, Rotation)]
        if opaque:
            names = sorted({circuit.gates[e.gate].name for e in opaque})
            raise ReadingError(
                f"{', '.join(names)} is no product of Pauli rotations, so that the generators of "
                "the circuit are not known as Pauli words; use gates that decompose into them."
            )
        position = {label: k for k, label in enumerate(circuit.wires)}
        terms = []
        for coefficient, word in pauli_terms(circuit.measurements, position):
            pulled = made.tail.pull_back(word)
            terms.append((coefficient * pulled.sign, Word(pulled.x, pulled.z)))
        rotations = list(made.rotations)
        first = next((k for k, e in enumerate(rotations) if e.is_trainable), None)
        if first is None:
            raise ReadingError("No trainable rotation: there is no landscape. See argnums.")
        dead = set(dead_parameters(made))
        states = _states(circuit, rotations[:first], position)
    generators, notes = _generators(rotations[first:])
    return Driven(
        generators=tuple(generators),
        terms=tuple(terms),
        states=states,
        slopes=_slopes(rotations, circuit.n_parameters, dead),
        n_wires=circuit.n_wires,
        notes=notes,
    )


def _generators(rotations: list[Rotation]) -> tuple[list[dict[Word, float]], tuple[str, ...]]:
    """Neighbouring rotations with one angle that commute are one generator."""
    found: list[dict[Word, float]] = []
    last: int | None = None
    seen: dict[int, int] = {}
    mixed = fixed = 0
    for rotation in rotations:
        parameters = rotation.angle.parameters if isinstance(rotation.angle, Angle) else {}
        if not rotation.is_trainable:
            fixed += 1
        own = next(iter(parameters)) if len(parameters) == 1 else None
        mixed += len(parameters) > 1
        slope = rotation.coefficient * (_number(parameters[own]) if own is not None else 1.0)
        words = found[-1] if found else {}
        if own is not None and own == last and all(commute(rotation.word, w) for w in words):
            words[rotation.word] = words.get(rotation.word, 0.0) + slope
            continue
        found.append({rotation.word: slope})
        last = own
        if own is not None:
            seen[own] = seen.get(own, 0) + 1
    notes = []
    tied = sum(count > 1 for count in seen.values())
    if tied:
        notes.append(
            f"{tied} parameters turn rotations in several places: angles are not independent, and "
            "the random elements of the group that the laws assume may be out of reach"
        )
    if fixed:
        notes.append(
            f"{fixed} rotations between trainable ones have fixed angles and count as generators"
        )
    if mixed:
        notes.append(f"{mixed} angles depend on several parameters")
    return found, tuple(notes)


def _number(value) -> float:
    return float(np.real(np.ravel(value)[0]))


def _slopes(rotations: list[Rotation], count: int, dead: set[int]) -> np.ndarray:
    squares = np.zeros(count)
    for rotation in rotations:
        if isinstance(rotation.angle, Angle):
            for p, slope in rotation.angle.parameters.items():
                squares[p] += (rotation.coefficient * _number(slope)) ** 2
    squares[sorted(dead)] = 0.0
    return np.sqrt(squares)


def _states(circuit: Circuit, prefix: list[Rotation], position) -> tuple[InputState, ...]:
    """The states in front of the first trainable gate, one per input point."""
    points = 1
    for rotation in prefix:
        if isinstance(rotation.angle, Angle) and np.ndim(rotation.angle.value):
            points = max(points, rotation.angle.value.shape[1])
    try:
        bloch = bloch_vectors(circuit.preparation, position, circuit.n_wires)
    except ReadingError:
        bloch = None
    local = all(e.word.support.bit_count() == 1 for e in prefix)
    out = []
    for point in range(points):
        if bloch is not None and local:
            own = bloch.copy()
            for element in prefix:
                turn(own, element.word, _angle(element, point))
            out.append(product_state(own))
        elif circuit.n_wires <= _MAX_VECTOR:
            start = prepared_state(circuit) if circuit.preparation else _zeros(circuit.n_wires)
            turns = [(e.word, _angle(e, point)) for e in prefix]
            out.append(vector_state(np.reshape(start, -1), circuit.n_wires, turns))
        else:
            out.append(InputState(circuit.n_wires))
    return tuple(out)


def _zeros(n_wires: int) -> np.ndarray:
    out = np.zeros(2**n_wires)
    out[0] = 1.0
    return out


def _angle(element: Rotation, point: int) -> float:
    value = element.angle.value if isinstance(element.angle, Angle) else element.angle
    own = np.ravel(value)
    return element.coefficient * float(np.real(own[point if len(own) > 1 else 0]))
