"""A measured QFIM without errors of reading: unbiased with few shots, and errors that cover."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pennylane as qml
import pytest
from depolarised import WEIGHTS, NoisyDensity, NoisyQubits, layers

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.calibrated import corrected_outcomes
from pennylane_trainability.diagnostics.qfim_calibrated import noise_of_moments
from pennylane_trainability.statistics.flips import (
    corrected_returns,
    corrected_table,
    corrected_words,
)
from pennylane_trainability.statistics.quadratic import Quadratic
from pennylane_trainability.transforms.qfim_circuits.read_outs import Observed, ReadOut

FLIPS = (0.03, 0.08)
MANY = 10**9
METHODS = ["direct", "hadamard", "overlap"]


def turned(weights):
    """Four parameters on two wires, two of them in several gates."""
    layers(weights)
    qml.RZ(weights[0], wires=0)
    qml.RX(weights[1], wires=1)


def noisy(shots, body=turned, device=NoisyQubits, wires=3, flips=FLIPS, **options):
    @qml.set_shots(shots)
    @qml.qnode(device(wires=wires, flips=flips, **options))
    def circuit(weights):
        body(weights)
        return qml.expval(qml.Z(0))

    return circuit


def exact(body=turned, weights=WEIGHTS):
    @qml.qnode(qml.device("default.qubit"))
    def circuit(weights):
        body(weights)
        return qml.expval(qml.Z(0))

    return np.asarray(qml.transforms.qfim(circuit)(weights))


def measure(circuit, method, **options):
    return pt.measure_qfim(circuit, method=method, seed=1, mitigate_read_out=True, **options)


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", range(4))
def test_the_return_to_any_basis_state_is_corrected_wire_by_wire(start):
    """Wires of the calibration stand in another order; the leading bit is the first wire read."""
    read = ReadOut(wires=("a", "b"), masks=(), signs=(), start=start)
    seen = Observed(np.ones((1, 4)), np.ones(4), 2, outcomes=np.arange(4))
    known = SimpleNamespace(made=SimpleNamespace(wires=["b", "c", "a"]))
    flips = np.array([[0.03, 0.08], [0.5, 0.5], [0.1, 0.2]])
    made = {}
    for wire, (up, down) in zip("bca", flips, strict=True):
        made[wire] = np.linalg.inv([[1 - up, down], [up, 1 - down]]) if wire != "c" else None
    table = np.kron(made["a"], made["b"])
    found = corrected_outcomes(read, seen, known, flips)
    np.testing.assert_allclose(found, 2 * table[[start]] - 1, atol=1e-12)


def test_one_row_of_the_table_is_the_corrected_return(rng):
    """The factors per wire against the inverse of the whole confusion matrix."""
    flips, outcomes = rng.uniform(0, 0.2, (3, 2)), np.arange(8)
    confusion = np.ones((1, 1))
    for up, down in flips:
        confusion = np.kron(confusion, [[1 - up, down], [up, 1 - down]])
    bits = outcomes[:, None] >> np.array([2, 1, 0]) & 1
    for start in outcomes:
        row = corrected_returns(bits, bits[start], flips)
        np.testing.assert_allclose(row, np.linalg.inv(confusion)[start], atol=1e-12)
        np.testing.assert_allclose(row, corrected_table(np.eye(8)[[start]], flips)[0], atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_with_shots_without_number_the_matrix_is_that_without_errors_of_reading(method):
    found = measure(noisy(MANY), method)(WEIGHTS)
    np.testing.assert_allclose(found.value, exact(), atol=5e-4)
    assert np.abs(found.raw - exact()).max() > 0.2
    np.testing.assert_allclose(
        found.calibration.flips, [FLIPS] * len(found.calibration.flips), atol=1e-3
    )


def test_blocks_are_those_without_errors_of_reading():
    found, truth = measure(noisy(MANY), "block-diag")(WEIGHTS), exact()
    plain = pt.measure_qfim(noisy(MANY, flips=(0.0, 0.0)), method="block-diag", seed=1)(WEIGHTS)
    np.testing.assert_allclose(found.value, plain.value, atol=5e-4)
    assert np.abs(plain.value - truth).max() > 0.1, "entries between layers are left out"


@pytest.mark.slow
def test_a_start_that_is_not_zero_and_channels_on_density_matrices():
    """Basis states, and flips as channels of ``default.mixed``; seeds are fixed."""

    def body(weights):
        qml.BasisState(np.array([1, 0]), wires=[0, 1])
        turned(weights)

    circuit = noisy(5_000, body, NoisyDensity, wires=2, seed=3)
    found = measure(circuit, "overlap")(WEIGHTS)
    truth = exact(body)
    score = (found.value - truth)[found.stderr > 0] / found.stderr[found.stderr > 0]
    assert np.abs(score).max() < 4.5
    assert np.abs(found.raw - truth).max() > 0.15


def test_the_survival_is_that_of_the_gates_once_reading_is_taken_out():
    """Overlaps run every gate twice: ``s²``; without mitigation reading is part of it."""
    circuit = noisy(MANY, survival=0.8)
    both = measure(circuit, "overlap", rescale=True)(WEIGHTS)
    alone = pt.measure_qfim(circuit, method="overlap", seed=1, rescale=True)(WEIGHTS)
    np.testing.assert_allclose(sorted(both.survival)[:3], [0.64] * 3, atol=2e-3)
    assert np.max(both.survival) == pytest.approx(1.0, abs=1e-3)
    assert np.all(np.sort(alone.survival)[:3] < 0.62)
    # gates that shift rules insert are not in the model, so that some noise stays
    near, far = (np.linalg.norm(m - exact()) for m in (both.value, both.raw))
    assert near < 0.4 * far


# -- errors ----------------------------------------------------------------------------------------


def test_the_estimate_is_unbiased_with_three_shots():
    """Over all outcomes of three shots, each as likely as the device makes it: no error at all."""
    flips = np.array([[0.1, 0.25], [0.02, 0.2]])
    bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    ideal = np.array([0.5, 0.1, 0.05, 0.35])
    first, second = ([[1 - u, d], [u, 1 - d]] for u, d in flips)
    seen = np.kron(first, second) @ ideal
    words = np.array([[1, 0], [0, 1], [1, 1]])
    values = corrected_words(bits, words, np.ones(3), flips)
    pair = np.array([[0, 1]])
    quadratic = Quadratic(
        np.eye(2), pair[:, 0], pair[:, 1], np.array([2]), np.ones(1), np.array([0, 1]),
        np.ones(2), np.ones((2, 2)), np.zeros((2, 2), int),
    )  # fmt: skip
    ours, blind = np.zeros((2, 2)), np.zeros((2, 2))
    for shots in product(range(4), repeat=3):
        counts = np.bincount(shots, minlength=4).astype(float)
        chance = np.prod(seen[list(shots)])
        one = Observed(values, counts, 2)
        added = quadratic.products * noise_of_moments(quadratic, [one])
        ours += chance * (quadratic.matrix(one.means) + added)
        blind += chance * quadratic.matrix(one.means, np.array([3.0]))
    z = (1 - 2 * bits.T) @ ideal
    truth = np.eye(2) + (ideal @ [1, -1, -1, 1]) * (1 - np.eye(2)) - np.outer(z, z)
    np.testing.assert_allclose(ours, truth, atol=1e-12)
    assert np.all(truth.diagonal() - blind.diagonal() > 0.1), "the factor of outcomes ±1"


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_few_shots_are_unbiased_and_intervals_cover(method):
    """200 runs of a device with known errors of reading; seeds are fixed."""
    truth, repeats = exact(), 200
    found = [measure(noisy(200, seed=k), method)(WEIGHTS) for k in range(repeats)]
    values, stderr = (np.array([getattr(f, n) for f in found]) for n in ("value", "stderr"))
    known = stderr.mean(axis=0) > 1e-9
    np.testing.assert_allclose(values[:, ~known], np.tile(truth[~known], (repeats, 1)), atol=1e-8)
    spread = values.std(axis=0, ddof=1)[known]
    bias = (values.mean(axis=0) - truth)[known]
    # the inverse of measured flips is biased by their variance, far less than this
    assert np.abs(bias / (spread / np.sqrt(repeats))).max() < 4.5
    told = np.sqrt((stderr**2).mean(axis=0))[known]
    assert np.all((spread / told > 0.8) & (spread / told < 1.15)), spread / told
    covered = np.abs(values - truth) <= 1.96 * np.maximum(stderr, 1e-9)
    assert 0.93 < covered[:, known].mean() < 0.99
    raw = np.mean([f.raw for f in found], axis=0)[known]
    assert np.abs(raw - truth[known]).max() > 5 * (spread / np.sqrt(repeats)).max()


def test_the_error_of_the_calibration_is_in_the_error():
    found = measure(noisy(500), "direct")(WEIGHTS)
    own, added = found.errors.own.stderr(), found.errors.factors
    np.testing.assert_allclose(found.stderr**2, own**2 + np.sum(added**2, axis=0), rtol=1e-9)
    assert np.max(np.sum(added**2, axis=0) / np.maximum(own**2, 1e-12)) > 0.01
    drawn = found.errors.draw(4000, np.random.default_rng(1))
    big = found.stderr > 0.5 * found.stderr.max()
    np.testing.assert_allclose(drawn.std(axis=0)[big], found.stderr[big], rtol=0.15)
    i, j = np.unravel_index(np.argmax(found.stderr), found.stderr.shape)
    of_entry = found.covariance((i, j), (i, j))
    assert of_entry == pytest.approx(found.stderr[i, j] ** 2, rel=0.3)


def test_without_errors_of_reading_little_is_changed():
    """The estimator is the sample covariance it is without a calibration, if flips are zero."""
    circuit = noisy(1000, flips=(0.0, 0.0), wires=3)
    found = measure(circuit, "direct")(WEIGHTS)
    np.testing.assert_allclose(found.value, found.raw, atol=1e-9)


# -- never silently --------------------------------------------------------------------------------


def test_model_and_cost_are_told():
    circuit = noisy(100)
    ask, plain = measure(circuit, "overlap"), pt.measure_qfim(circuit, method="overlap", seed=1)
    found = ask(WEIGHTS)
    assert found.cost.circuits == plain.cost(WEIGHTS).circuits + 2 == ask.cost(WEIGHTS).circuits
    assert found.cost.shots == ask.cost(WEIGHTS).shots == ask.price(WEIGHTS).shots
    assert ask.plan(WEIGHTS).cost.circuits == found.cost.circuits
    assert "wrongly read" in str(found) and "if every wire is read wrongly by itself" in str(found)
    assert plain(WEIGHTS).calibration is None
    most = plain.cost(WEIGHTS).circuits
    with pytest.raises(pt.BudgetError, match="Nothing was run"):
        measure(circuit, "overlap", max_circuits=most)(WEIGHTS)


@pytest.mark.parametrize(
    "options", [{"read_out": "means"}, {"allocation": "adaptive"}, {"method": "random-bases"}]
)
def test_what_cannot_be_mitigated_is_refused(options):
    with pytest.raises(ValueError, match="leave"):
        pt.measure_qfim(noisy(100), mitigate_read_out=True, **options)


def test_nothing_is_read_on_the_way():
    """``default.qubit`` could; the auxiliary wire takes its place."""

    @qml.set_shots(100)
    @qml.qnode(qml.device("default.qubit", seed=1))
    def circuit(weights):
        turned(weights)
        return qml.expval(qml.Z(0))

    found = measure(circuit, "direct")(WEIGHTS)
    assert len(found.calibration.wires) == 3
