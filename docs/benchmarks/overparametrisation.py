"""Where does overparametrisation begin: in the rank of the QFIM, and in training.

Hamiltonian variational circuits for the transverse-field Ising ring and a hardware-efficient
circuit for the same energy, layer by layer: rank of the QFIM over random parameters, and how many
descents (Adam, all starts together in the exact engine) from random starts end within 0.1 % of the
width of the spectrum above the ground state.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pennylane as qml

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.diagnostics.variance_simulated import Simulated
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY

#: Name → circuit, wires, layers.
CASES = {
    "variational Ising ring, n = 4": ("ising", 4, (1, 2, 3, 4)),
    "variational Ising ring, n = 6": ("ising", 6, (1, 2, 3, 4, 5)),
    "variational Ising ring, n = 8": ("ising", 8, (2, 3, 4, 5)),
    "hardware-efficient, n = 3": ("hardware", 3, (1, 2, 3, 4, 5)),
}


def ring(n: int) -> list[tuple[int, int]]:
    return [(k, (k + 1) % n) for k in range(n)]


def energy(n: int):
    """The critical transverse-field Ising ring."""
    bonds = [qml.Z(a) @ qml.Z(b) for a, b in ring(n)]
    return -1.0 * qml.sum(*bonds, *[qml.X(k) for k in range(n)])


def ising(n: int):
    """Two parameters per layer, as in Larocca et al., arXiv:2109.11676."""

    def circuit(weights):
        for wire in range(n):
            qml.Hadamard(wire)
        for layer in weights:
            for bond in ring(n):
                qml.IsingZZ(layer[0], bond)
            for wire in range(n):
                qml.RX(layer[1], wire)
        return qml.expval(energy(n))

    return circuit, lambda layers: (layers, 2)


def hardware(n: int):
    """RY and RZ on every wire, and a ring of CZ."""

    def circuit(weights):
        for layer in weights:
            for wire in range(n):
                qml.RY(layer[wire, 0], wire)
                qml.RZ(layer[wire, 1], wire)
            for bond in ring(n):
                qml.CZ(bond)
        return qml.expval(energy(n))

    return circuit, lambda layers: (layers, n, 2)


CIRCUITS = {"ising": ising, "hardware": hardware}


def descents(qnode, shape: tuple, starts: int, steps: int, seed: int = 1) -> np.ndarray:
    """Final energies of Adam from uniform starts; the rate falls to zero in the last quarter."""
    reading = read_qnode(qnode, (np.zeros(shape),), {}, need_inputs=False)
    slope = Simulated(reading, True, DEFAULT_MEMORY)
    points = np.random.default_rng(seed).uniform(0, 2 * np.pi, (starts, int(np.prod(shape))))
    mean = square = np.zeros_like(points)
    for step in range(1, steps + 1):
        gradient = slope.at(points).values[0]
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        rate = 0.1 * min(1.0, 4 * (1 - step / (steps + 1)))
        size = np.sqrt(square / (1 - 0.99**step)) + 1e-9
        points = points - rate * mean / (1 - 0.9**step) / size
    return Simulated(reading, False, DEFAULT_MEMORY).at(points).values[0]


def row(name: str, n: int, layers: int, starts: int, steps: int) -> dict:
    """Rank and success of one circuit."""
    circuit, shape = CIRCUITS[name](n)
    qnode = qml.QNode(circuit, qml.device("default.qubit"))
    found = pt.capacity(qnode, n_draws=5, seed=1)(np.zeros(shape(layers)))
    low, *_, high = np.linalg.eigvalsh(qml.matrix(energy(n), wire_order=range(n)))
    above = (descents(qnode, shape(layers), starts, steps) - low) / (high - low)
    return {
        "parameters": found.n_parameters,
        "rank": int(found.rank.value),
        "verdict": found.verdict.name,
        "success": float(np.mean(above < 1e-3)),
        "median": float(np.median(above)),
    }


def table(name: str, starts: int, steps: int) -> None:
    kind, n, depths = CASES[name]
    print(f"\n{name}: {starts} descents of {steps} steps")
    print(f"{'layers':>7s}{'parameters':>12s}{'rank':>6s}{'found':>8s}{'median above':>14s}  QFIM")
    for layers in depths:
        began = time.perf_counter()
        found = row(kind, n, layers, starts, steps)
        print(f"{layers:7d}{found['parameters']:12d}{found['rank']:6d}{found['success']:8.0%}"
              f"{found['median']:14.1e}  {found['verdict'].lower().replace('_', ' ')}"
              f" ({time.perf_counter() - began:.0f} s)", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--starts", type=int, default=40)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="the smallest case, few starts")
    options = parser.parse_args()
    if options.quick:
        options.case, options.starts, options.steps = [next(iter(CASES))], 10, 100
    for name in options.case or CASES:
        table(name, options.starts, options.steps)


if __name__ == "__main__":
    main()
