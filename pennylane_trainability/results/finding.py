"""A sentence about a circuit that can be argued with: evidence, what to do, where it comes from."""

from __future__ import annotations

from enum import Enum

from pennylane_trainability.results.base import Result, record
from pennylane_trainability.results.estimate import Claim, Estimate
from pennylane_trainability.results.text import describe

__all__ = ["Finding", "Severity"]


class Severity(Enum):
    """How much a finding matters, gravest first; the value is the sentence that is shown."""

    FAULT = "the circuit cannot do what it is asked to do"
    WARNING = "training works worse than it could"
    NOTE = "worth knowing"
    HEALTHY = "as it should be"

    @property
    def order(self) -> int:
        """Position in the order of gravity, 0 for :attr:`FAULT`: a key to sort findings by."""
        return list(Severity).index(self)


@record
class Finding(Result):
    """One statement about a circuit.

    Attributes:
        code: short and stable, for programs (``"dead-parameters"``).
        title: one line, for people.
        claim: what kind of statement it is.
        evidence: pairs of a name and an :class:`Estimate` or a number.
        advice: what to change, in one or two sentences; empty if nothing.
        source: where the statement comes from: a theorem, an equation, a reference.
        severity: how much it matters.

    >>> print(Finding(code="dead-parameters", title="2 of 12 parameters are dead",
    ...     claim=Claim.GENERIC, evidence=(("dead", 2),), advice="Remove them.",
    ...     source="zero columns of J", severity=Severity.WARNING))
    WARNING  2 of 12 parameters are dead
      evidence  dead: 2
      claim     holds for almost every value of the parameters, exceptions have measure zero
      advice    Remove them.
      source    zero columns of J
    """

    code: str
    title: str
    claim: Claim
    evidence: tuple[tuple[str, Estimate | float], ...] = ()
    advice: str = ""
    source: str = ""
    severity: Severity = Severity.NOTE

    def heading(self) -> str:
        """Severity and title in one line."""
        return f"{self.severity.name}  {self.title}"

    def rows(self) -> list[tuple[str, object]]:
        """Evidence, claim, advice and source; what is empty is left out."""
        evidence = "\n".join(f"{name}: {describe(value)}" for name, value in self.evidence)
        rows = [
            ("evidence", evidence),
            ("claim", self.claim.value),
            ("advice", self.advice),
            ("source", self.source),
        ]
        return [(label, text) for label, text in rows if text]
