"""Models and builders, what a target adds, messages, and that nothing is changed."""

from __future__ import annotations

import json

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.architectures.columns import (
    coefficient_power,
    convergence_rates,
    frequency_strength,
    output_scale,
    random_columns,
)
from pennylane_trainability.architectures.target_view import target_points, view_target
from pennylane_trainability.fourier import spectrum_of
from pennylane_trainability.statistics.ratio import ratio_of_medians


@qml.qnode(qml.device("default.qubit"))
def small(x=0.0, w=(0.1, 0.2)):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[1], wires=0)
    return qml.expval(qml.Z(0))


# -- conventions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "built",
    [
        pytest.param(small, id="defaults"),
        pytest.param((small, (0.0,)), id="some arguments"),
        pytest.param((small, (0.0,), {"w": np.ones(2)}), id="keywords"),
        pytest.param(pt.Model(small, (0.0, np.ones(2)), encoding_args="x"), id="model"),
    ],
)
def test_everything_that_stands_for_a_model(built, seed):
    found = pt.compare_shapes(circuits=[built], encoding_args="x", seed=seed, n_draws=3)
    assert found.shapes[0].n_parameters == 2 and found["small"].name == "small"


def test_readouts():
    for readout, wire in (("last", 2), ("first", 0), (1, 1), (-1, 2)):
        model = pt.template_builder(readout=readout)(3, 1)
        assert model.read().circuit.measurements[0].wires.tolist() == [wire]
    product = pt.template_builder(readout=lambda wires: qml.Z(wires[0]) @ qml.Z(wires[1]))(2, 1)
    assert len(product.read().circuit.measurements[0].wires) == 2


def test_size_of_the_template():
    found = pt.compare_shapes(4, n_draws=2, seed=0, matched=False)
    size = found[2, 2].size
    # three blocks of two Rot and two CNOTs, two layers of two RX
    assert (size.two_qubit, size.one_qubit, size.depth) == (6, 10, 3 * 3 + 2)
    row = found[2, 2]
    assert size.circuits == 2 * (row.n_parameters - len(row.space.dead))
    wide = pt.template_builder(block="special-unitary")(2, 1)
    gates = pt.compare_shapes(circuits=[wide], n_draws=2, seed=0).shapes[0].size
    assert gates.two_qubit == 6, "three CNOTs for each two-qubit unitary"


def test_matching_brings_parameters_together(seed):
    found = pt.compare_shapes(4, seed=seed, n_draws=4)
    counts = [row.n_parameters for row in found.matched]
    assert counts == [30, 18, 24], "the largest has 24; 30 is nearer to it than 15, 18 than 36"
    assert {row.n_parameters for row in found.equal} == {15}
    smallest, same = found.shapes[0].space.singular_values, found.equal[0].singular_values
    np.testing.assert_allclose(same, smallest, atol=1e-12, err_msg="nothing is frozen there")


def test_seeds_repeat_and_results_travel(seed):
    one, two = (pt.compare_shapes(2, seed=seed, n_draws=5) for _ in range(2))
    assert str(one) == str(two) and one.to_dict() == two.to_dict()
    json.dumps(one.to_dict(), allow_nan=False)
    assert "| (1, 2) |" in one._repr_markdown_() and one.fits is None
    ax = one.plot()
    assert len(ax.figure.axes) == 3 and len(ax.figure.axes[2].get_lines()) == 2


def test_progress_counts_models(seed):
    seen = []
    pt.compare_shapes(2, seed=seed, n_draws=2, progress=lambda *pair: seen.append(pair))
    assert seen == [(i, 4) for i in range(1, 5)]


@pytest.mark.usefixtures("global_state_unchanged")
def test_nothing_is_changed(seed):
    weights = np.ones(2)
    before = (small.device, small.interface, small.diff_method)
    pt.compare_shapes(circuits=[(small, (0.0, weights))], encoding_args="x", seed=seed, n_draws=2)
    assert (weights == 1).all()
    assert (small.device, small.interface, small.diff_method) == before


