"""The searches, on arrays: Adam by hand, Levenberg–Marquardt beside SciPy, patience."""

from functools import partial

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.fitting import adam, fit, levenberg_marquardt, state_problem


def cosines(theta):
    """r = (cos θ₁ − 0.3, sin θ₂ + θ₁), with its derivative."""
    one, two = theta.T
    residual = np.stack([np.cos(one) - 0.3, np.sin(two) + one], 1)
    rows = [[-np.sin(one), 0 * one], [1 + 0 * one, np.cos(two)]]
    return residual, np.moveaxis(np.array(rows), -1, 0)


class TestAdam:
    def test_first_step_is_the_learning_rate_in_every_direction(self):
        """m̂/√v̂ = sign g at the first step, whatever the size of g."""
        start = np.array([[0.4, 0.2]])
        search = adam(cosines, start, 1, learning_rate=0.01)
        (residual,), (jacobian,) = cosines(start)
        step = -0.01 * np.sign(jacobian.T @ residual)
        assert np.allclose(search.points - start, step, atol=1e-9)

    @pytest.mark.parametrize("scale", [2 / 3, 1e-7], ids=["mean square", "as small as ε"])
    def test_steps_are_those_written_out_by_hand(self, rng, scale):
        """f(x; θ) = cos(x + θ) for x = 0, 1, 2: the derivative is −sin(x + θ)."""
        x, y, theta = np.arange(3.0), rng.normal(size=3), 0.7

        def evaluate(t):
            return np.cos(x + t) - y, -np.sin(x + t)[:, :, None]

        search = adam(evaluate, [[theta]], 5, learning_rate=0.05, scale=scale)
        m = v = 0.0
        losses = [np.sum((np.cos(x + theta) - y) ** 2) / 2]
        for t in range(1, 6):
            gradient = scale * np.sum((np.cos(x + theta) - y) * -np.sin(x + theta))
            m = 0.9 * m + 0.1 * gradient
            v = 0.999 * v + 0.001 * gradient**2
            theta -= 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            losses.append(np.sum((np.cos(x + theta) - y) ** 2) / 2)
        assert np.allclose(search.traces[0], losses, rtol=1e-12)

    def test_starts_do_not_touch_each_other(self, rng):
        starts = rng.normal(size=(4, 2))
        together = adam(cosines, starts, 400, 0.05, rtol=1e-3, patience=5)
        for number, start in enumerate(starts):
            alone = adam(cosines, start[None], 400, 0.05, rtol=1e-3, patience=5)
            assert np.allclose(together.points[number], alone.points[0])
            assert np.allclose(together.traces[number], alone.traces[0])
        assert len({len(trace) for trace in together.traces}) > 1, "they rest at different times"

    def test_the_best_point_is_kept(self):
        """The first step of 0.25 goes to 0.25, the next ones beyond the minimum at 0.3."""
        search = adam(lambda t: (t - 0.3, np.ones((len(t), 1, 1))), [[0.0]], 3, learning_rate=0.25)
        assert search.points[0, 0] == pytest.approx(0.25)
        assert search.losses[0] == np.min(search.traces[0]) < search.traces[0][-1]
        assert (search.points[0, 0] - 0.3) ** 2 / 2 == pytest.approx(search.losses[0])

    def test_at_the_solution_nothing_moves(self):
        search = adam(lambda t: (t - t, np.ones((len(t), 1, 1))), [[2.0], [3.0]], 5)
        assert search.converged.all()
        assert np.array_equal(search.points, [[2.0], [3.0]])

    def test_patience_counts_steps_that_do_not_help(self):
        """A constant loss never falls."""
        search = adam(lambda t: (1 + 0 * t, np.zeros((len(t), 1, 1))), [[0.0]], 50, patience=7)
        assert len(search.traces[0]) == 8
        assert search.converged[0]


