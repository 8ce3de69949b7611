"""Pictures of overlaps and of entanglement show the numbers of the record."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

plt = pytest.importorskip("matplotlib.pyplot")


@qml.qnode(qml.device("default.qubit"))
def circuit(weights):
    pt.SimCircuit(weights, k=2, wires=range(3))
    return qml.state()


WEIGHTS = np.zeros(pt.SimCircuit.shape(2, 1, 3))


def test_overlaps_stand_beside_their_law():
    found = pt.expressibility(circuit, seed=1, n_pairs=600, n_bins=20)(WEIGHTS)
    ax = found.plot()
    [stairs] = ax.patches
    np.testing.assert_allclose(stairs.get_data().values, found.counts / (128 * 127 // 2))
    law = next(one for one in ax.lines if one.get_label() == found.reference)
    edges = np.linspace(0, 1, 21)
    np.testing.assert_allclose(law.get_ydata(), -np.diff((1 - edges) ** 7), atol=1e-12)
    assert ax.get_title() == found.heading()


def test_entanglement_shows_draws_and_the_mean_of_haar_states():
    found = pt.entangling_capability(circuit, seed=1, n_draws=400)(WEIGHTS)
    ax = found.plot(color="black")
    labels = {one.get_label(): one for one in ax.lines}
    haar = labels[f"Haar states, {2 / 3:.3g}"]
    np.testing.assert_allclose(haar.get_xdata(), 6 / 9)
    mean = labels[f"mean, {found.capability.value:.3g}"]
    assert mean.get_color() == "black" and mean.get_xdata()[0] == found.capability.value
    assert ax.patches[0].get_data().values.sum() == pytest.approx(1)
