"""Pauli words as vectors over the field of two elements, with the form that tells anticommutation.

Vectors are pairs of masks ``(x, z)``, ``ω(u, v) = |x_u ∧ z_v| + |z_u ∧ x_v|`` modulo 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Frame", "anticommute", "independent", "symplectic"]

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Frame:
    """A span of words, as pairs that anticommute and a radical that commutes with everything.

    Attributes:
        basis: of the span, with the quadratic form of each.
        half: number of pairs ``k``.
        radical: basis of the radical, with the form of each.
        arf: Arf invariant of the form on the pairs, 0 or 1.
        has_form: whether ``q(g) = 1`` for all generators, with ``q(u+v) = q(u)+q(v)+ω(u,v)``, is
            possible; if not, the values of ``q`` mean nothing.
    """

    basis: tuple[tuple[Pair, int], ...]
    half: int
    radical: tuple[tuple[Pair, int], ...]
    arf: int
    has_form: bool


def anticommute(u: Pair, v: Pair) -> int:
    """``ω(u, v)``."""
    return ((u[0] & v[1]).bit_count() + (u[1] & v[0]).bit_count()) & 1


def independent(pivots: dict[int, int], vector: int) -> bool:
    """Let a vector join an echelon basis ``{number of bits: vector}``; whether it was new."""
    while vector:
        pivot = pivots.get(vector.bit_length())
        if pivot is None:
            pivots[vector.bit_length()] = vector
            return True
        vector ^= pivot
    return False


def symplectic(generators: Sequence[Pair]) -> Frame:
    """Analyse the span of some words.

    Args:
        generators: words on ``n`` wires, ``G`` of them.

    Returns:
        The frame; cost ``2n·(G + n)`` operations on masks.
    """
    basis, has_form = _echelon(generators)
    left = list(basis)
    radical, arf, half = [], 0, 0
    while left:
        e, q_e = left.pop()
        at = next((k for k, (v, _) in enumerate(left) if anticommute(e, v)), None)
        if at is None:
            radical.append((e, q_e))
            continue
        f, q_f = left.pop(at)
        arf ^= q_e & q_f
        half += 1
        left = [_cleared(vector, (e, q_e), (f, q_f)) for vector in left]
    return Frame(tuple(basis), half, tuple(radical), arf, has_form)


def _sum(u: tuple[Pair, int], v: tuple[Pair, int]) -> tuple[Pair, int]:
    (a, q_a), (b, q_b) = u, v
    return (a[0] ^ b[0], a[1] ^ b[1]), q_a ^ q_b ^ anticommute(a, b)


def _cleared(vector, e, f):
    """The vector plus what makes it commute with both words of a pair."""
    with_e, with_f = anticommute(vector[0], e[0]), anticommute(vector[0], f[0])
    if with_f:
        vector = _sum(vector, e)
    return _sum(vector, f) if with_e else vector


def _echelon(generators: Sequence[Pair]) -> tuple[list[tuple[Pair, int]], bool]:
    """A basis of the span with its values of ``q``, and whether all relations agree with ``q``."""
    width = max((max(x, z).bit_length() for x, z in generators), default=0)
    pivots: dict[int, tuple[Pair, int]] = {}
    has_form = True
    for pair in generators:
        vector: tuple[Pair, int] = (pair, 1)
        while (key := vector[0][0] << width | vector[0][1]) and key.bit_length() in pivots:
            vector = _sum(vector, pivots[key.bit_length()])
        if key:
            pivots[key.bit_length()] = vector
        elif vector[1]:
            has_form = False
    return list(pivots.values()), has_form
