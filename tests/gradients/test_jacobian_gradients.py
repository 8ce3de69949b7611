"""Jacobians at many inputs, by every way of measuring derivatives."""

from __future__ import annotations

import json

import numpy as np
import pennylane as qml
import pytest
from jacobian_zoo import ZOO, member, reuploading, rows_of
from scipy import stats
from support import INTERFACES, package_of, to_numpy, weights_of

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.diagnostics import jacobian_errors
from pennylane_trainability.diagnostics.gradient_errors import GradientErrors

GRADIENTS = ["shift", "commuting", "dla", "hadamard", "auto"]
NEW = GRADIENTS[1:]


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("gradient", NEW)
def test_without_shots_every_gradient_gives_the_jacobian(name, gradient):
    """One device takes all inputs as one broadcasted circuit, the other one by one."""
    for device in ("default.qubit", "lightning.qubit"):
        circuit, x, w = member(name, qml.device(device, wires=3))
        exact = rows_of(pt.coefficient_jacobian(circuit, "x", engine="exact")(x, w), w.size)
        measured = pt.coefficient_jacobian(circuit, "x", engine="measured", gradient=gradient)
        assert np.abs(exact).max() > 1e-2
        found = rows_of(measured(x, w), w.size)
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-10)


@pytest.mark.parametrize("gradient", NEW)
def test_noise_is_measured_as_by_shift_rules(gradient):
    def circuit(x, w):
        qml.RY(w[0], wires=0)
        qml.RX(x, wires=0)
        qml.AmplitudeDamping(0.2, wires=0)
        qml.CRX(w[1], wires=[0, 1])
        qml.RX(x, wires=1)
        qml.DepolarizingChannel(0.1, wires=1)
        qml.RY(w[2], wires=1)
        return qml.expval(qml.Z(1))

    qnode, w = qml.QNode(circuit, qml.device("default.mixed", wires=3)), np.array([0.4, 0.9, 1.3])
    by_shift = pt.coefficient_jacobian(qnode, "x")(0.0, w)
    if gradient == "dla":  # channels stand behind two of the gates
        with pytest.warns(pt.TrainabilityWarning, match="shift rules"):
            found = pt.coefficient_jacobian(qnode, "x", gradient=gradient)(0.0, w)
    else:
        found = pt.coefficient_jacobian(qnode, "x", gradient=gradient)(0.0, w)
    np.testing.assert_allclose(found, by_shift, rtol=0, atol=1e-10)


def test_a_tape_takes_the_same_options():
    operations = [qml.RY(0.4, 0), qml.RX(0.0, 0), qml.CRY(0.9, wires=[0, 1]), qml.RX(0.0, 1)]
    tape = qml.tape.QuantumScript(operations, [qml.expval(qml.Z(1))], trainable_params=[0, 2])
    found = []
    for gradient in ("shift", "dla"):
        tapes, post = pt.coefficient_jacobian(tape, {"x": [1, 3]}, gradient=gradient)
        found.append((len(tapes), post(qml.execute(tapes, qml.device("default.qubit")))))
    assert found[1][0] < found[0][0]
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=0, atol=1e-10)


def test_a_shot_vector_gives_one_jacobian_each():
    circuit, w = reuploading(1, 1, 1, shots=(4000, 9000))
    parts = pt.coefficient_jacobian(circuit, "x", gradient="dla")(0.0, w)
    exact = pt.coefficient_jacobian(circuit, "x", engine="exact")(0.0, w)
    assert len(parts) == 2 and np.any(parts[0] != parts[1])
    for part in parts:
        np.testing.assert_allclose(part, exact, rtol=0, atol=0.08)


