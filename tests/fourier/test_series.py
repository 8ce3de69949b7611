"""Spectra, redundancies and sample points, against counting by hand and sums of exponentials."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.circuits import series as series_module
from pennylane_trainability.errors import BudgetError, NotFourierError, TrainabilityWarning
from pennylane_trainability.fourier import (
    Sampling,
    choose_sampling,
    distinct,
    minkowski_sum,
    redundancy,
    rows_of,
    spectrum_of,
)

UNIT = np.array([1.0])
STEPS = np.array([-1.0, 0.0, 1.0])
#: One Pauli gate: all pairs of its two eigenvalues.
PAIRS = np.array([0.0, 0.0, 1.0, -1.0])


def series(spectrum, coefficients, points):
    """``Σ_k c_k e^{+ik·x}`` over both halves, term by term."""
    total = np.full(len(points), coefficients[0], complex)
    for k, c in zip(spectrum.frequencies, coefficients[1:], strict=True):
        phase = points @ k
        total += c * np.exp(1j * phase) + np.conj(c) * np.exp(-1j * phase)
    assert np.abs(total.imag).max() < 1e-12
    return total.real


def random_coefficients(rng, spectrum):
    c = rng.normal(size=1 + len(spectrum.frequencies)) + 1j * rng.normal(
        size=1 + len(spectrum.frequencies)
    )
    c[0] = c[0].real
    return c


# -- order -----------------------------------------------------------------------------------------


def test_one_input_is_ascending_and_positive():
    spectrum = spectrum_of([3, -1, 0, -3, 2, 1, -2])
    np.testing.assert_array_equal(spectrum.frequencies, [[1], [2], [3]])
    assert (spectrum.n_rows, spectrum.n_inputs) == (7, 1)


def test_several_inputs_keep_the_lexicographically_positive_half():
    everything = list(product([-1, 0, 1], [-2, 0, 2], [-1, 0, 1]))
    spectrum = spectrum_of(everything)
    wanted = sorted(v for v in everything if v > (0, 0, 0))
    np.testing.assert_array_equal(spectrum.frequencies, wanted)
    assert 2 * len(wanted) + 1 == len(everything) == spectrum.n_rows


def test_either_sign_gives_the_same_half(rng):
    vectors = rng.integers(-3, 4, (20, 2))
    flipped = vectors * rng.choice([-1, 1], (20, 1))
    np.testing.assert_array_equal(
        spectrum_of(vectors).frequencies, spectrum_of(flipped).frequencies
    )


def test_rows_are_labelled_in_order():
    assert spectrum_of([[0, 1], [1, -1]]).labels() == (
        ((0.0, 0.0), "constant"),
        ((0.0, 1.0), "cosine"),
        ((0.0, 1.0), "sine"),
        ((1.0, -1.0), "cosine"),
        ((1.0, -1.0), "sine"),
    )


def test_equal_up_to_rounding_is_equal_and_the_rest_keeps_its_digits():
    values = np.array([0.1 + 0.2, np.sqrt(2), 0.3, np.sqrt(2) + 1e-13])
    assert distinct(values).tolist() in ([0.3, np.sqrt(2)], [0.3, np.sqrt(2) + 1e-13])
    assert len(distinct(np.array([1.0, 1.0 + 1e-7]))) == 2
    assert 1000.1 + 0.2 != 1000.3 and distinct(np.array([1000.1 + 0.2])).tolist() == [1000.3]


def test_zero_has_no_sign():
    assert not np.signbit(distinct(np.array([-1e-13, 2.0]))).any()
    assert not np.signbit(spectrum_of([[-1, 0], [0, -2]]).frequencies).any()


# -- Minkowski sums and redundancy -----------------------------------------------------------------


@pytest.mark.parametrize(
    "slopes", [(1, 1, 1), (1, 3, 9), (1, 1.2, 3), (0.5, 0.5, 2), (1, np.sqrt(2))]
)
def test_minkowski_sum_counts_every_combination(slopes):
    parts = [(np.array([s]), STEPS, 1) for s in slopes]
    wanted = {
        round(float(np.dot(c, slopes)), 8) + 0.0 for c in product([-1, 0, 1], repeat=len(slopes))
    }
    found = minkowski_sum(parts, 1)[:, 0]
    np.testing.assert_allclose(found, sorted(wanted), rtol=0, atol=1e-8)


def test_minkowski_sum_of_several_inputs_and_levels():
    two_level, four_level = STEPS, np.array([-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5])
    parts = [
        (np.array([1.0, 0.0]), two_level, 2),
        (np.array([0.0, 2.0]), two_level, 1),
        (np.array([1.0, -1.0]), four_level, 1),
    ]
    wanted = {
        (a + b + d, 2.0 * c - d) for a, b, c in product([-1, 0, 1], repeat=3) for d in four_level
    }
    np.testing.assert_array_equal(minkowski_sum(parts, 2), sorted(wanted))


@pytest.mark.parametrize("budget", [1, 2, 5, 9])
def test_redundancy_of_equal_gates_is_binomial(budget):
    spectrum = spectrum_of(np.arange(-budget, budget + 1))
    found = redundancy([(UNIT, PAIRS, budget)], spectrum)
    np.testing.assert_array_equal(found, [comb(2 * budget, budget + k) for k in range(budget + 1)])


@pytest.mark.parametrize("slope", [np.sqrt(2), 1 / 3, np.pi])
def test_redundancy_does_not_lose_paths_to_rounding(slope):
    budget = 8
    spectrum = spectrum_of(minkowski_sum([(slope * UNIT, STEPS, budget)], 1))
    assert len(spectrum.frequencies) == budget
    found = redundancy([(slope * UNIT, PAIRS, budget)], spectrum)
    np.testing.assert_array_equal(found, [comb(2 * budget, budget + k) for k in range(budget + 1)])


def test_redundancy_of_ternary_prefactors_counts_zero_digits():
    parts = [(3**j * UNIT, PAIRS, 1) for j in range(3)]
    spectrum = spectrum_of(minkowski_sum([(3**j * UNIT, STEPS, 1) for j in range(3)], 1))
    assert spectrum.n_rows == 27
    wanted = [2 ** digits.count(0) for digits in product([-1, 0, 1], repeat=3)][13:]
    np.testing.assert_array_equal(redundancy(parts, spectrum), wanted)


def test_all_pairs_of_eigenvalue_paths_are_counted_once():
    parts = [(np.array([1.0, 0.5]), PAIRS, 2), (np.array([0.0, 1.0]), PAIRS, 1)]
    spectrum = spectrum_of(minkowski_sum([(d, STEPS, c) for d, _, c in parts], 2))
    counts = redundancy(parts, spectrum)
    assert counts[0] + 2 * counts[1:].sum() == 4**3


def test_differences_of_one_sign_are_added():
    """Sums and paths by hand; differences of eigenvalues have both signs and would not show it."""
    one = np.array([0.0, 1.0])
    assert minkowski_sum([(UNIT, one, 1), (3 * UNIT, one, 1)], 1).ravel().tolist() == [0, 1, 3, 4]
    parts = [(UNIT, one, 1), (3 * UNIT, np.array([0.0, 0.0, 1.0]), 1)]
    assert redundancy(parts, spectrum_of([1, 2, 3, 4])).tolist() == [2, 2, 0, 1, 1]


def test_differences_equal_to_nine_digits_are_one_path_each():
    parts = [(UNIT, np.array([0.0, 1.0, 1.0 + 3e-10]), 1)]
    assert redundancy(parts, spectrum_of([1])).tolist() == [1, 2]


# -- rows ------------------------------------------------------------------------------------------

SPECTRA = [
    pytest.param(np.arange(1, 5), id="integers"),
    pytest.param([1, 1.2, 3], id="commensurate"),
    pytest.param([1, np.sqrt(2), np.sqrt(2) - 1, np.sqrt(2) + 1], id="incommensurate"),
    pytest.param([[1, 0], [0, 1], [1, 1], [1, -1], [2, 1]], id="two-inputs"),
    pytest.param([[0.5, 1], [np.sqrt(3), 0], [1, -0.3]], id="two-inputs-incommensurate"),
    pytest.param([1, 1000], id="wide-gap"),
]


@pytest.mark.parametrize("frequencies", SPECTRA)
def test_rows_are_what_a_sum_of_exponentials_says(frequencies, rng):
    spectrum = spectrum_of(frequencies)
    coefficients = random_coefficients(rng, spectrum)
    points = rng.uniform(-9, 9, (15, spectrum.n_inputs))
    found = spectrum.basis(points) @ rows_of(coefficients)
    np.testing.assert_allclose(found, series(spectrum, coefficients, points), rtol=0, atol=1e-12)


@pytest.mark.parametrize("frequencies", SPECTRA)
def test_samples_give_the_rows_back(frequencies, rng):
    spectrum = spectrum_of(frequencies)
    coefficients = random_coefficients(rng, spectrum)
    sampling = choose_sampling(spectrum)
    found = sampling.matrix @ series(spectrum, coefficients, sampling.points)
    np.testing.assert_allclose(found, rows_of(coefficients), rtol=0, atol=1e-10)


@pytest.mark.parametrize("frequencies", SPECTRA)
def test_condition_is_that_of_the_linear_system(frequencies):
    spectrum = spectrum_of(frequencies)
    sampling = choose_sampling(spectrum)
    values = np.linalg.svd(spectrum.basis(sampling.points), compute_uv=False)
    assert sampling.condition == pytest.approx(values[0] / values[-1], rel=1e-9)
    assert sampling.condition < 10


def test_uniform_grids_are_smallest_and_orthogonal():
    cases = ((np.arange(1, 7), 13), (np.arange(1, 41), 81), ([1, 1.2, 3], 31), ([0.5, 1.5], 7),
             ([4, 6], 7), ([0, 3], 3))  # fmt: skip
    for frequencies, size in cases:
        sampling = choose_sampling(spectrum_of(frequencies))
        assert len(sampling.points) == size
        basis = sampling.spectrum.basis(sampling.points)
        np.testing.assert_allclose(
            basis.T @ basis / size, np.eye(basis.shape[1]), rtol=0, atol=1e-12
        )
    sampling = choose_sampling(spectrum_of(list(product(range(-2, 3), range(-1, 2)))))
    assert len(sampling.points) == 5 * 3


def test_ratios_are_read_to_eight_digits():
    for excess, size in ((2e-7, 61), (2e-6, 11)):  # the ratio is 30
        assert len(choose_sampling(spectrum_of([1, 30 + excess])).points) == size


@pytest.mark.parametrize("frequencies", [SPECTRA[2].values[0], SPECTRA[4].values[0]])
def test_incommensurate_samples_are_one_in_every_part_of_a_beat(frequencies):
    """``2K + 1`` equal parts of the period of the smallest difference of two frequencies."""
    spectrum = spectrum_of(frequencies)
    own = spectrum.frequencies.tolist()
    every = [[0] * spectrum.n_inputs, *own, *([-v for v in k] for k in own)]
    gap = min(np.hypot(*np.subtract(a, b), *[0] * (2 - len(a))) for a in every for b in every
              if a != b)  # fmt: skip
    points = choose_sampling(spectrum).points
    for column in points.T:
        parts = np.floor(column / (2 * np.pi / gap) * len(points))
        np.testing.assert_array_equal(np.sort(parts), np.arange(2 * spectrum.n_rows + 1))


def test_frequencies_with_a_small_sum_are_told_apart():
    """``k + k'`` of two frequencies is a difference too, to the negative one of a pair."""
    sampling = choose_sampling(spectrum_of([[0.001, 1], [0.001, -1], [np.sqrt(2), 0.3]]))
    assert sampling.condition < 10
    assert np.abs(sampling.points).max() > 2 * np.pi / 0.002 / 2


