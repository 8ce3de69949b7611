"""Lie algebras by their type: against the list of their words, and at sizes no list has."""

import numpy as np
import pytest
from test_closure import CASES, SINGLE, SLPA, SYMMETRIC, ising, ring, words_of
from test_words import random_pairs

from pennylane_trainability.liealg import Words, closure, ideals


@pytest.mark.parametrize(("texts", "dimension"), CASES)
def test_dimensions(texts, dimension):
    assert ideals(words_of(texts)).dimension == dimension


NAMES = [
    pytest.param(SLPA, "4 × so(6)", id="stabilizer-logical product"),  # so(6) = su(4)
    pytest.param(SYMMETRIC, "4 × so(6)", id="symmetric"),
    pytest.param(SINGLE + ring("Z", 4), "su(16)", id="all of four wires"),
    pytest.param(ising(7), "so(14)", id="free fermions"),
    pytest.param(["XI", "ZI", "IX", "IZ"], "2 × so(3)", id="two wires apart"),
    pytest.param(["XI", "ZI", "IZ"], "so(3) + u(1)", id="a wire and a phase"),
    pytest.param(["XZ", "ZZ", "XI"], "2 × so(3)", id="a wire and a sign of another"),
    pytest.param(["II", "ZI"], "2 × u(1)", id="the identity counts"),
]


@pytest.mark.parametrize(("texts", "name"), NAMES)
def test_names(texts, name):
    assert ideals(words_of(texts)).text == name


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_the_dimension_is_the_number_of_words(rng, n):
    """Random words, on few wires or on all, in numbers that leave relations between them."""
    seen = set()
    for trial in range(150):
        count = int(rng.integers(1, 2 * n + 4))
        pairs = random_pairs(rng, count, n)
        if trial % 2:
            masks = 3 << rng.integers(0, n, count)
            pairs = [(x & int(m), z & int(m)) for (x, z), m in zip(pairs, masks, strict=True)]
        found = ideals(Words.of(pairs, n))
        assert found.dimension == closure(Words.of(pairs, n)).dimension, pairs
        seen |= {ideal.family for ideal in found.ideals}
    assert seen >= ({"so", "u"} if n < 3 else {"so", "su", "u"})


@pytest.mark.parametrize("n", [3, 4])
def test_real_circuits_generate_orthogonal_matrices(n):
    """Words with an odd number of ``Y`` are the antisymmetric matrices, all of ``so(2^n)``."""
    pairs = [(x, z) for x in range(2**n) for z in range(2**n) if (x & z).bit_count() % 2]
    few = [(x, z) for x, z in pairs if (x | z).bit_count() <= 2]
    assert ideals(Words.of(pairs, n)).text == ideals(Words.of(few, n)).text == f"so({2**n})"


@pytest.mark.parametrize("n", [3, 4, 5])  # sp(8) has as many words as so(9)
def test_matrices_that_keep_a_symplectic_form(n):
    """``sp(2^n)``: words ``W`` with ``J W^T J^{-1} = −W`` for ``J = Y`` on the first wire."""
    pairs = [
        (x, z)
        for x in range(2**n)
        for z in range(2**n)
        if ((x & z).bit_count() + (x ^ z) % 2) % 2  # W^T = ±W, and Y₀ W Y₀ = ±W
    ]
    found = ideals(Words.of(pairs, n))
    assert found.dimension == len(pairs) == 2 ** (n - 1) * (2**n + 1)
    assert found.text == f"sp({2**n})"


def test_more_wires_than_any_list():
    n = 100
    assert ideals(words_of(ising(n))).text == f"so({2 * n})"
    everything = [(x << w, 1 - x << w) for w in range(n) for x in (0, 1)]
    everything += [(0, 3 << w) for w in range(n - 1)]
    assert ideals(Words.of(everything, n)).dimension == 4**n - 1
    # two Pauli symmetries leave 2² blocks of n − 2 wires
    symmetric = words_of([text for letter in "XYZ" for text in ring(letter, n)])
    assert ideals(symmetric).dimension == 4 * (4 ** (n - 2) - 1)


def test_names_of_wires_do_not_matter(rng):
    n = 6
    pairs = random_pairs(rng, 9, n)
    order = rng.permutation(n)
    moved = [tuple(sum((m >> w & 1) << order[w] for w in range(n)) for m in p) for p in pairs]
    assert ideals(Words.of(pairs, n)) == ideals(Words.of(np.array(moved).tolist(), n))


def test_wires_that_are_far_apart_are_wires_like_others(rng):
    n = 5
    for pairs in (random_pairs(rng, 7, n), [(1 << w, 0) for w in range(n)] + [(0, 3), (0, 6)]):
        far = [tuple(sum((m >> w & 1) << 50 * w for w in range(n)) for m in p) for p in pairs]
        assert ideals(Words.of(pairs, n)).text == ideals(Words.of(far, 250)).text


def test_nothing_generates_nothing():
    found = ideals(Words.of([], 3))
    assert found.dimension == 0 and found.text == "0"
