"""Losses along lines and over planes: the QNode's own values, true distances, shots, budgets."""

import json

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.landscapes.slices import Frame, frame_of_points, orthonormal

DEVICE = qml.device("default.qubit", seed=5)


@qml.qnode(DEVICE)
def nested(params, x, scale=1.0):
    qml.RX(x[0], 0)
    for wire, angle in enumerate(params["first"]):
        qml.RY(scale * angle, wire)
    qml.CNOT([0, 1])
    qml.RZ(params["last"], 1)
    qml.RX(params["last"] ** 2, 0)
    return qml.expval(qml.Z(0) @ qml.X(1) + 0.3 * qml.Z(1))


def arguments(rng):
    params = {"first": rng.uniform(0, 6, 2), "last": np.array(rng.uniform(0, 6))}
    return params, pnp.array([0.4], requires_grad=False)


# -- mathematics -----------------------------------------------------------------------------------


def test_frames_are_orthonormal_and_span_what_they_were_given(rng):
    given = rng.normal(size=(2, 7))
    found = orthonormal(given)
    np.testing.assert_allclose(found @ found.T, np.eye(2), atol=1e-14)
    np.testing.assert_allclose(given @ found.T @ found, given)
    assert given[0] @ found[0] == pytest.approx(np.linalg.norm(given[0]))


def test_nearly_parallel_directions_stay_orthogonal(rng):
    one, other = rng.normal(size=(2, 9))
    found = orthonormal(np.array([one, one + 1e-7 * other]))
    np.testing.assert_allclose(found @ found.T, np.eye(2), atol=1e-13)


def test_the_plane_through_three_points_holds_them_at_their_distances(rng):
    points = rng.normal(size=(3, 5))
    frame = frame_of_points(points)
    np.testing.assert_allclose(frame.origin + frame.marks @ frame.directions, points)
    apart = np.linalg.norm(frame.marks[:, None] - frame.marks[None], axis=-1)
    np.testing.assert_allclose(apart, np.linalg.norm(points[:, None] - points[None], axis=-1))
    for (low, high), mark in zip(frame.spans(1.0), frame.marks.T, strict=True):
        assert low < mark.min() and mark.max() < high


