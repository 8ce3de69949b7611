"""States of a circuit: overlaps of pairs beside a law, and how entangled they are."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.entangling_record import EntanglingCapability
from pennylane_trainability.diagnostics.expressibility_record import Expressibility
from pennylane_trainability.plots.style import BLUE, GREY, ORANGE, legend, line, percent

__all__ = ["entanglement", "overlaps"]


def overlaps(ax, result: Expressibility, style: dict) -> None:
    """The histogram of overlaps on a logarithmic axis, and what the law expects in every bin.

    Args:
        ax: the axes.
        result: overlaps of pairs.
        style: properties of the line of the law.
    """
    edges = np.linspace(0, 1, result.n_bins + 1)
    shares = result.counts / result.n_pairs
    ax.stairs(shares, edges, fill=True, color=BLUE, alpha=0.55, label=f"{result.n_pairs:,} pairs")
    if np.isfinite(result.masses).any():
        main = line(style, color=ORANGE, linewidth=1.8, zorder=3)
        middle = (edges[1:] + edges[:-1]) / 2
        ax.plot(middle, result.masses, label=result.reference, **main)
    ax.set_yscale("log")
    ax.set_ylim(0.3 / result.n_pairs, 1.5)
    ax.axhline(1 / result.n_pairs, color=GREY, linestyle=":", linewidth=1.0, label="one pair")
    ax.set_xlabel("overlap F of two states")
    ax.set_ylabel("share of pairs in a bin")
    legend(ax)


def entanglement(ax, result: EntanglingCapability, style: dict) -> None:
    """The distribution of ``Q`` over the parameters, its mean and that of Haar states.

    Args:
        ax: the axes.
        result: the measure at every draw.
        style: properties of the line of the mean.
    """
    low, high = min(0.0, result.samples.min()), max(1.0, result.samples.max())
    bins = np.linspace(low, high, 51)
    shares = np.histogram(result.samples, bins)[0] / len(result.samples)
    ax.stairs(shares, bins, fill=True, color=BLUE, alpha=0.55, label="draws of the parameters")
    mean = result.capability
    main = line(style, color=BLUE, linewidth=1.8, zorder=3)
    ax.axvline(mean.value, label=f"mean, {mean.value:.3g}", **main)
    name = f"interval ({percent(result.level)})"
    ax.axvspan(mean.low, mean.high, color=BLUE, alpha=0.25, label=name)
    ax.axvline(result.haar, color=ORANGE, linestyle="--", label=f"Haar states, {result.haar:.3g}")
    ax.set_xlabel("Meyer–Wallach measure Q")
    ax.set_ylabel("share of draws")
    legend(ax)
