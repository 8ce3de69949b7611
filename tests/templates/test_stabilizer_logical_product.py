"""StabilizerLogicalProduct: words, order, checks, commutation, and its life inside PennyLane."""

from __future__ import annotations

import pickle
from functools import reduce
from itertools import product

import numpy as np
import pennylane as qml
import pytest
from pennylane.ops.functions.assert_valid import _test_decomposition_rule
from pennylane.pauli import PauliSentence, PauliWord

from pennylane_trainability.templates import StabilizerLogicalProduct
from pennylane_trainability.templates._words import group_of

LETTERS = {"I": np.eye(2), "X": [[0, 1], [1, 0]], "Y": [[0, -1j], [1j, 0]], "Z": np.diag([1, -1])}

#: arXiv:2406.18316, Fig. 4: 24 blocks on four wires, read out by XXII.
PAPER = {
    "stabilizers": ["IIII", "XXXX", "ZZZZ", "YYYY"],
    "logicals": (
        *("XXII", "IIYY", "IZZI", "XIIX", "YYII", "IIZZ"),
        *("IXXI", "YIIY", "ZZII", "IIXX", "IYYI", "ZIIZ"),
    )
    * 2,
}
SMALL = {"stabilizers": ("-XXX",), "logicals": ("XII", "ZZI")}


def matrix(text):
    """The dense matrix of a string of letters."""
    sign = -1 if text[0] == "-" else 1
    return sign * reduce(np.kron, [np.array(LETTERS[letter]) for letter in text.lstrip("-")])


def angles(shape, seed=5):
    """Weights in general position."""
    return np.random.default_rng(seed).uniform(0.1, 3, shape)


EXAMPLES = {
    "paper": lambda: StabilizerLogicalProduct(angles((24, 4)), **PAPER, wires=range(4)),
    "small": lambda: StabilizerLogicalProduct(angles((2, 2)), **SMALL, wires=["a", 7, "c"]),
    "none": lambda: StabilizerLogicalProduct(angles((2, 1)), (), ["XZ", "YI"], [0, 1]),
    "two generators": lambda: StabilizerLogicalProduct(
        angles((2, 4)), ["XXI", "-ZZI"], [qml.X(2), qml.Y(2) @ qml.X(1) @ qml.X(0)], [0, 1, 2]
    ),
}


class TestStandards:
    @pytest.mark.interfaces("jax")
    @pytest.mark.parametrize("name", ["small", "none", "two generators"])
    def test_assert_valid(self, name, x64):
        qml.ops.functions.assert_valid(EXAMPLES[name]())

    @pytest.mark.interfaces("jax")
    def test_assert_valid_of_the_paper_s_circuit(self, x64):
        # its parameter-shift derivatives take half a minute
        qml.ops.functions.assert_valid(EXAMPLES["paper"](), skip_differentiation=True)

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_decomposition_rule(self, name):
        (rule,) = qml.list_decomps(StabilizerLogicalProduct)
        _test_decomposition_rule(EXAMPLES[name](), rule)

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_pytree_and_pickle(self, name):
        op = EXAMPLES[name]()
        data, metadata = op._flatten()
        assert hash(metadata)
        qml.assert_equal(StabilizerLogicalProduct._unflatten(data, metadata), op)
        qml.assert_equal(pickle.loads(pickle.dumps(op)), op)


