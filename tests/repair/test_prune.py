"""Pruning: faults planted on purpose are removed, and what is left is the same model."""

from __future__ import annotations

import copy
import inspect
import itertools
import json

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from zoo import ZOO

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.column_space import column_space
from pennylane_trainability.repair.basis import best_basis, largest_angles, on_column_space
from pennylane_trainability.repair.model import model_of
from pennylane_trainability.repair.verification import verify
from pennylane_trainability.results import Claim

BY_NAME = {m.name: m for m in ZOO}
DEAD = [m for m in ZOO if m.dead and not m.options and m.name.startswith(("dead", "serial"))]


def output(qnode, *args) -> np.ndarray:
    found = qnode(*args)
    return np.concatenate([np.ravel(f) for f in (found if isinstance(found, tuple) else (found,))])


def prune(member, seed, **options):
    return pt.prune(member.qnode, "x", seed=seed, **options)(*member.arguments)


# -- what is removed -------------------------------------------------------------------------------


@pytest.mark.parametrize("member", DEAD, ids=lambda m: m.name)
@pytest.mark.parametrize("keep", ["rank", "directions"])
def test_dead_parameters_go_and_the_values_stay(member, keep, seed, rng):
    pruning = prune(member, seed, keep=keep)
    dead = {r.parameter: r for r in pruning.removed if r.kind == "dead"}
    assert set(dead) == member.dead
    assert all(r.value == 0.0 and r.claim is Claim.THEOREM for r in dead.values())
    for _ in range(3):  # PennyLane, not the package, says that the function is the same
        x, w = rng.uniform(-4, 4), rng.uniform(-4, 4, member.shape)
        without = np.array(w)
        without.reshape(-1)[list(member.dead)] = 0.0
        same = output(member.qnode, x, without)
        np.testing.assert_allclose(same, output(member.qnode, x, w), atol=1e-12)
    assert pruning.check.dead_error < 1e-12


def test_serial_rotations_have_two_dead_and_five_directions(seed):
    pruning = prune(BY_NAME["serial with full rotations"], seed)
    assert len(pruning.kept) == 5  # 2L + 1 with L = 2
    assert pruning.smallest.value == 5 and pruning.smallest.exact
    assert [r.name for r in pruning.removed if r.kind == "dead"] == ["w[0, 0, 0]", "w[2, 0, 2]"]
    both = prune(BY_NAME["serial with full rotations"], seed, keep="directions")
    assert len(both.kept) == 7  # the slides through the encoding change with the parameters


@pytest.mark.parametrize(
    ("name", "kept", "instead"),
    [
        ("two rotations in a row", 5, {0, 5}),
        ("a sum of two parameters", 3, {0, 3}),
        ("dead and redundant", 3, {2, 3}),
    ],
)
@pytest.mark.parametrize("keep", ["rank", "directions"])
def test_one_of_two_that_do_the_same_goes(name, kept, instead, keep, seed):
    pruning = prune(BY_NAME[name], seed, keep=keep)
    assert len(pruning.kept) == kept
    (gone,) = [r for r in pruning.removed if r.kind == "redundant"]
    assert gone.parameter in instead
    assert all(f"w[{p}]" in gone.reason for p in instead)


def test_fixed_directions_leave_the_set_of_functions(seed, rng):
    """``RY(a) RY(b)`` is ``RY(a + b)``: by hand, not by the package."""
    member = BY_NAME["two rotations in a row"]
    pruning = prune(member, seed, keep="directions")
    assert pruning.check.value_error < 1e-11
    small, frozen = pruning.apply(member.qnode), pruning.frozen_values
    (gone,) = (r.parameter for r in pruning.removed)
    w, x = rng.uniform(-3, 3, 6), 0.7
    moved = np.array(w)
    moved[0 + 5 - gone] += w[gone] - frozen[gone]
    expected = output(member.qnode, x, w)
    np.testing.assert_allclose(small(moved[list(pruning.kept)], x), expected[0], atol=1e-12)


