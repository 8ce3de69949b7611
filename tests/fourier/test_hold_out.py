"""The series must reproduce the user's function, not only what was read of it."""

import pennylane as qml
import pytest

import pennylane_trainability as pt


def qnode(function):
    return qml.QNode(function, qml.device("default.qubit", wires=2))


def test_a_function_that_looks_at_types_is_refused():
    @qnode
    def circuit(x, w):
        qml.RY(w, wires=0)
        qml.RX(x if isinstance(x, float) else 2 * x, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.NotFourierError, match="RX on wires"):
        pt.coefficient_jacobian(circuit, encoding_args="x")(0.3, 0.4)


def test_gates_that_come_and_go_with_the_type_are_refused():
    @qnode
    def circuit(x, w):
        qml.RY(w, wires=0)
        qml.RX(x, wires=0)
        if isinstance(x, float):
            qml.RX(x, wires=1)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    with pytest.raises(pt.NotFourierError, match="other gates"):
        pt.coefficient_jacobian(circuit, encoding_args="x")(0.3, 0.4)


def test_comparing_an_input_with_a_number_is_not_taken_for_false():
    @qnode
    def circuit(x, w):
        qml.RY(w, wires=0)
        if x == 0.0:
            qml.PauliX(0)
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError):
        pt.coefficient_jacobian(circuit, encoding_args="x")(0.0, 0.4)
