"""Moments: unbiased by exact enumeration of all samples, errors that cover."""

import itertools

import numpy as np
import pytest

from pennylane_trainability.statistics import (
    excess_kurtosis,
    k_statistics,
    replicate_covariance,
    skewness,
    variance,
    variance_and_error,
)

POINTS = np.array([0.0, 1.0, 4.0])
P = np.array([0.5, 0.3, 0.2])


def central(r):
    return np.sum(P * (POINTS - P @ POINTS) ** r)


def all_samples(count):
    """Every sample of that size from the three-point law, one per row, and its weight."""
    index = np.array(list(itertools.product(range(3), repeat=count)))
    return POINTS[index], np.prod(P[index], axis=1)


def test_k_statistics_are_unbiased():
    samples, weights = all_samples(6)
    expected = [weights @ k for k in k_statistics(samples, axis=1)]
    truth = [P @ POINTS, central(2), central(3), central(4) - 3 * central(2) ** 2]
    np.testing.assert_allclose(expected, truth, rtol=1e-12)


def test_variance_is_unbiased_and_its_error_formula_is_exact_for_true_moments():
    count = 5
    samples, weights = all_samples(count)
    s2, _ = variance_and_error(samples, axis=1)
    assert weights @ s2 == pytest.approx(central(2), rel=1e-13)
    true_square = (central(4) - central(2) ** 2 * (count - 3) / (count - 1)) / count
    assert weights @ (s2 - central(2)) ** 2 == pytest.approx(true_square, rel=1e-12)


def test_error_of_the_variance_tends_to_the_true_one():
    count = 200_000
    samples = np.random.default_rng(1).choice(POINTS, size=count, p=P)
    _, error = variance_and_error(samples)
    truth = np.sqrt((central(4) - central(2) ** 2) / count)
    # relative error of a plug-in of m4: √(Var (x−μ)⁴/count) / (2 (μ₄ − σ⁴)), and a little more
    relative = np.sqrt((central(8) - central(4) ** 2) / count) / (
        2 * (central(4) - central(2) ** 2)
    )
    assert abs(error / truth - 1) < 5 * relative


def test_error_of_a_sum_of_two_points_is_written_down():
    # x = ±1, equally often: s² = M/(M−1), m4 = 1
    samples = np.array([1.0, -1.0] * 8)
    s2, error = variance_and_error(samples)
    assert s2 == pytest.approx(16 / 15, rel=1e-15)
    assert error == pytest.approx(np.sqrt((1 - (16 / 15) ** 2 * 13 / 15) / 16), rel=1e-13)


def test_variance_interval_is_symmetric_for_the_logarithm():
    estimate = variance(np.random.default_rng(2).normal(size=50))
    assert estimate.low * estimate.high == pytest.approx(estimate.value**2, rel=1e-12)
    constant = variance(np.ones(5))
    assert (constant.value, constant.low, constant.high) == (0, 0, 0)


def test_the_variance_interval_by_hand():
    """``s² e^{± z e/s²}``: s² = 38/3, and e² = (180.5 − s⁴/3)/4, at 90 %."""
    estimate = variance(np.array([1.0, 2.0, 4.0, 9.0]), level=0.9)
    squared = 38 / 3
    error = np.sqrt(((81 + 16 + 0 + 625) / 4 - squared**2 / 3) / 4)
    reach = np.exp(1.6448536269514722 * error / squared)
    assert (estimate.value, estimate.stderr) == pytest.approx((squared, error), rel=1e-12)
    assert (estimate.low, estimate.high) == pytest.approx((squared / reach, squared * reach))


@pytest.mark.slow
def test_variance_intervals_cover():
    rng = np.random.default_rng(3)
    repeats = 1000
    estimates = [variance(sample) for sample in rng.uniform(-1, 1, size=(repeats, 300))]
    covered = np.mean([e.low <= 1 / 3 <= e.high for e in estimates])
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / repeats)


def test_replicates_remove_shot_noise_on_average():
    rng = np.random.default_rng(4)
    truth = rng.normal(scale=0.1, size=5000)
    first, second = truth + rng.normal(scale=0.3, size=(2, 5000))
    estimate = replicate_covariance(first, second)
    assert abs(estimate.value - 0.01) < 4 * estimate.stderr
    assert variance(first).low > 0.01  # what one batch of shots would say


def test_covariance_of_a_sample_with_itself_is_its_variance():
    samples = np.random.default_rng(5).exponential(size=40)
    pair, single = replicate_covariance(samples, samples), variance(samples)
    assert pair.value == pytest.approx(single.value, rel=1e-13)
    assert pair.stderr == pytest.approx(single.stderr, rel=1e-12)


def test_replicate_error_covers():
    rng = np.random.default_rng(6)
    repeats = 600
    covered = 0
    for _ in range(repeats):
        truth = rng.normal(size=200)
        e = replicate_covariance(*(truth + rng.normal(size=(2, 200))))
        covered += e.low <= 1 <= e.high
    # the normal interval of a skew estimate: a few per cent short at 200 draws
    assert 0.92 < covered / repeats < 0.98


def test_shape_measures_ignore_shift_and_scale_and_know_the_uniform_law():
    samples = np.random.default_rng(7).uniform(size=(20_000, 2))
    np.testing.assert_allclose(skewness(3 - 2 * samples), -skewness(samples), rtol=1e-9)
    np.testing.assert_allclose(
        excess_kurtosis(3 - 2 * samples), excess_kurtosis(samples), rtol=1e-9
    )
    assert np.all(np.abs(skewness(samples)) < 4 * np.sqrt(6 / 20_000))
    assert np.all(np.abs(excess_kurtosis(samples) + 1.2) < 4 * np.sqrt(24 / 20_000))


def test_constants_have_no_shape():
    assert np.isnan(skewness(np.ones(5)))
    assert np.isnan(excess_kurtosis(np.ones(5)))


def test_too_few_draws_are_refused():
    with pytest.raises(ValueError, match=r"at least 4 draws along axis 0.*Draw more"):
        k_statistics(np.ones(3))