def data_model(x, w):
    """No Fourier series; ``c + …`` with a constant of the read-out."""
    qml.RY(qml.math.arcsin(x), wires=0)
    qml.RX(w[0], wires=0)
    qml.CNOT([0, 1])
    qml.RZ(w[1] * x, wires=1)
    qml.RY(w[2], wires=1)
    return qml.expval(qml.Z(1) + 0.5 * qml.I(1)), qml.probs(wires=[0])


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("device", ["default.mixed", "default.qubit"])
def test_results_are_measured_next_to_their_derivatives(gradient, device):
    """A slope that is the input itself, and a read-out with a constant."""
    data, w = np.array([-0.6, 0.2, 0.5]), qml.numpy.array([0.7, 1.3, 2.1])
    qnode = qml.QNode(data_model, qml.device(device, wires=3))

    def stacked(w, x):
        return qml.math.hstack(qnode(x, w))

    found = pt.data_jacobian(qnode, data, "x", engine="measured", gradient=gradient)(0.1, w)
    np.testing.assert_allclose(found.outputs, [stacked(w, x) for x in data], rtol=0, atol=1e-10)
    slopes = [qml.jacobian(stacked, argnums=0)(w, x) for x in data]
    np.testing.assert_allclose(found.jacobian, slopes, rtol=0, atol=1e-10)


def test_inputs_that_nothing_depends_on():
    """The encoding stands behind what is read out, so that circuits have no axis of inputs."""

    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RX(x, wires=1)
        qml.RY(w, wires=0)
        return qml.expval(qml.Z(0))

    for gradient in GRADIENTS:
        found = pt.coefficient_jacobian(circuit, "x", engine="measured", gradient=gradient)
        np.testing.assert_allclose(found(0.0, 0.7), [-np.sin(0.7), 0, 0], atol=1e-12)


@pytest.mark.parametrize("interface", INTERFACES)
def test_numbers_come_in_the_interface_of_the_arguments(interface):
    circuit, w = reuploading(1, 1, 1)
    exact = pt.coefficient_jacobian(circuit, "x", engine="exact")(0.0, w)
    measured = pt.coefficient_jacobian(circuit, "x", engine="measured", gradient="dla")
    found = measured(0.0, weights_of(interface, w))
    assert package_of(found) == ("numpy" if interface == "autograd" else interface)
    np.testing.assert_allclose(to_numpy(found), exact, rtol=0, atol=1e-6)


def test_a_function_that_asks_for_plain_numbers():
    """It is read by plain numbers, and its circuit is turned from inputs to draws."""

    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RY(float(w), wires=0)
        qml.RX(float(x), wires=0)
        qml.RY(0.3, wires=0)
        return qml.expval(qml.Z(0))

    for gradient in GRADIENTS:
        found = pt.coefficient_jacobian(circuit, "x", engine="measured", gradient=gradient)
        # f = cos w cos 0.3 cos x − sin w sin 0.3
        expected = [-np.cos(0.7) * np.sin(0.3), -np.sin(0.7) * np.cos(0.3) / np.sqrt(2), 0]
        np.testing.assert_allclose(found(0.0, 0.7), expected, atol=1e-12)


def test_auto_takes_shift_rules_where_nothing_is_cheaper():
    """One rotation in front of a random unitary: its Lie algebra is everything."""
    matrix = stats.unitary_group.rvs(8, random_state=1)

    @qml.set_shots(50)
    @qml.qnode(qml.device("default.qubit", wires=3, seed=1))
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RY(w, wires=0)
        qml.QubitUnitary(matrix, wires=[0, 1, 2])
        return qml.expval(qml.Z(0))

    measure = pt.measure_jacobian(circuit, "x", gradient="auto", seed=1)
    by_shift = pt.measure_jacobian(circuit, "x", gradient="shift", seed=1)
    assert measure(0.0, 0.7).gradient == "shift"
    assert measure.cost(0.0, 0.7).circuits == by_shift.cost(0.0, 0.7).circuits == 3 * 2
    dla = pt.measure_jacobian(circuit, "x", gradient="dla", seed=1)
    assert dla.cost(0.0, 0.7).circuits > 3 * 2


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["several inputs", "probabilities", "several results"])
@pytest.mark.parametrize("gradient", ["commuting", "dla", "hadamard"])
def test_with_shots_the_exact_value_lies_within_the_errors(name, gradient):
    circuit, x, w = member(name, qml.device("default.qubit", seed=3), shots=1000)
    exact = rows_of(pt.coefficient_jacobian(circuit, "x", engine="exact")(x, w), w.size)
    found = pt.measure_jacobian(circuit, "x", gradient=gradient, seed=1)(x, w)
    off = np.abs(found.value - exact)
    assert off.max() > 1e-6, "no shots were taken"
    assert np.all(off <= 5 * found.stderr + 1e-12)
    assert found.gradient == gradient


