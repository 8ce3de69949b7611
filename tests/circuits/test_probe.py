"""QNodes that hide their arguments from tracing: angles looked at in numbers, near and far."""

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability import coefficient_jacobian


def one_wire(angle_of_input, angle_of_weight):
    @qml.qnode(qml.device("default.qubit", wires=1))
    def circuit(x, w):
        qml.RX(angle_of_weight(w), 0)
        qml.RY(angle_of_input(x), 0)
        qml.RX(0.3, 0)
        return qml.expval(qml.Z(0))

    return circuit


def jacobian(angle_of_input, angle_of_weight, weight=0.5):
    circuit = one_wire(angle_of_input, angle_of_weight)
    return coefficient_jacobian(circuit, encoding_args="x")(0.0, np.array(weight))


def test_an_angle_that_bends_on_the_side_of_lower_parameters_is_not_taken_for_linear():
    with pytest.raises(pt.ReadingError, match="Use NumPy functions that are smooth"):
        jacobian(float, lambda w: max(float(w), -0.3))


def test_a_large_constant_beside_the_input_does_not_hide_that_the_angle_is_affine():
    turn = 2**20 * 2 * np.pi  # whole turns of 2 pi change the sign of the state alone
    found = jacobian(lambda x: float(x) + turn, lambda w: w)
    np.testing.assert_allclose(found, jacobian(lambda x: x, lambda w: w), rtol=0, atol=1e-6)


def test_a_large_factor_does_not_hide_that_an_angle_is_linear_in_the_parameter():
    factor = 2.1e6
    found = jacobian(lambda x: x, lambda w: factor * float(w), 0.5 / factor)
    expected = factor * jacobian(lambda x: x, lambda w: w, 0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * factor)
