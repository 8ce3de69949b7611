"""All circuits of an answer in one job: counted, right, in order, with the user's own options."""

from __future__ import annotations

import copy
import math

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS, one_wire, one_wire_jacobian, shot_error

import pennylane_trainability as pt
from pennylane_trainability.devices import OneJob
from pennylane_trainability.transforms.engines import device_name

pytestmark = [
    pytest.mark.qiskit,
    *(pytest.mark.filterwarnings(warning) for warning in THIRD_PARTY_WARNINGS),
]

SEED = {"simulator": {"seed_simulator": 42}}
#: FakeManilaV2: read-out errors of a few percent per wire, gate errors below 1e-2.
MANILA_BIAS = 0.1


def manila():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return FakeManilaV2()


def simulator(max_circuits: int | None = None):
    """A noiseless backend, with a limit on circuits per job if asked for."""
    from qiskit_aer import AerSimulator

    if max_circuits is None:
        return AerSimulator()
    limit = property(lambda self: max_circuits)
    return type("Limited", (AerSimulator,), {"max_circuits": limit})()


def remote(wires=2, backend=None, **options):
    options.setdefault("options", SEED)
    return qml.device("qiskit.remote", wires=wires, backend=backend or simulator(), **options)


def aer(wires=2, **options):
    options.setdefault("seed_simulator", 42)
    return qml.device("qiskit.aer", wires=wires, **options)


ROADS = [pytest.param(remote, id="remote"), pytest.param(aer, id="aer")]


@pytest.fixture
def sent(monkeypatch) -> list[dict]:
    """Every job that reaches a primitive or ``AerSimulator.run`` outside of one, in order.

    A job is a dict of ``kind``, ``circuits``, ``shots`` or ``precisions``, ``mode`` and
    ``options``.
    """
    import qiskit_aer
    import qiskit_ibm_runtime as runtime

    jobs: list[dict] = []
    inside: list[bool] = []
    originals = {
        "sampler": runtime.SamplerV2.run,
        "estimator": runtime.EstimatorV2.run,
        "run": qiskit_aer.AerSimulator.run,
    }

    def primitive(kind):
        def run(self, pubs, **options):
            pubs = list(pubs)
            jobs.append(
                {
                    "kind": kind,
                    "circuits": [pub[0] for pub in pubs],
                    "last": [pub[-1] for pub in pubs],
                    "mode": self.mode,
                    "options": copy.deepcopy(self.options),
                }
            )
            inside.append(True)
            try:
                job = originals[kind](self, pubs, **options)
                job.result()  # local jobs run in a thread
                return job
            finally:
                inside.pop()

        return run

    def run(self, circuits, *args, **options):
        if not inside:
            jobs.append({"kind": "run", "circuits": circuits, "options": options})
        return originals["run"](self, circuits, *args, **options)

    monkeypatch.setattr(runtime.SamplerV2, "run", primitive("sampler"))
    monkeypatch.setattr(runtime.EstimatorV2, "run", primitive("estimator"))
    monkeypatch.setattr(qiskit_aer.AerSimulator, "run", run)
    return jobs


def kinds(jobs) -> list[str]:
    return [job["kind"] for job in jobs]


def sizes(jobs) -> list[int]:
    return [len(job["circuits"]) for job in jobs]


def rotated(angle, measurement, shots=1000, wires=(0, 1)):
    """cos²(angle/2) |00⟩ + … : the second wire copies the first."""
    operations = [qml.RY(angle, wires[0]), qml.CNOT(list(wires))]
    return qml.tape.QuantumScript(operations, [measurement], shots=shots)


def run(tapes, device):
    return qml.execute(tapes, device, diff_method=None, cache=False)


ANGLES = np.linspace(0.2, 2.9, 7)


