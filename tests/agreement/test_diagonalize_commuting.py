"""Rotated circuits give what the QNode gives: values, gradients and structure; nothing changes."""

from __future__ import annotations

import contextlib
import functools
import itertools

import numpy as np
import pennylane as qml
import pytest
from support import INTERFACES, count_executions, double_precision, package_of, to_numpy, weights_of

import pennylane_trainability as pt
from pennylane_trainability import diagonalize_commuting

LABELS = ["a", 7, 0, -1]
ANGLES = np.array([0.1, 0.5, 0.9, 1.3])
FACTORS = np.array([0.4, -0.7, 1.1])


def prepare(angles) -> None:
    """Four entangled wires with labels of several kinds."""
    for wire, label in enumerate(LABELS):
        qml.RY(angles[wire], wires=label)
    for first, second in itertools.pairwise(LABELS):
        qml.CNOT([first, second])
    qml.RX(0.3, wires=LABELS[0])
    qml.RX(0.8, wires=LABELS[2])


def sums(factors):
    """Sums with constants, coefficients that are arguments, shared and commuting words."""
    a, b, c, d = LABELS
    return (
        qml.Hamiltonian(factors, [qml.X(a) @ qml.X(b), qml.Y(a) @ qml.Y(b) @ qml.Z(d), qml.I(a)]),
        qml.Hamiltonian([0.3, -1.0], [qml.Z(a) @ qml.Z(b), qml.Z(b)]),
        qml.sum(qml.s_prod(2.1, qml.Z(c)), qml.s_prod(factors[0], qml.Y(d))),
        qml.prod(qml.X(a), qml.X(b)),
        qml.I(c),
    )


def qnode_of(device="default.qubit", **options):
    @qml.qnode(qml.device(device, wires=LABELS), **options)
    def circuit(angles, factors):
        prepare(angles)
        return tuple(qml.expval(observable) for observable in sums(factors))

    return circuit


def random_sum(rng, n_terms: int = 12):
    words = []
    for codes in rng.integers(0, 4, (n_terms, 4)):
        word = {label: "IXYZ"[code] for label, code in zip(LABELS, codes, strict=True) if code}
        words.append(qml.pauli.PauliWord(word).operation(wire_order=LABELS))
    return qml.Hamiltonian(rng.normal(size=n_terms), words)


# -- values and gradients --------------------------------------------------------------------------


@pytest.mark.parametrize("grouping", ["auto", "commuting", "qubit-wise"])
def test_random_hamiltonians(rng, grouping):
    """Against matrices in a state vector, which know of no groups."""
    observables = [random_sum(rng) for _ in range(3)]

    @qml.qnode(qml.device("default.qubit", wires=LABELS))
    def state():
        prepare(ANGLES)
        return qml.state()

    @diagonalize_commuting(grouping=grouping)
    @qml.qnode(qml.device("default.qubit"))
    def circuit():
        prepare(ANGLES)
        return [qml.expval(observable) for observable in observables]

    psi, found = state(), circuit()
    assert isinstance(found, list)
    for value, observable in zip(found, observables, strict=True):
        expected = np.vdot(psi, qml.matrix(observable, wire_order=LABELS) @ psi).real
        np.testing.assert_allclose(value, expected, atol=1e-12)


DEVICES = ["default.qubit", "lightning.qubit", "default.mixed"]


def in_double(interface: str):
    return double_precision() if interface == "jax" else contextlib.nullcontext()


CASES = [
    *(pytest.param("default.qubit", *i.values, id=i.id, marks=i.marks) for i in INTERFACES),
    *(pytest.param(name, "autograd", id=name) for name in DEVICES[1:]),
]


@pytest.mark.parametrize("device, interface", CASES)
def test_values_in_all_interfaces(device, interface):
    with in_double(interface):
        arguments = weights_of(interface, ANGLES), weights_of(interface, FACTORS)
        found = diagonalize_commuting(qnode_of(device))(*arguments)
    assert isinstance(found, tuple)
    for old, new in zip(qnode_of()(ANGLES, FACTORS), found, strict=True):
        assert package_of(new) == package_of(arguments[0])
        assert np.shape(new) == ()
        np.testing.assert_allclose(to_numpy(new), old, atol=1e-12)


def gradient(qnode, interface: str):
    """Gradients of one combination of all outputs, in the angles and in the factors."""

    def combined(angles, factors):
        return sum((k + 1.5) * value for k, value in enumerate(qnode(angles, factors)))

    arguments = weights_of(interface, ANGLES), weights_of(interface, FACTORS)
    if interface == "autograd":
        return qml.grad(combined)(*arguments)
    if interface == "jax":
        import jax

        return jax.jit(jax.grad(combined, argnums=(0, 1)))(*arguments)
    import torch

    return torch.autograd.grad(combined(*arguments), arguments)


