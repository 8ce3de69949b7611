"""Steps of the natural gradient: by hand, beside PennyLane's, and under shot noise."""

from __future__ import annotations

import math

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.devices.counted import Counted


def rotation(w):
    qml.RX(w, wires=0)
    return qml.expval(qml.Z(0))


def product(w):
    for wire in range(3):
        qml.RX(w[wire], wires=wire)
    return qml.expval(qml.Z(0) + 2 * qml.Z(1) - 0.5 * qml.Z(2))


def stretched(w):
    """The second angle turns twenty times less."""
    qml.RX(w[0], wires=0)
    qml.RX(0.05 * w[1], wires=1)
    return qml.expval(qml.Z(0) + qml.Z(1))


def layered(w):
    qml.StronglyEntanglingLayers(w, wires=[0, 1])
    return qml.expval(qml.Z(0) @ qml.Z(1))


def several(a, x, b, scale=1.0):
    qml.RY(x, wires=0)
    qml.RX(a[0], wires=0)
    qml.RY(a[1], wires=1)
    qml.CNOT([0, 1])
    qml.RZ(b, wires=1)
    qml.RX(scale * b, wires=1)
    return qml.expval(qml.Z(0) + qml.X(1))


def qnode(function, shots=None, device="default.qubit", wires=4, **options):
    made = qml.QNode(function, qml.device(device, wires=wires, **options))
    return qml.set_shots(made, shots=shots) if shots else made


def arguments():
    x = pnp.array(0.7, requires_grad=False)
    return pnp.array([0.3, 0.4]), x, pnp.array(0.2)


def weights(seed=0):
    return pnp.array(np.random.default_rng(seed).uniform(0, 6, (2, 2, 3)), requires_grad=True)


# ----------------------------------------------------------------------------- by hand


def test_one_rotation():
    """f = cos θ, F = 1, metric 1/4: θ ← θ + 4 η sin θ."""
    optimizer = pt.NaturalGradientOptimizer(0.1)
    new, before = optimizer.step_and_cost(qnode(rotation), pnp.array(0.6))
    assert new == pytest.approx(0.6 + 0.4 * math.sin(0.6))
    assert before == pytest.approx(math.cos(0.6))
    assert optimizer.metric_tensor == pytest.approx(0.25)
    assert new.requires_grad


def test_product_of_rotations():
    w = pnp.array([0.3, 0.7, 1.1])
    new = pt.NaturalGradientOptimizer(0.05).step(qnode(product), w)
    np.testing.assert_allclose(new, w + 0.2 * np.array([1, 2, -0.5]) * np.sin(w))


def test_a_number_damps():
    """θ ← θ + η sin θ/(1/4 + λ)."""
    new = pt.NaturalGradientOptimizer(0.1, regularisation=0.5).step(qnode(rotation), pnp.array(0.6))
    assert new == pytest.approx(0.6 + 0.1 * math.sin(0.6) / 0.75)


def test_noise_of_a_mixed_state():
    """After depolarising: f = s cos θ and F = s², so the step grows by 1/s."""

    def noisy(w):
        qml.RX(w, wires=0)
        qml.DepolarizingChannel(0.3, wires=0)
        return qml.expval(qml.Z(0))

    optimizer = pt.NaturalGradientOptimizer(0.1)
    new = optimizer.step(qnode(noisy, device="default.mixed"), pnp.array(0.6))
    assert new == pytest.approx(0.6 + 0.4 * math.sin(0.6) / (1 - 0.4))
    assert optimizer.history[0].metric_cost.circuits == 3


def test_directions_that_do_not_move_stay():
    def redundant(w):
        qml.RZ(w[0], wires=0)
        qml.RX(w[1] + w[2], wires=0)
        return qml.expval(qml.Z(0))

    w = pnp.array([0.1, 0.2, 0.4])
    new = pt.NaturalGradientOptimizer(0.1).step(qnode(redundant), w)
    # one rotation by w₁ + w₂; the shortest change of both is half of it each
    np.testing.assert_allclose(new - w, 0.2 * math.sin(0.6) * np.array([0, 1, 1]), atol=1e-12)