# -- one job, and right ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "device, bias",
    [
        pytest.param(remote, 0.0, id="remote"),
        pytest.param(lambda: remote(backend=manila()), MANILA_BIAS, id="manila"),
        pytest.param(aer, 0.0, id="aer"),
        pytest.param(
            lambda: qml.device("qiskit.basicsim", wires=2, seed_simulator=3), 0.0, id="basic"
        ),
    ],
)
def test_a_batch_is_one_job_and_keeps_its_order(device, bias, sent):
    user = device()
    wrapped = pt.one_job(user)
    found = run([rotated(a, qml.probs(wires=[0, 1])) for a in ANGLES], wrapped)
    zero = np.cos(ANGLES / 2) ** 2
    expected = np.stack([zero, 0 * zero, 0 * zero, 1 - zero], axis=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=5 * 0.5 / math.sqrt(1000) + bias)
    assert wrapped.jobs == 1
    if user.name != "qiskit.basicsim":
        assert sizes(sent) == [len(ANGLES)]


def test_without_it_there_is_one_job_per_circuit(sent):
    device = remote()
    tapes = [rotated(a, qml.probs(wires=[0, 1])) for a in ANGLES[:3]]
    pt.Executor(device, one_job=False).run(tapes)
    assert sizes(sent) == [1, 1, 1]
    pt.Executor(device).run(tapes)
    assert sizes(sent) == [1, 1, 1, 3]


def test_one_call_compiles_all_circuits(monkeypatch):
    import qiskit.compiler

    calls = []
    original = qiskit.compiler.transpile

    def transpile(circuits, *args, **options):
        calls.append(options)
        return original(circuits, *args, **options)

    monkeypatch.setattr(qiskit.compiler, "transpile", transpile)
    device = remote(optimization_level=0, seed_transpiler=5, initial_layout=[1, 0])
    found = run([rotated(math.pi, qml.probs(wires=[0])) for _ in range(3)], pt.one_job(device))
    assert len(calls) == 1
    assert {"optimization_level": 0, "seed_transpiler": 5, "initial_layout": [1, 0]}.items() <= (
        calls[0].items()
    )
    np.testing.assert_array_equal(found, [[0, 1]] * 3)


MEASUREMENTS = [
    pytest.param(lambda: qml.probs(wires=[1]), id="probs"),
    pytest.param(lambda: qml.probs(wires=[2, 0]), id="probs reordered"),
    pytest.param(lambda: qml.counts(wires=[0, 1]), id="counts"),
    pytest.param(lambda: qml.counts(), id="counts of all"),
    pytest.param(lambda: qml.counts(qml.Z(1)), id="counts of an observable"),
    pytest.param(lambda: qml.sample(wires=[0, 1]), id="sample"),
    pytest.param(lambda: qml.sample(wires=1), id="sample of one"),
    pytest.param(lambda: qml.sample(qml.Z(1)), id="sample of an observable"),
    pytest.param(lambda: qml.expval(qml.Z(1)), id="expval"),
    pytest.param(lambda: qml.expval(2 * qml.Z(0) + qml.Z(1)), id="expval of a sum"),
    pytest.param(lambda: qml.expval(qml.Projector([1], wires=1)), id="expval of a projector"),
    pytest.param(lambda: qml.var(qml.Z(1)), id="var"),
]


@pytest.mark.parametrize("device", ROADS)
def test_results_look_like_those_of_the_stock_device(device):
    """The second of three wires is 1: there is nothing random, so values are the same as well."""

    def tapes():
        measurements = [p.values[0]() for p in MEASUREMENTS]
        single = [qml.tape.QuantumScript([qml.X(1)], [m], shots=8) for m in measurements]
        return [
            *single,
            qml.tape.QuantumScript([qml.X(1)], [qml.probs(wires=0), qml.counts(wires=1)], shots=8),
        ]

    with pytest.warns(UserWarning) if device is remote else _no_context():
        # the projector goes to the Sampler, says the plugin
        stock = run(tapes(), device(3))
        found = run(tapes(), pt.one_job(device(3)))
    *_, (old_probs, old_counts) = stock
    *_, (new_probs, new_counts) = found
    names = [*(p.id for p in MEASUREMENTS), "probs of two", "counts of two"]
    stock, found = [*stock[:-1], old_probs, old_counts], [*found[:-1], new_probs, new_counts]
    for name, old, new in zip(names, stock, found, strict=True):
        assert np.shape(new) == np.shape(old), name
        if isinstance(old, dict):
            assert str(new) == str(old), name
        else:
            assert np.asarray(new).dtype == np.asarray(old).dtype, name
            np.testing.assert_array_equal(new, old, err_msg=name)


