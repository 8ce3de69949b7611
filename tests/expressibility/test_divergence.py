"""Divergences of histograms: exact means by enumeration, true Haar states, coverage, tests."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from pennylane_trainability.statistics.divergence import (
    _bias_table,
    _shrunk,
    _sparse_bias,
    debiased_divergence,
    divergence_of_counts,
    plug_in_divergence,
)
from pennylane_trainability.statistics.fidelity_laws import haar_log_masses


def divergence(p, q) -> float:
    return float(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0))


@pytest.mark.parametrize(("p", "n"), [(0.5, 20), (0.3, 40), (0.6, 60)])
def test_the_mean_is_the_divergence_but_for_a_known_rest(p, n):
    """Two bins, all outcomes: what is left is Σ p Σ_{v ≥ n} (1 − p)^v/v, where bins are full."""
    q = np.array([0.5, 0.5])
    k = np.arange(n + 1)
    weight = np.array([math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in k])
    counts = np.stack([k, n - k], axis=1)
    mean = float(weight @ debiased_divergence(counts, np.log(q)))
    rest = sum(a * sum((1 - a) ** v / v for v in range(n, n + 4000)) for a in (p, 1 - p))
    assert mean == pytest.approx(divergence([p, 1 - p], q) + rest, abs=1e-12)
    plain = float(weight @ plug_in_divergence(counts, np.log(q)))
    assert plain - divergence([p, 1 - p], q) == pytest.approx(1 / (2 * n), rel=0.2)


@pytest.mark.parametrize(
    ("dimension", "n"), [(2, 300), (4, 1000), (16, 300), (16, 5000), (64, 500)]
)
def test_true_haar_states_score_zero(rng, dimension, n):
    masses = haar_log_masses(dimension, 75)
    counts = rng.multinomial(n, np.exp(masses) / np.exp(masses).sum(), size=4000)
    found = debiased_divergence(counts, masses)
    error = found.std() / math.sqrt(len(found))
    floor = plug_in_divergence(counts, masses).mean()
    # the sparse bins leave a few per cent of the bias; see the module
    assert abs(found.mean()) < 5 * error + 0.02 * floor


def test_the_floor_that_is_published(rng):
    """Four wires, 75 bins, 5,000 pairs: 0.0037."""
    masses = haar_log_masses(16, 75)
    counts = rng.multinomial(5000, np.exp(masses) / np.exp(masses).sum())
    assert divergence_of_counts(counts, masses, 0.95, rng).floor == pytest.approx(0.00367, abs=2e-4)


def test_the_idle_circuit_is_exact():
    masses = haar_log_masses(16, 75)
    counts = np.zeros(75, int)
    counts[-1] = 5000
    assert debiased_divergence(counts, masses) == pytest.approx(15 * math.log(75), rel=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("n", [225, 3000])
def test_intervals_cover_and_tests_hold_their_level(rng, share, n):
    """Haar states of 16 dimensions with some of eight among them."""
    masses = haar_log_masses(16, 75)
    law = (1 - share) * np.exp(masses) + share * np.exp(haar_log_masses(8, 75))
    law /= law.sum()
    truth = divergence(law, np.exp(masses))
    draws = 60
    found = [divergence_of_counts(rng.multinomial(n, law), masses, 0.9, rng) for _ in range(draws)]
    covered = sum(one.low <= truth <= one.high for one in found)
    assert covered >= 0.9 * draws - 4.5 * math.sqrt(draws * 0.09)
    if share == 0:
        rejected = sum(one.p_value < 0.1 for one in found)
        assert rejected <= 0.1 * draws + 5 * math.sqrt(draws * 0.09)
    if share == 0.5 and n == 3000:
        assert all(one.p_value < 0.01 for one in found)


def test_counts_where_the_law_has_nothing_are_refused(rng):
    with pytest.raises(ValueError, match="fewer bins"):
        divergence_of_counts(np.array([3, 5]), np.array([0.0, -math.inf]), 0.95, rng)


def poisson_bias(rates):
    """``Σ E[k ψ(k)] − λ ln λ``, summed over counts."""
    k = np.arange(1, 150)
    weights = stats.poisson.pmf(k, np.asarray(rates, float)[:, None])
    return np.sum(weights @ (k * special.digamma(k)) - special.xlogy(rates, rates))


def test_the_bias_of_sparse_bins_is_that_of_poisson_counts():
    grid, bias = _bias_table.__wrapped__()
    np.testing.assert_allclose(bias, [poisson_bias([rate]) for rate in np.exp(grid)], atol=1e-9)
    # from thirty counts on there is none, and where one in a hundred million is expected
    assert np.exp(grid[[0, -1]]) == pytest.approx([1e-8, 30.0]) and np.abs(bias[-1]) < 1e-11


def test_sparse_bins_hold_the_total_that_was_seen_spread_like_the_law():
    """Three expect fewer than five and hold half as many again; a fourth holds more than ten."""
    expected = np.array([90.0, 0.5, 4.0, 1.5, 4.0])
    counts = np.array([80, 0, 6, 3, 11])
    found = _sparse_bias(counts, np.log(expected / 100), 100)
    assert found == pytest.approx(poisson_bias(1.5 * expected[1:4]) / 100, rel=1e-3)
    # of several histograms each has its own
    both = np.stack([counts, [88, 1, 3, 0, 8]])
    alone = poisson_bias(1.2 * expected[1:]) / 100
    assert _sparse_bias(both, np.log(expected / 100), 100) == pytest.approx(
        [found, alone], rel=1e-3
    )
    full = np.array([[50, 50], [40, 60], [99, 1]])
    assert np.array_equal(_sparse_bias(full, np.log([0.5, 0.5]), 100), np.zeros(3))


def test_a_high_level_takes_as_many_resamples_as_it_needs(rng):
    """Ten beyond 99.95 %, so that no p-value is below 1/20,001."""
    found = divergence_of_counts(np.array([90, 10]), np.log([0.5, 0.5]), 0.9995, rng)
    assert found.p_value == pytest.approx(1 / 20_001, rel=1e-3)


def test_the_interval_of_many_counts_is_the_normal_one(rng):
    """Beside the delta method: the variance of ``ln(p/q)`` over the number of counts."""
    p, q, n = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5]), 4000
    found = divergence_of_counts((n * p).astype(int), np.log(q), 0.9, rng)
    logs = np.log(p / q)
    error = math.sqrt((p @ logs**2 - (p @ logs) ** 2) / n)
    assert found.stderr == pytest.approx(error, rel=0.12)
    assert found.high - found.value == pytest.approx(1.645 * error, rel=0.25)
    assert found.value - found.low == pytest.approx(1.645 * error, rel=0.25)


def test_a_law_whose_masses_are_one_but_for_rounding(rng):
    logs = np.log([0.5, 0.5, 1e-13]) + 1e-9
    found = divergence_of_counts(np.array([55, 45, 0]), logs, 0.9, rng)
    assert found.plug_in == pytest.approx(0.00501, abs=1e-4) and found.p_value > 0.05


def test_intervals_are_moved_to_the_debiased_value():
    """Errors are those of histograms of the law in between, about its own divergence."""
    law, counts = np.full(20, 0.05), np.array([9, 1, 4, 0, 6] * 4)
    found = divergence_of_counts(counts, np.log(law), 0.8, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    rng.multinomial(80, law, size=1000)
    near = _shrunk(counts, law, found.value, found.plug_in)
    drawn = debiased_divergence(rng.multinomial(80, near, size=1000), np.log(law))
    ends = np.quantile(drawn - divergence(near, law), [0.1, 0.9]) + found.value
    assert (found.low, found.high) == pytest.approx(tuple(ends))
    assert abs(found.value - divergence(near, law)) > 1e-3
