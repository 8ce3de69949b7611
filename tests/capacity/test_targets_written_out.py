"""A target in the rows of a model against projections written out, no two axes of one length."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pennylane_trainability.diagnostics.target import target_fit

N_POINTS, N_ROWS, N_OUTPUTS, N_PARAMETERS, N_DRAWS = 7, 4, 2, 3, 5


@pytest.fixture
def case(rng):
    """Two of seven points are equal; one of four rows is the sum of two others."""
    basis = rng.normal(size=(N_POINTS, N_ROWS))
    basis[5] = basis[1]
    basis[:, 3] = basis[:, 0] + basis[:, 1]
    return SimpleNamespace(
        basis=basis,
        targets=1 + rng.normal(size=(N_POINTS, N_OUTPUTS)),
        rows=rng.normal(size=(N_DRAWS, N_OUTPUTS, N_ROWS)),
        jacobian=rng.normal(size=(N_OUTPUTS, N_ROWS, N_PARAMETERS)),
    )


def fit(case, scale: float = 1.0):
    spectrum = SimpleNamespace(basis=lambda points: points)
    return target_fit(spectrum, case.basis, case.targets, case.rows, scale * case.jacobian)


def projected(vectors: np.ndarray, onto: np.ndarray) -> np.ndarray:
    return onto @ np.linalg.lstsq(onto, vectors, rcond=1e-10)[0]


def test_shares_of_the_energy(case):
    found = fit(case)
    means = case.targets.copy()
    means[[1, 5]] = case.targets[[1, 5]].mean(axis=0)
    energy = np.linalg.norm(case.targets) ** 2
    assert found.scatter == pytest.approx(np.linalg.norm(case.targets - means) ** 2 / energy)
    outside = means - projected(case.targets, case.basis)
    assert found.outside_spectrum == pytest.approx(np.linalg.norm(outside) ** 2 / energy)
    np.testing.assert_allclose(found.coefficients, (np.linalg.pinv(case.basis) @ case.targets).T)
    assert found.unidentified == 1


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_the_error_that_no_step_changes(case, scale):
    """Errors in rows that no point shows are none; the size of derivatives does not matter."""
    found = fit(case, scale)
    shown = projected(np.eye(N_ROWS), case.basis.T)
    error = ((case.rows[0] - found.coefficients) @ shown).reshape(-1)
    flat = case.jacobian.reshape(N_OUTPUTS * N_ROWS, N_PARAMETERS)
    rest = error - projected(error, flat)
    assert found.outside_columns == pytest.approx((rest @ rest) / (error @ error))


def test_scales_of_model_and_target(case):
    found = fit(case)
    assert found.target_scale == pytest.approx(case.targets.std())
    expected = [np.std(case.basis @ rows.T) for rows in case.rows]
    np.testing.assert_allclose(found.model_scales, expected)
    assert found.gain == pytest.approx(case.targets.std() / np.median(expected))
