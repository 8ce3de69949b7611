"""Variances of losses and derivatives: over parameters, and over sizes."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.scaling import Scaling
from pennylane_trainability.diagnostics.variance_record import GradientVariances
from pennylane_trainability.plots.parameters import short_names
from pennylane_trainability.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    legend,
    line,
    log_scale,
    percent,
    thinned,
)
from pennylane_trainability.statistics.scaling import ScalingVerdict
from pennylane_trainability.statistics.scaling_likelihood import Family

__all__ = ["gradients", "scaling"]


def gradients(ax, result: GradientVariances, style: dict) -> None:
    """The variance of every derivative with its interval; upper bounds where nothing was seen.

    Args:
        ax: the axes.
        result: the variances.
        style: properties of the points.
    """
    places = np.arange(result.n_parameters)
    unseen = np.isnan(result.stderrs)
    seen = (result.variances > 0) & ~unseen
    log_scale(ax, np.concatenate([result.variances[seen], result.highs[unseen]]))
    floor = ax.get_ylim()[0] if ax.get_yscale() == "log" else -np.inf
    low = np.maximum(result.lows, floor)
    ends = np.maximum([result.variances - low, result.highs - result.variances], 0.0)
    main = line(style, color=BLUE, marker="o", markersize=4, linestyle="none", zorder=3)
    label = f"variance with its interval ({percent(result.level)})"
    ax.errorbar(places[seen], result.variances[seen], yerr=ends[:, seen], label=label, **main)
    if unseen.any():
        look = {"color": ORANGE, "marker": "v", "markersize": 5, "linestyle": "none"}
        label = f"at most this, nothing seen ({unseen.sum()})"
        ax.plot(places[unseen], result.highs[unseen], label=label, **look)
    constant = np.array(result.constant, int)
    if len(constant):
        look = {"color": VERMILLION, "marker": "x", "linestyle": "none", "clip_on": False}
        label = f"known not to vary ({len(constant)})"
        ax.plot(constant, np.full(len(constant), ax.get_ylim()[0]), label=label, **look)
    shared, labels = short_names(result.parameters)
    thinned(ax, labels)
    ax.set_xlabel(shared)
    ax.set_ylabel("variance of the derivative")
    legend(ax)


def scaling(ax, result: Scaling, style: dict) -> None:
    """Variances against size with the fits of all families.

    Args:
        ax: the axes.
        result: variances at several sizes.
        style: properties of the points.
    """
    ns, points = np.array(result.ns), result.variances
    bound = np.array([kind == "bound" for kind in result.fit.kinds])
    value = np.array([p.value for p in points])
    low, high = (np.array([getattr(p, end) for p in points]) for end in ("low", "high"))
    log_scale(ax, np.concatenate([value[~bound], high[bound]]), bottom=None)
    floor = ax.get_ylim()[0] if ax.get_yscale() == "log" else -np.inf
    ends = np.maximum([value - np.maximum(low, floor), high - value], 0.0)
    main = line(style, color=BLUE, marker="o", markersize=5, linestyle="none", zorder=4)
    label = f"variance ({percent(points[0].level)})"
    ax.errorbar(ns[~bound], value[~bound], yerr=ends[:, ~bound], label=label, **main)
    if bound.any():
        look = {"color": BLUE, "marker": "v", "markersize": 6, "linestyle": "none"}
        ax.plot(ns[bound], high[bound], label="upper bound, nothing seen", **look)
    chosen = {ScalingVerdict.EXPONENTIAL: Family.EXPONENTIAL, ScalingVerdict.POWER: Family.POWER,
              ScalingVerdict.CONSTANT: Family.CONSTANT}.get(result.verdict)  # fmt: skip
    grid = np.linspace(ns[0], ns[-1], 200)
    looks = {Family.CONSTANT: (GREY, ":"), Family.EXPONENTIAL: (VERMILLION, "-"),
             Family.POWER: (GREEN, "--")}  # fmt: skip
    for family, (colour, dashes) in looks.items():
        fit = result.family(family)
        width = 2.0 if family is chosen else 1.0
        ax.plot(grid, fit.predict(grid), dashes, color=colour, linewidth=width, zorder=3,
                label=f"{family.value}, AICc {fit.aicc:.3g}")  # fmt: skip
    ax.set_xlabel("n")
    ax.set_ylabel(result.quantity.lower())
    legend(ax)
