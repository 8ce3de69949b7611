"""Errors of a measured QFIM: what intervals cover, what ranks claim, what noise does."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from qfim_zoo import ZOO, entangling, qfim_by_differences

import pennylane_trainability as pt
from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.diagnostics import qfim_run
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.diagnostics.qfim_errors import ReplicateErrors
from pennylane_trainability.diagnostics.qfim_run import _moments
from pennylane_trainability.results import Cost, Provenance
from pennylane_trainability.statistics.allocation import spread_shots, worst_direction
from pennylane_trainability.statistics.quadratic import Quadratic, moments
from pennylane_trainability.statistics.survival import survival_of_mirror, undepolarised
from pennylane_trainability.transforms.qfim_circuits.answer import How
from pennylane_trainability.transforms.qfim_circuits.read_outs import Means

WEIGHTS = np.random.default_rng(1).uniform(0, 6, 18)


def qnode_of(function, shots, seed, name="lightning.qubit", **options):
    def circuit(w):
        function(w)
        return qml.expval(qml.Z(0))

    return qml.set_shots(qml.QNode(circuit, qml.device(name, seed=seed, **options)), shots=shots)


@pytest.fixture(scope="module")
def truth():
    """14 directions: all that three qubits have."""
    return qfim_by_differences(entangling, WEIGHTS)


@pytest.mark.slow
@pytest.mark.parametrize("method, shots", [("direct", 1000), ("hadamard", 100)])
def test_errors_cover_and_ranks_are_bounds(method, shots, truth, seed):
    """80 repeats: the spread is the standard error, 95 % intervals cover, no rank above 14."""
    repeats = 80
    qnode = qnode_of(entangling, shots, seed)
    found = [pt.measure_qfim(qnode, method=method, seed=k)(WEIGHTS) for k in range(repeats)]
    values = np.array([f.value for f in found])
    stderr = np.array([f.stderr for f in found])
    measured = stderr.mean(axis=0) > 0
    np.testing.assert_allclose(
        values[:, ~measured], np.tile(truth[~measured], (repeats, 1)), atol=1e-8
    )

    spread, told = values.std(axis=0, ddof=1), np.sqrt((stderr**2).mean(axis=0))
    assert 0.9 < np.median(spread[measured] / told[measured]) < 1.05
    # the largest of some 150 entries, each known to 1/√(2·repeats)
    assert np.max(spread[measured] / told[measured]) < 1.45
    bias = (values.mean(axis=0) - truth)[measured] / (spread[measured] / np.sqrt(repeats))
    assert np.abs(bias).max() < 4.5
    covered = np.abs(values - truth) <= 1.96 * np.where(stderr > 0, stderr, 1.0)
    rate = covered[:, measured].mean()
    assert 0.93 < rate < 0.98

    ranks = [int(f.rank().value) for f in found[:40]]
    assert max(ranks) <= 14
    assert np.mean(ranks) > (4 if shots == 100 else 8)


@pytest.mark.slow
def test_a_bound_exceeds_the_rank_in_at_most_five_percent_of_repeats(seed):
    """Six directions are redundant: RZ RY RZ RY of one qubit has rank 2."""

    def circuit(w):
        qml.RX(0.7, wires=0)
        for k in range(4):
            (qml.RZ if k % 2 == 0 else qml.RY)(w[k], wires=0)

    w = np.array([0.3, 0.9, 1.4, 0.2])
    assert np.linalg.matrix_rank(qfim_by_differences(circuit, w), tol=1e-6) == 2
    repeats = 200
    qnode = qnode_of(circuit, 200, seed)
    measure = [pt.measure_qfim(qnode, seed=k) for k in range(repeats)]
    wrong = sum(int(m(w).noise_floor().rank() > 2) for m in measure)
    # nominal 10 of 200; three binomial standard deviations above
    assert wrong <= 10 + 3 * np.sqrt(200 * 0.05 * 0.95)


def test_the_rank_bound_grows_with_shots(truth, seed):
    ranks = [
        int(pt.measure_qfim(qnode_of(entangling, shots, seed), seed=1)(WEIGHTS).rank().value)
        for shots in (100, 2000, 200_000)
    ]
    assert ranks[0] < ranks[1] < ranks[2] <= np.linalg.matrix_rank(truth, tol=1e-6)


def test_eigenvalues_and_shots_to_detect_one(truth, seed):
    found = pt.measure_qfim(qnode_of(entangling, 2000, seed), seed=3)(WEIGHTS)
    exact = np.sort(np.linalg.eigvalsh(truth))[::-1]
    for estimate, value in zip(found.eigenvalues(), exact, strict=True):
        assert estimate.low <= value + 1e-9 and value <= estimate.high
    floor = found.noise_floor().floor()
    assert found.shots_to_detect(2 * floor) == pytest.approx(2000, abs=1)
    assert found.shots_to_detect(floor / 5) == pytest.approx(200_000, rel=0.001)


def test_bounds_by_structure_and_the_projection(truth, seed):
    found = pt.measure_qfim(qnode_of(entangling, 300, seed), seed=3)(WEIGHTS)
    assert found.structural_bound == 14 == found.rank().high
    assert np.linalg.eigvalsh(found.value)[0] < 0
    projected = found.projected()
    assert np.linalg.eigvalsh(projected)[0] > -1e-12
    distance = np.linalg.norm(projected - found.value)
    lost = np.minimum(np.linalg.eigvalsh(found.value), 0)
    assert distance == pytest.approx(np.linalg.norm(lost)), "the nearest one (Higham)"


def test_the_natural_gradient_does_not_blow_noise_up(truth, seed):
    found = pt.measure_qfim(qnode_of(entangling, 300, seed), seed=3)(WEIGHTS)
    gradient = truth @ np.ones(18)  # inside the column space
    step = found.natural_gradient(gradient)
    floor = found.noise_floor().floor()
    assert np.linalg.norm(step) <= np.linalg.norm(gradient) / floor
    naive = np.linalg.pinv(found.value) @ gradient
    assert np.linalg.norm(step) < np.linalg.norm(naive)


def test_covariances_are_those_of_repeats(seed):
    function, w = ZOO["functions of parameters"][0], np.array([0.4, 1.1, 0.7])
    qnode = qnode_of(function, 400, seed)
    found = [pt.measure_qfim(qnode, seed=k)(w) for k in range(250)]
    values = np.array([f.value for f in found])
    pairs = [((0, 0), (0, 1)), ((1, 1), (1, 2)), ((1, 2), (1, 2)), ((2, 2), (0, 1))]
    for first, second in pairs:
        told = np.mean([f.covariance(first, second) for f in found[:40]])
        seen = np.cov(values[:, *first], values[:, *second])
        error = np.sqrt(seen[0, 0] * seen[1, 1] + seen[0, 1] ** 2) / np.sqrt(250)
        assert abs(told - seen[0, 1]) < 4.5 * error + 0.1 * abs(told) + 1e-12


def test_adaptive_shots_cost_no_more_and_lower_the_floor(seed):
    even, adaptive = (
        pt.measure_qfim(qnode_of(entangling, 2000, seed), allocation=allocation, seed=5)
        for allocation in ("even", "adaptive")
    )
    told = adaptive.cost(WEIGHTS)
    one, other = even(WEIGHTS), adaptive(WEIGHTS)
    assert other.cost.shots <= told.shots == one.cost.shots
    assert (other.cost.circuits, other.cost.executions) == (told.circuits, 2)
    assert len(set(other.provenance.shots)) > 1
    assert other.noise_floor().floor() < one.noise_floor().floor()


def test_noise_and_its_model_on_one_qubit(seed):
    """One wire: depolarising gates are a global channel, so the model is exact there."""
    qiskit_noise = pytest.importorskip("qiskit_aer.noise")
    noise = qiskit_noise.NoiseModel()
    noise.add_all_qubit_quantum_error(qiskit_noise.depolarizing_error(0.06, 1), ["rx"])

    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RZ(w[1], wires=0)
        qml.RX(w[2], wires=0)
        return qml.expval(qml.Z(0))

    w = np.array([0.9, 0.7, 0.4])
    truth = qfim_by_differences(lambda v: circuit(v), w)
    options = {"noise_model": noise, "seed_simulator": int(seed % 2**31)}
    device = qml.device("qiskit.aer", wires=2, optimization_level=0, **options)
    qnode = qml.set_shots(qml.QNode(circuit, device), shots=20_000)
    found = pt.measure_qfim(qnode, rescale=True, seed=1, method="overlap")(w)
    assert np.abs(found.raw - truth).max() > 0.05
    assert np.all(np.abs(found.value - truth) < 5 * found.stderr + 0.02)
    assert np.abs(found.value - truth).max() < np.abs(found.raw - truth).max() / 2
    assert np.all(found.survival < 0.95)
    assert any("model" in note for note in found.notes)
    assert any("noise" in note for note in pt.measure_qfim(qnode, method="overlap")(w).notes)


# -- mathematics without circuits ------------------------------------------------------------------


def test_moments_of_counts():
    """75 heads, 25 tails: mean ½, variance (1 − m²)/n but for four imagined shots."""
    mean, covariance = moments(np.array([[1, -1], [1, 1]]), np.array([75, 25]))
    np.testing.assert_allclose(mean, [0.5, 1.0])
    smooth = 50 / 104
    assert covariance[0, 0] == pytest.approx((1 - smooth**2) / 100)
    assert covariance[1, 1] > 0, "equal outcomes are no certainty"


def small() -> Quadratic:
    """Two nodes: means μ₀, μ₁ of one circuit with the product μ₂; C₀₁ = −μ₂."""
    return Quadratic(
        np.eye(2), np.array([0]), np.array([1]), np.array([2]), np.array([-1.0]),
        np.array([0, 1]), np.ones(2), np.ones((2, 2), bool), np.zeros((2, 2), int),
    )  # fmt: skip


def test_a_covariance_from_its_means():
    mu = np.array([0.3, -0.2, 0.5])
    expected = np.array([[1 - 0.09, -0.5 + 0.06], [-0.5 + 0.06, 1 - 0.04]])
    np.testing.assert_allclose(small().matrix(mu), expected)
    np.testing.assert_allclose(small().matrix(mu, np.array([11.0])), 1.1 * expected)


def test_derivatives_of_a_covariance(rng):
    mu, loading = rng.normal(size=3) / 3, rng.normal(size=(2, 2))
    slope = small().derivatives(mu, range(3), loading)
    for k, unit in enumerate(np.eye(3) * 1e-6):
        change = small().matrix(mu + unit) - small().matrix(mu - unit)
        np.testing.assert_allclose(slope[k], loading @ change @ loading.T / 2e-6, atol=1e-8)


def test_shots_go_where_the_error_is():
    moments_ = [np.diag([1.0, 0.0]), np.diag([0.0, 16.0])]
    shots = spread_shots(moments_, 1000)
    # λ_max of diag(1/n₀, 16/n₁) is least where both are equal: 1 : 16, but no circuit below ¼ even
    assert shots.sum() <= 1000 and shots[1] > 3 * shots[0]
    rho = worst_direction(moments_, np.array([500.0, 500.0]))
    assert np.trace(rho) == pytest.approx(1) and rho[1, 1] > 0.99


def test_a_depolarising_channel_is_taken_out_exactly():
    survival, n = 0.6, 3
    kept, back = np.array([0.4]), np.array([0.3])
    overlap = 2 * (survival * back + (1 - survival) / 2**n) - 1
    means = np.concatenate([survival * kept, overlap])
    found = undepolarised(means, np.full(2, survival), np.full(2, n), np.array([False, True]))
    np.testing.assert_allclose(found, [0.4, 2 * 0.3 - 1])
    mirror = survival + (1 - survival) / 2**n
    assert survival_of_mirror(np.array(mirror), np.array(n)) == pytest.approx(survival)


def test_intervals_of_entries_by_hand():
    found = MeasuredQFIM(
        value=np.eye(2), raw=np.eye(2), stderr=np.array([[0.1, 0.2], [0.2, 0.3]]),
        errors=ReplicateErrors(replicates=np.ones((1, 2, 2))), method="direct",
        structural_bound=2, parameters=("a", "b"), cost=Cost(), level=0.9,
        provenance=Provenance(shots=10),
    )  # fmt: skip
    for level, quantile in ((None, 1.6448536), (0.5, 0.6744898)):
        low, high = found.interval(level)
        np.testing.assert_allclose(low, np.eye(2) - quantile * found.stderr, rtol=1e-6)
        np.testing.assert_allclose(high, np.eye(2) + quantile * found.stderr, rtol=1e-6)


def three(w):
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=0)
    qml.RX(w[2], wires=0)


@pytest.mark.parametrize("excess", [0, 3000])
def test_a_quarter_of_the_shots_is_a_pilot_and_the_rest_is_as_wanted(excess, monkeypatch):
    """More than there is left is shared in proportion; what a circuit wants less is left."""
    w, shots = np.array([0.3, 0.9, 0.4]), 1000
    ask = pt.measure_qfim(qnode_of(three, shots, 1), allocation="adaptive", seed=5)
    count = pt.measure_qfim(qnode_of(three, shots, 1), seed=5).cost(w).circuits
    wanted = np.full(count, 500) + excess * np.arange(count)
    wanted[-1] = 200
    totals = []
    monkeypatch.setattr(qfim_run, "spread_shots", lambda _, total: totals.append(total) or wanted)
    told, found = ask.cost(w), ask(w)
    assert totals == [count * shots] and count > 2
    rest = np.maximum(wanted - 250, 0)
    if excess:
        rest = np.floor(rest * (750 * count / rest.sum()))
    expected = 250 + np.maximum(rest, 1)
    np.testing.assert_allclose(found.errors.shots, expected)
    assert found.cost.shots == expected.sum() and found.cost.circuits == 2 * count
    assert (told.circuits, told.shots, told.distinct_circuits) == (2 * count, 1000 * count, count)


def test_what_is_priced_is_a_pilot_of_a_quarter_and_the_rest():
    qnode = qnode_of(three, 1000, 1)
    ask = qfim_run.Ask(How(), False, "adaptive", 0.95)
    points = read_points(qnode, (np.array([0.3, 0.9, 0.4]),), {})
    ready = qfim_run.prepared(points, qnode, ask)
    count = ready.plan.n_circuits
    shots = [tape.shots.total_shots for tape in qfim_run.tapes_of(ready, ask)]
    assert count > 1 and shots == [250] * count + [750] * count


def test_means_without_outcomes_are_shrunk_as_if_by_four_shots():
    mean, covariance = _moments(Means(np.array([0.6, -1.0])), 20)
    assert mean.tolist() == [0.6, -1.0]
    expected = np.diag([1 - 0.5**2, 1 - (20 / 24) ** 2]) / 20
    np.testing.assert_allclose(covariance, expected)


def test_the_value_from_random_bases_is_the_mean_of_replicates():
    qnode = qnode_of(three, 100, 1)
    found = pt.measure_qfim(qnode, method="random-bases", n_bases=5, seed=2)(
        np.array([0.3, 0.9, 0.4])
    )
    assert found.errors.replicates.shape == (5, 3, 3)
    np.testing.assert_allclose(found.value, sum(found.errors.replicates) / 5)
