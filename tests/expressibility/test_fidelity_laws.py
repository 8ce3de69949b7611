"""Laws of overlaps against states that are drawn, and closed forms."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from pennylane_trainability.statistics.fidelity_laws import (
    bin_numbers,
    counted_log_masses,
    haar_log_masses,
    haar_potential,
    real_haar_log_masses,
    real_haar_potential,
    reduced_haar_overlaps,
)


def states(rng, count, dimension, real=False):
    found = rng.normal(size=(count, dimension))
    if not real:
        found = found + 1j * rng.normal(size=(count, dimension))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("dimension", [2, 8])
def test_masses_are_those_of_states_that_are_drawn(rng, dimension, real):
    fidelity = np.abs(states(rng, 200_000, dimension, real)[:, 0]) ** 2
    counts = np.bincount(bin_numbers(fidelity, 10), minlength=10)
    law = np.exp((real_haar_log_masses if real else haar_log_masses)(dimension, 10))
    assert law.sum() == pytest.approx(1)
    assert np.all(np.abs(counts - 2e5 * law) < 6 * np.sqrt(2e5 * law) + 6)
    known = real_haar_potential if real else haar_potential
    for order in (1, 2, 3):
        sample = fidelity**order
        error = sample.std() / math.sqrt(len(sample))
        assert abs(sample.mean() - known(dimension, order)) < 6 * error


def test_masses_far_below_what_numbers_hold():
    """The last bin of eight wires has (1/75)^255."""
    assert haar_log_masses(256, 75)[-1] == pytest.approx(-255 * math.log(75))
    # a real state: x^a/(a B(a, ½)) with a = 511/2, to the next order in x = 1/75
    a = 511 / 2
    beta = math.lgamma(a) + math.lgamma(0.5) - math.lgamma(a + 0.5)
    leading = -a * math.log(75) - math.log(a) - beta
    assert real_haar_log_masses(512, 75)[-1] == pytest.approx(leading, abs=0.02)
    assert np.all(np.isfinite(real_haar_log_masses(512, 75)))


@pytest.mark.parametrize(("dimension", "n_bins"), [(512, 75), (4096, 10)])
def test_real_masses_below_what_numbers_hold_against_an_integral(dimension, n_bins):
    """``x^a/(a B(a, ½)) ∫ e^{−u} (1 − x e^{−u/a})^{−1/2} du``, by Gauss and Laguerre."""
    u, weights = np.polynomial.laguerre.laggauss(40)
    a, x = (dimension - 1) / 2, np.arange(n_bins, 0, -1) / n_bins
    small = np.flatnonzero(a * np.log(x) < -740)
    inner = (1 - x[small, None] * np.exp(-u / a)) ** -0.5 @ weights
    beta = math.lgamma(a) + math.lgamma(0.5) - math.lgamma(a + 0.5)
    wanted = a * np.log(x[small]) - math.log(a) - beta + np.log(inner)
    found = real_haar_log_masses(dimension, n_bins)[small]
    assert len(small) > 3
    np.testing.assert_allclose(found, wanted, atol=1e-3, rtol=0)


def test_potentials_are_inverse_binomials():
    for dimension, order in [(2, 1), (4, 2), (16, 3)]:
        wanted = Fraction(1, math.comb(dimension + order - 1, order))
        assert haar_potential(dimension, order) == pytest.approx(float(wanted))


@pytest.mark.parametrize(("dimension", "shots"), [(2, 7), (8, 50)])
def test_overlaps_seen_through_shots(dimension, shots):
    """Second road: the binomial law integrated over the Haar law of the overlap."""
    grid = (np.arange(40_000) + 0.5) / 40_000
    density = (dimension - 1) * (1 - grid) ** (dimension - 2) / len(grid)
    law = np.zeros(10)
    for k in range(shots + 1):
        chance = math.comb(shots, k) * grid**k * (1 - grid) ** (shots - k) @ density
        law[bin_numbers(np.array([k / shots]), 10)] += chance
    found = np.exp(counted_log_masses(dimension, shots, 10))
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose(found, law, atol=1e-7)


def test_moments_of_reduced_states(rng):
    """E (Tr ρσ)² of the induced measure from E ρ⊗ρ = (K + R·SWAP/…): weights of 1 and SWAP."""
    k, r = 4, 2
    found = reduced_haar_overlaps(k, r, 1200, rng)
    assert found.mean() == pytest.approx(1 / k, abs=0.01)
    # E ρ⊗ρ = (r²·1 + r·SWAP)/(n(n + 1)) with n = kr; Tr of its square
    n = k * r
    a, b = r**2 / (n * (n + 1)), r / (n * (n + 1))
    second = (a * a + b * b) * k**2 + 2 * a * b * k
    assert np.mean(found**2) == pytest.approx(second, rel=0.02)


def test_bins_hold_their_left_edge():
    edges = np.arange(75) / 75
    np.testing.assert_array_equal(bin_numbers(edges, 75), np.arange(75))
    assert bin_numbers(np.array([1.0]), 75) == [74]
