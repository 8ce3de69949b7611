r"""Pairs of Pauli words that a circuit of Pauli rotations makes of an observable.

``E[O(θ) ⊗ O(θ)]`` is a sum of pairs ``A ⊗ B``. A rotation about ``P`` changes both words, one, or
none. If both change, ``iPA · iPB = AB``; if one changes, the pair keeps its words and only takes
the factor ``E cos φ``, as ``E sin φ = 0``. The product ``AB`` therefore never changes, and pairs
with different products do not mix. With a word ``Q`` for the product, a *label*, the pair is known
from ``A`` alone: one number per word and label, instead of one per pair of words. For ``Q = 1``
these are the pairs ``A ⊗ A``, and with angles over whole turns the other labels vanish unless ``Q``
commutes with every rotation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import BudgetError
from pennylane_trainability.landscapes.product_state import expectations
from pennylane_trainability.liealg.orbits import Reached
from pennylane_trainability.liealg.words import WordIndex, Words, crossings, products

__all__ = ["Budget", "Labelled", "alike", "labelled", "states", "words_of_bits"]

_MAX_PAIRS = 1 << 20


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a module may take.

    Attributes:
        words: words.
        work: numbers that are touched.
        memory: bytes.
    """

    words: int
    work: float
    memory: float

    def check(self, found: Reached) -> None:
        """Refuse a search that was stopped.

        Raises:
            BudgetError: it was.
        """
        if not found.is_complete:
            raise BudgetError(
                f"the module of the observable has {found.text} words, more than "
                f"max_words={self.words}"
            )

    def check_work(self, words: int, labels: int, rotations: int) -> None:
        """Refuse a sweep over so many words, labels and rotations.

        Raises:
            BudgetError: it is too long or too large.
        """
        numbers = words * labels
        if numbers * rotations > self.work or 160 * numbers > self.memory:
            raise BudgetError(
                f"the module has {words} words and {labels} conserved products of words, carried "
                f"through {rotations} rotations, which is too long; max_words={self.words} or more "
                "allows it, memory= as well"
            )


def words_of_bits(bits: tuple[np.ndarray, np.ndarray]) -> Words:
    """Words from bits ``(x, z)``, each ``(m, n)``."""
    size = max(1, -(-bits[0].shape[1] // 64)) * 8
    packed = [np.packbits(part, axis=1, bitorder="little") for part in bits]
    wide = [np.pad(part, ((0, 0), (0, size - part.shape[1]))) for part in packed]
    masks = np.stack([part.view("<u8").astype(np.uint64) for part in wide])
    return Words(np.ascontiguousarray(masks.transpose(0, 2, 1)))


def bits_of_words(words: Words, n_wires: int) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of :func:`words_of_bits`."""
    masks = np.ascontiguousarray(words.masks.transpose(0, 2, 1)).astype("<u8")
    flat = masks.view(np.uint8).reshape(2, len(words), 8 * words.n_limbs)
    found = np.unpackbits(flat, axis=2, bitorder="little")[:, :, :n_wires].astype(bool)
    return found[0], found[1]


def states(bloch: np.ndarray, words: Words) -> np.ndarray:
    """``Tr(ρP)`` of words in a product state, ``(m,)``."""
    return expectations(bloch, *bits_of_words(words, len(bloch)))


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Pairs of words ``(A, B)`` with ``AB = ±Q`` or ``±iQ``, by ``A`` and the label ``Q``.

    The signs are taken into the numbers, so that they never change on the way.

    Attributes:
        labels: ``Q``, ``L`` of them.
        start: ``o_A o_B``, ``(d, L)``.
        end: ``Tr(ρA) Tr(ρB)``, ``(d, L)``.
    """

    labels: Words
    start: np.ndarray
    end: np.ndarray


def labelled(bloch: np.ndarray, index: WordIndex, words: Words, values, groups) -> Labelled:
    """The pairs of an observable that may count.

    Args:
        bloch: Bloch vectors of the state, ``(n, 3)``.
        index: the module.
        words: words of the observable.
        values: their coefficients.
        groups: ``(W,)``, words with different numbers are not paired.

    Raises:
        BudgetError: there are too many pairs.
    """
    first, second = _pairs(groups)
    joined = products(words.take(first), words.take(second))[0]
    # a product with X or Y on a wire in |0⟩ or |1⟩ has no value, and is conserved
    keep = ~(bits_of_words(joined, len(bloch))[0] & _is_basis(bloch)).any(axis=1)
    first, second, joined = first[keep], second[keep], joined.take(keep)
    known = WordIndex(words.n_limbs)
    column = known.add(joined)
    row = index.find(words)
    start = np.zeros((len(index), len(known)))
    share = np.asarray(values)[first] * np.asarray(values)[second]
    np.add.at(start, (row[first], column), share * _signs(words.take(first), joined))
    end = np.zeros_like(start)
    own = states(bloch, index.words)
    for q in range(len(known)):
        label = known.words.take([q])
        other, turns = products(index.words, label)
        end[:, q] = own * states(bloch, other) * (1.0 - (turns & 2))
    return Labelled(known.words, start, end)


def alike(bloch: np.ndarray, rotations: Words, words: Words) -> np.ndarray:
    """Words that rotations and the state treat alike have the same number, ``(W,)``.

    Args:
        bloch: Bloch vectors of the state.
        rotations: those over whole turns.
        words: the words.
    """
    if len(words) == 1:
        return np.zeros(1, np.int64)
    x = bits_of_words(words, len(bloch))[0] & _is_basis(bloch)
    key = np.concatenate([crossings(words, rotations), x], axis=1)
    return np.unique(key, axis=0, return_inverse=True)[1].ravel()


def _is_basis(bloch: np.ndarray) -> np.ndarray:
    """Which wires start in ``|0⟩`` or ``|1⟩``."""
    return np.abs(bloch[:, 2]) == 1.0


def _signs(words: Words, labels: Words) -> np.ndarray:
    return 1.0 - (products(words, labels)[1] & 2)


def _pairs(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All ordered pairs within groups."""
    order = np.argsort(groups, kind="stable")
    parts = np.split(order, 1 + np.flatnonzero(np.diff(groups[order]))) if len(order) else [order]
    count = sum(len(part) ** 2 for part in parts)
    if count > _MAX_PAIRS:
        raise BudgetError(
            f"the words of the observable have {count} pairs that may be correlated; the module "
            f"method takes at most {_MAX_PAIRS}"
        )
    first = np.concatenate([np.repeat(part, len(part)) for part in parts])
    second = np.concatenate([np.tile(part, len(part)) for part in parts])
    return first, second
