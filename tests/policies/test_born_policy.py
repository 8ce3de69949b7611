"""Action probabilities and gradients of their logarithms: by hand, by PennyLane, from shots."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.policies.draws import adjoint_actions, tangent_actions
from pennylane_trainability.policies.measured_actions import MeasuredActions
from pennylane_trainability.policies.partitions import partition_of
from pennylane_trainability.policies.policy_gradient import clipping_factor

WIRES = 4
SHAPES = qml.SimplifiedTwoDesign.shape(2, WIRES)


def circuit(wires=range(WIRES), device=None, measure=None):
    @qml.qnode(device or qml.device("default.qubit"))
    def policy_circuit(first, layers, state):
        qml.RX(state, wires=1)
        qml.SimplifiedTwoDesign(first, layers, wires=range(WIRES))
        qml.Hadamard(wires=2)  # behind the last trainable gate
        return qml.probs(wires=wires) if measure is None else measure()

    return policy_circuit


def arguments(rng):
    return rng.normal(size=SHAPES[0]), rng.normal(size=SHAPES[1]), 0.3


def thirds(bits):
    return bits.sum(axis=1) % 3


def by_hand(partition, n_actions, n_bits):
    """Actions from bitstrings, as the definitions say it."""
    size = int(math.log2(n_actions))
    found = []
    for bits in product("01", repeat=n_bits):
        word = "".join(bits)
        if partition == "contiguous":
            found.append(int(word[:size] or "0", 2))
        else:
            parities = [word[: n_bits - m].count("1") % 2 for m in range(size)]
            found.append(sum(bit << m for m, bit in enumerate(parities)))
    return found


@pytest.mark.parametrize("partition", ["contiguous", "parity"])
@pytest.mark.parametrize("n_actions", [2, 4, 8])
def test_partitions_are_what_they_are_called(partition, n_actions):
    found = partition_of(partition, n_actions, 3)
    np.testing.assert_array_equal(found.actions, by_hand(partition, n_actions, 3))
    assert found.is_even and found.matrix().sum() == 8


@pytest.mark.parametrize(
    ("partition", "n_actions"), [("contiguous", 4), ("parity", 4), ("parity", 8), (thirds, 3)]
)
@pytest.mark.parametrize("wires", [[0, 1, 2, 3], [2, 0, 3]], ids=["all", "some"])
def test_probabilities_are_sums_over_outcomes(partition, n_actions, wires, rng):
    args = arguments(rng)
    outcomes = circuit(wires)(*args)
    bits = np.array(list(product([0, 1], repeat=len(wires))))
    own = callable(partition)
    actions = partition(bits) if own else by_hand(partition, n_actions, len(wires))
    expected = np.bincount(actions, weights=outcomes, minlength=n_actions)
    policy = pt.born_policy(circuit(wires), n_actions, partition)
    np.testing.assert_allclose(policy(*args), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("partition", "n_actions"), [("contiguous", 4), ("parity", 8), (thirds, 3)]
)
def test_gradients_are_those_of_autograd(partition, n_actions, rng):
    first, layers, state = arguments(rng)
    policy = pt.born_policy(circuit([2, 0, 3]), n_actions, partition)
    found = policy.log_policy_gradient(first, layers, state, argnums=[0, 1])

    def log(*weights):
        return pnp.log(policy(*weights, state))

    expected = qml.jacobian(log)(
        pnp.array(first, requires_grad=True), pnp.array(layers, requires_grad=True)
    )
    for own, other in zip(found.value, expected, strict=True):
        np.testing.assert_allclose(own, other, atol=1e-10)
    np.testing.assert_allclose(found.of(1)[0], expected[0][1], atol=1e-10)
    np.testing.assert_allclose(found.clipping_factors, 1)
    rewards = rng.normal(size=n_actions)
    by_layers = found.of_reward(rewards)[1]
    np.testing.assert_allclose(
        by_layers,
        np.einsum("a,a,a...->...", rewards, policy(first, layers, state), expected[1]),
        atol=1e-10,
    )


@pytest.mark.parametrize("wires", [[0, 1, 2, 3], [2, 0, 3]], ids=["all", "some"])
def test_adjoint_sweeps_and_tangents_agree(wires, rng):
    policy = pt.born_policy(circuit(wires), 8, "parity")
    reading, partition = policy.read(arguments(rng), {}, argnums=[0, 1])
    drawn = rng.normal(size=(3, reading.circuit.n_parameters))
    made = reading.at(drawn, reading.arguments.inputs[None])
    roads = [road(made, 3, partition, 2**26) for road in (adjoint_actions, tangent_actions)]
    for one, other in zip(*roads, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_product_of_rotations_has_a_closed_form(rng):
    """``π(0) = (1 + ∏ cos θ)/2`` for the parity of all wires."""

    @qml.qnode(qml.device("default.qubit"))
    def rotations(angles):
        for wire in range(4):
            qml.RY(angles[wire], wires=wire)
        return qml.probs(wires=range(4))

    angles = rng.uniform(0.2, 1.2, 4)
    found = pt.born_policy(rotations, 2, "parity").log_policy_gradient(angles)
    cosine = np.prod(np.cos(angles))
    np.testing.assert_allclose(found.probabilities, [(1 + cosine) / 2, (1 - cosine) / 2])
    slope = -np.tan(angles) * cosine
    np.testing.assert_allclose(found.value[0], slope / (1 + cosine), atol=1e-12)
    np.testing.assert_allclose(found.value[1], -slope / (1 - cosine), atol=1e-12)


def test_fisher_is_that_of_pennylane(rng):
    def plain(weights):
        qml.StronglyEntanglingLayers(weights, wires=range(3))
        return qml.probs(wires=[0, 1, 2])  # PennyLane's always takes all wires

    qnode = qml.QNode(plain, qml.device("default.qubit"))
    weights = rng.normal(size=(2, 3, 3))
    found = pt.born_policy(qnode, 8, "parity").log_policy_gradient(weights)
    expected = qml.gradients.classical_fisher(qnode)(pnp.array(weights, requires_grad=True))
    np.testing.assert_allclose(found.fisher(), np.reshape(expected, (18, 18)), atol=1e-9)


def test_a_pauli_word_is_read_in_its_basis(rng):
    args = arguments(rng)
    word = circuit(measure=lambda: qml.expval(qml.X(0) @ qml.Y(3)))
    policy = pt.born_policy(word, 2, "parity")
    p = policy(*args)
    assert p[0] - p[1] == pytest.approx(float(word(*args)), abs=1e-12)
    found = policy.log_policy_gradient(*args, argnums=[0])
    by_first = qml.jacobian(lambda first: word(first, *args[1:]))(
        pnp.array(args[0], requires_grad=True)
    )
    difference = (found.derivatives[0] - found.derivatives[1])[: len(args[0])]
    np.testing.assert_allclose(difference, by_first, atol=1e-10)
    turned = circuit([3, 1], measure=lambda: qml.probs(op=qml.Z(3) @ qml.Z(1)))
    np.testing.assert_allclose(pt.born_policy(turned, 4)(*args), circuit([3, 1])(*args), atol=1e-12)


def test_a_broadcasting_axis_gives_one_distribution_each(rng):
    first, layers, _ = arguments(rng)
    states = np.array([0.1, 0.7, 2.0])
    policy = pt.born_policy(circuit(), 4, "parity")
    rows = [policy(first, layers, state) for state in states]
    np.testing.assert_allclose(policy(first, layers, states), rows, atol=1e-12)
    with pytest.raises(pt.ReadingError, match="call it once for each entry"):
        policy.sample(3, first, layers, states)


# -- shots -----------------------------------------------------------------------------------------


def test_derivatives_from_shots_are_unbiased_and_their_errors_right():
    args = arguments(np.random.default_rng(5))
    device = qml.device("default.qubit", seed=11)
    shots, repeats = 60, 400
    policy = pt.born_policy(circuit(device=device), 4, "parity")
    reading, partition = policy.read(args, {}, argnums=[0])
    runner = pt.Executor(device)
    road = MeasuredActions(reading, partition, device, shots, runner)
    # draws a hair apart go through the device together
    given = reading.arguments.parameters + 1e-9 * np.arange(repeats)[:, None]
    found = road.at(given)
    exact = policy.log_policy_gradient(*args, argnums=[0])
    values = found.derivatives
    error = values.std(axis=0, ddof=1) / np.sqrt(repeats)
    assert np.all(np.abs(values.mean(axis=0) - exact.derivatives) < 4.5 * error)
    np.testing.assert_allclose(found.noise.mean(axis=0), values.var(axis=0, ddof=1), rtol=0.4)
    # the factor by which division by clipped frequencies is off
    inverse = 1 / np.maximum(found.probabilities, 1 / shots)
    expected = clipping_factor(exact.probabilities, shots) / exact.probabilities
    assert np.all(np.abs(inverse.mean(axis=0) - expected) < 4.5 * inverse.std(axis=0) / 20)


def test_an_action_that_always_comes_has_a_variance_of_zero():
    """Frequencies of many outcomes add up to one, give or take the last bit."""
    device = qml.device("default.qubit", wires=WIRES, seed=1)

    @qml.set_shots(100)
    @qml.qnode(device)
    def first_is_zero(weights):
        qml.RZ(weights[0], wires=0)  # nothing turns wire 0
        for wire in range(1, WIRES):
            qml.RY(weights[wire], wires=wire)
        return qml.probs(wires=range(WIRES))

    policy = pt.born_policy(first_is_zero, 2)
    for _ in range(10):
        found = policy.log_policy_gradient(np.array([0.3, 1.1, 1.6, 2.0]))
        np.testing.assert_allclose(found.stderrs, 0, atol=1e-7)


def test_two_shots_tell_a_variance_of_one_half_or_none():
    """Frequencies 0, ½, 1 of two shots: ``f(1 − f)/(2 − 1)`` is ¼ or 0, in two circuits of ½."""

    @qml.set_shots(2)
    @qml.qnode(qml.device("default.qubit", wires=1, seed=7))
    def single(angle):
        qml.RY(angle, wires=0)
        return qml.probs(wires=0)

    policy = pt.born_policy(single, 2)
    found = [16 * policy.log_policy_gradient(0.0).stderrs.ravel() ** 2 for _ in range(12)]
    np.testing.assert_allclose(found, np.rint(found), atol=1e-9)
    assert set(np.rint(found).ravel()) == {0, 1, 2}


def test_shot_vectors_give_one_gradient_each(rng):
    qnode = qml.set_shots(circuit(device=qml.device("default.qubit", seed=1)), shots=[20, (50, 2)])
    found = pt.born_policy(qnode, 4).log_policy_gradient(*arguments(rng), argnums=[0])
    assert [one.provenance.shots for one in found] == [20, 50, 50]
    assert [one.clip for one in found] == [1 / 20, 1 / 50, 1 / 50]
    assert all(np.all(one.clipping_factors > 0) and one.stderrs.any() for one in found)
    assert not np.array_equal(found[1].derivatives, found[2].derivatives)


@pytest.mark.parametrize("shots", [2, 7, 40])
@pytest.mark.parametrize("p", [0.0, 1e-3, 0.2, 0.97, 1.0])
def test_clipping_factor_is_the_mean_over_the_binomial(p, shots):
    expected = sum(
        math.comb(shots, k) * p**k * (1 - p) ** (shots - k) * p / max(k / shots, 1 / shots)
        for k in range(shots + 1)
    )
    assert clipping_factor(np.array(p), shots) == pytest.approx(expected, abs=1e-12)


def test_measured_without_shots_is_exact(rng):
    args = arguments(rng)
    mixed = pt.born_policy(circuit(device=qml.device("default.mixed", wires=WIRES)), 4, "parity")
    exact = pt.born_policy(circuit(), 4, "parity")
    one, other = (policy.log_policy_gradient(*args, argnums=[0]) for policy in (mixed, exact))
    np.testing.assert_allclose(one.derivatives, other.derivatives, atol=1e-10)
    np.testing.assert_allclose(one.fisher(), other.fisher(), atol=1e-9)
    assert one.cost.circuits > 1 and other.cost.circuits == 0 and not one.stderrs.any()


def test_gates_of_several_angles_are_measured_too(rng):
    def rotations(weights):
        qml.Rot(*weights[0], wires=0)
        qml.CRX(weights[1, 0], wires=[0, 1])
        qml.U3(*weights[1], wires=1)
        return qml.probs(wires=[0, 1])

    policy = pt.born_policy(qml.QNode(rotations, qml.device("default.qubit")), 4)
    weights = rng.normal(size=(2, 3))
    one, other = (policy.log_policy_gradient(weights, engine=e) for e in ("measured", "exact"))
    np.testing.assert_allclose(one.derivatives, other.derivatives, atol=1e-10)


def test_calls_with_shots_and_shot_vectors(rng):
    args = arguments(rng)
    device = qml.device("default.qubit", seed=3)
    policy = pt.born_policy(qml.set_shots(circuit(device=device), shots=[100, 50]), 4)
    one, two = policy(*args)
    assert one.shape == two.shape == (4,) and one.sum() == pytest.approx(1)
    logs = policy.log(*args)
    assert logs[0].min() >= np.log(1 / 100) - 1e-12 and logs[1].min() >= np.log(1 / 50) - 1e-12
    np.testing.assert_allclose(
        pt.born_policy(circuit(), 4).log(*args), np.log(pt.born_policy(circuit(), 4)(*args))
    )


def test_the_logarithm_of_what_never_came_is_that_of_one_shot():
    @qml.set_shots([100, 50])
    @qml.qnode(qml.device("default.qubit", wires=1, seed=1))
    def idle(angle):
        qml.RZ(angle, wires=0)
        return qml.probs(wires=0)

    one, two = pt.born_policy(idle, 2).log(0.3)
    np.testing.assert_allclose(one, [0, np.log(1 / 100)], rtol=1e-15)
    np.testing.assert_allclose(two, [0, np.log(1 / 50)], rtol=1e-15)


def test_actions_are_drawn_from_single_precision():
    """Probabilities that add up to one within 1e-7."""

    @qml.qnode(qml.device("lightning.qubit", wires=6, c_dtype=np.complex64))
    def deep(weights):
        for layer in weights:
            for wire, angle in enumerate(layer):
                qml.RY(angle, wires=wire)
            for wire in range(5):
                qml.CNOT([wire, wire + 1])
        return qml.probs(wires=range(6))

    for seed in range(4):
        weights = np.random.default_rng(seed).normal(size=(10, 6))
        assert pt.born_policy(deep, 4).sample(3, weights, seed=1).shape == (3,)


def test_drawn_actions_follow_the_policy():
    args = arguments(np.random.default_rng(2))
    exact = pt.born_policy(circuit(), 4, "parity")
    device = qml.device("default.qubit", seed=4)
    measured = pt.born_policy(qml.set_shots(circuit(device=device), shots=5), 4, "parity")
    p, size = exact(*args), 4000
    for policy in (exact, measured):
        counts = np.bincount(policy.sample(size, *args, seed=1), minlength=4)
        assert counts.sum() == size
        assert np.all(np.abs(counts / size - p) < 4.5 * np.sqrt(p * (1 - p) / size))


def test_budgets_are_kept(rng):
    policy = pt.born_policy(qml.set_shots(circuit(), shots=10), 4)
    with pytest.raises(pt.BudgetError, match="Nothing was run"):
        policy.log_policy_gradient(*arguments(rng), argnums=[0], max_circuits=3)


@pytest.mark.usefixtures("global_state_unchanged")
def test_the_qnode_is_left_as_it_is(rng):
    device = qml.device("default.qubit", seed=1)  # without one it asks the global generator
    qnode = circuit(device=device, measure=lambda: qml.expval(qml.Z(0) @ qml.Z(1)))
    before, args = len(qnode.compile_pipeline), arguments(rng)
    kept = [np.copy(a) for a in args]
    policy = pt.born_policy(qnode, 4)
    policy.log_policy_gradient(*args)
    policy.sample(3, *args, seed=1)
    assert len(qnode.compile_pipeline) == before
    assert np.shape(qnode(*args)) == ()
    for one, other in zip(args, kept, strict=True):
        np.testing.assert_array_equal(one, other)


# -- interfaces ------------------------------------------------------------------------------------


@pytest.mark.interfaces("torch")
def test_torch(rng):
    import torch

    first, layers, state = arguments(rng)
    policy = pt.born_policy(circuit(), 4, "parity")
    weights = torch.tensor(first, requires_grad=True)
    policy.log(weights, torch.tensor(layers), state)[1].backward()
    found = policy.log_policy_gradient(first, layers, state, argnums=[0])
    np.testing.assert_allclose(weights.grad.numpy(), found.value[0][1], atol=1e-10)


@pytest.fixture
def jax():
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield jax
    jax.config.update("jax_enable_x64", before)


@pytest.mark.interfaces("jax")
def test_jax(rng, jax):

    first, layers, state = arguments(rng)
    policy = pt.born_policy(circuit(), 3, thirds)

    def log(weights):
        return policy.log(weights, layers, state)[2]

    found = policy.log_policy_gradient(first, layers, state, argnums=[0])
    slope = jax.jit(jax.grad(log))(jax.numpy.asarray(first))
    np.testing.assert_allclose(np.asarray(slope), found.value[0][2], atol=1e-9)


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_actions", "partition", "said"),
    [
        pytest.param(3, "contiguous", "power of two", id="three-contiguous"),
        pytest.param(6, "parity", "power of two", id="six-parity"),
        pytest.param(1, "parity", "≥ 2", id="one"),
        pytest.param(2.0, "parity", "≥ 2", id="no-integer"),
        pytest.param(4, "blocks", "is unknown", id="unknown"),
    ],
)
def test_partitions_that_cannot_be(n_actions, partition, said):
    with pytest.raises(pt.ReadingError, match=said):
        pt.born_policy(circuit(), n_actions, partition)


def test_more_actions_than_outcomes(rng):
    policy = pt.born_policy(circuit([0, 1]), 8)
    for call in (policy, policy.log_policy_gradient):
        with pytest.raises(pt.ReadingError, match="2 measured wires have 4"):
            call(*arguments(rng))


@pytest.mark.parametrize(
    "measure",
    [
        pytest.param(lambda: qml.state(), id="state"),
        pytest.param(lambda: (qml.probs(wires=0), qml.probs(wires=1)), id="two"),
        pytest.param(lambda: qml.expval(qml.Z(0) + qml.X(0)), id="sum"),
        pytest.param(lambda: qml.var(qml.Z(0)), id="variance"),
    ],
)
def test_what_is_no_distribution(measure, rng):
    policy = pt.born_policy(circuit(measure=measure), 2)
    with pytest.raises(pt.ReadingError, match=r"return qml\.probs"):
        policy(*arguments(rng))


@pytest.mark.parametrize(
    "function",
    [lambda bits: bits, lambda bits: bits.sum(axis=1), lambda bits: bits[:, 0] / 2],
    ids=["shape", "range", "fractions"],
)
def test_functions_that_are_no_partition(function, rng):
    with pytest.raises(pt.ReadingError, match="whole numbers from 0 to 1"):
        pt.born_policy(circuit(), 2, function)(*arguments(rng))


def test_other_bad_input(rng):
    args = arguments(rng)
    with pytest.raises(pt.ReadingError, match="needs a QNode"):
        pt.born_policy(lambda x: x, 2)
    policy = pt.born_policy(circuit(), 2)
    found = policy.log_policy_gradient(*args)
    with pytest.raises(pt.ReadingError, match="one per action"):
        found.of_reward([1.0, 2.0, 3.0])
    with pytest.raises(pt.ReadingError, match="from 0 to 1"):
        found.of(2)
    with pytest.raises(pt.ReadingError, match="size needs"):
        policy.sample(0, *args)
    noisy = pt.born_policy(qml.set_shots(circuit(), shots=10), 2)
    with pytest.raises(pt.ReadingError, match="shot noise"):
        noisy.log_policy_gradient(*args, argnums=[0]).fisher()
    with pytest.raises(pt.ReadingError, match="at least two"):
        pt.born_policy(qml.set_shots(circuit(), shots=1), 2).log_policy_gradient(*args)


def test_reading_a_policy_keeps_names(rng):
    found = pt.born_policy(circuit(), 2).log_policy_gradient(*arguments(rng), argnums=[0])
    reading = read_qnode(circuit(), arguments(rng), {}, None, [0], need_inputs=False)
    assert found.parameters == reading.arguments.parameter_labels()
    assert "contiguous" in found.heading() and "clipping" in str(found)
