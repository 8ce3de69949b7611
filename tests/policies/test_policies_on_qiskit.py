"""Born policies on a Qiskit simulator."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS),
]

ANGLES = np.array([0.7, 1.1])


def rotations(device):
    @qml.qnode(device)
    def circuit(angles):
        qml.RY(angles[0], wires=0)
        qml.RY(angles[1], wires=1)
        return qml.probs(wires=[0, 1])

    return circuit


def test_gradients_and_actions_from_aer():
    device = qml.device("qiskit.aer", wires=2, seed_simulator=7)
    policy = pt.born_policy(qml.set_shots(rotations(device), shots=2000), 2, "parity")
    exact = pt.born_policy(rotations(qml.device("default.qubit")), 2, "parity")
    found, truth = (one.log_policy_gradient(ANGLES) for one in (policy, exact))
    assert found.provenance.engine == "measured" and found.cost.shots == 2000 * 5
    assert np.all(np.abs(found.derivatives - truth.derivatives) < 4.5 * found.stderrs)
    actions = policy.sample(1000, ANGLES, seed=1)
    assert len(actions) == 1000
    assert abs(actions.mean() - truth.probabilities[1]) < 4.5 * 0.5 / np.sqrt(1000)


def test_shots_are_asked_for():
    policy = pt.born_policy(rotations(qml.device("qiskit.aer", wires=2)), 2)
    unset = pt.born_policy(qml.set_shots(policy.qnode, shots=None), 2)
    with pytest.raises(pt.ReadingError, match="needs shots"):
        unset.log_policy_gradient(ANGLES)
