"""The question as a user asks it: methods agree, shots leave no bias, reasons are said."""

import json
import math

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability import Normal, ReadingError, Uniform
from pennylane_trainability.errors import BudgetError

N = 3


def layers(w):
    rotations(w)
    return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(2))


def rotations(w):
    for layer in w:
        for wire in range(N):
            qml.RY(layer[wire, 0], wire)
            qml.RZ(layer[wire, 1], wire)
        for wire in range(N - 1):
            qml.CNOT([wire, wire + 1])


def qnode(function=layers, shots=None, device="default.qubit", **options):
    made = qml.QNode(function, qml.device(device, wires=N, seed=5, **options))
    return qml.set_shots(made, shots) if shots else made


W = np.zeros((2, N, 2))


def product(w):
    """Var ℓ = Var ∂ℓ = 1/8 over whole turns, with heavy tails."""
    for wire in range(N):
        qml.RY(w[wire], wire)
    return qml.expval(qml.Z(0) @ qml.Z(1) @ qml.Z(2))


# -- methods agree ---------------------------------------------------------------------------------


@pytest.mark.parametrize("law", [Uniform(), Uniform(0.8), Normal(0.5)], ids=str)
def test_paths_and_draws_agree(law, seed):
    """Where both apply. Two estimates, each with its own error."""
    for ask in (pt.loss_variance, pt.gradient_variances):
        by_paths = ask(qnode(), method="paths", law=law, seed=seed, n_paths=100_000)(W)
        by_draws = ask(qnode(), method="sample", law=law, seed=seed, n_draws=8_000)(W)
        if ask is pt.loss_variance:
            gap = by_paths.variance.value - by_draws.variance.value
            error = math.hypot(by_paths.variance.stderr, by_draws.variance.stderr)
            both = by_paths.mean.value - by_draws.mean.value
            assert abs(both) < 4.5 * by_draws.mean.stderr
        else:
            gap = by_paths.value - by_draws.value
            error = np.hypot(np.nan_to_num(by_paths.stderr), by_draws.stderr)
            # what paths have never seen is below their upper ends
            gap = np.where(np.isnan(by_paths.stderr), 0.0, gap)
            assert np.all(by_draws.low <= by_paths.high)
        assert np.all(np.abs(gap) <= 4.5 * error + 1e-12)


def test_auto_takes_the_module_and_says_what_it_rests_on(seed):
    found = pt.loss_variance(qnode(), seed=seed)(W)
    assert (found.method, found.refused, found.provenance.engine) == ("module", (), "module")
    assert any("independent" in line for line in found.assumptions)
    assert any("no noise" in line for line in found.assumptions)
    assert found.exact and found.cost.circuits == 0 and found.provenance.seed == seed


def test_auto_takes_paths_where_the_module_is_large_and_says_so(seed):
    ask = {"seed": seed, "max_words": 10}
    found = pt.loss_variance(qnode(), **ask)(W)
    assert (found.method, found.provenance.engine) == ("paths", "paths")
    ((name, why),) = found.refused
    assert name == "module" and "has ≥ " in why and "max_words=10" in why
    assert why.endswith("method='paths' still applies.")
    with pytest.raises(BudgetError, match="method='paths' still applies"):
        pt.loss_variance(qnode(), method="module", **ask)(W)
    exact = pt.loss_variance(qnode(), method="module", seed=seed)(W)
    assert abs(found.variance.value - exact.variance.value) < 4.5 * found.variance.stderr


def tied(w):
    for wire in range(N):
        qml.RX(w, wire)
    return qml.expval(qml.Z(0) @ qml.Z(1))


def tied_apart(w):
    qml.RX(w, 0)
    qml.RY(w, 0)
    return qml.expval(qml.Z(0))


def excitation(w):
    qml.PauliX(0)
    qml.SingleExcitation(w, [0, 1])
    return qml.expval(qml.Z(0))


@pytest.mark.parametrize(
    ("function", "reason", "variance"),
    [
        # ℓ = cos² w: (1 + cos 2w)/2 has variance 1/8
        pytest.param(tied, "tied angles", 1 / 8, id="tied"),
        # ℓ = −cos w over the period 4π: 1/2
        pytest.param(excitation, "several Pauli words", 1 / 2, id="generator"),
    ],
)
def test_sums_of_words_are_exact_on_the_module_and_refused_by_paths(function, reason, variance):
    found = pt.loss_variance(qnode(function))(0.1)
    assert found.method == "module" and found.exact
    assert found.variance.value == pytest.approx(variance, abs=1e-14)
    with pytest.raises(ReadingError, match=reason):
        pt.loss_variance(qnode(function), method="paths")(0.1)


