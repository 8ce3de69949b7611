"""What would a gradient cost, with which method, and what is the least it could cost?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import numpy as np

from pennylane_trainability.diagnostics.efficiency_record import GradientEfficiency
from pennylane_trainability.results import Result, record
from pennylane_trainability.results.text import table

__all__ = ["GradientPlan", "MethodCost", "SymmetryGain"]


@record
class MethodCost(Result):
    """One way to measure a gradient.

    Attributes:
        method: its name.
        circuits: circuits per parameter point; 0 if it is not available.
        states: states that are prepared; the rest of the circuits read further words in them.
        aux_wires: auxiliary wires, 0 or 1.
        two_qubit_gates: added to the user's circuits, all together.
        variance: of one derivative from one shot of every circuit, on average over the derivatives,
            if every word has the variance of a fair coin.
        shots: of all circuits together, for the error asked for.
        fallback: gates that are differentiated by shift rules all the same.
        reason: why it is not available.
    """

    method: str
    circuits: int = 0
    states: int = 0
    aux_wires: int = 0
    two_qubit_gates: int = 0
    variance: float = float("nan")
    shots: int = 0
    fallback: int = 0
    reason: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        if self.reason:
            return (self.method, *("—",) * 6, self.reason)
        numbers = (self.circuits, self.states, self.aux_wires, self.two_qubit_gates)
        note = f"{self.fallback} gates by shift rules" if self.fallback else ""
        return (
            *(self.method, *(f"{n:,}" for n in numbers)),
            *(f"{self.variance:.3g}", f"{self.shots:,}", note),
        )


@record
class SymmetryGain(Result):
    """What the Pauli symmetries of a circuit would give.

    Attributes:
        symmetries: independent words that commute with all generators and with what is measured.
        parameters: of the promoted circuit, see :func:`promote`.
        circuits: of ``"commuting"`` for its gradient; 0 if that was not planned.
        reason: why it was not, or why there is nothing to gain.
    """

    symmetries: tuple[str, ...]
    parameters: int
    circuits: int = 0
    reason: str = ""


@record
class GradientPlan(Result):
    r"""Ways to measure one gradient, side by side; nothing was run.

    Attributes:
        methods: what every method would cost.
        taken: the one ``"auto"`` takes: fewest shots for equal errors.
        error: standard error of a derivative (root mean square) that ``shots`` are for.
        parameters: number of parameters ``P``.
        derivatives: how many derivatives are not zero by structure.
        efficiency: gradient measurement efficiency, expressivity and the bounds between them;
            ``None`` if it was not computed.
        skipped: why it was not.
        dimension: independent elements found of the dynamical Lie algebra; ``None`` if a gate is no
            product of commuting Pauli rotations.
        complete: whether these are all.
        algebra: its ideals, if they are known.
        n_wires: number of wires ``n``.
        symmetries: what the Pauli symmetries would give; ``None`` if there are none.
        device: its name.
        notes: what a user should know.
    """

    methods: tuple[MethodCost, ...]
    taken: str
    error: float
    parameters: int
    derivatives: int
    efficiency: GradientEfficiency | None = field(default=None, repr=False)
    skipped: str = ""
    dimension: int | None = None
    complete: bool = False
    algebra: str = ""
    n_wires: int
    symmetries: SymmetryGain | None = None
    device: str
    notes: tuple[str, ...] = ()

    def method(self, name: str) -> MethodCost:
        """What one method would cost."""
        for cost in self.methods:
            if cost.method == name:
                return cost
        raise KeyError(f"{name!r} is none of {[cost.method for cost in self.methods]}.")

    def heading(self) -> str:
        """The first line that is printed."""
        return "Ways to measure this gradient"

    def rows(self) -> Sequence[tuple[str, object]]:
        """Methods, then what limits them."""
        head = ("method", "circuits", "states", "aux", "added CX", "variance", "shots", "")
        lines = [cost.cells for cost in self.methods]
        rows: list[tuple[str, object]] = [
            (
                "parameters",
                f"{self.parameters}, {self.derivatives} derivatives not zero by structure",
            ),
            ("device", self.device),
            ("taken", f"{self.taken}; shots are for a standard error of {self.error:g}"),
            ("methods", table(head, lines, indent=0)),
        ]
        rows += self._limits()
        if self.symmetries is not None:
            rows.append(("symmetries", self._gain(self.symmetries)))
        return rows + [("note", note) for note in self.notes]

    @property
    def largest_efficiency(self) -> float:
        r"""The largest ``F`` with ``X ≤ 4ⁿ/F − F``: no deep circuit with this algebra has more.

        :math:`F = \sqrt{(X/2)^2 + 4^n} - X/2`; NaN where the dimension is not known.
        """
        if self.dimension is None:
            return float("nan")
        half, full = self.dimension / 2, 4.0**self.n_wires
        return full / (float(np.hypot(half, np.sqrt(full))) + half)

    def _limits(self) -> list[tuple[str, object]]:
        rows: list[tuple[str, object]] = []
        found = self.efficiency
        if found is None:
            rows.append(("efficiency", f"not computed: {self.skipped}"))
        else:
            of = f"{found.n_components} components in {len(found.groups)} commuting sets"
            value = found.efficiency.value
            rows.append(("efficiency", f"F = {value:.4g} at this depth ({of})"))
        if self.dimension is None:
            rows.append(("expressivity", "not known: a gate is no product of Pauli rotations"))
            return rows
        sign, of = "" if self.complete else "≥ ", f" ({self.algebra})" if self.algebra else ""
        rows.append(("expressivity", f"X = {sign}{_whole(self.dimension)}{of}"))
        bound = f"F ≤ {self.largest_efficiency:.4g} with this X"
        if found is not None:
            bound += f", X ≤ {found.largest_expressivity:.4g} with this F"
        rows.append(("deep circuits", bound))
        return rows + [("the bound needs", t) for t in (found.exceptions if found else ())]

    def _gain(self, gain: SymmetryGain) -> str:
        words = ", ".join(gain.symmetries)
        if gain.reason:
            return f"{words}; {gain.reason}"
        return (
            f"{words}; promote() makes {gain.parameters:,} parameters of {self.parameters:,}, for "
            f"the {gain.circuits:,} circuits of 'commuting'"
        )


def _whole(number: int) -> str:
    """A whole number of any size."""
    return f"{number:,}" if number < 10**9 else f"{float(number):.3g}"
