"""Pauli rotations and Clifford tail against the unitary of the circuit."""

import time
from functools import reduce

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate
from pennylane_trainability.circuits.pauli import Word, word_matrix
from pennylane_trainability.circuits.rotations import Opaque, pauli_circuit


def make_circuit(ops, n_wires, trainable=True):
    """One trainable parameter per gate with one scalar parameter."""
    gates, count = [], 0
    for op in ops:
        angles = ()
        if op.num_params == 1 and op.ndim_params == (0,):
            value = op.data[0].imag if np.iscomplexobj(op.data[0]) else op.data[0]
            angles = (Angle(value, {count: 1.0} if trainable else {}),)
            count += trainable
        gates.append(Gate(op, tuple(op.wires), angles))
    return Circuit((), tuple(gates), (), qml.wires.Wires(range(n_wires)), count, 0)


def rotation_matrix(element, n):
    angle = element.angle.value if isinstance(element.angle, Angle) else element.angle
    half = element.coefficient * angle / 2
    return np.cos(half) * np.eye(2**n) - 1j * np.sin(half) * word_matrix(element.word, n)


def assert_same_unitary(ops, n, trainable=True, opaque=0):
    made = pauli_circuit(make_circuit(ops, n, trainable))
    assert len(made.elements) - len(made.rotations) == opaque
    unitary = qml.matrix(qml.tape.QuantumScript(ops), wire_order=range(n))
    product = np.eye(2**n)
    for element in made.elements:
        product = element_matrix(element, made, n) @ product
    for w in range(n):
        for probe in (Word(1 << w, 0), Word(0, 1 << w)):
            expected = unitary.conj().T @ word_matrix(probe, n) @ unitary
            pulled = word_matrix(made.tail.pull_back(probe), n)
            found = product.conj().T @ pulled @ product
            np.testing.assert_allclose(found, expected, atol=1e-9)
    return made


def element_matrix(element, made, n):
    if not isinstance(element, Opaque):
        return rotation_matrix(element, n)
    from pennylane_trainability.circuits.pauli import pauli_coefficients

    out = np.zeros((2**n, 2**n), dtype=complex)
    for coefficient, word in pauli_coefficients(made.circuit.gates[element.gate].op.matrix()):
        factors = [np.eye(2**n)]
        for j in range(len(element.wires)):
            x, z = word.x >> j & 1, word.z >> j & 1
            images = [word_matrix(w, n) for w in element.words[2 * j : 2 * j + 2]]
            factors += [images[0]] * x + [images[1]] * z + [1j ** (x * z) * np.eye(2**n)]
        out += coefficient * reduce(np.matmul, factors)
    return out


CLIFFORD = [qml.H, qml.S, qml.SX, qml.X, qml.Y, qml.Z, qml.CNOT, qml.CY, qml.CZ, qml.SWAP,
            qml.ISWAP, qml.ECR]  # fmt: skip


def clifford_layer(rng, n, depth=6):
    ops = []
    for _ in range(depth):
        kind = CLIFFORD[rng.integers(len(CLIFFORD))]
        k = 2 if kind in CLIFFORD[6:] else 1
        op = kind(wires=[int(w) for w in rng.permutation(n)[:k]])
        ops.append(qml.adjoint(op) if rng.random() < 0.3 else op)
    return ops


