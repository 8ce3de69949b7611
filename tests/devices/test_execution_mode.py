"""Sessions and batches of the runtime: all jobs of a question in one, and the device as it was."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS

import pennylane_trainability as pt

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(text) for text in THIRD_PARTY_WARNINGS),
]

WEIGHTS = np.array([0.4, 1.1])


def remote(**options):
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    options.setdefault("backend", FakeManilaV2())
    return qml.device(
        "qiskit.remote", wires=2, options={"simulator": {"seed_simulator": 7}}, **options
    )


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(weights):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=0)
    return qml.expval(qml.Z(0))


def on(device):
    return qml.set_shots(qml.QNode(circuit.func, device), 200)


def question(device, executor):
    ask = pt.measure_qfim(on(device), method="overlap", seed=1, executor=executor)
    return ask(WEIGHTS).value


@pytest.fixture
def line(monkeypatch):
    """What happens at the runtime, in order: openings, jobs with their mode, closings."""
    import qiskit_ibm_runtime as runtime

    events = []
    for kind in (runtime.SamplerV2, runtime.EstimatorV2):

        def run(self, pubs, original=kind.run, **options):
            events.append(("job", self._mode))
            return original(self, pubs, **options)

        monkeypatch.setattr(kind, "run", run)
    start, end = runtime.Session.__init__, runtime.Session.close

    def opened(self, *args, **kwargs):
        start(self, *args, **kwargs)
        events.append(("open", self))

    def closed(self):
        events.append(("close", self))
        end(self)

    monkeypatch.setattr(runtime.Session, "__init__", opened)
    monkeypatch.setattr(runtime.Session, "close", closed)
    return events


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("batch", "Batch"), pytest.param("session", "Session", marks=pytest.mark.slow)],
)
def test_all_executions_of_a_question_are_in_one(mode, kind, line):
    device = remote()
    alone = question(device, pt.Executor(chunk=2))
    assert [what for what, _ in line] == ["job"] * 3
    line.clear()
    with pt.execution_mode(device, mode, max_time="10m") as within:
        found = question(device, pt.RobustExecutor(within, chunk=2, progress=False))
    np.testing.assert_array_equal(found, alone)
    assert [what for what, _ in line] == ["open", *["job"] * 3, "close"]
    assert len({id(where) for _, where in line}) == 1, "opened once, and used by every job"
    assert type(line[0][1]).__name__ == kind and line[0][1]._max_time == 600
    assert device.session is None


@pytest.mark.slow
def test_training_runs_in_one_session(line):
    device = remote()
    with pt.execution_mode(device, "session") as within:
        qnode = on(within)
        optimizer = pt.NaturalGradientOptimizer(stepsize=0.1, seed=1)
        weights = qml.numpy.array(WEIGHTS, requires_grad=True)
        for _ in range(2):
            weights = optimizer.step(qnode, weights)
    assert np.all(np.isfinite(weights))
    assert [what for what, _ in line][:2] == ["open", "job"] and line[-1][0] == "close"
    assert len(line) > 4 and len({id(where) for _, where in line}) == 1


def test_rounds_of_a_variance_run_in_one_batch(line):
    device = remote()
    with pt.execution_mode(device) as within:
        options = {"method": "sample", "n_draws": 8, "seed": 1}
        pt.loss_variance(on(within), executor=pt.Executor(chunk=3), **options)(WEIGHTS)
    assert [what for what, _ in line] == ["open", *["job"] * (len(line) - 2), "close"]
    assert len(line) > 4 and len({id(where) for _, where in line}) == 1


def test_a_session_of_the_plugin_and_one_of_the_user_are_used(line):
    from pennylane_qiskit import qiskit_session
    from qiskit_ibm_runtime import Batch

    device = remote()
    with qiskit_session(device) as session:
        question(device, pt.Executor(chunk=3))
    assert [where for what, where in line if what == "job"] == [session, session]
    line.clear()
    with Batch(backend=device.backend) as batch:
        question(remote(backend=device.backend, session=batch), pt.Executor(chunk=3))
    assert [where for what, where in line if what == "job"] == [batch, batch]


def test_a_run_in_a_store_goes_on_in_a_batch(line, tmp_path):
    store, device = pt.Store(tmp_path / "s.sqlite"), remote()
    first = question(device, store.executor(pt.Executor(chunk=3), run="one"))
    line.clear()
    with pt.execution_mode(device) as within:
        again = question(within, store.executor(pt.Executor(within, chunk=3), run="one"))
    np.testing.assert_array_equal(first, again)
    assert [what for what, _ in line] == ["open", "close"]


def test_it_is_closed_when_a_question_fails(line):
    with pytest.raises(pt.BudgetError), pt.execution_mode(remote()) as within:
        question(within, pt.Executor(within, max_circuits=1))
    assert [what for what, _ in line] == ["open", "close"]


@pytest.mark.parametrize(
    ("make", "mode", "remedy"),
    [
        (lambda: qml.device("default.qubit", wires=2), "batch", "only qiskit.remote has"),
        (lambda: qml.device("qiskit.aer", wires=2), "session", "only qiskit.remote has"),
        (remote, "job", r"one of \['batch', 'session'\]"),
    ],
)
def test_what_has_no_modes_is_refused(make, mode, remedy):
    with pytest.raises(pt.ReadingError, match=remedy), pt.execution_mode(make(), mode):
        pass


def test_a_second_session_is_refused(line):
    device = remote()
    with (
        pt.execution_mode(device) as within,
        pytest.raises(pt.ReadingError, match="has a Batch already"),
        pt.execution_mode(within, "session"),
    ):
        pass
    assert [what for what, _ in line] == ["open", "close"]
