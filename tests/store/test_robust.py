"""Retries, permanent failures, results that cannot be true, time-outs, progress."""

from __future__ import annotations

import io
import threading

import numpy as np
import pennylane as qml
import pytest
from keyed_device import Cut, KeyedDevice, bits, jacobian

import pennylane_trainability as pt
from pennylane_trainability.execution import is_transient
from pennylane_trainability.execution.checks import check_results
from pennylane_trainability.execution.progress import ProgressLine


class Busy(Exception):
    """An answer of a server, as the client of IBM raises it."""

    def __init__(self, status_code):
        super().__init__(f"status {status_code}")
        self.status_code = status_code


class Flaky(KeyedDevice):
    """Raises what it is given, one after the other, and then works."""

    def __init__(self, errors):
        super().__init__(1)
        self.errors, self.calls = list(errors), 0

    def execute(self, circuits, execution_config=None):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return super().execute(circuits, execution_config)


def robust(**options):
    waited: list = []
    return pt.RobustExecutor(wait=waited.append, progress=False, **options), waited


def test_failures_of_the_line_are_repeated_with_longer_and_longer_waits(caplog):
    errors = [TimeoutError("slow"), ConnectionResetError("cut"), Busy(503), Busy(429)]
    device = Flaky(errors)
    executor, waited = robust(backoff=1.0, longest=5.0, chunk=6)
    found = jacobian(device, executor)
    assert waited == [1.0, 2.0, 4.0, 5.0]
    assert device.calls == 7 and device.handled == 18
    assert bits(found) == bits(jacobian(KeyedDevice(1), pt.Executor()))
    assert "Attempt 1 failed (TimeoutError: slow); next one in 1 s." in caplog.text


@pytest.mark.parametrize("error", [Cut("no such gate"), Busy(400), Busy(401), ValueError("x")])
def test_permanent_failures_stop_at_once(error):
    device = Flaky([error])
    executor, waited = robust()
    with pytest.raises(pt.DeviceFailure, match="Waiting does not help") as why:
        jacobian(device, executor)
    assert why.value.__cause__ is error and device.calls == 1 and waited == []


def test_a_failure_that_stays_ends():
    device = Flaky([TimeoutError("slow")] * 10)
    executor, waited = robust(retries=2)
    with pytest.raises(pt.DeviceFailure, match="failed 3 times in a row, at last with TimeoutErr"):
        jacobian(device, executor)
    assert device.calls == 3 and len(waited) == 2


def test_what_is_transient_can_be_chosen():
    device = Flaky([Cut("again, please")])
    executor, waited = robust(transient=lambda error: isinstance(error, Cut))
    jacobian(device, executor)
    assert device.calls == 2 and len(waited) == 1


def test_what_is_transient():
    wrapped = RuntimeError("job failed")
    wrapped.__cause__ = ConnectionError("cut")
    for error in (wrapped, TimeoutError(), BrokenPipeError(), Busy(500), Busy(408)):
        assert is_transient(error)
    for error in (RuntimeError(), Busy(403), KeyError(), OSError("disk"), Busy(-1)):
        assert not is_transient(error)
    named = type("ReadTimeout", (Exception,), {})
    assert is_transient(named())


def test_errors_of_the_package_are_left_alone():
    executor, waited = robust()
    with pytest.raises(pt.ReadingError, match="mine"):
        jacobian(Flaky([pt.ReadingError("mine")]), executor)
    assert waited == []


@pytest.mark.parametrize(
    ("fault", "match"), [("nan", "not finite"), ("shape", "3 entries where 2 belong")]
)
def test_results_that_cannot_be_true_are_refused(fault, match):
    executor, _ = robust(chunk=6)
    with pytest.raises(pt.DeviceFailure, match=match) as why:
        jacobian(KeyedDevice(1, fault=fault, at=9), executor)
    assert len(why.value.completed) == 6 and why.value.total == 18


def tape_of(*measurements, shots=10, angle=0.1):
    return qml.tape.QuantumScript([qml.RX(angle, 0)], list(measurements), shots=shots)


