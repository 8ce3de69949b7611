"""Least-squares fits: the arrays by closed forms, the QNodes by planted models."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.fitting import fit, levenberg_marquardt, r_squared, read_out


def reuploading(x, w):
    for layer in w[:-1]:
        qml.Rot(*layer, wires=0)
        qml.RX(x, wires=0)
    qml.Rot(*w[-1], wires=0)
    return qml.expval(qml.Z(0))


def on(device="default.qubit", function=reuploading):
    return qml.QNode(function, qml.device(device, wires=1))


QNODE = on()  # a device draws a seed from the global generator when it is made


class TestReadOut:
    def test_is_weighted_linear_regression(self, rng):
        f, targets = rng.normal(size=(1, 20)), rng.normal(size=20)
        weights = rng.integers(1, 5, 20)
        gain, offset, residual, _ = read_out(f, np.zeros((1, 20, 1)), targets, weights)
        # repeated rows instead of weights
        slope, intercept = np.polyfit(np.repeat(f[0], weights), np.repeat(targets, weights), 1)
        assert np.allclose([gain[0], offset[0]], [slope, intercept])
        assert np.allclose(residual[0], np.sqrt(weights) * (slope * f[0] + intercept - targets))

    def test_derivative_is_that_of_the_residual(self, rng):
        """f(θ) = A sin θ, so ∂f = A cos θ; the residual is moved by ±h."""
        A, targets = rng.normal(size=(15, 4)), rng.normal(size=15)
        weights, theta, h = rng.uniform(0.5, 2, 15), rng.normal(size=4), 1e-6

        def at(theta):
            f = A @ np.sin(theta)
            return read_out(f[None], (A * np.cos(theta))[None], targets, weights)

        for p, unit in enumerate(np.eye(4)):
            moved = (at(theta + h * unit)[2] - at(theta - h * unit)[2]) / (2 * h)
            assert np.allclose(moved, at(theta)[3][:, :, p], atol=1e-7)

    def test_constant_output_has_no_gain(self, rng):
        gain, offset, residual, derivative = read_out(
            np.full((1, 3), 0.7), rng.normal(size=(1, 3, 2)), np.array([1.0, 2.0, 6.0]), np.ones(3)
        )
        assert (gain[0], offset[0]) == (0.0, 3.0)
        assert np.allclose(residual, [[2, 1, -3]])
        assert not derivative.any()

    @pytest.mark.parametrize(("spread", "gain"), [(1e-7, 0.0), (1e-5, 1e5)])
    def test_constant_is_what_varies_by_less_than_a_millionth(self, spread, gain):
        """However many rows there are: a variance of 1e-14 or 1e-10 beside 1e-12."""
        f, targets = 0.7 + spread * np.array([[-1.0, 1.0]]), np.array([1.0, 3.0])
        found, offset, _, _ = read_out(f, np.zeros((1, 2, 1)), targets, np.full(2, 1000.0))
        assert found[0] == pytest.approx(gain)
        assert offset[0] == pytest.approx(2 - 0.7 * gain)

    def test_none_is_the_plain_residual(self, rng):
        f, jacobian = rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 4))
        gain, offset, residual, derivative = read_out(f, jacobian, np.ones(3), np.ones(3), False)
        assert np.array_equal(gain, [1, 1])
        assert np.array_equal(offset, [0, 0])
        assert np.allclose(residual, f - 1)
        assert np.array_equal(derivative, jacobian)


class TestLevenbergMarquardt:
    def test_linear_problem_from_many_starts(self, rng):
        A, b = rng.normal(size=(8, 3)), rng.normal(size=8)
        search = levenberg_marquardt(
            lambda t: (t @ A.T - b, np.tile(A, (len(t), 1, 1))), rng.normal(size=(4, 3))
        )
        solution, rest, *_ = np.linalg.lstsq(A, b, rcond=None)
        assert np.allclose(search.points, solution, atol=1e-4)
        assert np.allclose(search.losses, rest / 2)
        assert search.converged.all()

    def test_rosenbrock(self):
        """r = (10(y − x²), 1 − x) vanishes at (1, 1) alone."""

        def evaluate(t):
            x, y = t.T
            zero = np.zeros_like(x)
            residual = np.stack([10 * (y - x**2), 1 - x], 1)
            rows = [[-20 * x, 10 + zero], [zero - 1, zero]]
            return residual, np.moveaxis(np.array(rows), -1, 0)

        search = levenberg_marquardt(evaluate, np.array([[-1.2, 1.0], [3.0, -2.0]]))
        assert np.allclose(search.points, 1, atol=1e-6)

    def test_losses_only_fall(self, rng):
        A = rng.normal(size=(6, 3))
        search = levenberg_marquardt(
            lambda t: (np.sin(t) @ A.T - 1, A * np.cos(t)[:, None]), rng.normal(size=(5, 3))
        )
        for trace, loss in zip(search.traces, search.losses, strict=True):
            assert np.all(np.diff(trace) < 0)
            assert trace[-1] == loss

    def test_directions_without_effect_stay(self):
        search = levenberg_marquardt(
            lambda t: (t[:, :1] - 2, np.tile([[1.0, 0.0]], (len(t), 1, 1))), np.array([[0.0, 0.3]])
        )
        assert search.points[0] == pytest.approx([2, 0.3], abs=1e-5)

    def test_zero_jacobian_comes_to_rest(self):
        search = levenberg_marquardt(
            lambda t: (np.ones((len(t), 2)), np.zeros((len(t), 2, 1))), np.zeros((1, 1))
        )
        assert search.converged[0]
        assert search.points[0, 0] == 0


class TestFit:
    @pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
    def test_planted_model_is_found(self, rng, seed, device):
        planted, given = rng.uniform(0, 2 * np.pi, (2, 4, 3))
        x = np.linspace(0, 6, 30)
        y = -3.0 * on()(x, planted) + 0.4
        found = fit(on(device), x, y, encoding_args="x", seed=seed)(0.0, given)
        assert found.r2 > 0.999
        assert found.arguments.shape == (4, 3)
        again = found.gain * on()(x, found.arguments) + found.offset
        assert np.allclose(again, found.fitted)

    def test_without_read_out(self, rng, seed):
        planted, given = rng.uniform(0, 2 * np.pi, (2, 4, 3))
        x = np.linspace(0, 6, 30)
        run = fit(on(), x, on()(x, planted), encoding_args="x", seed=seed, readout="none")
        found = run(0.0, given)
        assert found.r2 > 0.999
        assert (found.gain, found.offset) == (1.0, 0.0)

    def test_repeated_inputs_count_as_often_as_they_come(self, rng):
        """cos x alone on three inputs: the fit is a regression of all rows on cos x."""
        x = np.repeat([0.0, 1.0, 2.5], [1, 5, 3])
        y = rng.normal(size=9)

        def cosine(x, w):
            qml.RX(x, wires=0)
            qml.RZ(w, wires=0)
            return qml.expval(qml.Z(0))

        found = fit(on(function=cosine), x, y, encoding_args="x", seed=0)(0.0, 0.3)
        slope, intercept = np.polyfit(np.cos(x), y, 1)
        assert found.distinct == 3
        assert [found.gain, found.offset] == pytest.approx([slope, intercept])
        assert found.trace[-1] == pytest.approx(np.mean((y - found.fitted) ** 2))
        assert found.r2 == pytest.approx(np.corrcoef(np.cos(x), y)[0, 1] ** 2)

    def test_rows_held_out_do_not_matter(self, rng):
        x, y = np.linspace(0, 6, 20), rng.normal(size=20)
        held = np.arange(20) >= 15
        other = np.where(held, 99.0, y)
        given = rng.uniform(0, 2 * np.pi, (3, 3))
        options = {"encoding_args": "x", "seed": 1, "restarts": 2, "held_out": held}
        one, two = (fit(on(), x, t, **options)(0.0, given) for t in (y, other))
        assert np.array_equal(one.parameters, two.parameters)
        assert one.r2_held_out == r_squared(y[held], one.fitted[held])

    def test_same_seed_same_fit(self, rng):
        x, y = np.linspace(0, 6, 12), rng.normal(size=12)
        given = rng.uniform(size=(2, 3))
        one = fit(on(), x, y, encoding_args="x", restarts=2)(0.0, given)
        two = fit(on(), x, y, encoding_args="x", restarts=2, seed=one.provenance.seed)(0.0, given)
        assert one.to_dict() == two.to_dict()

    def test_two_inputs(self, rng, seed):
        def model(x, w):
            qml.RY(w[0], wires=0)
            qml.RX(x[0], wires=0)
            qml.RY(w[1], wires=0)
            qml.RX(x[1], wires=0)
            qml.RY(w[2], wires=0)
            return qml.expval(qml.Z(0))

        qnode = qml.QNode(model, qml.device("default.qubit", wires=1))
        x = rng.uniform(0, 6, (25, 2))
        y = [2 * qnode(row, np.array([0.3, 1.0, 2.0])) for row in x]
        found = fit(qnode, x, y, encoding_args="x", seed=seed)(np.zeros(2), np.ones(3))
        assert found.r2 > 0.999

    def test_flat_start_is_moved(self, seed):
        """At θ = 0 the state never leaves the eigenstate of the encoding."""

        def model(x, w):
            qml.RY(w[0], wires=0)
            qml.RZ(x, wires=0)
            qml.RY(w[1], wires=0)
            return qml.expval(qml.Z(0))

        x = np.linspace(0, 6, 20)
        run = fit(on(function=model), x, np.cos(x), encoding_args="x", seed=seed, restarts=1)
        assert run(0.0, np.zeros(2)).r2 > 0.999

    def test_arguments_and_global_state_are_left_alone(self, global_state_unchanged):
        w = np.full((2, 3), 0.4)
        fit(QNODE, np.arange(4.0), np.arange(4.0), encoding_args="x", restarts=2)(0.0, w)
        assert np.array_equal(w, np.full((2, 3), 0.4))

    def test_prints_and_serialises(self):
        found = fit(on(), np.arange(4.0), np.arange(4.0), encoding_args="x", seed=3, restarts=2)(
            0.0, np.full((2, 3), 0.4)
        )
        assert "seed 3" in str(found)
        assert found.to_dict()["provenance"]["engine"] == "exact"


W = np.full((2, 3), 0.4)
X = np.arange(4.0)


def two_outputs(x, w):
    qml.RX(x * 1.0, wires=0)
    qml.RY(w[0, 0], wires=0)
    return qml.expval(qml.Z(0)), qml.expval(qml.X(0))


def without_input(x, w):
    qml.RZ(x, wires=0)
    qml.RY(w[0, 0], wires=0)
    return qml.expval(qml.Z(0))


@pytest.mark.parametrize(
    ("qnode", "targets", "options", "remedy"),
    [
        pytest.param(on("default.mixed"), X, {}, "default.qubit", id="mixed"),
        pytest.param(qml.set_shots(on(), shots=9), X, {}, "shots=None", id="shots"),
        pytest.param(on(), X, {"readout": "linear"}, "'affine' or 'none'", id="read-out"),
        pytest.param(on(), X, {"restarts": 0}, "at least one start", id="restarts"),
        pytest.param(on(), X[:3], {}, r"targets of shape \(m,\)", id="shape"),
        pytest.param(on(), X * np.nan, {}, "Drop those rows", id="nan"),
        pytest.param(on(), X, {"held_out": X > -1}, "at least two rows", id="all-held-out"),
        pytest.param(on(), X, {"held_out": X}, "booleans", id="mask"),
        pytest.param(on(function=two_outputs), X, {}, "one of interest", id="two-outputs"),
        pytest.param(on(function=without_input), X, {}, "Check encoding_args", id="flat"),
    ],
)
def test_errors_name_the_remedy(qnode, targets, options, remedy):
    with pytest.raises(ValueError, match=remedy):
        fit(qnode, X, targets, encoding_args="x", seed=0, **options)(0.0, W)
