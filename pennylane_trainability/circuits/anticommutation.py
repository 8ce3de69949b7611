"""Many Pauli words at once: which anticommute, and what becomes of them behind a Clifford."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.circuits.tableau import bits

__all__ = ["anticommute", "push_forward", "reached", "unite"]


def anticommute(first: Sequence[Word], second: Sequence[Word], n_wires: int) -> np.ndarray:
    """Which words of two lists anticommute, ``(len(first), len(second))``.

    >>> from pennylane_trainability.circuits.pauli import from_letters
    >>> anticommute([from_letters("XX")], [from_letters("ZI"), from_letters("ZZ")], 2)
    array([[ True, False]])
    """
    # float32 for the matrix product; counts stay far below 2¹⁶
    left = _letters([w.x for w in first], [w.z for w in first], n_wires)
    right = _letters([w.z for w in second], [w.x for w in second], n_wires)
    return ((left @ right.T).astype(np.uint16) & 1).astype(bool)


def _letters(one: list[int], other: list[int], n: int) -> np.ndarray:
    return np.concatenate([bits(one, n), bits(other, n)], axis=1).astype(np.float32)


def unite(matrix: np.ndarray, sizes: Sequence[int], axis: int) -> np.ndarray:
    """Put neighbouring entries together by "or": ``sizes[k]`` of them become entry ``k``."""
    if all(size == 1 for size in sizes):
        return matrix
    starts = np.cumsum([0, *sizes[:-1]])
    return np.logical_or.reduceat(matrix, starts, axis=axis)


def reached(against: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    r"""Which elements of a circuit meet words that they do not commute with, read-out by read-out.

    Going backwards from a word, element ``k`` is reached if it anticommutes with that word or with
    an element behind it that is reached: such an element multiplies words by its own, and what
    anticommutes with ``P`` anticommutes with ``W`` or with ``W P``. An element that is not reached
    commutes with all that is, so that nothing depends on it.

    Args:
        against: which elements anticommute, in the order of the circuit, ``(m, m)``.
        seeds: which elements anticommute with which words behind the circuit, ``(m, I)``.

    Returns:
        ``(m, I)``; cost ``m²`` operations on ``I`` bits.
    """
    found = np.packbits(seeds, axis=1)
    for k in reversed(range(len(found) - 1)):
        behind = found[k + 1 :][against[k, k + 1 :]]
        if len(behind):
            found[k] |= np.bitwise_or.reduce(behind, axis=0)
    return np.unpackbits(found, axis=1, count=seeds.shape[1]).astype(bool)


def push_forward(words: Sequence[Word], frame: Frame) -> list[Word]:
    """``C W C†`` of many words, as :meth:`Frame.push_forward` has it of one.

    ``C W C†`` has ``X_w`` where ``W`` anticommutes with ``C†Z_wC``, and ``Z_w`` where it
    anticommutes with ``C†X_wC``. Its phase is that of ``W`` less that of the product of the images
    of its letters, which is formed wire by wire for all words at once.
    """
    n = len(frame.x)
    if not words or n == 0:
        return list(words)
    x = anticommute(words, frame.z, n)
    z = anticommute(words, frame.x, n)
    phases = np.array([word.phase for word in words]) - _pulled_phases(x, z, frame, n)
    masks = (_masks(x), _masks(z), (phases % 4).tolist())
    return [Word(*entry) for entry in zip(*masks, strict=True)]


def _pulled_phases(x: np.ndarray, z: np.ndarray, frame: Frame, n: int) -> np.ndarray:
    """Exponents of ``i`` of ``∏_w (C†X_wC)^x (C†Z_wC)^z``, with ``i`` for every ``Y``."""
    count = len(x)
    out = (x & z).sum(axis=1)  # Y = i X Z
    size = -(-n // 64)
    now_x, now_z = np.zeros((count, size), np.uint64), np.zeros((count, size), np.uint64)
    for wire in np.flatnonzero((x | z).any(axis=0)):
        for chosen, image in ((x[:, wire], frame.x[wire]), (z[:, wire], frame.z[wire])):
            rows = np.flatnonzero(chosen)
            if not rows.size:
                continue
            own_x, own_z = _limbs(image.x, size), _limbs(image.z, size)
            old_x, old_z = now_x[rows], now_z[rows]
            new_x, new_z = old_x ^ own_x, old_z ^ own_z
            turns = _count(old_x & old_z) + _count(own_x & own_z) - _count(new_x & new_z)
            out[rows] += image.phase + turns + 2 * _count(old_z & own_x)
            now_x[rows], now_z[rows] = new_x, new_z
    return out


def _limbs(mask: int, size: int) -> np.ndarray:
    """A mask as 64-bit numbers, the lowest first."""
    return np.frombuffer(mask.to_bytes(8 * size, "little"), np.uint64)


def _count(limbs: np.ndarray) -> np.ndarray:
    return np.bitwise_count(limbs).sum(axis=-1, dtype=int)


def _masks(rows: np.ndarray) -> list[int]:
    """Bits ``(m, n)`` as masks, column ``w`` in bit ``w``."""
    packed = np.packbits(rows, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]
