"""Slices of a loss, and Jacobians on data, with a calibration."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from depolarised import WEIGHTS, NoisyQubits, layers

import pennylane_trainability as pt

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
