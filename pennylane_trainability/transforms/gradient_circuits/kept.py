"""Plans that are kept, so that a training loop plans once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

__all__ = ["Plans", "plans"]


class Plans:
    """The plans of the last structures: hashes and words, nothing that belongs to a caller.

    Args:
        size: how many are kept.
        weight: how many words and elements they may have together.
    """

    def __init__(self, size: int, weight: int):
        self.size, self.weight = size, weight
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._total = 0

    def get(self, key: Hashable | None, make: Callable[[], Any], weight: Callable[[Any], int]):
        """What is kept under a key; it is made where nothing is. Errors are not kept.

        Args:
            key: ``None`` keeps nothing.
            make: makes the value.
            weight: of a value.
        """
        if key is None:
            return make()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        made = make()
        own = weight(made)
        with self._lock:
            if own <= self.weight and key not in self._kept:
                self._kept[key] = made, own
                self._total += own
            while len(self._kept) > self.size or self._total > self.weight:
                self._total -= self._kept.popitem(last=False)[1][1]
        return made


plans = Plans(128, 1_000_000)