FAMILIES = {
    "single": lambda w: [qml.RX(0.3, w[0]), qml.RY(0.4, w[1]), qml.RZ(0.5, w[0]),
                         qml.PhaseShift(0.7, w[2]), qml.U1(0.2, w[1]), qml.GlobalPhase(0.4)],
    "controlled": lambda w: [qml.CRX(0.3, w[:2]), qml.CRY(0.4, w[1:3]), qml.CRZ(0.5, w[:2]),
                             qml.CPhase(0.6, w[1:3])],
    "ising": lambda w: [qml.IsingXX(0.3, w[:2]), qml.IsingYY(0.4, w[1:3]), qml.IsingZZ(0.5, w[:2]),
                        qml.IsingXY(0.6, w[1:3]), qml.PSWAP(0.3, w[:2])],
    "words": lambda w: [qml.MultiRZ(0.3, w[:3]), qml.PauliRot(0.4, "XYZ", w[:3]),
                        qml.PauliRot(0.4, "IYI", w[:3])],
    "singles": lambda w: [qml.SingleExcitation(0.3, w[:2]), qml.SingleExcitationPlus(0.4, w[1:3]),
                          qml.SingleExcitationMinus(0.5, w[:2]), qml.FermionicSWAP(0.4, w[:2]),
                          qml.FermionicSingleExcitation(0.7, w[:3])],
    "doubles": lambda w: [qml.DoubleExcitation(0.3, w), qml.DoubleExcitationPlus(0.4, w),
                          qml.DoubleExcitationMinus(0.5, w), qml.OrbitalRotation(0.6, w)],
    "fermionic": lambda w: [qml.FermionicDoubleExcitation(0.3, w[:2], w[2:]),
                            qml.FermionicSingleExcitation(0.2, w)],
    "exponential": lambda w: [qml.exp(qml.X(w[0]) @ qml.Z(w[1]), 0.3j),
                              qml.exp(qml.X(w[1]) @ qml.Z(w[2]), -0.3j),
                              qml.evolve(qml.Y(w[1]) @ qml.Z(w[0]) + 2 * qml.X(w[2]), 0.3)],
    "adjoint": lambda w: [qml.adjoint(qml.RX(0.3, w[0])), qml.adjoint(qml.CRX(0.3, w[:2])),
                          qml.adjoint(qml.PauliRot(0.4, "XY", w[:2])),
                          qml.pow(qml.RY(0.3, w[0]), 3),
                          qml.adjoint(qml.SingleExcitation(0.3, w[:2]))],
    "ctrl": lambda w: [qml.ctrl(qml.RX(0.3, w[0]), w[1:3], control_values=[0, 1]),
                       qml.ctrl(qml.IsingXX(0.3, w[:2]), w[2]),
                       qml.ctrl(qml.GlobalPhase(0.4), w[1]),
                       qml.ctrl(qml.PhaseShift(0.3, w[2]), w[0], control_values=[0])],
    "diagonal": lambda w: [qml.PCPhase(0.3, 3, w[:2]), qml.CPhaseShift00(0.3, w[:2]),
                           qml.CPhaseShift01(0.4, w[1:3]), qml.CPhaseShift10(0.5, w[:2])],
}  # fmt: skip


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_keeps_the_unitary(family, trainable):
    rng = np.random.default_rng(len(family))
    ops = clifford_layer(rng, 4)
    for op in FAMILIES[family]([int(w) for w in rng.permutation(4)]):
        ops += [op, *clifford_layer(rng, 4, 3)]
    assert_same_unitary(ops, 4, trainable)


FIXED = [
    qml.T(0), qml.adjoint(qml.T(1)), qml.Toffoli([2, 0, 1]), qml.CSWAP([1, 2, 0]), qml.CH([2, 0]),
    qml.CCZ([0, 1, 2]), qml.SISWAP([1, 2]), qml.RX(np.pi / 2, 1), qml.CRX(np.pi, [0, 2]),
    qml.Rot(0.1, 0.2, 0.3, 1), qml.ctrl(qml.S(0), 2, control_values=[0]), qml.IsingXX(0.3, [0, 2]),
    qml.QubitUnitary(qml.matrix(qml.Rot(0.3, 0.4, 0.5, 0)), wires=2),
    qml.DiagonalQubitUnitary(np.exp(1j * np.arange(4)), wires=[2, 0]),
    qml.MultiControlledX([0, 1, 2, 3], [0, 1, 1]), qml.U3(0.1, 0.2, 0.3, 2), qml.QFT([0, 1, 3]),
    qml.ControlledPhaseShift(np.pi, [1, 3]), qml.PauliRot(-np.pi / 2, "XYZ", [1, 0, 2]),
]  # fmt: skip


