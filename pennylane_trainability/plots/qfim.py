"""Directions in state space: spectra of the QFIM, and how their number grows."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.capacity_record import Capacity
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.plots.spectra import noise_spectrum
from pennylane_trainability.plots.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    VERMILLION,
    legend,
    line,
    log_scale,
    percent,
)

__all__ = ["growth", "measured_spectrum", "spectrum"]


def measured_spectrum(ax, result: MeasuredQFIM, style: dict) -> None:
    """Measured eigenvalues ± noise floor, the floor around zero, and zero.

    Args:
        ax: the axes.
        result: a measured QFIM.
        style: properties of the points.
    """
    noise_spectrum(ax, result.noise_floor(), style)
    ax.set_ylabel("eigenvalue of the QFIM")


def spectrum(ax, result: Capacity, style: dict) -> None:
    """Eigenvalues at every draw, their median, at the values given, and the tolerance.

    Args:
        ax: the axes.
        result: a capacity; measured ones show the values given with their noise floor.
        style: properties of the line of the median, or of the points.
    """
    if result.measured:
        measured_spectrum(ax, result.measured[0], style)
        return
    index = np.arange(1, result.n_parameters + 1)
    given, drawn = result.eigenvalues[0], result.eigenvalues[1:]
    zero = float(np.max(result.limits))
    dropped = bool(np.any(result.eigenvalues <= result.limits[:, None]))
    shown = np.maximum(result.eigenvalues, 1e-300)
    if len(drawn):
        lines = ax.plot(index, shown[1:].T, color=GREY, linewidth=0.7, alpha=0.6)
        lines[0].set_label(f"{len(drawn)} draw{'s' if len(drawn) > 1 else ''}")
    label = "median" if len(drawn) else "values given"
    main = line(style, color=BLUE, linewidth=2, marker="o", markersize=4, zorder=3, label=label)
    ax.plot(index, np.median(shown[1:], axis=0) if len(drawn) else shown[0], **main)
    if len(drawn):
        look = {"marker": "s", "markersize": 3.5, "markerfacecolor": "white", "zorder": 4}
        ax.plot(index, np.maximum(given, 1e-300), "--", color=ORANGE, label="values given", **look)
    log_scale(ax, result.eigenvalues, zero, zero / 1000 if dropped else None)
    text = "zero up to this" if dropped else "zero up to this (below the axis)"
    ax.axhline(zero, color=VERMILLION, linestyle=":", linewidth=1.5, label=text)
    if dropped:
        ax.axhspan(ax.get_ylim()[0], zero, facecolor=GREY, edgecolor="none", alpha=0.18, zorder=0)
    _axis(ax, len(index), "index")
    ax.set_ylabel("eigenvalue of the QFIM")
    legend(ax)


def growth(ax, result: Capacity) -> None:
    """Rank of the circuit cut after each parameter, beside one direction per parameter.

    Args:
        ax: the axes.
        result: a capacity.
    """
    count = np.arange(result.n_parameters + 1)
    curve = np.concatenate([[0], result.curve])
    ax.plot(count, count, color=GREY, linewidth=1, linestyle="--", label="one per parameter")
    label = "rank" if result.exact else f"rank, at least ({percent(result.level)})"
    ax.plot(count, curve, color=BLUE, linewidth=2, marker="o", markersize=3, zorder=3, label=label)
    if len(result.dead):
        at = 1 + np.flatnonzero(np.isin(result.order, result.dead))
        look = {"color": VERMILLION, "linestyle": "none", "marker": "x", "zorder": 4}
        ax.plot(at, curve[at], **look, label=f"dead ({len(result.dead)})")
    top = curve[-1]
    if result.most <= 1.5 * max(result.n_parameters, 1):
        top = max(top, result.most)
        text = f"most of {result.n_wires} wires: {result.most}"
        ax.axhline(result.most, color=BLACK, linestyle=":", linewidth=1.5, label=text)
    if 0 < result.repeat < result.n_parameters:
        ends = result.n_parameters - result.repeat, result.n_parameters
        look = {"facecolor": ORANGE, "edgecolor": "none", "alpha": 0.15, "zorder": 0}
        ax.axvspan(*ends, **look, label="last repeat of the pattern")
    ax.set_ylim(0, 1.08 * max(top, 1))
    ax.set_ylabel("independent directions")
    ax.set_title(f"Growth: {result.verdict.value.split(':')[0]}")
    _axis(ax, result.n_parameters, "parameters, in the order of their gates", 0)
    legend(ax, loc="lower right")


def _axis(ax, size: int, what: str, first: float = 0.4) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel(what)
    ax.set_xlim(first, size + 0.6)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=14, integer=True, min_n_ticks=1))
    if ax.get_yscale() == "linear":
        ax.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
