"""Rows of Jacobians of several outputs: one block per output, in the order they are returned."""

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.circuits.series import series_of
from pennylane_trainability.diagnostics.stack import _rows_by_output, exact_stack, stack_on_data

W = np.array([0.3, 1.2, 2.2, 0.7])
DRAWS = np.random.default_rng(3).uniform(0, 6, (2, 4))
#: One number each, of those that ``several`` returns.
SINGLE = [lambda: qml.expval(qml.Z(0) @ qml.Y(1))] + [
    lambda k=k: qml.expval(qml.Projector([k >> 1, k & 1], [0, 1])) for k in range(4)
]


def several():
    return qml.expval(qml.Z(0) @ qml.Y(1)), qml.probs(wires=[0, 1])


def read(measured):
    def circuit(x, w):
        qml.RY(w[0], 0)
        qml.RX(w[1], 1)
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        qml.RY(w[2], 1)
        qml.RZ(w[3], 0)
        qml.CNOT([1, 0])
        return measured()

    return read_qnode(qml.QNode(circuit, qml.device("default.qubit")), (0.4, W), {}, "x")


def test_rows_of_a_series_are_those_of_every_output():
    found = exact_stack(series_of(read(several)), DRAWS, 2**28, "exact")
    single = [exact_stack(series_of(read(one)), DRAWS, 2**28, "exact") for one in SINGLE]
    assert single[0].jacobians.shape == (2, 3, 4) and found.jacobians.shape == (2, 15, 4)
    expected = np.concatenate([one.jacobians for one in single], axis=1)
    np.testing.assert_allclose(found.jacobians, expected, atol=1e-12)
    assert np.ptp(expected, axis=0).max() > 0.1
    rows = np.concatenate([one.rows for one in single], axis=1)
    np.testing.assert_allclose(found.rows, rows, atol=1e-12)


def test_rows_on_data_are_those_of_every_output():
    points = np.array([[0.1], [0.9], [2.5]])
    found = stack_on_data(read(several), points, DRAWS, 2**28, "why")
    single = [stack_on_data(read(one), points, DRAWS, 2**28, "why") for one in SINGLE]
    expected = np.concatenate([one.jacobians for one in single], axis=1)
    assert expected.shape == (2, 15, 4)
    np.testing.assert_allclose(found.jacobians, expected, atol=1e-12)


def test_axes_of_outputs_come_before_coefficients():
    jacobian = np.arange(2 * 3 * 2 * 5 * 4).reshape(2, 3, 2, 5, 4)
    found = _rows_by_output(jacobian)
    assert found.shape == (2, 30, 4)
    for d, k, a, b, p in ((0, 1, 1, 2, 3), (1, 2, 0, 4, 0), (1, 0, 1, 0, 2)):
        assert found[d, (a * 5 + b) * 3 + k, p] == jacobian[d, k, a, b, p]