@pytest.mark.parametrize("op", FIXED, ids=lambda op: op.name)
def test_fixed_gates_keep_the_unitary(op):
    rng = np.random.default_rng(3)
    ops = [*clifford_layer(rng, 4), op, *clifford_layer(rng, 4), qml.RX(0.3, 1)]
    assert_same_unitary(ops, 4, trainable=False)


def test_quarter_turns_join_the_tail():
    ops = [qml.RX(np.pi / 2, 0), qml.CRX(-np.pi, [0, 1]), qml.PauliRot(np.pi, "XY", [0, 1])]
    assert not pauli_circuit(make_circuit(ops, 2, trainable=False)).elements


@pytest.mark.parametrize("seed", range(3))
def test_random_circuits_of_all_families(seed):
    rng = np.random.default_rng(seed)
    ops = []
    for family in rng.permutation(list(FAMILIES)):
        gates = FAMILIES[str(family)]([int(w) for w in rng.permutation(4)])
        ops += [gates[rng.integers(len(gates))], FIXED[rng.integers(len(FIXED))]]
        ops += clifford_layer(rng, 4, 2)
    assert_same_unitary(ops, 4)


def test_opaque_elements_carry_their_frame():
    rng = np.random.default_rng(5)
    special = qml.SpecialUnitary(0.1 * np.arange(15), wires=[0, 2])
    ops = [*clifford_layer(rng, 3), special, *clifford_layer(rng, 3), qml.RX(0.4, 1)]
    circuit = make_circuit(ops, 3)
    gates = list(circuit.gates)
    k = ops.index(special)
    gates[k] = Gate(special, (0, 2), tuple(Angle(a, {7: 1.0}) for a in special.data[0]))
    made = pauli_circuit(Circuit((), tuple(gates), (), circuit.wires, 8, 0))
    opaque = made.elements[0]
    assert isinstance(opaque, Opaque)
    assert (opaque.gate, opaque.wires, opaque.is_trainable) == (k, (0, 2), True)
    assert not made.is_complete
    product = np.eye(8)
    for element in made.elements:
        product = element_matrix(element, made, 3) @ product
    whole = qml.matrix(qml.tape.QuantumScript(ops), wire_order=range(3))
    probe = Word(0b101, 0b110)
    np.testing.assert_allclose(
        product.conj().T @ word_matrix(made.tail.pull_back(probe), 3) @ product,
        whole.conj().T @ word_matrix(probe, 3) @ whole,
        atol=1e-9,
    )


def test_non_commuting_generators_and_channels_are_opaque():
    evolution = qml.evolve(qml.X(0) + qml.Z(0) @ qml.Y(1), 0.3)
    channel = qml.AmplitudeDamping(0.3, wires=1)
    made = pauli_circuit(make_circuit([evolution, channel], 2))
    assert [type(e) for e in made.elements] == [Opaque, Opaque]


def test_sources_angles_and_coefficients():
    made = pauli_circuit(make_circuit([qml.H(0), qml.RX(0.3, 0), qml.CRZ(0.5, [1, 0])], 2))
    assert [e.gate for e in made.elements] == [1, 2, 2]
    assert [e.coefficient for e in made.elements] == [1.0, 0.5, -0.5]
    assert made.elements[0].word == Word(0, 1)
    assert made.elements[1].angle is made.circuit.gates[2].angles[0]
    assert made.elements[1].word == Word(1, 0)
    assert made.frames[1] == (Word(0, 1), Word(1, 0))


def test_large_circuits_stay_fast():
    rng = np.random.default_rng(0)
    ops = []
    for _ in range(1000):
        a, b = (int(w) for w in rng.permutation(100)[:2])
        ops += [qml.CNOT([a, b]), qml.RY(0.3, a)]
    circuit = make_circuit(ops, 100)
    start = time.perf_counter()
    pauli_circuit(circuit)
    assert time.perf_counter() - start < 2.0
