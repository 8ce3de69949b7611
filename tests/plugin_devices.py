"""Devices that tests measure on: PennyLane's simulators, and Qiskit's through the plugin."""

from __future__ import annotations

from functools import partial

import pennylane as qml
import pytest


def aer(wires: int, seed: int = 11, **options):
    """Qiskit's simulator."""
    return qml.device("qiskit.aer", wires=wires, seed_simulator=seed, **options)


def fake_ibm(wires: int, seed: int = 7, *, backend=None, **options):
    """A machine of IBM as it was once calibrated, simulated with its noise."""
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    backend = FakeManilaV2() if backend is None else backend
    options = {"options": {"simulator": {"seed_simulator": seed}}, **options}
    return qml.device("qiskit.remote", wires=wires, backend=backend, **options)


def ideal_ibm(wires: int, seed: int = 7, **options):
    """The road to IBM's machines with a simulator without noise at its end."""
    from qiskit_aer import AerSimulator

    return fake_ibm(wires, seed, backend=AerSimulator(), **options)


def simulator(name: str):
    """A device of PennyLane with a seed of its own, to be made with a number of wires."""
    return partial(_seeded, name)


def _seeded(name: str, wires: int):
    return qml.device(name, wires=wires, seed=5)


qiskit = pytest.mark.qiskit
#: What makes each device from a number of wires, without noise.
SIMULATORS = [
    pytest.param(simulator(name), id=name)
    for name in ("default.qubit", "lightning.qubit", "default.mixed")
]
DEVICES = [
    *SIMULATORS,
    pytest.param(aer, id="qiskit.aer", marks=qiskit),
    pytest.param(ideal_ibm, id="qiskit.remote", marks=qiskit),
]
