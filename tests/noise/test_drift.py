"""Rounds that are pooled without loss, and drift that is seen where there is some."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from depolarised import WEIGHTS, NoisyQubits, layers

import pennylane_trainability as pt
from pennylane_trainability.statistics.homogeneity import homogeneity


def qnode(shots=400, returns=lambda: qml.expval(qml.Z(0) @ qml.Z(1)), **options):
    @qml.set_shots(shots)
    @qml.qnode(NoisyQubits(wires=2, survival=0.95, **options))
    def circuit(weights):
        layers(weights)
        return returns()

    return circuit


def measured(executor, **options):
    return pt.measure_gradient(qnode(**options), method="shift", executor=executor)(WEIGHTS)


# -- the test --------------------------------------------------------------------------------------


def test_the_p_value_is_that_of_fisher(rng):
    """Beside a sum over all tables with the same margins."""
    from math import comb

    table = np.array([[7, 2], [3, 8]])
    rows, columns, total = table.sum(axis=1), table.sum(axis=0), table.sum()

    def pearson(t):
        expected = np.outer(t.sum(axis=1), t.sum(axis=0)) / t.sum()
        return np.sum((t - expected) ** 2 / expected)

    exact = 0.0
    for a in range(rows[0] + 1):
        other = np.array([[a, rows[0] - a], [columns[0] - a, rows[1] - columns[0] + a]])
        if np.all(other >= 0) and pearson(other) >= pearson(table) - 1e-9:
            exact += comb(columns[0], a) * comb(columns[1], rows[0] - a) / comb(total, rows[0])
    found, mean, p = homogeneity([table], 20_000, rng)
    assert np.isclose(found, pearson(table))
    assert abs(p - exact) < 6 * np.sqrt(exact * (1 - exact) / 20_000)
    # mean of Pearson's statistic at fixed margins: (R − 1)(C − 1) N/(N − 1)
    assert abs(mean - total / (total - 1)) < 0.06


def test_false_alarms_come_as_often_as_stated():
    """On stable counts; seeds are fixed."""
    rng = np.random.default_rng(5)
    shares = rng.dirichlet(np.ones(5), size=3)
    p_values = []
    for _ in range(300):
        tables = [rng.multinomial(40, share, size=3) for share in shares]
        p_values.append(homogeneity(tables, 99, rng)[2])
    for alarm in (0.05, 0.2):
        assert np.mean(np.array(p_values) <= alarm) < alarm + 0.05
    assert 0.42 < np.mean(p_values) < 0.58


# -- on devices ------------------------------------------------------------------------------------


def drifts(count, **options):
    out = []
    for seed in range(count):
        executor = pt.InterleavedExecutor(rounds=4)
        measured(executor, seed=seed, **options)
        out.append(executor.drift(alarm=0.05, seed=seed))
    return out


@pytest.mark.slow
def test_a_stable_device_raises_few_alarms_and_a_drifting_one_many():
    stable = drifts(15)
    assert sum(found.seen for found in stable) <= 5  # 0.75 are expected
    assert 0.8 < np.mean([found.ratio for found in stable]) < 1.2
    # the survival falls from 1 to about a half over all rounds
    drifting = drifts(5, shots=4000, drift=lambda number: max(0.5, 1 - number / 64))
    assert all(found.seen for found in drifting)
    assert np.mean([found.ratio for found in drifting]) > 2


def test_what_is_said(rng):
    executor = pt.InterleavedExecutor(rounds=3)
    measured(executor)
    found = executor.drift(seed=1)
    assert f"No drift seen (p = {found.p_value:.2g})" in str(found)
    assert "at most 0.01 of runs" in str(found) and found.to_dict()["rounds"] == 3
    executor = pt.InterleavedExecutor(rounds=3)
    measured(executor, drift=lambda number: 1.0 if number < 12 else 0.0)
    assert "Drift: rounds differ by more than shot noise" in str(executor.drift(seed=1))
    executor.forget()
    with pytest.raises(pt.ReadingError, match="run first"):
        executor.drift()


def test_rounds_go_through_all_circuits_in_turn_and_no_shot_is_lost():
    sent = []

    class Recorder(NoisyQubits):
        def execute(self, circuits, execution_config=None):
            sent.extend(circuits)
            return super().execute(circuits, execution_config)

    device = Recorder(wires=2)
    tapes = [
        qml.tape.QuantumScript([qml.RX(0.1 * k, 0)], [qml.counts(wires=[0])], shots=shots)
        for k, shots in enumerate((10, 11, 4))
    ]
    found = pt.InterleavedExecutor(device, rounds=4).run(tapes)
    assert [sum(counts.values()) for counts in found] == [10, 11, 4]
    shots = np.array([tape.shots.total_shots for tape in sent]).reshape(4, 3)
    assert shots.sum(axis=0).tolist() == [10, 11, 4] and np.ptp(shots, axis=0).max() <= 1
    angles = [tape.operations[0].data[0] for tape in sent]
    assert np.allclose(angles, [0.0, 0.1, 0.2] * 4)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param([qml.probs(wires=[0, 1])], id="probs"),
        pytest.param([qml.expval(qml.Z(0)), qml.probs(wires=[1])], id="several"),
        pytest.param([qml.counts(wires=[0, 1])], id="counts"),
    ],
)
def test_the_pool_is_what_one_circuit_with_all_shots_returns(asked):
    """At angles where every shot says the same."""
    tape = qml.tape.QuantumScript([qml.X(0)], asked, shots=7)
    device = NoisyQubits(wires=2)
    (one,) = pt.Executor(device).run([tape])
    (many,) = pt.InterleavedExecutor(device, rounds=3).run([tape])
    if isinstance(one, dict):
        assert one == many
    else:
        assert all(np.allclose(a, b) for a, b in zip(one, many, strict=True))


def test_results_are_those_of_all_rounds():
    """The value has the error of all shots, and the counts behind it are theirs."""
    executor = pt.InterleavedExecutor(rounds=5)
    found = measured(executor, shots=1000)
    assert all(weights.sum() == 1000 for weights in found.errors.weights)
    ideal = qml.QNode(qnode().func, qml.device("default.qubit"))
    exact = 0.95 * qml.jacobian(ideal)(qml.numpy.array(WEIGHTS))
    assert np.all(np.abs(found.value - exact) < 6 * found.stderr)


@pytest.mark.parametrize("what", ["jacobian", "qfim", "expressibility", "variances", "policy"])
def test_everything_measured_takes_it(what):
    executor = pt.InterleavedExecutor(rounds=2)
    w = WEIGHTS
    if what == "jacobian":
        device = NoisyQubits(wires=2)
        circuit = qml.set_shots(
            qml.QNode(lambda x, w: (qml.RX(x, 0), layers(w), qml.expval(qml.Z(0)))[-1], device),
            shots=40,
        )
        pt.measure_jacobian(circuit, "x", executor=executor, seed=1, rescale=True)(0.0, w)
    elif what == "qfim":
        pt.measure_qfim(qnode(40), method="overlap", seed=1, executor=executor)(w)
    elif what == "expressibility":
        pt.expressibility(
            qnode(40), n_pairs=15, n_bins=5, seed=1, reference="haar", executor=executor
        )(w)
    elif what == "variances":
        pt.gradient_variances(qnode(40), method="sample", n_draws=4, seed=1, executor=executor)(w)
    else:
        policy = pt.born_policy(qnode(40, lambda: qml.probs(wires=[0, 1])), 2)
        policy.log_policy_gradient(w, executor=executor)
    assert executor.drift(seed=1).circuits > 3


def test_another_executor_may_run_the_rounds(tmp_path):
    """With a store, what was measured is read again, round by round."""
    store = pt.Store(tmp_path / "file.sqlite")
    values = []
    for _ in range(2):
        executor = pt.InterleavedExecutor(rounds=2, inner=store.executor(run="once"))
        values.append(measured(executor, shots=50).value)
    assert np.array_equal(*values) and len(store) > 0


# -- what cannot be done ---------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", [1, 0, 2.5, True])
def test_rounds_are_counted(rounds):
    with pytest.raises(ValueError, match="rounds needs a whole number"):
        pt.InterleavedExecutor(rounds=rounds)


@pytest.mark.parametrize("shots", [None, 3, (10, 10)])
def test_shots_are_divided(shots):
    tape = qml.tape.QuantumScript([qml.X(0)], [qml.probs(wires=0)], shots=shots)
    with pytest.raises(pt.ReadingError, match="Set one number"):
        pt.InterleavedExecutor(NoisyQubits(wires=1), rounds=4).run([tape])


def test_a_sample_is_no_sum():
    tape = qml.tape.QuantumScript([qml.X(0)], [qml.sample(wires=0)], shots=10)
    with pytest.raises(pt.ReadingError, match="cannot be pooled"):
        pt.InterleavedExecutor(qml.device("default.qubit", seed=1), rounds=2).run([tape])


def test_means_are_not_compared():
    executor = pt.InterleavedExecutor(qml.device("default.qubit", seed=1), rounds=2)
    executor.run([qml.tape.QuantumScript([qml.X(0)], [qml.expval(qml.Z(0))], shots=10)])
    with pytest.raises(pt.ReadingError, match="means only"):
        executor.drift()


def test_rounds_count_in_the_budget():
    tape = qml.tape.QuantumScript([qml.X(0)], [qml.probs(wires=0)], shots=10)
    executor = pt.InterleavedExecutor(NoisyQubits(wires=1), rounds=4, max_circuits=3)
    with pytest.raises(pt.BudgetError, match="needs 4 circuits"):
        executor.run([tape])


@pytest.mark.parametrize("alarm", [0.0, 1.0, 1e-6])
def test_alarms_are_rates(alarm):
    with pytest.raises(ValueError, match="alarm needs a number"):
        pt.InterleavedExecutor().drift(alarm=alarm)


def test_errors_between_rounds_are_pearsons_statistic_over_its_mean():
    """Two circuits were compared, one gave means: fixed margins have the mean N/(N − 1) each."""
    executor = pt.InterleavedExecutor(rounds=2)
    tables = [np.array([[60, 40], [40, 60]]), None, np.array([[55, 45], [45, 55]])]
    executor._seen.extend(tables)
    found = executor.drift(seed=1)
    mean = 2 * 200 / 199
    assert found.ratio == pytest.approx((8 + 2) / mean, rel=0.1)
    assert (found.circuits, found.skipped) == (2, 1)
    assert "2 rounds of 2 circuits (1 more gave means only)" in str(found)
    executor.forget()
    executor._seen.append(np.array([[50], [50]]))  # one outcome: nothing can differ
    assert executor.drift(alarm=1 / 1000, seed=1).ratio == 1.0
