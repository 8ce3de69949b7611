"""ParallelAngleEncoding: gates, checks, and its life inside PennyLane."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane.ops.functions.assert_valid import _test_decomposition_rule

from pennylane_trainability.templates import ParallelAngleEncoding

EXAMPLES = {
    "scalar": lambda: ParallelAngleEncoding(0.3, range(3)),
    "vector": lambda: ParallelAngleEncoding(np.array([0.1, 0.2]), range(4), "Y", "ternary"),
    "numbers": lambda: ParallelAngleEncoding(np.array([0.1]), [0, 1], "Z", [0.5, -2]),
}


def gates(op):
    """Names, wires and angles of the decomposition."""
    return [(g.name, g.wires[0], g.data[0]) for g in op.decomposition()]


class TestStandards:
    @pytest.mark.interfaces("jax")
    @pytest.mark.parametrize("name", EXAMPLES)
    def test_assert_valid(self, name):
        qml.ops.functions.assert_valid(EXAMPLES[name]())

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_decomposition_rule(self, name):
        (rule,) = qml.list_decomps(ParallelAngleEncoding)
        _test_decomposition_rule(EXAMPLES[name](), rule)

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_pytree(self, name):
        op = EXAMPLES[name]()
        data, metadata = op._flatten()
        assert hash(metadata)
        qml.assert_equal(ParallelAngleEncoding._unflatten(data, metadata), op)

    def test_does_not_queue_examples_while_counting(self):
        with qml.queuing.AnnotatedQueue() as queue:
            (rule,) = qml.list_decomps(ParallelAngleEncoding)
            rule.compute_resources(rotation=qml.RX, num_wires=3)
        assert not queue.queue


class TestGates:
    def test_scalar_goes_to_every_wire(self):
        assert gates(EXAMPLES["scalar"]()) == [("RX", w, 0.3) for w in range(3)]

    def test_features_share_out_the_wires_in_contiguous_groups(self):
        expected = [("RY", 0, 0.1), ("RY", 1, 0.3), ("RY", 2, 0.2), ("RY", 3, 0.6)]
        for got, want in zip(gates(EXAMPLES["vector"]()), expected, strict=True):
            assert got[:2] == want[:2]
            assert got[2] == pytest.approx(want[2])

    def test_explicit_prefactors_and_labels(self):
        op = ParallelAngleEncoding(np.array([0.1]), ["a", "b"], "Z", np.array([0.5, -2]))
        assert gates(op) == [("RZ", "a", 0.05), ("RZ", "b", -0.2)]

    def test_unary_leaves_the_feature_alone(self, symbols):
        features = symbols(2)
        op = ParallelAngleEncoding(features, range(4))
        assert [g[2] for g in gates(op)] == [features[0]] * 2 + [features[1]] * 2

    def test_object_arrays_are_multiplied_and_not_cast(self, symbols):
        features = symbols(2)
        op = ParallelAngleEncoding(features, range(4), prefactors="ternary")
        found = [g[2] for g in gates(op)]
        assert [s.name for s in found] == [(0,), (0,), (1,), (1,)]
        assert [s.factor for s in found] == [1, 3, 1, 3]
        assert found[0] is features[0]

    @pytest.mark.parametrize("boxed", [False, True])
    def test_single_object(self, symbols, boxed):
        symbol = symbols(1)[0]
        op = ParallelAngleEncoding(np.array(symbol, dtype=object) if boxed else symbol, range(2))
        assert all(g[2] is symbol for g in gates(op))

    def test_batch(self):
        features = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
        op = ParallelAngleEncoding(features, range(4))
        assert op.batch_size == 3
        np.testing.assert_array_equal(gates(op)[2][2], [0.2, 0.4, 0.6])

        @qml.qnode(qml.device("default.qubit"))
        def circuit(x):
            ParallelAngleEncoding(x, range(4), prefactors="ternary")
            return qml.probs(wires=range(4))

        np.testing.assert_allclose(circuit(features), [circuit(x) for x in features])

    def test_scalar_has_no_batch(self):
        assert EXAMPLES["scalar"]().batch_size is None
        assert EXAMPLES["scalar"]().ndim_params == (0,)
        assert EXAMPLES["vector"]().ndim_params == (1,)


class TestErrors:
    @pytest.mark.parametrize(
        ("features", "options", "message"),
        [
            ([0.1, 0.2], {}, r"got 3 wires for 2 features.*Add or remove wires"),
            (np.zeros(4), {}, r"shape \(batch, 1\)"),
            (np.zeros((2, 2, 3)), {}, r"got shape \(2, 2, 3\)"),
            (0.1, {"rotation": "W"}, "rotation must be 'X', 'Y' or 'Z', but got 'W'"),
            (0.1, {"prefactors": "binary"}, "'unary', 'ternary' or a sequence"),
            (0.1, {"prefactors": [1, 2]}, "3 finite real numbers, one for each wire"),
            (0.1, {"prefactors": [1, 2, np.nan]}, "3 finite real numbers"),
            (0.1, {"prefactors": 2.0}, "Pass a sequence of that length"),
            (0.1, {"prefactors": [1, 2, 1j]}, "3 finite real numbers"),
        ],
    )
    def test_constructor(self, features, options, message):
        with pytest.raises(ValueError, match=message):
            ParallelAngleEncoding(features, range(3), **options)

    def test_no_wires(self):
        with pytest.raises(ValueError, match="got 0 wires"):
            ParallelAngleEncoding(0.1, [])


class TestSpectrum:
    def test_unary(self):
        spectrum = ParallelAngleEncoding.spectrum(3)
        assert (spectrum.budget, spectrum.minimum_parameters) == (3, 7)

    def test_several_features(self):
        spectrum = ParallelAngleEncoding.spectrum(4, "ternary", n_features=2)
        assert spectrum.prefactors == ((1, 3), (1, 3))

    def test_wires_that_cannot_be_shared_out(self):
        with pytest.raises(ValueError, match="multiple of the number of features"):
            ParallelAngleEncoding.spectrum(3, n_features=2)

    def test_pennylane_agrees(self):
        @qml.qnode(qml.device("default.qubit"))
        def circuit(x):
            ParallelAngleEncoding(x, range(2), prefactors="ternary")
            return qml.expval(qml.Z(0))

        found = qml.fourier.qnode_spectrum(circuit)(qml.numpy.array(0.1, requires_grad=True))
        assert [k for k in found["x"][()] if k >= 0] == [0, 1, 2, 3, 4]


def model(x):
    """A circuit in which every angle matters."""
    ParallelAngleEncoding(x, wires=range(4), rotation="Y", prefactors="ternary")
    qml.CNOT([1, 2])
    return qml.expval(qml.Z(0) @ qml.Z(2) @ qml.Z(3))


X = np.array([0.1, 0.2])


def exact(x):
    """The output of ``model`` on paper."""
    return np.cos(x[0]) * np.cos(3 * x[0]) * np.cos(x[1]) * np.cos(3 * x[1])


class TestInterfaces:
    @pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
    @pytest.mark.parametrize("method", ["parameter-shift", "adjoint", "best"])
    def test_autograd(self, device, method):
        qnode = qml.QNode(model, qml.device(device, wires=4), diff_method=method)
        x = qml.numpy.array(X, requires_grad=True)
        assert qnode(x) == pytest.approx(exact(X))
        step = 1e-6 * np.eye(2)
        expected = [(exact(X + h) - exact(X - h)) / 2e-6 for h in step]
        np.testing.assert_allclose(qml.grad(qnode)(x), expected, atol=1e-8)

    def test_lists(self):
        assert qml.QNode(model, qml.device("default.qubit"))([0.1, 0.2]) == pytest.approx(exact(X))

    def test_graph_decomposition(self, graph):
        qnode = qml.QNode(model, qml.device("lightning.qubit", wires=4))
        assert qnode(X) == pytest.approx(exact(X))

    @pytest.mark.interfaces("jax")
    def test_jax(self, x64):
        import jax

        qnode = qml.QNode(model, qml.device("default.qubit"))
        x = jax.numpy.array(X)
        assert float(jax.jit(qnode)(x)) == pytest.approx(exact(X))
        np.testing.assert_allclose(
            jax.jit(jax.grad(qnode))(x), qml.grad(qnode)(qml.numpy.array(X)), atol=1e-12
        )

    @pytest.mark.interfaces("torch")
    def test_torch(self):
        import torch

        qnode = qml.QNode(model, qml.device("default.qubit"))
        x = torch.tensor(X, requires_grad=True)
        qnode(x).backward()
        np.testing.assert_allclose(x.grad, qml.grad(qnode)(qml.numpy.array(X)))

    @pytest.mark.interfaces("jax")
    @pytest.mark.parametrize("named", [True, False])
    def test_capture(self, captured, named):
        def circuit(x):
            if named:
                ParallelAngleEncoding(features=x, wires=range(2), prefactors=[1, 3])
            else:
                ParallelAngleEncoding(x, range(2), "X", np.array([1, 3]))
            return qml.expval(qml.Z(0) @ qml.Z(1))

        qnode = qml.QNode(circuit, qml.device("default.qubit", wires=2))
        assert float(qnode(0.1)) == pytest.approx(np.cos(0.1) * np.cos(0.3))
