"""Parts drawn shot by shot: unbiased, with the noise of the draw, and nothing run in vain."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from density_zoo import turn
from support import count_executions

import pennylane_trainability as pt
from pennylane_trainability.density.randomised import spread

ALPHA = np.array([0.3, 0.7])


def model_of(seed, shots, count=2, device_seed=None, **options):
    device = qml.device("default.qubit", seed=seed if device_seed is None else device_seed)
    return pt.density_qnode(
        [turn] * count, own=0, method="randomised", device=device, seed=seed, shots=shots, **options
    )


def variance_band(values, expected):
    """A sample variance of ``R`` nearly normal values is off by ``√(2/R)``; four of these."""
    ratio = np.var(values, ddof=1) / expected
    assert abs(ratio - 1) < 4 * np.sqrt(2 / len(values)), ratio


@pytest.mark.parametrize(
    "angles",
    [
        pytest.param([0.0, np.pi], id="all noise is in the draw"),
        pytest.param([np.pi / 2, np.pi / 2], id="all noise is in the outcomes"),
        pytest.param([0.4, 1.9], id="both"),
    ],
)
def test_a_shot_is_an_outcome_of_the_mixture(angles, seed):
    """Mean f and variance (1 − f²)/N: without the draw the first case would have none."""
    copies, shots = 300, 50
    values = np.array(model_of(seed, ((shots, copies),))(ALPHA, np.array(angles)))
    f = ALPHA @ np.cos(angles)
    error = np.sqrt((1 - f**2) / shots)
    assert abs(values.mean() - f) < 4 * error / np.sqrt(copies)
    variance_band(values, error**2)


def test_probabilities_are_those_of_the_mixture(seed):
    copies, shots = 400, 30

    def circuit(angle):
        qml.RX(angle, wires=0)
        return qml.probs(wires=0)

    device = qml.device("default.qubit", seed=seed)
    model = pt.density_qnode(
        [circuit] * 2, own=0, method="randomised", device=device, seed=seed,
        shots=((shots, copies),),
    )  # fmt: skip
    values = np.array(model(ALPHA, np.array([0.4, 1.9])))
    p = ALPHA @ np.cos(np.array([0.2, 0.95])) ** 2
    np.testing.assert_allclose(values.sum(axis=1), 1.0, atol=1e-12)
    assert abs(values[:, 0].mean() - p) < 4 * np.sqrt(p * (1 - p) / shots / copies)
    variance_band(values[:, 0], p * (1 - p) / shots)


def test_points_of_a_batch_are_drawn_for_themselves(seed):
    """Equal points, no noise in the outcomes: what differs between them is the draw."""
    size, shots = 300, 40

    def circuit(angle, x):
        qml.RX(angle, wires=0)
        qml.RZ(x, wires=0)
        return qml.expval(qml.Z(0))

    model = pt.density_qnode(
        [circuit] * 2, own=0, method="randomised", seed=seed, shots=shots,
        device=qml.device("default.qubit", seed=seed),
    )  # fmt: skip
    values = model(ALPHA, np.array([0.0, np.pi]), np.zeros(size))
    f = ALPHA[0] - ALPHA[1]
    variance_band(values, (1 - f**2) / shots)


def test_gradients_are_unbiased(seed):
    """∂f/∂α_k = cos θ_k and ∂f/∂θ_k = −α_k sin θ_k, from few shots."""
    repeats, angles = 150, np.array([0.4, 1.9])
    model = model_of(seed, 12, diff_method="parameter-shift")
    alpha = qml.numpy.array(ALPHA, requires_grad=True)
    trained = qml.numpy.array(angles, requires_grad=True)
    found = [qml.grad(model)(alpha, trained) for _ in range(repeats)]
    for number, expected in enumerate((np.cos(angles), -ALPHA * np.sin(angles))):
        samples = np.array([entry[number] for entry in found])
        error = samples.std(axis=0, ddof=1) / np.sqrt(repeats)
        assert np.all(error < 0.1)
        np.testing.assert_array_less(np.abs(samples.mean(axis=0) - expected), 4.5 * error)


def test_gradients_by_logits_are_unbiased(seed):
    """α_k (f_k − f)."""
    repeats, angles = 150, np.array([0.4, 1.9])
    model = model_of(seed, 12, weights="softmax", diff_method="parameter-shift")
    logits = qml.numpy.array(np.log(ALPHA), requires_grad=True)
    fixed = qml.numpy.array(angles, requires_grad=False)
    samples = np.array([qml.grad(model)(logits, fixed) for _ in range(repeats)])
    expected = ALPHA * (np.cos(angles) - ALPHA @ np.cos(angles))
    error = samples.std(axis=0, ddof=1) / np.sqrt(repeats)
    np.testing.assert_array_less(np.abs(samples.mean(axis=0) - expected), 4.5 * error)


def test_parts_without_shots_are_not_run(seed):
    model = model_of(seed, 10, count=3)
    sizes = count_executions(model.device)
    with qml.Tracker(model.device) as tracker:
        value = model(np.array([0.0, 1.0, 0.0]), np.array([1.0, np.pi, 2.0]))
    assert sizes == [1] and tracker.totals["shots"] == 10
    assert value == -1.0


def test_shots_add_up_whatever_is_drawn(seed):
    model = model_of(seed, 7, count=5)
    with qml.Tracker(model.device) as tracker:
        model(np.full(5, 0.2), np.zeros(5))
    assert tracker.totals["shots"] == 7
    assert tracker.totals["executions"] <= 5


def test_the_draw_is_a_multinomial_one(rng):
    """Covariances of the shots: N (α_j δ_jk − α_j α_k)."""
    alpha, shots = np.array([0.2, 0.5, 0.3]), 20
    drawn = np.array([spread(alpha, shots, rng)[0] for _ in range(4000)])
    expected = shots * (np.diag(alpha) - np.outer(alpha, alpha))
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=0.35)
    np.testing.assert_allclose(drawn.mean(axis=0), shots * alpha, atol=0.15)


def test_a_seed_repeats_a_model_and_calls_of_a_model_differ():
    """Angles 0 and π: the value shows the draw and nothing else."""
    call = ALPHA, np.array([0.0, np.pi])
    first, second = model_of(3, 1000), model_of(3, 1000, device_seed=4)
    values = [first(*call) for _ in range(6)]
    assert values == [second(*call) for _ in range(6)]
    assert len(set(values)) > 1
    assert first.func.mixture.seed == 3


def test_a_seed_that_was_drawn_is_kept():
    call = ALPHA, np.array([0.0, np.pi])
    model = model_of(None, 1000, device_seed=1)
    values = [model(*call) for _ in range(3)]
    again = model_of(model.func.mixture.seed, 1000, device_seed=1)
    assert values == [again(*call) for _ in range(3)]


@pytest.mark.usefixtures("global_state_unchanged")
def test_global_generators_are_left_alone():
    model_of(None, 100, device_seed=1)(ALPHA, np.array([0.1, 0.2]))