class TestLevenbergMarquardt:
    def test_ends_where_scipy_ends(self, rng):
        from scipy.optimize import least_squares

        # residuals that cannot all vanish: a tanh curve through scattered points
        x = np.linspace(-2, 2, 12)
        y = 2 * np.tanh(0.8 * x) - 0.3 + 0.1 * rng.normal(size=12)
        start = np.array([1.0, 0.3, 0.1])

        def model(t):
            return t[0] * np.tanh(t[1] * x) + t[2] - y

        def evaluate(t):
            wave = np.tanh(t[:, 1:2] * x)
            slope = [wave, t[:, :1] * x * (1 - wave**2), np.ones_like(wave)]
            return t[:, :1] * wave + t[:, 2:] - y, np.stack(slope, -1)

        ours = levenberg_marquardt(evaluate, start[None], rtol=1e-14)
        theirs = least_squares(model, start, method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14)
        assert ours.losses[0] == pytest.approx(theirs.cost, rel=1e-9)
        assert np.allclose(evaluate(ours.points)[0][0], theirs.fun, atol=1e-5)

    @pytest.mark.parametrize("rtol", [0.0, 0.4])
    @pytest.mark.parametrize("start", [[0.4, 0.2], [0.05, 2.9]])
    def test_steps_are_those_written_out_by_hand(self, start, rtol):
        """Normal equations, ``λ`` from a hundredth of the mean square of a column of ``J``."""

        def at(theta):
            residual, jacobian = cosines(theta[None])
            return residual[0], jacobian[0], np.sum(residual**2) / 2

        theta = np.array(start)
        residual, jacobian, loss = at(theta)
        damping, losses, told = 0.01 * np.trace(jacobian.T @ jacobian) / 2, [loss], []
        for _ in range(9):
            square = jacobian.T @ jacobian + damping * np.eye(2)
            step = -np.linalg.solve(square, jacobian.T @ residual)
            promised = loss - np.sum((residual + jacobian @ step) ** 2) / 2
            told.append(len(told) + 1)
            last = promised <= rtol * loss
            if at(theta + step)[2] < loss:
                theta = theta + step
                residual, jacobian, loss = at(theta)
                losses.append(loss)
                damping /= 3
            else:
                damping *= 4
            if last:
                break
        reports = []
        search = levenberg_marquardt(cosines, [start], 9, rtol=rtol, report=reports.append)
        assert search.traces[0] == pytest.approx(losses, rel=1e-9)
        assert len(reports) == len(told)
        assert search.points[0] == pytest.approx(theta)

    @pytest.mark.parametrize("unit", [2.0**-14, 2.0**14])
    def test_units_of_the_residual_do_not_matter(self, unit):
        """Powers of two change no digit."""

        def evaluate(theta, unit=unit):
            residual, jacobian = cosines(theta)
            return unit * (residual - np.array([0.6, 0.0])), unit * jacobian

        plain = partial(evaluate, unit=1)
        one, two = (levenberg_marquardt(e, [[0.4, 0.2]], 60, rtol=0) for e in (plain, evaluate))
        assert np.array_equal(unit**2 * one.traces[0], two.traces[0])
        assert one.losses[0] < 1e-26, "as good as zero"

    def test_a_start_that_no_step_helps_rests_when_steps_are_nothing(self):
        """``λ = 4ᵏ/200`` is above 1e12 from ``k = 24`` on: the step after 24 others."""
        told = []
        search = levenberg_marquardt(
            lambda t: (1 + 0 * t, np.full((len(t), 1, 1), np.sqrt(0.5))),
            [[0.0]], 50, rtol=0, report=told.append,
        )  # fmt: skip
        assert (len(told), search.converged[0], search.points[0, 0]) == (25, True, 0)

    def test_patience_waits_for_small_steps_in_a_row(self):
        """No step promises to save all of the loss."""
        for patience in (1, 3):
            told = []
            options = {"rtol": 1 - 1e-12, "patience": patience, "report": told.append}
            levenberg_marquardt(cosines, [[2.0, 2.0]], **options)
            assert len(told) == patience

    def test_reports_every_step_and_all_of_them_at_rest(self):
        told = []
        levenberg_marquardt(cosines, [[2.0, 2.0], [0.1, 0.1]], 30, report=told.append)
        assert told == sorted(told)
        assert told[-1] == 60


def model(x, w):
    for layer in w[:-1]:
        qml.Rot(*layer, wires=0)
        qml.RX(x, wires=0)
    qml.Rot(*w[-1], wires=0)
    return qml.expval(qml.Z(0))


@pytest.mark.parametrize("readout", ["affine", "none"])
def test_adam_descends_along_the_gradient_of_the_mean_squared_error(rng, readout):
    """The gradient by differences of the QNode itself, with the best read-out of each point."""
    qnode = qml.QNode(model, qml.device("default.qubit", wires=1))
    x, y, w = np.linspace(0, 5, 9), rng.normal(size=9), rng.uniform(0, 6, (2, 3))

    def loss(w):
        f = qnode(x, w)
        if readout == "affine":
            f = np.polyval(np.polyfit(f, y, 1), f)
        return np.mean((f - y) ** 2)

    units, h = np.eye(6).reshape(6, 2, 3), 1e-6
    slope = np.array([(loss(w + h * u) - loss(w - h * u)) / (2 * h) for u in units])
    options = {"method": "adam", "readout": readout, "restarts": 1, "seed": 0}
    once = fit(qnode, x, y, "x", max_steps=1, learning_rate=1e-4, **options)(0.0, w)
    step = once.parameters - w.ravel()
    alive = np.abs(slope) > 1e-6
    assert alive.sum() >= 4
    assert np.allclose(step[alive], -1e-4 * np.sign(slope[alive]), rtol=1e-2)
    assert once.trace[0] == pytest.approx(loss(w))
    reading = read_qnode(qnode, (0.0, w), {}, "x")
    residual, jacobian = state_problem(reading, x, y, affine=readout == "affine").residuals(
        w.reshape(1, -1)
    )
    assert np.allclose(2 / 9 * np.einsum("dmp,dm->p", jacobian, residual), slope, atol=1e-7)


def test_adam_takes_the_mean_over_the_rows_fitted():
    """Where the gradient ``g`` is as small as ``ε = 1e-8``, a step is ``η g/(|g| + ε)``."""

    def wave(x, w):
        qml.RX(x, wires=0)
        qml.RX(w, wires=0)
        return qml.expval(qml.Z(0))

    x, held, off = np.linspace(0, 5, 9), np.arange(9) < 2, 2e-8
    options = {"method": "adam", "readout": "none", "restarts": 1, "seed": 0, "max_steps": 1}
    run = fit(
        *(qml.QNode(wave, qml.device("default.qubit", wires=1)), x, np.cos(x + 0.7), "x"),
        **(options | {"held_out": held, "learning_rate": 1e-8}),
    )
    step = run(0.0, 0.7 + off).parameters[0] - 0.7 - off
    gradient = 2 * off * np.mean(np.sin(x[~held] + 0.7) ** 2)
    assert step == pytest.approx(-1e-8 * gradient / (gradient + 1e-8), rel=1e-6)
