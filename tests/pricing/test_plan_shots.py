"""What can be learned with so many shots: predictions against repeated measurements."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

N = 3
#: A point of a circuit that scrambles, where most words have means near zero.
WEIGHTS = np.random.default_rng(5).uniform(0, 2 * np.pi, (3, N, 2))


def scrambling(x, weights):
    for layer in weights:
        qml.RX(x, wires=0)
        for wire in range(N):
            qml.RY(layer[wire, 0], wires=wire)
            qml.RZ(layer[wire, 1], wires=wire)
        for wire in range(N - 1):
            qml.IsingXX(np.pi / 2, wires=[wire, wire + 1])
    return qml.expval(qml.Z(0) @ qml.X(1))


def qnode(seed=7):
    return qml.QNode(scrambling, qml.device("default.qubit", seed=seed))


MEASURE = {
    "gradient": lambda q, m: pt.measure_gradient(q, encoding_args="x", method=m),
    "qfim": lambda q, m: pt.measure_qfim(q, encoding_args="x", method=m, seed=1),
    "jacobian": lambda q, m: pt.measure_jacobian(q, "x", gradient=m, seed=1),
}
CASES = [
    *(("gradient", m) for m in ("shift", "hadamard", "commuting", "dla")),
    *(("qfim", m) for m in ("direct", "block-diag")),
    *(("jacobian", m) for m in ("shift", "commuting")),
]
#: Few circuits.
QUICK = {("gradient", "dla"), ("qfim", "block-diag")}


@pytest.fixture(scope="module")
def plan():
    return pt.plan_shots(qnode(), 100_000, "x", seed=1)(0.3, WEIGHTS)


@pytest.mark.parametrize(
    ("quantity", "method"),
    [pytest.param(*case, marks=() if case in QUICK else pytest.mark.slow) for case in CASES],
)
def test_predicted_errors_are_the_spread_of_repeated_measurements(plan, quantity, method):
    option = plan.option(quantity, method)
    ask = MEASURE[quantity](qml.set_shots(qnode(), shots=option.shots), method)
    found = [ask(0.3, WEIGHTS) for _ in range(20)]
    assert found[0].cost.circuits == option.circuits
    assert found[0].cost.shots <= plan.total_shots
    spread = np.std([one.value for one in found], axis=0, ddof=1)
    seen = np.sqrt(np.mean(spread[spread > 0] ** 2))
    # 20 repeats of at least 17 entries: 4 % from sampling; the rest is what fair coins leave out,
    # and for QFIMs means of generators that are less unfavourable here than the plan takes them
    assert (0.55 if quantity == "qfim" else 0.8) < seen / option.stderr < 1.2


def test_fair_coins_are_exact_in_closed_form():
    """RX then Z at π/2: the word that is read has the mean zero, derivatives of shifts ±1."""

    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, weights):
        qml.RX(x, wires=0)
        qml.RX(weights[0], wires=0)
        return qml.expval(qml.Z(0))

    weights = np.array([0.2])
    plan = pt.plan_shots(circuit, 6000, "x", seed=1)(0.0, weights)
    # (m₊ − m₋)/2 from two circuits
    shift = plan.option("gradient", "shift")
    assert (shift.circuits, shift.shots) == (2, 3000)
    assert shift.stderr == pytest.approx(np.sqrt(2 / 4 / 3000))
    assert shift.resolved == pytest.approx(1.959964 * shift.stderr, rel=1e-6)
    # three input points; rows c₀, √2 Re c₁, √2 Im c₁ are an orthogonal transform over √3
    jacobian = plan.option("jacobian", "shift")
    assert (jacobian.circuits, jacobian.shots) == (6, 1000)
    assert jacobian.stderr == pytest.approx(np.sqrt(2 / 4 / 1000 / 3))
    # one word per derivative: sin(x + w) = −⟨Y⟩ needs one circuit
    one = plan.option("gradient", "commuting")
    assert one.circuits == 1
    assert one.stderr == pytest.approx(np.sqrt(1 / 6000))
    assert plan.best("gradient").stderr == pytest.approx(one.stderr)


def test_the_error_of_a_diagonal_entry_is_met_where_it_is_largest():
    """``F = 1 − ⟨X⟩²`` with ``⟨X⟩ = 1/√2`` errs by ``2m√(1 − m²)/√n = 1/√n``."""

    @qml.qnode(qml.device("default.qubit", seed=3))
    def circuit(weights):
        qml.RY(np.pi / 4, wires=0)
        qml.RX(weights[0], wires=0)
        return qml.expval(qml.Z(0))

    weights = np.array([0.6])
    plan = pt.plan_shots(circuit, 2000, quantities="qfim", seed=1)(weights)
    option = plan.option("qfim", "direct")
    assert (option.circuits, option.shots) == (1, 2000)
    # the error of m² to second order adds 3/n of the variance
    assert option.stderr == pytest.approx(1 / np.sqrt(2000), rel=2e-3)
    # (1 − K)/2 of an overlap ``2K − 1`` errs by half as much
    assert plan.best("qfim").method == "overlap"
    assert plan.best("qfim").stderr == pytest.approx(0.5 / np.sqrt(2000), rel=2e-3)
    ask = pt.measure_qfim(qml.set_shots(circuit, shots=2000), method="direct", seed=1)
    spread = np.std([ask(weights).value[0, 0] for _ in range(60)], ddof=1)
    assert 0.6 < spread / option.stderr < 1.5, "60 repeats know it to 9 %"


def test_errors_fall_with_the_root_of_the_shots_and_the_best_is_the_least(plan):
    more = pt.plan_shots(qnode(), 400_000, "x", seed=1)(0.3, WEIGHTS)
    for quantity, method in CASES:
        few, many = plan.option(quantity, method), more.option(quantity, method)
        assert many.stderr == pytest.approx(few.stderr / 2, rel=2e-3)
        assert many.resolved == pytest.approx(few.resolved / 2, rel=0.1)
    for quantity in ("gradient", "qfim", "jacobian"):
        best = plan.best(quantity)
        whole = [o for o in plan.options if o.quantity == quantity and o.possible and o.complete]
        assert best.stderr == min(one.stderr for one in whole)
    assert plan.best("qfim").method != "block-diag", "it leaves entries out"


def test_the_floor_is_what_noise_reaches(plan):
    """The norm of independent normal errors lies near σ (√K + √P)."""
    option = plan.option("jacobian", "shift")
    shape = pt.measure_jacobian(qml.set_shots(qnode(), shots=100), "x")(0.3, WEIGHTS).value.shape
    assert option.resolved == pytest.approx(option.stderr * sum(np.sqrt(shape)), rel=0.25)


def test_too_few_shots_are_said_to_be_too_few():
    plan = pt.plan_shots(qnode(), 50, "x", seed=1)(0.3, WEIGHTS)
    shift = plan.option("gradient", "shift")
    assert not shift.possible
    assert shift.reason == f"needs at least {10 * shift.circuits:,} shots"
    assert plan.best("jacobian") is None
    assert "too few shots for any method" in str(plan)


def test_quantities_that_are_not_there_are_left_out_or_refused():
    @qml.qnode(qml.device("default.qubit"))
    def state(weights):
        qml.RX(weights[0], wires=0)
        qml.RY(weights[1], wires=0)
        return qml.state()

    plan = pt.plan_shots(state, 1000, seed=1)(np.array([0.1, 0.2]))
    assert {one.quantity for one in plan.options} == {"qfim"}
    assert [name for name, _ in plan.skipped] == ["gradient", "jacobian"]
    assert "left out" in str(plan)
    with pytest.raises(pt.ReadingError):
        pt.plan_shots(state, 1000, quantities="gradient")(np.array([0.1, 0.2]))
    with pytest.raises(pt.ReadingError, match="use some of"):
        pt.plan_shots(state, 1000, quantities="rank")
    with pytest.raises(KeyError, match="none of"):
        plan.option("gradient", "shift")


@pytest.mark.parametrize("total", [0, -1, 1.5, True])
def test_shots_are_a_positive_whole_number(total):
    with pytest.raises(ValueError, match="total_shots"):
        pt.plan_shots(qnode(), total)


def test_nothing_is_run_and_nothing_changed(global_state_unchanged):
    where = qml.device("default.qubit", wires=N + 1, seed=1)
    circuit = qml.set_shots(qml.QNode(scrambling, where), shots=3)
    with qml.Tracker(where) as tracker:
        pt.plan_shots(circuit, 10**5, "x", seed=1)(0.3, WEIGHTS)
    assert not tracker.totals
    assert circuit.shots.total_shots == 3