def test_the_last_axis_of_a_grid_is_the_fastest():
    frame = Frame(np.zeros(2), np.eye(2), np.zeros((1, 2)))
    found = frame.points([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    np.testing.assert_array_equal(found, [[1, 3], [1, 4], [2, 3], [2, 4]])


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("directions", [1, 2, ["gradient", "random"]])
def test_values_are_those_of_the_qnode(directions, rng, seed):
    params, x = arguments(rng)
    ask = {"directions": directions, "n_points": 5, "seed": seed}
    found = pt.loss_slice(nested, "params", **ask)(params, x, scale=0.7)
    assert found.exact and found.values.shape == (5,) * len(found.axes)
    for place in np.ndindex(found.values.shape):
        there = found.at(*(axis[k] for axis, k in zip(found.axes, place, strict=True)))
        assert set(there) == {"first", "last"}
        value = nested(there, x, scale=0.7)
        assert found.values[place] == pytest.approx(float(value), abs=1e-12)


def test_several_arguments_and_an_argument_that_is_left_alone(rng, seed):
    @qml.qnode(DEVICE)
    def circuit(a, b, c):
        qml.RX(a, 0)
        qml.RY(b[0], 0)
        qml.RZ(b[1], 0)
        qml.RX(c, 0)
        return qml.expval(qml.Z(0))

    a, b, c = 0.3, np.array([0.1, 0.7]), 1.1
    line = pt.loss_slice(circuit, [0, 1], directions=[(1.0, [0.0, 2.0])], n_points=7)(a, b, c)
    unit = np.array([1.0, 0.0, 2.0]) / np.sqrt(5)
    expected = [circuit(a + t * unit[0], b + t * unit[1:], c) for t in line.axes[0]]
    np.testing.assert_allclose(line.values, expected, atol=1e-12)
    np.testing.assert_allclose(line.directions, [unit])


def test_named_directions_are_those_of_the_derivatives(rng):
    """ℓ = cos(a) cos(b): gradient and Hessian are written down."""

    @qml.qnode(DEVICE)
    def circuit(w):
        qml.RX(w[0], 0)
        qml.RX(w[1], 1)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    a, b = w = rng.uniform(0.2, 1.3, 2)
    slope = -np.array([np.sin(a) * np.cos(b), np.cos(a) * np.sin(b)])
    line = pt.loss_slice(circuit, directions="gradient")(w)
    np.testing.assert_allclose(line.directions[0], slope / np.linalg.norm(slope))
    plane = pt.loss_slice(circuit, directions=["hessian-max", "hessian-min"], n_points=3)(w)
    cc, ss = np.cos(a) * np.cos(b), np.sin(a) * np.sin(b)
    hessian = np.array([[-cc, ss], [ss, -cc]])
    largest, smallest = np.linalg.eigvalsh(hessian)[::-1]
    up, down = plane.directions
    assert up @ hessian @ up == pytest.approx(largest)
    assert down @ hessian @ down == pytest.approx(smallest)
    assert plane.names == ("hessian-max direction", "hessian-min direction")


def test_lines_and_planes_through_points(rng):
    params, x = arguments(rng)
    others = [arguments(rng)[0] for _ in range(2)]
    plane = pt.loss_slice(nested, points=others, n_points=9)(params, x)
    for mark, point in zip(plane.marks, (params, *others), strict=True):
        there = plane.at(*mark)
        np.testing.assert_allclose(there["first"], point["first"])
        np.testing.assert_allclose(there["last"], point["last"])
    line = pt.loss_slice(nested, points=others[:1])(params, x)
    far = np.append(params["first"] - others[0]["first"], params["last"] - others[0]["last"])
    assert line.marks[1, 0] == pytest.approx(np.linalg.norm(far))


def test_extremes_are_those_of_the_grid(rng, seed):
    params, x = arguments(rng)
    plane = pt.loss_slice(nested, directions=2, n_points=11, seed=seed)(params, x)
    where, value = plane.lowest()
    assert value.value == plane.values.min() and value.exact
    assert float(nested(plane.at(*where), x)) == pytest.approx(value.value)
    assert plane.highest()[1].value == plane.values.max()


def test_a_span_of_ones_own():
    line = pt.loss_slice(nested, span=(-1.0, 3.0), n_points=5)
    plane = pt.loss_slice(nested, directions=2, span=0.5, n_points=3)
    params, x = arguments(np.random.default_rng(0))
    np.testing.assert_allclose(line(params, x).axes[0], [-1, 0, 1, 2, 3])
    np.testing.assert_allclose(plane(params, x).axes, [[-0.5, 0, 0.5]] * 2)


# -- measured --------------------------------------------------------------------------------------


@qml.qnode(DEVICE)
def plain(w):
    qml.RX(w[0], 0)
    qml.RY(w[1], 1)
    qml.CNOT([0, 1])
    qml.RX(w[2], 1)
    return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(0))


@pytest.mark.parametrize(
    "shots", [pytest.param(400, id="counts"), pytest.param([(100, 8)], id="replicates")]
)
def test_shots_give_errors_that_fit_in_one_execution(shots, seed):
    w = np.array([0.3, 0.9, -0.4])
    ask = {"directions": [[1.0, 2.0, 0.5]], "n_points": 60}
    exact = pt.loss_slice(plain, **ask)(w)
    question = pt.loss_slice(qml.set_shots(plain, shots=shots), **ask, seed=seed)
    with qml.Tracker(DEVICE) as tracker:
        cost = question.cost(w)
        assert tracker.totals == {}, "nothing was run"
        found = question(w)
    assert tracker.totals["batches"] == 1
    assert found.cost.circuits == cost.circuits and found.cost.shots == cost.shots
    assert cost.executions == 1 and not found.exact
    assert np.all(found.stderrs > 0)
    deviations = (found.values - exact.values) / found.stderrs
    # chi-square of 60, or of Student's t with 7 degrees of freedom: bounds far in the tails
    assert 0.3 < np.mean(deviations**2) < 3.5
    assert "lowest of noisy values" in str(found)


def test_a_device_without_shots_that_has_noise_has_exact_means(seed):
    noisy = qml.device("default.mixed", wires=1)

    @qml.qnode(noisy)
    def circuit(w):
        qml.RX(w, 0)
        qml.DepolarizingChannel(0.3, 0)
        return qml.expval(qml.Z(0))

    found = pt.loss_slice(circuit, n_points=5, directions=[1.0])(0.0)
    assert found.exact and found.provenance.engine == "measured"
    np.testing.assert_allclose(found.values, 0.6 * np.cos(found.axes[0]), atol=1e-12)


def test_budgets_are_kept_before_anything_runs():
    noisy = qml.set_shots(plain, shots=100)
    with qml.Tracker(DEVICE) as tracker:
        with pytest.raises(pt.BudgetError, match="max_circuits allows 10"):
            pt.loss_slice(noisy, max_circuits=10)(np.zeros(3))
        with pytest.raises(pt.BudgetError, match="max_shots allows 500"):
            pt.loss_slice(noisy, max_shots=500)(np.zeros(3))
    assert tracker.totals == {}


# -- borders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"directions": 3}, "directions needs 1 or 2", id="three"),
        pytest.param({"directions": True}, "directions needs 1 or 2", id="bool"),
        pytest.param({"directions": "down"}, "'down' is unknown", id="name"),
        pytest.param({"directions": [[1.0, 0.0]]}, r"here \(3,\); got \(2,\)", id="shape"),
        pytest.param({"directions": [[0.0] * 3]}, "direction 1 is zero", id="zero"),
        pytest.param({"directions": [[1.0] * 3] * 2}, "has the direction of", id="parallel"),
        pytest.param({"directions": "gradient"}, "direction 1 is zero", id="stationary"),
        pytest.param({"directions": [[np.nan] * 3]}, "finite numbers", id="nan"),
        pytest.param({"points": [[0.0] * 3]}, "direction 1 is zero", id="same point"),
        pytest.param({"points": []}, "one point", id="no point"),
        pytest.param({"engine": "guess"}, "engine='guess' is unknown", id="engine"),
    ],
)
def test_what_spans_nothing_is_refused(options, message):
    @qml.qnode(DEVICE)
    def circuit(w):
        for wire in range(3):
            qml.RX(w[wire], wire)
        return qml.expval(qml.Z(0) @ qml.Z(1) @ qml.Z(2))

    with pytest.raises(pt.ReadingError, match=message):
        pt.loss_slice(circuit, **options)(np.zeros(3))


