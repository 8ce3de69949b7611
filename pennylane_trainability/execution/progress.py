"""One line on the terminal that says how far a run is and how long it will take."""

from __future__ import annotations

import sys
import time

__all__ = ["ProgressLine"]


class ProgressLine:
    """Shows circuits done, circuits in all and the time left; silent where nobody looks.

    The time left is what the circuits of this process took, times what is left; circuits that were
    there at the first call do not count.

    Args:
        stream: where to write; ``None`` takes ``sys.stderr``. Nothing is written unless it is a
            terminal.
        clock: seconds.
    """

    def __init__(self, stream=None, clock=time.monotonic):
        self._stream, self._clock = stream, clock
        self._began, self._first = clock(), 0
        self._total: int | None = None
        self._last = 0

    def __call__(self, done: int, total: int) -> None:
        """Write the line again."""
        if total != self._total or done < self._last:
            self._total, self._began, self._first = total, self._clock(), done
        self._last = done
        stream = sys.stderr if self._stream is None else self._stream
        if stream is None or not stream.isatty():
            return
        end = "\n" if done >= total else ""
        stream.write(f"\r\x1b[K{self.text(done, total)}{end}")
        stream.flush()

    def text(self, done: int, total: int) -> str:
        """The line."""
        start = f"{done:,} of {total:,} circuits"
        here = done - self._first
        if done >= total or not here:
            return start
        left = (self._clock() - self._began) / here * (total - done)
        return f"{start}, about {_duration(left)} left"


def _duration(seconds: float) -> str:
    """Seconds in words.

    >>> _duration(12.3), _duration(200), _duration(9000)
    ('12 s', '3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