#: Members with faults and an output that depends on some parameter.
FAULTY = [m for m in ZOO if m.faults and not m.options and m.name != "imaginary read-out"]


@pytest.mark.parametrize("member", FAULTY, ids=lambda m: m.name)
def test_the_rank_and_the_space_stay(member, seed):
    pruning = prune(member, seed, n_draws=6)
    assert len(pruning.kept) == pruning.space.rank
    assert pruning.check.same_rank and pruning.check.same_space
    small = pruning.apply(member.qnode)
    jacobian = pt.analyze(small, "x", ["kept"], seed=seed, n_draws=3)(
        pruning.start, member.arguments[0]
    )
    assert jacobian.rank == jacobian.n_parameters == pruning.space.rank
    assert jacobian.dead == ()


def test_the_columns_span_the_same_by_pennylane(seed):
    """Second road: derivatives by ``qml.jacobian`` on a grid, ranks of stacks of columns."""
    member = BY_NAME["rotations about the encoding axis"]
    pruning = prune(member, seed)
    grid = np.linspace(0, 2 * np.pi, 7, endpoint=False)
    for w in np.random.default_rng(seed).uniform(-3, 3, (4, 5)):
        w = pnp.array(w, requires_grad=True)
        rows = np.stack([qml.jacobian(member.qnode, argnums=1)(x, w) for x in grid])
        kept = rows[:, list(pruning.kept)]
        assert np.linalg.matrix_rank(kept, tol=1e-9) == len(pruning.kept)
        assert np.linalg.matrix_rank(rows, tol=1e-9) == len(pruning.kept)


def test_freezing_at_special_values_is_refused_with_a_remedy(seed):
    """At w₁ = 0 the other two rotate about one axis only."""

    def circuit(x, w):
        qml.RY(w[0], wires=0)
        qml.RZ(w[1] * w[2], wires=0)
        qml.RX(x, wires=0)
        qml.RY(w[3], wires=0)
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(circuit, qml.device("default.qubit"))
    find = pt.prune(qnode, "x", seed=seed)
    with pytest.raises(pt.ReadingError, match="freeze='best'"):
        find(0.0, np.array([0.3, 0.0, 0.0, 0.2]))
    best = pt.prune(qnode, "x", seed=seed, freeze="best")(0.0, np.array([0.3, 0.0, 0.0, 0.2]))
    assert len(best.kept) == 3 and best.check.same_rank


# -- choice of the basis ---------------------------------------------------------------------------


def test_exchanges_find_what_trying_all_finds(rng):
    columns = on_column_space(rng.normal(size=(3, 4, 8)), 4)

    def score(chosen):
        values = np.linalg.svd(columns[..., list(chosen)], compute_uv=False)[:, -1]
        return np.mean(np.log(values))

    every = [score(c) for c in itertools.combinations(range(8), 4)]
    found, _ = best_basis(columns)
    # no exchange of one column helps any more, and few choices are better
    assert sum(s > score(found) + 1e-9 for s in every) <= 7
    for out, new in itertools.product(found, set(range(8)) - set(found)):
        assert score([*(set(found) - {out}), new]) <= score(found) + 1e-9


def test_angles_are_those_of_the_plane():
    turned = np.array([[[1.0, np.cos(0.3)], [0.0, np.sin(0.3)], [0.0, 0.0]]])
    angle = largest_angles(turned[..., :1], turned[..., 1:], 1)
    np.testing.assert_allclose(angle, 0.3, atol=1e-14)
    np.testing.assert_allclose(largest_angles(turned, turned, 2), 0.0, atol=1e-14)


# -- the pruned QNode ------------------------------------------------------------------------------

DEVICE = qml.device("default.qubit")


def tree(x, params, scale=1.0, *, tail, wires=(0, 1)):
    qml.RZ(params["a"][0], wires=wires[0])
    for w in range(2):
        qml.Rot(*params["b"][w], wires=wires[w])
    qml.CNOT([0, 1])
    qml.RX(scale * x, wires=0)
    qml.RX(x, wires=1)
    qml.Rot(*tail, wires=1)
    qml.RY(qml.math.sin(params["a"][1]), wires=1)
    return qml.expval(qml.Z(1))


