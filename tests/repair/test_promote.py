"""Promotion: the same function at the weights given, the same symmetries at all weights."""

from __future__ import annotations

import json
from functools import reduce

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

DEVICE = qml.device("default.qubit")
SYMMETRIC = (
    *("XXII", "IXXI", "IIXX", "XIIX", "YYII", "IYYI"),
    *("IIYY", "YIIY", "ZZII", "IZZI", "IIZZ", "ZIIZ"),
)
W, X = np.linspace(0.3, 2.9, 12), np.linspace(-0.7, 1.1, 4)


def product_state(x, wires):
    for number, wire in enumerate(wires):
        qml.RY(0.4 + x[number], wires=wire)
        qml.RZ(1.3 * x[number] - 0.2, wires=wire)


def symmetric(x, w):
    """The symmetric circuit of arXiv:2406.18316, Fig. 4."""
    product_state(x, range(4))
    for angle, word in zip(w, SYMMETRIC, strict=True):
        qml.PauliRot(angle, word, wires=range(4))
    return qml.expval(qml.X(0) @ qml.X(1))


def through_cliffords(x, w):
    """Only X words in front of CNOTs, which turn them into other X words."""
    product_state(x, range(4))
    qml.BasicEntanglerLayers(w, range(4))
    return qml.expval(qml.X(1) + 0.5 * qml.X(0) @ qml.X(3))


def bell_frame(x, w):
    """``XX`` and ``ZZ`` are kept; a CNOT turns them into ``XI`` and ``IZ``, S and H into others."""
    product_state(x, ["p", "q"])
    qml.IsingXX(w[0], wires=["p", "q"])
    qml.IsingZZ(w[1], wires=["p", "q"])
    qml.CNOT(["p", "q"])
    qml.RX(w[2], wires="p")
    qml.S("p")
    qml.PauliRot(-w[3], "YZ", wires=["p", "q"])
    qml.H("q")
    qml.RX(0.7, wires="q")
    return qml.expval(qml.Y("p")), qml.expval(-qml.X("q"))


def turned_frames(x, w):
    """Words that H, S, CNOT and ISWAP turn into others; string labels."""
    wires = ["alice", "bob", "c"]
    product_state(x, wires)
    qml.IsingXX(w[0], wires=["alice", "bob"])
    qml.S("alice")
    qml.H("bob")
    qml.IsingXY(w[1], wires=["bob", "c"])
    qml.CNOT(["c", "alice"])
    qml.adjoint(qml.S("c"))
    qml.PauliRot(w[2], "XYZ", wires=wires)
    qml.ISWAP(["bob", "c"])
    qml.RX(np.pi / 2, wires="c")
    qml.MultiRZ(w[3] * 0.5 + 1, wires=["c", "alice"])
    return qml.expval(qml.Z("alice") @ qml.Z("c"))


def reuploading(x, w):
    """Data again behind trainable rotations, all with even parity."""
    qml.RY(0.3, wires="b")
    qml.IsingZZ(w[0], wires=["a", "b"])
    qml.IsingXX(x[0], wires=["a", "b"])
    qml.RZ(w[1], wires="a")
    qml.IsingXX(2 * x[1] + 1, wires=["b", "c"])
    qml.RZ(w[2], wires="b")
    qml.T("c")
    return qml.expval(qml.Z("a")), qml.probs(wires=["b"])


def templates_of_every_kind(x, w):
    """Data and weights in one template, adjoint and controlled gates, a Rot with data inside."""
    pt.DataReuploading(x[0], np.reshape(w[:4], (2, 1, 2)), [0, 1], block="ry-ring", rotation="Y")
    qml.adjoint(qml.RY)(w[4], wires=2)
    qml.adjoint(qml.BasicEntanglerLayers)(np.reshape(w[5:7], (1, 2)), [1, 2], rotation=qml.RY)
    qml.ctrl(qml.RY, control=0)(w[7], wires=2)
    qml.Rot(0.2, w[8], x[1], wires=1)
    qml.PSWAP(w[9], wires=[0, 1])
    qml.SingleExcitation(w[10], wires=[0, 2])
    qml.evolve(qml.X(0) @ qml.Y(1), w[11])
    return qml.expval(qml.Z(0)), qml.var(qml.X(1)), qml.expval(qml.Projector([1, 0], [0, 2]))


