"""All ways of measuring a QFIM give the same matrix, which is that of the state."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
import pytest
from qfim_zoo import ZOO, qfim_by_differences

import pennylane_trainability as pt

FULL = ("direct", "hadamard", "overlap")


def qnode_of(function, device=None, shots=None):
    def circuit(w):
        function(w)
        return qml.state() if shots is None else qml.expval(qml.Z(0))

    device = qml.device("default.qubit", seed=1) if device is None else device
    return qml.set_shots(qml.QNode(circuit, device), shots=shots)


def weights_of(name) -> np.ndarray:
    return np.random.default_rng(3).uniform(0.2, 2.5, ZOO[name][1])


@functools.cache
def exact(name) -> np.ndarray:
    return qfim_by_differences(ZOO[name][0], weights_of(name))


@pytest.mark.parametrize("method", FULL)
@pytest.mark.parametrize("name", ZOO)
def test_without_shots_every_method_is_the_qfim(name, method):
    # overlaps are many circuits, which lightning runs faster where it knows the gates
    fast = method == "overlap" and name != "several angles"
    device = qml.device("lightning.qubit") if fast else None
    qnode = qnode_of(ZOO[name][0], device)
    found = qml.transforms.measured_qfim(qnode, method=method)(weights_of(name))
    np.testing.assert_allclose(found, exact(name), atol=1e-9)


@pytest.mark.parametrize("name", ["entangling", "fixed between", "several angles"])
def test_measurements_on_the_way_are_the_qfim(name):
    """No spare wire: the simulator measures in the middle of the circuit."""
    wires = {"entangling": 3, "fixed between": ["a", "b", 7], "several angles": 3}[name]
    qnode = qnode_of(ZOO[name][0], qml.device("default.qubit", wires=wires))
    found = qml.transforms.measured_qfim(qnode, method="direct")(weights_of(name))
    np.testing.assert_allclose(found, exact(name), atol=1e-9)


@pytest.mark.parametrize("method", ["direct", "hadamard", "block-diag"])
def test_means_and_outcomes_say_the_same(method):
    qnode, w = qnode_of(ZOO["fixed between"][0]), weights_of("fixed between")
    by_counts, by_means = (
        qml.transforms.measured_qfim(qnode, method=method, read_out=read_out)(w)
        for read_out in ("counts", "means")
    )
    np.testing.assert_allclose(by_counts, by_means, atol=1e-12)


def test_blocks_are_the_entries_within_layers():
    """Three blocks of RZ, RY, RZ on two wires behind encodings by RX: nine layers of two."""
    w = weights_of("reuploading")
    found = qml.transforms.measured_qfim(qnode_of(ZOO["reuploading"][0]), method="block-diag")(w)
    layer = np.array(
        [3 * block + angle for block in range(3) for _ in (0, 1) for angle in range(3)]
    )
    same = layer[:, None] == layer[None]
    expected = np.where(same, exact("reuploading"), 0.0)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert np.abs(exact("reuploading") - expected).max() > 0.1


def test_one_layer_needs_one_circuit_and_is_the_covariance_of_its_generators():
    found = pt.measure_qfim(qnode_of(ZOO["commuting"][0], shots=10)).plan(weights_of("commuting"))
    assert found.layers == 1 and found.cost.circuits == 1
    other = weights_of("commuting") + 1.0
    np.testing.assert_allclose(
        qfim_by_differences(ZOO["commuting"][0], other), exact("commuting"), atol=1e-9
    )


@pytest.mark.slow
def test_random_bases_come_close_and_say_that_they_are_biased():
    function = ZOO["functions of parameters"][0]
    w = weights_of("functions of parameters")
    truth = qfim_by_differences(function, w)
    found = qml.transforms.measured_qfim(
        qnode_of(function), method="random-bases", n_bases=150, seed=5
    )(w)
    assert np.linalg.norm(found - truth) < 0.1 * np.linalg.norm(truth)
    local = qml.transforms.measured_qfim(
        qnode_of(function), method="random-bases", n_bases=150, seed=5, bases="local"
    )(w)
    assert np.linalg.norm(local - truth) < 0.3 * np.linalg.norm(truth)
    measured = pt.measure_qfim(
        qnode_of(function, shots=2000), method="random-bases", n_bases=40, seed=5
    )(w)
    assert any("biased" in note for note in measured.notes)
    assert np.all(np.abs(measured.value - truth) < 6 * measured.stderr + 0.02)


def test_closed_forms():
    """RX on |0⟩: 1. RZ on |0⟩: 0. RZ after H: 1. Products: diagonal."""

    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RZ(w[1], wires=1)
        qml.Hadamard(2)
        qml.RZ(w[2], wires=2)

    for method in FULL:
        found = qml.transforms.measured_qfim(qnode_of(circuit), method=method)(np.array([0.4] * 3))
        np.testing.assert_allclose(found, np.diag([1.0, 0.0, 1.0]), atol=1e-12)


def several_arguments(a, x, b):
    qml.RY(a[0], wires=0)
    qml.CRX(a[1], wires=[0, 1])
    qml.RX(x, wires=1)
    qml.Rot(*b[0], wires=1)
    qml.CNOT([1, 0])
    qml.RY(b[1, 0], wires=0)
    return qml.probs(wires=0)


def test_several_arguments_give_one_block_each():
    qnode = qml.QNode(several_arguments, qml.device("default.qubit", wires=4))
    a = qml.numpy.array([0.3, 0.9])
    x = qml.numpy.array(0.5, requires_grad=False)
    b = qml.numpy.array([[0.4, 1.1, 0.7], [0.2, 0.0, 0.0]])
    truth = qfim_by_differences(
        lambda v: several_arguments(v[:2], 0.5, v[2:].reshape(2, 3)), np.concatenate([a, b.ravel()])
    )
    for options in ({}, {"encoding_args": "x"}, {"argnums": [0, 2]}):
        first, second = qml.transforms.measured_qfim(qnode, **options)(a, x, b)
        np.testing.assert_allclose(first, truth[:2, :2], atol=1e-9)
        assert second.shape == (2, 3, 2, 3)
        np.testing.assert_allclose(second.reshape(6, 6), truth[2:, 2:], atol=1e-9)
    shapes = [np.shape(f) for f in qml.metric_tensor(qnode, approx="block-diag")(a, x, b)]
    assert shapes == [(2, 2), (2, 3, 2, 3)], "PennyLane's shapes"


def test_the_transform_measures_only_entries_it_returns():
    """The twin measures entries between arguments, too."""

    def circuit(a, b):
        for wire in range(3):
            qml.RY(0.3 + wire, wires=wire)
            qml.RX(a[wire], wires=wire)
        for wire in range(2):
            qml.IsingZZ(0.4, wires=[wire, wire + 1])
        for wire in range(3):
            qml.RX(b[wire], wires=wire)
        return qml.expval(qml.Z(0))

    device = qml.device("default.qubit", seed=1)
    qnode = qml.set_shots(qml.QNode(circuit, device), shots=20)
    with qml.Tracker(device) as tracker:
        qml.transforms.measured_qfim(qnode)(np.ones(3), np.ones(3))
    assert tracker.totals["executions"] == 2, "one layer per argument"
    assert pt.measure_qfim(qnode).cost(np.ones(3), np.ones(3)).circuits == 5


def test_points_of_a_broadcasting_axis():
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RY(w[..., 0], wires=0)
        qml.CNOT([0, 1])
        qml.RY(w[..., 1], wires=1)
        return qml.expval(qml.Z(1))

    device = qml.device("default.qubit")
    qnode = qml.QNode(circuit, device)
    measure = qml.transforms.measured_qfim(qnode, encoding_args="x")
    xs, w = np.array([0.1, 0.8, 2.0]), np.array([0.3, 0.5])
    with qml.Tracker(device) as tracker:
        found = measure(xs, w)
    assert tracker.totals["batches"] == 1
    assert found.shape == (3, 2, 2)
    for x, block in zip(xs, found, strict=True):
        np.testing.assert_allclose(block, measure(x, w), atol=1e-12)
    ws = np.array([[0.3, 0.5], [1.0, 0.2]])
    for one, block in zip(ws, measure(0.4, ws), strict=True):
        np.testing.assert_allclose(block, measure(0.4, one), atol=1e-12)


def test_tapes():
    ops = [qml.RY(0.3, 0), qml.CNOT([0, 1]), qml.RX(0.4, 1), qml.RZ(0.5, 1)]
    tape = qml.tape.QuantumScript(ops, [qml.expval(qml.Z(0))], trainable_params=[0, 2])
    tapes, post = qml.transforms.measured_qfim(tape)
    found = post(qml.execute(tapes, qml.device("default.qubit"), diff_method=None))

    def function(w):
        qml.RY(w[0], wires=0)
        qml.CNOT([0, 1])
        qml.RX(0.4, wires=1)
        qml.RZ(w[1], wires=1)

    np.testing.assert_allclose(found, qfim_by_differences(function, [0.3, 0.5]), atol=1e-9)


def test_as_a_decorator_with_shot_vectors_and_a_tracker():
    device = qml.device("default.qubit", seed=4)

    @qml.transforms.measured_qfim(method="hadamard")
    @qml.set_shots((1000, 4000))
    @qml.qnode(device)
    def circuit(w):
        qml.RY(w[0], wires=0)
        qml.RZ(w[1], wires=0)
        qml.CNOT([0, 1])
        qml.RY(w[2], wires=1)
        return qml.expval(qml.Z(0))

    with qml.Tracker(device) as tracker:
        few, many = circuit(np.array([0.4, 0.9, 0.1]))
    assert tracker.totals["batches"] == 1
    assert tracker.totals["shots"] == 5000 * tracker.totals["executions"]
    assert few.shape == many.shape == (3, 3)
    assert not np.array_equal(few, many)
