"""Means over several circuits, and how far off they are: by enumeration and by drawing."""

import numpy as np
import pytest

from pennylane_trainability.statistics.counts import AGRESTI_COULL
from pennylane_trainability.statistics.mixtures import (
    covariance_of_draws,
    covariance_of_sums,
    means_of_circuits,
)

#: Two bases with three and two outcomes, of two and one outputs that are not zero in them.
VALUES = [np.array([[1.0, -1.0, 0.5], [2.0, 0.0, 0.0]]), np.array([[0.0, 0.0], [3.0, -1.0]])]
COUNTS = [np.array([[5, 2, 3], [0, 0, 0], [1, 7, 12]]), np.array([[4, 6], [3, 2], [0, 30]])]


def smoothed(counts):
    total, size = np.sum(counts), len(counts)
    return (counts + AGRESTI_COULL / size) / (total + AGRESTI_COULL)


def spread(p, values):
    """Covariance of the values of one outcome."""
    mean = values @ p
    return (values * p) @ values.T - np.outer(mean, mean)


def test_means_are_sums_over_the_bases():
    found = means_of_circuits(COUNTS, VALUES)
    assert np.isnan(found[1]).all()  # not run in the first basis
    for c in (0, 2):
        wanted = sum(v @ n[c] / n[c].sum() for n, v in zip(COUNTS, VALUES, strict=True))
        np.testing.assert_allclose(found[c], wanted)


def test_covariances_of_sums_circuit_by_circuit():
    shares = np.array([[0.5, 0.0, 0.5], [0.2, 0.1, 0.7]])
    found = covariance_of_sums(shares, [np.stack([n, n]) for n in COUNTS], VALUES)
    for row, own in zip(shares, found, strict=True):
        wanted = np.zeros((2, 2))
        for seen, value in zip(COUNTS, VALUES, strict=True):
            for share, n in zip(row, seen, strict=True):
                # a circuit without shots counts as one, with outcomes that are alike
                p = smoothed(n) if n.sum() else np.full(len(n), 1 / len(n))
                wanted += share**2 * spread(p, value) / max(n.sum(), 1)
        np.testing.assert_allclose(own, wanted, rtol=1e-12)


def test_covariances_of_draws_of_one_basis_are_multinomial():
    """The counts of all circuits together; nothing is left between bases."""
    found = covariance_of_draws(COUNTS[:1], VALUES[:1])
    pooled = COUNTS[0].sum(axis=0)
    np.testing.assert_allclose(found, spread(smoothed(pooled), VALUES[0]) / 30, rtol=1e-12)


def test_bases_share_the_draw():
    """Two bases, each with the shots of the same draw: what circuits add between them."""
    counts = [np.array([[6, 2], [1, 11]]), np.array([[3, 1, 4], [8, 0, 4]])]
    values = [np.array([[1.0, -1.0], [0.0, 0.0], [2.0, 1.0]]),
              np.array([[0.0, 0.0, 0.0], [1.0, 2.0, -1.0], [0.5, 0.5, 3.0]])]  # fmt: skip
    found = covariance_of_draws(counts, values)
    within = (
        sum(spread(smoothed(n.sum(axis=0)), v) for n, v in zip(counts, values, strict=True)) / 20
    )
    weights = np.array([8, 12]) / 20
    one, two = (
        np.array([v @ row / row.sum() for row in n]).T for n, v in zip(counts, values, strict=True)
    )
    cross = (one * weights) @ two.T - np.outer(one @ weights, two @ weights)
    np.testing.assert_allclose(found, within + (cross + cross.T) / (20 + AGRESTI_COULL), atol=1e-13)
    both = covariance_of_draws([np.stack([n, n]) for n in counts], values)
    np.testing.assert_allclose(both, [found, found], atol=1e-15)


def test_errors_of_draws_are_those_of_repetitions():
    rng, outcomes = np.random.default_rng(0), np.array([[0.9, 0.1], [0.3, 0.7]])
    value, found = np.array([[1.0, -1.0]]), []
    for _ in range(4000):
        drawn = rng.binomial(50, 0.4)
        counts = np.array([rng.multinomial(n, p) for n, p in zip((drawn, 50 - drawn), outcomes,
                                                                 strict=True)])  # fmt: skip
        found.append(counts.sum(axis=0) @ value[0] / 50)
    counts = [np.round(np.array([[0.36, 0.04], [0.18, 0.42]]) * 50)]
    error = covariance_of_draws(counts, [value]).item()
    assert error == pytest.approx(np.var(found), rel=0.15)
