"""DataReuploading: shapes, blocks, checks, and its life inside PennyLane."""

from __future__ import annotations

import pickle

import numpy as np
import pennylane as qml
import pytest
from pennylane.ops.functions.assert_valid import _test_decomposition_rule

from pennylane_trainability.templates import DataReuploading, ParallelAngleEncoding


def own_block(weights, wires):
    """A block of a user's own, as it would be written for one set of weights or a batch."""
    qml.RX(weights[..., 0], wires=wires[0])
    qml.CRZ(weights[..., 1], wires=[wires[0], wires[-1]])
    qml.adjoint(qml.S)(wires[-1])


def weights_for(n_layers, n_wires, seed=3, **options):
    """Weights in general position."""
    shape = DataReuploading.shape(n_layers, n_wires, **options)
    return np.random.default_rng(seed).uniform(0.1, 3, shape)


OWN = {"block": own_block, "block_shape": (2,)}

EXAMPLES = {
    "rot-ring": lambda: DataReuploading(0.3, weights_for(1, 3, n_blocks=2), range(3)),
    "one wire": lambda: DataReuploading(0.3, weights_for(2, 1), 0, prefactors=[2]),
    "ry-ring": lambda: DataReuploading(
        np.array([0.3, 0.1]), weights_for(1, 2, block="ry-ring"), [0, 1], "ry-ring", rotation="Y"
    ),
    "own block": lambda: DataReuploading(0.3, weights_for(1, 2, **OWN), [0, 1], **OWN),
    "template as block": lambda: DataReuploading(
        0.3,
        weights_for(1, 2, block=qml.BasicEntanglerLayers, block_shape=(1, 2)),
        [0, 1],
        qml.BasicEntanglerLayers,
        (1, 2),
    ),
    "rows": lambda: DataReuploading(
        0.3, weights_for(2, 2), [0, 1], prefactors=np.array([[1, 3], [9, 27]])
    ),
}
SPECIAL_UNITARY = {"block": "special-unitary"}


class TestStandards:
    @pytest.mark.interfaces("jax")
    @pytest.mark.parametrize("name", EXAMPLES)
    def test_assert_valid(self, name, x64):
        qml.ops.functions.assert_valid(EXAMPLES[name]())

    @pytest.mark.interfaces("jax")
    def test_assert_valid_special_unitary(self, x64):
        # Autograd cannot differentiate the matrix exponential in SpecialUnitary.
        op = DataReuploading(0.3, weights_for(1, 2, **SPECIAL_UNITARY), [0, 1], **SPECIAL_UNITARY)
        qml.ops.functions.assert_valid(op, skip_differentiation=True)

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_decomposition_rule(self, name):
        (rule,) = qml.list_decomps(DataReuploading)
        _test_decomposition_rule(EXAMPLES[name](), rule)

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_pytree_and_pickle(self, name):
        op = EXAMPLES[name]()
        data, metadata = op._flatten()
        assert hash(metadata)
        qml.assert_equal(DataReuploading._unflatten(data, metadata), op)
        qml.assert_equal(pickle.loads(pickle.dumps(op)), op)


class TestShape:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({}, (4, 1, 2, 3)),
            ({"n_blocks": 5}, (4, 5, 2, 3)),
            ({"block": "ry-ring"}, (4, 1, 2)),
            ({"block": "special-unitary"}, (4, 1, 15)),
            ({"block": own_block, "block_shape": [7, 2]}, (4, 1, 7, 2)),
            ({"block": own_block, "block_shape": ()}, (4, 1)),
        ],
    )
    def test_shape(self, options, expected):
        assert DataReuploading.shape(3, 2, **options) == expected

    def test_block_shape_is_needed_for_a_function(self):
        with pytest.raises(ValueError, match="needs block_shape"):
            DataReuploading.shape(1, 2, block=own_block)

    def test_block_shape_of_a_named_block_must_fit(self):
        assert DataReuploading.shape(1, 2, block_shape=(2, 3)) == (2, 1, 2, 3)
        with pytest.raises(ValueError, match="Leave block_shape out"):
            DataReuploading.shape(1, 2, block_shape=(3,))


