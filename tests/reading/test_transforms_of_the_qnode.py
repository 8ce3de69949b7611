"""A QNode's own transforms may rewrite its circuit, not compute with the results."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

WEIGHTS = np.array([0.3, 0.4])


def model(transform, observables):
    @transform
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        qml.RY(w[0], 0)
        qml.RX(x, 0)
        qml.RY(w[1], 0)
        return [qml.expval(observable()) for observable in observables]

    return circuit


def twice_z():
    return 2 * qml.Z(0)


COMPUTING = [
    pytest.param(qml.transforms.split_non_commuting, [twice_z], id="factor"),
    pytest.param(pt.diagonalize_commuting, [twice_z], id="commuting"),
    pytest.param(
        pt.diagonalize_commuting,
        [lambda: qml.X(0) @ qml.X(1), lambda: qml.Y(0) @ qml.Y(1), lambda: qml.Z(0) @ qml.Z(1)],
        id="signs",
    ),
]


@pytest.mark.parametrize("transform, observables", COMPUTING)
def test_transforms_that_compute_with_results_are_refused(transform, observables):
    jacobian = pt.coefficient_jacobian(model(transform, observables), encoding_args="x")
    with pytest.raises(pt.ReadingError, match="apply the analysis to the QNode without them"):
        jacobian(0.0, WEIGHTS)


KEEPING = [
    pytest.param(qml.transforms.merge_rotations, id="merge_rotations"),
    pytest.param(qml.compile, id="compile"),
    pytest.param(qml.transforms.broadcast_expand, id="broadcast_expand"),
    pytest.param(
        functools.partial(qml.transforms.decompose, gate_set=qml.gate_sets.ROTATIONS_PLUS_CNOT),
        id="decompose",
    ),
]


@pytest.mark.parametrize("transform", KEEPING)
def test_transforms_that_hand_results_on_are_read(transform):
    found, _ = pt.coefficient_jacobian(
        model(transform, [twice_z, lambda: qml.X(0)]), encoding_args="x"
    )(0.0, WEIGHTS)
    (s0, s1), (c0, c1) = np.sin(WEIGHTS), np.cos(WEIGHTS)
    np.testing.assert_allclose(found[0], [-2 * c0 * s1, -2 * s0 * c1], atol=1e-12)
