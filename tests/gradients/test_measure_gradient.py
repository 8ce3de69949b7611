"""Measured gradients: values within their errors, errors that match the spread, and cost."""

from __future__ import annotations

import json

import numpy as np
import pennylane as qml
import pytest
from scipy import stats

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.gradient_errors import GradientErrors
from pennylane_trainability.diagnostics.gradient_run import weighted


def rotated(shots: int | None = 400, seed: int = 0, wires=None):
    @qml.set_shots(shots)
    @qml.qnode(qml.device("default.qubit", wires=wires, seed=seed))
    def circuit(weights):
        qml.RX(weights[0], wires=0)
        qml.IsingXX(weights[1], wires=[0, 1])
        qml.CNOT([0, 1])
        qml.RY(weights[2], wires=1)
        return qml.expval(qml.Z(0) + 0.5 * qml.X(1))

    return circuit


WEIGHTS = np.array([0.4, 0.7, 0.3])


def exact(circuit, *args) -> np.ndarray:
    """By PennyLane's own back-propagation."""
    args = [qml.numpy.array(a) for a in args]
    return np.array(qml.jacobian(qml.set_shots(circuit, shots=None))(*args))


@pytest.mark.parametrize("method", ["shift", "commuting", "dla"])
def test_errors_match_the_spread_and_intervals_cover(method, seed):
    truth = exact(rotated(), WEIGHTS)
    found = [
        pt.measure_gradient(rotated(200, seed + k), method=method)(WEIGHTS) for k in range(100)
    ]
    values = np.array([m.value for m in found])
    spread = np.sqrt(np.mean((values - truth) ** 2, axis=0))
    stated = np.sqrt(np.mean([m.stderr**2 for m in found], axis=0))
    # the spread of 100 values is known to 7 %
    np.testing.assert_allclose(stated, spread, rtol=0.3)
    inside = [(m.interval()[0] <= truth) & (truth <= m.interval()[1]) for m in found]
    least = stats.binom.ppf(1e-4, len(found), 0.93)
    assert np.all(np.sum(inside, axis=0) >= least)


def test_the_covariance_is_that_of_repeats(seed):
    found = [
        pt.measure_gradient(rotated(300, seed + k), method="commuting")(WEIGHTS) for k in range(120)
    ]
    spread = np.cov(np.array([m.value for m in found]).T)
    stated = np.mean([m.covariance() for m in found], axis=0)
    np.testing.assert_allclose(np.diag(found[0].covariance()), found[0].stderr ** 2)
    scale = np.sqrt(np.outer(np.diag(stated), np.diag(stated)))
    np.testing.assert_allclose(spread / scale, stated / scale, atol=0.45)


def test_one_shot_of_a_rotation_has_the_variance_of_its_outcome():
    """``∂⟨Z⟩ = −⟨Y⟩`` for ``RX`` is read from one word: variance ``1 − sin²θ`` per shot."""
    shots = 100_000

    @qml.set_shots(shots)
    @qml.qnode(qml.device("default.qubit", seed=3))
    def circuit(angle):
        qml.RX(angle, wires=0)
        return qml.expval(qml.Z(0))

    found = pt.measure_gradient(circuit, method="commuting")(0.6)
    assert found.cost.circuits == 1
    assert found.value[0] == pytest.approx(-np.sin(0.6), abs=4 * found.stderr[0])
    assert found.stderr[0] == pytest.approx(np.cos(0.6) / np.sqrt(shots), rel=0.02)
    by_shift = pt.measure_gradient(circuit, method="shift")(0.6)
    # two circuits, ((1 − cos²(θ ± π/2)) · ¼ each: cos²θ/2 per shot of each circuit
    assert by_shift.stderr[0] == pytest.approx(np.cos(0.6) / np.sqrt(2 * shots), rel=0.02)


def test_several_results_come_one_after_another():
    @qml.set_shots(4000)
    @qml.qnode(qml.device("default.qubit", seed=5))
    def circuit(a, b):
        qml.RY(a, wires="p")
        qml.CNOT(["p", "q"])
        qml.RX(b, wires="q")
        return qml.expval(qml.Z("p")), qml.probs(wires=["p", "q"])

    found = pt.measure_gradient(circuit)(0.5, 1.1)
    assert found.value.shape == found.stderr.shape == (5, 2)
    truth = np.concatenate([np.reshape(part, (-1, 2)) for part in exact_parts(circuit, 0.5, 1.1)])
    assert np.all(np.abs(found.value - truth) <= 4.5 * found.stderr + 1e-12)
    np.testing.assert_allclose(found.value[1:].sum(axis=0), 0, atol=1e-12)  # probabilities


def exact_parts(circuit, *args):
    plain = qml.set_shots(circuit, shots=None)
    for k in range(2):
        columns = [
            qml.jacobian(lambda *a, k=k: plain(*a)[k], argnums=n)(*map(qml.numpy.array, args))
            for n in range(2)
        ]
        yield np.stack(columns, axis=-1)


