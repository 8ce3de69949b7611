"""Jobs that were sent before the process died are asked for by their id, not sent again."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(text) for text in THIRD_PARTY_WARNINGS),
]

SECRET = "TOKEN-4711-DO-NOT-STORE"
WEIGHTS = np.array([0.4, 1.1])


class Service:
    """The other end of the line: it keeps the results of every job, as a service does."""

    token = SECRET

    def __init__(self, folder):
        self.folder, self.asked, self.down = Path(folder), [], None

    def __repr__(self):
        return f"<Service {SECRET}>"

    def keep(self, job):
        with open(self.folder / job.job_id(), "wb") as file:
            pickle.dump(job.result(), file)

    def job(self, number):
        self.asked.append(number)
        if self.down is not None:
            raise self.down
        with open(self.folder / number, "rb") as file:
            return Kept(pickle.load(file))

    def sent(self):
        return {path.name for path in self.folder.iterdir()}


class Kept:
    def __init__(self, result):
        self._result = result

    def result(self):
        return self._result


class Cut(ConnectionError):
    """The line breaks while somebody waits."""


class Waiting:
    """A job that is kept by the service; waiting for its result goes wrong."""

    def __init__(self, job, end):
        self._job, self._end = job, end

    def job_id(self):
        return self._job.job_id()

    def result(self):
        if self._end is not None:
            self._end()
        return self._job.result()


def remote(service):
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    backend = FakeManilaV2()
    if service is not None:
        backend.service = service
    options = {"simulator": {"seed_simulator": 7}}
    return qml.device("qiskit.remote", wires=2, backend=backend, options=options)


def ask(device, executor):
    """Six circuits: three executions of one job each."""

    @qml.set_shots(200)
    @qml.qnode(device)
    def circuit(weights):
        qml.RX(weights[0], wires=0)
        qml.RY(weights[1], wires=0)
        return qml.expval(qml.Z(0))

    found = pt.measure_qfim(circuit, method="overlap", seed=1, executor=executor)(WEIGHTS)
    return found.value


def intercept(monkeypatch, service, ends):
    """Every job reaches the service; the k-th wait ends as ``ends[k]`` says."""
    import qiskit_ibm_runtime as runtime

    count = iter(range(1000))
    for kind in (runtime.SamplerV2, runtime.EstimatorV2):

        def run(self, pubs, original=kind.run, **options):
            job = original(self, pubs, **options)
            service.keep(job)
            return Waiting(job, ends.get(next(count)))

        monkeypatch.setattr(kind, "run", run)


def cut():
    raise Cut("lost")


@pytest.fixture
def service(tmp_path):
    folder = tmp_path / "service"
    folder.mkdir()
    return Service(folder)


@pytest.fixture
def store(tmp_path):
    return pt.Store(tmp_path / "s.sqlite")


@pytest.fixture
def undisturbed(tmp_path):
    """The answer, as jobs of two circuits give it without faults."""
    store = pt.Store(tmp_path / "undisturbed.sqlite")
    return ask(remote(None), store.executor(pt.Executor(chunk=2), run="one"))


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_job_is_sent_once_whenever_the_wait_breaks(
    service, store, undisturbed, monkeypatch, broken
):
    intercept(monkeypatch, service, {broken: cut})
    with pytest.raises((Cut, pt.DeviceFailure)):
        ask(remote(service), store.executor(pt.Executor(chunk=2), run="one"))
    assert len(service.sent()) == broken + 1 and len(store) == 2 * broken
    device = remote(service)
    with qml.Tracker(device) as tracker:
        answer = ask(device, store.executor(pt.Executor(chunk=2), run="one"))
    np.testing.assert_array_equal(answer, undisturbed)
    assert len(service.asked) == 1 and len(service.sent()) == 3
    assert tracker.totals.get("jobs", 0) == 2 - broken, "a job that is asked for is not sent"
    assert {record.replicate for record in store.records("one")} == {0}


def test_batches_of_another_size_find_the_job(service, store, monkeypatch):
    intercept(monkeypatch, service, {0: cut})
    with pytest.raises(Cut):
        ask(remote(service), store.executor(pt.Executor(chunk=4), run="one"))
    ask(remote(service), store.executor(pt.Executor(chunk=1), run="one"))
    assert len(service.asked) == 1
    assert len(service.sent()) == 1 + 2, "four circuits came with the job, two were left"


def test_repetitions_ask_for_the_job(service, store, undisturbed, monkeypatch):
    """An execution that was sent and not answered is not sent again."""
    intercept(monkeypatch, service, {1: cut})
    waits = []
    robust = pt.RobustExecutor(chunk=2, progress=False, wait=waits.append)
    answer = ask(remote(service), store.executor(robust, run="one"))
    np.testing.assert_array_equal(answer, undisturbed)
    assert len(waits) == 1 and len(service.asked) == 1 and len(service.sent()) == 3


PROCESS = """
import os, sys, warnings
warnings.simplefilter("ignore")
sys.path[:0] = {paths!r}
import pennylane_trainability as pt
import qiskit_ibm_runtime as runtime
from test_jobs_by_id import Service, Waiting, ask, remote

