"""What pictures show is what records hold: bars, medians, marks and limits, by hand."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from artists import labelled

import pennylane_trainability as pt
from pennylane_trainability.architectures import GrowthAdvice, ShapeComparison
from pennylane_trainability.architectures.growth import GrowthStep
from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.architectures.size import CircuitSize
from pennylane_trainability.diagnostics.column_space import column_space
from pennylane_trainability.diagnostics.entangling_record import EntanglingCapability
from pennylane_trainability.diagnostics.expressibility_record import Expressibility
from pennylane_trainability.diagnostics.fingerprint_record import FourierFingerprint
from pennylane_trainability.diagnostics.landscape_law import LandscapeLaw
from pennylane_trainability.diagnostics.local_minima import LocalMinima
from pennylane_trainability.diagnostics.scaling import Scaling
from pennylane_trainability.diagnostics.series_rows import FourierRows
from pennylane_trainability.diagnostics.slice_record import LossSlice
from pennylane_trainability.diagnostics.variance_record import GradientVariances
from pennylane_trainability.monitoring import TrainingRecord
from pennylane_trainability.plots import laws
from pennylane_trainability.plots.landscapes import quantile
from pennylane_trainability.plots.style import log_scale
from pennylane_trainability.policies import PolicyScaling, PolicyVerdict
from pennylane_trainability.results import Claim, Cost, Estimate, Provenance
from pennylane_trainability.statistics.noise_floor import NoiseFloor
from pennylane_trainability.statistics.scaling import fit_scaling

plt = pytest.importorskip("matplotlib.pyplot")

RUN = {"cost": Cost(), "provenance": Provenance()}


def bar_ends(container) -> np.ndarray:
    """Lower and upper ends of an errorbar, ``(2, n)``."""
    return np.array([segment[:, 1] for segment in container.lines[2][0].get_segments()]).T


def estimates(*numbers: tuple[float, float, float]) -> list[Estimate]:
    """Estimates from values, lower and upper ends."""
    return [Estimate(value=v, stderr=(h - lo) / 4, low=lo, high=h) for v, lo, h in numbers]


# ---------------------------------------------------------------------------------- architectures


def test_ratios_of_growth_stand_in_their_intervals_beside_no_change():
    ratios = estimates((2.0, 1.5, 4.0), (0.5, 0.4, 0.9))
    steps = tuple(GrowthStep(name=n, ratio=r) for n, r in zip("ab", ratios, strict=True))
    ax = GrowthAdvice(
        base=GrowthStep(name="as it is"), steps=steps, degree=1, gain=1, provenance=Provenance()
    ).plot()
    (container,) = ax.containers
    np.testing.assert_allclose(container.lines[0].get_ydata(), [2.0, 0.5])
    np.testing.assert_allclose(bar_ends(container), [[1.5, 0.4], [4.0, 0.9]])
    level = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert [list(line.get_ydata()) for line in level] == [[1.0, 1.0]]


def test_strengths_are_medians_over_the_draws():
    # three draws, rows 1, cos, sin, two parameters
    jacobians = np.array([[[k, 0], [3, 0], [0, 4 * k]] for k in (1.0, 2.0, 8.0)])
    row = ShapeRow(
        name="one", shape=None, space=column_space(jacobians), coefficients=np.ones((3, 3)),
        frequencies=np.array([[1]]), law="uniform",
        size=CircuitSize(one_qubit=1, two_qubit=0, depth=1, circuits=1),
    )  # fmt: skip
    found = ShapeComparison(shapes=(row,), matched=(), equal=(), provenance=Provenance())
    line = labelled(found.plot().figure.axes[2])["one"]
    np.testing.assert_allclose(line.get_ydata(), [2, np.hypot(3, 8)])


# ----------------------------------------------------------------------------- Fourier coefficients


def rows(values, stderr) -> FourierRows:
    values = np.array(values, float)
    frequencies = np.arange(1, 1 + values.shape[1] // 2)[:, None]
    return FourierRows(
        values=values, stderr=np.broadcast_to(stderr, values.shape), frequencies=frequencies,
        labels=(), inputs=("x",), condition=1.0, **RUN,
    )  # fmt: skip


def test_errors_of_coefficients_are_weighted_by_their_direction():
    found = rows([[-2.0, 3.0, 4.0, 0.0, 0.0]], [[0.3, 0.1, 0.5, 0.2, 0.6]])
    (container,) = found.plot().containers
    np.testing.assert_allclose(container.lines[0].get_ydata(), [2, 5 / np.sqrt(2), 0])
    # |c| = √(a² + b²)/√2 moves by (a da + b db)/|(a, b)|/√2; without a direction the mean square
    along = np.sqrt((9 * 0.1**2 + 16 * 0.5**2) / 25 / 2)
    nowhere = np.sqrt((0.2**2 + 0.6**2) / 2 / 2)
    low, high = bar_ends(container)
    np.testing.assert_allclose((high - low) / 2, [0.3, along, nowhere])
    np.testing.assert_allclose((high + low) / 2, [2, 5 / np.sqrt(2), 0], atol=1e-15)


@pytest.mark.parametrize("many", [2, 3, 8])
def test_outputs_stand_side_by_side_around_their_frequency(many):
    ax = rows(np.ones((many, 5)), 0.0).plot()
    places = np.array([container.lines[0].get_xdata() for container in ax.containers])
    np.testing.assert_allclose(places.mean(axis=0), [0, 1, 2], atol=1e-12)
    assert np.all(np.diff(places, axis=0) > 0)
    spread = places[-1] - places[0]
    assert np.all(spread[:-1] < places[0, 1:] - places[-1, :-1]), "nearer than the next frequency"


def test_what_is_zero_beside_large_coefficients():
    ax = rows([[1e4, 1e-6, 0.0, 1.0, 1.0]], 0.0).plot()  # zero up to 1e-9 of the largest
    assert labelled(ax)["absent (zero)"].get_xdata().tolist() == [1]


# --------------------------------------------------------------------------------- fingerprints


def fingerprint(matrices) -> FourierFingerprint:
    matrices = np.asarray(matrices, float)
    outputs, size, _ = matrices.shape
    return FourierFingerprint(
        fcc=Estimate.normal(0.5, 0.1), cross_fitted=0.5, chance=0.1, chance_high=0.2,
        matrices=matrices, coefficients=np.ones((2, outputs, size), complex),
        frequencies=np.arange(1, size)[:, None], tolerance=1e-9, correlation="pearson",
        inputs=("x",), law="uniform", claim=Claim.GENERIC, n_resamples=0, provenance=Provenance(),
    )  # fmt: skip


def test_the_fingerprint_of_several_outputs_is_their_mean():
    first, second = np.zeros((2, 3, 3))
    first[1, 0], first[2, 0], first[2, 1] = -0.2, 0.3, np.nan
    second[1, 0], second[2, 0], second[2, 1] = 0.6, np.nan, np.nan
    _, image = fingerprint([first, second]).plot().images
    shown = image.get_array()
    assert shown[1, 0] == pytest.approx((0.2 + 0.6) / 2)
    assert shown[2, 0] == pytest.approx(0.3), "over the outputs in which it varies"
    assert np.ma.getmaskarray(shown)[2, 1]


def test_many_frequencies_are_named_at_a_distance():
    ax = fingerprint(np.zeros((1, 100, 100))).plot()
    places = ax.get_yticks()
    assert 12 < len(places) <= 24
    assert [text.get_text() for text in ax.get_yticklabels()] == [f"{p:g}" for p in places]


# ------------------------------------------------------------------------------------- variances


def variances(values, lows, highs, shape=None) -> GradientVariances:
    count = len(values)
    return GradientVariances(
        variances=np.array(values), stderrs=np.full(count, 0.1), lows=np.array(lows),
        highs=np.array(highs), index=np.arange(1, 1 + count).reshape(shape or count),
        method="sample", samples=np.zeros((0, count)),
        parameters=tuple(f"w[{k}]" for k in range(count)), n_wires=1, law="uniform", **RUN,
    )  # fmt: skip


def test_variances_stand_in_their_intervals():
    ax = variances([0.5, 2.0, 0.1], [0.4, 0.5, 0.0], [1.5, 2.25, 0.3]).plot()
    container = labelled(ax)["variance with its interval (95 %)"]
    low, high = bar_ends(container)
    np.testing.assert_allclose(high, [1.5, 2.25, 0.3])
    # a logarithmic axis has no zero: the bar ends with the axis, below the smallest value
    np.testing.assert_allclose(low, [0.4, 0.5, ax.get_ylim()[0]])
    assert 0 < low[2] < 0.1


@pytest.mark.parametrize(("ratio", "log"), [(200.0, True), (10.0, False)])
def test_shades_of_a_layer_are_logarithmic_where_variances_differ_much(ratio, log):
    values = 0.01 * np.array([1.0, ratio, 2.0, 3.0, 4.0, 5.0])
    ax = variances(values, values, values, (2, 3)).plot()
    (image,) = [one for panel in ax.figure.axes for one in panel.get_images()]
    np.testing.assert_allclose(image.get_array(), values.reshape(2, 3))
    assert type(image.norm).__name__ == ("LogNorm" if log else "Normalize")
    assert image.get_clim() == pytest.approx((0.01 if log else 0.0, 0.01 * ratio))


NS = (2, 3, 5, 6, 9)
VALUES, LOWS = [0.5, 0.2, 0.1, 0.05, 0.02], [0.45, 0.1, 0.09, -0.01, 0.015]
HIGHS = [0.8, 0.25, 0.2, 0.07, 0.05]
POINTS = list(zip(VALUES, LOWS, HIGHS, strict=True))


def test_variances_over_sizes_stand_in_their_intervals():
    ax = Scaling(
        quantity="Variance", fit=fit_scaling(np.array(NS), estimates(*POINTS)),
        methods=("paths",) * 5, law="uniform", **RUN,
    ).plot()  # fmt: skip
    low, high = bar_ends(labelled(ax)["variance (95 %)"])
    np.testing.assert_allclose(high, HIGHS)
    np.testing.assert_allclose(low, np.maximum(LOWS, ax.get_ylim()[0]))
    assert 0 < low[3] < low[4] == 0.015
    for label, line in labelled(ax).items():
        if "AICc" in label:
            assert line.get_xdata()[[0, -1]].tolist() == [2, 9], "the fits reach over all sizes"


def policies(log, own) -> PolicyScaling:
    ns = np.array(NS)
    return PolicyScaling(
        log_fit=fit_scaling(ns, log), derivative_fit=fit_scaling(ns, own),
        verdict=PolicyVerdict.UNDECIDED, actions=(4, 8, 32, 64, 512), found=(), **RUN,
    )  # fmt: skip


def test_variances_of_policies_stand_in_their_intervals():
    from pennylane_trainability.plots.policies import policy_scaling

    _, ax = plt.subplots()
    own = estimates(*((2 * v, 2 * lo, 2 * h) for v, lo, h in POINTS))
    policy_scaling(ax, policies(estimates(*POINTS), own), {})
    assert ax.get_yscale() == "log"
    for container, factor in zip(ax.containers, (1, 2), strict=True):
        low, high = bar_ends(container)
        np.testing.assert_allclose(high, factor * np.array(HIGHS))
        np.testing.assert_allclose(low, np.maximum(factor * np.array(LOWS), ax.get_ylim()[0]))
    _, ax = plt.subplots()
    near = estimates(*((1 + v, 0.9 + v, 1.3 + v) for v in VALUES))
    policy_scaling(ax, policies(near, near), {})
    assert ax.get_yscale() == "linear"
    for container in ax.containers:
        ends = np.add.outer([0.9, 1.3], VALUES)
        np.testing.assert_allclose(bar_ends(container), ends)


# ---------------------------------------------------------------------------------------- slices


def a_slice(values, axes, marks, stderr=0.0) -> LossSlice:
    count = len(axes)
    return LossSlice(
        values=values, stderrs=np.broadcast_to(stderr, np.shape(values)), axes=axes,
        directions=np.eye(count), names=("one", "two")[:count], origin=np.zeros(count),
        marks=np.array(marks), index=np.arange(1, 1 + count),
        parameters=tuple("ab")[:count], **RUN,
    )  # fmt: skip


def test_the_band_of_a_line_reaches_to_both_sides():
    axis, values = np.array([0.0, 1.0, 2.0]), np.array([0.5, 0.1, -0.4])
    stderr = np.array([0.1, 0.2, 0.3])
    ax = a_slice(values, (axis,), [[0.5]], stderr).plot()
    corners = labelled(ax)["interval of each point (95 %)"].get_paths()[0].vertices
    reach = 1.959964 * stderr
    for x, value, half in zip(axis, values, reach, strict=True):
        own = corners[corners[:, 0] == x, 1]
        assert own.min() == pytest.approx(value - half, rel=1e-5)
        assert own.max() == pytest.approx(value + half, rel=1e-5)


def test_a_plane_has_its_first_direction_to_the_right():
    first, second = np.linspace(-1, 2, 7), np.linspace(-3, 0, 5)
    values = np.repeat(first[:, None], 5, axis=1)  # grows along the first direction alone
    marks = [[0.25, -1.5], [1.0, -2.0], [0.5, -1.0], [-0.5, -0.25]]
    ax = a_slice(values, (first, second), marks).plot()
    shown = labelled(ax)
    assert np.array(shown["values given"].get_data()).T.tolist() == marks[:1]
    assert np.array(shown["other points"].get_data()).T.tolist() == marks[1:]
    filled, lines = ax.collections
    seen = 0
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        if len(path.vertices):
            seen += 1
            np.testing.assert_allclose(path.vertices[:, 0], level, atol=1e-12)
    assert seen > 2
    assert filled.get_array().min() >= -1.2 and filled.get_array().max() <= 2.2


# ---------------------------------------------------------------------------------- landscape laws


def landscape(losses, derivatives) -> LandscapeLaw:
    return LandscapeLaw(
        losses=np.array(losses), derivatives=np.array(derivatives), loss_tests=(),
        gradient_tests=(), loss_law=None, gradient_law=None, parameter=0, size=0.05,
        law="uniform", provenance=Provenance(),
    )  # fmt: skip


def test_quantiles_of_draws_stand_over_those_of_the_normal_law():
    _, ax = plt.subplots()
    laws.quantiles(ax, landscape([4.0, 0.0, 2.0], [1.0] * 3), False, {})
    points = labelled(ax)["normal, fitted"]
    # mean 2, standard deviation 2; the middles of thirds
    expected = [2 + 2 * NormalDist().inv_cdf(q) for q in (1 / 6, 1 / 2, 5 / 6)]
    np.testing.assert_allclose(points.get_xdata(), expected)
    np.testing.assert_allclose(points.get_ydata(), [0, 2, 4])
    diagonal = ax.lines[1]
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 4]


def test_draws_that_are_all_equal_have_a_normal_law_without_width():
    _, ax = plt.subplots()
    laws.quantiles(ax, landscape([0.0] * 3, [0.25] * 3), True, {})
    assert labelled(ax)["normal, fitted"].get_xdata().tolist() == [0.25] * 3


def test_the_share_of_descents_grows_by_one_each():
    found = LocalMinima(
        energies=np.array([0.0, 0.5, 0.75]), mean_energy=Estimate.normal(0.4, 0.1),
        reached=Estimate(value=0.25, low=0.1, high=0.6), n_converged=3, overparametrisation=1.5,
        threshold=4.0, n_parameters=6, lowest=-1.0, mean_eigenvalue=2.0, points=np.zeros((3, 6)),
        law="uniform", provenance=Provenance(n_samples=4),
    )  # fmt: skip
    shown = labelled(found.plot())
    curve = shown["descents"]
    np.testing.assert_allclose(curve.get_ydata(), [0, 0.25, 0.5, 0.75, 0.75])
    np.testing.assert_allclose(curve.get_xdata()[:-1], [0, 0, 0.5, 0.75])
    assert curve.get_xdata()[-1] > 1
    assert list(shown["mean eigenvalue"].get_xdata()) == [1, 1]
    assert list(shown["mean energy 0.4"].get_xdata()) == [0.4, 0.4]


# ---------------------------------------------------------------------------------------- states


def test_overlaps_are_shares_in_the_middle_of_their_bins():
    found = Expressibility(
        divergence=None, potentials=(), haar_potentials=(), counts=np.array([60, 30, 10, 0]),
        masses=np.array([0.5, 0.3, 0.15, 0.05]), reference="Haar states", threshold=0.05,
        dimension=2, n_wires=1, wires=(0,), law="uniform", **RUN,
    )  # fmt: skip
    shown = labelled(ax := found.plot())
    law = shown["Haar states"]
    np.testing.assert_allclose(law.get_xdata(), [0.125, 0.375, 0.625, 0.875])
    np.testing.assert_allclose(law.get_ydata(), [0.5, 0.3, 0.15, 0.05])
    assert list(shown["one pair"].get_ydata()) == [0.01, 0.01]
    [stairs] = ax.patches
    np.testing.assert_allclose(stairs.get_data().values, [0.6, 0.3, 0.1, 0])
    np.testing.assert_allclose(stairs.get_data().edges, [0, 0.25, 0.5, 0.75, 1])


def test_entanglement_is_binned_over_its_whole_range():
    def drawn(samples):
        found = EntanglingCapability(
            capability=Estimate(value=0.5, low=0.2, high=0.6), haar=0.8, samples=np.array(samples),
            purities=np.zeros(2), wires=(0, 1), law="uniform", **RUN,
        )  # fmt: skip
        return found.plot().patches

    stairs, span = drawn([0.31, 0.33, 0.9, 0.97])
    np.testing.assert_allclose(stairs.get_data().edges, np.linspace(0, 1, 51))
    assert stairs.get_data().values[[15, 16, 45, 48]].tolist() == [0.25] * 4
    assert (span.get_x(), span.get_x() + span.get_width()) == pytest.approx((0.2, 0.6))
    # what was freed from noise can lie outside
    edges = drawn([-0.25, 1.5])[0].get_data().edges
    assert (edges[0], edges[-1]) == (-0.25, 1.5)


# ---------------------------------------------------------------------------------------- spectra


def test_measured_values_and_their_floor_lie_within_the_axis():
    noise = NoiseFloor(values=np.array([2.0, 0.3]), norms=np.linspace(0.01, 0.5, 199))
    ax = noise.plot()
    floor = labelled(ax)["noise floor (95 %)"].get_ydata()[0]
    assert 0.3 < floor == noise.floor()
    low, high = ax.get_ylim()
    assert 0 < low < 0.3 and high > 2.0


def test_rounding_of_a_large_tangent_kernel_is_left_below_the_axis():
    jacobian = np.diag([1e3, 1.0, 1e-5])[:, None]  # eigenvalues 1e6, 1, 1e-10
    found = pt.DataJacobian(
        outputs=np.zeros((3, 1)), jacobian=jacobian, stderr=np.zeros((3, 1, 3)), targets=None,
        parameters=tuple("abc"), **RUN,
    )  # fmt: skip
    ax = found.plot()
    np.testing.assert_allclose(labelled(ax)["tangent kernel"].get_ydata(), [1e6, 1, 1e-10])
    assert 1e-10 < ax.get_ylim()[0] < 1 < 1e6 < ax.get_ylim()[1]


def test_what_noise_makes_of_singular_values_lies_within_the_axis():
    found = TrainingRecord(
        quantity="coefficients", steps=np.array([0, 5]), ranks=np.array([1, 1]),
        n_rows=np.array([2, 2]), singular_values=np.array([[2.0, 0.2], [1.0, 0.1]]),
        limits=np.array([0.3, 0.3]), gradients=np.ones((2, 3)), gradient_stderrs=np.ones((2, 3)),
        parameters=tuple("abc"), measured=True, **RUN,
    )  # fmt: skip
    ax = found.plot()
    assert list(labelled(ax)["noise alone"].get_ydata()) == [0.3, 0.3]
    assert 0 < ax.get_ylim()[0] < 0.1 and ax.get_ylim()[1] > 2


@pytest.mark.parametrize("values", [[1.0, 2.0], [1e-9, 3e-9, 1e-4], [3.0, 4e5]])
def test_a_logarithmic_axis_holds_what_counts(values):
    for bottom in (None, min(values) / 3):
        _, ax = plt.subplots()
        log_scale(ax, [*values, 0.0, np.nan], bottom=bottom)
        low, high = ax.get_ylim()
        assert ax.get_yscale() == "log" and 0 < low < min(values) < max(values) < high


def test_intervals_of_normal_laws_reach_to_both_sides():
    assert quantile(0.95) == pytest.approx(1.959964, abs=1e-6)
