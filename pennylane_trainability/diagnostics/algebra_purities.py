r"""Purities of a state and an observable in the ideals of a Lie algebra, and what they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.diagnostics.algebra_reading import AlgebraReading
from pennylane_trainability.landscapes.dense_moments import sum_table
from pennylane_trainability.landscapes.word_module import states
from pennylane_trainability.liealg.numeric import Action, widened
from pennylane_trainability.liealg.splitting import Split
from pennylane_trainability.liealg.words import WordIndex, Words

__all__ = ["Purities", "purities_of"]

_SAME, _ROUNDING = 1e-9, 1e-20


@dataclass(frozen=True, slots=True, eq=False)
class Purities:
    """Entry 0 belongs to the centre, the others to the simple ideals in their order.

    Attributes:
        state: ``P_j(ρ)``, or ``None``.
        observable: ``P_j(O)``, or ``None``.
        observable_inside: whether the observable lies in the algebra, up to the identity.
        state_inside: whether the state does.
        ragone: the variance, where one of them does.
        fontana: variances of derivatives, where the observable does, ``(G,)``.
    """

    state: np.ndarray | None = None
    observable: np.ndarray | None = None
    observable_inside: bool | None = None
    state_inside: bool | None = None
    ragone: float | None = None
    fontana: np.ndarray | None = None


def purities_of(read: AlgebraReading, split: Split | None) -> Purities:
    """Purities, and the variances of Ragone et al. and Fontana et al. where they hold.

    Args:
        read: the circuit.
        split: its algebra; ``None`` if its elements were not listed.
    """
    if split is None:
        return Purities()
    parts = (split.centre, *split.parts)
    sizes = np.array([part.dimension for part in split.parts], float)
    c = None if read.terms is None else _coefficients(read.terms, split.words)
    b = None if read.bloch is None else states(read.bloch, split.words)
    observable = None if c is None else np.array([_square(p.part(c), c) for p in parts])
    state = None if b is None else np.array([_square(p.part(b), b) for p in parts])
    o_inside = r_inside = ragone = fontana = None
    if observable is not None and read.terms is not None:
        total = sum(v**2 for v in read.terms.values())
        o_inside = bool(abs(observable.sum() - total) <= _SAME * total)
    if state is not None and read.bloch is not None:
        everything = float(np.prod(1 + np.sum(read.bloch**2, axis=1)))
        r_inside = bool(abs(1 + state.sum() - everything) <= _SAME * everything)
    if observable is not None and state is not None:
        weights = observable[1:] * state[1:]
        if o_inside or r_inside:
            ragone = float(np.sum(weights / sizes))
        if o_inside:
            fontana = _killing(read, split) @ (weights / sizes**2)
    scale = np.exp2(float(read.n_wires))
    return Purities(
        None if state is None else state / scale,
        None if observable is None else observable * scale,
        *(o_inside, r_inside, ragone, fontana),
    )


def _square(part: np.ndarray, whole: np.ndarray) -> float:
    """Its squared norm; what rounding leaves of nothing is nothing."""
    square = float(np.sum(part**2))
    return square if square > _ROUNDING * float(np.sum(whole**2)) else 0.0


def _coefficients(terms, words: Words) -> np.ndarray:
    """Of the observable on the words of the algebra; other words are left out."""
    index = WordIndex(words.n_limbs)
    index.add(words)
    own = Words.of(list(terms), 64 * words.n_limbs)
    rows = index.find(own)
    out = np.zeros(len(words))
    out[rows[rows >= 0]] = np.array(list(terms.values()))[rows >= 0]
    return out


def _killing(read: AlgebraReading, split: Split) -> np.ndarray:
    """``‖H_j‖_K² = −Tr ad²`` of ``H = G/2`` on every simple ideal, ``(G, k)``."""
    keys, table = sum_table(read.generators)
    action = Action(split.words, Words.of(keys, read.n_wires), table)
    out = np.zeros((len(table), len(split.parts)))
    for j, part in enumerate(split.parts):
        basis = np.zeros((part.dimension, len(split.words)))
        basis[:, part.rows] = part.basis
        for k in range(len(table)):
            # ad(iG/2) is antisymmetric: −Tr ad² is the sum of squares of its matrix
            moved = action(k, basis)
            out[k, j] = np.sum(moved**2)
            basis = widened(basis, moved.shape[1])
    return out
