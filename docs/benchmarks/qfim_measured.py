"""The QFIM from shots: error, cost and rank bound at equal total shots."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pennylane as qml
from circuits import X, bricks, parameters, quantum_function, rot_ring

import pennylane_trainability as pt

TOTALS = (58_500, 585_000, 5_850_000)  # 100, 1,000 and 10,000 for each of PennyLane's circuits


#: Gates that are one CNOT between one-qubit gates.
_ONE_CNOT = ("CNOT", "CY", "CZ")


@dataclass(frozen=True)
class Way:
    """A way to measure.

    Attributes:
        name: what the table says.
        method: option of this package, or the PennyLane function.
        allocation: of shots to circuits, for this package.
        aux: whether the device has one wire more than the circuit.
        repeats: seeds, in units of the option.
    """

    name: str
    method: str
    allocation: str | None = "even"
    aux: bool = False
    repeats: int = 1
    quick: bool = True

    @property
    def is_ours(self) -> bool:
        return self.allocation is not None


WAYS = (
    Way("direct, auxiliary wire", "direct", aux=True, repeats=4),
    Way("direct, adaptive", "direct", "adaptive", aux=True, repeats=4),
    Way("direct, mid-circuit", "direct", quick=False),
    Way("hadamard", "hadamard", aux=True, repeats=2),
    Way("overlap", "overlap", quick=False),
    Way("4 x qml.metric_tensor", "metric_tensor", None, aux=True),
    Way("qml.gradients.quantum_fisher", "quantum_fisher", None, aux=True, quick=False),
)


def qnode_of(gates, n: int, shots: int | None, seed: int | None = None):
    """A QNode on ``default.qubit`` with ``n`` wires."""
    function = quantum_function(gates, lambda: qml.expval(qml.Z(0)))
    device = qml.device("default.qubit", wires=n, seed=seed)
    return qml.set_shots(qml.QNode(function, device), shots=shots)


def tapes_of(way: Way, gates, n: int, weights) -> list:
    """All circuits that a way sends to the device."""
    qnode = qnode_of(gates, n + way.aux, 100)
    if way.is_ours:
        transform = qml.transforms.measured_qfim(qnode, encoding_args="x", method=way.method)
    else:
        transform = qml.metric_tensor(qnode, approx=None)
        weights = qml.numpy.array(weights, requires_grad=True)
    return qml.workflow.construct_batch(transform, level="user")(X, weights)[0]


def cnots(tape) -> int:
    """CNOTs of a circuit when everything else acts on one wire."""
    [plain], _ = qml.transforms.decompose(
        tape, stopping_condition=lambda op: len(op.wires) < 2 or op.name in _ONE_CNOT
    )
    return sum(len(op.wires) > 1 for op in plain.operations)


def measured(way: Way, gates, n: int, weights, shots: int, seed: int):
    """The matrix, a lower bound on the rank (or ``None``) and the seconds it took."""
    qnode = qnode_of(gates, n + way.aux, shots, seed)
    if way.is_ours:
        call: Callable = pt.measure_qfim(
            qnode,
            encoding_args="x",
            method=way.method,
            allocation=way.allocation or "even",
            seed=seed,
        )
    else:
        weights = qml.numpy.array(weights, requires_grad=True)
        call = (
            qml.metric_tensor(qnode, approx=None)
            if way.method == "metric_tensor"
            else qml.gradients.quantum_fisher(qnode)
        )
    start = time.perf_counter()
    found = call(X, weights)
    seconds = time.perf_counter() - start
    if way.is_ours:
        return found.value, int(found.rank().value), seconds
    matrix = np.reshape(found, (len(weights), len(weights)))
    return (4 if way.method == "metric_tensor" else 1) * matrix, None, seconds


def compare(seeds: int, quick: bool) -> None:
    """The circuit with 36 parameters, at several totals of shots."""
    n, blocks = 4, 3
    gates, weights = bricks(n, blocks), parameters(n, blocks)
    exact = qml.transforms.qfim(qnode_of(gates, n, None), encoding_args="x")(X, weights)
    rank = int((np.linalg.eigvalsh(exact) > 1e-9).sum())
    print(f"\nmeasured QFIM: {n} qubits, P = {len(weights)}, rank {rank}, default.qubit")
    print("CNOTs: of all circuits together, and of the largest; error: ‖F̂ − F‖/‖F‖ (Frobenius)")
    ways = [way for way in WAYS if way.quick or not quick]
    counted = {way: _counted(way, gates, n, weights) for way in ways}
    for total in TOTALS[:1] if quick else TOTALS:
        print(
            f"\n{total:,} shots in all\n{'':30s}{'circuits':>9s}{'CNOTs':>8s}{'largest':>8s}"
            f"{'seconds':>9s}{'error':>17s}{'smallest λ':>12s}{'rank bound':>12s}{'too high':>10s}"
        )
        for way in ways:
            circuits, gate_count, largest = counted[way]
            first = 1000 * WAYS.index(way)  # every way has seeds of its own
            repeats = range(first, first + seeds * (1 if quick else way.repeats))
            shots = total // circuits
            runs = [measured(way, gates, n, weights, shots, seed) for seed in repeats]
            print(
                f"{way.name:30s}{circuits:9d}{gate_count:8d}{largest:8d}{_line(runs, exact, rank)}",
                flush=True,
            )


def _counted(way: Way, gates, n: int, weights) -> tuple[int, int, int]:
    found = [cnots(tape) for tape in tapes_of(way, gates, n, weights)]
    return len(found), sum(found), max(found)


def _line(runs: list, exact: np.ndarray, rank: int) -> str:
    size = np.linalg.norm(exact)
    errors = [np.linalg.norm(value - exact) / size for value, _, _ in runs]
    smallest = np.mean([np.linalg.eigvalsh((v + v.T) / 2)[0] for v, _, _ in runs])
    spread = f" ± {np.std(errors, ddof=1):.3f}" if len(runs) > 1 else ""
    line = (
        f"{min(s for _, _, s in runs):9.2f}{f'{np.mean(errors):.3f}{spread}':>17s}{smallest:12.3f}"
    )
    bounds = [bound for _, bound, _ in runs if bound is not None]
    if not bounds:
        return f"{line}{'none':>12s}"
    above = sum(bound > rank for bound in bounds)
    return f"{line}{f'{min(bounds)} to {max(bounds)}':>12s}{f'{above} of {len(bounds)}':>10s}"


def many_parameters(quick: bool) -> None:
    """How many circuits 72 parameters need; nothing is run."""
    n, blocks = 6, 4
    gates, weights = rot_ring(n, blocks), parameters(n, blocks)
    print(f"\ncircuits for {n} qubits, {blocks} blocks of Rot and CNOT ring, P = {len(weights)}")
    print(f"{'':30s}{'circuits':>9s}{'CNOTs':>8s}{'largest':>8s}")
    for way in WAYS:
        repeated = way.allocation == "adaptive" or way.method == "quantum_fisher"
        if not repeated and (way.quick or not quick):
            circuits, gate_count, largest = _counted(way, gates, n, weights)
            print(f"{way.name:30s}{circuits:9d}{gate_count:8d}{largest:8d}", flush=True)