# ----------------------------------------------------------------------------- beside PennyLane


@pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
def test_steps_of_qngoptimizer(device):
    """Its full metric comes from Hadamard tests; damped, because the metric is singular."""
    node, w = qnode(layered, device=device), weights()
    own = qml.QNGOptimizer(0.1, approx=None, lam=0.01).step(node, w)
    ours = pt.NaturalGradientOptimizer(0.1, regularisation=0.01).step(node, w)
    np.testing.assert_allclose(ours, own, atol=1e-8)


def test_several_arguments_share_one_metric():
    """The same circuit with one argument: entries between ``a`` and ``b`` count."""
    a, x, b = arguments()
    optimizer = pt.NaturalGradientOptimizer(0.1)
    new, before = optimizer.step_and_cost(qnode(several), a, x, b, scale=2.0)

    def joined(w):
        return several(w[:2], 0.7, w[2], scale=2.0)

    both = pnp.concatenate([a, pnp.array([b])])
    whole = qml.adjoint_metric_tensor(qnode(joined))(both)
    expected = both - 0.1 * np.linalg.solve(whole, qml.grad(qnode(joined))(both))
    assert abs(whole[0, 2]) + abs(whole[1, 2]) > 0.01
    assert isinstance(new, list) and new[1] is x
    np.testing.assert_allclose(np.append(new[0], new[2]), expected, atol=1e-8)
    assert before == pytest.approx(qnode(several)(a, x, b, scale=2.0))
    assert [arg.requires_grad for arg in new] == [True, False, True]


def test_gradient_of_the_users_own():
    asked = []

    def gradient(w):
        asked.append(w)
        return np.array([1.0, 0.0, 0.0])

    w, optimizer = pnp.array([0.3, 0.7, 1.1]), pt.NaturalGradientOptimizer(0.1)
    new, before = optimizer.step_and_cost(qnode(product), w, grad_fn=gradient)
    np.testing.assert_allclose(new - w, [-0.4, 0, 0], atol=1e-12)
    assert before == pytest.approx(qnode(product)(w))
    assert len(asked) == 1
    assert optimizer.history[0].gradient_cost.circuits == 1
    optimizer.step(qnode(product), w, grad_fn=gradient)
    assert optimizer.history[1].gradient_cost.circuits == 0


# ----------------------------------------------------------------------------- descent


def test_bad_conditioning_does_not_slow_it_down():
    """Curvatures differ by 400: plain descent creeps along the second angle."""
    start = pnp.array([0.5, 10.0])
    node = qnode(stretched)
    ends = {}
    for name, optimizer in {
        "natural": pt.NaturalGradientOptimizer(0.1),
        "plain": qml.GradientDescentOptimizer(0.4),
    }.items():
        w = start
        for _ in range(25):
            w = optimizer.step(node, w)
        ends[name] = float(node(w))
    assert ends["natural"] < -1.999
    assert ends["plain"] > -0.2


