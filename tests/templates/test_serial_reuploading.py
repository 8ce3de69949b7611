"""SerialReuploading: gates, checks, and its life inside PennyLane."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane.ops.functions.assert_valid import _test_decomposition_rule

from pennylane_trainability.templates import SerialReuploading


def weights_for(n_layers, n_wires=1, seed=7):
    """Weights in general position."""
    shape = SerialReuploading.shape(n_layers, n_wires)
    return np.random.default_rng(seed).uniform(0.1, 3, shape)


EXAMPLES = {
    "one wire": lambda: SerialReuploading(0.3, weights_for(2), 0),
    "two wires": lambda: SerialReuploading(
        np.array([0.3, 0.4]), weights_for(2, 2), [0, 1], "Z", [1, 2.5]
    ),
    "ternary": lambda: SerialReuploading(np.array([0.3]), weights_for(3), 0, prefactors="ternary"),
}


class TestStandards:
    @pytest.mark.interfaces("jax")
    @pytest.mark.parametrize("name", EXAMPLES)
    def test_assert_valid(self, name, x64):
        qml.ops.functions.assert_valid(EXAMPLES[name]())

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_decomposition_rule(self, name):
        (rule,) = qml.list_decomps(SerialReuploading)
        _test_decomposition_rule(EXAMPLES[name](), rule)

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_pytree(self, name):
        op = EXAMPLES[name]()
        data, metadata = op._flatten()
        assert hash(metadata)
        qml.assert_equal(SerialReuploading._unflatten(data, metadata), op)


class TestGates:
    def test_order(self):
        weights = weights_for(2)
        op = SerialReuploading(0.3, weights, "a", rotation="Y", prefactors=[1, 2])
        expected = [
            qml.Rot(*weights[0, 0], wires="a"),
            qml.RY(0.3, wires="a"),
            qml.Rot(*weights[1, 0], wires="a"),
            qml.RY(0.6, wires="a"),
            qml.Rot(*weights[2, 0], wires="a"),
        ]
        for got, want in zip(op.decomposition(), expected, strict=True):
            qml.assert_equal(got, want)

    def test_object_arrays_pass_through(self, symbols):
        features, weights = symbols(2), symbols(3, 4, 3)
        op = SerialReuploading(features, weights, range(4), prefactors="ternary")
        gates = op.decomposition()
        rots = [g for g in gates if g.name == "Rot"]
        found = np.array([[a for a in g.data] for g in rots], dtype=object).reshape(3, 4, 3)
        assert all(a is b for a, b in zip(found.ravel(), weights.ravel(), strict=True))
        angles = [g.data[0] for g in gates if g.name == "RX"]
        assert [(a.name[0], a.factor) for a in angles] == [
            *[(0, 1), (0, 1), (1, 1), (1, 1)],
            *[(0, 3), (0, 3), (1, 3), (1, 3)],
        ]
        assert angles[0] is features[0]

    def test_wires_are_a_product(self):
        weights = weights_for(2, 3)

        @qml.qnode(qml.device("default.qubit"))
        def circuit(x, weights, wires):
            SerialReuploading(x, weights, wires)
            return qml.expval(qml.prod(*(qml.Z(w) for w in wires)))

        alone = [circuit(0.4, weights[:, i : i + 1], [0]) for i in range(3)]
        assert circuit(0.4, weights, [0, 1, 2]) == pytest.approx(np.prod(alone))

    @pytest.mark.parametrize("batched", ["features", "weights", "both"])
    def test_batch(self, batched):
        features = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
        weights = np.stack([weights_for(2, 2, seed) for seed in range(3)])
        features = features if batched != "weights" else features[0]
        weights = weights if batched != "features" else weights[0]

        @qml.qnode(qml.device("default.qubit"))
        def circuit(x, w):
            SerialReuploading(x, w, [0, 1])
            return qml.probs(wires=[0, 1])

        assert SerialReuploading(features, weights, [0, 1]).batch_size == 3
        pairs = zip(
            np.broadcast_to(features, (3, 2)), np.broadcast_to(weights, (3, 3, 2, 3)), strict=True
        )
        expected = [circuit(x, w) for x, w in pairs]
        np.testing.assert_allclose(circuit(features, weights), expected)

    def test_batches_of_different_size(self):
        op = SerialReuploading(np.zeros((2, 1)), np.zeros((3, 2, 1, 3)), 0)
        with pytest.raises(ValueError, match="broadcasted dimensions"):
            _ = op.batch_size


class TestShapeAndSpectrum:
    def test_shape(self):
        assert SerialReuploading.shape(4) == (5, 1, 3)
        assert SerialReuploading.shape(n_layers=2, n_wires=3) == (3, 3, 3)

    def test_one_wire(self):
        spectrum = SerialReuploading.spectrum(3)
        assert (spectrum.budget, spectrum.minimum_parameters) == (3, 7)
        assert SerialReuploading.spectrum(3, prefactors="ternary").minimum_parameters == 27

    def test_several_wires_and_features(self):
        spectrum = SerialReuploading.spectrum(2, n_wires=4, prefactors=[1, 2], n_features=2)
        assert spectrum.budget == 8
        assert [sorted(row) for row in spectrum.prefactors] == [[1, 1, 2, 2]] * 2

    @pytest.mark.parametrize(
        ("prefactors", "present"), [("unary", range(3)), ("ternary", range(5)), ([1, 4], None)]
    )
    def test_the_output_has_these_frequencies(self, prefactors, present):
        weights = weights_for(2)

        @qml.qnode(qml.device("default.qubit"))
        def circuit(x):
            SerialReuploading(x, weights, 0, prefactors=prefactors)
            return qml.expval(qml.Z(0))

        points = 2 * np.pi * np.arange(32) / 32
        coefficients = np.fft.rfft(circuit(points[:, None])) / 32
        found = np.flatnonzero(np.abs(coefficients) > 1e-10)
        allowed = SerialReuploading.spectrum(2, prefactors=prefactors).frequencies
        np.testing.assert_array_equal(found, allowed)
        if present is not None:
            np.testing.assert_array_equal(found, list(present))


class TestErrors:
    @pytest.mark.parametrize(
        ("shape", "options", "message"),
        [
            ((3, 3), {}, r"shape \(n_layers \+ 1, 2, 3\).*got shape \(3, 3\)"),
            ((3, 1, 3), {}, r"SerialReuploading.shape\(n_layers, n_wires=2\)"),
            ((3, 2, 2), {}, "got shape"),
            ((1, 2, 3), {}, "at least one encoding layer"),
            ((3, 2, 3), {"prefactors": [1, 2, 3]}, "2 finite real numbers, one for each encoding"),
            ((3, 2, 3), {"rotation": None}, "rotation must be"),
        ],
    )
    def test_constructor(self, shape, options, message):
        with pytest.raises(ValueError, match=message):
            SerialReuploading(0.1, np.zeros(shape), [0, 1], **options)

    def test_features(self):
        with pytest.raises(ValueError, match="multiple of the number of features"):
            SerialReuploading([0.1, 0.2], np.zeros((3, 1, 3)), 0)


def model(x, weights):
    """A circuit in which every angle matters."""
    SerialReuploading(x, weights, wires=[0, 1], rotation="Z", prefactors=[1, 2.5])
    qml.CNOT([0, 1])
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

    def test_adjoint(self):
        @qml.qnode(qml.device("default.qubit"))
        def circuit():
            SerialReuploading(X, W, [0, 1])
            qml.adjoint(SerialReuploading)(X, W, [0, 1])
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

    @pytest.mark.interfaces("jax")
    def test_capture(self, reference, captured):
        qnode = qml.QNode(model, qml.device("default.qubit", wires=2))
        assert float(qnode(X, W)) == pytest.approx(reference[0])
