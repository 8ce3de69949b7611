"""What a gradient would cost: circuits that are run, shots that are needed, bounds that hold."""

from __future__ import annotations

import json

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.gradient_plan_record import _whole

WORDS = [
    *("XXII", "IIYY", "IZZI", "XIIX", "YYII", "IIZZ"),
    *("IXXI", "YIIY", "ZZII", "IIXX", "IYYI", "ZIIZ"),
]


def symmetric(repeats: int, device="default.qubit", **options):
    @qml.qnode(qml.device(device, **options))
    def circuit(weights):
        for angle, word in zip(weights, WORDS * repeats, strict=True):
            at = [w for w, letter in enumerate(word) if letter != "I"]
            qml.PauliRot(angle, word.replace("I", ""), wires=at)
        return qml.expval(qml.X(0) @ qml.X(1))

    return circuit


def ising(n: int, layers: int, wires=None):
    @qml.qnode(qml.device("default.qubit", wires=wires))
    def circuit(weights):
        for layer in weights:
            for w in range(n):
                qml.RX(layer[w], wires=w)
            for w in range(n - 1):
                qml.IsingZZ(layer[n + w], wires=[w, w + 1])
        return qml.expval(qml.Z(0))

    return circuit


def test_the_circuit_of_the_paper():
    """Chinzei et al.: 60-dimensional algebra, symmetries XXXX and ZZZZ; circuits as counted there.

    192 shifted circuits, 96 Hadamard tests, and 95 sets of gradient operators.
    """
    plan = pt.gradient_measurement_plan(symmetric(8), seed=3)(np.full(96, 0.3))
    assert {c.method: c.circuits for c in plan.methods} == {
        "commuting": 95, "dla": 4, "hadamard": 96, "shift": 192,
    }  # fmt: skip
    assert plan.method("dla").aux_wires == plan.method("shift").aux_wires == 0
    assert plan.method("commuting").aux_wires == 1
    assert (plan.dimension, plan.complete, plan.taken) == (60, True, "dla")
    assert plan.efficiency.efficiency.value == pytest.approx(96 / 95)
    assert plan.largest_efficiency == pytest.approx(4)  # 256/4 − 4 = 60
    assert set(plan.symmetries.symmetries) == {"XXXX", "ZZZZ"}
    assert (plan.symmetries.parameters, plan.symmetries.circuits) == (384, 95)


def test_promotion_keeps_the_circuits_it_is_said_to():
    plan = pt.gradient_measurement_plan(symmetric(1), seed=3)(np.full(12, 0.3))
    promotion = pt.promote(symmetric(1))(np.full(12, 0.3))
    after = pt.gradient_measurement_plan(promotion.qnode, seed=3)(promotion.weights)
    assert plan.symmetries.parameters == after.parameters == 48
    assert plan.symmetries.circuits == after.method("commuting").circuits
    assert "already" in after.symmetries.reason


def test_the_plan_is_what_is_run():
    weights = np.random.default_rng(1).uniform(0, 6, (2, 5))
    circuit = ising(3, 2)
    plan = pt.gradient_measurement_plan(circuit)(weights)
    for cost in plan.methods:
        device = circuit.device
        with qml.Tracker(device) as tracker:
            measure = qml.gradients.measured_grad(circuit, method=cost.method)
            found = measure(weights)
        assert tracker.totals["simulations"] == cost.circuits
        assert np.count_nonzero(np.abs(found) > 1e-12) <= plan.derivatives
    truth = qml.grad(circuit)(qml.numpy.array(weights))
    np.testing.assert_allclose(found, truth, atol=1e-12)