@pytest.mark.slow
def test_descent_with_shots():
    """A hundred shots: with the floor it descends, with the bare inverse it is thrown about."""

    def chain(w):
        for layer in w:
            for wire in range(3):
                qml.RY(layer[wire], wires=wire)
            qml.CNOT([0, 1])
            qml.CNOT([1, 2])
        pairs = qml.Z(0) @ qml.Z(1) + qml.Z(1) @ qml.Z(2)
        return qml.expval(pairs + 0.5 * (qml.X(0) + qml.X(1) + qml.X(2)))

    def undamped(node, w, seed):
        gradient = qml.grad(node)(w).ravel()
        matrix = np.linalg.pinv(pt.measure_qfim(node, seed=seed)(w).value / 4)
        return w - 0.05 * (matrix @ gradient).reshape(w.shape)

    start = pnp.array(np.random.default_rng(0).uniform(0, 6, (3, 3)))
    damped, bare = [], []
    for seed in range(12):
        node = qnode(chain, shots=100, seed=seed)
        damped.append(pt.NaturalGradientOptimizer(0.05, seed=seed).step(node, start) - start)
        bare.append(undamped(node, start, seed) - start)
    lengths = [np.linalg.norm(steps, axis=(1, 2)) for steps in (damped, bare)]
    assert np.max(lengths[0]) < 0.4
    assert np.median(lengths[1]) > 3 * np.median(lengths[0])

    node, w = qnode(chain, shots=100, seed=7), start
    optimizer, values = pt.NaturalGradientOptimizer(0.05, seed=1), [float(qnode(chain)(start))]
    for _ in range(12):
        w = optimizer.step(node, w)
        values.append(float(qnode(chain)(w)))
    assert values[-1] < -1.9
    assert np.max(np.diff(values)) < 0.1


# ----------------------------------------------------------------------------- shots


def test_noise_is_not_blown_up():
    """Twelve parameters, six directions: without damping, noise is divided by noise."""
    ours, bare = [], []
    for repeat in range(8):
        node = qnode(layered, shots=50, seed=repeat)
        optimizer = pt.NaturalGradientOptimizer(0.1, seed=1)
        optimizer.step(node, weights())
        step = optimizer.history[0]
        ours.append(np.linalg.norm(step.direction))
        undamped = np.linalg.pinv(optimizer.metric_tensor)
        bare.append(np.linalg.norm(undamped @ step.gradient))
        assert ours[-1] <= 4 / step.damping * np.linalg.norm(step.gradient) * (1 + 1e-9)
    exact = pt.NaturalGradientOptimizer(0.1)
    exact.step(qnode(layered), weights())
    true = np.linalg.norm(exact.history[0].direction)
    assert max(ours) < 2 * true
    assert np.median(bare) > 4 * np.median(ours)
    assert max(bare) > 30 * max(ours)


def test_direction_is_that_of_the_measured_matrix():
    optimizer = pt.NaturalGradientOptimizer(0.1, seed=1)
    optimizer.step(qnode(layered, shots=200, seed=3), weights())
    measured, step = optimizer.measured, optimizer.history[0]
    np.testing.assert_allclose(step.direction, 4 * measured.natural_gradient(step.gradient))
    assert step.damping == measured.noise_floor().floor()
    np.testing.assert_array_equal(optimizer.metric_tensor, measured.value / 4)


def test_many_shots_tend_to_the_exact_step():
    w = pnp.array([0.5, 10.0])
    exact = pt.NaturalGradientOptimizer(0.1, regularisation=0.01).step(qnode(stretched), w)
    node = qnode(stretched, shots=200_000, seed=1)
    measured = pt.NaturalGradientOptimizer(0.1, regularisation=0.01, seed=1).step(node, w)
    np.testing.assert_allclose(measured, exact, atol=0.01)


@pytest.mark.parametrize("repeat", range(3))
def test_twenty_shots_are_enough_to_step(repeat):
    node = qnode(layered, shots=20, seed=repeat)
    new = pt.NaturalGradientOptimizer(0.1, seed=1).step(node, weights(repeat))
    assert np.all(np.isfinite(new))


# ----------------------------------------------------------------------------- what it cost


def test_cost_is_what_the_device_ran():
    node = qnode(several, shots=100, seed=1)
    optimizer = pt.NaturalGradientOptimizer(0.1, seed=1)
    with qml.Tracker(node.device) as tracker:
        optimizer.step_and_cost(node, *arguments())
    step = optimizer.history[0]
    assert step.cost.circuits == tracker.totals["executions"]
    assert step.cost.shots == tracker.totals["shots"]
    assert step.cost.executions == tracker.totals["batches"]
    assert step.metric_cost == optimizer.measured.cost
    assert "gradient and value" in str(step)


