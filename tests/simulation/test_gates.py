"""Every gate family in the exact engine against PennyLane, trainable and encoding."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from by_pennylane import assert_agrees, by_differences, engine, mix, on_default_qubit

from pennylane_trainability.errors import ReadingError


def hermitian(seed, size):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return (matrix + matrix.conj().T) / size


# wires come out of order and with gaps, so that neither order nor adjacency is taken for granted
ONE_ANGLE = [
    pytest.param(qml.RX, [2], id="RX"),
    pytest.param(qml.RY, [0], id="RY"),
    pytest.param(qml.RZ, [1], id="RZ"),
    pytest.param(qml.PhaseShift, [2], id="PhaseShift"),
    pytest.param(qml.U1, [0], id="U1"),
    pytest.param(qml.CRX, [2, 0], id="CRX"),
    pytest.param(qml.CRY, [0, 2], id="CRY"),
    pytest.param(qml.CRZ, [3, 1], id="CRZ"),
    pytest.param(qml.CPhase, [2, 0], id="CPhase"),
    pytest.param(qml.IsingXX, [2, 0], id="IsingXX"),
    pytest.param(qml.IsingYY, [0, 3], id="IsingYY"),
    pytest.param(qml.IsingZZ, [3, 1], id="IsingZZ"),
    pytest.param(qml.IsingXY, [1, 3], id="IsingXY"),
    pytest.param(qml.MultiRZ, [3, 0, 1], id="MultiRZ"),
    pytest.param(lambda a, w: qml.PauliRot(a, "XYZ", w), [3, 0, 2], id="PauliRot-XYZ"),
    pytest.param(lambda a, w: qml.PauliRot(a, "ZIZ", w), [0, 1, 3], id="PauliRot-ZIZ"),
    pytest.param(lambda a, w: qml.PauliRot(a, "Y", w), [1], id="PauliRot-Y"),
    pytest.param(qml.SingleExcitation, [2, 0], id="SingleExcitation"),
    pytest.param(qml.SingleExcitationPlus, [1, 3], id="SingleExcitationPlus"),
    pytest.param(qml.SingleExcitationMinus, [3, 1], id="SingleExcitationMinus"),
    pytest.param(qml.DoubleExcitation, [2, 0, 3, 1], id="DoubleExcitation"),
    pytest.param(qml.DoubleExcitationPlus, [0, 1, 2, 3], id="DoubleExcitationPlus"),
    pytest.param(qml.DoubleExcitationMinus, [3, 1, 0, 2], id="DoubleExcitationMinus"),
    pytest.param(qml.OrbitalRotation, [1, 0, 3, 2], id="OrbitalRotation"),
    pytest.param(qml.FermionicSWAP, [2, 0], id="FermionicSWAP"),
    pytest.param(qml.PSWAP, [0, 2], id="PSWAP"),
    pytest.param(lambda a, w: qml.ctrl(qml.RY(a, w[2]), control=w[:2]), [3, 0, 2], id="ctrl-RY"),
    pytest.param(
        lambda a, w: qml.ctrl(qml.IsingXX(a, w[1:]), control=w[0], control_values=[0]),
        [1, 3, 0],
        id="ctrl0-IsingXX",
    ),
    pytest.param(
        lambda a, w: qml.ctrl(qml.PhaseShift(a, w[1]), control=w[0]), [2, 0], id="ctrl-PhaseShift"
    ),
    pytest.param(lambda a, w: qml.adjoint(qml.CRY(a, w)), [2, 0], id="adjoint-CRY"),
    pytest.param(lambda a, w: qml.adjoint(qml.SingleExcitation(a, w)), [0, 3], id="adjoint-SE"),
    pytest.param(lambda a, w: qml.pow(qml.IsingXY(a, w), 3), [3, 1], id="pow-IsingXY"),
    pytest.param(lambda a, w: qml.pow(qml.RX(a, w), 0.5), [3], id="pow-RX"),
    pytest.param(
        lambda a, w: qml.evolve(qml.Hermitian(hermitian(1, 4), w), a), [0, 2], id="evolve-Hermitian"
    ),
]


@pytest.mark.parametrize(("gate", "wires"), ONE_ANGLE)
def test_one_angle_gates(gate, wires, rng):
    """Alone, as an encoding, and with a product of parameters and an input in one angle."""

    def circuit(x, w):
        mix([0, 1, 2, 3])
        gate(w[0], wires)
        qml.RY(w[1], wires=wires[0])
        mix([3, 2, 1, 0], seed=1)
        gate(x, wires)
        mix([1, 0, 3, 2], seed=2)
        gate(0.5 * x + w[0] * w[1], wires)
        mix([0, 1, 2, 3], seed=3)
        return qml.expval(qml.Hermitian(hermitian(2, 4), wires=[3, 0])), qml.probs(wires=[2, 1])

    qnode = on_default_qubit(circuit, 4)
    weights, inputs = rng.uniform(0, 6, (2, 2)), rng.uniform(0, 6, 2)
    assert_agrees(qnode, weights, inputs)


EXPONENTIALS = [
    pytest.param(
        lambda a, w: qml.exp(qml.X(w[0]) @ qml.Y(w[1]) + 0.4 * qml.Z(w[0]), 1j * a),
        [3, 1],
        id="exp",
    ),
    pytest.param(
        lambda a, w: qml.evolve(0.7 * qml.X(w[0]) @ qml.Z(w[1]) + qml.Y(w[1]), a),
        [0, 2],
        id="evolve",
    ),
]


@pytest.mark.parametrize(("gate", "wires"), EXPONENTIALS)
def test_exponentials(gate, wires, rng):
    """Against differences: autograd is off for exponentials of several terms."""

    def circuit(x, w):
        mix([0, 1, 2, 3])
        gate(w[0], wires)
        mix([3, 2, 1, 0], seed=1)
        gate(x, wires)
        mix([1, 0, 3, 2], seed=2)
        gate(0.5 * x + w[0] * w[1], wires)
        mix([0, 1, 2, 3], seed=3)
        return qml.expval(qml.Hermitian(hermitian(2, 4), wires=[3, 0]))

    qnode = on_default_qubit(circuit, 4)
    weights, inputs = rng.uniform(0, 6, (2, 2)), rng.uniform(0, 6, 2)
    assert_agrees(qnode, weights, inputs, by_differences, atol=1e-9)  # of the differences


SEVERAL_ANGLES = [
    pytest.param(lambda w, x: qml.Rot(w[0], w[1], w[2], wires=2), id="Rot"),
    pytest.param(lambda w, x: qml.Rot(w[0], x, w[2] + x, wires=2), id="Rot-encoding"),
    pytest.param(lambda w, x: qml.U2(w[0], w[1], wires=1), id="U2"),
    pytest.param(lambda w, x: qml.U3(w[0], w[1], w[2], wires=3), id="U3"),
    pytest.param(lambda w, x: qml.CRot(w[0], w[1], w[2], wires=[3, 1]), id="CRot"),
    pytest.param(lambda w, x: qml.adjoint(qml.Rot(w[0], w[1], w[2], wires=0)), id="adjoint-Rot"),
    pytest.param(lambda w, x: qml.ctrl(qml.U3(w[0], w[1], w[2], wires=0), control=3), id="ctrl-U3"),
    pytest.param(
        lambda w, x: qml.StronglyEntanglingLayers(w[:3].reshape(1, 1, 3), wires=[2]), id="layers"
    ),
]


@pytest.mark.parametrize("gates", SEVERAL_ANGLES)
def test_gates_that_are_taken_apart(gates, rng):
    def circuit(x, w):
        mix([0, 1, 2, 3])
        gates(w, x)
        qml.RX(x, wires=2)
        mix([2, 0, 3, 1], seed=1)
        return qml.expval(qml.Hermitian(hermitian(3, 16), wires=[0, 1, 2, 3]))

    qnode = on_default_qubit(circuit, 4)
    weights, inputs = rng.uniform(0, 6, (2, 3)), rng.uniform(0, 6, 2)
    assert_agrees(qnode, weights, inputs)


@pytest.mark.parametrize(
    "wires",
    [
        [1],
        [2, 0],
    ],
)
def test_special_unitary(wires, rng):
    count = 4 ** len(wires) - 1

    def circuit(x, w):
        mix([0, 1, 2])
        qml.SpecialUnitary(w[:count], wires=wires)
        qml.RX(x, wires=0)
        qml.CRY(w[count], wires=[2, 1])
        mix([2, 1, 0], seed=1)
        return qml.expval(qml.Hermitian(hermitian(4, 8), wires=[0, 1, 2]))

    qnode = on_default_qubit(circuit, 3)
    weights, inputs = rng.uniform(-1, 1, (2, count + 1)), rng.uniform(0, 6, 2)
    assert_agrees(qnode, weights, inputs, by_differences, atol=1e-9)  # of the differences


FIXED = [
    pytest.param(lambda: qml.Toffoli([3, 0, 2]), id="Toffoli"),
    pytest.param(lambda: qml.CSWAP([1, 3, 0]), id="CSWAP"),
    pytest.param(lambda: qml.CCZ([0, 2, 3]), id="CCZ"),
    pytest.param(lambda: qml.T(1), id="T"),
    pytest.param(lambda: qml.adjoint(qml.S(2)), id="S-dagger"),
    pytest.param(lambda: qml.SX(2), id="SX"),
    pytest.param(lambda: qml.adjoint(qml.SX(2)), id="SX-dagger"),
    pytest.param(lambda: qml.Hadamard(3), id="H"),
    pytest.param(lambda: qml.Y(0), id="Y"),
    pytest.param(lambda: qml.CH([2, 0]), id="CH"),
    pytest.param(lambda: qml.CY([3, 1]), id="CY"),
    pytest.param(lambda: qml.SWAP([3, 1]), id="SWAP"),
    pytest.param(lambda: qml.ISWAP([2, 0]), id="ISWAP"),
    pytest.param(lambda: qml.SISWAP([0, 3]), id="SISWAP"),
    pytest.param(lambda: qml.ECR([2, 0]), id="ECR"),
    pytest.param(lambda: qml.MultiControlledX([0, 2, 3, 1], control_values=[1, 0, 1]), id="MCX"),
    pytest.param(lambda: qml.QFT([2, 0, 3]), id="QFT"),
    pytest.param(lambda: qml.RZ(0.7, 2), id="RZ-constant"),
    pytest.param(lambda: qml.ctrl(qml.T(0), control=[3, 1]), id="ctrl-T"),
    pytest.param(
        lambda: qml.QubitUnitary(np.linalg.qr(hermitian(5, 8))[0], wires=[3, 0, 2]),
        id="QubitUnitary",
    ),
    pytest.param(
        lambda: qml.DiagonalQubitUnitary(np.exp(1j * np.arange(4)), wires=[2, 0]), id="Diagonal"
    ),
]


@pytest.mark.parametrize("gate", FIXED)
def test_fixed_gates(gate, rng):
    def circuit(x, w):
        mix([0, 1, 2, 3])
        gate()
        qml.RY(w[0], wires=2)
        qml.CRX(w[1], wires=[0, 3])
        qml.RX(x, wires=1)
        gate()
        mix([2, 0, 3, 1], seed=1)
        return qml.expval(qml.Hermitian(hermitian(3, 16), wires=[0, 1, 2, 3]))

    qnode = on_default_qubit(circuit, 4)
    weights, inputs = rng.uniform(0, 6, (2, 2)), rng.uniform(0, 6, 2)
    assert_agrees(qnode, weights, inputs)


def from_weights(w):
    c, s = qml.math.cos(w), qml.math.sin(w)
    qml.QubitUnitary(qml.math.stack([qml.math.stack([c, -s]), qml.math.stack([s, c])]), wires=0)


HIDDEN = [
    pytest.param(from_weights, id="QubitUnitary"),
    pytest.param(lambda w: qml.exp(qml.X(0), 1j * float(w)), id="exp-of-a-float"),
    pytest.param(lambda w: qml.evolve(w * qml.X(0) + qml.Z(1), 1.0), id="coefficient-of-H"),
    pytest.param(lambda w: qml.exp(-1j * w * qml.Y(0)), id="scalar-inside-exp"),
    pytest.param(lambda w: qml.exp(qml.X(0), w), id="not-unitary"),
    pytest.param(lambda w: qml.AngleEmbedding([float(w) ** 2], wires=[0]), id="square-of-a-float"),
]


@pytest.mark.parametrize("gate", HIDDEN)
def test_angles_that_cannot_be_read_are_refused_not_taken_for_constants(gate):
    def circuit(x, w):
        gate(w[0])
        qml.RX(x, wires=1)
        qml.CNOT([1, 0])
        return qml.expval(qml.Z(0))

    qnode = on_default_qubit(circuit, 2)
    with pytest.raises(ReadingError, match=r"(?s)Rewrite it|Write it|Use NumPy|matrix"):
        engine(qnode, np.array([[0.4]]), [0.3])


def test_observable_with_a_hidden_weight_is_refused():
    def circuit(x, w):
        qml.RX(x, wires=0)
        return qml.expval(qml.Hermitian(np.diag([1.0, float(w[0])]), wires=0))

    with pytest.raises(ReadingError, match="exclude the argument"):
        engine(on_default_qubit(circuit, 1), np.array([[0.4]]), [0.3])
