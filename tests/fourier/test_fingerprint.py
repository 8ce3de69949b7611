"""Correlations of coefficients against NumPy and SciPy; chance, intervals, supports."""

from __future__ import annotations

import math

import numpy as np
import pennylane as qml
import pytest
from scipy.stats import norm, rankdata, spearmanr

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.fingerprint import fingerprint_of
from pennylane_trainability.fourier import rows_of
from pennylane_trainability.fourier.correlation import (
    CORRELATIONS,
    _ranks,
    correlations,
    cross_fitted,
    mean_size,
    prepared_samples,
)
from pennylane_trainability.laws import Uniform
from pennylane_trainability.results import Claim, Provenance

OPTIONS = {"inputs": ("x",), "law": Uniform(), "level": 0.95, "provenance": Provenance(seed=1)}


def some_coefficients(rng, n_draws=40, count=4):
    mixed = rng.normal(size=(count, count)) + 1j * rng.normal(size=(count, count))
    c = (rng.normal(size=(n_draws, count)) + 1j * rng.normal(size=(n_draws, count))) @ mixed
    c[:, 0] = c[:, 0].real
    return c


def of(coefficients, correlation="pearson", **options):
    rows = rows_of(coefficients.T).T[:, None]
    frequencies = np.arange(1.0, coefficients.shape[1])[:, None]
    return fingerprint_of(rows, frequencies, correlation=correlation, **(OPTIONS | options))


# -- definitions -----------------------------------------------------------------------------------


def test_definitions_are_those_of_numpy_and_scipy(rng):
    c = some_coefficients(rng)
    pooled = np.concatenate([c.real, c.imag])
    rows = rows_of(c.T)
    expected = {
        "pearson": np.corrcoef(pooled.T),
        "spearman": spearmanr(pooled).statistic,  # the imaginary part of c_0: forty ties
        "complex": np.corrcoef(c.T).conj(),
        "rows": np.corrcoef(rows),
    }
    for method, matrix in expected.items():
        found = correlations(prepared_samples(c, method), method)
        np.testing.assert_allclose(found, matrix, atol=1e-12, err_msg=method)
        first, second = np.triu_indices(len(matrix), 1)
        assert mean_size(found) == pytest.approx(np.abs(matrix[first, second]).mean())
        np.testing.assert_allclose(of(c, method).matrices[0], matrix, atol=1e-12)


@pytest.mark.parametrize("method", CORRELATIONS)
def test_counts_are_repetitions(method, rng):
    c = some_coefficients(rng, 12)
    counts = rng.integers(0, 3, size=12)
    weighted = correlations(prepared_samples(c, method), method, counts)
    repeated = correlations(prepared_samples(np.repeat(c, counts, axis=0), method), method)
    np.testing.assert_allclose(weighted, repeated, atol=1e-12)


def test_only_the_complex_definition_is_unchanged_by_a_shifted_input(rng):
    c = some_coefficients(rng, 60)
    shifted = c * np.exp(1j * 0.7 * np.arange(4))
    sizes = {m: [mean_size(correlations(prepared_samples(x, m), m)) for x in (c, shifted)]
             for m in CORRELATIONS}  # fmt: skip
    assert sizes["complex"][0] == pytest.approx(sizes["complex"][1], abs=1e-12)
    assert all(abs(a - b) > 1e-3 for m, (a, b) in sizes.items() if m != "complex")


