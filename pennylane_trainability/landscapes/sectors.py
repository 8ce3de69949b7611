"""Which sectors carry the state, with which weights, and what the observable is on each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.pauli import Word, commute, product, word_matrix
from pennylane_trainability.circuits.symmetries import commutant
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.landscapes.blocks import Symmetry
from pennylane_trainability.landscapes.input_state import InputState

__all__ = [
    "Carried",
    "Weights",
    "carried_sectors",
    "outside_words",
    "sector_sentence",
    "weights_of",
]

#: Sectors that are looked at one by one.
_MAX_SECTORS = 1 << 10
#: Words of a sector whose expectation values are listed, as a power of two.
_MAX_LISTED = 12
_ROUNDING = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The state on a block: eigenvalues of its part in the Jordan algebra.

    For quaternionic blocks every pair of equal eigenvalues is one weight, their sum.

    Attributes:
        values: distinct eigenvalues that are not zero.
        counts: how often each occurs.
    """

    values: tuple[float, ...]
    counts: tuple[float, ...]

    @property
    def total(self) -> float:
        """The trace."""
        return float(np.dot(self.values, self.counts))

    @property
    def is_pure(self) -> bool:
        """Whether the part is a multiple of a projector on one vector."""
        return len(self.values) == 1 and self.counts[0] == 1

    def purity(self, beta: int) -> float:
        """``‖ρ‖²`` as a complex matrix."""
        squares = float(np.dot(np.square(self.values), self.counts))
        return squares / 2 if beta == 4 else squares


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """One sector.

    Attributes:
        signs: mask of the radical words that are −1 in it.
        total: probability of the state to be in it.
        weights: ``None`` if not known.
    """

    signs: int
    total: float
    weights: Weights | None


def sector_sentence(
    symmetry: Symmetry, terms: Iterable[tuple[float, Word]], signs: int
) -> dict[Word, float]:
    """The observable on a sector as ``{logical word: coefficient}``; other words are left out."""
    out: dict[Word, float] = {}
    for coefficient, word in terms:
        at = symmetry.frame.read(word)
        if at is not None:
            turn = -1 if (at.radical & signs).bit_count() & 1 else 1
            out[at.word] = out.get(at.word, 0.0) + at.sign * turn * coefficient
    return out


def outside_words(
    symmetry: Symmetry, terms: Iterable[tuple[float, Word]], state: InputState
) -> list[Word]:
    """Words of the observable that are not in the algebra and may still contribute.

    A word has no expectation value, however it is turned, if it anticommutes with a symmetry of
    the circuit that the state is an eigenstate of.
    """
    outside = [word for _, word in terms if symmetry.frame.read(word) is None]
    stabilisers = state.stabilisers
    if not outside or stabilisers is None:
        return outside
    kept = commuting_products(stabilisers, symmetry.frame_words())
    return [w for w in outside if all(commute(w, s) for s in kept)]


def carried_sectors(symmetry: Symmetry, state: InputState) -> tuple[Carried, ...]:
    """The sectors in which the state is found, with their weights.

    Raises:
        BudgetError: there are too many of them.
    """
    if state.stabilisers is not None:
        return _of_stabilisers(symmetry, state.stabilisers)
    r, k = len(symmetry.frame.radical), symmetry.frame.n_logical
    if 2 * k + r <= _MAX_LISTED and state.is_known:
        return _listed(symmetry, state)
    if not r:
        return (Carried(0, 1.0, _whole(symmetry, state)),)
    raise BudgetError(
        f"The state is no product of eigenstates of Pauli letters and has to be split among "
        f"{2**r} blocks of size {2**k}; that is done up to 2^{_MAX_LISTED} words. Take a basis "
        "state, or fewer wires."
    )


def _whole(symmetry: Symmetry, state: InputState) -> Weights | None:
    """A pure state in the only sector."""
    if symmetry.multiplicity > 1:
        return None
    if symmetry.beta != 1:
        return Weights((1.0,), (1,))
    other = state.overlap(state, letter_signs(symmetry))
    return None if other is None else _two_vectors(other)


def letter_signs(symmetry: Symmetry) -> np.ndarray:
    """``(−1)^q`` of the letters X, Y, Z on every wire, ``(n, 3)``; all words in the algebra."""
    out = np.ones((symmetry.n_wires, 3))
    if symmetry.beta == 2:
        return out
    for wire in range(symmetry.n_wires):
        for column, (x, z) in enumerate(((1, 0), (1, 1), (0, 1))):
            at = symmetry.frame.read(Word(x << wire, z << wire))
            if at is not None:
                out[wire, column] = 1 - 2 * symmetry.frame.form(at.word)
    return out


def _two_vectors(overlap: float) -> Weights:
    """``(ψψ† + ψ̃ψ̃†)/2`` with ``|ψ†ψ̃|²`` given."""
    root = float(np.sqrt(min(max(overlap, 0.0), 1.0)))
    if root > 1 - _ROUNDING:
        return Weights((1.0,), (1,))
    if root < _ROUNDING:
        return Weights((0.5,), (2,))
    return Weights(((1 + root) / 2, (1 - root) / 2), (1, 1))


