"""Stores on Qiskit devices: one job per batch, streams that never come twice, no accounts."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt
from pennylane_trainability.store.description import description

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(text) for text in THIRD_PARTY_WARNINGS),
]

WEIGHTS = np.array([0.4, 1.1])


def aer(**options):
    from qiskit.providers.fake_provider import GenericBackendV2

    # compiling for all of Aer's instructions takes half a second
    options = {"compile_backend": GenericBackendV2(2, seed=1), "seed_simulator": 7, **options}
    return qml.device("qiskit.aer", wires=2, **options)


def remote(**options):
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    given = {"options": {"simulator": {"seed_simulator": 7}}, **options}
    return qml.device("qiskit.remote", wires=2, backend=FakeManilaV2(), **given)


def measure(device, executor):
    @qml.set_shots(300)
    @qml.qnode(device)
    def circuit(weights):
        qml.RX(weights[0], wires=0)
        qml.RY(weights[1], wires=0)
        return qml.expval(qml.Z(0))

    found = pt.measure_qfim(circuit, method="overlap", seed=1, executor=executor)(WEIGHTS)
    return found.value


@pytest.mark.parametrize("make", [pytest.param(aer, marks=pytest.mark.slow), remote])
def test_batches_are_jobs_with_streams_of_their_own(make, tmp_path):
    """The seed of the simulator, made again, does not repeat its noise."""
    store = pt.Store(tmp_path / "s.sqlite")
    device = make()
    with qml.Tracker(device) as tracker:
        first = measure(device, store.executor(pt.Executor(chunk=4), run="one"))
    assert tracker.totals["jobs"] == 2 and len(store) == 6
    with qml.Tracker(device) as tracker:
        again = measure(device, store.executor(run="one"))
    assert not tracker.totals
    np.testing.assert_array_equal(again, first)
    # a device made again, as in a new process, draws from other streams
    other = measure(make(), store.executor(pt.Executor(chunk=4), run="two"))
    assert np.max(np.abs(other - first)) > 0


def test_numbers_are_those_without_a_store(tmp_path):
    store = pt.Store(tmp_path / "s.sqlite")
    stored = measure(aer(), store.executor(pt.Executor(chunk=2), run="one"))
    np.testing.assert_array_equal(stored, measure(aer(), pt.Executor(chunk=2)))


def test_a_limit_of_the_backend_is_the_size_of_a_batch(tmp_path):
    store = pt.Store(tmp_path / "s.sqlite")
    device = pt.one_job(aer(), circuits_per_job=2)
    measure(device, store.executor(run="one"))
    assert "one  qiskit.aer (aer_simulator)  6" in str(store)
    assert len({record.batch for record in store.records()}) == 3


def test_seeds_that_come_again_are_refused(tmp_path):
    from qiskit_aer import AerSimulator

    store = pt.Store(tmp_path / "s.sqlite")
    with pytest.raises(pt.StoreError, match="leave one_job=True"):
        measure(aer(), store.executor(pt.Executor(one_job=False), run="one"))
    backend = AerSimulator(seed_simulator=3)
    device = qml.device("qiskit.aer", wires=2, backend=backend)
    with pytest.raises(pt.StoreError, match="same seed_simulator"):
        measure(device, store.executor(run="two"))
    assert len(store) == 0


def test_noise_and_options_are_part_of_the_device():
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    def noisy(p):
        model = NoiseModel()
        model.add_all_qubit_quantum_error(depolarizing_error(p, 1), ["rx"])
        return aer(noise_model=model)

    devices = [aer(), aer(optimization_level=3), noisy(0.1), noisy(0.2), remote()]
    assert len({description(device).digest for device in devices}) == len(devices)
    assert description(noisy(0.1)) == description(noisy(0.1))
    assert description(aer()) == description(aer(seed_simulator=8))
    assert description(aer()) == description(pt.one_job(aer()))


def test_no_accounts_in_the_file(tmp_path):
    secret = "SECRET-4711"
    device = remote(options={"environment": {"job_tags": ["x"]}})
    device._kwargs |= {"token": secret}
    device._service = type("Service", (), {"token": secret})()
    digest = description(device).digest
    device._kwargs["token"] = "another"
    assert description(device).digest == digest, "not even hashed"
    device._kwargs.pop("token")
    store = pt.Store(tmp_path / "s.sqlite")
    measure(device, store.executor(run="one"))
    store.export(tmp_path / "s.jsonl")
    assert secret.encode() not in (tmp_path / "s.sqlite").read_bytes()
    assert secret not in (tmp_path / "s.jsonl").read_text() + str(store)


@pytest.mark.slow
def test_ten_thousand_circuits_stay_small(tmp_path):
    """On qiskit.aer, through the store: the memory does not grow with the number of circuits."""
    import resource

    store = pt.Store(tmp_path / "s.sqlite")
    with qml.queuing.QueuingManager.stop_recording():
        tapes = [
            qml.tape.QuantumScript([qml.RX(0.001 * k, 0)], [qml.probs(wires=[0])], shots=20)
            for k in range(10_000)
        ]
    device = aer(seed_simulator=None)
    store.executor(pt.Executor(device), run="warm").run(tapes[:300])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store.executor(pt.Executor(device), run="big").run(tapes)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert len(store) == 10_300
    assert grown < 300_000, f"{grown} kB"