class TestGates:
    def test_the_order_is_binary_counting(self):
        weights = np.arange(1.0, 9.0).reshape(2, 4)
        stabilizers, logicals = ["XXII", "ZZII"], ["IIXY", "XXZI"]
        op = StabilizerLogicalProduct(weights, stabilizers, logicals, ["a", "b", "c", "d"])
        expected = [
            *[(1.0, "XY", "cd"), (2.0, "XXXY", "abcd"), (3.0, "ZZXY", "abcd")],
            (4.0, "YYXY", "abcd"),  # XX·ZZ = −YY, the sign is in the angle
            *[(5.0, "XXZ", "abc"), (6.0, "Z", "c"), (7.0, "YYZ", "abc"), (8.0, "ZZZ", "abc")],
        ]
        for gate, (angle, text, wires) in zip(op.decomposition(), expected, strict=True):
            qml.assert_equal(gate, qml.PauliRot(angle, text, wires=list(wires)))

    @pytest.mark.parametrize("stabilizers", [["IIII", "ZZZZ", "YYYY", "XXXX"], ["ZZZZ", "YYYY"]])
    def test_a_whole_group_keeps_its_order(self, stabilizers):
        op = StabilizerLogicalProduct(angles((1, 4)), stabilizers, ["XXII"], range(4))
        words = [gate.hyperparameters["pauli_word"] for gate in op.decomposition()]
        assert words == ["XX", "YYZZ", "ZZYY", "XX"]

    def test_the_letters_are_those_of_the_products(self):
        """Second road: dense matrices of the stabilizers and logicals, multiplied."""
        op = EXAMPLES["paper"]()
        gates = iter(op.decomposition())
        for logical, stabilizer in product(PAPER["logicals"], PAPER["stabilizers"]):
            generator = -2 * qml.matrix(next(gates).generator(), wire_order=range(4))
            wanted = matrix(stabilizer) @ matrix(logical)
            assert np.allclose(generator, wanted) or np.allclose(generator, -wanted)

    def test_the_paper_s_circuit(self):
        stabilizers, logicals = StabilizerLogicalProduct.brick_wall(4, 12)
        assert (stabilizers, logicals) == (("XXXX", "ZZZZ"), PAPER["logicals"])
        shape = StabilizerLogicalProduct.shape(len(logicals), len(stabilizers))
        assert shape == (24, 4) and np.prod(shape) == 96
        op = StabilizerLogicalProduct(angles(shape), stabilizers, logicals, range(4))
        for gate, same in zip(op.decomposition(), EXAMPLES["paper"]().decomposition(), strict=True):
            qml.assert_equal(gate, same)

    @pytest.mark.parametrize("n_wires", [4, 6, 8])
    def test_the_brick_wall_cycles_letters_and_bonds(self, n_wires):
        stabilizers, logicals = StabilizerLogicalProduct.brick_wall(n_wires, 6)
        assert len(logicals) == 3 * n_wires
        StabilizerLogicalProduct(np.zeros((3 * n_wires, 4)), stabilizers, logicals, range(n_wires))
        # six layers hold every letter on every bond
        bonds = {
            (tuple(np.flatnonzero([c != "I" for c in word])), word.replace("I", ""))
            for word in logicals
        }
        ring = {tuple(sorted((w, (w + 1) % n_wires))) for w in range(n_wires)}
        assert bonds == {(bond, letter * 2) for bond in ring for letter in "XYZ"}

    def test_words_in_any_form(self):
        wires = ["b", "a"]
        forms = [
            "-YX",
            -(qml.X("a") @ qml.Y("b")),
            PauliSentence({PauliWord({"a": "X", "b": "Y"}): -1.0}),
            -1 * qml.prod(qml.Y("b"), qml.X("a"), qml.I("b")),
        ]
        ops = [StabilizerLogicalProduct(angles((1, 2)), [word], "ZZ", wires) for word in forms]
        for op in ops:
            assert op.hyperparameters["stabilizers"] == ("-YX",)
            qml.assert_equal(op, ops[0])
        plain = StabilizerLogicalProduct(
            angles((1, 2)), PauliWord({"a": "X", "b": "Y"}), qml.Z("a") @ qml.Z("b"), wires
        )
        assert plain.hyperparameters == {"stabilizers": ("YX",), "logicals": ("ZZ",)}

    def test_operators_that_name_words_are_no_gates(self):
        with qml.queuing.AnnotatedQueue() as queue:
            op = StabilizerLogicalProduct(
                angles((1, 2)), [qml.Z(0) @ qml.Z(1)], [qml.X(0) @ qml.X(1)], [0, 1]
            )
        assert qml.tape.QuantumScript.from_queue(queue).operations == [op]

    def test_wires_can_be_renamed(self):
        op = EXAMPLES["small"]()
        mapped = qml.map_wires(op, {"a": "z", 7: 0, "c": 1})
        assert [g.wires.tolist() for g in mapped.decomposition()] == [
            ["z"],
            [0, 1],
            ["z", 0],
            ["z", 0, 1],
        ]

    def test_object_arrays_pass_through(self, symbols):
        weights = symbols(2, 2)
        op = StabilizerLogicalProduct(weights, **SMALL, wires=range(3))
        for gate, symbol in zip(op.decomposition(), weights.ravel(), strict=True):
            assert gate.data[0] is symbol

    def test_batch(self):
        weights = angles((3, 2, 2))

        @qml.qnode(qml.device("default.qubit"))
        def circuit(w):
            qml.RY(0.4, wires=1)
            StabilizerLogicalProduct(w, **SMALL, wires=range(3))
            return qml.probs(wires=range(3))

        assert StabilizerLogicalProduct(weights, **SMALL, wires=range(3)).batch_size == 3
        np.testing.assert_allclose(circuit(weights), [circuit(w) for w in weights], atol=1e-12)


