"""Gradients of scalar functions of the coefficient Jacobian, in every interface."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(x, a, b):
    qml.RY(a[0], wires=0)
    qml.RX(x, wires=0)
    qml.CRX(a[1], wires=[0, 1])
    qml.Rot(b[0, 0], b[0, 1], 0.5 * a[0], wires=1)
    qml.RX(x, wires=1)
    qml.SingleExcitation(b[0, 2], wires=[1, 0])
    return qml.expval(qml.Z(1)), qml.probs(wires=0)


JACOBIAN = pt.coefficient_jacobian(circuit, "x")
A, B = np.array([0.4, 1.3]), np.array([[0.7, 0.2, 2.1]])
_RNG = np.random.default_rng(5)
WEIGHTS = [_RNG.normal(size=s) for s in ((5, 2), (5, 1, 3), (5, 2, 2), (5, 2, 1, 3))]


def scalar(x, a, b):
    """A smooth function of all entries: cubic and weighted."""
    (za, zb), (pa, pb) = JACOBIAN(x, a, b)
    total = 0.0
    for part, weight in zip((za, zb, pa, pb), WEIGHTS, strict=True):
        like = qml.math.asarray(weight, like=qml.math.get_deep_interface(part))
        total = total + qml.math.sum(like * part + part**3)
    return total


@pytest.fixture(scope="module")
def wanted():
    """By central differences of sixth order of the plain NumPy values."""
    flat, step = np.concatenate([A, B.ravel()]), 5e-3

    def value(v):
        return float(scalar(0.0, v[:2], v[2:].reshape(1, 3)))

    out = []
    for unit in np.eye(flat.size):
        d = [value(flat + k * step * unit) - value(flat - k * step * unit) for k in (1, 2, 3)]
        out.append((45 * d[0] - 9 * d[1] + d[2]) / (60 * step))
    assert np.abs(out).min() > 1e-3
    return np.array(out)


def check(value, gradients, wanted):
    assert float(value) == pytest.approx(float(scalar(0.0, A, B)), abs=1e-10)
    found = np.concatenate([np.ravel(np.asarray(g)) for g in gradients])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-8)  # of the differences


def test_autograd(wanted):
    a, b = pnp.array(A, requires_grad=True), pnp.array(B, requires_grad=True)
    check(scalar(0.0, a, b), qml.grad(scalar, argnums=[1, 2])(0.0, a, b), wanted)


@pytest.mark.interfaces("jax")
@pytest.mark.parametrize("compiled", [False, True])
def test_jax(compiled, wanted):
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        function = jax.value_and_grad(scalar, argnums=(1, 2))
        function = jax.jit(function) if compiled else function
        value, gradients = function(0.0, jax.numpy.array(A), jax.numpy.array(B))
        check(value, gradients, wanted)
    finally:
        jax.config.update("jax_enable_x64", before)


@pytest.mark.interfaces("torch")
def test_torch(wanted):
    import torch

    a, b = (torch.tensor(v, requires_grad=True) for v in (A, B))
    value = scalar(0.0, a, b)
    value.backward()
    check(value.detach(), (a.grad, b.grad), wanted)


def test_nonlinear_angles_are_refused_by_name():
    @qml.qnode(qml.device("default.qubit"))
    def bent(x, w):
        qml.RY(w**2, wires=0)
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    jacobian = pt.coefficient_jacobian(bent, "x")
    with pytest.raises(NotImplementedError, match=r"RY.*linear in the parameters"):
        qml.grad(lambda w: jacobian(0.0, w)[1])(pnp.array(0.3))


def test_measured_jacobians_are_not_differentiated():
    jacobian = pt.coefficient_jacobian(circuit, "x", engine="measured")
    a, b = pnp.array(A, requires_grad=True), pnp.array(B, requires_grad=False)
    with pytest.raises(NotImplementedError, match="cannot be differentiated"):
        qml.grad(lambda a: jacobian(0.0, a, b)[0][0][0, 0])(a)
