"""What a circuit's dynamical Lie algebra is, and what follows from it: the records."""

from __future__ import annotations

from dataclasses import field

import numpy as np
from pennylane.pauli import PauliSentence

from pennylane_trainability.results import Estimate, Provenance, Result, record, table

__all__ = ["DynamicalLieAlgebra", "SimpleIdeal"]

_SHOWN = 12


@record
class SimpleIdeal(Result):
    r"""One simple ideal :math:`\mathfrak g_j` of a Lie algebra, or its centre.

    Attributes:
        name: its type up to isomorphism, ``"so(6)"``; empty if only the dimension is known.
        dimension: of the ideal.
        state_purity: :math:`P_j(\rho) = \sum_B |\mathrm{Tr}(B\rho)|^2` over an orthonormal basis,
            :math:`\mathrm{Tr}\,B^2 = 1`; ``None`` if the state is not supported.
        observable_purity: :math:`P_j(O)`; ``None`` if the observable is not supported.
        basis: Hermitian :math:`B` with :math:`iB \in \mathfrak g_j`, orthogonal, with
            :math:`\mathrm{Tr}\,B^2 = 2^n`; empty if the elements were not listed.
    """

    name: str
    dimension: int
    state_purity: float | None = None
    observable_purity: float | None = None
    basis: tuple[PauliSentence, ...] = field(repr=False, default=())


@record
class DynamicalLieAlgebra(Result):
    r"""The Lie algebra that a circuit's rotations generate, and variances that follow from it.

    Attributes:
        dimension: independent elements found.
        complete: whether these are all; otherwise a lower bound.
        text: its ideals in words, ``"so(6) + 2 × su(4)"``; empty if they were not found.
        centre: the elements that commute with all; ``None`` if the elements were not listed.
        ideals: simple ideals, largest first; empty if the elements were not listed.
        generators: the generators, carried to the start of the circuit through its Clifford gates.
        observable_inside: whether :math:`O \in i\mathfrak g`, up to a multiple of the identity.
        state_inside: whether :math:`\rho \in i\mathfrak g`, up to a multiple of the identity.
        mean: :math:`E\,\ell` for a random element of the group.
        variance: :math:`\mathrm{Var}\,\ell` for a random element of the group, from the module of
            the observable: inside the algebra or not, cross terms included.
        gradients: :math:`\mathrm{Var}\,\partial\ell` for a gate :math:`e^{-i\theta G/2}` of every
            generator between two random elements, ``(G,)``.
        ragone: :math:`\sum_j P_j(\rho) P_j(O) / \dim\mathfrak g_j` (Ragone et al.,
            arXiv:2309.09342); ``None`` where neither observable nor state lies in the algebra.
        fontana: :math:`\sum_j \|H_j\|_K^2 P_j(\rho) P_j(O) / (\dim\mathfrak g_j)^2`, ``(G,)``,
            with :math:`H = G/2` and the Killing norm (Fontana et al., arXiv:2309.07902); ``None``
            where the observable does not lie in the algebra.
        module: dimension of the module of the observable.
        statements: what holds and what does not, in words.
        notes: what the reader should know.
        n_wires: number of wires.
        provenance: seed, device, engine.
    """

    dimension: int
    complete: bool
    text: str
    centre: SimpleIdeal | None = None
    ideals: tuple[SimpleIdeal, ...] = field(repr=False, default=())
    generators: tuple[str, ...] = field(repr=False)
    observable_inside: bool | None = None
    state_inside: bool | None = None
    mean: Estimate | None = None
    variance: Estimate | None = None
    gradients: np.ndarray | None = field(repr=False, default=None)
    ragone: Estimate | None = None
    fontana: np.ndarray | None = field(repr=False, default=None)
    module: int | None = None
    statements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    n_wires: int
    provenance: Provenance

    def heading(self) -> str:
        """The first line that is printed."""
        sign = "" if self.complete else "≥ "
        named = f": {self.text}" if self.text else ""
        return f"Dynamical Lie algebra of dimension {sign}{self.dimension}{named}"

    def rows(self) -> list[tuple[str, object]]:
        """Generators, ideals with their purities, variances, statements and notes."""
        rows: list[tuple[str, object]] = [("generators", len(self.generators))]
        if self.centre is not None:
            rows.append(("centre", f"dimension {self.centre.dimension}"))
        if self.ideals:
            rows.append(("simple ideals", self._table()))
        for label, value in (
            ("mean", self.mean),
            ("variance", self.variance),
            ("by purities", self.ragone),
        ):
            if value is not None:
                rows.append((label, value))
        if self.gradients is not None and self.gradients.size:
            low, high = float(self.gradients.min()), float(self.gradients.max())
            rows.append(("derivatives", f"variances from {low:.4g} to {high:.4g}"))
        if self.statements:
            rows.append(("statements", "\n".join(self.statements)))
        if self.notes:
            rows.append(("notes", "\n".join(self.notes)))
        return rows

    def _table(self) -> str:
        lines = [
            (ideal.name or "—", ideal.dimension, ideal.state_purity, ideal.observable_purity)
            for ideal in self.ideals[:_SHOWN]
        ]
        text = table(("type", "dimension", "P(ρ)", "P(O)"), lines, indent=0)
        rest = len(self.ideals) - _SHOWN
        return text + (f"\n… ({rest} more)" if rest > 0 else "")
