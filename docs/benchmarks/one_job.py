"""One job for all circuits: the stock devices of pennylane-qiskit beside the same devices wrapped.

``python docs/benchmarks/one_job.py`` sends the 66 compute–uncompute circuits from which the quantum
Fisher information of a circuit with 6 parameters on 2 wires follows (fidelities at shifts π and
±π/2), each method in a fresh process. "First" is the first call after imports, "again" the best of
the following ones, "CPU" the processor time of the cheapest call, which other programs on the
machine disturb less. Jobs are counted where they leave the process: ``SamplerV2.run`` and
``AerSimulator.run``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import time
import warnings

import numpy as np

SHOTS = 1000
METHODS = {
    "fake-stock": ("qiskit.remote on FakeManilaV2", False),
    "fake-one-job": ("qiskit.remote on FakeManilaV2", True),
    "aer-stock": ("qiskit.aer", False),
    "aer-one-job": ("qiskit.aer", True),
}


def circuit(angles) -> list:
    """Six rotations and two CNOTs on two wires."""
    import pennylane as qml

    with qml.QueuingManager.stop_recording():
        return [
            qml.RY(angles[0], 0),
            qml.RY(angles[1], 1),
            qml.CNOT([0, 1]),
            qml.RZ(angles[2], 0),
            qml.RX(angles[3], 1),
            qml.CNOT([1, 0]),
            qml.RY(angles[4], 0),
            qml.RZ(angles[5], 1),
        ]


def fidelity_tapes(angles: np.ndarray) -> list:
    """|⟨ψ(θ)|ψ(θ + s)⟩|² as the probability of no excitation: P + 2 P (P − 1) circuits."""
    import pennylane as qml

    units = np.pi * np.eye(len(angles))
    shifts = list(units)
    for i, j in itertools.combinations(range(len(angles)), 2):
        shifts += [(a * units[i] + b * units[j]) / 2 for a in (1, -1) for b in (1, -1)]
    tapes = []
    for shift in shifts:
        back = [qml.adjoint(op, lazy=False) for op in reversed(circuit(angles + shift))]
        operations = [*circuit(angles), *back]
        tapes.append(qml.tape.QuantumScript(operations, [qml.probs(wires=[0, 1])], shots=SHOTS))
    return tapes


def device_of(method: str):
    """The device of a method."""
    import pennylane as qml

    import pennylane_trainability as pt

    if method.startswith("aer"):
        device = qml.device("qiskit.aer", wires=2)
    else:
        from qiskit_ibm_runtime.fake_provider import FakeManilaV2

        device = qml.device("qiskit.remote", wires=2, backend=FakeManilaV2())
    return pt.one_job(device) if METHODS[method][1] else device


def count_jobs(method: str) -> list[int]:
    """A list that gets the number of circuits of every job."""
    if method.startswith("aer"):
        from qiskit_aer import AerSimulator as Target
    else:
        from qiskit_ibm_runtime import SamplerV2 as Target
    jobs: list[int] = []
    original = Target.run

    def run(self, circuits, *args, **options):
        circuits = list(circuits)
        jobs.append(len(circuits))
        return original(self, circuits, *args, **options)

    Target.run = run
    return jobs


def measure(method: str, repeats: int) -> dict:
    """Seconds, jobs and the largest deviation of a probability from the exact one."""
    import pennylane as qml

    warnings.simplefilter("ignore")
    device, jobs = device_of(method), count_jobs(method)
    tapes = fidelity_tapes(np.random.default_rng(1).uniform(0, 2 * np.pi, 6))
    seconds, processor = [], []
    for _ in range(repeats):
        jobs.clear()
        start, busy = time.perf_counter(), time.process_time()
        found = qml.execute(tapes, device, diff_method=None, cache=False)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    analytic = [tape.copy(shots=None) for tape in tapes]
    exact = qml.execute(analytic, qml.device("default.qubit"), diff_method=None, cache=False)
    return {
        "circuits": sum(jobs),
        "jobs": len(jobs),
        "first": seconds[0],
        "again": min(seconds[1:]),
        "cpu": min(processor),
        "deviation": float(np.abs(np.array(found) - np.array(exact)).max()),
    }


def in_fresh_process(method: str, repeats: int) -> dict:
    """The measurement of one method, from a process of its own."""
    command = [sys.executable, __file__, "--method", method, "--repeats", str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", choices=METHODS)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if options.method:
        print(json.dumps(measure(options.method, options.repeats)))
        return
    print(f"{'':44}circuits  jobs   first   again     CPU  largest deviation")
    for method, (name, wrapped) in METHODS.items():
        found = in_fresh_process(method, options.repeats)
        label = f"{name}, {'one job' if wrapped else 'stock'}"
        print(
            f"{label:44}{found['circuits']:8}{found['jobs']:6}{found['first']:7.1f}s"
            f"{found['again']:7.2f}s{found['cpu']:7.2f}s{found['deviation']:19.3f}"
        )


if __name__ == "__main__":
    main()
