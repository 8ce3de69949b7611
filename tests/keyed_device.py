"""A device whose samples are a function of (seed, circuit, replicate), and that fails on demand."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import Counter

import numpy as np
import pennylane as qml

import pennylane_trainability as pt
from pennylane_trainability.keys import circuit_key

FAULTS = ("raise", "nan", "shape", "fewer", "interrupt")


class Cut(Exception):
    """What the device raises."""


class KeyedDevice(qml.devices.Device):
    """The k-th measurement of a circuit gives the same samples whenever it is made.

    Args:
        seed: of all samples.
        known: ``(circuit, replicate)`` that are measured already.
        fault: what happens, one of ``FAULTS`` or ``"kill"``.
        at: at which circuit, counted from 1.
    """

    name = "test.keyed"

    def __init__(self, seed=0, known=(), fault=None, at=0):
        super().__init__()
        self.seed, self.fault, self.at = seed, fault, at
        self.known = {tuple(key) for key in known}
        #: Circuits whose results were given back whole and sound.
        self.given: Counter = Counter()
        self.handled = 0

    def preprocess_transforms(self, execution_config=None):
        return qml.CompilePipeline()

    def execute(self, circuits, execution_config=None):
        results, sound, fewer = [], [], False
        for tape in circuits:
            self.handled += 1
            key = circuit_key(tape)
            replicate = next(k for k in range(10**6) if (key, k) not in self.known)
            result = self._sample(tape, key, replicate)
            if self.handled == self.at:
                if self.fault == "raise":
                    raise Cut("the line was cut")
                if self.fault == "interrupt":
                    raise KeyboardInterrupt
                if self.fault == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                fewer = self.fault == "fewer"
                if self.fault in ("nan", "shape"):
                    self.known.add((key, replicate))
                    results.append(self._spoilt(result))
                    continue
            self.known.add((key, replicate))
            sound.append(key)
            results.append(result)
        if fewer:
            return tuple(results[:-1])
        self.given.update(sound)
        return tuple(results)

    def _sample(self, tape, key, replicate):
        text = f"{self.seed} {key} {replicate}".encode()
        seed = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
        device = qml.device("default.qubit", seed=seed)
        return qml.execute([tape], device, diff_method=None, cache=False)[0]

    def _spoilt(self, result):
        if isinstance(result, dict):
            return {}
        if isinstance(result, tuple):
            return tuple(self._spoilt(part) for part in result)
        if self.fault == "nan":
            return np.full(np.shape(result), np.nan)
        return np.zeros(np.size(result) + 1)


def stored(store, run="run"):
    """``(circuit, replicate)`` of everything a store has of a run."""
    return [(record.circuit, record.replicate) for record in store.records(run)]


def model(x, w):
    qml.RY(w[0], wires=0)
    qml.IsingXX(w[1], wires=[0, 1])
    qml.RX(x, wires=0)
    qml.RY(w[2], wires=0)
    qml.CNOT([0, 1])
    return qml.expval(qml.Z(1))


def without_input(w):
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=1)
    qml.IsingZZ(w[2], wires=[0, 1])
    qml.RX(w[0], wires=1)
    return qml.expval(qml.Z(0))


WEIGHTS = np.array([0.4, 1.3, 2.2])


def _on(function, device, shots=200):
    return qml.set_shots(qml.QNode(function, device), shots=shots)


def jacobian(device, executor):
    found = pt.measure_jacobian(_on(model, device), "x", seed=1, executor=executor)(0.0, WEIGHTS)
    return found.value, found.stderr


def repeated_jacobian(device, executor):
    """Two measurements of the same thing with one executor."""
    measure = pt.measure_jacobian(_on(model, device), "x", seed=1, executor=executor)
    one, two = measure(0.0, WEIGHTS), measure(0.0, WEIGHTS)
    return one.value, two.value


def qfim(device, executor):
    options = dict(method="overlap", seed=1, executor=executor)
    found = pt.measure_qfim(_on(without_input, device), **options)(WEIGHTS)
    return found.value, found.stderr


def adaptive_qfim(device, executor):
    """A pilot run decides what is measured after it."""
    options = dict(method="overlap", allocation="adaptive", seed=1, executor=executor)
    found = pt.measure_qfim(_on(without_input, device), **options)(WEIGHTS)
    return found.value, found.stderr


def gradient(device, executor):
    """Two points, one after the other."""
    measure = pt.measure_gradient(_on(without_input, device), method="shift", executor=executor)
    found, again = measure(WEIGHTS), measure(2 * WEIGHTS)
    return found.value, found.stderr, again.value


def variances(device, executor):
    """Draws, with every circuit measured twice."""
    measure = pt.gradient_variances(
        _on(without_input, device, [(50, 2)]), n_draws=6, seed=3, engine="measured",
        executor=executor,
    )  # fmt: skip
    found = measure(WEIGHTS)
    return (found.samples,)


QUESTIONS = {
    f.__name__: f for f in (jacobian, repeated_jacobian, qfim, adaptive_qfim, gradient, variances)
}


def bits(answer) -> bytes:
    """An answer to the last bit."""
    return b"".join(np.asarray(part, float).tobytes() for part in answer)
