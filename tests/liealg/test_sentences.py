"""Lie algebras of sums of words: known dimensions, PennyLane's closure, and closedness itself."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.pauli import PauliSentence, PauliWord
from test_closure import SYMMETRIC, ring, words_of

from pennylane_trainability import ReadingError
from pennylane_trainability.liealg import Words, closure, sentence_closure


def chain(n, letter):
    """One letter on two neighbouring wires, along a line."""
    return ring(letter, n)[: n - 1]


def pairs_of_bonds(n, letters):
    """The words of every bond, one group each."""
    return [list(group) for group in zip(*(ring(c, n)[: n - 1] for c in letters), strict=True)]


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
    return tied(*pairs_of_bonds(n, "XY"), *([text] for text in single(n, "Z")))


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
    pytest.param(*tied(single(3, "X"), single(3, "Y"), chain(3, "Z")), id="tied layers"),
    pytest.param(SYMMETRIC, np.eye(12), id="single words"),
]


@pytest.mark.parametrize(("texts", "coefficients"), CASES)
def test_dimension_is_pennylanes(texts, coefficients):
    found = sentence_closure(words_of(texts), coefficients)
    expected = qml.lie_closure([sentence(texts, row) for row in coefficients], pauli=True)
    assert found.is_complete and found.dimension == len(expected)
    assert found.text == str(len(expected))


def test_long_chains_of_commutators_leave_no_rounding_errors():
    """With rounding errors along commutators this algebra of dimension 135 grows to all of 255."""
    texts, coefficients = tied(single(4, "X"), single(4, "Y"), chain(4, "Z"))
    assert sentence_closure(words_of(texts), coefficients).dimension == 135


def test_scales_and_repetitions_of_generators_do_not_matter(rng):
    texts, coefficients = qaoa(5)
    scaled = coefficients * rng.uniform(0.1, 3, (2, 1))
    both = np.concatenate([scaled, coefficients, coefficients.sum(0, keepdims=True)])
    assert sentence_closure(words_of(texts), both).dimension == 14


def test_ratios_are_fractions():
    """``X/3 + Z`` and ``X + 3Z`` are one generator although a third is no binary number."""
    words = words_of(["XI", "ZI", "IX"])
    rows = np.array([[1 / 3, 1.0, 0.1], [1.0, 3.0, 0.3]])
    assert sentence_closure(words, rows).dimension == 1
    rows[1, 2] = 0.3 + 1e-9
    assert sentence_closure(words, rows).dimension == 2


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e5])
def test_sums_that_depend_on_each_other_by_fractions(scale):
    """Three commuting words: the third sum is the difference of the others, but for a factor."""
    words = words_of(["XII", "IXI", "IIX"])
    rows = scale * np.array([[1, 1 / 3, 0], [1, 0, 1 / 7], [0, 1, -3 / 7]])
    assert sentence_closure(words, rows).dimension == 2
    rows[2, 2] *= 1 + 1e-5
    assert sentence_closure(words, rows).dimension == 3


def test_ratios_that_are_no_fractions_are_numbers_too():
    words = words_of(["XI", "IX"])
    assert sentence_closure(words, np.array([[1, np.sqrt(0.5)], [1, 0]])).dimension == 2


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
        pytest.param(np.full((1, 2), np.nan), id="not a number"),
    ],
)
def test_coefficients_must_fit(coefficients):
    with pytest.raises(ReadingError, match=r"shape \(m, 2\)"):
        sentence_closure(Words.of([(1, 0), (0, 1)], 1), coefficients)
