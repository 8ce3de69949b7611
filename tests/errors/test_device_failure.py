"""A device that fails in the middle: its own error is told, and what was measured is kept."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import one_wire

import pennylane_trainability as pt

WEIGHTS = np.array([0.7, 1.1])


class Cut(Exception):
    """What the failing device raises."""


class FailingDevice(qml.devices.DefaultQubit):
    """Fails in the call ``fails_at``, counted from 1."""

    def __init__(self, fails_at: int):
        super().__init__(seed=1)
        self.calls, self.fails_at = 0, fails_at

    def execute(self, circuits, execution_config=None):
        self.calls += 1
        if self.calls == self.fails_at:
            raise Cut("the line was cut")
        return super().execute(circuits, execution_config)


def measure(device, chunk, **options):
    qnode = qml.set_shots(qml.QNode(one_wire, device), shots=100)
    return pt.measure_jacobian(qnode, "x", executor=pt.Executor(device, chunk=chunk), **options)


def test_what_was_measured_before_is_kept():
    device = FailingDevice(fails_at=3)
    with pytest.raises(
        pt.DeviceFailure, match=r"(?s)line was cut.*attribute `completed`"
    ) as failure:
        measure(device, chunk=1)(0.0, WEIGHTS)
    assert isinstance(failure.value.__cause__, Cut)
    assert device.calls == 3, "nothing runs after the failure"
    # four shifted circuits, each one tape with three input points
    assert failure.value.total == 4
    assert len(failure.value.completed) == 2
    for probabilities in failure.value.completed:
        assert np.shape(probabilities) == (3, 2)
        np.testing.assert_allclose(np.sum(probabilities, axis=1), 1)


@pytest.mark.parametrize("chunk", [None, 2])
def test_a_failure_of_the_first_chunk_is_the_devices_own_error(chunk):
    device = FailingDevice(fails_at=1)
    with pytest.raises(Cut, match="the line was cut"):
        measure(device, chunk)(0.0, WEIGHTS)
    assert device.calls == 1


def test_the_transform_leaves_the_devices_error_as_it_is():
    qnode = qml.set_shots(qml.QNode(one_wire, FailingDevice(fails_at=1)), shots=100)
    with pytest.raises(Cut):
        pt.coefficient_jacobian(qnode, "x")(0.0, WEIGHTS)


def test_the_next_call_starts_afresh():
    device = FailingDevice(fails_at=2)
    jacobian = measure(device, chunk=2)
    with pytest.raises(pt.DeviceFailure):
        jacobian(0.0, WEIGHTS)
    assert jacobian(0.0, WEIGHTS).value.shape == (3, 2)
    assert device.calls == 4
