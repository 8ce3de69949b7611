"""The state in front of the first trainable gate, as expectation values of Pauli words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.pauli import Word

__all__ = ["InputState", "product_state", "vector_state"]

_ROUNDING = 1e-12
#: Letters by ``x + 2z``: the columns X, Z, Y of a Bloch vector.
_COLUMN = {1: 0, 2: 2, 3: 1}


@dataclass(frozen=True, slots=True, eq=False)
class InputState:
    """A pure state.

    Attributes:
        n_wires: number of wires.
        bloch: Bloch vectors of a product state, ``(n, 3)``, or ``None``.
        vector: amplitudes ``(2^n,)``, wire 0 the leading bit, or ``None``.
    """

    n_wires: int
    bloch: np.ndarray | None = None
    vector: np.ndarray | None = None

    @property
    def is_known(self) -> bool:
        """Whether expectation values can be computed."""
        return self.bloch is not None or self.vector is not None

    @property
    def stabilisers(self) -> tuple[Word, ...] | None:
        """Signed words, one per wire, if the state is a product of eigenstates of letters."""
        if self.bloch is None:
            return None
        found = []
        for wire, own in enumerate(self.bloch):
            axis = int(np.argmax(np.abs(own)))
            if abs(abs(own[axis]) - 1) > _ROUNDING:
                return None
            x, z = (axis < 2) << wire, (axis > 0) << wire
            found.append(Word(x, z, 0 if own[axis] > 0 else 2))
        return tuple(found)

    def expectations(self, words: Iterable[Word]) -> np.ndarray:
        """``⟨W⟩`` of Hermitian words, signs included."""
        one = self._of_vector if self.bloch is None else self._of_bloch
        return np.array([word.sign * one(word) for word in words])

    def _of_bloch(self, word: Word) -> float:
        total, rest = 1.0, word.support
        bloch = np.asarray(self.bloch)
        while rest and total:
            wire = (rest & -rest).bit_length() - 1
            rest &= rest - 1
            code = (word.x >> wire & 1) | (word.z >> wire & 1) << 1
            total *= float(bloch[wire, _COLUMN[code]])
        return total

    def _of_vector(self, word: Word) -> float:
        vector, plain = np.asarray(self.vector), Word(word.x, word.z)
        return float(np.vdot(vector, apply_word(plain, vector, self.n_wires)).real)

    def overlap(self, other: InputState, signs: np.ndarray | None = None) -> float | None:
        """``Tr ρ ρ'`` over all words, each letter with a sign; ``None`` if not both are products.

        Args:
            other: on the same wires.
            signs: of the letters X, Y, Z on every wire, ``(n, 3)``; all plus if ``None``.
        """
        if self.bloch is None or other.bloch is None:
            if signs is None and self.vector is not None and other.vector is not None:
                return float(abs(np.vdot(self.vector, other.vector)) ** 2)
            return None
        both = self.bloch * other.bloch * (1.0 if signs is None else signs)
        return float(np.prod((1 + both.sum(axis=1)) / 2))


def apply_word(word: Word, vector: np.ndarray, n_wires: int) -> np.ndarray:
    """``W ψ``, phase included."""
    index = np.arange(2**n_wires)
    flips = sum(1 << (n_wires - 1 - w) for w in range(n_wires) if word.x >> w & 1)
    signs = sum(1 << (n_wires - 1 - w) for w in range(n_wires) if word.z >> w & 1)
    # ⟨i ⊕ x|W|i⟩ = i^{phase + |x ∧ z|} (−1)^{z·i}
    column = vector * (1 - 2.0 * (np.bitwise_count(index & signs) & 1))
    return 1j ** (word.phase + (word.x & word.z).bit_count()) * column[index ^ flips]


def product_state(bloch: np.ndarray) -> InputState:
    """From Bloch vectors ``(n, 3)``."""
    return InputState(len(bloch), bloch=np.asarray(bloch, float))


def vector_state(
    vector: np.ndarray, n_wires: int, rotations: Sequence[tuple[Word, float]] = ()
) -> InputState:
    """From amplitudes, with rotations ``exp(−iφW/2)`` applied after one another."""
    state = np.asarray(vector, complex)
    for word, angle in rotations:
        state = np.cos(angle / 2) * state - 1j * np.sin(angle / 2) * apply_word(
            word, state, n_wires
        )
    return InputState(n_wires, vector=state)
