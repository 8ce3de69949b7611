"""Numbers that reports and looks derive from what they hold: by loops, and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.monitoring.snapshots import Ask, _norm_errors, of_coefficients
from pennylane_trainability.report.change import _seen
from pennylane_trainability.report.record import _spread


def two_outputs(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.RZ(0.4, wires=0)
    qml.RY(w[1], wires=0)
    qml.RX(x, wires=1)
    qml.RZ(0.9, wires=1)
    qml.RY(w[2], wires=1)
    qml.CNOT([0, 1])
    qml.RX(x, wires=1)
    return qml.expval(qml.Z(0)), qml.expval(qml.Z(1))


QNODE = qml.QNode(two_outputs, qml.device("default.qubit", wires=2))


@pytest.fixture(scope="module")
def report():
    return pt.analyze(QNODE, "x", n_draws=5, seed=1)(0.0, np.array([0.3, 0.8, 1.7]))


def test_targets_of_several_outputs():
    """What a circuit gives at one point is a target that it reaches there."""
    weights, x = np.array([0.3, 0.8, 1.7]), 2 * np.pi * np.arange(7) / 7
    targets = np.array([QNODE(point, weights) for point in x])
    assert targets.shape == (7, 2)
    ask = {"n_draws": 5, "seed": 1, "data": x}
    found = pt.analyze(QNODE, "x", targets=targets, **ask)(0.0, weights)
    assert found.target.outside_spectrum < 1e-20
    np.testing.assert_allclose(found.target.coefficients[:, 0], targets.mean(axis=0), atol=1e-12)
    with pytest.raises(pt.ReadingError, match="7 × 2 finite numbers"):
        pt.analyze(QNODE, "x", targets=targets[:, 0], **ask)(0.0, weights)


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
    space = replace(report.space, jacobians=np.ones((1, 14, kept + 2)), dead=(0, 1))
    made = replace(report, space=space, parameters=tuple(map(str, range(kept + 2))))
    assert words in made.regime
    assert f"{kept} of {kept + 2} parameters can learn" in made.heading()


def test_errors_of_norms_are_those_of_the_columns():
    """First order: ``√Σ(Jσ)²/‖J‖``; a column of zeros errs by the length of its errors."""
    jacobian = np.array([[3.0, 0.0], [4.0, 0.0], [0.0, 0.0]])
    stderr = np.array([[0.1, 0.3], [0.2, 0.4], [9.0, 0.0]])
    expected = [np.sqrt(0.3**2 + 0.8**2) / 5, 0.5]
    np.testing.assert_allclose(_norm_errors(jacobian, stderr), expected)


def test_a_look_at_a_measured_jacobian_has_a_norm_and_an_error_for_every_parameter():
    budgets = {"max_circuits": None, "max_shots": None, "executor": None}
    qnode = qml.set_shots(qml.QNode(two_outputs, qml.device("default.qubit", seed=1)), shots=400)
    arguments = 0.0, np.array([0.3, 0.8, 1.7])
    seen = of_coefficients(Ask(qnode, "x", None, {"seed": 1}, budgets), 4, arguments, {})
    exact = of_coefficients(Ask(QNODE, "x", None, {}, budgets), 4, arguments, {})
    assert seen.gradients.shape == seen.gradient_stderrs.shape == (3,)
    assert np.all(np.abs(seen.gradients - exact.gradients) < 5 * seen.gradient_stderrs)
    assert 0 < seen.gradient_stderrs.max() < 0.2


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
    qnode = qml.QNode(two_outputs, qml.device("default.qubit", wires=2))
    watched = pt.monitor(qnode, "x", every=3)
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


def test_gradients_of_probabilities_are_norms_over_the_outcomes():
    def outcomes(w):
        qml.RX(w[0], wires=0)
        qml.RY(w[1], wires=1)
        qml.CNOT([0, 1])
        qml.RX(w[2], wires=1)
        return qml.probs(wires=[0, 1])

    qnode = qml.QNode(outcomes, qml.device("default.qubit", wires=2))
    watched = pt.monitor(qnode, quantity="states", every=1)
    point, h = np.array([0.3, 0.8, 1.7]), 1e-6
    look = watched.monitor(point)
    moved = [(qnode(point + h * e) - qnode(point - h * e)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(look.gradients, np.linalg.norm(moved, axis=1), atol=1e-8)


def test_spreads_are_medians_with_the_middle_ninety_percent():
    assert _spread(np.arange(101.0)) == "50 [5, 95]"


def test_what_a_report_prints(report):
    space = replace(report.space, dead=(1,))
    text = str(replace(report, notes=("said of it",), space=space))
    assert "2 of 3 parameters can learn" in text
    assert f"draws                   5, {report.law}; seed 1\n" in text
    assert "engine                  exact on default.qubit; 0 circuits" in text
    assert "note                    said of it" in text
    per_frequency = [np.median(report.gradient_strength[:, k]) for k in range(4)]
    strength = ", ".join(f"{s:.3g}" for s in per_frequency)
    assert f"gradient per frequency  {strength}\n" in text
    assert f"output scale            {_spread(report.output_scale)}\n" in text
    assert "spectrum                0 (×" in text
    wide = replace(report, frequencies=np.arange(1.0, 13)[:, None], redundancy=np.arange(13) + 1)
    assert wide._spectrum().endswith("9 (×10), … 13 in all")
    assert len(report.rows()) > 5 and dict(report.rows())["finding"] is not None


def test_what_a_change_prints_and_frequencies_whatever_the_scale(report):
    space = replace(report.space, dead=(1,))
    text = str(report.compare(replace(report, space=space, notes=("said",), findings=())))
    assert "that can learn" in text and "3 → 2" in text
    assert f" {report.cost} → {report.cost}\n" in text
    assert report.findings[0].heading() in text
    still = replace(report.space, zero_rows=tuple(range(report.n_rows)))
    size = np.abs(report.coefficients).max(axis=(0, 1))
    seen = np.maximum(size[1::2], size[2::2]) > 1e-9
    for scale in (1.0, 1e-6):
        made = replace(report, space=still, coefficients=scale * report.coefficients)
        np.testing.assert_array_equal(_seen(made), report.frequencies[seen])
