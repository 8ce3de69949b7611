"""Shapes side by side, as they are and with equally many parameters; what separates them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TypeAlias

import numpy as np

from pennylane_trainability.architectures.equal_count import EqualCount
from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.architectures.sentences import (
    counts_apart,
    equal_counts_apart,
    fits_apart,
    medians_apart,
)
from pennylane_trainability.architectures.shape_fit import ShapeFit
from pennylane_trainability.architectures.target_view import TargetView
from pennylane_trainability.results import Estimate, Provenance, Result, record
from pennylane_trainability.results.text import markdown_table, table

__all__ = ["EqualCount", "ShapeComparison"]

#: Title, names of the columns, cells.
Table: TypeAlias = tuple[str, Sequence[str], list[list[object]]]

_HEADER = (
    *("shape", "P", "K", "rank", "dead", "redundant", "unreachable", "σ_K", "condition"),
    *("eff. rank", "output scale", "CNOTs", "depth", "circuits"),
)
_TARGET_HEADER = (
    *("shape", "‖Jᵀe‖/‖e‖", "outside J", "… affine", "outside spectrum", "scale", "time"),
)
_FIT_HEADER = ("shape", "P", "best R²", "median R²", "success", "median steps", "gain")
_EQUAL_HEADER = ("shape", "P", "kept", "median rank", "full rank in", "σ_K", "condition")


@record
class ShapeComparison(Result):
    """All shapes of one encoding budget, or a list of circuits.

    Attributes:
        shapes: one row per shape, as asked for.
        matched: the same shapes with as many trainable blocks as bring their number of parameters
            closest to the largest above; empty for circuits given one by one.
        equal: the same shapes with exactly as many parameters as the one that has fewest.
        budget: encoding budget ``E``; ``None`` for circuits given one by one.
        amplitude: largest size of the target; ``None`` if it was taken as it is.
        fits: training runs of ``shapes``; ``None`` if there were none.
        matched_fits: training runs of ``matched``.
        provenance: seed, draws, device and engine.
    """

    shapes: tuple[ShapeRow, ...]
    matched: tuple[ShapeRow, ...] = field(repr=False)
    equal: tuple[EqualCount, ...] = field(repr=False)
    budget: int | None = None
    amplitude: float | None = None
    fits: tuple[ShapeFit, ...] | None = field(default=None, repr=False)
    matched_fits: tuple[ShapeFit, ...] = field(default=(), repr=False)
    provenance: Provenance

    def __getitem__(self, shape) -> ShapeRow:
        """The row of a shape ``(N, L)``, a name, or a position."""
        for row in self.shapes:
            if shape == row.name or (row.shape is not None and shape == row.shape[:2]):
                return row
        if isinstance(shape, int) and 0 <= shape < len(self.shapes):
            return self.shapes[shape]
        raise KeyError(f"{shape!r} is none of {[row.name for row in self.shapes]}")

    @property
    def findings(self) -> tuple[str, ...]:
        """Which columns separate the shapes beyond their intervals, and which do not."""
        if len(self.shapes) < 2:
            return ()
        return (
            *counts_apart(self.shapes),
            *medians_apart(self.shapes),
            *equal_counts_apart(self.equal),
            *fits_apart(self.fits or ()),
            *fits_apart(self.matched_fits, "Training with matched blocks"),
        )

    def heading(self) -> str:
        """What is compared."""
        what = "Circuits" if self.budget is None else f"Shapes (N, L) with N·L = {self.budget}"
        return f"{what}: medians over {self.provenance.n_samples} draws, {self.shapes[0].law}"

    def rows(self) -> list[tuple[str, object]]:
        """One line per shape, then the findings."""
        body: list[tuple[str, object]] = [(row.name, _line(row)) for row in self.shapes]
        body += [(fit.name, f"training: {fit.line()}") for fit in self.fits or ()]
        return body + [("finding", sentence) for sentence in self.findings]

    def tables(self) -> list[Table]:
        """Title, names of the columns and cells of every table."""
        found: list[Table] = [("", _HEADER, [_cells(row) for row in self.shapes])]
        header = ("shape", *_labels(self.shapes))
        for title, name in (
            ("Gradient strength per frequency", "strength"),
            ("Predicted rate per frequency, of linearised gradient flow", "rates"),
        ):
            cells = [_medians(row.name, getattr(row, name), len(header)) for row in self.shapes]
            found.append((title, header, cells))
        if self.shapes[0].extra:
            found.append(("Included", *_extra(self.shapes)))
        seen = [_target_cells(row, row.target) for row in self.shapes if row.target is not None]
        if seen:
            found.append((self._target_title(), _TARGET_HEADER, seen))
        if self.fits:
            cells = [_fit_cells(fit) for fit in self.fits]
            found.append((f"Training runs, {self.fits[0].described}", _FIT_HEADER, cells))
        if self.matched:
            cells = [_cells(row) for row in self.matched]
            found.append(("Blocks chosen so that P is closest to the largest", _HEADER, cells))
        if self.matched and self.matched[0].extra:
            found.append(("Included, with these blocks", *_extra(self.matched)))
        if self.matched_fits:
            cells = [_fit_cells(fit) for fit in self.matched_fits]
            found.append(("Training runs with these blocks", _FIT_HEADER, cells))
        if self.equal:
            kept = self.equal[0].n_parameters
            title = f"Equally many parameters: {kept} at random, the others frozen"
            found.append((title, _EQUAL_HEADER, [_equal_cells(row) for row in self.equal]))
        return found

    def _target_title(self) -> str:
        how = "as given" if self.amplitude is None else f"scaled to at most {self.amplitude:g}"
        return f"The target, {how} (time: predicted, of linearised gradient flow until R² = 0.95)"

    def summary(self) -> str:
        """Tables and findings as text."""
        parts = [f"{t}\n{table(header, cells)}".strip("\n") for t, header, cells in self.tables()]
        bullets = "\n".join(f"- {sentence}" for sentence in self.findings)
        return "\n\n".join([self.heading(), *parts, bullets]).rstrip()

    def _repr_markdown_(self) -> str:
        parts = [
            f"{title}\n\n{markdown_table(header, cells)}".strip()
            for title, header, cells in self.tables()
        ]
        bullets = "\n".join(f"- {sentence}" for sentence in self.findings)
        return "\n\n".join([f"**{self.heading()}**", *parts, bullets]).rstrip()


def _number(estimate: Estimate) -> str:
    """Value and interval, short."""
    low, high = f"{estimate.low:.2g}", f"{estimate.high:.2g}"
    return f"{estimate.value:.2g} [{low}, {high}]"


def _line(row: ShapeRow) -> str:
    return (
        f"P {row.n_parameters}, rank {row.space.rank} of {row.n_rows}, dead "
        f"{len(row.space.dead)}, σ_K {_number(row.sigma_k)}, condition {_number(row.condition)}"
    )


def _cells(row: ShapeRow) -> list[object]:
    space = row.space
    return [
        *(row.name, row.n_parameters, row.n_rows, space.rank, len(space.dead), space.redundant),
        *(space.unreachable, _number(row.sigma_k), _number(row.condition)),
        *(f"{row.effective_rank.value:.3g}", _number(row.output_scale)),
        *(row.size.two_qubit, row.size.depth, row.size.circuits),
    ]


def _extra(rows: Sequence[ShapeRow]) -> tuple[list[str], list[list[object]]]:
    """Titles and cells of what else was asked for."""
    header = ["shape", *(title for title, _ in rows[0].extra)]
    return header, [[row.name, *(_included(value) for _, value in row.extra)] for row in rows]


def _included(value: Estimate | float) -> str:
    return _number(value) if isinstance(value, Estimate) else f"{value:.3g}"


def _labels(rows: Sequence[ShapeRow]) -> list[str]:
    """Names of the frequencies of the longest spectrum, at most ten."""
    longest = max((row.frequencies for row in rows), key=len)
    return ["k = 0", *(",".join(f"{v:g}" for v in k) for k in longest)][:10]


def _medians(name: str, samples: np.ndarray, width: int) -> list[object]:
    """A name, then medians over the draws as far as there are columns."""
    medians = [f"{value:.2g}" for value in np.median(samples, axis=0)[: width - 1]]
    return [name, *medians, *[None] * (width - 1 - len(medians))]


def _target_cells(row: ShapeRow, view: TargetView) -> list[object]:
    scale = row.median(view.model_scales)
    return [
        *(row.name, _number(row.median(view.aligned)), f"{row.median(view.outside).value:.1%}"),
        *(f"{row.median(view.outside_affine).value:.1%}", f"{view.outside_spectrum:.1%}"),
        f"target {view.target_scale:.2g}, model {scale.value:.2g}",
        _number(row.median(view.times)),
    ]


def _equal_cells(row: EqualCount) -> list[object]:
    return [
        *(row.name, row.total, row.n_parameters, f"{np.median(row.ranks):g}"),
        *(f"{row.full_rank:.0%}", _number(row.sigma_k), _number(row.condition)),
    ]


def _fit_cells(fit: ShapeFit) -> list[object]:
    steps = _number(fit.steps) if fit.starts.succeeded.any() else "never"
    return [
        *(fit.name, fit.starts.points.shape[1], f"{fit.r2:.4f}", f"{fit.median_r2:.4f}"),
        *(_number(fit.success), steps, f"{fit.gain:.3g}"),
    ]
