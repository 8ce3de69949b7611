r"""Pauli words carried through rotations, with small coefficients left out at a known price.

Where the words that can be reached are too many, most of them carry small coefficients. A term
``δ Q`` that is left out at some place would have added ``δ`` times the value of ``Q`` carried on to
the end. If no word ever has a value above ``b`` in modulus, the sum of all ``|δ|`` left out for a
source, times ``b``, bounds what that can change. For ``y(Q) = (i/2)⟨[Q, O]⟩`` with
``O = Σ_i h_i H_i`` one may take ``b = Σ_i |h_i| ≥ ‖O‖``, because words stay reflections wherever
they are carried. Words that were never reached need no room and no measurement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.liealg.carrying import (
    DEFAULT_MAX_WORDS,
    DEFAULT_MEMORY,
    Tables,
    by_place,
)
from pennylane_trainability.liealg.pairs import Pairs, rotation_signs, turn_pairs
from pennylane_trainability.liealg.reach import Source
from pennylane_trainability.liealg.steps import Mixing, Turn, local_codes, local_words
from pennylane_trainability.liealg.words import WordIndex, Words, anticommuting, products

__all__ = ["Truncated", "truncated"]


@dataclass(frozen=True, slots=True, eq=False)
class Truncated:
    """The coefficients that are left: entry ``k`` is that of one source and one word.

    Attributes:
        words: the words that are left, ``d`` of them.
        rows: numbers of the sources.
        columns: numbers of the words.
        values: the coefficients.
        dropped: sum of the moduli of all coefficients left out on the way, ``(S,)``.
    """

    words: Words
    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    dropped: np.ndarray

    def backward(self, y: np.ndarray) -> np.ndarray:
        """The value of every source from values of the words, ``(d,)`` or ``(d, k)``."""
        out = np.zeros((len(self.dropped), *np.shape(y)[1:]))
        own = self.values.reshape(-1, *[1] * (np.ndim(y) - 1))
        np.add.at(out, self.rows, own * np.asarray(y, float)[self.columns])
        return out

    def matrix(self) -> np.ndarray:
        """All coefficients, ``(S, d)``."""
        out = np.zeros((len(self.dropped), len(self.words)))
        out[self.rows, self.columns] = self.values
        return out


def truncated(
    steps: Sequence[Turn | Mixing],
    sources: Sequence[Source],
    n_wires: int,
    angles,
    threshold: float,
    *,
    tables: Tables | None = None,
    max_words: int = DEFAULT_MAX_WORDS,
    memory: int = DEFAULT_MEMORY,
) -> Truncated:
    """Carry sources behind all steps, leaving out coefficients below a threshold after every step.

    Args:
        steps: the circuit, in order.
        sources: the words, each in front of a step.
        n_wires: number of wires.
        angles: one per step.
        threshold: modulus below which a coefficient is left out; with 0 nothing is.
        tables: transfer matrices of steps that are no rotations, by number of the step.
        max_words: refuse more words than this at any place.
        memory: bytes for the coefficients that are carried together.

    Returns:
        What is left, and for every source the sum of what is not.

    Raises:
        BudgetError: too many words are left.
        ReadingError: the threshold is negative.

    >>> found = truncated([Turn(0, 1)], [Source(0, 1, 0)], 1, [0.1], 0.2)
    >>> found.words.pairs(), found.values.round(3), found.dropped.round(3)
    ([(1, 0)], array([0.995]), array([0.1]))
    """
    if not threshold >= 0:
        raise ReadingError(
            "truncation is a modulus below which coefficients are left out, 0 or more; got "
            f"{threshold!r}."
        )
    places = np.array([source.place for source in sources], np.int64)
    order = np.argsort(places, kind="stable")
    size = max(1, int(memory // (8 * max_words)))
    union = WordIndex(Words.of([], n_wires).n_limbs)
    dropped = np.zeros(len(sources))
    entries = []
    for start in range(0, len(order), size):
        own = order[start : start + size]
        block = _Block([sources[j] for j in own], n_wires, threshold, max_words)
        block.run(steps, angles, tables or {})
        dropped[own] = block.dropped
        row, column = np.nonzero(block.values)
        entries.append((own[column], union.add(block.index.words)[row], block.values[row, column]))
    empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    rows, columns, values = (np.concatenate(p) for p in zip(empty, *entries, strict=True))
    return Truncated(union.words, rows, columns, values, dropped)


class _Block:
    """Some sources together: coefficients of every word that is left, one row per word."""

    def __init__(self, sources: list[Source], n_wires: int, threshold: float, max_words: int):
        self.sources, self.n_wires = sources, n_wires
        self.threshold, self.max_words = threshold, max_words
        self.index = WordIndex(Words.of([], n_wires).n_limbs)
        self.room = np.zeros((64, len(sources)))
        self.dropped = np.zeros(len(sources))
        self.limit = 64

    @property
    def values(self) -> np.ndarray:
        return self.room[: len(self.index)]

    def run(self, steps: Sequence[Turn | Mixing], angles, tables: Tables) -> None:
        places = np.array([source.place for source in self.sources])
        starting = by_place(places)
        for place in range(min(starting), len(steps) + 1):
            if place in starting:
                columns = starting[place]
                own = Words.of([(self.sources[j].x, self.sources[j].z) for j in columns],
                               self.n_wires)  # fmt: skip
                rows = self.add(own)
                self.values[rows, columns] = 1.0
            if place == len(steps):
                break
            step = steps[place]
            if isinstance(step, Turn):
                self.turn(step, angles[place])
            else:
                self.mix(step, tables[place])
            self.compact()
        self.compact(final=True)

    def add(self, words: Words) -> np.ndarray:
        """Rows of words; new ones are zero."""
        rows = self.index.add(words)
        if len(self.index) > len(self.room):
            more = np.zeros((max(len(self.index), len(self.room)), self.room.shape[1]))
            self.room = np.concatenate([self.room, more])
        return rows

    def cut(self, values: np.ndarray) -> np.ndarray:
        """Leave out what is small, in place."""
        small = np.abs(values) < self.threshold
        self.dropped += np.abs(values * small).sum(axis=0)
        values[small] = 0.0
        return values

    def turn(self, step: Turn, angle: float) -> None:
        word = Words.of([(step.x, step.z)], self.n_wires)
        hit = np.flatnonzero(anticommuting(self.index.words, word))
        live = self.values[hit].any(axis=1)
        alive = np.zeros(len(self.index), bool)
        alive[hit] = live
        hit = hit[live]
        if not hit.size:
            return
        partners, signs = rotation_signs(word, self.index.words.take(hit))
        second = self.index.find(partners)
        fresh = second < 0
        grown = np.sin(angle) * signs[fresh, None] * self.values[hit[fresh]]
        # a pair of two living words is there from both sides
        once = ~fresh & ((hit < second) | ~alive[second])
        turn_pairs(self.values, Pairs(hit[once], second[once], signs[once]), angle)
        self.values[hit[fresh]] *= np.cos(angle)
        changed = np.unique(np.concatenate([hit, second[once]]))
        self.values[changed] = self.cut(self.values[changed])
        kept = self.cut(grown).any(axis=1)
        rows = self.add(partners.take(np.flatnonzero(fresh)[kept]))
        self.values[rows] = grown[kept]

    def mix(self, step: Mixing, table: np.ndarray) -> None:
        local, turns = local_words(step, self.n_wires)
        codes = local_codes(step, self.index.words, self.n_wires)
        hit = np.flatnonzero((codes > 0) & self.values.any(axis=1))
        rest = WordIndex(local.n_limbs)
        coset = rest.add(products(local.take(codes[hit]), self.index.words.take(hit))[0])
        own = np.zeros((len(rest), len(local), self.room.shape[1]))
        signs = self._signs(local, turns, rest.words.take(coset), codes[hit])
        own[coset, codes[hit]] = signs[:, None] * self.values[hit]
        own = table @ own
        own[:, 0] = 0.0  # unitaries mix nothing into the identity; what is there is rounding
        self.values[hit] = 0.0
        coset, code = np.nonzero(own.any(axis=2))
        mixed = own[coset, code]
        mixed *= self._signs(local, turns, rest.words.take(coset), code)[:, None]
        kept = self.cut(mixed).any(axis=1)
        coset, code = coset[kept], code[kept]
        rows = self.add(products(local.take(code), rest.words.take(coset))[0])
        self.values[rows] = mixed[kept]

    @staticmethod
    def _signs(local: Words, turns: np.ndarray, rest: Words, codes: np.ndarray) -> np.ndarray:
        _, more = products(local.take(codes), rest)
        return 1.0 - ((turns[codes] + more) & 2)

    def compact(self, final: bool = False) -> None:
        """Forget words without coefficients, whenever their number has doubled."""
        if len(self.index) <= min(self.limit, self.max_words) and not final:
            return
        live = self.values.any(axis=1)
        if live.sum() > self.max_words:
            raise BudgetError(
                f"With truncation={self.threshold:g} there are ≥ {live.sum()} Pauli words with a "
                f"coefficient above it; max_words allows {self.max_words}. Raise truncation or "
                "max_words, take fewer parameters, or use method='commuting' or 'shift', which "
                "need no Lie algebra."
            )
        kept, words = self.values[live], self.index.words.take(live)
        self.index = WordIndex(words.n_limbs)
        self.room = np.zeros((max(64, 2 * len(words)), kept.shape[1]))
        self.add(words)
        self.values[: len(words)] = kept
        self.limit = max(64, 2 * len(words))
