"""What a change of the circuit changed: two reports beside each other."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.report.record import Report
from pennylane_trainability.results import Finding, Result, describe, record

__all__ = ["ReportChange", "change_between"]

#: Shifts of a distribution with a larger p-value are called undecided.
_ALPHA = 0.05


@record
class Shift(Result):
    """How a number that differs from draw to draw has moved.

    Attributes:
        name: what it is.
        before: its median over the draws.
        after: the same after the change.
        p_value: of the Mann–Whitney test that draws before and after follow one law; NaN with fewer
            than four draws on a side.
    """

    name: str
    before: float
    after: float
    p_value: float

    @property
    def verdict(self) -> str:
        """``"larger"``, ``"smaller"``, ``"undecided"``, or ``"not tested"``."""
        if np.isnan(self.p_value):
            return "not tested"
        if self.p_value > _ALPHA:
            return "undecided"
        return "larger" if self.after > self.before else "smaller"

    def summary(self) -> str:
        """One line."""
        tested = "" if np.isnan(self.p_value) else f", p = {self.p_value:.2g}"
        return f"{self.before:.3g} → {self.after:.3g} ({self.verdict}{tested})"


@record
class ReportChange(Result):
    """Two reports, before and after a change of the circuit.

    Parameters and frequencies are matched by their names and values. Numbers that are the same at
    almost every draw (ranks) are compared as they are; those that differ from draw to draw by a
    rank test of their draws, so that ``"undecided"`` is an answer.

    Attributes:
        before: the first report.
        after: the second one.
        gone: findings that only the first has.
        new: findings that only the second has.
        kept: findings of the second that both have, by their codes.
        revived: parameters dead before and not after.
        died: parameters alive before and dead after.
        added: parameters that only the second has.
        removed: parameters that only the first has.
        frequencies_gained: frequencies that only the second shows, ``(·, I)``.
        frequencies_lost: frequencies that only the first shows, ``(·, I)``.
        shifts: what moved in distribution.
        notes: why the two may not be comparable.
    """

    before: Report = field(repr=False)
    after: Report = field(repr=False)
    gone: tuple[Finding, ...]
    new: tuple[Finding, ...]
    kept: tuple[Finding, ...]
    revived: tuple[str, ...]
    died: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    frequencies_gained: np.ndarray
    frequencies_lost: np.ndarray
    shifts: tuple[Shift, ...]
    notes: tuple[str, ...] = ()

    def heading(self) -> str:
        """What matters: directions, then findings."""
        at_least = "at least " if self.before.measured or self.after.measured else ""
        return (
            f"{self.before.name} → {self.after.name}: {at_least}{self.before.rank} of "
            f"{self.before.n_rows} → {self.after.rank} of {self.after.n_rows} directions; "
            f"{len(self.gone)} finding{'s' * (len(self.gone) != 1)} gone, {len(self.new)} new"
        )

    def rows(self) -> list[tuple[str, object]]:
        """Numbers, parameters, frequencies, findings."""
        one, two = self.before, self.after
        live = [report.n_parameters - len(report.dead) for report in (one, two)]
        rows: list[tuple[str, object]] = [
            ("parameters", f"{one.n_parameters} → {two.n_parameters}"),
            ("that can learn", f"{live[0]} → {live[1]}"),
            ("rank", f"{one.rank} of {one.n_rows} → {two.rank} of {two.n_rows}"),
            *((shift.name, shift.summary()) for shift in self.shifts),
        ]
        for label, names in (
            ("no longer dead", self.revived),
            ("dead now", self.died),
            ("added", self.added),
            ("removed", self.removed),
            ("frequencies gained", _written(self.frequencies_gained)),
            ("frequencies lost", _written(self.frequencies_lost)),
        ):
            if names:
                rows.append((label, describe(names)))
        rows += [("cost", f"{one.cost} → {two.cost}"), *(("note", note) for note in self.notes)]
        for label, findings in (("gone", self.gone), ("new", self.new), ("still", self.kept)):
            rows += [(label, finding.heading()) for finding in findings]
        return rows

    def sections(self) -> tuple[Result, ...]:
        """Both reports."""
        return (self.before, self.after)


def change_between(before: Report, after: Report) -> ReportChange:
    """Compare two reports; see :meth:`Report.compare`."""
    if not isinstance(after, Report):
        raise TypeError(
            "compare() needs another report, as analyze(qnode)(*args) returns it; got "
            f"{type(after).__name__}."
        )
    codes = [{finding.code for finding in report.findings} for report in (before, after)]
    names = [set(report.parameters) for report in (before, after)]
    dead = [set(report.dead) for report in (before, after)]
    seen = [_seen(report) for report in (before, after)]
    return ReportChange(
        before=before,
        after=after,
        gone=tuple(f for f in before.findings if f.code not in codes[1]),
        new=tuple(f for f in after.findings if f.code not in codes[0]),
        kept=tuple(f for f in after.findings if f.code in codes[0]),
        revived=tuple(n for n in before.dead if n in names[1] - dead[1]),
        died=tuple(n for n in after.dead if n in names[0] - dead[0]),
        added=tuple(n for n in after.parameters if n not in names[0]),
        removed=tuple(n for n in before.parameters if n not in names[1]),
        frequencies_gained=_rows_only_in(seen[1], seen[0]),
        frequencies_lost=_rows_only_in(seen[0], seen[1]),
        shifts=tuple(_shift(name, *pair) for name, pair in _compared(before, after)),
        notes=_notes(before, after),
    )


def _seen(report: Report) -> np.ndarray:
    """Frequencies with a coefficient or a derivative that is not zero at some draw."""
    if report.coefficients is None or not len(report.frequencies):
        return np.zeros((0, report.frequencies.shape[1] if report.frequencies.ndim == 2 else 1))
    n_rows = 1 + 2 * len(report.frequencies)
    zero = np.zeros(report.n_rows, bool)
    zero[list(report.space.zero_rows)] = True
    alive = ~zero.reshape(-1, n_rows).all(axis=0)
    sizes = np.abs(report.coefficients).max(axis=(0, 1))
    alive |= sizes > 1e-9 * max(sizes.max(), 1e-300)
    return report.frequencies[alive[1::2] | alive[2::2]]


def _rows_only_in(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    if one.shape[1] != other.shape[1]:
        return one  # different inputs share no frequency
    known = {tuple(np.round(row, 9)) for row in other}
    return np.array([row for row in one if tuple(np.round(row, 9)) not in known]).reshape(
        -1, one.shape[1]
    )


def _written(frequencies: np.ndarray) -> tuple[str, ...]:
    rows = [", ".join(f"{v:g}" for v in row) for row in frequencies]
    return tuple(f"({row})" if "," in row else row for row in rows)


def _compared(before: Report, after: Report):
    """What differs from draw to draw, ``(name, (values before, values after))``."""
    one, two = before.space, after.space
    yield "condition σ₁/σ_rank", (one.conditions, two.conditions)
    yield "largest singular value", (one.singular_values[:, 0], two.singular_values[:, 0])
    yield "effective rank", (one.entropy_ranks, two.entropy_ranks)
    if before.coefficients is not None and after.coefficients is not None:
        yield "output scale", (before.output_scale, after.output_scale)


def _shift(name: str, before: np.ndarray, after: np.ndarray) -> Shift:
    from scipy.stats import mannwhitneyu

    sides = [values[np.isfinite(values)] for values in (before, after)]
    tested = min(map(len, sides)) >= 4
    p = float(mannwhitneyu(*sides, method="auto").pvalue) if tested else np.nan
    medians = [float(np.median(side)) if len(side) else np.nan for side in sides]
    return Shift(name=name, before=medians[0], after=medians[1], p_value=p)


def _notes(before: Report, after: Report) -> tuple[str, ...]:
    notes = []
    if before.law != after.law:
        notes.append(f"the draws follow different laws: {before.law}; {after.law}")
    if (before.measured is None) != (after.measured is None):
        notes.append("one of the reports was measured: its rank is a lower bound")
    if (before.coefficients is None) != (after.coefficients is None):
        notes.append("rows are Fourier coefficients in one report and data points in the other")
    if before.rank != after.rank:
        notes.append(
            f"conditions are over the directions each circuit has: {before.rank}, then {after.rank}"
        )
    if before.inputs != after.inputs:
        notes.append(f"the inputs differ: {describe(before.inputs)}; {describe(after.inputs)}")
    return tuple(notes)
