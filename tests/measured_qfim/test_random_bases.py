"""Random bases, and what probabilities tell of parameters."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.transforms.qfim_circuits.random_bases import (
    basis_circuits,
    basis_count,
    classical_fisher,
    random_unitary,
)


@pytest.mark.parametrize("size", [2, 3])
def test_unitaries_have_the_moments_of_the_haar_measure(size):
    """``E|U_jk|⁴ = 2/N(N + 1)`` and ``E U_jk² = 0`` (4000 draws of a fixed seed)."""
    rng = np.random.default_rng(7)
    drawn = np.array([random_unitary(size, rng) for _ in range(4000)])
    np.testing.assert_allclose(
        drawn @ drawn.conj().swapaxes(1, 2), np.broadcast_to(np.eye(size), drawn.shape), atol=1e-12
    )
    fourth = (np.abs(drawn) ** 4).mean(axis=0)
    np.testing.assert_allclose(fourth, 2 / (size * (size + 1)), atol=0.025)
    np.testing.assert_allclose((drawn**2).mean(axis=0), 0, atol=0.04)


def test_fisher_information_of_three_outcomes_by_hand():
    p = np.array([0.5, 0.25, 0.25, 0.0])
    slopes = np.array([[0.5, -0.25, -0.25, 0.0], [0.0, 0.5, -0.5, 0.0]])
    np.testing.assert_allclose(classical_fisher(p, slopes), [[1.0, 0.0], [0.0, 2.0]], atol=1e-15)
    slopes[1] = [0.5, 0.0, -0.5, 0.0]
    np.testing.assert_allclose(classical_fisher(p, slopes), [[1.0, 1.0], [1.0, 1.5]], atol=1e-15)


def test_as_many_circuits_as_counted(rng):
    """Two shifts for each of two rotations, and the circuit itself, in each of three bases."""

    def function(w):
        qml.RX(w[0], 0)
        qml.CNOT([0, 1])
        qml.RY(w[1], 1)
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(function, qml.device("default.qubit", wires=2))
    circuit = read_points(qnode, (np.array([0.3, 0.4]),), {}).circuit
    assert basis_count(circuit, 3) == 3 * (2 * 2 + 1)
    assert len(basis_circuits(circuit, 10, 3, "haar", rng).tapes) == 15


@pytest.mark.parametrize("bases", ["haar", "local"])
def test_a_product_state_in_twenty_bases(bases):
    """``F = 1`` for rotations on wires of their own; 2·F of outcomes is near (a fixed seed)."""

    def function(w):
        qml.RX(w[0], 0)
        qml.RY(w[1], 2)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(function, qml.device("default.qubit", wires=3))
    found = qml.transforms.measured_qfim(
        qnode, method="random-bases", n_bases=20, seed=5, bases=bases
    )(np.array([0.3, 0.4]))
    assert found.shape == (2, 2)
    np.testing.assert_allclose(found, np.eye(2), atol=0.35)
