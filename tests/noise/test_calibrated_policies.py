"""Born policies with a calibration: what is known is found, and errors are where they belong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest
from depolarised import WEIGHTS, NoisyDensity, NoisyQubits, layers

import pennylane_trainability as pt

S, FLIPS = 0.8, (0.03, 0.08)
MANY = 10**9
BOTH = {"rescale": True, "mitigate_read_out": True}
LARGE = {"max_circuits": 10**5}
TWO = np.array([0.3, 0.4])


def three(bits):
    """Shares 1/4, 1/2, 1/4 of the outcomes: the mixed state is no even policy."""
    return bits.sum(axis=1)


PARTITIONS = [(2, "contiguous"), (2, "parity"), (4, "contiguous"), (3, three)]


def policy(shots, n_actions=2, partition="contiguous", device=None, body=layers, **options):
    options = {"wires": 2, "survival": S, "flips": FLIPS} | options
    made = (device or NoisyQubits)(**options) if shots else qml.device("default.qubit")

    @qml.set_shots(shots)
    @qml.qnode(made)
    def circuit(weights):
        body(weights)
        return qml.probs(wires=[0, 1])

    return pt.born_policy(circuit, n_actions, partition)


def ladder(weights):
    """``π(0)`` of the parity is ``(1 + cos θ₀)/2``: the coupling commutes with ``Z Z``."""
    qml.RX(weights[0], wires=0)
    qml.IsingXX(weights[1], wires=[0, 1])


# -- gradients -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_actions", "partition"), PARTITIONS)
def test_gradients_become_those_without_noise(n_actions, partition):
    """Shots without number against the simulation without noise."""
    found = policy(MANY, n_actions, partition).log_policy_gradient(WEIGHTS, **BOTH)
    exact = policy(None, n_actions, partition).log_policy_gradient(WEIGHTS)
    np.testing.assert_allclose(found.probabilities, exact.probabilities, atol=2e-3)
    np.testing.assert_allclose(found.derivatives, exact.derivatives, atol=2e-3)
    np.testing.assert_allclose(found.value, exact.value, atol=0.02)
    assert np.abs(found.raw_derivatives - exact.derivatives).max() > 0.03
    assert np.abs(found.raw_probabilities - exact.probabilities).max() > 0.02
    assert np.isclose(found.calibration.survivals[0].value, S, atol=1e-3)
    reward = np.arange(n_actions, dtype=float)
    np.testing.assert_allclose(found.of_reward(reward), exact.of_reward(reward), atol=3e-3)


def test_one_calibration_at_a_time():
    exact = policy(None, 3, three).log_policy_gradient(WEIGHTS)
    gates = policy(MANY, 3, three, flips=(0.0, 0.0)).log_policy_gradient(WEIGHTS, rescale=True)
    np.testing.assert_allclose(gates.probabilities, exact.probabilities, atol=2e-3)
    np.testing.assert_allclose(gates.raw_derivatives, S * exact.derivatives, atol=2e-3)
    reading = policy(MANY, 3, three).log_policy_gradient(WEIGHTS, mitigate_read_out=True)
    even = np.array([1, 2, 1]) / 4
    mixed = S * exact.probabilities + (1 - S) * even
    np.testing.assert_allclose(reading.probabilities, mixed, atol=2e-3)
    assert reading.calibration.survivals == ()


def test_channels_on_density_matrices():
    """Depolarising and flipping channels of ``default.mixed``; seeds are fixed."""
    found = policy(40_000, 4, device=NoisyDensity, seed=3).log_policy_gradient(WEIGHTS, **BOTH)
    exact = policy(None, 4).log_policy_gradient(WEIGHTS)
    score = (found.derivatives - exact.derivatives) / np.maximum(found.stderrs, 1e-12)
    assert np.all(np.abs(score[found.stderrs > 0]) < 4.5)
    # the device makes two gates of the coupling
    assert np.isclose(found.calibration.survivals[0].value, S**2, atol=0.02)
    assert np.abs(found.raw_derivatives - exact.derivatives).max() > 0.08


def scores(seeds, shots, n_actions, partition):
    exact = policy(None, n_actions, partition).log_policy_gradient(WEIGHTS)
    out, chances = [], []
    for seed in seeds:
        made = policy(shots, n_actions, partition, seed=seed)
        found = made.log_policy_gradient(WEIGHTS, **BOTH)
        out.append((found.derivatives - exact.derivatives) / found.stderrs)
        chances.append((found.probabilities - exact.probabilities) / found.probability_stderrs)
    return np.array(out), np.array(chances)


@pytest.mark.slow
@pytest.mark.parametrize("shots", [100, 1000])
def test_standard_errors_are_those_of_repeats(shots):
    """Two hundred runs of a device with known noise; seeds are fixed."""
    for found in scores(range(200), shots, 3, three):
        assert np.all(np.abs(found.mean(axis=0)) < 0.4)
        spread = found.std(axis=0)
        assert np.all((spread > 0.85) & (spread < 1.15)), spread


def test_the_error_of_the_calibration_is_in_the_standard_error():
    """Its circuits have shots of their own: the share of each follows from the formula."""
    made = policy(2000, 2, "parity", body=ladder, flips=(0.05, 0.05))
    found, plain = (made.log_policy_gradient(TWO, **how) for how in (BOTH, {}))
    s, slope = found.calibration.survivals[0], abs(found.derivatives[0, 0])
    # values ±1 of the parity become ±1/(s b₀ b₁), whatever is measured
    stretch = 1 / (s.value * np.prod(1 - found.calibration.flips.sum(axis=1)))
    own = stretch * plain.stderrs[0, 0]
    assert found.stderrs[0, 0] > np.hypot(own, slope * s.stderr / s.value) * 0.98


@pytest.mark.parametrize("shots", [200, 10**6])
def test_errors_of_rescaling_have_a_closed_form(shots):
    """``(f − ½)/s + ½``: the errors of ``f`` and of ``s``, from shots of their own."""
    made = policy(shots, 2, "parity", body=ladder, flips=(0.0, 0.0), seed=1)
    found, plain = made.log_policy_gradient(TWO, rescale=True), made.log_policy_gradient(TWO)
    s, raw = found.calibration.survivals[0], found.raw_probabilities
    own = raw * (1 - raw) / (shots - 1) / s.value**2
    of_s = (raw - 1 / 2) * s.stderr / s.value**2
    np.testing.assert_allclose(found.probability_stderrs**2, own + of_s**2, rtol=1e-3)
    if shots > 1000:  # as many shots give the same error of a derivative each time
        own = plain.stderrs[:, 0] ** 2 / s.value**2
        of_s = found.raw_derivatives[:, 0] * s.stderr / s.value**2
        assert np.all(of_s**2 > 0.02 * own)
        np.testing.assert_allclose(found.stderrs[:, 0] ** 2, own + of_s**2, rtol=2e-3)


def test_division_by_an_uncertain_probability_is_off_by_its_relative_variance():
    """``E 1/(π + ε) = (1 + (σ/π)²)/π`` to second order."""
    found = policy(500, 4, seed=2).log_policy_gradient(np.zeros(4), **BOTH)
    made = replace(
        found,
        probabilities=np.array([0.5, 0.2, 0.25, 0.05]),
        probability_stderrs=np.array([0.05, 0.05, 0.1, 0.01]),
    )
    np.testing.assert_allclose(made.clipping_factors, [1.01, 1.0625, np.nan, 1.04])


def test_probabilities_that_are_not_clear_are_not_divided_by():
    """``π(3)`` vanishes at zero angles; its calibrated estimate may have either sign."""
    found = policy(500, 4, seed=2).log_policy_gradient(np.zeros(4), **BOTH)
    assert found.is_clear.tolist() == [True, False, False, False]
    assert np.all(np.isnan(found.log_derivatives[1:])) and np.all(np.isnan(found.of(3)))
    assert np.isfinite(found.log_derivatives[0]).all() and np.isfinite(found.derivatives).all()
    factors = found.clipping_factors
    assert 1 < factors[0] < 1.1 and np.isnan(factors[1:]).all()
    assert "3 actions of unclear probability are left out" in str(found)


# -- variances -------------------------------------------------------------------------------------


ASK = {"seed": 3, "n_draws": 12, **LARGE}


@pytest.mark.parametrize(("n_actions", "partition"), PARTITIONS)
def test_variances_become_those_without_noise(n_actions, partition):
    """At the same draws, simulated without noise."""
    found = pt.policy_variance(policy(MANY, n_actions, partition), **ASK, **BOTH)(WEIGHTS)
    exact = pt.policy_variance(policy(None, n_actions, partition), **ASK)(WEIGHTS)
    np.testing.assert_allclose(found.derivative_terms, exact.derivative_terms, atol=2e-3)
    one, truth = found.derivative_variance(), exact.derivative_variance()
    assert np.isclose(one.value, truth.value, rtol=5e-3)
    assert found.raw.derivative_variance().value < 0.7 * truth.value
    np.testing.assert_allclose(found.smallest, exact.smallest, atol=2e-3)


def test_rescaling_alone_divides_by_the_square_of_the_survival():
    found = pt.policy_variance(policy(MANY, flips=(0.0, 0.0)), **ASK, rescale=True)(WEIGHTS)
    own, raw = found.derivative_variance(), found.raw.derivative_variance()
    assert np.isclose(own.value, raw.value / S**2, rtol=2e-3)


def test_errors_of_a_rescaled_variance_have_a_closed_form():
    """``V/s²`` moves by ``2 V σ_s/s³``, at all draws alike; draws add their own spread."""
    made = policy(1000, 4, flips=(0.0, 0.0))
    found = pt.policy_variance(made, **ASK, rescale=True)(WEIGHTS)
    s, raw = found.calibration.survivals[0], found.raw
    value = raw.derivative_terms.mean(axis=0) / s.value**2
    np.testing.assert_allclose(found.derivative_variances, value, rtol=1e-9)
    moved = 2 * value * s.stderr / s.value
    np.testing.assert_allclose(np.linalg.norm(found.factors, axis=0), moved, rtol=1e-5)
    for own, plain, by_s in (
        (found.derivative_variance(), raw.derivative_variance(), moved.mean()),
        (found.derivative_variance(1), raw.derivative_variance(1), moved[1]),
    ):
        assert own.stderr == pytest.approx(np.hypot(plain.stderr / s.value**2, by_s), rel=1e-5)


@pytest.mark.slow
def test_shot_noise_is_taken_out_of_calibrated_values():
    """With 20 shots of a circuit noise is larger than the signal, which is 1/8."""
    made = policy(20, 2, "parity", body=ladder, seed=5)
    found = pt.policy_variance(made, seed=1, n_draws=400, **BOTH, **LARGE)(np.zeros(2))
    own = found.derivative_variance(0)
    assert abs(own.value - 1 / 8) < 4.5 * own.stderr
    # of a frequency, by shift rules, with both factors: far from what is left
    noise = 2 * 0.25 * 0.25 / 20 / (S * (1 - sum(FLIPS)) ** 2) ** 2
    assert noise > 0.1 * own.value


@pytest.mark.slow
def test_intervals_of_variances_cover():
    """``Var ∂π = 1/8``: 95 % intervals, two hundred runs; few draws, so that the log helps."""
    covered = []
    for seed in range(200):
        made = policy(100, 2, "parity", body=ladder, seed=seed)
        ask = pt.policy_variance(made, seed=seed, n_draws=100, **BOTH, **LARGE)
        found = ask(np.zeros(2))
        own, raw = found.derivative_variance(0), found.raw.derivative_variance(0)
        score = (own.value - 1 / 8) / own.stderr
        covered.append([own.low < 1 / 8 < own.high, raw.high < 1 / 8, score])
    covered = np.array(covered, float)
    assert covered[:, 0].mean() >= 0.92
    assert covered[:, 1].mean() > 0.9  # without a calibration hardly any
    assert 0.75 < covered[:, 2].std() < 1.25


@pytest.mark.slow
def test_one_calibration_for_all_draws_does_not_average_out():
    """Few shots of a calibration against many draws: the error is ``2 σ_s/s`` at least."""
    made = policy(20, 2, "parity", body=ladder, seed=5)
    found = pt.policy_variance(made, seed=1, n_draws=400, **BOTH, **LARGE)(np.zeros(2))
    s, own = found.calibration.survivals[0], found.derivative_variance(0)
    assert own.stderr > 2 * s.stderr / s.value * own.value


# -- never silently --------------------------------------------------------------------------------


def test_nothing_is_calibrated_unless_asked_for():
    found = policy(100).log_policy_gradient(WEIGHTS)
    assert found.calibration is None and found.raw_derivatives is None
    variance = pt.policy_variance(policy(100), **ASK)(WEIGHTS)
    assert variance.calibration is None and variance.raw is None
    assert "wrongly read" not in str(found) + str(variance)


def test_models_and_costs_are_told():
    made = policy(100)
    found, plain = made.log_policy_gradient(WEIGHTS, **BOTH), made.log_policy_gradient(WEIGHTS)
    assert found.cost.circuits == plain.cost.circuits + 3 and found.cost.executions == 1
    ask = pt.policy_variance(made, **ASK, **BOTH)
    many, each = ask(WEIGHTS), pt.policy_variance(made, **ASK)(WEIGHTS)
    assert many.cost.circuits == each.cost.circuits + 3 * 12 == ask.cost(WEIGHTS).circuits
    assert many.cost.shots == ask.cost(WEIGHTS).shots == ask.price(WEIGHTS).shots
    assert many.cost.distinct_circuits == ask.cost(WEIGHTS).distinct_circuits
    assert many.cost.executions == 1
    for text in (str(found), str(many)):
        assert "a model and not a correction" in text and "wrongly read" in text
    assert "raw π" in str(found) and "without calibration" in str(many)
    assert found.to_dict()["calibration"]["kind"] == "Calibration"
    assert many.to_dict()["raw"]["kind"] == "PolicyVariance"


def test_budgets_count_the_calibration():
    made = policy(100)
    most = made.log_policy_gradient(WEIGHTS).cost.circuits
    with pytest.raises(pt.BudgetError, match="Nothing was run"):
        made.log_policy_gradient(WEIGHTS, **BOTH, max_circuits=most)
    plain = pt.policy_variance(made, n_draws=5, seed=1, **LARGE).cost(WEIGHTS).circuits
    with pytest.raises(pt.BudgetError, match="Nothing was run"):
        pt.policy_variance(made, n_draws=5, **BOTH, max_circuits=plain)(WEIGHTS)


def test_the_logarithm_is_refused_where_its_error_cannot_be_stated():
    found = pt.policy_variance(policy(100), **ASK, **BOTH)(WEIGHTS)
    for asked in (lambda: found.log_variance(), lambda: found.log_variances):
        with pytest.raises(pt.ReadingError, match=r"raw\.log_variance"):
            asked()
    assert np.isfinite(found.raw.log_variance().value)
    assert any("is not told with a calibration" in note for note in found.notes)


@pytest.mark.parametrize("option", ["rescale", "mitigate_read_out"])
def test_what_is_computed_is_not_calibrated(option):
    made = policy(None)
    with pytest.raises(pt.ReadingError, match="are computed"):
        made.log_policy_gradient(WEIGHTS, **{option: True})
    with pytest.raises(pt.ReadingError, match="are computed"):
        pt.policy_variance(made, **{option: True}).cost(WEIGHTS)
    with pytest.raises(pt.ReadingError, match="no shots"):
        pt.policy_variance(made, engine="measured", **{option: True})(WEIGHTS)


def test_shot_vectors_have_a_calibration_each():
    found = policy([200, 400], 2).log_policy_gradient(WEIGHTS, **BOTH)
    assert [one.calibration.survivals[0].law[:3] for one in found] == ["200", "400"]
