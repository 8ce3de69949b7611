"""Models of public tutorials, written in plain PennyLane, to a report with what README says."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

GRID = np.linspace(0, 2 * np.pi, 16, endpoint=False)


def serial(layers):
    """One qubit, the input again and again between general rotations."""

    @qml.qnode(qml.device("default.qubit", wires=1))
    def serial_model(weights, x):
        for angles in weights[:-1]:
            qml.Rot(*angles, wires=0)
            qml.RX(x, wires=0)
        qml.Rot(*weights[-1], wires=0)
        return qml.expval(qml.Z(0))

    return serial_model, (layers + 1, 3)


def parallel(qubits):
    """Several qubits, the input once on each, between trainable blocks."""

    @qml.qnode(qml.device("default.qubit", wires=qubits))
    def parallel_model(weights, x):
        qml.StronglyEntanglingLayers(weights[0], wires=range(qubits))
        for wire in range(qubits):
            qml.RX(x, wires=wire)
        qml.StronglyEntanglingLayers(weights[1], wires=range(qubits))
        return qml.expval(qml.Z(0))

    return parallel_model, (2, 3, qubits, 3)


@qml.qnode(qml.device("default.qubit", wires=1))
def classifier(weights, biases, x, label_state):
    for w, b in zip(weights, biases, strict=True):
        qml.Rot(*(w * x + b), wires=0)
    return qml.expval(qml.Hermitian(label_state, wires=0))


def outputs(qnode, weights):
    return np.asarray(qnode(weights, GRID))


def places(names):
    """Indices of parameters such as ``weights[1, 2]``."""
    return [tuple(map(int, name.split("[")[1].rstrip("]").split(","))) for name in names]


@pytest.mark.parametrize(
    ("build", "size"),
    [
        pytest.param(serial, 1, id="serial-1"),
        pytest.param(serial, 3, id="serial-3"),
        pytest.param(parallel, 3, id="parallel-3"),
    ],
)
def test_fourier_models_get_a_report_that_holds(build, size, rng):
    qnode, shape = build(size)
    weights = rng.uniform(0, 2 * np.pi, shape)
    report = pt.analyze(qnode, encoding_args="x", seed=1)(weights, 0.0)

    # by the FFT of outputs at many parameters: frequencies 0 … size, and all directions seen
    many = np.array([outputs(qnode, rng.uniform(0, 2 * np.pi, shape)) for _ in range(12)])
    seen = np.abs(np.fft.rfft(many, axis=1)).max(axis=0) > 1e-9
    assert report.n_rows == 2 * (int(np.flatnonzero(seen).max()) + 1) - 1 == 2 * size + 1
    assert report.rank == np.linalg.matrix_rank(many - many[0], tol=1e-9)

    # what is called dead moves nothing, and everything else moves something
    before = outputs(qnode, weights)
    for index in np.ndindex(*shape):
        moved = weights.copy()
        moved[index] += 0.7
        same = np.allclose(outputs(qnode, moved), before, atol=1e-12)
        assert same == (index in places(report.dead))


def cloud(rng, count=12):
    """Points of a square, padded with a zero."""
    return np.pad(rng.uniform(-1, 1, (count, 2)), ((0, 0), (0, 1)))


def test_the_classifier_is_sent_to_its_data(rng):
    call = (*rng.uniform(0, 2 * np.pi, (2, 3, 3)), cloud(rng)[0], np.diag([1.0, 0.0]))
    with pytest.raises(pt.NotFourierError, match=r"use data=…"):
        pt.analyze(classifier, "x", ["weights", "biases"])(*call)


def test_the_classifier_is_reported_on_its_data(rng):
    points, label = cloud(rng), np.diag([1.0, 0.0])
    weights, biases = rng.uniform(0, 2 * np.pi, (2, 3, 3))
    ask = pt.analyze(classifier, "x", ["weights", "biases"], data=points, seed=1)
    report = ask(weights, biases, points[0], label)

    def fidelities(w, b):
        return np.array([classifier(w, b, x, label) for x in points])

    before = fidelities(weights, biases)
    for name, argument in (("weights", weights), ("biases", biases)):
        dead = places(n for n in report.dead if n.startswith(name))
        for index in np.ndindex(3, 3):
            kept = argument[index]
            argument[index] += 0.7
            same = np.allclose(fidelities(weights, biases), before, atol=1e-12)
            argument[index] = kept
            assert same == (index in dead), (name, index)
    assert {"weights[0, 2]", "weights[1, 2]"} <= set(report.dead)  # they multiply the padding
    assert report.rank == 10


def test_the_other_label_has_the_same_report(rng):
    """Fidelities of both labels add up to one."""
    points = cloud(rng)
    arguments = rng.uniform(0, 2 * np.pi, (2, 3, 3))
    ask = pt.analyze(classifier, "x", ["weights", "biases"], data=points, seed=1)
    zero, one = (ask(*arguments, points[0], np.diag(d)) for d in ([1.0, 0.0], [0.0, 1.0]))
    assert zero.dead == one.dead
    np.testing.assert_allclose(zero.space.singular_values, one.space.singular_values, atol=1e-9)
