"""Jacobians on data points and gradients of losses against PennyLane's own derivatives."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt

DATA = np.array([-0.8, -0.3, 0.1, 0.45, 0.9])


def encode_plain(x):
    qml.RX(x, wires=0)
    qml.RX(2 * x, wires=1)


def encode_arcsin(x):
    """Not a Fourier series of ``x``."""
    qml.RY(qml.math.arcsin(x), wires=0)
    qml.RZ(qml.math.arccos(x**2), wires=1)


def encode_product(x):
    qml.RX(x * x, wires=0)
    qml.RY(qml.math.exp(x), wires=1)


ENCODINGS = [encode_plain, encode_arcsin, encode_product]


def qnode_of(encode, seed=None):
    @qml.qnode(qml.device("default.qubit", wires=2, seed=seed))
    def circuit(x, w):
        qml.RY(w[0], wires=0)
        encode(x)
        qml.CRX(w[1], wires=[0, 1])
        qml.RY(w[2] * w[0], wires=1)
        encode(x)
        qml.RX(w[2], wires=0)
        return qml.expval(qml.Z(0)), qml.expval(qml.Z(0) @ qml.X(1))

    return circuit


@pytest.mark.parametrize("encode", ENCODINGS)
def test_jacobian_and_kernel(encode, rng):
    circuit = qnode_of(encode)
    w = pnp.array(rng.uniform(0, 6, 3), requires_grad=True)
    found = pt.data_jacobian(circuit, DATA, "x")(0.0, w)

    def stacked(w, x):
        return qml.math.stack(circuit(x, w))

    outputs = np.array([stacked(w, x) for x in DATA])
    slopes = np.array([qml.jacobian(stacked, argnums=0)(w, x) for x in DATA])
    np.testing.assert_allclose(found.outputs, outputs, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.jacobian, slopes, rtol=0, atol=1e-10)
    kernel = np.einsum("iap,jbp->iajb", slopes, slopes).reshape(10, 10)
    np.testing.assert_allclose(found.gram, kernel, rtol=0, atol=1e-10)


@pytest.mark.parametrize("encode", ENCODINGS)
def test_loss_gradients(encode, rng):
    circuit = qnode_of(encode)
    w = pnp.array(rng.uniform(0, 6, 3), requires_grad=True)
    targets = rng.normal(size=(5, 2))
    found = pt.data_jacobian(circuit, DATA, "x", targets=targets)(0.0, w)

    def outputs(w):
        return qml.math.stack([qml.math.stack(circuit(x, w)) for x in DATA])

    def squares(w):
        return 0.5 * qml.math.mean((outputs(w) - targets) ** 2)

    def logistic(w):
        return qml.math.sum(qml.math.log(1 + qml.math.exp(-targets * outputs(w))))

    assert found.loss == pytest.approx(squares(w), abs=1e-12)
    np.testing.assert_allclose(found.loss_gradient, qml.grad(squares)(w), rtol=0, atol=1e-10)
    slope = -targets / (1 + np.exp(targets * found.outputs))
    np.testing.assert_allclose(found.contract(slope), qml.grad(logistic)(w), rtol=0, atol=1e-10)


def test_rows_of_a_series_on_the_data(rng):
    """Where the output is a series, its basis on the data turns one Jacobian into the other."""
    circuit = qnode_of(encode_plain)
    w = rng.uniform(0, 6, 3)
    on_data = pt.data_jacobian(circuit, DATA, "x")(0.0, w).jacobian
    rows = pt.coefficient_jacobian(circuit, "x")(0.0, w)
    frequencies = pt.fourier_rows(circuit, "x")(0.0, w).frequencies[:, 0]
    waves = np.exp(1j * np.outer(DATA, frequencies))
    for output in range(2):
        c = (rows[output][1::2] + 1j * rows[output][2::2]) / np.sqrt(2)
        found = rows[output][0] + 2 * (waves @ c).real
        np.testing.assert_allclose(found, on_data[:, output], rtol=0, atol=1e-10)


@pytest.mark.parametrize("encode", [encode_plain, encode_arcsin])
def test_measured_on_data(encode, rng):
    w = rng.uniform(0, 6, 3)
    exact = pt.data_jacobian(qnode_of(encode), DATA, "x")(0.0, w)
    analytic = pt.data_jacobian(qnode_of(encode), DATA, "x", engine="measured")(0.0, w)
    np.testing.assert_allclose(analytic.jacobian, exact.jacobian, rtol=0, atol=1e-10)
    np.testing.assert_allclose(analytic.outputs, exact.outputs, rtol=0, atol=1e-10)
    shot = pt.data_jacobian(qml.set_shots(qnode_of(encode, rng), 1000), DATA, "x")(0.0, w)
    error = np.abs(shot.jacobian - exact.jacobian)
    assert error.max() > 1e-6, "no shots were taken"
    assert (error / np.maximum(shot.stderr, 1e-12)).max() < 5
    assert np.median(error / np.maximum(shot.stderr, 1e-12)) > 0.2, "errors are far too wide"


def test_vector_inputs(rng):
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.AngleEmbedding(x, wires=[0, 1])
        qml.CRY(w[0] + x[0] * x[1], wires=[0, 1])
        qml.RX(w[1], wires=1)
        return qml.expval(qml.Z(1))

    w = pnp.array(rng.uniform(0, 6, 2), requires_grad=True)
    data = rng.uniform(-1, 1, (4, 2))
    found = pt.data_jacobian(circuit, data, "x")(data[0], w)
    wanted = [qml.jacobian(circuit, argnums=1)(x, w) for x in data]
    np.testing.assert_allclose(found.jacobian[:, 0], wanted, rtol=0, atol=1e-10)


def test_what_is_printed_follows_from_the_matrix():
    qnode, w = qnode_of(encode_plain), np.array([0.4, 1.3, 2.2])
    found = pt.data_jacobian(qnode, DATA, "x", targets=np.zeros((5, 2)))(0.0, w)
    flat = found.jacobian.reshape(10, 3)
    told = dict(found.rows())
    largest = np.linalg.norm(flat, 2) ** 2
    assert (
        told["tangent kernel"] == f"largest eigenvalue {largest:.4g}, trace {np.sum(flat**2):.4g}"
    )
    assert told["gradient norm"] == pytest.approx(np.linalg.norm(found.loss_gradient))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": np.zeros((3, 2))}, r"needs shape \(n, 1\)"),
        ({"data": [0.1, np.nan]}, "remove these points"),
        ({"data": DATA, "targets": np.zeros(4)}, "5 × 2 finite numbers"),
    ],
)
def test_data_that_does_not_fit_is_refused(options, message):
    with pytest.raises(pt.ReadingError, match=message):
        pt.data_jacobian(qnode_of(encode_plain), encoding_args="x", **options)(0.0, np.zeros(3))
