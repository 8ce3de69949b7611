"""The states a circuit ends in, at many parameter draws, and what is seen on single wires."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.simulation.adjoint import extent, prepared_state
from pennylane_trainability.simulation.elements import elements_of
from pennylane_trainability.simulation.fusion import schedule
from pennylane_trainability.simulation.passes import PhaseTables, compile_passes

__all__ = ["final_states", "kept_factor", "wire_purities"]


def final_states(circuit: Circuit) -> np.ndarray:
    """The state at every draw, ``(D, 2^n)``; ``D = 1`` if the circuit is the same at all draws.

    Args:
        circuit: a circuit whose angles broadcast to ``(D, 1)``.

    Raises:
        ReadingError: a gate is no unitary, or the initial state is mixed.
    """
    circuit = _fixed(circuit)
    draws = extent(circuit)[0]
    stages = schedule(elements_of(circuit), circuit.n_wires, draws)
    passes, _ = compile_passes(stages, circuit.n_wires, draws)
    state = np.zeros((draws, 1, 2**circuit.n_wires), complex)
    if circuit.preparation:
        state[:] = prepared_state(circuit)[..., None, :]
    else:
        state[..., 0] = 1.0
    for one in passes:
        state = (one.at(slice(0, 1)) if type(one) is PhaseTables else one).forward(state)
    return state[:, 0]


def _fixed(circuit: Circuit) -> Circuit:
    """Nothing is trainable, so that no generators are worked out; no phases on no wire at all."""
    gates = tuple(
        replace(gate, angles=tuple(replace(angle, parameters={}) for angle in gate.angles))
        for gate in circuit.gates
        if gate.wires
    )
    return replace(circuit, gates=gates)


def kept_factor(states: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """Some wires in front, the rest behind: ``(D, 2^k, 2^(n−k))``; ``A A†`` is the reduced state.

    >>> kept_factor(np.eye(4)[2:3], (1,))[0]  # |10⟩: wire 1 is in |0⟩
    array([[0., 1.],
           [0., 0.]])
    """
    n = states.shape[-1].bit_length() - 1
    rest = [w for w in range(n) if w not in wires]
    moved = states.reshape(-1, *([2] * n)).transpose(0, *(1 + w for w in (*wires, *rest)))
    return moved.reshape(len(states), 2 ** len(wires), -1)


def wire_purities(states: np.ndarray) -> np.ndarray:
    """``Tr ρ_k²`` of every wire, ``(D, n)``.

    >>> wire_purities(np.array([[1.0, 0, 0, 1.0]]) / np.sqrt(2)).round(6)
    array([[0.5, 0.5]])
    """
    n = states.shape[-1].bit_length() - 1
    columns = []
    for wire in range(n):
        halves = states.reshape(len(states), 2**wire, 2, -1)
        zero, one = halves[:, :, 0].reshape(len(states), -1), halves[:, :, 1].reshape(
            len(states), -1
        )
        up, down = (np.einsum("dj,dj->d", a.conj(), a).real for a in (zero, one))
        across = np.einsum("dj,dj->d", zero.conj(), one)
        columns.append(up**2 + down**2 + 2 * np.abs(across) ** 2)
    return np.stack(columns, axis=1)
