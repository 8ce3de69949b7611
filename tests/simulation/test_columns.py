"""Gates on columns of states, one column per draw, against PennyLane's matrices."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.simulation.states import final_states, kept_factor

HALF = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)


def block(first, second):
    """Two wires: one matrix where the first is in |0⟩, the other where it is in |1⟩."""
    return np.block([[first, np.zeros((2, 2))], [np.zeros((2, 2)), second]])


@pytest.mark.parametrize("first", [np.eye(2), -np.eye(2), 1j * np.eye(2), np.diag([1.0, -1.0])])
@pytest.mark.parametrize("draws", [1, 3])
def test_a_gate_that_multiplies_some_basis_states_by_one_number(first, draws):
    """Only a factor of one leaves a row as it is."""
    unitary = block(first, HALF)

    def gates(w):
        qml.RY(w, 0)
        qml.RX(0.7, 1)
        qml.QubitUnitary(unitary, [0, 1])

    def circuit(w):
        gates(w)
        return qml.state()

    qnode = qml.QNode(circuit, qml.device("default.qubit", wires=2))
    angles = np.array([0.4, 1.1, 2.9])[:draws, None]
    reading = read_qnode(qnode, (0.4,), {}, None, None, need_inputs=False)
    found = final_states(reading.at(angles, np.zeros((1, 0))))
    wanted = [qml.matrix(gates, wire_order=[0, 1])(float(w[0]))[:, 0] for w in angles]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_three_kept_wires_of_four(rng):
    """``A A†`` is the reduced state of PennyLane."""
    states = rng.normal(size=(2, 16)) + 1j * rng.normal(size=(2, 16))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    factor = kept_factor(states, (3, 0, 2))
    assert factor.shape == (2, 8, 2)
    wanted = qml.math.reduce_statevector(states, [3, 0, 2])
    np.testing.assert_allclose(factor @ factor.conj().swapaxes(1, 2), wanted, atol=1e-12)
