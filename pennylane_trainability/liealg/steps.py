r"""What Pauli words are carried through: rotations about words, and unitaries on a few wires.

Behind a unitary ``V`` an operator ``Q`` reads ``V Q V†``. For ``V = exp(−iφP/2)``

.. math:: V Q V^\dagger = Q \ \text{ if } [P, Q] = 0, \qquad
          \cos\varphi\, Q - i \sin\varphi\, P Q \ \text{ if } \{P, Q\} = 0,

and ``−iPQ = ±W`` with a word ``W``. For any other unitary on ``k`` wires the ``4^k`` words of these
wires are mixed by its Pauli transfer matrix ``T``: ``V P_a V† = Σ_b T_{ba} P_b``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from pennylane_trainability.liealg.words import Words, anticommuting, products

__all__ = ["Mixing", "Turn", "local_words", "transfer_matrix"]


@dataclass(frozen=True, slots=True)
class Turn:
    """The rotation ``exp(−iφP/2)``.

    Attributes:
        x: mask of ``P``.
        z: mask of ``P``.
    """

    x: int
    z: int


@dataclass(frozen=True, slots=True, eq=False)
class Mixing:
    """A unitary on ``k`` wires, given by its transfer matrix where it is used.

    Attributes:
        images: ``(x, z, phase)`` of what stands for ``X_j`` and ``Z_j`` of its wires, in this
            order: ``2k`` Hermitian words ``i^phase · ⊗ P`` that commute and anticommute as these.
        pattern: which entries of ``T`` may differ from zero, ``(4^k, 4^k)``. Word ``a`` has on wire
            ``j`` the letter ``a // 4^j % 4`` out of ``I, X, Z, Y``.
    """

    images: tuple[tuple[int, int, int], ...]
    pattern: np.ndarray


def local_words(mixing: Mixing, n_wires: int) -> tuple[Words, np.ndarray]:
    """The ``4^k`` words that a unitary mixes, and the power of ``i`` in front of each."""
    found = Words.of([(0, 0)], n_wires)
    turns: np.ndarray = np.zeros(1, np.uint8)
    images = Words.of(mixing.images, n_wires)
    for j in range(len(mixing.images) // 2):
        x, z = images.take([2 * j]), images.take([2 * j + 1])
        first, second = (mixing.images[2 * j + k][2] for k in (0, 1))
        both, more = products(x, z)
        # Y = i X Z
        letters = [(x, first), (z, second), (both, first + second + int(more[0]) + 1)]
        parts, powers = [found], [turns]
        for letter, power in letters:
            word, extra = products(found, letter)
            parts.append(word)
            powers.append(turns + extra + power)
        found, turns = Words.joined(parts), np.concatenate(powers).astype(np.uint8) & 3
    return found, turns


def local_codes(mixing: Mixing, words: Words, n_wires: int) -> np.ndarray:
    """Which of its ``4^k`` words stands on the unitary's wires in every word, ``(m,)``.

    A letter holds an ``X`` where it anticommutes with ``Z``, and a ``Z`` where it does with ``X``.
    """
    images = Words.of(mixing.images, n_wires)
    out = np.zeros(len(words), np.int64)
    for j in range(len(images) // 2):
        out += anticommuting(words, images.take([2 * j + 1])) * 4**j
        out += anticommuting(words, images.take([2 * j])) * (2 * 4**j)
    return out


_LETTERS = np.array([np.eye(2), [[0, 1], [1, 0]], np.diag([1, -1]), [[0, -1j], [1j, 0]]])


def transfer_matrix(unitary: np.ndarray) -> np.ndarray:
    r"""``T_{ba} = 2^{-k} \mathrm{Tr}(P_b V P_a V^\dagger)`` of a unitary on ``k`` wires.

    Args:
        unitary: ``(2^k, 2^k)``; the first wire is the leading bit.

    Returns:
        ``(4^k, 4^k)``, real and orthogonal; numbering as in :class:`Mixing`. Cost ``32^k``.

    >>> transfer_matrix(np.array([[1, 1], [1, -1]]) / np.sqrt(2)).round(12) + 0.0
    array([[ 1.,  0.,  0.,  0.],
           [ 0.,  0.,  1.,  0.],
           [ 0.,  1.,  0.,  0.],
           [ 0.,  0.,  0., -1.]])
    """
    k = len(unitary).bit_length() - 1
    codes = np.arange(4**k)[:, None] >> 2 * np.arange(k) & 3
    words = np.array([reduce(np.kron, _LETTERS[code]) for code in codes])
    carried = unitary @ words @ unitary.conj().T
    size = len(words)
    return np.real(words.conj().reshape(size, -1) @ carried.reshape(size, -1).T) / 2**k