service = Service({folder!r})
original = runtime.SamplerV2.run

def run(self, pubs, **options):
    job = original(self, pubs, **options)
    service.keep(job)
    return Waiting(job, lambda: os._exit(9))

runtime.SamplerV2.run = run
runtime.EstimatorV2.run = run
store = pt.Store({store!r})
ask(remote(service), store.executor(pt.Executor(chunk=2), run="one"))
"""


@pytest.mark.slow
def test_a_process_that_dies_between_sending_and_results(service, store, undisturbed, monkeypatch):
    here = Path(__file__).parent
    text = PROCESS.format(
        paths=[str(here), str(here.parent)], folder=str(service.folder), store=str(store.path)
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=False)
    assert done.returncode == 9, done.stderr.decode()
    assert len(service.sent()) == 1 and len(store) == 0
    intercept(monkeypatch, service, {})
    answer = ask(remote(service), store.executor(pt.Executor(chunk=2), run="one"))
    np.testing.assert_array_equal(answer, undisturbed)
    assert len(service.asked) == 1 and len(service.sent()) == 3


def test_a_job_that_cannot_be_had_is_an_error_unless_asked_otherwise(service, store, monkeypatch):
    intercept(monkeypatch, service, {1: cut})
    with pytest.raises(pt.DeviceFailure):
        ask(remote(service), store.executor(pt.Executor(chunk=2), run="one"))
    sent = service.sent()
    service.down = KeyError("no such job")
    with pytest.raises(pt.StoreError, match=r"with 2 circuits .* \(KeyError\)\. Nothing was sent"):
        ask(remote(service), store.executor(pt.Executor(chunk=2), run="one"))
    assert service.sent() == sent and len(store) == 2
    # a backend without a service of its own
    with pytest.raises(pt.StoreError, match=r"service=…"):
        ask(remote(None), store.executor(pt.Executor(chunk=2), run="one"))
    ask(remote(service), store.executor(pt.Executor(chunk=2), run="one", resubmit=True))
    assert len(service.sent()) == len(sent) + 2 and len(store) == 6
    ask(remote(service), store.executor(pt.Executor(chunk=2), run="one"))
    assert len(service.sent()) == len(sent) + 2


def test_a_service_of_the_user_is_asked(service, store, undisturbed, monkeypatch):
    intercept(monkeypatch, service, {0: cut})
    with pytest.raises(Cut):
        ask(remote(service), store.executor(pt.Executor(chunk=2), run="one"))
    answer = ask(remote(None), store.executor(pt.Executor(chunk=2), run="one", service=service))
    np.testing.assert_array_equal(answer, undisturbed)
    with pytest.raises(ValueError, match=r"job\(id\), such as QiskitRuntimeService") as caught:
        store.executor(run="one", service=SECRET)
    assert SECRET not in str(caught.value)


def test_jobs_of_local_simulators_end_with_their_process(store):
    """Nothing is noted that nobody could be asked for."""
    ask(remote(None), store.executor(pt.Executor(chunk=2), run="one"))
    with store._database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone()[0] == 0


def test_no_account_is_stored_or_said(service, store, monkeypatch, caplog, capfd):
    """The token of a service and of a device's options: in no byte of the file, in no message."""
    caplog.set_level(0)
    intercept(monkeypatch, service, {0: cut})
    said = []

    def attempt(**options):
        device = remote(service)
        device._kwargs |= {"environment": {"job_tags": ["x"]}}
        device._service = service
        executor = store.executor(pt.RobustExecutor(chunk=2, retries=0), run="one", **options)
        said.append(repr(executor))
        try:
            said.append(str(ask(device, executor)))
        except Exception as error:
            notes = getattr(error, "__notes__", [])
            said.extend([str(error), repr(error), *notes])

    service.down = ConnectionError(f"refused for {SECRET}")
    attempt()  # the line breaks
    attempt()  # the job cannot be had
    attempt(service=service)
    service.down = None
    attempt()
    assert len(store) == 6
    store.export(store.path.parent / "s.jsonl")
    said += [str(store), repr(store), (store.path.parent / "s.jsonl").read_text(), caplog.text]
    said += list(capfd.readouterr())
    assert SECRET not in "\n".join(said)
    for path in store.path.parent.glob("s.sqlite*"):
        assert SECRET.encode() not in path.read_bytes()
