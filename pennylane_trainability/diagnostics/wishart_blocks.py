"""From generators, observable and state to blocks, and to reasons where the laws do not apply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.pauli import Word, word_matrix
from pennylane_trainability.diagnostics.wishart_reading import Driven
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.landscapes.blocks import Symmetry, pauli_symmetry
from pennylane_trainability.landscapes.dense_blocks import MAX_DENSE, dense_blocks
from pennylane_trainability.landscapes.sectors import (
    Carried,
    carried_sectors,
    letter_signs,
    outside_words,
    sector_matrices,
    sector_sentence,
)
from pennylane_trainability.landscapes.spectra import spectrum_of
from pennylane_trainability.landscapes.wishart import BlockModel

__all__ = ["Found", "Part", "find_blocks"]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One block that carries the state.

    Attributes:
        model: observable and state on it; ``None`` if the state on it is not known.
        size: ``N``.
        beta: 1, 2 or 4.
        multiplicity: copies of the representation.
        dimension: of the Lie algebra on it.
        is_full: whether that is all of ``so(N)``, ``su(N)`` or ``sp(N)``.
        total: probability of the state to be in it.
    """

    model: BlockModel | None
    size: int
    beta: int
    multiplicity: int
    dimension: int
    is_full: bool
    total: float


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Blocks, and what speaks against the laws.

    Attributes:
        parts: blocks that carry the state.
        algebra: the Lie algebra in words, where it is known.
        reasons: why the statement does not apply; empty if it does.
        kernel: covariances of the loss between input points, or ``None``.
        method: how the blocks were found.
    """

    parts: tuple[Part, ...]
    algebra: str
    reasons: tuple[str, ...]
    kernel: np.ndarray | None
    method: str


def find_blocks(read: Driven) -> Found:
    """Find the blocks of a circuit.

    Raises:
        BudgetError: sums of words act on too many logical wires, or there are too many blocks.
        ReadingError: there is no rotation.
    """
    return _of_words(read) if read.is_single else _of_sums(read)


def _of_words(read: Driven) -> Found:
    symmetry = pauli_symmetry(read.words, read.n_wires)
    state = read.states[0]
    try:
        carried = carried_sectors(symmetry, state)
    except BudgetError as error:
        return Found((), symmetry.algebra, (str(error),), None, "pauli words")
    reasons = _reasons(symmetry, read, carried)
    parts = []
    for one in carried:
        sentence = sector_sentence(symmetry, read.terms, one.signs)
        inside = {w: c for w, c in sentence.items() if symmetry.in_block(w)}
        spectrum = spectrum_of(inside or {Word(0, 0): 0.0})
        model = None
        if one.weights is not None:
            model = BlockModel(symmetry.size, symmetry.beta, spectrum, one.weights)
        parts.append(
            Part(
                *(model, symmetry.size, symmetry.beta, symmetry.multiplicity),
                *(symmetry.dimension, symmetry.is_full, one.total),
            )
        )
    kernel = _kernel(symmetry, read, parts) if not reasons else None
    return Found(tuple(parts), symmetry.algebra, tuple(reasons), kernel, "pauli words")


def _reasons(symmetry: Symmetry, read: Driven, carried: tuple[Carried, ...]) -> list[str]:
    """Why the laws do not apply, in words; none if they do."""
    reasons = []
    if not symmetry.is_full:
        reasons.append(
            f"on a block the Lie algebra {symmetry.algebra} has dimension {symmetry.dimension}, "
            f"which is not all of {symmetry.group}"
        )
    if outside := outside_words(symmetry, read.terms, read.states[0]):
        reasons.append(
            f"{len(outside)} of {len(read.terms)} words of the observable lie outside the algebra "
            "that the generators span"
        )
    if symmetry.beta != 2:
        sentence = [sector_sentence(symmetry, read.terms, c.signs) for c in carried]
        odd = {w for one in sentence for w in one if not symmetry.in_block(w)}
        if odd:
            kind = "real" if symmetry.beta == 1 else "quaternionic"
            reasons.append(
                f"{len(odd)} words of the observable are in the Lie algebra, not in the Jordan "
                f"algebra of {kind} matrices"
            )
    reasons += _shared(symmetry, carried)
    if any(c.weights is None for c in carried):
        reasons.append("the state on the blocks is not known")
    return reasons


def _shared(symmetry: Symmetry, carried: tuple[Carried, ...]) -> list[str]:
    """Whether blocks that carry the state are driven by one unitary."""
    if len(carried) < 2:
        return []
    if symmetry.driven is None:
        return ["it is not known whether the blocks have independent unitaries"]
    odd = sum(1 << j for j, q in enumerate(symmetry.frame.radical_forms) if q)
    seen: dict[tuple[int, ...], int] = {}
    for one in carried:
        key = tuple((one.signs & mask).bit_count() & 1 for mask in symmetry.driven)
        if key in seen:
            return ["several blocks that carry the state share one unitary"]
        if symmetry.paired and any(_conjugate(key, other, symmetry.driven, odd) for other in seen):
            return ["two blocks that carry the state have complex conjugate unitaries"]
        seen[key] = one.signs
    return []


def _conjugate(key, other, driven: tuple[int, ...], odd: int) -> bool:
    """Whether the signs differ exactly as complex conjugation changes them."""
    return all(
        a ^ b == ((mask & odd).bit_count() & 1)
        for a, b, mask in zip(key, other, driven, strict=True)
    )


def _kernel(symmetry: Symmetry, read: Driven, parts: list[Part]) -> np.ndarray | None:
    """``Cov(ℓ(ρ_a), ℓ(ρ_b))`` of all input points."""
    models = [part.model for part in parts]
    known = [m for m in models if m is not None]
    if len(read.states) == 1:
        exact = [m.exact_loss().variance for m in known]
        return np.array([[sum(exact)]]) if len(known) == len(models) else None
    overlaps = _overlaps(symmetry, read)
    if overlaps is None or len(known) < len(models):
        return None
    return np.asarray(
        sum(model.kernel(overlap) for model, overlap in zip(known, overlaps, strict=True))
    )


def _overlaps(symmetry: Symmetry, read: Driven) -> list[np.ndarray] | None:
    """Traceless overlaps of the states on the blocks, one matrix ``(G, G)`` per block."""
    states, frame = read.states, symmetry.frame
    d = 1 << frame.n_logical
    if frame.n_logical == read.n_wires:
        signs = letter_signs(symmetry)
        out = np.zeros((len(states), len(states)))
        for a, one in enumerate(states):
            for b, two in enumerate(states[: a + 1]):
                plain = one.overlap(two)
                turned = plain if symmetry.beta == 2 else one.overlap(two, signs)
                if plain is None or turned is None:
                    return None
                out[a, b] = out[b, a] = (plain + turned) / 2 - 1 / d
        return [out]
    if 2 * frame.n_logical + len(frame.radical) > 12:
        return None
    matrices = np.array([sector_matrices(symmetry, one) for one in states])
    first = [c.signs for c in carried_sectors(symmetry, states[0])]
    totals = np.trace(matrices, axis1=2, axis2=3).real
    if np.any(np.delete(totals, first, axis=1) > _ROUNDING):
        return None  # other inputs live on other blocks
    return [
        np.einsum("aij,bji->ab", matrices[:, s], matrices[:, s]).real
        - np.outer(totals[:, s], totals[:, s]) / d
        for s in first
    ]


def _of_sums(read: Driven) -> Found:
    """Generators that are sums: matrices on the logical wires of their words."""
    plain = pauli_symmetry(read.words, read.n_wires)
    symmetry = Symmetry(plain.frame, read.n_wires, 2, 0, "", None, False)
    carried = carried_sectors(symmetry, read.states[0])
    d = 1 << plain.frame.n_logical
    if d * len(carried) > MAX_DENSE or 2 * plain.frame.n_logical + len(plain.frame.radical) > 12:
        raise BudgetError(
            f"Generators that are sums of words are taken apart as matrices, up to size "
            f"{MAX_DENSE}; these act on {len(carried)} × {d}. Use one parameter per rotation, "
            "fewer wires, or the estimates of degrees_of_freedom()."
        )
    states = sector_matrices(symmetry, read.states[0])
    size = d * len(carried)
    generators = np.zeros((len(read.generators), size, size), complex)
    observable, state = np.zeros((2, size, size), complex)
    for number, one in enumerate(carried):
        here = slice(number * d, (number + 1) * d)
        for k, generator in enumerate(read.generators):
            terms = [(c, w) for w, c in generator.items()]
            generators[k, here, here] = _matrix(symmetry, terms, one.signs)
        observable[here, here] = _matrix(symmetry, read.terms, one.signs)
        state[here, here] = states[one.signs]
    blocks, independent, outside = dense_blocks(
        generators, observable, state, np.random.default_rng(0)
    )
    reasons = []
    for block in blocks:
        if not block.is_full:
            group = {1: "SO", 2: "SU", 4: "Sp"}[block.beta] + f"({block.size})"
            reasons.append(
                f"on a block the Lie algebra has dimension {block.dimension}, which is not all of "
                f"{group}"
            )
        if block.overlap > _ROUNDING:
            reasons.append(
                "observable and state have a part in the Lie algebra, not in the Jordan algebra"
            )
    if outside > 1e-6 or outside_words(symmetry, read.terms, read.states[0]):
        reasons.append("the observable lies outside the algebra that the generators span")
    if not independent:
        reasons.append("blocks that carry the state do not have independent unitaries")
    parts = tuple(
        Part(
            BlockModel(b.size, b.beta, b.spectrum, b.weights),
            *(b.size, b.beta, b.multiplicity * plain.multiplicity),
            *(b.dimension, b.is_full, b.weights.total),
        )
        for b in blocks
    )
    return Found(parts, "", tuple(dict.fromkeys(reasons)), None, "matrices")


def _matrix(symmetry: Symmetry, terms, signs: int) -> np.ndarray:
    k = symmetry.frame.n_logical
    out = np.zeros((1 << k, 1 << k), complex)
    for word, coefficient in sector_sentence(symmetry, terms, signs).items():
        out += coefficient * word_matrix(word, k)
    return out