def test_the_squared_norm_is_freed_from_the_noise(seed):
    truth = float(np.sum(exact(rotated(), WEIGHTS) ** 2))
    found = [
        pt.measure_gradient(rotated(50, seed + k), method="commuting")(WEIGHTS) for k in range(100)
    ]
    values = np.array([m.norm_squared().value for m in found])
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - truth) < 4 * error
    stated = np.sqrt(np.mean([m.norm_squared().stderr ** 2 for m in found]))
    assert stated == pytest.approx(values.std(), rel=0.3)


def test_derivatives_without_effect_do_not_move():
    @qml.set_shots(500)
    @qml.qnode(qml.device("default.qubit", seed=1))
    def circuit(weights):
        qml.RY(weights[0], wires=0)
        qml.RY(weights[1], wires=1)  # nobody looks at this wire
        return qml.expval(qml.Z(0))

    found = pt.measure_gradient(circuit)(np.array([1.0, 0.4]))
    assert found.moving().tolist() == [True, False]
    assert found.value[1] == found.stderr[1] == 0


def test_cost_is_known_before_and_nothing_is_run():
    device = qml.device("default.qubit", seed=1)
    circuit = qml.set_shots(qml.QNode(rotated().func, device), shots=100)
    measure = pt.measure_gradient(circuit, method="shift")
    with qml.Tracker(device) as tracker:
        cost = measure.cost(WEIGHTS)
        assert tracker.totals == {}
        found = measure(WEIGHTS)
    assert found.cost.circuits == cost.circuits == tracker.totals["simulations"]
    assert found.cost.shots == tracker.totals["shots"]
    assert found.cost.executions == 1
    with pytest.raises(pt.BudgetError, match=f"max_circuits={cost.circuits}"):
        pt.measure_gradient(circuit, method="shift", max_circuits=1)(WEIGHTS)
    with pytest.raises(pt.BudgetError, match="max_shots"):
        pt.measure_gradient(circuit, method="shift", max_shots=150)(WEIGHTS)


def test_weighted_shots_keep_the_total_and_lower_the_variance():
    slopes = [np.full((1, 1, 1), s) for s in (1.0, 0.1, 3.0)]
    shots = weighted(slopes, 1000)
    assert shots.sum() <= 3000 and shots.min() >= 10
    assert np.sum([s.item() ** 2 / n for s, n in zip(slopes, shots, strict=True)]) < (
        np.sum([s.item() ** 2 / 1000 for s in slopes])
    )
    assert weighted([np.zeros((1, 1, 1))] * 2, 50).tolist() == [50, 50]
    tight = weighted([np.full((1, 1, 1), s) for s in (1e-6, 1e-6, 1.0)], 11)
    assert tight.sum() <= 33 and tight.min() >= 10


def test_weighted_shots_are_run_and_stated():
    @qml.set_shots(300)
    @qml.qnode(qml.device("default.qubit", seed=1))
    def circuit(weights):
        qml.RX(weights[0], wires=0)
        qml.RY(weights[1], wires=0)
        return qml.expval(3 * qml.Z(0) + 0.1 * qml.X(0))

    weights = np.array([0.3, 0.4])
    even = pt.measure_gradient(circuit, method="shift", grouping="qubit-wise")(weights)
    own = pt.measure_gradient(
        circuit, method="shift", grouping="qubit-wise", allocation="weighted"
    )(weights)
    assert own.cost.shots <= even.cost.shots == 300 * even.cost.circuits
    assert len(set(own.provenance.shots)) > 1
    assert np.sum(own.stderr**2) < np.sum(even.stderr**2)


def test_means_are_enough():
    found = pt.measure_gradient(rotated(2000, 4), read_out="means")(WEIGHTS)
    truth = exact(rotated(), WEIGHTS)
    assert np.all(np.abs(found.value - truth) < 4.5 * found.stderr)
    assert any("means only" in note for note in found.notes)


def test_shots_for_an_error_scale_as_they_should():
    found = pt.measure_gradient(rotated(400, 2))(WEIGHTS)
    needed = found.shots_for(float(found.stderr.max()) / 2)
    assert needed == pytest.approx(1600, abs=1)
    with pytest.raises(ValueError, match="positive"):
        found.shots_for(0)


def test_means_without_counts_have_the_error_of_a_word():
    errors = GradientErrors(
        slopes=(np.array([[[2.0]]]),),
        values=(np.array([[0.5]]),),
        weights=(np.zeros(0),),
        shots=np.array([1e6]),
    )
    assert errors.variances()[0, 0] == pytest.approx(4 * 0.75 / 1e6, rel=1e-4)
    assert errors.covariance()[0, 0] == pytest.approx(4 * 0.75 / 1e6, rel=1e-4)


