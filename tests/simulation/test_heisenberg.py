"""Gradient operators: ``Tr(ρ Γ_p)`` is the derivative for every state ρ."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.simulation.heisenberg import gradient_operators
from pennylane_trainability.simulation.observables import outputs_of

DEVICE = qml.device("default.qubit")
HERMITIAN = np.array([[0.2, 1j, 0, 0], [-1j, 0, 0, 0.3], [0, 0, 1, 0], [0, 0.3, 0, -1]])


def rotations(w):
    qml.RX(w[0], wires=0)
    qml.CNOT([0, 2])
    qml.Rot(w[1], w[2], w[3], wires=2)
    qml.PauliRot(w[4], "ZXY", wires=[2, 0, 1])
    qml.T(1)
    qml.IsingXY(w[5], wires=[1, 2])
    return qml.expval(0.3 * qml.X(0) @ qml.Z(2) - 1.2 * qml.Y(1) + 0.4 * qml.I(0))


def other_gates(w):
    qml.CRX(w[0], wires=[2, 0])
    qml.SpecialUnitary(w[1:4], wires=1)
    qml.DoubleExcitation(w[4] * w[5], wires=[3, 0, 1, 2])
    qml.Toffoli([3, 1, 0])
    qml.evolve(qml.X(0) @ qml.Y(3) + 0.5 * qml.Z(1), w[0])
    qml.adjoint(qml.SISWAP([0, 1]))
    qml.RZ(qml.math.sin(w[5]), wires=0)
    return qml.expval(qml.Hermitian(HERMITIAN, wires=[2, 0]))


def operators_of(function, weights):
    reading = read_qnode(qml.QNode(function, DEVICE), (weights,), {}, need_inputs=False)
    return gradient_operators(reading.circuit, outputs_of(reading.circuit)[0])


@pytest.mark.parametrize(("function", "n_wires"), [(rotations, 3), (other_gates, 4)])
def test_means_are_derivatives(function, n_wires, rng):
    """Second road: PennyLane's derivatives, from random states."""
    weights = rng.uniform(0, 6, 6)
    operators = operators_of(function, weights)
    assert operators.shape == (6, 2**n_wires, 2**n_wires)
    np.testing.assert_allclose(operators, operators.conj().swapaxes(1, 2), atol=1e-12)
    for _ in range(3):
        state = rng.normal(size=(2, 2**n_wires))
        state = (state[0] + 1j * state[1]) / np.linalg.norm(state)

        @qml.qnode(DEVICE)
        def circuit(w, state=state):
            qml.StatePrep(state, wires=range(n_wires))
            return function(w)

        gradient = qml.grad(circuit) if function is rotations else differences(circuit)
        found = np.einsum("i,pij,j->p", state.conj(), operators, state)
        tolerance = 1e-10 if function is rotations else 1e-8
        np.testing.assert_allclose(found, gradient(qml.numpy.array(weights)), atol=tolerance)


def differences(circuit):
    """Central differences of fourth order: autograd has no rule for SpecialUnitary."""
    h = 1e-3

    def gradient(weights):
        weights = np.array(weights)
        out = []
        for unit in h * np.eye(len(weights)):
            values = [float(circuit(weights + k * unit)) for k in (-2, -1, 1, 2)]
            out.append(np.dot([1, -8, 8, -1], values) / (12 * h))
        return out

    return gradient


def test_closed_form(rng):
    """``∂(cos θ Z + sin θ Y)`` for a rotation about X."""

    def function(w):
        qml.RX(w[0], wires=0)
        return qml.expval(qml.Z(0))

    angle = rng.uniform(0, 6)
    (found,) = operators_of(function, np.array([angle]))
    expected = -np.sin(angle) * qml.Z(0).matrix() + np.cos(angle) * qml.Y(0).matrix()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_budget():
    reading = read_qnode(qml.QNode(rotations, DEVICE), (np.ones(6),), {}, need_inputs=False)
    outputs = outputs_of(reading.circuit)
    # two matrices of 8 by 8 for every derivative, and six more
    gradient_operators(reading.circuit, outputs[0], memory=16 * 8 * 8 * (2 * 6 + 6))
    with pytest.raises(pt.BudgetError, match="6 derivatives of an observable on 3 wires need"):
        gradient_operators(reading.circuit, outputs[0], memory=16 * 8 * 8 * (2 * 6 + 6) - 1)
    with pytest.raises(pt.BudgetError, match="6 derivatives of an observable on 3 wires need"):
        gradient_operators(reading.circuit, outputs_of(reading.circuit)[0], memory=1000)
