"""Arrays of Pauli words against dense matrices, and the lookup against a dictionary."""

from functools import reduce

import numpy as np
import pytest

from pennylane_trainability.liealg.words import (
    WordIndex,
    Words,
    XorHash,
    anticommuting,
    crossings,
    products,
)

LETTERS = {
    (0, 0): np.eye(2),
    (1, 0): np.array([[0, 1], [1, 0]]),
    (0, 1): np.diag([1, -1]),
    (1, 1): np.array([[0, -1j], [1j, 0]]),
}


def dense(pair, n):
    """The matrix of one word, wire 0 leading."""
    x, z = pair
    return reduce(np.kron, [LETTERS[x >> w & 1, z >> w & 1] for w in range(n)])


def random_pairs(rng, count, n):
    """Masks of words on ``n`` wires; more than 62 wires are put together from parts."""
    parts = rng.integers(0, 2**30, (count, 2, -(-n // 30)))
    cut = (1 << n) - 1
    return [
        tuple(sum(int(v) << 30 * k for k, v in enumerate(half)) & cut for half in word)
        for word in parts
    ]


@pytest.mark.parametrize("n", [1, 3, 64, 65, 450])
def test_masks_come_back(rng, n):
    pairs = random_pairs(rng, 20, n)
    words = Words.of(pairs, n)
    assert words.pairs() == pairs
    assert words.n_limbs == -(-n // 64)
    assert words.take([3, 1]).pairs() == [pairs[3], pairs[1]]
    assert words.letters().tolist() == [(x | z).bit_count() for x, z in pairs]
    assert Words.joined([words, words]).pairs() == pairs * 2


def test_products_are_those_of_the_matrices(rng):
    n = 3
    first, second = random_pairs(rng, 60, n), random_pairs(rng, 60, n)
    found, turns = products(Words.of(first, n), Words.of(second, n))
    for a, b, word, t in zip(first, second, found.pairs(), turns, strict=True):
        np.testing.assert_allclose(dense(a, n) @ dense(b, n), 1j ** int(t) * dense(word, n))


def test_a_single_factor_stands_for_all(rng):
    n = 3
    pairs = random_pairs(rng, 30, n)
    many, one = Words.of(pairs, n), Words.of([(0b101, 0b110)], n)
    for found, turns, order in ((*products(many, one), 1), (*products(one, many), -1)):
        for pair, word, t in zip(pairs, found.pairs(), turns, strict=True):
            left, right = [dense(pair, n), dense((0b101, 0b110), n)][::order]
            np.testing.assert_allclose(left @ right, 1j ** int(t) * dense(word, n))


def test_commutation_is_that_of_the_matrices(rng):
    n = 3
    pairs = random_pairs(rng, 25, n)
    words = Words.of(pairs, n)
    table = crossings(words, words)
    for i, p in enumerate(pairs):
        a = dense(p, n)
        expected = [not np.allclose(a @ dense(q, n), dense(q, n) @ a) for q in pairs]
        assert table[i].tolist() == expected
        assert anticommuting(words, words.take([i])).tolist() == expected
    shifted = words.take(np.roll(np.arange(25), 1))
    assert anticommuting(words, shifted).tolist() == np.diag(np.roll(table, 1, axis=1)).tolist()


@pytest.mark.parametrize("n", [70, 450])
def test_many_wires_are_as_few_wires_set_apart(rng, n):
    """Letters three wires apart from each other behave as letters on neighbouring wires."""
    step = n // 4
    small = random_pairs(rng, 40, 4)
    spread = [
        tuple(sum((m >> w & 1) << step * w for w in range(4)) for m in pair) for pair in small
    ]
    few, many = Words.of(small, 4), Words.of(spread, n)
    np.testing.assert_array_equal(crossings(few, few), crossings(many, many))
    one = products(few, few.take(np.arange(39, -1, -1)))[1]
    np.testing.assert_array_equal(one, products(many, many.take(np.arange(39, -1, -1)))[1])


def test_the_hash_is_linear_and_tells_single_letters_apart(rng):
    n = 450
    words = Words.of(random_pairs(rng, 50, n), n)
    other = words.take(np.arange(49, -1, -1))
    hashing = XorHash(words.n_limbs)
    np.testing.assert_array_equal(
        hashing(products(words, other)[0]), hashing(words) ^ hashing(other)
    )
    single = Words.of([(1 << w, 0) for w in range(n)] + [(0, 1 << w) for w in range(n)], n)
    assert len(set(hashing(single).tolist())) == 2 * n


@pytest.mark.parametrize("bits", [1, 3, 64])
@pytest.mark.parametrize("n", [3, 70])
def test_words_are_found_whatever_the_hash(rng, bits, n):
    """With few bits almost all words share a hash with others."""
    pairs = random_pairs(rng, 400, min(n, 4))
    pairs = [(x << n - 3, z) for x, z in pairs]
    known: dict = {}
    index = WordIndex(Words.of([], n).n_limbs, XorHash(Words.of([], n).n_limbs, bits))
    for part in (pairs[:150], pairs[150:160], pairs[160:300]):
        rows = index.add(Words.of(part, n))
        for pair in part:
            known.setdefault(pair, len(known))
        assert rows.tolist() == [known[pair] for pair in part]
    assert index.words.pairs() == list(known)
    expected = [known.get(pair, -1) for pair in pairs]
    assert -1 in expected or len(known) == len(set(pairs))
    assert index.find(Words.of(pairs, n)).tolist() == expected
    np.testing.assert_array_equal(index.hashes, index.hashing(index.words))