def test_exact_metrics_cost_nothing():
    optimizer = pt.NaturalGradientOptimizer(0.1)
    optimizer.step(qnode(product), pnp.array([0.3, 0.7, 1.1]))
    step = optimizer.history[0]
    assert (step.metric_cost.circuits, step.damping, optimizer.measured) == (0, 0, None)


def test_metric_used_again():
    node = qnode(layered, shots=50, seed=1)
    optimizer = pt.NaturalGradientOptimizer(0.1, seed=1)
    w = optimizer.step(node, weights())
    first = optimizer.measured
    optimizer.step(node, w, recompute_tensor=False)
    assert optimizer.measured is first
    assert optimizer.history[1].metric_cost.circuits == 0
    assert optimizer.history[1].damping == optimizer.history[0].damping
    optimizer.step(node, w)
    assert optimizer.measured is not first
    with pytest.raises(pt.ReadingError, match="recompute_tensor=True"):
        optimizer.step(qnode(rotation), pnp.array(0.3), recompute_tensor=False)


def test_budget_of_a_metric():
    optimizer = pt.NaturalGradientOptimizer(0.1, max_circuits=1)
    with pytest.raises(pt.BudgetError, match="max_circuits"):
        optimizer.step(qnode(layered, shots=20), weights())


# ----------------------------------------------------------------------------- manners


def test_nothing_of_the_users_is_changed(global_state_unchanged):
    node = qnode(several, shots=50, seed=1)
    tracker, before = node.device.tracker, dict(vars(node))
    args = arguments()
    given = [np.array(arg) for arg in args]
    pt.NaturalGradientOptimizer(0.1).step(node, *args)
    assert dict(vars(node)) == before
    assert node.device.tracker is tracker
    for arg, old in zip(args, given, strict=True):
        np.testing.assert_array_equal(arg, old)


def test_nothing_to_train():
    with pytest.raises(pt.ReadingError, match="requires_grad=True"):
        pt.NaturalGradientOptimizer().step(qnode(rotation), np.array(0.3))


def test_objectives_are_qnodes():
    node = qnode(rotation)
    with pytest.raises(pt.ReadingError, match=r"metric_tensor_fn=pt\.metric_tensor_fn"):
        pt.NaturalGradientOptimizer().step(lambda w: node(w) ** 2, pnp.array(0.3))


def test_it_is_an_optimiser_of_pennylane():
    optimizer = pt.NaturalGradientOptimizer()
    assert isinstance(optimizer, qml.GradientDescentOptimizer)
    assert (optimizer.stepsize, optimizer.metric_tensor, optimizer.measured) == (0.1, None, None)


# ----------------------------------------------------------------------------- the counting device


GRADIENTS = [
    *(("default.qubit", method) for method in ("best", "parameter-shift", "adjoint", "backprop")),
    *(("lightning.qubit", method) for method in ("best", "parameter-shift", "adjoint")),
    *(("default.mixed", method) for method in ("best", "parameter-shift", "backprop")),
]


@pytest.mark.parametrize(("device", "method"), GRADIENTS)
def test_counting_changes_no_gradient(device, method):
    own = qml.QNode(product, qml.device(device, wires=3), diff_method=method)
    counted = Counted(own.device)
    same = qml.QNode(product, counted, diff_method=method)
    w = pnp.array([0.3, 0.7, 1.1])
    np.testing.assert_allclose(qml.grad(same)(w), qml.grad(own)(w), atol=1e-12)
    assert counted.circuits == (7 if method == "parameter-shift" else 1)
    assert counted.name == device and counted.wires == own.device.wires


def test_counting_of_broadcasted_circuits():
    device = Counted(qml.device("default.qubit", wires=1))
    qml.QNode(rotation, device)(np.ones(5))
    assert (device.circuits, device.total_shots, device.executions) == (5, 0, 1)
