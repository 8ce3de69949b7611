"""Corrections of read-out errors undo the confusion matrix, written down as a Kronecker product."""

from functools import reduce

import numpy as np
import pytest

from pennylane_trainability.statistics.flips import (
    corrected_returns,
    corrected_table,
    corrected_words,
    even_return,
)

FLIPS = np.array([[0.02, 0.1], [0.2, 0.05], [0.0, 0.3]])


def confusion(flips):
    """What is seen from what is there, the leading wire first."""
    return reduce(np.kron, [np.array([[1 - u, d], [u, 1 - d]]) for u, d in flips])


def test_a_corrected_table_gives_the_mean_that_is_there(rng):
    table, there = rng.standard_normal((5, 8)), rng.dirichlet(np.ones(8))
    seen = confusion(FLIPS) @ there
    np.testing.assert_allclose(corrected_table(table, FLIPS) @ seen, table @ there, atol=1e-13)


@pytest.mark.parametrize("word", [(1, 0, 0), (0, 1, 1), (1, 1, 1), (0, 0, 0)])
def test_corrected_words_are_those_of_the_table(word, rng):
    bits = np.array([[k >> 2 & 1, k >> 1 & 1, k & 1] for k in range(8)])
    there = rng.dirichlet(np.ones(8))
    parity = (-1.0) ** (bits @ word)
    found = corrected_words(bits, np.array([word, word]), np.array([1, -1]), FLIPS)
    seen = confusion(FLIPS) @ there
    np.testing.assert_allclose(found @ seen, [parity @ there, -parity @ there], atol=1e-13)


def test_all_zeros_in_the_maximally_mixed_state():
    assert even_return(FLIPS) == pytest.approx((confusion(FLIPS) @ np.full(8, 1 / 8))[0])


@pytest.mark.parametrize("start", [(0, 0, 0), (0, 1, 1), (1, 0, 1)])
def test_corrected_returns_are_a_row_of_the_table(start):
    bits = np.array([[k >> 2 & 1, k >> 1 & 1, k & 1] for k in range(8)])
    asked = np.all(bits == start, axis=1)[None] * 1.0
    found = corrected_returns(bits, np.array(start), FLIPS)
    np.testing.assert_allclose(found, corrected_table(asked, FLIPS)[0], atol=1e-13)
    np.testing.assert_allclose(found @ confusion(FLIPS), asked[0], atol=1e-13)
