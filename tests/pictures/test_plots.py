"""Pictures show the numbers of the record, and leave matplotlib as they found it."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from artists import labelled

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.column_space import column_space
from pennylane_trainability.plots import draw
from pennylane_trainability.plots.parameters import short_names
from pennylane_trainability.plots.style import log_scale, percent
from pennylane_trainability.results import Cost
from pennylane_trainability.statistics.noise_floor import eigenvalue_floor, gaussian_resamples
from pennylane_trainability.templates import DataReuploading

plt = pytest.importorskip("matplotlib.pyplot")


def model(shots=None):
    """Two wires, three encoding layers, Z on wire 0: dead, redundant and unreachable."""

    @qml.qnode(qml.device("default.qubit", wires=2, seed=3))
    def model(x, weights):
        DataReuploading(x, weights, wires=range(2))
        return qml.expval(qml.Z(0))

    return qml.set_shots(model, shots=shots) if shots else model


def weights():
    shape = DataReuploading.shape(n_layers=3, n_wires=2)
    return np.random.default_rng(7).uniform(0, 2 * np.pi, shape)


def target(x):
    return np.cos(x[:, 0]) + 0.5 * np.sin(3 * x[:, 0])


@pytest.fixture(scope="module")
def report():
    return pt.analyze(model(), "x", seed=1, n_draws=6, targets=target)(0.0, weights())


@pytest.fixture(scope="module")
def measured():
    return pt.analyze(model(shots=200), "x", seed=1, targets=target)(0.0, weights())


@pytest.fixture(scope="module")
def on_data():
    return pt.data_jacobian(model(), np.linspace(-3, 3, 9), "x")(0.0, weights())


def heights(container) -> np.ndarray:
    return np.array([bar.get_height() for bar in container])


def points(container) -> np.ndarray:
    """The values of an errorbar."""
    return container.lines[0].get_ydata()


def bar_ends(container) -> np.ndarray:
    """Lower and upper ends of an errorbar, ``(2, n)``."""
    return np.array([segment[:, 1] for segment in container.lines[2][0].get_segments()]).T


# ----------------------------------------------------------------------------- report, exact


def test_report_has_four_panels(report):
    main = report.plot()
    figure = main.figure
    titles = [ax.get_title() for ax in figure.axes]
    assert figure.axes[0] is main
    assert titles[:4] == [
        "Singular values of J",
        "Parameters: 1 moves nothing, 0 cannot be replaced",
        "Gradient per frequency",
        "Fourier coefficients",
    ]
    assert figure.get_suptitle() == report.heading()


def test_report_spectrum(report):
    main = report.plot()
    space, lines = report.space, labelled(main)
    # the draws, their median, the values given, the tolerance
    assert len(main.lines) == space.n_draws + 3
    drawn = np.array([line.get_ydata() for line in main.lines[: space.n_draws]])
    np.testing.assert_array_equal(drawn, space.singular_values)
    np.testing.assert_array_equal(lines["median"].get_ydata(), space.quantiles(0.5))
    np.testing.assert_array_equal(
        lines["values given"].get_ydata(), report.given.singular_values[0]
    )
    limit = np.median(space.rtol * space.singular_values[:, 0])
    assert lines["zero up to 1e-09 σ₁"].get_ydata()[0] == pytest.approx(limit)
    assert main.get_yscale() == "log"
    low, high = main.get_ylim()
    assert low < limit < space.singular_values.max() < high


def test_tolerance_below_the_axis_where_nothing_is_dropped():
    rng = np.random.default_rng(0)
    ax = draw(column_space(rng.normal(size=(4, 3, 5))))
    line = labelled(ax)["zero up to 1e-09 σ₁ (below the axis)"]
    assert line.get_ydata()[0] < ax.get_ylim()[0]


def test_report_parameters(report):
    ax = report.plot().figure.axes[1]
    space = report.space
    kinds = {
        "independent set": set(space.independent),
        "redundant": set(range(24)) - set(space.independent) - set(space.dead),
        "dead": set(space.dead),
    }
    bars = {label.split(" (")[0]: bar for label, bar in labelled(ax).items()}
    assert set(bars) == set(kinds)
    for kind, members in kinds.items():
        chosen = sorted(members)
        np.testing.assert_allclose(heights(bars[kind]), space.mean_leverages[chosen])
        centres = [bar.get_x() + bar.get_width() / 2 for bar in bars[kind]]
        np.testing.assert_allclose(centres, chosen)
    labels = [text.get_text() for text in ax.get_xticklabels()]
    assert labels == [name[8:-1].replace(" ", "") for name in report.parameters]
    assert ax.get_xlabel() == "parameter weights[…]"


def test_report_gradients_and_paths(report):
    figure = report.plot().figure
    ax, twin = figure.axes[2], figure.axes[4]
    bars = labelled(ax)["draws: median, 5–95 %"]
    low, median, high = np.quantile(report.gradient_strength, [0.05, 0.5, 0.95], axis=0)
    np.testing.assert_allclose(points(bars), median)
    np.testing.assert_allclose(bar_ends(bars), [low, high], atol=1e-15)
    assert labelled(ax)["absent (zero)"].get_xdata().tolist() == [6]
    np.testing.assert_array_equal([b.get_height() for b in twin.patches], report.redundancy)
    assert [t.get_text() for t in ax.get_xticklabels()] == list("0123456")


def test_report_coefficients_beside_the_target(report):
    ax = report.plot().figure.axes[3]
    lines = labelled(ax)
    rows = report.coefficients[:, 0]
    size = np.sqrt((rows[:, 1::2] ** 2 + rows[:, 2::2] ** 2) / 2)
    size = np.concatenate([np.abs(rows[:, :1]), size], axis=1)
    np.testing.assert_allclose(lines["values given"].get_ydata(), size[0])
    np.testing.assert_allclose(points(lines["draws: median, 5–95 %"]), np.median(size[1:], axis=0))
    wanted = [0, 0.5, 0, 0.25, 0, 0, 0]
    np.testing.assert_allclose(lines["target"].get_ydata(), wanted, atol=1e-12)
    drawn = lines["draws: median, 5–95 %"]
    np.testing.assert_allclose(bar_ends(drawn), np.quantile(size[1:], [0.05, 0.95], axis=0))
    # the three of a frequency stand around it, nearer to one another than to the next
    markers = drawn.lines[0], lines["values given"], lines["target"]
    side_by_side(np.array([marker.get_xdata() for marker in markers]))
    without = replace(report, target=None).plot().figure.axes[3]
    markers = labelled(without)["draws: median, 5–95 %"].lines[0], labelled(without)["values given"]
    side_by_side(np.array([marker.get_xdata() for marker in markers]))


def side_by_side(places: np.ndarray) -> None:
    """Markers ``(m, frequencies)`` from left to right."""
    np.testing.assert_allclose(places.mean(axis=0), np.arange(places.shape[1]), atol=1e-12)
    assert np.all(np.diff(places, axis=0) > 0)
    assert np.all(places[-1] - places[0] < 0.5)


def test_only_the_spectrum_on_given_axes(report):
    figure, ax = plt.subplots(figsize=(3, 3))
    size = ax.xaxis.label.get_size()
    assert report.plot(ax) is ax
    assert figure.axes == [ax]
    assert ax.get_title().replace("\n", " ") == report.heading()
    assert "\n" in ax.get_title()
    assert ax.xaxis.label.get_size() == size


def test_axes_of_a_subfigure(report):
    left, _ = plt.figure(layout="constrained").subfigures(1, 2)
    ax = left.subplots()
    assert report.plot(ax) is ax


def test_values_given_alone():
    report = pt.analyze(model(), "x", seed=1, n_draws=0)(0.0, weights())
    main = report.plot()
    assert len(main.lines) == 2
    np.testing.assert_array_equal(
        labelled(main)["values given"].get_ydata(), report.space.singular_values[0]
    )
    for ax in main.figure.axes[2:4]:
        assert set(labelled(ax)) == {"values given", "absent (zero)"}


def test_report_on_data_has_two_panels():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RY(np.arcsin(x), wires=0)
        qml.RY(w, wires=0)
        return qml.expval(qml.Z(0))

    report = pt.analyze(circuit, "x", data=[-0.5, 0.0, 0.5], seed=1)(0.0, 0.3)
    assert len(report.plot().figure.axes) == 2


def test_nothing_learns():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RZ(w, wires=1)
        return qml.expval(qml.Z(0))

    main = pt.analyze(circuit, "x", seed=1, n_draws=2)(0.0, 0.3).plot()
    assert set(labelled(main.figure.axes[1])) == {"dead (1)"}
    assert labelled(main.figure.axes[2])["absent (zero)"].get_xdata().tolist() == [0, 1]
    main.figure.canvas.draw()


def test_several_inputs_and_outputs():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RX(x[0], wires=0)
        qml.RY(w, wires=0)
        qml.RX(x[1], wires=0)
        return qml.probs(wires=0)

    report = pt.analyze(circuit, "x", seed=1, n_draws=2)(np.zeros(2), 0.3)
    ax = report.plot().figure.axes[3]
    labels = [text.get_text() for text in ax.get_xticklabels()]
    assert labels == ["0", "(0, 1)", "(1, −1)", "(1, 0)", "(1, 1)"]
    assert "2 outputs" in ax.get_ylabel()


# ----------------------------------------------------------------------------- report, measured


def test_measured_report(measured):
    main = measured.plot()
    floor = measured.measured.noise_floor()
    lines = labelled(main)
    np.testing.assert_array_equal(points(lines["measured"]), floor.values)
    np.testing.assert_allclose(bar_ends(lines["measured"]), floor.bounds())
    assert lines["noise floor (95 %)"].get_ydata()[0] == floor.floor()
    assert main.figure.axes[0] is main
    assert "at least" in main.figure.get_suptitle()


def test_measured_columns(measured):
    ax = measured.plot().figure.axes[1]
    handles, jacobian = labelled(ax), measured.measured
    live = ~np.isin(measured.parameters, list(measured.reasons))
    np.testing.assert_allclose(
        heights(handles["measured"]), np.linalg.norm(jacobian.value, axis=0)[live]
    )
    segments = np.array(handles["noise alone (rms)"].get_segments())
    noise = np.linalg.norm(jacobian.stderr, axis=0)[live]
    np.testing.assert_allclose(segments[..., 1], np.stack([noise, noise], axis=1))
    across(segments, np.flatnonzero(live))
    assert handles["dead (7)"].get_xdata().tolist() == np.flatnonzero(~live).tolist()


def across(segments: np.ndarray, places: np.ndarray) -> None:
    """Each goes over its place, from left to right, and ends before the next."""
    np.testing.assert_allclose(segments[..., 0].mean(axis=1), places)
    width = segments[:, 1, 0] - segments[:, 0, 0]
    assert np.all((width > 0) & (width < 1))


def test_noise_of_the_gradients_is_that_of_all_rows_of_a_frequency():
    @qml.qnode(qml.device("default.qubit", seed=1))
    def circuit(x, w):
        qml.RY(w[0], wires=0)
        qml.RX(x, wires=0)
        qml.RY(w[1], wires=0)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0))

    report = pt.analyze(qml.set_shots(circuit, shots=60), "x", seed=1)(0.3, np.array([0.4, 0.9]))
    stderr = report.measured.stderr
    assert stderr.shape == (6, 2)  # of both outputs: constant, cosine, sine
    wanted = [np.sqrt(np.sum(stderr[rows] ** 2)) for rows in ([0, 3], [1, 2, 4, 5])]
    segments = np.array(labelled(report.plot().figure.axes[2])["noise alone (rms)"].get_segments())
    np.testing.assert_allclose(segments[..., 1], np.stack([wanted, wanted], axis=1))
    across(segments, np.arange(2))


def test_measured_coefficients_show_their_noise(measured):
    ax = measured.plot().figure.axes[3]
    handles = labelled(ax)
    again = pt.fourier_rows(model(shots=200), "x")(0.0, weights())
    expected = np.sqrt(np.sum(again.stderr[0, 1:].reshape(-1, 2) ** 2, axis=1) / 2)
    drawn = [segment[0, 1] for segment in handles["noise alone (rms)"].get_segments()]
    np.testing.assert_allclose(drawn[0], again.stderr[0, 0], rtol=0.2)
    np.testing.assert_allclose(drawn[1:], expected, rtol=0.2)
    assert set(handles) == {"measured", "noise alone (rms)", "target"}


# ----------------------------------------------------------------------------- other results


def test_measured_jacobian(measured):
    ax = measured.measured.plot()
    np.testing.assert_array_equal(
        points(labelled(ax)["measured"]), measured.measured.noise_floor().values
    )
    assert "200 shots" in ax.get_title() and "≥" in ax.get_title()


def test_noise_floor_of_eigenvalues(rng):
    value = np.diag([1.0, -0.01])
    floor = eigenvalue_floor(value, gaussian_resamples(value, 0.02, 199, rng))
    ax = floor.plot()
    assert ax.get_yscale() == "linear"
    assert ax.get_ylabel() == "eigenvalue"
    np.testing.assert_array_equal(points(labelled(ax)["measured"]), floor.values)


def test_exact_rows():
    rows = pt.fourier_rows(model(), "x")(0.0, weights())
    ax = rows.plot()
    np.testing.assert_allclose(points(labelled(ax)["exact"]), np.abs(rows.coefficients[0]))
    assert labelled(ax)["absent (zero)"].get_xdata().tolist() == [6]


def test_measured_rows_have_the_errors_of_repeats(rng):
    rows = pt.fourier_rows(model(shots=500), "x")(0.0, weights())
    bars = labelled(rows.plot())["measured ± standard error"]
    np.testing.assert_allclose(points(bars), np.abs(rows.coefficients[0]))
    low, high = bar_ends(bars)
    again = rows.values[0] + rows.stderr[0] * rng.standard_normal((20_000, rows.values.shape[1]))
    sizes = np.hypot(again[:, 1::2], again[:, 2::2]) / np.sqrt(2)
    large = np.abs(rows.coefficients[0, 1:]) > 0.05
    assert large.any()
    np.testing.assert_allclose((high - low)[1:][large] / 2, np.std(sizes, axis=0)[large], rtol=0.05)


def test_rows_of_several_outputs():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RY(w, wires=0)
        return qml.probs(wires=0)

    ax = pt.fourier_rows(circuit, "x")(0.0, 0.3).plot()
    assert list(labelled(ax)) == ["output 0", "output 1"]
    places = [container.lines[0].get_xdata() for container in ax.containers]
    assert np.all(places[0] < places[1])


def test_data_jacobian(on_data):
    ax = on_data.plot()
    drawn = labelled(ax)["tangent kernel"].get_ydata()
    wanted = np.linalg.eigvalsh(on_data.gram)[::-1]
    np.testing.assert_allclose(drawn, wanted, atol=1e-12)
    assert len(ax.lines) == 1


def test_noise_of_the_tangent_kernel_is_bounded_by_its_line(on_data, rng):
    stderr = 0.1 * rng.uniform(size=on_data.jacobian.shape)
    noisy = pt.DataJacobian(
        outputs=on_data.outputs,
        jacobian=on_data.jacobian,
        stderr=stderr,
        targets=None,
        parameters=on_data.parameters,
        cost=Cost(),
        provenance=on_data.provenance,
    )
    line = labelled(noisy.plot())["noise alone, at most about"].get_ydata()[0]
    draws = stderr[:, 0] * rng.standard_normal((200, *stderr[:, 0].shape))
    largest = np.linalg.norm(draws, ord=2, axis=(1, 2)) ** 2
    assert np.median(largest) < line < 4 * np.median(largest)


# ----------------------------------------------------------------------------- manners


def test_style_goes_to_the_main_line(report, measured):
    line = labelled(report.plot(color="#123456", lw=7))["median"]
    assert line.get_color() == "#123456"
    assert line.get_linewidth() == 7
    main = labelled(measured.measured.plot(marker="s"))["measured"]
    assert main.lines[0].get_marker() == "s"


def test_settings_stay_and_nothing_is_shown(
    report, measured, on_data, monkeypatch, global_state_unchanged
):
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("plt.show was called"))
    _, ax = plt.subplots()
    for result in (report, report.space, measured, measured.measured, on_data):
        result.plot().figure.canvas.draw()
        result.plot(ax)


def test_looks_the_same_under_another_style(report):
    with plt.style.context("dark_background"):
        main = report.plot()
    assert main.figure.get_facecolor() == (1, 1, 1, 1)
    main.figure.canvas.draw()
    assert main.get_xticklabels()[0].get_color() == "#000000"


def test_without_matplotlib(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pennylane-trainability\[plot\]"):
        report.plot()


def test_no_module_imports_matplotlib_while_it_is_imported():
    # PennyLane may have loaded it already, so look at the sources
    for path in Path(pt.__file__).parent.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", None) or "", *(n.name for n in node.names)]
                assert not any(n.split(".")[0] == "matplotlib" for n in names), path


def test_no_picture_of_a_cost():
    message = "There is no picture of Cost, only of Capacity, ColumnSpace, "
    with pytest.raises(TypeError, match=message):
        Cost().plot()


def test_names_that_do_not_share_an_argument():
    assert short_names(("a[0]", "b[0]")) == ("parameter", ["a[0]", "b[0]"])
    assert short_names(("a[0]", "a[1]")) == ("parameter a[…]", ["0", "1"])
    assert short_names(()) == ("parameter", [])


def test_many_parameters_are_named_at_a_distance(rng):
    from pennylane_trainability.plots.style import thinned

    _, ax = plt.subplots()
    thinned(ax, [f"0,{k}" for k in range(100)])
    assert len(ax.get_xticks()) <= 32


def test_linear_axis_for_values_of_one_size():
    _, ax = plt.subplots()
    log_scale(ax, [1.0, 2.0], spread=30)
    assert ax.get_yscale() == "linear"
    log_scale(ax, [1.0, 200.0], spread=30)
    assert ax.get_yscale() == "log"


def test_percent():
    assert percent(0.999) == "99.9 %"
