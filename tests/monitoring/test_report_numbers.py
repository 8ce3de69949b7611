"""Numbers that reports and looks derive from what they hold: by loops, and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.monitoring.snapshots import Ask, _norm_errors, of_coefficients


def two_outputs(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[1], wires=0)
    qml.RX(x, wires=1)
    qml.RY(w[2], wires=1)
    qml.CNOT([0, 1])
    qml.RX(x, wires=1)
    return qml.expval(qml.Z(0)), qml.expval(qml.Z(1))


QNODE = qml.QNode(two_outputs, qml.device("default.qubit", wires=2))


@pytest.fixture(scope="module")
def report():
    return pt.analyze(QNODE, "x", n_draws=5, seed=1)(0.0, np.array([0.3, 0.8, 1.7]))


def test_strength_and_scale_are_those_of_the_outputs_on_a_grid(report):
    """Parseval for each output: rows are orthonormal functions of the input."""
    per_output = 1 + 2 * len(report.frequencies)
    draws, rows, _ = report.space.jacobians.shape
    outputs = rows // per_output
    assert (draws, outputs, len(report.frequencies)) == (5, 2, 3)
    for d in range(draws):
        for k in range(1 + len(report.frequencies)):
            own = [0] if k == 0 else [2 * k - 1, 2 * k]
            places = [o * per_output + r for o in range(outputs) for r in own]
            expected = np.linalg.norm(report.space.jacobians[d, places])
            assert report.gradient_strength[d, k] == pytest.approx(expected)
    grid = 2 * np.pi * np.arange(12) / 12
    values = np.stack(QNODE(grid, np.array([0.3, 0.8, 1.7])))
    assert report.output_scale.shape == (len(report.coefficients),)
    assert np.any(np.isclose(report.output_scale, np.sqrt(np.mean(values.var(axis=1)))))


@pytest.mark.parametrize(
    ("kept", "words"),
    [(3, "fewer live"), (14, "as many live"), (21, "as many live"), (22, "more live")],
)
def test_regimes_end_at_once_and_a_half_times_the_coefficients(report, kept, words):
    space = replace(report.space, jacobians=np.ones((1, 14, kept)), dead=())
    assert words in replace(report, space=space).regime


def test_errors_of_norms_are_those_of_the_columns():
    """First order: ``√Σ(Jσ)²/‖J‖``; a column of zeros errs by the length of its errors."""
    jacobian = np.array([[3.0, 0.0], [4.0, 0.0], [0.0, 0.0]])
    stderr = np.array([[0.1, 0.3], [0.2, 0.4], [9.0, 0.0]])
    expected = [np.sqrt(0.3**2 + 0.8**2) / 5, 0.5]
    np.testing.assert_allclose(_norm_errors(jacobian, stderr), expected)


def test_what_counts_as_zero_in_a_look_is_beside_its_largest_value():
    budgets = {"max_circuits": None, "max_shots": None, "executor": None}

    def strong(x, w):
        qml.RX(w[0] * 50, wires=0)
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    for function, point in ((two_outputs, np.array([0.3, 0.8, 1.7])), (strong, np.array([0.3]))):
        qnode = qml.QNode(function, qml.device("default.qubit", wires=2))
        seen = of_coefficients(Ask(qnode, "x", None, {}, budgets), 4, (0.0, point), {})
        assert seen.limit == pytest.approx(1e-9 * seen.singular_values[0], rel=1e-9)
        assert seen.gradients.shape == point.shape
    assert seen.limit > 1e-8


def test_spread_of_looks_is_printed_from_first_to_last():
    watched = pt.monitor(qml.QNode(two_outputs, qml.device("default.qubit", wires=2)), "x")
    looks = [watched.monitor(0.0, np.array([0.3 * k, 0.8, 1.7])) for k in range(16)]
    found = watched.monitor.record()
    shown = [look for look in looks if look is not None]
    assert found.gradient_norms == pytest.approx([np.linalg.norm(s.gradients) for s in shown])
    for k, look in enumerate(shown):
        kept = look.singular_values[: look.rank]
        assert found.smallest_kept[k] == pytest.approx(kept[-1])
        assert found.conditions[k] == pytest.approx(kept[0] / kept[-1])
    last = shown[-1].gradients
    place = int(np.argmin(last))
    text = f"{found.parameters[place]}: {last[place]:.3g} at step {found.steps[-1]}"
    assert text in str(found)
