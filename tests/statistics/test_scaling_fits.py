"""Exponential or power: laws with known exponents are told apart, the rest stays undecided."""

import numpy as np
import pytest
from scipy import optimize, stats

from pennylane_trainability.results import Estimate
from pennylane_trainability.statistics.binomial import bounded_mean
from pennylane_trainability.statistics.moments import variance
from pennylane_trainability.statistics.scaling import ScalingVerdict, fit_scaling
from pennylane_trainability.statistics.scaling_likelihood import Family, Points, fitted

NS = np.arange(2, 11)


def cerezo(rng, n, local, draws=2000):
    """Derivatives of the global and the local cost of a product ansatz."""
    theta = rng.uniform(0, 2 * np.pi, (draws, n))
    if local:
        return np.sin(theta[:, 0]) / (2 * n)
    return -0.5 * np.sin(theta[:, 0]) * np.prod(np.cos(theta[:, 1:] / 2) ** 2, axis=1)


def points(rng, local):
    return [variance(cerezo(rng, n, local)) for n in NS]


def hits(rng, n, probability, paths=10_000):
    """What Pauli paths give: binomial counts, and an upper bound where nothing was seen."""
    count = rng.binomial(paths, probability)
    found = bounded_mean(np.full((3, 1), float(count)), paths, signs=True, signed=False)
    value, error, low, high = (float(part[0]) for part in found)
    return Estimate(value=value, stderr=error, low=low, high=high)


def repeats(rng, count):
    right, covered = [], []
    for _ in range(count):
        worldwide, local = fit_scaling(NS, points(rng, False)), fit_scaling(NS, points(rng, True))
        right += [
            worldwide.verdict is ScalingVerdict.EXPONENTIAL,
            local.verdict is ScalingVerdict.POWER,
        ]
        covered += [
            worldwide.rate.low <= 3 / 8 <= worldwide.rate.high,
            local.exponent.low <= -2 <= local.exponent.high,
        ]
    return np.mean(right), np.mean(covered)


def test_global_and_local_costs_are_told_apart():
    # a seed of its own: eight repeats of a 95 % interval miss that bound now and then
    right, covered = repeats(np.random.default_rng(0), 8)
    assert right == 1 and covered > 0.8


@pytest.mark.slow
def test_global_and_local_costs_are_told_apart_often(rng):
    right, covered = repeats(rng, 60)
    assert right >= 0.98 and covered > 0.9


def test_points_without_a_single_event_are_kept(rng):
    """Beyond 2^-13 nothing is seen in 10,000 paths; the fit does not bend upwards for that."""
    ns = np.arange(2, 25, 2)
    covered = []
    for _ in range(20):
        fit = fit_scaling(ns, [hits(rng, n, 0.5**n) for n in ns])
        assert "bound" in fit.kinds and len(fit.ns) == len(ns)
        assert fit.verdict is ScalingVerdict.EXPONENTIAL
        covered.append(fit.rate.low <= 0.5 <= fit.rate.high)
    assert np.mean(covered) >= 0.8
    assert "are upper bounds" in fit.sentence


def test_bounds_alone_can_refute_a_power():
    """Three points on 1/n², then bounds far below it."""
    ns = [2, 4, 6, 8, 10, 12]
    seen = [Estimate.normal(n**-2.0, 0.02 * n**-2.0) for n in ns[:3]]
    bounds = [Estimate(value=0.0, low=0.0, high=1e-6) for _ in ns[3:]]
    fit = fit_scaling(ns, [*seen, *bounds])
    power = fit.family(Family.POWER)
    assert power.slope.value < -2.5