@pytest.mark.parametrize("method", ["commuting", "dla", "hadamard", "shift"])
def test_the_shots_are_enough(method, seed):
    """The stated number gives at most the stated error, and not much less than it could."""
    weights = np.random.default_rng(2).uniform(0, 6, (3, 5))
    plan = pt.gradient_measurement_plan(ising(3, 3), error=0.05)(weights)
    cost = plan.method(method)
    assert cost.shots == pytest.approx(cost.circuits * cost.variance / 0.05**2, abs=1)
    shots = -(-cost.shots // cost.circuits)
    circuit = qml.set_shots(ising(3, 3), shots=shots)
    found = pt.measure_gradient(circuit, method=method)(weights)
    live = found.stderr > 0
    error = np.sqrt(np.sum(found.stderr[live] ** 2) / plan.derivatives)
    assert 0.02 < error < 0.055


def test_a_circuit_of_many_wires_is_planned():
    plan = pt.gradient_measurement_plan(ising(30, 3))(np.full((3, 59), 0.2))
    assert (plan.dimension, plan.algebra) == (30 * 59, "so(60)")
    assert plan.efficiency is None and "30 wires" in plan.skipped
    assert plan.method("dla").circuits < plan.method("commuting").circuits
    assert plan.derivatives < plan.parameters  # the light cone of Z on the first wire


def test_a_device_without_a_wire_to_spare():
    plan = pt.gradient_measurement_plan(ising(3, 2, wires=3))(np.full((2, 5), 0.2))
    assert "one more wire" in plan.method("commuting").reason
    assert plan.method("commuting").circuits == 0
    assert plan.taken in ("dla", "shift")


def test_an_algebra_beyond_the_budget_is_a_lower_bound():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(weights):
        for layer in weights:
            for w in range(5):
                qml.IsingXY(layer[w], wires=[w, w + 1])
                qml.RX(layer[5 + w], wires=w)
        return qml.expval(qml.Z(0))

    plan = pt.gradient_measurement_plan(circuit, max_dimension=50, max_words=20)(
        np.full((4, 10), 0.2)
    )
    assert plan.dimension >= 50 and not plan.complete
    assert "≥" in str(plan)
    assert "max_words" in plan.method("dla").reason


def test_gates_without_rotations_have_no_known_algebra():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(weights):
        qml.SpecialUnitary(weights, wires=[0, 1])
        return qml.expval(qml.Z(0))

    plan = pt.gradient_measurement_plan(circuit)(np.full(15, 0.2))
    assert plan.dimension is None and np.isnan(plan.largest_efficiency)
    assert "not known" in str(plan)


def test_the_record_prints_itself_and_is_strict_json():
    plan = pt.gradient_measurement_plan(symmetric(1), seed=1)(np.full(12, 0.3))
    text = str(plan)
    assert "X = " in text and "F = " in text and "hadamard" in text and "promote()" in text
    json.dumps(plan.to_dict(), allow_nan=False)
    with pytest.raises(KeyError, match="none of"):
        plan.method("magic")


@pytest.mark.parametrize(
    ("options", "weights", "error", "remedy"),
    [
        pytest.param({"error": 0}, np.ones((2, 5)), ValueError, "positive", id="error"),
        pytest.param({}, np.ones((2, 5, 3)), pt.ReadingError, "broadcasting", id="batch"),
        pytest.param({"grouping": "odd"}, np.ones((2, 5)), pt.ReadingError, "grouping", id="group"),
    ],
)
def test_bad_input_says_what_to_do(options, weights, error, remedy):
    with pytest.raises(error, match=remedy):
        pt.gradient_measurement_plan(ising(3, 2), **options)(weights)


def test_observables_that_are_no_pauli_sums():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(angle):
        qml.RX(angle, wires=0)
        return qml.var(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="return both expectation"):
        pt.gradient_measurement_plan(circuit)(0.3)


def test_nothing_of_the_user_changes(global_state_unchanged):
    circuit = symmetric(1, seed=2)  # a device without a seed draws one from the global state
    before = dict(vars(circuit))
    pt.gradient_measurement_plan(circuit, seed=1)(np.full(12, 0.3))
    assert vars(circuit) == before


def test_two_qubit_gates_weigh_as_much_as_they_are_said_to():
    """``(C + w G) · variance/ε²``, with a basis of words that commute and need gates."""
    options = {"grouping": "commuting", "error": 0.1}
    weights = np.zeros(2 * len(WORDS))
    for weight in (0.0, 0.5, 3.0):
        found = pt.gradient_measurement_plan(symmetric(2), two_qubit_weight=weight, **options)(
            weights
        )
        seen = [m for m in found.methods if not m.reason]
        for one in seen:
            shots = (one.circuits + weight * one.two_qubit_gates) * one.variance / 0.01
            assert one.shots == pytest.approx(shots, abs=1)
        assert any(one.two_qubit_gates for one in seen)


def test_whole_numbers_of_any_size():
    assert (_whole(123_456_789), _whole(10**9)) == ("123,456,789", "1e+09")
