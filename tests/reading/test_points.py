"""Calls read at points: which axis is a broadcasting axis, and what every point is."""

from __future__ import annotations

import math

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.circuits.stacking import one_draw


def qnode_of(function):
    return qml.QNode(function, qml.device("default.qubit"))


def model(x, w):
    qml.StronglyEntanglingLayers(w, wires=[0, 1])
    qml.RX(x, wires=0)
    qml.CRY(w[..., 0, 0, 0] * 2, wires=[0, 1])
    return qml.expval(qml.Z(0))


def angles(points, draw):
    """All gate angles at one point."""
    found = []
    for gate in points.circuit.gates:
        for angle in gate.angles:
            column = np.broadcast_to(np.reshape(angle.value, (-1,)), len(points.parameters))
            found.append(column[draw])
    return np.array(found)


def tape_angles(function, *args):
    """What the function itself queues, taken apart by PennyLane."""
    tape = qml.tape.make_qscript(function)(*args)
    (tape,), _ = qml.transforms.decompose(
        tape, gate_set={"RX", "RY", "RZ", "CNOT", "CRY", "StatePrep"}
    )
    return np.array([op.data[0] for op in tape.operations if op.num_params and op.wires])


X, W = 0.3, np.arange(1, 13).reshape(2, 2, 3) / 7
MANY_X = np.linspace(0.1, 0.9, 5)
MANY_W = W + np.linspace(0, 1, 5)[:, None, None, None]


@pytest.mark.parametrize(
    "x, w, batch",
    [
        pytest.param(X, W, None, id="one point"),
        pytest.param(MANY_X, W, 5, id="data"),
        pytest.param(X, MANY_W, 5, id="weights"),
        pytest.param(MANY_X, MANY_W, 5, id="both"),
        pytest.param(MANY_X[:1], W, 1, id="axis of one"),
        pytest.param(MANY_X[:2], W, 2, id="as long as the layers"),
        pytest.param(MANY_X[:2], MANY_W[:2], 2, id="both as long as the layers"),
    ],
)
def test_every_point_is_a_call_of_its_own(x, w, batch):
    points = read_points(qnode_of(model), (x, w), {}, encoding_args="x")
    assert points.batch == batch
    draws = batch or 1
    assert points.parameters.shape == (draws, 12)
    for d in range(draws):
        one_x = x[d] if np.ndim(x) else x
        one_w = w[d] if np.ndim(w) > 3 else w
        np.testing.assert_array_equal(points.parameters[d], np.ravel(one_w))
        np.testing.assert_allclose(angles(points, d), tape_angles(model, one_x, one_w))
    if np.ndim(x):
        np.testing.assert_array_equal(points.inputs[:, 0], x)


def test_without_data_every_floating_argument_is_trainable():
    points = read_points(qnode_of(model), (X, W), {})
    np.testing.assert_array_equal(points.parameters[0], [X, *W.ravel()])


def test_marked_tensors_and_argnums_choose():
    marked = pnp.array(X, requires_grad=False)
    for options, args in (({}, (marked, W)), ({"argnums": 1}, (X, W)), ({"argnums": "w"}, (X, W))):
        points = read_points(qnode_of(model), args, {}, **options)
        np.testing.assert_array_equal(points.parameters[0], W.ravel())


def test_data_that_are_not_trainable_may_carry_the_axis_unnamed():
    marked = pnp.array(MANY_X, requires_grad=False)
    points = read_points(qnode_of(model), (marked, W), {})
    assert points.batch == 5
    np.testing.assert_array_equal(points.inputs[:, 0], MANY_X)


def test_other_numbers_give_the_circuit_there():
    points = read_points(qnode_of(model), (MANY_X, W), {}, encoding_args="x")
    moved = points.numbers + np.linspace(0, 1, points.numbers.size)
    there = read_points(
        qnode_of(model), (moved[:5], moved[5:].reshape(W.shape)), {}, encoding_args="x"
    )
    values = [
        [np.ravel(a.value) for g in c.gates for a in g.angles]
        for c in (points.at(moved), there.circuit)
    ]
    for one, other in zip(*values, strict=True):
        np.testing.assert_allclose(np.broadcast_to(one, 5), np.broadcast_to(other, 5))


def nonlinear(x, w):
    qml.RX(np.sin(w[..., 0]) * x, wires=0)
    qml.RY(w[..., 1] ** 2, wires=0)
    return qml.state()


def test_nonlinear_angles_are_read_again_at_all_points():
    w = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    points = read_points(qnode_of(nonlinear), (MANY_X[:3], w), {}, encoding_args="x")
    for d in range(3):
        np.testing.assert_allclose(angles(points, d), [np.sin(w[d, 0]) * MANY_X[d], w[d, 1] ** 2])
    slope = points.circuit.gates[0].angles[0].parameters[0]
    np.testing.assert_allclose(slope[:, 0], np.cos(w[:, 0]) * MANY_X[:3])


