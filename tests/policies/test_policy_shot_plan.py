"""What a plan of shots says about a policy, against closed forms and against repeats."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt


def policy_of(body, wires, n_actions, partition="contiguous", shots=None, seed=None):
    @qml.set_shots(shots)
    @qml.qnode(qml.device("default.qubit", seed=seed))
    def circuit(weights):
        body(weights)
        return qml.probs(wires=range(wires))

    return pt.born_policy(circuit, n_actions, partition)


def single(weights):
    qml.RY(weights[0], wires=0)


def mixed(weights):
    for wire in range(3):
        qml.RY(weights[wire], wires=wire)
    qml.IsingXX(weights[3], wires=[0, 1])
    qml.CNOT([1, 2])
    qml.RX(weights[4], wires=1)


def uneven(bits):
    return np.minimum(bits.sum(axis=1), 2)


def test_the_error_of_a_gradient_is_the_closed_form():
    """``∂π`` by two circuits with weight ½: ``2 · ¼ · ¼/n``, and one circuit for ``π``."""
    plan = policy_of(single, 1, 2).plan_shots(9000, np.array([0.3]), seed=1)
    one = plan.option("policy-gradient", "shift")
    assert (one.circuits, one.shots) == (3, 3000)
    assert one.stderr == pytest.approx(np.sqrt(2 / 16 / 3000))
    assert one.resolved == pytest.approx(1.959964 * one.stderr)


def test_the_split_of_a_variance_is_the_closed_form():
    """``∂π = ∓ sin θ/2``: ``V = 1/8``, ``T = sin²/4`` of variance 1/128, ``Σ = (1/8)(1, −1)²``."""
    plan = policy_of(single, 1, 2).plan_shots(30_000, np.array([0.3]), seed=1)
    one = plan.option("policy-variance", "sample")
    n, draws = one.shots, one.draws
    v = 0.5 / n / 8  # of a derivative, with the mean of π(1 − π)
    each = 1 / 128 + 4 * v / 8 + 2 * v**2 * n / (n - 1)
    assert one.stderr == pytest.approx(np.sqrt(each / draws), rel=0.06)  # 500 draws expected it
    assert one.relative == pytest.approx(8 * one.stderr, rel=0.06)
    assert 3 * n * draws <= 30_000 < 3 * n * (draws + 1) + 3 * n
    # no other split is better, by the formula
    for other in (n + 3, 4 * n):
        w = 0.5 / other / 8
        worse = (1 / 128 + w / 2 + 2 * w**2 * other / (other - 1)) / (30_000 // (3 * other))
        assert worse > 0.97 * each / draws


def test_the_formula_of_the_split_at_draws_given():
    """Four actions, products of ``cos²`` or ``sin²`` of half angles; derivatives with a mean."""
    rng = np.random.default_rng(0)
    angles = [0.4, 1.0] + 0.5 * rng.choice([-1, 1], (500, 2)) + 0.02 * rng.normal(size=(500, 2))

    def two(weights):
        for wire in range(2):
            qml.RY(weights[wire], wires=wire)

    policy = policy_of(two, 2, 4)
    plan = policy.plan_shots(4000, angles[0], law=lambda rng, given, count: angles, seed=1)
    one = plan.option("policy-variance", "sample")
    n, draws = one.shots, one.draws
    assert n > 2, "draws differ little, so that each gets more than the fewest shots"
    assert one.circuits == 5 * draws
    assert 5 * n * draws <= 4000 < 5 * n * (draws + 1)

    a, b = angles.T
    first, second = (np.array([1 + np.cos(t), 1 - np.cos(t)]) / 2 for t in (a, b))
    slope, other = (np.array([-np.sin(t), np.sin(t)]) / 2 for t in (a, b))
    p = np.einsum("id,jd->dij", first, second).reshape(500, 4)
    dp = [
        np.einsum("id,jd->dij", slope, second).reshape(500, 4),
        np.einsum("id,jd->dij", first, other).reshape(500, 4),
    ]
    sigma = np.mean([np.diag(row) - np.outer(row, row) for row in p], axis=0)
    value, variance, noise = [], [], []
    for each in dp:
        x = each - each.mean(axis=0)
        means = np.mean(x**2, axis=1)
        value.append(means.mean())
        noise.append(2 * n / (n - 1) * (0.5 / n) ** 2 * np.trace(sigma @ sigma) / 4**2)
        linear = 4 * 0.5 / n * np.mean([row @ sigma @ row for row in x]) / 4**2
        variance.append(np.var(means, ddof=1) + linear + noise[-1])
    assert one.stderr == pytest.approx(np.sqrt(np.mean(variance) / draws), rel=1e-9)
    relative = np.sqrt(np.mean(np.array(variance) / np.square(value)) / draws)
    assert one.relative == pytest.approx(relative, rel=1e-9)
    assert one.resolved == pytest.approx(1.959964 * np.sqrt(np.mean(noise) / draws), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_actions", "partition"), [(2, "parity"), (8, "contiguous"), (3, uneven)]
)
def test_predicted_errors_are_those_of_repeats(n_actions, partition):
    """Gradients: never larger than predicted; variances: within the error of 80 repeats."""
    weights, repeats = np.array([1.2, 0.5, 1.9, 0.8, 0.4]), 80
    plan = policy_of(mixed, 3, n_actions, partition).plan_shots(40_000, weights, seed=1)
    one, many = plan.options
    made = [policy_of(mixed, 3, n_actions, partition, one.shots, seed=k) for k in range(repeats)]
    found = np.array([p.log_policy_gradient(weights).derivatives for p in made])
    spread = found.std(axis=0, ddof=1)
    measured = np.sqrt(np.mean(spread[:, spread.any(axis=0)] ** 2))
    assert 0.6 * one.stderr < measured < 1.05 * one.stderr
    values = []
    for k in range(repeats):
        made = policy_of(mixed, 3, n_actions, partition, many.shots, seed=k)
        ask = pt.policy_variance(made, seed=k, n_draws=many.draws, max_circuits=10**7)
        values.append(ask(weights).derivative_variances)
    spread = np.std(values, axis=0, ddof=1)
    assert np.sqrt(np.mean(spread**2)) == pytest.approx(many.stderr, rel=0.2)


def test_nothing_is_run_and_too_few_shots_are_told(global_state_unchanged):
    policy = policy_of(mixed, 3, 4)
    weights = np.array([1.2, 0.5, 1.9, 0.8, 0.4])
    with qml.Tracker(policy.qnode.device) as tracker:
        plan = policy.plan_shots(50, weights, seed=1)
    assert not tracker.history
    gradient, variance = plan.options
    assert "needs at least" in gradient.reason and not gradient.possible
    assert "needs more shots" in variance.reason and not variance.possible
    assert "policy-gradient" in str(plan)


@pytest.mark.parametrize("total", [0, 1.5, True])
def test_shots_that_are_no_number_are_refused(total):
    with pytest.raises(ValueError, match="total_shots"):
        policy_of(single, 1, 2).plan_shots(total, np.array([0.3]))
    with pytest.raises(ValueError, match="level"):
        policy_of(single, 1, 2).plan_shots(100, np.array([0.3]), level=1.0)


def test_wide_circuits_have_no_row_for_the_variance():
    def wide(weights):
        for wire in range(11):
            qml.RY(weights[wire], wires=wire)

    plan = policy_of(wide, 11, 2).plan_shots(10**5, np.zeros(11), seed=1)
    assert plan.options[0].possible and "up to 10 wires" in plan.options[1].reason