def _no_context():
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize("device", ROADS)
@pytest.mark.parametrize("labels", [["a", "b", 7], [2, 0, 1]])
def test_any_wire_labels(device, labels):
    first, second, third = labels
    operations = [qml.X(second), qml.CNOT([second, third]), qml.X(second)]
    tapes = [
        qml.tape.QuantumScript(operations, [m], shots=5)
        for m in (
            qml.probs(wires=[third, first]),
            qml.expval(qml.Z(third)),
            qml.counts(),
            qml.expval(qml.Z(first) @ qml.Z(third)),
        )
    ]
    probabilities, z, counts, product = run(tapes, pt.one_job(device(labels)))
    np.testing.assert_array_equal(probabilities, [0, 0, 1, 0])
    assert (z, product) == (-1, -1)
    assert counts == {"001": 5}


@pytest.mark.parametrize("device", ROADS)
def test_a_qnode_on_the_wrapped_device(device):
    wrapped = pt.one_job(device())

    @qml.set_shots(4000)
    @qml.qnode(wrapped)
    def circuit(x):
        qml.RY(x, wires=0)
        qml.Barrier(wires=[0, 1])
        return qml.expval(qml.Z(0)), qml.probs(wires=0)

    x = qml.numpy.array(0.7, requires_grad=True)
    value, probabilities = circuit(x)
    assert abs(value - math.cos(0.7)) < 5 / math.sqrt(4000)
    assert abs(probabilities[0] - math.cos(0.35) ** 2) < 5 / math.sqrt(4000)
    before = wrapped.jobs
    slope = qml.jacobian(lambda x: circuit(x)[0])(x)
    assert abs(slope + math.sin(0.7)) < 5 / math.sqrt(4000)
    # the value and its two shifts: at most one job of each primitive for each of the two batches
    assert wrapped.jobs - before <= 4


# -- the user's device -----------------------------------------------------------------------------


@pytest.mark.parametrize("device", ROADS)
def test_it_is_the_users_device_in_everything_else(device):
    user = device(["a", "b"])
    wrapped = pt.one_job(user)
    assert isinstance(wrapped, qml.devices.Device)
    assert wrapped.user_device is user
    assert device_name(wrapped) == device_name(user)
    for name in ("name", "wires", "shots", "tracker", "backend", "compile_backend"):
        assert getattr(wrapped, name) is getattr(user, name) or (
            getattr(wrapped, name) == getattr(user, name)
        )
    assert copy.copy(wrapped).user_device is user
    with pytest.raises(AttributeError):
        wrapped.no_such_thing  # noqa: B018


@pytest.mark.parametrize("device", ROADS)
def test_the_users_device_is_not_changed(device, global_state_unchanged):
    user = device()
    inner = getattr(user, "target_device", user)
    before = {k: repr(v) for k, v in vars(inner).items()}
    for shots in (10, 20):
        tape = rotated(0.3, qml.counts(wires=[0, 1]), shots=shots)
        run([tape, rotated(0.4, qml.expval(qml.Z(0)), shots=shots)], pt.one_job(user))
    assert {k: repr(v) for k, v in vars(inner).items()} == before


def test_devices_without_such_a_road_come_back_as_they_are():
    from pennylane_qiskit import RemoteDevice

    class Own(RemoteDevice):
        def execute(self, circuits, execution_config=None):
            return super().execute(circuits, execution_config)

    for device in (
        qml.device("default.qubit"),
        qml.device("lightning.qubit", wires=1),
        qml.device("qiskit.aer", wires=1, method="statevector"),
        Own(1, backend=simulator()),
        pt.one_job(aer()),
    ):
        assert pt.one_job(device) is device


def test_the_plugins_own_object_gets_its_facade():
    from pennylane_qiskit import AerDevice

    assert isinstance(pt.one_job(AerDevice(wires=1)), OneJob)