class TestGates:
    @pytest.mark.parametrize("n_wires", [1, 2, 3, 4])
    @pytest.mark.parametrize("n_blocks", [1, 2])
    def test_rot_ring_is_strongly_entangling_layers_of_range_one(self, n_wires, n_blocks):
        weights = weights_for(1, n_wires, n_blocks=n_blocks)
        wires = [f"w{i}" for i in range(n_wires)]
        ranges = (1,) * n_blocks if n_wires > 1 else None
        expected = [
            *qml.StronglyEntanglingLayers(weights[0], wires, ranges=ranges).decomposition(),
            *ParallelAngleEncoding(0.3, wires).decomposition(),
            *qml.StronglyEntanglingLayers(weights[1], wires, ranges=ranges).decomposition(),
        ]
        found = DataReuploading(0.3, weights, wires).decomposition()
        for got, want in zip(found, expected, strict=True):
            qml.assert_equal(got, want)

    def test_ry_ring(self):
        op = DataReuploading(
            0.3, np.array([[[1.0, 2.0]], [[3.0, 4.0]]]), ["a", "b"], block="ry-ring"
        )
        found = [(g.name, "".join(g.wires), *g.data) for g in op.decomposition()]
        ring = [("CNOT", "ab"), ("CNOT", "ba")]
        assert found == [
            *[("RY", "a", 1.0), ("RY", "b", 2.0), *ring],
            *[("RX", "a", 0.3), ("RX", "b", 0.3)],
            *[("RY", "a", 3.0), ("RY", "b", 4.0), *ring],
        ]

    def test_special_unitary(self):
        weights = weights_for(1, 2, **SPECIAL_UNITARY)
        gates = DataReuploading(0.3, weights, [0, 1], **SPECIAL_UNITARY).decomposition()
        assert [g.name for g in gates] == ["SpecialUnitary", "RX", "RX", "SpecialUnitary"]
        np.testing.assert_array_equal(gates[3].data[0], weights[1, 0])

    def test_own_block_with_what_it_dequeues(self):
        weights = weights_for(1, 3, n_blocks=2, **OWN)
        with qml.queuing.AnnotatedQueue() as queue:
            gates = DataReuploading.compute_decomposition(
                0.3, weights, qml.wires.Wires(range(3)), own_block, (2,), qml.RZ, ((1, 1, 1),)
            )
        block = ["RX", "CRZ", "Adjoint(S)"]
        assert [g.name for g in gates] == [*block, *block, *["RZ"] * 3, *block, *block]
        assert qml.tape.QuantumScript.from_queue(queue).operations == gates

    def test_prefactors_by_layer(self):
        op = DataReuploading(0.5, weights_for(2, 2), [0, 1], prefactors=[[1, 3], [9, 27]])
        angles = [g.data[0] for g in op.decomposition() if g.name == "RX"]
        assert angles == [0.5, 1.5, 4.5, 13.5]
        same = DataReuploading(0.5, weights_for(2, 2), [0, 1], prefactors="ternary")
        assert same.hyperparameters["prefactors"] == ((1, 3), (1, 3))

    @pytest.mark.parametrize("block", ["rot-ring", "ry-ring"])
    def test_object_arrays_pass_through(self, symbols, block):
        features = symbols(2)
        weights = symbols(*DataReuploading.shape(2, 4, 2, block))
        op = DataReuploading(features, weights, range(4), block=block)
        trainable = [a for g in op.decomposition() if g.name in ("Rot", "RY") for a in g.data]
        assert all(a is b for a, b in zip(trainable, weights.ravel(), strict=True))
        angles = [g.data[0] for g in op.decomposition() if g.name == "RX"]
        assert angles == [features[0], features[0], features[1], features[1]] * 2

    def test_object_arrays_pass_into_an_own_block(self, symbols):
        weights = symbols(2, 1)

        def block(weight, wires):
            qml.RY(weight, wires=wires[0])

        op = DataReuploading(0.3, weights, 0, block=block, block_shape=())
        assert [g.data[0] for g in op.decomposition()] == [weights[0, 0], 0.3, weights[1, 0]]

    def test_object_arrays_pass_into_special_unitary(self, symbols):
        weights = symbols(2, 1, 3)
        first, _, last = DataReuploading(0.3, weights, 0, **SPECIAL_UNITARY).decomposition()
        assert all(a is b for a, b in zip(first.data[0], weights[0, 0], strict=True))
        assert all(a is b for a, b in zip(last.data[0], weights[1, 0], strict=True))

    @pytest.mark.parametrize(
        "options", [{}, {"block": "ry-ring"}, SPECIAL_UNITARY, OWN, {"n_blocks": 2}]
    )
    @pytest.mark.parametrize("batched", ["features", "weights", "both"])
    def test_batch(self, options, batched):
        features = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
        weights = np.stack([weights_for(1, 2, seed, **options) for seed in range(3)])
        features = features if batched != "weights" else features[0]
        weights = weights if batched != "features" else weights[0]
        options = {k: v for k, v in options.items() if k != "n_blocks"}

        @qml.qnode(qml.device("default.qubit"))
        def circuit(x, w):
            DataReuploading(x, w, [0, 1], **options)
            return qml.probs(wires=[0, 1])

        assert DataReuploading(features, weights, [0, 1], **options).batch_size == 3
        each = (
            (lambda i: features[i] if features.ndim == 2 else features),
            (lambda i: weights[i] if batched != "features" else weights),
        )
        expected = [circuit(each[0](i), each[1](i)) for i in range(3)]
        np.testing.assert_allclose(circuit(features, weights), expected, atol=1e-12)

    def test_drawing(self):
        @qml.qnode(qml.device("default.qubit"))
        def circuit():
            DataReuploading(0.3, np.zeros((2, 1, 2)), [0, 1], block="ry-ring")
            return qml.expval(qml.Z(0))

        assert "DataReuploading(0.30,M0)" in qml.draw(circuit)()


