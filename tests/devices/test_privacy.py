"""Credentials of a device are in no message."""

from __future__ import annotations

import logging

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.devices import without_credentials

SECRET = "TOKEN-4711-DO-NOT-SAY"


class Account:
    def __init__(self):
        self.token, self.name = SECRET, "somebody"


class Service:
    def __init__(self):
        self._account = Account()

    @property
    def network(self):
        raise AssertionError("nobody is asked")


class Backend:
    def __init__(self):
        self.service = Service()


class Failing(qml.devices.DefaultQubit):
    """Works for a while, then fails with a message that says too much."""

    def __init__(self, good: int, error: type[Exception] = RuntimeError):
        super().__init__(seed=1)
        self.good, self.error, self._backend = good, error, Backend()

    @property
    def name(self):
        return "failing"

    def execute(self, circuits, execution_config=None):
        self.good -= 1
        if self.good < 0:
            raise self.error(f"{SECRET} was refused")
        return super().execute(circuits, execution_config)


def ask(device, executor):
    @qml.set_shots(50)
    @qml.qnode(device)
    def circuit(w):
        qml.RX(w[0], 0)
        qml.RY(w[1], 0)
        return qml.expval(qml.Z(0))

    return pt.measure_gradient(circuit, method="shift", executor=executor)(np.array([0.1, 0.2]))


@pytest.mark.parametrize("owner", [Account, Service, Backend])
def test_wherever_it_is_kept(owner):
    assert without_credentials(f"no {SECRET} here", owner()) == "no … here"


def test_in_options_and_classes():
    class Device:
        api_key = SECRET

    assert SECRET not in without_credentials(SECRET, Device())
    assert SECRET not in without_credentials(SECRET, {"options": 1, "service": {"token": SECRET}})


def test_what_refers_to_itself_has_an_end():
    service = Service()
    service.backend = service
    assert without_credentials(f"no {SECRET} here", service) == "no … here"


def test_words_stay():
    device = type("Device", (), {})()
    device.key, device.name = "short", "failing backend"
    assert without_credentials("a short key of failing backend", device, None) == (
        "a short key of failing backend"
    )


def test_a_failure_between_chunks():
    with pytest.raises(pt.DeviceFailure, match="… was refused") as caught:
        ask(Failing(1), pt.Executor(chunk=1))
    assert SECRET not in str(caught.value) and len(caught.value.completed) == 1


@pytest.mark.parametrize("error", [RuntimeError, ConnectionError])
def test_retries_and_their_log(error, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(pt.DeviceFailure) as caught:
        ask(Failing(0, error), pt.RobustExecutor(retries=1, wait=lambda seconds: None))
    assert SECRET not in str(caught.value) + caplog.text and "refused" in str(caught.value)
