"""Measured density models: the laws of their errors, what they cost, how often intervals cover."""

from __future__ import annotations

import json

import numpy as np
import pennylane as qml
import pytest
from density_zoo import ALPHA, ANGLES, X, part_with_all, turn, value
from support import count_executions

import pennylane_trainability as pt
from pennylane_trainability.statistics.mixtures import (
    covariance_of_draws,
    covariance_of_sums,
    means_of_circuits,
)

METHODS = ["exact", "randomised", "register"]
SHOTS = 4000


def turns(method, seed, shots=SHOTS, count=3, **options):
    device = qml.device("default.qubit", wires=4, seed=seed)
    return pt.density_qnode(
        [turn] * count, own=0, method=method, device=device, shots=shots, seed=seed, **options
    )


def several(method, seed, shots=SHOTS):
    device = qml.device("default.qubit", wires=4, seed=seed)
    return pt.density_qnode(
        [part_with_all] * 3, own="w", method=method, device=device, shots=shots, seed=seed
    )


TURNS = np.array([0.4, 1.2, 2.5])


def variance_law(method: str) -> float:
    """Of one shot, for the mixture of turns."""
    f = np.cos(TURNS)
    if method == "exact":
        return float(ALPHA**2 @ (1 - f**2))
    return float(1 - (ALPHA @ f) ** 2)


@pytest.mark.parametrize("method", METHODS)
def test_standard_errors_follow_the_law(method, seed):
    found = pt.measure_density(turns(method, seed))(ALPHA, TURNS)
    error = np.sqrt(variance_law(method) / SHOTS)
    np.testing.assert_allclose(found.stderr, error, rtol=0.08)
    assert abs(found.value[0] - ALPHA @ np.cos(TURNS)) < 4.5 * error
    np.testing.assert_allclose(found.weights, ALPHA)


def test_intervals_are_normal_and_batches_are_printed():
    found = pt.measure_density(turns("exact", 1, shots=100))(ALPHA, TURNS)
    low, high = found.interval(0.9)
    np.testing.assert_allclose(high - found.value, 1.6448536269514722 * found.stderr)
    np.testing.assert_allclose(found.value - low, 1.6448536269514722 * found.stderr)
    model = turns("exact", 1, shots=100, weights=lambda mixture, angles: mixture)
    batch = pt.measure_density(model)(np.tile(ALPHA, (2, 1)), TURNS)
    assert f"largest standard error  {batch.stderr.max():.4g}" in str(batch)


@pytest.mark.parametrize("method", METHODS)
def test_intervals_cover(method, seed):
    """Of 150 intervals at 95 % at least 88 % hold, and repeats scatter as the law says."""
    f, repeats = ALPHA @ np.cos(TURNS), 150
    model = turns(method, seed, shots=200, weights=lambda mixture, angles: mixture)
    found = pt.measure_density(model)(np.tile(ALPHA, (repeats, 1)), TURNS)
    low, high = found.interval()
    assert np.mean((low <= f) & (f <= high)) >= 0.88
    ratio = np.std(found.value) / np.sqrt(variance_law(method) / 200)
    assert abs(ratio - 1) < 4 / np.sqrt(2 * repeats)


@pytest.mark.parametrize("method", METHODS)
def test_several_outputs_in_several_bases(method, seed):
    found = pt.measure_density(several(method, seed))(ALPHA, ANGLES, X)
    assert found.value.shape == (7,) and len(found.outputs) == 7
    assert found.outputs[1:] == ("p(00)", "p(01)", "p(10)", "p(11)", "p(0)", "p(1)")
    np.testing.assert_array_less(np.abs(found.value - value()), 4.5 * found.stderr)
    covariance = found.covariance()
    assert np.linalg.eigvalsh(covariance).min() > -1e-15
    # probabilities of one measurement add up to one
    np.testing.assert_allclose(covariance[1:5, 1:5].sum(axis=0), 0, atol=1e-15)


