"""Aligned plain text and Markdown for values, rows and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

import numpy as np

__all__ = ["aligned", "describe", "markdown_table", "table"]

_LONGEST = 12  # entries of a sequence that are spelled out


def describe(value: object) -> str:
    """A short text for any value a record may hold.

    >>> describe(0.123456), describe(None), describe(np.zeros((100, 37)))
    ('0.1235', '—', 'array of shape (100, 37)')
    """
    if value is None:
        return "—"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return value.name.lower().replace("_", " ")
    if isinstance(value, float | complex | np.inexact):
        return f"{value:.4g}"
    if isinstance(value, np.ndarray) and value.size > _LONGEST:
        return f"array of shape {value.shape}"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, separator=", ")
    if isinstance(value, Mapping):
        return _joined(f"{key} {describe(entry)}" for key, entry in value.items())
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return _joined(describe(entry) for entry in value)
    return str(value)


def _joined(parts: Iterable[str]) -> str:
    parts = list(parts)
    if any("\n" in part for part in parts):
        return "\n".join(parts)
    rest = len(parts) - _LONGEST
    shown = ", ".join(parts[:_LONGEST]) + (f", … ({rest} more)" if rest > 0 else "")
    return shown or "none"


def aligned(rows: Iterable[tuple[str, object]], indent: int = 2) -> str:
    """Rows ``label  value`` with the values in one column; further lines of a value stay in it.

    >>> print(aligned([("rank", 9), ("parameters", 12)], indent=0))
    rank        9
    parameters  12
    """
    pairs = [(label, describe(value)) for label, value in rows]
    width = max((len(label) for label, _ in pairs), default=0)
    gap = "\n" + " " * (indent + width + 2)
    return "\n".join(
        f"{'':{indent}}{label:<{width}}  {text.replace(chr(10), gap)}".rstrip()
        for label, text in pairs
    )


def table(header: Sequence[str], rows: Iterable[Sequence[object]], indent: int = 2) -> str:
    """A plain-text table: one line of names, one line per row, columns aligned to the left.

    >>> print(table(("shape", "rank"), [("(1, 4)", 9), ("(2, 2)", 7)], indent=0))
    shape   rank
    (1, 4)  9
    (2, 2)  7
    """
    cells = [list(header), *([describe(value) for value in row] for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
    return "\n".join(" " * indent + line.rstrip() for line in lines)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same table in Markdown; line breaks and bars inside a cell are escaped.

    >>> print(markdown_table(("shape", "rank"), [("(1, 4)", 9)]))
    | shape | rank |
    |---|---|
    | (1, 4) | 9 |
    """

    def line(cells: Iterable[str]) -> str:
        escaped = (cell.replace("|", "\\|").replace("\n", "<br>") for cell in cells)
        return "| " + " | ".join(escaped) + " |"

    body = [line(describe(value) for value in row) for row in rows]
    return "\n".join([line(header), "|" + "---|" * len(header), *body])
