"""Cumulants without the bias of noise, degrees of freedom, goodness of fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from pennylane_trainability.statistics import k_statistics, sum_bootstrap
from pennylane_trainability.statistics.bootstrap import bootstrap_interval
from pennylane_trainability.statistics.cumulants import cumulants, draw_powers
from pennylane_trainability.statistics.degrees import (
    from_gradient_kurtosis,
    from_loss_skewness,
    from_loss_variance,
    from_traces,
    least_draws,
)
from pennylane_trainability.statistics.gamma_sums import GammaSum
from pennylane_trainability.statistics.goodness import (
    anderson_darling,
    fitted_goodness,
    goodness,
    kolmogorov_smirnov,
)
from pennylane_trainability.statistics.sum_bootstrap import bootstrap_of_sums


def wishart_loss(r, beta, rng, size):
    return GammaSum.of(0.0, [(2 / (beta * r), beta * r / 2)]).sample(rng, size)


def wishart_slope(r, beta, rng, size):
    return GammaSum.of(0.0, [(1.0, beta * r / 2), (-1.0, beta * r / 2)]).sample(rng, size)


def test_without_noise_they_are_k_statistics(rng):
    x = rng.gamma(1.0, size=50)
    np.testing.assert_allclose(cumulants(draw_powers(x[None], exact=True)), k_statistics(x))


def test_noise_drops_out_of_every_cumulant():
    """The mean over many small experiments is the cumulant of what is behind the noise."""
    rng, found, naive = np.random.default_rng(1), [], []
    for _ in range(2000):
        x = rng.gamma(1.0, size=12)
        noisy = x + (rng.gamma(0.5, size=(4, 12)) - 0.5)
        found.append(cumulants(draw_powers(noisy, exact=False)))
        naive.append(k_statistics(noisy[0]))
    found = np.array(found)
    truth = np.array([1.0, 1.0, 2.0, 6.0])
    error = found.std(axis=0) / np.sqrt(len(found))
    assert np.all(np.abs(found.mean(axis=0) - truth) < 4.5 * error)
    assert np.mean(naive, axis=0)[1] > 1.4, "shot noise adds its own variance"


def test_too_few_replicates_are_no_numbers():
    powers = draw_powers(np.ones((2, 5)), exact=False)
    assert np.isfinite(powers[:, :2]).all() and np.isnan(powers[:, 2:]).all()
    with pytest.raises(ValueError, match="at least 4 draws; got 3"):
        cumulants(np.ones((3, 4)))


def test_the_bootstrap_of_sums_is_the_bootstrap():
    x = np.random.default_rng(4).gamma(1.0, size=300)

    def mean(sums, n):
        return sums[..., 0] / n

    one = bootstrap_of_sums(x[:, None], mean, rng=np.random.default_rng(1), n_resamples=4000)
    two = bootstrap_interval(x, rng=np.random.default_rng(2), n_resamples=4000)
    assert one.value == pytest.approx(two.value)
    assert (one.stderr, one.low, one.high) == pytest.approx(
        (two.stderr, two.low, two.high), rel=0.06
    )


def test_its_ends_are_those_of_the_accelerated_bootstrap(monkeypatch):
    """``Φ(z₀ + (z₀ ± z)/(1 − a(z₀ ± z)))`` with the skewness of the draws in ``a``.

    For a mean ``a = Σ(x − x̄)³/(6 (Σ(x − x̄)²)^{3/2})``. The draws of the resamples are repeated
    here in one go, in the package in pieces of seven.
    """
    x = np.random.default_rng(4).gamma(0.3, size=40)
    monkeypatch.setattr(sum_bootstrap, "_CHUNK", 7 * 40)
    found = bootstrap_of_sums(
        x[:, None], lambda sums, n: sums[..., 0] / n, rng=np.random.default_rng(1),
        n_resamples=1500, level=0.9,
    )  # fmt: skip
    copies = x[np.random.default_rng(1).integers(40, size=(1500, 40))].mean(axis=1)
    off = x - x.mean()
    a = np.sum(off**3) / (6 * np.sum(off**2) ** 1.5)
    assert a > 0.05
    bias = stats.norm.ppf(np.mean(copies < x.mean()))
    ends = [bias + s * stats.norm.ppf(0.95) for s in (-1, 1)]
    tails = [stats.norm.cdf(bias + z / (1 - a * z)) for z in ends]
    assert found.stderr == pytest.approx(copies.std(ddof=1), rel=1e-12)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(copies, tails)), rel=1e-9)


@pytest.mark.parametrize("case", ["ties", "above all", "below all"])
def test_ends_of_functions_of_sums_by_hand(case):
    """A variance of zeros and ones; and a distance from the mean, on both sides of zero."""
    rng = np.random.default_rng(4)
    x = (rng.random(24) < 0.3) * 1.0 if case == "ties" else rng.exponential(size=24)
    terms = np.stack([x, x**2], axis=1)
    mean, sign = terms.sum(axis=0)[0] / 24, 1 if case == "below all" else -1

    def statistic(sums, n):
        if case == "ties":
            return (sums[..., 1] - sums[..., 0] ** 2 / n) / (n - 1)
        return sign * np.abs(sums[..., 0] / n - mean)

    found = bootstrap_of_sums(
        terms, statistic, rng=np.random.default_rng(1), n_resamples=70, level=0.8
    )
    drawn = np.random.default_rng(1).integers(24, size=(70, 24))
    copies = statistic(terms[drawn].sum(axis=1), 24)
    without = np.array([statistic(np.delete(terms, d, axis=0).sum(axis=0), 23) for d in range(24)])
    off = without.mean() - without
    a = np.sum(off**3) / (6 * np.sum(off**2) ** 1.5)
    least = 1 / 71
    share = np.mean(copies < found.value) + np.mean(copies == found.value) / 2
    assert {"ties": np.any(copies == found.value), "above all": share == 1}.get(case, share == 0)
    bias = stats.norm.ppf(np.clip(share, least, 1 - least))
    ends = [bias + s * stats.norm.ppf(0.9) for s in (-1, 1)]
    tails = [stats.norm.cdf(bias + z / (1 - a * z)) for z in ends]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(copies, tails)), rel=1e-9)


@pytest.mark.parametrize(("r", "beta"), [(1, 2), (6, 1), (3, 4)])
def test_all_roads_lead_to_the_degrees_of_freedom(r, beta):
    rng = np.random.default_rng(7)
    loss = draw_powers(wishart_loss(r, beta, rng, 6000)[None], exact=True)
    slope = draw_powers(wishart_slope(r, beta, rng, 6000)[None], exact=True)
    estimates = [
        from_loss_variance(loss, 0.0, beta, rng=rng),
        from_loss_skewness(loss, beta, rng=rng)[0],
        from_gradient_kurtosis(slope, beta, rng=rng)[0],
    ]
    for estimate in estimates:
        assert abs(estimate.value - r) < 5 * estimate.stderr
        assert estimate.low < estimate.value < estimate.high


@pytest.mark.parametrize(("beta", "mirror"), [(1, 1), (2, -1), (4, 1)])
def test_degrees_by_hand(beta, mirror):
    """``8/(β skew²)`` and ``6/(β kurtosis)`` with the ends of skewness and kurtosis."""
    rng = np.random.default_rng(8)
    x = mirror * rng.gamma(0.7, size=400) + 0.3
    powers = draw_powers(x[None], exact=True)
    found, skew = from_loss_skewness(powers, beta, rng=rng, level=0.8, law="losses")
    assert skew.value == pytest.approx(stats.skew(x, bias=False))
    near, far = sorted([abs(skew.low), abs(skew.high)])
    assert found.value == pytest.approx(8 / beta / skew.value**2)
    assert (found.low, found.high) == pytest.approx((8 / beta / far**2, 8 / beta / near**2))
    assert found.stderr == pytest.approx(found.value * 2 * skew.stderr / abs(skew.value))
    found, excess = from_gradient_kurtosis(powers, beta, rng=rng, level=0.8)
    assert excess.value == pytest.approx(stats.kurtosis(x, bias=False))
    assert found.value == pytest.approx(6 / beta / excess.value)
    ends = (6 / beta / excess.high, 6 / beta / excess.low)
    assert (found.low, found.high) == pytest.approx(ends)
    assert found.stderr == pytest.approx(found.value * excess.stderr / excess.value)
    found = from_loss_variance(powers, 0.2, beta, rng=rng)
    square = ((x - 0.2).sum() ** 2 - ((x - 0.2) ** 2).sum()) / (400 * 399)
    assert found.value == pytest.approx(2 * square / (beta * x.var(ddof=1)))


@pytest.mark.parametrize("centred", [False, True])
def test_traces_by_hand(centred):
    """Products of different states in place of squares; and where all states say the same."""
    rng = np.random.default_rng(9)
    first = rng.uniform(1, 2, size=50)
    second = first**2 + rng.uniform(0.5, 1, size=50)
    square = (first.sum() ** 2 - (first**2).sum()) / (50 * 49)
    wanted = 8 * square / (second.mean() - (square if centred else 0))
    assert from_traces(first, second, 8, centred, rng=rng).value == pytest.approx(wanted)
    same = from_traces(np.full(9, 3.0), np.full(9, 11.0), 8, centred, rng=rng)
    assert same.value == pytest.approx(72 / 2 if centred else 72 / 11) and same.exact
    # a spread of a millionth is one
    moved = np.full(9, 3.0)
    moved[0] += 1e-6
    assert not from_traces(moved, np.full(9, 11.0), 8, centred, rng=rng).exact
    # and one of the last digit of a large number is none
    moved = np.full(9, 1e6)
    moved[0] = np.nextafter(1e6, 2e6)
    assert from_traces(moved, np.full(9, 2e12), 8, centred, rng=rng).exact


def test_a_law_without_skewness_has_only_a_lower_bound():
    rng = np.random.default_rng(3)
    powers = draw_powers(rng.normal(size=(1, 2000)), exact=True)
    found, skew = from_loss_skewness(powers, 2, rng=rng)
    assert skew.low < 0 < skew.high
    assert found.low > 50 and np.isinf(found.high)


def test_traces_of_a_projector():
    """Rank 4 of 16: 4 and 16/3; the square of a mean is taken without bias."""
    rng = np.random.default_rng(11)
    options = {"rng": rng, "level": 0.95}
    for centred, truth in ((False, 4.0), (True, 16 / 3)):
        seen = (rng.uniform(size=3000) < 0.25).astype(float)
        found = from_traces(seen, seen, 16, centred, **options)
        assert abs(found.value - truth) < 5 * found.stderr
    same = from_traces(np.ones(30), np.full(30, 2.0), 4, True, **options)
    assert same.exact and same.value == pytest.approx(4.0)


def test_how_many_draws_an_interval_needs():
    assert [least_draws(k, 0.95) for k in (1, 2, 3, 4)] == [400, 400, 500, 1000]
    assert least_draws(4, 0.999) == 20_000


@pytest.mark.slow
def test_coverage_on_heavy_tails():
    """One complex degree of freedom, 1,000 draws: what nominal 95 % intervals cover."""
    rng, hits, repeats = np.random.default_rng(0), np.zeros(3), 200
    for _ in range(repeats):
        loss = draw_powers(wishart_loss(1, 2, rng, 1000)[None], exact=True)
        slope = draw_powers(wishart_slope(1, 2, rng, 1000)[None], exact=True)
        found = (
            from_loss_variance(loss, 0.0, 2, rng=rng),
            from_loss_skewness(loss, 2, rng=rng)[0],
            from_gradient_kurtosis(slope, 2, rng=rng)[0],
        )
        hits += [one.low <= 1 <= one.high for one in found]
    assert np.all(hits / repeats > [0.87, 0.75, 0.74])


# -- goodness of fit -------------------------------------------------------------------------------


def test_distances_against_scipy(rng):
    x = np.sort(rng.uniform(size=40))
    assert kolmogorov_smirnov(x) == pytest.approx(stats.kstest(x, "uniform").statistic)
    normal = np.sort(rng.normal(size=60))
    u = stats.norm.cdf(normal, normal.mean(), normal.std(ddof=1))
    i = np.arange(1, 61)
    terms = (2 * i - 1) * np.log(u) + (121 - 2 * i) * np.log(1 - u)
    assert anderson_darling(u) == pytest.approx(-60 - terms.mean())


def test_probabilities_of_one_are_cut_off():
    """At 1 − 10^{−12}: one draw above all that the law gives is bad, not infinitely so."""
    cut = np.log(1e-12)
    wanted = -2 - (np.log(0.2) + cut + 3 * np.log(0.8)) / 2
    assert anderson_darling(np.array([0.2, 1.0])) == pytest.approx(wanted, rel=1e-5)
    wanted = -2 - (cut + np.log(0.8) + 3 * np.log(0.2)) / 2
    assert anderson_darling(np.array([0.0, 0.2])) == pytest.approx(wanted, rel=1e-5)


def test_p_values_are_honest_for_known_and_fitted_laws():
    """Of repeated tests of the truth, about a tenth have p ≤ 0.1."""
    rng = np.random.default_rng(8)
    law = GammaSum.of(0.0, [(1.0, 2.0)])

    def fit(draws):
        mean, spread = draws.mean(), draws.std(ddof=1)
        return lambda x: ndtr((x - mean) / spread), lambda r, n: mean + spread * r.normal(size=n)

    known, fitted = [], []
    for _ in range(120):
        one = goodness(law.sample(rng, 80), law, "truth", rng=rng, n_resamples=99)
        two = fitted_goodness(rng.normal(size=80), fit, "normal", 2, rng=rng, n_resamples=49)
        known.append((one.distance_p, one.squared_p))
        fitted.append((two.distance_p, two.squared_p))
    for pairs in (known, fitted):
        share = np.mean(np.array(pairs) <= 0.1, axis=0)
        assert np.all(share < 0.22) and np.all(share > 0.01)


def test_a_wrong_law_is_rejected():
    rng = np.random.default_rng(9)
    wrong = goodness(
        rng.normal(size=400), GammaSum.of(-2.0, [(1.0, 2.0)]), "gamma", rng=rng, n_resamples=199
    )
    assert wrong.distance_p == wrong.squared_p == pytest.approx(1 / 200)
    assert "KS" in str(wrong)


@pytest.mark.parametrize("beta", [1, 2])
def test_where_losses_start_does_not_matter_to_their_shape(beta, rng):
    """Skewness and kurtosis are those of ``x`` and of ``x − 30`` (also in ill-conditioned sums)."""
    x = wishart_loss(2, beta, rng, 1200)
    for road in (from_loss_skewness, from_gradient_kurtosis):
        plain, moved = (
            road(draw_powers((x + by)[None], exact=True), beta, rng=np.random.default_rng(3))[1]
            for by in (0.0, -30.0)
        )
        assert moved.value == pytest.approx(plain.value, rel=1e-8)
        assert (moved.low, moved.high) == pytest.approx((plain.low, plain.high), rel=1e-6)


def test_the_loss_variance_road_takes_the_lowest_loss_away(rng):
    x = wishart_loss(2, 2, rng, 1200)
    plain, moved = (
        from_loss_variance(draw_powers((x + by)[None], exact=True), by, 2,
                           rng=np.random.default_rng(3))
        for by in (0.0, 7.0)
    )  # fmt: skip
    assert moved.value == pytest.approx(plain.value, rel=1e-8)
    # 2 (mean² without the bias of the variance)/(β variance)
    square = (x.sum() ** 2 - (x**2).sum()) / (len(x) * (len(x) - 1))
    assert plain.value == pytest.approx(square / x.var(ddof=1), rel=1e-8)