def test_negative_estimates_count(rng):
    """Unbiased estimates below zero pull the fit down; leaving them out would bias it up."""
    ns = np.arange(2, 12)
    truth = 0.5**ns
    kept, left = [], []
    for _ in range(50):
        found = [Estimate.normal(v + 0.05 * rng.normal(), 0.05) for v in truth]
        kept.append(fit_scaling(ns, found).family(Family.EXPONENTIAL).slope.value)
        positive = [(n, e) for n, e in zip(ns, found, strict=True) if e.value > 0]
        if len(positive) > 2:
            fit = fit_scaling(*zip(*positive, strict=True))
            left.append(fit.family(Family.EXPONENTIAL).slope.value)
    assert abs(np.median(kept) - np.log(0.5)) < abs(np.median(left) - np.log(0.5))


def test_no_change():
    fit = fit_scaling(NS, [Estimate.normal(1 / 3, 0.01) for _ in NS])
    assert fit.verdict is ScalingVerdict.CONSTANT
    assert fit.sentence == "consistent with no change on n = 2, 3, …, 10"


def test_exact_values_of_a_power():
    fit = fit_scaling(NS, [Estimate.known(2.0 * n**-1.5) for n in NS])
    assert fit.verdict is ScalingVerdict.POWER
    assert fit.exponent.value == pytest.approx(-1.5, abs=1e-6)
    np.testing.assert_allclose(fit.family(Family.POWER).predict(NS), 2.0 * NS**-1.5, rtol=1e-5)


def test_errors_are_inflated_by_what_no_family_explains(rng):
    """Scatter five times the stated errors: intervals grow by about five."""
    errors = 0.01 * 0.5**NS
    off = rng.normal(size=len(NS)) * 5 * errors
    tight, wide = (
        fit_scaling(NS, [Estimate.normal(v, e) for v, e in zip(values, errors, strict=True)])
        for values in (0.5**NS, 0.5**NS + off)
    )
    ratio = wide.family(Family.EXPONENTIAL).slope.stderr
    assert 2 < ratio / tight.family(Family.EXPONENTIAL).slope.stderr < 12


@pytest.mark.parametrize(
    ("ns", "spread", "reason"),
    [
        pytest.param([2, 3, 4, 5], 0.01, "a verdict needs 5", id="few points"),
        pytest.param([20, 21, 22, 23, 24], 0.3, "", id="short range"),
    ],
)
def test_undecided(ns, spread, reason):
    fit = fit_scaling(ns, [Estimate.normal(0.5**n, spread * 0.5**n) for n in ns])
    assert fit.verdict is ScalingVerdict.UNDECIDED
    assert reason in fit.reason and fit.reason in fit.sentence


@pytest.mark.parametrize("ns", [[2, 3], [2, 2, 3], [0, 1, 2]])
def test_sizes_are_checked(ns):
    with pytest.raises(ValueError, match="three different positive sizes"):
        fit_scaling(ns, [Estimate.normal(1.0, 0.1) for _ in ns])


def test_something_has_to_be_seen():
    bounds = [Estimate(value=0.0, low=0.0, high=1e-4) for _ in range(4)]
    with pytest.raises(ValueError, match="Fewer than two of the points were seen"):
        fit_scaling([1, 2, 3, 4], [Estimate.normal(0.1, 0.01), *bounds[1:]])


def test_an_exact_zero_is_refused():
    with pytest.raises(ValueError, match=r"n = 4, 5 .* Leave these sizes out"):
        fit_scaling(NS[:4], [Estimate.known(v) for v in (0.5, 0.25, 0.0, 0.0)])


