"""The circuits of the benchmark of the QFIM, for PennyLane and, as lists of gates, for its peers.

Nothing but NumPy is imported: this file also runs in environments of other packages.
"""

from __future__ import annotations

import numpy as np

#: The input of the encoding gates.
X = 0.3

#: Name, wires, index of the parameter (``None``: the input of ``RX``, or no angle).
Gate = tuple[str, tuple[int, ...], int | None]


def bricks(n: int, blocks: int) -> list[Gate]:
    """Blocks of RY, RZ, RY on every qubit and two rows of CNOT bricks, RX(x) between them."""
    gates: list[Gate] = []
    parameter = 0
    for block in range(blocks):
        for name in ("RY", "RZ", "RY"):
            for w in range(n):
                gates.append((name, (w,), parameter))
                parameter += 1
        pairs = [*reversed(range(0, n, 2)), *range(1, n, 2)]
        gates += [("CNOT", (w, (w + 1) % n), None) for w in pairs]
        if block < blocks - 1:
            gates += [("RX", (w,), None) for w in range(n)]
    return gates


def rot_ring(n: int, blocks: int) -> list[Gate]:
    """Blocks of Rot (RZ, RY, RZ) on every qubit and a closed ring of CNOTs, RX(x) between them."""
    gates: list[Gate] = []
    for block in range(blocks):
        for w in range(n):
            first = 3 * (n * block + w)
            gates += [(name, (w,), first + k) for k, name in enumerate(("RZ", "RY", "RZ"))]
        gates += [("CNOT", (w, (w + 1) % n), None) for w in range(n)]
        if block < blocks - 1:
            gates += [("RX", (w,), None) for w in range(n)]
    return gates


def parameters(n: int, blocks: int) -> np.ndarray:
    """One point, the same for everybody."""
    return np.random.default_rng(1).uniform(0, 2 * np.pi, 3 * n * blocks)


def quantum_function(gates: list[Gate], returns):
    """For PennyLane: a function of the input and the parameters."""
    import pennylane as qml

    kinds = {name: getattr(qml, name) for name in ("RX", "RY", "RZ", "CNOT")}

    def circuit(x, weights):
        for name, wires, k in gates:
            if name == "CNOT":
                qml.CNOT(wires)
            else:
                kinds[name](x if k is None else weights[k], wires)
        return returns()

    return circuit
