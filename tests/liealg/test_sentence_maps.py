"""Commutators of sums of words as numbers modulo a prime: signs, ratios, words that join."""

import numpy as np
from test_closure import words_of

from pennylane_trainability.liealg.modular import PRIME
from pennylane_trainability.liealg.sentences import _Brackets, _residues, _widened


def test_commutators_are_antisymmetric_maps():
    """Tr([G, A] B) = −Tr(A [G, B]), and words are orthogonal."""
    brackets = _Brackets(
        words_of(["XI", "ZZ", "IX", "YZ"]), np.array([[1, 2, 0, 0], [0, 3, 1, 5.0]])
    )
    found = 0
    while found < len(brackets.index):  # until no word is new
        found = len(brackets.index)
        maps = brackets.of(np.eye(found, dtype=np.int64))
    maps = maps.reshape(2, found, found)
    assert np.count_nonzero(maps[0]) and np.count_nonzero(maps[1])
    np.testing.assert_array_equal((maps + maps.swapaxes(1, 2)) % PRIME, 0)


def test_ratios_that_are_no_fractions_are_told_apart():
    one, *others = _residues(np.array([1, np.sqrt(0.5), np.sqrt(0.5) + 1e-10, np.sqrt(0.3)]))
    assert one == 1 and len({0, 1, *others}) == 5


def test_words_that_join_have_the_coefficient_zero():
    given = np.array([[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(_widened(given, 4), [[1, 2, 0, 0], [3, 4, 0, 0], [5, 6, 0, 0]])
    assert _widened(given, 2) is given
