"""The coefficient Jacobian of random QNodes, against function values of plain PennyLane."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from random_qnodes import derivatives, programs, thetas

import pennylane_trainability as pt


def series(rows: np.ndarray, frequencies: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What rows ``c₀, √2 Re c_k, √2 Im c_k`` say about points ``(n, inputs)``."""
    phases = x @ frequencies.T
    table = np.ones((len(x), 1 + 2 * len(frequencies)))
    table[:, 1::2] = np.sqrt(2) * np.cos(phases)
    table[:, 2::2] = -np.sqrt(2) * np.sin(phases)
    return np.tensordot(table, rows, 1)


@given(st.data())
def test_rows_are_the_series_of_the_derivatives(data):
    program = data.draw(programs(data="yes"))
    theta = data.draw(thetas(program))
    args, kwargs = program.call(theta, np.zeros(program.inputs))
    qnode = program.qnode()
    J = program.flat(pt.coefficient_jacobian(qnode, encoding_args="x")(*args, **kwargs), 1)
    labels = pt.fourier_rows(qnode, encoding_args="x")(*args, **kwargs)
    assert len(J) == 1 + 2 * len(labels.frequencies)

    x = np.random.default_rng(5).uniform(-np.pi, np.pi, (3, *program.inputs))

    def values(moves):
        found = program.values([(move, one) for move in moves for one in x])
        return found.reshape(len(moves), len(x), -1)

    expected = derivatives(values, theta)
    got = series(J, labels.frequencies, x.reshape(len(x), -1))
    np.testing.assert_allclose(got, expected, atol=2e-7)
