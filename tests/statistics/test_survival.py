"""A depolarising channel is taken out of means and probabilities that went through it."""

import numpy as np
import pytest

from pennylane_trainability.statistics.survival import survival_of_mirror, undepolarised


@pytest.mark.parametrize("n", [1, 3])
def test_the_survival_is_found_again_from_the_probability_of_returning(n):
    returned = 0.3 + 0.7 / 2**n
    assert survival_of_mirror(np.array(returned), np.array(n)) == pytest.approx(0.3)


def test_no_survival_is_a_thousandth():
    probabilities = np.array([0.0, 0.125, 0.1251])
    np.testing.assert_array_equal(survival_of_mirror(probabilities, np.array(3)), [1e-3] * 3)


def test_words_and_overlaps_are_found_again():
    """``s m`` of a word; ``2(s K + (1 − s)/2^n) − 1`` of a probability."""
    words, probabilities = np.array([0.4, -0.7]), np.array([0.9, 0.05])
    survival, wires = np.array([0.5, 0.8, 0.25, 0.9]), np.array([2, 4, 2, 3])
    seen = survival[2:] * probabilities + (1 - survival[2:]) / 2.0 ** wires[2:]
    means = np.concatenate([survival[:2] * words, 2 * seen - 1])
    found = undepolarised(means, survival, wires, np.array([False, False, True, True]))
    np.testing.assert_allclose(found, [*words, *(2 * probabilities - 1)], atol=1e-14)
