"""Circuits whose gradients are planned: common ansätze, up to 100 wires and 1,000 parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pennylane as qml
from pennylane.operation import Operator

import pennylane_trainability as pt

#: The twelve two-body words of Chinzei et al. (arXiv:2406.18316), in their order.
WORDS = ["XXII", "IIYY", "IZZI", "XIIX", "YYII", "IIZZ", "IXXI", "YIIY", "ZZII", "IIXX", "IYYI",
         "ZIIZ"]  # fmt: skip


@dataclass(frozen=True)
class Ansatz:
    """A circuit with one array of parameters.

    Attributes:
        name: what the table says.
        shape: of the parameters.
        apply: its gates.
        observable: what is measured.
        wires: how many.
    """

    name: str
    shape: tuple[int, ...]
    apply: Callable[[np.ndarray], None]
    observable: Operator
    wires: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def tape(self, seed: int, shots: int | None = None) -> qml.tape.QuantumScript:
        """The circuit at random parameters."""
        weights = np.random.default_rng(seed).uniform(0, 2 * np.pi, self.shape)
        with qml.queuing.AnnotatedQueue() as queue:
            self.apply(weights)
        operations = qml.tape.QuantumScript.from_queue(queue).operations
        return qml.tape.QuantumScript(operations, [qml.expval(self.observable)], shots=shots)


def slpa(weights) -> None:
    """24 blocks of a logical word times the group of XXXX and ZZZZ."""
    pt.StabilizerLogicalProduct(weights, ["XXXX", "ZZZZ"], WORDS * 2, wires=range(4))


def hardware_efficient(weights) -> None:
    """Layers of RY and RZ on every wire and a ring of CNOTs; weights ``(layers, 2, n)``."""
    n = weights.shape[-1]
    for layer in weights:
        for w in range(n):
            qml.RY(layer[0, w], wires=w)
            qml.RZ(layer[1, w], wires=w)
        for w in range(n):
            qml.CNOT(wires=[w, (w + 1) % n])


def iqp(weights) -> None:
    """Diagonal rotations on wires and on pairs at distances 1, 2, …, between Hadamards.

    Weights ``(distances + 1, n)``.
    """
    n = weights.shape[-1]
    for w in range(n):
        qml.Hadamard(wires=w)
    for distance, row in enumerate(weights):
        for w in range(n):
            qml.MultiRZ(row[w], wires=[w, (w + distance) % n] if distance else [w])
    for w in range(n):
        qml.Hadamard(wires=w)


def ising(weights) -> None:
    """Layers of XX on the bonds of a closed chain, then Z on its sites; ``(layers, 2, n)``."""
    n = weights.shape[-1]
    for layer in weights:
        for w in range(n):
            qml.IsingXX(layer[0, w], wires=[w, (w + 1) % n])
        for w in range(n):
            qml.RZ(layer[1, w], wires=w)


def magnetisation(n: int) -> Operator:
    return qml.sum(*[qml.Z(w) for w in range(n)])


def energy(n: int) -> Operator:
    """Of the Ising chain in a transverse field."""
    return qml.sum(*[qml.X(w) @ qml.X((w + 1) % n) for w in range(n)], magnetisation(n))


ANSAETZE = {
    "slpa": Ansatz("SLPA", (24, 4), slpa, qml.X(0) @ qml.X(1), 4),
    "hea": Ansatz("hardware-efficient", (5, 2, 10), hardware_efficient, qml.Z(0), 10),
    "iqp": Ansatz("IQP, one Z", (10, 100), iqp, qml.Z(0), 100),
    "iqp-all": Ansatz("IQP, sum of Z", (10, 100), iqp, magnetisation(100), 100),
    "ising": Ansatz("Ising chain, one Z", (5, 2, 100), ising, qml.Z(50), 100),
    "ising-energy": Ansatz("Ising chain, energy", (5, 2, 100), ising, energy(100), 100),
}
