"""A monitor sees at every step what a look at that step alone would see, and changes nothing."""

from __future__ import annotations

from functools import partial

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

WEIGHTS = np.random.default_rng(5).uniform(0, 2 * np.pi, (2, 1, 2, 3))


def model(x, weights):
    pt.DataReuploading(x, weights, wires=[0, 1])
    return qml.expval(qml.Z(1))


def energy(weights):
    qml.RX(weights[0], wires="a")
    qml.RY(weights[1], wires="a")
    qml.CNOT(["a", "b"])
    qml.RZ(weights[2], wires="b")
    return qml.expval(qml.Z("a"))


def on(function, **shots):
    qnode = qml.QNode(function, qml.device("default.qubit", wires=["a", "b", 0, 1], seed=3))
    return qml.set_shots(qnode, **shots) if shots else qnode


def derivative(function, weights, p, h=1e-5):
    shift = h * np.eye(weights.size)[p].reshape(weights.shape)
    return (function(weights + shift) - function(weights - shift)) / (2 * h)


def test_looks_are_taken_every_few_steps():
    watched = pt.monitor(on(model), "x", every=3)
    looks = [watched.monitor(0.0, WEIGHTS + 0.1 * k) for k in range(8)]
    assert [look is not None for look in looks] == [k % 3 == 0 for k in range(8)]
    found = watched.monitor.record()
    assert found.steps.tolist() == [0, 3, 6]
    assert found.parameters == looks[0].parameters


def test_gradients_of_a_model_are_root_mean_squares_over_the_input():
    """The second road: finite differences on a grid that is exact for this spectrum (Parseval)."""
    qnode = on(model)
    watched = pt.monitor(qnode, "x", every=1)
    watched.monitor(0.0, WEIGHTS)
    found = watched.monitor.record()
    grid = 2 * np.pi * np.arange(8) / 8
    function = lambda w: np.array([float(qnode(x, w)) for x in grid])  # noqa: E731
    for p in (2, 4, 7):
        seen = derivative(function, WEIGHTS, p)
        assert np.isclose(found.gradients[0, p], np.sqrt(np.mean(seen**2)), atol=1e-8)


def test_gradients_of_a_loss_are_its_derivatives():
    weights = np.array([0.3, 1.1, 0.7])
    qnode = on(energy)
    watched = pt.monitor(qnode, every=1)
    watched.monitor(weights)
    found = watched.monitor.record()
    slopes = [abs(derivative(lambda w: float(qnode(w)), weights, p)) for p in range(3)]
    assert np.allclose(found.gradients[0], slopes, atol=1e-8)
    matrix = qml.metric_tensor(qnode, approx=None)(qml.numpy.array(weights, requires_grad=True))
    values = np.sort(np.linalg.eigvalsh(4 * matrix))[::-1]
    assert np.allclose(found.singular_values[0], values, atol=1e-6)
    assert found.ranks[0] == np.sum(values > 1e-6)


def test_condition_is_the_largest_over_the_smallest_that_counts():
    watched = pt.monitor(on(model), "x", every=1)
    watched.monitor(0.0, WEIGHTS)
    found = watched.monitor.record()
    jacobian = qml.transforms.coefficient_jacobian(on(model), encoding_args="x")(0.0, WEIGHTS)
    values = np.linalg.svd(np.reshape(jacobian, (5, -1)), compute_uv=False)
    assert np.isclose(found.conditions[0], values[0] / values[4])
    assert found.ranks.tolist() == [5] and np.isclose(found.smallest_kept[0], values[4])


@pytest.mark.parametrize(
    ("function", "encoding", "args"),
    [(model, "x", (0.0, WEIGHTS)), (energy, None, (np.array([0.3, 1.1, 0.7]),))],
)
def test_measured_looks_cost_what_was_said(function, encoding, args):
    watched = pt.monitor(on(function, shots=400), encoding, every=1, seed=1)
    said = watched.monitor.cost(*args)
    with qml.Tracker(watched.device) as tracker:
        watched.monitor(*args)
    found = watched.monitor.record()
    assert found.measured and str(found.cost) == str(said)
    assert tracker.totals["shots"] == said.shots
    assert "at least" in found.heading()


