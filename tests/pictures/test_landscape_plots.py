"""Pictures of variances show the numbers of the record."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.scaling import Scaling
from pennylane_trainability.results import Cost, Estimate, Provenance
from pennylane_trainability.statistics.scaling import fit_scaling

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def figures():
    """No window, and no figure left open."""
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def labelled(ax) -> dict:
    handles, labels = ax.get_legend_handles_labels()
    return dict(zip(labels, handles, strict=True))


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