def test_auto_draws_where_nothing_else_applies_and_says_why(seed):
    """ℓ = cos² w again, from rotations that do not commute."""
    found = pt.loss_variance(qnode(tied_apart), seed=seed, n_draws=4_000)(0.1)
    assert found.method == "sample"
    assert [name for name, _ in found.refused] == ["module", "paths"]
    assert all("tied angles" in why for _, why in found.refused)
    assert abs(found.variance.value - 1 / 8) < 4.5 * found.variance.stderr
    assert "tied angles" in str(found)
    for method in ("module", "paths"):
        with pytest.raises(ReadingError, match="tied angles"):
            pt.loss_variance(qnode(tied_apart), method=method)(0.1)


def test_a_law_of_ones_own(seed):
    def at_half_turns(rng, given, n_draws):
        return np.pi * rng.integers(0, 2, (n_draws, given.size))

    found = pt.loss_variance(qnode(product), law=at_half_turns, seed=seed, n_draws=400)(np.zeros(3))
    assert "moments are not known" in found.refused[0][1]
    assert found.variance.value == pytest.approx(1.0, abs=0.1)  # ℓ = ±1
    assert found.law == "at_half_turns"


def test_nested_arguments_keep_their_shape(seed):
    def function(w, x):
        qml.RY(x, 0)
        qml.RY(w["a"][0], 0)
        qml.RX(w["b"], 1)
        qml.RX(w["a"][1], 2)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    w = {"a": np.zeros(2), "b": 0.0}
    found = pt.gradient_variances(qnode(function), encoding_args="x", method="paths", seed=seed)(
        w, 0.3
    )
    # cos(a₀ + x) cos b; the second entry of a is on a wire that is not measured
    assert set(found.value) == {"a", "b"} and found.value["a"].shape == (2,)
    assert found.value["a"][1] == 0 and found.constant == (1,)
    assert found.estimate(1).exact
    for p in (0, 2):
        assert abs(found.variances[p] - 0.25) < 4.5 * found.stderrs[p]
    assert found.parameters == ("w<0>[0]", "w<0>[1]", "w<1>")


def test_several_arguments_come_as_a_tuple(seed):
    def function(a, b):
        qml.RY(a, 0)
        qml.RY(b[0], 1)
        return qml.expval(qml.Z(0))

    found = pt.gradient_variances(qnode(function), argnums=[0, 1], seed=seed)(0.1, np.zeros(2))
    a, b = found.value
    assert np.shape(a) == () and b.shape == (2,) and not b.any()


# -- shots -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shots", "replicates"),
    [
        pytest.param(10, None, id="variance from counts"),
        pytest.param(2, None, id="two shots"),
        pytest.param(10, True, id="replicates"),
        pytest.param([(10, 2)], None, id="shot vector"),
        pytest.param([(5, 3)], None, id="three replicates"),
        pytest.param(1, None, id="single shots"),
    ],
)
def test_shot_noise_leaves_no_bias(shots, replicates, seed):
    """With ten shots the naive variance of the loss is far too large; ours is not."""
    ask = {"method": "sample", "replicates": replicates, "seed": seed, "n_draws": 2_000}
    found = pt.loss_variance(qnode(product, shots), **ask)(np.zeros(3))
    assert abs(found.variance.value - 1 / 8) < 4.5 * found.variance.stderr
    if shots == 10:
        naive = found.samples.var()
        assert naive > 1 / 8 + 5 * found.variance.stderr
    assert found.provenance.engine == "measured"
    gradient = pt.gradient_variances(qnode(product, shots), **ask | {"n_draws": 600})(np.zeros(3))
    assert np.all(np.abs(gradient.value - 1 / 8) < 4.5 * gradient.stderr)


def test_a_sum_of_words_needs_several_bases(seed):
    def function(w):
        rotations(w)
        return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(0))

    exact = pt.loss_variance(qnode(function), seed=seed, n_paths=200_000)(W).variance
    ask = {"method": "sample", "seed": seed, "n_draws": 2_000}
    found = pt.loss_variance(qnode(function, 20), **ask)(W)
    error = math.hypot(found.variance.stderr, exact.stderr)
    assert abs(found.variance.value - exact.value) < 4.5 * error
    assert found.cost.circuits == 4_000 and found.cost.shots == 80_000  # two bases per draw


