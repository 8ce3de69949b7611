"""Overlaps and purities with a calibration: as without noise, and intervals that cover."""

from __future__ import annotations

import math
from math import comb

import numpy as np
import pennylane as qml
import pytest
from depolarised import NoisyDensity, NoisyQubits
from scipy import special

import pennylane_trainability as pt
from pennylane_trainability.statistics.fidelity_laws import bin_numbers, counted_log_masses
from pennylane_trainability.statistics.noisy_overlaps import (
    noisy_counted_log_masses,
    read_as_zeros,
    unbiased_powers,
    wrongly_zero,
)

S, FLIPS = 0.9, (0.03, 0.06)
MANY = 5_000
BOTH = {"rescale": True, "mitigate_read_out": True}
W = np.zeros(6)


def body(weights):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.IsingXX(weights[2], wires=[0, 1])
    qml.RZ(weights[3], wires=1)
    qml.RX(weights[4], wires=0)
    qml.IsingYY(weights[5], wires=[0, 1])
    return qml.expval(qml.Z(0))


def noisy(shots, function=body, survival=S, flips=FLIPS, device=NoisyQubits, **options):
    made = device(wires=2, survival=survival, flips=flips, **options)
    return qml.set_shots(qml.QNode(function, made), shots=shots)


def ideal(function=body):
    return qml.QNode(function, qml.device("default.qubit", wires=2))


# -- the mathematics -------------------------------------------------------------------------------


def test_powers_are_means_over_all_sets_of_shots():
    """Beside the sum over sets of different shots, written out."""
    from itertools import combinations

    values, counts = np.array([1.3, -0.2, 0.4]), np.array([[3, 1, 2], [0, 4, 2]])
    found = unbiased_powers(values, counts, 3)
    for row, own in zip(found, counts, strict=True):
        shots = np.repeat(values, own)
        for t in (1, 2, 3):
            products = [np.prod(some) for some in combinations(shots, t)]
            assert np.isclose(row[t - 1], np.sum(products) / comb(len(shots), t))


@pytest.mark.parametrize(
    ("dimension", "shots"), [(2, 7), (4, 100), (4, 256), (16, 1000), (256, 300), (1024, 5000)]
)
def test_without_noise_the_law_is_the_closed_form(dimension, shots):
    found = noisy_counted_log_masses(dimension, shots, 40, 1.0)
    known = counted_log_masses(dimension, shots, 40)
    seen = np.isfinite(known)
    assert np.array_equal(seen, np.isfinite(found))
    assert np.allclose(found[seen], known[seen], rtol=0, atol=3e-8)


@pytest.mark.parametrize(
    ("dimension", "shots", "survival", "reading"),
    [(4, 40, 0.6, None), (4096, 5000, 0.9, (0.9, np.array([0.3]), 0.4))],
)
def test_the_law_with_noise_beside_a_fine_grid(dimension, shots, survival, reading):
    """``∫ C(M, k) p^k (1 − p)^{M−k} (N − 1)(1 − F)^{N−2} dF`` as a sum, also far out."""
    found = noisy_counted_log_masses(dimension, shots, 20, survival, reading)
    right, [wrong], even = reading or (1.0, [0.0], 1 / dimension)
    overlaps = (np.arange(5_000) + 0.5) / 5_000
    p = survival * (right * overlaps + (1 - overlaps) * wrong) + (1 - survival) * even
    law = np.log((dimension - 1) / 5_000) + (dimension - 2) * np.log1p(-overlaps)
    numbers = bin_numbers(np.arange(shots + 1) / shots, 20)
    for b in (16, 18) if dimension > 4 else (1, 8, 16, 18):
        k = np.flatnonzero(numbers == b)[:, None]
        terms = law + k * np.log(p) + (shots - k) * np.log1p(-p)
        ways = special.gammaln(shots + 1) - special.gammaln(k + 1) - special.gammaln(shots - k + 1)
        assert abs(found[b] - special.logsumexp(terms + ways)) < 1e-5


def test_what_is_read_as_zeros_is_a_row_of_the_confusion_matrix():
    flips = np.array([[0.02, 0.1], [0.2, 0.05], [0.0, 0.3]])
    matrix = np.ones((1, 1))
    for up, down in flips:
        matrix = np.kron(matrix, [[1 - up, down], [up, 1 - down]])
    np.testing.assert_allclose(read_as_zeros(flips), matrix[0], rtol=1e-13)


def test_quantiles_of_two_wrong_outcomes_are_those_of_a_uniform_law():
    """``c_1 + (c_2 − c_1) U``: eighths, stretched to the variance that is known."""
    found = wrongly_zero(np.array([0.9, 0.1, 0.4]), np.random.default_rng(0))
    eighths = (np.arange(8) + 0.5) / 8
    eighths = 0.5 + (eighths - 0.5) / eighths.std() / math.sqrt(12)
    np.testing.assert_allclose(found, 0.1 + 0.3 * eighths, atol=0.006)


