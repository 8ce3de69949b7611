"""Losses and how they vary: slices, curvature, variances over parameters and over sizes."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from pennylane_trainability.diagnostics.hessian_record import HessianSpectrum
from pennylane_trainability.diagnostics.scaling import Scaling
from pennylane_trainability.diagnostics.slice_record import LossSlice
from pennylane_trainability.diagnostics.variance_record import GradientVariances
from pennylane_trainability.plots.parameters import short_names
from pennylane_trainability.plots.style import (
    BLACK,
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

__all__ = ["by_layer", "curvatures", "gradients", "line_slice", "plane_slice", "scaling"]


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
    low = np.maximum(result.lows, ax.get_ylim()[0])  # no bar leaves the axis
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
    low = np.maximum(low, ax.get_ylim()[0])  # no bar leaves the axis
    ends = np.maximum([value - low, high - value], 0.0)
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


def by_layer(ax, result: GradientVariances) -> None:
    """Variances of one array of parameters: first axis downwards, the others to the right.

    Args:
        ax: the axes.
        result: the variances; :attr:`GradientVariances.index` is an array with two axes or more.
    """
    from matplotlib.colors import LogNorm

    shape = result.index.shape
    numbers = np.reshape(result.value, (shape[0], -1))
    shown = numbers[np.isfinite(numbers) & (numbers > 0)]
    spread = len(shown) and shown.max() > 30 * shown.min()
    norm = LogNorm(shown.min(), shown.max()) if spread else None
    image = np.ma.masked_where(~(numbers > 0), numbers)
    look = {"cmap": "cividis", "norm": norm, "aspect": "auto", "interpolation": "nearest"}
    drawn = ax.imshow(image, **look if spread else look | {"vmin": 0.0})
    ax.patch.set(facecolor="white", edgecolor="0.8", hatch="////")
    ax.grid(False)
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_major_locator().set_params(integer=True)
    ax.set_ylabel("first axis (layer)")
    ax.set_xlabel(f"other axes ({' × '.join(map(str, shape[1:]))}); hatched: none seen")
    ax.figure.colorbar(drawn, ax=ax, label="variance of the derivative")


def line_slice(ax, result: LossSlice, style: dict) -> None:
    """The loss along a line, with a band where it was measured.

    Args:
        ax: the axes.
        result: the slice.
        style: properties of the line.
    """
    (axis,) = result.axes
    main = line(style, color=BLUE, linewidth=1.5, zorder=3)
    if not result.exact:
        half = quantile(result.level) * result.stderrs
        band = {"color": main.get("color", BLUE), "alpha": 0.25, "linewidth": 0}
        label = f"interval of each point ({percent(result.level)})"
        ax.fill_between(axis, result.values - half, result.values + half, label=label, **band)
    ax.plot(axis, result.values, label="loss", **main)
    look = {"color": VERMILLION, "linestyle": "--", "linewidth": 1.0, "zorder": 2}
    for k, mark in enumerate(result.marks):
        ax.axvline(mark[0], label="values given" if k == 0 else None, **look)
        if len(result.marks) > 1 and k:
            # beside the dashes, at the top whatever the values are
            place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
            look_of = {"xytext": (3, 0), "va": "top", "color": VERMILLION}
            ax.annotate(f"point {k}", (mark[0], 0.98), **place, **look_of)
    ax.set_xlabel(f"distance, {result.names[0]}")
    ax.set_ylabel("loss")
    ax.margins(x=0.0)
    legend(ax)


def plane_slice(ax, result: LossSlice, style: dict) -> None:
    """Contours of the loss over a plane, true to scale.

    Args:
        ax: the axes.
        result: the slice.
        style: properties of the marks.
    """
    first, second = result.axes
    grid = result.values.T
    if np.ptp(grid) > 0:
        filled = ax.contourf(first, second, grid, levels=15, cmap="cividis")
        ax.contour(first, second, grid, levels=filled.levels[::2], colors="white",
                   linewidths=0.4, alpha=0.6)  # fmt: skip
    else:
        filled = ax.pcolormesh(first, second, grid, cmap="cividis")
    ax.figure.colorbar(filled, ax=ax, label="loss")
    look = {"color": "white", "markeredgecolor": BLACK, "linestyle": "none", "markersize": 7}
    given, others = result.marks[:1], result.marks[1:]
    ax.plot(*given.T, label="values given", **line(style, marker="o", **look))
    if len(others):
        ax.plot(*others.T, label="other points", **line(style, marker="s", **look))
    where, _ = result.lowest()
    low = {**look, "color": ORANGE, "markersize": 10}
    ax.plot(*where, label="lowest of the grid", marker="*", **low)
    ax.grid(False)
    ax.set_aspect("equal")
    ax.set_xlabel(f"distance, {result.names[0]}")
    ax.set_ylabel(f"distance, {result.names[1]}")
    legend(ax)


def curvatures(ax, result: HessianSpectrum, style: dict) -> None:
    """Eigenvalues of the Hessian, descending: every draw or minimum, median, the values given.

    Args:
        ax: the axes.
        result: the spectra.
        style: properties of the line of the values given.
    """
    places = np.arange(1, result.n_parameters + 1)
    ax.axhline(0.0, color=BLACK, linewidth=0.8, zorder=1)
    if result.n_draws:
        drawn = result.eigenvalues[1:]
        for k, one in enumerate(drawn):
            label = f"{result.at} ({result.n_draws})" if k == 0 else None
            ax.plot(places, one, color=GREY, linewidth=0.6, alpha=0.6, label=label)
        ax.plot(places, np.median(drawn, axis=0), color=ORANGE, linewidth=1.6, label="their median")
    main = line(style, color=BLUE, marker="o", markersize=3.5, linewidth=1.2, zorder=4)
    ax.plot(places, result.eigenvalues[0], label="values given", **main)
    ax.set_xlabel("eigenvalue")
    ax.set_ylabel("curvature of the loss")
    ax.xaxis.get_major_locator().set_params(integer=True)
    legend(ax)


def quantile(level: float) -> float:
    """How many standard errors an interval of a normal law reaches to each side.

    >>> round(quantile(0.95), 2)
    1.96
    """
    return NormalDist().inv_cdf((1 + level) / 2)
