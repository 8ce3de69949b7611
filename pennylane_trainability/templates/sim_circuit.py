"""The nineteen circuits by which expressibility and entangling capability are compared."""

from __future__ import annotations

import pennylane as qml
from pennylane.operation import Operation
from pennylane.wires import Wires

from pennylane_trainability.templates._encoding import entry, shape_of
from pennylane_trainability.templates._graph import register
from pennylane_trainability.templates._sim_layers import (
    CIRCUITS,
    FIXED,
    ONCE,
    layer_moves,
    once_moves,
    parameters_of,
)

__all__ = ["SimCircuit"]


class SimCircuit(Operation):
    r"""Circuit ``k`` of the nineteen of Sim, Johnson and Aspuru-Guzik (arXiv:1905.10876).

    The circuits are given there on four wires; on other numbers of wires chains, rings and bricks
    are continued in the same way.

    ======  ==========================================================================
    ``k``   one layer
    ======  ==========================================================================
    1       RX, RZ
    2       RX, RZ, chain of CNOT
    3, 4    RX, RZ, chain of CRZ or CRX
    5, 6    RX, RZ, CRZ or CRX from every wire to every other, RX, RZ
    7, 8    RX, RZ, CRZ or CRX on even bonds, RX, RZ, the same on odd bonds
    9       Hadamard, chain of CZ, RX
    10      ring of CZ, RY; one RY in front of all layers
    11, 12  RY, RZ, CNOT or CZ on even bonds, RY, RZ on inner wires, the same on odd bonds
    13, 14  RY, ring of CRZ or CRX, RY, ring the other way round
    15      the same with CNOT
    16, 17  RX, RZ, CRZ or CRX on even, then on odd bonds
    18, 19  RX, RZ, ring of CRZ or CRX
    ======  ==========================================================================

    Args:
        weights (tensor_like): the angles, shape ``(n_layers, parameters)``, with a leading batch
            axis if there is one; see :meth:`shape`. Row 0 of circuit 10 belongs to the RY in front.
        k (int): number of the circuit, 1 to 19.
        wires (Any or Iterable[Any]): the wires, at least two.

    Raises:
        ValueError: if there is no such circuit, too few wires, or shapes do not fit.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> from pennylane_trainability.templates import SimCircuit
    >>> weights = np.full(SimCircuit.shape(k=4, n_layers=1, n_wires=3), 0.1)
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit():
    ...     SimCircuit(weights, k=4, wires=range(3))
    ...     return qml.expval(qml.Z(0))
    >>> print(qml.draw(circuit, level="device")())
    0: ──RX(0.10)──RZ(0.10)───────────╭RX(0.10)─┤  <Z>
    1: ──RX(0.10)──RZ(0.10)─╭RX(0.10)─╰●────────┤
    2: ──RX(0.10)──RZ(0.10)─╰●──────────────────┤
    """

    grad_method = None
    num_params = 1
    ndim_params = (2,)
    resource_keys = frozenset({"k", "n_wires", "rows"})

    def __init__(self, weights, k, wires):
        wires = Wires(wires)
        _check(k, len(wires))
        shape = shape_of(weights)
        expected = self.shape(k, 1, len(wires))
        if len(shape) not in (2, 3) or shape[-1] != expected[1] or shape[-2] < expected[0]:
            layers = "n_layers + 1" if k in ONCE else "n_layers"
            raise ValueError(
                f"weights of circuit {k} on {len(wires)} wires must have shape ({layers}, "
                f"{expected[1]}), or a batch of such arrays, but got shape {shape}. "
                "SimCircuit.shape(k, n_layers, n_wires) gives it."
            )
        self._hyperparameters = {"k": int(k)}
        super().__init__(weights, wires=wires)

    @classmethod
    def _primitive_bind_call(cls, weights, k, wires):
        return super()._primitive_bind_call(weights, wires=wires, k=k)

    def _flatten(self):
        return self.data, (self.wires, tuple(self._hyperparameters.items()))

    @property
    def resource_params(self) -> dict:
        """What the gates depend on."""
        rows = shape_of(self.data[0])[-2]
        return {"k": self.hyperparameters["k"], "n_wires": len(self.wires), "rows": rows}

    @staticmethod
    def compute_decomposition(weights, wires, k):
        """The gates, layer after layer.

        Args:
            weights (tensor_like): ``(n_layers, parameters)``, or a batch.
            wires (Iterable[Any]): the wires.
            k (int): number of the circuit.

        Returns:
            list[Operator]: the gates in order of time.
        """
        shape = shape_of(weights)
        gates: list = []
        for row in range(shape[-2]):
            first = k in ONCE and row == 0
            moves = once_moves(k, len(wires)) if first else layer_moves(k, len(wires))
            column = 0
            for name, at in moves:
                on = [wires[w] for w in at]
                if name in FIXED:
                    gates.append(getattr(qml, name)(wires=on))
                    continue
                angle = entry(weights, (row, column), len(shape) > 2)
                gates.append(getattr(qml, name)(angle, wires=on))
                column += 1
        return gates

    @staticmethod
    def shape(k: int, n_layers: int, n_wires: int) -> tuple[int, int]:
        """Shape of the weights.

        Args:
            k: number of the circuit.
            n_layers: number of layers.
            n_wires: number of wires.

        Returns:
            ``(n_layers, parameters of a layer)``; one row more for circuit 10.

        Raises:
            ValueError: if there is no such circuit, too few wires or no layer.
        """
        _check(k, n_wires)
        if n_layers < 1:
            raise ValueError(f"SimCircuit needs at least one layer, but got {n_layers}.")
        return n_layers + (k in ONCE), parameters_of(k, n_wires)


def _check(k, n_wires: int) -> None:
    if isinstance(k, bool) or k not in CIRCUITS:
        raise ValueError(f"SimCircuit needs the number of a circuit, 1 to 19, but got k={k!r}.")
    if n_wires < 2:
        raise ValueError(
            f"SimCircuit needs at least two wires, but got {n_wires}: its circuits differ by how "
            "they couple wires."
        )


def _samples(k, n_wires, rows):
    """Every move once, with its repeats."""
    for name, at in once_moves(k, n_wires):
        yield [_sample(name, at)], 1
    for name, at in layer_moves(k, n_wires):
        yield [_sample(name, at)], rows - (k in ONCE)


def _sample(name: str, at: tuple[int, ...]):
    gate = getattr(qml, name)
    return gate(wires=at) if name in FIXED else gate(0.0, wires=at)


register(SimCircuit, _samples)