# -- targets ---------------------------------------------------------------------------------------


def test_a_target_with_pencil_and_paper():
    spectrum = spectrum_of([1.0])
    target = target_points(lambda x: 2 + np.cos(x[:, 0]) + np.sin(2 * x[:, 0]), 5, 1, None)
    coefficients = np.array([[2.0, 0.0, 0.0]])
    jacobians = np.array([[[0.0, 0.0], [3.0, 0.0], [0.0, 2.0]]])
    view = view_target(target, spectrum, coefficients, jacobians)
    # the error is −cos x: row 1, size 1/√2, moved by the first parameter alone
    assert view.aligned == pytest.approx([3.0])
    assert view.outside == pytest.approx([0.0], abs=1e-12)
    assert view.outside_spectrum == pytest.approx(0.5 / 5)
    assert np.isinf(view.times[0]), "sin 2x is half of the variance and never learnt"
    stuck = view_target(target, spectrum, coefficients, jacobians[:, :, 1:])
    assert stuck.outside == pytest.approx([1.0]) and stuck.aligned == pytest.approx([0.0])


def test_predicted_time_of_one_mode():
    target = target_points(lambda x: np.cos(x[:, 0]), 3, 1, None)
    jacobian = np.array([[[0.0], [3.0], [0.0]]])
    view = view_target(target, spectrum_of([1.0]), np.zeros((1, 3)), jacobian)
    # e(t) = e(0)·exp(−9t), and e² falls to 5 %
    assert view.times[0] == pytest.approx(np.log(20) / 18)


def test_an_affine_read_out_removes_scale_and_offset():
    target = target_points(lambda x: 5 + 3 * np.cos(x[:, 0]), 3, 1, None)
    coefficients = np.array([[0.0, 0.1, 0.0]])
    jacobians = np.array([[[0.0], [0.0], [1.0]]])
    view = view_target(target, spectrum_of([1.0]), coefficients, jacobians)
    assert view.outside == pytest.approx([1.0])
    assert view.outside_affine == pytest.approx([0.0])


def test_amplitude_scales_the_target():
    target = target_points(lambda x: 4 * np.cos(x[:, 0]), 3, 1, 0.5)
    assert np.abs(target.values).max() == pytest.approx(0.5)


def test_rates_of_a_diagonal_jacobian():
    jacobian = np.array([np.diag([2.0, 3.0, 1.0])])
    # mean time of the rows of k = 1: (1/9 + 1)/2
    assert convergence_rates(jacobian)[0] == pytest.approx([4.0, 1.8])
    assert convergence_rates(jacobian[:, :, :2])[0] == pytest.approx([4.0, 0.0])
    assert convergence_rates(np.array([np.diag([2.0, 3.0, 0.0])]))[0] == pytest.approx([4.0, 0.0])


def test_power_is_that_of_the_complex_coefficients():
    # f = cos x: c_1 = 1/2, row √2·Re c_1
    assert coefficient_power(np.array([[0.0, np.sqrt(2) / 2, 0.0]]))[0] == pytest.approx([0, 0.25])


def test_random_columns_are_columns(rng):
    jacobians = rng.normal(size=(20, 3, 6))
    part = random_columns(jacobians, 4, rng)
    for whole, kept in zip(jacobians, part, strict=True):
        members = [int(np.flatnonzero((column == whole.T).all(axis=1))[0]) for column in kept.T]
        assert len(set(members)) == 4


def test_ratio_of_medians_covers(rng):
    inside = 0
    for _ in range(200):
        a, b = rng.lognormal(size=40), 3 * rng.lognormal(size=40)
        ratio = ratio_of_medians(a, b, rng=rng, n_resamples=300)
        inside += ratio.low <= 1 / 3 <= ratio.high
    assert inside >= 178, "95 % of 200, four standard deviations"


