"""Limits of probabilities against binomial sums; coverage of means of rare events."""

import itertools
import math

import numpy as np
import pytest
from scipy import special

from pennylane_trainability.statistics.binomial import (
    beta_quantile,
    bounded_mean,
    clopper_pearson,
    incomplete_beta,
    student_quantile,
)


def binomial(n, p):
    k = np.arange(n + 1)
    choose = [math.lgamma(n + 1) - math.lgamma(j + 1) - math.lgamma(n - j + 1) for j in k]
    with np.errstate(divide="ignore"):
        return np.exp(np.array(choose) + k * np.log(p) + (n - k) * np.log1p(-p))


@pytest.mark.parametrize("x", [0.01, 0.3, 0.77, 0.999])
def test_incomplete_beta_is_a_binomial_tail(x):
    """I_x(k, n − k + 1) = P(at least k of n)."""
    for n in (1, 7, 40, 3000):
        tail = binomial(n, x)[::-1].cumsum()[::-1]
        for k in {1, n, (n + 1) // 2, max(1, round(n * x))}:
            assert incomplete_beta(k, n - k + 1, x) == pytest.approx(tail[k], abs=1e-10)


def test_incomplete_beta_of_powers():
    x = np.linspace(0, 1, 11)
    np.testing.assert_allclose(incomplete_beta(2.5, 1.0, x), x**2.5, atol=1e-14)
    np.testing.assert_allclose(incomplete_beta(0.5, 0.5, x), 2 / np.pi * np.arcsin(np.sqrt(x)),
                               atol=1e-12)  # fmt: skip


def test_incomplete_beta_of_large_parameters_against_scipy():
    """Where the fraction needs the more terms the larger both parameters are; one pair at a time,
    for the most terms that any of them needs are taken for all."""
    for a, b in itertools.product([0.5, 40.0, 2e4, 1e6], repeat=2):
        x = a / (a + b) * np.array([0.98, 0.999, 1.0])
        np.testing.assert_allclose(incomplete_beta(a, b, x), special.betainc(a, b, x), atol=2e-9)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1e4), (3.0, 7.0), (80.0, 1e6), (150.0, 400.0)])
@pytest.mark.parametrize("q", [0.005, 0.5, 0.975])
def test_quantiles_invert(a, b, q):
    # expansions are used where both parameters are large
    assert incomplete_beta(a, b, beta_quantile(a, b, q)) == pytest.approx(q, rel=2e-3)
    if min(a, b) < 100:
        assert incomplete_beta(a, b, beta_quantile(a, b, q)) == pytest.approx(q, rel=1e-8)


@pytest.mark.parametrize(("a", "b"), [(100, 400), (150, 400), (100, 1e4), (1e4, 100), (120, 1e6)])
def test_the_expansion_of_quantiles_is_off_by_little(a, b):
    """In standard deviations, by less than 0.001, and at the median by less than 0.00005."""
    deviation = math.sqrt(a * b / (a + b + 1)) / (a + b)
    for q, least in ((0.025, 1e-3), (0.3, 5e-4), (0.5, 5e-5), (0.9, 1e-3)):
        off = beta_quantile(a, b, q) - special.betaincinv(a, b, q)
        assert abs(off) < least * deviation


def test_student_quantiles():
    assert student_quantile(0.975, 1) == pytest.approx(math.tan(0.475 * math.pi))
    p = 0.95  # two degrees of freedom: (2p − 1)/√(2p(1 − p))
    assert student_quantile(p, 2) == pytest.approx((2 * p - 1) / math.sqrt(2 * p * (1 - p)))
    assert student_quantile(0.3, 5) == -student_quantile(0.7, 5)


@pytest.mark.parametrize("n", [5, 60])
@pytest.mark.parametrize("level", [0.9, 0.99])
def test_limits_cover_for_every_probability(n, level):
    low, high = clopper_pearson(np.arange(n + 1), n, level)
    for p in np.linspace(0.001, 0.999, 97):
        assert binomial(n, p)[(low <= p) & (p <= high)].sum() >= level - 1e-12


def test_nothing_seen_bounds_from_above():
    low, high = clopper_pearson(np.zeros((2, 2), int), 1000, 0.95)
    np.testing.assert_allclose(high, 1 - 0.025 ** (1 / 1000))
    assert low.shape == (2, 2) and not low.any()


def sums(values):
    return np.stack([values.sum(1), (values**2).sum(1), np.count_nonzero(values, axis=1)])