TWO, BATCH = [qml.probs(wires=[0, 1])], np.array([0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("tape", "good", "bad"),
    [
        (tape_of(*TWO), np.full(4, 0.25), np.full(2, 0.5)),
        (tape_of(*TWO, angle=BATCH), np.full((3, 4), 0.25), np.full(4, 0.25)),
        (tape_of(*TWO, shots=(5, 5)), (np.full(4, 0.25),) * 2, (np.full(4, 0.25),)),
        (tape_of(qml.counts(wires=0)), {"0": 4, "1": 6}, {"0": 4, "1": 5}),
        (tape_of(qml.counts(wires=0)), {"0": 10}, np.full(2, 0.5)),
        (tape_of(qml.expval(qml.Z(0)), qml.expval(qml.X(1))), (0.1, 0.2), (0.1, np.inf)),
        (tape_of(qml.expval(qml.Z(0)), qml.expval(qml.X(1))), (0.1, 0.2), (0.1,)),
        (tape_of(qml.expval(qml.Z(0)), angle=BATCH), np.zeros(3), np.zeros(2)),
        (tape_of(qml.expval(qml.Z(0))), np.float64(1), "broken"),
        (tape_of(qml.sample(wires=0)), np.ones((10, 1)), np.full((10, 1), np.nan)),
    ],
)
def test_checks(tape, good, bad):
    check_results([tape], [good])
    with pytest.raises(pt.DeviceFailure, match="Circuit 2 of 2: the result"):
        check_results([tape, tape], [good, bad])
    with pytest.raises(pt.DeviceFailure, match="1 results for 2 circuits"):
        check_results([tape, tape], [good])


def test_true_results_of_simulators_pass():
    tapes = [
        tape_of(qml.probs(wires=[0, 1]), qml.counts(wires=0), qml.sample(wires=0)),
        tape_of(qml.counts(qml.Z(0)), qml.expval(qml.Z(0)), shots=(10, 20), angle=BATCH[:1]),
        tape_of(qml.var(qml.Z(0)), shots=None),
        tape_of(qml.state(), shots=None),
        tape_of(qml.probs(wires=0), angle=BATCH, shots=(4, 4)),
        tape_of(qml.sample(qml.Z(0)), shots=1),
    ]
    check_results(tapes, pt.Executor(qml.device("default.qubit", wires=2)).run(tapes))


def test_a_device_that_does_not_answer_is_left():
    free = threading.Event()

    class Hanging(KeyedDevice):
        def execute(self, circuits, execution_config=None):
            free.wait(20)
            return super().execute(circuits, execution_config)

    executor, waited = robust(timeout=0.1)
    try:
        with pytest.raises(pt.DeviceFailure, match=r"not answered for 0\.1 s.*be charged"):
            jacobian(Hanging(1), executor)
    finally:
        free.set()
    assert waited == []
    slow, _ = robust(timeout=60)
    assert bits(jacobian(KeyedDevice(1), slow)) == bits(jacobian(KeyedDevice(1), pt.Executor()))
    with pytest.raises(pt.DeviceFailure, match="Waiting does not help"):
        jacobian(Flaky([Cut()]), slow)


@pytest.mark.parametrize("options", [{"retries": -1}, {"timeout": 0}, {"backoff": -1.0}])
def test_options_are_checked(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        pt.RobustExecutor(**options)


# -- progress --------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_line_says_how_far_it_is():
    stream = Terminal()
    line = ProgressLine(stream)
    for done in (40, 60, 100):  # the first 40 come from a store
        line(done, 100)
        line._bar and line._bar.refresh()
    texts = stream.getvalue().split("\r")
    shown = [text.split("|")[-1].split()[0] for text in texts if "|" in text]
    assert shown[0] == "40/100" and shown[-1] == "100/100" and "60/100" in shown
    assert "circuits/s" in texts[-1]


def test_another_run_begins_another_line():
    stream = Terminal()
    line = ProgressLine(stream)
    for done, total in ((5, 9), (9, 9), (2, 9), (4, 20), (20, 20)):
        line(done, total)
    text = stream.getvalue()
    assert text.count("9/9") >= 1 and "20/20" in text and text.count("\n") == 3


def test_nothing_is_written_where_nobody_looks(capfd):
    jacobian(KeyedDevice(1), pt.RobustExecutor(chunk=5))
    assert capfd.readouterr() == ("", "")


def test_the_switch():
    assert isinstance(pt.RobustExecutor().progress, ProgressLine)
    assert pt.RobustExecutor(progress=False).progress is None
    assert pt.RobustExecutor(progress=False).with_budget(5, None).progress is None
    seen: list = []
    own = pt.RobustExecutor(progress=lambda *now: seen.append(now), chunk=9)
    jacobian(KeyedDevice(1), own.with_budget(100, None))
    assert seen == [(9, 18), (18, 18)]
