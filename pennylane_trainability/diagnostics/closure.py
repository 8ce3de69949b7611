"""The Lie algebra that the rotations of a circuit generate: its dimension and its ideals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.circuits.rotations import Opaque, Rotation, gate_elements
from pennylane_trainability.liealg import Words, ideals, sentence_closure

__all__ = ["Algebra", "Generators", "algebra_of", "closure_dimension", "generators_of"]

#: Sums of Pauli words, ``{word: coefficient}``, one for each gate.
Generators = list[dict[Word, float]]


@dataclass(frozen=True, slots=True)
class Algebra:
    """What is known of a dynamical Lie algebra.

    Attributes:
        dimension: independent elements found.
        is_complete: whether these are all.
        ideals: its ideals in words, ``"so(8) + 2 × su(4)"``; empty if they were not found.
    """

    dimension: int
    is_complete: bool
    ideals: str = ""


def generators_of(circuit: Circuit) -> tuple[Generators, bool]:
    """The generators of a circuit's rotations from the first trainable one on.

    They are carried to the start of the circuit through its Clifford gates. Rotations by fixed or
    data angles count too: conjugation with them stays in the algebra that they generate together.

    Args:
        circuit: the record of a circuit.

    Returns:
        One sum of words for each gate, and whether rotations that are not trainable are among them;
        no generators at all if a gate is no product of commuting Pauli rotations.
    """
    frame = Frame.identity(circuit.n_wires)
    found: Generators = []
    others = False
    for index, gate in enumerate(circuit.gates):
        elements = list(gate_elements(gate, index, frame))
        if not elements or not (found or gate.is_trainable):
            continue
        if any(isinstance(element, Opaque) for element in elements):
            return [], True
        found.append({e.word: e.coefficient for e in elements if isinstance(e, Rotation)})
        others = others or not gate.is_trainable
    return found, others


def algebra_of(generators: Generators, n_wires: int, budget: int) -> Algebra:
    """The smallest Lie algebra that contains some sums of Pauli words.

    Single words are classified, whatever the dimension; sums are closed under commutation.

    Args:
        generators: ``{word: coefficient}``, at least one.
        n_wires: number of wires.
        budget: for sums, stop when there are more elements than this.
    """
    if all(len(generator) == 1 for generator in generators):
        single = dict.fromkeys((w.x, w.z) for generator in generators for w in generator)
        found = ideals(Words.of(single, n_wires))
        return Algebra(found.dimension, True, found.text)
    words = list(dict.fromkeys((w.x, w.z) for generator in generators for w in generator))
    number = {word: k for k, word in enumerate(words)}
    rows = np.zeros((len(generators), len(words)))
    for row, generator in zip(rows, generators, strict=True):
        for word, coefficient in generator.items():
            row[number[word.x, word.z]] += coefficient * word.sign
    closed = sentence_closure(
        Words.of(words, n_wires), np.unique(rows, axis=0), max_dimension=budget
    )
    return Algebra(closed.dimension, closed.is_complete)


def closure_dimension(generators: Generators, n_wires: int, budget: int) -> tuple[int, bool]:
    """How many independent elements :func:`algebra_of` found, and whether that is all of them."""
    found = algebra_of(generators, n_wires, budget)
    return found.dimension, found.is_complete
