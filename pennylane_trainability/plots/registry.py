"""Which picture belongs to which kind of result: a registry that other modules fill."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Sequence

from pennylane_trainability.plots.style import canvas, title

__all__ = ["NoPictureError", "picture", "several"]


class NoPictureError(TypeError):
    """There is no picture of such a result."""


@functools.singledispatch
def picture(result, ax, style):
    """Draw a result on axes, or on new ones for ``None``; kinds are registered by their module."""
    known = sorted(kind.__name__ for kind in picture.registry if kind is not object)
    raise NoPictureError(
        f"There is no picture of {type(result).__name__}, only of {', '.join(known)}. "
        "Print it, or draw its fields."
    )


def several(
    ax, style: dict, result, panels: Sequence[Callable], *, size: tuple[float, float],
    heading: str | None = None, names: Sequence[str] = (), width: int = 100,
):  # fmt: skip
    """A main panel and others beside it; on given axes only the main one, under the heading.

    Args:
        ax: given axes or ``None``.
        style: of the main line.
        result: handed to all panels.
        panels: ``(ax, result, style)`` for the main one, ``(ax, result)`` for the others.
        size: of a new figure.
        heading: over all; the result's own if ``None``.
        names: titles of the panels, as far as they have none of their own.
        width: characters of a line of the heading.
    """
    heading = result.heading() if heading is None else heading
    with canvas(ax, (1, len(panels)), size) as (main, *others):
        panels[0](main, result, style)
        if not others:
            title(main, heading)
            return main
        for axes, panel in zip(others, panels[1:], strict=True):
            panel(axes, result)
        for axes, name in zip((main, *others), names, strict=False):
            axes.set_title(name)
        main.figure.suptitle(textwrap.fill(heading, width))
    return main