PARAMS = {"a": np.array([0.4, 0.9]), "b": np.array([[0.2, 1.1, 0.6], [0.5, -0.8, 1.3]])}
TAIL = np.array([0.7, -0.4, 1.2])


@pytest.fixture(scope="module")
def pruned():
    qnode = qml.QNode(tree, DEVICE)
    find = pt.prune(qnode, "x", ["params", "tail"], seed=3)
    return qnode, find(0.3, PARAMS, tail=TAIL)


def test_masks_have_the_shapes_of_the_arguments(pruned):
    _, pruning = pruned
    params, tail = pruning.mask
    assert params["a"].shape == (2,) and params["b"].shape == (2, 3) and tail.shape == (3,)
    flat = np.concatenate([params["a"], params["b"].ravel(), tail])
    assert flat.dtype == bool and tuple(np.flatnonzero(flat)) == pruning.kept
    values, _ = pruning.frozen_values
    assert values["a"][0] == 0.0 and values["a"][1] == PARAMS["a"][1]  # dead; given


def test_the_pruned_qnode_is_the_qnode(pruned):
    qnode, pruning = pruned
    small = pruning.apply(qnode)
    assert isinstance(small, qml.QNode) and small.device is qnode.device
    assert str(inspect.signature(small.func)) == "(kept, x, scale=1.0, *, wires=(0, 1))"
    expected = qnode(0.7, PARAMS, 0.5, tail=TAIL)
    assert np.isclose(small(pruning.start, 0.7, 0.5), expected, atol=1e-12)
    assert np.isclose(small(pruning.start, scale=0.5, x=0.7), expected, atol=1e-12)
    assert np.isclose(small(list(pruning.start), 0.7, 0.5), expected, atol=1e-12)
    assert small.update(diff_method="parameter-shift").func is small.func


def differences(pruning, qnode) -> np.ndarray:
    """Central differences of the user's QNode, arguments put together by hand."""

    def value(kept):
        flat = np.concatenate([PARAMS["a"], PARAMS["b"].ravel(), TAIL])
        flat[0] = 0.3  # dead
        flat[list(pruning.kept)] = kept
        params = {"a": flat[:2], "b": flat[2:8].reshape(2, 3)}
        return float(qnode(0.7, params, tail=flat[8:]))

    steps = 1e-5 * np.eye(len(pruning.kept))
    return np.array([(value(pruning.start + s) - value(pruning.start - s)) / 2e-5 for s in steps])


def test_gradients_under_autograd(pruned):
    qnode, pruning = pruned
    start = pnp.array(pruning.start, requires_grad=True)
    found = qml.grad(pruning.apply(qnode), argnums=0)(start, 0.7)
    np.testing.assert_allclose(found, differences(pruning, qnode), atol=1e-8)


@pytest.mark.interfaces("jax")
@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_under_jax(pruned, compiled):
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        qnode, pruning = pruned
        slope = jax.grad(pruning.apply(qnode))
        found = (jax.jit(slope) if compiled else slope)(jax.numpy.array(pruning.start), 0.7)
        np.testing.assert_allclose(found, differences(pruning, qnode), atol=1e-8)
    finally:
        jax.config.update("jax_enable_x64", before)


@pytest.mark.interfaces("torch")
def test_gradients_under_torch(pruned):
    import torch

    qnode, pruning = pruned
    start = torch.tensor(pruning.start, requires_grad=True)
    pruning.apply(qnode)(start, 0.7).backward()
    np.testing.assert_allclose(start.grad.numpy(), differences(pruning, qnode), atol=1e-8)


