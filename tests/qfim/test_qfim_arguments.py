"""Arguments as users pass them, what comes back for each, and what is left alone."""

from __future__ import annotations

from functools import partial

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.transforms.blocks import argument_blocks, argument_ranges


def model(a, b, x=0.2):
    qml.RY(a, wires=0)
    qml.RX(x, wires=1)
    for k in range(2):
        qml.Rot(b[k, 0], b[k, 1], b[k, 2], wires=k)
    qml.CRX(a * 0.5, wires=[0, 1])
    return qml.expval(qml.Z(0))


def qnode_of(function):
    return qml.QNode(function, qml.device("default.qubit"))


A, B = 0.7, np.arange(6).reshape(2, 3) / 5 + 0.1


@pytest.fixture(scope="module")
def whole():
    """Over all seven parameters at once, flat."""

    def flat(v):
        return model(v[0], v[1:].reshape(2, 3))

    return pt.qfim(qnode_of(flat))(np.array([A, *B.ravel()]))


def test_several_arguments_give_one_block_each(whole):
    in_a, in_b = pt.qfim(qnode_of(model), argnums=["a", "b"])(A, B)
    assert (in_a.shape, in_b.shape) == ((), (2, 3, 2, 3))
    np.testing.assert_allclose(in_a, whole[0, 0], atol=1e-14)
    np.testing.assert_allclose(in_b.reshape(6, 6), whole[1:, 1:], atol=1e-14)


def test_argnums_choose_and_order(whole):
    in_b, in_a = pt.qfim(qnode_of(model), argnums=["b", "a"])(A, B)
    np.testing.assert_allclose(in_a, whole[0, 0], atol=1e-14)
    np.testing.assert_allclose(in_b.reshape(6, 6), whole[1:, 1:], atol=1e-14)
    for argnums in (1, "b"):
        alone = pt.qfim(qnode_of(model), argnums=argnums)(A, B)
        np.testing.assert_allclose(alone, in_b, atol=1e-14)
    (in_list,) = pt.qfim(qnode_of(model), argnums=[1])(A, B)
    np.testing.assert_allclose(in_list, in_b, atol=1e-14)


def test_floats_are_trainable_and_defaults_and_keywords_count_where_they_are_passed(whole):
    in_a, in_b = pt.qfim(qnode_of(model))(A, B)
    assert len(pt.qfim(qnode_of(model))(a=A, b=B, x=0.2)) == 3
    by_keyword = pt.qfim(qnode_of(model), encoding_args="x")(b=B, a=A, x=0.2)
    for one, other in zip((in_a, in_b), by_keyword, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-14)


def test_integers_and_strings_are_constants():
    def circuit(w, layers, basis):
        for _ in range(layers):
            getattr(qml, basis)(w, wires=0)
        return qml.state()

    found = pt.qfim(qnode_of(circuit))(0.3, 3, "RY")
    np.testing.assert_allclose(found, 9.0, atol=1e-13)


def test_trees_give_trees_of_trees(whole):
    def circuit(p):
        return model(p["a"], qml.math.stack([p["b"][0], p["b"][1]]))

    tree = {"a": A, "b": [B[0], B[1]]}
    found = pt.qfim(qnode_of(circuit))(tree)
    assert set(found) == set(found["a"]) == {"a", "b"}
    np.testing.assert_allclose(found["a"]["a"], whole[0, 0], atol=1e-14)
    np.testing.assert_allclose(found["a"]["b"][1], whole[0, 4:], atol=1e-14)
    np.testing.assert_allclose(found["b"][1]["b"][0], whole[4:, 1:4], atol=1e-14)
    np.testing.assert_allclose(found["b"][0]["a"], whole[1:4, 0], atol=1e-14)


def test_a_part_of_an_argument_may_be_data(whole):
    def circuit(v):
        return model(v[0], v[1:].reshape(2, 3))

    v = np.array([A, *B.ravel()])
    found = pt.qfim(qnode_of(circuit), encoding_args={"v": [0, 3]})(v)
    keep = np.array([1, 2, 4, 5, 6])
    expected = np.zeros((7, 7))
    expected[np.ix_(keep, keep)] = whole[np.ix_(keep, keep)]
    np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("axis", ["x", "weights", "both"])
