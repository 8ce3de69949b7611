"""Density models without shots: closed forms, and matrices as a second road."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from density_zoo import ALPHA, ANGLES, X, density, flat, gates, part_with_all, turn, value
from support import count_executions

import pennylane_trainability as pt
from pennylane_trainability.density import weights
from pennylane_trainability.density.randomised import probabilities_of
from pennylane_trainability.density.register import _controls

METHODS = ["exact", "register"]
DEVICES = ["default.qubit", "lightning.qubit", "default.mixed"]


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_mixture_of_turns(method, count, rng):
    alpha, angles = rng.dirichlet(np.ones(count)), rng.normal(size=count)
    device = qml.device("default.qubit")
    model = pt.density_qnode([turn] * count, own="angle", method=method, device=device)
    np.testing.assert_allclose(model(alpha, angles), alpha @ np.cos(angles), atol=1e-14)


@pytest.mark.parametrize("count", range(2, 18))
def test_a_register_checks_what_tells_parts_apart_and_no_more(count):
    """By brute force: every part that exists passes its own checks alone, and needs them all."""
    size = (count - 1).bit_length()
    bits = [[k >> (size - 1 - r) & 1 for r in range(size)] for k in range(count)]
    for k in range(count):
        wires, values = _controls(k, count, list(range(size)))
        for skipped in [None, *wires]:
            checks = [(w, v) for w, v in zip(wires, values, strict=True) if w != skipped]
            passing = [j for j in range(count) if all(bits[j][w] == v for w, v in checks)]
            assert (passing == [k]) == (skipped is None)


def test_weights_of_several_points_are_taken_point_by_point(rng):
    logits = rng.normal(scale=3, size=(4, 3))
    np.testing.assert_allclose(weights.softmax(logits), softmax(logits), rtol=1e-13)
    rounded = np.array([[0.2, 0.2, 0.0], [0.5, 0.5, -1e-7]])
    expected = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]
    np.testing.assert_allclose(probabilities_of(rounded), expected, rtol=1e-15)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", DEVICES)
def test_a_mixture_is_the_weighted_sum_of_density_matrices(method, name):
    device = qml.device(name, wires=4)
    model = pt.density_qnode([part_with_all] * 3, own="w", method=method, device=device)
    np.testing.assert_allclose(flat(model(ALPHA, ANGLES, X)), value(), atol=1e-13)


@pytest.mark.parametrize("method", METHODS)
def test_density_matrices_themselves(method):
    def state(w):
        gates(w, X)
        return qml.density_matrix(wires=[0, 1])

    device = qml.device("default.mixed", wires=4)
    model = pt.density_qnode([state] * 3, own="w", method=method, device=device)
    found = model(ALPHA, ANGLES)
    np.testing.assert_allclose(found, density(), atol=1e-14)
    assert np.trace(found @ found).real < 0.9, "a mixed state"


def test_the_circuits_of_a_call_run_together():
    device = qml.device("default.qubit")
    sizes = count_executions(device)
    pt.density_qnode([part_with_all] * 3, own="w", device=device)(ALPHA, ANGLES, X)
    assert sizes == [3]


def test_parts_may_differ():
    """Other gates, other wires; ``(f_0, f_1) = (cos a, cos² a)``."""
    device = qml.device("default.qubit", wires=3)

    @qml.qnode(device)
    def one(a):
        qml.RX(a, wires=0)
        return qml.expval(qml.Z(0))

    @qml.qnode(device)
    def other(a):
        qml.RY(a, wires=1)
        qml.CNOT([1, 0])
        qml.RX(a, wires=0)
        return qml.expval(qml.Z(0))

    for method in METHODS:
        model = pt.density_qnode([one, other], method=method)
        expected = 0.4 * np.cos(0.7) + 0.6 * np.cos(0.7) ** 2
        np.testing.assert_allclose(model(np.array([0.4, 0.6]), 0.7), expected, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_a_part_without_gates_is_the_identity(method):
    device = qml.device("default.qubit")

    @qml.qnode(device)
    def nothing(a):
        return qml.expval(qml.Z(0))

    @qml.qnode(device)
    def flip(a):
        qml.RX(a, wires=0)
        return qml.expval(qml.Z(0))

    model = pt.density_qnode([nothing, flip], [0.25, 0.75], method=method)
    np.testing.assert_allclose(model(np.pi), 0.25 - 0.75, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_parts_may_prepare_states_of_their_own(method):
    def circuit(amplitudes):
        qml.StatePrep(amplitudes, wires=[0, 1])
        qml.Hadamard(0)
        return qml.probs(wires=[0, 1])

    states = np.array([[0.6, 0.0, 0.0, 0.8], [0.5, 0.5, 0.5, -0.5]])
    device = qml.device("default.qubit", wires=3)
    model = pt.density_qnode([circuit] * 2, own=0, method=method, device=device)
    turned = states @ np.kron([[1, 1], [1, -1]], np.eye(2)).T / np.sqrt(2)
    expected = np.array([0.3, 0.7]) @ turned**2
    np.testing.assert_allclose(model(np.array([0.3, 0.7]), states), expected, atol=1e-13)


# -- where weights come from -----------------------------------------------------------------------


def test_logits():
    device = qml.device("default.qubit")
    model = pt.density_qnode([turn] * 3, "softmax", own="angle", device=device)
    logits, angles = np.array([0.1, 900.0, 900.5]), np.array([0.3, 0.8, 1.9])
    expected = softmax(logits[1:] - 900) @ np.cos(angles[1:])
    np.testing.assert_allclose(model(logits, angles), expected, rtol=1e-12)


def test_fixed_weights_are_no_argument():
    device = qml.device("default.qubit")
    model = pt.density_qnode([turn] * 2, (0.25, 0.75), own="angle", device=device)
    np.testing.assert_allclose(model(np.array([0.0, np.pi])), -0.5, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_weights_may_depend_on_inputs(method):
    """A gate that looks at the data, one point at a time and along a broadcasting axis."""
    device = qml.device("default.qubit")

    def gate(slopes, w, x):
        return softmax(np.multiply.outer(x, slopes))

    model = pt.density_qnode([part_with_all] * 3, gate, own="w", method=method, device=device)
    slopes, xs = np.array([0.5, -1.0, 2.0]), np.array([-0.4, 0.3, 1.2, 2.0])
    expected = np.array([value(alpha=softmax(x * slopes), x=x) for x in xs])
    points = np.array([flat(model(slopes, ANGLES, x)) for x in xs])
    np.testing.assert_allclose(points, expected, atol=1e-13)
    batch = model(slopes, ANGLES, xs)
    found = np.concatenate([batch["f"][:, None], batch["p"][0], batch["p"][1]], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-13)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", DEVICES)
def test_one_set_of_weights_for_a_batch(method, name):
    device = qml.device(name, wires=4)
    model = pt.density_qnode([part_with_all] * 3, own="w", method=method, device=device)
    xs = np.array([-0.4, 0.3])
    batch = model(ALPHA, ANGLES, xs)
    found = np.concatenate([batch["f"][:, None], batch["p"][0], batch["p"][1]], axis=1)
    np.testing.assert_allclose(found, [value(x=x) for x in xs], atol=1e-13)


# -- how it is called ------------------------------------------------------------------------------


def test_own_arguments_by_name_position_or_keyword_as_lists_or_arrays():
    device = qml.device("default.qubit")
    expected = value()
    for own, args, kwargs in [
        ("w", (ALPHA, ANGLES, X), {}),
        (0, (ALPHA, ANGLES, X), {}),
        (["w"], (ALPHA, list(ANGLES), X), {}),
        ("w", (ALPHA,), {"x": X, "w": ANGLES}),
        (("w", "x"), (ALPHA, ANGLES, [X] * 3), {}),
        ("w", (), {"w": ANGLES, "x": X, "mixture": ALPHA}),
    ]:
        model = pt.density_qnode([part_with_all] * 3, own=own, device=device)
        np.testing.assert_allclose(flat(model(*args, **kwargs)), expected, atol=1e-13)


def test_all_parts_get_what_is_not_their_own():
    device = qml.device("default.qubit")

    def pick(k):
        def circuit(angles):
            qml.RX(angles[k], wires=0)
            return qml.expval(qml.Z(0))

        return circuit

    model = pt.density_qnode([pick(0), pick(2)], device=device)
    angles = np.array([0.3, 5.0, 0.8])
    expected = 0.5 * (np.cos(0.3) + np.cos(0.8))
    np.testing.assert_allclose(model(np.array([0.5, 0.5]), angles), expected, atol=1e-14)


def test_transforms_of_the_parts_are_applied():
    device = qml.device("default.mixed", wires=1)

    @qml.qnode(device)
    def circuit(angle):
        qml.RX(angle, wires=0)
        return qml.expval(qml.Z(0))

    noisy = qml.noise.add_noise(
        circuit, qml.NoiseModel({qml.noise.op_eq("RX"): qml.noise.partial_wires(qml.BitFlip, 0.1)})
    )
    model = pt.density_qnode([circuit, noisy], [0.5, 0.5])
    # a bit flip of probability p multiplies ⟨Z⟩ by 1 − 2p
    np.testing.assert_allclose(model(0.4), np.cos(0.4) * (0.5 + 0.5 * 0.8), atol=1e-14)


def test_transforms_that_make_several_circuits_are_applied():
    device = qml.device("default.qubit")
    circuit = qml.transforms.split_non_commuting(qml.QNode(part_with_all, device))
    sizes = count_executions(device)
    model = pt.density_qnode([circuit] * 3, own="w")
    np.testing.assert_allclose(flat(model(ALPHA, ANGLES, X)), value(), atol=1e-13)
    assert len(sizes) == 1 and sizes[0] > 3


def test_shot_vectors_give_a_tuple_of_what_the_parts_return():
    device = qml.device("default.qubit", seed=1)
    for method in ("exact", "randomised", "register"):
        model = pt.density_qnode(
            [part_with_all] * 3, own="w", method=method, device=device, seed=2, shots=((400, 2), 9)
        )
        found = model(ALPHA, ANGLES, X)
        assert isinstance(found, tuple) and len(found) == 3
        for result, shots in zip(found, (400, 400, 9), strict=True):
            probabilities = result["p"][0]
            assert probabilities.shape == (4,)
            np.testing.assert_allclose(probabilities.sum(), 1.0, atol=1e-5)
            if method != "exact":
                seen = probabilities * shots
                np.testing.assert_allclose(seen, np.rint(seen), atol=1e-9)


@pytest.mark.parametrize("method", ["exact", "randomised", "register"])
def test_batches_with_shots_have_the_shapes_of_batches(method):
    device = qml.device("default.qubit", seed=1)
    model = pt.density_qnode(
        [part_with_all] * 3, own="w", method=method, device=device, seed=2, shots=20_000
    )
    xs = np.array([-0.4, 0.3])
    found = model(ALPHA, ANGLES, xs)
    assert found["p"][0].shape == (2, 4)
    # five standard errors, at most: words with coefficients 1, 0.5 and 0.3; a probability of 1/2
    error = np.sqrt((1 + 0.5**2 + 0.3**2) / 20_000)
    np.testing.assert_allclose(found["f"], [value(x=x)[0] for x in xs], atol=5 * error)
    bound = 5 * 0.5 / np.sqrt(20_000)
    np.testing.assert_allclose(found["p"][1], [value(x=x)[5:] for x in xs], atol=bound)


def test_options_of_a_qnode_change_the_model():
    device = qml.device("default.qubit")
    model = pt.density_qnode([turn] * 2, [0.5, 0.5], own=0, device=device)
    other = model.update(device=qml.device("lightning.qubit", wires=1))
    np.testing.assert_allclose(other(np.array([0.1, 0.2])), model(np.array([0.1, 0.2])), atol=1e-12)
    assert qml.set_shots(model, shots=10).shots.total_shots == 10
    assert model.shots.total_shots is None


def test_the_register_runs_what_all_parts_share_once():
    """RX(x) and the state preparation stand before the register, uncontrolled."""
    device = qml.device("default.qubit", wires=3)

    def circuit(w, x):
        qml.StatePrep(np.array([0.6, 0.8]), wires=0)
        qml.RX(x, wires=0)
        qml.RY(w, wires=0)
        return qml.expval(qml.Z(0))

    model = pt.density_qnode([circuit] * 2, own="w", method="register", device=device)
    [tape], _ = qml.workflow.construct_batch(model, level="user")(
        ALPHA[:2] / ALPHA[:2].sum(), np.array([0.1, 0.2]), 0.3
    )
    assert [op.name for op in tape.operations] == ["StatePrep", "RX", "RY", "C(RY)", "CRY"]


def test_equal_values_of_trainable_angles_are_no_reason_to_share_a_gate():
    device = qml.device("default.qubit", wires=3)
    model = pt.density_qnode([turn] * 2, own=0, method="register", device=device)
    angles = qml.numpy.array([0.3, 0.3], requires_grad=True)
    gradient = qml.grad(model, argnums=1)(np.array([0.25, 0.75]), angles)
    np.testing.assert_allclose(gradient, -np.array([0.25, 0.75]) * np.sin(0.3), atol=1e-14)


def test_the_register_takes_the_wires_it_is_given():
    device = qml.device("default.qubit", wires=["q", "spare", "a", "b"])

    def circuit(angle):
        qml.RX(angle, wires="q")
        return qml.expval(qml.Z("q"))

    model = pt.density_qnode(
        [circuit] * 3, own=0, method="register", device=device, aux_wires=["b", "a"]
    )
    [tape], _ = qml.workflow.construct_batch(model, level="user")(ALPHA, np.array([0.1, 0.2, 0.3]))
    assert set(tape.wires) == {"q", "a", "b"}
    expected = ALPHA @ np.cos([0.1, 0.2, 0.3])
    np.testing.assert_allclose(model(ALPHA, np.array([0.1, 0.2, 0.3])), expected, atol=1e-14)
