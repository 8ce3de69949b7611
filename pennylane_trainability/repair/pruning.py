"""The record of a pruning: what can be frozen and why, what that costs, and what was checked."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np

from pennylane_trainability.diagnostics.column_space import ColumnSpace
from pennylane_trainability.repair.reduced import Plan, reduced_qnode
from pennylane_trainability.results import (
    Claim,
    Estimate,
    Provenance,
    Result,
    describe,
    record,
)

__all__ = ["Pruning", "PruningCheck", "Removal"]


@record
class Removal(Result):
    """One parameter that can be frozen.

    Attributes:
        parameter: its flat number.
        name: its name, such as ``weights[0, 2, 1]``.
        kind: ``"dead"`` or ``"redundant"``.
        reason: why.
        value: what it is frozen at.
        claim: what kind of statement it is that nothing is lost.
    """

    parameter: int
    name: str
    kind: str
    reason: str
    value: float
    claim: Claim

    def summary(self) -> str:
        """One line."""
        return f"{self.name} = {self.value:.4g} ({self.kind}): {self.reason}"


@record
class PruningCheck(Result):
    """What the choice does at parameter draws that it was not made from.

    Attributes:
        angles: largest principal angle between the column spaces before and after, in radians, at
            the draws the choice was made from, ``(D,)``.
        new_angles: the same at new draws, ``(D',)``.
        slice_ranks: rank of the pruned QNode at new draws of its own parameters, the rest frozen,
            ``(D',)``.
        tolerances: angles up to this are rounding, at the new draws, ``(D',)``.
        dead_error: largest change of an output when the dead parameters are set to their frozen
            values, over new draws and random inputs.
        value_error: largest change of an output when parameters are moved along the fixed
            directions until the removed ones have their frozen values; NaN with ``keep="rank"``,
            where outputs do change.
        rank: the structural rank that had to stay.
    """

    angles: np.ndarray = field(repr=False)
    new_angles: np.ndarray = field(repr=False)
    slice_ranks: np.ndarray = field(repr=False)
    tolerances: np.ndarray = field(repr=False)
    dead_error: float
    value_error: float
    rank: int

    @property
    def same_space(self) -> bool:
        """Whether the column spaces agree at every new draw, within rounding."""
        return bool(np.all(self.new_angles <= self.tolerances))

    @property
    def same_rank(self) -> bool:
        """Whether the pruned QNode has the structural rank at every new draw of its parameters."""
        return bool(np.all(self.slice_ranks == self.rank))

    def rows(self) -> list[tuple[str, object]]:
        """What is printed."""
        new = len(self.new_angles)
        return [
            (
                "column space",
                f"{'the same' if self.same_space else 'NOT the same'} at {new} new draws: largest "
                f"angle {np.max(self.new_angles):.1e} rad",
            ),
            (
                "rank of the pruned QNode",
                f"{np.min(self.slice_ranks)} to {np.max(self.slice_ranks)} of {self.rank} at {new} "
                "new draws",
            ),
            ("outputs, dead set", f"change by at most {self.dead_error:.1e}"),
            *(
                [("outputs, all removed", f"change by at most {self.value_error:.1e}")]
                if np.isfinite(self.value_error)
                else []
            ),
        ]


@record
class Pruning(Result):
    """Parameters that can be frozen, and the QNode without them.

    Attributes:
        keep: ``"rank"`` or ``"directions"``.
        names: names of all parameters.
        kept: flat numbers of the parameters that stay, ascending.
        removed: the others, with reasons.
        groups: which parameters stand in for one another, in words.
        mask: True where a parameter stays, in the shapes of the trainable arguments.
        frozen_values: the trainable arguments with the removed parameters at their frozen values
            and the others at the values given.
        start: values given of the kept parameters, flat.
        exchanges: exchanges made after the greedy choice.
        strength: ``σ_rank`` of the kept columns over that of all, at each new draw, ``(D',)``.
        conditions: condition numbers before and after at each new draw, ``(D', 2)``.
        check: what was verified.
        space: column space of all parameters over the draws the choice was made from.
        law: how parameters were drawn.
        notes: what was decided on the way.
        provenance: seed, draws, device, engine.
        plan: how kept parameters become arguments.
    """

    keep: str
    names: tuple[str, ...] = field(repr=False)
    kept: tuple[int, ...]
    removed: tuple[Removal, ...] = field(repr=False)
    groups: tuple[str, ...] = field(repr=False)
    mask: Any = field(repr=False)
    frozen_values: Any = field(repr=False)
    start: np.ndarray = field(repr=False)
    exchanges: int
    strength: np.ndarray = field(repr=False)
    conditions: np.ndarray = field(repr=False)
    check: PruningCheck
    space: ColumnSpace = field(repr=False)
    law: str
    notes: tuple[str, ...]
    provenance: Provenance
    plan: Plan = field(repr=False)

    @property
    def smallest(self) -> Estimate:
        """The fewest parameters that keep the rank: the rank itself, the size of a column basis."""
        return Estimate.known(self.space.rank, law=self.law, claim=Claim.GENERIC)

    @property
    def claim(self) -> str:
        """What is and what is not said about the functions that are left."""
        if self.keep == "directions":
            return (
                "the set of functions is unchanged: removed parameters are dead, or what they do "
                "others do by a linear relation that is the same for all parameters (seen to be "
                "so at all draws)"
            )
        return (
            "unchanged to first order only: the column space of J is the same at almost every "
            "value of the parameters, but a function found far away with all parameters may be "
            "out of reach once the redundant ones are frozen; dead parameters cost nothing"
        )

    def apply(self, qnode):
        """The QNode without the removed parameters: ``(kept, *the other arguments)``.

        Args:
            qnode: the QNode the pruning was found for, or one with the same arguments on another
                device; it is not changed.

        Returns:
            A QNode on the same device with the same options. Its first argument is the flat vector
            of kept parameters (begin with :attr:`start`); arguments that hold nothing but trainable
            parameters are gone, the others follow in their order. It can be differentiated by its
            first argument in every interface, and analysed like any other.

        Raises:
            ReadingError: the QNode has other arguments.
        """
        return reduced_qnode(qnode, self.plan)

    def heading(self) -> str:
        """The first line."""
        return f"{len(self.kept)} of {len(self.names)} parameters are enough"

    def rows(self) -> list[tuple[str, object]]:
        """What goes and why, the price, the check, the claim."""
        before, after = np.median(self.conditions, axis=0)
        return [
            ("kept", ", ".join(self.names[p] for p in self.kept)),
            *self._removed_rows(),
            ("smallest set", f"{self.space.rank}, the rank: a column basis has no other size"),
            (
                "price",
                f"σ_rank × {np.median(self.strength):.3g}, condition {before:.3g} → {after:.3g} "
                f"(medians, {self.exchanges} exchanges after the greedy choice)",
            ),
            *self.check.rows(),
            ("claim", self.claim),
            *(("note", describe(note)) for note in self.notes),
        ]

    def _removed_rows(self) -> list[tuple[str, object]]:
        """Removed parameters with one reason stand in one row."""
        found: dict[tuple[str, str], list[str]] = {}
        for entry in self.removed:
            name = f"{entry.name} = {entry.value:.4g}"
            found.setdefault((entry.kind, entry.reason), []).append(name)
        return [(kind, f"{', '.join(names)}: {why}") for (kind, why), names in found.items()]
