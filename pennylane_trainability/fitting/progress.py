"""How far a long run is: a function that is called, or one line on the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

__all__ = ["Progress", "progress_of"]

#: ``True``, or a function of (done, in all).
Progress = bool | Callable[[int, int], None] | None

_PAUSE = 0.2  # seconds between two prints of the line


def progress_of(progress: Progress, total: int, title: str, stream=None) -> Callable[[int], None]:
    """What to call with the amount that is done.

    Args:
        progress: a function of (done, in all); ``True`` for a line on the terminal; ``None`` or
            ``False`` for nothing.
        total: how much there is in all.
        title: what the line begins with.
        stream: where the line goes; the standard error stream unless said otherwise. Nothing is
            written where it is no terminal.

    Raises:
        ValueError: ``progress`` is something else.
    """
    if callable(progress):
        return lambda done: progress(done, total)
    if progress not in (None, False, True):
        raise ValueError(
            "progress needs True or a function of (done, in all), but got "
            f"{type(progress).__name__}. Pass progress=True for a line on the terminal."
        )
    stream = sys.stderr if stream is None else stream
    if not progress or not stream.isatty():
        return lambda done: None
    return _line(stream, total, title)


def _line(stream, total: int, title: str) -> Callable[[int], None]:
    start = time.monotonic()
    last, ended = float("-inf"), False

    def write(done: int) -> None:
        nonlocal last, ended
        now = time.monotonic()
        if ended or (now - last < _PAUSE and done < total):
            return
        last, ended = now, done >= total
        left = f", {(now - start) * (total - done) / done:.0f} s left" if done else ""
        end = f", {now - start:.0f} s\n" if done >= total else left
        stream.write(f"\r\x1b[K{title}: {done} of {total}{end}")
        stream.flush()

    return write
