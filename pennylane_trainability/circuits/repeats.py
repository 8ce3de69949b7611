"""In which order a circuit uses its parameters, and whether its end repeats what came before."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit, Gate

__all__ = ["last_repeat", "parameter_order"]


def parameter_order(circuit: Circuit) -> np.ndarray:
    """Flat parameters in the order in which the circuit is done with them, ``(P,)``.

    Sorted by the last gate that depends on each; parameters without a gate come first. So the
    circuit up to some gate holds all gates of the parameters that are done by then.
    """
    return np.argsort(_last_gates(circuit), kind="stable")


def last_repeat(circuit: Circuit) -> int:
    """How many parameters end in the last repeat of a pattern of gates; 0 if nothing is repeated.

    The pattern is the shortest run of gates that ends the circuit twice in a row (same names, same
    wires, trainable or not at the same places, whatever the angles) and touches, with trainable
    gates, every wire that trainable gates touch: a layer, or several that differ.
    """
    gates = circuit.gates
    signs = [_sign(gate) for gate in gates]
    touched = _trained_wires(gates)
    for size in range(1, len(signs) // 2 + 1):
        if signs[-2 * size : -size] == signs[-size:] and _trained_wires(gates[-size:]) == touched:
            return int(np.sum(_last_gates(circuit) >= len(gates) - size)) if touched else 0
    return 0


def _last_gates(circuit: Circuit) -> np.ndarray:
    """The last gate that depends on each parameter, −1 if none does."""
    last = np.full(circuit.n_parameters, -1)
    for number, gate in enumerate(circuit.gates):
        for angle in gate.angles:
            last[list(angle.parameters)] = number
    return last


def _sign(gate: Gate) -> tuple:
    return gate.name, gate.wires, gate.is_trainable, gate.is_encoding


def _trained_wires(gates: tuple[Gate, ...]) -> set[int]:
    return {wire for gate in gates if gate.is_trainable for wire in gate.wires}
