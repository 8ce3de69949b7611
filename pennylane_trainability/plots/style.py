"""One neutral look: new axes, colours, lines, labels that fit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = [
    "BLACK",
    "BLUE",
    "COLOURS",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "canvas",
    "legend",
    "line",
    "log_scale",
    "percent",
    "pyplot",
    "thinned",
    "title",
]

# Okabe and Ito's colours, told apart by people with any kind of colour vision.
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, BLACK, GREY = "#56B4E9", "#CC79A7", "#000000", "#999999"
COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, BLACK)

_STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "figure.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "hatch.linewidth": 0.6,
}


def pyplot():
    """``matplotlib.pyplot``, or an error that says what to install."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "A plot needs matplotlib, which cannot be imported here. Install it with "
            'python -m pip install "pennylane-trainability[plot]".'
        ) from error
    return plt


@contextmanager
def canvas(
    ax, panels: tuple[int, int] = (1, 1), size: tuple[float, float] = (6.0, 4.0)
) -> Iterator[list]:
    """The axes to draw on: the one given, left as it is, or new ones in the neutral style.

    Args:
        ax: matplotlib axes, or ``None``.
        panels: rows and columns of new axes.
        size: width and height of a new figure, in inches.

    Raises:
        ImportError: matplotlib is missing.
    """
    plt = pyplot()
    if ax is not None:
        yield [ax]
        return
    with plt.style.context(["default", _STYLE]):
        figure, grid = plt.subplots(*panels, figsize=size, squeeze=False)
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
        for one in grid.flat:
            # ticks are made when the figure is drawn, after this style has ended
            one.tick_params(which="both", labelsize=8, color=BLACK, labelcolor=BLACK)
            one.grid(axis="y", color="0.9", linewidth=0.6)
        yield list(grid.flat)


def line(style: dict, **defaults) -> dict:
    """Properties of the main line: the caller's, then the defaults.

    Args:
        style: the caller's, short names (``c``, ``lw``) included.
        **defaults: used where the caller says nothing.
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return normalize_kwargs(defaults, Line2D) | normalize_kwargs(style, Line2D)


def title(ax, text: str) -> None:
    """A title over one axes, wrapped at its width.

    Args:
        ax: the axes.
        text: any length.
    """
    # before the layout is done, axes leave about a seventh of the width to their labels
    points = 1.15 * ax.bbox.width * 72 / ax.figure.dpi
    ax.set_title(textwrap.fill(text, max(24, int(points / (0.5 * ax.title.get_fontsize())))))


def thinned(ax, labels: list[str], most: int = 32) -> None:
    """Names along the x-axis at 0, 1, 2, …: not more than fit, on their side if they are long.

    Args:
        ax: the axes.
        labels: one per position.
        most: how many fit side by side.
    """
    longest = max(map(len, labels), default=0)
    if longest <= 2:
        most = min(most, 20)
    places = range(0, len(labels), max(1, -(-len(labels) // most)))
    ax.set_xticks(list(places), [labels[p] for p in places], rotation=90 if longest > 2 else 0)
    ax.set_xlim(-0.7, len(labels) - 0.3)


def log_scale(
    ax, values, zero: float = 0.0, bottom: float | None = None, spread: float = 1.0
) -> np.ndarray:
    """A logarithmic y-axis from the smallest to the largest value that counts.

    Args:
        ax: the axes.
        values: what is drawn; what does not exceed ``zero`` is left below the axis.
        zero: size that counts as zero.
        bottom: lower end of the axis; ``None`` puts it below the smallest value.
        spread: the axis is linear, from zero, if the values differ by a smaller factor.

    Returns:
        The values that count; if there are none the axis stays linear.
    """
    shown = np.ravel(values)
    shown = shown[np.isfinite(shown) & (shown > zero)]
    if len(shown) == 0:
        ax.set_ylim(0, 1)
        return shown
    if shown.max() < spread * shown.min():
        ax.set_ylim(0, 1.3 * shown.max())
        return shown
    ax.set_yscale("log")
    low = shown.min() / 1.6 if bottom is None else bottom
    # room for a legend above, where there is none below
    room = (shown.max() / low) ** 0.25 if bottom is None else 3.0
    ax.set_ylim(low, shown.max() * room)
    return shown


def legend(ax, **options) -> None:
    """A legend with bars and points before lines, if there is anything to explain.

    Args:
        ax: the axes.
        **options: as for ``ax.legend``.
    """
    from matplotlib.container import Container

    pairs = list(zip(*ax.get_legend_handles_labels(), strict=True))
    pairs.sort(key=lambda pair: not isinstance(pair[0], Container))
    if pairs:
        ax.legend(*map(list, zip(*pairs, strict=True)), **{"loc": "best"} | options)


def percent(level: float) -> str:
    """A level in words.

    Args:
        level: between 0 and 1.

    >>> percent(0.95), percent(0.999)
    ('95 %', '99.9 %')
    """
    return f"{100 * level:.6g} %"
