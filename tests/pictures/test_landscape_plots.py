"""Pictures of variances show the numbers of the record."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from artists import labelled

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.scaling import Scaling
from pennylane_trainability.results import Cost, Estimate, Provenance
from pennylane_trainability.statistics.scaling import fit_scaling

plt = pytest.importorskip("matplotlib.pyplot")


def test_variances_of_derivatives():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(w):
        for wire in range(12):
            qml.RY(w[0, wire], wire)
            qml.RZ(w[1, wire], wire)
        qml.CNOT([0, 1])
        return qml.expval(qml.prod(*map(qml.Z, range(2))) + qml.prod(*map(qml.Z, range(12))))

    found = pt.gradient_variances(circuit, seed=1, n_paths=640)(np.zeros((2, 12)))
    ax = found.plot()
    shown = labelled(ax)
    points = shown["variance with its interval (95 %)"].lines[0]
    seen = found.variances > 0
    np.testing.assert_array_equal(points.get_ydata(), found.variances[seen])
    np.testing.assert_array_equal(points.get_xdata(), np.flatnonzero(seen))
    constant = shown[f"known not to vary ({len(found.constant)})"]
    np.testing.assert_array_equal(constant.get_xdata(), found.constant)
    unseen = np.isnan(found.stderrs)
    if unseen.any():
        bounds = shown[f"at most this, nothing seen ({unseen.sum()})"]
        np.testing.assert_array_equal(bounds.get_ydata(), found.highs[unseen])
    assert ax.get_xlabel() == "parameter w[…]" and ax.get_yscale() == "log"


def scaling_result() -> Scaling:
    ns = np.arange(2, 16, 2)
    points = [Estimate.normal(0.5**n, 0.05 * 0.5**n) for n in ns[:5]]
    points += [Estimate(value=0.0, low=0.0, high=4e-4) for _ in ns[5:]]
    return Scaling(
        quantity="Variance of the loss",
        fit=fit_scaling(ns, points),
        methods=("paths",) * len(ns),
        law="uniform",
        cost=Cost(),
        provenance=Provenance(),
    )


def test_scaling():
    result = scaling_result()
    ax = result.plot()
    shown = labelled(ax)
    points = shown["variance (95 %)"].lines[0]
    np.testing.assert_array_equal(points.get_ydata(), [p.value for p in result.variances[:5]])
    bounds = shown["upper bound, nothing seen"]
    np.testing.assert_array_equal(bounds.get_ydata(), [4e-4, 4e-4])
    lines = {label.split(",")[0]: line for label, line in shown.items() if "AICc" in label}
    assert set(lines) == {"constant", "exponential", "power law"}
    grid = lines["exponential"].get_xdata()
    expected = result.fit.fits[1].predict(grid)
    np.testing.assert_allclose(lines["exponential"].get_ydata(), expected)
    # the family of the verdict stands out
    widths = {name: line.get_linewidth() for name, line in lines.items()}
    assert widths["exponential"] > widths["power law"] == widths["constant"]
    assert "consistent with an exponential" in ax.get_title().replace("\n", " ")


def test_given_axes_are_drawn_on():
    _, ax = plt.subplots()
    assert scaling_result().plot(ax, color="black") is ax


def test_variances_of_an_array_are_also_drawn_layer_by_layer():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(w):
        qml.StronglyEntanglingLayers(w, wires=range(3))
        return qml.expval(qml.Z(0))

    found = pt.gradient_variances(circuit, seed=1, n_paths=640)(np.zeros((4, 3, 3)))
    ax = found.plot()
    (image,) = [one for panel in ax.figure.axes for one in panel.get_images()]
    shown = image.get_array()
    assert shown.shape == (4, 9)
    np.testing.assert_array_equal(shown.mask.ravel(), found.variances == 0)
    np.testing.assert_array_equal(shown.compressed(), found.variances[found.variances > 0])
    _, own = plt.subplots()
    assert found.plot(own) is own and not own.get_images()


@qml.qnode(qml.device("default.qubit", seed=2))
def sliced(w):
    qml.RX(w[0], 0)
    qml.RX(w[1], 1)
    return qml.expval(qml.Z(0) @ qml.Z(1))


def test_a_line_and_its_band():
    found = pt.loss_slice(qml.set_shots(sliced, shots=50), directions=[[1.0, 0.5]])(np.ones(2))
    ax = found.plot(color="black")
    shown = labelled(ax)
    np.testing.assert_array_equal(shown["loss"].get_xdata(), found.axes[0])
    np.testing.assert_array_equal(shown["loss"].get_ydata(), found.values)
    assert shown["loss"].get_color() == "black"
    band = shown["interval of each point (95 %)"].get_paths()[0].vertices
    # other grid points may have no width: where all outcomes agree
    assert band[:, 1].max() == pytest.approx(np.max(found.values + 1.959964 * found.stderrs))
    assert shown["values given"].get_xdata()[0] == 0
    exact = pt.loss_slice(sliced, points=[[0.0, 0.0]])(np.ones(2)).plot()
    assert "interval of each point (95 %)" not in labelled(exact)
    (mark,) = exact.texts
    assert mark.get_text() == "point 1" and abs(mark.xy[0]) == pytest.approx(np.sqrt(2))
    assert 0.5 < mark.xy[1] < 1, "within the axes, at the top"


def test_a_plane_with_its_marks():
    found = pt.loss_slice(sliced, points=[[0.0, 3.0], [3.0, 0.0]], n_points=21)(np.zeros(2))
    ax = found.plot()
    shown = labelled(ax)
    np.testing.assert_allclose(np.array(shown["other points"].get_data()).T, found.marks[1:])
    where, _ = found.lowest()
    np.testing.assert_allclose(np.ravel(shown["lowest of the grid"].get_data()), where)
    assert ax.get_aspect() == 1.0 and len(ax.figure.axes) == 2
    low, high = ax.figure.axes[1].get_ylim()
    assert low <= found.values.min() and found.values.max() <= high


def test_a_plane_without_slope_is_drawn():
    @qml.qnode(qml.device("default.qubit"))
    def flat(w):
        qml.RZ(w[0], 0)
        qml.RZ(w[1], 0)
        return qml.expval(qml.Z(0))

    pt.loss_slice(flat, directions=2, seed=1, n_points=4)(np.zeros(2)).plot()


def test_the_spectrum_of_a_hessian():
    found = pt.hessian_spectrum(sliced, n_draws=3, seed=1)(np.zeros(2))
    shown = labelled(found.plot())
    np.testing.assert_array_equal(shown["values given"].get_ydata(), found.eigenvalues[0])
    np.testing.assert_allclose(
        shown["their median"].get_ydata(), np.median(found.eigenvalues[1:], axis=0)
    )
    np.testing.assert_array_equal(shown["draws (3)"].get_ydata(), found.eigenvalues[1])
    ends = pt.hessian_spectrum(sliced, at="minima", n_draws=10, seed=1)(np.zeros(2))
    assert f"minima ({ends.n_draws})" in labelled(ends.plot())
    alone = pt.hessian_spectrum(sliced, n_draws=0)(np.zeros(2)).plot()
    assert set(labelled(alone)) == {"values given"}
