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
    for tape, weights in zip(tapes, exact(tapes), strict=True):
        shots = tape.shots.total_shots
        out.append(rng.multinomial(shots, weights / weights.sum()) / shots)
    return out


def exact(tapes) -> list[np.ndarray]:
    """Probabilities of tapes that ask for ``qml.probs`` of some wires.

    Tapes of one length go through their gates together: most have the same gate at a place.
    """
    gates = {id(op): op for tape in tapes for op in tape.operations}
    n = 1 + max(int(w) for op in gates.values() for w in op.wires)
    found: list = [None] * len(tapes)
    lengths: dict[int, list[int]] = {}
    for k, tape in enumerate(tapes):
        lengths.setdefault(len(tape.operations), []).append(k)
    known: dict[int, np.ndarray] = {}
    for members in lengths.values():
        states = final_states([tapes[k].operations for k in members], n, known)
        for k, state in zip(members, states, strict=True):
            found[k] = probabilities(state, [int(w) for w in tapes[k].measurements[0].wires])
    return found


def final_states(circuits: list[list], n: int, known: dict[int, np.ndarray]) -> np.ndarray:
    """States behind circuits of one length, ``(circuits, 2^n)``."""
    states = np.zeros((len(circuits), 2**n), complex)
    states[:, 0] = 1
    for ops in zip(*circuits, strict=True):
        rows: dict[int, list[int]] = {}
        for k, op in enumerate(ops):
            rows.setdefault(id(op), []).append(k)
        for own in rows.values():
            op = ops[own[0]]
            if isinstance(op, qml.StatePrep):
                states[own] = np.asarray(op.state_vector(wire_order=range(n))).reshape(-1)
                continue
            if id(op) not in known:
                known[id(op)] = matrix_of(op, n)
            states[own] = states[own] @ known[id(op)].T
    return states


def probabilities(state: np.ndarray, wires: list[int]) -> np.ndarray:
    """Of the outcomes of some wires, in their order."""
    n = state.size.bit_length() - 1
    rest = tuple(w for w in range(n) if w not in wires)
    tensor = (np.abs(state) ** 2).reshape([2] * n).sum(axis=rest)
    ascending = sorted(wires)
    return np.transpose(tensor, [ascending.index(w) for w in wires]).reshape(-1)


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
