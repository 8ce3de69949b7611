"""Degrees of freedom by several roads: the record."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.results import Cost, Estimate, Finding, Provenance, Result, record

__all__ = ["DegreesOfFreedom"]


@record
class DegreesOfFreedom(Result):
    """Degrees of freedom by several roads, which agree for the law of a single Wishart block.

    Attributes:
        estimates: ``(name, r)``: ``"traces, uncentred"``, ``"traces, centred"``, ``"loss
            variance"``, ``"loss skewness"``, ``"gradient kurtosis"``, those that were asked for.
        skewness: of the loss.
        excess_kurtosis: of the derivative.
        findings: what roads that disagree say.
        beta: 1, 2 or 4, as used.
        lowest: ``ℓ^*`` as used; the largest value if mirrored.
        mirrored: whether the law is that of ``λ_max − O``.
        losses: draws of the loss, means over replicates.
        derivatives: draws of the derivative, means over replicates.
        parameter: which derivative.
        law: of the parameters, in words.
        level: of intervals.
        notes: what the reader should know.
        cost: what was run.
        provenance: seed, draws, device, engine.
    """

    estimates: tuple[tuple[str, Estimate], ...]
    skewness: Estimate | None
    excess_kurtosis: Estimate | None
    findings: tuple[Finding, ...]
    beta: int
    lowest: float
    mirrored: bool
    losses: np.ndarray
    derivatives: np.ndarray
    parameter: int | None
    law: str
    level: float
    notes: tuple[str, ...]
    cost: Cost
    provenance: Provenance

    def by(self, road: str) -> Estimate:
        """The estimate of one road, by its name.

        Raises:
            KeyError: it was not asked for.
        """
        return dict(self.estimates)[road]

    def heading(self) -> str:
        """The first line that is printed."""
        return f"Degrees of freedom (β = {self.beta})"

    def rows(self) -> list[tuple[str, object]]:
        """Every road with its interval, then what they say together."""
        rows: list[tuple[str, object]] = [
            (name, f"{one} {one.interval()}") for name, one in self.estimates
        ]
        rows += [("finding", finding.title) for finding in self.findings]
        rows += [("law", self.law), ("notes", "\n".join(self.notes)), ("cost", self.cost)]
        return [(label, value) for label, value in rows if value != ""]
