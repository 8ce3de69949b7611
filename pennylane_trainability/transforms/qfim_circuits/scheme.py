"""What a method of measuring the QFIM asks for: circuits without numbers, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from pennylane_trainability.circuits.layers import LayeredCircuit
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.statistics.quadratic import Quadratic

__all__ = ["Cut", "Overlap", "Scheme", "Slot", "loading"]


@dataclass(frozen=True, slots=True)
class Cut:
    """The circuit up to some members, with Pauli words read at its end.

    Attributes:
        keep: mask of the members that are applied; Clifford gates stay until the last of them.
        words: what is read, pulled back to the initial state; all commute with each other.
        probe: node whose word is measured (or controlled by the auxiliary wire) on the way; every
            word is then read in correlation with it.
        layer: layer it belongs to.
    """

    keep: int
    words: tuple[Word, ...]
    probe: int | None = None
    layer: int = 0

    @property
    def n_values(self) -> int:
        """Number of means ``W`` it gives."""
        return len(self.words)


@dataclass(frozen=True, slots=True)
class Overlap:
    """The circuit followed by the inverse of a shifted copy: is the state back where it was?

    Attributes:
        keep: mask of the members that are applied.
        shifts: ``((slot, amount), …)`` of the copy.
        layer: layer of the later slot.
    """

    keep: int
    shifts: tuple[tuple[int, float], ...] = ()
    layer: int = 0

    @property
    def n_values(self) -> int:
        """One mean: +1 where all bits are those of the initial state, −1 elsewhere."""
        return 1


@dataclass(frozen=True, slots=True)
class Slot:
    """One number that is shifted: a gate's angle, or the angle of a rotation put before the gate.

    Attributes:
        gate: position of the gate.
        word: word of the inserted rotation on the wires of the gate; ``None`` shifts the angle.
        frequencies: of overlaps as a function of the shift.
        before: mask of the members in front of it, its own included.
        coefficients: ``{(gate, angle): c}``: what it contributes to the angles.
    """

    gate: int
    word: Word | None
    frequencies: tuple[float, ...]
    before: int
    layer: int
    coefficients: dict = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """All circuits of one answer.

    Attributes:
        method: name of the method.
        made: the circuit in layers.
        circuits: what is run at every parameter point, ``C`` of them.
        quadratic: the matrix over the nodes (or slots) from all means.
        nodes: one dictionary of coefficients per node.
        slots: what overlaps shift; empty for other methods.
        native: whether a probe is measured on the way, not kept on an auxiliary wire.
        approximation: what the matrix leaves out, in words; empty if nothing.
    """

    method: str
    made: LayeredCircuit
    circuits: tuple[Cut | Overlap, ...]
    quadratic: Quadratic
    nodes: tuple[dict, ...]
    slots: tuple[Slot, ...] = ()
    native: bool = False
    approximation: str = ""

    @property
    def needs_probe(self) -> bool:
        """Whether any circuit needs an auxiliary wire or a mid-circuit measurement."""
        return any(isinstance(c, Cut) and c.probe is not None for c in self.circuits)

    def sources(self) -> list[range]:
        """The means of every circuit."""
        ends = np.cumsum([0, *(c.n_values for c in self.circuits)])
        return [range(int(a), int(b)) for a, b in pairwise(ends)]

    def loading(self, draw: int = 0) -> np.ndarray:
        """``L`` with ``F_θ = L F Lᵀ`` at a parameter draw, ``(P, V)``."""
        return loading(self.made, self.nodes, draw)


def loading(made: LayeredCircuit, nodes, draw: int = 0) -> np.ndarray:
    """``∂ψ/∂θ_p = −(i/2) Σ_v L_pv A_v ψ``: chain rule times coefficients, ``(P, V)``."""
    circuit = made.circuit
    out = np.zeros((circuit.n_parameters, len(nodes)))
    for v, coefficients in enumerate(nodes):
        for (gate, angle), c in coefficients.items():
            for p, slope in circuit.gates[gate].angles[angle].parameters.items():
                out[p, v] += _at(c, draw) * _at(slope, draw)
    return out


def _at(value, draw: int) -> float:
    flat = np.ravel(value)
    return float(flat[draw if len(flat) > 1 else 0])
