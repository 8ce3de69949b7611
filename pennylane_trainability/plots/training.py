"""Rank, singular values and gradients along a training."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.monitoring import TrainingRecord
from pennylane_trainability.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    VERMILLION,
    legend,
    line,
    log_scale,
)

__all__ = ["gradients", "ranks", "values"]

_LETTER = {"coefficients": "singular value of J", "states": "eigenvalue of the QFIM"}


def values(ax, result: TrainingRecord, style: dict) -> None:
    """Singular values at every look, and what counts as zero.

    Args:
        ax: the axes.
        result: the looks.
        style: properties of the line of the largest value.
    """
    stack = result.singular_values[:, : int(result.n_rows.max(initial=1))]
    main = line(style, color=BLUE, linewidth=2, marker="o", markersize=4, label="largest", zorder=3)
    ax.plot(result.steps, np.where(stack > 0, stack, np.nan), color=GREY, linewidth=0.8)
    ax.plot(result.steps, stack[:, 0], **main)
    ax.plot(
        *(result.steps, result.smallest_kept), color=ORANGE, marker="s", markersize=3.5,
        label="smallest that counts",
    )  # fmt: skip
    limit = float(np.median(result.limits))
    shown = bool(np.any(stack <= result.limits[:, None])) and limit > 0
    log_scale(ax, stack, limit, limit / 30 if shown and result.measured else None)
    if result.measured:
        ax.plot(*(result.steps, result.limits), ":", color=VERMILLION, label="noise alone")
    ax.set_xlabel("step")
    ax.set_ylabel(_LETTER[result.quantity])
    legend(ax)


def ranks(ax, result: TrainingRecord) -> None:
    """The rank at every look beside the largest there can be."""
    label = "rank, at least" if result.measured else "rank"
    ax.step(result.steps, result.n_rows, where="post", color=GREY, linestyle="--", label="most")
    ax.plot(result.steps, result.ranks, color=BLUE, marker="o", markersize=4, label=label)
    ax.set_ylim(0, 1.25 * max(int(result.n_rows.max(initial=1)), 1))
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("step")
    ax.set_ylabel("rank")
    legend(ax)


def gradients(ax, result: TrainingRecord) -> None:
    """The size of every derivative, and of all together."""
    alive = np.where(result.gradients > 0, result.gradients, np.nan)
    lines = ax.plot(result.steps, alive, color=GREY, linewidth=0.8)
    if lines:
        lines[0].set_label("single parameters")
    norms = result.gradient_norms
    ax.plot(result.steps, norms, color=BLUE, marker="o", markersize=4, label="all together")
    log_scale(ax, np.concatenate([result.gradients.ravel(), norms]), 1e-12)
    ax.set_xlabel("step")
    ax.set_ylabel("size of the derivatives")
    legend(ax)
