"""Fixed rotations by quarter turns belong to the Clifford gates before what follows."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.circuit import Angle, Gate
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.layers import join_frame
from pennylane_trainability.circuits.pauli import Word, word_matrix


def frame_after(gate, angle):
    frame = Frame.identity(2)
    joined = join_frame(frame, Gate(gate(angle), (0, 1), (Angle(np.full((1, 1), angle), {}, {}),)))
    return frame, joined


GATES = [
    pytest.param(lambda a: qml.PauliRot(a, "XY", [0, 1]), id="PauliRot"),
    pytest.param(lambda a: qml.IsingZZ(a, [0, 1]), id="IsingZZ"),
]


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("turns", [-5, -2, -1, 1, 2, 3, 6])
def test_quarter_turns_join(gate, turns):
    angle = turns * np.pi / 2
    frame, joined = frame_after(gate, angle)
    assert joined
    unitary = qml.matrix(gate(angle), wire_order=[0, 1])
    for word in (Word(1, 0), Word(0, 1), Word(2, 0), Word(0, 2), Word(3, 2)):
        expected = unitary.conj().T @ word_matrix(word, 2) @ unitary
        np.testing.assert_allclose(word_matrix(frame.pull_back(word), 2), expected, atol=1e-12)


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("turns", [0.5, -0.5, 1 / 3, 2.001, 4 / np.pi**2])
def test_other_angles_do_not_join(gate, turns):
    frame, joined = frame_after(gate, turns * np.pi / 2)
    assert not joined
    assert [frame.pull_back(word) for word in (Word(1, 0), Word(0, 2))] == [Word(1, 0), Word(0, 2)]
