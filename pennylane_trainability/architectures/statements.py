"""Three statements of one paper, each with a verdict for the circuit at hand."""

from __future__ import annotations

from enum import Enum

from pennylane_trainability.results import Estimate, Provenance, Result, record
from pennylane_trainability.results.text import describe

__all__ = ["PaperCheck", "Statement", "Verdict"]


class Verdict(Enum):
    """What the numbers say of a statement; the value is the sentence that is shown."""

    HOLDS = "holds for this circuit"
    FAILS = "fails for this circuit"
    DOES_NOT_APPLY = "does not speak of this circuit"
    UNDECIDED = "these draws do not decide it; draw more"


@record
class Statement(Result):
    """One statement.

    Attributes:
        code: ``"T1"``, ``"T2"`` or ``"T3"``.
        claim: what the paper states, in our words, at the precision of its abstract.
        verdict: what the numbers say.
        tested: what exactly was computed.
        evidence: pairs of a name and a number.
        remark: what has to be known to read the verdict.
    """

    code: str
    claim: str
    verdict: Verdict
    tested: str
    evidence: tuple[tuple[str, Estimate | float | str], ...] = ()
    remark: str = ""

    def heading(self) -> str:
        """Code and verdict."""
        return f"{self.code} {self.verdict.value}"

    def rows(self) -> list[tuple[str, object]]:
        """What is printed; what is empty is left out."""
        numbers = "\n".join(f"{name}: {describe(value)}" for name, value in self.evidence)
        rows = [
            ("statement", self.claim),
            ("tested", self.tested),
            ("numbers", numbers),
            ("remark", self.remark),
        ]
        return [(label, text) for label, text in rows if text]


@record
class PaperCheck(Result):
    """The statements of arXiv:2605.05942 on one circuit, or on the circuits of one builder.

    Attributes:
        t1: serial circuits: rank at most 2L + 1, a kernel that grows with P.
        t2: parallel circuits: all singular values positive for P ≤ 2E + 1.
        t3: encoding layers against trainable blocks.
        provenance: seed, draws, device and engine.
    """

    t1: Statement
    t2: Statement
    t3: Statement
    provenance: Provenance

    @property
    def statements(self) -> tuple[Statement, Statement, Statement]:
        """All three."""
        return self.t1, self.t2, self.t3

    def heading(self) -> str:
        """What is checked."""
        return "Statements of arXiv:2605.05942 (abstract), on this circuit"

    def rows(self) -> list[tuple[str, object]]:
        """One line per statement."""
        return [(s.code, s.verdict.value) for s in self.statements]

    def summary(self) -> str:
        """All statements with their numbers."""
        return "\n\n".join([self.heading(), *(s.summary() for s in self.statements)])

    def _repr_markdown_(self) -> str:
        parts = [s._repr_markdown_() for s in self.statements]
        return "\n\n".join([f"**{self.heading()}**", *parts])
