"""Rotations by words on many wires are read without their matrices."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.encoding import gate_frequencies
from pennylane_trainability.circuits.points import read_points


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        pytest.param(lambda a: qml.PauliRot(a, "XYZ" * 20, range(60)), (1.0,), id="word"),
        pytest.param(lambda a: qml.PauliRot(a, "II", range(2)), (), id="identity"),
        pytest.param(lambda a: qml.MultiRZ(a, range(60)), (1.0,), id="MultiRZ"),
        pytest.param(lambda a: qml.PauliRot(a, "XI", range(2)), (1.0,), id="with identity"),
    ],
)
def test_frequencies_of_rotations(gate, expected):
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(angle):
        gate(angle)
        return qml.expval(qml.Z(0))

    read = read_points(circuit, (np.array(0.3),), {}).circuit
    assert [gate_frequencies(g) for g in read.gates] == [expected]
