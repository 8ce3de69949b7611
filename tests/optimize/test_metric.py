"""Metrics for PennyLane's own optimiser: its shapes, its factor, and no blown-up noise."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.statistics.damping import damped, damped_solve


def several(w, x, b, scale=1.0):
    qml.RY(x, wires=0)
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=1)
    qml.CNOT([0, 1])
    qml.RZ(b, wires=1)
    qml.RX(scale * w[2], wires=1)
    return qml.expval(qml.Z(0) + qml.X(1))


def layered(w):
    qml.StronglyEntanglingLayers(w, wires=[0, 1])
    return qml.expval(qml.Z(0) @ qml.Z(1))


def qnode(function, shots=None, device="default.qubit", wires=3, **options):
    made = qml.QNode(function, qml.device(device, wires=wires, **options))
    return qml.set_shots(made, shots=shots) if shots else made


def arguments():
    x = pnp.array(0.7, requires_grad=False)
    return pnp.array([0.3, 0.4, 0.5]), x, pnp.array(0.2)


def weights(seed=0):
    return pnp.array(np.random.default_rng(seed).uniform(0, 6, (2, 2, 3)), requires_grad=True)


# ----------------------------------------------------------------------------- exact


def test_blocks_are_those_of_metric_tensor():
    node = qnode(several)
    found = pt.metric_tensor_fn(node)(*arguments(), scale=2.0)
    expected = qml.metric_tensor(node)(*arguments(), scale=2.0)
    assert [np.shape(block) for block in found] == [(3, 3), ()]
    for block, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(block, other, atol=1e-10)


def test_shape_of_one_argument():
    node = qnode(layered)
    found = pt.metric_tensor_fn(node)(weights())
    assert found.shape == (2, 2, 3, 2, 2, 3)
    expected = qml.adjoint_metric_tensor(node)(weights())
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_a_number_is_added_to_every_eigenvalue():
    plain = pt.metric_tensor_fn(qnode(several))(*arguments())
    raised = pt.metric_tensor_fn(qnode(several), regularisation=0.3)(*arguments())
    np.testing.assert_allclose(raised[0], plain[0] + 0.3 * np.eye(3), atol=1e-12)
    np.testing.assert_allclose(raised[1], plain[1] + 0.3, atol=1e-12)


def test_arguments_that_train_are_found_or_named():
    node = qnode(several)
    w, x, b = arguments()
    assert np.shape(pt.metric_tensor_fn(node, argnums="w")(w, x, b)) == (3, 3)
    only_b = pt.metric_tensor_fn(node)(pnp.array(w, requires_grad=False), x, b)
    assert np.shape(only_b) == ()
    # nothing is marked: every floating argument
    plain = pt.metric_tensor_fn(node, encoding_args="x")(np.array(w), 0.7, 0.2)
    assert [np.shape(block) for block in plain] == [(3, 3), ()]


def test_metric_of_a_mixed_state():
    """RY, then a depolarising channel: F = (1 − 4p/3)²."""

    def noisy(w):
        qml.RY(w, wires=0)
        qml.DepolarizingChannel(0.3, wires=0)
        return qml.expval(qml.Z(0))

    node = qnode(noisy, device="default.mixed")
    found = pt.metric_tensor_fn(node)(pnp.array(0.5))
    assert found == pytest.approx((1 - 0.4) ** 2 / 4)


# --------------------------------------------------------------------------- PennyLane's optimiser


@pytest.mark.parametrize("lam", [0, 0.05])
def test_steps_of_qngoptimizer(lam):
    """Its own full metric, by Hadamard tests, and ours give the same step."""
    node = qnode(several)
    own = qml.QNGOptimizer(0.1, approx=None, lam=lam).step(node, *arguments())
    metric = pt.metric_tensor_fn(node)
    ours = qml.QNGOptimizer(0.1, lam=lam).step(node, *arguments(), metric_tensor_fn=metric)
    for a, b in zip(own, ours, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)
    inside = pt.metric_tensor_fn(node, regularisation=float(lam))
    again = qml.QNGOptimizer(0.1).step(node, *arguments(), metric_tensor_fn=inside)
    np.testing.assert_allclose(again[0], own[0], atol=1e-10)


@pytest.mark.parametrize("repeat", range(5))
def test_twenty_shots_are_enough_to_step(repeat):
    """Twelve parameters of two wires, six directions at most: singular by theorem."""
    node = qnode(layered, shots=20, seed=repeat)
    optimizer = qml.QNGOptimizer(0.1)
    w = weights(repeat)
    new = optimizer.step(node, w, metric_tensor_fn=pt.metric_tensor_fn(node, seed=1))
    assert np.all(np.isfinite(new))
    assert np.linalg.norm(new - w) < 2


# ----------------------------------------------------------------------------- measured


def test_measured_blocks_are_raised_by_their_noise():
    node = qnode(several, shots=500, seed=2)
    found = pt.metric_tensor_fn(node, seed=3)(*arguments())
    exact = pt.metric_tensor_fn(qnode(several))(*arguments())
    assert [np.shape(block) for block in found] == [(3, 3), ()]
    low = np.linalg.eigvalsh(found[0])[0]
    assert low > 0
    # the floor bounds the error of every eigenvalue, and is added once
    shift = np.linalg.eigvalsh(found[0]) - np.linalg.eigvalsh(exact[0])
    assert np.all((shift > 0) & (shift < 0.2))


def test_floor_of_a_block_is_at_most_that_of_the_whole():
    whole = pt.measure_qfim(qnode(several, shots=500, seed=2), ["w", "b"], seed=3)(*arguments())
    block = pt.metric_tensor_fn(qnode(several, shots=500, seed=2), seed=3)(*arguments())
    plain = np.maximum(np.linalg.eigvalsh(whole.value[:3, :3]), 0)
    floors = 4 * np.linalg.eigvalsh(block[0]) - plain
    np.testing.assert_allclose(floors, floors[0], atol=1e-10)
    assert 0 < floors[0] <= whole.noise_floor().floor() + 1e-12


def test_number_instead_of_the_noise_floor():
    whole = pt.measure_qfim(qnode(layered, shots=50, seed=2), seed=3)(weights())
    value = np.linalg.eigvalsh(whole.value)
    assert value[0] < 0
    block = pt.metric_tensor_fn(qnode(layered, shots=50, seed=2), seed=3, regularisation=0.01)
    found = np.linalg.eigvalsh(block(weights()).reshape(12, 12))
    np.testing.assert_allclose(found, np.maximum(value, 0) / 4 + 0.01, atol=1e-10)


def test_what_structure_knows_is_not_raised():
    """RZ on |0⟩: zero without a circuit, and PennyLane's pseudoinverse leaves it at zero."""

    def dead(w):
        qml.RZ(w, wires=0)
        return qml.expval(qml.Z(0))

    node = qnode(dead, shots=10)
    metric = pt.metric_tensor_fn(node)
    assert metric(pnp.array(0.3)) == 0
    new = qml.QNGOptimizer(0.1).step(node, pnp.array(0.3), metric_tensor_fn=metric)
    assert new == pytest.approx(0.3)


