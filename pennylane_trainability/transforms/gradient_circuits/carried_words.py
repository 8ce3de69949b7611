"""Which words generators become behind rotations, where these are few.

The same as :func:`pennylane_trainability.liealg.reach.reach`, and in the same order. Bit ``k`` of a
whole number stands for word ``k``, and there are two such numbers per wire: the words with an ``X``
or ``Y``, and those with a ``Z`` or ``Y``. What anticommutes with a rotation about two wires then
takes four operations, however many words there are; but every pair of words that is found costs
some, so that many words are left to arrays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pennylane_trainability.liealg import Carrying, Mixing, Source, Turn, Words
from pennylane_trainability.liealg.pairs import Pairs
from pennylane_trainability.liealg.reach import Reach
from pennylane_trainability.liealg.words import products

__all__ = ["carrying_of"]

#: Looks at pairs of words before arrays are used instead.
_LOOKS = 1 << 14
#: Words before that, at any number of wires, and at most.
_FEW, _MANY = 256, 1 << 12


def carrying_of(
    steps: Sequence[Turn | Mixing], sources: Sequence[Source], n_wires: int, max_words: int
) -> Carrying:
    """Find all words that the sources can become.

    Args:
        steps: the circuit, in order.
        sources: the words, each in front of a step.
        n_wires: number of wires.
        max_words: refuse more words than this.

    Raises:
        BudgetError: more words are reached.
    """
    turns = [step for step in steps if isinstance(step, Turn)]
    if len(turns) == len(steps) and len(sources) <= max_words:
        growing = _Growing(n_wires)
        starts = growing.run(turns, sources)
        if starts is not None and len(growing.number) <= max_words:
            places = np.array([source.place for source in sources], np.int64)
            return Carrying(places, growing.reach(turns, starts))
    return Carrying.of(steps, sources, n_wires, max_words)


class _Growing:
    """The words so far, and the pairs of every rotation so far."""

    def __init__(self, n_wires: int):
        self.n_wires = n_wires
        self.number: dict[tuple[int, int], int] = {}
        self.words: list[tuple[int, int]] = []
        self.x, self.z = [0] * n_wires, [0] * n_wires
        self.seen: dict[Turn, int] = {}
        self.pairs: dict[Turn, tuple[list[int], list[int]]] = {}
        self.looks = 0
        # free fermions have n(2n − 1) words; where there are more, there are mostly many more
        self.limit = max(_FEW, min(2 * n_wires**2, _MANY))

    def run(self, turns: Sequence[Turn], sources: Sequence[Source]) -> np.ndarray | None:
        """Number of the word of every source; ``None`` if there are too many pairs or words."""
        starts = np.zeros(len(sources), np.int64)
        at: dict[int, list[int]] = {}
        for k, source in enumerate(sources):
            at.setdefault(source.place, []).append(k)
        for place in range(len(turns) + 1):
            for k in at.get(place, ()):
                starts[k] = self.put((sources[k].x, sources[k].z))
            if place < len(turns):
                self.turn(turns[place])
            if self.looks > _LOOKS or len(self.words) > self.limit:
                return None
        return starts

    def put(self, word: tuple[int, int]) -> int:
        """The number of a word, a new one for a new word."""
        number = self.number.setdefault(word, len(self.words))
        if number == len(self.words):
            self.words.append(word)
            own = 1 << number
            for columns, mask in zip((self.x, self.z), word, strict=True):
                while mask:
                    wire = mask.bit_length() - 1
                    columns[wire] |= own
                    mask ^= 1 << wire
        return number

    def turn(self, turn: Turn) -> None:
        """Add the partners of the words that are new since the last rotation about this word."""
        seen = self.seen.get(turn, 0)
        if seen < len(self.words):
            odd = _sum(self.z, turn.x) ^ _sum(self.x, turn.z)
            hits = _bits(odd >> seen)
            self.looks += len(hits)
            first, second = self.pairs.setdefault(turn, ([], []))
            for k in hits:
                x, z = self.words[seen + k]
                partner = self.put((x ^ turn.x, z ^ turn.z))
                # a pair of which both words are known comes up once from each side
                if seen + k < partner:
                    first.append(seen + k)
                    second.append(partner)
        self.seen[turn] = len(self.words)

    def reach(self, turns: Sequence[Turn], starts: np.ndarray) -> Reach:
        """All words and pairs."""
        words = Words.of(self.words, self.n_wires)
        about = Words.of([(turn.x, turn.z) for turn in self.seen], self.n_wires)
        both = [self.pairs.get(turn, ([], [])) for turn in self.seen]
        sizes = [len(first) for first, _ in both]
        first, second = (np.array([k for p in both for k in p[side]], np.int64) for side in (0, 1))
        rows = np.repeat(np.arange(len(both)), sizes)
        signs = 2.0 - products(about.take(rows), words.take(first))[1]
        ends = np.cumsum([0, *sizes]).tolist()
        parts = [slice(*ends[k : k + 2]) for k in range(len(both))]
        made = [Pairs(first[own], second[own], signs[own]) for own in parts]
        pairs = dict(zip(self.seen, made, strict=True))
        return Reach(words, starts, tuple(pairs[turn] for turn in turns))


def _sum(columns: Sequence[int], mask: int) -> int:
    out = 0
    while mask:
        wire = mask.bit_length() - 1
        out ^= columns[wire]
        mask ^= 1 << wire
    return out


def _bits(mask: int) -> list[int]:
    out = []
    while mask:
        bit = mask & -mask
        out.append(bit.bit_length() - 1)
        mask ^= bit
    return out
