"""Which parameters do something of their own?"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.plots.style import BLACK, BLUE, ORANGE, VERMILLION, legend, thinned
from pennylane_trainability.report import Report

__all__ = ["columns", "leverages", "short_names"]


def leverages(ax, report: Report) -> None:
    """Share of every parameter in the kernel of ``J``: mean and standard deviation over the draws.

    Args:
        ax: the axes.
        report: an exact report.
    """
    space = report.space
    places = np.arange(space.n_parameters)
    dead, kept = np.isin(places, space.dead), np.isin(places, space.independent)
    mean, spread = space.mean_leverages, space.leverage_spread
    dashes = {"edgecolor": "white", "hatch": "///"} if len(places) <= 40 else {}
    kinds: tuple[tuple[np.ndarray, dict[str, Any], str], ...] = (
        (kept, {"color": BLUE}, "independent set"),
        (~dead & ~kept, {"color": ORANGE}, "redundant"),
        (dead, {"facecolor": VERMILLION} | dashes, "dead"),
    )
    for chosen, look, label in kinds:
        if chosen.any():
            ax.bar(places[chosen], mean[chosen], label=f"{label} ({chosen.sum()})", **look)
    if space.n_draws > 1:
        bars: dict[str, Any] = {"ecolor": BLACK, "elinewidth": 0.8, "capsize": 1.5}
        ax.errorbar(places[~dead], mean[~dead], yerr=spread[~dead], fmt="none", **bars)
    ax.set_ylim(0, 1.28)  # room for the legend
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_ylabel("share in the kernel")
    ax.set_title("Parameters: 1 moves nothing, 0 cannot be replaced")
    _names(ax, report.parameters)
    legend(ax, loc="upper center", ncols=3)


def columns(ax, report: Report, measured: MeasuredJacobian) -> None:
    """Norm of every measured column of ``J``, and what noise alone would give.

    Args:
        ax: the axes.
        report: a measured report.
        measured: its Jacobian.
    """
    places = np.arange(measured.value.shape[1])
    dead = np.isin(report.parameters, list(report.reasons))
    norms = np.linalg.norm(measured.value, axis=0)
    noise = np.linalg.norm(measured.stderr, axis=0)
    ax.bar(places[~dead], norms[~dead], color=BLUE, label="measured")
    ends = places[~dead] - 0.4, places[~dead] + 0.4
    ax.hlines(noise[~dead], *ends, color=BLACK, linewidths=1.5, label="noise alone (rms)")
    if dead.any():
        look = {"color": VERMILLION, "linestyle": "none", "marker": "x", "clip_on": False}
        label = f"dead ({dead.sum()})"
        ax.plot(places[dead], np.zeros(dead.sum()), **look, label=label)
    ax.set_ylim(0, 1.3 * max(norms.max(initial=0.0), noise.max(initial=0.0)) or 1)
    ax.set_ylabel("norm of the column of J")
    ax.set_title("Parameters: how much each moves")
    _names(ax, report.parameters)
    legend(ax, loc="upper center", ncols=3)


def short_names(names: tuple[str, ...]) -> tuple[str, list[str]]:
    """What all names share, and what is left of each.

    Args:
        names: names of parameters.

    >>> short_names(("w[0, 1]", "w[0, 2]"))
    ('parameter w[…]', ['0,1', '0,2'])
    >>> short_names(("a", "b[0]"))
    ('parameter', ['a', 'b[0]'])
    """
    parts = [p for p in (re.fullmatch(r"(\w+)\[(.+)\]", name) for name in names) if p]
    if len(parts) < len(names) or len({p[1] for p in parts}) != 1:
        return "parameter", list(names)
    return f"parameter {parts[0][1]}[…]", [p[2].replace(" ", "") for p in parts]


def _names(ax, names: tuple[str, ...]) -> None:
    shared, labels = short_names(names)
    ax.set_xlabel(shared)
    thinned(ax, labels)