def test_hold_out_point_repeats_and_is_no_sample_point():
    for frequencies in ([1, 2], [1, np.sqrt(2)], [[1, 0], [0, 2]]):
        first, second = (choose_sampling(spectrum_of(frequencies)) for _ in range(2))
        np.testing.assert_array_equal(first.points, second.points)
        np.testing.assert_array_equal(first.hold_out, second.hold_out)
        assert np.abs(first.points - first.hold_out).sum(axis=1).min() > 1e-3


def test_hold_out_point_cuts_every_axis_in_the_golden_section():
    """The whole is to the longer part as this to the shorter; ``j`` parts on the ``j``-th axis."""
    for frequencies, reach in (([1, 2], 8 * np.pi / 5), ([40], 1.0)):  # at least one radian
        (place,) = choose_sampling(spectrum_of(frequencies)).hold_out
        assert 0 < place < reach and place**2 == pytest.approx(reach * (reach - place))
    first, second = choose_sampling(spectrum_of([[1, 0], [0, 2]])).hold_out
    share = first / (4 * np.pi / 3)
    assert share**2 == pytest.approx(1 - share)
    assert second == pytest.approx((2 * share - 1) * 2 * np.pi / 3)


# -- refusals --------------------------------------------------------------------------------------


def test_full_grids_beyond_the_limit_are_refused_with_their_count():
    spectrum = spectrum_of(list(product(range(-4, 5), range(-3, 4), range(-1, 2))))
    with pytest.raises(BudgetError, match=r"9 × 7 × 3 = 189 points, more than max_points=188"):
        choose_sampling(spectrum, 188)
    assert len(choose_sampling(spectrum, 189).points) == 189


