"""The price before anything runs: jobs, gates and time as the device will have them."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt
from pennylane_trainability.pricing import price_of

WEIGHTS = np.array([0.4, 1.1, 0.3])


def ansatz(weights):
    qml.RY(weights[0], wires=0)
    qml.RX(weights[1], wires=0)
    qml.CNOT([0, 1])
    qml.RY(weights[2], wires=1)
    return qml.expval(qml.Z(1))


def on(device, shots=100):
    return qml.set_shots(qml.QNode(ansatz, device), shots=shots)


def questions(qnode):
    return [
        pt.measure_qfim(qnode, method="overlap"),
        pt.measure_qfim(qnode, method="overlap", allocation="adaptive"),
        pt.measure_gradient(qnode, method="shift"),
    ]


def test_the_price_agrees_with_the_cost_and_runs_nothing():
    device = qml.device("default.qubit", wires=2)
    with qml.Tracker(device) as tracker:
        for ask in questions(on(device)):
            cost, price = ask.cost(WEIGHTS), ask.price(WEIGHTS)
            assert (price.circuits, price.shots) == (cost.circuits, cost.shots)
            assert price.jobs is None and math.isnan(price.seconds)
            assert 0 < price.distinct_circuits <= price.circuits
            assert "states no durations" in str(price)
    assert not tracker.totals


def test_jacobians_have_a_price():
    def model(x, weights):
        qml.RX(x, wires=0)
        return ansatz(weights)

    qnode = qml.set_shots(qml.QNode(model, qml.device("lightning.qubit", wires=2)), shots=100)
    ask = pt.measure_jacobian(qnode, "x")
    price, cost = ask.price(0.0, WEIGHTS), ask.cost(0.0, WEIGHTS)
    assert price.circuits == cost.circuits and price.shots == cost.shots
    assert price.all_two_qubit_gates == cost.circuits, "one CNOT each"
    assert price.two_qubit_gates == 1


def test_repetitions_batches_and_splits_count():
    device = qml.device("default.qubit", wires=2)
    one = qml.tape.QuantumScript([qml.CNOT([0, 1])], [qml.probs(wires=0)], shots=10)
    many = qml.tape.QuantumScript(
        [qml.RX(np.array([0.1, 0.2, 0.1]), 0), qml.CNOT([0, 1])], [qml.probs(wires=0)], shots=10
    )
    price = price_of([one, one, many], device)
    assert (price.circuits, price.distinct_circuits) == (5, 3)
    assert (price.shots, price.all_two_qubit_gates, price.depth) == (50, 5, 2)


class Splitting(qml.devices.DefaultQubit):
    """Measures words that do not commute in circuits of their own."""

    def preprocess_transforms(self, execution_config=None):
        program = super().preprocess_transforms(execution_config)
        program.add_transform(qml.transforms.split_non_commuting)
        return program


def test_what_the_device_splits_counts_once_for_every_part():
    measured = [qml.expval(qml.X(0) @ qml.Z(1)), qml.expval(qml.Z(0)), qml.expval(qml.Y(1))]
    tape = qml.tape.QuantumScript([qml.CNOT([0, 1])], measured, shots=10)
    price = price_of([tape] * 4, Splitting(wires=2))
    parts = price.circuits // 4
    assert parts > 1 and (price.circuits, price.shots) == (4 * parts, 40 * parts)
    assert price.all_two_qubit_gates == 4 * parts


@pytest.mark.qiskit
class TestQiskit:
    pytestmark: ClassVar[list] = [pytest.mark.filterwarnings(text) for text in THIRD_PARTY_WARNINGS]

    def remote(self, **options):
        from qiskit_ibm_runtime.fake_provider import FakeManilaV2

        return qml.device("qiskit.remote", wires=2, backend=FakeManilaV2(), **options)

    def test_time_is_shots_times_duration_and_delay(self):
        device = self.remote(optimization_level=0, initial_layout=[1, 0])
        tape = qml.tape.QuantumScript([qml.X(0)] * 3, [qml.counts(wires=[0, 1])], shots=2000)
        target = device.backend.target
        x = target["x"][(1,)].duration
        read = max(target["measure"][(q,)].duration for q in (0, 1))
        price = price_of([tape, tape], device)
        expected = 4000 * (3 * x + read + 250e-6)
        # the backend rounds to multiples of its time step
        assert price.seconds == pytest.approx(expected, rel=1e-3)
        assert "250 µs between repetitions (as the backend states)" in price.assumption
        assert (price.depth, price.two_qubit_gates) == (4, 0)

    def test_a_gate_between_wires_that_are_not_coupled_costs_more(self):
        tape = qml.tape.QuantumScript([qml.CNOT([0, 1])], [qml.counts(wires=[0, 1])], shots=10)
        options = {"optimization_level": 0, "seed_transpiler": 1}
        near = price_of([tape], self.remote(initial_layout=[0, 1], **options))
        far = price_of([tape], self.remote(initial_layout=[0, 4], **options))
        assert near.two_qubit_gates == 1
        # manila is a line of five qubits: three swaps of three gates bring the ends together
        assert far.two_qubit_gates == 1 + 3 * 3

    @pytest.mark.parametrize("limit", [None, 4])
    @pytest.mark.parametrize("read_out", ["counts", "means"])
    def test_jobs_are_those_that_are_sent(self, limit, read_out):
        device = pt.one_job(self.remote(), circuits_per_job=limit)
        ask = pt.measure_gradient(on(device), method="shift", read_out=read_out)
        price = ask.price(WEIGHTS)
        with qml.Tracker(device) as tracker:
            ask(WEIGHTS)
        assert price.jobs == tracker.totals["jobs"]
        assert price.circuits == tracker.totals["executions"]
        assert price.shots == tracker.totals["shots"]

    def test_chunks_have_jobs_of_their_own(self):
        device = self.remote()
        circuits = pt.measure_gradient(on(device), method="shift").cost(WEIGHTS).circuits
        ask = pt.measure_gradient(on(device), method="shift", executor=pt.Executor(chunk=2))
        assert ask.price(WEIGHTS).jobs == math.ceil(circuits / 2) > 1

    def test_replicates_of_a_circuit_are_not_distinct(self):
        """This device takes no shot vectors and gets every circuit twice."""
        qnode = on(qml.device("qiskit.aer", wires=2))
        ask = pt.loss_variance(qnode, method="sample", n_draws=4, replicates=True, seed=1)
        cost, price = ask.cost(WEIGHTS), ask.price(WEIGHTS)
        assert (cost.circuits, cost.distinct_circuits) == (8, 4)
        assert (price.circuits, price.distinct_circuits) == (8, 4)
        assert ask(WEIGHTS).cost.distinct_circuits == 4
