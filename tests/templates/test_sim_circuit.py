"""SimCircuit: gates of all nineteen circuits, checks, and its life inside PennyLane."""

from __future__ import annotations

import pickle

import numpy as np
import pennylane as qml
import pytest
from pennylane.ops.functions.assert_valid import _test_decomposition_rule

from pennylane_trainability.templates import SimCircuit
from pennylane_trainability.templates._sim_layers import _back_ring, _ring

ALL = range(1, 20)
#: Parameters of one layer on four wires, from the formulas of arXiv:1905.10876, Table I.
PARAMETERS = [8, 8, 11, 11, 28, 28, 19, 19, 4, 4, 12, 12, 16, 16, 8, 11, 11, 12, 12]


def made(k, layers=1, n=4, wires=None, batch=()):
    shape = (*batch, *SimCircuit.shape(k, layers, n))
    weights = np.random.default_rng(k).uniform(0.1, 3, shape)
    return SimCircuit(weights, k, wires if wires is not None else range(n))


def moves(op):
    return [(g.name, *g.wires) for g in op.decomposition()]


def turns(axes, wires=range(4)):
    return [(f"R{axis}", w) for axis in axes for w in wires]


CHAIN = [(3, 2), (2, 1), (1, 0)]
RING = [(3, 0), (2, 3), (1, 2), (0, 1)]
BACK = [(3, 2), (0, 3), (1, 0), (2, 1)]
EVEN, ODD = [(1, 0), (3, 2)], [(2, 1)]
EVERY = [(c, t) for c in (3, 2, 1, 0) for t in (3, 2, 1, 0) if c != t]


def on(name, pairs):
    return [(name, *pair) for pair in pairs]


#: Written out from the figure, four wires, one layer.
FIGURE = {
    1: turns("XZ"),
    2: turns("XZ") + on("CNOT", CHAIN),
    3: turns("XZ") + on("CRZ", CHAIN),
    4: turns("XZ") + on("CRX", CHAIN),
    5: turns("XZ") + on("CRZ", EVERY) + turns("XZ"),
    6: turns("XZ") + on("CRX", EVERY) + turns("XZ"),
    7: turns("XZ") + on("CRZ", EVEN) + turns("XZ") + on("CRZ", ODD),
    8: turns("XZ") + on("CRX", EVEN) + turns("XZ") + on("CRX", ODD),
    9: [("Hadamard", w) for w in range(4)] + on("CZ", CHAIN) + turns("X"),
    10: turns("Y") + on("CZ", RING) + turns("Y"),
    11: turns("YZ") + on("CNOT", EVEN) + turns("YZ", (1, 2)) + on("CNOT", ODD),
    12: turns("YZ") + on("CZ", EVEN) + turns("YZ", (1, 2)) + on("CZ", ODD),
    13: turns("Y") + on("CRZ", RING) + turns("Y") + on("CRZ", BACK),
    14: turns("Y") + on("CRX", RING) + turns("Y") + on("CRX", BACK),
    15: turns("Y") + on("CNOT", RING) + turns("Y") + on("CNOT", BACK),
    16: turns("XZ") + on("CRZ", EVEN + ODD),
    17: turns("XZ") + on("CRX", EVEN + ODD),
    18: turns("XZ") + on("CRZ", RING),
    19: turns("XZ") + on("CRX", RING),
}


class TestGates:
    @pytest.mark.parametrize("k", ALL)
    def test_the_figure(self, k):
        assert moves(made(k)) == FIGURE[k]
        assert SimCircuit.shape(k, 1, 4) == (1 + (k == 10), PARAMETERS[k - 1])

    @pytest.mark.parametrize("k", ALL)
    def test_layers_repeat(self, k):
        layer = FIGURE[k][4:] if k == 10 else FIGURE[k]
        front = FIGURE[k][:4] if k == 10 else []
        assert moves(made(k, 3)) == front + 3 * layer

    @pytest.mark.parametrize("k", ALL)
    def test_every_weight_is_used_once_in_order(self, k):
        op = made(k, 2)
        used = [g.data[0] for g in op.decomposition() if g.num_params]
        np.testing.assert_array_equal(used, op.data[0].ravel())

    @pytest.mark.parametrize("k", ALL)
    @pytest.mark.parametrize("n", [2, 3, 5])
    def test_other_numbers_of_wires(self, k, n):
        op = made(k, 2, n)
        pairs = [g.wires for g in op.decomposition() if len(g.wires) == 2]
        assert all(len(set(pair)) == 2 for pair in pairs)
        assert set(op.wires) == {w for g in op.decomposition() for w in g.wires}
        assert bool(pairs) == (k != 1)

    def test_labels(self):
        assert moves(made(4, 1, 2, wires=["a", 7]))[-1] == ("CRX", 7, "a")


