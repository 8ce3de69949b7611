"""Shapes side by side, as they are and with equally many parameters; what separates them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, TypeAlias

import numpy as np

from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.diagnostics.column_space import spectrum
from pennylane_trainability.results import Estimate, Provenance, Result, record
from pennylane_trainability.results.text import markdown_table, table
from pennylane_trainability.statistics.bootstrap import quantile

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
_EQUAL_HEADER = ("shape", "P", "kept", "median rank", "full rank in", "σ_K", "condition")


@record
class EqualCount(Result):
    """A shape with only some of its parameters trained, as many as in every other shape.

    A frozen parameter is a column of ``J`` that is left out. In every draw other parameters are
    chosen at random.

    Attributes:
        name: the shape.
        total: parameters of the shape.
        n_parameters: parameters kept.
        n_rows: ``K``.
        singular_values: ``(D, min(K, kept))``.
        level: of the intervals.
        law: how parameters were drawn and chosen.
    """

    name: str
    total: int
    n_parameters: int
    n_rows: int
    singular_values: np.ndarray = field(repr=False)
    level: float = 0.95
    law: str = ""

    @property
    def ranks(self) -> np.ndarray:
        """Rank of every draw, ``(D,)``."""
        return spectrum.numerical_rank(self.singular_values)

    @property
    def full_rank(self) -> float:
        """Share of the draws in which the rank is the most it can be, ``min(K, kept)``."""
        return float(np.mean(self.ranks == min(self.n_rows, self.n_parameters)))

    @property
    def sigma_k(self) -> Estimate:
        """``σ_K``, median over the draws; 0 where a direction is unreachable."""
        values = spectrum.smallest_row_value(self.singular_values, self.ranks, self.n_rows)
        return quantile(values, 0.5, level=self.level, law=self.law)

    @property
    def condition(self) -> Estimate:
        """``σ₁/σ_rank``, median over the draws, each with its own rank."""
        values = spectrum.condition_number(self.singular_values, self.ranks)
        values = values[~np.isnan(values)]
        if values.size == 0:
            return Estimate(value=np.nan, level=self.level, law=self.law)
        return quantile(values, 0.5, level=self.level, law=self.law)


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
        fits: training runs, if there were any.
        provenance: seed, draws, device and engine.
    """

    shapes: tuple[ShapeRow, ...]
    matched: tuple[ShapeRow, ...] = field(repr=False)
    equal: tuple[EqualCount, ...] = field(repr=False)
    budget: int | None = None
    amplitude: float | None = None
    fits: Any = None
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
        return (*_counts(self.shapes), *_numbers(self.shapes), *_equal_sentence(self.equal))

    def heading(self) -> str:
        """What is compared."""
        what = "Circuits" if self.budget is None else f"Shapes (N, L) with N·L = {self.budget}"
        return f"{what}: medians over {self.provenance.n_samples} draws, {self.shapes[0].law}"

    def rows(self) -> list[tuple[str, object]]:
        """One line per shape, then the findings."""
        body: list[tuple[str, object]] = [(row.name, _line(row)) for row in self.shapes]
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
        if self.shapes[0].target is not None:
            cells = [_target_cells(row) for row in self.shapes]
            found.append((self._target_title(), _TARGET_HEADER, cells))
        if self.matched:
            cells = [_cells(row) for row in self.matched]
            found.append(("Blocks chosen so that P is closest to the largest", _HEADER, cells))
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


def _labels(rows: Sequence[ShapeRow]) -> list[str]:
    """Names of the frequencies of the longest spectrum, at most ten."""
    longest = max((row.frequencies for row in rows), key=len)
    return ["k = 0", *(",".join(f"{v:g}" for v in k) for k in longest)][:10]


def _medians(name: str, samples: np.ndarray, width: int) -> list[object]:
    """A name, then medians over the draws as far as there are columns."""
    medians = [f"{value:.2g}" for value in np.median(samples, axis=0)[: width - 1]]
    return [name, *medians, *[None] * (width - 1 - len(medians))]


def _target_cells(row: ShapeRow) -> list[object]:
    view = row.target
    if view is None:
        return [row.name, *[None] * (len(_TARGET_HEADER) - 1)]
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


def _counts(rows: Sequence[ShapeRow]) -> list[str]:
    """Structural numbers: the same for all, or which."""
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


def _numbers(rows: Sequence[ShapeRow]) -> list[str]:
    """For every median whether its extremes lie apart by more than their intervals."""
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


def _equal_sentence(rows: Sequence[EqualCount]) -> list[str]:
    """What is left of it when all have equally many parameters."""
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
