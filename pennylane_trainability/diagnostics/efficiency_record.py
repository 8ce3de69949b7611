"""How many components of a gradient one measurement gives, and how that meets expressivity."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.results import Claim, Estimate, Provenance, Result, describe, record

__all__ = ["GradientEfficiency"]


@record
class GradientEfficiency(Result):
    r"""Gradient measurement efficiency of a circuit at its depth.

    Components whose gradient operators :math:`\Gamma_p = \partial_p(U^\dagger O U)` commute can be
    measured in one copy of the state. :math:`\mathcal{F}^{(L)} = L/M_L` is the mean number of
    components in a set, :math:`\mathcal{X}` the dimension of the dynamical Lie algebra. For deep
    circuits :math:`\mathcal{F} \le \mathcal{X} \le 4^n/\mathcal{F} - \mathcal{F}` (Chinzei et al.,
    arXiv:2406.18316); at a finite depth :math:`\mathcal{F}^{(L)}` can be larger.

    Attributes:
        commuting: which components commute at all draws, ``(L, L)``.
        groups: sets of mutually commuting components, by their flat numbers.
        least_groups: no partition has fewer sets: so many components do not commute pairwise.
        zero: components that vanish for every state, which every set may take.
        dimension: independent elements found of the Lie algebra; ``None`` if a gate is no product
            of commuting Pauli rotations.
        complete: whether these are all elements.
        n_wires: number of wires ``n``.
        exceptions: what of the theorem's conditions the circuit does not meet, in words.
        gap: largest relative commutator that counts as zero, smallest that does not (NaN if there
            is none).
        tolerance: relative commutators up to this count as zero.
        parameters: names of the components.
        law: how parameters were drawn.
        notes: what the reader should know.
        provenance: seed, draws, device, engine.
    """

    commuting: np.ndarray = field(repr=False)
    groups: tuple[tuple[int, ...], ...] = field(repr=False)
    least_groups: int
    zero: tuple[int, ...]
    dimension: int | None
    complete: bool
    n_wires: int
    exceptions: tuple[str, ...]
    gap: tuple[float, float]
    tolerance: float
    parameters: tuple[str, ...] = field(repr=False)
    law: str
    notes: tuple[str, ...] = ()
    provenance: Provenance

    @property
    def n_components(self) -> int:
        """Number of components ``L``."""
        return len(self.commuting)

    @property
    def n_groups(self) -> Estimate:
        """``M_L``: sets of the partition found, and what no partition can go below."""
        value, low = float(len(self.groups)), float(self.least_groups)
        if value == low:
            return Estimate.known(value, self.law, Claim.GENERIC)
        return _between(value, low, value, self.law, Claim.GENERIC)

    @property
    def efficiency(self) -> Estimate:
        """``F^(L) = L / M_L``; the partition found gives at least this."""
        value, high = self.n_components / len(self.groups), self.n_components / self.least_groups
        if value == high:
            return Estimate.known(value, self.law, Claim.GENERIC)
        return _between(value, value, high, self.law, Claim.GENERIC)

    @property
    def expressivity(self) -> Estimate | None:
        """``X``: dimension of the Lie algebra, a lower bound if the closure was stopped."""
        if self.dimension is None:
            return None
        if self.complete:
            return Estimate.known(float(self.dimension), claim=Claim.THEOREM)
        low = float(self.dimension)
        return _between(low, low, float(4**self.n_wires - 1), "", Claim.THEOREM)

    @property
    def largest_expressivity(self) -> float:
        """``4ⁿ/F − F`` at the efficiency found: no deep circuit that keeps it has more."""
        value = self.efficiency.value
        return 4**self.n_wires / value - value

    @property
    def largest_efficiency(self) -> float:
        r"""The largest ``F`` with ``X ≤ 4ⁿ/F − F``: no deep circuit with this algebra has more.

        :math:`F = \sqrt{(X/2)^2 + 4^n} - X/2`; NaN where the dimension is not known.
        """
        if self.dimension is None:
            return float("nan")
        half = self.dimension / 2
        return float(np.sqrt(half**2 + 4.0**self.n_wires) - half)

    def heading(self) -> str:
        """The first line."""
        return (
            f"Gradient measurement efficiency {self.efficiency.value:.4g} at this depth: "
            f"{self.n_components} components in {len(self.groups)} sets"
        )

    def rows(self) -> list[tuple[str, object]]:
        """Sets, zeros, expressivity, bounds, how zero was told."""
        least = self.least_groups
        sets = f"{len(self.groups)}" + (
            ", the fewest there can be" if least == len(self.groups) else f", at least {least}"
        )
        rows: list[tuple[str, object]] = [
            ("components", self.n_components),
            ("commuting sets", sets),
            ("zero for every state", describe(tuple(self.parameters[p] for p in self.zero))),
            ("expressivity", self._dimension()),
        ]
        if self.dimension is not None:
            rows.append(
                (
                    "bound for deep circuits",
                    f"F ≤ {self.largest_efficiency:.4g} with this expressivity, and X ≤ "
                    f"{self.largest_expressivity:.4g} with this efficiency",
                )
            )
        rows += [("the bound needs", text) for text in self.exceptions]
        largest, smallest = self.gap
        told = f"up to {self.tolerance:.0e}; largest {largest:.1e}, smallest other {smallest:.1e}"
        rows += [("commutators are zero", told), ("draws", self.law)]
        return rows + [("note", note) for note in self.notes]

    def _dimension(self) -> str:
        if self.dimension is None:
            return "not known: a gate is no product of commuting Pauli rotations"
        sign = "" if self.complete else "≥ "
        return f"{sign}{self.dimension}, dimension of the dynamical Lie algebra"


def _between(value: float, low: float, high: float, law: str, claim: Claim) -> Estimate:
    """A number that is only known to lie between two others, which is certain."""
    return Estimate(value=value, low=low, high=high, level=1.0, law=law, claim=claim)