@pytest.mark.parametrize("device", ROADS)
def test_a_tracker_on_the_users_device(device):
    user = device()
    tapes = [rotated(a, qml.probs(wires=[0]), shots=100) for a in ANGLES[:3]]
    totals = {}
    for name, where in (("stock", user), ("one job", pt.one_job(user))):
        with qml.Tracker(user) as tracker:
            results = run(tapes, where)
        totals[name] = dict(tracker.totals)
    assert totals["one job"]["jobs"] == 1
    for key in ("executions", "shots", "batches"):
        assert totals["one job"][key] == totals["stock"][key]
    assert totals["one job"]["executions"] == 3
    assert totals["one job"]["shots"] == 300
    for noted, result in zip(tracker.history["results"], results, strict=True):
        np.testing.assert_array_equal(noted, result)


# -- options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Session", "Batch"])
def test_a_session_is_the_mode_of_the_job(kind, sent):
    import qiskit_ibm_runtime

    session = getattr(qiskit_ibm_runtime, kind)(backend=simulator())
    tapes = [rotated(0.3, qml.probs(wires=[0])), rotated(0.3, qml.expval(qml.Z(0)))]
    run(tapes, pt.one_job(remote(session=session)))
    assert kinds(sent) == ["sampler", "estimator"]
    assert [job["mode"] for job in sent] == [session, session]


def test_a_session_opened_later_is_used(sent):
    from pennylane_qiskit import qiskit_session

    device = remote()
    wrapped = pt.one_job(device)
    with qiskit_session(device) as session:
        run([rotated(0.3, qml.probs(wires=[0]))], wrapped)
    run([rotated(0.3, qml.probs(wires=[0]))], wrapped)
    assert [job["mode"] for job in sent] == [session, None]


def test_options_reach_the_primitives(sent):
    device = remote(max_execution_time=77, environment={"job_tags": ["mine"]})
    run(
        [rotated(0.3, qml.probs(wires=[0])), rotated(0.3, qml.expval(qml.Z(0)))], pt.one_job(device)
    )
    for job in sent:
        assert job["options"].environment.job_tags == ["mine"]
        assert job["options"].max_execution_time == 77
    assert sent[0]["options"].simulator.seed_simulator == 42


@pytest.mark.parametrize("device", ROADS)
def test_without_shots_the_default_of_the_device_holds(device):
    with pytest.warns(UserWarning, match=r"shots=None|estimates based on samples"):
        [found] = run([rotated(0.3, qml.probs(wires=[0]), shots=None)], pt.one_job(device()))
    np.testing.assert_array_equal(found * 1024, np.rint(found * 1024))
    assert 0.9 < found[0] < 1.0


@pytest.mark.filterwarnings("ignore:The resilience_level option has no effect:UserWarning")
def test_options_of_the_estimator_do_not_reach_the_sampler(sent):
    wrapped = pt.one_job(remote(resilience_level=1))
    with pytest.warns(pt.TrainabilityWarning, match="resilience_level.*EstimatorV2.*SamplerV2"):
        run([rotated(0.3, qml.probs(wires=[0]))], wrapped)
    run([rotated(0.3, qml.expval(qml.Z(0)))], wrapped)  # no warning: the Estimator takes it
    assert kinds(sent) == ["sampler", "estimator"]
    assert sent[1]["options"].resilience_level == 1


def test_unknown_options_are_named(sent):
    wrapped = pt.one_job(remote(no_such_option=3))
    with pytest.raises(pt.ReadingError, match=r"no_such_option.*Remove them"):
        run([rotated(0.3, qml.probs(wires=[0]))], wrapped)
    assert sent == []


def test_the_compile_backend_is_the_one_compiled_for(sent):
    run([rotated(0.3, qml.probs(wires=[0]))], pt.one_job(remote(compile_backend=manila())))
    names = {instruction.operation.name for instruction in sent[0]["circuits"][0].data}
    assert names <= set(manila().operation_names)
    assert sent[0]["circuits"][0].num_qubits == manila().num_qubits


def test_the_noise_model_counts():
    from qiskit_aer.noise import NoiseModel, ReadoutError

    flipped = NoiseModel()
    flipped.add_all_qubit_readout_error(ReadoutError([[0, 1], [1, 0]]))
    [counts] = run(
        [qml.tape.QuantumScript([qml.X(0)], [qml.counts(wires=[0, 1])], shots=9)],
        pt.one_job(aer(noise_model=flipped)),
    )
    assert counts == {"01": 9}


# -- seeds -----------------------------------------------------------------------------------------