# -- messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({}, "a budget, or circuits", id="neither"),
        pytest.param({"budget": 2, "circuits": [small]}, "it got both", id="both"),
        pytest.param({"budget": 0}, "whole number ≥ 1", id="budget"),
        pytest.param({"budget": 2, "blocks": 0}, "blocks needs", id="blocks"),
        pytest.param({"budget": 2, "n_draws": 1}, "n_draws needs", id="draws"),
        pytest.param({"budget": 2, "level": 2}, "level needs", id="level"),
        pytest.param({"circuits": []}, "at least one circuit", id="none"),
        pytest.param({"circuits": [3]}, "A model is a QNode", id="no model"),
        pytest.param({"budget": 2, "build": lambda n: small}, "build\\(n_wires", id="builder"),
        pytest.param({"budget": 2, "build": small}, "pass circuits=", id="qnode as builder"),
        pytest.param({"budget": 2, "target": 1.0}, "\\(data, values\\)", id="target"),
        pytest.param({"budget": 2, "target": ([0.0, 1.0], [1.0])}, "values of shape", id="lengths"),
        pytest.param(
            {"budget": 2, "target": lambda x: 0 * x[:, 0]}, "not all zero", id="zero target"
        ),
        pytest.param(
            {"budget": 2, "target": np.cos, "amplitude": -1}, "positive number", id="amplitude"
        ),
    ],
)
def test_messages(options, message):
    with pytest.raises(ValueError, match=message):
        pt.compare_shapes(**{"n_draws": 2, **options})


def test_a_missing_default_is_named():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RX(x + w, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="give every argument of the QNode a default"):
        pt.compare_shapes(circuits=[circuit], encoding_args="x")


def test_shots_are_not_simulated_in_silence():
    shots = qml.set_shots(small, shots=100)
    with pytest.raises(pt.ReadingError, match="engine='exact'"):
        pt.compare_shapes(circuits=[shots], encoding_args="x")
    found = pt.compare_shapes(circuits=[shots], encoding_args="x", engine="exact", n_draws=2)
    assert found.provenance.engine == "exact"


def test_several_outputs_are_refused():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x=0.0, w=0.1):
        qml.RY(w, wires=0)
        qml.RX(x, wires=0)
        return qml.probs(wires=0)

    with pytest.raises(pt.ReadingError, match="Return one expval"):
        pt.compare_shapes(circuits=[circuit], encoding_args="x")


def test_an_unknown_readout():
    with pytest.raises(pt.ReadingError, match="'last', 'first'"):
        pt.template_builder(readout=7)(2, 1)


def waves(points):
    """Rows ``c_0, √2 Re c_k, √2 Im c_k`` as functions of the points, for k = 1, 2."""
    columns = [np.ones(len(points))]
    for k in (1, 2):
        columns += [np.sqrt(2) * np.cos(k * points), -np.sqrt(2) * np.sin(k * points)]
    return np.stack(columns, axis=1)


def projected(columns, vector):
    return columns @ np.linalg.lstsq(columns, vector, rcond=None)[0]


def mean_square(vector):
    return np.mean(vector**2)