def test_many_wrong_outcomes_are_drawn_in_pieces():
    """Means of 5,000 weighted values are normal: mean and variance are known exactly."""
    reading = np.linspace(0, 0.2, 5001) ** 2
    found = wrongly_zero(reading, np.random.default_rng(0), 3)
    rest = reading[1:]
    assert found.mean() == pytest.approx(rest.mean())
    assert found.std() == pytest.approx(rest.std() / math.sqrt(len(rest) + 1))
    # thirds of a normal law are at ∓1.09 of its standard deviation, here of 0.89 of it
    assert found[1] == pytest.approx(rest.mean(), abs=0.1 * found.std())


def test_the_law_of_haar_states_with_noise_is_the_one_that_is_drawn(rng):
    """Uniform vectors of probabilities, every outcome read with its errors, shots drawn."""
    flips, survival, shots = np.array([[0.05, 0.1], [0.02, 0.07], [0.03, 0.03]]), 0.7, 30
    zeros = read_as_zeros(flips)
    reading = (float(zeros[0]), wrongly_zero(zeros, np.random.default_rng(1)), float(zeros.mean()))
    masses = np.exp(noisy_counted_log_masses(8, shots, 10, survival, reading))
    assert np.isclose(masses.sum(), 1.0)
    drawn = rng.standard_exponential((100_000, 8))
    p = survival * (drawn / drawn.sum(axis=1, keepdims=True)) @ zeros
    hits = rng.binomial(shots, p + (1 - survival) * zeros.mean())
    seen = np.bincount(bin_numbers(hits / shots, 10), minlength=10) / len(hits)
    assert np.allclose(seen, masses, atol=0.01)
    # noise moves far more than that
    assert np.abs(np.exp(counted_log_masses(8, shots, 10)) - masses).max() > 0.05


# -- expressibility --------------------------------------------------------------------------------

ASK = {"seed": 3, "n_pairs": 60, "n_bins": 20}


@pytest.mark.parametrize("device", [NoisyQubits, NoisyDensity])
def test_frame_potentials_become_those_without_noise(device):
    """The same pairs, simulated; the second device has channels on density matrices."""
    shots = MANY if device is NoisyQubits else 1_000
    few = {**ASK, "n_pairs": 15, "n_bins": 5}
    found = pt.expressibility(noisy(shots, device=device), **few, **BOTH)(W)
    exact = pt.expressibility(ideal(), **few, engine="measured")(W)  # one circuit per pair
    off = 0.02 if device is NoisyQubits else 0.04
    for calibrated, truth in zip(found.potentials, exact.potentials, strict=True):
        assert abs(calibrated.value - truth.value) < off
    assert abs(found.raw_potentials[1].value - exact.potentials[1].value) > 0.015
    gates = 2 if device is NoisyQubits else 4  # two for every coupling there
    assert np.isclose(found.survival.value, S ** (2 * gates), atol=off)
    assert found.calibration.survivals[0].value == found.survival.value


def test_without_mitigation_reading_is_part_of_the_survival():
    found = pt.expressibility(noisy(MANY), **ASK, rescale=True)(W)
    gates, zeros = S**4, (1 - FLIPS[0]) ** 2
    # reading zeros for zeros, and for the mixed state
    even = ((1 - FLIPS[0] + FLIPS[1]) / 2) ** 2
    returned = gates * zeros + (1 - gates) * even
    assert np.isclose(found.survival.value, (returned - 1 / 4) / (3 / 4), atol=0.01)
    assert any("part of the survival" in model for model in found.calibration.models)


def test_mitigation_alone_leaves_the_gates_in():
    found = pt.expressibility(noisy(MANY), **ASK, mitigate_read_out=True)(W)
    exact = pt.expressibility(ideal(), **ASK, engine="measured")(W)
    gates = S**4
    wanted = gates * exact.potentials[0].value + (1 - gates) / 4
    assert np.isclose(found.potentials[0].value, wanted, atol=0.01)
    # the states are not pure, and nothing says how they would look
    assert found.divergence is None and "comes back" in found.notes[0]


def haar(weights):
    qml.StronglyEntanglingLayers(weights, wires=range(2))
    return qml.expval(qml.Z(0))


@pytest.mark.slow
@pytest.mark.parametrize("ask", [{"rescale": True}, BOTH])
def test_haar_states_score_zero_through_noise(ask):
    """And would not if nobody told of the noise."""
    options = {"flips": (0.0, 0.0)} if len(ask) == 1 else {}
    circuit, shape = noisy(50, haar, survival=0.97, **options), np.zeros((4, 2, 3))
    seen = {"seed": 1, "n_pairs": 300, "n_bins": 20}
    found = pt.expressibility(circuit, **seen, **ask)(shape)
    assert abs(found.divergence.value) < 4 * found.divergence.stderr
    assert found.haar_potentials == (0.25, 0.1)
    assert "Haar states with a survival" in found.notes[0]
    blind = pt.expressibility(circuit, **seen, reference="haar")(shape)
    assert blind.divergence.value > found.divergence.value + 0.02


