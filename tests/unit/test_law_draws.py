"""How wide draws are, and around what; periods of parameters by their frequencies."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.laws import draw, periods

GIVEN = np.array([3.0, -2.0, 7.0])


def circuit_of(function, weights):
    qnode = qml.QNode(function, qml.device("default.qubit", wires=2))
    return read_qnode(qnode, (weights,), {}, None, need_inputs=False).circuit


def several(w):
    qml.RX(w[0], wires=0)
    qml.CRX(w[1], wires=[0, 1])
    qml.RY(0.5 * w[2], wires=0)
    qml.RY(-1.5 * w[3], wires=0)
    qml.RY(w[3], wires=1)
    qml.RX(3 * w[4], wires=0)
    qml.RZ(2 * w[4], wires=0)
    qml.RX(w[5], wires=0)
    qml.RZ(np.sqrt(2) * w[5], wires=0)
    qml.RX(0.0 * w[6], wires=1)
    return qml.expval(qml.Z(0) @ qml.Z(1))


@pytest.fixture
def circuit():
    """A new one for every test: periods are remembered."""
    return circuit_of(several, np.ones(7))


def test_periods_are_those_of_the_greatest_common_frequency(circuit):
    """Frequencies 1; ½, 1; ½; 3/2, 1; 3, 2; 1, √2; 0."""
    expected = [2 * np.pi, 4 * np.pi, 4 * np.pi, 4 * np.pi, 2 * np.pi, np.nan, 2 * np.pi]
    np.testing.assert_allclose(periods(circuit), expected)


@pytest.mark.parametrize(
    ("law", "width", "most"),
    [(pt.Normal(0.7), 0.7, 9.0), (pt.Uniform(0.7), 0.7 / np.sqrt(3), 0.7)],
)
def test_laws_around_values(circuit, law, width, most):
    given = np.tile(GIVEN, 3)[:7]
    drawn = draw(law, circuit, given, 4000, np.random.default_rng(1)) - given
    assert drawn.shape == (4000, 7)
    np.testing.assert_allclose(drawn.std(axis=0), width, rtol=0.06)
    assert np.all(np.abs(drawn.mean(axis=0)) < 5 * width / np.sqrt(4000))
    assert np.abs(drawn).max() <= most
    if most < 1:
        assert drawn.min() < -0.69 and drawn.max() > 0.69


def test_uniform_draws_fill_a_period_or_stay_near(circuit):
    given = np.tile(GIVEN, 3)[:7]
    drawn = draw(pt.Uniform(), circuit, given, 4000, np.random.default_rng(1))
    period = periods(circuit)
    known = ~np.isnan(period)
    shares = drawn[:, known] / period[known]
    assert shares.min() >= 0 and shares.max() <= 1
    np.testing.assert_allclose(shares.std(axis=0), 1 / np.sqrt(12), rtol=0.05)
    near = drawn[:, ~known] - given[~known]
    assert np.std(near) == pytest.approx(0.1, rel=0.06) and abs(near.mean()) < 0.01
