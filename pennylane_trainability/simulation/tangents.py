r"""The state and its derivatives by all parameters, in one forward sweep.

Behind every group of fused gates ``M`` with ``∂_j M = -i G_j M`` the vectors ``G_j ψ`` join the
state in one stack, which the rest of the circuit is applied to at once. Gates of the same parameter
share a row. Rows hold ``i ∂_p ψ``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pennylane_trainability.circuits.circuit import Angle, Circuit
from pennylane_trainability.simulation.adjoint import prepared_state
from pennylane_trainability.simulation.dense import Chains
from pennylane_trainability.simulation.elements import elements_of, trainable_angles
from pennylane_trainability.simulation.fusion import schedule
from pennylane_trainability.simulation.passes import DensePass, compile_passes
from pennylane_trainability.simulation.statevector import apply_matrix

__all__ = ["TangentSweep", "initial_states", "tangent_sweep"]


@dataclass(frozen=True, slots=True, eq=False)
class TangentSweep:
    """A circuit at some draws, compiled up to its last trainable gate, or to its end.

    Attributes:
        n_parameters: number of flat trainable parameters ``P``.
        passes: dense and permutation passes.
        chains: one-wire chains of the product stages.
        angles: the trainable angles, by slot.
        start: initial states, ``(D, 1, 2^n)``.
    """

    n_parameters: int
    passes: list
    chains: Chains
    angles: list[Angle]
    start: np.ndarray

    def run(self, wanted: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """The state and ``i ∂_p ψ`` for the wanted parameters.

        Both are those before the gates that come after the last trainable one, unless the sweep was
        compiled for the whole circuit: a unitary that depends on nothing changes no inner product.

        Returns:
            ``(D, 2^n)`` and ``(D, c, 2^n)``.
        """
        rows: dict[int, int] = {}
        stack = self.start[None]
        live = self._live(set(wanted))
        for one in self.passes:
            stack = one.forward(stack)
            if one.is_trainable:
                made = _generated(one, stack[0], self.chains, live)
                stack = self._joined(stack, rows, set(wanted), made)
        out = np.zeros((len(self.start), len(wanted), self.start.shape[-1]), complex)
        place = {p: k for k, p in enumerate(wanted)}
        out[:, [place[p] for p in rows]] = stack[1:, :, 0].swapaxes(0, 1)
        return stack[0, :, 0], out

    def _live(self, wanted: set[int]) -> np.ndarray:
        """Which slots move a wanted parameter."""
        return np.array([not wanted.isdisjoint(a.parameters) for a in self.angles], bool)

    def _joined(self, stack, rows: dict[int, int], wanted: set[int], made) -> np.ndarray:
        """The stack with the new vectors: in rows of their own, or added to those there are."""
        fresh, later = [stack], []
        for slots, vectors in made:
            entries = [
                (k, p, slope)
                for k, slot in enumerate(slots)
                for p, slope in self.angles[slot].parameters.items()
                if p in wanted
            ]
            names = [p for _, p, _ in entries]
            if _one_to_one(entries, len(slots)) and rows.keys().isdisjoint(names):
                slopes = np.array([float(slope) for _, _, slope in entries])
                fresh.append(
                    vectors if np.all(slopes == 1) else vectors * slopes[:, None, None, None]
                )
                rows.update({p: len(rows) + 1 + k for k, p in enumerate(names)})
                continue
            for p in dict.fromkeys(names):
                if p not in rows:
                    rows[p] = len(rows) + 1
                    fresh.append(np.zeros_like(stack[:1]))
            later += [(rows[p], np.asarray(slope), vectors[k]) for k, p, slope in entries]
        if len(fresh) > 1:
            stack = np.concatenate(fresh)
        for row, slope, vector in later:
            stack[row] += (slope[..., None] if slope.ndim else slope) * vector
        return stack


def tangent_sweep(circuit: Circuit, start: np.ndarray, whole: bool = False) -> TangentSweep:
    """Compile a circuit for tangents.

    Args:
        circuit: a circuit whose angles broadcast to ``(D, 1)``.
        start: the states it starts from, ``(D, 2^n)``.
        whole: whether gates after the last trainable one are applied too; outcomes need them.

    Raises:
        ReadingError: a gate is no unitary (a channel, a measurement).
    """
    # a global phase on no wire at all changes no inner product
    circuit = replace(circuit, gates=tuple(gate for gate in circuit.gates if gate.wires))
    rows = len(start) * (1 + circuit.n_parameters // 2)  # on average half of them are in the stack
    stages = schedule(elements_of(circuit), circuit.n_wires, rows)
    last = max((k for k, stage in enumerate(stages) if stage.is_trainable), default=-1)
    kept = stages if whole else stages[: last + 1]
    passes, chains = compile_passes(kept, circuit.n_wires, len(start))
    angles = trainable_angles(circuit)
    return TangentSweep(circuit.n_parameters, passes, chains, angles, start[:, None])


def initial_states(circuit: Circuit, draws: int) -> np.ndarray:
    """What every draw starts from, ``(D, 2^n)``."""
    out = np.zeros((draws, 2**circuit.n_wires), complex)
    if circuit.preparation:
        out[:] = prepared_state(circuit)
    else:
        out[:, 0] = 1.0
    return out


def _one_to_one(entries: list[tuple], n_slots: int) -> bool:
    """Whether every slot moves one parameter of its own, by a constant slope."""
    slots, parameters = {k for k, _, _ in entries}, {p for _, p, _ in entries}
    return len(entries) == len(slots) == len(parameters) == n_slots and not any(
        np.ndim(slope) for _, _, slope in entries
    )


def _generated(one: DensePass, psi: np.ndarray, chains: Chains, live: np.ndarray):
    """``(slots, G ψ (s, D, 1, 2^n))`` for the live slots of every group."""
    made = []
    for group in one.groups:
        parts = []
        if group.effective is not None:
            parts.append((group.slots, group.effective, group.wires))
        for position, row in group.chains:
            parts.append((chains.slots[row], chains.effective[row], (group.wires[position],)))
        for slots, generators, wires in parts:
            keep = [k for k, slot in enumerate(slots) if slot >= 0 and live[slot]]
            if keep:
                chosen = [int(slots[k]) for k in keep]
                made.append((chosen, _apply_all(generators[keep], psi, wires)))
    return made


def _apply_all(generators: np.ndarray, psi: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """Every generator ``(s, D or 1, K, K)`` on the state ``(D, 1, 2^n)``: ``(s, D, 1, 2^n)``."""
    count, size = len(generators), generators.shape[-1]
    shape = (count, *psi.shape)
    matrices = np.broadcast_to(generators, (count, len(psi), size, size)).reshape(-1, size, size)
    states = np.broadcast_to(psi, shape).reshape(-1, *psi.shape[1:])
    return apply_matrix(states, matrices, wires).reshape(shape)
