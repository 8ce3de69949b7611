"""Pictures of shapes side by side: conditioning, strength per frequency, growth."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.architectures import GrowthAdvice, ShapeComparison
from pennylane_trainability.plots.style import BLUE, COLOURS, GREY, legend, line, log_scale
from pennylane_trainability.results import Estimate

__all__ = ["conditions", "growth", "sigmas", "strengths"]


def sigmas(ax, result: ShapeComparison, style: dict) -> None:
    """Median ``σ_K`` of every shape with its interval; zeros lie below the axis.

    Args:
        ax: the axes.
        result: the comparison.
        style: properties of the points.
    """
    _medians(ax, [row.sigma_k for row in result.shapes], style)
    _names(ax, [row.name for row in result.shapes])
    ax.set_ylabel("σ_K (median)")


def conditions(ax, result: ShapeComparison) -> None:
    """Median condition number of every shape with its interval.

    Args:
        ax: the axes.
        result: the comparison.
    """
    _medians(ax, [row.condition for row in result.shapes], {})
    _names(ax, [row.name for row in result.shapes])
    ax.set_ylabel("condition σ₁/σ_rank (median)")


def strengths(ax, result: ShapeComparison) -> None:
    """Gradient strength per frequency, one line per shape: median over the draws.

    Args:
        ax: the axes.
        result: the comparison.
    """
    from matplotlib.ticker import MaxNLocator

    shown = []
    for number, row in enumerate(result.shapes):
        values = np.median(row.strength, axis=0)
        shown.append(values)
        colour = COLOURS[number % len(COLOURS)]
        ax.plot(range(len(values)), values, "o-", ms=4, lw=1.2, color=colour, label=row.name)
    log_scale(ax, np.concatenate(shown), 1e-12)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    one = all(row.frequencies.shape[1] == 1 for row in result.shapes)
    ax.set_xlabel("frequency" if one else "index of the frequency vector")
    ax.set_ylabel("norm of the rows of J")
    legend(ax)


def growth(ax, result: GrowthAdvice, style: dict) -> None:
    """Ratio of ``σ`` on the target rows for every step, best first, with its interval.

    Args:
        ax: the axes.
        result: the advice.
        style: properties of the points.
    """
    steps = [s for s in result.steps if s.ratio is not None and s.ratio.value > 0]
    _medians(ax, [s.ratio for s in steps if s.ratio is not None], style)
    ax.axhline(1.0, color=GREY, linestyle=":", linewidth=1.2)
    _names(ax, [s.name + ("" if s.fits else "\n(beyond a limit)") for s in steps])
    ax.set_ylabel("σ on the target rows, ratio")


def _medians(ax, estimates: list[Estimate], style: dict) -> None:
    values = np.array([e.value for e in estimates])
    bars = np.array([[e.value - e.low, e.high - e.value] for e in estimates]).T
    bars = np.where(np.isfinite(bars), bars, 0.0)
    main = line(style, color=BLUE, marker="o", markersize=5, linestyle="none")
    ax.errorbar(
        np.arange(len(values)), values, yerr=bars, elinewidth=1, capsize=2, ecolor=GREY, **main
    )
    ends = [end for e in estimates for end in (e.low, e.high, e.value)]
    log_scale(ax, np.array(ends), 1e-12)


def _names(ax, names: list[str]) -> None:
    tilt = 30 if max(map(len, names), default=0) > 8 else 0
    ax.set_xticks(range(len(names)), names, rotation=tilt, ha="right" if tilt else "center")
    ax.set_xlim(-0.5, len(names) - 0.5)