def test_incommensurate_samples_beyond_the_limit_are_refused_with_their_count():
    spectrum = spectrum_of([1, np.sqrt(2), np.sqrt(3)])
    with pytest.raises(BudgetError, match="15 sample points are needed, more than max_points=14"):
        choose_sampling(spectrum, 14)
    assert len(choose_sampling(spectrum, 15).points) == 15


def encoded(slopes):
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        for k, slope in enumerate(slopes):
            qml.RY(w[k], wires=0)
            qml.RX(slope * x, wires=0)
        qml.RY(w[len(slopes)], wires=0)
        return qml.expval(qml.Z(0))

    return circuit


@pytest.mark.parametrize(
    ("slopes", "gap"),
    [
        ((1, np.sqrt(2)), None),
        ((1, 1.2, 3), None),
        ((1, 1.001 + 1e-5 * np.pi), 1e-3),
        ((1, 1.1, np.pi), None),
    ],
)
def test_series_of_a_circuit_holds_far_from_its_samples(slopes, gap, rng):
    """The digits of the frequencies matter: sample points of close ones lie far out."""
    circuit, weights = encoded(slopes), rng.uniform(0, 6, len(slopes) + 1)
    rows = pt.fourier_rows(circuit, "x")(0.0, weights)
    points = rng.uniform(-50, 50, 7)
    found = rows.coefficients[0, 0].real + 2 * np.sum(
        (rows.coefficients[0, 1:] * np.exp(1j * points[:, None] * rows.frequencies[:, 0])).real,
        axis=1,
    )
    wanted = [circuit(x, weights) for x in points]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-10)
    if gap:
        assert np.diff(rows.frequencies[:, 0]).min() < 2 * gap


