"""Which derivatives of which gates are measured, and with which shifted circuits.

A gate whose generator has the eigenvalue differences ``Ω`` is differentiated by the shift rule of
``Ω``; a gate of several angles by inserted Pauli rotations, because ``∂_m U = -i H_m U``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.circuit import Angle, Circuit
from pennylane_trainability.circuits.encoding import gate_frequencies
from pennylane_trainability.circuits.unitaries import unitary_derivatives

__all__ = ["UNSHIFTED", "Shift", "ShiftPlan", "shift_plan", "shift_rule"]


@dataclass(frozen=True, slots=True)
class Shift:
    """One changed circuit: a gate's angle moved, or a Pauli rotation inserted behind a gate."""

    gate: int
    amount: float
    word: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ShiftPlan:
    """All changed circuits and how derivatives follow from them.

    Attributes:
        shifts: the changed circuits.
        angles: the trainable angles that are measured.
        weights: ``(A, S)``: ``∂f/∂angle_a = Σ_s weights[a, s] f(circuit s)``.
    """

    shifts: tuple[Shift, ...]
    angles: tuple[Angle, ...]
    weights: np.ndarray

    def with_unshifted(self) -> ShiftPlan:
        """The same plan with the unchanged circuit in front, which no derivative uses."""
        empty = np.zeros((len(self.angles), 1))
        return ShiftPlan(
            (*UNSHIFTED.shifts, *self.shifts),
            self.angles,
            np.concatenate([empty, self.weights], axis=1),
        )

    def slopes(self, n_parameters: int) -> np.ndarray:
        """Chain-rule slopes ``∂angle_a/∂θ_p`` at the first draw, ``(A, P, G or 1)``."""
        sizes = [np.shape(s)[1] for a in self.angles for s in a.parameters.values() if np.ndim(s)]
        out = np.zeros((len(self.angles), n_parameters, max(sizes, default=1)))
        for a, angle in enumerate(self.angles):
            for p, slope in angle.parameters.items():
                out[a, p] = slope if np.ndim(slope) == 0 else slope[0]
        return out


#: The unchanged circuit alone.
UNSHIFTED = ShiftPlan((Shift(-1, 0.0),), (), np.zeros((0, 1)))


@lru_cache(maxsize=256)
def shift_rule(frequencies: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    """``((coefficient, shift), …)`` for a function with these positive frequencies."""
    rule = qml.gradients.generate_shift_rule(frequencies)
    return tuple((float(c), float(s)) for c, s in rule)


def shift_plan(circuit: Circuit, dead: Collection[int] = frozenset()) -> ShiftPlan:
    """The changed circuits for all trainable angles that are not dead by structure.

    Args:
        circuit: the circuit.
        dead: flat parameters whose derivative vanishes identically.
    """
    shifts: list[Shift] = []
    angles: list[Angle] = []
    entries: list[tuple[int, int, float]] = []
    for g, gate in enumerate(circuit.gates):
        live = [m for m, a in enumerate(gate.angles) if set(a.parameters) - set(dead)]
        if not live:
            continue
        first = len(angles)
        angles += [gate.angles[m] for m in live]
        if len(gate.angles) > 1:
            _insert(gate, g, live, first, shifts, entries)
            continue
        for coefficient, amount in shift_rule(gate_frequencies(gate)):
            entries.append((first, len(shifts), coefficient))
            shifts.append(Shift(g, amount))
    weights = np.zeros((len(angles), len(shifts)))
    for a, s, coefficient in entries:
        weights[a, s] = coefficient
    return ShiftPlan(tuple(shifts), tuple(angles), weights)


def _insert(gate, g: int, live, first: int, shifts: list, entries: list) -> None:
    _, generators = unitary_derivatives(gate)
    n = len(gate.wires)
    for word in ("".join(w) for w in product("IXYZ", repeat=n)):
        if word == "I" * n:
            continue
        matrix = qml.matrix(qml.pauli.string_to_pauli_word(word), wire_order=range(n))
        # H = Σ_w h_w P_w and exp(-i t P/2) inserted: ∂f = Σ_w 2 h_w ∂_t f
        parts = np.real(np.einsum("mij,ji->m", generators[live][:, 0], matrix)) / 2**n
        if not np.any(np.abs(parts) > 1e-14):
            continue
        for coefficient, amount in shift_rule((1.0,)):
            for position, part in enumerate(parts):
                entries.append((first + position, len(shifts), 2 * part * coefficient))
            shifts.append(Shift(g, amount, word))
