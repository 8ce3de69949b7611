"""The base of all records: arrays that stay as they are, text, Markdown, strict JSON, a plot."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import dataclass_transform

import numpy as np

from pennylane_trainability.results.text import aligned, describe, markdown_table

__all__ = ["Result", "record", "to_json"]


@dataclass_transform(
    frozen_default=True, kw_only_default=True, eq_default=False, field_specifiers=(field,)
)
def record(cls):
    """Class decorator: a frozen, slotted, keyword-only dataclass compared by identity.

    Comparing array fields with ``==`` has no single answer; two records are equal if they are the
    same object.
    """
    return dataclass(frozen=True, slots=True, kw_only=True, eq=False)(cls)


@dataclass(frozen=True, eq=False)
class Result:
    """What a diagnostic hands back. Subclasses are decorated with :func:`record`.

    A subclass lists its fields; it may override :meth:`rows` to say what is printed and must call
    ``Result.__post_init__(self)`` if it defines ``__post_init__``.

    >>> @record
    ... class Spread(Result):
    ...     samples: np.ndarray
    ...     name: str = "f"
    >>> spread = Spread(samples=np.array([1.0, np.nan]))
    >>> spread.to_dict()
    {'kind': 'Spread', 'samples': [1.0, None], 'name': 'f'}
    >>> spread.samples.flags.writeable
    False
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, _frozen(getattr(self, item.name)))

    def __str__(self) -> str:
        return self.summary()

    def rows(self) -> Sequence[tuple[str, object]]:
        """What is printed: pairs of a label and a value; by default the fields shown in `repr`."""
        return [
            (item.name.replace("_", " "), getattr(self, item.name))
            for item in fields(self)
            if item.repr
        ]

    def heading(self) -> str:
        """The first line that is printed; by default the name of the class in words."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(self).__name__)
        return words[:1].upper() + words[1:].lower()

    def summary(self) -> str:
        """The record as aligned plain text."""
        return f"{self.heading()}\n{aligned(self.rows())}"

    def to_dict(self) -> dict:
        """The record as strict JSON, fields only: ``{"kind": class name, field: value, …}``.

        NaN and infinity become ``None``, a complex number ``[re, im]``, an array nested lists, an
        enum member its name, a nested record a dict.
        """
        return {"kind": type(self).__name__} | {
            item.name: to_json(getattr(self, item.name)) for item in fields(self)
        }

    def plot(self, ax=None, **style):
        """Draw on ``ax`` (a new one if omitted) and return the axes; needs matplotlib."""
        from pennylane_trainability.plots import draw

        return draw(self, ax, **style)

    def sections(self) -> Sequence[Result]:
        """Results that belong to this one and are shown after it; none by default."""
        return ()

    def to_html(self, path=None, *, pictures: bool = True) -> str:
        """The result as one self-contained HTML page, with its pictures in it.

        Args:
            path: a file to write it to; ``None`` writes none.
            pictures: draw what has a picture; needs matplotlib.

        Returns:
            The page. It loads nothing, runs no scripts and fits light and dark pages and paper.

        Raises:
            ImportError: matplotlib is missing; ``pictures=False`` does without.
        """
        from pennylane_trainability.pages import page

        text = page(self, pictures)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def _repr_markdown_(self) -> str:
        body = markdown_table(("", ""), [(label, describe(value)) for label, value in self.rows()])
        return f"**{self.heading()}**\n\n{body}"


def _frozen(value: object) -> object:
    """A copy that cannot be written to, where the value is or contains arrays."""
    if isinstance(value, np.ndarray):
        copy = np.array(value)
        copy.setflags(write=False)
        return copy
    if type(value) is tuple or type(value) is list:
        return tuple(_frozen(entry) for entry in value)
    if type(value) is dict:
        return {key: _frozen(entry) for key, entry in value.items()}
    return value


def to_json(value: object) -> object:
    """Any value as strict JSON (see :meth:`Result.to_dict`).

    >>> to_json({"c": 1 + 2j, "worst": float("inf"), "rank": np.int64(3)})
    {'c': [1.0, 2.0], 'worst': None, 'rank': 3}
    """
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, np.ndarray | np.generic):
        return to_json(value.tolist())
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, complex):
        return [to_json(value.real), to_json(value.imag)]
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(entry) for key, entry in value.items()}
    if isinstance(value, set | frozenset):
        return [to_json(entry) for entry in sorted(value, key=str)]
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [to_json(entry) for entry in value]
    return getattr(value, "__name__", None) or str(value)
