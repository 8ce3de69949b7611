"""Laws that cannot be as wide as their name say so, wherever draws are taken."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

W = np.array([1e-3, 0.4])
WORDS = "1 parameter without a known period was drawn near the value given"


@qml.qnode(qml.device("default.qubit"))
def circuit(x, w):
    qml.RY(w[0] ** 2, wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[1], wires=0)
    return qml.expval(qml.Z(0))


ASKED = {
    "analyze": lambda law: pt.analyze(circuit, "x", law=law, seed=1)(0.3, W),
    "capacity": lambda law: pt.capacity(circuit, encoding_args="x", law=law, seed=1)(0.3, W),
    "prune": lambda law: pt.prune(circuit, "x", law=law, seed=1)(0.3, W),
    "loss_variance": lambda law: pt.loss_variance(
        circuit, encoding_args="x", law=law, seed=1, method="sample", n_draws=600
    )(0.3, W),
    "expressibility": lambda law: pt.expressibility(
        circuit, encoding_args="x", law=law, seed=1, n_pairs=300
    )(0.3, W),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_was_drawn_near_is_said(name):
    found = ASKED[name](None)
    assert any(WORDS in note for note in found.notes) and WORDS in str(found)


@pytest.mark.parametrize("name", ASKED)
def test_a_law_of_the_user_is_taken_at_its_word(name):
    found = ASKED[name](pt.Uniform(3.0))
    assert not any("known period" in note for note in found.notes)


def test_gates_that_undo_each_other_have_a_period():
    """Every angle of the middle rotations of ``CRot(a, a, a)†`` cancels: a frequency of zero."""

    @qml.qnode(qml.device("default.qubit"))
    def undone(w):
        qml.adjoint(qml.CRot(w[1], w[1], w[1], wires=[0, 1]))
        qml.RX(w[0], wires=0)
        return qml.expval(qml.X(1))

    found = pt.capacity(undone, n_draws=4, seed=1)(np.zeros(2))
    assert not any("known period" in note for note in found.notes)
    assert found.points[1:].max() > np.pi


@pytest.mark.parametrize("memory", [float("nan"), 0, -1.0])
def test_memory_is_a_number_of_bytes(memory):
    with pytest.raises(ValueError, match="memory"):
        pt.qfim(circuit, encoding_args="x", memory=memory)(0.3, W)
