"""Product states: the Bloch vector of every wire, and expectation values of Pauli words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pennylane.operation import Operator

from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.errors import ReadingError

__all__ = ["bloch_vectors", "expectations", "turn"]

_BASIS_STATES = frozenset({"BasisState", "BasisEmbedding"})


def bloch_vectors(preparation: Sequence[Operator], position: Mapping, n_wires: int) -> np.ndarray:
    """The Bloch vector ``(⟨X⟩, ⟨Y⟩, ⟨Z⟩)`` of every wire, ``(n, 3)``.

    Args:
        preparation: the operators that prepare the state; wires without one are in ``|0⟩``.
        position: wire label → position.
        n_wires: number of wires.

    Raises:
        ReadingError: an operator is neither a basis state nor a state of one wire.
    """
    out = np.tile([0.0, 0.0, 1.0], (n_wires, 1))
    prepared: set[int] = set()
    for op in preparation:
        at = [position[w] for w in op.wires]
        if prepared & set(at):
            raise ReadingError(f"{op.name} prepares wires that were prepared before.")
        prepared |= set(at)
        data = np.asarray(op.data[0]) if op.data else np.zeros(0)
        if op.name in _BASIS_STATES and data.size == len(at):
            out[at, 2] = 1 - 2 * np.ravel(data).astype(int)
        elif len(at) == 1 and data.shape == (2,):
            out[at[0]] = _bloch(np.asarray(data, complex))
        else:
            raise ReadingError(
                f"{op.name} on wires {op.wires.tolist()} prepares a state that is not known to be "
                "a product of one-wire states; Pauli paths end in expectation values of product "
                "states"
            )
    return out


def _bloch(amplitudes: np.ndarray) -> np.ndarray:
    zero, one = amplitudes / np.linalg.norm(amplitudes)
    cross = 2 * np.conj(zero) * one
    return np.array([cross.real, cross.imag, abs(zero) ** 2 - abs(one) ** 2])


def turn(bloch: np.ndarray, word: Word, angle: float) -> None:
    """Let ``exp(−iφP/2)`` follow, ``P = ±`` one letter on one wire; in place."""
    wire = (word.x | word.z).bit_length() - 1
    axis = {1: 0, 3: 1, 2: 2}[(word.x >> wire & 1) | (word.z >> wire & 1) << 1]
    a, b = (axis + 1) % 3, (axis + 2) % 3
    cos, sin = np.cos(angle), np.sin(angle) * word.sign
    first, second = bloch[wire, a], bloch[wire, b]
    bloch[wire, a], bloch[wire, b] = cos * first - sin * second, sin * first + cos * second


def expectations(bloch: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """``Tr(ρP)`` of words given by bits ``(m, n)``, ``(m,)``.

    >>> plus = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> words = np.array([[1, 0]]), np.array([[0, 1]])  # X on wire 0, Z on wire 1
    >>> expectations(plus, *words)
    array([1.])
    """
    # letters by x + 2z: I, X, Z, Y
    table = np.concatenate([np.ones((len(bloch), 1)), bloch[:, [0, 2, 1]]], axis=1)
    code = x.astype(np.int8) + 2 * z.astype(np.int8)
    return np.prod(table[np.arange(len(bloch)), code], axis=1)