def test_the_package_works_on_it(pruned):
    qnode, pruning = pruned
    small = pruning.apply(qnode)
    found = pt.coefficient_jacobian(small, encoding_args="x", argnums="kept")(pruning.start, 0.3)
    whole = pt.coefficient_jacobian(qnode, encoding_args="x", argnums=["params", "tail"])
    params, tail = whole(0.3, pruning.frozen_values[0], tail=pruning.frozen_values[1])
    rows = len(found)
    flat = np.concatenate([params["a"], params["b"].reshape(rows, -1), tail], axis=1)
    np.testing.assert_allclose(found, flat[:, list(pruning.kept)], atol=1e-12)


def test_measured_jacobians_take_circuits_for_kept_parameters_only(pruned):
    qnode, pruning = pruned
    shots = qml.set_shots(qnode, shots=10)
    full = pt.measure_jacobian(shots, "x", ["params", "tail"]).cost(0.3, PARAMS, tail=TAIL)
    less = pt.measure_jacobian(pruning.apply(shots), "x", "kept").cost(pruning.start, 0.3)
    assert less.circuits < full.circuits


def test_arguments_that_hold_more_than_parameters_stay(seed, rng):
    @qml.qnode(DEVICE)
    def mixed(v, *, extra):
        qml.RZ(extra, wires=0)
        qml.RY(v[0], wires=0)
        qml.RX(v[2], wires=0)
        qml.RY(v[1], wires=0)
        return qml.expval(qml.Z(0))

    v = np.array([0.4, 1.2, 0.0])
    pruning = pt.prune(mixed, {"v": [2]}, seed=seed)(v, extra=0.3)
    small = pruning.apply(mixed)
    assert list(inspect.signature(small.func).parameters) == ["kept", "v"]
    kept = rng.normal(size=2)
    found = small(kept, np.array([9.0, 9.0, 0.8]))
    assert np.isclose(found, mixed(np.array([*kept, 0.8]), extra=0.3), atol=1e-12)


def test_variable_arguments(seed):
    @qml.qnode(DEVICE)
    def several(x, *angles, **named):
        qml.RY(angles[0], wires=0)
        qml.RY(angles[1], wires=0)
        qml.RX(x, wires=0)
        qml.RY(named["last"], wires=0)
        return qml.expval(qml.Z(0))

    pruning = pt.prune(several, "x", seed=seed)(0.0, 0.3, 0.4, last=0.5)
    assert len(pruning.kept) == 2
    found = pruning.apply(several)(pruning.start, 0.9)
    assert np.isclose(found, several(0.9, 0.3, 0.4, last=0.5), atol=1e-12)


# -- border ----------------------------------------------------------------------------------------


def test_messages(pruned):
    qnode, pruning = pruned
    with pytest.raises(ValueError, match="keep='directions'"):
        pt.prune(qnode, "x", keep="all")
    with pytest.raises(ValueError, match="freeze='best'"):
        pt.prune(qnode, "x", freeze="zero")
    with pytest.raises(ValueError, match="whole number ≥ 2"):
        pt.prune(qnode, "x", n_draws=1)
    with pytest.raises(pt.ReadingError, match="engine='exact'"):
        pt.prune(qml.set_shots(qnode, shots=10), "x")(0.3, PARAMS, tail=TAIL)
    with pytest.raises(pt.ReadingError, match=r"Start from Pruning\.start"):
        pruning.apply(qnode)(np.zeros(99), 0.3)
    with pytest.raises(pt.ReadingError, match=r"no argument \['params', 'tail'\]"):
        pruning.apply(qml.QNode(lambda x: qml.expval(qml.Z(0)), DEVICE))


def test_an_output_without_parameters_is_refused(seed):
    @qml.qnode(DEVICE)
    def deaf(x, w):
        qml.RZ(w, wires=0)
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match=r"See analyze\(\)"):
        pt.prune(deaf, "x", seed=seed)(0.0, 0.1)


