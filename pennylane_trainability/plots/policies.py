"""Gradients of Born policies against size."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.plots.style import BLUE, ORANGE, legend, line, log_scale, percent
from pennylane_trainability.policies import PolicyScaling

__all__ = ["policy_scaling"]


def policy_scaling(ax, result: PolicyScaling, style: dict) -> None:
    """Both variances with their intervals at every size.

    Args:
        ax: the axes.
        result: gradients at several sizes.
        style: properties of the points of ``∂ log π``.
    """
    ns = np.array(result.ns)
    level = percent(result.log_variances[0].level)
    both = (
        (result.log_variances, rf"$\mathrm{{Var}}\,\partial\log\pi$ ({level})"),
        (result.derivative_variances, rf"$\mathrm{{Var}}\,\partial\pi$ ({level})"),
    )
    every = np.array([p.value for points, _ in both for p in points])
    log_scale(ax, every, spread=3)
    floor = ax.get_ylim()[0] if ax.get_yscale() == "log" else -np.inf
    looks = (
        line(style, color=BLUE, marker="o", markersize=5, linestyle="-", linewidth=1),
        line({}, color=ORANGE, marker="s", markersize=5, linestyle="-", linewidth=1),
    )
    for (points, label), look in zip(both, looks, strict=True):
        value = np.array([p.value for p in points])
        low, high = (np.array([getattr(p, end) for p in points]) for end in ("low", "high"))
        ends = np.maximum([value - np.maximum(low, floor), high - value], 0.0)
        ax.errorbar(ns, value, yerr=ends, label=label, capsize=2, **look)
    ax.set_xticks(ns, [f"{n:g}\n{a}" for n, a in zip(ns, result.actions, strict=True)])
    ax.set_xlabel("n, and number of actions")
    ax.set_ylabel("variance")
    legend(ax)