def test_the_record_prints_itself_and_is_strict_json():
    found = pt.measure_gradient(rotated())(WEIGHTS)
    text = str(found)
    assert "Measured gradient" in text and "standard error" in text and "circuit" in text
    json.dumps(found.to_dict(), allow_nan=False)
    with pytest.raises(ValueError):
        found.value[0] = 1.0


def test_nothing_of_the_user_changes(global_state_unchanged):
    circuit = rotated()
    before = dict(vars(circuit))
    weights = WEIGHTS.copy()
    pt.measure_gradient(circuit)(weights)
    assert vars(circuit) == before
    np.testing.assert_array_equal(weights, WEIGHTS)


@pytest.mark.parametrize(
    ("change", "options", "error", "remedy"),
    [
        pytest.param({"shots": None}, {}, pt.ReadingError, "set_shots", id="no shots"),
        pytest.param({"shots": [10, 20]}, {}, pt.ReadingError, "one number", id="shot vector"),
        pytest.param({"shots": 5}, {}, pt.ReadingError, "at least 10", id="few shots"),
        pytest.param({}, {"level": 2}, ValueError, "between 0 and 1", id="level"),
        pytest.param({}, {"allocation": "odd"}, ValueError, "even", id="allocation"),
        pytest.param({}, {"method": "magic"}, pt.ReadingError, "auto", id="method"),
        pytest.param({}, {"read_out": "eyes"}, pt.ReadingError, "counts", id="read-out"),
    ],
)
def test_bad_input_says_what_to_do(change, options, error, remedy):
    circuit = qml.set_shots(rotated(), shots=change.get("shots", 100))
    with pytest.raises(error, match=remedy):
        pt.measure_gradient(circuit, **options)(WEIGHTS)


def test_a_device_without_a_spare_wire_is_told_what_needs_none():
    circuit = rotated(wires=2)
    with pytest.raises(pt.ReadingError, match="shift"):
        pt.measure_gradient(circuit, method="commuting")(WEIGHTS)
    assert pt.measure_gradient(circuit)(WEIGHTS).method in ("shift", "dla")


def test_points_are_taken_one_at_a_time():
    with pytest.raises(pt.ReadingError, match="broadcasting axis"):
        pt.measure_gradient(rotated())(np.ones((3, 5)))


def chain(shots=200, seed=1):
    @qml.set_shots(shots)
    @qml.qnode(qml.device("default.qubit", seed=seed))
    def circuit(weights):
        for layer in weights:
            for w in range(3):
                qml.RX(layer[w], wires=w)
            for w in range(2):
                qml.IsingZZ(layer[3 + w], wires=[w, w + 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return circuit


@pytest.mark.slow
def test_shadows_have_errors_of_their_own(rng, seed):
    weights = rng.uniform(0, 6, (3, 5))
    truth = exact(chain(), weights).ravel()
    scores = []
    for k in range(12):
        measure = pt.measure_gradient(
            chain(seed=seed + k), method="dla", read_out="shadows", n_bases=150, seed=k
        )
        found = measure(weights)
        assert found.provenance.seed == k
        live = found.stderr > 0
        scores.append((found.value - truth)[live] / found.stderr[live])
        np.testing.assert_allclose(found.value[~live], truth[~live], atol=1e-12)
    assert 0.7 < np.std(np.concatenate(scores)) < 1.3


def test_a_truncated_gradient_says_how_far_it_can_be_off(rng):
    weights = rng.uniform(0, 6, (3, 5))
    found = pt.measure_gradient(chain(20_000), method="dla", truncation=0.1)(weights)
    off = np.abs(found.value - exact(chain(), weights).ravel())
    assert found.bound.max() > 0
    assert np.all(off <= found.bound + 4.5 * found.stderr + 1e-12)
    assert "truncation" in str(found)
    low, high = found.interval()
    np.testing.assert_array_less(2 * found.bound - 1e-12, high - low)
    assert not pt.measure_gradient(chain(), method="dla")(weights).bound.any()


def test_weighted_shots_are_in_proportion():
    slopes = [np.full((1, 2, 2), s) for s in (1.5, 0.5)]
    assert weighted(slopes, 400).tolist() == [600, 200]


@pytest.mark.parametrize("read_out", ["counts", "shadows"])
def test_the_value_is_what_the_errors_say_that_means_contribute(read_out):
    """Words that several random bases read join with a share of each."""
    ask = {"method": "dla", "read_out": read_out}
    if read_out == "shadows":
        ask |= {"n_bases": 40, "seed": 2}
    found = pt.measure_gradient(rotated(100), **ask)(WEIGHTS)
    errors = found.errors
    means = [v @ w / w.sum() for v, w in zip(errors.values, errors.weights, strict=True)]
    total = sum(slope @ mean for slope, mean in zip(errors.slopes, means, strict=True))
    np.testing.assert_allclose(np.ravel(total), found.value, atol=1e-12)
    assert (len(errors.slopes) > 4) == (read_out == "shadows")