# -- chance, bias, interval ------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "numbers"), [("pearson", 2), ("rows", 1)])
def test_independent_coefficients_have_the_size_expected_by_chance(method, numbers, rng):
    """``E|r| = Γ((n−1)/2)/(√π Γ(n/2))`` for ``n`` normal numbers."""
    n_draws, count = 50, 40
    c = rng.normal(size=(n_draws, count)) + 1j * rng.normal(size=(n_draws, count))
    if method == "rows":
        c = c.real.astype(complex)  # forty rows that vary, and rows that do not
    found = of(c if method == "rows" else c[:, 1:], method)
    n = numbers * n_draws
    expected = math.exp(math.lgamma((n - 1) / 2) - math.lgamma(n / 2)) / math.sqrt(math.pi)
    pairs = found.matrices.shape[-1] * (found.matrices.shape[-1] - 1) / 2
    assert abs(found.chance - expected) < 6 * expected / math.sqrt(100 * pairs) + 0.02 * expected
    assert abs(found.fcc.value - expected) < 0.1 * expected
    assert abs(found.cross_fitted) < 0.1 * expected
    assert found.fcc.low == 0


def test_proportional_coefficients_are_fully_correlated():
    """``f = cos θ (cos x + cos 2x)/2``, whatever the definition."""

    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, angle):
        qml.RX(x, wires=0)
        qml.RX(2 * x, wires=1)
        qml.RY(angle, wires=2)
        return qml.expval(0.5 * qml.Z(0) @ qml.Z(2) + 0.5 * qml.Z(1) @ qml.Z(2))

    for method in CORRELATIONS:
        found = pt.fourier_fingerprint(
            circuit, "x", correlation=method, n_draws=30, seed=1, spectrum=[1, 2]
        )(0.0, 0.3)
        assert found.fcc.value == pytest.approx(1, abs=1e-9)
        assert found.fcc.low == pytest.approx(1, abs=1e-6) and found.correlated
        np.testing.assert_array_equal(found.support.ravel(), [1, 2])


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.05, 0.4])
def test_intervals_cover_the_correlation_of_infinitely_many_draws(rho, rng):
    """Pairs of normal numbers with one known correlation: at 95 % at least 32 of 40 cover."""
    root = np.linalg.cholesky(rho + (1 - rho) * np.eye(4))
    covered = 0
    for _ in range(40):
        parts = rng.normal(size=(2, 60, 4)) @ root.T
        found = of(np.concatenate([np.zeros((60, 1)), parts[0] + 1j * parts[1]], axis=1))
        assert found.cross_fitted <= found.fcc.value + 0.05
        covered += found.fcc.low <= rho <= found.fcc.high
    assert covered >= 32


def test_cross_fitting_is_the_sign_of_one_half_times_the_size_of_the_other(rng):
    c = some_coefficients(rng, 20)
    samples = prepared_samples(c, "rows")
    order = rng.permutation(20)
    a, b = (np.corrcoef(samples[half, 0].T) for half in (order[:10], order[10:]))
    first, second = np.triu_indices(len(a), 1)
    a, b = a[first, second], b[first, second]
    expected = np.mean((np.sign(a) * b + np.sign(b) * a) / 2)
    assert cross_fitted(samples, "rows", order) == pytest.approx(expected)
    weights = rng.uniform(0.2, 3.0, samples.shape[-1])
    values = (np.sign(a) * b + np.sign(b) * a) / 2
    expected = np.average(values, weights=weights[first] * weights[second])
    assert cross_fitted(samples, "rows", order, weights) == pytest.approx(expected)


def test_ranks_are_those_of_values_written_out_as_often_as_they_count(rng):
    """Equal values share the mean of the ranks from 1 on."""
    column, counts = rng.integers(0, 4, 9) - 1.5, rng.integers(1, 4, 9)
    expected = rankdata(np.repeat(column, counts))
    np.testing.assert_allclose(np.repeat(_ranks(column, counts), counts), expected, atol=1e-12)


# -- support ---------------------------------------------------------------------------------------


def hardware_efficient(n):
    """RY, RZ, RY and CNOT bricks before and behind RY encodings; mean of Z over the wires."""

    def block(weights):
        for k, gate in enumerate((qml.RY, qml.RZ, qml.RY)):
            for wire in range(n):
                gate(weights[k * n + wire], wires=wire)
        for first in (*range(0, n - 1, 2), *range(1, n, 2)):
            qml.CNOT([first, (first + 1) % n])

    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, weights):
        block(weights[0])
        for wire in range(n):
            qml.RY(x, wires=wire)
        block(weights[1])
        return qml.expval(qml.dot([1 / n] * n, [qml.Z(w) for w in range(n)]))

    return circuit, np.zeros((2, 3 * n))


