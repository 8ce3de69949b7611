"""Covariance matrices from means: by shots one by one, by dense sums, by finite differences."""

import numpy as np
import pytest

from pennylane_trainability.statistics.quadratic import Quadratic, draw_means, moments


def test_means_and_their_covariance_shot_by_shot():
    """Four imagined shots of mean 0 and covariance 1 beside ten real ones."""
    values = np.array([[1, 1, -1], [1, -1, 1]])
    shots = np.repeat(values, [5, 2, 3], axis=1)
    mean, covariance = moments(values, np.array([5, 2, 3]))
    np.testing.assert_allclose(mean, shots.mean(axis=1))
    # with ±1 in each of the imagined shots, independent of each other
    imagined = np.array([[1, 1, -1, -1], [1, -1, 1, -1]])
    every = np.concatenate([shots, imagined], axis=1)
    np.testing.assert_allclose(covariance, np.cov(every, bias=True) / 10, rtol=1e-12)


def test_errors_of_means_have_the_covariance_that_was_asked_for():
    root = np.random.default_rng(0).standard_normal((3, 3))
    parts = [root @ root.T, np.array([[4.0]])]
    drawn = draw_means(parts, 40_000, np.random.default_rng(1))
    assert drawn.shape == (40_000, 4)
    wanted = np.zeros((4, 4))
    wanted[:3, :3], wanted[3:, 3:] = parts
    scale = np.sqrt(np.outer(np.diagonal(wanted), np.diagonal(wanted)))
    assert np.abs((np.cov(drawn.T) - wanted) / scale).max() < 0.04
    assert np.abs(drawn.mean(axis=0) / np.sqrt(np.diagonal(wanted))).max() < 0.03
    assert draw_means([], 5, np.random.default_rng(1)).shape == (5, 0)


@pytest.fixture
def form(rng):
    """Three nodes, seven means; the entry (0, 2) is read from two of them, one node has none."""
    products = np.array([[1.0, 0.5, 0.7], [0.5, 1.0, 2.0], [0.7, 2.0, 1.0]])
    constant = np.array([[2.0, 0.1, 0.0], [0.1, 0.0, -0.3], [0.0, -0.3, 1.0]])
    joint = np.array([[-1, 0, 1], [0, 0, -1], [1, -1, -1]])
    return Quadratic(
        constant=constant,
        rows=np.array([0, 0, 1, 0, 1]),
        columns=np.array([2, 1, 1, 2, 2]),
        sources=np.array([4, 2, 5, 3, 6]),
        factors=np.array([0.7, -1.5, 2.0, 0.25, 3.0]),
        means=np.array([1, -1, 3]),
        mean_factors=np.array([2.0, 5.0, -0.5]),
        products=products,
        joint=joint,
    )  # fmt: skip


def dense(form, mu):
    """Entry by entry."""
    m = np.array([2.0 * mu[1], 0.0, -0.5 * mu[3]])
    out = form.constant.copy()
    for u, v, source, factor in zip(
        form.rows, form.columns, form.sources, form.factors, strict=True
    ):
        out[u, v] += factor * mu[source]
        if u != v:
            out[v, u] += factor * mu[source]
    for u in range(3):
        for v in range(3):
            out[u, v] -= form.products[u, v] * m[u] * m[v]
    return out


def test_matrices_are_filled_entry_by_entry(form, rng):
    mu = rng.standard_normal((2, 4, 7))
    found = form.matrix(mu)
    assert found.shape == (2, 4, 3, 3) and form.size == 3
    for index in np.ndindex(2, 4):
        np.testing.assert_allclose(found[index], dense(form, mu[index]), atol=1e-12)


def test_sample_covariances_are_made_unbiased(form, rng):
    """By n/(n − 1) of the circuit behind an entry; one shot has no factor."""
    mu = rng.standard_normal(7)
    factors = np.array([[1, 10 / 9, 1], [10 / 9, 10 / 9, 1], [1, 1, 1]])
    np.testing.assert_allclose(form.correction(np.array([10, 1])), factors)
    np.testing.assert_allclose(form.matrix(mu, np.array([10, 1])), dense(form, mu) * factors)
    assert form.correction(np.array([10, 3]))[0, 2] == 1.5


@pytest.mark.parametrize("rows", [None, [2, 0]])
@pytest.mark.parametrize("sources", [range(0, 4), range(3, 7)])
def test_derivatives_are_those_of_finite_differences(form, rng, sources, rows):
    mu, loading, h = rng.standard_normal(7), rng.standard_normal((4, 3)), 1e-4
    found = form.derivatives(mu, sources, loading, rows)
    taken = loading if rows is None else loading[rows]
    for k, source in enumerate(sources):
        step = h * np.eye(7)[source]
        slope = (dense(form, mu + step) - dense(form, mu - step)) / (2 * h)
        np.testing.assert_allclose(found[k], taken @ slope @ taken.T, atol=1e-8)


def test_nothing_measured_leaves_what_is_known(form):
    empty = np.zeros(0, int)
    bare = Quadratic(
        constant=form.constant, rows=empty, columns=empty, sources=empty, factors=empty,
        means=np.full(3, -1), mean_factors=np.ones(3), products=np.ones((3, 3)),
        joint=np.full((3, 3), -1),
    )  # fmt: skip
    for shape in [(), (2,), (2, 4)]:
        found = bare.matrix(np.zeros((*shape, 0)), empty)
        np.testing.assert_array_equal(found, np.broadcast_to(form.constant, (*shape, 3, 3)))