@pytest.mark.parametrize("scatter", [0.3, 6.0])
@pytest.mark.parametrize("n_points", [3, 4, 9])
def test_clear_points_are_fitted_by_weighted_least_squares(scatter, n_points, rng):
    """On a logarithmic scale, errors by Student's t, and AICc = χ²/s + 2k + 2k(k + 1)/(N − k − 1).

    ``s`` is the overdispersion of the best family, at least one.
    """
    ns = NS[:n_points].astype(float)
    relative = rng.uniform(0.01, 0.03, n_points)
    logs = -0.7 * ns + scatter * relative * rng.standard_normal(n_points)
    values = np.exp(logs)
    fit = fit_scaling(
        ns, [Estimate.normal(v, v * e) for v, e in zip(values, relative, strict=True)]
    )
    designs = {
        Family.CONSTANT: np.ones((n_points, 1)),
        Family.EXPONENTIAL: np.stack([np.ones(n_points), ns], axis=1),
        Family.POWER: np.stack([np.ones(n_points), np.log(ns)], axis=1),
    }
    chi2, solved, covariance, left = {}, {}, {}, {}
    for family, design in designs.items():
        weighted = design / relative[:, None]
        solved[family] = np.linalg.lstsq(weighted, logs / relative, rcond=None)[0]
        chi2[family] = np.sum((weighted @ solved[family] - logs / relative) ** 2)
        covariance[family] = np.linalg.inv(weighted.T @ weighted)
        left[family] = n_points - design.shape[1]
    scale = max(1.0, min(chi2[family] / left[family] for family in designs))
    for family, design in designs.items():
        found, k = fit.family(family), design.shape[1]
        assert found.chi2 == pytest.approx(chi2[family], rel=1e-6)
        assert found.degrees == left[family]
        spare = n_points - k - 1
        penalty = 2 * k * (k + 1) / spare if spare > 0 else np.inf
        assert found.aicc == pytest.approx(chi2[family] / scale + 2 * k + penalty, rel=1e-6)
        assert found.intercept == pytest.approx(solved[family][0], rel=1e-5)
        if family is Family.CONSTANT:
            assert found.slope.value == 0 and found.slope.exact
            continue
        own = max(1.0, chi2[family] / left[family])
        error = np.sqrt(covariance[family][1, 1] * own)
        half = stats.t.ppf(0.975, left[family]) * error
        assert found.slope.value == pytest.approx(solved[family][1], rel=1e-6)
        assert found.slope.stderr == pytest.approx(error, rel=1e-6)
        assert found.slope.high - found.slope.value == pytest.approx(half, rel=1e-6)
        assert found.slope.value - found.slope.low == pytest.approx(half, rel=1e-6)


def test_one_seen_point_is_too_few_and_two_are_not():
    bounds = [Estimate(value=0.0, low=0.0, high=1e-3) for _ in range(3)]
    seen = [Estimate.normal(0.3, 0.01), Estimate.normal(0.1, 0.01)]
    with pytest.raises(ValueError, match="Fewer than two of the points were seen"):
        fit_scaling([1, 2, 3, 4], [seen[0], *bounds])
    fit = fit_scaling([1, 2, 3, 4, 5], [*seen, *bounds])
    assert fit.verdict is ScalingVerdict.UNDECIDED and "5 points, 2 of them seen" in fit.reason


def test_three_seen_points_among_five_may_decide():
    ns = [2, 4, 6, 8, 10]
    seen = [Estimate.normal(0.25**n, 0.02 * 0.25**n) for n in ns[:3]]
    bounds = [Estimate(value=0.0, low=0.0, high=1e-3) for _ in ns[3:]]
    assert "of them seen" not in fit_scaling(ns, [*seen, *bounds]).reason


def test_sizes_are_spelled_as_a_progression_only_if_they_are_one():
    point = [Estimate.normal(0.3, 0.01) for _ in range(4)]
    assert "n = 2, 4, …, 8" in fit_scaling([2, 4, 6, 8], point).sentence
    assert "n = 2, 3, 5, 8" in fit_scaling([2, 3, 5, 8], point).sentence
    assert "n = 2, 3, 4" in fit_scaling([2, 3, 4], point[:3]).sentence


#: One clear point, two that are less than three errors above zero, and one never seen.
MIXED = [
    Estimate.normal(0.02, 0.004, level=0.9),
    Estimate.normal(0.03, 0.011, level=0.9),
    Estimate.normal(-0.2, 0.5, level=0.9),
    Estimate(value=0.0, low=0.0, high=0.004, level=0.9),
]


