r"""Many Pauli words at once: products with phases, commutation, and an exact lookup.

A word ``⊗_w P_w`` is a pair of bit masks as in the symplectic notation of Aaronson and Gottesman,
arXiv:quant-ph/0406196: bit ``w`` of ``x`` stands for ``X`` or ``Y`` on wire ``w``, bit ``w`` of
``z`` for ``Z`` or ``Y``. Masks are cut into limbs of 64 bits, so that any number of wires fits.
Products carry a power of ``i``: ``P · Q = i^t W`` with ``W`` a word without a phase.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pennylane_trainability.liealg.slots import SlotTable

__all__ = ["WordIndex", "Words", "XorHash", "anticommuting", "crossings", "products"]

_LIMB = 64
_SEED = 20240506


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """``m`` Pauli words without phases.

    Attributes:
        masks: ``masks[0]`` holds ``x``, ``masks[1]`` holds ``z``, shape ``(2, limbs, m)``, uint64.
    """

    masks: np.ndarray

    @classmethod
    def of(cls, pairs: Iterable[tuple], n_wires: int) -> Words:
        """From integers ``(x, z, …)``, one per word; what follows ``z`` is not looked at.

        >>> words = Words.of([(0b01, 0b01), (0, 1 << 99)], 100)
        >>> len(words), words.n_limbs, words.pairs() == [(1, 1), (0, 1 << 99)]
        (2, 2, True)
        """
        limbs = max(1, -(-n_wires // _LIMB))
        pairs = list(pairs)
        parts = [
            b"".join(int(pair[k]).to_bytes(8 * limbs, "little") for pair in pairs) for k in (0, 1)
        ]
        flat = np.frombuffer(b"".join(parts), "<u8").astype(np.uint64)
        return cls(np.ascontiguousarray(flat.reshape(2, len(pairs), limbs).transpose(0, 2, 1)))

    @classmethod
    def joined(cls, parts: Iterable[Words]) -> Words:
        """Several arrays of words, one behind the other."""
        return cls(np.concatenate([part.masks for part in parts], axis=2))

    def __len__(self) -> int:
        return self.masks.shape[2]

    @property
    def n_limbs(self) -> int:
        """Limbs per mask."""
        return self.masks.shape[1]

    def take(self, rows) -> Words:
        """Some of the words, by number, slice or flags."""
        if isinstance(rows, np.ndarray) and rows.dtype.kind == "i":
            return Words(self.masks.take(rows, axis=2))  # several times faster than an index
        return Words(self.masks[:, :, rows])

    def pairs(self) -> list[tuple[int, int]]:
        """The masks of every word as integers ``(x, z)``."""
        raw = np.ascontiguousarray(self.masks.transpose(0, 2, 1)).astype("<u8")
        x, z = ([int.from_bytes(row.tobytes(), "little") for row in half] for half in raw)
        return list(zip(x, z, strict=True))

    def letters(self) -> np.ndarray:
        """Number of letters other than ``I`` of every word, ``(m,)``."""
        return np.bitwise_count(self.masks[0] | self.masks[1]).sum(axis=0, dtype=int)


def anticommuting(words: Words, other: Words) -> np.ndarray:
    """Which words anticommute with one other word, or with as many others one by one, ``(m,)``.

    Two words anticommute if the letters differ, and both are not ``I``, on an odd number of wires.
    Limbs on which ``other`` has no letter are not looked at.
    """
    odd = np.zeros(len(words) if len(other) == 1 else len(other), np.uint64)
    for limb in _used(other):
        odd ^= words.masks[0, limb] & other.masks[1, limb]
        odd ^= words.masks[1, limb] & other.masks[0, limb]
    return np.bitwise_count(odd) & 1 == 1


def crossings(first: Words, second: Words) -> np.ndarray:
    """Which pairs anticommute, ``(m_1, m_2)``; cost ``m_1 · m_2`` operations per limb."""
    odd = np.zeros((len(first), len(second)), np.uint64)
    for limb in range(first.n_limbs):
        odd ^= first.masks[0, limb, :, None] & second.masks[1, limb]
        odd ^= first.masks[1, limb, :, None] & second.masks[0, limb]
    return np.bitwise_count(odd) & 1 == 1


def products(first: Words, second: Words) -> tuple[Words, np.ndarray]:
    """``P · Q = i^t W`` word by word; one of the two may be a single word.

    Returns:
        the words ``W``, and ``t`` (0 to 3). Commuting words give 0 or 2, anticommuting 1 or 3.

    >>> x, y = Words.of([(1, 0)], 1), Words.of([(1, 1)], 1)
    >>> word, turns = products(x, y)
    >>> word.pairs(), int(turns[0])  # X Y = i Z
    ([(0, 1)], 1)
    """
    masks = first.masks ^ second.masks
    turns = np.zeros(masks.shape[2], np.uint8)
    count = np.bitwise_count
    # limbs without a letter of one factor add nothing; 256 is a multiple of 4, so bytes may wrap
    for limb in _used(first if len(first) < len(second) else second):
        (x1, z1), (x2, z2), (x, z) = (m[:, limb] for m in (first.masks, second.masks, masks))
        turns += count(x1 & z1) + count(x2 & z2) - count(x & z) + 2 * count(z1 & x2)
    return Words(masks), turns & 3


def _used(words: Words) -> Iterable[int]:
    if len(words) != 1 or words.n_limbs == 1:
        return range(words.n_limbs)
    return np.flatnonzero(words.masks[:, :, 0].any(axis=0)).tolist()


class XorHash:
    """A hash ``h`` with ``h(PQ) = h(P) ⊕ h(Q)``: one random number per wire and letter.

    Args:
        n_limbs: limbs per mask.
        bits: how many bits of the numbers are kept; fewer than 64 only make collisions.
    """

    __slots__ = ("_tables",)

    def __init__(self, n_limbs: int, bits: int = 64):
        self._tables = _byte_tables(n_limbs) >> np.uint64(64 - bits)

    def __call__(self, words: Words) -> np.ndarray:
        """``(m,)``, uint64; cost 16 look-ups per word and limb."""
        out = np.zeros(len(words), np.uint64)
        for letter in range(2):
            for limb in range(words.n_limbs):
                mask = words.masks[letter, limb]
                for byte in range(8):
                    part = (mask >> np.uint64(8 * byte)) & np.uint64(255)
                    out ^= self._tables[letter, limb, byte][part]
        return out


@lru_cache(maxsize=16)
def _byte_tables(n_limbs: int) -> np.ndarray:
    """The hash of every byte at every place, ``(2, limbs, 8, 256)``."""
    rng = np.random.default_rng(_SEED)
    numbers = rng.integers(0, 2**64, (2, n_limbs, 8, 8), dtype=np.uint64)
    # the lowest 16 bits tell all words of the first eight wires apart
    numbers[:, 0, 0] &= ~np.uint64(0xFFFF)
    numbers[:, 0, 0] |= np.uint64(1) << np.arange(16, dtype=np.uint64).reshape(8, 2).T
    tables = np.zeros((2, n_limbs, 8, 256), np.uint64)
    for bit in range(8):
        tables[..., 1 << bit : 2 << bit] = tables[..., : 1 << bit] ^ numbers[..., bit, None]
    return tables


class WordIndex:
    """A growing set of distinct words; every word has a number, in the order of arrival.

    Words are looked up by their hash and then compared with their masks, so that two words with the
    same hash are never taken for one.

    Args:
        n_limbs: limbs per mask.
        hashing: the hash.
    """

    __slots__ = ("_hashes", "_masks", "_size", "_slots", "hashing")

    def __init__(self, n_limbs: int, hashing: XorHash | None = None):
        self.hashing = hashing or XorHash(n_limbs)
        self._masks = np.zeros((2, n_limbs, 64), np.uint64)
        self._hashes = np.zeros(64, np.uint64)
        self._size = 0
        self._slots = SlotTable(64)

    def __len__(self) -> int:
        return self._size

    @property
    def words(self) -> Words:
        """All words, by number; a view that later additions do not change."""
        return Words(self._masks[:, :, : self._size])

    @property
    def hashes(self) -> np.ndarray:
        """Their hashes, ``(m,)``."""
        return self._hashes[: self._size]

    def find(self, words: Words, hashes: np.ndarray | None = None) -> np.ndarray:
        """The number of every word, ``-1`` for one that is not there, ``(m,)``."""
        hashes = self.hashing(words) if hashes is None else hashes

        def same(rows: np.ndarray, which) -> np.ndarray:
            out = np.ones(len(rows), bool)
            for own, other in zip(self._masks, words.masks, strict=True):
                for limb in range(len(own)):
                    out &= own[limb].take(rows) == other[limb][which]
            return out

        return self._slots.find(hashes, same)

    def add(
        self, words: Words, hashes: np.ndarray | None = None, *, distinct: bool = False
    ) -> np.ndarray:
        """Put in what is not there yet; the number of every word, ``(m,)``.

        Args:
            words: the words.
            hashes: theirs, if they are known.
            distinct: whether no word comes twice, which need not be looked into then.
        """
        hashes = self.hashing(words) if hashes is None else hashes
        rows = self.find(words, hashes)
        new = np.flatnonzero(rows < 0)
        if not new.size:
            return rows
        if distinct:
            rows[new] = np.arange(self._size, self._size + len(new))
        else:
            first, which = _distinct(words.take(new), hashes[new])
            rows[new] = self._size + which
            new = new[first]
        self._append(words.take(new), hashes[new])
        return rows

    def _append(self, words: Words, hashes: np.ndarray) -> None:
        size = self._size + len(words)
        if size > len(self._hashes):
            room = np.zeros((*self._masks.shape[:2], max(size, 2 * len(self._hashes))), np.uint64)
            room[:, :, : self._size] = self.words.masks
            self._masks, old = room, self.hashes
            self._hashes = np.zeros(room.shape[2], np.uint64)
            self._hashes[: self._size] = old
            self._slots = SlotTable(room.shape[2])
            self._slots.put(old, 0)
        self._masks[:, :, self._size : size] = words.masks
        self._hashes[self._size : size] = hashes
        self._slots.put(hashes, self._size)
        self._size = size


def _distinct(words: Words, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each distinct word stands first, in that order, and which of them each word is."""
    order = np.argsort(hashes, kind="stable")
    fresh = _boundaries(words, order)
    if np.any(fresh[1:] & (hashes[order][1:] == hashes[order][:-1])):
        # equal hashes of different words: equal words need not stand side by side
        order = np.lexsort((*words.masks.reshape(-1, len(words)), hashes))
        fresh = _boundaries(words, order)
    first = order[fresh]  # both sorts are stable
    rank = np.argsort(np.argsort(first))
    which = np.empty(len(words), np.int64)
    which[order] = rank[np.cumsum(fresh) - 1]
    return np.sort(first), which


def _boundaries(words: Words, order: np.ndarray) -> np.ndarray:
    """Whether a word differs from the one before it in an order."""
    masks = words.masks.reshape(-1, len(words))[:, order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (masks[:, 1:] != masks[:, :-1]).any(axis=0)
    return fresh