@pytest.mark.parametrize(
    "method", ["exact", "randomised", pytest.param("register", marks=pytest.mark.slow)]
)
def test_covariances_are_those_of_repeated_measurements(method, seed):
    repeats, shots = 120, 100
    found = pt.measure_density(several(method, seed, shots))(ALPHA, ANGLES, np.full(repeats, X))
    seen = np.cov(found.value.T)
    stated = np.mean(found.covariance(), axis=0)
    scale = np.sqrt(np.outer(np.diag(stated), np.diag(stated)))
    np.testing.assert_allclose(seen / scale, stated / scale, atol=5 / np.sqrt(repeats))
    np.testing.assert_allclose(np.diag(seen / scale), 1.0, atol=4.5 * np.sqrt(2 / repeats))


def test_parts_are_the_derivatives_by_the_weights(seed):
    for method in ("exact", "randomised"):
        found = pt.measure_density(turns(method, seed))(ALPHA, TURNS)
        error = np.sqrt((1 - np.cos(TURNS) ** 2) / found.shots)
        np.testing.assert_array_less(np.abs(found.parts[:, 0] - np.cos(TURNS)), 4.5 * error)
    assert pt.measure_density(turns("register", seed))(ALPHA, TURNS).parts is None


def test_a_part_that_was_not_run_has_no_value(seed):
    found = pt.measure_density(turns("randomised", seed))(np.array([0.5, 0.0, 0.5]), TURNS)
    assert np.isnan(found.parts[1, 0]) and found.shots[1] == 0
    assert np.isfinite(found.value).all() and np.isfinite(found.stderr).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_measured_point_by_point(method, seed):
    xs = np.array([-0.4, 0.3, 1.2])
    found = pt.measure_density(several(method, seed))(ALPHA, ANGLES, xs)
    assert found.value.shape == (3, 7) and found.covariance().shape == (3, 7, 7)
    expected = np.array([value(x=x) for x in xs])
    np.testing.assert_array_less(np.abs(found.value - expected), 5 * found.stderr)


def test_weights_of_a_batch(seed):
    alphas = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])

    for method in METHODS:
        model = turns(method, seed, weights=lambda mixture, angles: mixture)
        found = pt.measure_density(model)(alphas, np.array([0.0, 1.0, np.pi]))
        np.testing.assert_allclose(found.value, [[1.0], [-1.0]])


@pytest.mark.parametrize("method", METHODS)
def test_the_cost_is_what_it_costs(method, seed):
    model = several(method, seed)
    measure = pt.measure_density(model)
    cost = measure.cost(ALPHA, ANGLES, X)
    sizes = count_executions(model.device)
    with qml.Tracker(model.device) as tracker:
        found = measure(ALPHA, ANGLES, X)
    assert sizes == [found.cost.circuits] == [tracker.totals["executions"]]
    assert tracker.totals["shots"] == found.cost.shots
    assert found.cost.to_dict() == cost.to_dict()  # every part has its shots
    circuits = {"exact": 3, "randomised": 3, "register": 1}[method]
    bases = 2  # ZZ with the probabilities, XY for two single letters
    assert cost.circuits == circuits * bases
    assert cost.shots == (circuits if method == "exact" else 1) * bases * SHOTS


def test_the_cost_of_a_draw_is_stated_as_the_most_it_can_be(seed):
    measure = pt.measure_density(turns("randomised", seed, shots=2))
    cost = measure.cost(ALPHA, TURNS)
    assert (cost.circuits, cost.shots) == (2, 2)
    found = measure(ALPHA, TURNS)
    assert found.cost.circuits <= 2 and found.cost.shots == 2


def test_costs_are_counted_and_nothing_is_run(seed):
    model = turns("exact", seed)
    sizes = count_executions(model.device)
    assert "12,000 shots" in str(pt.measure_density(model).cost(ALPHA, TURNS))
    with pytest.raises(pt.BudgetError, match=r"max_circuits=3"):
        pt.measure_density(model, max_circuits=2)(ALPHA, TURNS)
    with pytest.raises(pt.BudgetError, match=r"Lower the shots"):
        pt.measure_density(model, max_shots=2 * SHOTS)(ALPHA, TURNS)
    assert sizes == []


