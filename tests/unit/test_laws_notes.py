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
