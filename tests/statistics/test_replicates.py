"""Variances under shot noise: no bias, no clipping, intervals that cover, also for heavy tails."""

import numpy as np
import pytest

from pennylane_trainability.statistics.moments import replicate_covariance, variance_and_error
from pennylane_trainability.statistics.replicates import ends_of, mean_of_draws, spread_of_draws


def heavy(rng, *shape, n=6):
    """∏ cos θ over whole turns: variance 2^-n, kurtosis 3 (3/2)^n /… far above the normal one."""
    return np.prod(np.cos(rng.uniform(0, 2 * np.pi, (*shape, n))), axis=-1)


def measured(rng, truth, shots):
    """Means of outcomes ±1, and unbiased variances of these means."""
    mean = 2 * rng.binomial(shots, (1 + truth) / 2) / shots - 1
    return mean, (1 - mean**2) / (shots - 1)


# -- algebra ---------------------------------------------------------------------------------------


def test_without_noise_it_is_the_variance(rng):
    samples = rng.normal(size=(1, 50, 3))
    value, error, low, high = spread_of_draws(samples)
    np.testing.assert_allclose(value, samples[0].var(axis=0, ddof=1))
    np.testing.assert_allclose(error, variance_and_error(samples[0])[1])
    assert np.all(low < value) and np.all(value < high) and np.all(low > 0)


def test_two_replicates_are_their_covariance(rng):
    pair = rng.normal(size=(2, 40))
    value = spread_of_draws(pair)[0]
    assert value == pytest.approx(np.cov(pair)[0, 1])
    assert value == pytest.approx(replicate_covariance(*pair).value)


def test_three_replicates_are_the_mean_of_three_covariances(rng):
    three = rng.normal(size=(3, 40))
    covariance = np.cov(three)
    expected = (covariance.sum() - np.trace(covariance)) / 6
    assert spread_of_draws(three)[0] == pytest.approx(expected)


def test_signs_are_corrected_by_their_binomial_variance(rng):
    """``naive − mean((1 − ℓ̂²)/(N − 1))``."""
    mean, noise = measured(rng, heavy(rng, 300), 20)
    value = spread_of_draws(mean[None], noise)[0]
    assert value == pytest.approx(mean.var(ddof=1) - np.mean((1 - mean**2) / 19))


def test_what_does_not_vary_has_no_error():
    for part in spread_of_draws(np.full((1, 30), 0.25)):
        assert part == 0


def test_too_few_draws():
    with pytest.raises(ValueError, match="at least 4 draws"):
        spread_of_draws(np.zeros((1, 3)))


# -- bias ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shots", [2, 20])
def test_no_bias_with_few_shots_and_few_draws(shots, rng):
    """Means over many repetitions; the naive variance is off by tens of standard errors."""
    truth, repeats, draws = 2.0**-6, 4_000, 12
    values = heavy(rng, repeats, draws)
    (first, noise), (second, _) = (measured(rng, values, shots) for _ in range(2))
    corrected = spread_of_draws(first.T[None], noise.T)[0]
    products = spread_of_draws(np.stack([first.T, second.T]))[0]
    for found in (corrected, products):
        assert abs(found.mean() - truth) < 4.5 * found.std() / np.sqrt(repeats)
        assert found.min() < 0  # and never clipped
    naive = first.var(axis=1, ddof=1)
    assert naive.mean() - truth > 10 * naive.std() / np.sqrt(repeats)
    # one batch has twice as many pairs of different shots as two halves of it have together
    whole, noise = measured(rng, values, 2 * shots)
    assert spread_of_draws(whole.T[None], noise.T)[0].std() < products.std()


def test_standard_errors_are_those_of_repetitions(rng):
    first, noise = measured(rng, heavy(rng, 500, 1000, n=2), 10)
    value, error, _, _ = spread_of_draws(first.T[None], noise.T)
    assert np.sqrt(np.mean(error**2)) == pytest.approx(value.std(), rel=0.12)


# -- coverage --------------------------------------------------------------------------------------


def coverage(rng, repeats, draws, shots=None, replicates=1):
    truth, values = 2.0**-6, heavy(rng, repeats, draws)
    if shots is None:
        _, _, low, high = spread_of_draws(values.T[None])
    elif replicates == 1:
        mean, noise = measured(rng, values, shots)
        _, _, low, high = spread_of_draws(mean.T[None], noise.T)
    else:
        means = [measured(rng, values, shots)[0].T for _ in range(replicates)]
        _, _, low, high = spread_of_draws(np.stack(means))
    return np.mean((low <= truth) & (truth <= high))