@pytest.mark.slow
def test_intervals_of_potentials_and_purities_cover():
    truth = pt.expressibility(ideal(), seed=1, n_pairs=50_000, n_bins=20)(W).potentials
    entangling = pt.entangling_capability(ideal(), seed=1, n_draws=50_000)(W).capability
    covered = []
    for seed in range(150):
        circuit = noisy(100, seed=seed)
        found = pt.expressibility(circuit, seed=seed, n_pairs=100, n_bins=5, **BOTH)(W)
        own = [p.low < t.value < p.high for p, t in zip(found.potentials, truth, strict=True)]
        made = pt.entangling_capability(circuit, seed=seed, n_draws=50, **BOTH)(W)
        low, high = made.capability.low, made.capability.high
        covered.append([*own, low < entangling.value < high, made.raw.low < entangling.value])
    assert np.all(np.mean(covered, axis=0)[:3] >= 0.91), np.mean(covered, axis=0)
    assert np.mean(covered, axis=0)[3] < 0.1  # without a calibration hardly any


# -- entangling capability -------------------------------------------------------------------------


@pytest.mark.parametrize("device", [NoisyQubits, NoisyDensity])
def test_the_entangling_capability_becomes_that_without_noise(device):
    shots = MANY
    few = {"seed": 3, "n_draws": 6}
    found = pt.entangling_capability(noisy(shots, device=device), **few, **BOTH)(W)
    exact = pt.entangling_capability(ideal(), **few)(W)
    assert np.allclose(found.samples, exact.samples, atol=0.12)
    assert np.isclose(found.capability.value, exact.capability.value, atol=0.05)
    assert found.raw.value > exact.capability.value + 0.1
    assert np.allclose(found.calibration.flips, FLIPS, atol=0.01)


def test_one_calibration_at_a_time():
    few = {"seed": 3, "n_draws": 10}
    exact = 1 - pt.entangling_capability(ideal(), **few)(W).samples
    gates = pt.entangling_capability(noisy(MANY, flips=(0.0, 0.0)), **few, rescale=True)(W)
    assert np.allclose(1 - gates.samples, exact, atol=0.1)
    reading = pt.entangling_capability(noisy(MANY), **few, mitigate_read_out=True)(W)
    assert np.allclose(1 - reading.samples, S**4 * exact, atol=0.1)
    assert reading.calibration.survivals == ()


def test_squares_of_few_shots_are_unbiased(seed):
    """Four shots of every circuit: the noise of the shots is far larger than what is left."""
    found = pt.entangling_capability(noisy(4, seed=int(seed)), seed=seed, n_draws=100, **BOTH)(W)
    exact = pt.entangling_capability(ideal(), seed=1, n_draws=20_000)(W)
    assert abs(found.capability.value - exact.capability.value) < 6 * found.capability.stderr


# -- never silently --------------------------------------------------------------------------------

QUESTIONS = {
    "expressibility": lambda c, **o: pt.expressibility(c, **ASK, **o),
    "entangling": lambda c, **o: pt.entangling_capability(c, seed=3, n_draws=30, **o),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_cost_and_models_are_told(name):
    make, circuit = QUESTIONS[name], noisy(200)
    found, ask = make(circuit, **BOTH)(W), make(circuit, **BOTH)
    assert found.cost.to_dict() == ask.cost(W).to_dict()
    assert found.calibration.circuits == 60
    text = str(found)
    assert "a model and not a correction" in text and "wrongly read" in text and "raw" in text
    assert found.to_dict()["calibration"]["kind"] == "Calibration"
    plain = make(circuit)(W)
    assert plain.calibration is None and "wrongly read" not in str(plain)
    with pytest.raises(pt.BudgetError, match="Nothing was run"):
        make(circuit, **BOTH, max_circuits=ask.cost(W).circuits - 1)(W)


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_computed_is_not_calibrated(name):
    for circuit, why in ((ideal(), "states are computed"), (noisy(None), "has no shots")):
        with pytest.raises(pt.ReadingError, match=why):
            QUESTIONS[name](circuit, rescale=True)(W)
        with pytest.raises(pt.ReadingError, match=why):
            QUESTIONS[name](circuit, mitigate_read_out=True).cost(W)


def test_a_state_that_does_not_come_back_is_told():
    found = pt.expressibility(noisy(200, survival=0.0), **ASK, rescale=True)(W)
    told = any("nothing is left" in model for model in found.calibration.models)
    assert found.survival.low < 0.02 and (told or found.potentials[0].stderr > 0.2)