def test_a_broadcasting_axis_is_kept_in_front(axis, rng):
    x, b = rng.normal(size=4), rng.normal(size=(4, 2, 3))

    def circuit(x, b):
        qml.RX(x, wires=0)
        for k in range(2):
            qml.RY(b[..., k, 0] * 2, wires=k)
            qml.RZ(b[..., k, 1] * b[..., k, 2], wires=k)
        qml.CNOT([0, 1])
        qml.RX(x, wires=1)
        return qml.expval(qml.Z(0))

    xs = x if axis != "weights" else x[0]
    bs = b if axis != "x" else b[0]
    transform = pt.qfim(qnode_of(circuit), encoding_args="x")
    found = transform(xs, bs)
    assert found.shape == (4, 2, 3, 2, 3)
    for d in range(4):
        one = transform(x[d] if axis != "weights" else x[0], b[d] if axis != "x" else b[0])
        np.testing.assert_allclose(found[d], one, atol=1e-13)


def test_prepared_states_with_a_broadcasting_axis(rng):
    def circuit(x, w):
        qml.AmplitudeEmbedding(x, wires=[0, 1], normalize=True)
        qml.RY(w[0], wires=0)
        qml.CRX(w[1], wires=[0, 1])
        return qml.state()

    x, w = rng.normal(size=(3, 4)), rng.normal(size=2)
    transform = pt.qfim(qnode_of(circuit), encoding_args="x")
    expected = [transform(one, w) for one in x]
    np.testing.assert_allclose(transform(x, w), expected, atol=1e-13)


def test_a_circuit_that_does_not_use_its_parameters():
    def circuit(w):
        qml.Hadamard(0)
        return qml.expval(w[0] * qml.Z(0))

    np.testing.assert_array_equal(pt.qfim(qnode_of(circuit))(np.ones(2)), np.zeros((2, 2)))
    np.testing.assert_array_equal(
        pt.qfim(qnode_of(lambda w: qml.expval(qml.Z(0))))(np.ones(2)), np.zeros((2, 2))
    )


def test_a_global_phase_is_no_information():
    def circuit(w):
        qml.RY(w[0], wires=0)
        qml.GlobalPhase(w[1])
        qml.GlobalPhase(w[1], wires=0)
        return qml.state()

    np.testing.assert_allclose(pt.qfim(qnode_of(circuit))(np.ones(2)), np.diag([1, 0]), atol=1e-14)


# -- ranges and blocks -----------------------------------------------------------------------------


def test_ranges_are_the_rows_of_the_blocks():
    arguments = read_points(qnode_of(model), (A, B), {}, ["b", "a"]).reading.arguments
    in_b, in_a = argument_ranges(arguments)
    np.testing.assert_array_equal(in_a, [0])
    np.testing.assert_array_equal(in_b, np.arange(1, 7))


def test_blocks_keep_leading_axes(rng):
    arguments = read_points(qnode_of(model), (A, B), {}).reading.arguments
    matrix = rng.normal(size=(2, 5, 7, 7))
    in_a, in_b = argument_blocks(matrix, arguments)
    np.testing.assert_array_equal(in_a, matrix[..., 0, 0])
    np.testing.assert_array_equal(in_b.reshape(2, 5, 6, 6), matrix[..., 1:, 1:])


# -- the place in PennyLane ------------------------------------------------------------------------


def test_as_a_decorator_with_options(whole):
    @partial(pt.qfim, argnums="b", encoding_args="x")
    @qml.qnode(qml.device("default.qubit"))
    def circuit(a, b, x):
        return model(a, b, x)

    np.testing.assert_allclose(circuit(A, B, 0.2).reshape(6, 6), whole[1:, 1:], atol=1e-14)


def test_on_a_tape(whole):
    tape = qml.tape.make_qscript(model)(A, B)
    tape.trainable_params = [0, 2, 3, 4]
    tapes, post = qml.gradients.qfim(tape)
    assert len(tapes) == 0
    first = post(())
    assert first.shape == (4, 4)

    def rotation(v):
        qml.RY(v[0], wires=0)
        qml.RX(0.2, wires=1)
        qml.Rot(v[1], v[2], v[3], wires=0)
        qml.Rot(*B[1], wires=1)
        qml.CRX(A * 0.5, wires=[0, 1])
        return qml.state()

    expected = pt.qfim(qnode_of(rotation))(np.array([A, *B[0]]))
    np.testing.assert_allclose(first, expected, atol=1e-14)
    np.testing.assert_allclose(pt.qfim(tape, argnums=[2, 3])[1](()), expected[1:3, 1:3], atol=1e-14)
    np.testing.assert_allclose(
        pt.qfim(tape, encoding_args=[0, 4])[1](()), expected[1:3, 1:3], atol=1e-14
    )