def tied(x, w):
    """One parameter in several gates, functions of parameters, parameters times data."""
    qml.RX(x[0], wires=0)
    qml.RZ(w[0], wires=0)
    qml.RZ(w[0] - 0.3, wires=1)
    qml.IsingZZ(qml.math.sin(w[1]) * 2, wires=[0, 1])
    qml.CRZ(w[3] * x[2], wires=[0, 1])
    qml.IsingXX(w[2] * x[1] + w[3], wires=[0, 1])
    return qml.expval(qml.Z(0) @ qml.Z(1))


def scaled_by_data(x, w):
    """Angles that are products with data, in front of what sees them."""
    product_state(x, range(2))
    qml.IsingXX(w[0] * x[2] + 0.3, wires=[0, 1])
    qml.PauliRot(-2 * w[1] * x[3], "YX", wires=[0, 1])
    return qml.expval(qml.Z(0))


def exponentials(x, w):
    """``exp(c·H)`` with factors on both sides of one, of words and of a sum of words."""
    product_state(x, range(3))
    qml.exp(qml.X(0) @ qml.Z(1), -0.5j * w[0])
    qml.exp(qml.Y(1) @ qml.Y(2), 1.5j * w[1])
    qml.exp(qml.Z(0) + 2 * qml.Z(1), 1j * w[2] * x[3])
    qml.CNOT([1, 2])
    qml.RX(w[3], wires=1)
    return qml.expval(qml.Y(0) @ qml.X(1)), qml.expval(qml.X(1) @ qml.Z(2))


#: Quantum function, its weights, number of independent symmetries.
ZOO = [
    pytest.param(symmetric, W, 2, id="symmetric"),
    pytest.param(through_cliffords, W.reshape(3, 4), 4, id="through-cliffords"),
    pytest.param(bell_frame, W[:4], 2, id="bell-frame"),
    pytest.param(turned_frames, W[:4], 1, id="turned-frames"),
    pytest.param(reuploading, W[:3], 1, id="reuploading"),
    pytest.param(templates_of_every_kind, W, 0, id="templates"),
    pytest.param(tied, W[:4], 1, id="tied"),
    pytest.param(scaled_by_data, W[:2], 1, id="scaled-by-data"),
    pytest.param(exponentials, W[:4], 1, id="exponentials"),
]


def flat(result):
    return np.concatenate([np.ravel(r) for r in qml.pytrees.flatten(result)[0]])


def promoted(function, weights, **options):
    qnode = qml.QNode(function, DEVICE)
    return qnode, pt.promote(qnode, argnums="w", **options)(X, weights)


# -- the same function -----------------------------------------------------------------------------


@pytest.mark.parametrize(("function", "weights", "count"), ZOO)
def test_at_the_weights_given_it_is_the_same_function(function, weights, count, rng):
    qnode, found = promoted(function, weights)
    for data in (X, rng.uniform(-3, 3, 4)):
        np.testing.assert_allclose(
            flat(found.qnode(found.weights, data)), flat(qnode(data, weights)), atol=1e-12
        )
    assert np.count_nonzero(found.weights[:, 1:]) == 0
    assert len(found.symmetries) == count
    assert found.weights.shape[1] == 2**count