def test_methods_force_a_road():
    node = qnode(layered, shots=50, seed=2)
    exact = pt.metric_tensor_fn(node, method="exact")(weights())
    np.testing.assert_allclose(exact, pt.metric_tensor_fn(qnode(layered))(weights()), atol=1e-12)
    with qml.Tracker(node.device) as tracker:
        pt.metric_tensor_fn(node, method="overlap", seed=1)(weights())
    with qml.Tracker(node.device) as other:
        pt.metric_tensor_fn(node, method="block-diag", seed=1)(weights())
    assert tracker.totals["executions"] > 10 * other.totals["executions"]


# ----------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf, "none", [0.1]])
def test_regularisation_is_checked(value):
    with pytest.raises(ValueError, match="noise-floor"):
        pt.metric_tensor_fn(qnode(layered), regularisation=value)


def test_level_is_checked():
    with pytest.raises(ValueError, match="level"):
        pt.metric_tensor_fn(qnode(layered), level=95)


def test_calls_that_broadcast_are_refused():
    metric = pt.metric_tensor_fn(qnode(several), argnums="w")
    w, _, b = arguments()
    with pytest.raises(pt.ReadingError, match="once for each entry"):
        metric(w, np.ones(4), b)


def test_budgets_hold():
    node = qnode(layered, shots=20)
    with pytest.raises(pt.BudgetError, match="max_circuits"):
        pt.metric_tensor_fn(node, max_circuits=1)(weights())
    mixed = qnode(layered, device="default.mixed")
    with pytest.raises(pt.BudgetError, match="max_circuits"):
        pt.metric_tensor_fn(mixed, max_circuits=1)(weights())


def test_without_shots_on_a_device_that_takes_them():
    node = qnode(layered)
    with pytest.raises(pt.ReadingError, match="set_shots"):
        pt.metric_tensor_fn(node, method="direct")(weights())


# ----------------------------------------------------------------------------- solving


def test_damped_solve_is_a_solution(rng):
    root = rng.normal(size=(5, 5))
    matrix, vector = root @ root.T, rng.normal(size=5)
    found = damped_solve(matrix, vector, 0.3)
    np.testing.assert_allclose((matrix + 0.3 * np.eye(5)) @ found, vector)
    np.testing.assert_allclose(damped(matrix, 0.3), matrix + 0.3 * np.eye(5), atol=1e-12)


def test_negative_eigenvalues_count_as_zero():
    matrix = np.array([[0.0, 1.0], [1.0, 0.0]])  # eigenvalues ±1
    found = damped_solve(matrix, np.array([1.0, -1.0]), 0.5)
    np.testing.assert_allclose(found, [2.0, -2.0])
    np.testing.assert_allclose(damped_solve(matrix, np.array([1.0, 1.0]), 0.5), [2 / 3, 2 / 3])


def test_nothing_to_solve_with():
    np.testing.assert_array_equal(damped_solve(np.zeros((2, 2)), np.ones(2), 0.0), [0, 0])
