"""The exact QFIM against closed forms, and against PennyLane on circuits of every kind."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from second_roads import by_autograd, by_differences, flat

import pennylane_trainability as pt


def qfim(function, *args, wires=None, **options):
    """Of ``function`` as a QNode on the standard simulator."""

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def qnode(*args):
        function(*args)
        return qml.expval(qml.Z(0))

    return pt.qfim(qnode, **options)(*args)


# -- closed forms ----------------------------------------------------------------------------------


def test_rx_ry_rz_in_a_row():
    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RY(w[1], wires=0)
        qml.RZ(w[2], wires=0)

    a, b = 1.0, 2.0
    # covariances in |0⟩ of the generators carried to the front: X; Y cos a - Z sin a; …
    expected = np.array(
        [
            [1.0, 0.0, -np.sin(b)],
            [0.0, np.cos(a) ** 2, np.sin(a) * np.cos(a) * np.cos(b)],
            [-np.sin(b), np.sin(a) * np.cos(a) * np.cos(b), 1 - (np.cos(a) * np.cos(b)) ** 2],
        ]
    )
    found = qfim(circuit, np.array([a, b, 3.0]))
    np.testing.assert_allclose(found, expected, atol=1e-13)
    golden = [[1, 0, -0.90929743], [0, 0.29192658, -0.18920062], [0, 0, 0.94944468]]
    np.testing.assert_allclose(np.triu(found), golden, atol=1e-8)


@pytest.mark.parametrize("a", [np.pi / 4, np.pi / 2, np.pi, 0.3])
def test_h_rz_rx(a):
    def circuit(w):
        qml.Hadamard(0)
        qml.RZ(w[0], wires=0)
        qml.RX(w[1], wires=0)

    found = qfim(circuit, np.array([a, 0.1]))
    np.testing.assert_allclose(found, np.diag([1.0, 1 - np.cos(a) ** 2]), atol=1e-14)


@pytest.mark.parametrize("gate, value", [(qml.RX, 1.0), (qml.RZ, 0.0), (qml.PhaseShift, 0.0)])
def test_one_rotation_on_zero(gate, value):
    found = qfim(lambda w: gate(w, wires=0), 0.7)
    assert np.shape(found) == ()
    np.testing.assert_allclose(found, value, atol=1e-15)


def test_rz_after_hadamard():
    found = qfim(lambda w: (qml.Hadamard(0), qml.RZ(w, wires=0)), 0.7)
    np.testing.assert_allclose(found, 1.0, atol=1e-15)


def test_maxcut_with_shared_parameters():
    """QAOA on a triangle with a tail: every parameter drives four gates."""

    def circuit(w):
        for k in range(4):
            qml.Hadamard(k)
        for pair in ((2, 1), (3, 0), (2, 0), (1, 0)):
            qml.IsingZZ(2 * w[0], wires=pair)
        for k in range(4):
            qml.RX(2 * w[1], wires=k)

    found = qfim(circuit, np.array([0.4, 0.69]))
    np.testing.assert_allclose(found, [[16.0, -5.5509], [-5.5509, 18.4971]], atol=1e-4)


def test_products_of_one_qubit_rotations_are_diagonal(rng):
    def circuit(w):
        for k in range(5):
            qml.RY(w[k], wires=k)

    np.testing.assert_allclose(qfim(circuit, rng.normal(size=5)), np.eye(5), atol=1e-14)


def test_commuting_generators_give_their_covariance(rng):
    """``F = Cov(P_i, P_j)`` in the state before, whatever the angles."""
    words = ["XXI", "IXX", "XIX", "XII"]

    def before():
        for k, angle in enumerate((0.3, 1.1, 0.7)):
            qml.RY(angle, wires=k)
            qml.RZ(0.4 + k, wires=k)
        qml.CNOT([0, 1])

    def circuit(w):
        before()
        for k, word in enumerate(words):
            qml.PauliRot(w[k], word, wires=[0, 1, 2])

    state = qml.matrix(qml.tape.make_qscript(before)(), wire_order=[0, 1, 2])[:, 0]
    paulis = [qml.matrix(qml.pauli.string_to_pauli_word(p), wire_order=range(3)) for p in words]
    mean = np.array([np.vdot(state, p @ state).real for p in paulis])
    second = [[np.vdot(state, p @ q @ state).real for q in paulis] for p in paulis]
    for _ in range(2):
        found = qfim(circuit, rng.normal(size=4), wires=3)
        np.testing.assert_allclose(found, second - np.outer(mean, mean), atol=1e-13)


# -- against PennyLane -----------------------------------------------------------------------------


def blocks(w):
    """The workload of three blocks with re-uploading between, at x = 0.3."""
    for block in w:
        for i in range(4):
            qml.RY(block[i, 0], wires=i)
            qml.RZ(block[i, 1], wires=i)
            qml.RY(block[i, 2], wires=i)
        for pair in ((2, 3), (0, 1), (1, 2), (3, 0)):
            qml.CNOT(pair)
        for i in range(4):
            qml.RX(0.3, wires=i)


def many_gates(w):
    qml.CRX(w[0], wires=[0, 2])
    qml.Hadamard(1)
    qml.IsingXY(w[1], wires=[1, 2])
    qml.PauliRot(w[2], "XYZ", wires=[2, 0, 1])
    qml.ControlledPhaseShift(w[3], wires=[0, 1])
    qml.SingleExcitation(w[4], wires=[1, 2])
    qml.Rot(w[5], w[6], w[7], wires=0)
    qml.CRot(w[8], w[9], w[10], wires=[2, 0])
    qml.MultiRZ(w[11], wires=[0, 1, 2])
    qml.U3(w[12], w[13], w[14], wires=1)
    qml.Toffoli([0, 1, 2])
    qml.ctrl(qml.RY(w[15], wires=2), control=[0, 1])


def tied_and_processed(w):
    qml.RX(w[0], wires=0)
    qml.RY(np.pi * w[0] - w[1], wires=1)
    qml.CNOT([0, 1])
    qml.RZ(qml.math.sin(w[0]) * w[1], wires=0)
    qml.RX(w[2] ** 2, wires=1)
    qml.CRY(2 * w[2] + 0.1, wires=[1, 0])
    qml.RX(w[0], wires=0)


def prepared(w):
    qml.StatePrep(np.array([0.5, 0.5j, -0.5, 0.5]), wires=[0, 1])
    qml.RY(w[0], wires=0)
    qml.CRX(w[1], wires=[0, 1])
    qml.RZ(w[2], wires=1)
    qml.BasisState([1], wires=2)
    qml.IsingXX(w[3], wires=[1, 2])


def layers(w):
    qml.AngleEmbedding([0.1, 0.2, 0.3], wires=range(3))
    qml.StronglyEntanglingLayers(w, wires=range(3))


CIRCUITS = [
    pytest.param(blocks, 4, (3, 4, 3), id="workload"),
    pytest.param(many_gates, 3, (16,), id="many gates"),
    pytest.param(tied_and_processed, 2, (3,), id="tied and processed"),
    pytest.param(prepared, 3, (4,), id="prepared"),
    pytest.param(layers, 3, (2, 3, 3), id="layers"),
]


@pytest.mark.parametrize("circuit, wires, shape", CIRCUITS)
def test_as_pennylane_differentiates_the_state(circuit, wires, shape, rng):
    w = rng.uniform(0, 2 * np.pi, shape)
    found = qfim(circuit, w, wires=wires)
    assert found.shape == (*shape, *shape)
    np.testing.assert_allclose(flat(found), by_autograd(circuit, wires, w), atol=1e-11)


def test_the_rank_of_the_workload_is_thirty(rng):
    found = flat(qfim(blocks, rng.uniform(0, 2 * np.pi, (3, 4, 3))))
    assert np.linalg.matrix_rank(found, tol=1e-9) == 30


def test_gates_of_several_angles(rng):
    def circuit(w):
        qml.RY(0.4, wires=0)
        qml.SpecialUnitary(w[:3], wires=0)
        qml.SpecialUnitary(w[1:16], wires=[0, 1])

    w = rng.normal(size=16)
    found = flat(qfim(circuit, w, wires=2))
    np.testing.assert_allclose(found, by_differences(circuit, 2, w), atol=1e-9)


def test_four_times_the_metric_tensor(rng):
    @qml.qnode(qml.device("default.qubit", wires=4))
    def qnode(w):
        blocks(w)
        return qml.probs(wires=0)

    w = rng.normal(size=(1, 4, 3))
    reference = 4 * qml.adjoint_metric_tensor(qnode)(pnp.array(w))
    np.testing.assert_allclose(pt.qfim(qnode)(w), reference, atol=1e-12)


def test_many_wires_take_wider_windows(rng):
    """Seven wires, gates across windows, two points of a broadcasting axis at once."""

    def circuit(w):
        for k in range(7):
            qml.RY(w[..., k], wires=k)
        for k in range(6):
            qml.CRX(w[..., 7 + k], wires=[k, k + 1])
        qml.CRZ(w[..., 13], wires=[6, 0])
        qml.IsingXY(w[..., 14] * w[..., 0], wires=[2, 6])

    w = rng.normal(size=(2, 15))
    found = qfim(circuit, w)
    assert found.shape == (2, 15, 15)
    for one, point in zip(found, w, strict=True):
        np.testing.assert_allclose(one, by_differences(circuit, 7, point), atol=1e-8)


@pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit", "reference.qubit"])
def test_state_vector_simulators_are_not_used(device, rng):
    w = rng.normal(size=4)
    qnode = qml.QNode(lambda w: (prepared(w), qml.expval(qml.Z(0)))[1], qml.device(device, wires=3))
    with qml.Tracker(qnode.device) as tracker:
        found = pt.qfim(qnode)(w)
    assert not tracker.totals.get("executions")
    np.testing.assert_allclose(found, by_autograd(prepared, 3, w), atol=1e-11)