def test_too_short_a_spectrum_is_refused_as_aliasing():
    with pytest.raises(NotFourierError, match="aliasing"):
        pt.fourier_rows(encoded((1, 1)), "x", spectrum=[1])(0.0, np.array([0.3, 0.4, 0.5]))


def test_too_many_inputs_are_refused_before_anything_is_listed():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        for k in range(14):
            qml.RX(x[k], wires=k % 2)
            qml.RY(w, wires=k % 2)
        return qml.expval(qml.Z(0))

    with pytest.raises(BudgetError, match=r"up to 4\.8e\+06 frequency vectors.*encoding_args"):
        pt.fourier_rows(circuit, "x")(np.zeros(14), 0.1)


@pytest.mark.parametrize(
    ("angle", "message"),
    [
        (lambda x, w: w * x, "prefactor is a trainable parameter"),
        (lambda x, w: qml.math.arcsin(x), "nonlinear function of the input"),
        (lambda x, w: x**2 + w, "nonlinear function of the input"),
    ],
)
def test_what_is_no_series_is_refused_by_gate(angle, message):
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RY(angle(x, w), wires="a")
        return qml.expval(qml.Z("a"))

    with pytest.raises(NotFourierError, match=rf"RY on wires \['a'\].*{message}"):
        pt.fourier_rows(circuit, "x")(0.1, 0.2)


def test_badly_conditioned_samples_are_said(monkeypatch, rng):
    """Frequencies that cannot be told apart on the points at hand: here, crowded points."""

    def crowded(spectrum, max_points):
        points = np.linspace(0, 0.5, 2 * spectrum.n_rows + 1)[:, None]
        basis = spectrum.basis(points)
        return Sampling(spectrum, points, np.linalg.pinv(basis), float(np.linalg.cond(basis)))

    monkeypatch.setattr(series_module, "choose_sampling", crowded)
    with pytest.warns(
        TrainabilityWarning, match=r"condition number \d\.\de\+0\d, errors of the samples grow"
    ):
        pt.fourier_rows(encoded((1, 1)), "x")(0.0, rng.uniform(0, 6, 3))