@pytest.mark.parametrize("count", [4, 17], ids=["fewer points than rows", "more points"])
def test_a_target_point_by_point(count, rng):
    """Second road: least squares and flow of the outputs on the points, no frame, no modes."""
    points = rng.uniform(-np.pi, np.pi, count)
    values = 2 + np.cos(points) - 0.7 * np.sin(2 * points) + 0.05 * np.cos(3 * points)
    coefficients, jacobians = rng.normal(size=(3, 5)), rng.normal(size=(3, 5, 6))
    jacobians[1:, :, 2:] = 0  # two columns: part of the error cannot be reached
    coefficients[2, 1:] = 0  # a constant output
    target = target_points((points, values), 5, 1, None)
    view = view_target(target, spectrum_of([1.0, 2.0]), coefficients, jacobians)
    basis = waves(points)
    within = projected(basis, values)
    for d in range(3):
        output, slopes = basis @ coefficients[d], basis @ jacobians[d]
        error = output - within
        size = np.sqrt(mean_square(error))
        step = np.linalg.norm(slopes.T @ error) / count
        assert view.aligned[d] == pytest.approx(step / size)
        inside = mean_square(projected(slopes, error)) / size**2
        assert view.outside[d] == pytest.approx(1 - inside, abs=1e-10)

        gain, offset = 0.0, np.mean(within)
        if d < 2:
            gain, offset = np.polyfit(output, values, 1)
        rest = gain * output + offset - within
        step = np.linalg.norm(gain * slopes.T @ rest) / count
        assert view.aligned_affine[d] == pytest.approx(step / np.sqrt(mean_square(rest)), abs=1e-9)
        columns = np.column_stack([gain * slopes, output, np.ones(count)])
        inside = mean_square(projected(columns, rest)) / mean_square(rest)
        assert view.outside_affine[d] == pytest.approx(1 - inside, abs=1e-9)

        rates, modes = np.linalg.eigh(slopes @ slopes.T / count)

        def left(time, rates=rates, modes=modes, error=error):
            return mean_square(modes @ (np.exp(-rates * time) * (modes.T @ error)))

        allowed = 0.05 * np.var(values) - mean_square(values - within)
        assert np.isfinite(view.times[d]) == (left(1e12) <= allowed)
        if np.isfinite(view.times[d]):
            assert left(view.times[d]) == pytest.approx(allowed, rel=1e-9)
    assert np.isfinite(view.times[0]) and (count == 4 or np.isinf(view.times[1]))


def test_an_error_that_is_nothing_is_not_outside_and_takes_no_time():
    target = target_points(lambda x: np.cos(x[:, 0]), 3, 1, None)
    exact = np.array([[0.0, np.sqrt(0.5), 0.0]])
    view = view_target(target, spectrum_of([1.0]), exact, np.zeros((1, 3, 2)))
    assert view.outside[0] == view.outside_affine[0] == 0
    assert view.times[0] < 1e-9
    assert view.aligned[0] == 0


def test_functions_are_sampled_at_eight_times_as_many_points_as_rows():
    one = target_points(lambda x: np.cos(x), 5, 1, None)
    np.testing.assert_allclose(one.points[:, 0], -np.pi + 2 * np.pi * np.arange(40) / 40)
    two = target_points(lambda x: np.cos(x[:, 0] + x[:, 1]), 5, 2, None)
    assert two.points.shape == (40, 2) and np.abs(two.points).max() <= np.pi
    assert np.all(two.points.min(axis=0) < -2) and np.all(two.points.max(axis=0) > 2)


def test_rates_scale_and_strength_of_stacks(rng):
    """Second road: ``(JJᵀ)⁻¹`` itself; the standard deviation over a grid of inputs."""
    jacobians, coefficients = rng.normal(size=(4, 5, 6)), rng.normal(size=(4, 5))
    grid = 2 * np.pi * np.arange(16) / 16
    outputs = coefficients @ waves(grid).T
    np.testing.assert_allclose(output_scale(coefficients), outputs.std(axis=1))
    power = np.abs(np.fft.fft(outputs, axis=1) / 16) ** 2
    np.testing.assert_allclose(coefficient_power(coefficients), power[:, :3])
    rates, strength = convergence_rates(jacobians), frequency_strength(jacobians)
    for d, jacobian in enumerate(jacobians):
        times = np.diag(np.linalg.inv(jacobian @ jacobian.T))
        for k, rows in enumerate(([0], [1, 2], [3, 4])):
            assert rates[d, k] == pytest.approx(1 / np.mean(times[rows]))
            assert strength[d, k] == pytest.approx(np.linalg.norm(jacobian[rows]))
    np.testing.assert_array_equal(convergence_rates(jacobians[..., :2])[:, 1:], 0)