def two_results(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.IsingXX(w[1], wires=[0, 1])
    qml.RY(w[1] + w[0], wires=1)
    qml.RZ(w[2], wires=0)
    return qml.expval(qml.Z(1)), qml.expval(qml.X(0))


@pytest.mark.slow
@pytest.mark.parametrize("gradient", ["shift", "commuting", "dla"])
def test_errors_are_those_of_repeats(gradient, rng):
    w, count = np.array([0.4, 1.9, 0.8]), 120
    circuit = qml.QNode(two_results, qml.device("default.qubit", seed=17))
    exact = rows_of(pt.coefficient_jacobian(circuit, "x", engine="exact")(0.0, w), 3)
    measure = pt.measure_jacobian(qml.set_shots(circuit, shots=60), "x", gradient=gradient, seed=5)
    found = [measure(0.0, w) for _ in range(count)]
    values = np.array([m.value for m in found])
    check_spread(exact, found, values)
    check_covariances(found, values)
    check_resampling(found[0], rng)
    if gradient == "dla":  # columns are read from the same circuits
        together = np.mean([m.covariance(0, 1) for m in found], axis=0)
        assert np.abs(together).max() > 0.3 * found[0].stderr.max() ** 2


def check_spread(exact, found, values):
    """Standard errors, and coverage of intervals."""
    stated = np.sqrt(np.mean([m.stderr**2 for m in found], axis=0))
    spread = np.sqrt(np.mean((values - exact) ** 2, axis=0))
    live = stated > 0
    np.testing.assert_allclose(values[:, ~live], np.tile(exact[~live], (len(found), 1)), atol=1e-12)
    ratio = stated[live] / spread[live]  # the spread of 120 values is known to 6 %
    assert ratio.min() > 0.77 and ratio.max() < 1.35
    assert 0.95 < ratio.mean() < 1.1
    reach = np.array([np.diff(m.interval(), axis=0)[0] / 2 for m in found])
    inside = np.sum(np.abs(values - exact) <= reach + 1e-12, axis=0)
    assert inside.min() >= stats.binom.ppf(1e-4, len(found), 0.93)


def check_covariances(found, values):
    one = found[0]
    np.testing.assert_allclose(np.diag(one.covariance(1)), one.stderr[:, 1] ** 2, atol=1e-15)
    for column, other in ((0, 0), (0, 1), (1, 2)):
        stated = np.mean([m.covariance(column, other) for m in found], axis=0)
        a, b = values[:, :, column], values[:, :, other]
        spread = (a - a.mean(axis=0)).T @ (b - b.mean(axis=0)) / (len(found) - 1)
        scale = np.outer(one.stderr[:, column], one.stderr[:, other]) + 1e-12
        # variances of 120 values are known to 13 %; there are 36 entries
        np.testing.assert_allclose(stated / scale, spread / scale, atol=0.55)


def check_resampling(one, rng):
    """Two roads to one matrix: the formula and the parametric bootstrap."""
    count = 1500
    drawn = one.errors.resampled(count, rng)
    assert np.all(np.abs(drawn.mean(axis=0)) < 5 * one.stderr / np.sqrt(count) + 1e-12)
    for column, other in ((0, 0), (0, 1)):
        seen = np.einsum("bi,bj->ij", drawn[..., column], drawn[..., other]) / count
        scale = one.stderr.max() ** 2
        # resampling takes one shot less than there were: 60/59
        np.testing.assert_allclose(seen / scale, one.covariance(column, other) / scale, atol=0.18)


def test_angles_that_share_their_circuits_have_one_error():
    """All angles of a ``SpecialUnitary`` are read from the same inserted rotations."""

    @qml.set_shots(300)
    @qml.qnode(qml.device("default.qubit", seed=2))
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.SpecialUnitary(qml.math.stack([w[0], 2 * w[0], w[1]]), wires=0)
        return qml.expval(qml.Z(0))

    one = pt.measure_jacobian(circuit, "x", seed=1)(0.0, np.array([0.4, 1.1]))
    spread = one.errors.resampled(1500, np.random.default_rng(4)).std(axis=0)
    np.testing.assert_allclose(one.stderr, spread, rtol=0.1)


def test_means_and_covariances_of_one_circuit_by_hand():
    """Two words, outcomes ++ 30 times and −+ 10 times, four imagined shots."""
    errors = GradientErrors(
        slopes=(np.array([[[2.0, 0.0], [1.0, 1.0]], [[0.0, 3.0], [0.0, 0.0]]]),),
        values=(np.array([[1.0, -1.0], [1.0, 1.0]]),),
        weights=(np.array([30.0, 10.0]),),
        shots=np.array([40.0]),
    )
    # smoothed: E[a] = 20/44, E[b] = 40/44, E[ab] = 20/44, and E[a²] = E[b²] = 1
    a, b, ab = 20 / 44, 40 / 44, 20 / 44
    cov = np.array([[1 - a * a, ab - a * b], [ab - a * b, 1 - b * b]]) / 40
    np.testing.assert_allclose(errors.variances()[0, 0], 4 * cov[0, 0])
    np.testing.assert_allclose(errors.covariance(0)[0, 1], 2 * (cov[0, 0] + cov[0, 1]))
    across = errors.across(0, 1)
    np.testing.assert_allclose(across[0, 0], 2 * (cov[0, 0] + cov[0, 1]))
    np.testing.assert_allclose(across[1, 0], 3 * (cov[0, 1] + cov[1, 1]))
    drawn = errors.resampled(20_000, np.random.default_rng(1))
    np.testing.assert_allclose(
        drawn[:, 0, 0].var(), 40 / 39 * errors.variances()[0, 0], rtol=0.05
    )  # one shot less


# -- rank ------------------------------------------------------------------------------------------


def real_block(shots: int, seed: int):
    """Rank 2 of three rows and three parameters, for all values."""

    @qml.set_shots(shots)
    @qml.qnode(qml.device("default.qubit", seed=seed))
    def circuit(x, w):
        qml.RY(w[0], wires=0)
        qml.RY(w[1], wires=0)
        qml.RX(x, wires=0)
        qml.RY(w[2], wires=0)
        return qml.expval(qml.Z(0))

    return circuit


@pytest.mark.parametrize(
    ("gradient", "directions"),
    [
        ("commuting", None),
        ("dla", None),
        pytest.param("shift", 2, marks=pytest.mark.slow),
        ("dla", 2),
    ],
)
def test_rank_bounds_are_seldom_above_the_truth(gradient, directions):
    """Columns 0 and 1 are equal: of two columns the rank is 1 or 2, and never 3."""
    w, level, count = np.array([0.4, 0.9, 1.1]), 0.8, 60
    circuit = real_block(100, seed=8)
    exact = pt.coefficient_jacobian(circuit, "x", engine="exact")(0.0, w)
    wrong, full = 0, 0
    for k in range(count):
        measure = pt.measure_jacobian(
            circuit, "x", gradient=gradient, directions=directions, seed=k
        )
        found = measure(0.0, w)
        own = exact[:, [circuit_number(name) for name in found.parameters]]
        rank = found.noise_floor(level, n_resamples=199).rank(level)
        wrong += rank > np.linalg.matrix_rank(own, tol=1e-9)
        full += rank == np.linalg.matrix_rank(own, tol=1e-9)
    assert wrong / count <= (1 - level) + 3 * np.sqrt(level * (1 - level) / count)
    assert full / count > 0.3, "a bound that says nothing is never wrong"


def labels_of(circuit, w) -> list[str]:
    return list(read_qnode(circuit, (0.0, w), {}, "x").arguments.parameter_labels())


def circuit_number(name: str) -> int:
    return int(name[name.index("[") + 1 : -1])


@pytest.mark.parametrize(
    ("shape", "block"),
    [((3, 2, 4), "rot-ring"), ((1, 6, 4), "rot-ring"), ((3, 2, 4), "ry-ring")],
)
def test_five_columns_more_than_rows_have_the_full_rank(shape, block):
    """On one wire, blocks have many parameters and three directions: columns must be spread."""
    circuit, w = reuploading(*shape, block=block)
    circuit = qml.set_shots(circuit, shots=10)
    exact = pt.coefficient_jacobian(circuit, "x", engine="exact")(0.0, w)
    exact = exact.reshape(len(exact), -1)
    names = labels_of(circuit, w)
    for seed in range(3):
        found = pt.measure_jacobian(circuit, "x", directions="auto", seed=seed, gradient="dla")
        measured = found(0.0, w)
        columns = [names.index(name) for name in measured.parameters]
        assert len(columns) == len(exact) + 5 < w.size
        assert np.linalg.matrix_rank(exact[:, columns], tol=1e-9) == (
            np.linalg.matrix_rank(exact, tol=1e-9)
        )


def test_a_sketch_measures_the_columns_it_names():
    circuit, w = reuploading(2, 1, 2, shots=2000)
    exact = pt.coefficient_jacobian(circuit, "x", engine="exact")(0.0, w)
    exact = exact.reshape(len(exact), -1)
    every = pt.measure_jacobian(circuit, "x", seed=0)
    names = labels_of(circuit, w)
    dead = np.abs(exact).max(axis=0) < 1e-12
    for gradient in ("shift", "dla", "commuting"):
        measure = pt.measure_jacobian(circuit, "x", gradient=gradient, directions=6, seed=4)
        found, again = measure(0.0, w), measure(0.0, w)
        columns = [names.index(name) for name in found.parameters]
        assert found.parameters == again.parameters and len(set(columns)) == 6
        assert not dead[columns].any()
        off = np.abs(found.value - exact[:, columns])
        assert np.all(off < 5 * found.stderr + 1e-12)
        assert f"6 of {w.size} parameters" in str(found)
        assert measure.cost(0.0, w).circuits <= every.cost(0.0, w).circuits
    other = pt.measure_jacobian(circuit, "x", directions=6, seed=5)(0.0, w)
    assert other.parameters != found.parameters
    most = pt.measure_jacobian(circuit, "x", directions=10**6, seed=5)(0.0, w)
    assert len(most.parameters) == w.size - dead.sum()


@pytest.mark.parametrize("directions", [0, -1, 2.5, "all", True])
def test_a_number_of_directions_that_is_none(directions):
    circuit, w = reuploading(1, 1, 1, shots=50)
    with pytest.raises(pt.ReadingError, match="directions needs a number of parameters"):
        pt.measure_jacobian(circuit, "x", directions=directions)(0.0, w)


# -- circuits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_blocks", "live", "shift", "commuting"),
    [(1, 21, 42, 19), (2, 48, 96, 46), (4, 102, 204, 100)],
)
def test_circuits_of_a_reuploading_model(n_blocks, live, shift, commuting):
    """Three wires, two encoding layers, 13 inputs; of 27·blocks parameters 6 are dead."""
    circuit, w = reuploading(3, 2, n_blocks, shots=100)

    def circuits(gradient: str, **options) -> int:
        measure = pt.measure_jacobian(circuit, "x", gradient=gradient, seed=0, **options)
        return measure.cost(0.0, w).circuits

    assert w.size == 27 * n_blocks and live == w.size - 6
    assert circuits("shift") == 13 * shift == 13 * 2 * live
    assert circuits("hadamard") == 13 * live
    assert circuits("commuting") == 13 * commuting
    assert circuits("dla") == 13 * 8, "it does not depend on the number of parameters"
    assert circuits("auto") == 13 * 8
    assert circuits("shift", directions="auto") == 13 * 2 * 18
    assert circuits("hadamard", directions="auto") == 13 * 18


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit"])
def test_cost_is_what_is_run(name, gradient, global_state_unchanged):
    device = qml.device(name, wires=3, seed=1)
    circuit, x, w = member("DataReuploading", device, shots=30)
    measure = pt.measure_jacobian(circuit, "x", gradient=gradient, seed=1)
    with qml.Tracker(device) as tracker:
        cost = measure.cost(x, w)
        assert tracker.totals == {}
        found = measure(x, w)
    assert found.cost.to_dict() == cost.to_dict()
    assert cost.shots == 30 * cost.circuits == tracker.totals["shots"]
    assert tracker.totals["batches"] == cost.executions == 1
    if name == "lightning.qubit":  # without broadcasting
        assert tracker.totals["executions"] == cost.circuits
    with pytest.raises(pt.BudgetError, match=f"max_circuits={cost.circuits}"):
        pt.measure_jacobian(circuit, "x", gradient=gradient, max_circuits=1)(x, w)
    json.dumps(found.to_dict(), allow_nan=False)


