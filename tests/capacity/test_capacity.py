"""How many directions do parameters have in state space? Against closed forms and PennyLane."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from scipy import special

import pennylane_trainability as pt
from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.circuits.repeats import last_repeat, parameter_order
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.results import Claim
from pennylane_trainability.statistics.noise_floor import NoiseFloor


def qnode(function, shots=None, device="default.qubit", **options):
    made = qml.QNode(function, qml.device(device, **options))
    return qml.set_shots(made, shots=shots) if shots else made


def entangling(weights):
    qml.StronglyEntanglingLayers(weights, wires=range(weights.shape[1]))
    return qml.expval(qml.Z(0))


def real(weights):
    """RY and CZ keep amplitudes real."""
    n = weights.shape[1]
    for layer in weights:
        for wire in range(n):
            qml.RY(layer[wire], wires=wire)
        for wire in range(n - 1):
            qml.CZ([wire, wire + 1])
    return qml.expval(qml.Z(0))


def product(weights):
    for wire, angle in enumerate(weights):
        qml.RX(angle, wires=wire)
    return qml.expval(qml.Z(0))


def by_pennylane(function, weights) -> np.ndarray:
    """The QFIM by another road, ``(P, P)``."""
    metric = qml.adjoint_metric_tensor(qnode(function))(pnp.array(weights, requires_grad=True))
    size = np.size(weights)
    return 4 * np.reshape(metric, (size, size))


# ----------------------------------------------------------------------------- what is stored


def test_matrices_are_those_of_every_point():
    weights = np.random.default_rng(2).uniform(0, 6, (2, 2, 3))
    found = pt.capacity(qnode(entangling), n_draws=3, seed=1)(weights)
    np.testing.assert_array_equal(found.points[0], weights.ravel())
    assert found.matrices.shape == (4, 12, 12)
    assert found.n_draws == 3
    for point, matrix in zip(found.points, found.matrices, strict=True):
        np.testing.assert_allclose(
            matrix, by_pennylane(entangling, point.reshape(2, 2, 3)), atol=1e-10
        )
    expected = np.linalg.eigvalsh(found.matrices)[:, ::-1]
    np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-12)


def test_given_point_is_kept_apart():
    """All angles zero: every RY acts alike on |0…0⟩, one direction per wire."""
    found = pt.capacity(qnode(real), seed=1)(np.zeros((4, 3)))
    assert found.ranks[0] == 3
    assert found.rank.value == found.ranks[1:].max() > 3


def test_draws_follow_law_and_seed():
    weights = np.array([0.3, 0.4])
    again = [pt.capacity(qnode(product), seed=5)(weights) for _ in range(2)]
    np.testing.assert_array_equal(again[0].points, again[1].points)
    assert again[0].provenance.seed == 5
    near = pt.capacity(qnode(product), seed=5, law=pt.Normal(0.01), n_draws=50)(weights)
    assert 0.005 < np.std(near.points[1:] - weights) < 0.02
    assert near.law == "normal around the values given, scale 0.01"

    def corners(rng, given, n_draws):
        return np.zeros((n_draws, given.size))

    named = pt.capacity(qnode(product), law=corners, n_draws=2)(weights)
    assert named.law == "corners"
    drawn = pt.capacity(qnode(product), seed=None)(weights)
    repeated = pt.capacity(qnode(product), seed=drawn.provenance.seed)(weights)
    np.testing.assert_array_equal(drawn.points, repeated.points)


def test_record_is_frozen_and_strict_json():
    found = pt.capacity(qnode(product), seed=1)(np.zeros(2))
    with pytest.raises(AttributeError):
        found.order = ()
    with pytest.raises(ValueError, match="read-only"):
        found.matrices[0] = 0
    text = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert text["kind"] == "Capacity"
    assert np.shape(text["matrices"]) == (21, 2, 2)
    pickle.loads(pickle.dumps(found))


# ----------------------------------------------------------------------------- ranks


def test_product_of_rotations():
    """F = 1 at every point."""
    found = pt.capacity(qnode(product), seed=1)(np.array([0.1, 0.2, 0.3]))
    np.testing.assert_allclose(found.matrices, np.broadcast_to(np.eye(3), (21, 3, 3)), atol=1e-12)
    assert (found.rank.value, found.bound, found.most, found.redundant) == (3, 3, 14, 0)
    assert found.rank.exact and found.rank.claim is Claim.GENERIC
    np.testing.assert_allclose(found.effective_ranks, 3)
    assert found.verdict.name == "NOT_SATURATED"
    np.testing.assert_allclose(found.mean_leverages, 0, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_pure_states_have_no_more_directions(n):
    """Enough general layers reach 2ⁿ⁺¹ − 2, the dimension of the space of pure states."""
    found = pt.capacity(qnode(entangling), seed=1, n_draws=4)(np.zeros((5, n, 3)))
    assert set(found.ranks[1:]) == {2 ** (n + 1) - 2}
    assert found.verdict.name == "OVERPARAMETRISED"
    assert found.claim is Claim.THEOREM
    kept, dropped = found.gap
    assert kept > 1e-4 and dropped < 1e-14


def test_real_states_of_two_wires_form_a_sphere():
    """Real unit vectors of four amplitudes: three directions, and the bound is six."""
    found = pt.capacity(qnode(real), seed=1)(np.zeros((4, 2)))
    assert (found.rank.value, found.most) == (3, 6)
    assert found.verdict.name == "OVERPARAMETRISED"
    assert found.claim is Claim.OBSERVED
    assert found.reason == "the last repeat of the pattern (2 parameters) added none"


def test_dead_parameters_are_those_of_eigenstates():
    def circuit(w, unused):
        qml.RZ(w[0], wires=0)
        qml.RX(w[1], wires=0)
        qml.RX(w[2], wires=1)
        qml.CRZ(w[3], wires=[2, 1])
        return qml.expval(qml.Z(0))

    found = pt.capacity(qnode(circuit), seed=1)(np.ones(4), 0.3)
    assert found.dead == (0, 3, 4)
    assert found.redundant == 3
    np.testing.assert_allclose(found.mean_leverages, [1, 0, 0, 1, 1], atol=1e-12)
    assert "w[0], w[3], unused" in str(found)
    # they stand for no saturation, wherever they are
    assert found.verdict.name == "NOT_SATURATED"


def test_two_rotations_in_a_row_share_a_direction():
    def circuit(w):
        qml.RY(w[0], wires=0)
        qml.RX(w[1], wires=1)
        qml.RY(2 * w[2], wires=0)
        return qml.expval(qml.Z(0))

    found = pt.capacity(qnode(circuit), seed=1)(np.ones(3))
    assert found.dead == ()
    # (∂₀, ∂₂) = (1, 2): the kernel is (2, −1)/√5
    np.testing.assert_allclose(found.leverages, np.tile([0.8, 0, 0.2], (21, 1)), atol=1e-12)
    (group,) = found.groups()
    assert (group.members, group.excess, group.relation.name) == ((0, 2), 1, "PROPORTIONAL")
    # what is tied to an earlier parameter says nothing about further ones
    assert found.verdict.name == "NOT_SATURATED"
    assert "that is not dead or tied" in found.reason


def test_curve_holds_the_ranks_of_cut_circuits():
    """Cut circuits are simulated for themselves, by PennyLane."""
    weights = np.random.default_rng(0).uniform(0, 6, (3, 3))
    found = pt.capacity(qnode(real), n_draws=0)(weights)
    np.testing.assert_array_equal(found.order, np.arange(9))
    for size in range(1, 10):

        def cut(flat, size=size):
            for p in range(size):
                qml.RY(flat[p], wires=p % 3)
                if p % 3 == 2:
                    qml.CZ([0, 1])
                    qml.CZ([1, 2])
            return qml.expval(qml.Z(0))

        matrix = by_pennylane(cut, weights.ravel()[:size])
        assert found.curve[size - 1] == np.linalg.matrix_rank(matrix, tol=1e-9)


def test_a_parameter_is_done_after_its_last_gate():
    """``a`` ends the circuit, so it comes last; its first gate stays while ``b`` is looked at."""

    def circuit(a, b, unused):
        qml.RX(a, wires=0)
        qml.RZ(b, wires=0)
        qml.RY(a, wires=0)
        return qml.expval(qml.Z(0))

    node, args = qnode(circuit), (0.3, 0.4, 0.5)
    order = parameter_order(read_points(node, args, {}).circuit)
    np.testing.assert_array_equal(order, [2, 1, 0])
    found = pt.capacity(node, n_draws=0)(*args)
    np.testing.assert_array_equal(found.leading_ranks, [[0, 1, 2]])

    def cut(b):
        qml.RX(0.3, wires=0)
        qml.RZ(b, wires=0)
        return qml.expval(qml.Z(0))

    np.testing.assert_allclose(found.matrices[0][1, 1], by_pennylane(cut, 0.4)[0, 0], atol=1e-12)


# ----------------------------------------------------------------------------- repeats


def gates_of(function, *args):
    return read_points(qnode(function), args, {}).circuit


def two_phases(w):
    for wire in range(2):
        qml.Hadamard(wire)
    for a, b in w:
        qml.IsingZZ(a, wires=[0, 1])
        qml.RX(b, wires=0)
        qml.RX(b, wires=1)


def closing(w):
    """Layers, then half a layer more."""
    two_phases(w[:-1])
    qml.IsingZZ(w[-1][0], wires=[0, 1])


def not_a_layer(w):
    """Gates that repeat on one wire only."""
    for wire in range(3):
        qml.RX(w[wire], wires=wire)
    for angle in w[3:]:
        qml.RZ(angle, wires=0)


REPEATS = [
    pytest.param(two_phases, (4, 2), 2, id="tied-angles"),
    pytest.param(closing, (4, 2), 2, id="half-a-layer-at-the-end"),
    pytest.param(entangling, (4, 2, 3), 6, id="one-layer"),
    pytest.param(entangling, (4, 3, 3), 18, id="ranges-alternate-so-two-layers"),
    pytest.param(entangling, (3, 3, 3), 0, id="ranges-alternate-and-stop"),
    pytest.param(real, (1, 3), 0, id="once"),
    pytest.param(not_a_layer, (6,), 0, id="one-wire-of-three"),
]


@pytest.mark.parametrize(("function", "shape", "size"), REPEATS)
def test_last_repeat(function, shape, size):
    assert last_repeat(gates_of(function, np.ones(shape))) == size


def test_fixed_circuit_repeats_nothing():
    def circuit(unused):
        qml.X(0)
        qml.X(0)

    assert last_repeat(gates_of(circuit, 0.3)) == 0


# ----------------------------------------------------------------------------- effective numbers


def test_effective_rank_is_a_mean_over_draws():
    found = pt.capacity(qnode(real), seed=1)(np.zeros((3, 3)))
    values = found.eigenvalues[1:]
    shares = np.clip(values / values.sum(axis=1, keepdims=True), 1e-300, None)
    expected = np.mean(np.exp(-np.sum(shares * np.log(shares), axis=1)))
    estimate = found.effective_rank()
    assert estimate.value == pytest.approx(expected)
    assert estimate.low < estimate.value < estimate.high
    wide = found.effective_rank(level=0.99)
    assert wide.high - wide.low > estimate.high - estimate.low


def two_angles(w):
    """F = diag(1, cos² θ₀)."""
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=0)
    return qml.expval(qml.Z(0))


def by_elliptic_integral(n_data: float) -> float:
    """The effective dimension of :func:`two_angles`: the mean of √(1 + a cos² θ) is known."""
    kappa = n_data / (2 * math.pi * math.log(n_data))
    share = 4 / 3 * kappa  # P = 2 over the mean trace 3/2
    root = 2 / math.pi * math.sqrt(1 + share) * special.ellipe(share / (1 + share))
    return 2 * math.log(math.sqrt(1 + share) * root) / math.log(kappa)


@pytest.mark.parametrize("n_data", [100, 1000, 10**6])
def test_effective_dimension_by_an_elliptic_integral(n_data):
    found = pt.capacity(qnode(two_angles), n_draws=400, seed=3)(np.zeros(2))
    estimate = found.effective_dimension(n_data)
    assert abs(estimate.value - by_elliptic_integral(n_data)) < 4 * estimate.stderr
    assert estimate.stderr < 0.03
    assert estimate.low < estimate.value < estimate.high


@pytest.mark.slow
def test_interval_of_the_effective_dimension_covers():
    """Nominal 90 % over 100 repeats of 40 draws each."""
    truth, hits = by_elliptic_integral(1000), 0
    for repeat in range(100):
        found = pt.capacity(qnode(two_angles), n_draws=40, seed=10 + repeat)(np.zeros(2))
        estimate = found.effective_dimension(1000, level=0.9)
        hits += estimate.low <= truth <= estimate.high
    assert 80 <= hits <= 98


@pytest.mark.parametrize("n_draws", [0, 1])
def test_means_over_draws_need_draws(n_draws):
    found = pt.capacity(qnode(product), n_draws=n_draws, seed=1)(np.zeros(2))
    for ask in (found.effective_rank, lambda: found.effective_dimension(1000)):
        with pytest.raises(ValueError, match="n_draws=20"):
            ask()
    assert "effective rank" not in str(found)


# ----------------------------------------------------------------------------- one point only


def test_one_point_shows_its_own_rank():
    found = pt.capacity(qnode(real), n_draws=0)(np.zeros((4, 3)))
    assert found.rank.value == 3
    assert found.rank.claim is Claim.OBSERVED
    assert found.verdict.name == "UNDECIDED"
    assert "n_draws" in found.reason


def test_one_point_of_full_rank_decides():
    """The rank of almost all points is not below that of one."""
    found = pt.capacity(qnode(product), n_draws=0)(np.zeros(3))
    assert found.verdict.name == "NOT_SATURATED"
    weights = np.random.default_rng(0).uniform(0, 6, (3, 2, 3))
    full = pt.capacity(qnode(entangling), n_draws=0)(weights)
    assert full.verdict.name == "OVERPARAMETRISED"
    assert full.claim is Claim.THEOREM


def test_ranks_that_differ_are_said_to():
    def sometimes(rng, given, n_draws):
        out = rng.uniform(0.3, 1.2, (n_draws, given.size))
        out[0] = 0  # RX and RZ·RX at angle zero fall together
        return out

    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RZ(w[1], wires=0)
        qml.RX(w[2], wires=1)
        return qml.expval(qml.Z(0))

    found = pt.capacity(qnode(circuit), law=sometimes, n_draws=4, seed=1)(np.ones(3))
    np.testing.assert_array_equal(found.ranks[1:], [2, 3, 3, 3])
    assert "2 to 3: not the same" in str(found)


def test_nothing_moves():
    def circuit(w):
        qml.RZ(w, wires=0)
        return qml.expval(qml.Z(0))

    found = pt.capacity(qnode(circuit), seed=1)(0.3)
    assert found.rank.value == 0
    assert found.groups() == ()
    assert found.effective_dimension(1000).value == 0
    assert (found.verdict.name, found.reason) == ("UNDECIDED", "no parameter moves the state")
    assert "none kept" in str(found)


# ----------------------------------------------------------------------------- arguments


def test_data_are_left_as_they_are():
    def circuit(x, w, scale=1.0):
        qml.RY(scale * x, wires=0)
        qml.RZ(w[0], wires=0)
        qml.RX(w[1], wires=0)
        return qml.expval(qml.Z(0))

    x = pnp.array(0.0, requires_grad=False)
    weights = pnp.array([0.3, 0.4])
    assert pt.capacity(qnode(circuit), seed=1)(x, weights).dead == (0,)
    moved = pt.capacity(qnode(circuit), argnums="w", seed=1)(0.7, weights, scale=2.0)
    assert moved.parameters == ("w[0]", "w[1]")
    np.testing.assert_allclose(moved.matrices[:, 0, 0], math.sin(1.4) ** 2, atol=1e-12)
    named = pt.capacity(qnode(circuit), encoding_args="x", argnums="w", seed=1)(0.7, weights)
    np.testing.assert_allclose(named.matrices[:, 0, 0], math.sin(0.7) ** 2, atol=1e-12)


def test_functions_that_cannot_be_traced():
    def linear(w):
        qml.RX(float(w[0]), wires=0)
        qml.RY(float(w[1]), wires=0)
        return qml.expval(qml.Z(0))

    assert pt.capacity(qnode(linear), seed=1)(np.ones(2)).n_draws == 20


@pytest.mark.interfaces("torch")
def test_functions_that_cannot_be_traced_and_bend():
    import torch

    def bent(w):
        qml.RX(torch.sin(w[0]), wires=0)
        return qml.expval(qml.Z(0))

    one = torch.ones(1, dtype=torch.float64)
    found = pt.capacity(qnode(bent), seed=1)(one)
    assert found.n_draws == 0
    assert "could not be traced" in found.notes[0]
    np.testing.assert_allclose(found.matrices[0], math.cos(1) ** 2, atol=1e-6)
    with pytest.raises(pt.ReadingError, match="n_draws=0"):
        pt.capacity(qnode(bent), seed=1, n_draws=3)(one)


def test_nothing_of_the_users_is_changed(global_state_unchanged):
    node = qnode(entangling, seed=1)
    before, weights = dict(vars(node)), np.ones((2, 2, 3))
    given = weights.copy()
    pt.capacity(node, seed=1, n_draws=3)(weights)
    assert dict(vars(node)) == before
    np.testing.assert_array_equal(weights, given)


def test_memory_cuts_the_work_and_not_the_result():
    weights = np.random.default_rng(0).uniform(0, 6, (2, 3, 3))
    node = qnode(entangling)
    whole = pt.capacity(node, seed=1, n_draws=5)(weights)
    little = pt.capacity(node, seed=1, n_draws=5, memory=3000)(weights)
    np.testing.assert_allclose(little.matrices, whole.matrices, atol=1e-12)
    with pytest.raises(pt.BudgetError, match="memory"):
        pt.capacity(node, memory=100)(weights)


# ----------------------------------------------------------------------------- refusals

REFUSED = [
    pytest.param({"n_draws": -1}, ValueError, "n_draws", id="draws"),
    pytest.param({"n_draws": 2.5}, ValueError, "n_draws", id="half-a-draw"),
    pytest.param({"level": 1}, ValueError, "level", id="level"),
    pytest.param({"engine": "lightning"}, pt.ReadingError, "'measured'", id="engine"),
]


@pytest.mark.parametrize(("options", "error", "match"), REFUSED)
def test_options_are_checked(options, error, match):
    with pytest.raises(error, match=match):
        pt.capacity(qnode(product), **options)


def test_a_call_that_broadcasts():
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RY(w, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="once for each entry"):
        pt.capacity(qnode(circuit), encoding_args="x")(np.ones(3), 0.2)


def test_density_matrices_are_refused_with_ways_out():
    node = qnode(product, device="default.mixed", wires=2)
    with pytest.raises(pt.ReadingError, match=r"set_shots.*engine='exact'.*qml\.transforms\.qfim"):
        pt.capacity(node)
    forced = pt.capacity(node, engine="exact", seed=1)(np.zeros(2))
    assert forced.rank.value == 2
    assert forced.provenance.device == "default.mixed"
    assert forced.provenance.engine == "exact"


# ----------------------------------------------------------------------------- measured


def test_measured_ranks_are_lower_bounds():
    node = qnode(entangling, shots=300, wires=3, seed=4)
    weights = np.random.default_rng(1).uniform(0, 6, (2, 2, 3))
    ask = pt.capacity(node, seed=1)
    found = ask(weights)
    exact = pt.capacity(node, engine="exact", n_draws=0)(weights)
    assert exact.cost.shots == 0
    assert found.n_draws == 0
    assert 2 <= found.rank.value < exact.rank.value == 6
    assert np.all(found.leading_ranks <= exact.leading_ranks)
    assert found.rank.interval() == f"[{found.rank.low:.0f}, 6] at 95 %"
    assert f"≥ {found.rank.low:.0f} at 95 %" in str(found)
    assert (found.verdict.name, found.dead) == ("UNDECIDED", (0, 3))
    assert np.isnan(found.leverages).all()
    assert found.cost.shots == ask.cost(weights).shots > 0
    assert found.provenance.shots == 300
    assert found.limits[0] == found.measured[0].noise_floor().floor()
    np.testing.assert_array_equal(found.matrices[0], found.measured[0].value)
    falling = np.sort(np.linalg.eigvalsh(found.matrices), axis=1)[:, ::-1]
    np.testing.assert_array_equal(found.eigenvalues, falling)
    with pytest.raises(ValueError, match="engine='exact'"):
        found.effective_rank()
    with pytest.raises(ValueError, match="engine='exact'"):
        found.groups()


def test_bound_reached_by_shots_decides():
    """One wire: two directions are all there are, and many shots show both."""

    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RY(w[1], wires=0)
        qml.RZ(w[2], wires=0)
        return qml.expval(qml.Z(0))

    node = qnode(circuit, shots=20_000, wires=2, seed=4)
    found = pt.capacity(node, seed=1)(np.array([0.3, 0.4, 0.5]))
    assert found.rank.low == found.most == 2
    assert found.verdict.name == "OVERPARAMETRISED"
    assert found.claim is Claim.OBSERVED
    two = pt.capacity(qnode(product, shots=2000, wires=3, seed=4), seed=1)(np.ones(2))
    assert two.verdict.name == "NOT_SATURATED"


def test_measured_draws_share_the_level(monkeypatch):
    asked = []
    original = NoiseFloor.floor

    def floor(self, level=None):
        asked.append(level)
        return original(self, level)

    monkeypatch.setattr(NoiseFloor, "floor", floor)
    node = qnode(real, shots=500, wires=3, seed=4)
    ask = pt.capacity(node, seed=1, n_draws=4)
    found = ask(np.ones((2, 2)))
    assert asked == [pytest.approx(0.99)] * 5
    assert found.n_draws == 4
    assert found.cost == found.cost
    assert found.cost.shots == ask.cost(np.ones((2, 2))).shots
    assert found.cost.executions == 5
    assert max(found.ranks) <= 3
    exact = pt.capacity(node, seed=1, n_draws=4, engine="exact")(np.ones((2, 2)))
    np.testing.assert_array_equal(found.points, exact.points)
    error = np.abs(found.matrices - exact.matrices)
    stderr = np.array([one.stderr for one in found.measured])
    assert np.all(error < 6 * stderr + 0.02)


def test_data_stay_where_draws_are_measured():
    def circuit(x, w, phase):
        qml.RY(x, wires=0)
        qml.RZ(w, wires=0)
        qml.RX(phase, wires=0)
        return qml.expval(qml.Z(0))

    node = qnode(circuit, shots=20_000, wires=2, seed=4)
    args = pnp.array(0.7, requires_grad=False), pnp.array(0.2), pnp.array(0.1, requires_grad=False)
    found = pt.capacity(node, seed=1, n_draws=2)(*args)
    assert found.parameters == ("w",)
    np.testing.assert_allclose(found.matrices.ravel(), math.sin(0.7) ** 2, atol=0.05)


def test_rank_bounds_are_seldom_wrong():
    """At 80 % at most one in five of the bounds may exceed the rank, here 4 of 6."""
    weights = np.random.default_rng(3).uniform(0, 6, (1, 2, 3))
    true = pt.capacity(qnode(entangling), n_draws=0)(weights).rank.value
    assert true == 4
    wrong = 0
    for repeat in range(30):
        node = qnode(entangling, shots=100, wires=3, seed=repeat)
        wrong += pt.capacity(node, seed=1, level=0.8)(weights).rank.value > true
    assert wrong <= 11  # P(more | 20 %) < 1 %


def test_budgets_hold_before_anything_runs():
    node = qnode(real, shots=100, wires=3)
    with qml.Tracker(node.device) as tracker:
        with pytest.raises(pt.BudgetError, match="max_circuits"):
            pt.capacity(node, max_circuits=3, n_draws=4)(np.ones((2, 2)))
        with pytest.raises(pt.BudgetError, match="max_shots"):
            pt.capacity(node, max_shots=150, n_draws=4)(np.ones((2, 2)))
    assert tracker.totals == {}
    assert pt.capacity(qnode(real)).cost(np.ones((2, 2))).circuits == 0


def test_what_is_told_of_eigenvalues_by_hand(rng):
    """Two draws of three parameters; at the first nothing is above zero."""

    @qml.qnode(qml.device("default.qubit"))
    def circuit(w):
        for wire in range(3):
            qml.RX(w[wire], wires=wire)
        return qml.expval(qml.Z(0))

    found = pt.capacity(circuit, n_draws=2, seed=1)(np.zeros(3))
    leverages = rng.uniform(size=(3, 3))
    one = replace(
        found, leverages=leverages, limits=np.array([0.02, 0.5, 0.01]),
        eigenvalues=np.array([[4.0, 1.0, 0.01], [0.0, -0.1, -0.3], [2.0, 0.1, 0.0]]),
    )  # fmt: skip
    np.testing.assert_allclose(one.mean_leverages, leverages[1:].mean(axis=0))
    assert one.gap == pytest.approx((0.05, 0.3))
    assert one._zero() == "up to 5e-03 λ₁; kept ≥ 5.0e-02, dropped ≤ 3.0e-01"


@pytest.mark.parametrize("scale", [1e-5, 1e-2, 1e4])
def test_redundancy_does_not_depend_on_the_unit_of_the_angles(scale):
    """Three angles in a row are one direction, and a fourth is another, however fast they turn."""

    def told(factor):
        @qml.qnode(qml.device("default.qubit"))
        def circuit(w):
            for k in range(3):
                qml.RX(factor * w[k], wires=0)
            qml.RY(factor * w[3], wires=1)
            qml.CNOT([0, 1])
            qml.RY(factor * w[4], wires=1)
            return qml.expval(qml.Z(0))

        found = pt.capacity(circuit, n_draws=3, seed=1)(np.ones(5))
        names = [group.members for group in found.groups()]
        return names, found.reason, found._lasting().tolist(), found.rank.value

    assert told(scale) == told(1.0)
    assert told(1.0)[0]


def test_noise_floors_are_resampled_as_often_as_their_level_needs(monkeypatch):
    """Twice for each of the twenty-one shares of five percent."""
    asked, original = [], MeasuredQFIM.noise_floor

    def noise_floor(self, level=None, n_resamples=399):
        asked.append((level, n_resamples))
        return original(self, level, n_resamples)

    monkeypatch.setattr(MeasuredQFIM, "noise_floor", noise_floor)
    found = pt.capacity(qnode(product, shots=50, seed=1), n_draws=20, seed=1)(np.zeros(2))
    assert np.all(np.diff(found.eigenvalues, axis=1) <= 0)
    assert len(asked) == 21 and all(n in (840, 841) for _, n in asked)  # by rounding
    np.testing.assert_allclose([level for level, _ in asked], 1 - 0.05 / 21)
    assert pt.capacity(qnode(product), n_draws=0)(np.zeros(2)).law == "the values given only"
