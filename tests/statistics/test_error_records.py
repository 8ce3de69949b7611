"""Errors of measured numbers against the covariance of every outcome, written out.

What was seen in a circuit, and the imagined shots, are a distribution over a few outcomes; the
numbers are a matrix times all means. Every axis has a length of its own.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import linalg, stats

from pennylane_trainability.diagnostics import jacobian_errors
from pennylane_trainability.diagnostics.calibrated import _jacobian
from pennylane_trainability.diagnostics.calibrated_errors import (
    CalibratedGradientErrors,
    CalibratedJacobianErrors,
)
from pennylane_trainability.diagnostics.gradient_errors import GradientErrors
from pennylane_trainability.diagnostics.jacobian_errors import (
    PointErrors,
    ShiftErrors,
    errors_of,
    value_errors_of,
)
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.diagnostics.measured_gradient import MeasuredGradient
from pennylane_trainability.diagnostics.qfim_calibrated import (
    CalibratedCountErrors,
    noise_of_moments,
)
from pennylane_trainability.diagnostics.qfim_errors import CountErrors, Mirrors, ReplicateErrors
from pennylane_trainability.diagnostics.variance_calibrated import Seen, derivative_noise
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.results import Cost, Provenance
from pennylane_trainability.statistics.counts import AGRESTI_COULL
from pennylane_trainability.statistics.quadratic import Quadratic
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes
from pennylane_trainability.transforms.qfim_circuits.read_outs import Observed

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
    drawn = errors.resampled(20_000, rng)[:, 0]
    full = written_out(errors)[0, :, 0]
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=5 * np.sqrt(full.max() / 20_000))
    # one shot less than there were, some twenty: five percent more
    scale = np.sqrt(np.outer(np.diag(full), np.diag(full)))
    np.testing.assert_allclose(np.cov(drawn.T) / scale, 1.055 * full / scale, atol=0.05)


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
    drawn = many.resampled(120, np.random.default_rng(2))
    np.testing.assert_allclose(drawn.std(axis=0), many.stderr(), rtol=0.35)
    np.testing.assert_allclose(np.abs(drawn.mean(axis=0) / many.stderr()).max(), 0, atol=0.5)


def test_resampled_counts_err_towards_what_is_rare():
    """A rare outcome of value 1: its share may grow by much, and shrink by itself only."""
    errors = ShiftErrors(
        counts=(np.array([[[99, 1]]]),), values=(np.array([[0.0, 1.0]]),),
        slopes=np.ones((1, 1, 1)), matrix=np.ones((1, 1)),
    )  # fmt: skip
    drawn = errors.resampled(150, np.random.default_rng(0)).ravel()
    rare = (1 + AGRESTI_COULL / 2) / (100 + AGRESTI_COULL)
    assert drawn.min() == pytest.approx(-rare) and drawn.max() > 1.5 * rare


def test_errors_are_read_from_frequencies():
    """Chosen columns; results from the circuits that are not shifted."""
    rng = np.random.default_rng(3)
    counts = [rng.integers(2, 9, (N_CIRCUITS, N_POINTS, m)) for m in (4, 2)]
    for own in counts:
        own[..., 0] += 40 - own.sum(axis=-1)
    tables = tuple(rng.normal(size=(N_OUTPUTS, m)) for m in (4, 2))
    angles, weights = rng.normal(size=(7, N_PARAMETERS, N_POINTS)), rng.normal(size=(7, N_CIRCUITS))
    plan = SimpleNamespace(slopes=lambda count: angles[:, :count], weights=weights)
    matrix = rng.normal(size=(N_ROWS, N_POINTS))
    built = JacobianTapes(N_PARAMETERS, matrix, plan, [], (), [], False, tables)
    seen = [own / 40 for own in counts]
    found = errors_of(built, seen, 40, [3, 1])
    for own, other in zip(found.counts, counts, strict=True):
        np.testing.assert_array_equal(own, other)
    for s in range(N_CIRCUITS):
        np.testing.assert_allclose(found.slopes[s], np.tensordot(weights[:, s], angles, 1)[[3, 1]])
    variances = np.zeros((N_POINTS, N_OUTPUTS))
    for own, values in zip(counts, tables, strict=True):
        for g in range(N_POINTS):
            imagined = own[0, g] + AGRESTI_COULL / own.shape[-1]
            variances[g] += np.diag(one_shot(values, imagined)) / 40
    np.testing.assert_allclose(value_errors_of(built, seen, 40), np.sqrt(variances))


def test_a_jacobian_from_its_means_written_out(rng):
    points, shifts = point_errors_of(rng), shift_errors_of(rng, True)
    expected = np.zeros((2, N_OUTPUTS, N_ROWS, N_PARAMETERS))
    for o, k, p in np.ndindex(*expected.shape[1:]):
        for g, point in enumerate(points.points):
            for slopes, values, weights in zip(
                point.slopes, point.values, point.weights, strict=True
            ):
                means = np.average(values, axis=1, weights=weights if weights.size else None)
                expected[0, o, k, p] += points.matrix[k, g] * (slopes[o, p] @ means)
            for s in range(N_CIRCUITS):
                mean = sum(
                    np.average(values[o], weights=counts[s, g])
                    for counts, values in zip(shifts.counts, shifts.values, strict=True)
                )
                expected[1, o, k, p] += shifts.matrix[k, g] * shifts.slopes[s, p, g] * mean
    np.testing.assert_allclose(_jacobian(points), expected[0].reshape(-1, N_PARAMETERS))
    np.testing.assert_allclose(_jacobian(shifts), expected[1].reshape(-1, N_PARAMETERS))


@pytest.mark.parametrize("points", [3, 1])
def test_noise_of_derivatives_at_draws_written_out(points, rng):
    """Slopes of every draw, or the same for all; the sample variance is made unbiased."""
    angles, weights = rng.normal(size=(7, N_PARAMETERS, points)), rng.normal(size=(7, N_CIRCUITS))
    variances = rng.uniform(1, 2, (N_CIRCUITS, N_POINTS, 1))
    built = SimpleNamespace(
        plan=SimpleNamespace(slopes=lambda count: angles[:, :count], weights=weights),
        n_parameters=N_PARAMETERS, means=lambda f: variances, variances=lambda f, n: variances,
        jacobian=lambda means: rng.normal(size=(N_POINTS, 1, N_PARAMETERS)),
    )  # fmt: skip
    expected = np.zeros((N_POINTS, N_PARAMETERS))
    for g, p, s in np.ndindex(N_POINTS, N_PARAMETERS, N_CIRCUITS):
        slope = angles[:, p, g % points] @ weights[:, s]
        expected[g, p] += slope**2 * variances[s, g, 0]
    np.testing.assert_allclose(derivative_noise(built, variances[..., 0]), expected)
    for gradient, truth in ((True, expected), (False, variances[0, :, 0])):
        _, noise = Seen(built, ([],), 5, gradient).numbers()
        np.testing.assert_allclose(noise, truth * 5 / 4)


def test_the_room_for_slopes_is_counted_in_bytes(monkeypatch):
    """Eight for each of 2 outputs × 5 parameters × 7 words × 3 inputs."""
    scheme = SimpleNamespace(target_words=[None] * 7)
    problem = SimpleNamespace(
        outputs=SimpleNamespace(coefficients=[None] * 2), circuit=SimpleNamespace(n_parameters=5)
    )
    plan = SimpleNamespace(arrangement=SimpleNamespace(scheme=scheme))
    question = SimpleNamespace(problem=problem, plan=plan)
    built = SimpleNamespace(question=question, matrix=np.zeros((4, 3)))
    monkeypatch.setattr(jacobian_errors, "DEFAULT_MEMORY", 8 * 2 * 5 * 7 * 3)
    jacobian_errors.check_size(built)
    monkeypatch.setattr(jacobian_errors, "DEFAULT_MEMORY", 8 * 2 * 5 * 7 * 3 - 1)
    with pytest.raises(BudgetError, match="2 × 5 derivatives from 7 Pauli words at 3 inputs"):
        jacobian_errors.check_size(built)


# -- a matrix of covariances -----------------------------------------------------------------------


def two_circuits() -> CountErrors:
    """Four nodes: first moments are means 1, none, 4 and 2; two parameters.

    Circuits read two and three means; mean 0 is the correlator of nodes 0 and 1.
    """
    rng = np.random.default_rng(5)
    roots = [rng.normal(size=(w, w)) / 3 for w in (2, 3)]
    nothing = np.zeros((4, 4), bool)
    products = ~nothing
    return CountErrors(
        means=np.array([0.5, 0.3, -0.4, 0.2, 0.6]),
        covariances=tuple(root @ root.T for root in roots),
        outcomes=(),
        shots=np.array([11.0, 21.0]),
        quadratic=Quadratic(
            np.eye(4), np.array([0]), np.array([1]), np.array([0]), np.array([-2.0]),
            np.array([1, -1, 4, 2]), np.ones(4), products, np.full((4, 4), -1),
        ),
        loading=rng.normal(size=(2, 4)),
    )  # fmt: skip


def by_hand(errors: CountErrors, means: np.ndarray) -> np.ndarray:
    nodes = np.eye(4)
    nodes[0, 1] = nodes[1, 0] = -2 * means[0]
    first = np.array([means[1], 0.0, means[4], means[2]])
    return errors.loading @ (nodes - np.outer(first, first)) @ errors.loading.T


def slopes_by_differences(errors: CountErrors) -> np.ndarray:
    """``∂F/∂μ``, ``(M, P, P)``."""
    units = np.eye(5) * 1e-5
    return np.array(
        [by_hand(errors, errors.means + u) - by_hand(errors, errors.means - u) for u in units]
    ) / 2e-5  # fmt: skip


def covariance_of_means(errors: CountErrors) -> np.ndarray:
    return linalg.block_diag(*errors.covariances)


def test_errors_of_a_matrix_are_first_and_second_order():
    """Slopes by differences; of ``δm δmᵀ`` thrice ``S_ii S_jj + S_ij²``."""
    errors = two_circuits()
    np.testing.assert_allclose(errors.matrix(errors.means), by_hand(errors, errors.means))
    slopes, spread = slopes_by_differences(errors), covariance_of_means(errors)
    first = np.einsum("mij,mn,nij->ij", slopes, spread, slopes)
    of_nodes = np.zeros((5, 4))
    of_nodes[[1, 4, 2], [0, 2, 3]] = 1
    to_parameters = of_nodes @ errors.loading.T
    s = to_parameters.T @ spread @ to_parameters
    second = np.outer(np.diag(s), np.diag(s)) + s**2
    np.testing.assert_allclose(errors.stderr(), np.sqrt(first + 3 * second))
    for one, two in (((0, 0), (0, 1)), ((1, 1), (0, 1)), ((1, 1), (1, 1))):
        expected = slopes[:, *one] @ spread @ slopes[:, *two]
        assert errors.covariance(one, two) == pytest.approx(expected)


def test_a_small_moment_has_an_error_of_second_order():
    """``1 − m²`` with ``m`` known to ``σ``: ``4 (m² + σ²) σ² + 2 σ⁴``; without products none."""
    m, variance = 0.1, 0.04
    for products in (True, False):
        none = np.zeros(0, int)
        errors = CountErrors(
            means=np.array([m]), covariances=(np.array([[variance]]),), outcomes=(),
            shots=np.array([9.0]), loading=np.array([[1.0], [-2.0]]),
            quadratic=Quadratic(
                np.ones((1, 1)), none, none, none, np.zeros(0), np.array([0]), np.ones(1),
                np.full((1, 1), products), np.full((1, 1), -1),
            ),
        )  # fmt: skip
        one = np.sqrt(4 * (m**2 + variance) * variance + 2 * variance**2) if products else 0.0
        np.testing.assert_allclose(errors.stderr(), one * np.array([[1, 2], [2, 4]]))


def test_squares_and_draws_of_a_matrix():
    errors = two_circuits()
    slopes = slopes_by_differences(errors)
    for own, n, covariance, square in zip(
        (slice(0, 2), slice(2, 5)), errors.shots, errors.covariances, errors.squares(), strict=True
    ):
        expected = n * np.einsum("mij,mn,njk->ik", slopes[own], covariance, slopes[own])
        np.testing.assert_allclose(square, expected, atol=1e-9)
    small = replace(errors, covariances=tuple(1e-4 * c for c in errors.covariances))
    drawn = small.draw(4000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.std(axis=0), small.stderr(), rtol=0.08)
    assert np.abs(drawn.mean(axis=0) / small.stderr()).max() < 0.1


def mirrored(overlaps: bool) -> CountErrors:
    """Behind five means of the matrix those of two mirrors and of reading alone."""
    errors = two_circuits()
    mirrors = Mirrors(
        of=np.array([0, 0, 1, 1, 1]), wires=np.array([2, 2, 3, 3, 3]),
        own_wires=np.array([2, 3, 4]), overlaps=np.full(5, overlaps),
    )  # fmt: skip
    return replace(
        errors,
        means=np.concatenate([errors.means, [0.2, 0.4, 0.7]]),
        covariances=(*errors.covariances, *(np.full((1, 1), 1e-3) for _ in range(3))),
        shots=np.array([11.0, 21.0, 30.0, 30.0, 30.0]),
        mirrors=mirrors,
    )


def survivals(overlaps: bool) -> np.ndarray:
    """Of the layers: from ``K = (1 + mean)/2``, and how often the gates run."""
    sizes = 2.0 ** -np.array([2, 3, 4])
    back = (np.array([0.6, 0.7, 0.85]) - sizes) / (1 - sizes)
    return back[:2] if overlaps else np.sqrt(back[:2] * back[2])


@pytest.mark.parametrize("overlaps", [True, False])
def test_means_are_divided_by_what_survives(overlaps):
    errors = mirrored(overlaps)
    s = survivals(overlaps)
    np.testing.assert_allclose(errors.mirrors.survival(errors.means), s)
    s, sizes = s[[0, 0, 1, 1, 1]], 2.0 ** -np.array([2, 2, 3, 3, 3])
    centre = 2 * sizes - 1 if overlaps else 0.0
    truth = (errors.means[:5] - (1 - s) * centre) / s
    np.testing.assert_allclose(errors.mirrors.rescaled(errors.means), truth)
    np.testing.assert_allclose(errors.matrix(errors.means), by_hand(errors, truth))
    raw = errors.matrix(errors.means, rescaled=False)
    np.testing.assert_allclose(raw, by_hand(errors, errors.means[:5]))


def test_noise_of_moments_is_rescaled_with_them():
    """What products of means are too large by: nodes 0, 2 and 3 have means 1, 4 and 2."""
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(4, 4))
    errors = replace(mirrored(False), noise=noise + noise.T)
    s = survivals(False)[[0, 0, 1, 1]]
    added = errors.matrix(errors.means) - mirrored(False).matrix(errors.means)
    scaled = errors.noise / np.outer(s, s)
    np.testing.assert_allclose(added, errors.loading @ scaled @ errors.loading.T)
    plain = replace(two_circuits(), noise=errors.noise)
    added = plain.matrix(plain.means) - by_hand(plain, plain.means)
    np.testing.assert_allclose(added, plain.loading @ errors.noise @ plain.loading.T)


def test_errors_with_mirrors_are_drawn():
    errors = mirrored(False)
    small = replace(errors, covariances=tuple(1e-4 * c for c in errors.covariances))
    units = np.eye(8) * 1e-5
    matrix = errors.matrix
    slopes = np.array(
        [matrix(errors.means + u) - matrix(errors.means - u) for u in units]
    ) / 2e-5  # fmt: skip
    spread = linalg.block_diag(*small.covariances)
    first = np.sqrt(np.einsum("mij,mn,nij->ij", slopes, spread, slopes))
    np.testing.assert_allclose(small.stderr(), first, rtol=0.2)
    seen = small.covariance((0, 0), (1, 1))
    expected = slopes[:, 0, 0] @ spread @ slopes[:, 1, 1]
    assert abs(seen - expected) < 0.3 * first[0, 0] * first[1, 1]


def test_replicates_have_the_error_of_their_mean():
    """Drawn entries of 2 × 2 matrices, five times."""
    rng = np.random.default_rng(4)
    errors = ReplicateErrors(replicates=3 + rng.normal(size=(5, 2, 2)))
    flat = errors.replicates.reshape(5, 4)
    covariance = np.cov(flat.T) / 5
    np.testing.assert_allclose(errors.stderr(), np.sqrt(np.diag(covariance)).reshape(2, 2))
    assert errors.covariance((0, 1), (1, 1)) == pytest.approx(covariance[1, 3])
    drawn = errors.draw(20_000, rng).reshape(-1, 4)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_allclose(np.cov(drawn.T) / scale, covariance / scale, atol=0.06)
    assert np.abs(drawn.mean(axis=0) / np.sqrt(np.diag(covariance))).max() < 0.05
    one = ReplicateErrors(replicates=np.ones((1, 2, 2)))
    assert np.isnan(one.stderr()).all() and one.covariance((0, 0), (0, 0)) == 0
    assert one.draw(3, rng).tolist() == np.zeros((3, 2, 2)).tolist()


def test_draws_of_replicates_lean_as_the_replicates_do():
    """One of ten is far above: means of resampled ones rise by more than they can fall."""
    errors = ReplicateErrors(replicates=np.eye(10)[0][:, None, None])
    drawn = errors.draw(2000, np.random.default_rng(0)).ravel()
    assert drawn.min() == pytest.approx(-0.1 * np.sqrt(10 / 9)) and drawn.max() > 0.2


# -- with a calibration ----------------------------------------------------------------------------


def test_a_calibration_adds_its_factors_to_a_gradient(rng):
    own = gradient_errors(rng)
    factors = rng.normal(size=(7, N_OUTPUTS, N_PARAMETERS))
    errors = CalibratedGradientErrors(own=own, factors=factors)
    full = written_out(own) + np.einsum("qrp,qsu->rpsu", factors, factors)
    np.testing.assert_allclose(errors.variances(), np.einsum("rprp->rp", full))
    np.testing.assert_allclose(errors.covariance(1), full[1, :, 1])
    drawn = errors.resampled(3000, rng)
    np.testing.assert_allclose(drawn.var(axis=0), errors.variances(), rtol=0.25)


def test_a_calibration_adds_its_factors_to_a_jacobian(rng):
    own = point_errors_of(rng)
    factors = rng.normal(size=(7, N_OUTPUTS * N_ROWS, N_PARAMETERS))
    errors = CalibratedJacobianErrors(own=own, factors=factors)
    each = np.zeros((N_POINTS, N_OUTPUTS, N_PARAMETERS, N_OUTPUTS, N_PARAMETERS))
    each[0], each[2] = written_out(own.points[0]), written_out(own.points[2])
    compare(errors, stacked(each, own.matrix) + np.einsum("qrp,qsu->rpsu", factors, factors))
    drawn = errors.resampled(1500, rng)
    np.testing.assert_allclose(drawn.std(axis=0), errors.stderr(), rtol=0.2)


def test_a_calibration_adds_its_factors_to_a_matrix():
    own, factors = two_circuits(), np.random.default_rng(6).normal(size=(7, 2, 2))
    errors = CalibratedCountErrors(own=own, factors=factors)
    added = np.sum(factors**2, axis=0)
    np.testing.assert_allclose(errors.stderr(), np.sqrt(own.stderr() ** 2 + added))
    expected = own.covariance((0, 0), (0, 1)) + factors[:, 0, 0] @ factors[:, 0, 1]
    assert errors.covariance((0, 0), (0, 1)) == pytest.approx(expected)
    small = replace(own, covariances=tuple(1e-4 * c for c in own.covariances))
    drawn = replace(errors, own=small).draw(3000, np.random.default_rng(7))
    np.testing.assert_allclose(drawn.var(axis=0), small.stderr() ** 2 + added, rtol=0.2)


def test_first_moments_of_corrected_outcomes_have_an_unbiased_covariance(rng):
    """Nodes read means 1, none, 4 and 2; some with another sign and size."""
    seen = [
        Observed(rng.normal(size=(w, u)), rng.integers(1, 9, u).astype(float), 1)
        for w, u in ((2, 4), (3, 5))
    ]
    factors = np.array([1.0, 1.0, -2.0, 0.5])
    quadratic = replace(two_circuits().quadratic, mean_factors=factors)
    noise = np.zeros((4, 4))
    for one, nodes, rows in ((seen[0], [0], [1]), (seen[1], [2, 3], [2, 0])):
        shown = factors[nodes, None] * one.values[rows]
        each = np.cov(shown, fweights=one.weights.astype(int)) / one.weights.sum()
        noise[np.ix_(nodes, nodes)] = each
    np.testing.assert_allclose(noise_of_moments(quadratic, seen), noise)


# -- what is told of a measured gradient -----------------------------------------------------------


def measured(value: np.ndarray, covariance: np.ndarray, bound: float = 0.0) -> MeasuredGradient:
    """Standard errors as given; one circuit of 100 shots and one of 300."""
    errors = SimpleNamespace(shots=np.array([100.0, 300.0]), covariance=lambda result: covariance)
    return MeasuredGradient(
        value=value, stderr=np.sqrt(np.diag(covariance)), errors=errors,
        bound=np.full(value.shape, bound), method="shift", parameters=tuple("abc"), cost=Cost(),
        provenance=Provenance(shots=200), level=0.9,
    )  # fmt: skip


def test_intervals_of_a_gradient_by_hand():
    value = np.array([0.5, -0.2, 0.05])
    found = measured(value, np.diag([0.04, 0.01, 0.0025]), bound=0.03)
    for level in (0.9, 0.5):
        reach = stats.norm.ppf(0.5 + level / 2) * np.array([0.2, 0.1, 0.05]) + 0.03
        low, high = found.interval(None if level == 0.9 else level)
        np.testing.assert_allclose([low, high], [value - reach, value + reach])
    assert found.shots_for(0.1) == 800 and found.shots_for(0.4) == 50


def test_what_moves_is_known_of_all_together():
    """Three derivatives at 0.9: each at 1 − 0.1/6, 2.128 standard errors beyond the bound."""
    assert stats.norm.ppf(1 - 0.1 / 6) == pytest.approx(2.128, abs=1e-3)
    value = 0.03 + np.array([2.13 * 0.2, -2.12 * 0.1 - 0.06, 2.12 * 0.05])
    found = measured(value, np.diag([0.04, 0.01, 0.0025]), bound=0.03)
    assert found.moving().tolist() == [True, False, False]
    value[1] = -0.03 - 2.13 * 0.1
    assert measured(value, np.diag([0.04, 0.01, 0.0025]), 0.03).moving().tolist() == [
        *(True, True, False)
    ]  # fmt: skip


def test_the_squared_norm_and_its_error_by_hand():
    g, c = np.array([0.5, -0.2, 0.1]), np.array([[4, 1, 0], [1, 9, -2], [0, -2, 1]]) / 100
    one = measured(g, c).norm_squared()
    assert one.value == pytest.approx(0.3 - 0.14)
    spread = (16 + 81 + 1 + 2 * 1 + 2 * 4) / 1e4
    bent = (4 * 0.25 - 2 * 0.1 + 9 * 0.04 + 4 * 0.02 + 0.01) / 100
    assert one.stderr == pytest.approx(np.sqrt(4 * (bent - spread) + 2 * spread))
    assert measured(np.zeros(3), c).norm_squared().stderr == pytest.approx(np.sqrt(2 * spread))


def test_intervals_of_a_jacobian_by_hand(rng):
    value, stderr = rng.normal(size=(3, 2)), rng.uniform(1, 2, (3, 2))
    found = MeasuredJacobian(
        value=value, errors=SimpleNamespace(stderr=lambda: stderr), parameters=("a", "b"),
        n_parameters=2, shots=10, cost=Cost(), provenance=Provenance(shots=10), level=0.9,
    )  # fmt: skip
    for level, quantile in ((None, stats.norm.ppf(0.95)), (0.5, stats.norm.ppf(0.75))):
        low, high = found.interval(level)
        np.testing.assert_allclose(low, value - quantile * stderr)
        np.testing.assert_allclose(high, value + quantile * stderr)
