"""Fewer circuits by structure: layers by commutation, shared probes, zeros nobody measures."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from qfim_zoo import qfim_by_differences

import pennylane_trainability as pt
from pennylane_trainability.circuits.layers import layered
from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.circuits.vanishing import vanishing
from pennylane_trainability.transforms.qfim_circuits.answer import How, plan_of


def made_of(function, size: int):
    def circuit(w):
        function(w)
        return qml.state()

    qnode = qml.QNode(circuit, qml.device("default.qubit"))
    return layered(read_points(qnode, (np.linspace(0.3, 1.9, size),), {}).circuit)


def layers_of(function, size: int) -> list[list[int]]:
    """Parameters per layer, for circuits with one word per parameter."""
    made = made_of(function, size)
    out = []
    for members in made.layers():
        gates = [g for v in members for g, _ in made.nodes[v].coefficients]
        out.append(
            sorted(p for g in gates for a in made.circuit.gates[g].angles for p in a.parameters)
        )
    return out


def test_a_layer_is_found_by_commutation_not_by_place():
    def circuit(w):
        qml.Hadamard(0)
        qml.RZ(w[0], wires=0)
        qml.RY(w[1], wires=1)
        qml.CNOT([0, 1])
        qml.RZ(w[2], wires=0)  # the same rotation as the first, behind a gate that commutes
        qml.RX(w[3], wires=1)  # X on the target is X in front: does not commute with RY
        qml.PhaseShift(w[4], wires=0)

    assert layers_of(circuit, 5) == [[0, 1, 2, 4], [3]]


def test_gates_that_only_turn_the_phase_are_no_layer():
    def circuit(w):
        qml.RZ(w[0], wires=0)
        qml.CRX(w[1], wires=[1, 0])  # the control is |0⟩
        qml.RY(w[2], wires=0)

    assert layers_of(circuit, 3) == [[2]]


def test_as_many_layers_as_the_longest_chain():
    """A gate on a quiet wire waits for the layer it fits in (Mirsky)."""

    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RX(0.3, wires=1)
        qml.RY(0.4, wires=1)
        qml.RX(w[1], wires=1)
        qml.RY(w[2], wires=0)
        qml.RY(w[3], wires=1)

    assert layers_of(circuit, 4) == [[0, 1], [2, 3]]


def ring(w, n=6):
    w = w.reshape(-1, n, 3)
    for layer in range(len(w)):
        for wire in range(n):
            qml.Rot(*w[layer, wire], wires=wire)
        for wire in range(n):
            qml.CNOT([wire, (wire + 1) % n])
        if layer < len(w) - 1:
            for wire in range(n):
                qml.RX(0.3, wires=wire)


def test_six_wires_and_72_parameters_need_fewer_than_450_circuits():
    def circuit(w):
        ring(w)
        return qml.expval(qml.Z(0))

    qnode = qml.set_shots(qml.QNode(circuit, qml.device("default.qubit")), shots=100)
    plan = pt.measure_qfim(qnode).plan(np.linspace(0, 3, 72))
    by_name = {option.method: option.circuits for option in plan.options}
    # 11 layers of six (the first RZ turn a phase): 11 + 6·(10 + 9 + … + 1) without anything shared
    assert plan.layers == 11
    assert by_name["direct"] == by_name["hadamard"] <= 341
    # RY on |0⟩ has no first moment and no covariance with its neighbours: no circuit
    assert by_name["block-diag"] == 10
    # of the 66 parameters that do anything, less what is zero by structure; 10,296 for all 72
    assert 8000 < by_name["overlap"] <= 2 * 66**2 - 66
    assert plan.method == "direct"


def test_entries_read_as_means_are_no_covariances_of_one_sample():
    """Two commuting generators in one circuit: expectation values may come from other shots."""

    @qml.qnode(qml.device("default.qubit"))
    def circuit(w):
        for wire in range(2):
            qml.RY(0.4 + wire, wires=wire)
        qml.IsingYY(0.7, wires=[0, 1])
        qml.RZ(w[0], wires=0)
        qml.RX(w[1], wires=1)
        return qml.expval(qml.Z(0))

    points = read_points(circuit, (np.array([0.3, 0.4]),), {})
    joint = {
        how: plan_of(points, None, How(read_out=how), [np.arange(2)]).scheme.quadratic.joint
        for how in ("counts", "means")
    }
    np.testing.assert_array_equal(joint["counts"], np.zeros((2, 2)))
    np.testing.assert_array_equal(joint["means"], [[0, -1], [-1, 0]])


def test_generators_with_the_same_signature_share_a_probe():
    """Z on either wire anticommutes with the same gate, XX: ZZ is a symmetry of the rest."""

    def circuit(w):
        for wire in range(2):
            qml.RY(0.4 + wire, wires=wire)
        qml.RZ(w[0], wires=0)
        qml.RZ(w[1], wires=1)
        qml.IsingXX(0.7, wires=[0, 1])
        qml.IsingYY(w[2], wires=[0, 1])  # commutes with ZZ
        qml.IsingXX(0.3, wires=[0, 1])
        qml.PauliRot(w[3], "XY", wires=[0, 1])  # commutes with ZZ, not with XX

    def state(w):
        circuit(w)
        return qml.state()

    w = np.array([0.3, 0.8, 1.2, 0.5])
    qnode = qml.QNode(state, qml.device("default.qubit"))
    made = layered(read_points(qnode, (w,), {}).circuit)
    first, second = made.nodes[0], made.nodes[1]
    every = (1 << len(made.members)) - 1
    assert made.signature(first, every) == made.signature(second, every) != frozenset()
    points = read_points(qnode, (w,), {})
    circuits = plan_of(points, qnode.device, How("hadamard"), [np.arange(4)]).scheme.circuits
    last = [c for c in circuits if c.layer == made.nodes[3].layer]
    probes = [c.probe for c in last if c.probe is not None]
    assert len({0, 1} & set(probes)) == 1, "one is controlled, the other read in its circuit"
    found = qml.transforms.measured_qfim(qnode)(w)
    np.testing.assert_allclose(found, qfim_by_differences(circuit, w), atol=1e-9)


_APPLY = {
    "cnot": lambda angle, a, b: qml.CNOT([a, b]),
    "h": lambda angle, a, b: qml.Hadamard(a),
    "s": lambda angle, a, b: qml.S(a),
    "t": lambda angle, a, b: qml.T(a),
    "rx": lambda angle, a, b: qml.RX(angle, a),
    "ry": lambda angle, a, b: qml.RY(angle, a),
    "rz": lambda angle, a, b: qml.RZ(angle, a),
    "zz": lambda angle, a, b: qml.IsingZZ(angle, [a, b]),
    "xy": lambda angle, a, b: qml.IsingXY(angle, [a, b]),
}


def random_circuit(rng, n: int, depth: int):
    """A list of gates of many kinds, and which of them are trainable."""
    gates, count = [], 0
    for _ in range(depth):
        kind = rng.integers(7)
        a, b = rng.permutation(n)[:2]
        if kind == 0:
            gates.append(("cnot", a, b))
        elif kind == 1:
            gates.append((["h", "s", "t"][rng.integers(3)], a, b))
        else:
            name = ["rx", "ry", "rz", "zz", "xy"][kind - 2]
            trainable = rng.random() < 0.7
            gates.append((name, a, b, count if trainable else None))
            count += trainable

    def function(w):
        for name, a, b, *number in gates:
            angle = 0.77 if not number or number[0] is None else w[number[0]]
            _APPLY[name](angle, int(a), int(b))
        for wire in range(n):
            qml.Identity(wire)

    return function, count


@pytest.mark.parametrize("number", range(4))
def test_zeros_by_structure_are_zeros(number):
    """Against the numbers, at three draws; and the whole matrix by probes and by controls."""
    rng = np.random.default_rng(100 + number)
    function, size = random_circuit(rng, 3, 18)
    made = made_of(function, size)
    zero = vanishing(made)
    place = {}
    for v, node in enumerate(made.nodes):
        if len(node.coefficients) == 1:
            ((gate, _),) = node.coefficients
            (parameter,) = made.circuit.gates[gate].angles[0].parameters
            place.setdefault(parameter, []).append(v)
    single = {p: v[0] for p, v in place.items() if len(v) == 1}

    def circuit(w):
        function(w)
        return qml.state()

    for _ in range(2):
        w = rng.uniform(0, 2 * np.pi, size)
        truth = qfim_by_differences(function, w)
        for p, u in single.items():
            for q, v in single.items():
                if zero.covariances[u, v]:
                    assert abs(truth[p, q]) < 1e-8
        for method in ("direct", "hadamard"):
            qnode = qml.QNode(circuit, qml.device("default.qubit"))
            found = qml.transforms.measured_qfim(qnode, method=method)(w)
            np.testing.assert_allclose(found, truth, atol=1e-8)


def test_products_need_one_circuit_per_layer():
    """Light cones that never meet: off the diagonal nothing is measured between wires."""

    def circuit(w):
        for wire in range(3):
            qml.RX(w[wire], wires=wire)
            qml.RY(w[3 + wire], wires=wire)
        return qml.expval(qml.Z(0))

    qnode = qml.set_shots(qml.QNode(circuit, qml.device("default.qubit", seed=1)), shots=50)
    found = pt.measure_qfim(qnode)(np.linspace(0.2, 1.2, 6))
    apart = np.arange(6)[:, None] % 3 != np.arange(6)[None] % 3
    assert np.all(found.value[apart] == 0) and np.all(found.stderr[apart] == 0)
    # RX on |0⟩ has no first moment: only the layer of RY is run
    assert found.cost.circuits == 1


def test_a_gate_without_a_generator_is_named():
    class Strange(qml.operation.Operation):
        num_params, num_wires = 1, 6
        ndim_params = (0,)
        grad_method = "A"
        has_generator = True

        def generator(self):
            raise qml.operation.GeneratorUndefinedError

    def circuit(w):
        Strange(w[0], wires=range(6))
        return qml.state()

    qnode = qml.QNode(circuit, qml.device("default.qubit"))
    with pytest.raises(pt.ReadingError, match=r"generator of every trainable gate.*Strange"):
        qml.transforms.measured_qfim(qnode)(np.array([0.3]))