METHODS = [
    pytest.param("default.qubit", "backprop", id="backprop"),
    pytest.param("default.qubit", "parameter-shift", id="parameter-shift"),
    pytest.param("lightning.qubit", "adjoint", id="adjoint"),
]


@pytest.mark.parametrize("interface", INTERFACES[1:])
@pytest.mark.parametrize("device, method", METHODS)
def test_gradients_in_angles_and_coefficients(interface, device, method):
    expected = gradient(qnode_of(), "autograd")
    with in_double(interface):
        rotated = diagonalize_commuting(qnode_of(device, diff_method=method))
        found = gradient(rotated, interface)
    for old, new in zip(expected, found, strict=True):
        np.testing.assert_allclose(to_numpy(new), old, atol=1e-10)


@pytest.mark.parametrize("device", DEVICES)
def test_broadcasted_arguments(rng, device):
    batch = rng.normal(size=(4, 3))  # per wire three angles
    qnode = qnode_of(device)
    expected, found = qnode(batch, FACTORS), diagonalize_commuting(qnode)(batch, FACTORS)
    for old, new in zip(expected, found, strict=True):
        assert np.shape(new) == np.shape(old) == (3,)
        np.testing.assert_allclose(new, old, atol=1e-12)


# -- structure -------------------------------------------------------------------------------------


def test_a_single_value_is_no_tuple():
    @diagonalize_commuting
    @qml.qnode(qml.device("default.qubit"))
    def circuit(sign):
        qml.RX(0.3, 0)
        return qml.expval(sign * qml.Y(0))

    for sign in (1.0, -2.0):
        assert float(circuit(sign)) == pytest.approx(-sign * np.sin(0.3))
        assert np.shape(circuit(sign)) == ()


def test_dictionaries_stay():
    @diagonalize_commuting
    @qml.qnode(qml.device("default.qubit"))
    def circuit():
        qml.RX(0.3, 0)
        return {"y": qml.expval(qml.Y(0)), "z": qml.expval(qml.Z(0))}

    assert circuit() == pytest.approx({"y": -np.sin(0.3), "z": np.cos(0.3)})


@pytest.mark.parametrize("shots", [None, 50, [50, 50]])
def test_constants_alone(shots):
    @functools.partial(qml.set_shots, shots=shots)
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.I(0)), qml.expval(2.5 * qml.I(0))

    for x in (0.1, np.array([0.1, 0.2])):
        expected, found = circuit(x), diagonalize_commuting(circuit)(x)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_array_equal(found, expected)


def test_words_with_vanishing_coefficients_cost_nothing():
    observable = qml.Hamiltonian([1.0, 0.0], [qml.Z(0), qml.X(0)])
    tape = qml.tape.QuantumScript([], [qml.expval(observable), qml.expval(0.0 * qml.Y(0))])
    tapes, post = diagonalize_commuting(tape)
    assert len(tapes) == 1
    assert post(qml.execute(tapes, qml.device("default.qubit"))) == (1.0, 0.0)


def test_other_measurements_stay_in_one_circuit_of_their_own():
    matrix = np.array([[1.0, 0.2], [0.2, -0.5]])

    def measurements():
        return [
            qml.expval(qml.X(0) @ qml.X(1)),
            qml.probs(wires=[1]),
            qml.var(qml.Z(0)),
            qml.expval(qml.Y(0) @ qml.Y(1)),
            qml.expval(qml.Hermitian(matrix, wires=0)),
        ]

    ops = [qml.RX(0.7, 0), qml.CNOT([0, 1])]
    tape = qml.tape.QuantumScript(ops, measurements(), trainable_params=[1])
    tapes, post = diagonalize_commuting(tape)
    assert [len(t.measurements) for t in tapes] == [2, 3]
    assert [t.trainable_params for t in tapes] == [[], [1]]
    device = qml.device("default.qubit")
    expected = qml.execute([tape], device)[0]
    for old, new in zip(expected, post(qml.execute(tapes, device)), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-12)


def test_a_tape_without_pauli_words_is_handed_back():
    for measurements in ([], [qml.probs(wires=0), qml.sample(wires=1)]):
        tape = qml.tape.QuantumScript([qml.RX(0.1, 0)], measurements, shots=5)
        (same,), post = diagonalize_commuting(tape)
        assert same is tape
        assert post(["anything"]) == "anything"


def test_observables_that_are_not_hermitian_stay():
    measured = qml.expval(qml.prod(qml.X(0), qml.Y(0)))  # iZ
    tapes, _ = diagonalize_commuting(qml.tape.QuantumScript([], [measured, qml.expval(qml.X(0))]))
    assert [len(t.measurements) for t in tapes] == [1, 1]
    assert tapes[1].measurements == [measured]


