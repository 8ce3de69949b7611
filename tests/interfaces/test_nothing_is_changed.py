"""In place means untouched: QNode, tape, arguments, device, queue and global state stay."""

from __future__ import annotations

import copy

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.circuits import unitaries

X, WEIGHTS, SCALE = 0.2, np.array([0.7, 1.1]), {"s": [0.5]}


def model(x, w, scale=None):
    qml.RX(x, wires=0)
    qml.CRY(w[0], wires=[0, 1])
    qml.RY(scale["s"][0], wires=1)
    qml.OrbitalRotation(w[1], wires=[0, 1, 2, 3])
    return qml.expval(qml.Hermitian(np.diag([1.0, -0.5]), 1)), qml.probs(wires=0)


FUNCTIONS = [
    pytest.param(
        lambda q: pt.coefficient_jacobian(q, encoding_args="x"), id="coefficient_jacobian"
    ),
    pytest.param(lambda q: pt.measure_jacobian(q, "x", seed=1), id="measure_jacobian"),
    pytest.param(lambda q: pt.measure_jacobian(q, "x").cost, id="cost"),
    pytest.param(lambda q: pt.fourier_rows(q, "x"), id="fourier_rows"),
    pytest.param(lambda q: pt.data_jacobian(q, [0.0, 1.0], "x"), id="data_jacobian"),
    pytest.param(lambda q: pt.analyze(q, "x", seed=1), id="analyze"),
]
SHOTS = [pytest.param(None, id="exact"), pytest.param(20, id="shots")]
CASES = [
    pytest.param(f.values[0], s.values[0], id=f"{f.id}-{s.id}")
    for f in FUNCTIONS
    for s in SHOTS
    if s.values[0] or f.id not in ("measure_jacobian", "cost")  # these need shots
]


def make(shots):
    device = qml.device("default.qubit", wires=4, seed=11)
    return qml.set_shots(qml.QNode(model, device, interface="auto"), shots=shots)


def attributes(qnode) -> dict:
    """What makes a QNode what it is; identities where equality is not defined."""
    return {
        "func": qnode.func,
        "device": qnode.device,
        "interface": qnode.interface,
        "diff_method": qnode.diff_method,
        "shots": qnode.shots,
        "pipeline": list(qnode.compile_pipeline),
        "execute_kwargs": dict(qnode.execute_kwargs),
        "names": set(vars(qnode)),
        "device.wires": qnode.device.wires,
        "device.tracker": qnode.device.tracker,
        "device.names": set(vars(qnode.device)),
    }


@pytest.mark.parametrize("function, shots", CASES)
@pytest.mark.usefixtures("global_state_unchanged")
def test_qnode_arguments_and_global_state(function, shots):
    qnode, weights, scale = make(shots), WEIGHTS.copy(), copy.deepcopy(SCALE)
    qnode(X, weights, scale=scale)  # a device keeps notes of its own about the first execution
    before = attributes(qnode)
    function(qnode)(X, weights, scale=scale)
    assert attributes(qnode) == before
    np.testing.assert_array_equal(weights, WEIGHTS)
    assert scale == SCALE


@pytest.mark.parametrize("function, shots", CASES)
def test_the_qnode_gives_the_same_value_afterwards(function, shots):
    qnode = make(shots)
    exact = qml.set_shots(qnode, shots=None)
    before = exact(X, WEIGHTS, scale=SCALE)
    function(qnode)(X, WEIGHTS, scale=SCALE)
    for old, new in zip(before, exact(X, WEIGHTS, scale=SCALE), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("function, shots", CASES)
def test_arguments_may_be_read_only(function, shots):
    weights = WEIGHTS.copy()
    weights.flags.writeable = False
    function(make(shots))(X, weights, scale=SCALE)
    assert not weights.flags.writeable


@pytest.mark.parametrize("function, shots", CASES)
def test_an_outer_queue_stays_empty(function, shots):
    unitaries._by_name.cache_clear()  # generators are built, and would be queued, once only
    with qml.queuing.AnnotatedQueue() as outer:
        function(make(shots))(X, WEIGHTS, scale=SCALE)
        assert qml.QueuingManager.recording(), "the outer queue goes on recording"
    assert outer.queue == []


@pytest.mark.parametrize("function, shots", CASES)
def test_an_error_leaves_the_queue_empty_too(function, shots):
    with qml.queuing.AnnotatedQueue() as outer:
        with pytest.raises(pt.ReadingError):
            function(make(shots))(X, np.array([np.nan, 0.0]), scale=SCALE)
        assert qml.QueuingManager.recording()
    assert outer.queue == []


@pytest.mark.parametrize("engine", ["exact", "measured"])
@pytest.mark.usefixtures("global_state_unchanged")
def test_tapes(engine):
    ops = [qml.RX(0.1, 0), qml.Rot(0.2, 0.3, 0.4, 0)]
    tape = qml.tape.QuantumScript(ops, [qml.expval(qml.Z(0))], shots=5, trainable_params=[0, 1, 3])
    options = {"x": [0]}
    twin = tape.copy(copy_operations=True)
    with qml.queuing.AnnotatedQueue() as outer:
        tapes, post = pt.coefficient_jacobian(tape, options, engine=engine)
        post(qml.execute(tapes, qml.device("default.qubit", seed=1)))
    assert outer.queue == []
    assert tape.operations == ops and all(a is b for a, b in zip(tape.operations, ops, strict=True))
    assert tape.trainable_params == [0, 1, 3]
    assert tape.shots == twin.shots
    qml.assert_equal(tape, twin)
    assert options == {"x": [0]}


@pytest.mark.usefixtures("global_state_unchanged")
def test_a_fit_changes_nothing():
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RY(w[0], wires=0)
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(circuit, qml.device("default.qubit", seed=1))
    weights = WEIGHTS[:1].copy()
    data, targets = np.linspace(0, 3, 8), np.cos(np.linspace(0, 3, 8))
    before = attributes(qnode), data.copy(), targets.copy()
    with qml.queuing.AnnotatedQueue() as outer:
        pt.fit(qnode, data, targets, "x", seed=1, restarts=2)(0.0, weights)
    assert outer.queue == []
    assert attributes(qnode) == before[0]
    for array, old in ((data, before[1]), (targets, before[2]), (weights, WEIGHTS[:1])):
        np.testing.assert_array_equal(array, old)


def test_equal_calls_give_equal_results():
    results = [pt.analyze(make(None), "x", seed=3)(X, WEIGHTS, scale=SCALE) for _ in range(2)]
    assert results[0].to_dict() == results[1].to_dict()
    drawn = pt.analyze(make(None), "x")(X, WEIGHTS, scale=SCALE)
    again = pt.analyze(make(None), "x", seed=drawn.provenance.seed)(X, WEIGHTS, scale=SCALE)
    assert drawn.to_dict() == again.to_dict()
