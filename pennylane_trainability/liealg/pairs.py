"""What a rotation about a Pauli word mixes: pairs of words ``Q, PQ`` with ``{P, Q} = 0``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.liealg.words import WordIndex, Words, anticommuting, products

__all__ = ["GrowingPairs", "Pairs", "rotation_signs", "turn_pairs"]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What ``P`` mixes: ``Q → cos φ Q + s sin φ W``, ``W → cos φ W − s sin φ Q``.

    Attributes:
        first: numbers of the words ``Q``.
        second: numbers of the words ``W``; no word stands in two pairs.
        signs: ``s`` with ``−iPQ = sW``.
    """

    first: np.ndarray
    second: np.ndarray
    signs: np.ndarray


def rotation_signs(word: Words, others: Words) -> tuple[Words, np.ndarray]:
    """``W`` and ``s`` with ``−iPQ = sW`` for words ``Q`` that anticommute with ``P``."""
    found, turns = products(word, others)
    return found, 2.0 - turns  # PQ = i^t W with t = 1 or 3, so −iPQ = ±W


def turn_pairs(values: np.ndarray, pairs: Pairs, angle: float) -> None:
    """Coefficients of words, one row per word, through ``exp(−iφP/2)``; in place."""
    if not len(pairs.first):
        return
    first, second = values[pairs.first], values[pairs.second]
    sine = np.sin(angle) * (pairs.signs if values.ndim == 1 else pairs.signs[:, None])
    values[pairs.first] = np.cos(angle) * first - sine * second
    values[pairs.second] = np.cos(angle) * second + sine * first


class GrowingPairs:
    """The pairs of one word ``P`` among words whose number grows.

    Args:
        word: ``P``.
        own_hash: its hash.
        index: the words.
    """

    __slots__ = ("_done", "_hash", "_index", "_parts", "_seen", "_word")

    def __init__(self, word: Words, own_hash: np.uint64, index: WordIndex):
        self._word, self._hash, self._index = word, own_hash, index
        self._seen = 0
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        self._done = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))

    def grow(self, add: Callable | None = None) -> None:
        """Look at the words that are new since the last time, and add their partners.

        Args:
            add: ``(words, hashes) → numbers`` in place of ``index.add``; no word comes twice.
        """
        index = self._index
        words = index.words.take(slice(self._seen, None))
        if not len(words):
            return
        hit = np.flatnonzero(anticommuting(words, self._word))
        if hit.size:
            partners = Words(words.take(hit).masks ^ self._word.masks)
            first = self._seen + hit
            second = (add or self._add)(partners, index.hashes[first] ^ self._hash)
            # a pair of which both words are known comes up once from each side
            new = np.flatnonzero(first < second)
            if new.size:
                self._parts.append((first[new], second[new]))
        self._seen = len(index)

    def _add(self, words: Words, hashes: np.ndarray) -> np.ndarray:
        return self._index.add(words, hashes, distinct=True)

    @property
    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of ``Q`` and of ``W`` of all pairs so far, without signs."""
        parts = [(self._done.first, self._done.second), *self._parts]
        if len(parts) == 2 and not len(self._done.first):
            return parts[1]
        first, second = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
        return first, second

    @property
    def pairs(self) -> Pairs:
        """All pairs so far."""
        if self._parts:
            first, second = self.numbers
            fresh = self._index.words.take(first[len(self._done.first) :])
            signs = rotation_signs(self._word, fresh)[1]
            self._done = Pairs(first, second, np.concatenate([self._done.signs, signs]))
            self._parts = []
        return self._done
