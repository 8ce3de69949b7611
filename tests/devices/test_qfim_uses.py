"""Capacity and natural gradients on Qiskit devices: measured there, in few jobs, and said to be."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS),
]


def aer():
    return qml.device("qiskit.aer", wires=3)


def remote():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    options = {"simulator": {"seed_simulator": 42}}
    return qml.device("qiskit.remote", wires=3, backend=FakeManilaV2(), options=options)


def circuit(w):
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=0)
    qml.CNOT([0, 1])
    return qml.expval(qml.Z(0))


DEVICES = [pytest.param(aer, id="aer"), pytest.param(remote, id="remote")]


@pytest.mark.parametrize("device", DEVICES)
def test_step_is_measured_in_few_jobs(device):
    """The value, the circuits of the gradient, those of the metric."""
    node = qml.set_shots(qml.QNode(circuit, device()), shots=2000)
    own = node.device
    optimizer = pt.NaturalGradientOptimizer(0.1, seed=1)
    w = pnp.array([0.5, 0.4])
    with qml.Tracker(own) as tracker:
        new, value = optimizer.step_and_cost(node, w)
    step = optimizer.history[0]
    assert node.device is own
    assert step.gradient_cost.circuits == 5
    assert step.metric_cost.circuits == optimizer.measured.cost.circuits > 0
    assert tracker.totals["jobs"] <= 3
    assert value == pytest.approx(np.cos(0.5) * np.cos(0.4), abs=0.15)
    exact = np.array([np.sin(0.5) * np.cos(0.4), np.cos(0.5) * np.sin(0.4) / np.cos(0.5) ** 2])
    move = (new - w) / 0.4
    assert np.all(move > 0)
    np.testing.assert_allclose(move, exact, atol=0.2)


@pytest.mark.parametrize("device", DEVICES)
def test_capacity_says_at_least(device):
    node = qml.set_shots(qml.QNode(circuit, device()), shots=2000)
    found = pt.capacity(node, seed=1)(np.array([0.5, 0.4]))
    assert found.rank.low == 2
    assert not found.noiseless
    assert found.verdict.name == "UNDECIDED"
    assert "noise of the device" in found.reason
    # aer has no noise model here, so that nothing is said of it
    assert any("a fake backend" in note for note in found.notes) is (device is remote)


@pytest.mark.parametrize("device", DEVICES)
def test_without_shots_nothing_is_simulated_in_secret(device):
    node = qml.QNode(circuit, device())
    with pytest.raises(pt.ReadingError, match=r"set_shots.*engine='exact'"):
        pt.capacity(node)
    assert pt.capacity(node, engine="exact", seed=1)(np.ones(2)).rank.value == 2
    with pytest.raises(pt.ReadingError, match="set_shots"):
        pt.metric_tensor_fn(node)(pnp.ones(2))
