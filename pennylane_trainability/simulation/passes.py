"""A schedule with its numbers: what is applied to the states, forwards and backwards.

The backward sweep carries ``λ*``, which spares a conjugation in every pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.simulation.dense import Chains, Group, groups_of, product_chains
from pennylane_trainability.simulation.fusion import Stage
from pennylane_trainability.simulation.statevector import (
    apply_matrix,
    local_index,
    permutation_of,
    phase_of,
    phase_tables,
    reduced_outer,
)

__all__ = ["DensePass", "PermutationPass", "PhasePass", "PhaseTables", "compile_passes"]


@dataclass(slots=True, eq=False)
class DensePass:
    """Dense matrices on disjoint wires."""

    groups: list[Group] = field(default_factory=list)

    @property
    def is_trainable(self) -> bool:
        """Whether a gradient is read here."""
        return any(g.slots or g.chains for g in self.groups)

    def forward(self, state: np.ndarray) -> np.ndarray:
        """``M ψ``."""
        for group in self.groups:
            state = apply_matrix(state, group.matrix, group.wires)
        return state

    def backward(self, state: np.ndarray) -> np.ndarray:
        """``(M† λ)*`` from ``λ*``."""
        for group in self.groups:
            state = apply_matrix(state, group.matrix.swapaxes(-1, -2), group.wires)
        return state

    def gradient(self, psi, lam, out: np.ndarray, chain_sums: dict) -> None:
        """Write ``2 Im tr(G S)`` into ``out`` (..., D, G, A); chains only deposit their ``S``."""
        for group in self.groups:
            if not (group.slots or group.chains):
                continue
            outer = reduced_outer(psi, lam, group.wires)
            size = outer.shape[-1]
            if group.effective is not None:
                generators = group.effective.swapaxes(0, 1).swapaxes(
                    -1, -2
                )  # (D, s, K, K), transposed
                flat = generators.reshape(generators.shape[0], -1, size * size)
                values = outer.reshape(*outer.shape[:-2], -1) @ flat.swapaxes(-1, -2)
                out[..., list(group.slots)] = 2 * values.imag
            k = len(group.wires)
            for position, row in group.chains:
                a, b = 2**position, 2 ** (k - 1 - position)
                split = outer.reshape(*outer.shape[:-2], a, 2, b, a, 2, b)
                chain_sums[row] = np.einsum("...xiyxjy->...ij", split)


@dataclass(slots=True, eq=False)
class PermutationPass:
    """``new[i] = phase[i] · old[source[i]]``."""

    source: np.ndarray
    phase: np.ndarray | None
    inverse: np.ndarray
    is_trainable: bool = False

    def forward(self, state: np.ndarray) -> np.ndarray:
        """Permute, then multiply."""
        state = np.take(state, self.source, axis=-1)
        return state if self.phase is None else state * self.phase

    def backward(self, state: np.ndarray) -> np.ndarray:
        """The inverse, for ``λ*``."""
        if self.phase is not None:
            state = state * self.phase
        return np.take(state, self.inverse, axis=-1)


@dataclass(slots=True, eq=False)
class PhaseTables:
    """A phase pass that still waits for its input points."""

    tables: list[tuple]
    slots: tuple[int, ...]
    values: np.ndarray | None

    def at(self, inputs: slice) -> PhasePass:
        """The pass at some input points."""
        return PhasePass(phase_of(self.tables, inputs), self.slots, self.values)


@dataclass(slots=True, eq=False)
class PhasePass:
    """Multiplication by ``exp(-i a h)``; the only pass that depends on the inputs."""

    phase: np.ndarray
    slots: tuple[int, ...] = ()
    values: np.ndarray | None = None

    @property
    def is_trainable(self) -> bool:
        """Whether a gradient is read here."""
        return bool(self.slots)

    def forward(self, state: np.ndarray) -> np.ndarray:
        """Multiply."""
        return state * self.phase

    def backward(self, state: np.ndarray) -> np.ndarray:
        """The inverse for ``λ*`` is the same factor."""
        return state * self.phase

    def gradient(self, psi, lam, out: np.ndarray, chain_sums: dict) -> None:
        """``2 Im Σ_j h_j λ*_j ψ_j``."""
        out[..., list(self.slots)] = 2 * ((lam * psi).imag @ self.values)


def compile_passes(stages: list[Stage], n_wires: int, n_draws: int) -> tuple[list, Chains]:
    """The passes of a schedule; phases still wait for their input points."""
    chains = product_chains(stages, n_draws)
    passes: list = []
    seen: dict = {}
    occupied: set[int] = set()
    for number, stage in enumerate(stages):
        if stage.kind in ("product", "window"):
            groups = groups_of(number, stage, chains, n_wires)
            if passes and type(passes[-1]) is DensePass and not occupied & stage.wires:
                passes[-1].groups += groups
                occupied |= stage.wires
            else:
                passes.append(DensePass(groups))
                occupied = set(stage.wires)
        elif stage.kind == "permutation":
            key = tuple((m.name, m.wires, id(m.monomial)) for m in stage.members)
            if key not in seen:
                source, phase = permutation_of(stage.members, n_wires)
                inverse = np.empty_like(source)
                inverse[source] = np.arange(len(source))
                seen[key] = PermutationPass(source, phase, inverse)
            passes.append(seen[key])
        else:
            passes.append(_phase_tables(stage, n_wires))
    return passes, chains


def _phase_tables(stage: Stage, n_wires: int) -> PhaseTables:
    slots = tuple(m.slot for m in stage.members if m.slot is not None)
    values = None
    if slots:
        index = np.arange(2**n_wires)
        values = np.stack(
            [
                m.values[local_index(index, m.wires, n_wires)]
                for m in stage.members
                if m.slot is not None
            ],
            axis=-1,
        )
    return PhaseTables(phase_tables(stage.members, n_wires), slots, values)
