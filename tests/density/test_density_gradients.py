"""Derivatives of density models in every interface: differences of matrices, and closed forms."""

from __future__ import annotations

import contextlib
import functools

import numpy as np
import pennylane as qml
import pytest
from density_zoo import ALPHA, ANGLES, X, flat, jacobians, part_with_all, turn
from support import (
    INTERFACES,
    THIRD_PARTY_WARNINGS,
    double_precision,
    to_numpy,
    weights_of,
)

import pennylane_trainability as pt

pytestmark = [pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS]

METHODS = ["exact", "register"]
DIFFERENTIABLE = [p for p in INTERFACES if p.id != "numpy"]


#: Every output has its say in the number that is differentiated.
VOICES = np.array([1.0, 0.3, -0.8, 0.5, 1.7, -0.4, 0.9])


def gradient(interface: str, function, *args):
    """Derivatives by the first two arguments, as a user of the interface takes them."""
    if interface == "autograd":
        return qml.grad(function, argnums=(0, 1))(*args)
    if interface == "jax":
        import jax

        return jax.grad(function, (0, 1))(*args)
    function(*args).backward()
    return args[0].grad, args[1].grad


def model_on(device, method, diff_method="best", **options):
    return pt.density_qnode(
        [part_with_all] * 3, own="w", method=method, device=device, diff_method=diff_method,
        **options,
    )  # fmt: skip


def scalar(model):
    """``Σ_m v_m f_m`` of the outputs of a model."""

    def function(alpha, angles, x):
        outputs = flat(model(alpha, angles, x))
        return sum(float(v) * outputs[m] for m, v in enumerate(VOICES))

    return function


def check(found, atol=1e-8):
    for one, expected in zip(found, jacobians(), strict=True):
        np.testing.assert_allclose(to_numpy(one), np.tensordot(VOICES, expected, 1), atol=atol)


def precision(interface: str):
    return double_precision() if interface == "jax" else contextlib.nullcontext()


@pytest.mark.parametrize("interface", DIFFERENTIABLE)
@pytest.mark.parametrize(
    "method, diff_method",
    [("exact", "backprop"), ("exact", "parameter-shift"), ("register", "parameter-shift")],
)
def test_every_interface(interface, method, diff_method):
    model = model_on(qml.device("default.qubit", wires=4), method, diff_method)
    with precision(interface):
        alpha, angles = weights_of(interface, ALPHA), weights_of(interface, ANGLES)
        check(gradient(interface, scalar(model), alpha, angles, X))


@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit", "default.mixed"])
@pytest.mark.parametrize("method", METHODS)
def test_every_simulator(name, method):
    model = model_on(qml.device(name, wires=4), method)
    alpha, angles = weights_of("autograd", ALPHA), weights_of("autograd", ANGLES)
    check(gradient("autograd", scalar(model), alpha, angles, X))


@pytest.mark.interfaces("jax")
@pytest.mark.parametrize("method", METHODS)
def test_compiled(method):
    import jax

    model = model_on(qml.device("default.qubit", wires=4), method, "parameter-shift")
    with double_precision():
        function = jax.jit(jax.grad(scalar(model), (0, 1)))
        check(function(jax.numpy.array(ALPHA), jax.numpy.array(ANGLES), X))


@pytest.mark.interfaces("torch")
@pytest.mark.parametrize("method", METHODS)
def test_only_the_weights_are_tensors(method):
    import torch

    model = model_on(qml.device("default.qubit", wires=4), method)
    alpha = torch.tensor(ALPHA, requires_grad=True)
    flat(model(alpha, ANGLES, X))[0].backward()
    np.testing.assert_allclose(alpha.grad, jacobians()[0][0], atol=1e-8)


@pytest.mark.interfaces("torch")
def test_as_a_layer_of_a_network():
    import torch

    def circuit(inputs, weights):
        qml.AngleEmbedding(inputs, wires=[0, 1])
        qml.RY(weights, wires=0)
        return [qml.expval(qml.Z(0)), qml.expval(qml.Z(1))]

    model = pt.density_qnode(
        [circuit] * 2, "softmax", own="weights", device=qml.device("default.qubit", wires=2)
    )
    layer = qml.qnn.TorchLayer(model, {"mixture": (2,), "weights": (2,)})
    inputs = torch.tensor([[0.0, 0.4], [0.0, 1.3], [0.0, 0.0]])
    out = layer(inputs)
    alpha = torch.softmax(layer.mixture, 0)
    expected = torch.stack(
        [(alpha @ torch.cos(layer.weights)).expand(3), torch.cos(inputs[:, 1])], 1
    )
    torch.testing.assert_close(out, expected, check_dtype=False)
    out[0, 0].backward()
    torch.testing.assert_close(layer.weights.grad, -alpha * torch.sin(layer.weights))


