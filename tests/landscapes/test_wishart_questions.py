"""Degrees of freedom, laws and minima of QNodes: predictions against draws."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from scipy import stats

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.diagnostics.degrees_roads import findings_of
from pennylane_trainability.diagnostics.degrees_sample import (
    Wanted,
    measured_samples,
    simulated_samples,
)
from pennylane_trainability.diagnostics.landscape_law import _normal
from pennylane_trainability.diagnostics.local_minima import MinimaVerdict
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.wishart_reading import driven
from pennylane_trainability.diagnostics.wishart_record import Gaussianity
from pennylane_trainability.results import Estimate

DEVICE = qml.device("default.qubit", seed=7)


def universal(n, layers, observable, gates=(qml.RY, qml.RZ)):
    """Rotations and a ring of CNOTs."""

    @qml.qnode(DEVICE)
    def circuit(w):
        for layer in w:
            for wire in range(n):
                for k, gate in enumerate(gates):
                    gate(layer[wire, k], wire)
            for wire in range(n if n > 2 else n - 1):
                qml.CNOT([wire, (wire + 1) % n])
        return qml.expval(observable)

    return circuit, np.zeros((layers, n, len(gates)))


def ask(n, layers, observable, gates=(qml.RY, qml.RZ)):
    circuit, w = universal(n, layers, observable, gates)
    return pt.wishart_parameters(circuit)(w)


# -- structure -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 60])
def test_haar_states_have_variance_one_over_d_plus_one(n):
    found = ask(n, 4, qml.Z(0))
    assert found.applies and found.blocks[0].group == f"SU({2**n})"
    assert found.exact.variance == pytest.approx(1 / (2**n + 1))
    d = 2**n
    assert found.exact.gradient_variance == pytest.approx(d**2 / (2 * (d - 1) * (d + 1) ** 2))
    (block,) = found.blocks
    assert (block.r_uncentred, block.r_centred) == pytest.approx((d / 2, d))


def test_the_exact_variance_is_that_of_paths():
    circuit, w = universal(3, 14, qml.Z(0) @ qml.Z(1))
    paths = pt.loss_variance(circuit, method="paths", n_paths=30_000, seed=1)(w).variance
    exact = pt.wishart_parameters(circuit)(w).exact.variance
    assert abs(paths.value - exact) < 4.5 * paths.stderr + 1e-3 * exact


def test_the_global_fidelity_cost_is_mirrored():
    found = ask(3, 6, 1 - 1 * qml.Projector([0] * 3, wires=range(3)))
    assert found.is_mirrored and found.blocks[0].r_uncentred == pytest.approx(1)
    assert found.exact.skewness < 0 and found.loss_law.skewness == pytest.approx(-2)
    assert found.threshold == 14, "descents go down: seven degrees, twice"
    assert any("mirrored" in note for note in found.notes)


def test_a_real_circuit_has_beta_one():
    @qml.qnode(DEVICE)
    def circuit(w):
        for layer in w:
            for wire in range(3):
                qml.RY(layer[wire], wire)
            qml.PauliRot(layer[3], "ZY", [0, 1])
            qml.PauliRot(layer[4], "ZY", [1, 2])
            qml.PauliRot(layer[5], "YZ", [0, 1])
            qml.PauliRot(layer[6], "YZ", [1, 2])
            qml.PauliRot(layer[7], "ZZY", [0, 1, 2])
        return qml.expval(qml.Z(0))

    found = pt.wishart_parameters(circuit)(np.zeros((4, 8)))
    assert (found.blocks[0].group, found.applies) == ("SO(8)", True)
    assert found.exact.variance == pytest.approx(1 / 5)


def test_groups_that_are_not_full_get_no_laws():
    @qml.qnode(DEVICE)
    def circuit(w):
        for layer in w:
            for wire in range(3):
                qml.RX(layer[wire, 0], wire)
                qml.RY(layer[wire, 1], wire)
        return qml.expval(qml.Z(0) + qml.Z(1))

    found = pt.wishart_parameters(circuit)(np.zeros((2, 3, 2)))
    assert not found.applies and "not all of" in found.reasons[0]
    assert found.loss_law is None and found.gaussian is Gaussianity.UNDECIDED
    assert "do not apply" in str(found)


def test_tied_angles_are_taken_apart_as_matrices():
    @qml.qnode(DEVICE)
    def circuit(w):
        for gamma, beta in w:
            qml.IsingZZ(gamma, [0, 1])
            qml.RX(beta, 0)
            qml.RX(beta, 1)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    found = pt.wishart_parameters(circuit)(np.zeros((3, 2)))
    assert found.method == "matrices"
    # half of |00⟩ is where XX = 1, with su(2) from ZZ and X + X; where XX = −1 nothing turns
    block, still = found.blocks
    assert (block.size, block.beta, block.is_full, block.probability) == (2, 2, True, 0.5)
    assert (still.size, still.variance) == (1, 0)
    assert found.applies and found.exact.variance == pytest.approx(1 / 12)
    drawn = pt.loss_variance(circuit, seed=1, n_draws=4000)(np.zeros((16, 2))).variance
    assert abs(drawn.value - 1 / 12) < 4.5 * drawn.stderr + 2e-3


def test_sums_on_many_wires_are_out_of_budget():
    @qml.qnode(DEVICE)
    def circuit(gamma, beta):
        for wire in range(8):
            qml.IsingZZ(gamma, [wire, (wire + 1) % 8])
        for wire in range(8):
            qml.RX(beta, wire)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    with pytest.raises(pt.BudgetError, match="up to size 32"):
        pt.wishart_parameters(circuit)(0.1, 0.2)


def test_an_observable_outside_the_algebra():
    @qml.qnode(DEVICE)
    def circuit(w):
        qml.Hadamard(1)
        qml.RX(w[0], 0)
        qml.RZ(w[1], 0)
        return qml.expval(qml.Z(0) @ qml.X(1))

    found = pt.wishart_parameters(circuit)(np.zeros(2))
    assert not found.applies and "outside the algebra" in found.reasons[0]


def test_gates_without_words_are_refused():
    @qml.qnode(DEVICE)
    def circuit(w):
        qml.SpecialUnitary(w, wires=[0, 1])
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="SpecialUnitary is no product of Pauli rotations"):
        pt.wishart_parameters(circuit)(np.zeros(15))


def test_the_kernel_is_the_covariance_between_inputs():
    n, layers = 2, 10

    @qml.qnode(DEVICE)
    def circuit(x, w):
        for wire in range(n):
            qml.RX(x[wire], wire)
        for layer in w:
            for wire in range(n):
                qml.RY(layer[wire, 0], wire)
                qml.RZ(layer[wire, 1], wire)
            qml.CNOT([0, 1])
        return qml.expval(qml.Z(0))

    data = np.array([[0.0, 0.0], [0.4, -0.3], [2.0, 1.0]])
    w = np.zeros((layers, n, 2))
    kernel = pt.wishart_parameters(circuit, encoding_args="x", data=data)(data[0], w).kernel
    draws = np.random.default_rng(1).uniform(0, 2 * np.pi, (6000, layers, n, 2))
    values = [circuit(x, np.moveaxis(draws, 0, -1)) for x in data]
    seen = np.cov(values)
    np.testing.assert_allclose(seen, kernel, atol=4.5 * 0.2 * np.sqrt(2 / 6000))
    assert kernel[0, 0] == pytest.approx(1 / 5)
    with pytest.raises(pt.ReadingError, match="2 numbers each"):
        pt.wishart_parameters(circuit, encoding_args="x", data=np.zeros(3))(data[0], w)


def ising(data, w):
    for wire in range(2):
        qml.RY(data[wire], wire)
    for layer in w:
        qml.IsingZZ(layer[0], [0, 1])
        qml.RX(layer[1], 0)
        qml.RX(layer[2], 1)
    return qml.expval(qml.Z(0) @ qml.Z(1))


def test_the_kernel_of_two_blocks_by_hand():
    """Where XX = ±1 the letters are (X₀ ± X₁)/2 and ZZ; the observable is turned over a sphere."""
    data = np.array([[0.3, -0.9], [1.7, 0.4], [-2.2, 2.5]])
    kernel = pt.wishart_parameters(qml.QNode(ising, DEVICE), encoding_args="data", data=data)(
        data[0], np.zeros((3, 3))
    ).kernel
    one = np.stack([*np.sin(data).T, np.cos(data).prod(axis=1)])
    np.testing.assert_allclose(kernel, one.T @ one / 6, atol=1e-12)


def test_inputs_on_other_blocks_have_no_kernel():
    """|++⟩ is where XX = 1, |+0⟩ on both blocks."""
    data = np.array([[np.pi / 2, np.pi / 2], [np.pi / 2, 0.0]])
    found = pt.wishart_parameters(qml.QNode(ising, DEVICE), encoding_args="data", data=data)(
        data[0], np.zeros((3, 3))
    )
    assert len(found.blocks) == 1 and found.applies and found.kernel is None


def test_no_kernel_of_many_logical_wires():
    """Six wires that turn and one whose Z is conserved: 2·6 + 1 is more than 12."""

    @qml.qnode(DEVICE)
    def circuit(x, w):
        qml.RY(x, 6)
        for wire in range(6):
            qml.RX(w[0, wire], wire)
            qml.RZ(w[1, wire], wire)
        for wire in range(6):
            qml.IsingZZ(w[2, wire], [wire, wire + 1])
        return qml.expval(qml.Z(0))

    found = pt.wishart_parameters(circuit, encoding_args="x", data=np.array([np.pi / 2, 0.4]))(
        0.1, np.zeros((3, 6))
    )
    assert [block.group for block in found.blocks] == ["SU(64)"] * 2
    assert found.applies and found.kernel is None


@pytest.mark.parametrize(("still", "turned", "size"), [(3, False, "1 × 32"), (1, True, "2 × 32")])
def test_sums_are_out_of_budget_by_blocks_and_by_conserved_words(still, turned, size):
    @qml.qnode(DEVICE)
    def circuit(w):
        for wire in range(5, 5 + still):
            if turned:
                qml.Hadamard(wire)
            qml.RZ(w[2 + wire], wire)
        for wire in range(4):
            qml.IsingZZ(w[0], [wire, wire + 1])
        for wire in range(5):
            qml.RX(w[1], wire)
            qml.RZ(w[2 + wire], wire)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.BudgetError, match=size):
        pt.wishart_parameters(circuit)(np.zeros(10))


def test_parameters_per_degree_of_freedom_of_a_block():
    found = ask(2, 3, qml.Projector([0], wires=[0]))
    (block,) = found.blocks
    assert (found.n_parameters, block.beta, block.r_descent) == (9, 2, 2.0)
    assert block.overparametrisation == 9 / 4


def test_blocks_of_sums_keep_signs_and_copies():
    """A third wire is a second copy of both blocks; XX = ±1 on them moves the eigenvalues."""

    @qml.qnode(DEVICE)
    def circuit(w):
        qml.Hadamard(2)
        for gamma, beta in w:
            qml.IsingZZ(gamma, [0, 1])
            qml.RX(beta, 0)
            qml.RX(beta, 1)
        return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(0) @ qml.X(1))

    found = pt.wishart_parameters(circuit)(np.zeros((3, 2)))
    block, still = found.blocks
    assert (block.size, block.multiplicity) == (2, 2)
    assert (block.low, block.high) == pytest.approx((-0.5, 1.5))
    assert (still.low, still.high) == pytest.approx((0.5, 0.5))


def test_blocks_of_sums_that_are_not_full():
    """Three wires that turn together are a spin 3/2: three directions of the ten of Sp(2)."""

    @qml.qnode(DEVICE)
    def circuit(w):
        for k, gate in enumerate((qml.RX, qml.RZ)):
            for wire in range(3):
                gate(w[k], wire)
        return qml.expval(qml.Z(0))

    found = pt.wishart_parameters(circuit)(np.zeros(2))
    assert found.method == "matrices" and not found.applies
    assert "dimension 3, which is not all of Sp(2)" in found.reasons[0]


def test_what_turns_is_read_as_sums_of_words():
    """Neighbours with one angle add up; what is fixed in between counts as a generator."""

    @qml.qnode(DEVICE)
    def circuit(w):
        qml.RX(w[0], 0)
        qml.RX(2 * w[0], 0)
        qml.RX(w[0], 1)
        qml.RZ(0.3, 0)
        qml.RZ(0.4, 1)
        qml.RY(w[1], 0)
        qml.RX(w[0], 1)
        qml.RZ(w[0] + w[1], 1)
        return qml.expval(qml.Z(0))

    read = driven(
        read_qnode(circuit, (pnp.array([0.1, 0.2]),), {}, None, None, need_inputs=False).circuit
    )
    assert [sorted(one.values()) for one in read.generators] == [[1, 3], *[[1]] * 5]
    tied, fixed, mixed = read.notes
    assert tied.startswith("1 parameters turn rotations in several places")
    assert fixed.startswith("2 rotations between trainable ones have fixed angles")
    assert mixed == "1 angles depend on several parameters"


def test_quaternions_are_embedded_twice():
    """Words that keep a symplectic form: Sp(2) on two wires, and a third wire for two copies."""

    @qml.qnode(DEVICE)
    def circuit(w):
        for k, (word, wires) in enumerate(
            [("X", 0), ("Z", 0), ("Y", 1), ("XX", None), ("ZZ", None)]
        ):
            qml.PauliRot(w[k], word, [0, 1] if wires is None else wires)
        qml.Hadamard(2)
        return qml.expval(qml.X(1))

    (block,) = pt.wishart_parameters(circuit)(np.zeros(5)).blocks
    assert (block.group, block.multiplicity, block.embedding_index) == ("Sp(2)", 2, 4)


def test_records_are_strict_json(global_state_unchanged):
    found = ask(3, 3, qml.Z(0))
    again = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert again["kind"] == "WishartParameters" and again["blocks"][0]["size"] == 8
    assert found.gaussian in list(Gaussianity) and "SU(8)" in str(found)


# -- from samples ----------------------------------------------------------------------------------


def test_roads_agree_for_a_small_rank_and_not_for_a_word():
    circuit, w = universal(6, 10, qml.Projector([0] * 6, wires=range(6)))
    low_rank = pt.degrees_of_freedom(circuit, road="loss", seed=3)(w)
    for name in ("loss variance", "loss skewness"):
        one = low_rank.by(name)
        assert 0.8 < one.value < 1.4 and one.low < one.high
    circuit, w = universal(4, 8, qml.Z(0))
    word = pt.degrees_of_freedom(circuit, road="all", seed=3, n_draws=2000)(w)
    assert word.by("traces, centred").value == 16 and word.by("traces, uncentred").value == 8
    assert word.findings[0].code == "not-one-wishart-block"
    variance = word.by("loss variance")
    assert abs(variance.value - 17) < 5 * variance.stderr  # d + 1


def test_shot_noise_drops_out_in_one_execution():
    circuit, w = universal(2, 6, qml.Z(0))
    noisy = qml.set_shots(circuit, shots=20)
    measured = pt.degrees_of_freedom(noisy, road="loss", seed=5, n_draws=1500)
    assert measured.cost(w).circuits == 1500
    with qml.Tracker(DEVICE) as tracker:
        found = measured(w)
    assert tracker.totals["batches"] == 1 and found.cost.shots == 4 * 20 * 1500
    one = found.by("loss variance")
    assert abs(one.value - 5) < 5 * one.stderr, "naively 1/(1/5 + 0.04) = 4.2"


@pytest.mark.parametrize("parameter", [1, None])
def test_samples_of_a_device_are_those_of_the_simulation(parameter):
    """Without shots, at the same draws: losses, and one derivative by shifted circuits."""
    circuit, w = universal(2, 2, 0.5 * qml.Z(0) + qml.X(1))
    ask = VarianceAsk(
        *(circuit, None, None, pt.Uniform(), None, None, None, None),
        *(3, "measured", 0.95, 2**30, None, None, None),
    )
    reading, wanted = ask.read((w,), {}), Wanted(parameter, True, 6, 0)
    measured, exact = (
        found(ask, reading, wanted) for found in (measured_samples, simulated_samples)
    )
    np.testing.assert_allclose(measured.losses, exact.losses, atol=1e-12)
    if parameter is not None:
        np.testing.assert_allclose(measured.derivatives, exact.derivatives, atol=1e-12)


def test_losses_that_are_kept_are_means_over_replicates():
    circuit, w = universal(2, 2, qml.Z(0))
    noisy = qml.set_shots(circuit, shots=5)
    found = pt.degrees_of_freedom(noisy, road="loss", seed=5, n_draws=600, level=0.9)(w)
    assert found.losses.shape == (600,) and np.unique(np.round(found.losses * 20)).size > 11


@pytest.mark.parametrize(
    "observable",
    [
        pytest.param(lambda: qml.Z(0) @ qml.Z(1) + qml.Z(0) + qml.Z(1), id="words"),
        pytest.param(lambda: qml.Projector([0, 1], wires=[0, 1]), id="projector"),
        pytest.param(lambda: qml.Hermitian(np.diag([0, 3.0, 0, 0]), wires=[2, 0]), id="matrix"),
    ],
)
def test_traces_on_a_device(observable):
    """A projector of rank 2 on three wires: r = 2, and 8·m²/(m − m²) = 8/3 centred."""
    circuit, w = universal(3, 2, observable())
    noisy = qml.set_shots(circuit, shots=50)
    found = pt.degrees_of_freedom(noisy, road="traces", seed=2, n_states=400)(w)
    for name, truth in (("traces, uncentred", 2.0), ("traces, centred", 8 / 3)):
        assert abs(found.by(name).value - truth) < 5 * found.by(name).stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_draws": 100}, "at least 1,000 draws; 100 are too few. Pass n_draws=1000"),
        ({"road": "loss", "n_draws": 450, "level": 0.99}, "at least 2,000 draws"),
        ({"road": "moon"}, "road='moon' is unknown"),
        ({"beta": 3}, "beta needs 1, 2, 4 or None"),
        ({"parameter": 99}, "none of the 12 parameters"),
    ],
)
def test_bad_input_says_what_is_needed(options, message):
    circuit, w = universal(2, 3, qml.Z(0))
    with pytest.raises(pt.ReadingError, match=message):
        pt.degrees_of_freedom(circuit, **options)(w)


def test_replicates_have_to_be_enough():
    circuit, w = universal(2, 3, qml.Z(0))
    with pytest.raises(pt.ReadingError, match="at least 4 replicates"):
        pt.degrees_of_freedom(qml.set_shots(circuit, shots=[(10, 2)]), road="loss")(w)


# -- laws and minima -------------------------------------------------------------------------------


def test_laws_against_draws():
    circuit, w = universal(5, 10, qml.Projector([0] * 5, wires=range(5)))
    found = pt.landscape_law_test(circuit, seed=1, n_draws=1000)(w)
    assert found.closest().name in ("uncentred", "centred")
    assert found.rejected("normal") and found.rejected("normal", gradient=True)
    word, w = universal(5, 10, qml.Z(0))
    assert pt.landscape_law_test(word, seed=1, n_draws=500)(w).closest().name == "normal"
    with pytest.raises(pt.ReadingError, match="without shot noise"):
        pt.landscape_law_test(qml.set_shots(circuit, shots=10))


@pytest.mark.parametrize("unit", [1e-7, 1.0, 1e7])
def test_what_varies_by_rounding_alone_has_no_law(unit):
    """A norm is 1 up to rounding, and a phase behind the last rotation moves nothing."""

    @qml.qnode(DEVICE)
    def norm(w):
        qml.RX(w[0], 0)
        qml.RY(w[1], 0)
        return qml.expval(unit * qml.I(0))

    with pytest.raises(pt.ReadingError, match="The loss does not vary over these draws"):
        pt.landscape_law_test(norm, seed=1, n_draws=100, parameter=0)(np.zeros(2))

    @qml.qnode(DEVICE)
    def behind(w):
        qml.RX(w[0], 0)
        qml.RY(w[1], 0)
        qml.RZ(w[2], 0)
        return qml.expval(unit * qml.Z(0))

    with pytest.raises(pt.ReadingError, match="The derivative does not vary over these draws"):
        pt.landscape_law_test(behind, seed=1, n_draws=100, parameter=2)(np.zeros(3))


def test_tests_of_laws_by_hand():
    """Of angles of half the slope; the normal law has the distance that SciPy finds."""

    @qml.qnode(DEVICE)
    def circuit(w):
        for layer in w:
            for wire in range(2):
                qml.RY(layer[wire, 0], wire)
                qml.RZ(layer[wire, 1] / 2, wire)
            qml.CNOT([0, 1])
        return qml.expval(qml.Projector([0, 0], wires=[0, 1]) + 0.3 * qml.Z(0))

    w = np.zeros((3, 2, 2))
    found = pt.landscape_law_test(circuit, seed=1, n_draws=100, level=0.9, parameter=5)(w)
    law = pt.wishart_parameters(circuit)(w).gradient_law_centred
    assert found.gradient_law.variance == pytest.approx(law.variance / 4)
    assert found.size == pytest.approx(0.1)
    normal = {test.name: test for test in found.loss_tests}["normal"]
    scores = (found.losses - found.losses.mean()) / found.losses.std(ddof=1)
    assert normal.distance == pytest.approx(stats.kstest(scores, "norm").statistic)
    for p, rejected in ((0.04, True), (0.06, False)):
        one = replace(normal, distance_p=p, squared_p=0.5)
        assert replace(found, loss_tests=(one,)).rejected("normal") is rejected
    assert ("draws", found.law) in found.rows()


def test_the_normal_law_is_the_one_of_the_draws():
    draws = np.random.default_rng(0).gamma(2.0, size=50)
    cdf, sampler = _normal(draws)
    own = stats.norm(draws.mean(), draws.std(ddof=1))
    np.testing.assert_allclose(cdf(draws), own.cdf(draws))
    assert stats.kstest(sampler(np.random.default_rng(1), 2000), own.cdf).pvalue > 1e-6


def between_random(n, p, observable, seed):
    """``p`` rotations between fixed random circuits: the setting of the threshold."""
    angles = np.random.default_rng(seed).uniform(0, 2 * np.pi, (p + 1, 3, n, 2))

    @qml.qnode(DEVICE)
    def circuit(w):
        for k in range(p + 1):
            for layer in angles[k]:
                for wire in range(n):
                    qml.RY(layer[wire, 0], wire)
                    qml.RZ(layer[wire, 1], wire)
                for wire in range(n):
                    qml.CNOT([wire, (wire + 1) % n])
            if k < p:
                qml.RZ(w[k], k % n)
        return qml.expval(observable)

    return circuit, np.zeros(p)


def test_minima_sink_to_the_bottom_at_the_threshold():
    """A projector of rank 4: β r = 8."""
    mean = {}
    for p in (2, 5, 10):
        circuit, w = between_random(4, p, qml.Projector([0, 0], wires=[0, 1]), seed=4)
        found = pt.local_minima(circuit, seed=2, n_starts=20)(w)
        mean[p] = found.mean_energy.value
        assert (found.threshold, found.overparametrisation) == (8, p / 8)
        if p != 5:
            assert found.verdict is MinimaVerdict.AGREES
    assert mean[2] > mean[5] > mean[10] and mean[10] < 0.01 and mean[2] > 0.1


def test_traces_of_a_shifted_observable():
    """Eigenvalues ±0.7 ± 0.4 − 0.2 on eight dimensions: 1.1 above the lowest, variance 0.65."""
    circuit, w = universal(3, 4, 0.7 * qml.Z(0) + 0.4 * qml.Z(1) - 0.2 * qml.I(0))
    found = pt.degrees_of_freedom(circuit, road="traces", seed=1)(w)
    assert found.lowest == pytest.approx(-1.3)
    assert found.by("traces, uncentred").value == pytest.approx(8 * 1.21 / (1.21 + 0.65))
    assert found.by("traces, centred").value == pytest.approx(8 * 1.21 / 0.65)
    noisy = qml.set_shots(circuit, shots=100)
    measured = pt.degrees_of_freedom(noisy, road="traces", seed=2, n_states=150)(w)
    for name in ("traces, uncentred", "traces, centred"):
        seen, truth = measured.by(name), found.by(name).value
        assert abs(seen.value - truth) < 5 * seen.stderr < truth


@pytest.mark.parametrize(("beta", "size"), [(2, 8), (4, 4)])
def test_traces_of_the_whole_space_where_blocks_are_not_known(beta, size):
    @qml.qnode(DEVICE)
    def circuit(w):
        qml.SpecialUnitary(w, wires=[0, 1])
        qml.CNOT([1, 2])
        return qml.expval(qml.Z(0) + 0.5 * qml.Z(2))

    found = pt.degrees_of_freedom(circuit, road="traces", beta=beta, seed=1)(np.zeros(15))
    assert found.by("traces, centred").value == pytest.approx(size * 1.5**2 / 1.25)
    assert any("blocks are not known" in note for note in found.notes)


def test_roads_are_apart_by_more_than_five_percent_and_one():
    """From 20 up, what begins below 1.05 · 20 + 1 = 22 may be the same."""
    below = Estimate(value=19, low=18, high=20)
    for low, apart in ((21.9, False), (22.1, True)):
        above = Estimate(value=30, low=low, high=40)
        for pair in ((below, above), (above, below)):
            found = findings_of((("loss variance", pair[0]), ("loss skewness", pair[1])))
            assert bool(found) is apart
    assert not findings_of((("traces, uncentred", below), ("loss skewness", above)))


def test_energies_of_minima_are_relative_to_the_mean_eigenvalue():
    """The lowest of ±0.7 ± 0.4 − 0.2 is −1.3, the mean 1.1 above it."""
    circuit, w = universal(2, 2, 0.7 * qml.Z(0) + 0.4 * qml.Z(1) - 0.2 * qml.I(0))
    found = pt.local_minima(circuit, seed=3, n_starts=10, max_steps=4)(w)
    losses = np.array([circuit(point.reshape(w.shape)) for point in found.points])
    assert (found.lowest, found.mean_eigenvalue) == pytest.approx((-1.3, 1.1))
    np.testing.assert_allclose(found.energies, (losses + 1.3) / 1.1, atol=1e-9)
    assert 0 < found.n_converged < 10
    share = found.reached.value
    assert 0 < share < 1
    assert found.reached.stderr == pytest.approx(np.sqrt(share * (1 - share) / 10))
    assert found.mean_energy.value == pytest.approx(found.energies.mean())
    assert any(f"{10 - found.n_converged} of 10 descents did not" in n for n in found.notes)


def test_traces_say_what_they_are_traces_of():
    @qml.qnode(DEVICE)
    def copies(w):
        qml.Hadamard(1)
        qml.RX(w[0], 0)
        qml.RY(w[1], 0)
        return qml.expval(qml.Z(0))

    found = pt.degrees_of_freedom(copies, road="traces", seed=1)(np.zeros(2))
    assert any("of the whole Hilbert space" in note for note in found.notes)
    n = 12
    words = [qml.X(k) @ qml.X(k + 1) for k in range(n - 1)] + [qml.Z(k) for k in range(n)]
    circuit, w = universal(n, 1, qml.sum(*words))
    found = pt.degrees_of_freedom(circuit, road="traces", seed=1)(w)
    assert any("bound by Σ|c|" in note for note in found.notes) and found.lowest == -23


def test_whether_minima_agree_needs_an_interval_on_one_side_of_one_half():
    circuit, w = universal(2, 1, qml.Projector([0], wires=[0]))
    found = pt.local_minima(circuit, seed=3, n_starts=10, max_steps=2)(w)
    for low, high, few, many in (
        (0.2, 0.8, MinimaVerdict.UNDECIDED, MinimaVerdict.UNDECIDED),
        (0.1, 0.4, MinimaVerdict.AGREES, MinimaVerdict.DIFFERS),
        (0.6, 0.9, MinimaVerdict.DIFFERS, MinimaVerdict.AGREES),
    ):
        reached = Estimate(value=0.5, low=low, high=high)
        assert replace(found, reached=reached, overparametrisation=0.5).verdict is few
        assert replace(found, reached=reached, overparametrisation=1.0).verdict is many


def test_descents_do_not_depend_on_the_unit_of_the_loss():
    """Two steps are not enough; in thousandths the derivatives are as small as they are."""
    circuit, w = universal(2, 2, 1e-3 * (0.7 * qml.Z(0) + 0.4 * qml.X(0) @ qml.X(1)))
    assert pt.local_minima(circuit, seed=3, n_starts=10, max_steps=2)(w).n_converged == 0


def test_minima_need_a_known_bottom():
    n = 12
    words = [qml.X(k) @ qml.X(k + 1) for k in range(n - 1)] + [qml.Z(k) for k in range(n)]
    circuit, w = universal(n, 1, qml.sum(*words))
    with pytest.raises(pt.ReadingError, match="smallest value of this observable is not known"):
        pt.local_minima(circuit, seed=1, n_starts=10)(w)


def test_pictures():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    circuit, w = universal(3, 4, qml.Projector([0] * 3, wires=range(3)))
    law = pt.landscape_law_test(circuit, seed=1, n_draws=200)(w).plot()
    assert len(law.figure.axes) == 2 and len(law.lines) == 3
    minima = pt.local_minima(circuit, seed=1, n_starts=10)(w).plot()
    assert "bottom" in minima.get_title()
    plt.close("all")
