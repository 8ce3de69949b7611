"""Gradient measurement efficiency against expressivity, and what gradients cost by method."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.efficiency_record import GradientEfficiency
from pennylane_trainability.diagnostics.gradient_plan_record import GradientPlan
from pennylane_trainability.plots.style import BLUE, GREY, ORANGE, VERMILLION, legend, line

__all__ = ["costs", "plane"]


def plane(ax, result: GradientEfficiency, style: dict) -> None:
    """The circuit in the plane of ``X`` and ``F``, and what deep circuits can have.

    Args:
        ax: the axes.
        result: efficiency and expressivity.
        style: properties of the circuit's marker.

    Raises:
        ValueError: the expressivity is not known.
    """
    expressivity, efficiency = result.expressivity, result.efficiency
    if expressivity is None:
        raise ValueError("The plane needs the expressivity, which is not known for this circuit.")
    total = 4.0**result.n_wires
    x = np.geomspace(1, total, 400)
    bound = np.sqrt((x / 2) ** 2 + total) - x / 2
    ax.fill_between(x, 1e-3, np.minimum(x, bound), color=GREY, alpha=0.18, linewidth=0)
    ax.plot(x, bound, color=VERMILLION, linewidth=1.2, label="X = 4ⁿ/F − F (deep circuits)")
    ax.plot(x, x, color=VERMILLION, linewidth=1.2, linestyle=":", label="F = X (deep circuits)")
    powers = 2.0 ** np.arange(result.n_wires)
    ax.plot(
        *(total / powers - powers, powers), linestyle="none", marker="o", markersize=5,
        markerfacecolor="white", color=ORANGE, label="stabilizer-logical products",
    )  # fmt: skip
    point = line(style, color=BLUE, marker="D", markersize=7, linestyle="none", zorder=4)
    ax.plot([expressivity.value], [efficiency.value], label="this circuit, at its depth", **point)
    reach = dict(color=BLUE, linewidth=1.2, zorder=3)
    if np.isfinite(efficiency.high) and efficiency.high > efficiency.value:
        ax.plot([expressivity.value] * 2, [efficiency.value, efficiency.high], **reach)
    if not result.complete:  # the closure was stopped
        ax.plot([expressivity.value, expressivity.high], [efficiency.value] * 2, **reach)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(0.8, 1.5 * total)
    top = max(2.0**result.n_wires, float(np.nanmax([efficiency.value, efficiency.high])))
    ax.set_ylim(0.7, 30 * top)  # room for the legend
    ax.set_xlabel("expressivity X, dimension of the Lie algebra")
    ax.set_ylabel("derivatives per circuit F")
    legend(ax, loc="upper left")


def costs(ax, result: GradientPlan, style: dict) -> None:
    """Shots that every method needs for the same error, and its circuits.

    Args:
        ax: the axes.
        result: the plan.
        style: properties of the bars' edges.
    """
    known = [method for method in result.methods if not method.reason]
    places = np.arange(len(known))[::-1]
    colours = [BLUE if method.method == result.taken else GREY for method in known]
    look = {"edgecolor": "none"} | style
    ax.barh(places, [method.shots for method in known], color=colours, **look)
    for place, method in zip(places, known, strict=True):
        words = f" {method.circuits:,} circuit" + "s" * (method.circuits != 1)
        ax.text(method.shots, place, words, va="center", fontsize=8)
    shots = [method.shots for method in known]
    ax.set_xscale("log")
    ax.set_xlim(min(shots) / 3, 30 * max(shots))
    ax.set_yticks(places, [method.method for method in known])
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"shots for a standard error of {result.error:g}")