# -- closed forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_derivative_by_a_weight_is_the_part_and_by_a_logit_its_lead(method):
    """∂f/∂α_k = f_k and ∂f/∂l_k = α_k (f_k − f), with f_k = cos θ_k."""
    device = qml.device("default.qubit", wires=3)
    angles = qml.numpy.array([0.3, 1.4, 2.5], requires_grad=False)
    parts = np.cos(angles)
    by_weight = pt.density_qnode([turn] * 3, own=0, method=method, device=device)
    found = qml.grad(by_weight)(qml.numpy.array(ALPHA, requires_grad=True), angles)
    np.testing.assert_allclose(found, parts, atol=1e-14)

    logits = qml.numpy.array([0.2, -0.5, 1.0], requires_grad=True)
    alpha = np.exp(logits) / np.exp(logits).sum()
    by_logit = pt.density_qnode([turn] * 3, "softmax", own=0, method=method, device=device)
    found = qml.grad(by_logit)(logits, angles)
    np.testing.assert_allclose(found, alpha * (parts - alpha @ parts), atol=1e-14)


def test_a_part_of_weight_zero_has_a_derivative():
    model = pt.density_qnode([turn] * 2, own=0, device=qml.device("default.qubit"))
    alpha = qml.numpy.array([1.0, 0.0], requires_grad=True)
    found = qml.grad(model)(alpha, qml.numpy.array([0.3, 1.4], requires_grad=False))
    np.testing.assert_allclose(found, np.cos([0.3, 1.4]), atol=1e-14)


def test_gates_that_look_at_inputs_are_trained():
    """f(x) = σ(s x) cos θ_0 + (1 − σ(s x)) cos θ_1 along a broadcasting axis."""
    device = qml.device("default.qubit")

    def gate(slope, angle, x):
        p = 1 / (1 + qml.math.exp(-slope * x))
        return qml.math.stack([p, 1 - p], axis=-1)

    def circuit(angle, x):
        qml.RX(angle, wires=0)
        return qml.expval(qml.Z(0))

    model = pt.density_qnode([circuit] * 2, gate, own="angle", device=device)
    slope = qml.numpy.array(0.7, requires_grad=True)
    angles = qml.numpy.array([0.3, 1.4], requires_grad=True)
    xs = qml.numpy.array([-1.0, 0.5, 2.0], requires_grad=False)
    p = 1 / (1 + np.exp(-0.7 * xs))
    by_slope, by_angle = qml.jacobian(model)(slope, angles, xs)
    lead = np.cos(0.3) - np.cos(1.4)
    np.testing.assert_allclose(by_slope, xs * p * (1 - p) * lead, atol=1e-14)
    expected = np.stack([-p * np.sin(0.3), -(1 - p) * np.sin(1.4)], axis=1)
    np.testing.assert_allclose(by_angle, expected, atol=1e-14)


def test_second_derivatives():
    """∂²f/∂α_k ∂θ_k = −sin θ_k, ∂²f/∂θ_k² = −α_k cos θ_k."""
    model = pt.density_qnode(
        [turn] * 2, own=0, device=qml.device("default.qubit"), diff_method="parameter-shift",
        max_diff=2,
    )  # fmt: skip
    alpha = qml.numpy.array([0.3, 0.7], requires_grad=True)
    angles = qml.numpy.array([0.4, 1.1], requires_grad=True)
    mixed = qml.jacobian(qml.grad(model, argnums=1), argnums=0)(alpha, angles)
    np.testing.assert_allclose(mixed, -np.diag(np.sin(angles)), atol=1e-12)
    twice = qml.jacobian(qml.grad(model, argnums=1), argnums=1)(alpha, angles)
    np.testing.assert_allclose(twice, -np.diag(alpha * np.cos(angles)), atol=1e-12)


# -- whose gradient method -------------------------------------------------------------------------


def test_the_gradient_method_of_the_parts_is_the_one_that_is_used():
    """One that counts the circuits it is asked about: those of the parts, one by one."""
    asked = []

    @functools.partial(qml.transform, final_transform=True)
    def watched(tape, argnum=None):
        asked.append([op.name for op in tape.operations])
        return qml.gradients.param_shift.tape_transform(tape, argnum=argnum)

    device = qml.device("default.qubit")

    @qml.qnode(device, diff_method=watched)
    def circuit(angle):
        qml.RY(0.3, wires=0)
        qml.RX(angle, wires=0)
        return qml.expval(qml.Z(0))

    model = pt.density_qnode([circuit] * 2, [0.25, 0.75], own=0)
    angles = qml.numpy.array([0.4, 1.1], requires_grad=True)
    found = qml.grad(model)(angles)
    expected = -np.array([0.25, 0.75]) * np.cos(0.3) * np.sin(angles)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert asked == [["RY", "RX"]] * 2


@pytest.mark.parametrize("method", METHODS)
def test_gradients_on_devices_with_shots_have_no_finite_differences(method):
    """With 10⁴ shots a shift rule is right to 5 %; a difference quotient would be off by 10⁵."""
    device = qml.device("default.qubit", wires=4, seed=5)
    model = qml.set_shots(model_on(device, method, "parameter-shift"), shots=10_000)
    alpha = qml.numpy.array(ALPHA, requires_grad=True)
    angles = qml.numpy.array(ANGLES, requires_grad=True)
    check(gradient("autograd", scalar(model), alpha, angles, X), atol=0.3)
