"""Generators that are equal in one state: their product is 1, and needs no circuit of its own."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt


def swaps(w):
    qml.RX(w[0], wires=0)
    qml.RX(0.0, wires=0)
    qml.Hadamard(0)
    qml.FermionicSWAP(w[0], wires=[0, 1])


def turned_back(w):
    """The same rotation before and after a gate that it commutes with."""
    qml.RX(w[0], wires=0)
    qml.S(1)
    qml.RX(w[1], wires=0)


def qnode_of(function, shots=None):
    @qml.qnode(qml.device("default.qubit", wires=3, seed=1))
    def circuit(w):
        function(w)
        return qml.expval(qml.Z(0))

    return qml.set_shots(circuit, shots) if shots else circuit


def fisher(function, theta):
    """Four times the covariance of tangents, from states by central differences."""
    dev = qml.device("default.qubit", wires=2)

    def prepared(w):
        function(w)
        return qml.state()

    state = qml.QNode(prepared, dev)
    psi, h = np.asarray(state(theta)), 1e-5
    steps = h * np.eye(len(theta))
    slopes = [
        (np.asarray(state(theta + s)) - np.asarray(state(theta - s))) / (2 * h) for s in steps
    ]
    t = np.array(slopes)
    overlap = t.conj() @ psi
    return 4 * np.real(t.conj() @ t.T - np.outer(overlap, overlap.conj()))


@pytest.mark.parametrize("function", [swaps, turned_back])
@pytest.mark.parametrize("method", ["direct", "overlap"])
@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_circuits_give_the_matrix(function, method, angle):
    theta = np.array([angle] if function is swaps else [angle, 0.4])
    found = pt.measured_qfim(qnode_of(function), method=method)(theta)
    np.testing.assert_allclose(found, fisher(function, theta), atol=1e-6)


def test_with_shots():
    theta = np.array([0.0])
    found = pt.measure_qfim(qnode_of(swaps, 4000), method="direct", seed=1)(theta)
    assert abs(found.value[0, 0] - fisher(swaps, theta)[0, 0]) < 5 * found.stderr[0, 0] + 0.02


def test_products_that_no_circuit_of_the_words_reads():
    """Words that commute like neighbours on a line: two circuits, and one more for the middle."""
    words = [qml.X(0) @ qml.Z(1) @ qml.Z(2), qml.X(0), qml.X(1), qml.Z(0) @ qml.X(1) @ qml.X(2)]

    def line(w):
        for wire in range(3):
            qml.RY(0.3 + 0.4 * wire, wire)
        for wire in range(2):
            qml.CNOT([wire, wire + 1])
        for wire in range(3):
            qml.RY(0.5 - 0.2 * wire, wire)
        qml.evolve(qml.dot([0.3, 0.7, -0.4, 0.9], words), w[0])

    theta = np.array([0.4])
    found = pt.measured_qfim(qnode_of(line), method="direct")(theta)
    np.testing.assert_allclose(found, pt.qfim(qnode_of(line))(theta), atol=1e-10)
    assert pt.cost(pt.measured_qfim(qnode_of(line), method="direct"))(theta).circuits == 3
