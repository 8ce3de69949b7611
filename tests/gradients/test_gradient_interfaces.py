"""As ``diff_method``: every interface, second derivatives, optimizers, options."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from gradient_zoo import by_differences
from support import INTERFACES, THIRD_PARTY_WARNINGS, double_precision, to_numpy, weights_of

import pennylane_trainability as pt

pytestmark = [pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS]

WEIGHTS = np.linspace(0.2, 1.9, 6).reshape(2, 3)
METHODS = [
    pytest.param(pt.commuting_grad, {}, id="commuting"),
    pytest.param(pt.dla_grad, {}, id="dla"),
    pytest.param(pt.measured_grad, {}, id="auto"),
    pytest.param(pt.measured_grad, {"method": "shift"}, id="shift"),
]
DIFFERENTIATING = [p for p in INTERFACES if p.id != "numpy"]


def ansatz(w):
    for layer in range(2):
        for wire in range(2):
            qml.RY(qml.math.sin(w[layer, wire]) + w[0, 0] ** 2, wires=wire)
        qml.CRX(w[layer, 2], wires=[0, 1])
        qml.CNOT([1, 0])


def scalar(w):
    ansatz(w)
    return qml.expval(qml.Z(0) @ qml.Y(1) - 0.3 * qml.X(1))


def several(w):
    ansatz(w)
    return qml.expval(qml.Z(0)), qml.probs(wires=[1]), qml.expval(qml.Y(1))


def qnode_of(function, method, shots=None, device=None, **options):
    device = qml.device("default.qubit", seed=4) if device is None else device
    transform, keywords = method
    made = qml.QNode(
        function, device, diff_method=transform, gradient_kwargs=keywords or None, **options
    )
    return qml.set_shots(made, shots=shots)


def flat(value):
    """All results of a QNode in one array."""
    return qml.math.hstack(value) if isinstance(value, (tuple, list)) else value


def truth(function):
    qnode = qml.QNode(function, qml.device("default.qubit"), diff_method="backprop")
    return qml.jacobian(lambda w: flat(qnode(w)))(qml.numpy.array(WEIGHTS))


def jacobian(qnode, interface: str) -> np.ndarray:
    """All results together by all weights, ``(values, 2, 3)``."""
    weights = weights_of(interface, WEIGHTS)

    def values(w):
        return flat(qnode(w))

    if interface == "autograd":
        return qml.jacobian(values)(weights)
    if interface == "jax":
        import jax

        return to_numpy(jax.jacobian(values)(weights))
    import torch

    return to_numpy(torch.autograd.functional.jacobian(values, weights))


@pytest.fixture(autouse=True)
def precise(request):
    """JAX in double precision, where it is used."""
    if "jax" not in request.node.name:
        yield
        return
    with double_precision():
        yield


@pytest.mark.parametrize("transform, options", METHODS)
@pytest.mark.parametrize("interface", DIFFERENTIATING)
@pytest.mark.parametrize("function", [scalar, several])
def test_jacobians(function, interface, transform, options):
    found = jacobian(qnode_of(function, (transform, options)), interface)
    expected = truth(function)
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=0, atol=1e-10)


@pytest.mark.parametrize("shots", [40_000, (40_000, (40_000, 2))], ids=["shots", "vector"])
@pytest.mark.parametrize("interface", DIFFERENTIATING)
@pytest.mark.parametrize("function", [scalar, several])
def test_jacobians_with_shots(function, interface, shots):
    qnode = qnode_of(function, (pt.commuting_grad, {}), shots)
    if isinstance(shots, int):
        found = jacobian(qnode, interface)[None]
    else:
        found = jacobian(lambda w: [qml.math.reshape(flat(r), (-1,)) for r in qnode(w)], interface)
        found = found.reshape(3, -1, 2, 3)
    expected = truth(function).reshape(found.shape[1:])
    assert np.abs(found - expected).max() > 1e-6, "sampled, not computed"
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=0, atol=0.1)


@pytest.mark.interfaces("jax")
@pytest.mark.parametrize("transform, options", METHODS)
@pytest.mark.parametrize("how", ["grad", "value_and_grad", "jacfwd"])
def test_jax_compiled(transform, options, how):
    import jax

    weights = weights_of("jax", WEIGHTS)
    qnode = qnode_of(scalar, (transform, options))
    found = jax.jit(getattr(jax, how)(qnode))(weights)
    found = found[1] if how == "value_and_grad" else found
    assert found.dtype == "float64"
    np.testing.assert_allclose(found, truth(scalar).reshape(2, 3), rtol=0, atol=1e-10)


@pytest.mark.interfaces("jax")
def test_jax_compiled_with_shots():
    import jax

    qnode = qnode_of(scalar, (pt.commuting_grad, {}), 40_000)
    found = jax.jit(jax.grad(qnode))(weights_of("jax", WEIGHTS))
    np.testing.assert_allclose(found, truth(scalar).reshape(2, 3), rtol=0, atol=0.1)


# -- templates, data, coefficients -----------------------------------------------------------------


@pytest.mark.parametrize("interface", DIFFERENTIATING)
@pytest.mark.parametrize("transform, options", METHODS)
def test_templates(interface, transform, options):
    def function(w):
        qml.AngleEmbedding([0.3, 0.8], wires=[0, 1])
        qml.BasicEntanglerLayers(w[:, :2], wires=[0, 1])
        qml.StronglyEntanglingLayers(qml.math.stack([w]), wires=[0, 1])
        return qml.expval(qml.Y(1))

    found = jacobian(qnode_of(function, (transform, options)), interface)
    shifted = qml.QNode(function, qml.device("default.qubit"), diff_method="parameter-shift")
    expected = qml.jacobian(shifted)(qml.numpy.array(WEIGHTS))
    np.testing.assert_allclose(found.reshape(2, 3), expected, rtol=0, atol=1e-10)


@pytest.mark.interfaces("torch")
def test_a_gate_of_several_angles():
    """PennyLane takes it apart, in Torch for one."""

    def function(w):
        qml.RY(0.4, wires=0)
        qml.SpecialUnitary(w[0], wires=0)
        qml.CRX(w[1, 1], wires=[0, 1])
        return qml.expval(qml.Y(1))

    found = jacobian(qnode_of(function, (pt.commuting_grad, {})), "torch").reshape(6)
    exact = qml.QNode(function, qml.device("default.qubit"))
    expected = by_differences(lambda w: exact(w.reshape(2, 3)), WEIGHTS.ravel())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("interface", DIFFERENTIATING)
@pytest.mark.parametrize("embedding", ["angles", "state", "gates"])
def test_broadcast_data(interface, embedding):
    data = np.array([[0.1, 0.5], [0.7, 1.3], [2.0, 0.2]])

    def function(w):
        if embedding == "angles":
            qml.AngleEmbedding(data, wires=[0, 1])
        elif embedding == "state":
            qml.AmplitudeEmbedding(data, wires=0, normalize=True)
        else:
            qml.RX(data[:, 0], wires=0)
        ansatz(w)
        return qml.expval(qml.Z(0))

    found = jacobian(qnode_of(function, (pt.commuting_grad, {})), interface)
    expected = truth(function)
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=0, atol=1e-10)


def test_trainable_coefficients():
    def function(w, c):
        ansatz(w)
        return qml.expval(qml.Hamiltonian(c, [qml.Z(0), qml.X(1) @ qml.Y(0)]))

    arguments = qml.numpy.array(WEIGHTS), qml.numpy.array([0.4, -1.2])
    found = qml.grad(qnode_of(function, (pt.commuting_grad, {})))(*arguments)
    exact = qml.QNode(function, qml.device("default.qubit"), diff_method="backprop")
    for one, expected in zip(found, qml.grad(exact)(*arguments), strict=True):
        np.testing.assert_allclose(one, expected, rtol=0, atol=1e-10)


def test_arguments_that_do_not_need_a_gradient_take_no_circuits():
    def function(x, w):
        qml.RX(x, wires=0)
        qml.RY(w, wires=0)
        return qml.expval(qml.Z(0))

    device = qml.device("default.qubit")
    qnode = qnode_of(function, (pt.commuting_grad, {}), device=device)
    with qml.Tracker(device) as tracker:
        qml.grad(qnode)(qml.numpy.array(0.3, requires_grad=False), qml.numpy.array(0.4))
    assert tracker.totals["executions"] == 2, "the value, and one derivative"


# -- training --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [qml.GradientDescentOptimizer, qml.AdamOptimizer])
def test_optimizers(make):
    qnode = qnode_of(scalar, (pt.commuting_grad, {}))
    exact = qml.QNode(scalar, qml.device("default.qubit"), diff_method="backprop")
    paths = []
    for function in (qnode, exact):
        optimizer, weights = make(0.1), qml.numpy.array(WEIGHTS)
        for _ in range(3):
            weights, value = optimizer.step_and_cost(function, weights)
        paths.append(weights)
    np.testing.assert_allclose(*paths, rtol=0, atol=1e-10)
    assert value == pytest.approx(float(exact(paths[0])), abs=0.2)


@pytest.mark.interfaces("torch")
def test_torch_single_precision():
    import torch

    weights = torch.tensor(WEIGHTS, dtype=torch.float32, requires_grad=True)
    qnode_of(scalar, (pt.commuting_grad, {}))(weights).backward()
    assert weights.grad.dtype == torch.float32
    np.testing.assert_allclose(weights.grad, truth(scalar).reshape(2, 3), rtol=0, atol=1e-5)


# -- second derivatives are refused, never silently zero -------------------------------------------


@pytest.mark.parametrize("max_diff", [1, 2])
@pytest.mark.parametrize("transform, options", METHODS)
def test_second_derivatives_in_autograd(transform, options, max_diff):
    qnode = qnode_of(scalar, (transform, options), max_diff=max_diff)
    with pytest.raises(NotImplementedError, match=r"diff_method='parameter-shift'"):
        qml.jacobian(qml.grad(qnode))(qml.numpy.array(WEIGHTS))


@pytest.mark.interfaces("jax")
@pytest.mark.parametrize("max_diff", [1, 2])
def test_second_derivatives_in_jax(max_diff):
    import jax

    qnode = qnode_of(scalar, (pt.commuting_grad, {}), max_diff=max_diff)
    with pytest.raises(NotImplementedError, match=r"diff_method='parameter-shift'"):
        jax.hessian(qnode)(weights_of("jax", WEIGHTS))


@pytest.mark.interfaces("torch")
@pytest.mark.parametrize("max_diff", [1, 2])
def test_second_derivatives_in_torch(max_diff):
    import torch

    qnode = qnode_of(scalar, (pt.commuting_grad, {}), max_diff=max_diff)
    weights = weights_of("torch", WEIGHTS)
    with pytest.raises(NotImplementedError, match=r"create_graph=True"):
        torch.autograd.grad(qnode(weights), weights, create_graph=True)


def test_differentiating_through_tapes_is_refused():
    def cost(x):
        tape = qml.tape.QuantumScript([qml.RX(x, 0)], [qml.expval(qml.Z(0))])
        tapes, post = pt.commuting_grad(tape)
        return post(qml.execute(tapes, qml.device("default.qubit"), None))

    with pytest.raises(NotImplementedError, match="no derivatives of its own"):
        qml.grad(cost)(qml.numpy.array(0.3))


# -- options ---------------------------------------------------------------------------------------


def test_options_reach_the_transform():
    device = qml.device("default.qubit", wires=[0, 1, "spare"])
    options = {"aux_wire": "spare", "grouping": "qubit-wise", "read_out": "means"}
    qnode = qnode_of(scalar, (pt.commuting_grad, options), device=device)
    found = qml.grad(qnode)(qml.numpy.array(WEIGHTS))
    np.testing.assert_allclose(found, truth(scalar).reshape(2, 3), rtol=0, atol=1e-10)


def test_an_unknown_option_is_refused():
    qnode = qnode_of(scalar, (pt.commuting_grad, {"groupin": "auto"}))
    with pytest.raises(TypeError, match="groupin"):
        qml.grad(qnode)(qml.numpy.array(WEIGHTS))


def test_a_device_without_a_spare_wire_can_be_told():
    device = qml.device("default.qubit", wires=2)
    options = {"device_wires": device.wires}
    qnode = qnode_of(scalar, (pt.commuting_grad, options), device=device)
    with pytest.raises(pt.ReadingError, match=r"Methods that are: .*'shift'"):
        qml.grad(qnode)(qml.numpy.array(WEIGHTS))
    qnode = qnode_of(scalar, (pt.measured_grad, options), device=device)
    found = qml.grad(qnode)(qml.numpy.array(WEIGHTS))
    np.testing.assert_allclose(found, truth(scalar).reshape(2, 3), rtol=0, atol=1e-10)


def test_nothing_of_pennylane_changes(global_state_unchanged):
    before = set(qml.gradients.SUPPORTED_GRADIENT_KWARGS)
    qml.grad(qnode_of(scalar, (pt.measured_grad, {})))(qml.numpy.array(WEIGHTS))
    assert before == qml.gradients.SUPPORTED_GRADIENT_KWARGS
