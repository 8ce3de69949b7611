"""Pictures of QFIMs show the numbers of the record."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from artists import labelled

import pennylane_trainability as pt

plt = pytest.importorskip("matplotlib.pyplot")


def circuit(shots=None):
    @qml.qnode(qml.device("default.qubit", wires=3, seed=3))
    def circuit(weights):
        qml.StronglyEntanglingLayers(weights, wires=[0, 1])
        return qml.expval(qml.Z(0))

    return qml.set_shots(circuit, shots=shots) if shots else circuit


def weights():
    return np.random.default_rng(7).uniform(0, 2 * np.pi, (2, 2, 3))


@pytest.fixture(scope="module")
def exact():
    return pt.capacity(circuit(), seed=1, n_draws=6)(weights())


@pytest.fixture(scope="module")
def measured():
    return pt.capacity(circuit(shots=300), seed=1)(weights())


def test_capacity_has_two_panels(exact):
    main = exact.plot()
    titles = [ax.get_title() for ax in main.figure.axes]
    assert titles == ["Spectrum of the QFIM", "Growth: overparametrised"]
    assert main.figure.get_suptitle() == exact.heading()
    assert main.figure.axes[0] is main


def test_spectra_of_the_draws(exact):
    main = exact.plot()
    lines = labelled(main)
    drawn = np.array([line.get_ydata() for line in main.lines[:6]])
    np.testing.assert_array_equal(drawn, np.maximum(exact.eigenvalues[1:], 1e-300))
    median = np.median(exact.eigenvalues[1:], axis=0)[:6]
    np.testing.assert_array_equal(lines["median"].get_ydata()[:6], median)
    given = lines["values given"].get_ydata()[:6]
    np.testing.assert_array_equal(given, exact.eigenvalues[0, :6])
    limit = lines["zero up to this"].get_ydata()[0]
    assert limit == exact.limits.max()
    low, high = main.get_ylim()
    assert low < limit < exact.eigenvalues.max() < high
    assert main.get_yscale() == "log"


def test_growth_of_the_rank(exact):
    ax = exact.plot().figure.axes[1]
    lines = labelled(ax)
    np.testing.assert_array_equal(lines["rank"].get_xdata(), np.arange(13))
    np.testing.assert_array_equal(lines["rank"].get_ydata(), [0, *exact.curve])
    assert lines["most of 2 wires: 6"].get_ydata()[0] == 6
    np.testing.assert_array_equal(lines["dead (2)"].get_xdata(), [1, 4])
    span = lines["last repeat of the pattern"].get_extents()
    ends = ax.transData.inverted().transform(span.get_points())[:, 0]
    np.testing.assert_allclose(ends, [6, 12])


def test_values_given_alone():
    found = pt.capacity(circuit(), n_draws=0)(weights())
    lines = labelled(found.plot())
    assert set(lines) == {"values given", "zero up to this"}
    np.testing.assert_array_equal(lines["values given"].get_ydata()[:6], found.eigenvalues[0, :6])


def test_nothing_dropped():
    @qml.qnode(qml.device("default.qubit"))
    def product(w):
        qml.RX(w[0], wires=0)
        qml.RX(w[1], wires=1)
        return qml.expval(qml.Z(0))

    main = pt.capacity(product, seed=1)(np.ones(2)).plot()
    line = labelled(main)["zero up to this (below the axis)"]
    assert line.get_ydata()[0] < main.get_ylim()[0]
    growth = main.figure.axes[1]
    assert set(labelled(growth)) == {"one per parameter", "rank"}
    assert growth.get_ylim()[1] > labelled(growth)["rank"].get_ydata().max() == 2


def test_measured_capacity(measured):
    main = measured.plot()
    floor = measured.measured[0].noise_floor()
    container = labelled(main)["measured"]
    np.testing.assert_array_equal(container.lines[0].get_ydata(), floor.values)
    growth = labelled(main.figure.axes[1])
    np.testing.assert_array_equal(growth["rank, at least (95 %)"].get_ydata(), [0, *measured.curve])


def test_measured_qfim(measured):
    qfim = measured.measured[0]
    ax = qfim.plot()
    floor = qfim.noise_floor()
    lines = labelled(ax)
    points = lines["measured"]
    np.testing.assert_array_equal(points.lines[0].get_ydata(), floor.values)
    ends = np.array([s[:, 1] for s in points.lines[2][0].get_segments()])
    np.testing.assert_allclose(ends, np.transpose(floor.bounds()))
    assert lines["noise floor (95 %)"].get_ydata()[0] == floor.floor()
    assert any(not np.any(line.get_ydata()) for line in ax.lines), "a line at zero"
    (band,) = ax.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx(
        (-floor.floor(), floor.floor())
    )
    assert "12 parameters" in ax.get_title()


def test_on_given_axes(exact, measured):
    _, ax = plt.subplots()
    for result in (exact, measured, measured.measured[0]):
        ax.clear()
        assert result.plot(ax) is ax
        assert ax.figure.axes == [ax]
        assert ax.get_title().startswith(result.heading()[:8])


def test_style_goes_to_the_main_line(exact, measured):
    assert labelled(exact.plot(color="#123456"))["median"].get_color() == "#123456"
    points = labelled(measured.measured[0].plot(marker="s"))["measured"]
    assert points.lines[0].get_marker() == "s"


def test_settings_stay_and_nothing_is_shown(exact, measured, monkeypatch, global_state_unchanged):
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("plt.show was called"))
    for result in (exact, measured, measured.measured[0]):
        result.plot().figure.canvas.draw()
