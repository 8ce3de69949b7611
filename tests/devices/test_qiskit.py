"""What is particular to Qiskit: no hidden simulation, limits on spending, costs that hold."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS, count_executions

import pennylane_trainability as pt

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS),
]


def aer(**options):
    return qml.device("qiskit.aer", wires=1, **options)


def remote():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return qml.device("qiskit.remote", wires=1, backend=FakeManilaV2())


def model(device, n_layers: int = 1, shots=100):
    @qml.qnode(device)
    def circuit(x, w):
        for layer in range(n_layers):
            qml.RX(x, wires=0)
            qml.RY(w[layer], wires=0)
        return qml.expval(qml.Z(0))

    return qml.set_shots(circuit, shots=shots)


DEVICES = [pytest.param(aer, id="aer"), pytest.param(remote, id="remote")]
FUNCTIONS = [
    pytest.param(
        lambda q: pt.coefficient_jacobian(q, encoding_args="x"), id="coefficient_jacobian"
    ),
    pytest.param(lambda q: pt.measure_jacobian(q, "x"), id="measure_jacobian"),
    pytest.param(lambda q: pt.fourier_rows(q, "x"), id="fourier_rows"),
    pytest.param(lambda q: pt.data_jacobian(q, [0.0], "x"), id="data_jacobian"),
    pytest.param(lambda q: pt.analyze(q, "x"), id="analyze"),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_shots_there_is_an_error_and_no_hidden_simulation(device, function):
    qnode = model(device(), shots=None)
    sizes = count_executions(qnode.device)
    with pytest.raises(pt.ReadingError, match=r"qml\.set_shots"):
        function(qnode)(0.0, np.array([0.3]))
    assert sizes == []


def test_a_simulation_of_a_qiskit_circuit_must_be_asked_for():
    qnode = model(aer(), shots=None)
    found = pt.fourier_rows(qnode, "x", engine="exact")(0.0, np.array([0.3]))
    assert found.provenance.engine == "exact"
    np.testing.assert_allclose(found.values, [[0, np.cos(0.3) / np.sqrt(2), 0]], atol=1e-12)


def test_an_updated_device_is_the_one_that_decides():
    jacobian = pt.coefficient_jacobian(
        model(qml.device("default.qubit"), shots=None), encoding_args="x"
    )
    assert jacobian(0.0, np.array([0.3])).shape == (3, 1)
    with pytest.raises(pt.ReadingError, match=r"qiskit\.aer needs shots"):
        jacobian.update(device=aer())(0.0, np.array([0.3]))


N_LAYERS = 16  # 33 points × 32 shifted circuits
EXPENSIVE = [
    pytest.param(lambda q, **o: pt.measure_jacobian(q, "x", **o), id="measure_jacobian"),
    pytest.param(lambda q, **o: pt.analyze(q, "x", **o), id="analyze"),
    pytest.param(lambda q, **o: pt.data_jacobian(q, np.arange(40.0), "x", **o), id="data_jacobian"),
]


@pytest.mark.parametrize(
    "device", [*DEVICES, pytest.param(lambda: qml.device("default.mixed", wires=1), id="mixed")]
)
@pytest.mark.parametrize("function", EXPENSIVE)
def test_more_than_a_thousand_circuits_need_permission(device, function):
    qnode = model(device(), N_LAYERS)
    sizes = count_executions(qnode.device)
    with pytest.raises(
        pt.BudgetError, match=r"allows 1000\. Nothing was run\. Pass max_circuits=1\d\d\d"
    ):
        function(qnode)(0.0, np.zeros(N_LAYERS))
    assert sizes == []


def test_an_executor_does_not_lift_the_limit():
    qnode = model(aer(), N_LAYERS)
    measure = pt.measure_jacobian(qnode, "x", executor=pt.Executor(qnode.device, chunk=10))
    with pytest.raises(pt.BudgetError, match="allows 1000"):
        measure(0.0, np.zeros(N_LAYERS))


def test_a_simulator_has_no_such_limit():
    qnode = model(qml.device("default.qubit", seed=1), N_LAYERS, shots=2)
    found = pt.measure_jacobian(qnode, "x")(0.0, np.linspace(0, 1, N_LAYERS))
    assert found.cost.circuits == 33 * 32


@pytest.mark.parametrize("device", DEVICES)
def test_the_cost_told_before_is_the_cost_afterwards(device):
    qnode = model(device(), shots=100)
    sizes = count_executions(qnode.device)
    measure = pt.measure_jacobian(qnode, "x")
    told = measure.cost(0.0, np.array([0.3]))
    assert sizes == []
    found = measure(0.0, np.array([0.3]))
    assert sizes == [6] == [told.circuits]  # two shifted circuits at three points, one execution
    for name in ("circuits", "distinct_circuits", "shots", "executions"):
        assert getattr(told, name) == getattr(found.cost, name)
    assert told.shots == 600
    counts = np.concatenate([c.reshape(-1, c.shape[-1]) for c in found.errors.counts])
    assert np.all(counts.sum(axis=1) == 100)


@pytest.mark.parametrize("make", [aer, remote])
@pytest.mark.parametrize("gradient", ["dla", "auto"])
def test_jacobians_take_fewer_circuits_in_one_execution(make, gradient):
    """Nothing but words at the output of the circuit as it is: no wire to spare."""
    qnode, w = model(make(), n_layers=2, shots=400), np.array([0.3, 0.9])
    measure = pt.measure_jacobian(qnode, "x", gradient=gradient, seed=1)
    sizes = count_executions(qnode.device)
    found = measure(0.0, w)
    assert sizes == [found.cost.circuits]
    assert found.cost.circuits < pt.measure_jacobian(qnode, "x").cost(0.0, w).circuits
    exact = pt.coefficient_jacobian(qnode, "x", engine="exact")(0.0, w)
    noise = 0.1 if make is remote else 0.0  # of the device, which errors do not hold
    assert np.all(np.abs(found.value - exact) < 5 * found.stderr + noise)
