"""A circuit as plain data: new parameters and inputs by arithmetic, without its QNode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate

__all__ = ["NumericCircuit", "is_plain"]


def is_plain(circuit: Circuit) -> bool:
    """Whether all angles are linear in the parameters and affine in the inputs."""
    return all(a.linear and a.affine for g in circuit.gates for a in g.angles)


@dataclass(frozen=True, slots=True, eq=False)
class NumericCircuit:
    """A circuit whose angles are linear in θ and affine in x, and the point it was read at.

    It can be pickled, unlike the QNode it comes from, if its operators can.

    Attributes:
        circuit: the circuit at ``parameters`` and ``inputs``; see :func:`is_plain`.
        parameters: flat parameters, shape ``(P,)``.
        inputs: flat inputs, shape ``(I,)``.
    """

    circuit: Circuit
    parameters: np.ndarray
    inputs: np.ndarray

    def at(self, parameters: np.ndarray, inputs: np.ndarray, *, paired: bool = False) -> Circuit:
        """The circuit at parameter draws ``(D, P)`` and inputs ``(G, I)``.

        With ``paired=True`` the inputs ``(D, I)`` belong to the draws one by one.
        """
        shift, move = parameters - self.parameters, inputs - self.inputs
        # one row (1, G) per input of a grid; one column (D, 1) where inputs belong to the draws
        moves = [m[:, None] if paired else m[None] for m in move.T]
        still = not shift.any()
        gates = []
        for gate in self.circuit.gates:
            if not any(a.parameters or a.inputs for a in gate.angles):
                gates.append(gate)
                continue
            angles = tuple(_moved(a, shift, moves, still) for a in gate.angles)
            gates.append(Gate(gate.op, gate.wires, angles, gate.kind))
        return Circuit(
            self.circuit.preparation,
            tuple(gates),
            self.circuit.measurements,
            self.circuit.wires,
            self.circuit.n_parameters,
            self.circuit.n_inputs,
        )


def _moved(angle: Angle, shift, moves, still: bool) -> Angle:
    if still and not angle.inputs:
        return angle
    value = angle.value
    if not still:
        for p, slope in angle.parameters.items():
            value = value + slope * shift[:, p : p + 1]
    for i, slope in angle.inputs.items():
        value = value + slope * moves[i]
    return Angle(value, angle.parameters, angle.inputs, angle.affine, angle.linear)
