"""Draws of a landscape against its laws, and where descents end."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from pennylane_trainability.diagnostics.landscape_law import LandscapeLaw
from pennylane_trainability.diagnostics.local_minima import LocalMinima
from pennylane_trainability.plots.style import BLUE, GREY, ORANGE, VERMILLION, legend, line

__all__ = ["minima", "quantiles"]

_POINTS = 400


def quantiles(ax, result: LandscapeLaw, gradient: bool, style: dict) -> None:
    """Quantiles of draws against those of the predicted and of the normal law.

    Args:
        ax: the axes.
        result: the draws and their laws.
        gradient: the derivative, else the loss.
        style: properties of the points.
    """
    draws = np.sort(result.derivatives if gradient else result.losses)
    law = result.gradient_law if gradient else result.loss_law
    index = np.unique(np.linspace(0, len(draws) - 1, _POINTS).round().astype(int))
    own, share = draws[index], (index + 0.5) / len(draws)
    standard = np.array([NormalDist().inv_cdf(float(q)) for q in share])
    expected = draws.mean() + draws.std(ddof=1) * standard
    look = {"color": ORANGE, "marker": "x", "markersize": 3, "linestyle": "none"}
    ax.plot(expected, own, label="normal, fitted", zorder=2, **look)
    if law is not None and law.weights:
        main = line(style, color=BLUE, marker="o", markersize=3, linestyle="none", zorder=3)
        ax.plot(law.quantile(share), own, label="Wishart, centred", **main)
    ends = [float(own[0]), float(own[-1])]
    ax.plot(ends, ends, color=GREY, linewidth=1.0, zorder=1)
    ax.set_xlabel("quantile of the law")
    ax.set_ylabel("quantile of the draws")
    legend(ax)


def minima(ax, result: LocalMinima, style: dict) -> None:
    """How many descents ended below an energy.

    Args:
        ax: the axes.
        result: where descents ended.
        style: properties of the line.
    """
    energies = np.maximum(result.energies, 0.0)
    count = result.provenance.n_samples
    main = line(style, color=BLUE, linewidth=1.8, zorder=3)
    ax.step(
        np.concatenate([[0.0], energies, [max(1.05, *energies)]]),
        np.append(np.arange(len(energies) + 1), len(energies)) / count,
        where="post",
        label="descents",
        **main,
    )
    ax.axvline(1.0, color=GREY, linestyle=":", label="mean eigenvalue")
    mean = result.mean_energy.value
    ax.axvline(mean, color=VERMILLION, linestyle="--", label=f"mean energy {mean:.3g}")
    ax.set_xlabel("(ℓ − ℓ*)/ō at the end")
    ax.set_ylabel("share of descents at or below")
    ax.set_ylim(0, 1.02)
    legend(ax)