class TestErrors:
    @pytest.mark.parametrize(
        ("weights", "options", "message"),
        [
            ((2, 1, 3, 3), {}, r"\(n_layers \+ 1, n_blocks, 2, 3\).*got shape \(2, 1, 3, 3\)"),
            ((2, 3), {}, "got shape"),
            ((1, 1, 2, 3), {}, "at least one encoding layer and one block"),
            ((2, 0, 2, 3), {}, "at least one encoding layer and one block"),
            ((4, 3, 0, 2, 3), {}, "at least one encoding layer and one block"),
            ((2, 1, 2, 3), {"block": "ring"}, "block must be 'rot-ring', 'ry-ring'"),
            ((2, 1, 2, 3), {"block": None}, "block must be"),
            ((2, 1, 2), {"block": own_block}, "needs block_shape"),
            ((2, 1, 2, 3), {"block_shape": (2,)}, "Leave block_shape out"),
            ((2, 1, 2, 3), {"rotation": "x"}, "rotation must be"),
            ((2, 1, 2, 3), {"prefactors": [1, 2, 3]}, "2 finite real numbers"),
            ((2, 1, 2, 3), {"prefactors": 3}, "2 finite real numbers"),
            ((2, 1, 2, 3), {"prefactors": [[1, 2], [3, 4]]}, "need 1 rows.*but got 2"),
            ((2, 1, 2, 3), {"prefactors": [[1, 2, 3]]}, "2 finite real numbers"),
        ],
    )
    def test_constructor(self, weights, options, message):
        with pytest.raises(ValueError, match=message):
            DataReuploading(0.1, np.zeros(weights), [0, 1], **options)

    def test_features(self):
        with pytest.raises(ValueError, match="multiple of the number of features"):
            DataReuploading([0.1, 0.2, 0.3], np.zeros((2, 1, 2, 3)), [0, 1])

    def test_block_that_measures(self):
        def block(weights, wires):
            qml.expval(qml.Z(wires[0]))

        op = DataReuploading(0.1, np.zeros((2, 1)), [0, 1], block=block, block_shape=())
        with pytest.raises(ValueError, match="it contains a measurement"):
            op.decomposition()

    def test_block_on_other_wires(self):
        def block(weights, wires):
            qml.CNOT([wires[0], "other"])

        op = DataReuploading(0.1, np.zeros((2, 1)), [0, 1], block=block, block_shape=())
        with pytest.raises(ValueError, match=r"a gate on wires \['other'\]"):
            op.decomposition()


