"""A small simulator for many tapes of few qubits: matrices are made once for every gate object."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pennylane as qml

_FIXED: dict[tuple, np.ndarray] = {}


def sampled(tapes, rng: np.random.Generator) -> list[np.ndarray]:
    """Outcome frequencies of tapes that ask for ``qml.probs`` of some wires, sampled with shots.

    Args:
        tapes: on wires 0 to n − 1; each with a number of shots.
        rng: where outcomes are drawn from.
    """
    out = []
    for tape, probabilities in zip(tapes, exact(tapes), strict=True):
        shots = tape.shots.total_shots
        out.append(rng.multinomial(shots, probabilities / probabilities.sum()) / shots)
    return out


def exact(tapes) -> list[np.ndarray]:
    """Probabilities of tapes that ask for ``qml.probs`` of some wires."""
    n = 1 + max(int(w) for tape in tapes for w in tape.wires)
    known: dict[int, np.ndarray] = {}
    found = []
    for tape in tapes:
        state = np.zeros(2**n, complex)
        state[0] = 1
        for op in tape.operations:
            if isinstance(op, qml.StatePrep):
                state = np.asarray(op.state_vector(wire_order=range(n))).reshape(-1)
                continue
            if id(op) not in known:
                known[id(op)] = matrix_of(op, n)
            state = known[id(op)] @ state
        wires = [int(w) for w in tape.measurements[0].wires]
        rest = tuple(w for w in range(n) if w not in wires)
        tensor = (np.abs(state) ** 2).reshape([2] * n).sum(axis=rest)
        ascending = sorted(wires)
        found.append(np.transpose(tensor, [ascending.index(w) for w in wires]).reshape(-1))
    return found


def matrix_of(op, n: int) -> np.ndarray:
    """The unitary on all wires; rotations from the matrix of their word."""
    if isinstance(op, qml.PauliRot):
        word = word_matrix(op.hyperparameters["pauli_word"], tuple(op.wires), n)
        half = float(op.data[0]) / 2
        return np.cos(half) * np.eye(2**n) - 1j * np.sin(half) * word
    if op.num_params:
        return qml.matrix(op, wire_order=range(n))
    key = (repr(op), n)  # names of controlled words do not say which word
    if key not in _FIXED:
        _FIXED[key] = qml.matrix(op, wire_order=range(n))
    return _FIXED[key]


@lru_cache(maxsize=4096)
def word_matrix(word: str, wires: tuple, n: int) -> np.ndarray:
    """A Pauli word on all wires."""
    at = {w: k for k, w in enumerate(wires)}
    pauli = qml.pauli.string_to_pauli_word(word, wire_map=at)
    return qml.matrix(pauli, wire_order=range(n))
