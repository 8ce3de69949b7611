"""Ranks modulo a prime against whole numbers of any size."""

import numpy as np

from pennylane_trainability.liealg.modular import PRIME, Echelon, multiplied


def test_products_are_exact(rng):
    first, second = rng.integers(0, PRIME, (7, 90)), rng.integers(0, PRIME, (90, 5))
    expected = first.astype(object) @ second.astype(object) % PRIME
    np.testing.assert_array_equal(multiplied(first, second), expected.astype(np.int64))
    largest = np.full((1, 300), PRIME - 1)
    assert multiplied(largest, largest.T)[0, 0] == 300  # (−1)² summed


def test_rank_is_that_of_whole_numbers(rng):
    left, right = rng.integers(-5, 6, (30, 8)), rng.integers(-5, 6, (8, 25))
    vectors = (left @ right) % PRIME
    found = Echelon()
    new = [len(found.extend(vectors[k : k + 5])) for k in range(0, 30, 5)]
    assert len(found) == sum(new) == np.linalg.matrix_rank(left @ right) == 8
    assert len(found.extend(multiplied(rng.integers(0, PRIME, (3, 30)), vectors))) == 0


def test_columns_may_join(rng):
    found = Echelon()
    assert len(found.extend(np.array([[1, 2]]))) == 1
    assert len(found.extend(np.array([[2, 4, 0], [2, 4, 1], [0, 0, 5]]))) == 1
    assert len(found) == 2


def test_what_is_new_spans_with_what_was_there(rng):
    """Old rows and new ones together give the span of everything put in."""
    first, second = rng.integers(0, PRIME, (3, 9)), rng.integers(0, PRIME, (4, 9))
    found = Echelon()
    rows = np.concatenate([found.extend(first), found.extend(np.concatenate([first, second]))])
    assert len(rows) == 7
    other = Echelon()
    assert len(other.extend(rows)) == 7 and len(other.extend(second)) == 0