def test_measured_gradients_cover_the_exact_ones():
    exact = pt.monitor(on(energy), every=1)
    exact.monitor(weights := np.array([0.3, 1.1, 0.7]))
    watched = pt.monitor(on(energy, shots=4000), every=1, seed=1)
    for _ in range(10):
        watched.monitor(weights)
    found, truth = watched.monitor.record(), exact.monitor.record().gradients[0]
    alive = truth > 1e-9
    scores = (found.gradients[:, alive] - truth[alive]) / found.gradient_stderrs[:, alive]
    assert np.abs(scores).max() < 4.5
    assert 0.4 < np.sqrt(np.mean(scores**2)) < 2


def test_cost_is_zero_where_simulated():
    watched = pt.monitor(on(model), "x")
    assert watched.monitor.cost(0.0, WEIGHTS).circuits == 0


def test_the_qnode_stays_as_it_is(global_state_unchanged):
    qnode = on(model)
    before = dict(vars(qnode))
    watched = pt.monitor(qnode, "x")
    watched.monitor(0.0, WEIGHTS)
    assert vars(qnode).keys() == before.keys() and not hasattr(qnode, "monitor")
    assert np.isclose(watched(0.3, WEIGHTS), qnode(0.3, WEIGHTS))
    assert isinstance(watched, qml.QNode)


def test_it_decorates():
    @partial(pt.monitor, encoding_args="x", every=2)
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, weights):
        pt.DataReuploading(x, weights, wires=[0, 1])
        return qml.expval(qml.Z(1))

    circuit.monitor(0.0, WEIGHTS)
    assert circuit.monitor.record().n_rows[0] == 5
    assert pt.analyze(circuit, "x", n_draws=0)(0.0, WEIGHTS).rank == 5


def test_an_empty_record_says_so():
    found = pt.monitor(on(model), "x").monitor.record()
    assert "nothing was looked at" in str(found) and found.steps.size == 0
    with pytest.raises(TypeError, match="not looked at yet"):
        found.plot()


def test_several_results_and_keyword_arguments():
    def two(weights, *, angle):
        qml.RX(weights["first"][0], wires=0)
        qml.RY(angle, wires=0)
        qml.RY(weights["second"], wires=0)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0))

    weights = {"first": np.array([0.4]), "second": np.array(0.9)}
    watched = pt.monitor(on(two), argnums="weights", every=1)
    watched.monitor(weights, angle=0.2)
    found = watched.monitor.record()
    # Bloch vector after RX: (0, −sin a, cos a); RY(b) turns (X, Z), so both move by the same angle
    a, b = 0.4, 0.9 + 0.2
    first = np.hypot(np.sin(a) * np.cos(b), np.sin(a) * np.sin(b))
    assert np.allclose(found.gradients[0], [first, abs(np.cos(a))])


@pytest.mark.interfaces
@pytest.mark.parametrize("interface", ["torch", "jax"])
def test_parameters_of_any_interface(interface):
    if interface == "torch":
        torch = pytest.importorskip("torch")
        given = torch.tensor(WEIGHTS, requires_grad=True)
    else:
        given = pytest.importorskip("jax").numpy.asarray(WEIGHTS)
    watched, plain = (pt.monitor(on(model), "x", every=1) for _ in range(2))
    watched.monitor(0.0, given)
    plain.monitor(0.0, WEIGHTS)
    one, two = watched.monitor.record(), plain.monitor.record()
    assert np.allclose(one.gradients, two.gradients, atol=1e-6)


@pytest.mark.interfaces
def test_inside_jit_it_says_where_to_call_it():
    jax = pytest.importorskip("jax")
    watched = pt.monitor(on(model), "x", every=1)
    with pytest.raises(NotImplementedError, match="outside jit"):
        jax.jit(lambda w: watched.monitor(0.0, w) and 0)(jax.numpy.asarray(WEIGHTS))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"every": 0}, "whole number"),
        ({"every": True}, "whole number"),
        ({"quantity": "loss"}, "'coefficients' or 'states'"),
    ],
)
def test_options_are_checked_at_once(options, words):
    with pytest.raises(ValueError, match=words):
        pt.monitor(on(model), "x", **options)


def test_another_model_needs_another_monitor():
    watched = pt.monitor(on(model), "x", every=1)
    watched.monitor(0.0, WEIGHTS)
    with pytest.raises(ValueError, match="new monitor"):
        watched.monitor(0.0, np.concatenate([WEIGHTS, WEIGHTS]))


def test_a_budget_refuses_a_look_before_it_runs():
    watched = pt.monitor(on(model, shots=100), "x", max_circuits=3)
    with qml.Tracker(watched.device) as tracker, pytest.raises(pt.BudgetError):
        watched.monitor(0.0, WEIGHTS)
    assert not tracker.totals
    assert len(watched.monitor.record().steps) == 0
