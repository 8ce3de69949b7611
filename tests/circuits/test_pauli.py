"""Pauli words against dense matrices, Clifford tables against the gates they stand for."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.clifford import CLIFFORDS, Frame, clifford_images, conjugate
from pennylane_trainability.circuits.pauli import (
    Word,
    commute,
    from_letters,
    from_pauli_word,
    letters,
    pauli_coefficients,
    place,
    product,
    to_pauli_word,
    word_matrix,
)

GATES = [
    qml.Identity(0), qml.H(0), qml.S(0), qml.adjoint(qml.S(0)), qml.SX(0), qml.adjoint(qml.SX(0)),
    qml.X(0), qml.Y(0), qml.Z(0), qml.CNOT([0, 1]), qml.CY([0, 1]), qml.CZ([0, 1]),
    qml.SWAP([0, 1]), qml.ISWAP([0, 1]), qml.adjoint(qml.ISWAP([0, 1])), qml.ECR([0, 1]),
]  # fmt: skip


def random_word(rng, n, hermitian=False):
    x, z, phase = rng.integers(2**n), rng.integers(2**n), rng.integers(4)
    return Word(int(x), int(z), int(phase) & 2 if hermitian else int(phase))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_product_and_commutation_are_those_of_the_matrices(n):
    rng = np.random.default_rng(n)
    for _ in range(40):
        a, b = random_word(rng, n), random_word(rng, n)
        ma, mb = word_matrix(a, n), word_matrix(b, n)
        np.testing.assert_allclose(word_matrix(product(a, b), n), ma @ mb, atol=1e-12)
        assert commute(a, b) == np.allclose(ma @ mb, mb @ ma)


def test_matrix_is_pennylanes():
    matrix = word_matrix(from_letters("-XIYZ"), 4)
    expected = -qml.matrix(qml.X(0) @ qml.Y(2) @ qml.Z(3), wire_order=range(4))
    np.testing.assert_allclose(matrix, expected)


def test_letters_and_pauli_words_come_back():
    assert letters(from_letters("-iXYZI"), 4) == "-iXYZI"
    word = qml.pauli.PauliWord({"b": "Y", 7: "Z"})
    wires = ["a", 7, "b"]
    assert letters(from_pauli_word(word, wires), 3) == "IZY"
    assert to_pauli_word(from_pauli_word(word, wires), wires) == (word, 1)
    assert from_letters("-XX").sign == -1
    assert from_letters("XIY").support == 0b101
    assert place(from_letters("-XY"), (3, 0)) == from_letters("-YIIX")


def test_coefficients_rebuild_the_matrix():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))
    rebuilt = sum(c * word_matrix(word, 3) for c, word in pauli_coefficients(matrix))
    np.testing.assert_allclose(rebuilt, matrix, atol=1e-12)


@pytest.mark.parametrize("gate", GATES, ids=lambda g: g.name)
def test_tables_are_those_of_the_matrices(gate):
    assert CLIFFORDS[gate.name] == clifford_images(gate.matrix())


def test_every_table_is_tested():
    assert {g.name for g in GATES} == set(CLIFFORDS)


def test_no_table_for_gates_that_are_no_clifford():
    assert clifford_images(qml.T.compute_matrix()) is None
    assert clifford_images(qml.CH.compute_matrix()) is None
    assert clifford_images(qml.Toffoli.compute_matrix()) is None


@pytest.mark.parametrize("gate", GATES, ids=lambda g: g.name)
def test_conjugation_by_a_gate_inside_a_circuit(gate):
    rng = np.random.default_rng(1)
    wires = (2, 0)[: len(gate.wires)]
    unitary = qml.matrix(gate.map_wires(dict(enumerate(wires))), wire_order=range(3))
    for _ in range(10):
        word = random_word(rng, 3)
        expected = unitary.conj().T @ word_matrix(word, 3) @ unitary
        moved = conjugate(word, CLIFFORDS[gate.name], wires)
        np.testing.assert_allclose(word_matrix(moved, 3), expected, atol=1e-12)


@pytest.mark.parametrize("turns", range(-1, 5))
@pytest.mark.parametrize("text", ["Y", "XZ", "-YY"])
def test_quarter_turns(turns, text):
    rng = np.random.default_rng(2)
    word = from_letters(text)
    frame = Frame.identity(3)
    frame.append(CLIFFORDS["Hadamard"], (1,))
    n = len(text.strip("-"))
    frame.append_quarter_turns(word, (1, 2)[:n], turns)
    rotation = word_matrix(place(word, (1, 2)[:n]), 3)
    values, vectors = np.linalg.eigh(rotation)
    unitary = (vectors * np.exp(-0.25j * np.pi * turns * values)) @ vectors.conj().T
    unitary = unitary @ qml.matrix(qml.H(1), wire_order=range(3))
    for _ in range(10):
        probe = random_word(rng, 3)
        expected = unitary.conj().T @ word_matrix(probe, 3) @ unitary
        np.testing.assert_allclose(word_matrix(frame.pull_back(probe), 3), expected, atol=1e-12)
