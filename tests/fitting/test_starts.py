"""All starts of a fit: what is reached, when, how often, and what stays as it was."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.fitting import Starts, fit, state_problem, steps_to, success_rate
from pennylane_trainability.fitting.problem import draw_starts
from pennylane_trainability.results import Provenance


def model(x, w):
    for layer in w[:-1]:
        qml.Rot(*layer, wires=0)
        qml.RX(x, wires=0)
    qml.Rot(*w[-1], wires=0)
    return qml.expval(qml.Z(0))


def two_wires(x, w):
    """Shape (2, 1): one encoding layer on two wires."""
    for layer in range(2):
        for wire in range(2):
            qml.Rot(*w[layer, wire], wires=wire)
        qml.CNOT([0, 1])
        if layer == 0:
            qml.RX(x, wires=0)
            qml.RX(x, wires=1)
    return qml.expval(qml.Z(1))


def on(function, wires=1):
    return qml.QNode(function, qml.device("default.qubit", wires=wires))


def made_up(traces, threshold=0.95, variance=2.0):
    losses = np.array([min(trace) for trace in traces])
    none = np.zeros(len(losses))
    return Starts(
        points=none[:, None],
        gains=none,
        offsets=none,
        losses=losses,
        traces=tuple(map(np.array, traces)),
        converged=none == 0,
        variance=variance,
        threshold=threshold,
        method="adam",
        provenance=Provenance(seed=1),
    )


class TestThreshold:
    def test_steps_on_traces_written_down(self):
        """R² ≥ 0.95 with variance 2 is a mean squared error of at most 0.1."""
        found = made_up([[3, 1, 0.11, 0.09, 0.05], [0.05, 0.01], [2, 1], [1, 0.05, 0.5, 0.04]])
        assert np.array_equal(found.steps_to_threshold, [3, 0, np.nan, 1], equal_nan=True)
        assert np.array_equal(found.steps, [4, 1, 1, 3])
        assert np.array_equal(found.succeeded, [True, True, False, True])
        assert np.allclose(found.r2, [0.975, 0.995, 0.5, 0.98])
        assert found.best == 1
        assert found.success().value == 0.75

    def test_reached_exactly_counts(self):
        assert steps_to([np.array([1.0, 0.5])], 0.5) == [1]

    def test_as_good_as_the_best_is_beside_the_variance(self):
        """Rounding of losses is a share of the variance of the targets, here 1e-4."""
        assert made_up([[1e-6 + 1e-10], [1e-6]], variance=1e-4).best == 1
        assert made_up([[1e-6 + 1e-14], [1e-6]], variance=1e-4).best == 0

    def test_constant_targets_have_no_steps(self):
        found = made_up([[0.0]], variance=0.0)
        assert np.isnan(found.r2).all()
        assert np.isnan(found.steps_to_threshold).all()

    def test_prints_the_share_with_its_interval(self):
        text = str(made_up([[3, 0.05], [2, 1]]))
        assert "0.5 [0.09453, 0.9055] at 95 %, median 1 steps" in text

    @pytest.mark.parametrize(("successes", "n"), [(0, 5), (3, 8), (8, 8)])
    def test_wilson_interval_solves_its_quadratic(self, successes, n):
        """The ends p satisfy (p̂ − p)² = z² p(1 − p)/n."""
        rate = success_rate(np.arange(n) < successes, level=0.9)
        for end in (rate.low, rate.high):
            score = (rate.value - end) ** 2 - 1.6448536269514722**2 * end * (1 - end) / n
            assert score == pytest.approx(0, abs=1e-12)
        assert rate.low <= successes / n <= rate.high


class TestPlantedModels:
    @pytest.mark.parametrize("method", ["levenberg-marquardt", "adam"])
    def test_gain_and_offset_are_recovered(self, rng, method):
        """cos(x + θ) on one wire: three times it plus one half is fitted from any start."""

        def wave(x, w):
            qml.RX(x, wires=0)
            qml.RX(w, wires=0)
            return qml.expval(qml.Z(0))

        x = np.linspace(0, 6, 25)
        y = 3 * np.cos(x + 0.9) + 0.5
        run = fit(on(wave), x, y, "x", seed=1, restarts=5, method=method, learning_rate=0.05)
        found = run(0.0, 0.3)
        assert found.success().value == 1
        assert np.all(found.starts.r2 > 0.9999)
        assert np.allclose(np.abs(found.starts.gains), 3, atol=1e-2)
        assert np.allclose(found.starts.offsets, 0.5, atol=1e-2)
        # cos(x + θ + π) = −cos(x + θ): the sign of the gain says which of the two
        turned = np.where(found.starts.gains > 0, 0, np.pi) + 0.9
        assert np.allclose(np.cos(found.starts.points[:, 0] - turned), 1, atol=1e-4)

    def test_several_starts_reach_targets_of_the_same_circuit(self, rng, seed):
        planted, given = rng.uniform(0, 2 * np.pi, (2, 2, 2, 3))
        x = np.linspace(0, 2 * np.pi, 11, endpoint=False)
        qnode = on(two_wires, 2)
        y = np.array([0.4 * qnode(at, planted) - 1 for at in x])
        found = fit(qnode, x, y, "x", seed=seed, restarts=12, threshold=0.9999)(0.0, given)
        assert found.starts.succeeded.sum() >= 3
        assert found.r2 > 0.9999
        assert found.steps_to_threshold.shape == (12,)

    def test_on_a_uniform_grid_it_is_least_squares_of_coefficients(self, rng):
        """Parseval: mean squared error = Σ |c_k − c*_k|², by the Fourier transform of the QNode."""
        qnode, w = on(model), rng.uniform(0, 6, (3, 3))
        x = 2 * np.pi * np.arange(9) / 9
        c = rng.normal(size=3) + 1j * rng.normal(size=3)
        y = 0.3 + sum(2 * (c[k] * np.exp(1j * (k + 1) * x)).real for k in range(3))
        target = np.concatenate([[0.3], c, [0], [0], c[::-1].conj()])
        run = fit(qnode, x, y, "x", seed=0, restarts=1, readout="none", max_steps=3)
        found = run(0.0, w)
        coefficients = np.fft.fft(qnode(x, w)) / 9  # degree 2, target of degree 3, nine points
        expected = np.sum(np.abs(coefficients - target) ** 2)
        assert found.trace[0] == pytest.approx(expected, rel=1e-9)


class TestRecord:
    def test_all_starts_are_kept_and_the_best_is_one_of_them(self, rng):
        x, y = np.linspace(0, 6, 12), rng.normal(size=12)
        found = fit(on(model), x, y, "x", seed=5, restarts=7)(0.0, rng.uniform(0, 6, (3, 3)))
        starts = found.starts
        assert starts.points.shape == (7, 9)
        assert len(starts.traces) == 7
        best = starts.best
        assert np.array_equal(found.parameters, starts.points[best])
        assert found.gain == starts.gains[best]
        assert found.r2 == pytest.approx(starts.r2[best])
        assert found.iterations == starts.steps[best]
        assert np.array_equal(found.trace, starts.traces[best])
        assert np.allclose(starts.losses, [trace[-1] for trace in starts.traces])
        assert found.provenance.n_samples == 7

    def test_more_starts_keep_the_same_first_ones(self, rng):
        x, y, w = np.linspace(0, 6, 12), rng.normal(size=12), rng.uniform(0, 6, (3, 3))
        options = {"encoding_args": "x", "seed": 5, "max_steps": 0}
        few, many = (fit(on(model), x, y, restarts=n, **options)(0.0, w) for n in (1, 4))
        assert np.array_equal(few.parameters, w.ravel())
        assert np.array_equal(many.starts.points[0], w.ravel())

    def test_small_memory_only_cuts_into_blocks(self, rng):
        x, y, w = np.linspace(0, 6, 12), rng.normal(size=12), rng.uniform(0, 6, (3, 3))
        options = {"encoding_args": "x", "seed": 5, "restarts": 4, "max_steps": 3}
        one = fit(on(model), x, y, **options)(0.0, w)
        two = fit(on(model), x, y, memory=20_000, **options)(0.0, w)
        assert np.allclose(one.starts.points, two.starts.points, atol=1e-8)


def test_a_constant_output_is_moved_a_tenth_and_drawn_again_as_often_as_said(rng):
    """Without any rotation before it the encoding has no effect."""

    def flat(x, w):
        for angle in w:
            qml.RY(angle, wires=0)
        qml.RZ(x, wires=0)
        qml.RY(np.sum(w), wires=0)
        return qml.expval(qml.Z(0))

    reading = read_qnode(on(flat), (0.0, np.zeros(60)), {}, "x")
    problem = state_problem(reading, np.linspace(0, 6, 9), rng.normal(size=9))
    starts = draw_starts(problem, 2, np.random.default_rng(3), attempts=1)
    assert starts.shape == (2, 60)
    assert np.std(starts[0]) == pytest.approx(0.1, rel=0.3)
    assert np.std(starts[1]) > 1
    assert len(draw_starts(problem, 2, np.random.default_rng(3), attempts=0)) == 1