# -- reports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("gradient", ["commuting", "dla"])
def test_an_analysis_takes_them(gradient):
    device = qml.device("default.qubit", seed=7)
    circuit, x, w = member("DataReuploading", device, shots=2000)
    plain = pt.analyze(circuit, "x", seed=1)(x, w)
    report = pt.analyze(circuit, "x", seed=1, gradient=gradient)(x, w)
    assert report.cost.circuits < plain.cost.circuits
    assert report.dead == plain.dead
    assert report.measured.gradient == gradient
    exact = pt.fourier_rows(qml.set_shots(circuit, shots=None), "x")(x, w)
    off = np.abs(report.coefficients[0] - exact.values)
    stderr = report.measured.coefficient_stderr
    assert np.all(off < 5 * stderr) and stderr.max() < 1.5 / np.sqrt(2000)
    assert stderr.min() > 0


@pytest.mark.parametrize("gradient", ["commuting", "dla"])
def test_a_noisy_device_without_shots_takes_them(gradient):
    device = qml.device("default.mixed", wires=3)
    circuit, x, w = member("tied", device)
    exact = pt.analyze(circuit, "x", seed=1, engine="exact", n_draws=0)(x, w)
    report = pt.analyze(circuit, "x", seed=1, gradient=gradient)(x, w)
    assert report.provenance.engine == "measured without shots"
    np.testing.assert_allclose(report.coefficients, exact.coefficients, rtol=0, atol=1e-10)
    assert report.rank == exact.rank


