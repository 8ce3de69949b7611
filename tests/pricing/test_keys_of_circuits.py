"""Which circuits are equal, and which results they may have: matrices, bytes, outcomes."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.execution.checks import wrong_results
from pennylane_trainability.keys.equal import distinct_circuits
from pennylane_trainability.keys.key import _plain


def test_entries_of_a_batch_of_matrices_are_told_apart():
    one, other = qml.matrix(qml.RX(0.3, 0)), qml.matrix(qml.RX(0.4, 0))
    gate = qml.QubitUnitary(np.array([one, other, one, other]), wires=0)
    angles = qml.RY(np.array([0.1, 0.1, 0.1, 0.2]), 0)
    assert distinct_circuits([qml.tape.QuantumScript([gate])]) == 2
    assert distinct_circuits([qml.tape.QuantumScript([gate, angles])]) == 3


def test_bytes_are_written_as_they_are():
    assert _plain(b"ab") == b"yab" and _plain("ab") == b"uab"


@pytest.mark.parametrize("size, wrong", [(8, False), (6, True), (16, True)])
def test_probabilities_of_three_bits_are_eight(size, wrong):
    tape = qml.tape.QuantumScript([qml.X(0)], [qml.probs(wires=[0, 1, 2])], shots=10)
    assert bool(wrong_results([tape], [np.full(size, 1 / size)])) == wrong
