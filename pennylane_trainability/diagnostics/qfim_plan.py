"""What would it cost to measure a QFIM, with which method?"""

from __future__ import annotations

from collections.abc import Sequence

from pennylane_trainability.results import Cost, Result, record
from pennylane_trainability.results.text import table
from pennylane_trainability.transforms.qfim_circuits.choice import Option

__all__ = ["QFIMPlan"]


@record
class QFIMPlan(Result):
    """The methods a device has for one QFIM, side by side; nothing was run.

    Attributes:
        method: the method that is taken.
        options: all methods with their circuits and relative total cost (circuits times variance
            times length).
        layers: layers of commuting trainable gates ``M``.
        parameters: number of parameters ``P``.
        cost: of the method that is taken.
        device: its name.
    """

    method: str
    options: tuple[Option, ...]
    layers: int
    parameters: int
    cost: Cost
    device: str

    def heading(self) -> str:
        """The first line that is printed."""
        return "Ways to measure this QFIM"

    def rows(self) -> Sequence[tuple[str, object]]:
        """The choice, then all methods."""
        lines = [
            (
                option.method,
                option.circuits or "—",
                f"{option.relative_cost:,.0f}" if option.circuits else "—",
                option.reason,
            )
            for option in self.options
        ]
        return [
            ("circuit", f"{self.parameters} parameters in {self.layers} layers"),
            ("device", self.device),
            ("taken", f"{self.method}: {self.cost}"),
            ("methods", table(("method", "circuits", "relative cost", ""), lines, indent=0)),
        ]