def test_negative_values_are_kept(seed):
    """A loss that does not vary, measured with few shots: zero on average, of either sign."""

    def constant(w):
        qml.Hadamard(0)
        qml.RX(w, 1)
        return qml.expval(qml.Z(0))

    values = []
    for k in range(12):
        circuit = qml.QNode(constant, qml.device("default.qubit", seed=seed + k))
        circuit = qml.set_shots(circuit, 10)
        found = pt.loss_variance(circuit, method="sample", seed=k, n_draws=40)(0.1)
        values.append(found.variance)
    assert min(v.value for v in values) < 0 < max(v.value for v in values)
    assert sum(v.low <= 0 <= v.high for v in values) >= 9


def test_noise_of_a_device_is_part_of_the_answer(seed):
    """⟨Z⟩ = (1 − 4p/3) cos w: without shots the device's means are exact."""
    p = 0.15

    def noisy(w):
        qml.RX(w, 0)
        qml.DepolarizingChannel(p, 0)
        return qml.expval(qml.Z(0))

    device = qml.device("default.mixed", wires=1)
    found = pt.loss_variance(qml.QNode(noisy, device), seed=seed, n_draws=900)(0.1)
    assert found.method == "sample" and found.provenance.engine == "measured"
    assert "noise channel" in found.refused[0][1]
    truth = (1 - 4 * p / 3) ** 2 / 2
    assert abs(found.variance.value - truth) < 4.5 * found.variance.stderr


# -- how many, and what it costs -------------------------------------------------------------------


@pytest.mark.parametrize("method", ["paths", "sample"])
def test_a_relative_error_is_reached(method, seed):
    ask = {"method": method, "seed": seed, "rtol": 0.03}
    found = pt.loss_variance(qnode(product), **ask)(np.zeros(3))
    assert found.variance.stderr <= 0.03 * found.variance.value
    assert found.notes == ()
    few = pt.loss_variance(qnode(product), **ask, n_paths=640, n_draws=300)(np.zeros(3))
    assert few.provenance.n_samples in (640, 300)
    assert any("was not reached" in note for note in few.notes)


def test_every_derivative_reaches_its_relative_error(seed):
    ask = {"method": "paths", "seed": seed, "rtol": 0.05}
    found = pt.gradient_variances(qnode(product), **ask)(np.zeros(3))
    assert np.all(found.stderr <= 0.05 * found.value)


def test_costs_are_known_before_anything_runs(seed):
    measured = pt.gradient_variances(qnode(product, 100), method="sample", n_draws=50, seed=seed)
    cost = measured.cost(np.zeros(3))
    with qml.Tracker(qnode().device) as tracker:
        measured.cost(np.zeros(3))
    assert not tracker.totals
    assert (cost.circuits, cost.shots) == (50 * 6, 50 * 6 * 100)
    assert measured(np.zeros(3)).cost.circuits == cost.circuits
    assert pt.loss_variance(qnode(product, 100)).cost(np.zeros(3)).circuits == 0  # paths


def test_budgets_are_kept(seed):
    question = {"method": "sample", "seed": seed}
    with pytest.raises(BudgetError, match="needs 100 circuits; max_circuits allows 99"):
        pt.loss_variance(qnode(product, 50), **question, max_circuits=99)(np.zeros(3))
    with pytest.raises(BudgetError, match="5000 shots"):
        pt.loss_variance(qnode(product, 50), **question, max_shots=4_999)(np.zeros(3))
    found = pt.loss_variance(qnode(product, 50), **question, rtol=0.001, max_circuits=150)
    assert found(np.zeros(3)).cost.circuits == 150
    with pytest.raises(BudgetError, match="at least 4 draws"):
        pt.loss_variance(qnode(product, 50), **question, rtol=0.1, max_circuits=3)(np.zeros(3))


def test_few_draws_are_called_few(seed):
    found = pt.loss_variance(qnode(product), method="sample", seed=seed, n_draws=50)(np.zeros(3))
    assert any("take at least 200" in note for note in found.notes)


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"method": "guess"}, "method='guess' is unknown", id="method"),
        pytest.param({"engine": "fast"}, "engine='fast' is unknown", id="engine"),
        pytest.param({"level": 1.0}, "between 0 and 1", id="level"),
        pytest.param({"rtol": 0.0}, "between 0 and 1", id="rtol"),
        pytest.param({"n_draws": 3}, "whole number ≥ 4", id="draws"),
        pytest.param({"n_paths": 1.5}, "whole number ≥ 1", id="paths"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        pt.loss_variance(qnode(), **options)(W)


def test_only_one_number_is_a_loss():
    def two(w):
        qml.RX(w, 0)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0))

    with pytest.raises(ReadingError, match=r"one number: return one qml\.expval"):
        pt.loss_variance(qnode(two))(0.1)