class TestStandards:
    @pytest.mark.interfaces("jax")
    @pytest.mark.parametrize("k", [2, 10, 11])
    def test_assert_valid(self, k, x64):
        qml.ops.functions.assert_valid(made(k, 1, 3))

    @pytest.mark.interfaces("jax")
    @pytest.mark.parametrize("k", ALL)
    def test_assert_valid_but_for_derivatives(self, k, x64):
        qml.ops.functions.assert_valid(made(k, 2), skip_differentiation=True)

    @pytest.mark.parametrize("k", ALL)
    @pytest.mark.parametrize("layers", [1, 3])
    def test_decomposition_rule(self, k, layers):
        (rule,) = qml.list_decomps(SimCircuit)
        _test_decomposition_rule(made(k, layers), rule)

    def test_pytree_and_pickle(self):
        op = made(13, wires=["a", "b", "c", "d"])
        data, metadata = op._flatten()
        assert hash(metadata)
        qml.assert_equal(SimCircuit._unflatten(data, metadata), op)
        qml.assert_equal(pickle.loads(pickle.dumps(op)), op)

    def test_object_arrays_pass_through(self, symbols):
        weights = symbols(1, 12)
        gates = [g for g in SimCircuit(weights, 18, range(4)).decomposition() if g.num_params]
        for gate, symbol in zip(gates, weights.ravel(), strict=True):
            assert gate.data[0] is symbol

    @pytest.mark.parametrize("k", [6, 10])
    def test_batch(self, k):
        weights = np.random.default_rng(1).uniform(0, 3, (3, *SimCircuit.shape(k, 1, 3)))

        @qml.qnode(qml.device("default.qubit"))
        def circuit(w):
            SimCircuit(w, k, wires=range(3))
            return qml.probs(wires=range(3))

        assert SimCircuit(weights, k, wires=range(3)).batch_size == 3
        np.testing.assert_allclose(circuit(weights), [circuit(w) for w in weights], atol=1e-12)

    @pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
    def test_graph_decomposition(self, graph, device):
        weights = np.random.default_rng(1).uniform(0, 3, SimCircuit.shape(6, 1, 3))

        def model(w):
            SimCircuit(w, 6, wires=range(3))
            return qml.expval(qml.Z(0) @ qml.X(2))

        qnode = qml.QNode(model, qml.device(device, wires=3))
        tape = qml.tape.QuantumScript(SimCircuit(weights, 6, range(3)).decomposition())
        state = qml.matrix(tape, wire_order=range(3))[:, 0]
        observable = qml.matrix(qml.Z(0) @ qml.X(2), wire_order=range(3))
        assert qnode(weights) == pytest.approx(np.vdot(state, observable @ state).real)

    @pytest.mark.interfaces("jax")
    def test_capture(self, captured):
        weights = np.random.default_rng(1).uniform(0, 3, SimCircuit.shape(4, 2, 3))

        @qml.qnode(qml.device("default.qubit", wires=3))
        def circuit(w):
            SimCircuit(w, k=4, wires=range(3))
            return qml.expval(qml.Z(0))

        found = float(circuit(weights))
        qml.capture.disable()
        assert found == pytest.approx(circuit(weights))


class TestErrors:
    @pytest.mark.parametrize("k", [0, 20, 2.5, "1", None, True])
    def test_numbers(self, k):
        with pytest.raises(ValueError, match="1 to 19"):
            SimCircuit(np.zeros((1, 8)), k, range(4))

    def test_wires(self):
        with pytest.raises(ValueError, match="at least two wires"):
            SimCircuit(np.zeros((1, 2)), 1, [0])

    @pytest.mark.parametrize("shape", [(8,), (1, 7), (0, 8), (2, 1, 1, 8)])
    def test_shapes(self, shape):
        with pytest.raises(ValueError, match=r"\(n_layers, 8\).*SimCircuit\.shape"):
            SimCircuit(np.zeros(shape), 1, range(4))

    def test_circuit_10_has_a_row_in_front(self):
        with pytest.raises(ValueError, match=r"\(n_layers \+ 1, 4\)"):
            SimCircuit(np.zeros((1, 4)), 10, range(4))

    def test_layers(self):
        with pytest.raises(ValueError, match="at least one layer"):
            SimCircuit.shape(1, 0, 4)


class TestOrder:
    """The order of the gates in rings, and how many gates a decomposition is said to have."""

    def test_rings(self):
        assert [wires for _, wires in _ring("CRZ", 4)] == [(3, 0), (2, 3), (1, 2), (0, 1)]
        assert [wires for _, wires in _back_ring("CRZ", 4)] == [(3, 2), (0, 3), (1, 0), (2, 1)]
        assert [wires for _, wires in _ring("CRX", 3)] == [(2, 0), (1, 2), (0, 1)]

    @pytest.mark.parametrize("k", [1, 6, 13])
    def test_resources(self, k):
        op = made(k, layers=2)
        (rule,) = qml.list_decomps(SimCircuit)
        counts = rule.compute_resources(**op.resource_params).gate_counts
        assert min(counts.values()) > 0
        assert sum(counts.values()) == len(op.decomposition())