def test_errors_of_data_jacobians(seed):
    data, w = np.array([-0.6, 0.5]), np.array([0.7, 1.3, 2.1])
    qnode = qml.QNode(data_model, qml.device("default.qubit", wires=3, seed=seed))
    exact = pt.data_jacobian(qnode, data, "x", engine="exact")(0.1, w)
    for gradient in ("shift", "commuting", "dla"):
        found = pt.data_jacobian(qml.set_shots(qnode, shots=3000), data, "x", gradient=gradient)(
            0.1, w
        )
        off = np.abs(found.jacobian - exact.jacobian)
        assert off.max() > 1e-6 and np.all(off < 5 * found.stderr + 1e-12)


# -- what cannot be done ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda q, **o: pt.measure_jacobian(q, "x", **o),
        lambda q, **o: pt.analyze(q, "x", **o),
        lambda q, **o: pt.data_jacobian(q, [0.1], "x", **o),
        lambda q, **o: pt.coefficient_jacobian(q, "x", **o)(0.0, np.ones(2)),
    ],
)
def test_an_unknown_gradient_is_refused_before_anything(function):
    with pytest.raises(pt.ReadingError, match=r"gradient='magic' is unknown; use one of \['shift'"):
        function(real_block(None, 0), gradient="magic")


def test_a_device_without_a_wire_to_spare():
    circuit, x, w = member("DataReuploading", qml.device("default.qubit", wires=2), shots=50)
    with pytest.raises(pt.ReadingError, match=r"gradient='commuting'.*\['dla', 'shift'\]"):
        pt.measure_jacobian(circuit, "x", gradient="commuting")(x, w)
    assert pt.measure_jacobian(circuit, "x", gradient="auto").cost(x, w).circuits > 0


def test_a_fallback_is_noted():
    @qml.set_shots(40)
    @qml.qnode(qml.device("default.mixed", wires=1))
    def circuit(x, w):
        qml.RY(w, wires=0)
        qml.RX(x, wires=0)
        qml.AmplitudeDamping(0.2, wires=0)
        return qml.expval(qml.X(0))

    found = pt.measure_jacobian(circuit, "x", gradient="dla", seed=1)(0.0, 0.3)
    assert any("AmplitudeDamping" in note for note in found.notes)
    assert "AmplitudeDamping" in str(found)


def test_errors_that_do_not_fit_are_refused_before_anything_is_run(monkeypatch):
    monkeypatch.setattr(jacobian_errors, "DEFAULT_MEMORY", 1000)
    device = qml.device("default.qubit")
    circuit, x, w = member("DataReuploading", device, shots=50)
    with qml.Tracker(device) as tracker, pytest.raises(pt.BudgetError, match="directions"):
        pt.measure_jacobian(circuit, "x", gradient="dla")(x, w)
    assert tracker.totals == {}