class TestSpectrum:
    @pytest.mark.parametrize("shape", [(1, 4), (2, 2), (4, 1)])
    def test_depends_on_the_budget_alone(self, shape):
        n_wires, n_layers = shape
        spectrum = DataReuploading.spectrum(n_layers, n_wires)
        assert spectrum.budget == 4
        assert spectrum.minimum_parameters == 9
        assert spectrum.redundancy == (70, 56, 28, 8, 1)

    def test_prefactors_by_layer(self):
        spectrum = DataReuploading.spectrum(2, 2, prefactors=[[1, 3], [9, 27]])
        assert spectrum.minimum_parameters == 81
        assert DataReuploading.spectrum(2, 2, "ternary").minimum_parameters == 17

    @pytest.mark.parametrize("shape", [(1, 3), (3, 1), (2, 2)])
    def test_the_output_has_these_frequencies(self, shape):
        n_wires, n_layers = shape
        weights = weights_for(n_layers, n_wires, n_blocks=2)

        @qml.qnode(qml.device("default.qubit"))
        def circuit(x):
            DataReuploading(x, weights, range(n_wires))
            return qml.expval(qml.Z(n_wires - 1))

        points = 2 * np.pi * np.arange(16) / 16
        coefficients = np.fft.rfft(circuit(points[:, None])) / 16
        found = np.flatnonzero(np.abs(coefficients) > 1e-10)
        allowed = DataReuploading.spectrum(n_layers, n_wires).frequencies
        np.testing.assert_array_equal(found, allowed)

    def test_two_features(self):
        weights = weights_for(1, 2, n_blocks=2)

        @qml.qnode(qml.device("default.qubit"))
        def circuit(x):
            DataReuploading(x, weights, range(2))
            return qml.expval(qml.Z(1))

        points = 2 * np.pi * np.arange(8) / 8
        grid = np.stack(np.meshgrid(points, points, indexing="ij"), axis=-1).reshape(-1, 2)
        coefficients = np.fft.fft2(circuit(grid).reshape(8, 8)) / 64
        half = DataReuploading.spectrum(1, 2, n_features=2).frequencies.astype(int)
        allowed = {tuple(k % 8) for row in half for k in (row, -row)}
        found = {tuple(k) for k in np.argwhere(np.abs(coefficients) > 1e-10)}
        assert found <= allowed
        assert {(1, 1), (7, 7)} <= found


def model(x, weights):
    """Two models after each other, so that every option is used."""
    DataReuploading(x, weights, wires=[0, 1], rotation="Y", prefactors=[1, 2.5])
    DataReuploading(x, weights[..., 0], wires=[1, 0], block="ry-ring")
    return qml.expval(qml.Z(1))


X, W = 0.3, weights_for(2, 2)


@pytest.fixture(scope="module")
def reference():
    """Value and gradients by backpropagation in autograd."""
    qnode = qml.QNode(model, qml.device("default.qubit"), diff_method="backprop")
    args = qml.numpy.array(X), qml.numpy.array(W)
    return float(qnode(*args)), qml.grad(qnode)(*args)


