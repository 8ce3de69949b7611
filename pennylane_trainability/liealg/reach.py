"""Which words some words can become behind a circuit, whatever its angles are.

A rotation about ``P`` lets a word that anticommutes with ``P`` become itself and ``PQ``, so the set
of words only grows. For every rotation the pairs ``Q, PQ`` are kept; a word that stands several
times in the circuit is compared with the words that are new since the last time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import BudgetError
from pennylane_trainability.liealg.pairs import GrowingPairs, Pairs
from pennylane_trainability.liealg.steps import Mixing, Turn, local_codes, local_words
from pennylane_trainability.liealg.words import WordIndex, Words, products

__all__ = ["Cosets", "Reach", "Source", "reach"]


@dataclass(frozen=True, slots=True)
class Source:
    """A word that starts somewhere.

    Attributes:
        place: number of the step it stands in front of; the number of steps for the end.
        x: mask of the word.
        z: mask of the word.
    """

    place: int
    x: int
    z: int


@dataclass(frozen=True, slots=True, eq=False)
class Cosets:
    """What a unitary on ``k`` wires mixes: words that agree on everything else.

    Attributes:
        table: numbers of the words, ``-1`` for those that are not reached, ``(cosets, 4^k)``.
        signs: of the words against local word times the rest, ``(cosets, 4^k)``.
    """

    table: np.ndarray
    signs: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """All words that some sources can become.

    Attributes:
        words: the words, ``d`` of them.
        starts: number of the word of every source.
        actions: what every step mixes; rotations about the same word share one.
    """

    words: Words
    starts: np.ndarray
    actions: tuple[Pairs | Cosets, ...]


def reach(
    steps: Sequence[Turn | Mixing], sources: Sequence[Source], n_wires: int, max_words: int
) -> Reach:
    """Carry sources behind all steps, as sets.

    Args:
        steps: the circuit, in order.
        sources: the words, each in front of a step.
        n_wires: number of wires.
        max_words: refuse more words than this.

    Returns:
        The words and what every step mixes; for ``d`` words, ``t`` distinct rotations and ``m``
        steps the cost is about ``t·d`` tests and ``m`` looks at a list.

    Raises:
        BudgetError: more words are reached.
    """
    growing = _Growing(steps, n_wires, max_words)
    words = Words.of([(source.x, source.z) for source in sources], n_wires)
    hashes = growing.index.hashing(words)
    starts = np.zeros(len(sources), np.int64)
    at: dict[int, list[int]] = {}
    for number, source in enumerate(sources):
        at.setdefault(source.place, []).append(number)
    keys: list[Turn | Cosets] = []
    for place in range(len(steps) + 1):
        if place in at:
            starts[at[place]] = growing.put(words.take(at[place]), hashes[at[place]])
        if place < len(steps):
            keys.append(growing.step(steps[place]))
    done = {key: turn.pairs for key, turn in growing.turns.items()}
    actions = tuple(done[key] if isinstance(key, Turn) else key for key in keys)
    return Reach(growing.index.words, starts, actions)


class _Growing:
    """The words so far, and the pairs of every rotation so far."""

    def __init__(self, steps: Sequence[Turn | Mixing], n_wires: int, max_words: int):
        self.n_wires, self.max_words = n_wires, max_words
        distinct = list(dict.fromkeys(step for step in steps if isinstance(step, Turn)))
        words = Words.of([(turn.x, turn.z) for turn in distinct], n_wires)
        self.index = WordIndex(words.n_limbs)
        hashes = self.index.hashing(words)
        self.turns = {
            turn: GrowingPairs(words.take([k]), hashes[k], self.index)
            for k, turn in enumerate(distinct)
        }

    def _put_distinct(self, words: Words, hashes: np.ndarray) -> np.ndarray:
        return self.put(words, hashes, distinct=True)

    def put(
        self, words: Words, hashes: np.ndarray | None = None, *, distinct: bool = False
    ) -> np.ndarray:
        rows = self.index.add(words, hashes, distinct=distinct)
        if len(self.index) > self.max_words:
            raise BudgetError(
                f"The generators of this circuit are carried to ≥ {len(self.index)} Pauli words "
                f"by the gates behind them; max_words allows {self.max_words}. Raise max_words, "
                "leave small coefficients out with truncation, take fewer parameters, or use "
                "method='commuting' or 'shift', which need no Lie algebra."
            )
        return rows

    def step(self, step: Turn | Mixing) -> Turn | Cosets:
        if isinstance(step, Mixing):
            return self._mix(step)
        self.turns[step].grow(self._put_distinct)
        return step

    def _mix(self, step: Mixing) -> Cosets:
        """One row per set of words that agree outside the unitary's wires."""
        local, turns = local_words(step, self.n_wires)
        words = self.index.words
        codes = local_codes(step, words, self.n_wires)
        hit = np.flatnonzero(codes)
        rest = WordIndex(local.n_limbs)
        rows = rest.add(products(local.take(codes[hit]), words.take(hit))[0])
        table = np.full((len(rest), len(local)), -1, np.int64)
        table[rows, codes[hit]] = hit
        wanted = (table >= 0) @ step.pattern.T.astype(bool)
        wanted[:, 0] = False  # unitaries keep the identity to themselves
        coset, code = np.nonzero(wanted & (table < 0))
        if coset.size:
            table[coset, code] = self.put(products(local.take(code), rest.words.take(coset))[0])
        coset, code = np.nonzero(table >= 0)
        _, more = products(local.take(code), rest.words.take(coset))
        signs = np.zeros(table.shape)
        signs[coset, code] = 1.0 - ((turns[code] + more) & 2)
        return Cosets(table, signs)
