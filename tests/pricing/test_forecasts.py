"""Errors foretold from fair coins, against sums written out; every axis has its own length."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pennylane_trainability.diagnostics.shot_plan_errors import (
    Forecast,
    of_gradient,
    of_jacobian,
    of_qfim,
)
from pennylane_trainability.statistics.quadratic import Quadratic
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes

SHOTS = 50


def test_the_typical_error_leaves_out_what_is_not_measured():
    assert Forecast(np.array([[3.0, 0.0], [4.0, 0.0]]), 0.0).typical == pytest.approx(np.sqrt(12.5))
    assert Forecast(np.zeros((2, 2)), 0.0).typical == 0


@pytest.mark.parametrize("means", [1, 2])
def test_errors_of_a_qfim_to_come(means):
    """``1 − m²`` with ``m² = σ² n = 1/2``, and ``C − m_u m_v`` with a correlator of a fair coin."""
    none = np.zeros(0, int)
    quadratic = Quadratic(
        np.eye(means), none if means == 1 else np.array([0]), none if means == 1 else np.array([1]),
        none if means == 1 else np.array([2]), np.ones(means - 1), np.arange(means),
        np.ones(means), np.ones((means, means), bool), np.full((means, means), -1),
    )  # fmt: skip
    circuits = [SimpleNamespace(n_values=1)] * means + [SimpleNamespace(n_values=1)] * (means - 1)
    loading = 2 * np.eye(means)
    scheme = SimpleNamespace(circuits=circuits, quadratic=quadratic, loading=lambda: loading)
    found = of_qfim(scheme, SHOTS, 0.95, np.random.default_rng(0))
    own = np.sqrt(1 / SHOTS + 6 * (0.5 / SHOTS) ** 2)
    np.testing.assert_allclose(np.diag(found.stderr), 4 * own)
    if means == 2:
        other = np.sqrt(1.5 / SHOTS + 3 * (0.5 / SHOTS) ** 2)
        np.testing.assert_allclose(found.stderr[[0, 1], [1, 0]], 4 * other)
    assert found.stderr.max() < found.floor < 5 * found.stderr.max()


def test_signs_of_generators_are_drawn():
    """Of the sum of two nodes: ``4 C`` and ``(m_0 + m_1)²``, most where the signs are the same."""
    quadratic = Quadratic(
        np.eye(2), np.array([0]), np.array([1]), np.array([2]), np.ones(1), np.arange(2),
        np.ones(2), np.ones((2, 2), bool), np.full((2, 2), -1),
    )  # fmt: skip
    circuits = [SimpleNamespace(n_values=1)] * 3
    scheme = SimpleNamespace(
        circuits=circuits, quadratic=quadratic, loading=lambda: np.ones((1, 2))
    )
    found = of_qfim(scheme, SHOTS, 0.95, np.random.default_rng(0)).stderr[0, 0] ** 2
    second = 3 * 2 * (2 * 0.5 / SHOTS) ** 2
    shares = (found - 4 / SHOTS - second) / (4 * 2 / SHOTS)  # of the eight that have one sign
    assert shares * 8 == pytest.approx(round(shares * 8)) and round(shares * 8) in range(1, 8)


def asked(rng):
    """Words of two circuits, four and two of them; in the second they share the shots."""
    matrices = rng.normal(size=(3, 2, 5, 6))  # points, results, parameters, words
    readings = (
        SimpleNamespace(targets=(0, 2, 3, 5), shares=None),
        SimpleNamespace(targets=(1, 4), shares=(0.5, 3.0)),
    )
    scheme = SimpleNamespace(matrix=lambda problem, g: matrices[g])
    arrangement = SimpleNamespace(scheme=scheme, readings=readings)
    question = SimpleNamespace(problem=None, plan=SimpleNamespace(arrangement=arrangement))
    factors = np.array([1, 0.5, 1, 1, 3, 1])
    return question, np.sum((matrices * factors) ** 2, axis=-1) / SHOTS


def test_errors_of_a_gradient_to_come(rng):
    question, variances = asked(rng)
    np.testing.assert_allclose(of_gradient(question, SHOTS, 2), np.sqrt(variances[2]))


def test_errors_of_gradients_at_points_to_come(rng):
    question, variances = asked(rng)
    built = SimpleNamespace(question=question, matrix=rng.normal(size=(4, 3)))
    rows = [
        [np.tensordot(row**2, v, 1) for row in built.matrix] for v in np.moveaxis(variances, 1, 0)
    ]
    found = of_jacobian(built, SHOTS, 0.95, rng)
    np.testing.assert_allclose(found.stderr, np.sqrt(np.reshape(rows, (8, 5))))
    assert found.stderr.max() < found.floor < 10 * found.stderr.max()


@pytest.mark.parametrize("points", [3, 1])
def test_errors_of_shifted_circuits_to_come(points, rng):
    """Two bases; slopes of every input, or the same for all."""
    angles, weights = rng.normal(size=(7, 5, points)), rng.normal(size=(7, 6))
    plan = SimpleNamespace(slopes=lambda count: angles[:, :count], weights=weights)
    tables = (rng.normal(size=(2, 4)), rng.normal(size=(2, 8)))
    matrix = rng.normal(size=(4, 3))
    built = JacobianTapes(5, matrix, plan, [], (), [], False, tables)
    coins = tables[0].var(axis=1) + tables[1].var(axis=1)
    expected = np.zeros((2, 4, 5))
    for g in range(3):
        slopes = weights.T @ angles[:, :, g % points]
        for o, k in np.ndindex(2, 4):
            expected[o, k] += matrix[k, g] ** 2 * np.sum(slopes**2, axis=0) * coins[o] / SHOTS
    found = of_jacobian(built, SHOTS, 0.95, rng)
    np.testing.assert_allclose(found.stderr, np.sqrt(expected.reshape(8, 5)))