def test_after_a_measurement_in_mid_circuit():
    @qml.qnode(qml.device("default.qubit", wires=3))
    def circuit():
        qml.RX(0.7, 0)
        outcome = qml.measure(0)
        qml.cond(outcome, qml.X)(1)
        qml.RY(0.4, 1)
        return (
            qml.expval(outcome),
            qml.expval(qml.Z(0) @ qml.Z(1)),
            qml.expval(qml.X(0) @ qml.X(1)),
            qml.expval(qml.Z(0) @ qml.X(1)),
        )

    for old, new in zip(circuit(), diagonalize_commuting(circuit)(), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-12)


# -- circuits --------------------------------------------------------------------------------------

HEISENBERG = qml.sum(*[p(w) @ p(w + 1) for w in range(3) for p in (qml.X, qml.Y, qml.Z)])
OPTIONS = [
    pytest.param({}, 2, 3, id="auto"),
    pytest.param({"two_qubit_weight": 0.5}, 3, 0, id="dear-gates"),
    pytest.param({"grouping": "commuting", "two_qubit_weight": 0.5}, 2, 3, id="commuting"),
    pytest.param({"grouping": "qubit-wise"}, 3, 0, id="qubit-wise"),
]


@pytest.mark.parametrize("options, circuits, gates", OPTIONS)
def test_circuits_and_two_qubit_gates(options, circuits, gates):
    tape = qml.tape.QuantumScript([qml.RX(0.1, 2)], [qml.expval(HEISENBERG)], shots=17)
    tapes, _ = diagonalize_commuting(tape, **options)
    assert len(tapes) == circuits
    assert sum(len(op.wires) == 2 for t in tapes for op in t.operations) == gates
    assert all(t.shots == tape.shots for t in tapes)
    for t in tapes:
        words = [m.obs.pauli_rep for m in t.measurements]
        assert all(set(word.values()) == {"Z"} for sentence in words for word in sentence)


def test_fewer_circuits_than_split_non_commuting():
    tape = qml.tape.QuantumScript([], [qml.expval(HEISENBERG)])
    theirs, _ = qml.transforms.split_non_commuting(tape, grouping_strategy="qwc")
    assert len(diagonalize_commuting(tape)[0]) < len(theirs)


def test_one_device_execution():
    qnode = qnode_of()
    sizes = count_executions(qnode.device)
    diagonalize_commuting(qnode)(ANGLES, FACTORS)
    assert sizes == [2]  # {XX, YYZ, ZZ, Z} and what does not commute with these


def test_split_non_commuting_finds_nothing_left_to_split():
    @qml.transforms.split_non_commuting
    @diagonalize_commuting
    @qml.qnode(qml.device("default.qubit", wires=4))
    def circuit():
        qml.RX(0.3, 0)
        return qml.expval(HEISENBERG)

    with qml.Tracker(circuit.device) as tracker:
        assert float(circuit()) == pytest.approx(2 + np.cos(0.3))
    assert tracker.totals["batches"] == 1
    assert tracker.totals["executions"] == 2


# -- nothing is changed ----------------------------------------------------------------------------


@pytest.mark.usefixtures("global_state_unchanged")
def test_tape_arguments_and_queue_stay():
    tape = qml.tape.QuantumScript([qml.RX(0.1, 2)], [qml.expval(HEISENBERG)], trainable_params=[0])
    twin = tape.copy(copy_operations=True)
    before = list(tape.operations), list(tape.measurements)
    with qml.queuing.AnnotatedQueue() as outer:
        tapes, _ = diagonalize_commuting(tape)
    assert outer.queue == []
    assert all(a is b for a, b in zip(tape.operations, before[0], strict=True))
    assert all(a is b for a, b in zip(tape.measurements, before[1], strict=True))
    assert tape.trainable_params == [0]
    assert all(t.trainable_params == [0] for t in tapes)
    qml.assert_equal(tape, twin)


def test_the_qnode_stays():
    qnode = qnode_of()
    before = qnode.func, qnode.device, list(qnode.compile_pipeline), dict(qnode.execute_kwargs)
    value = qnode(ANGLES, FACTORS)
    diagonalize_commuting(qnode)(ANGLES, FACTORS)
    after = qnode.func, qnode.device, list(qnode.compile_pipeline), dict(qnode.execute_kwargs)
    assert after == before
    assert qnode(ANGLES, FACTORS) == value


# -- errors ----------------------------------------------------------------------------------------


def test_unknown_options_are_refused():
    qnode = qnode_of()
    with pytest.raises(pt.ReadingError, match="grouping is one of 'auto', 'commuting'"):
        diagonalize_commuting(qnode, grouping="qwc")(ANGLES, FACTORS)
    with pytest.raises(pt.ReadingError, match="0 or more; got -1"):
        diagonalize_commuting(qnode, two_qubit_weight=-1)(ANGLES, FACTORS)
