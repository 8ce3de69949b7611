"""The first route: a layered circuit cut into circuits of one layer."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

DEVICE = qml.device("default.qubit", wires=5)
N, DEPTH = 3, 4


def encoding(x):
    for wire in range(N):
        qml.RY(x, wires=wire)


def layer(angles, number):
    """Layers differ: entangling gates stand on other bonds in every second one."""
    for wire in range(N):
        qml.RX(angles[wire], wires=wire)
    qml.CNOT([number % 2, number % 2 + 1])


@qml.qnode(DEVICE)
def circuit(weights, x):
    encoding(x)
    for number in range(DEPTH):
        qml.Barrier()
        layer(weights[number], number)
    return qml.expval(qml.Z(0) @ qml.Z(1)), qml.probs(wires=2)


def by_hand(weights, x, number):
    @qml.qnode(DEVICE)
    def one(weights, x):
        encoding(x)
        layer(weights[number], number)
        return qml.expval(qml.Z(0) @ qml.Z(1)), qml.probs(wires=2)

    return one(weights, x)


@pytest.fixture
def weights(rng):
    return rng.normal(size=(DEPTH, N))


def test_every_layer_stands_alone_behind_the_encoding(weights):
    layers = pt.cut_layers(circuit, DEPTH)
    assert len(layers) == DEPTH
    for number, one in enumerate(layers):
        for found, expected in zip(one(weights, 0.4), by_hand(weights, 0.4, number), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-14)
        tape = qml.workflow.construct_tape(one)(weights, 0.4)
        assert len(tape.operations) == 2 * N + 1


@pytest.mark.parametrize("method", ["exact", "register"])
def test_the_mixture_of_layers(method, weights, rng):
    alpha = rng.dirichlet(np.ones(DEPTH))
    model = pt.density_qnode(pt.cut_layers(circuit, DEPTH), method=method)
    expected = [by_hand(weights, 0.4, number) for number in range(DEPTH)]
    found = model(alpha, weights, 0.4)
    np.testing.assert_allclose(found[0], alpha @ [e[0] for e in expected], atol=1e-13)
    np.testing.assert_allclose(found[1], alpha @ [e[1] for e in expected], atol=1e-13)


def test_a_parameter_moves_its_own_layer_only(weights):
    """∂f/∂w_d = α_d ∂f_d; shift circuits are those of one layer each, 2·n·D in all."""
    layers = pt.cut_layers(circuit.update(diff_method="parameter-shift"), DEPTH)
    alpha = np.array([0.1, 0.2, 0.3, 0.4])
    model = pt.density_qnode(layers, alpha)
    trained = qml.numpy.array(weights, requires_grad=True)
    with qml.Tracker(DEVICE) as tracker:
        found = qml.grad(lambda w: model(w, 0.4)[0])(trained)
    assert tracker.totals["simulations"] == DEPTH + 2 * N * DEPTH
    step = 1e-6
    for number in range(DEPTH):
        for wire in range(N):
            moved = step * np.eye(DEPTH * N)[number * N + wire].reshape(DEPTH, N)
            up, down = (by_hand(weights + s * moved, 0.4, number)[0] for s in (1, -1))
            expected = alpha[number] * (up - down) / (2 * step)
            assert found[number, wire] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("method", ["exact", "register", "randomised"])
@pytest.mark.parametrize("gradient", [pt.commuting_grad, pt.dla_grad], ids=["commuting", "dla"])
def test_gradients_that_share_circuits_within_a_layer(gradient, method, rng):
    """The rotations of a layer commute: one gradient circuit for each, where shifts take 2n."""
    device = qml.device("default.qubit", wires=N + 3, seed=3)

    @qml.qnode(device)
    def circuit(weights, x):
        encoding(x)
        for number in range(DEPTH):
            qml.Barrier()
            layer(weights[number], number)
        return qml.expval(qml.Z(0) @ qml.Z(1) @ qml.Z(2))

    weights, alpha = rng.normal(size=(DEPTH, N)), np.array([0.1, 0.2, 0.3, 0.4])
    trained = qml.numpy.array(weights, requires_grad=True)
    plain = pt.density_qnode(pt.cut_layers(circuit, DEPTH), alpha)
    shared = pt.density_qnode(
        pt.cut_layers(circuit.update(diff_method=gradient), DEPTH), alpha, method=method, seed=2
    )
    drawn = method == "randomised"
    shared = qml.set_shots(shared, shots=20_000 if drawn else None)
    with qml.Tracker(device) as tracker:
        found = qml.grad(shared)(trained, 0.4)
    expected = qml.grad(plain)(trained, 0.4)
    assert np.abs(expected).max() > 0.05
    np.testing.assert_allclose(found, expected, atol=0.05 if drawn else 1e-12)
    if method == "exact" and gradient is pt.commuting_grad:
        assert tracker.totals["simulations"] == 2 * DEPTH


def test_all_layers_at_once_are_another_model(weights):
    model = pt.density_qnode(pt.cut_layers(circuit, DEPTH), [0.25] * DEPTH)
    assert abs(model(weights, 0.4)[0] - circuit(weights, 0.4)[0]) > 1e-3
