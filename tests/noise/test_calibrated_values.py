"""Slices of a loss, Fourier coefficients, and Jacobians on data, with a calibration."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pennylane as qml
import pytest
from depolarised import WEIGHTS, NoisyQubits, layers

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.calibrated_values import CalibratedValues
from pennylane_trainability.diagnostics.loss_slice import _values

S, FLIPS = 0.8, (0.03, 0.08)
MANY = 10**9
BOTH = {"rescale": True, "mitigate_read_out": True}


def circuit_of(shots, **options):
    options = {"wires": 3, "survival": S, "flips": FLIPS} | options
    device = NoisyQubits(**options) if shots else qml.device("default.qubit")

    @qml.set_shots(shots)
    @qml.qnode(device)
    def circuit(weights):
        layers(weights)
        return qml.expval(0.7 * qml.Z(0) + 0.4 * qml.Z(0) @ qml.Z(1) + 0.3 * qml.I(0))

    return circuit


# -- slices ----------------------------------------------------------------------------------------

LINE = {"directions": [[1.0, -1.0, 0.5, 0.2]], "n_points": 7, "seed": 1}


def test_a_slice_becomes_that_without_noise():
    found = pt.loss_slice(circuit_of(MANY), **LINE, **BOTH)(WEIGHTS)
    exact = pt.loss_slice(circuit_of(None), **LINE)(WEIGHTS)
    np.testing.assert_allclose(found.values, exact.values, atol=2e-3)
    assert np.abs(found.raw - exact.values).max() > 0.07
    assert np.isclose(found.calibration.survivals[0].value, S, atol=1e-3)
    alone = pt.loss_slice(circuit_of(MANY, flips=(0.0, 0.0)), **LINE, rescale=True)(WEIGHTS)
    np.testing.assert_allclose(alone.raw - 0.3, S * (alone.values - 0.3), atol=2e-3)


@pytest.mark.slow
def test_errors_of_slices_are_those_of_repeats():
    """Two hundred runs of a device with known noise; seeds are fixed."""
    exact = pt.loss_slice(circuit_of(None), **LINE)(WEIGHTS).values
    out = []
    for seed in range(200):
        found = pt.loss_slice(circuit_of(100, seed=seed), **LINE, **BOTH)(WEIGHTS)
        out.append((found.values - exact) / found.stderrs)
    assert np.all(np.abs(np.mean(out, axis=0)) < 0.4)
    assert np.all(np.abs(np.std(out, axis=0) - 1) < 0.2)


def test_models_and_costs_of_slices_are_told():
    circuit = circuit_of(100)
    ask, plain = pt.loss_slice(circuit, **LINE, **BOTH), pt.loss_slice(circuit, **LINE)
    found = ask(WEIGHTS)
    assert found.cost.circuits == plain.cost(WEIGHTS).circuits + 3 * 7 == ask.cost(WEIGHTS).circuits
    assert found.cost.shots == ask.cost(WEIGHTS).shots == ask.price(WEIGHTS).shots
    for word in ("a model and not a correction", "wrongly read", "without calibration"):
        assert word in str(found)
    assert plain(WEIGHTS).calibration is None and plain(WEIGHTS).raw is None
    most = plain.cost(WEIGHTS).circuits
    with pytest.raises(pt.BudgetError, match="Nothing was run"):
        pt.loss_slice(circuit, **LINE, **BOTH, max_circuits=most)(WEIGHTS)
    with pytest.raises(pt.ReadingError, match="is computed"):
        pt.loss_slice(circuit_of(None), **LINE, rescale=True)(WEIGHTS)
    with pytest.raises(pt.ReadingError, match="no shots"):
        pt.loss_slice(circuit_of(None), **LINE, engine="measured", rescale=True)(WEIGHTS)


@pytest.mark.parametrize("replicates", [1, 3])
def test_errors_of_slices_by_hand(replicates, rng):
    """Shot noise, or the spread of replicates, and beside it independent parts of a calibration."""
    values, noise = rng.normal(size=(replicates, 5)), rng.uniform(1, 2, 5)
    known = SimpleNamespace(
        factors=lambda follow: np.stack([c * follow(2.0) for c in (0.3, 0.4)]),
    )
    draws = SimpleNamespace(
        known=known,
        numbers=lambda means=1.0: (means * values, noise if replicates == 1 else None),
    )
    found = _values(SimpleNamespace(calibrated=draws, values=values + 1), True)
    np.testing.assert_allclose(found["values"], values.mean(axis=0))
    np.testing.assert_allclose(found["raw"], values.mean(axis=0) + 1)
    own = noise if replicates == 1 else values.var(axis=0, ddof=1) / 3
    expected = np.sqrt(own + values.mean(axis=0) ** 2)  # (2 · 0.5)²
    np.testing.assert_allclose(found["stderrs"], expected)


def test_mirrors_of_a_slice_are_all_distinct():
    """Seven points, no gates, all turned, and seven mirrors."""
    cost = pt.loss_slice(circuit_of(100), **LINE, **BOTH).cost(WEIGHTS)
    assert (cost.circuits, cost.distinct_circuits) == (7 + 3 * 7, 7 + 2 + 7)


# -- values at many inputs -------------------------------------------------------------------------

THETA = np.array([0.5, 1.3])


def encoded(shots, **options):
    options = {"wires": 3, "survival": S, "flips": FLIPS} | options
    device = NoisyQubits(**options) if shots else qml.device("default.qubit")

    @qml.set_shots(shots)
    @qml.qnode(device)
    def circuit(x, theta):
        qml.RY(theta[0], wires=0)
        qml.RX(x, wires=0)
        qml.RY(x, wires=1)
        qml.IsingXX(theta[1], wires=[0, 1])
        return qml.expval(0.7 * qml.Z(0) + 0.4 * qml.Z(0) @ qml.Z(1) + 0.3 * qml.I(0))

    return circuit


DATA = np.array([-0.4, 0.3, 1.1])


def rows_of(circuit, **options):
    return pt.fourier_rows(circuit, "x", **options)


def data_of(circuit, **options):
    return pt.data_jacobian(circuit, DATA, "x", **options)


def test_coefficients_become_those_without_noise():
    found, exact = rows_of(encoded(MANY), **BOTH)(0.0, THETA), rows_of(encoded(None))(0.0, THETA)
    np.testing.assert_allclose(found.values, exact.values, atol=2e-3)
    assert np.abs(found.raw - exact.values).max() > 0.05
    alone = rows_of(encoded(MANY, flips=(0.0, 0.0)), rescale=True)(0.0, THETA)
    np.testing.assert_allclose(alone.raw[:, 1:], S * alone.values[:, 1:], atol=2e-3)
    np.testing.assert_allclose(alone.raw[:, 0] - 0.3, S * (alone.values[:, 0] - 0.3), atol=2e-3)


@pytest.mark.parametrize("gradient", ["shift", "commuting", "dla"])
def test_data_jacobians_become_those_without_noise(gradient):
    found = data_of(encoded(MANY), gradient=gradient, **BOTH)(0.0, THETA)
    exact = data_of(encoded(None))(0.0, THETA)
    # a circuit of another method may leave the coupling out: then with less of the noise
    np.testing.assert_allclose(found.outputs, exact.outputs, atol=3e-3)
    np.testing.assert_allclose(found.jacobian, exact.jacobian, atol=3e-3)
    assert np.abs(found.raw - exact.jacobian).max() > 0.02
    np.testing.assert_allclose(found.gram, exact.gram, atol=0.02)


@pytest.mark.slow
def test_errors_of_coefficients_and_data_jacobians_are_those_of_repeats():
    """Two hundred runs of a device with known noise; seeds are fixed."""
    rows, data = rows_of(encoded(None))(0.0, THETA).values, data_of(encoded(None))(0.0, THETA)
    scores = {"rows": [], "shift": [], "commuting": []}
    for seed in range(200):
        found = rows_of(encoded(200, seed=seed), **BOTH)(0.0, THETA)
        scores["rows"].append((found.values - rows) / found.stderr)
        for gradient in ("shift", "commuting"):
            own = data_of(encoded(200, seed=seed), gradient=gradient, **BOTH)(0.0, THETA)
            scores[gradient].append((own.jacobian - data.jacobian) / own.stderr)
    for name, own in scores.items():
        assert np.all(np.abs(np.mean(own, axis=0)) < 0.4), name
        assert np.all(np.abs(np.std(own, axis=0) - 1) < 0.25), (name, np.std(own, axis=0))


@pytest.mark.parametrize("ask", [rows_of, data_of])
def test_models_and_costs_at_inputs_are_told(ask):
    circuit = encoded(100)
    made, plain = ask(circuit, **BOTH), ask(circuit)
    found = made(0.0, THETA)
    extra = found.calibration.circuits
    assert 3 <= extra <= 6
    assert found.cost.circuits == plain.cost(0.0, THETA).circuits + extra
    assert found.cost.shots == made.cost(0.0, THETA).shots == made.price(0.0, THETA).shots
    assert "a model and not a correction" in str(found) and "wrongly read" in str(found)
    assert plain(0.0, THETA).calibration is None and plain(0.0, THETA).raw is None
    with pytest.raises(pt.BudgetError, match="Nothing was run"):
        ask(circuit, **BOTH, max_circuits=plain.cost(0.0, THETA).circuits)(0.0, THETA)
    with pytest.raises(pt.ReadingError, match="are computed"):
        ask(encoded(None), rescale=True)(0.0, THETA)
    with pytest.raises(pt.ReadingError, match="no shots"):
        ask(encoded(None), engine="measured", rescale=True)(0.0, THETA)
    with pytest.raises(ValueError, match="level"):
        ask(circuit, **BOTH, level=1.0)(0.0, THETA)


def test_rows_of_calibrated_values_by_hand(rng):
    """Four rows from three points of two outputs; five independent parts of the calibration."""
    own, factors = rng.uniform(1, 2, (3, 2)), rng.normal(size=(5, 3, 2))
    found, matrix = CalibratedValues(rng.normal(size=(3, 2)), own, factors), rng.normal(size=(4, 3))
    values, errors = found.rows(matrix)
    np.testing.assert_allclose(values, (matrix @ found.values).T)
    for o, k in np.ndindex(2, 4):
        shots = np.diag(own[:, o] ** 2)
        spread = shots + factors[:, :, o].T @ factors[:, :, o]
        assert errors[o, k] == pytest.approx(np.sqrt(matrix[k] @ spread @ matrix[k]))
