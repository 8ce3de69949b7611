"""What the methods cost, the wire that is free, and circuits that start from any state."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.transforms.qfim_circuits.choice import _options, abilities_of


def test_costs_count_circuits_their_length_and_their_variance():
    """Overlaps: circuits twice as long, a quarter of the variance."""
    full = SimpleNamespace(circuits=range(10), needs_probe=False)
    block = SimpleNamespace(circuits=range(3), approximation="")
    abilities = SimpleNamespace(mid_circuit=False, aux=None)
    cost = {o.method: o.relative_cost for o in _options(full, block, 12, abilities, "")}
    assert cost["direct"] == 10 and cost["block-diag"] == 3
    assert cost["overlap"] == 12 * 2 / 4
    assert 10 < cost["hadamard"] < 10.1


@pytest.mark.parametrize(
    ("wires", "aux"), [([0, 3], 4), ([5], 6), (["a", 0], "aux"), (["a"], "aux")]
)
def test_a_tape_gets_a_wire_of_its_own(wires, aux):
    assert abilities_of(None, wires, None, False).aux == aux


def test_first_gates_behind_a_prepared_state_and_a_fixed_gate():
    """The generators of the first layer are measured in the prepared state itself."""
    state = np.array([0.6, 0.0, 0.48j, -0.64])

    def circuit(w):
        qml.StatePrep(state, wires=[0, 1])
        qml.RX(w[0], 0)
        qml.S(1)
        qml.RY(w[1], 1)
        qml.CNOT([0, 1])
        qml.RZ(w[2], 1)
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(circuit, qml.device("default.qubit", wires=3))
    w = np.array([0.3, 0.9, 1.4])
    found = qml.transforms.measured_qfim(qnode, method="direct")(w)
    np.testing.assert_allclose(found, pt.qfim(qnode)(w), atol=1e-12)