@pytest.mark.parametrize(("function", "weights", "count"), ZOO)
def test_the_symmetries_are_kept_at_all_weights(function, weights, count, rng):
    """Second road: ``U S U†`` of the dense promoted unitary is again a word, for random angles."""
    _, found = promoted(function, weights)
    order = list(found.wires)
    tape = qml.workflow.construct_tape(found.qnode)(rng.uniform(0, 6, found.weights.shape), X)
    first = next(k for k, op in enumerate(tape.operations) if op.name == "PauliRot")
    whole = unitary(tape.operations[first:], order)
    start = before_first(tape.operations[:first], order)
    for word in found.symmetries:
        moved = whole @ start @ matrix(word) @ start.conj().T @ whole.conj().T
        coefficients = [c for _, c in qml.pauli_decompose(moved, pauli=True).items()]
        assert np.isclose(np.max(np.abs(coefficients)), 1.0)
        for measurement in tape.measurements:
            observables = [measurement.obs] if measurement.obs else map(qml.Z, measurement.wires)
            for observable in observables:
                dense = qml.matrix(observable, wire_order=order)
                np.testing.assert_allclose(dense @ moved, moved @ dense, atol=1e-10)


def matrix(text):
    letters = {"I": qml.I, "X": qml.X, "Y": qml.Y, "Z": qml.Z}
    return reduce(np.kron, [letters[letter](0).matrix() for letter in text])


def unitary(operations, order):
    dense = np.eye(2 ** len(order))
    for op in operations:
        dense = qml.matrix(op, wire_order=order) @ dense
    return dense


def before_first(operations, order):
    """The Clifford gates in front of the first rotation; what is no Clifford prepares the state."""
    fixed = {"CNOT", "Hadamard", "S", "Adjoint(S)", "ISWAP"}
    return unitary([op for op in operations if op.name in fixed], order)


def test_the_paper_s_circuit_becomes_the_template(rng):
    """Second road: StabilizerLogicalProduct with the same stabilizers and logicals."""
    _, found = promoted(symmetric, W)
    assert {*found.symmetries} == {"XXXX", "ZZZZ"}
    assert found.weights.shape == (12, 4) and found.largest_dimension == 60
    weights = rng.uniform(0, 6, (12, 4))

    @qml.qnode(DEVICE)
    def template(x, w):
        product_state(x, range(4))
        pt.StabilizerLogicalProduct(w, found.symmetries, SYMMETRIC, wires=range(4))
        return qml.expval(qml.X(0) @ qml.X(1))

    assert np.isclose(found.qnode(weights, X), template(X, weights), atol=1e-12)
    tape = qml.workflow.construct_tape(template, level="device")(X, weights)
    rotations = tape.operations[8:]
    words = [row for block in found.rotations for row in block]
    for gate, word in zip(rotations, words, strict=True):
        support = [w for w, letter in enumerate(word) if letter != "I"]
        assert gate.wires.tolist() == support
        assert gate.hyperparameters["pauli_word"] == word.replace("I", "")


def test_without_symmetries_it_is_the_circuit():
    def function(x, w):
        qml.RX(x[0], wires=0)
        qml.RY(w[0], wires=0)
        qml.CNOT([0, 1])
        qml.RX(w[1], wires=1)
        qml.RZ(w[2], wires=0)
        qml.IsingYY(w[3], wires=[0, 1])
        return qml.expval(qml.Z(0) + qml.X(1))

    qnode, found = promoted(function, W[:4])
    assert found.symmetries == found.commutant == found.fixed == ()
    assert found.weights.shape == (4, 1) and found.block_size == 1
    assert "No Pauli symmetry found" in found.heading() == str(found).splitlines()[0]
    np.testing.assert_allclose(found.qnode(found.weights, X), qnode(X, W[:4]), atol=1e-12)


# -- what is said about it -------------------------------------------------------------------------


def test_symmetries_that_the_state_fixes_are_named():
    def from_zero(x, w):
        for angle, word in zip(w, SYMMETRIC, strict=True):
            qml.PauliRot(angle, word, wires=range(4))
        return qml.expval(qml.X(0) @ qml.X(1))

    qnode, found = promoted(from_zero, W)
    assert found.symmetries == ("XXXX", "ZZZZ") and found.fixed == ("ZZZZ",)
    assert found.independent == 2
    # ZZZZ = 1: rotations by P and by ZZZZ·P are the same one, up to the sign
    plain = pt.capacity(found.qnode, "weights", seed=1, n_draws=2)(found.weights, X)
    fewer = pt.promote(qnode, argnums="w", max_symmetries=1)(X, W)
    assert fewer.symmetries == ("XXXX",) and fewer.weights.shape == (12, 2)
    small = pt.capacity(fewer.qnode, "weights", seed=1, n_draws=2)(fewer.weights, X)
    assert max(plain.ranks) == max(small.ranks)


