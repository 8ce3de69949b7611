"""Correlations between Fourier coefficients."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.fingerprint_record import FourierFingerprint
from pennylane_trainability.plots.frequencies import frequency_labels
from pennylane_trainability.plots.style import GREY, VERMILLION, legend, line, thinned

__all__ = ["fingerprint"]


def fingerprint(ax, result: FourierFingerprint, style: dict) -> None:
    """``|r_ij|`` of every pair as a shade; coefficients that do not vary are grey.

    Args:
        ax: the axes.
        result: the fingerprint; of several outputs the mean is drawn.
        style: properties of the crosses at coefficients that vanish.
    """
    sizes = np.abs(result.matrices)
    seen = np.sum(~np.isnan(sizes), axis=0)
    mean = np.nansum(sizes, axis=0) / np.maximum(seen, 1)
    lower = np.tri(len(mean), k=-1, dtype=bool)
    shown = np.ma.masked_array(mean, mask=~lower | (seen == 0))
    gaps = np.ma.masked_array(np.ones_like(mean), mask=~(lower & (seen == 0)))
    from matplotlib.colors import ListedColormap

    ax.grid(False)
    ax.imshow(gaps, cmap=ListedColormap(["0.88"]), vmin=0, vmax=1, interpolation="none")
    image = ax.imshow(shown, cmap="Blues", vmin=0, vmax=1, interpolation="none")
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.046, pad=0.04)
    bar.set_label("$|r_{ij}|$")
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_edgecolor(GREY)
    labels = _labels(result)
    thinned(ax, labels, 24)
    _thinned_rows(ax, labels)
    _crosses(ax, result, style)
    name = "row" if result.correlation == "rows" else "frequency"
    ax.set_xlabel(f"{name} j")
    ax.set_ylabel(f"{name} i")


def _labels(result: FourierFingerprint) -> list[str]:
    names = frequency_labels(result.frequencies)
    if result.correlation != "rows":
        return names
    return [names[0], *(f"{part} {k}" for k in names[1:] for part in ("cos", "sin"))]


def _thinned_rows(ax, labels: list[str], most: int = 24) -> None:
    places = range(0, len(labels), max(1, -(-len(labels) // most)))
    ax.set_yticks(list(places), [labels[p] for p in places])
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_xlim(-0.5, len(labels) - 0.5)


def _crosses(ax, result: FourierFingerprint, style: dict) -> None:
    """A cross on the diagonal where a coefficient is zero in every output."""
    gone = result.vanishing.all(axis=0)
    if result.correlation == "rows" or not gone.any():
        return
    places = np.flatnonzero(gone)
    look = line(style, color=VERMILLION, marker="x", linestyle="none", markersize=6)
    ax.plot(places, places, label=f"vanishes ({len(places)})", **look)
    legend(ax, loc="upper right")