def test_points_enter_by_how_far_they_are_above_their_errors():
    data = Points.of(np.array([2.0, 3.0, 5.0, 9.0]), MIXED)
    assert data.kinds.tolist() == ["log", "linear", "linear", "bound"]
    # no event with a probability of 5 %: λ·0.004 = ln 20
    np.testing.assert_allclose(data.rates, [0, 0, 0, np.log(20) / 0.004], rtol=1e-12)


def deviance(y):
    """``−2 log L`` of the four points, written out."""
    v = np.exp(y)
    return np.array([
        ((y[0] - np.log(0.02)) * 0.02 / 0.004) ** 2,
        ((v[1] - 0.03) / 0.011) ** 2,
        ((v[2] + 0.2) / 0.5) ** 2,
        2 * np.log(20) * v[3] / 0.004,
    ])  # fmt: skip


def test_likelihoods_and_their_slopes(rng):
    data, y, h = Points.of(np.arange(1.0, 5.0), MIXED), rng.normal(-3, 1, 4), 1e-5
    terms, first, second = data.terms(y)
    np.testing.assert_allclose(terms, deviance(y), rtol=1e-12)
    np.testing.assert_allclose(first, (deviance(y + h) - deviance(y - h)) / (2 * h), rtol=1e-6)
    v = np.exp(y)
    curved = [2 * 25, 2 * (v[1] / 0.011) ** 2, 2 * v[2] * (v[2] + 0.2) / 0.25, terms[3]]
    np.testing.assert_allclose(second, curved, rtol=1e-12)


def test_a_step_far_too_far_is_a_number_still():
    data = Points.of(np.arange(1.0, 5.0), MIXED)
    assert all(np.isfinite(part).all() for part in data.terms(np.full(4, 450.0)))


@pytest.mark.parametrize("chosen", [[0, 1, 2, 3], [0, 1, 3]])
@pytest.mark.parametrize("family", [Family.EXPONENTIAL, Family.POWER])
def test_mixed_points_are_fitted_as_by_another_optimiser(family, chosen):
    """With two points seen nothing is left to inflate the error by."""
    ns = np.array([2.0, 3.0, 5.0, 9.0])
    x = ns if family is Family.EXPONENTIAL else np.log(ns)
    best = optimize.minimize(
        lambda t: deviance(t[0] + t[1] * x)[chosen].sum(), [-3.0, -0.5], method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000},
    )  # fmt: skip
    found = fitted(family, Points.of(ns[chosen], [MIXED[k] for k in chosen]))
    assert (found.intercept, found.slope) == pytest.approx(tuple(best.x), rel=1e-5)
    y = best.x[0] + best.x[1] * x
    assert found.deviance == pytest.approx(best.fun, rel=1e-8)
    seen = [k for k in chosen if k < 3]
    assert found.chi2 == pytest.approx(deviance(y)[seen].sum(), rel=1e-4)
    assert found.degrees == len(seen) - 2
    # the inverse of half the matrix of second derivatives, inflated once more
    v = np.exp(y)
    half = np.array(
        [25, (v[1] / 0.011) ** 2, v[2] * (v[2] + 0.2) / 0.25, np.log(20) * v[3] / 0.004]
    )
    design = np.stack([np.ones(4), x], axis=1)[chosen]
    inverse = np.linalg.inv(design.T @ (half[chosen, None] * design))
    factor = max(1.0, found.chi2) if found.degrees else 1.0
    assert found.error == pytest.approx(np.sqrt(inverse[1, 1] * factor), rel=1e-4)


