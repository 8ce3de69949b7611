"""Counts: closed forms of multinomial errors, and how often intervals cover."""

import itertools
import math

import numpy as np
import pytest

from pennylane_trainability.statistics import (
    AGRESTI_COULL,
    covariances,
    means,
    resample_counts,
    resample_means,
    resample_signs,
    smoothed_probabilities,
    standard_errors,
    wilson_interval,
)

ZI_IZ_ZZ = np.array([[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])


def histograms(shots, outcomes):
    """All histograms of that many shots, and their multinomial coefficients."""
    for cuts in itertools.product(range(shots + 1), repeat=outcomes):
        if sum(cuts) == shots:
            weight = math.factorial(shots) / math.prod(map(math.factorial, cuts))
            yield np.array(cuts), weight


def test_means_of_pauli_words_from_one_histogram():
    counts = np.array([[40, 30, 20, 10], [0, 0, 0, 8]])
    np.testing.assert_allclose(means(counts, ZI_IZ_ZZ), [[0.4, 0.2, 0.0], [-1, -1, 1]], atol=1e-15)


def test_covariances_are_unbiased_for_few_shots():
    p = np.array([0.4, 0.3, 0.2, 0.1])
    shots = 3
    expected = np.zeros((3, 3))
    for counts, weight in histograms(shots, 4):
        expected += weight * np.prod(p**counts) * covariances(counts, ZI_IZ_ZZ)
    mean = ZI_IZ_ZZ @ p
    truth = ((ZI_IZ_ZZ * p) @ ZI_IZ_ZZ.T - np.outer(mean, mean)) / shots
    np.testing.assert_allclose(expected, truth, rtol=1e-12, atol=1e-15)


def test_standard_error_of_a_sign_is_the_binomial_one():
    shots, mean = 101, (76 - 25) / 101
    error = standard_errors(np.array([76, 25]), np.array([[1, -1]]))
    np.testing.assert_allclose(error, np.sqrt((1 - mean**2) / (shots - 1)), rtol=1e-14)


def test_many_circuits_are_treated_one_by_one(rng):
    """Two by five circuits, four outcomes, three observables, beside NumPy's own covariance."""
    counts = rng.integers(1, 9, (2, 5, 4))
    found, errors = covariances(counts, ZI_IZ_ZZ), standard_errors(counts, ZI_IZ_ZZ)
    assert found.shape == (2, 5, 3, 3) and errors.shape == (2, 5, 3)
    for index in np.ndindex(2, 5):
        shots = np.repeat(ZI_IZ_ZZ, counts[index], axis=1)
        np.testing.assert_allclose(found[index], np.cov(shots) / shots.shape[1], atol=1e-14)
        np.testing.assert_allclose(errors[index] ** 2, np.diagonal(found[index]), atol=1e-14)
        np.testing.assert_allclose(means(counts, ZI_IZ_ZZ)[index], shots.mean(axis=1), atol=1e-14)
    np.testing.assert_allclose(standard_errors(counts[1], ZI_IZ_ZZ), errors[1])


def test_errors_lean_towards_zero_where_all_shots_agree():
    """No resample has more than all of them: errors above zero are at most ``1 − centre``."""
    centre = 20 / (20 + AGRESTI_COULL)
    rng, signs = np.random.default_rng(0), np.array([[1, -1]])
    for drawn in (
        resample_means(np.array([20, 0]), signs, 500, rng),
        resample_signs(np.array(1.0), np.array(20), 500, rng),
    ):
        assert drawn.max() == pytest.approx(2 - centre)
        # one in nineteen less
        assert drawn[drawn < drawn.max() - 1e-9].max() == pytest.approx(2 - centre - 2 / 19)


def test_one_shot_has_no_error_of_its_own():
    assert np.isnan(standard_errors(np.array([1, 0]), np.array([[1, -1]]))).all()


def test_smoothing_of_two_outcomes_is_agresti_coull():
    p = smoothed_probabilities(np.array([[7, 3], [10, 0]]))
    z2 = AGRESTI_COULL
    np.testing.assert_allclose(p[:, 0], (np.array([7, 10]) + z2 / 2) / (10 + z2), rtol=1e-15)
    assert z2 == pytest.approx(1.959963984540054**2, rel=1e-12)


def test_smoothing_adds_the_same_number_of_shots_for_any_number_of_outcomes():
    counts = np.zeros(1024)
    counts[0] = 1000
    p = smoothed_probabilities(counts)
    assert p.sum() == pytest.approx(1, abs=1e-14)
    assert 1 - p[0] == pytest.approx(AGRESTI_COULL * 1023 / 1024 / (1000 + AGRESTI_COULL))


def test_wilson_bounds_are_where_the_score_test_is_at_its_edge():
    z, shots, mean = 1.959963984540054, 37.0, 0.3
    for bound in wilson_interval(np.array(mean), shots):
        assert abs(mean - bound) / np.sqrt((1 - bound**2) / shots) == pytest.approx(z, rel=1e-12)


@pytest.mark.parametrize("mean", [0.0, 0.6, 0.95])
def test_wilson_covers_exactly_enough(mean):
    shots = 60
    k = np.arange(shots + 1)
    low, high = wilson_interval(2 * k / shots - 1, np.array(shots))
    p = (1 + mean) / 2
    weights = np.array([math.comb(shots, i) * p**i * (1 - p) ** (shots - i) for i in k])
    assert np.all((low >= -1 - 1e-12) & (high <= 1 + 1e-12))
    coverage = weights[(low <= mean) & (mean <= high)].sum()  # exact, no sampling
    assert 0.93 < coverage < 0.99


def test_resampled_counts_have_the_unbiased_variance():
    counts = np.array([[12, 8], [15, 5]])
    drawn = resample_counts(counts, 20_000, np.random.default_rng(2), imagined=0.0)
    np.testing.assert_array_equal(drawn.sum(axis=-1), 19)
    frequency = drawn[..., 0] / 19
    p = counts[:, 0] / 20
    truth = p * (1 - p) / 19
    variance = frequency.var(axis=0, ddof=1)
    np.testing.assert_array_less(np.abs(variance - truth), 4 * truth * np.sqrt(2 / 20_000))


@pytest.mark.parametrize("plus", [10, 14, 20])
def test_resampled_means_are_centred_on_the_estimate_and_never_certain(plus):
    counts = np.array([plus, 20 - plus])
    values = np.array([[1, -1]])
    drawn = resample_means(counts, values, 20_000, np.random.default_rng(3))[:, 0]
    spread = drawn.std(ddof=1)
    assert abs(drawn.mean() - means(counts, values)[0]) < 4 * spread / np.sqrt(20_000)
    assert spread > 0
    p = smoothed_probabilities(counts)[0]
    truth = np.sqrt(4 * p * (1 - p) / 19)
    assert abs(spread / truth - 1) < 5 / np.sqrt(20_000)  # kurtosis of binomials: below 5/√B


def test_signs_and_counts_have_the_same_law():
    counts, shots, n = np.array([18, 6]), 24, 20_000
    from_counts = resample_means(counts, np.array([[1, -1]]), n, np.random.default_rng(4))[:, 0]
    from_mean = resample_signs(np.array(0.5), shots, n, np.random.default_rng(5))
    spread = from_counts.std()
    assert abs(from_counts.mean() - from_mean.mean()) < 4 * spread * np.sqrt(2 / n)
    assert abs(from_mean.std() / spread - 1) < 4 / np.sqrt(n)


def test_circuits_may_differ_in_shots():
    mean, shots = np.zeros(2), np.array([10, 1000])
    spread = resample_signs(mean, shots, 20_000, np.random.default_rng(6)).std(axis=0)
    truth = 1 / np.sqrt(shots - 1)
    np.testing.assert_array_less(np.abs(spread / truth - 1), 4 / np.sqrt(2 * 20_000))


@pytest.mark.parametrize("counts", [[0, 0], [-1, 3], 5])
def test_circuits_without_shots_are_refused(counts):
    with pytest.raises(ValueError, match="Leave out circuits without shots"):
        means(np.array(counts), np.array([[1, -1]]))
