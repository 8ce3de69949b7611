"""Lie algebras of sums of words: known dimensions, PennyLane's closure, and closedness itself."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.pauli import PauliSentence, PauliWord
from test_closure import SYMMETRIC, pairs_of, ring, words_of
from test_words import dense

from pennylane_trainability import ReadingError
from pennylane_trainability.liealg import Words, closure, sentence_closure


def chain(n, letters, close=False):
    """Words of two neighbouring wires, all the way along (or round)."""
    texts = [ring(letter, n)[: n if close else n - 1] for letter in letters]
    return [list(pair) for pair in zip(*texts, strict=True)]


def single(n, letter):
    return ["I" * w + letter + "I" * (n - 1 - w) for w in range(n)]


def tied(*groups):
    """Words, and one row of ones per group."""
    texts = [text for group in groups for text in group]
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return texts, (owner == np.arange(len(groups))[:, None]).astype(float)


def qaoa(n):
    return tied(single(n, "X"), ring("Z", n))


def hopping(n):
    """IsingXY on neighbours, and a phase on every wire."""
    return tied(*chain(n, "XY"), *([text] for text in single(n, "Z")))


def sentence(texts, row):
    words = [PauliWord({w: c for w, c in enumerate(t) if c != "I"}) for t in texts]
    return PauliSentence(
        {word: float(value) for word, value in zip(words, row, strict=True) if value}
    )


@pytest.mark.parametrize("n", [4, 5, 6])
def test_known_dimensions(n):
    assert sentence_closure(words_of(qaoa(n)[0]), qaoa(n)[1]).dimension == 3 * n - 1
    # free fermions that keep their number: u(n)
    assert sentence_closure(words_of(hopping(n)[0]), hopping(n)[1]).dimension == n**2


CASES = [
    pytest.param(*qaoa(4), id="QAOA on a ring"),
    pytest.param(*hopping(4), id="IsingXY"),
    pytest.param(*tied(single(3, "X"), single(3, "Y"), chain(3, "Z")[0]), id="tied layers"),
    pytest.param(SYMMETRIC, np.eye(12), id="single words"),
]


@pytest.mark.parametrize(("texts", "coefficients"), CASES)
def test_dimension_is_pennylanes(texts, coefficients):
    found = sentence_closure(words_of(texts), coefficients)
    expected = qml.lie_closure([sentence(texts, row) for row in coefficients], pauli=True)
    assert found.is_complete and found.dimension == len(expected)
    assert found.text == str(len(expected))


@pytest.mark.parametrize(("texts", "coefficients"), CASES[:3])
def test_the_basis_is_orthonormal_and_closed(texts, coefficients):
    n = len(texts[0])
    found = sentence_closure(words_of(texts), coefficients)
    np.testing.assert_allclose(found.basis @ found.basis.T, np.eye(found.dimension), atol=1e-10)
    words = np.array([dense(pair, n) for pair in found.words.pairs()])
    matrices = np.tensordot(found.basis, words, 1).reshape(found.dimension, -1)
    given = np.tensordot(coefficients, [dense(pair, n) for pair in pairs_of(texts)], 1)
    square = matrices.reshape(-1, 2**n, 2**n)
    brackets = 1j * (square[:, None] @ square - square @ square[:, None])
    for inside in (given.reshape(len(given), -1), brackets.reshape(-1, 4**n)):
        overlap = inside @ matrices.conj().T / 2**n
        np.testing.assert_allclose(overlap @ matrices, inside, atol=1e-9)


def test_random_coefficients_of_two_generators(rng):
    """Generic sums generate what their words allow; PennyLane finds the same dimension."""
    texts = ["XX", "ZI", "IZ", "YX"]
    coefficients = rng.standard_normal((2, 4))
    found = sentence_closure(words_of(texts), coefficients)
    expected = qml.lie_closure([sentence(texts, row) for row in coefficients], pauli=True)
    assert found.dimension == len(expected)
    assert found.dimension <= closure(words_of(texts)).dimension


def test_words_alone_give_the_closure_of_words():
    found = sentence_closure(words_of(SYMMETRIC), np.eye(12))
    assert set(found.words.pairs()) == set(closure(words_of(SYMMETRIC)).words.pairs())


def test_repeated_words_add_up_and_zero_generators_do_not_count():
    words = words_of(["X", "X", "Z"])
    assert sentence_closure(words, np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 2.0]])).dimension == 1
    assert sentence_closure(words, np.array([[1.0, 0.5, 0.0], [0.0, 0.0, 2.0]])).dimension == 3
    assert sentence_closure(words, np.zeros((2, 3))).dimension == 0


@pytest.mark.parametrize("options", [{"max_dimension": 20}, {"memory": 2000}])
def test_a_stopped_search_gives_a_lower_bound_and_says_so(options):
    texts, coefficients = hopping(6)
    found = sentence_closure(words_of(texts), coefficients, **options)
    assert not found.is_complete and 0 < found.dimension < 36
    assert found.text == f"≥ {found.dimension}"


@pytest.mark.parametrize(
    "coefficients",
    [
        pytest.param(np.ones(2), id="one axis"),
        pytest.param(np.ones((2, 3)), id="too many columns"),
        pytest.param(1j * np.ones((1, 2)), id="complex"),
    ],
)
def test_coefficients_must_fit(coefficients):
    with pytest.raises(ReadingError, match=r"shape \(m, 2\)"):
        sentence_closure(Words.of([(1, 0), (0, 1)], 1), coefficients)
