"""The plane of efficiency and expressivity, and what methods cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

pytest.importorskip("matplotlib")

W = np.random.default_rng(1).uniform(0, 6, (2, 3, 3))


@qml.qnode(qml.device("default.qubit", seed=1))
def dense(w):
    for layer in w:
        for k in range(3):
            qml.RX(layer[k, 0], k)
            qml.RY(layer[k, 1], k)
        for k in range(2):
            qml.IsingZZ(layer[k, 2], [k, k + 1])
    return qml.expval(qml.Z(0) @ qml.Z(1))


@qml.qnode(qml.device("default.qubit", seed=1))
def unusual(w):
    qml.RX(w[0], 0)
    qml.SpecialUnitary(w[1:4], wires=0)
    return qml.expval(qml.Z(0))


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.get_lines()}


def test_the_plane_holds_the_circuit_and_the_bounds():
    found = pt.gradient_efficiency(dense, seed=1)(W)
    drawn = lines(found.plot())
    [[x, y]] = drawn["this circuit, at its depth"]
    assert (x, y) == (63, found.efficiency.value)  # su(8)
    for x, y in drawn["X = 4ⁿ/F − F (deep circuits)"]:
        assert np.isclose(x, 64 / y - y)
    products = drawn["stabilizer-logical products"]
    assert np.allclose(products, [[63, 1], [30, 2], [12, 4]])


def test_a_plan_shows_shots_and_circuits():
    plan = pt.gradient_measurement_plan(dense)(W)
    axes = plan.plot().figure.axes
    assert len(axes) == 2
    widths = {
        label.get_text(): bar.get_width()
        for label, bar in zip(axes[0].get_yticklabels(), axes[0].patches, strict=True)
    }
    assert widths == {m.method: m.shots for m in plan.methods if not m.reason}
    known = [m.method for m in plan.methods if not m.reason]
    heights = {
        label.get_text(): height
        for label, height in zip(axes[0].get_yticklabels(), axes[0].get_yticks(), strict=True)
    }
    assert sorted(known, key=heights.get, reverse=True) == known, "from top to bottom"
    assert {text.get_text().split()[0] for text in axes[0].texts} == {
        f"{m.circuits:,}" for m in plan.methods if not m.reason
    }


def test_without_expressivity_there_are_costs_only():
    plan = pt.gradient_measurement_plan(unusual)(w := np.array([0.1, 0.2, 0.3, 0.4]))
    assert len(plan.plot().figure.axes) == 1
    found = pt.gradient_efficiency(unusual, seed=1)(w)
    with pytest.raises(TypeError, match="without expressivity"):
        found.plot()
    assert "<img" not in found.to_html() and "<img" in plan.to_html()


def test_a_stopped_closure_reaches_to_the_right():
    found = replace(pt.gradient_efficiency(dense, seed=1)(W), complete=False, dimension=20)
    reach = [data for data in lines(found.plot()).values() if data.shape == (2, 2)]
    assert any(data[1, 0] == 63 and data[0, 0] == 20 for data in reach)


def test_an_efficiency_between_bounds_reaches_upwards():
    exact = pt.gradient_efficiency(dense, seed=1)(W)
    groups, components = len(exact.groups), exact.n_components
    found = replace(exact, least_groups=2)
    reach = [data for data in lines(found.plot()).values() if data.shape == (2, 2)]
    assert groups > 2
    assert any(
        np.allclose(data, [[63, components / groups], [63, components / 2]]) for data in reach
    )


def test_the_plane_of_many_wires_holds_its_bounds():
    ax = replace(pt.gradient_efficiency(dense, seed=1)(W), n_wires=12).plot()
    drawn = lines(ax)
    for label in ("X = 4ⁿ/F − F (deep circuits)", "stabilizer-logical products"):
        # F = 2ⁿ for the smallest algebra
        assert drawn[label][:, 1].max() < ax.get_ylim()[1]
    assert drawn["X = 4ⁿ/F − F (deep circuits)"][:, 1].max() > 4000
