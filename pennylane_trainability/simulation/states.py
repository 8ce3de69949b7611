"""The states a circuit ends in, at many parameter draws, and what is seen on single wires."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.simulation.adjoint import extent, prepared_state
from pennylane_trainability.simulation.columns import apply_columns

__all__ = ["final_states", "kept_factor", "wire_purities"]


def final_states(circuit: Circuit) -> np.ndarray:
    """The state at every draw, ``(D, 2^n)``; ``D = 1`` if the circuit is the same at all draws.

    Args:
        circuit: a circuit whose angles broadcast to ``(D, 1)``.

    Raises:
        ReadingError: a gate is no unitary, or the initial state is mixed.
    """
    state = np.zeros((2**circuit.n_wires, extent(circuit)[0]), complex)
    if circuit.preparation:
        state[:] = np.atleast_2d(prepared_state(circuit)).T
    else:
        state[0] = 1.0
    return np.ascontiguousarray(apply_columns(state, circuit).T)


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
    count, n = len(states), states.shape[-1].bit_length() - 1
    columns = []
    for wire in range(n):
        halves = states.reshape(count, 2**wire, 2, -1)
        zero, one = (halves[:, :, bit].reshape(count, -1) for bit in (0, 1))
        up, down = (np.vecdot(half, half).real for half in (zero, one))
        columns.append(up**2 + down**2 + 2 * np.abs(np.vecdot(zero, one)) ** 2)
    return np.stack(columns, axis=1)
