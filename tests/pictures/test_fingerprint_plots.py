"""Pictures of fingerprints and of policies over sizes show the numbers of the records."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt


def fingerprint(correlation="pearson"):
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, weights):
        qml.StronglyEntanglingLayers(weights[:1], wires=[0, 1])
        qml.RX(x[0], wires=0)
        qml.RX(x[1], wires=1)
        qml.CRX(weights[1, 0, 0], wires=[0, 1])
        return qml.expval(qml.Z(1))

    ask = pt.fourier_fingerprint(circuit, "x", correlation=correlation, n_draws=20, seed=1)
    return ask(np.zeros(2), np.zeros((2, 2, 3)))


@pytest.mark.parametrize("correlation", ["pearson", "complex", "rows"])
def test_fingerprint(correlation):
    found = fingerprint(correlation)
    ax = found.plot()
    _, image = ax.images
    shown = image.get_array()
    matrix = np.abs(found.matrices[0])
    seen = np.tri(len(matrix), k=-1, dtype=bool) & ~np.isnan(matrix)
    np.testing.assert_array_equal(~np.ma.getmaskarray(shown), seen)
    np.testing.assert_allclose(shown[seen], matrix[seen])
    assert image.get_clim() == (0, 1)
    assert "FCC" in ax.get_title()
    lines = {line.get_label(): line for line in ax.lines}
    if correlation != "rows":
        count = int(found.vanishing.sum())
        assert count and list(lines[f"vanishes ({count})"].get_xdata()) == list(
            np.flatnonzero(found.vanishing[0])
        )


def test_given_axes_and_styles():
    _, ax = plt.subplots()
    assert fingerprint().plot(ax, color="black") is ax
    assert ax.lines[0].get_color() == "black"


def test_policies_over_sizes():
    def builder(n):
        def circuit(angles):
            for wire in range(n):
                qml.RY(angles[wire], wires=wire)
            return qml.probs(wires=range(n))

        qnode = qml.QNode(circuit, qml.device("default.qubit"))
        return pt.born_policy(qnode, 2**n), (np.zeros(n),)

    found = pt.policy_scaling(builder, [2, 3, 4], parameter=0, n_draws=20, seed=1)
    ax = found.plot()
    log, own = (container.lines[0] for container in ax.containers)
    np.testing.assert_allclose(log.get_ydata(), [e.value for e in found.log_variances])
    np.testing.assert_allclose(own.get_ydata(), [e.value for e in found.derivative_variances])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["2\n4", "3\n8", "4\n16"]
    assert ax.get_yscale() == "log" and "undecided" in ax.get_title()