def fair(count: int):
    return [rotated(math.pi / 2, qml.sample(wires=0), shots=60) for _ in range(count)]


@pytest.mark.parametrize("device", ROADS)
def test_a_seed_gives_the_same_again_and_independent_circuits(device):
    for size in (None, 1):
        one, two, again = (
            [r.ravel().tolist() for r in run(fair(2), pt.one_job(device(), size))] for _ in range(3)
        )
        assert one == two == again
        assert one[0] != one[1], "two circuits of one answer do not share their noise"


@pytest.mark.parametrize("device", ROADS)
def test_chunks_of_an_executor_do_not_share_their_noise(device):
    found = [pt.Executor(device(), chunk=1).run(fair(3)) for _ in range(2)]
    first, again = ([tuple(r.ravel().tolist()) for r in results] for results in found)
    assert first == again
    assert len(set(first)) == 3


# -- limits, shots, failures -----------------------------------------------------------------------


def test_the_limit_of_a_backend(sent):
    wrapped = pt.one_job(remote(backend=simulator(max_circuits=3)))
    assert wrapped.circuits_per_job == 3
    found = run([rotated(a, qml.probs(wires=[0])) for a in ANGLES], wrapped)
    assert sizes(sent) == [3, 3, 1]
    assert wrapped.jobs == 3
    np.testing.assert_allclose(
        np.array(found)[:, 0], np.cos(ANGLES / 2) ** 2, atol=2.5 / math.sqrt(1000)
    )


@pytest.mark.parametrize("device", ROADS)
def test_a_limit_of_the_user(device, sent):
    wrapped = pt.one_job(pt.one_job(device()), circuits_per_job=4)
    run([rotated(a, qml.probs(wires=[0])) for a in ANGLES], wrapped)
    assert sizes(sent) == [4, 3]


def test_shots_of_their_own_in_one_job(sent):
    tapes = [rotated(0.8, qml.counts(wires=[0, 1]), shots=s) for s in (100, 30, 100, 7)]
    wrapped = pt.one_job(remote())
    assert [sum(c.values()) for c in run(tapes, wrapped)] == [100, 30, 100, 7]
    assert [job["last"] for job in sent] == [[100, 30, 100, 7]]


def test_aer_runs_once_per_number_of_shots(sent):
    tapes = [rotated(0.8, qml.counts(wires=[0, 1]), shots=s) for s in (100, 30, 100, 7)]
    wrapped = pt.one_job(aer())
    assert [sum(c.values()) for c in run(tapes, wrapped)] == [100, 30, 100, 7]
    assert sizes(sent) == [2, 1, 1]
    assert wrapped.jobs == 3


@pytest.mark.parametrize("device", ROADS)
def test_shot_vectors_are_refused_before_anything_runs(device, sent):
    with pytest.raises(pt.ReadingError, match=r"qml\.set_shots"):
        run([rotated(0.8, qml.probs(wires=[0]), shots=(100, 100))], pt.one_job(device()))
    assert sent == []


class Lost(Exception):
    """What the failing service raises."""


def test_what_earlier_jobs_gave_is_kept(monkeypatch):
    import qiskit_ibm_runtime

    original, calls = qiskit_ibm_runtime.SamplerV2.run, []

    def failing(self, pubs, **options):
        calls.append(1)
        if len(calls) == 3:
            raise Lost("the line was cut")
        return original(self, pubs, **options)

    monkeypatch.setattr(qiskit_ibm_runtime.SamplerV2, "run", failing)
    device = remote(backend=simulator(max_circuits=3))
    tapes = [rotated(a, qml.probs(wires=[0]), shots=2000) for a in ANGLES]
    with (
        qml.Tracker(device) as tracker,
        pytest.raises(pt.DeviceFailure, match=r"after 6 of 7.*line was cut") as failure,
    ):
        pt.Executor(device).run(tapes)
    assert isinstance(failure.value.__cause__, Lost)
    kept = np.array(failure.value.completed)[:, 0]
    np.testing.assert_allclose(kept, np.cos(ANGLES[:6] / 2) ** 2, atol=2.5 / math.sqrt(2000))
    assert tracker.totals["jobs"] == 2


# -- the Estimator ---------------------------------------------------------------------------------


