"""Objectives made of J and of the QFIM: gradients in every interface, and a condition that falls.

The reference is a difference quotient of the NumPy values; no automatic differentiation is in it.
"""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from support import double_precision, to_numpy

import pennylane_trainability as pt

SHAPE = pt.DataReuploading.shape(n_layers=1, n_wires=2)
DATA = np.linspace(0, 2 * np.pi, 5, endpoint=False)
TARGETS = 0.4 * np.sin(DATA)
W = np.random.default_rng(7).uniform(0, 2 * np.pi, SHAPE)


@qml.qnode(qml.device("default.qubit", wires=2))
def model(x, w):
    pt.DataReuploading(x, w, wires=[0, 1])
    return qml.expval(qml.Z(1))


JACOBIAN = qml.transforms.coefficient_jacobian(model, encoding_args="x")
QFIM = qml.transforms.qfim(model, encoding_args="x")


def rows(w):
    """J as a matrix, one column per parameter."""
    return qml.math.reshape(JACOBIAN(0.0, w), (5, W.size))


def task(w):
    return qml.math.mean((model(DATA[:, None], w) - TARGETS) ** 2)


def condition(w):
    """log of σ_max/σ_min of J."""
    gram = rows(w) @ qml.math.transpose(rows(w))
    values = qml.math.linalg.eigh(gram)[0]
    return (qml.math.log(values[-1]) - qml.math.log(values[0])) / 2


def volume(w):
    """−log det JJᵀ."""
    gram = rows(w) @ qml.math.transpose(rows(w))
    return -qml.math.linalg.slogdet(gram)[1]


def states(w):
    """−log det(1 + F): as far as possible from redundant directions of the states."""
    fisher = qml.math.reshape(QFIM(0.3, w), (W.size, W.size))
    identity = qml.math.asarray(np.eye(W.size), like=qml.math.get_deep_interface(fisher))
    return -qml.math.linalg.slogdet(identity + fisher)[1]


def both(w):
    return task(w) + 0.1 * condition(w)


OBJECTIVES = {"condition": condition, "volume": volume, "states": states, "both": both}


@pytest.fixture(scope="module")
def slopes():
    """Central differences of sixth order along one direction."""
    direction = np.random.default_rng(3).normal(size=SHAPE)
    h = 2e-3
    found = {}
    for name, objective in OBJECTIVES.items():

        def moved(k, objective=objective):
            return float(objective(W + k * h * direction))

        d = [moved(k) - moved(-k) for k in (1, 2, 3)]
        found[name] = (45 * d[0] - 9 * d[1] + d[2]) / (60 * h)
        assert abs(found[name]) > 1e-2
    return direction, found


@pytest.mark.parametrize("name", OBJECTIVES)
def test_autograd(name, slopes):
    found = qml.grad(OBJECTIVES[name])(pnp.array(W, requires_grad=True))
    assert np.sum(found * slopes[0]) == pytest.approx(slopes[1][name], rel=1e-6)


@pytest.mark.interfaces("jax")
@pytest.mark.filterwarnings("ignore:jax.*:DeprecationWarning")
@pytest.mark.parametrize("name, compiled", [(n, True) for n in OBJECTIVES] + [("condition", False)])
def test_jax(name, compiled, slopes):
    import jax

    with double_precision():
        gradient = jax.grad(OBJECTIVES[name])
        found = (jax.jit(gradient) if compiled else gradient)(jax.numpy.asarray(W))
        assert np.sum(found * slopes[0]) == pytest.approx(slopes[1][name], rel=1e-6)


@pytest.mark.interfaces("torch")
@pytest.mark.parametrize("name", ["condition", "volume", "states"])
def test_torch(name, slopes):
    import torch

    w = torch.tensor(W, requires_grad=True)
    OBJECTIVES[name](w).backward()
    assert np.sum(to_numpy(w.grad) * slopes[0]) == pytest.approx(slopes[1][name], rel=1e-6)


@pytest.mark.interfaces("torch")
def test_torch_with_a_task(slopes):
    import torch

    w = torch.tensor(W, requires_grad=True)
    outputs = model(torch.tensor(DATA)[:, None], w)
    loss = torch.mean((outputs - torch.tensor(TARGETS)) ** 2) + 0.1 * condition(w)
    loss.backward()
    assert np.sum(to_numpy(w.grad) * slopes[0]) == pytest.approx(slopes[1]["both"], rel=1e-6)


@pytest.mark.interfaces("jax")
@pytest.mark.filterwarnings("ignore:jax.*:DeprecationWarning")
@pytest.mark.parametrize("transform, x", [(JACOBIAN, 0.0), (QFIM, 0.3)], ids=["J", "QFIM"])
def test_jax_vmap_over_parameters(transform, x):
    import jax

    with double_precision():
        several = jax.numpy.stack([W, W + 0.1, W - 0.3])
        found = jax.jit(jax.vmap(lambda w: transform(x, w)))(several)
        for one, w in zip(found, np.asarray(several), strict=True):
            np.testing.assert_allclose(one, transform(x, w), atol=1e-12)


@pytest.mark.interfaces("jax")
@pytest.mark.filterwarnings("ignore:jax.*:DeprecationWarning")
@pytest.mark.parametrize("name", ["commuting_grad", "dla_grad", "measured_grad"])
def test_gradient_transforms_inside_jit_are_the_diff_method(name):
    """Called inside they say so; as ``diff_method`` they are differentiated and compiled."""
    import jax

    transform = getattr(pt, name)
    device = qml.device("default.qubit", wires=3)
    with pytest.raises(NotImplementedError, match=f"diff_method={name}"):
        jax.jit(transform(qml.QNode(model.func, device), encoding_args="x"))(
            0.3, jax.numpy.ones(SHAPE)
        )
    with double_precision():
        w = jax.numpy.asarray(W)
        by_transform = qml.QNode(model.func, device, diff_method=transform)
        plain = qml.QNode(model.func, device, diff_method="backprop")
        found = jax.jit(jax.grad(by_transform, argnums=1))(0.3, w)
        np.testing.assert_allclose(found, jax.grad(plain, argnums=1)(0.3, w), atol=1e-10)


def test_the_condition_number_falls():
    """Seen with these numbers, and enough that it is no accident: by more than half."""
    start = np.random.default_rng(0).uniform(0, 2 * np.pi, SHAPE)
    w = pnp.array(start, requires_grad=True)
    optimizer = qml.AdamOptimizer(0.1)
    before = np.linalg.svd(rows(start), compute_uv=False)
    for _ in range(20):
        w = optimizer.step(condition, w)
    after = np.linalg.svd(rows(np.asarray(w)), compute_uv=False)
    assert after[0] / after[-1] < before[0] / before[-1] / 2
