"""Damped and pseudo-inverse solutions against spectra that are known by construction."""

import numpy as np
import pytest

from pennylane_trainability.statistics.damping import damped, damped_solve


@pytest.fixture
def basis(rng):
    return np.linalg.qr(rng.standard_normal((4, 4)))[0]


def test_negative_eigenvalues_are_zero_and_all_are_raised(basis):
    matrix = basis @ np.diag([3.0, 0.5, -0.2, -4.0]) @ basis.T
    np.testing.assert_allclose(
        damped(matrix, 0.25), basis @ np.diag([3.25, 0.75, 0.25, 0.25]) @ basis.T, atol=1e-13
    )


def test_solutions_divide_by_the_raised_eigenvalues(basis, rng):
    part = rng.standard_normal(4)
    matrix = basis @ np.diag([3.0, 0.5, -0.2, 0.0]) @ basis.T
    found = damped_solve(matrix, basis @ part, 0.25)
    np.testing.assert_allclose(found, basis @ (part / [3.25, 0.75, 0.25, 0.25]), atol=1e-12)


def test_without_a_floor_the_kernel_is_left_out(basis, rng):
    part = rng.standard_normal(4)
    # a share of 1e-12 of the largest eigenvalue is rounding, 1e-9 is not
    matrix = basis @ np.diag([2.0, 0.5, 0.0, -1e-17]) @ basis.T
    found = damped_solve(matrix, basis @ part, 0.0)
    np.testing.assert_allclose(found, basis @ (part * [0.5, 2.0, 0, 0]), atol=1e-12)
    small = np.diag([1e6, 1e-3, 1e-7])
    np.testing.assert_allclose(damped_solve(small, np.ones(3), 0.0), [1e-6, 1e3, 0], rtol=1e-12)
    assert np.array_equal(damped_solve(np.zeros((2, 2)), np.ones(2), 0.0), np.zeros(2))
