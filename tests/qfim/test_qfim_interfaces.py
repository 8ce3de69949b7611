"""Numbers of the user's interface, derivatives of the QFIM, and compilation."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt


def model(x, w):
    """Tied, rescaled and shifted angles, gates of one and of two frequencies."""
    qml.RX(x, wires=0)
    for k in range(2):
        qml.RY(w[k, 0] + 0.3 * w[0, 1], wires=k)
        qml.RZ(np.pi * w[k, 1], wires=k)
    qml.CRX(w[1, 0] - x, wires=[0, 1])
    qml.IsingXX(0.5 * w[0, 0], wires=[0, 1])
    return qml.expval(qml.Z(0))


QNODE = qml.QNode(model, qml.device("default.qubit"))
TRANSFORM = pt.qfim(QNODE, encoding_args="x")
X, W = 0.4, np.array([[0.3, 0.9], [1.1, 0.2]])
V = np.arange(16).reshape(2, 2, 2, 2) / 7 - 0.8


def slope(function, at, step=1e-3):
    """Central differences of sixth order of a scalar function of one array."""
    at = np.asarray(at, float)
    out = np.zeros(at.size)
    for k, unit in enumerate(np.eye(at.size).reshape(-1, *at.shape)):
        d = [function(at + m * step * unit) - function(at - m * step * unit) for m in (1, 2, 3)]
        out[k] = (45 * d[0] - 9 * d[1] + d[2]) / (60 * step)
    return out.reshape(at.shape)


@pytest.fixture(scope="module")
def by_weights():
    return slope(lambda w: np.sum(V * TRANSFORM(X, w)), W)


@pytest.fixture(scope="module")
def by_data():
    return slope(lambda x: np.sum(V * TRANSFORM(float(x), W)), X)


def test_autograd(by_weights):
    def loss(w):
        return pnp.sum(V * TRANSFORM(X, w))

    np.testing.assert_allclose(qml.grad(loss)(pnp.array(W)), by_weights, atol=1e-9)


def test_autograd_by_data_too(by_weights, by_data):
    def loss(x, w):
        return pnp.sum(V * TRANSFORM(x, w))

    in_x, in_w = qml.grad(loss)(pnp.array(X), pnp.array(W))
    np.testing.assert_allclose(in_w, by_weights, atol=1e-9)
    np.testing.assert_allclose(in_x, by_data, atol=1e-9)


def test_autograd_of_blocks_of_several_arguments():
    def circuit(a, b):
        qml.RY(a, wires=0)
        qml.RX(b[0], wires=0)
        qml.RY(b[1], wires=0)
        return qml.state()

    transform = pt.qfim(qml.QNode(circuit, qml.device("default.qubit")))

    def loss(a, b):
        in_a, in_b = transform(a, b)
        return in_a + pnp.sum(in_b)

    def numbers(v):
        in_a, in_b = transform(v[0], v[1:])
        return in_a + np.sum(in_b)

    in_a, in_b = qml.grad(loss)(pnp.array(0.3), pnp.array([0.4, 0.5]))
    expected = slope(numbers, [0.3, 0.4, 0.5])
    np.testing.assert_allclose([in_a, *in_b], expected, atol=1e-9)


def test_autograd_over_a_broadcasting_axis():
    x = np.array([0.1, 0.5, 0.9])
    weights = np.arange(3)[:, None, None, None, None] + V

    def loss(x, w):
        return qml.math.sum(weights * TRANSFORM(x, w))

    in_x, in_w = qml.grad(loss)(pnp.array(x), pnp.array(W))
    np.testing.assert_allclose(in_x, slope(lambda x: loss(x, W), x), atol=1e-9)
    np.testing.assert_allclose(in_w, slope(lambda w: loss(x, w), W), atol=1e-9)


def test_nonlinear_angles_have_values_but_no_derivatives():
    def circuit(w):
        qml.RX(np.sin(w), wires=0)
        return qml.state()

    transform = pt.qfim(qml.QNode(circuit, qml.device("default.qubit")))
    np.testing.assert_allclose(transform(0.3), np.cos(0.3) ** 2, atol=1e-14)
    with pytest.raises(NotImplementedError, match="linear in the"):
        qml.grad(transform)(pnp.array(0.3))


@pytest.mark.interfaces("jax")
@pytest.mark.filterwarnings("ignore:jax.*:DeprecationWarning")
class TestJax:
    @pytest.fixture(autouse=True)
    def double_precision(self):
        import jax

        before = jax.config.jax_enable_x64
        jax.config.update("jax_enable_x64", True)
        yield
        jax.config.update("jax_enable_x64", before)

    def test_numbers_come_back_as_jax(self):
        import jax.numpy as jnp

        found = TRANSFORM(X, jnp.array(W))
        assert isinstance(found, jnp.ndarray)
        np.testing.assert_allclose(found, TRANSFORM(X, W), atol=1e-14)

    @pytest.mark.parametrize("compiled", [False, True])
    def test_derivatives(self, compiled, by_weights, by_data):
        import jax
        import jax.numpy as jnp

        gradient = jax.grad(lambda x, w: jnp.sum(V * TRANSFORM(x, w)), argnums=(0, 1))
        gradient = jax.jit(gradient) if compiled else gradient
        in_x, in_w = gradient(jnp.array(X), jnp.array(W))
        np.testing.assert_allclose(in_x, by_data, atol=1e-9)
        np.testing.assert_allclose(in_w, by_weights, atol=1e-9)

    def test_compiled_at_other_numbers(self):
        import jax
        import jax.numpy as jnp

        compiled = jax.jit(TRANSFORM)
        for shift in (0.0, 0.7):
            found = compiled(jnp.array(X + shift), jnp.array(W - shift))
            np.testing.assert_allclose(found, TRANSFORM(X + shift, W - shift), atol=1e-13)

    def test_vmap_over_data(self):
        import jax
        import jax.numpy as jnp

        x = jnp.linspace(0, 1, 3)
        found = jax.vmap(lambda x: TRANSFORM(x, jnp.array(W)))(x)
        np.testing.assert_allclose(found, TRANSFORM(np.asarray(x), W), atol=1e-13)

    def test_a_broadcasting_axis_inside_jit(self):
        import jax
        import jax.numpy as jnp

        x = jnp.linspace(0, 1, 3)
        found = jax.jit(TRANSFORM)(x, jnp.array(W))
        np.testing.assert_allclose(found, TRANSFORM(np.asarray(x), W), atol=1e-13)

    def test_what_cannot_be_compiled_says_so(self):
        import jax
        import jax.numpy as jnp

        def circuit(x, w):
            qml.AmplitudeEmbedding(x, wires=[0], normalize=True)
            qml.RY(w, wires=0)
            return qml.state()

        transform = pt.qfim(qml.QNode(circuit, qml.device("default.qubit")), encoding_args="x")
        x, w = jnp.array([0.6, 0.8]), jnp.array(0.3)
        np.testing.assert_allclose(jax.jit(lambda w: transform(x, w))(w), 1.0, atol=1e-12)
        with pytest.raises((NotImplementedError, ValueError)):
            jax.jit(transform)(jnp.stack([x, x]), w)


@pytest.mark.interfaces("torch")
class TestTorch:
    def test_numbers_come_back_as_torch(self):
        import torch

        found = TRANSFORM(X, torch.tensor(W))
        assert isinstance(found, torch.Tensor)
        np.testing.assert_allclose(found, TRANSFORM(X, W), atol=1e-14)

    def test_derivatives(self, by_weights, by_data):
        import torch

        x = torch.tensor(X, dtype=torch.float64, requires_grad=True)
        w = torch.tensor(W, requires_grad=True)
        torch.sum(torch.tensor(V) * TRANSFORM(x, w)).backward()
        np.testing.assert_allclose(w.grad, by_weights, atol=1e-9)
        np.testing.assert_allclose(x.grad, by_data, atol=1e-9)

    def test_data_without_gradient(self, by_weights):
        import torch

        w = torch.tensor(W, requires_grad=True)
        torch.sum(torch.tensor(V) * TRANSFORM(torch.tensor(X), w)).backward()
        np.testing.assert_allclose(w.grad, by_weights, atol=1e-6)
