"""What can be learned with so many shots? The table, and what it recommends."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pennylane_trainability.results import Result, record
from pennylane_trainability.results.text import table

__all__ = ["ShotOption", "ShotPlan"]


@record
class ShotOption(Result):
    """One way to measure one quantity with the shots at hand.

    Attributes:
        quantity: see :func:`plan_shots`.
        method: as the function that measures the quantity calls it.
        circuits: circuits it needs; 0 if it is not available.
        shots: of every circuit, the total divided evenly.
        stderr: predicted standard error of an entry, root mean square over the entries that are
            measured; NaN if it cannot be done.
        resolved: smallest size that is told from noise: of a derivative, of an eigenvalue of the
            QFIM, of a singular value of the Jacobian, of a variance; NaN if it cannot be done, or
            is not asked of the quantity.
        complete: whether it gives all entries.
        reason: why it cannot be done, or what it leaves out.
        draws: parameter draws, or pairs of them, among which the shots are divided; 0 for
            quantities at one point.
        relative: predicted error of an entry relative to its value; NaN for quantities at one
            point.
    """

    quantity: str
    method: str
    circuits: int = 0
    shots: int = 0
    stderr: float = math.nan
    resolved: float = math.nan
    complete: bool = True
    reason: str = ""
    draws: int = 0
    relative: float = math.nan

    @property
    def possible(self) -> bool:
        """Whether the shots are enough."""
        return math.isfinite(self.stderr)

    @property
    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        count = f"{self.circuits:,}" if self.circuits else "—"
        if not self.possible:
            return (self.quantity, self.method, count, *("—",) * 3, self.reason)
        resolved = f"{self.resolved:.3g}" if math.isfinite(self.resolved) else "—"
        numbers = (f"{self.shots:,}", f"{self.stderr:.3g}", resolved)
        said = f"{self.draws:,} draws, ± {self.relative:.2g} of the value" if self.draws else ""
        return (self.quantity, self.method, count, *numbers, said or self.reason)


@record
class ShotPlan(Result):
    """What each quantity could be known to, if all shots were spent on it; nothing was run.

    Attributes:
        options: every method of every quantity.
        total_shots: what there is to spend.
        level: at which a size is told from noise.
        device: its name.
        skipped: quantities that this QNode does not have, and why.
        notes: what the predictions rest on.
    """

    options: tuple[ShotOption, ...]
    total_shots: int
    level: float
    device: str
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def option(self, quantity: str, method: str) -> ShotOption:
        """One row."""
        for one in self.options:
            if (one.quantity, one.method) == (quantity, method):
                return one
        known = [(one.quantity, one.method) for one in self.options]
        raise KeyError(f"{(quantity, method)!r} is none of {known}.")

    def best(self, quantity: str) -> ShotOption | None:
        """The method of least error that gives the whole quantity; ``None`` if none can be done."""
        able = [o for o in self.options if o.quantity == quantity and o.possible and o.complete]
        return min(able, key=lambda one: one.stderr, default=None)

    def heading(self) -> str:
        """The first line that is printed."""
        return f"What {self.total_shots:,} shots can tell on {self.device}"

    def rows(self) -> Sequence[tuple[str, object]]:
        """The best of every quantity, then all methods."""
        rows: list[tuple[str, object]] = []
        for quantity in dict.fromkeys(one.quantity for one in self.options):
            best = self.best(quantity)
            said = "too few shots for any method"
            if best is not None:
                said = f"{best.method}: ± {best.stderr:.3g}"
                if math.isfinite(best.resolved):
                    said += f", resolves {best.resolved:.3g}"
                if best.draws:
                    said += f"; {best.draws:,} draws of {best.shots:,} shots per circuit"
            rows.append((quantity, said))
        rows += [(quantity, f"left out: {why}") for quantity, why in self.skipped]
        head = ("quantity", "method", "circuits", "shots each", "error", "resolves", "")
        lines = [one.cells for one in self.options]
        rows.append(("methods", table(head, lines, indent=0)))
        return [*rows, *(("note", note) for note in self.notes)]
