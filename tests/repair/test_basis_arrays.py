"""Choices of columns, angles between spans, scores and searches, on arrays."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.diagnostics.column_space import independent_columns
from pennylane_trainability.fitting import levenberg_marquardt, r_squared, state_problem
from pennylane_trainability.repair.basis import (
    best_basis,
    fixed_directions,
    largest_angles,
    on_column_space,
)
from pennylane_trainability.repair.scores import climb, response
from pennylane_trainability.repair.training import steps_to


def score(columns, chosen):
    """Mean over the draws of the logarithm of the smallest singular value."""
    return np.mean([np.log(np.linalg.norm(np.linalg.inv(c[:, chosen]), 2)) for c in columns]) * -1


def test_lengths_and_angles_of_columns_stay_up_to_the_largest_singular_value(rng):
    sizes = np.array([5.0, 0.1, 30.0])
    jacobians = rng.normal(size=(3, 4, 2)) @ rng.normal(size=(3, 2, 6)) * sizes[:, None, None]
    found = on_column_space(jacobians, 2)
    assert found.shape == (3, 2, 6)
    for own, jacobian in zip(found, jacobians, strict=True):
        largest = np.linalg.norm(jacobian, 2)
        np.testing.assert_allclose(own.T @ own, jacobian.T @ jacobian / largest**2, atol=1e-13)


def test_a_weak_draw_counts_as_much_as_a_strong_one():
    draws = np.array([[[1.0, 1.0, 0.0]], [[0.0, 0.0, 2e-12]], [[0.0, 0.0, 0.0]]])
    found = fixed_directions(draws, 1e-9)
    assert found.shape == (1, 2, 3)
    np.testing.assert_allclose(found[0] @ [1, -1, 0], 0, atol=1e-15)


def test_what_is_weak_in_all_draws_is_weak_beside_them_together():
    """A hundred draws of ``diag(1, 1e-4)``: singular values 10 and 1e-3."""
    draws = np.tile(np.diag([1.0, 1e-4]), (100, 1, 1))
    assert fixed_directions(draws, 1e-3).shape == (1, 1, 2)
    assert fixed_directions(draws, 1e-5).shape == (1, 2, 2)


@pytest.mark.parametrize("n_tried", [1, 256])
@pytest.mark.parametrize("seed", range(4))
def test_exchanges_make_the_basis_better(seed, n_tried):
    columns = np.random.default_rng(seed).normal(size=(3, 4, 7))
    first = list(independent_columns(columns, 4))
    start = score(columns, first)
    chosen, made = best_basis(columns, n_tried=n_tried)
    kept = len({*chosen} & {*first})
    assert 4 - kept <= made <= 100
    assert (score(columns, list(chosen)) > start) == (made > 0)
    assert made or kept == 4
    if n_tried == 256:  # all exchanges: none of the neighbours is better
        neighbours = [b for b in combinations(range(7), 4) if len({*b} & {*chosen}) == 3]
        assert max(score(columns, list(b)) for b in neighbours) < score(columns, list(chosen))


def test_the_exchange_of_largest_volume_is_tried_first():
    """It helps in nearly all of eight cases in which some exchange does."""
    drawn = [np.random.default_rng(seed).normal(size=(3, 4, 7)) for seed in range(8)]
    assert sum(best_basis(columns, n_tried=1)[1] > 0 for columns in drawn) >= 6


def test_equal_columns_are_not_exchanged():
    assert best_basis(np.array([[[1.0, 1.0, 0.5]]])) == ((0,), 0)


def test_angles_between_spans_are_those_of_vectors(rng):
    """In the plane of two columns, and π/2 where columns are missing or at right angles."""
    angle = np.array([0.3, 1.2])
    full = np.zeros((2, 3, 1))
    full[:, 0, 0] = 2
    part = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)[:, :, None]
    np.testing.assert_allclose(largest_angles(full, 5 * part, 1), angle)
    wide = rng.normal(size=(4, 3, 2))
    np.testing.assert_array_equal(largest_angles(wide, wide[..., :1], 2), np.full(4, np.pi / 2))
    turned = np.linalg.qr(rng.normal(size=(200, 6, 6)))[0]
    apart = largest_angles(turned[..., :3], turned[..., 3:], 3)
    np.testing.assert_allclose(apart, np.pi / 2, atol=1e-6)  # rounding of the sine from 1 on


def test_conditions_end_where_rounding_begins():
    jacobians = np.array([np.diag([8.0, 2.0, 0.5]), np.diag([4.0, 3.0, 0.0])])[..., :2]
    found = response(jacobians, 2)
    np.testing.assert_allclose(found["sigma"], [2, 3])
    np.testing.assert_allclose(found["condition"], [4, 4 / 3])
    singular = response(np.diag([4.0, 0.0])[None], 2)
    assert singular["condition"][0] == pytest.approx(1e16)


def test_random_steps_grow_by_half_when_they_help_and_shrink_otherwise():
    """Every displacement is a size times a normal number: those of the same seed are known."""
    seen = []

    def hill(points):
        seen.append(points.copy())
        return -np.sum((points - 1) ** 2, axis=1)

    point, trace = climb(hill, np.zeros((1, 2)), 12, np.random.default_rng(5), width=3)
    rng, here, size, best = np.random.default_rng(5), np.zeros(2), 0.3, [-2.0]
    for trial in seen[1:]:
        np.testing.assert_allclose(trial, here + size * rng.normal(size=(1, 3, 2))[0])
        values = -np.sum((trial - 1) ** 2, axis=1)
        helps = values.max() > best[-1]
        here = trial[np.argmax(values)] if helps else here
        size = size * 1.5 if helps else size / 1.5
        best.append(max(values.max(), best[-1]))
    assert 2 < np.count_nonzero(np.diff(best)) < 12
    np.testing.assert_allclose(trace, best)
    np.testing.assert_allclose(point, here)


def test_steps_to_a_share_of_the_variance_of_the_means(rng):
    def circuit(x, w):
        for angle in w:
            qml.RY(angle, wires=0)
            qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(circuit, qml.device("default.qubit", wires=1))
    x = np.repeat(np.linspace(0, 6, 9), np.arange(1, 10))
    y = 5 + 3 * np.cos(2 * x) + np.sin(x)
    problem = state_problem(read_qnode(qnode, (0.0, np.zeros(3)), {}, "x"), x, y)
    starts = rng.uniform(0, 6, (4, 3))
    for threshold in (0.6, 0.9):
        found = steps_to(problem, starts, threshold, 12)
        for start, steps in zip(starts, found, strict=True):
            reached = np.inf
            for count in range(13):
                search = levenberg_marquardt(problem.residuals, start[None], count)
                gain, offset, _, _ = problem.solve(search.points)
                outputs = problem.outputs(search.points, problem.inputs, gradient=False)[0][0]
                if r_squared(y, (gain * outputs + offset)[problem.rows]) >= threshold:
                    reached = len(search.traces[0]) - 1
                    break
            assert steps == reached
