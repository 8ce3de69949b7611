"""Parts, arguments, device, queues and global state stay as they were."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from density_zoo import ALPHA, ANGLES, X, part_with_all

import pennylane_trainability as pt

METHODS = ["exact", "randomised", "register"]


def attributes(qnode) -> dict:
    return {
        "func": qnode.func,
        "device": qnode.device,
        "interface": qnode.interface,
        "diff_method": qnode.diff_method,
        "shots": qnode.shots,
        "pipeline": list(qnode.compile_pipeline),
        "execute_kwargs": dict(qnode.execute_kwargs),
        "names": set(vars(qnode)),
        "tape": qnode._tape,
        "device.wires": qnode.device.wires,
        "device.tracker": qnode.device.tracker,
        "device.names": set(vars(qnode.device)),
    }


def make(method):
    part = qml.set_shots(
        qml.QNode(part_with_all, qml.device("default.qubit", wires=4, seed=11)), shots=20
    )
    return part, pt.density_qnode([part] * 3, own="w", method=method, seed=1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("measured", [False, True])
@pytest.mark.usefixtures("global_state_unchanged")
def test_everything_of_the_user(method, measured):
    part, model = make(method)
    alpha, angles = ALPHA.copy(), ANGLES.copy()
    alpha.flags.writeable = angles.flags.writeable = False
    model(alpha, angles, X)  # a device keeps notes of its own about the first execution
    before = attributes(part)
    with qml.queuing.AnnotatedQueue() as outer:
        (pt.measure_density(model, seed=2) if measured else model)(alpha, angles, X)
    assert attributes(part) == before
    if measured:  # a QNode called while a queue records leaves things there, PennyLane's own too
        assert outer.queue == []
    np.testing.assert_array_equal(alpha, ALPHA)
    np.testing.assert_array_equal(angles, ANGLES)


def test_lists_of_arguments_stay_lists():
    _, model = make("exact")
    angles, keywords = [list(a) for a in ANGLES], {"x": X}
    model(ALPHA, angles, **keywords)
    assert angles == [list(a) for a in ANGLES] and keywords == {"x": X}


def test_cutting_leaves_the_circuit_alone():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(a):
        qml.Barrier()
        qml.RX(a, wires=0)
        return qml.expval(qml.Z(0))

    circuit(0.3)  # a device keeps notes of its own about the first execution
    before = attributes(circuit)
    [layer] = pt.cut_layers(circuit, 1)
    assert layer(0.3) == pytest.approx(np.cos(0.3))
    assert layer.update(diff_method="parameter-shift")(0.3) == pytest.approx(np.cos(0.3))
    assert attributes(circuit) == before
