"""The dimension of the Lie algebra that the rotations of a circuit generate, within a budget."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pennylane as qml
from pennylane.pauli import PauliSentence

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.pauli import Word, to_pauli_word
from pennylane_trainability.circuits.rotations import Opaque, Rotation, gate_elements

__all__ = ["Generators", "closure_dimension", "generators_of"]

#: Sums of Pauli words, ``{word: coefficient}``, one for each gate.
Generators = list[dict[Word, float]]


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


def closure_dimension(generators: Generators, n_wires: int, budget: int) -> tuple[int, bool]:
    """Dimension of the smallest Lie algebra that contains some sums of Pauli words.

    Args:
        generators: ``{word: coefficient}``, at least one.
        n_wires: number of wires.
        budget: stop when there are more elements than this.

    Returns:
        How many independent elements were found, and whether that is all of them.
    """
    basis = _sentences(generators, n_wires)
    depth = 1
    while True:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = qml.lie_closure(basis, max_iterations=depth, pauli=True)
        stopped = any("maximum number of iterations" in str(w.message) for w in caught)
        if not stopped or len(found) > budget:
            return len(found), not stopped
        depth *= 2


def _sentences(generators: Generators, n_wires: int) -> Sequence[PauliSentence]:
    distinct: dict[tuple, PauliSentence] = {}
    for generator in generators:
        terms = {to_pauli_word(word, range(n_wires))[0]: c for word, c in generator.items()}
        key = tuple(sorted((repr(word), c) for word, c in terms.items()))
        if len(terms) == 1:
            (word,) = terms
            key, terms = (word,), {word: 1.0}
        distinct[key] = PauliSentence(terms)
    return list(distinct.values())