@pytest.mark.parametrize(
    ("draws", "options", "least"),
    [
        pytest.param(50, {}, 0.78, id="50 draws are too few"),
        pytest.param(200, {}, 0.86, id="200"),
        pytest.param(1000, {}, 0.91, id="1000"),
        pytest.param(1000, {"shots": 20}, 0.91, id="shots"),
        pytest.param(1000, {"shots": 20, "replicates": 2}, 0.91, id="replicates"),
    ],
)
def test_intervals_cover_heavy_tails(rng, draws, options, least):
    assert coverage(rng, 400, draws, **options) >= least


def test_intervals_of_the_logarithm_cover_better_than_normal_ones(rng):
    """50 draws of ∏ cos θ on six angles: .85 against .79, and χ² intervals .62."""
    truth, values = 2.0**-6, heavy(rng, 2_000, 50)
    value, error, low, high = spread_of_draws(values.T[None])
    ours = np.mean((low <= truth) & (truth <= high))
    normal = np.mean(np.abs(value - truth) <= 1.959964 * error)
    # 2.5 and 97.5 % quantiles of χ² with 49 degrees of freedom
    chi2 = np.mean((49 * value / 70.22 <= truth) & (truth <= 49 * value / 31.55))
    assert abs(ours - 0.85) < 0.05 and abs(normal - 0.79) < 0.05
    assert chi2 < normal - 0.08 < ours - 0.08


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draws", "options", "least"),
    [
        pytest.param(200, {}, 0.885, id="200"),
        pytest.param(1000, {}, 0.93, id="1000"),
        pytest.param(1000, {"shots": 20}, 0.93, id="shots"),
        pytest.param(1000, {"shots": 20, "replicates": 2}, 0.93, id="replicates"),
    ],
)
def test_intervals_cover_heavy_tails_precisely(rng, draws, options, least):
    assert np.mean([coverage(rng, 400, draws, **options) for _ in range(8)]) >= least


def test_the_error_of_a_mean_is_that_of_independent_draws():
    """``s/√M`` with ``M − 1`` degrees of freedom, from four draws on."""
    terms = np.array([1.0, 2.0, 4.0, 9.0])
    value, error, _, _ = mean_of_draws(terms)
    # squares of deviations from 4: 9 + 4 + 0 + 25 = 38
    assert (value, error) == pytest.approx((4.0, np.sqrt(38 / 3 / 4)))
    with pytest.raises(ValueError, match="at least 4 draws; got 3"):
        mean_of_draws(terms[:3])


def test_ends_by_hand():
    """At 80 %, ``z = 1.2816``: on the logarithm from three standard errors on, else not."""
    z = 1.2815515655446004
    low, high = ends_of(np.array([4.0, 4.0, -1.0]), np.array([1.0, 2.0, 0.5]), 0.8)
    reach = np.exp(z / 4)
    np.testing.assert_allclose(low, [4 / reach, 4 - 2 * z, -1 - z / 2])
    np.testing.assert_allclose(high, [4 * reach, 4 + 2 * z, -1 + z / 2])


def test_the_error_with_noise_is_that_of_a_mean_of_terms(rng):
    """``M/(M − 1) a² − v`` of every draw, several quantities at a time."""
    values, noise = rng.normal(size=(1, 9, 3)), rng.uniform(size=(9, 3))
    terms = (values[0] - values[0].mean(axis=0)) ** 2 * 9 / 8 - noise
    found = spread_of_draws(values, noise, 0.7)
    np.testing.assert_allclose(found[0], terms.mean(axis=0))
    np.testing.assert_allclose(found[1], terms.std(axis=0, ddof=1) / 3)
    np.testing.assert_allclose(found[2:], mean_of_draws(terms, 0.7)[2:])
    # and of three replicates, with the mean of six products
    three = rng.normal(size=(3, 9, 2))
    a = three - three.mean(axis=1, keepdims=True)
    terms = (a[0] * a[1] + a[0] * a[2] + a[1] * a[2]) / 3 * 9 / 8
    np.testing.assert_allclose(spread_of_draws(three)[:2], mean_of_draws(terms)[:2])
