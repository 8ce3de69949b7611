"""How far a run is and how long it will take, on the terminal."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["ProgressLine"]


class ProgressLine:
    """A bar of tqdm with circuits done, circuits in all and the time left.

    Nothing is written where nobody looks. Circuits that were there at the first call, from a store,
    do not count for the time left.

    Args:
        stream: where to write; ``None`` takes ``sys.stderr``. Nothing is written unless it is a
            terminal.
    """

    def __init__(self, stream=None):
        self._stream = stream
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Move the bar; another total, or fewer circuits than before, begins another run."""
        if self._bar is None or total != self._bar.total or done < self._bar.n:
            self._begin(done, total)
        self._bar.update(done - self._bar.n)
        if done >= total:
            self._bar.close()
            self._bar = None

    def _begin(self, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is not None:
            self._bar.close()
        stream = sys.stderr if self._stream is None else self._stream
        watched = stream is not None and stream.isatty()
        self._bar = tqdm(
            total=total, initial=done, unit=" circuits", file=stream, disable=not watched
        )
