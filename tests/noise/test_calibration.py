"""Survivals and errors of reading: found where they are known, with errors that hold."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from depolarised import WEIGHTS, NoisyQubits, layers
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt
from pennylane_trainability.statistics.flips import corrected_table, corrected_words, even_return

S, FLIPS = 0.8, (0.03, 0.08)
MANY = 10**9


def observable():
    return qml.Hamiltonian([0.7, -0.4, 0.5], [qml.Z(0), qml.X(0) @ qml.Y(1), qml.Z(0) @ qml.Z(1)])


def qnode(shots, survival=S, flips=FLIPS, returns=lambda: qml.expval(observable()), **options):
    device = NoisyQubits(wires=3, survival=survival, flips=flips, **options)

    @qml.set_shots(shots)
    @qml.qnode(device)
    def circuit(weights):
        layers(weights)
        return returns()

    return circuit


def series(shots, returns, survival=S, flips=FLIPS, **options):
    device = NoisyQubits(wires=3, survival=survival, flips=flips, **options)

    @qml.set_shots(shots)
    @qml.qnode(device)
    def circuit(x, weights):
        qml.RX(x, wires=0)
        layers(weights)
        return returns()

    return circuit


def truth(returns=lambda: qml.expval(observable())):
    @qml.qnode(qml.device("default.qubit"), diff_method="backprop")
    def circuit(weights):
        layers(weights)
        return returns()

    return np.asarray(qml.jacobian(circuit)(qml.numpy.array(WEIGHTS)))


# -- the mathematics -------------------------------------------------------------------------------


def confusion(flips):
    full = np.ones((1, 1))
    for up, down in flips:
        full = np.kron(full, [[1 - up, down], [up, 1 - down]])
    return full


def test_corrected_values_are_the_inverse_of_the_confusion(rng):
    flips, table = rng.uniform(0, 0.3, (3, 2)), rng.normal(size=(2, 8))
    assert np.allclose(corrected_table(table, flips), table @ np.linalg.inv(confusion(flips)))


def test_words_are_corrected_as_tables_are(rng):
    flips, index = rng.uniform(0, 0.3, (3, 2)), np.arange(8)
    bits = (index[:, None] >> np.array([2, 1, 0])) & 1
    words = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 1]])
    table = (-1.0) ** (bits @ words.T).T * np.array([1, -1, 1])[:, None]
    found = corrected_words(bits, words, np.array([1, -1, 1]), flips)
    assert np.allclose(found, table @ np.linalg.inv(confusion(flips)))


def test_the_chance_of_zeros_in_the_mixed_state(rng):
    flips = rng.uniform(0, 0.3, (3, 2))
    assert np.isclose(even_return(flips), confusion(flips)[0].mean())


# -- found where they are known --------------------------------------------------------------------

METHODS = ["shift", "commuting", "dla", "hadamard"]


@pytest.mark.parametrize("method", METHODS)
def test_a_gradient_becomes_that_of_the_circuit_without_noise(method):
    """With shots without number: raw values are far off, rescaled ones are not."""
    measure = pt.measure_gradient(qnode(MANY), method=method, rescale=True, mitigate_read_out=True)
    found, exact = measure(WEIGHTS), truth()
    assert np.allclose(found.value, exact, atol=2e-3)
    assert np.abs(found.raw - exact).max() > 0.05
    assert np.allclose(found.calibration.flips, [FLIPS] * len(found.calibration.wires), atol=1e-3)
    # survivals are powers of that of one gate
    powers = [np.log(s.value) / np.log(S) for s in found.calibration.survivals]
    assert np.allclose(powers, np.rint(powers), atol=0.01) and min(powers) > 0.9


def test_rescaling_alone_leaves_errors_of_reading_in():
    """``s`` is that of the gates: with symmetric flips, ``⟨Z⟩`` still has ``1 − 2 p``."""
    circuit = qnode(MANY, flips=(0.05, 0.05), returns=lambda: qml.expval(qml.Z(0)))
    found = pt.measure_gradient(circuit, method="shift", rescale=True)(WEIGHTS)
    exact = truth(lambda: qml.expval(qml.Z(0)))
    assert np.allclose(found.value, 0.9 * exact, atol=2e-3)
    assert np.allclose(found.raw, 0.9 * S * exact, atol=2e-3)
    assert found.calibration.flips.size == 0
    assert any("stay in the values" in model for model in found.calibration.models)


def test_mitigation_alone_leaves_the_gates_in():
    found = pt.measure_gradient(qnode(MANY), method="shift", mitigate_read_out=True)(WEIGHTS)
    assert np.allclose(found.value, S * truth(), atol=2e-3)
    assert found.calibration.survivals == () and found.calibration.circuits == 2


RETURNS = {
    "sum": lambda: qml.expval(observable()),
    "probs": lambda: qml.probs(wires=[1, 0]),
    "projector": lambda: qml.expval(qml.Hermitian(np.diag([1.0, 0.2, -0.3, 2.0]), wires=[0, 1])),
}


@pytest.mark.parametrize(("returns", "gradient"), [
    *((name, "shift") for name in RETURNS), ("sum", "dla"), ("probs", "commuting"),
])  # fmt: skip
def test_a_jacobian_becomes_that_of_the_circuit_without_noise(returns, gradient):
    ask = {"gradient": gradient, "seed": 1, "rescale": True, "mitigate_read_out": True}
    found = pt.measure_jacobian(series(MANY, RETURNS[returns]), "x", **ask)(0.0, WEIGHTS)

    @qml.qnode(qml.device("default.qubit"))
    def ideal(x, weights):
        qml.RX(x, wires=0)
        layers(weights)
        return RETURNS[returns]()

    exact = np.asarray(
        qml.transforms.coefficient_jacobian(ideal, encoding_args="x")(0.0, qml.numpy.array(WEIGHTS))
    )
    exact = np.moveaxis(exact, 1, 0) if exact.ndim == 3 else exact
    exact = exact.reshape(found.value.shape)
    assert np.allclose(found.value, exact, atol=3e-3)
    assert np.abs(found.raw - exact).max() > 0.02


# -- their own errors ------------------------------------------------------------------------------


def repeats(ask, count=80):
    """Scores ``(value − truth)/error`` of one derivative, with the calibration's error or not."""
    exact, whole, alone = truth(), [], []
    for seed in range(count):
        found = ask(qnode(600, seed=seed))(WEIGHTS)
        own = np.sqrt(found.errors.own.variances()[0])
        whole.append((found.value - exact) / found.stderr)
        alone.append((found.value - exact) / own)
    return np.array(whole), np.array(alone)


