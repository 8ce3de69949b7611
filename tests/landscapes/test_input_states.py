"""States in front of a circuit against dense matrices, and observables as words by hand."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.pauli import Word, word_matrix
from pennylane_trainability.landscapes.input_state import (
    apply_word,
    product_state,
    vector_state,
)
from pennylane_trainability.landscapes.observable import pauli_terms

N = 3


def some_words(rng, count):
    """Words with all phases; those of odd phase are no Hermitian matrices."""
    codes = rng.integers(0, 2**N, (count, 2)).tolist()
    return [Word(x, z, k % 4) for k, (x, z) in enumerate(codes)]


def dense(word):
    return 1j**word.phase * word_matrix(Word(word.x, word.z), N)


def some_vector(rng, size=2**N):
    vector = rng.normal(size=size) + 1j * rng.normal(size=size)
    return vector / np.linalg.norm(vector)


def bloch_of(vector):
    letters = ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
    return [np.vdot(vector, np.array(letter) @ vector).real for letter in letters]


def test_words_are_applied_as_their_matrices(rng):
    vector = some_vector(rng)
    for word in some_words(rng, 24):
        np.testing.assert_allclose(apply_word(word, vector, N), dense(word) @ vector, atol=1e-14)


def test_rotations_are_applied_one_after_the_other(rng):
    start, expected = some_vector(rng), None
    rotations = [(Word(w.x, w.z, w.phase & 2), rng.uniform(-6, 6)) for w in some_words(rng, 5)]
    expected = start
    for word, angle in rotations:
        values, vectors = np.linalg.eigh(dense(word))
        expected = (vectors * np.exp(-0.5j * angle * values)) @ vectors.conj().T @ expected
    state = vector_state(start, N, rotations)
    np.testing.assert_allclose(state.vector, expected, atol=1e-13)
    words = [Word(w.x, w.z, w.phase & 2) for w in some_words(rng, 9)]
    values = [np.vdot(expected, dense(w) @ expected).real for w in words]
    np.testing.assert_allclose(state.expectations(words), values, atol=1e-13)


def test_overlaps_of_products_are_those_of_their_vectors(rng):
    parts = [[some_vector(rng, 2) for _ in range(N)] for _ in range(2)]
    vectors = [np.kron(np.kron(a, b), c) for a, b, c in parts]
    products = [product_state(np.array([bloch_of(v) for v in own])) for own in parts]
    truth = abs(np.vdot(*vectors)) ** 2
    assert 1e-6 < truth < 1
    assert products[0].overlap(products[1]) == pytest.approx(truth)
    states = [vector_state(v, N) for v in vectors]
    assert states[0].overlap(states[1]) == pytest.approx(truth)
    assert states[0].overlap(products[1]) is None
    # Y with a minus: the vector conjugated
    signs = np.tile([1.0, -1.0, 1.0], (N, 1))
    truth = abs(np.vdot(vectors[0].conj(), vectors[1])) ** 2
    assert products[0].overlap(products[1], signs) == pytest.approx(truth)
    assert states[0].overlap(states[1], signs) is None


def terms(observable):
    return {word: c for c, word in pauli_terms([qml.expval(observable)], {"a": 0, "b": 1})}


def test_projectors_are_products_of_signs():
    """|10⟩⟨10| = (1 − Z)(1 + Z)/4."""
    found = terms(qml.Projector([1, 0], wires=["a", "b"]))
    assert found == {Word(0, 0): 0.25, Word(0, 1): -0.25, Word(0, 2): 0.25, Word(0, 3): -0.25}


@pytest.mark.parametrize("scale", [1e-15, 1.0, 1e15])
def test_matrices_of_any_size_have_their_words(scale):
    matrix = scale * np.array([[2.0, -1j], [1j, 4.0]])
    found = terms(qml.Hermitian(matrix, wires=["b"]))
    expected = {Word(0, 0): 3 * scale, Word(0, 2): -scale, Word(2, 2): scale}
    assert found.keys() == expected.keys()
    assert all(found[word] == pytest.approx(c, rel=1e-12) for word, c in expected.items())
    # rounding of a large coefficient is no imaginary part
    assert terms((1e6 + 1e-5j) * qml.Z("a")) == {Word(0, 1): 1e6}
    assert terms(qml.Hermitian(np.zeros((2, 2)), wires=["b"])) == {}
