"""Dimensions and words of Lie algebras: closed forms, and PennyLane's own closure."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.pauli import PauliSentence, PauliWord

from pennylane_trainability import BudgetError
from pennylane_trainability.liealg import Words, closure

LETTERS = "IXZY"


def pairs_of(texts):
    """Masks of words written as letters, the first on wire 0."""
    return [
        tuple(sum((LETTERS.index(c) >> k & 1) << w for w, c in enumerate(text)) for k in (0, 1))
        for text in texts
    ]


def words_of(texts):
    return Words.of(pairs_of(texts), len(texts[0]))


def pauli_word(text):
    return PauliWord({w: c for w, c in enumerate(text) if c != "I"})


def times(first, second):
    return "".join(
        LETTERS[LETTERS.index(a) ^ LETTERS.index(b)] for a, b in zip(first, second, strict=True)
    )


def ring(letter, n):
    """One letter on two neighbouring wires, all the way round."""
    texts = []
    for w in range(n):
        text = ["I"] * n
        text[w] = text[(w + 1) % n] = letter
        texts.append("".join(text))
    return texts


def ising(n):
    chain = ["I" * w + "XX" + "I" * (n - 2 - w) for w in range(n - 1)]
    return chain + ["I" * w + "Z" + "I" * (n - 1 - w) for w in range(n)]


LOGICALS = [
    *("XXII", "IIYY", "IZZI", "XIIX", "YYII", "IIZZ"),
    *("IXXI", "YIIY", "ZZII", "IIXX", "IYYI", "ZIIZ"),
]
STABILIZERS = ("IIII", "XXXX", "ZZZZ", "YYYY")
SLPA = [times(a, s) for a in LOGICALS for s in STABILIZERS]
SYMMETRIC = [text for letter in "XYZ" for text in ring(letter, 4)]
SINGLE = ["I" * w + c + "I" * (3 - w) for w in range(4) for c in "XY"]
CASES = [
    pytest.param(SLPA, 60, id="stabilizer-logical product"),
    pytest.param(SYMMETRIC, 60, id="symmetric"),
    pytest.param(SINGLE + ring("Z", 4), 255, id="non-symmetric"),
    pytest.param(["XII", "IYI", "IIZ"], 3, id="commuting"),
    pytest.param(["XX", "XX", "ZI"], 3, id="given twice"),
    *(pytest.param(ising(n), n * (2 * n - 1), id=f"Ising chain {n}") for n in (2, 5, 6)),
]


@pytest.mark.parametrize(("texts", "dimension"), CASES)
def test_dimension_and_words(texts, dimension):
    found = closure(words_of(texts))
    assert found.is_complete and found.dimension == dimension and found.text == str(dimension)
    expected = qml.lie_closure([pauli_word(t) for t in dict.fromkeys(texts)], pauli=True)
    keys = [next(iter(e)) if isinstance(e, PauliSentence) else e for e in expected]
    letters = ["".join(k.get(w, "I") for w in range(len(texts[0]))) for k in keys]
    assert set(found.required().pairs()) == set(pairs_of(letters))


@pytest.mark.parametrize("n", [30, 60, 70])
def test_long_ising_chains(n):
    assert closure(words_of(ising(n))).dimension == n * (2 * n - 1)


def test_order_and_repetition_do_not_matter(rng):
    texts = SINGLE + ring("Z", 4)
    first = closure(words_of(texts))
    mixed = [texts[k] for k in rng.permutation(len(texts))]
    assert set(closure(words_of(mixed + texts)).words.pairs()) == set(first.words.pairs())


def test_what_is_closed_stays_as_it_is():
    once = closure(words_of(SYMMETRIC)).words
    assert set(closure(once).words.pairs()) == set(once.pairs())


def test_a_stopped_search_gives_a_lower_bound_and_says_so():
    texts = SINGLE + ring("Z", 4)
    full = set(closure(words_of(texts)).words.pairs())
    found = closure(words_of(texts), max_dimension=40)
    assert not found.is_complete
    assert 40 < found.dimension <= 255 and found.text == f"≥ {found.dimension}"
    assert set(found.words.pairs()) <= full
    with pytest.raises(BudgetError, match="Raise max_dimension"):
        found.required()


def test_a_budget_that_is_just_enough_is_enough():
    assert closure(words_of(SYMMETRIC), max_dimension=60).is_complete
    assert not closure(words_of(SYMMETRIC), max_dimension=59).is_complete


def test_an_exponential_algebra_stops_within_its_budget():
    n = 30
    texts = [text for letter in "XYZ" for text in ring(letter, n)]
    found = closure(words_of(texts), max_dimension=5000)
    assert not found.is_complete and found.dimension > 5000
    assert np.unique(found.words.masks.reshape(2, -1), axis=1).shape[1] == found.dimension
