"""How far a series may miss the circuit at the point that is held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.circuits.series import series_of
from pennylane_trainability.errors import NotFourierError
from pennylane_trainability.simulation.fourier_jacobian import exact_jacobian


def series_off_by(error, condition, scale=1.0):
    """``scale (2 + cos x)`` with coefficients that are too large by a factor ``1 + error``."""

    def circuit(x, w):
        qml.RX(w[0], 0)
        qml.RX(x, 0)
        return qml.expval(scale * (qml.Z(0) + 2 * qml.I(0)))

    qnode = qml.QNode(circuit, qml.device("default.qubit", wires=1))
    series = series_of(read_qnode(qnode, (0.3, np.array([0.0])), {}, "x"))
    sampling = replace(
        series.sampling, matrix=(1 + error) * series.sampling.matrix, condition=condition
    )
    return replace(series, sampling=sampling)


def test_the_residual_is_the_largest_deviation():
    found = exact_jacobian(series_off_by(1e-9, 1.0))
    x = series_off_by(0.0, 1.0).sampling.hold_out.item()
    assert found.residual == pytest.approx(1e-9 * (2 + np.cos(x)), rel=1e-4)


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_errors_may_grow_by_the_condition_number(scale):
    """The tolerance is 1e-8 of the largest value, or of one, times the condition number."""
    allowed = 1e-8 * max(3 * scale, 1) / (3 * scale)
    exact_jacobian(series_off_by(allowed / 5, 1.0, scale))
    with pytest.raises(NotFourierError, match="misses the QNode by"):
        exact_jacobian(series_off_by(8 * allowed, 1.0, scale))
    exact_jacobian(series_off_by(8 * allowed, 100.0, scale))
    with pytest.raises(NotFourierError, match="misses the QNode by"):
        exact_jacobian(series_off_by(800 * allowed, 100.0, scale))