def test_on_a_tape_that_broadcasts(rng):
    w = rng.normal(size=3)
    tape = qml.tape.QuantumScript([qml.RY(w, 0), qml.RX(0.3, 0)], [qml.state()])
    found = pt.qfim(tape)[1](())
    assert found.shape == (3, 2, 2)
    # X in the state RY(w)|0⟩ has the mean sin w
    expected = [[[1.0, 0.0], [0.0, np.cos(t) ** 2]] for t in w]
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_another_device_of_the_qnode(whole):
    transform = pt.qfim(qnode_of(model), argnums="b", encoding_args="x")
    noisy = transform.update(device=qml.device("default.mixed", wires=2))
    with qml.Tracker(noisy.device) as tracker:
        found = noisy(A, B, 0.2)
    assert tracker.totals["executions"] > 1
    np.testing.assert_allclose(found.reshape(6, 6), whole[1:, 1:], atol=1e-11)


@pytest.mark.usefixtures("global_state_unchanged")
@pytest.mark.parametrize("name", ["default.qubit", "default.mixed"])
def test_nothing_of_the_user_is_changed(name):
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RY(w[0], wires=0)
        qml.CRY(w[1], wires=[0, 1])
        return qml.probs(wires=0)

    qnode = qml.QNode(circuit, qml.device(name, wires=2, seed=1))
    x, w = pnp.array([0.1, 0.2], requires_grad=False), pnp.array([0.3, 0.4])
    before = {k: v for k, v in vars(qnode).items()}
    pt.qfim(qnode)(x, w)
    assert vars(qnode) == before and qnode.func is circuit
    np.testing.assert_array_equal(x, [0.1, 0.2])
    np.testing.assert_array_equal(w, [0.3, 0.4])
    assert not x.requires_grad and w.requires_grad
    with qml.queuing.AnnotatedQueue() as queue:
        pt.qfim(qnode)(x, w)
    assert not queue.queue


# -- messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit", "default.mixed"])
def test_shots_name_the_measured_transform(name):
    qnode = qml.set_shots(qml.QNode(model, qml.device(name, wires=2)), shots=100)
    with pytest.raises(pt.ReadingError, match=r"samples, not states.*measured_qfim"):
        pt.qfim(qnode)(A, B)
    exact = pt.qfim(qnode, engine="exact")(A, B)
    np.testing.assert_allclose(exact[0], pt.qfim(qnode_of(model))(A, B)[0], atol=1e-14)


def test_shots_on_a_tape():
    tape = qml.tape.QuantumScript([qml.RY(0.2, 0)], [qml.counts()], shots=10)
    with pytest.raises(pt.ReadingError, match=r"A tape with.*measured_qfim"):
        pt.qfim(tape)


def test_an_engine_that_does_not_exist():
    with pytest.raises(pt.ReadingError, match="'auto' or 'exact'"):
        pt.qfim(qnode_of(model), engine="measured")(A, B)


@pytest.mark.parametrize(
    "options, match",
    [
        ({"argnums": [0, 9]}, "numbered from 0"),
        ({"argnums": [0], "encoding_args": [0]}, "both encoding_args and argnums"),
        ({"encoding_args": [0, 1]}, "no trainable parameters"),
    ],
)
def test_positions_on_a_tape(options, match):
    tape = qml.tape.QuantumScript([qml.RY(0.2, 0), qml.RX(0.1, 0)], [qml.state()])
    with pytest.raises(pt.ReadingError, match=match):
        pt.qfim(tape, **options)


def test_tape_parameters_that_are_no_angles():
    operations = [qml.StatePrep(np.array([0.6, 0.8]), 0), qml.RX(0.1, 0)]
    tape = qml.tape.QuantumScript(operations, [qml.state()])
    with pytest.raises(pt.ReadingError, match=r"Parameter 0 of the tape belongs to StatePrep"):
        pt.qfim(tape)
    np.testing.assert_allclose(pt.qfim(tape, argnums=1)[1](()), [[1 - 0.96**2]], atol=1e-14)


def test_measurements_in_the_middle_name_the_remedy():
    def circuit(w):
        qml.RX(w, wires=0)
        qml.measure(0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="defer_measurements"):
        pt.qfim(qnode_of(circuit))(0.3)


@pytest.mark.interfaces("jax")
def test_program_capture_is_refused():
    qml.capture.enable()
    try:
        with pytest.raises(NotImplementedError, match=r"qml\.capture\.disable"):
            pt.qfim(qnode_of(model))(A, B)
    finally:
        qml.capture.disable()


def test_too_little_memory():
    with pytest.raises(pt.BudgetError, match="Raise memory"):
        pt.qfim(qnode_of(model), memory=100)(A, B)