def test_rounding_errors_are_not_correlated():
    """What vanishes is left out; taken along, its rounding errors pass for correlations."""
    circuit, weights = hardware_efficient(4)
    found = pt.fourier_fingerprint(circuit, "x", n_draws=200, seed=1)(0.0, weights)
    gone = found.vanishing[0]
    assert 0 < gone.sum() < len(gone)
    assert np.max(np.abs(found.coefficients[:, 0, gone])) < 1e-14
    assert np.isnan(found.matrices[0][gone]).all()
    kept = np.flatnonzero(~gone)
    pooled = np.concatenate(
        [found.coefficients[:, 0, kept].real, found.coefficients[:, 0, kept].imag]
    )
    first, second = np.triu_indices(len(kept), 1)
    expected = np.abs(np.corrcoef(pooled.T)[first, second]).mean()
    assert found.fcc.value == pytest.approx(expected, abs=1e-9)
    assert found.claim is Claim.GENERIC


def test_constants_and_missing_sines_are_told():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, weights):
        qml.RX(x, wires=0)
        qml.RX(weights[0], wires=1)
        return qml.expval(qml.Z(0) + qml.Z(1) @ qml.Z(0) + 0.5 * qml.Z(1))

    found = pt.fourier_fingerprint(circuit, "x", n_draws=20, seed=1)(0.0, np.zeros(1))
    assert found.missing_parts == (((1.0,), "sine"),)

    @qml.qnode(qml.device("default.qubit"))
    def fixed(x, weights):
        qml.RX(x, wires=0)
        qml.RX(weights[0], wires=1)
        return qml.expval(qml.Z(0))

    found = pt.fourier_fingerprint(fixed, "x", n_draws=20, seed=1)(0.0, np.zeros(1))
    assert found.constant.all() and not found.vanishing[0, 1] and found.vanishing[0, 0]
    assert np.isnan(found.fcc.value) and "no two coefficients vary" in found.notes[0]
    assert "FCC" in str(found)


def test_subsets_and_weights(rng):
    c = some_coefficients(rng)
    found = of(c)
    matrix = np.abs(found.matrices[0])
    subset = np.array([True, False, True, True])
    own = matrix[np.ix_(subset, subset)]
    assert found.mean_correlation(subset) == pytest.approx(own[np.triu_indices(3, 1)].mean())
    w = np.abs(c.mean(axis=0))
    first, second = np.triu_indices(4, 1)
    expected = np.average(matrix[first, second], weights=w[first] * w[second])
    assert found.mean_correlation(weights="mean") == pytest.approx(expected)
    assert found.mean_correlation() == pytest.approx(found.fcc.value)
    assert found.quadrant.all()
    with pytest.raises(ValueError, match="4 entries"):
        found.mean_correlation([True])
    with pytest.raises(ValueError, match="one entry per row"):
        of(c, "rows").mean_correlation(weights="mean")


# -- calls -----------------------------------------------------------------------------------------


def test_several_inputs_in_one_argument_and_several_outputs(rng):
    @qml.qnode(qml.device("default.qubit"))
    def circuit(values):
        qml.StronglyEntanglingLayers(qml.math.reshape(values[2:8], (1, 2, 3)), wires=[0, 1])
        qml.RX(values[0], wires=0)
        qml.RX(values[1], wires=1)
        qml.StronglyEntanglingLayers(qml.math.reshape(values[8:], (1, 2, 3)), wires=[0, 1])
        return qml.probs(wires=[0, 1])

    values = rng.normal(size=14)
    found = pt.fourier_fingerprint(circuit, {"values": [0, 1]}, n_draws=30, seed=1)(values)
    assert found.matrices.shape == (4, 5, 5)
    assert found.quadrant.tolist() == [True, True, False, True, True]  # (1, −1) is the third
    mean = np.nanmean([mean_size(m) for m in found.matrices])
    assert found.fcc.value == pytest.approx(mean)


