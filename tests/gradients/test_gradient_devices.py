"""Measured gradients on every device, also as diff_method, in one execution."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from gradient_zoo import ZOO, by_differences, truth_of, weights_of
from plugin_devices import DEVICES, SIMULATORS, aer, fake_ibm
from support import THIRD_PARTY_WARNINGS, count_executions

import pennylane_trainability as pt

pytestmark = [pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS]

SHOTS = 4000
NAMES = ["tied", "entangled input"]
TRANSFORMS = [pytest.param(pt.commuting_grad, id="commuting"), pytest.param(pt.dla_grad, id="dla")]


@pytest.mark.parametrize("make", SIMULATORS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_exactly(make, name, transform):
    device = make(4)
    found = transform(qml.QNode(ZOO[name][0], device))(weights_of(name))
    for one, expected in zip(found, truth_of(name), strict=True):
        np.testing.assert_allclose(one, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("make", DEVICES)
@pytest.mark.parametrize("read_out", ["counts", "means"])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_with_shots_in_one_execution(make, read_out, transform):
    name = "tied"
    device = make(4)
    sizes = count_executions(device)
    qnode = qml.set_shots(qml.QNode(ZOO[name][0], device), shots=SHOTS)
    found = transform(qnode, read_out=read_out)(weights_of(name))
    assert len(sizes) <= 1, "one device execution, or one job instead"
    # coefficients of the chain rule are at most a few, five standard errors of a mean
    for one, expected in zip(found, truth_of(name), strict=True):
        assert np.abs(one - expected).max() > 1e-7, "sampled, not computed"
        np.testing.assert_allclose(one, expected, rtol=0, atol=5 * 6 / np.sqrt(SHOTS))


@pytest.mark.parametrize("make", DEVICES)
def test_as_diff_method(make):
    name = "tied"
    options = {"diff_method": pt.commuting_grad}
    qnode = qml.set_shots(qml.QNode(ZOO[name][0], make(4), **options), shots=SHOTS)
    weights = qml.numpy.array(weights_of(name))
    found = qml.jacobian(lambda w: qml.math.hstack(qnode(w)))(weights)
    expected = np.stack(truth_of(name))
    np.testing.assert_allclose(found, expected, rtol=0, atol=5 * 6 / np.sqrt(SHOTS))


def model(w):
    qml.RY(w[0], wires=0)
    qml.IsingXX(w[1], wires=[0, 1])
    qml.CNOT([0, 1])
    qml.RX(w[2], wires=1)
    return qml.expval(qml.Z(0) @ qml.Z(1))


WEIGHTS = np.array([0.5, 0.8, 0.3])


@pytest.mark.qiskit
@pytest.mark.slow
@pytest.mark.parametrize("method", ["commuting", "dla", "shift"])
def test_a_fake_backend_end_to_end(method):
    """Noisy, so that only the sign and the size are compared; trained for a few steps."""
    qnode = qml.set_shots(qml.QNode(model, fake_ibm(3)), shots=4000)
    found = pt.measured_grad(qnode, method=method)(WEIGHTS)
    exact = qml.QNode(model, qml.device("default.qubit"), diff_method="backprop")
    expected = qml.grad(exact)(qml.numpy.array(WEIGHTS))
    assert found @ expected > 0.9 * np.linalg.norm(found) * np.linalg.norm(expected)
    weights = WEIGHTS.copy()
    for _ in range(3):
        weights = weights - 0.4 * pt.measured_grad(qnode, method=method)(weights)
    assert exact(weights) < exact(WEIGHTS) - 0.3


# -- what Qiskit devices cannot do -----------------------------------------------------------------


@pytest.mark.qiskit
@pytest.mark.parametrize("make", DEVICES[3:])
def test_without_shots_there_is_an_error_and_no_hidden_simulation(make):
    device = make(3)
    sizes = count_executions(device)
    with pytest.raises(pt.ReadingError, match=r"qml\.set_shots"):
        pt.measured_grad(qml.QNode(model, device))(WEIGHTS)
    assert sizes == []


@pytest.mark.qiskit
def test_shot_vectors_are_refused():
    qnode = qml.set_shots(qml.QNode(model, aer(3)), shots=(100, 100))
    with pytest.raises(pt.ReadingError, match="Set one number of shots"):
        pt.measured_grad(qnode)(WEIGHTS)


@pytest.mark.qiskit
def test_no_spare_wire_on_qiskit():
    qnode = qml.set_shots(qml.QNode(model, aer(2)), shots=100)
    with pytest.raises(pt.ReadingError, match=r"on qiskit\.aer: .*one wire.*'shift'"):
        pt.commuting_grad(qnode)(WEIGHTS)
    assert pt.measured_grad(qnode)(WEIGHTS).shape == (3,)


@pytest.mark.qiskit
def test_more_than_a_thousand_circuits_need_permission():
    def long(w):
        for k in range(len(w)):
            (qml.RX, qml.RY)[k % 2](w[k], wires=0)
        return qml.expval(qml.Z(0))

    qnode = qml.set_shots(qml.QNode(long, aer(2)), shots=10)
    sizes = count_executions(qnode.device)
    with pytest.raises(pt.BudgetError, match=r"allows 1000\. Nothing was run\. Pass max_circuits="):
        pt.measured_grad(qnode, method="shift")(np.linspace(0, 1, 510))
    assert sizes == []


# -- wide circuits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shots", [None, 50])
def test_circuits_on_more_wires_than_outcomes_can_be_listed(shots):
    """Fourteen wires in one word: asked for as counts, or as means without shots."""
    n = 14

    def circuit(w):
        for wire in range(n):
            qml.RY(0.1 * w[0], wires=wire)
        qml.MultiRZ(w[1], wires=range(n))
        qml.RX(w[2], wires=0)
        return qml.expval(qml.prod(*(qml.X(wire) for wire in range(n))))

    weights = np.array([12.0, 0.4, 0.2])
    qnode = qml.set_shots(qml.QNode(circuit, qml.device("default.qubit", seed=2)), shots=shots)
    found = pt.commuting_grad(qnode)(weights)
    exact = qml.QNode(circuit, qml.device("lightning.qubit", wires=n))
    expected = by_differences(lambda w: np.array([exact(w)]), weights)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1.0 if shots else 1e-8)
