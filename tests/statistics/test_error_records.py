"""Errors of measured numbers against the covariance of every outcome, written out.

What was seen in a circuit, and the imagined shots, are a distribution over a few outcomes; the
numbers are a matrix times all means. Every axis has a length of its own.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pennylane_trainability.diagnostics.gradient_errors import GradientErrors
from pennylane_trainability.diagnostics.jacobian_errors import PointErrors, ShiftErrors
from pennylane_trainability.statistics.counts import AGRESTI_COULL

N_OUTPUTS, N_ROWS, N_POINTS, N_PARAMETERS, N_CIRCUITS = 2, 4, 3, 5, 6


def one_shot(values: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Covariance of what one shot shows, ``(W, W)``."""
    return np.cov(values, aweights=probabilities, ddof=0).reshape(len(values), len(values))


def of_words(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The same where four imagined shots toss a fair coin for every word."""
    coins = np.array(list(itertools.product((1, -1), repeat=len(values)))).T
    outcomes = np.concatenate([values, coins], axis=1)
    shares = np.concatenate([weights, np.full(coins.shape[1], 4 / coins.shape[1])])
    return one_shot(outcomes, shares)


def gradient_errors(rng, n_results=N_OUTPUTS, n_parameters=N_PARAMETERS) -> GradientErrors:
    """Circuits of two and three words that were seen, and one that gave means only."""
    sizes = ((2, 4), (3, 6))
    return GradientErrors(
        slopes=tuple(rng.normal(size=(n_results, n_parameters, w)) for w in (2, 3, 4)),
        values=(
            *(rng.choice([-1.0, 1.0], size=size) for size in sizes),
            rng.uniform(-1, 1, (4, 1)),
        ),
        weights=(*(rng.integers(1, 9, u).astype(float) for _, u in sizes), np.zeros(0)),
        shots=np.array([40.0, 30.0, 20.0]),
    )


def written_out(errors: GradientErrors) -> np.ndarray:
    """Covariance of all numbers, ``(R, P, R, P)``: independent words where there are means only."""
    total = 0.0
    for slopes, values, weights, shots in zip(
        errors.slopes, errors.values, errors.weights, errors.shots, strict=True
    ):
        if weights.size:
            each = of_words(values, weights)
        else:
            shrunk = values[:, 0] * errors.shots.min() / (errors.shots.min() + 4)
            each = np.diag(1 - shrunk**2)
        total = total + np.einsum("rpw,wx,sqx->rpsq", slopes, each, slopes) / shots
    return np.asarray(total)


def test_errors_of_a_gradient_written_out(rng):
    errors = gradient_errors(rng)
    full = written_out(errors)
    size = N_OUTPUTS * N_PARAMETERS
    diagonal = np.diag(full.reshape(size, size)).reshape(N_OUTPUTS, N_PARAMETERS)
    np.testing.assert_allclose(errors.variances(), diagonal)
    np.testing.assert_allclose(errors.variances(2 * errors.shots), diagonal / 2)
    np.testing.assert_allclose(errors.covariance(1), full[1, :, 1])
    np.testing.assert_allclose(errors.across(3, 1), full[:, 3, :, 1])


def test_resampled_gradients_have_the_covariance_written_out():
    rng = np.random.default_rng(3)
    errors = gradient_errors(rng, 1, 2)
    shots = np.array([w.sum() or 20.0 for w in errors.weights])
    errors = GradientErrors(
        slopes=errors.slopes, values=errors.values, weights=errors.weights, shots=shots
    )
    drawn = errors.resampled(40_000, rng)[:, 0]
    full = written_out(errors)[0, :, 0]
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=5 * np.sqrt(full.max() / 40_000))
    # one shot less than there were, some twenty: five percent more
    scale = np.sqrt(np.outer(np.diag(full), np.diag(full)))
    np.testing.assert_allclose(np.cov(drawn.T) / scale, 1.055 * full / scale, atol=0.04)


@pytest.mark.parametrize("counted", [True, False])
def test_a_mean_near_one_errs_downwards(counted):
    """Of a word that was +1 in 100 of 100 shots: it may have been less, hardly more."""
    seen = (np.array([[1.0]]), np.array([100.0]) if counted else np.zeros(0))
    errors = GradientErrors(
        slopes=(np.array([[[2.0]]]),), values=seen[:1], weights=seen[1:], shots=np.array([100.0])
    )
    drawn = errors.resampled(2000, np.random.default_rng(0)).ravel()
    most = 2 * (1 - 100 / 104)
    assert drawn.max() == pytest.approx(most) and drawn.min() < -most
    points = PointErrors(points=(errors,), matrix=np.array([[3.0]]), size=(1, 1))
    drawn = points.resampled(2000, np.random.default_rng(0)).ravel()
    assert drawn.max() == pytest.approx(3 * most) and drawn.min() < -3 * most


# -- Jacobians -------------------------------------------------------------------------------------


def stacked(covariance: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """From ``(G, O, P, O, P)`` at points to rows ``(O·K, P, O·K, P)``."""
    full = np.einsum("kg,lg,gopqr->okpqlr", matrix, matrix, covariance)
    rows = full.shape[0] * full.shape[1]
    return full.reshape(rows, full.shape[2], rows, full.shape[2])


def compare(errors, full: np.ndarray):
    variances = np.einsum("rprp->rp", full)
    np.testing.assert_allclose(errors.stderr(), np.sqrt(variances))
    np.testing.assert_allclose(errors.covariance(1, 2), full[:, 1, :, 2], atol=1e-12)


def point_errors_of(rng) -> PointErrors:
    """Nothing was to be measured at one of the points."""
    empty = GradientErrors(slopes=(), values=(), weights=(), shots=np.zeros(0))
    return PointErrors(
        points=(gradient_errors(rng), empty, gradient_errors(rng)),
        matrix=rng.normal(size=(N_ROWS, N_POINTS)),
        size=(N_OUTPUTS, N_PARAMETERS),
    )


def test_errors_of_gradients_at_points_written_out(rng):
    errors = point_errors_of(rng)
    each = np.zeros((N_POINTS, N_OUTPUTS, N_PARAMETERS, N_OUTPUTS, N_PARAMETERS))
    each[0], each[2] = written_out(errors.points[0]), written_out(errors.points[2])
    compare(errors, stacked(each, errors.matrix))
    assert errors.resampled(7, rng).shape == (7, N_OUTPUTS * N_ROWS, N_PARAMETERS)


def test_resampled_rows_are_mixtures_of_points(rng):
    errors = point_errors_of(rng)
    one, two = np.random.default_rng(5), np.random.default_rng(5)
    points = [p.resampled(3, one) if p.slopes else 0 for p in errors.points]
    mixed = [sum(t * p for t, p in zip(row, points, strict=True)) for row in errors.matrix]
    rows = np.stack(mixed, axis=2).reshape(3, N_OUTPUTS * N_ROWS, N_PARAMETERS)
    np.testing.assert_allclose(errors.resampled(3, two), rows)


def shift_errors_of(rng, spread: bool) -> ShiftErrors:
    """Two bases with four and with two outcomes; slopes that depend on the point, or not."""
    shape = (N_CIRCUITS, N_POINTS)
    return ShiftErrors(
        counts=tuple(rng.integers(2, 9, (*shape, m)) for m in (4, 2)),
        values=tuple(rng.normal(size=(N_OUTPUTS, m)) for m in (4, 2)),
        slopes=rng.normal(size=(N_CIRCUITS, N_PARAMETERS, N_POINTS if spread else 1)),
        matrix=rng.normal(size=(N_ROWS, N_POINTS)),
    )


@pytest.mark.parametrize("spread", [True, False])
def test_errors_of_shifted_circuits_written_out(rng, spread):
    errors = shift_errors_of(rng, spread)
    means = np.zeros((N_CIRCUITS, N_POINTS, N_OUTPUTS, N_OUTPUTS))
    for counts, values in zip(errors.counts, errors.values, strict=True):
        for s, g in np.ndindex(N_CIRCUITS, N_POINTS):
            imagined = counts[s, g] + AGRESTI_COULL / counts.shape[-1]
            means[s, g] += one_shot(values, imagined) / counts[s, g].sum()
    slopes = np.broadcast_to(errors.slopes, (N_CIRCUITS, N_PARAMETERS, N_POINTS))
    each = np.einsum("spg,sgoq,srg->gopqr", slopes, means, slopes)
    compare(errors, stacked(each, errors.matrix))
    np.testing.assert_allclose(errors.variances, np.einsum("sgoo->sgo", means))


def test_resampled_shifts_have_the_errors_stated(rng):
    errors = shift_errors_of(np.random.default_rng(1), True)
    many = ShiftErrors(
        counts=tuple(100 * c for c in errors.counts),
        values=errors.values,
        slopes=errors.slopes,
        matrix=errors.matrix,
    )
    drawn = many.resampled(300, np.random.default_rng(2))
    np.testing.assert_allclose(drawn.std(axis=0), many.stderr(), rtol=0.25)
    np.testing.assert_allclose(np.abs(drawn.mean(axis=0) / many.stderr()).max(), 0, atol=0.3)


def test_resampled_counts_err_towards_what_is_rare():
    """A rare outcome of value 1: its share may grow by much, and shrink by itself only."""
    errors = ShiftErrors(
        counts=(np.array([[[99, 1]]]),), values=(np.array([[0.0, 1.0]]),),
        slopes=np.ones((1, 1, 1)), matrix=np.ones((1, 1)),
    )  # fmt: skip
    drawn = errors.resampled(250, np.random.default_rng(0)).ravel()
    rare = (1 + AGRESTI_COULL / 2) / (100 + AGRESTI_COULL)
    assert drawn.min() == pytest.approx(-rare) and drawn.max() > 1.5 * rare