def test_a_choice_among_symmetries_that_do_not_commute_is_said():
    def function(x, w):
        qml.IsingXX(w[0], wires=[0, 1])
        qml.IsingXX(w[1], wires=[1, 2])
        return qml.expval(qml.X(0) @ qml.X(2))

    qnode, found = promoted(function, W[:2])
    assert len(found.commutant) == 4 and len(found.symmetries) == 3
    assert any("could have been kept" in note for note in found.notes)
    assert any("by symmetries themselves" in note for note in found.notes)
    np.testing.assert_allclose(found.qnode(found.weights, X), qnode(X, W[:2]), atol=1e-12)


def test_parameters_that_were_tied_or_met_data_are_said():
    _, found = promoted(tied, W[:4])
    assert any("entered several" in note for note in found.notes)
    assert any(
        "CRZ (gate 4), IsingXX (gate 5)" in note and "depend on data" in note
        for note in found.notes
    )
    assert found.weights.shape == (6, 2)  # a CRZ is two rotations
    _, found = promoted(symmetric, W)
    assert found.notes == ()


def with_data(prepare, angle):
    """Two gates of which the first depends on the data, behind a preparation."""

    def function(x, w):
        prepare(x)
        qml.IsingXX(w[0] * angle(x), wires=[0, 1])
        qml.IsingYY(w[1], wires=[0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return function


def spread(x):
    return qml.StatePrep(x, wires=range(2))


def strict(x):
    """Refuses other norms."""
    return qml.MottonenStatePreparation(x[:4], wires=range(2))


def plain(x):
    return None


@pytest.mark.parametrize(
    ("prepare", "angle", "data", "gate"),
    [
        (spread, lambda x: x[0] + 2 * x[1] + 4 * x[2] + 8 * x[3], [0.5] * 4, 0),
        (strict, lambda x: x[0] + 2 * x[1] + 4 * x[2] + 8 * x[3], [0.5] * 4, 4),
        # as many numbers as signs drawn at random could leave alone
        (strict, lambda x: x[4], [0.5] * 4 + [0.3], 4),
        (strict, lambda x: x[4] * x[5], [0.5] * 4 + [0.3, 0.2], 4),
        # shares are refused above one and below zero, silently
        (plain, lambda x: np.arccos(2 * x[0] - 1) + np.arccos(2 * x[1] - 1), [0.9, 0.6], 0),
        (plain, lambda x: np.sqrt(1 - x[0] ** 2), [0.95], 0),
    ],
)
def test_angles_that_depend_on_data_are_said_whatever_data_are_refused(prepare, angle, data, gate):
    qnode = qml.QNode(with_data(prepare, angle), DEVICE)
    found = pt.promote(qnode, argnums="w")(np.array(data), W[:2])
    (note,) = (note for note in found.notes if "depend on data too" in note)
    assert note.startswith(f"the angles of IsingXX (gate {gate}) depend")


def test_data_may_prepare_states(rng):
    def function(x, w):
        qml.StatePrep(x, wires=range(2))
        qml.IsingXX(w[0], wires=[0, 1])
        qml.IsingYY(w[1], wires=[0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    qnode = qml.QNode(function, DEVICE)
    states = rng.normal(size=(5, 4))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    found = pt.promote(qnode, argnums="w")(states[0], W[:2])
    assert len(found.symmetries) == 2 and found.fixed == ()
    # broadcasting over the data goes on to work
    np.testing.assert_allclose(
        found.qnode(found.weights, states), [qnode(s, W[:2]) for s in states], atol=1e-12
    )
    weights = rng.uniform(0, 6, (3, 2, 4))
    np.testing.assert_allclose(
        found.qnode(weights, states[0]), [found.qnode(w, states[0]) for w in weights], atol=1e-12
    )


def test_as_a_result():
    _, found = promoted(symmetric, W)
    text = str(found)
    assert "48, 12 blocks of 4" in text and "2 independent Pauli symmetries" in text
    as_dict = json.loads(json.dumps(found.to_dict()))
    assert as_dict["symmetries"] == list(found.symmetries)
    assert np.shape(as_dict["weights"]) == (12, 4)
    with pytest.raises(ValueError, match="read-only"):
        found.weights[0, 0] = 1.0


# -- a QNode like the user's -----------------------------------------------------------------------


def test_nothing_else_is_changed(global_state_unchanged):
    qnode = qml.QNode(symmetric, DEVICE, diff_method="adjoint")
    before = dict(vars(qnode))
    x, weights = X.copy(), W.copy()
    found = pt.promote(qnode, argnums="w")(x, weights)
    found.qnode(found.weights, x)
    assert vars(qnode) == before and np.all(x == X) and np.all(weights == W)


def test_device_shots_interface_and_method_are_the_user_s():
    device = qml.device("lightning.qubit", wires=4)
    qnode = qml.set_shots(qml.QNode(symmetric, device, diff_method="parameter-shift"), 500)
    found = pt.promote(qnode, argnums="w")(X, W)
    assert found.qnode.device is device and found.qnode.shots == qnode.shots
    assert found.qnode.diff_method == "parameter-shift"
    assert found.qnode.interface == qnode.interface
    assert abs(found.qnode(found.weights, X) - qml.set_shots(qnode, None)(X, W)) < 0.3


def test_gradients_in_column_zero_are_those_of_the_circuit():
    qnode, found = promoted(symmetric, W)
    expected = qml.grad(qnode, argnums=1)(X, qml.numpy.array(W))
    gradient = qml.grad(found.qnode)(qml.numpy.array(found.weights), X)
    np.testing.assert_allclose(gradient[:, 0], expected, atol=1e-10)
    assert np.max(np.abs(gradient[:, 1:])) > 0.01


def test_transforms_of_the_qnode_act_on_what_was_promoted():
    @qml.transform
    def with_another_gate(tape):
        operations = [*tape.operations, qml.RY(0.4, wires=0)]
        return [tape.copy(operations=operations)], lambda results: results[0]

    @with_another_gate
    @qml.qnode(DEVICE)
    def circuit(x, w):
        return symmetric(x, w)

    found = pt.promote(circuit, argnums="w")(X, W)
    assert np.isclose(found.qnode(found.weights, X), circuit(X, W), atol=1e-12)
    assert not np.isclose(circuit(X, W), qml.QNode(symmetric, DEVICE)(X, W), atol=1e-4)


def test_arguments_keep_their_names():
    @qml.qnode(DEVICE)
    def circuit(w, scale, *, x, weights=0.1):
        qml.RX(weights, wires=0)
        product_state(x, range(2))
        qml.IsingZZ(scale[0] * w["a"][0], wires=[0, 1])
        qml.IsingXX(w["b"], wires=[0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    w = {"a": np.array([0.3]), "b": 0.8}
    find = pt.promote(circuit, argnums="w", encoding_args=["scale", "x"])
    found = find(w, np.array([2.0]), x=X)
    np.testing.assert_allclose(
        found.qnode(found.weights, np.array([2.0]), x=X), circuit(w, np.array([2.0]), x=X)
    )
    np.testing.assert_allclose(
        found.qnode(promoted_weights=found.weights, scale=np.array([1.5]), x=-X, weights=0.7),
        circuit(w, np.array([1.5]), x=-X, weights=0.7),
    )


def test_it_can_be_analysed_like_any_other_qnode():
    """The package's own tracers run through the promoted function."""
    qnode, found = promoted(symmetric, W)
    again = pt.promote(found.qnode, argnums="weights")(found.weights, X)
    assert {*again.symmetries} == {*found.symmetries}
    assert again.weights.shape == (48, 4)
    assert np.isclose(again.qnode(again.weights, X), qnode(X, W), atol=1e-12)


@pytest.mark.interfaces("jax")
def test_jax():
    import jax

    qnode, found = promoted(tied, W[:4])
    with jax.experimental.enable_x64():
        x, weights = jax.numpy.array(X), jax.numpy.array(found.weights)
        value = jax.jit(found.qnode)(weights, x)
        assert np.isclose(value, qnode(X, W[:4]), atol=1e-12)
        # the derivative by data goes through the angle that data and parameters share
        slope = jax.grad(found.qnode, argnums=1)(weights, x)
    expected = qml.grad(qnode, argnums=0)(qml.numpy.array(X), W[:4])
    np.testing.assert_allclose(slope, expected, atol=1e-10)


@pytest.mark.interfaces("jax")
def test_functions_of_jax_alone():
    import jax
    import jax.numpy as jnp

    @qml.qnode(DEVICE)
    def circuit(w):
        qml.IsingXX(jnp.sin(w[0]), wires=[0, 1])
        qml.IsingYY(w[1], wires=[0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    with jax.experimental.enable_x64():
        w = jnp.array(W[:2])
        found = pt.promote(circuit)(w)
        assert found.weights.shape == (2, 4)
        np.testing.assert_allclose(found.qnode(found.weights), circuit(w), atol=1e-12)


@pytest.mark.interfaces("torch")
def test_torch():
    import torch

    qnode, found = promoted(tied, W[:4])
    weights = torch.tensor(np.array(found.weights), requires_grad=True)
    x = torch.tensor(X, requires_grad=True)
    value = found.qnode(weights, x)
    assert np.isclose(value.item(), qnode(X, W[:4]), atol=1e-12)
    value.backward()
    expected = qml.grad(qnode, argnums=0)(qml.numpy.array(X), W[:4])
    np.testing.assert_allclose(x.grad, expected, atol=1e-10)
    assert weights.grad.shape == (6, 2)


# -- bad input -------------------------------------------------------------------------------------


def returning(measurement, gate=None):
    def function(x, w):
        (gate or (lambda angle: qml.RX(angle, wires=0)))(w[0])
        qml.CNOT([0, 1])
        return measurement()

    return function


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (returning(qml.state), "Return expectation values"),
        (
            returning(lambda: qml.expval(qml.Hermitian(np.diag(np.arange(32.0)), range(5)))),
            "no sum of Pauli words and acts on 5 wires",
        ),
        (
            returning(
                lambda: qml.expval(qml.Z(0)),
                lambda angle: qml.SpecialUnitary([angle, 0.1, 0.2], wires=0),
            ),
            r"SpecialUnitary on wires \[0\] is no product of commuting ones",
        ),
    ],
)
def test_circuits_that_cannot_be_promoted(function, message):
    with pytest.raises(pt.ReadingError, match=message):
        pt.promote(qml.QNode(function, DEVICE), argnums="w")(X, W)


def test_budgets_and_options():
    qnode = qml.QNode(symmetric, DEVICE)
    with pytest.raises(pt.BudgetError, match="48 parameters of 12 rotations, and 40 are allowed"):
        pt.promote(qnode, argnums="w", max_parameters=40)(X, W)
    with pytest.raises(ValueError, match="whole number ≥ 0"):
        pt.promote(qnode, max_symmetries=-1)
    none = pt.promote(qnode, argnums="w", max_symmetries=0)(X, W)
    assert none.weights.shape == (12, 1)
    with pytest.raises(pt.ReadingError, match="no trainable parameters"):
        pt.promote(qnode, encoding_args=["x", "w"])(X, W)


def test_weights_of_another_shape():
    _, found = promoted(symmetric, W)
    with pytest.raises(pt.ReadingError, match=r"shape \(12, 4\).*got shape \(48,\)"):
        found.qnode(found.weights.ravel(), X)


def test_circuits_that_change_with_data():
    def function(x, w):
        if x[0] > 0:
            qml.H(0)
        qml.RX(w[0], wires=0)
        return qml.expval(qml.X(0))

    _, found = promoted(function, W[:1])
    with pytest.raises(pt.ReadingError, match="queues other gates with these arguments"):
        found.qnode(found.weights, -X)