def test_seeds_repeat_the_draw():
    measure = pt.measure_density(turns("randomised", 1), seed=5)
    first, second = measure(ALPHA, TURNS), measure(ALPHA, TURNS)
    np.testing.assert_array_equal(first.shots, second.shots)
    assert first.provenance.seed == 5
    fresh = pt.measure_density(turns("randomised", 1))
    found = fresh(ALPHA, TURNS)
    again = pt.measure_density(turns("randomised", 1), seed=found.provenance.seed)(ALPHA, TURNS)
    np.testing.assert_array_equal(found.shots, again.shots)
    assert fresh(ALPHA, TURNS).provenance.seed != found.provenance.seed
    assert pt.measure_density(turns("exact", 1))(ALPHA, TURNS).provenance.seed is None


@pytest.mark.parametrize("method", METHODS)
def test_records_print_and_save_themselves(method, seed):
    found = pt.measure_density(several(method, seed))(ALPHA, ANGLES, X)
    text = str(found)
    assert text.startswith("Measured density model") and method in text and "p(00)" in text
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["method"] == method
    assert "**Measured density model**" in found._repr_markdown_()


def test_wide_intervals_at_high_levels(seed):
    found = pt.measure_density(turns("exact", seed), level=0.5)(ALPHA, TURNS)
    low, high = found.interval()
    lower, higher = found.interval(0.99)
    assert lower[0] < low[0] < found.value[0] < high[0] < higher[0]


# -- the mathematics, without circuits -------------------------------------------------------------


def test_covariances_of_draws_against_simulated_draws(rng):
    """Two bases that share a draw; one output in both of them, one in the second alone."""
    alpha = np.array([0.3, 0.7])
    p = [np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.4, 0.6], [0.85, 0.15]])]
    values = [np.array([[1.0, -1.0], [0.0, 0.0]]), np.array([[0.5, -0.5], [1.0, -1.0]])]
    shots, repeats = 60, 6000
    drawn = rng.multinomial(shots, alpha, size=repeats)
    counts = [rng.multinomial(drawn, basis) for basis in p]
    parts = np.nan_to_num(means_of_circuits(counts, values))
    estimates = np.einsum("rc,rci->ri", drawn / shots, parts)
    seen = np.cov(estimates.T)
    # (Σ_g pooled variance + 2 covariance of the parts) / N, by hand for the first output
    signs = [basis @ [1.0, -1.0] for basis in p]
    f = [alpha @ s for s in signs]
    one = 1 - f[0] ** 2 + 0.25 * (1 - f[1] ** 2)
    both = 2 * 0.5 * (alpha @ (signs[0] * signs[1]) - f[0] * f[1])
    np.testing.assert_allclose(seen[0, 0], (one + both) / shots, rtol=0.1)
    stated = covariance_of_draws(counts, values).mean(axis=0)
    scale = np.sqrt(np.outer(np.diag(seen), np.diag(seen)))
    np.testing.assert_allclose(stated / scale, seen / scale, atol=0.1)


def test_covariances_of_draws_have_no_negative_variance(rng):
    values = [rng.normal(size=(4, 3)), rng.normal(size=(4, 5))]
    for _ in range(50):
        drawn = rng.multinomial(6, rng.dirichlet(np.ones(3)))
        counts = [rng.multinomial(drawn, rng.dirichlet(np.ones(m))) for m in (3, 5)]
        assert np.linalg.eigvalsh(covariance_of_draws(counts, values)).min() > -1e-12


def test_covariance_of_sums_is_that_of_independent_circuits():
    """Σ s² (1 − m²)/n for signs, up to the smoothing by z² ≈ 4 shots."""
    counts = [np.array([[75_000, 25_000], [10_000, 30_000]])]
    found = covariance_of_sums(np.array([0.4, 0.6]), counts, [np.array([[1.0, -1.0]])])
    expected = 0.16 * (1 - 0.25) / 1e5 + 0.36 * (1 - 0.25) / 4e4
    np.testing.assert_allclose(found, [[expected]], rtol=1e-3)
