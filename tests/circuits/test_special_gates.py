"""Gates that few circuits have: endless decompositions, exponentials, unitaries on three wires."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.operation import Operation

import pennylane_trainability as pt
from pennylane_trainability import coefficient_jacobian
from pennylane_trainability.circuits.circuit import Circuit, Gate
from pennylane_trainability.circuits.read_out import read_out
from pennylane_trainability.circuits.rotations import Opaque, pauli_circuit
from pennylane_trainability.circuits.unitaries import monomial


class Endless(Operation):
    """Its decomposition is itself."""

    num_wires = 1
    num_params = 1
    ndim_params = (0,)

    @staticmethod
    def compute_decomposition(angle, wires):
        return [Endless(angle, wires=wires)]


def qnode_of(gate, wires=1):
    @qml.qnode(qml.device("default.qubit", wires=wires))
    def circuit(x, w):
        for wire in range(wires):
            qml.RX(x, wire)
        gate(w)
        for wire in range(wires):
            qml.RY(0.4 + wire, wire)
        return qml.expval(qml.Z(0))

    return circuit


def test_an_operator_that_decomposes_into_itself_is_refused():
    circuit = qnode_of(lambda w: Endless(w, wires=0))
    with pytest.raises(pt.ReadingError, match=r"Endless on wires \[0\] depends on an argument"):
        coefficient_jacobian(circuit, encoding_args="x")(0.1, np.array(0.2))


def test_a_fixed_operator_that_decomposes_into_itself_is_no_rotation():
    gate = Gate(Endless(0.2, wires=0), (0,), ())
    made = pauli_circuit(Circuit((), (gate,), (), qml.wires.Wires([0]), 0, 0))
    assert [type(element) for element in made.elements] == [Opaque]


def test_the_factor_of_an_exponential_has_its_sign():
    found = coefficient_jacobian(
        qnode_of(lambda w: qml.exp(qml.X(0), 0.5j * w)), encoding_args="x"
    )(0.1, np.array(0.7))
    rotation = coefficient_jacobian(qnode_of(lambda w: qml.RX(-w, 0)), encoding_args="x")(
        0.1, np.array(0.7)
    )
    np.testing.assert_allclose(found, rotation, rtol=0, atol=1e-12)
    assert np.abs(found).max() > 0.1


def test_shifts_of_a_unitary_on_three_wires():
    fixed = np.linspace(-0.2, 0.3, 61)
    circuit = qnode_of(lambda w: qml.SpecialUnitary(np.concatenate([w, fixed]), [0, 1, 2]), 3)
    arguments = 0.1, np.array([0.7, -0.4])
    found, exact = (
        coefficient_jacobian(circuit, encoding_args="x", engine=engine)(*arguments)
        for engine in ("measured", "exact")
    )
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-10)
    assert np.abs(exact).max() > 0.01


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_words_of_a_matrix_do_not_depend_on_its_scale(scale):
    matrix = scale * (np.kron([[0, 1], [1, 0]], np.eye(2)) + 0.01 * np.diag([1.0, -1, 1, -1]))
    matrix[0, 1] = matrix[1, 0] = 1e-16 * scale  # rounding
    found = read_out([qml.expval(qml.Hermitian(matrix, wires=["a", "b"]))], {"a": 0, "b": 1}, 2)
    assert {(word.x, word.z) for word in found.words} == {(0b01, 0), (0, 0b10)}


def test_a_permutation_that_is_not_its_own_inverse():
    """``|j⟩`` becomes ``phase_j |j + 1⟩``; and in a circuit it is what PennyLane makes of it."""
    phases = np.exp(1j * np.array([0.0, 0.3, 0.7, 1.2]))
    matrix = np.roll(np.diag(phases), 1, axis=0)
    gate = Gate(qml.QubitUnitary(matrix, wires=[0, 1]), (0, 1), ())
    found = monomial(gate)
    assert found.image.tolist() == [1, 2, 3, 0]
    np.testing.assert_allclose(found.phase, phases)

    def rotate(w):
        qml.RY(w, 0)
        qml.QubitUnitary(matrix, wires=[0, 1])
        qml.RX(w, 1)

    arguments = 0.1, np.array(0.7)
    exact, measured = (
        coefficient_jacobian(qnode_of(rotate, 2), encoding_args="x", engine=engine)(*arguments)
        for engine in ("exact", "measured")
    )
    np.testing.assert_allclose(exact, measured, rtol=0, atol=1e-10)
    assert np.abs(exact).max() > 0.01


def test_an_observable_without_words_has_no_coefficients():
    @qml.qnode(qml.device("default.qubit", wires=3))
    def circuit(x, w):
        for wire in range(3):
            qml.RX(x, wire)
            qml.RY(w, wire)
        return qml.expval(qml.Hamiltonian([], []))

    found = coefficient_jacobian(circuit, encoding_args="x")(0.1, np.array(0.2))
    assert found.shape == (7,) and not np.any(found)
