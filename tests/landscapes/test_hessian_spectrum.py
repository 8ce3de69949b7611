"""Second derivatives: closed forms, PennyLane's own derivatives, signs at minima and maxima."""

import json
from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.simulation.hessian import loss_hessian

DEVICE = qml.device("default.qubit")


@qml.qnode(DEVICE, max_diff=2)
def circuit(w, shared):
    for layer in w:
        for wire in range(3):
            qml.RY(2.0 * layer[wire], wire)
            qml.RZ(shared, wire)
        qml.CNOT([0, 1])
        qml.CRX(layer[2], [1, 2])
    return qml.expval(qml.Z(0) @ qml.X(1) + 0.4 * qml.Y(2))


def test_tied_scaled_and_controlled_rotations_agree_with_autograd(rng):
    w = pnp.array(rng.uniform(0, 6, (2, 3)), requires_grad=True)
    shared = pnp.array(0.7, requires_grad=True)

    def flat(v):
        return circuit(v[:6].reshape(2, 3), v[6])

    point = pnp.append(w.ravel(), shared)
    expected = qml.jacobian(qml.grad(flat))(point)
    reading = read_qnode(circuit, (w, shared), {}, need_inputs=False)
    np.testing.assert_allclose(loss_hessian(reading.circuit), expected, atol=1e-11)
    found = pt.hessian_spectrum(circuit, n_draws=0)(w, shared)
    np.testing.assert_allclose(found.eigenvalues[0], np.linalg.eigvalsh(expected)[::-1], atol=1e-11)
    assert found.gradient_norms[0] == pytest.approx(np.linalg.norm(qml.grad(flat)(point)))
    assert found.losses[0] == pytest.approx(float(circuit(w, shared)))


def product(n):
    @qml.qnode(DEVICE)
    def function(w):
        for wire in range(n):
            qml.RX(w[wire], wire)
        qml.RZ(w[n], 0)
        return qml.expval(qml.prod(*map(qml.Z, range(n))))

    return function


@pytest.mark.parametrize("n", [2, 3, 4])
def test_signs_at_extremes_of_a_product_of_cosines(n):
    """At zeros ℓ = 1 and ∂²ℓ = −1; with one angle π −1 and +1. The RZ behind moves nothing."""
    low = np.zeros(n + 1)
    low[0] = np.pi
    for point, positive in ((np.zeros(n + 1), 0), (low, n)):
        found = pt.hessian_spectrum(product(n), n_draws=0)(point)
        assert found.positive[0] == positive and found.negative[0] == n - positive
        assert found.flat[0] == 1
        np.testing.assert_allclose(np.abs(found.eigenvalues[0]).sum(), n)


def test_draws_come_from_the_law_and_their_trace_is_that_of_the_loss(seed):
    """Every cosine: ∂²_k ℓ = −ℓ, so that the trace is −n ℓ at any point."""
    found = pt.hessian_spectrum(product(3), n_draws=12, law=pt.Normal(0.2), seed=seed)(np.zeros(4))
    assert found.n_draws == 12 and "scale 0.2" in found.law
    np.testing.assert_allclose(found.eigenvalues.sum(axis=1), -3 * found.losses, atol=1e-12)
    assert 0.02 < found.points[1:].std() < 0.6
    text = json.dumps(found.to_dict(), allow_nan=False)
    again = pt.hessian_spectrum(product(3), n_draws=12, law=pt.Normal(0.2), seed=seed)(np.zeros(4))
    assert text == json.dumps(again.to_dict(), allow_nan=False)


def test_nonlinear_angles_are_refused():
    @qml.qnode(DEVICE)
    def function(w):
        qml.RX(w**2, 0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="linear in the parameters"):
        pt.hessian_spectrum(function, n_draws=0)(0.3)


@pytest.mark.parametrize("count", [-1, 1.5])
def test_numbers_of_draws_are_checked(count):
    with pytest.raises(ValueError, match="n_draws needs"):
        pt.hessian_spectrum(product(2), n_draws=count)


def test_means_and_limits_by_hand(rng):
    """Three draws of two eigenvalues beside the values given; errors are over the draws."""
    found = pt.hessian_spectrum(product(3), n_draws=2, seed=1)(np.zeros(4))
    values = np.array([[50.0, -0.04], [3.0, -1.0], [2.0, 0.06], [7.0, 0.04]])
    one = replace(found, eigenvalues=values, rtol=1e-3)
    assert one.limit == pytest.approx(0.05)
    assert one.positive.tolist() == [1, 1, 2, 1] and one.negative.tolist() == [0, 1, 0, 0]
    for told, rows in ((one.mean, values[1:]), (one.mean_square, values[1:] ** 2)):
        means = rows.mean(axis=1)
        assert told.value == pytest.approx(rows.mean())
        assert told.stderr == pytest.approx(means.std(ddof=1) / np.sqrt(3))
        assert told.level == 0.95
    rows = dict(one.rows())
    assert rows[f"up, at {one.at}"] == "1, 1 to 2" and rows[f"down, at {one.at}"] == "0, 0 to 1"
    assert rows["eigenvalues"] == "-0.04 to 50, sum 49.96"