class TestInterfaces:
    @pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
    @pytest.mark.parametrize("method", ["parameter-shift", "adjoint"])
    def test_autograd(self, reference, device, method):
        qnode = qml.QNode(model, qml.device(device, wires=2), diff_method=method)
        value, gradients = reference
        assert qnode(X, W) == pytest.approx(value)
        found = qml.grad(qnode)(qml.numpy.array(X), qml.numpy.array(W))
        for got, want in zip(found, gradients, strict=True):
            np.testing.assert_allclose(got, want, atol=1e-10)

    @pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
    def test_graph_decomposition(self, reference, graph, device):
        assert qml.QNode(model, qml.device(device, wires=2))(X, W) == pytest.approx(reference[0])

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_graph_decomposition_counts_what_it_produces(self, graph, name):
        op = EXAMPLES[name]()
        gate_set = frozenset({"RX", "RY", "RZ", "CNOT", "CRZ", "Adjoint(S)"})
        (tape,), _ = qml.transforms.decompose(qml.tape.QuantumScript([op]), gate_set=gate_set)
        assert {gate.name for gate in tape.operations} <= gate_set

    def test_adjoint(self, graph):
        @qml.qnode(qml.device("default.qubit"))
        def circuit():
            DataReuploading(X, W, [0, 1])
            qml.adjoint(DataReuploading)(X, W, [0, 1])
            return qml.probs(wires=[0, 1])

        np.testing.assert_allclose(circuit(), [1, 0, 0, 0], atol=1e-12)

    @pytest.mark.interfaces("jax")
    def test_jax(self, reference, x64):
        import jax

        qnode = qml.QNode(model, qml.device("default.qubit"))
        value, gradients = reference
        args = jax.numpy.array(X), jax.numpy.array(W)
        found_value, found = jax.jit(jax.value_and_grad(qnode, argnums=(0, 1)))(*args)
        assert float(found_value) == pytest.approx(value)
        for got, want in zip(found, gradients, strict=True):
            np.testing.assert_allclose(got, want, atol=1e-10)

    @pytest.mark.interfaces("torch")
    def test_torch(self, reference):
        import torch

        args = [torch.tensor(a, requires_grad=True, dtype=torch.float64) for a in (X, W)]
        qml.QNode(model, qml.device("default.qubit"))(*args).backward()
        for tensor, want in zip(args, reference[1], strict=True):
            np.testing.assert_allclose(tensor.grad, want, atol=1e-10)

    @pytest.mark.interfaces
    def test_special_unitary_has_gradients_in_jax_and_torch(self, x64):
        import jax
        import torch

        weights = weights_for(1, 2, **SPECIAL_UNITARY)

        @qml.qnode(qml.device("default.qubit"))
        def circuit(w):
            DataReuploading(0.3, w, [0, 1], **SPECIAL_UNITARY)
            return qml.expval(qml.Z(0))

        tensor = torch.tensor(weights, requires_grad=True)
        circuit(tensor).backward()
        found = jax.grad(circuit)(jax.numpy.array(weights))
        np.testing.assert_allclose(found, tensor.grad, atol=1e-10)
        assert np.abs(found).max() > 1e-3

    @pytest.mark.interfaces("jax")
    def test_capture(self, reference, captured):
        qnode = qml.QNode(model, qml.device("default.qubit", wires=2))
        assert float(qnode(X, W)) == pytest.approx(reference[0])

    @pytest.mark.interfaces("jax")
    def test_capture_of_an_own_block_and_named_arguments(self, captured):
        def circuit(x, weights):
            DataReuploading(features=x, weights=weights, wires=[0, 1], prefactors=[1, 3], **OWN)
            return qml.expval(qml.Y(0))

        weights = weights_for(1, 2, **OWN)
        found = float(qml.QNode(circuit, qml.device("default.qubit", wires=2))(X, weights))
        qml.capture.disable()
        expected = qml.QNode(circuit, qml.device("default.qubit", wires=2))(X, weights)
        assert found == pytest.approx(float(expected))
