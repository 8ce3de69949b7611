"""Pauli words as bit masks: products, commutation, and the way to and from PennyLane's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from pennylane.pauli import PauliWord
from pennylane.wires import Wires

__all__ = [
    "IDENTITY",
    "Word",
    "commute",
    "from_letters",
    "from_pauli_word",
    "letters",
    "pauli_coefficients",
    "place",
    "product",
    "to_pauli_word",
    "word_matrix",
]

_LETTERS = "IXZY"
_SIGNS = {"": 0, "+": 0, "i": 1, "-": 2, "-i": 3}


class Word(NamedTuple):
    r"""The operator ``i^phase · ⊗_w P_w`` with one letter ``P_w ∈ {I, X, Y, Z}`` per wire.

    Bit ``w`` of the masks belongs to wire position ``w``: the letter is ``X`` if only ``x`` has the
    bit, ``Z`` if only ``z`` has it, ``Y`` if both have it. Hermitian words have an even phase.

    Attributes:
        x: where the letter is ``X`` or ``Y``.
        z: where the letter is ``Z`` or ``Y``.
        phase: exponent of ``i``, 0 to 3.
    """

    x: int
    z: int
    phase: int = 0

    @property
    def support(self) -> int:
        """Mask of the wires with a letter other than ``I``."""
        return self.x | self.z

    @property
    def sign(self) -> int:
        """``+1`` or ``-1`` in front of a Hermitian word."""
        return 1 - (self.phase & 2)


IDENTITY = Word(0, 0, 0)


def product(first: Word, second: Word) -> Word:
    """Operator product ``first · second``, phase included."""
    x1, z1, phase1 = first
    x2, z2, phase2 = second
    x, z = x1 ^ x2, z1 ^ z2
    turns = (x1 & z1).bit_count() + (x2 & z2).bit_count() - (x & z).bit_count()
    return Word(x, z, (phase1 + phase2 + turns + 2 * (z1 & x2).bit_count()) & 3)


def commute(first: Word, second: Word) -> bool:
    """Whether two words commute (they anticommute otherwise)."""
    return not ((first.x & second.z).bit_count() + (first.z & second.x).bit_count()) & 1


def place(word: Word, wires: Sequence[int]) -> Word:
    """The word of a gate, bit ``j`` moved to the wire position ``wires[j]``."""
    x = z = 0
    for j, wire in enumerate(wires):
        x |= (word.x >> j & 1) << wire
        z |= (word.z >> j & 1) << wire
    return Word(x, z, word.phase)


@lru_cache(maxsize=4096)
def from_letters(text: str) -> Word:
    """Read ``"XIZ"``, ``"-YY"`` or ``"iX"``; the first letter belongs to wire position 0."""
    body = text.lstrip("+-i")
    codes = [_LETTERS.index(letter) for letter in body]
    x = sum((code & 1) << w for w, code in enumerate(codes))
    z = sum((code >> 1) << w for w, code in enumerate(codes))
    return Word(x, z, _SIGNS[text[: len(text) - len(body)]])


def letters(word: Word, n_wires: int) -> str:
    """Write a word the way :func:`from_letters` reads it."""
    body = "".join(_LETTERS[(word.x >> w & 1) | (word.z >> w & 1) << 1] for w in range(n_wires))
    return ("", "i", "-", "-i")[word.phase] + body


def from_pauli_word(word: PauliWord, wires: Iterable) -> Word:
    """A PennyLane word on the wire order ``wires``."""
    position = {label: w for w, label in enumerate(wires)}
    x = z = 0
    for label, letter in word.items():
        code = _LETTERS.index(letter)
        x |= (code & 1) << position[label]
        z |= (code >> 1) << position[label]
    return Word(x, z)


def to_pauli_word(word: Word, wires: Wires | Sequence) -> tuple[PauliWord, complex]:
    """PennyLane's word and the phase in front of it, on the wire order ``wires``."""
    text = letters(Word(word.x, word.z), len(wires))
    named = {label: letter for label, letter in zip(wires, text, strict=True) if letter != "I"}
    return PauliWord(named), 1j**word.phase


def _reverse(masks: np.ndarray, n_wires: int) -> np.ndarray:
    """Masks with the bit order of matrix indices, where wire 0 is the highest bit."""
    out = np.zeros_like(masks)
    for w in range(n_wires):
        out |= (masks >> w & 1) << (n_wires - 1 - w)
    return out


def word_matrix(word: Word, n_wires: int) -> np.ndarray:
    """Dense matrix of a word, shape ``(2**n_wires, 2**n_wires)``."""
    x, z = (int(m) for m in _reverse(np.array([word.x, word.z]), n_wires))
    column = np.arange(2**n_wires)
    matrix = np.zeros((2**n_wires, 2**n_wires), dtype=complex)
    signs = 1 - 2 * (np.bitwise_count(column & z) & 1).astype(float)
    matrix[column ^ x, column] = 1j ** (word.phase + (word.x & word.z).bit_count()) * signs
    return matrix


def pauli_coefficients(matrix: np.ndarray, tolerance: float = 1e-10) -> list[tuple[complex, Word]]:
    r"""Expansion ``M = Σ_P c_P P`` with ``c_P = Tr(P M) / 2^n``, without the terms below tolerance.

    Args:
        matrix: shape ``(2**n, 2**n)``; cost ``8^n``.
        tolerance: coefficients of at most this modulus are left out.

    Returns:
        The coefficients and their words, phases of the words zero.
    """
    n = len(matrix).bit_length() - 1
    index = np.arange(2**n)
    shifted = matrix[index[None, :] ^ index[:, None], index[None, :]]
    signs = 1 - 2 * (np.bitwise_count(index[:, None] & index[None, :]) & 1).astype(float)
    turns = np.bitwise_count(index[:, None] & index[None, :])
    coefficients = (shifted @ signs) * (-1j) ** turns / 2**n
    native = _reverse(index, n)
    found = np.argwhere(np.abs(coefficients) > tolerance)
    return [(coefficients[i, j], Word(int(native[i]), int(native[j]))) for i, j in found]