@pytest.mark.slow
def test_intervals_cover_with_the_error_of_the_calibration_and_not_without():
    """95 % intervals of gradients on a device with known noise; seeds are fixed."""
    whole, alone = repeats(
        lambda c: pt.measure_gradient(c, method="shift", rescale=True, mitigate_read_out=True), 300
    )
    covered = np.mean(np.abs(whole) < 1.96)
    assert 0.93 < covered < 0.975
    assert np.mean(np.abs(alone) < 1.96) < covered
    assert 0.85 < np.mean(whole**2) < 1.15


def test_errors_are_those_that_repeats_show():
    whole, _ = repeats(
        lambda c: pt.measure_gradient(c, method="shift", rescale=True, mitigate_read_out=True), 30
    )
    assert 0.6 < np.mean(whole**2) < 1.6


@pytest.mark.slow
@pytest.mark.parametrize("gradient", ["shift", "dla"])
def test_errors_of_a_jacobian_are_those_that_repeats_show(gradient):
    ask = {"gradient": gradient, "seed": 1, "rescale": True, "mitigate_read_out": True}
    several = [
        pt.measure_jacobian(series(600, RETURNS["sum"], seed=seed), "x", **ask)(0.0, WEIGHTS)
        for seed in range(24)
    ]
    values = np.array([found.value for found in several])
    stated = np.mean([found.stderr**2 for found in several], axis=0)
    seen = values.var(axis=0, ddof=1)
    assert 0.6 < np.mean(seen / np.where(stated > 1e-12, stated, np.inf)) < 1.6
    found = several[0]
    for column in range(2):
        diagonal = np.diag(found.covariance(column))
        assert np.allclose(diagonal, found.stderr[:, column] ** 2)
    drawn = found.errors.resampled(400, np.random.default_rng(1)).std(axis=0)
    assert np.allclose(drawn, found.stderr, rtol=0.25, atol=1e-3)
    assert found.noise_floor().floor() > 0


def test_covariances_and_resamples_of_a_gradient_hold_the_calibration():
    found = pt.measure_gradient(qnode(600), method="dla", rescale=True)(WEIGHTS)
    assert np.allclose(np.diag(found.covariance()), found.stderr**2)
    drawn = found.errors.resampled(2000, np.random.default_rng(1))[:, 0]
    assert np.allclose(drawn.std(axis=0), found.stderr, rtol=0.15)
    assert np.allclose(np.cov(drawn.T), found.covariance(), atol=0.2 * found.stderr.max() ** 2)


@pytest.mark.slow
def test_survivals_have_intervals_that_cover():
    covered = 0
    for seed in range(60):
        found = pt.measure_gradient(qnode(400, seed=seed), method="shift", rescale=True)(WEIGHTS)
        low, high = found.calibration.survivals[0].low, found.calibration.survivals[0].high
        covered += low < S < high
    assert covered >= 51  # 57 are expected


# -- never silently --------------------------------------------------------------------------------