def test_pauli_expectations_are_one_estimator_job(sent):
    """The plugin's routing is kept: Pauli observables to the Estimator, outcomes to the Sampler."""
    shots = 2500
    tapes = []
    for angle in ANGLES:
        operations = [qml.RY(angle, 0), qml.CNOT([0, 1])]
        ends = [
            [qml.expval(qml.Z(1)), qml.var(qml.Z(0))],
            [qml.probs(wires=[0])],
            [qml.expval(qml.X(0) @ qml.X(1))],
        ]
        tapes += [qml.tape.QuantumScript(operations, end, shots=shots) for end in ends]
    wrapped = pt.one_job(remote())
    found = run(tapes, wrapped)
    assert kinds(sent) == ["sampler", "estimator"]
    assert sizes(sent) == [len(ANGLES), 2 * len(ANGLES)]
    assert sent[1]["last"] == [1 / math.sqrt(shots)] * (2 * len(ANGLES))
    assert wrapped.jobs == 2
    near = {"rtol": 0, "atol": 5 / math.sqrt(shots)}
    both = np.array(found[0::3], float)
    np.testing.assert_allclose(both[:, 0], np.cos(ANGLES), **near)
    np.testing.assert_allclose(both[:, 1], np.sin(ANGLES) ** 2, rtol=0, atol=10 / math.sqrt(shots))
    np.testing.assert_allclose(np.array(found[1::3])[:, 0], np.cos(ANGLES / 2) ** 2, **near)
    np.testing.assert_allclose(np.array(found[2::3], float), np.sin(ANGLES), **near)


def test_precisions_of_their_own_in_one_job(sent):
    tapes = [rotated(0.4, qml.expval(qml.Z(0)), shots=s) for s in (100, 400)]
    run(tapes, pt.one_job(remote()))
    assert sent[0]["last"] == [0.1, 0.05]


# -- whole answers ---------------------------------------------------------------------------------

WEIGHTS = np.array([0.7, 1.1])


def on(device, shots=2000):
    return qml.set_shots(qml.QNode(one_wire, device), shots=shots)


ANSWERS = [
    pytest.param(lambda q: pt.coefficient_jacobian(q, "x"), id="coefficient_jacobian"),
    pytest.param(lambda q: pt.measure_jacobian(q, "x"), id="measure_jacobian"),
    pytest.param(lambda q: pt.data_jacobian(q, [0.1, 0.2], "x"), id="data_jacobian"),
    pytest.param(lambda q: pt.fourier_rows(q, "x"), id="fourier_rows"),
    pytest.param(lambda q: pt.analyze(q, "x"), id="analyze"),
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("device", ROADS)
def test_every_measured_answer_is_one_job(answer, device, sent):
    user = device(1)
    with qml.Tracker(user) as tracker:
        answer(on(user))(0.0, WEIGHTS)
    assert len(sent) == tracker.totals["jobs"] == 1
    assert sizes(sent) == [tracker.totals["executions"]]


def test_a_jacobian_in_one_job_is_the_jacobian():
    found = pt.coefficient_jacobian(on(remote(1), 4000), "x")(0.0, WEIGHTS)
    error = 5 * shot_error(3, 4000)
    np.testing.assert_allclose(found, one_wire_jacobian(WEIGHTS), rtol=0, atol=error)


def test_the_transform_keeps_its_device_when_updated(sent):
    jacobian = pt.coefficient_jacobian(on(remote(1)), "x")
    jacobian.update(diff_method=None)(0.0, WEIGHTS)
    assert sizes(sent) == [12]
    sent.clear()
    jacobian.update(device=pt.one_job(aer(1)))(0.0, WEIGHTS)
    assert (kinds(sent), sizes(sent)) == (["run"], [12])
    exact = jacobian.update(device=qml.device("default.qubit"))
    exact = qml.set_shots(exact, shots=None)(0.0, WEIGHTS)
    np.testing.assert_allclose(exact, one_wire_jacobian(WEIGHTS), atol=1e-10)


def test_the_users_qnode_keeps_its_device():
    device = remote(1)
    qnode = on(device)
    pt.coefficient_jacobian(qnode, "x")(0.0, WEIGHTS)
    assert qnode.device is device
