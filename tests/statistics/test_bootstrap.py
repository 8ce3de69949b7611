"""Bootstrap: agrees with closed forms where there are any, and covers."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from pennylane_trainability.statistics import (
    bootstrap,
    bootstrap_interval,
    bootstrap_intervals,
    quantile,
)


def test_standard_error_of_a_mean_is_the_textbook_one():
    samples = np.random.default_rng(0).exponential(size=80)
    estimate = bootstrap_interval(samples, rng=np.random.default_rng(1), n_resamples=20_000)
    truth = samples.std() / np.sqrt(80)  # exactly that of the empirical law
    assert estimate.value == samples.mean()
    assert abs(estimate.stderr / truth - 1) < 4 / np.sqrt(2 * 20_000)


def test_percentile_interval_of_two_draws_is_enumerated():
    # resamples of (0, 1): means 0, ½, ½, 1 with equal weight
    estimate = bootstrap_interval(
        np.array([0.0, 1.0]), rng=np.random.default_rng(2), level=0.4, method="percentile"
    )
    means = sorted(np.mean(pair) for pair in itertools.product([0, 1], repeat=2))
    assert (estimate.low, estimate.high) == (means[1], means[2]) == (0.5, 0.5)


def test_bca_equals_percentile_for_a_symmetric_case_and_follows_monotone_maps():
    half = np.random.default_rng(3).exponential(size=20)
    samples = np.r_[half, -half]
    options = {"n_resamples": 4000, "level": 0.9}
    bca = bootstrap_interval(samples, rng=np.random.default_rng(4), **options)
    percentile = bootstrap_interval(
        samples, rng=np.random.default_rng(4), method="percentile", **options
    )
    # acceleration is zero; the bias is that of the resamples, of order 1/√B
    assert abs(bca.low - percentile.low) < 0.1 * bca.stderr
    mapped = bootstrap_interval(
        samples,
        lambda x, axis: np.exp(np.mean(x, axis=axis)),
        rng=np.random.default_rng(4),
        **options,
    )
    # BCa respects transformations up to the acceleration of the leave-one-out values
    assert mapped.low == pytest.approx(math.exp(bca.low), rel=0.02)


def distinct(x, axis):
    """The sum of values that differ: of no resample as large as of all draws."""
    x = np.sort(x, axis=axis)
    new = np.diff(x, axis=axis, prepend=0.0) > 0
    return np.sum(x * new, axis=axis)


def efron(samples, statistic, copies, level):
    """``Φ(z₀ + (z₀ ± z)/(1 − a (z₀ ± z)))``, draws left out one by one; ties count half."""
    value = statistic(samples, axis=0)
    without = np.array(
        [statistic(np.delete(samples, d, axis=0), axis=0) for d in range(len(samples))]
    )
    off = without.mean() - without
    a = np.sum(off**3) / (6 * np.sum(off**2) ** 1.5)
    least = 1 / (len(copies) + 1)
    share = np.sum(copies < value) / len(copies) + np.sum(copies == value) / (2 * len(copies))
    bias = stats.norm.ppf(np.clip(share, least, 1 - least))
    ends = [bias + sign * stats.norm.ppf((1 + level) / 2) for sign in (-1, 1)]
    return share, a, np.quantile(copies, [stats.norm.cdf(bias + z / (1 - a * z)) for z in ends])


@pytest.mark.parametrize("case", ["ties", "above all", "below all"])
def test_accelerated_intervals_by_hand(case):
    rng = np.random.default_rng(12)
    if case == "ties":
        samples, statistic = rng.poisson(0.8, size=20).astype(float), np.mean
        samples[0] += 20 - samples.sum() % 20  # a mean that resamples may have as well
    else:
        samples = rng.exponential(size=14)
        sign = 1 if case == "above all" else -1
        statistic = lambda x, axis: sign * distinct(x, axis)  # noqa: E731
    found = bootstrap_interval(
        samples, statistic, rng=np.random.default_rng(13), n_resamples=60, level=0.7
    )
    count = len(samples)
    copies = statistic(samples[np.random.default_rng(13).integers(count, size=(60, count))], axis=1)
    share, a, ends = efron(samples, statistic, copies, 0.7)
    assert abs(a) > 0.03
    assert {"ties": np.any(copies == found.value), "above all": share == 1}.get(case, share == 0)
    assert (found.low, found.high) == pytest.approx(tuple(ends), rel=1e-10)
    plain = bootstrap_interval(samples, statistic, rng=np.random.default_rng(13), n_resamples=60,
                               level=0.7, method="percentile")  # fmt: skip
    assert (plain.low, plain.high) == pytest.approx(tuple(np.quantile(copies, [0.15, 0.85])))


def test_intervals_are_the_same_for_the_same_seed_and_in_columns():
    samples = np.random.default_rng(5).normal(size=(30, 3))
    columns = bootstrap_intervals(samples, np.median, rng=np.random.default_rng(6))
    one = bootstrap_interval(samples[:, 1], np.median, rng=np.random.default_rng(6))
    assert one.to_dict() == columns[1].to_dict()


def test_rows_stay_together():
    first = np.random.default_rng(7).normal(size=40)
    samples = np.stack([first, -first], axis=1)

    def total(x, axis):
        return np.mean(np.sum(x, axis=-1), axis=axis)

    estimate = bootstrap_interval(samples, total, rng=np.random.default_rng(8))
    assert estimate.stderr == estimate.low == estimate.high == 0


def test_chunks_do_not_change_the_result(monkeypatch):
    samples = np.random.default_rng(9).normal(size=25)
    whole = bootstrap_interval(samples, rng=np.random.default_rng(10))
    monkeypatch.setattr(bootstrap, "_CHUNK", 77)
    assert bootstrap_interval(samples, rng=np.random.default_rng(10)).to_dict() == whole.to_dict()


@pytest.mark.slow
def test_bca_covers_the_mean_of_a_skew_law_and_misses_on_both_sides():
    rng = np.random.default_rng(11)
    repeats, below, above = 600, 0, 0
    for _ in range(repeats):
        estimate = bootstrap_interval(rng.exponential(size=200), rng=rng, n_resamples=400)
        below += estimate.high < 1
        above += estimate.low > 1
    assert abs(1 - (below + above) / repeats - 0.95) < 4 * math.sqrt(0.95 * 0.05 / repeats)
    for side in (below, above):
        assert abs(side / repeats - 0.025) < 4 * math.sqrt(0.975 * 0.025 / repeats)


@pytest.mark.parametrize(("count", "q"), [(10, 0.5), (30, 0.1), (100, 0.9), (7, 0.25)])
def test_quantile_interval_covers_by_the_binomial_law(count, q):
    """Of draws 1 … n, the ends are ranks; their coverage is a binomial sum."""
    estimate = quantile(np.arange(1, count + 1), q)
    weights = [math.comb(count, k) * q**k * (1 - q) ** (count - k) for k in range(count + 1)]
    low = 0 if estimate.low == -math.inf else int(estimate.low)
    high = count + 1 if estimate.high == math.inf else int(estimate.high)
    assert sum(weights[low:high]) >= 0.95 - 1e-12
    # and it is tight: one rank less on either side would leave more than 2.5 % outside
    if low > 0:
        assert sum(weights[: low + 1]) > 0.025
    if high <= count:
        assert sum(weights[high - 1 :]) > 0.025


def test_extreme_quantiles_of_few_draws_have_no_bound():
    estimate = quantile(np.arange(5.0), 0.99)
    assert estimate.high == math.inf
    assert math.isnan(estimate.stderr)


def test_quantiles_of_many_draws_do_not_overflow():
    estimate = quantile(np.linspace(0, 1, 100_001), 0.5)
    assert estimate.stderr == pytest.approx(0.5 / np.sqrt(100_000), rel=0.01)


def test_errors_name_the_other_function():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"Use bootstrap_intervals\(\)"):
        bootstrap_interval(np.ones((4, 2)), rng=rng)
    with pytest.raises(ValueError, match=r"Use bootstrap_interval\(\)"):
        bootstrap_intervals(np.ones(4), rng=rng)
    with pytest.raises(ValueError, match="Draw more"):
        bootstrap_interval(np.ones(1), rng=rng)
    with pytest.raises(ValueError, match="use min and max"):
        quantile(np.ones(3), 1.0)