def embedded(x, w):
    qml.AmplitudeEmbedding(x, wires=[0, 1], normalize=True)
    qml.RY(w, wires=0)
    return qml.expval(qml.Z(0))


def test_data_may_prepare_states():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    points = read_points(qnode_of(embedded), (x, 0.3), {}, encoding_args="x")
    (preparation,) = points.circuit.preparation
    np.testing.assert_allclose(preparation.state_vector().ravel(), x / np.linalg.norm(x))


def test_states_prepared_from_a_broadcasting_axis():
    x = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]])
    points = read_points(qnode_of(embedded), (x, 0.3), {}, encoding_args="x")
    assert points.one_by_one and points.batch == 3
    for d in range(3):
        (preparation,) = one_draw(points.circuit, d).preparation
        assert preparation.batch_size is None
        state = preparation.state_vector(wire_order=[0, 1]).ravel()
        np.testing.assert_allclose(state, x[d] / np.linalg.norm(x[d]))


def untraceable(x, w):
    qml.RX(math.sin(x), wires=0)
    qml.RY(2 * float(w), wires=0)
    return qml.state()


def test_functions_that_want_plain_numbers():
    points = read_points(qnode_of(untraceable), (0.4, 0.7), {}, encoding_args="x")
    np.testing.assert_allclose(angles(points, 0), [math.sin(0.4), 1.4])
    assert points.circuit.gates[1].angles[0].parameters == {0: 2.0}


def test_functions_that_want_plain_numbers_at_several_points():
    def function(x, w):
        qml.RX(np.clip(x, 0, 0.5), wires=0)  # tracers cannot be compared
        qml.RY(w, wires=0)
        return qml.state()

    points = read_points(qnode_of(function), (MANY_X, 0.7), {}, encoding_args="x")
    assert points.batch == 5
    for d in range(5):
        np.testing.assert_allclose(angles(points, d), [min(MANY_X[d], 0.5), 0.7])


def test_a_return_value_of_any_kind_is_ignored():
    def function(w):
        qml.RX(w, wires=0)
        return {"a": qml.expval(w * qml.Z(0)), "b": [qml.counts(), qml.probs(wires=range(9))]}

    points = read_points(qnode_of(function), (0.3,), {})
    assert points.circuit.n_wires == 1
    assert points.circuit.measurements == ()


def test_own_transforms_of_the_qnode_are_applied():
    @qml.transforms.merge_rotations
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RX(w[..., 0], wires=0)
        qml.RX(w[..., 1], wires=0)
        qml.RY(x, wires=0)
        return qml.state()

    points = read_points(circuit, (MANY_X, np.array([0.1, 0.2])), {}, encoding_args="x")
    assert [gate.name for gate in points.circuit.gates] == ["RX", "RY"]
    np.testing.assert_allclose(angles(points, 2), [0.3, MANY_X[2]])


# -- messages --------------------------------------------------------------------------------------


def test_an_axis_that_no_argument_explains():
    def function(w):
        qml.RX(w * np.array([0.1, 0.2, 0.3]), wires=0)
        return qml.state()

    with pytest.raises(pt.ReadingError, match="leading axis of 3"):
        read_points(qnode_of(function), (0.3,), {})


def test_an_argument_of_data_and_parameters_cannot_carry_the_axis():
    def function(v):
        qml.RX(v[..., 0], wires=0)
        qml.RY(v[..., 1], wires=0)
        return qml.state()

    with pytest.raises(pt.ReadingError, match="split it into two arguments"):
        read_points(qnode_of(function), (np.ones((3, 2)),), {}, encoding_args={"v": [0]})
    points = read_points(qnode_of(function), (np.ones(2),), {}, encoding_args={"v": [0]})
    assert points.parameters.shape == (1, 1)


def test_special_unitaries_do_not_take_an_axis_for_angles():
    def function(w):
        qml.SpecialUnitary(w, wires=0)
        return qml.state()

    points = read_points(qnode_of(function), (np.ones((4, 3)),), {})
    assert points.batch == 4 and points.parameters.shape == (4, 3)


def test_the_error_of_the_user_comes_first():
    def function(w):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        read_points(qnode_of(function), (0.3,), {})


def test_no_trainable_argument():
    with pytest.raises(pt.ReadingError, match="no trainable parameters"):
        read_points(qnode_of(model), (X, W), {}, encoding_args=["x", "w"])


@pytest.mark.interfaces("jax")
def test_traced_arguments_are_refused_unless_allowed():
    import jax

    def f(w):
        return read_points(qnode_of(model), (X, w), {}, encoding_args="x")

    with pytest.raises(NotImplementedError, match="outside jit"):
        jax.jit(f)(W)
