"""The counting behind the templates, against closed forms and against brute force."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import comb

import numpy as np
import pytest

from pennylane_trainability.templates import EncodingSpectrum, _spectrum, difference_counts


def pairs_of_paths(prefactors):
    """Count the differences between all pairs of eigenvalue paths, one by one."""
    signs = list(product([-0.5, 0.5], repeat=len(prefactors)))
    values = [float(np.dot(s, prefactors)) for s in signs]
    return Counter(round(a - b, 9) for a in values for b in values)


def zeros_in_balanced_ternary(k, digits):
    """Number of zero digits of ``k`` written with the digits -1, 0, 1."""
    zeros = 0
    for _ in range(digits):
        digit = (k + 1) % 3 - 1
        zeros += digit == 0
        k = (k - digit) // 3
    assert k == 0
    return zeros


class TestUnary:
    @pytest.mark.parametrize("budget", [1, 2, 3, 7, 40])
    def test_closed_forms(self, budget):
        spectrum = EncodingSpectrum([[1] * budget])
        assert spectrum.budget == budget
        assert spectrum.minimum_parameters == 2 * budget + 1
        np.testing.assert_array_equal(spectrum.frequencies, np.arange(budget + 1))
        assert spectrum.redundancy == tuple(comb(2 * budget, budget + k) for k in range(budget + 1))

    def test_counts_are_exact_beyond_64_bits(self):
        spectrum = EncodingSpectrum([[1] * 100])
        assert spectrum.redundancy[0] == comb(200, 100)
        assert all(isinstance(count, int) for count in spectrum.redundancy)


class TestTernary:
    @pytest.mark.parametrize("budget", [1, 2, 3, 6])
    def test_closed_forms(self, budget):
        spectrum = EncodingSpectrum([[3**i for i in range(budget)]])
        largest = (3**budget - 1) // 2
        np.testing.assert_array_equal(spectrum.frequencies, np.arange(largest + 1))
        assert spectrum.minimum_parameters == 3**budget
        expected = tuple(2 ** zeros_in_balanced_ternary(k, budget) for k in range(largest + 1))
        assert spectrum.redundancy == expected


class TestGeneral:
    @pytest.mark.parametrize(
        "prefactors", [[1, 2], [2, 2, 5], [0.5, 1.5, 0.1], [-1, 1, 3], [1, 0], [np.pi, 1]]
    )
    def test_against_all_pairs_of_paths(self, prefactors):
        expected = pairs_of_paths(prefactors)
        frequencies, counts = difference_counts(prefactors)
        assert dict(zip(np.round(frequencies, 9), counts, strict=True)) == dict(expected)
        assert sum(counts) == 4 ** len(prefactors)

    def test_sums_that_differ_by_rounding_are_one_frequency(self):
        # 0.1 + 0.2 and 0.3 are different floats.
        frequencies, _ = difference_counts([0.1, 0.2, 0.3])
        np.testing.assert_allclose(frequencies, np.arange(-6, 7) / 10, atol=1e-12)

    def test_symmetric_to_the_last_bit(self, rng):
        frequencies, counts = difference_counts(rng.uniform(0, 2, size=6))
        np.testing.assert_array_equal(frequencies, -frequencies[::-1])
        np.testing.assert_array_equal(counts, counts[::-1])

    def test_no_gates_leave_the_constant(self):
        spectrum = EncodingSpectrum([[]])
        assert (spectrum.budget, spectrum.minimum_parameters) == (0, 1)
        np.testing.assert_array_equal(spectrum.frequencies, [0.0])
        assert spectrum.redundancy == (1,)


class TestSeveralInputs:
    def test_positive_half_in_lexicographic_order(self):
        spectrum = EncodingSpectrum([[1], [1]])
        expected = [[0, 0], [0, 1], [1, -1], [1, 0], [1, 1]]
        np.testing.assert_array_equal(spectrum.frequencies, expected)
        assert spectrum.redundancy == (4, 2, 1, 2, 1)
        assert spectrum.minimum_parameters == 9
        assert spectrum.budget == 2

    def test_half_and_its_negatives_are_everything(self):
        spectrum = EncodingSpectrum([[1, 1], [1, 3], [2]])
        half = spectrum.frequencies
        full = {tuple(row) for row in half} | {tuple(row) for row in -half}
        assert len(full) == spectrum.minimum_parameters == 5 * 9 * 3
        assert 2 * sum(spectrum.redundancy) - spectrum.redundancy[0] == 4**spectrum.budget


class TestErrors:
    def test_too_many_frequencies(self, monkeypatch):
        monkeypatch.setattr(_spectrum, "MAX_FREQUENCIES", 1000)
        with pytest.raises(ValueError, match=r"at most 1000 .* has at least 2187. Use fewer gates"):
            difference_counts([3**i for i in range(30)])

    def test_too_many_frequency_vectors_but_the_count_is_known(self):
        spectrum = EncodingSpectrum([[1] * 200] * 3)
        assert spectrum.minimum_parameters == 401**3 > _spectrum.MAX_FREQUENCIES
        with pytest.raises(ValueError, match="Use fewer gates"):
            _ = spectrum.frequencies
        with pytest.raises(ValueError, match="Use fewer gates"):
            _ = spectrum.redundancy

    @pytest.mark.parametrize("prefactors", [[], [[1.0, np.inf]]])
    def test_unusable_prefactors(self, prefactors):
        with pytest.raises(ValueError, match="finite real prefactors per input"):
            EncodingSpectrum(prefactors)
