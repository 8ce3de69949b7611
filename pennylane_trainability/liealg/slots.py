"""Numbers found again by their hashes, many at a time.

A table of places, four or more per number. A hash names a first place and a step, and a number
stands in the first of these places that was free (open addressing with double hashing, Knuth, The
Art of Computer Programming, volume 3, section 6.4). Looking up costs about one place per hash,
however many numbers there are, and putting in does not move what is there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["SlotTable"]

_LEAST = 1 << 12
_HALF = np.uint64(32)


class SlotTable:
    """Where numbers stand.

    Args:
        room: for how many numbers; more only make it slow.
    """

    __slots__ = ("_mask", "_slots")

    def __init__(self, room: int):
        self._slots = np.full(max(_LEAST, 1 << (4 * room - 1).bit_length()), -1, np.int64)
        self._mask = len(self._slots) - 1

    def find(self, hashes: np.ndarray, same: Callable) -> np.ndarray:
        """The number that stands for every hash, ``-1`` where none does, ``(m,)``.

        Args:
            hashes: uint64, ``(m,)``.
            same: ``(numbers, which) → flags``, whether numbers are those that are looked for at
                some of the hashes (an index array or a slice); ``-1`` may be among the numbers.
        """
        places = self._first(hashes)
        rows = self._slots.take(places)
        out = np.where(same(rows, slice(None)), rows, -1)  # -1 stays -1, whatever the flag
        left = np.flatnonzero(out != rows)
        while left.size:  # another number stands here: look at the next place
            places[left] = self._next(places[left], hashes[left])
            rows = self._slots.take(places[left])
            hit = same(rows, left)
            out[left[hit]] = rows[hit]
            left = left[~hit & (rows >= 0)]
        return out

    def put(self, hashes: np.ndarray, start: int) -> None:
        """Put in the numbers ``start, start + 1, …``, one for every hash; none is there yet."""
        numbers = np.arange(start, start + len(hashes))
        places = self._first(hashes)
        while True:
            free = self._slots.take(places) < 0
            self._slots[places[free]] = numbers[free]
            left = np.flatnonzero(self._slots.take(places) != numbers)
            if not left.size:
                return
            hashes, numbers = hashes[left], numbers[left]
            places = self._next(places[left], hashes)

    def _first(self, hashes: np.ndarray) -> np.ndarray:
        return (hashes & np.uint64(self._mask)).view(np.int64)

    def _next(self, places: np.ndarray, hashes: np.ndarray) -> np.ndarray:
        step = (hashes >> _HALF).view(np.int64) | 1  # odd, so that every place comes in turn
        return (places + step) & self._mask