class TestCommutation:
    """What the template promises: the reason why its gradient is cheap."""

    def test_blocks_commute_inside_and_act_alike_outside(self):
        rotations = EXAMPLES["paper"]().decomposition()
        dense = [-2 * qml.matrix(r.generator(), wire_order=range(4)) for r in rotations]
        observable = matrix("XXII")

        def commutes(a, b):
            return np.allclose(a @ b, b @ a)

        blocks = [dense[4 * a : 4 * a + 4] for a in range(12)]
        for a, block in enumerate(blocks):
            assert all(commutes(p, q) for p, q in product(block, repeat=2))
            assert len({commutes(p, observable) for p in block}) == 1
            for other in blocks[:a]:
                assert len({commutes(p, q) for p, q in product(block, other)}) == 1

    def test_the_algebra_saturates_the_bound(self):
        """4ⁿ/2ˢ − 2ˢ = 60 on four wires with two stabilizers."""
        rotations = EXAMPLES["paper"]().decomposition()[:48]
        words = [next(iter(r.generator().pauli_rep)) for r in rotations]
        assert len(qml.lie_closure(words, pauli=True)) == 4**4 // 2**2 - 2**2

    def test_all_stabilizers_are_conserved(self):
        @qml.qnode(qml.device("default.qubit"))
        def circuit(w):
            for wire in range(4):
                qml.Rot(0.3 + wire, 0.5 * wire, 0.1, wires=wire)
            if w is not None:
                StabilizerLogicalProduct(w, **PAPER, wires=range(4))
            words = PAPER["stabilizers"][1:]
            return [qml.expval(qml.pauli.string_to_pauli_word(word)) for word in words]

        np.testing.assert_allclose(circuit(angles((24, 4))), circuit(None), atol=1e-12)


class TestErrors:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"stabilizers": ["XXX", "ZII"]}, "XXX and ZII do not"),
            ({"stabilizers": ["XXX", "XXX"]}, "2 words were given and XXX is XXX"),
            ({"stabilizers": ["XXI", "IXX", "XIX"]}, "XIX is XXI times IXX"),
            ({"stabilizers": ["IXX", "III", "XXI"]}, "III is the identity"),
            (
                {"stabilizers": ["XXI", "YYI", "ZZI"]},
                "−1, but ZZI has the opposite sign of XXI tim",
            ),
            ({"stabilizers": ["III", "XXI", "YYI", "ZZI"]}, "−1, but ZZI has the opposite sign"),
            ({"stabilizers": ["XXI", "-XXI"]}, "−1, but -XXI has the opposite sign of XXI"),
            ({"stabilizers": ["-III"]}, "opposite sign of the identity"),
            ({"logicals": ["XII", "ZII"]}, "logical ZII and the stabilizer XXX do not commute"),
            ({"logicals": ["XXX", "XII"]}, "logical XXX is a product of the stabilizers"),
            ({"logicals": []}, "at least one logical"),
            ({"logicals": ["XX", "XII"]}, r"\[0, 1, 2\], but got 'XX'"),
            ({"logicals": ["XAI", "XII"]}, "but got 'XAI'"),
            ({"logicals": [qml.X(5), "XII"]}, r"but got X\(5\)"),
            ({"logicals": [2.0 * qml.X(0), "XII"]}, "with sign . or −"),
            ({"logicals": [1j * qml.X(0), "XII"]}, "with sign . or −"),
            ({"logicals": [qml.X(0) + qml.X(1), "XII"]}, "must be Pauli words"),
            ({"logicals": [qml.H(0), "XII"]}, "must be Pauli words"),
            ({"logicals": [3, "XII"]}, "but got 3"),
            ({"weights": np.zeros((2, 3))}, r"shape \(2, 2\).*got shape \(2, 3\)"),
            ({"weights": np.zeros((3, 2))}, r"shape\(n_logicals, n_stabilizers\) gives it"),
            ({"weights": np.zeros(2)}, "or a batch of such arrays"),
        ],
    )
    def test_constructor(self, options, message):
        good = {"weights": np.zeros((2, 2)), "stabilizers": ["XXX"], "logicals": ["XII", "IZZ"]}
        StabilizerLogicalProduct(**good, wires=range(3))
        with pytest.raises(ValueError, match=message):
            StabilizerLogicalProduct(**{**good, **options}, wires=range(3))

    def test_a_group_with_its_signs_is_accepted(self):
        group = ["III", "XXI", "YYI", "-ZZI"]
        op = StabilizerLogicalProduct(np.zeros((1, 4)), group, ["IIX"], range(3))
        assert len(op.decomposition()) == 4

    @pytest.mark.parametrize("n_wires", [0, 2, 5])
    def test_brick_wall_wires(self, n_wires):
        with pytest.raises(ValueError, match="even number of wires"):
            StabilizerLogicalProduct.brick_wall(n_wires, 2)

    def test_brick_wall_layers(self):
        with pytest.raises(ValueError, match="at least one layer"):
            StabilizerLogicalProduct.brick_wall(4, 0)


