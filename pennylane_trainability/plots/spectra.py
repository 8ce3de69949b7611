"""Singular values and eigenvalues, with the size below which they are zero or noise."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.column_space import ColumnSpace
from pennylane_trainability.diagnostics.column_space.spectrum import tolerance
from pennylane_trainability.diagnostics.data_jacobian import DataJacobian
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
from pennylane_trainability.statistics.noise_floor import NoiseFloor

__all__ = ["kernel_spectrum", "noise_spectrum", "singular_spectrum"]

_SHADE = {"facecolor": GREY, "edgecolor": "none", "alpha": 0.18, "zorder": 0}


def singular_spectrum(
    ax, space: ColumnSpace, style: dict, given: ColumnSpace | None = None
) -> None:
    """Singular values of every draw, their median, the values given, and the tolerance.

    Args:
        ax: the axes.
        space: the draws.
        style: properties of the line of the median.
        given: the values given, where they are not the only draw.
    """
    values = space.singular_values
    index = np.arange(1, values.shape[1] + 1)
    several = len(values) > 1
    if several:
        drawn = ax.plot(index, values.T, color=GREY, linewidth=0.7, alpha=0.6)
        drawn[0].set_label(f"{len(values)} draws")
    label = "median" if several else "values given"
    main = line(style, color=BLUE, linewidth=2, marker="o", markersize=4, zorder=3, label=label)
    ax.plot(index, np.median(values, axis=0), **main)
    limit = tolerance(values, space.rtol, space.atol)
    if several and given is not None:
        look = {"marker": "s", "markersize": 3.5, "markerfacecolor": "white"}
        ax.plot(index, given.singular_values[0], "--", color=ORANGE, label="values given", **look)
    dropped = bool(np.any(values <= limit[:, None]))
    _tolerance_line(ax, space, float(np.median(limit)), dropped)
    _label(ax, index, "singular value of J")


def _tolerance_line(ax, space: ColumnSpace, limit: float, dropped: bool) -> None:
    """The tolerance: within the axis only if some value lies below it."""
    log_scale(ax, space.singular_values, limit, limit / 30 if dropped else None)
    text = f"zero up to {space.rtol:.0e} σ₁"
    if dropped:
        _shade(ax, limit)
    else:
        text += " (below the axis)"
    ax.axhline(limit, color=VERMILLION, linestyle=":", linewidth=1.5, label=text)


def noise_spectrum(ax, noise: NoiseFloor, style: dict) -> None:
    """Measured values with bounds that hold together, and the noise floor.

    Args:
        ax: the axes.
        noise: values and resampled errors.
        style: properties of the points.
    """
    values, floor = noise.values, noise.floor()
    low, high = noise.bounds()
    index = np.arange(1, len(values) + 1)
    main = line(style, color=BLUE, marker="o", markersize=5, linestyle="none", label="measured")
    bars = {"elinewidth": 1, "capsize": 2, "ecolor": GREY}
    ax.errorbar(index, values, yerr=[values - low, high - values], zorder=3, **bars, **main)
    if noise.symmetric:
        ax.axhline(0, color=BLACK, linewidth=0.6)
        ax.axhspan(-floor, floor, **_SHADE)
    else:
        log_scale(ax, np.append(values, high), bottom=min(values.min(initial=floor), floor) / 3)
        _shade(ax, floor)
    text = f"noise floor ({percent(noise.default_level)})"
    ax.axhline(floor, color=VERMILLION, linestyle=":", linewidth=1.5, label=text)
    _label(ax, index, "eigenvalue" if noise.symmetric else "singular value")


def kernel_spectrum(ax, result: DataJacobian, style: dict) -> None:
    """Eigenvalues of the tangent kernel on data, without those that are zero by its size.

    Args:
        ax: the axes.
        result: the Jacobian on data.
        style: properties of the line.
    """
    flat = result.jacobian.reshape(-1, result.jacobian.shape[-1])
    values = np.linalg.svd(flat, compute_uv=False) ** 2
    index = np.arange(1, len(values) + 1)
    main = line(style, color=BLUE, marker="o", markersize=5, linewidth=1.2, label="tangent kernel")
    ax.plot(index, values, **main)
    errors = result.stderr.reshape(flat.shape) ** 2
    if errors.any():
        # about the norm of a matrix of independent errors: longest row plus longest column
        noise = (np.sqrt(errors.sum(1).max()) + np.sqrt(errors.sum(0).max())) ** 2
        ax.axhline(noise, color=VERMILLION, ls=":", lw=1.5, label="noise alone, at most about")
    log_scale(ax, values, 1e-13 * values.max(initial=0.0))
    _label(ax, index, "eigenvalue of J Jᵀ on the data")


def _shade(ax, limit: float) -> None:
    """Grey from the lower end of the axis to the limit."""
    ax.axhspan(ax.get_ylim()[0], limit, **_SHADE)


def _label(ax, index: np.ndarray, what: str) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("index")
    ax.set_ylabel(what)
    ax.set_xlim(0.4, len(index) + 0.6)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=14, integer=True, min_n_ticks=1))
    legend(ax)