@pytest.mark.parametrize("options", [{"span": 0}, {"span": (1, 0)}, {"span": np.inf}])
def test_spans_are_checked(options):
    with pytest.raises(ValueError, match="span needs"):
        pt.loss_slice(plain, **options)


def test_numbers_of_points_are_checked():
    with pytest.raises(ValueError, match="n_points needs"):
        pt.loss_slice(plain, n_points=1)


def test_named_directions_of_measured_slices_say_what_to_do():
    with pytest.raises(pt.ReadingError, match="Pass it as an array"):
        pt.loss_slice(qml.set_shots(plain, shots=10), directions="gradient")(np.zeros(3))


def test_a_point_of_a_line_needs_one_coordinate():
    with pytest.raises(ValueError, match="needs 1 coordinates"):
        pt.loss_slice(plain)(np.zeros(3)).at(0.0, 1.0)


def test_equal_seeds_give_equal_records_and_nothing_is_changed(global_state_unchanged, seed, rng):
    params, x = arguments(rng)
    before = params["first"].copy()
    one, two = (pt.loss_slice(nested, directions=2, seed=seed, n_points=4)(params, x)
                for _ in range(2))  # fmt: skip
    assert json.dumps(one.to_dict(), allow_nan=False) == json.dumps(two.to_dict(), allow_nan=False)
    np.testing.assert_array_equal(params["first"], before)
    other = pt.loss_slice(nested, directions=2, seed=seed + 1, n_points=4)(params, x)
    assert not np.allclose(one.directions, other.directions)


def test_directions_of_most_and_least_curvature_of_three():
    """``cos w_0 + 2 cos w_1 + 3 cos w_2`` at 0: curvatures −1, −2 and −3."""

    @qml.qnode(DEVICE)
    def three(w):
        for wire in range(3):
            qml.RY(w[wire], wire)
        return qml.expval(qml.Z(0) + 2 * qml.Z(1) + 3 * qml.Z(2))

    for name, axis in (("hessian-max", 0), ("hessian-min", 2)):
        found = pt.loss_slice(three, directions=[name], n_points=3)(np.zeros(3))
        np.testing.assert_allclose(np.ravel(found.directions), np.eye(3)[axis], atol=1e-12)