def model(weights):
    """A circuit in which every angle matters."""
    for wire in range(3):
        qml.Rot(0.3 + wire, 0.5 + wire, 0.2, wires=wire)
    StabilizerLogicalProduct(weights, **SMALL, wires=[2, 0, 1])
    return qml.expval(qml.Y(0) @ qml.Z(1) + 0.5 * qml.X(2) @ qml.X(1))


W = angles((2, 2))


@pytest.fixture(scope="module")
def reference():
    """Value and gradient by backpropagation in autograd."""
    qnode = qml.QNode(model, qml.device("default.qubit"), diff_method="backprop")
    weights = qml.numpy.array(W)
    return float(qnode(weights)), qml.grad(qnode)(weights)


class TestInterfaces:
    def test_the_gradient_is_that_of_finite_differences(self, reference):
        qnode = qml.QNode(model, qml.device("default.qubit"))
        step = 1e-5 * np.eye(4).reshape(4, 2, 2)
        slopes = [(qnode(W + h) - qnode(W - h)) / 2e-5 for h in step]
        np.testing.assert_allclose(np.ravel(reference[1]), slopes, atol=1e-8)
        assert np.all(np.abs(reference[1]) > 1e-3)

    @pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
    @pytest.mark.parametrize("method", ["parameter-shift", "adjoint"])
    def test_autograd(self, reference, device, method):
        qnode = qml.QNode(model, qml.device(device, wires=3), diff_method=method)
        value, gradient = reference
        assert qnode(W) == pytest.approx(value)
        np.testing.assert_allclose(qml.grad(qnode)(qml.numpy.array(W)), gradient, atol=1e-10)

    @pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
    def test_graph_decomposition(self, reference, graph, device):
        assert qml.QNode(model, qml.device(device, wires=3))(W) == pytest.approx(reference[0])

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_graph_decomposition_counts_what_it_produces(self, graph, name):
        gate_set = frozenset({"RX", "RY", "RZ", "CNOT", "Hadamard", "MultiRZ"})
        tape = qml.tape.QuantumScript([EXAMPLES[name]()])
        (tape,), _ = qml.transforms.decompose(tape, gate_set=gate_set)
        assert {gate.name for gate in tape.operations} <= gate_set

    def test_adjoint(self, graph):
        @qml.qnode(qml.device("default.qubit"))
        def circuit():
            StabilizerLogicalProduct(W, **SMALL, wires=range(3))
            qml.adjoint(StabilizerLogicalProduct)(W, **SMALL, wires=range(3))
            return qml.probs(wires=range(3))

        np.testing.assert_allclose(circuit(), np.eye(8)[0], atol=1e-12)

    def test_adjoint_of_an_operator_is_its_inverse(self):
        op = StabilizerLogicalProduct(W, **SMALL, wires=range(3))
        both = qml.matrix(qml.adjoint(op)) @ qml.matrix(op)
        np.testing.assert_allclose(both, np.eye(8), atol=1e-12)

    @pytest.mark.interfaces("jax")
    def test_jax(self, reference, x64):
        import jax

        qnode = qml.QNode(model, qml.device("default.qubit"))
        value, gradient = jax.jit(jax.value_and_grad(qnode))(jax.numpy.array(W))
        assert float(value) == pytest.approx(reference[0])
        np.testing.assert_allclose(gradient, reference[1], atol=1e-10)

    @pytest.mark.interfaces("torch")
    def test_torch(self, reference):
        import torch

        weights = torch.tensor(W, requires_grad=True)
        qml.QNode(model, qml.device("default.qubit"))(weights).backward()
        np.testing.assert_allclose(weights.grad, reference[1], atol=1e-10)

    @pytest.mark.interfaces("jax")
    def test_capture(self, reference, captured):
        qnode = qml.QNode(model, qml.device("default.qubit", wires=3))
        assert float(qnode(W)) == pytest.approx(reference[0])


class TestThreeStabilizers:
    """Three generators, or the eight words they generate."""

    GENERATORS = ("ZZI", "IZZ", "XXX")
    GROUP = ("III", "ZZI", "IZZ", "ZIZ", "XXX", "-YYX", "-XYY", "-YXY")

    def test_the_whole_group_is_taken(self):
        found = group_of(self.GROUP)
        assert len(found) == 8 and set(found) == set(group_of(self.GENERATORS))

    def test_a_group_with_a_word_left_out_is_refused(self):
        with pytest.raises(ValueError, match="all 8 elements of their group, but 7 words"):
            group_of(self.GROUP[:-1])

    def test_shape(self):
        assert StabilizerLogicalProduct.shape(5, 3) == (5, 8)
