"""Gradients on Qiskit devices: circuits, jobs, time and error, from one fresh process per row.

Two circuits on 4 wires: the stabilizer-logical product ansatz with 6 blocks (24 parameters), and 3
layers of an Ising chain (21 parameters), which needs a fifth of the two-qubit gates. They run on
``qiskit.aer`` and on ``qiskit.remote`` with a fake IBM backend of 5 qubits, which has the noise of
the device it is named after. Jobs are counted where they leave the process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings

import numpy as np
from ansaetze import WORDS

TOTAL = 24_000
LOGICALS = WORDS[6:]
DEVICES = {"aer": "qiskit.aer", "fake": "qiskit.remote on FakeManilaV2"}
CIRCUITS = {"slpa": ("SLPA", (6, 4)), "ising": ("Ising chain", (3, 7))}
ROWS = (("aer", "slpa"), ("fake", "slpa"), ("fake", "ising"))
METHODS = ("param_shift", "shift", "commuting", "dla")


def device_of(name: str):
    """Five wires, so that there is one to spare."""
    import pennylane as qml

    if name == "aer":
        return qml.device("qiskit.aer", wires=5)
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return qml.device("qiskit.remote", wires=5, backend=FakeManilaV2())


def count_jobs(name: str) -> list[int]:
    """A list that gets the number of circuits of every job."""
    if name == "aer":
        from qiskit_aer import AerSimulator

        targets = [AerSimulator]
    else:
        from qiskit_ibm_runtime import EstimatorV2, SamplerV2

        targets = [EstimatorV2, SamplerV2]
    jobs: list[int] = []
    for target in targets:
        target.run = counted(target.run, jobs)
    return jobs


def counted(original, jobs: list[int]):
    def run(self, circuits, *args, **options):
        circuits = list(circuits)
        jobs.append(len(circuits))
        return original(self, circuits, *args, **options)

    return run


def qnode_on(device, circuit: str, shots: int | None):
    """A circuit with shots on a device."""
    import pennylane as qml

    import pennylane_trainability as pt

    def slpa(weights):
        pt.StabilizerLogicalProduct(weights, ["XXXX", "ZZZZ"], LOGICALS, wires=range(4))
        return qml.expval(qml.X(0) @ qml.X(1))

    def ising(weights):
        qml.AngleEmbedding([0.5, 0.8, 1.1, 1.4], wires=range(4), rotation="Y")
        for layer in weights:
            for w in range(3):
                qml.IsingXX(layer[w], wires=[w, w + 1])
            for w in range(4):
                qml.RZ(layer[3 + w], wires=w)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    function = {"slpa": slpa, "ising": ising}[circuit]
    return qml.set_shots(qml.QNode(function, device), shots=shots)


def measured(name: str, circuit: str, method: str) -> dict:
    """One gradient: how it was measured, and how far off it is.

    ``error`` and ``stderr`` are root mean squares over the derivatives; ``size`` is the factor of
    the exact gradient in the measured one (least squares), which noise makes smaller than 1.
    """
    import pennylane as qml

    import pennylane_trainability as pt

    warnings.simplefilter("ignore")
    weights = np.random.default_rng(1).uniform(0, 2 * np.pi, CIRCUITS[circuit][1])
    weights = qml.numpy.array(weights, requires_grad=True)
    exact = qml.jacobian(qnode_on(qml.device("default.qubit"), circuit, None))(weights)
    device, jobs = device_of(name), count_jobs(name)

    def call(shots: int):
        qnode = qnode_on(device, circuit, shots)
        if method == "param_shift":
            return qml.gradients.param_shift(qnode)
        return pt.measure_gradient(qnode, method=method)

    if method == "param_shift":
        tape = qml.workflow.construct_tape(qnode_on(device, circuit, 1000))(weights)
        circuits = len(qml.gradients.param_shift(tape)[0])
    else:
        circuits = call(1000).cost(weights).circuits
    run = call(TOTAL // circuits)
    start, busy = time.perf_counter(), time.process_time()
    value = run(weights)
    found = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - busy}
    if method != "param_shift":
        found["stderr"] = float(np.sqrt(np.mean(value.stderr**2)))
        value = value.value
    value, exact = np.reshape(value, -1), exact.reshape(-1)
    error, size = value - exact, float(value @ exact / np.sum(exact**2))
    found |= {"circuits": sum(jobs), "jobs": len(jobs), "size": size}
    return found | {"error": float(np.sqrt(np.mean(error**2)))}


def devices(script: str, quick: bool) -> None:
    """Print a table per device and circuit."""
    for name, circuit in ROWS[: 1 if quick else None]:
        words, shape = CIRCUITS[circuit]
        size = int(np.prod(shape))
        print(f"\n{DEVICES[name]}: {words}, {size} parameters, {TOTAL:,} shots in all")
        print(
            f"{'':28s}{'circuits':>9s}{'jobs':>6s}{'seconds':>9s}{'CPU':>8s}{'error':>8s}"
            f"{'stated':>8s}{'size':>7s}"
        )
        for method in METHODS:
            command = [sys.executable, script, "--device", name, circuit, method]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            row = json.loads(done.stdout.splitlines()[-1])
            label = "qml.gradients.param_shift" if method == "param_shift" else method
            stated = f"{row['stderr']:8.4f}" if "stderr" in row else f"{'none':>8s}"
            print(
                f"{label:28s}{row['circuits']:9d}{row['jobs']:6d}{row['seconds']:8.1f}s"
                f"{row['cpu']:7.1f}s{row['error']:8.4f}{stated}{row['size']:7.2f}",
                flush=True,
            )