def test_strength_and_conditions_at_new_draws():
    """Second road: the transform; close to ``a = b`` the columns that are kept are parallel."""

    @qml.qnode(qml.device("default.qubit", wires=1))
    def circuit(x, w):
        qml.RY(w[0], wires=0)
        qml.RY(w[1], wires=0)
        qml.RX(x, wires=0)
        qml.RY(w[2], wires=0)
        return qml.expval(qml.Z(0))

    options = {"data": None, "spectrum": None, "engine": "auto", "memory": 2**20, "points": 100}
    model = model_of("prune", circuit, (0.0, np.zeros(3)), {}, "x", None, **options)
    new = np.array([[0.1, 0.4, 1.5], [1.2, -0.3, 0.2], [0.2, 0.3, 0.5 + 1e-5]])
    space = column_space(model.jacobians(np.random.default_rng(1).normal(size=(5, 3))))
    values, kept = np.array([0.7, 0.9, 0.3]), (0, 2)
    rng = np.random.default_rng(2)
    check, strength, conditions = verify(model, space, kept, values, new, "rank", rng)
    jacobian = pt.coefficient_jacobian(circuit, encoding_args="x")
    for d, point in enumerate(new):
        sliced = np.array([point[0], values[1], point[2]])
        full = jacobian(0.0, sliced)
        part, all_values = (np.linalg.svd(m, compute_uv=False) for m in (full[:, [0, 2]], full))
        assert strength[d] == pytest.approx(part[1] / all_values[1], rel=1e-8)
        expected = [all_values[0] / all_values[1], part[0] / part[1]]
        assert conditions[d] == pytest.approx(expected, rel=1e-8)
        here = jacobian(0.0, point)
        weakest = np.linalg.svd(here[:, [0, 2]], compute_uv=False)[1]
        rounding = max(1e-10, 1e-13 * np.linalg.norm(here, 2) / weakest)
        assert check.tolerances[d] == pytest.approx(rounding, rel=1e-5)
    assert check.tolerances[2] > 5e-9


def test_whole_numbers_and_arguments_called_like_the_new_one():
    @qml.qnode(qml.device("default.qubit", wires=1))
    def circuit(x, kept):
        qml.RZ(kept[0], wires=0)
        qml.RY(kept[1], wires=0)
        qml.RX(x, wires=0)
        qml.RY(kept[2], wires=0)
        return qml.expval(qml.Z(0))

    pruning = pt.prune(circuit, "x", seed=1)(0.0, np.array([0.2, 0.7, 1.3]))
    assert pruning.kept == (1, 2) and pruning.provenance.n_samples % 2 == 0
    smaller = pruning.apply(circuit)
    assert list(inspect.signature(smaller.func).parameters) == ["kept_parameters", "x"]
    expected = circuit(0.4, np.array([0.0, 3.0, 2.0]))
    assert smaller(np.array([3, 2]), 0.4) == pytest.approx(float(expected))
    few = pt.prune(circuit, "x", seed=1, n_draws=7)(0.0, np.array([0.2, 0.7, 1.3]))
    assert few.provenance.n_samples == 14, "to choose, and to check"


def test_nothing_is_changed(global_state_unchanged, seed):
    qnode, params = qml.QNode(tree, DEVICE), copy.deepcopy(PARAMS)
    before = dict(vars(qnode))
    pruning = pt.prune(qnode, "x", ["params", "tail"], seed=seed)(0.3, params, tail=TAIL)
    pruning.apply(qnode)(pruning.start, 0.3)
    assert {k: v for k, v in vars(qnode).items() if k in before} == before
    assert qnode.func is tree
    np.testing.assert_equal(params, PARAMS)


def test_the_record_prints_and_becomes_json(pruned):
    _, pruning = pruned
    text = str(pruning)
    assert text.startswith(f"{len(pruning.kept)} of 11 parameters are enough")
    assert "unchanged to first order only" in text and "NOT" not in text
    found = json.loads(json.dumps(pruning.to_dict(), allow_nan=False))
    assert found["plan"]["kept"] == list(pruning.kept)


def test_rows_can_be_data_points(seed):
    member = BY_NAME["on data points"]
    pruning = prune(member, seed, data=member.options["data"])
    assert len(pruning.kept) == 3
    assert pruning.space.n_rows == 15
    assert any("Fourier" in note or "RX" in note for note in pruning.notes)