@pytest.mark.usefixtures("global_state_unchanged")
def test_equal_seeds_give_equal_fingerprints():
    device = qml.device("default.qubit", seed=1)

    @qml.qnode(device)
    def circuit(x, weights):
        qml.RX(x, wires=0)
        qml.Rot(*weights, wires=0)
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    ask = pt.fourier_fingerprint(circuit, "x", n_draws=20, seed=3)
    one, two = (ask(0.0, np.zeros(3)) for _ in range(2))
    assert one.fcc.low == two.fcc.low and one.chance == two.chance
    np.testing.assert_array_equal(one.matrices, two.matrices)
    assert one.to_dict()["correlation"] == "pearson"


def test_bad_input():
    circuit, weights = hardware_efficient(2)
    with pytest.raises(pt.ReadingError, match="use one of"):
        pt.fourier_fingerprint(circuit, "x", correlation="kendall")
    with pytest.raises(ValueError, match="≥ 8"):
        pt.fourier_fingerprint(circuit, "x", n_draws=4)
    with pytest.raises(ValueError, match="level"):
        pt.fourier_fingerprint(circuit, "x", level=2)
    noisy = qml.set_shots(circuit, shots=100)
    with pytest.raises(pt.ReadingError, match="engine='exact'"):
        pt.fourier_fingerprint(noisy, "x")(0.0, weights)
    found = pt.fourier_fingerprint(noisy, "x", n_draws=8, engine="exact")(0.0, weights)
    assert found.provenance.engine == "exact"


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e8])
def test_rounding_does_not_vary_in_any_unit(scale, rng):
    """A constant with rounding errors counts as constant, and so does what rounding leaves of 0."""
    c = some_coefficients(rng, count=5)
    c[:, 2], c[:, 3] = 0.7, 0.0
    noisy = c + 0.0
    noisy[:, 2] += 1e-15 * rng.normal(size=len(c))
    noisy[:, 3] = 1e-14 * rng.normal(size=len(c))
    one, other = of(c), of(scale * noisy)
    np.testing.assert_allclose(other.matrices, one.matrices, atol=1e-9)
    np.testing.assert_array_equal(other.vanishing, one.vanishing)
    assert np.isnan(other.matrices[0][[2, 3]]).all() and np.isfinite(other.matrices[0][0, 1])


def test_several_expectation_values_are_outputs_of_one_fingerprint():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RY(w[0], wires=0)
        qml.RX(x, wires=0)
        qml.RZ(w[1], wires=0)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0))

    ask = pt.fourier_fingerprint(circuit, encoding_args="x", seed=1, n_draws=30)
    found = ask(0.0, np.zeros(2))
    assert found.coefficients.shape == (30, 2, 2) and found.matrices.shape[0] == 2
    assert found.vanishing.shape == (2, 2)


@pytest.mark.parametrize(("noise", "n_draws"), [(1.0, 40), (0.35, 12)])
def test_the_interval_by_hand_and_within_one(noise, n_draws, rng):
    c = rng.normal(size=(n_draws, 1)) * np.ones(3) + noise * rng.normal(size=(n_draws, 3)) + 0j
    found, reach = of(c, level=0.8), norm.ppf(0.9)
    one = found.fcc
    assert one.high == pytest.approx(min(1.0, one.value + reach * one.stderr))
    assert one.low == pytest.approx(min(found.cross_fitted, one.value) - reach * one.stderr)
    if noise < 0.5:
        wide = of(c, level=0.999999).fcc
        assert wide.value + norm.ppf(0.9999995) * wide.stderr > 1 == wide.high