def test_unequal_replicates_are_refused():
    with pytest.raises(ReadingError, match="equal numbers of shots"):
        pt.loss_variance(qnode(product, [10, 20]), method="sample")(np.zeros(3))


def test_devices_that_need_shots_say_so():
    device = qml.device("default.mixed", wires=2)
    device_name = type(device).__name__
    assert device_name  # analytic density matrices need no shots
    found = pt.loss_variance(qml.QNode(product, qml.device("default.mixed", wires=3)),
                             method="sample", n_draws=10)(np.zeros(3))  # fmt: skip
    assert found.provenance.shots is None


# -- records ---------------------------------------------------------------------------------------


def test_equal_seeds_give_equal_records(seed):
    for ask in (pt.loss_variance, pt.gradient_variances):
        for method in ("module", "paths", "sample"):
            one, two = (ask(qnode(), method=method, seed=seed)(W).to_dict() for _ in range(2))
            assert json.dumps(one) == json.dumps(two)


def test_nothing_is_changed(global_state_unchanged, seed):
    circuit, w = qnode(shots=20), np.array(W)
    before = circuit.shots, circuit.device, w.copy()
    pt.gradient_variances(circuit, method="sample", n_draws=10, seed=seed)(w)
    pt.loss_variance(circuit, seed=seed)(w)
    assert circuit.shots == before[0] and circuit.device is before[1]
    np.testing.assert_array_equal(w, before[2])


def test_summaries_say_the_numbers(seed):
    loss = pt.loss_variance(qnode(), seed=seed)(W)
    assert str(loss.variance) in str(loss) and "module" in str(loss)
    paths = pt.loss_variance(qnode(), method="paths", seed=seed)(W)
    assert str(paths.variance) in str(paths) and "paths, " in str(paths)
    gradients = pt.gradient_variances(qnode(), seed=seed)(W)
    text = str(gradients)
    assert "largest" in text and "w[" in text and "12 derivatives" in text


@pytest.mark.interfaces
@pytest.mark.parametrize("interface", ["jax", "torch"])
def test_arguments_of_other_interfaces(interface, seed):
    if interface == "jax":
        import jax

        w = jax.numpy.zeros(3)
    else:
        import torch

        w = torch.zeros(3, requires_grad=True)
    for method in ("module", "paths", "sample"):
        found = pt.gradient_variances(qnode(product), method=method, seed=seed)(w)
        assert isinstance(found.value, np.ndarray) and found.value.shape == (3,)


@pytest.mark.parametrize("scale", [1e-7, 1.0, 1e6])
def test_small_losses_vary_and_rounding_does_not(scale):
    """``RZ`` after a fixed turn changes nothing, ``RX`` does; in any unit."""

    def made(gate):
        @qml.qnode(qml.device("default.qubit"))
        def circuit(w):
            qml.RX(np.pi / 3, wires=0)
            gate(w, wires=0)
            return qml.expval(scale * qml.Z(0))

        found = pt.loss_variance(circuit, method="sample", n_draws=50, seed=1)(0.1)
        spread = found.samples.std(ddof=1) / np.sqrt(50)
        assert found.mean.stderr == pytest.approx(spread, abs=1e-12 * scale)
        return found.variance.value

    assert made(qml.RZ) == 0 and made(qml.RX) == pytest.approx(scale**2 / 2, rel=0.5, abs=0)


def test_how_many_derivatives_miss_the_error_asked_for():
    """Losses of one, one half and one tenth: 20 draws know none of them to a thousandth."""

    @qml.qnode(qml.device("default.qubit"))
    def circuit(w):
        for wire in range(3):
            qml.RX(w[wire], wires=wire)
        return qml.expval(0.1 * qml.Z(0) + 0.05 * qml.Z(1))

    found = pt.gradient_variances(circuit, method="sample", n_draws=20, rtol=0.02, seed=1)(
        np.zeros(3)
    )
    text = " ".join(found.notes)
    assert "the relative error 0.02 was not reached for 2 of 3" in text
