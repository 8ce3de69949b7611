"""Clifford circuits that diagonalise commuting words, against dense matrices."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability import ReadingError
from pennylane_trainability.circuits.clifford import CLIFFORDS, Frame
from pennylane_trainability.circuits.diagonalization import diagonalize, group_commuting
from pennylane_trainability.circuits.pauli import Word, from_letters, letters, word_matrix

OPERATORS = {
    "Hadamard": qml.Hadamard,
    "S": qml.S,
    "Adjoint(S)": lambda wires: qml.adjoint(qml.S(wires)),
    "CNOT": qml.CNOT,
    "CZ": qml.CZ,
}


def dense(gates, n_wires: int) -> np.ndarray:
    """The unitary of a circuit, from PennyLane's own matrices."""
    matrix = np.eye(2**n_wires)
    for name, wires in gates:
        step = qml.matrix(OPERATORS[name](wires=list(wires)), wire_order=range(n_wires))
        matrix = step @ matrix
    return matrix


def commuting_words(rng, n_wires: int, count: int) -> list[Word]:
    """Images of random signed products of Z under a random Clifford circuit."""
    frame = Frame.identity(n_wires)
    for _ in range(8 * n_wires):
        names = ["Hadamard", "S", "SX"] if n_wires == 1 else ["Hadamard", "S", "SX", "CNOT", "ECR"]
        images = CLIFFORDS[names[rng.integers(len(names))]]
        wires = rng.choice(n_wires, len(images) // 2, replace=False).tolist()
        frame.append(images, wires)
    masks = rng.integers(0, 2**n_wires, count).tolist()
    signs = rng.integers(0, 2, count).tolist()
    return [frame.pull_back(Word(0, m, 2 * s)) for m, s in zip(masks, signs, strict=True)]


def read(*texts: str) -> list[Word]:
    return [from_letters(text) for text in texts]


@pytest.mark.parametrize("n_wires", [1, 2, 3, 4, 5])
def test_words_become_products_of_z(rng, n_wires):
    for count in range(1, 2 * n_wires + 2):
        words = commuting_words(rng, n_wires, count)
        found = diagonalize(words, n_wires)
        circuit = dense(found.gates, n_wires)
        for word, mask, sign in zip(words, found.masks, found.signs, strict=True):
            image = circuit @ word_matrix(word, n_wires) @ circuit.conj().T
            np.testing.assert_allclose(image, sign * word_matrix(Word(0, mask), n_wires), atol=1e-9)


def test_words_that_do_not_commute_are_named():
    with pytest.raises(ReadingError, match="XXI and IZI do not commute"):
        diagonalize(read("ZZI", "XXI", "IZI"), 3)


@pytest.mark.parametrize("text", ["iXX", "XXX"])
def test_words_that_cannot_be_measured_are_refused(text):
    with pytest.raises(ReadingError, match=f"got {text}"):
        diagonalize(read(text), 2)


def test_groups_commute_and_hold_every_word_once(rng):
    words = [Word(*rng.integers(0, 2**4, 2).tolist()) for _ in range(40)]
    for qubit_wise in (False, True):
        groups = group_commuting(words, qubit_wise=qubit_wise)
        assert sorted(i for group in groups for i in group) == list(range(40))
        for group in groups:
            texts = [letters(words[i], 4) for i in group]
            clashes = [
                sum(a != b and "I" not in a + b for a, b in zip(first, second, strict=True))
                for first in texts
                for second in texts
            ]
            assert all(c == 0 if qubit_wise else c % 2 == 0 for c in clashes)