def commuting_products(words: Sequence[Word], others: Sequence[Word]) -> list[Word]:
    """A basis of the products of commuting words that commute with all of some others.

    Args:
        words: signed words that commute with each other.
        others: any words.
    """
    left = list(words)
    for other in others:
        hit = [w for w in left if not commute(w, other)]
        if hit:
            first = hit[0]
            left = [w for w in left if commute(w, other)]
            left += [product(first, w) for w in hit[1:]]
    return left


def _of_stabilisers(symmetry: Symmetry, stabilisers: Sequence[Word]) -> tuple[Carried, ...]:
    """Closed forms: what is left of the stabilisers is a projector on every sector."""
    frame = symmetry.frame
    # the products that lie in V: they commute with everything that commutes with V
    inside = commuting_products(stabilisers, commutant(symmetry.frame_words(), symmetry.n_wires))
    logical, fixed = _split(symmetry, inside)
    masks = _solutions(fixed, len(frame.radical))
    odd = symmetry.beta != 2 and any(frame.form(word) for word in logical)
    rank = 1 << (frame.n_logical - len(logical) + odd)
    if symmetry.beta == 4:
        rank >>= 1
    total = 1 / len(masks)
    weights = Weights((total / rank,), (rank,))
    return tuple(Carried(mask, total, weights) for mask in masks)


def _split(symmetry: Symmetry, inside: Sequence[Word]) -> tuple[list[Word], list]:
    """Independent logical words, and the signs ``(mask, sign)`` that are fixed."""
    width = symmetry.frame.n_logical
    reduced: list[tuple[Word, Word]] = []  # logical word, word
    fixed: list[tuple[int, int]] = []
    for word in inside:
        at = symmetry.frame.read(word)
        if at is None:
            continue
        logical, own = at.word, word
        for other, full in reduced:
            top = (other.x << width | other.z).bit_length()
            if (logical.x << width | logical.z) >> (top - 1) & 1:
                logical = Word(logical.x ^ other.x, logical.z ^ other.z)
                own = product(own, full)
        if logical.support:
            reduced.append((logical, own))
            reduced.sort(key=lambda pair: -(pair[0].x << width | pair[0].z))
        else:
            there = symmetry.frame.read(own)
            if there is not None:
                fixed.append((there.radical, there.sign))
    return [word for word, _ in reduced], fixed


def _solutions(fixed: Iterable[tuple[int, int]], count: int) -> list[int]:
    """All masks ``χ`` with ``(−1)^{mask·χ} = sign``."""
    pivots: dict[int, tuple[int, int]] = {}
    for mask, sign in fixed:
        odd = int(sign < 0)
        while mask and mask.bit_length() in pivots:
            other, parity = pivots[mask.bit_length()]
            mask, odd = mask ^ other, odd ^ parity
        if mask:
            pivots[mask.bit_length()] = mask, odd
    free = count - len(pivots)
    if 1 << free > _MAX_SECTORS:
        raise BudgetError(
            f"The state is spread over {2**free} blocks; up to {_MAX_SECTORS} are looked at. "
            "Generators without so many symmetries, or a state in one sector, have fewer."
        )
    found = [0]
    for bit in range(count):  # from the lowest bit on, so that a pivot follows from bits below it
        if bit + 1 in pivots:
            mask, odd = pivots[bit + 1]
            found = [chi | ((((chi & mask).bit_count() & 1) ^ odd) << bit) for chi in found]
        else:
            found = [chi | one << bit for chi in found for one in (0, 1)]
    return found


def _listed(symmetry: Symmetry, state: InputState) -> tuple[Carried, ...]:
    """From the expectation values of all words of the algebra."""
    parts = sector_matrices(symmetry, state)
    out = []
    for signs, matrix in enumerate(parts):
        total = float(np.trace(matrix).real)
        if total > _ROUNDING:
            out.append(Carried(signs, total, weights_of(matrix, symmetry.beta)))
    return tuple(out)


def sector_matrices(symmetry: Symmetry, state: InputState) -> np.ndarray:
    """The state on every sector, its part in the Jordan algebra, ``(2^r, 2^k, 2^k)``."""
    frame = symmetry.frame
    k, r = frame.n_logical, len(frame.radical)
    signs = np.array(
        [[1 - 2 * ((m & chi).bit_count() & 1) for m in range(1 << r)] for chi in range(1 << r)]
    )
    out = np.zeros((1 << r, 1 << k, 1 << k), complex)
    for x in range(1 << k):
        for z in range(1 << k):
            logical = Word(x, z)
            if not symmetry.in_block(logical):
                continue
            full = frame.write(logical)
            values = state.expectations(product(full, c) for c in frame.radical_products())
            # a sector is the mean over the radical of its projector
            own = signs @ values / (1 << r)
            out += own[:, None, None] * word_matrix(logical, k)
    return out / (1 << k)


def weights_of(matrix: np.ndarray, beta: int) -> Weights:
    """Of a state's part in a Jordan algebra, as a complex matrix."""
    values = np.linalg.eigvalsh(matrix)[::-1]
    if beta == 4:
        values = values[::2] + values[1::2]
    values = values[values > _ROUNDING]
    distinct: list[list[float]] = []
    for value in values:
        if distinct and abs(value - distinct[-1][0]) < _ROUNDING:
            distinct[-1][1] += 1
        else:
            distinct.append([float(value), 1])
    return Weights(tuple(v for v, _ in distinct), tuple(int(c) for _, c in distinct))
