"""Circuits, errors and rank bounds of coefficient Jacobians, by how derivatives are measured.

``python docs/benchmarks/jacobian_circuits.py`` counts circuits; ``--errors`` measures.
"""

from __future__ import annotations

import argparse

import numpy as np
import pennylane as qml

import pennylane_trainability as pt

#: (wires, encoding layers, blocks per trainable layer)
SHAPES = ((3, 2, 1), (3, 2, 4), (3, 2, 16), (6, 1, 4), (1, 6, 4), (4, 4, 4))
#: What a column of the table says → options.
WAYS: dict[str, dict] = {
    "shift": {"gradient": "shift"},
    "hadamard": {"gradient": "hadamard"},
    "commuting": {"gradient": "commuting"},
    "dla": {"gradient": "dla"},
    "shift, K + 5 columns": {"gradient": "shift", "directions": "auto"},
    "dla, K + 5 columns": {"gradient": "dla", "directions": "auto"},
}
MEASURED, PER_CIRCUIT = (3, 2, 4), 500


def model(shape: tuple[int, int, int], shots: int | None, seed: int | None = None):
    """A re-uploading model read on its last wire, and random weights."""
    n_wires, n_layers, n_blocks = shape

    @qml.set_shots(shots)
    @qml.qnode(qml.device("default.qubit", seed=seed))
    def circuit(x, weights):
        pt.DataReuploading(x, weights, wires=range(n_wires))
        return qml.expval(qml.Z(n_wires - 1))

    size = pt.DataReuploading.shape(n_layers, n_wires, n_blocks)
    return circuit, np.random.default_rng(0).uniform(0, 2 * np.pi, size)


def count(shape: tuple[int, int, int], options: dict) -> int:
    """Circuits of all inputs."""
    circuit, weights = model(shape, 100)
    return pt.measure_jacobian(circuit, "x", seed=0, **options).cost(0.0, weights).circuits


def circuits() -> None:
    """The table of circuits."""
    print("| wires, layers, blocks | parameters | inputs |", " | ".join(WAYS), "|")
    print("|---" * (3 + len(WAYS)) + "|")
    for shape in SHAPES:
        size = np.prod(pt.DataReuploading.shape(shape[1], shape[0], shape[2]))
        points = 2 * shape[0] * shape[1] + 1
        found = [f"{count(shape, options):,}" for options in WAYS.values()]
        print("|", ", ".join(map(str, shape)), f"| {size} | {points} |", " | ".join(found), "|")


def errors(repeats: int) -> None:
    """Errors and rank bounds at equal total shots."""
    circuit, weights = model(MEASURED, None)
    exact = pt.coefficient_jacobian(circuit, "x")(0.0, weights)
    exact = exact.reshape(len(exact), -1)
    total = PER_CIRCUIT * count(MEASURED, WAYS["shift"])
    values = np.linalg.svd(exact, compute_uv=False)
    print(f"{total:,} shots in all; {len(values)} singular values from {values[0]:.2g} to "
          f"{values[-1]:.2g}")  # fmt: skip
    print("| | circuits | shots per circuit | error, rms | noise floor | rank, lower bound |")
    print("|---" * 6 + "|")
    for name, options in WAYS.items():
        number = count(MEASURED, options)
        found = [run(options, total // number, seed, exact) for seed in range(repeats)]
        rms, floor, rank = np.mean(found, axis=0)
        print(f"| {name} | {number:,} | {total // number:,} | {rms:.2g} | {floor:.2g} | "
              f"{rank:.1f} |")  # fmt: skip


def run(options: dict, shots: int, seed: int, exact: np.ndarray) -> tuple[float, float, int]:
    """Root mean square error, noise floor and rank of one measurement."""
    circuit, weights = model(MEASURED, shots, seed)
    found = pt.measure_jacobian(circuit, "x", seed=seed, **options)(0.0, weights)
    names = [f"weights[{','.join(map(str, index))}]" for index in np.ndindex(weights.shape)]
    columns = [names.index(name.replace(" ", "")) for name in found.parameters]
    live = np.abs(exact[:, columns]).max(axis=0) > 0
    off = (found.value - exact[:, columns])[:, live]
    floor = found.noise_floor()
    return float(np.sqrt(np.mean(off**2))), floor.floor(), floor.rank()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", action="store_true", help="measure, at equal total shots")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    if given.errors:
        errors(given.repeats)
    else:
        circuits()