def test_nothing_is_corrected_unless_it_is_asked_for():
    for ask in (pt.measure_gradient(qnode(100), method="shift"),):
        found = ask(WEIGHTS)
        assert found.calibration is None and np.array_equal(found.raw, found.value)
    jacobian = pt.measure_jacobian(series(100, RETURNS["sum"]), "x", seed=1)(0.0, WEIGHTS)
    assert jacobian.calibration is None and np.array_equal(jacobian.raw, jacobian.value)


def test_the_model_and_what_it_took_are_told():
    measure = pt.measure_gradient(qnode(1000), method="shift", rescale=True, mitigate_read_out=True)
    with qml.Tracker(NoisyQubits(wires=3)):
        found = measure(WEIGHTS)
    text = str(found)
    assert "a model and not a correction" in text and "wrongly read" in text and "survival" in text
    assert found.to_dict()["calibration"]["kind"] == "Calibration"
    plain = pt.measure_gradient(qnode(1000), method="shift").cost(WEIGHTS)
    assert found.cost.circuits == plain.circuits + found.calibration.circuits
    assert found.cost.shots == plain.shots + 1000 * found.calibration.circuits
    assert found.cost.executions == 1
    assert measure.price(WEIGHTS).circuits == found.cost.circuits
    ask = pt.measure_jacobian(series(100, RETURNS["sum"]), "x", rescale=True)
    done = ask(0.0, WEIGHTS)
    assert ask.cost(0.0, WEIGHTS).circuits == done.cost.circuits == ask.price(0.0, WEIGHTS).circuits
    assert "a model and not a correction" in str(done)


def test_a_budget_counts_the_calibration():
    plain = pt.measure_gradient(qnode(100), method="shift").cost(WEIGHTS).circuits
    ask = pt.measure_gradient(qnode(100), method="shift", rescale=True, max_circuits=plain)
    with pytest.raises(pt.BudgetError, match="Nothing was run"):
        ask(WEIGHTS)


# -- what cannot be done ---------------------------------------------------------------------------


def test_a_calibration_needs_shots():
    for circuit in (qnode(None),):
        with pytest.raises(pt.ReadingError, match="shots"):
            pt.measure_gradient(circuit, rescale=True)(WEIGHTS)
    with pytest.raises(pt.ReadingError, match="shots"):
        pt.measure_jacobian(series(None, RETURNS["sum"]), "x", rescale=True)(0.0, WEIGHTS)


def test_means_have_no_outcomes_to_correct():
    with pytest.raises(ValueError, match="read_out='means' has none"):
        pt.measure_gradient(qnode(100), read_out="means", mitigate_read_out=True)


def test_channels_have_no_inverse():
    @qml.set_shots(100)
    @qml.qnode(qml.device("default.mixed", wires=2))
    def circuit(weights):
        layers(weights)
        qml.AmplitudeDamping(0.1, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="AmplitudeDamping has no inverse"):
        pt.measure_gradient(circuit, method="shift", rescale=True)(WEIGHTS)


def test_a_wire_that_tells_nothing_is_refused():
    with pytest.raises(pt.ReadingError, match="about as often for 0 as for 1"):
        pt.measure_gradient(qnode(1000, flips=(0.5, 0.5)), mitigate_read_out=True)(WEIGHTS)


def test_a_state_that_does_not_come_back_is_told():
    found = pt.measure_gradient(qnode(200, survival=0.0), method="shift", rescale=True)(WEIGHTS)
    low = found.calibration.survivals[0].value < 0.4
    told = any("nothing is left to rescale" in model for model in found.calibration.models)
    assert low and (told or found.stderr.max() > 0.1)


def test_the_qnode_is_left_alone(global_state_unchanged):
    circuit = qnode(100)
    before = circuit.shots, circuit.device
    pt.measure_gradient(circuit, rescale=True, mitigate_read_out=True)(WEIGHTS)
    assert (circuit.shots, circuit.device) == before


@pytest.mark.qiskit
@pytest.mark.filterwarnings(*THIRD_PARTY_WARNINGS)
def test_a_fake_backend_comes_closer_to_the_truth():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    device = qml.device(
        "qiskit.remote", wires=2, backend=FakeManilaV2(), seed_transpiler=1,
        options={"simulator": {"seed_simulator": 3}},
    )  # fmt: skip

    @qml.set_shots(20_000)
    @qml.qnode(device)
    def circuit(weights):
        layers(weights)
        return qml.expval(observable())

    found = pt.measure_gradient(circuit, method="shift", rescale=True, mitigate_read_out=True)(
        WEIGHTS
    )
    exact = truth()
    assert np.linalg.norm(found.value - exact) < 0.7 * np.linalg.norm(found.raw - exact)
    assert 0.5 < found.calibration.survivals[0].value < 1.02