def some_points(rng):
    """Three to seven points of all kinds that no family explains; two at least are positive."""
    while True:
        ns = np.sort(rng.choice(np.arange(2.0, 14.0), rng.integers(3, 8), replace=False))
        points = []
        for n in ns:
            v = float(np.exp(-rng.uniform(0, 1.5) * n))
            far = Estimate.normal(v + 2 * v * rng.normal(), 2 * v)
            bound = Estimate(value=0.0, low=0.0, high=v)
            points.append((Estimate.normal(v, 0.1 * v), far, bound)[rng.integers(3)])
        if sum(p.value > 0 for p in points) > 1:
            return ns, points


def test_fits_are_where_the_likelihood_is_largest():
    """From starts that are far off too: no step to any side makes the points likelier."""
    rng = np.random.default_rng(0)
    for _ in range(16):
        ns, points = some_points(rng)
        data = Points.of(ns, points)
        found = fitted(Family.EXPONENTIAL, data)
        y = found.intercept + found.slope * ns
        assert data.terms(y)[0].sum() == pytest.approx(found.deviance, rel=1e-6)
        for step in (1e-2, 0.3):
            for way in (np.ones(len(ns)), ns - ns.mean()):
                for sign in (-1, 1):
                    moved = data.terms(y + sign * step * way)[0].sum()
                    assert moved > found.deviance - 1e-6 * (1 + found.deviance)


def test_points_that_any_steep_slope_fits_leave_it_open():
    """One clear point, and later ones that are smaller than can be seen: no end to the slope."""
    far = Estimate.normal(-9e-8, 1.8e-7)
    bound = Estimate(value=0.0, low=0.0, high=0.07)
    points = [Estimate.normal(4.1e-3, 4.1e-4), Estimate.normal(0.19, 0.49), bound, far]
    found = fitted(Family.EXPONENTIAL, Points.of(np.array([4.0, 5.0, 6.0, 11.0]), points))
    # 0.19/0.49 and 0.09/0.18 errors from zero
    assert found.deviance == pytest.approx((19 / 49) ** 2 + 0.25, abs=1e-3)
    assert found.slope < -2 and found.error > 10


@pytest.mark.parametrize("base", ["exponential", "power"])
def test_what_is_shown_of_a_fit(base):
    """Sentence, heading and rows, with numbers from the slope."""
    values = 0.5**NS if base == "exponential" else 3.0 * NS**-2.0
    fit = fit_scaling(NS, [Estimate.normal(v, 0.02 * v) for v in values])
    rate, power = fit.family(Family.EXPONENTIAL).slope, fit.exponent
    factor = [np.exp(part) for part in (rate.value, rate.low, rate.high)]
    assert fit.rate.stderr == pytest.approx(factor[0] * rate.stderr)
    assert (fit.rate.low, fit.rate.high) == pytest.approx(tuple(factor[1:]))
    factor = "factor {:.3g} [{:.3g}, {:.3g}]".format(*factor)
    exponent = f"exponent {power.value:.3g} [{power.low:.3g}, {power.high:.3g}]"
    where = "on n = 2, 3, …, 10"
    if base == "exponential":
        assert fit.sentence == f"consistent with an exponential, {factor} per unit of n, {where}"
        assert "factor 0.5 [0.49" in fit.sentence
    else:
        assert fit.sentence == f"consistent with a power law, {exponent}, {where}"
        assert "exponent -2 [" in fit.sentence
    assert fit.heading() == "C" + fit.sentence[1:]
    rows = dict(fit.rows())
    assert rows["points"].split("\n")[0] == f"n = 2: {fit.estimates[0]}"
    assert rows["exponential"].endswith(f"with 7 degrees of freedom, {factor}")
    assert rows["power law"].endswith(f"with 7 degrees of freedom, {exponent}")
    assert rows["constant"].endswith("with 8 degrees of freedom")
    assert rows["reason"] == fit.reason
    apart = abs(fit.family(Family.EXPONENTIAL).aicc - fit.family(Family.POWER).aicc)
    other = "power law" if base == "exponential" else "exponential"
    assert fit.reason == f"AICc is smaller by {apart:.1f} than for the {other}"
