"""What separates shapes, in sentences: a difference counts if the intervals lie apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pennylane_trainability.architectures.equal_count import EqualCount
from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.architectures.shape_fit import ShapeFit
from pennylane_trainability.results import Estimate

__all__ = ["counts_apart", "equal_counts_apart", "fits_apart", "medians_apart"]


def counts_apart(rows: Sequence[ShapeRow]) -> list[str]:
    """Structural numbers: the same for all, or which.

    Args:
        rows: the shapes.
    """
    found = []
    ranks = {row.name: row.space.rank for row in rows}
    if len(set(ranks.values())) == 1:
        found.append(f"All {len(rows)} have structural rank {rows[0].space.rank} (generic).")
    else:
        found.append(f"Structural ranks differ (generic): {_listed(ranks)}.")
    dead = {row.name: len(row.space.dead) for row in rows}
    if len(set(dead.values())) > 1:
        found.append(f"Dead parameters differ: {_listed(dead)}.")
    return found


def _listed(values: dict[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def medians_apart(rows: Sequence[ShapeRow]) -> list[str]:
    """For every median whether its extremes lie apart by more than their intervals.

    Args:
        rows: the shapes.
    """
    level = f"{100 * rows[0].level:g} % intervals"
    names = {
        "σ_K": [row.sigma_k for row in rows],
        "the condition number": [row.condition for row in rows],
        "the effective rank": [row.effective_rank for row in rows],
        "the output scale": [row.output_scale for row in rows],
    }
    views = [(row, row.target) for row in rows]
    if all(view is not None for _, view in views):
        names["the aligned residual"] = [r.median(v.aligned) for r, v in views if v is not None]
        names["the predicted time"] = [r.median(v.times) for r, v in views if v is not None]
    found, same = [], []
    for name, estimates in names.items():
        sentence = _extremes(name, estimates, [row.name for row in rows])
        if sentence:
            found.append(f"{sentence} ({level} apart; observed).")
        else:
            same.append(name)
    if same:
        text = ", ".join(same)
        found.append(f"Not told apart by these draws ({level} of the extremes overlap): {text}.")
    return found


def _extremes(name: str, estimates: Sequence[Estimate], rows: Sequence[str]) -> str:
    """The sentence about the smallest and the largest, empty if they overlap."""
    values = [e.value for e in estimates]
    if not all(np.isfinite(values)):
        return ""
    least, most = int(np.argmin(values)), int(np.argmax(values))
    if not estimates[least].high < estimates[most].low:
        return ""
    start = name[:1].upper() + name[1:] if not name.startswith("σ") else name
    between = f"from {values[least]:.2g} for {rows[least]} to {values[most]:.2g} for {rows[most]}"
    if values[least] <= 0:
        return f"{start} goes {between}"
    return f"{start} differs by a factor of {values[most] / values[least]:.2g}, {between}"


def equal_counts_apart(rows: Sequence[EqualCount]) -> list[str]:
    """What is left of it when all have equally many parameters.

    Args:
        rows: the shapes, with equally many parameters.
    """
    if not rows or len({row.total for row in rows}) == 1:
        return []
    names, kept = [row.name for row in rows], rows[0].n_parameters
    found = []
    for name, estimates in (
        ("σ_K", [row.sigma_k for row in rows]),
        ("the condition number", [row.condition for row in rows]),
    ):
        said = _extremes(name, estimates, names)
        found.append(said[:1].lower() + said[1:] if said else f"{name} does not separate them")
    return [f"With {kept} parameters each, the others frozen at random: {'; '.join(found)}."]


def fits_apart(fits: Sequence[ShapeFit], title: str = "Training") -> list[str]:
    """Whether success rates, and steps where every shape succeeds, lie apart.

    Args:
        fits: the training runs of the shapes, all on one target.
        title: how the sentence begins.
    """
    if len(fits) < 2:
        return []
    names = [fit.name for fit in fits]
    level = f"{100 * fits[0].level:g} % intervals"
    how = f"{title}, {fits[0].described}"
    rates = _extremes("the success rate", [fit.success for fit in fits], names)
    if rates:
        found = [f"{how}: {rates[:1].lower()}{rates[1:]} ({level} apart; observed, this target)."]
    else:
        found = [f"{how}: success rates are not told apart ({level} of the extremes overlap)."]
    steps = [fit.steps for fit in fits]
    said = _extremes("the number of steps of successful starts", steps, names)
    if said:
        found.append(f"{said} ({level} of the medians apart; observed, this target).")
    return found
