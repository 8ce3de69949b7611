"""Whether an architecture can be trained, from what was found about it: the record."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from pennylane_trainability.diagnostics.scaling import Scaling
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, describe, record

__all__ = ["Aspect", "Trainability", "Trainable"]


class Trainable(Enum):
    """An answer about the sizes that were looked at; the value is the sentence that is shown."""

    YES = "trainable on these sizes"
    NO = "not trainable from random starts on these sizes"
    UNDECIDED = "undecided"


@record
class Aspect(Result):
    """One of the questions behind a verdict.

    Attributes:
        name: ``"signal"``, ``"minima"``, ``"directions"``, ``"coefficients"`` or ``"cost"``.
        verdict: what it says for itself.
        numbers: two numbers with their names; none if the question has no answer here.
        sentence: what they mean.
        size: the size they belong to.
    """

    name: str
    verdict: Trainable
    numbers: tuple[tuple[str, Estimate | float], ...] = ()
    sentence: str
    size: float

    def heading(self) -> str:
        """The first line that is printed."""
        word = {Trainable.YES: "yes", Trainable.NO: "no"}.get(self.verdict, "undecided")
        return f"{self.name}: {word}"

    def rows(self) -> list[tuple[str, object]]:
        """The numbers and the sentence."""
        rows: list[tuple[str, object]] = [(name, _shown(value)) for name, value in self.numbers]
        return [*rows, ("meaning", self.sentence)]


@record
class Trainability(Result):
    """What was found about an architecture at several sizes, joined.

    Attributes:
        verdict: about these sizes; nothing asymptotic follows from them.
        reasons: what it rests on, or what keeps it open.
        aspects: the single questions.
        scaling: variances of the loss over the sizes; ``None`` with fewer than three sizes.
        ns: the sizes, ascending.
        law: of the parameters, in words.
        level: of intervals.
        notes: what the reader should know.
        cost: what was run.
        provenance: seed, device of the largest size, engine.
    """

    verdict: Trainable
    reasons: tuple[str, ...]
    aspects: tuple[Aspect, ...]
    scaling: Scaling | None = field(default=None, repr=False)
    ns: tuple[float, ...]
    law: str
    level: float = 0.95
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    def aspect(self, name: str) -> Aspect:
        """One of the questions.

        Raises:
            KeyError: there is none of this name.
        """
        for one in self.aspects:
            if one.name == name:
                return one
        raise KeyError(f"{name!r} is none of {[one.name for one in self.aspects]}.")

    @property
    def sentence(self) -> str:
        """The verdict, the sizes and the reasons."""
        sizes = ", ".join(f"{n:g}" for n in self.ns)
        return f"{self.verdict.value} (n = {sizes}): {'; '.join(self.reasons)}"

    def heading(self) -> str:
        """The first line that is printed."""
        sizes = ", ".join(f"{n:g}" for n in self.ns)
        return f"Trainability: {self.verdict.value} (n = {sizes})"

    def rows(self) -> list[tuple[str, object]]:
        """Reasons, then every question with its numbers and its sentence."""
        rows: list[tuple[str, object]] = [("because", "\n".join(self.reasons))]
        for one in self.aspects:
            word = one.heading().split(": ")[1]
            numbers = [f"{name}: {_shown(value)}" for name, value in one.numbers]
            rows.append((one.name, "\n".join([f"{word}, at n = {one.size:g}", *numbers,
                                              one.sentence])))  # fmt: skip
        rows.append(("law", self.law))
        rows += [("notes", "\n".join(self.notes))] if self.notes else []
        return [*rows, ("cost", self.cost)]


def _shown(value: Estimate | float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else describe(value)