#: Laws of values within ±1: sampler, mean, flags of bounded_mean.
LAWS = {
    "rare hits": (lambda rng, size: (rng.random(size) < 0.003) * 1.0, 0.003, True, False),
    "signs": (
        lambda rng, size: (rng.random(size) < 0.05) * np.sign(rng.random(size) - 0.3),
        0.02,
        True,
        True,
    ),
    "fractions": (lambda rng, size: (rng.random(size) < 0.05) * rng.random(size) ** 4, 0.01, False,
                  False),
    "signed fractions": (
        lambda rng, size: (rng.random(size) < 0.2) * (2 * rng.random(size) - 0.8),
        0.04,
        False,
        True,
    ),
}  # fmt: skip


def coverage(law, rng, repeats):
    draw, mean, signs, signed = LAWS[law]
    values = draw(rng, (repeats, 1000))
    found, _, low, high = bounded_mean(sums(values), 1000, signs=signs, signed=signed)
    assert abs(found.mean() - mean) < 5 * found.std() / np.sqrt(repeats)
    np.testing.assert_allclose(found, values.mean(1), atol=1e-12)
    return np.mean((low <= mean) & (mean <= high))


@pytest.mark.parametrize("law", LAWS)
def test_intervals_of_bounded_means_cover(law, rng):
    assert coverage(law, rng, 400) > 0.91


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_intervals_of_bounded_means_cover_precisely(law, rng):
    assert coverage(law, rng, 8000) > 0.94


def test_the_interval_of_signed_values_is_normal_and_allows_for_missed_ones():
    """``v ± z s/√n``, and ``1 − (α/2)^{1/n}`` more for large values that were never seen."""
    values = np.zeros((1, 400))
    values[0, :9] = [0.5, -0.2, 0.9, 0.1, -0.7, 0.3, 0.3, 0.8, -0.4]
    _, error, low, high = bounded_mean(sums(values), 400, 0.9, signs=False, signed=True)
    half = 1.6448536269514722 * values.std() / 20
    missed = 1 - 0.05 ** (1 / 400)
    assert error.item() == pytest.approx(values.std() / 20, rel=1e-12)
    assert low.item() == pytest.approx(values.mean() - half - missed, rel=1e-9)
    assert high.item() == pytest.approx(values.mean() + half + missed, rel=1e-9)


def test_where_every_value_was_zero_large_ones_may_have_been_missed_on_both_sides():
    nothing = np.zeros((3, 1))
    value, error, low, high = bounded_mean(nothing, 400, 0.9, signs=False, signed=True)
    assert value.item() == 0 and np.isnan(error.item())
    assert high.item() == -low.item() == pytest.approx(1 - 0.05 ** (1 / 400), rel=1e-12)


def test_the_interval_of_fractions_is_joined_on_logarithms():
    """Squares add of the limits of the share, and of the relative error of the mean seen."""
    seen = np.array([0.5, 0.2, 0.9, 0.1, 0.7, 0.3, 0.3, 0.8, 0.4])
    values = np.zeros((1, 400))
    values[0, :9] = seen
    value, _, low, high = bounded_mean(sums(values), 400, 0.9, signs=False, signed=False)
    below, above = (limit.item() for limit in clopper_pearson(np.array([9]), 400, 0.9))
    half = 1.6448536269514722 * seen.std() / 3 / seen.mean()
    share, missed = 9 / 400, 1 - 0.05 ** (1 / 400)
    down, up = math.hypot(math.log(share / below), half), math.hypot(math.log(above / share), half)
    assert value.item() == pytest.approx(seen.sum() / 400, rel=1e-12)
    assert low.item() == pytest.approx(value.item() * math.exp(-down), rel=1e-9)
    assert high.item() == pytest.approx(value.item() * math.exp(up) + missed, rel=1e-9)


def test_the_interval_of_signs_joins_both_probabilities():
    """The square-and-add rule for 12 times +1 and 5 times −1 among 300."""
    values = np.zeros((1, 300))
    values[0, :12], values[0, 12:17] = 1, -1
    value, _, low, high = bounded_mean(sums(values), 300, signs=True, signed=True)
    (a, b), (c, d) = (
        (limit.item() for limit in clopper_pearson(np.array([k]), 300)) for k in (12, 5)
    )
    assert value.item() == pytest.approx(7 / 300, rel=1e-12)
    assert low.item() == pytest.approx(7 / 300 - math.hypot(12 / 300 - a, d - 5 / 300), rel=1e-12)
    assert high.item() == pytest.approx(7 / 300 + math.hypot(b - 12 / 300, 5 / 300 - c), rel=1e-12)


@pytest.mark.parametrize("q", [0.025, 0.5, 0.975])
def test_quantiles_of_beta_laws_are_those_of_scipy(q):
    """Narrow and skew laws too, wherever one of the parameters is below 100."""
    a, b = (part.ravel() for part in np.meshgrid([1.0, 2, 10, 50, 99], [1.0, 3, 50, 99, 1e4]))
    np.testing.assert_allclose(beta_quantile(a, b, q), special.betaincinv(a, b, q), rtol=1e-9)
