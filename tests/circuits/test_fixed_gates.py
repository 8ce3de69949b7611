"""Gates without parameters as Pauli rotations: multiplied together again they are the gate."""

from functools import reduce

import numpy as np
import pennylane as qml
import pytest
from scipy.linalg import expm

from pennylane_trainability.circuits.encoding import gate_frequencies
from pennylane_trainability.circuits.generators import fixed_images, fixed_terms
from pennylane_trainability.circuits.points import read_points

LETTERS = {
    (0, 0): np.eye(2),
    (1, 0): np.array([[0, 1], [1, 0]]),
    (1, 1): np.array([[0, -1j], [1j, 0]]),
    (0, 1): np.diag([1, -1]),
}


def dense(word, n):
    """The matrix of a word with bit 0 for the first wire (phases left out)."""
    return reduce(np.kron, [LETTERS[word.x >> w & 1, word.z >> w & 1] for w in range(n)])


def same_up_to_a_phase(first, second):
    overlap = np.trace(first.conj().T @ second) / len(first)
    return abs(abs(overlap) - 1) < 1e-10


def a_rotation(wires, word, angle):
    return qml.QubitUnitary(qml.matrix(qml.PauliRot(angle, word, wires)), wires)


#: Gates that are no Cliffords, and the number of their words other than the identity.
GATES = [
    pytest.param(lambda: qml.T(0), 1, id="T"),
    pytest.param(lambda: qml.adjoint(qml.T(0)), 1, id="T dagger"),
    pytest.param(lambda: qml.SISWAP([0, 1]), 2, id="root of iSWAP"),
    pytest.param(lambda: qml.Toffoli([0, 1, 2]), 7, id="Toffoli"),
    pytest.param(lambda: qml.CCZ([0, 1, 2]), 7, id="CCZ"),
    pytest.param(lambda: a_rotation([0], "Y", 0.3), 1, id="real and not symmetric"),
    pytest.param(lambda: a_rotation([0, 1], "XY", -0.8), 1, id="two wires"),
]


@pytest.mark.parametrize(("gate", "count"), GATES)
def test_the_rotations_make_the_gate(gate, count):
    op = gate()
    terms, n = fixed_terms(op), len(op.wires)
    assert fixed_images(op) is None and len(terms) == count
    logarithm = sum(c * dense(word, n) for c, word in terms)
    found = expm(-0.5j * logarithm)
    assert same_up_to_a_phase(found, qml.matrix(op, wire_order=op.wires))


def test_a_rotation_has_its_angle():
    ((angle, word),) = fixed_terms(a_rotation([0], "Y", 0.3))
    assert angle == pytest.approx(0.3) and (word.x, word.z) == (1, 1)
    ((angle, word),) = fixed_terms(qml.T(0))
    assert angle == pytest.approx(np.pi / 4) and (word.x, word.z) == (0, 1)


def test_cliffords_are_tables_and_words_that_do_not_commute_are_nothing(rng):
    for op in (qml.S(0), qml.CNOT([0, 1]), qml.ISWAP([0, 1])):
        assert fixed_images(op) is not None and fixed_terms(op) is None
    mixed = qml.QubitUnitary(qml.matrix(qml.Rot(0.3, 0.9, -0.4, 0)), 0)
    assert fixed_images(mixed) is None and fixed_terms(mixed) is None


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        pytest.param(lambda x: qml.RX(x, 0), (1.0,), id="RX"),
        pytest.param(lambda x: qml.CRX(x, [0, 1]), (0.5, 1.0), id="CRX"),
        pytest.param(lambda x: qml.SingleExcitation(x, [0, 1]), (0.5, 1.0), id="SingleExcitation"),
        pytest.param(lambda x: qml.PauliRot(x, "XY", [0, 1]), (1.0,), id="a word"),
        pytest.param(lambda x: qml.PauliRot(x, "II", [0, 1]), (), id="a phase"),
    ],
)
def test_frequencies_of_a_gate_are_different_from_each_other(gate, expected):
    @qml.qnode(qml.device("default.qubit", wires=2))
    def circuit(x):
        gate(x)
        return qml.expval(qml.Z(0))

    read = read_points(circuit, (np.array(0.3),), {}).circuit
    assert [gate_frequencies(g) for g in read.gates] == [expected]
