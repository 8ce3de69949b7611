"""Circuits of a calibration are counted with those of the question, no more and no less."""

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

POINTS = np.array([[0.1], [0.9], [2.5], [1.7]])
QUESTIONS = {
    "data_jacobian": lambda qnode, **o: pt.data_jacobian(qnode, data=POINTS, **o),
    "fourier_rows": pt.fourier_rows,
    "measure_jacobian": pt.measure_jacobian,
}


@pytest.mark.parametrize(
    "options", [{}, {"rescale": True}, {"rescale": True, "mitigate_read_out": True}]
)
@pytest.mark.parametrize("name", QUESTIONS)
def test_circuits_that_are_counted_are_those_that_run(name, options):
    device = qml.device("default.mixed", wires=2, seed=1)

    @qml.set_shots(50)
    @qml.qnode(device)
    def circuit(x, w):
        qml.RX(x, 0)
        qml.RY(w[0], 0)
        qml.CNOT([0, 1])
        qml.RY(w[1], 1)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0) @ qml.Z(1))

    ask = QUESTIONS[name](circuit, encoding_args="x", **options)
    args = 0.4, np.array([0.3, 1.1])
    with qml.Tracker(device) as tracker:
        said = ask.cost(*args)
        assert not tracker.totals
        found = ask(*args)
    assert found.cost.circuits == said.circuits == tracker.totals["executions"]
    assert found.cost.shots == said.shots == tracker.totals["shots"]


@pytest.mark.parametrize("options", [{}, {"rescale": True}, {"mitigate_read_out": True}])
def test_circuits_of_a_gradient_are_counted_with_its_calibration(options):
    device = qml.device("default.mixed", wires=2, seed=1)

    @qml.set_shots(50)
    @qml.qnode(device)
    def circuit(w):
        qml.RY(w[0], 0)
        qml.CNOT([0, 1])
        qml.RY(w[1], 1)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0) @ qml.Z(1))

    weights = np.array([0.3, 1.1])
    ask = pt.measure_gradient(circuit, **options)
    with qml.Tracker(device) as tracker:
        said = ask.cost(weights)
        limits = {"max_circuits": said.circuits, "max_shots": said.shots}
        for name in limits:
            executor = pt.Executor(**(limits | {name: limits[name] - 1}))
            with pytest.raises(pt.BudgetError):
                pt.measure_gradient(circuit, executor=executor, **options)(weights)
        assert not tracker.totals
        found = pt.measure_gradient(circuit, executor=pt.Executor(**limits), **options)(weights)
    assert found.cost.circuits == said.circuits == tracker.totals["executions"]
    assert found.cost.shots == said.shots == tracker.totals["shots"]
