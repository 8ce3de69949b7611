"""What two workers save: wall-clock time and processor time of parameter draws, shared or not.

``OMP_NUM_THREADS=1 python docs/benchmarks/workers.py`` gives every process one thread: workers with
several take each other's cores.

Processor time is there because wall-clock time says little on a machine that others use.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pennylane as qml

import pennylane_trainability as pt

WIRES, LAYERS, DRAWS, WORKERS = 10, 8, 40, 2


@qml.qnode(qml.device("default.qubit", wires=WIRES))
def circuit(weights):
    """The circuit in question."""
    qml.StronglyEntanglingLayers(weights, wires=range(WIRES))
    return qml.expval(qml.Z(0) @ qml.Z(1))


def ask(workers=None) -> np.ndarray:
    """Quantum Fisher information matrices of 240 parameters at 41 points."""
    weights = np.zeros((LAYERS, WIRES, 3))
    return pt.capacity(circuit, n_draws=DRAWS, seed=1, workers=workers)(weights).matrices


def spent(_: int) -> tuple[int, float]:
    """Which process this is, and its processor time so far."""
    import pennylane_trainability  # noqa: F401 - importing is not what is measured

    time.sleep(0.3)
    return os.getpid(), time.process_time()


def clocked(pool=None):
    """The answer, wall-clock time, processor time here and in every worker."""
    before = dict(pool.map(spent, range(4 * WORKERS))) if pool else {}
    wall, own = time.perf_counter(), time.process_time()
    found = ask(pool)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    after = dict(pool.map(spent, range(4 * WORKERS))) if pool else {}
    return found, wall, own, [after[pid] - before[pid] for pid in after]


def main() -> None:
    """Print both, and whether the numbers are the same."""
    here, wall, own, _ = clocked()
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        there, shared, parent, each = clocked(pool)
    print(f"alone:       {wall:.1f} s, {own:.1f} s of processor time")
    parts = " and ".join(f"{t:.1f} s" for t in sorted(each))
    print(f"{WORKERS} processes: {shared:.1f} s; {parts} of processor time, {parent:.1f} s here")
    print(f"longest part: 1/{own / (parent + max(each)):.2f} of the processor time alone")
    print(f"equal to the last bit: {np.array_equal(here, there)}")


if __name__ == "__main__":
    main()
