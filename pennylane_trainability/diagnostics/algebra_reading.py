"""What a Lie algebra needs to know of a circuit: generators, observable and state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.circuits.rotations import Opaque, PauliCircuit, Rotation
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.observable import pauli_terms
from pennylane_trainability.landscapes.path_model import absorb
from pennylane_trainability.landscapes.product_state import bloch_vectors
from pennylane_trainability.landscapes.steps import Sum, distinct_sums, steps_of

__all__ = ["AlgebraReading", "algebra_reading"]


@dataclass(frozen=True, slots=True, eq=False)
class AlgebraReading:
    """A circuit as generators between a state and an observable.

    Attributes:
        generators: sums of words, no two of them multiples of each other; the coefficient of the
            first word is 1.
        terms: the observable behind the rotations, without the identity; ``None`` if it is no
            sum of Pauli words.
        constant: coefficient of the identity.
        bloch: Bloch vectors of the state in front of the rotations; ``None`` if it is no product.
        n_wires: number of wires.
        notes: what was assumed, and why parts are missing.
    """

    generators: tuple[Sum, ...]
    terms: Sum | None
    constant: float
    bloch: np.ndarray | None
    n_wires: int
    notes: tuple[str, ...]


def algebra_reading(made: PauliCircuit) -> AlgebraReading:
    """Read a circuit for its Lie algebra.

    Raises:
        ReadingError: nothing is trainable, or a gate among the trainable ones is no product of
            Pauli rotations and Clifford gates.
    """
    first = next((k for k, e in enumerate(made.elements) if e.is_trainable), None)
    if first is None:
        raise ReadingError(
            "dynamical_lie_algebra() needs a gate that depends on a trainable argument. Pass "
            "floating-point arguments, or name them with argnums."
        )
    behind = made.elements[first:]
    rotations = [e for e in behind if isinstance(e, Rotation)]
    if len(rotations) < len(behind):
        gates = (made.circuit.gates[e.gate].name for e in behind if not isinstance(e, Rotation))
        raise ReadingError(
            f"{', '.join(sorted(set(gates)))} is no product of Pauli rotations and Clifford gates, "
            "so that its generator is not known as a sum of Pauli words. Use gates that decompose "
            "into them, and leave noise out: it has no Lie algebra of unitaries."
        )
    sums, notes = _sums(rotations)
    terms, constant, why = _observable(made)
    bloch, why_not = _state(made, first)
    return AlgebraReading(
        tuple(distinct_sums(sums)[0]),
        terms,
        constant,
        bloch,
        made.circuit.n_wires,
        (*notes, *why, *why_not),
    )


def _sums(rotations: list[Rotation]) -> tuple[list[Sum], list[str]]:
    steps = steps_of([e for e in rotations if e.is_trainable])
    sums = [step.generator for step in steps if any(step.generator.values())]
    notes = []
    parameters = [step.parameter for step in steps]
    if len(parameters) > len(set(parameters)):
        notes.append(
            "parameters are shared by gates that do not stand side by side or do not commute: the "
            "algebra is that of independent angles, and the circuit may reach less"
        )
    fixed: dict[int, Sum] = {}
    for element in rotations:
        if not element.is_trainable:
            own = fixed.setdefault(element.gate, {})
            key = element.word.x, element.word.z
            own[key] = own.get(key, 0.0) + element.coefficient
    if fixed:
        sums += [one for one in fixed.values() if any(one.values())]
        notes.append("rotations by fixed or data angles count as generators")
    return sums, notes


def _observable(made: PauliCircuit) -> tuple[Sum | None, float, tuple[str, ...]]:
    position = {label: w for w, label in enumerate(made.circuit.wires)}
    try:
        every = pauli_terms(made.circuit.measurements, position)
    except ReadingError as error:
        return None, 0.0, (f"nothing is said of the observable: {error}",)
    terms: Sum = {}
    for coefficient, word in every:
        if word.support:
            pulled = made.tail.pull_back(Word(word.x, word.z))
            terms[pulled.x, pulled.z] = coefficient * pulled.sign
    return terms, sum(c for c, word in every if not word.support), ()


def _state(made: PauliCircuit, first: int) -> tuple[np.ndarray | None, tuple[str, ...]]:
    circuit = made.circuit
    position = {label: w for w, label in enumerate(circuit.wires)}
    front = made.elements[:first]
    try:
        bloch = bloch_vectors(circuit.preparation, position, circuit.n_wires)
    except ReadingError as error:
        return None, (f"nothing is said of the state: {error}",)
    rotations = [e for e in front if isinstance(e, Rotation)]
    if any(isinstance(e, Opaque) for e in front) or absorb(rotations, bloch):
        return None, ("nothing is said of the state: fixed gates in front entangle it",)
    return bloch, ()
