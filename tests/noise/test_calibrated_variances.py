"""Variances of losses and gradients with a calibration: unbiased, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from depolarised import WEIGHTS, NoisyDensity, NoisyQubits, layers

import pennylane_trainability as pt

S, FLIPS = 0.8, (0.03, 0.08)
MANY = 10**9
BOTH = {"rescale": True, "mitigate_read_out": True}
TWO = np.array([0.3, 0.4])


def observable():
    return qml.Hamiltonian(
        [0.7, -0.4, 0.5, 0.3], [qml.Z(0), qml.X(0) @ qml.Y(1), qml.Z(0) @ qml.Z(1), qml.I(0)]
    )


def noisy(shots=MANY, survival=S, flips=FLIPS, body=layers, returns=observable, **options):
    @qml.set_shots(shots)
    @qml.qnode(NoisyQubits(wires=3, survival=survival, flips=flips, **options))
    def circuit(weights):
        body(weights)
        return qml.expval(returns())

    return circuit


def ideal(body=layers, returns=observable):
    @qml.qnode(qml.device("default.qubit"))
    def circuit(weights):
        body(weights)
        return qml.expval(returns())

    return circuit


def ladder(weights):
    """``⟨Z Z⟩ = cos θ₀``, because the coupling commutes with the word: its variance is ½."""
    qml.RX(weights[0], wires=0)
    qml.IsingXX(weights[1], wires=[0, 1])


def zz():
    return qml.Z(0) @ qml.Z(1)


ASK = {"method": "sample", "seed": 3, "n_draws": 12}
LARGE = {"max_circuits": 10**5}


# -- found where they are known --------------------------------------------------------------------


@pytest.mark.parametrize("what", [pt.loss_variance, pt.gradient_variances])
def test_with_shots_without_number_variances_are_those_without_noise(what):
    """At the same draws, simulated without noise: another road altogether."""
    exact = what(ideal(), **ASK)(WEIGHTS)
    found = what(noisy(), **ASK, **BOTH)(WEIGHTS)
    if what is pt.loss_variance:
        values, raw = found.variance.value, found.raw.value
        truth = exact.variance.value
        assert np.isclose(found.mean.value, exact.mean.value, atol=1e-3)
    else:
        values, raw, truth = found.variances, found.raw, exact.variances
    assert np.allclose(values, truth, rtol=4e-3)
    assert np.all(raw < 0.7 * truth)
    assert np.allclose(found.samples, exact.samples, atol=2e-3)
    assert np.isclose(found.calibration.survivals[0].value, S, atol=1e-3)
    assert np.allclose(found.calibration.flips, [FLIPS] * 2, atol=1e-3)


def test_rescaling_alone_divides_by_the_square_of_the_survival():
    found = pt.loss_variance(noisy(flips=(0.0, 0.0)), **ASK, rescale=True)(WEIGHTS)
    assert np.isclose(found.variance.value, found.raw.value / S**2, rtol=2e-3)
    symmetric = noisy(flips=(0.05, 0.05), body=ladder, returns=zz)
    left = pt.loss_variance(symmetric, **ASK, rescale=True)(TWO)
    exact = pt.loss_variance(ideal(ladder, zz), **ASK)(TWO)
    # the word has two wires, each of which loses 1 − 2 p
    assert np.isclose(left.variance.value, 0.9**4 * exact.variance.value, rtol=2e-3)
    assert any("stay in the values" in model for model in left.calibration.models)


def test_channels_on_density_matrices():
    """Depolarising and flipping channels of ``default.mixed``; seeds are fixed."""

    @qml.set_shots(10_000)
    @qml.qnode(NoisyDensity(wires=2, survival=S, flips=(0.04, 0.1), seed=5))
    def circuit(weights):
        layers(weights)
        return qml.expval(observable())

    ask = {**ASK, "n_draws": 5}
    found = pt.loss_variance(circuit, **ask, **BOTH)(WEIGHTS)
    exact = pt.loss_variance(ideal(), **ask)(WEIGHTS)
    assert np.allclose(found.samples, exact.samples, atol=0.08)
    assert np.isclose(found.variance.value, exact.variance.value, rtol=0.08)
    assert found.raw.value < 0.4 * exact.variance.value
    # the device makes two gates of the coupling
    assert np.isclose(found.calibration.survivals[0].value, S**2, atol=0.02)
    assert np.allclose(found.calibration.flips, (0.04, 0.1), atol=0.01)


def test_replicates_are_calibrated_as_well():
    found = pt.loss_variance(noisy(), **ASK, **BOTH, replicates=True)(WEIGHTS)
    exact = pt.loss_variance(ideal(), **ASK)(WEIGHTS)
    assert np.isclose(found.variance.value, exact.variance.value, rtol=4e-3)


def test_later_draws_share_the_calibration_of_the_first():
    most = {"method": "sample", "seed": 1, "n_draws": 400, "rtol": 0.01}
    ask = pt.loss_variance(noisy(200, body=ladder, returns=zz), **most, **BOTH, **LARGE)
    found = ask(TWO)
    assert found.provenance.n_samples == 400 and found.calibration.circuits == 60
    assert found.cost.circuits == 460 == ask.cost(TWO).circuits
    assert any("was not reached" in note for note in found.notes)


# -- their own errors ------------------------------------------------------------------------------


def scores(what, seeds, n_draws, shots, read):
    """``(value − truth)/error`` and whether intervals cover; the truth is ½."""
    out = []
    for seed in seeds:
        circuit = noisy(shots, body=ladder, returns=zz, seed=seed)
        ask = what(circuit, method="sample", n_draws=n_draws, seed=seed, **BOTH, **LARGE)
        out.append(read(ask(TWO)))
    return np.array(out, float)


def _of_loss(found):
    v, truth = found.variance, 0.5
    return (v.value - truth) / v.stderr, v.low < truth < v.high, found.raw.high < truth


@pytest.mark.slow
def test_intervals_of_variances_cover():
    """95 % intervals, two hundred runs of a device with known noise; seeds are fixed."""
    found = scores(pt.loss_variance, range(200), 200, 100, _of_loss)
    assert np.mean(found[:, 1]) >= 0.93
    assert abs(found[:, 0].mean()) < 4 / np.sqrt(200)
    assert 0.7 < np.mean(found[:, 0] ** 2) < 1.25
    assert np.all(found[:, 2] == 1)  # without the calibration none does


@pytest.mark.slow
def test_the_error_of_the_calibration_is_in_the_interval():
    """Few shots for few draws: the survival is known badly, and intervals still cover."""

    def read(found):
        low, high, truth = found.lows[0], found.highs[0], 0.5
        return found.variances[0], found.stderrs[0], low < truth < high

    found = scores(pt.gradient_variances, range(100), 60, 20, read)
    assert np.mean(found[:, 2]) >= 0.91  # of 60 draws: see the note of the result
    assert abs(found[:, 0].mean() - 0.5) < 5 * found[:, 0].std() / 10 + 0.02
    assert 0.7 < found[:, 0].std() / found[:, 1].mean() < 1.3


def test_a_calibration_makes_errors_larger_and_never_smaller():
    """Few shots of the calibration against many draws: by how much follows from the formula."""
    found = pt.loss_variance(
        noisy(100, body=ladder, returns=zz), method="sample", n_draws=60, seed=1, **BOTH
    )(TWO)
    s = found.calibration.survivals[0]
    assert found.variance.stderr > found.raw.stderr / found.raw.value * found.variance.value * 0.9
    # v ∝ 1/s²: its share of the error is 2 σ_s/s at least
    assert found.variance.stderr > 2 * s.stderr / s.value * found.variance.value
    score = (found.variance.value - 0.5) / found.variance.stderr
    assert abs(score) < 4.5


# -- never silently --------------------------------------------------------------------------------


def test_nothing_is_calibrated_unless_asked_for():
    found = pt.loss_variance(noisy(100), **ASK)(WEIGHTS)
    assert found.raw is None and found.calibration is None
    gradients = pt.gradient_variances(noisy(100), **ASK)(WEIGHTS)
    assert gradients.raw is None and gradients.calibration is None


@pytest.mark.parametrize("what", [pt.loss_variance, pt.gradient_variances])
def test_the_model_and_its_cost_are_told(what):
    ask, plain = what(noisy(100), **ASK, **BOTH), what(noisy(100), **ASK)
    found = ask(WEIGHTS)
    text = str(found)
    for word in ("a model and not a correction", "wrongly read", "survival", "without calibration"):
        assert word in text
    assert found.to_dict()["calibration"]["kind"] == "Calibration"
    extra = found.calibration.circuits
    assert extra == 3 * 12  # no gates, all turned, one mirror; twelve draws
    assert found.cost.circuits == plain.cost(WEIGHTS).circuits + extra == ask.cost(WEIGHTS).circuits
    assert found.cost.distinct_circuits == ask.cost(WEIGHTS).distinct_circuits
    assert found.cost.shots == ask.cost(WEIGHTS).shots == ask.price(WEIGHTS).shots
    assert found.cost.executions == 1


def test_a_budget_counts_the_calibration():
    most = pt.loss_variance(noisy(100), **ASK).cost(WEIGHTS).circuits
    with pytest.raises(pt.BudgetError, match="Nothing was run"):
        pt.loss_variance(noisy(100), **ASK, rescale=True, max_circuits=most)(WEIGHTS)


@pytest.mark.parametrize("budget", ["max_circuits", "max_shots"])
def test_a_budget_counts_all_draws_and_the_calibration_before_the_first(budget):
    """Four hundred draws at most, of which one hundred would be run at first."""
    options = {"method": "sample", "seed": 3, "n_draws": 400, "rtol": 1e-3, **BOTH}
    circuit = noisy(10, body=ladder, returns=zz)
    cost = pt.loss_variance(circuit, **options, **LARGE).cost(TWO)
    assert (cost.circuits, cost.distinct_circuits) == (400 + 3 * 20, 400 + 2 + 20)
    assert (cost.shots, cost.executions) == (4600, 3)
    limit = {"max_circuits": cost.circuits, "max_shots": cost.shots}[budget] - 1
    with qml.Tracker(circuit.device) as tracker, pytest.raises(pt.BudgetError, match="othing was"):
        pt.loss_variance(circuit, **options, **{**LARGE, budget: limit})(TWO)
    assert not tracker.totals


@pytest.mark.parametrize(("budget", "most"), [("max_circuits", 500), ("max_shots", 5000)])
def test_what_a_budget_leaves_for_draws(budget, most):
    """Sixty circuits of ten shots calibrate, the others are draws."""
    options = {"method": "sample", "seed": 3, "rtol": 1e-3, **BOTH, **LARGE, budget: most}
    cost = pt.loss_variance(noisy(10, body=ladder, returns=zz), **options).cost(TWO)
    assert (cost.circuits, cost.shots) == (500, 5000)


def test_the_cost_of_flips_alone():
    """Two circuits twenty times, each the same circuit every time."""
    ask = pt.loss_variance(
        noisy(10, body=ladder, returns=zz), method="sample", n_draws=30, mitigate_read_out=True
    )
    assert ask.cost(TWO).circuits == 30 + 2 * 20
    assert ask.cost(TWO).distinct_circuits == 30 + 2


# -- what cannot be done ---------------------------------------------------------------------------


def test_what_is_simulated_is_not_calibrated():
    with pytest.raises(pt.ReadingError, match="simulated without noise"):
        pt.loss_variance(ideal(), rescale=True)(WEIGHTS)
    with pytest.raises(pt.ReadingError, match="ask for the device"):
        pt.loss_variance(ideal(), method="paths", mitigate_read_out=True)(WEIGHTS)


def test_a_calibration_needs_shots():
    with pytest.raises(pt.ReadingError, match="has no shots"):
        pt.loss_variance(noisy(None), **ASK, rescale=True)(WEIGHTS)


def test_wide_words_have_no_outcomes_to_correct():
    wide = noisy(100, body=lambda w: qml.RX(w[0], wires=0), returns=lambda: _wide(13))
    with pytest.raises(pt.ReadingError, match="a word on 13 wires"):
        pt.loss_variance(wide, **ASK, mitigate_read_out=True)(TWO)


def _wide(n):
    word = qml.Z(0)
    for wire in range(1, n):
        word = word @ qml.Z(wire)
    return word


def test_the_qnode_is_left_alone(global_state_unchanged):
    circuit = noisy(100)
    before = circuit.shots, circuit.device
    pt.loss_variance(circuit, **ASK, **BOTH)(WEIGHTS)
    assert (circuit.shots, circuit.device) == before


# -- through sizes ---------------------------------------------------------------------------------


def test_noise_looks_like_a_plateau_and_rescaling_takes_it_back():
    """The loss has variance ½ at every depth; the device loses a share of it with every gate."""

    def builder(n):
        def body(weights):
            qml.RX(weights[0], wires=0)
            for _ in range(n):
                qml.IsingXX(weights[1], wires=[0, 1])

        return noisy(10**7, survival=0.8, body=body, returns=zz), (TWO,)

    ask = {"method": "sample", "n_draws": 30, "seed": 2, "max_circuits": 10**4}
    plain = pt.scaling(builder, [1, 3, 5, 7], **ask)
    assert plain.rate.high < 0.85  # 0.8² per gate
    found = pt.scaling(builder, [1, 3, 5, 7], **ask, **BOTH)
    assert found.rate.low < 1 < found.rate.high
    assert any("a model and not a correction" in note for note in found.notes)
