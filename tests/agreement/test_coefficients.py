"""Coefficients and coefficient Jacobian against PennyLane's own Fourier and Jacobian tools."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt

ROOT2 = np.sqrt(2)


def device(wires=None):
    return qml.device("default.qubit", wires=wires)


def model(n, layers, read_out=None, slopes=None):
    """``Rot`` blocks with a ring of CNOTs and RX encodings; ``(qnode(x, w), shape of w)``."""
    slopes = slopes or [1] * layers

    @qml.qnode(device(n))
    def circuit(x, w):
        for layer in range(layers + 1):
            for wire in range(n):
                qml.Rot(*w[layer, wire], wires=wire)
            for wire in range(n if n > 1 else 0):
                qml.CNOT([wire, (wire + 1) % n])
            if layer < layers:
                for wire in range(n):
                    qml.RX(slopes[layer] * x, wires=wire)
        return read_out() if read_out else qml.expval(qml.Z(n - 1))

    return circuit, (layers + 1, n, 3)


def complex_rows(values):
    """``(K, …)`` real rows as complex ``c_0, c_1, …``."""
    return np.concatenate([values[:1], (values[1::2] + 1j * values[2::2]) / ROOT2])


# -- signs and factors, with a pencil --------------------------------------------------------------


def test_sign_and_factor_of_a_sine():
    """``⟨Y⟩`` of ``RX(x + w)|0⟩`` is ``−sin(x + w)``: ``c_1 = i e^{iw}/2``."""

    @qml.qnode(device())
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RX(w, wires=0)
        return qml.expval(qml.Y(0))

    w = 0.7
    rows = pt.fourier_rows(circuit, "x")(0.0, w)
    np.testing.assert_allclose(rows.coefficients, [[0, 0.5j * np.exp(1j * w)]], rtol=0, atol=1e-12)
    jacobian = pt.coefficient_jacobian(circuit, "x")(0.0, w)
    np.testing.assert_allclose(
        jacobian, [0, -np.cos(w) / ROOT2, -np.sin(w) / ROOT2], rtol=0, atol=1e-12
    )


def test_sign_of_a_mixed_frequency():
    """``⟨Z⟩⟨Z⟩ = cos(x) cos(y + w)`` has ``(1, 1)`` and ``(1, −1)`` with phases ``e^{±iw}``."""

    @qml.qnode(device())
    def circuit(x, y, w):
        qml.RX(x, wires=0)
        qml.RX(y + w, wires=1)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    w = 0.4
    rows = pt.fourier_rows(circuit, ["x", "y"])(0.0, 0.0, w)
    found = dict(zip(map(tuple, rows.frequencies), rows.coefficients[0, 1:], strict=True))
    wanted = {(0, 1): 0, (1, -1): np.exp(-1j * w) / 4, (1, 0): 0, (1, 1): np.exp(1j * w) / 4}
    assert found.keys() == wanted.keys()
    for k, value in wanted.items():
        assert found[k] == pytest.approx(value, abs=1e-12)


# -- PennyLane's Fourier module and DFTs -----------------------------------------------------------


@pytest.mark.parametrize(("n", "layers"), [(1, 3), (2, 2), (3, 1)])
def test_coefficients_are_those_of_pennylane(n, layers, rng):
    circuit, shape = model(n, layers)
    w = rng.uniform(0, 6, shape)
    budget = n * layers
    wanted = qml.fourier.coefficients(lambda x: circuit(x[0], w), 1, budget)
    found = pt.fourier_rows(circuit, "x")(0.0, w).coefficients[0]
    np.testing.assert_allclose(found, wanted[: budget + 1], rtol=0, atol=1e-10)


@pytest.mark.parametrize(("n", "layers"), [(1, 4), (2, 2), (4, 1)])
def test_jacobian_is_the_transform_of_jacobians_at_points(n, layers, rng):
    circuit, shape = model(n, layers)
    w = pnp.array(rng.uniform(0, 6, shape), requires_grad=True)
    budget = n * layers
    count = 2 * budget + 3
    points = 2 * np.pi * np.arange(count) / count + 0.1
    slopes = np.array([qml.jacobian(circuit, argnums=1)(x, w) for x in points])
    waves = np.exp(-1j * np.outer(np.arange(budget + 1), points)) / count
    found = complex_rows(pt.coefficient_jacobian(circuit, "x")(0.0, w))
    np.testing.assert_allclose(found, np.tensordot(waves, slopes, 1), rtol=0, atol=1e-10)


def test_gram_matrix_is_the_mean_of_gradients_over_the_input(rng):
    circuit, shape = model(2, 2)
    w = pnp.array(rng.uniform(0, 6, shape), requires_grad=True)
    jacobian = pt.coefficient_jacobian(circuit, "x")(0.0, w).reshape(9, -1)
    points = rng.uniform(0, 6) + 2 * np.pi * np.arange(17) / 17
    slopes = np.array([qml.jacobian(circuit, argnums=1)(x, w) for x in points]).reshape(17, -1)
    np.testing.assert_allclose(jacobian.T @ jacobian, slopes.T @ slopes / 17, rtol=0, atol=1e-10)


def test_loss_gradient_is_jacobian_times_coefficient_error(rng):
    """``∇ ½ mean (f − y)² = Jᵀ (c − c*)`` for a uniform input."""
    circuit, shape = model(1, 2)
    w = pnp.array(rng.uniform(0, 6, shape), requires_grad=True)
    other = rng.uniform(0, 6, shape)
    points = 2 * np.pi * np.arange(9) / 9
    target = np.array([circuit(x, other) for x in points])

    def loss(w):
        return sum((circuit(x, w) - y) ** 2 for x, y in zip(points, target, strict=True)) / 18

    rows, goal = (pt.fourier_rows(circuit, "x")(0.0, v).values[0] for v in (w, other))
    jacobian = pt.coefficient_jacobian(circuit, "x")(0.0, w)
    found = np.tensordot(rows - goal, jacobian, 1)
    np.testing.assert_allclose(found, qml.grad(loss)(w), rtol=0, atol=1e-10)


def test_incommensurate_frequencies_against_points(rng):
    """Rows found elsewhere reproduce the derivative at any input."""
    circuit, shape = model(1, 2, slopes=[1, ROOT2])
    w = pnp.array(rng.uniform(0, 6, shape), requires_grad=True)
    frequencies = pt.fourier_rows(circuit, "x")(0.0, w).frequencies[:, 0]
    np.testing.assert_allclose(frequencies, [ROOT2 - 1, 1, ROOT2, ROOT2 + 1], rtol=0, atol=1e-12)
    c = complex_rows(pt.coefficient_jacobian(circuit, "x")(0.0, w))
    for x in rng.uniform(-20, 20, 3):
        found = c[0] + 2 * np.tensordot(np.exp(1j * frequencies * x), c[1:], 1)
        wanted = qml.jacobian(circuit, argnums=1)(float(x), w)
        np.testing.assert_allclose(found.real, wanted, rtol=0, atol=1e-10)


# -- shapes of calls -------------------------------------------------------------------------------


def rebuilt(jacobian, frequencies, x):
    """Derivative at the input ``x`` from the rows of a Jacobian."""
    c = complex_rows(np.asarray(jacobian))
    return (c[0] + 2 * np.tensordot(np.exp(1j * frequencies @ x), c[1:], 1)).real


@qml.qnode(qml.device("default.qubit"))
def vector_input(x, w):
    qml.RY(w[0], wires=0)
    qml.AngleEmbedding(x, wires=[0, 1], rotation="X")
    qml.CRY(w[1], wires=[0, 1])
    qml.RX(2 * x[1] - 0.3, wires=0)
    qml.IsingXY(w[2], wires=[1, 0])
    return qml.expval(qml.Z(0) @ qml.X(1))


def test_vector_input(rng):
    w = pnp.array(rng.uniform(0, 6, 3), requires_grad=True)
    jacobian = pt.coefficient_jacobian(vector_input, "x")(np.zeros(2), w)
    frequencies = pt.fourier_rows(vector_input, "x")(np.zeros(2), w).frequencies
    assert len(frequencies) == (3 * 7 - 1) // 2
    for x in rng.uniform(0, 6, (3, 2)):
        wanted = qml.jacobian(vector_input, argnums=1)(x, w)
        np.testing.assert_allclose(rebuilt(jacobian, frequencies, x), wanted, rtol=0, atol=1e-10)


def test_two_arguments_of_each_kind(rng):
    @qml.qnode(device())
    def circuit(a, x, b, y):
        qml.RX(a, wires=0)
        qml.RZ(x, wires=0)
        qml.RY(b[0], wires=0)
        qml.RX(y, wires=1)
        qml.CNOT([0, 1])
        qml.RY(b[1], wires=1)
        return qml.expval(qml.Z(1)), qml.probs(wires=[0, 1])

    a, b = rng.uniform(0, 6), rng.uniform(0, 6, 2)
    found = pt.coefficient_jacobian(circuit, ["y", "x"])(a, 0.0, b, 0.0)
    rows = pt.fourier_rows(circuit, ["y", "x"])(a, 0.0, b, 0.0)
    assert isinstance(found, tuple) and len(found) == 2
    assert found[1][1].shape == (9, 4, 2)
    x, y = rng.uniform(0, 6, 2)
    inputs = np.array([{"x": x, "y": y}[name] for name in rows.inputs])
    for k in range(2):
        for argument in range(2):
            wanted = qml.jacobian(lambda *v, k=k: circuit(*v)[k], argnums=2 * argument)(
                pnp.array(a), x, pnp.array(b), y
            )
            got = rebuilt(found[k][argument], rows.frequencies, inputs)
            np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-10)


def test_indices_split_one_argument_and_argnums_choose(rng):
    @qml.qnode(device())
    def circuit(v, w, u):
        qml.RX(v[0], wires=0)
        qml.RY(v[1], wires=0)
        qml.RZ(w, wires=0)
        qml.RX(v[0] + u, wires=0)
        return qml.expval(qml.Z(0))

    v, w, u = rng.uniform(0, 6, 2), 0.4, 0.9
    both = pt.coefficient_jacobian(circuit, {"v": [0]})(v, w, u)
    only = pt.coefficient_jacobian(circuit, {"v": [0]}, argnums="u")(v, w, u)
    assert len(both) == 3
    np.testing.assert_allclose(only, both[2], rtol=0, atol=1e-12)
    point = np.array([rng.uniform(0, 6), v[1]])
    wanted = qml.jacobian(circuit, argnums=1)(point, pnp.array(w), u)
    assert rebuilt(both[1], np.array([[1.0], [2.0]]), point[:1]) == pytest.approx(wanted, abs=1e-10)


def test_classical_preprocessing(rng):
    """Affine in the input with an offset that is trained, and nonlinear in the parameters."""

    @qml.qnode(device())
    def circuit(x, w):
        qml.RY(2 * qml.math.sin(w[0]), wires=0)
        qml.RX(2 * x + w[1] * w[0] - 0.3, wires=0)
        qml.RY(w[2] / (1 + w[1] ** 2), wires=0)
        qml.RX(-x / 2, wires=0)
        return qml.expval(qml.Y(0) + 0.2 * qml.Z(0))

    w = pnp.array(rng.uniform(0.2, 1.5, 3), requires_grad=True)
    jacobian = pt.coefficient_jacobian(circuit, "x")(0.0, w)
    frequencies = pt.fourier_rows(circuit, "x")(0.0, w).frequencies
    np.testing.assert_allclose(frequencies[:, 0], [0.5, 1.5, 2, 2.5], rtol=0, atol=1e-12)
    for x in rng.uniform(0, 6, 2):
        wanted = qml.jacobian(circuit, argnums=1)(float(x), w)
        np.testing.assert_allclose(rebuilt(jacobian, frequencies, [x]), wanted, rtol=0, atol=1e-10)


def test_the_value_of_the_input_does_not_matter(rng):
    circuit, shape = model(2, 1)
    w = rng.uniform(0, 6, shape)
    first, second = (pt.coefficient_jacobian(circuit, "x")(x, w) for x in (0.0, 2.3))
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-10)


def test_dictionary_of_measurements_keeps_its_structure(rng):
    @qml.qnode(device())
    def circuit(x, w):
        qml.RY(w, wires=0)
        qml.RX(x, wires=0)
        return {"z": qml.expval(qml.Z(0)), "p": qml.probs(wires=0)}

    found = pt.coefficient_jacobian(circuit, "x")(0.0, 0.3)
    assert set(found) == {"z", "p"}
    np.testing.assert_allclose(found["p"][:, 0] - found["p"][:, 1], found["z"], rtol=0, atol=1e-12)
