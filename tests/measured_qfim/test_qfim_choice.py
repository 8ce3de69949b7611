"""What the methods cost, the wire that is free, and circuits that start from any state."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.transforms.qfim_circuits.choice import _options, abilities_of
from pennylane_trainability.transforms.qfim_circuits.overlap import overlap_count


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


def partly(v, w):
    qml.RX(v[0], 0)
    qml.RY(v[1], 1)
    qml.CNOT([0, 1])
    qml.RX(w[0], 1)
    qml.RZ(w[1], 0)
    qml.RY(w[2], 0)
    return qml.expval(qml.Z(0))


def test_entries_of_arguments_that_are_data_are_zero():
    """Of two arguments one entry each is data, the last of the first and of the second."""
    v, w = np.array([0.3, 0.8]), np.array([0.9, 1.4, 0.2])
    qnode = qml.QNode(partly, qml.device("default.qubit", wires=3))
    whole = qml.transforms.measured_qfim(qnode)(v, w)
    options = {"encoding_args": {"v": [1], "w": [2]}}
    found = qml.transforms.measured_qfim(qnode, **options)(v, w)
    exact = pt.qfim(qnode, **options)(v, w)
    data = [np.array([1, 0]), np.array([1, 1, 0])]
    for a in range(2):
        wanted = np.array(whole[a]) * np.outer(data[a], data[a])
        np.testing.assert_allclose(found[a], wanted, atol=1e-12)
        np.testing.assert_allclose(exact[a], wanted, atol=1e-12)


def test_the_budget_counts_the_circuits_of_every_point():
    qnode = qml.QNode(partly, qml.device("default.qubit", wires=3))
    v, w = np.array([0.3, 0.8]), np.array([0.9, 1.4, 0.2])

    def run(points, limit):
        moved = lambda x, v, w: (qml.RX(x, 0), partly(v, w))[1]  # noqa: E731
        each = qml.QNode(moved, qnode.device)
        qml.transforms.measured_qfim(each, encoding_args="x", max_circuits=limit)(points, v, w)

    single = 0
    while single < 50:
        try:
            run(0.1, single + 1)
            break
        except pt.BudgetError:
            single += 1
    run(np.array([0.1, 0.2, 0.3]), 3 * (single + 1))
    with pytest.raises(pt.BudgetError):
        run(np.array([0.1, 0.2, 0.3]), 3 * (single + 1) - 1)


def test_overlaps_are_counted_before_they_are_planned():
    """Two shifts per angle: four circuits per pair, and one more for every diagonal entry."""
    slots = tuple(SimpleNamespace(frequencies=(1.0,)) for _ in range(3))
    assert overlap_count(slots, np.ones((3, 3), bool)) == 3 * 4 + 3
    assert overlap_count(slots, np.eye(3, dtype=bool)) == 3
