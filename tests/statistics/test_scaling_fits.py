"""Exponential or power: laws with known exponents are told apart, the rest stays undecided."""

import numpy as np
import pytest

from pennylane_trainability.results import Estimate
from pennylane_trainability.statistics.binomial import bounded_mean
from pennylane_trainability.statistics.moments import variance
from pennylane_trainability.statistics.scaling import ScalingVerdict, fit_scaling
from pennylane_trainability.statistics.scaling_likelihood import Family

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
