"""Clifford gates as tables of Pauli words, and a frame that pulls words back through them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pennylane_trainability.circuits.pauli import (
    IDENTITY,
    Word,
    commute,
    from_letters,
    pauli_coefficients,
    product,
    word_matrix,
)

__all__ = ["CLIFFORDS", "Frame", "Images", "clifford_images", "conjugate"]

#: ``(g†X_0 g, g†Z_0 g, g†X_1 g, …)`` of a gate ``g``, as words on the wires of the gate.
Images = tuple[Word, ...]

_TABLE = {
    "Identity": "X Z",
    "Hadamard": "Z X",
    "S": "-Y Z",
    "Adjoint(S)": "Y Z",
    "SX": "X Y",
    "Adjoint(SX)": "X -Y",
    "PauliX": "X -Z",
    "PauliY": "-X -Z",
    "PauliZ": "-X Z",
    "CNOT": "XX ZI IX ZZ",
    "CY": "XY ZI ZX ZZ",
    "CZ": "XZ ZI ZX IZ",
    "SWAP": "IX IZ XI ZI",
    "ISWAP": "-ZY IZ -YZ ZI",
    "Adjoint(ISWAP)": "ZY IZ YZ ZI",
    "ECR": "-YX -ZI IX ZY",
}
#: Images of the fixed Clifford gates known by name.
CLIFFORDS: dict[str, Images] = {
    name: tuple(from_letters(text) for text in row.split()) for name, row in _TABLE.items()
}


def clifford_images(matrix: np.ndarray, tolerance: float = 1e-8) -> Images | None:
    """The images of a Clifford unitary, or None if the matrix is not one.

    Args:
        matrix: unitary, shape ``(2**n, 2**n)``; cost ``n · 8^n``.
        tolerance: largest deviation of a coefficient from 0 or ±1.
    """
    n = len(matrix).bit_length() - 1
    images = []
    for wire in range(n):
        for letter in (Word(1 << wire, 0), Word(0, 1 << wire)):
            moved = matrix.conj().T @ word_matrix(letter, n) @ matrix
            terms = pauli_coefficients(moved, tolerance)
            if len(terms) != 1 or abs(abs(terms[0][0].real) - 1) > tolerance:
                return None
            coefficient, word = terms[0]
            images.append(word._replace(phase=0 if coefficient.real > 0 else 2))
    return tuple(images)


def conjugate(word: Word, images: Images, wires: Sequence[int]) -> Word:
    """``g† W g`` for a word ``W`` on the circuit's wires and a gate ``g`` on ``wires``."""
    frame = Frame.identity(max(word.support.bit_length(), max(wires, default=-1) + 1))
    frame.append(images, wires)
    return frame.pull_back(word)


class Frame:
    """A Clifford ``C`` as the images ``C†X_w C`` and ``C†Z_w C`` of every wire ``w``.

    Attributes:
        x: images of ``X_w``, one per wire.
        z: images of ``Z_w``.
    """

    __slots__ = ("x", "z")

    def __init__(self, x: Sequence[Word], z: Sequence[Word]):
        self.x, self.z = list(x), list(z)

    @classmethod
    def identity(cls, n_wires: int) -> Frame:
        """The frame of a circuit without Clifford gates."""
        wires = range(n_wires)
        return cls([Word(1 << w, 0) for w in wires], [Word(0, 1 << w) for w in wires])

    def pull_back(self, word: Word, wires: Sequence[int] | None = None) -> Word:
        """``C† W C``; with ``wires``, bit ``j`` of the word stands for wire ``wires[j]``.

        The cost is one product per letter.
        """
        out, phase = IDENTITY, word.phase
        rest = word.x | word.z
        while rest:
            bit = rest & -rest
            j = bit.bit_length() - 1
            rest ^= bit
            wire = j if wires is None else wires[j]
            if word.x & bit:
                out = product(out, self.x[wire]) if out.x | out.z | out.phase else self.x[wire]
                phase += (word.z & bit) != 0
            if word.z & bit:
                out = product(out, self.z[wire]) if out.x | out.z | out.phase else self.z[wire]
        return Word(out.x, out.z, (out.phase + phase) & 3) if phase else out

    def push_forward(self, word: Word) -> Word:
        """``C W C†``, the inverse of :meth:`pull_back`.

        ``C W C†`` has ``X_w`` where ``W`` anticommutes with ``C†Z_wC``, and ``Z_w`` where it
        anticommutes with ``C†X_wC``. The cost is ``2n`` tests and one pull-back.
        """
        x = sum(1 << w for w, image in enumerate(self.z) if not commute(word, image))
        z = sum(1 << w for w, image in enumerate(self.x) if not commute(word, image))
        back = self.pull_back(Word(x, z))
        return Word(x, z, (word.phase - back.phase) & 3)

    def append(self, images: Images, wires: Sequence[int]) -> None:
        """Let a Clifford gate follow: ``C → g C``."""
        moved = [self.pull_back(image, wires) for image in images]
        for j, wire in enumerate(wires):
            self.x[wire], self.z[wire] = moved[2 * j], moved[2 * j + 1]

    def append_quarter_turns(self, word: Word, wires: Sequence[int], turns: int) -> None:
        """Let ``exp(−iφP/2)`` with ``φ = turns·π/2`` follow, ``P`` a word on ``wires``.

        Words ``W`` that anticommute with ``P`` become ``W (cos φ − i sin φ P)``.
        """
        turns %= 4
        if not turns:
            return
        pulled = self.pull_back(word, wires)
        factor = IDENTITY if turns == 2 else pulled
        phase = {1: 3, 2: 2, 3: 1}[turns]
        for j, wire in enumerate(wires):
            for images, letter in ((self.x, Word(1 << j, 0)), (self.z, Word(0, 1 << j))):
                if not commute(letter, word):
                    x, z, old = product(images[wire], factor)
                    images[wire] = Word(x, z, (old + phase) & 3)

    def copy(self) -> Frame:
        """An independent copy."""
        return Frame(self.x, self.z)
