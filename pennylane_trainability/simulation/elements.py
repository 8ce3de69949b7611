"""A circuit as elements the engine can fuse: dense gates, diagonal phases, permutations.

Everything that depends on the inputs becomes a diagonal phase between fixed basis changes, so that
dense matrices depend on the parameters alone and are never built per input point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate
from pennylane_trainability.circuits.unitaries import (
    HADAMARD,
    Monomial,
    Spectral,
    fixed_matrix,
    monomial,
    spectral,
    unitary_derivatives,
)
from pennylane_trainability.errors import ReadingError

__all__ = ["Dense", "Permutation", "Phase", "elements_of", "trainable_angles"]


@dataclass(slots=True, eq=False)
class Dense:
    """A matrix on a few wires, the same for all inputs.

    Attributes:
        wires: wire positions, leading bit first.
        matrix: shape ``(D or 1, d, d)``, or ``None`` for a rotation whose matrix is built later.
        rotation: ``(spectral, values (D or 1,))`` of a one-wire rotation.
        slots: positions of its trainable angles in the gradient.
        generators: ``(len(slots), D or 1, d, d)`` with ``∂U = -i H U``.
    """

    wires: tuple[int, ...]
    matrix: np.ndarray | None
    rotation: tuple[Spectral, np.ndarray] | None = None
    slots: tuple[int, ...] = ()
    generators: np.ndarray | None = None
    is_hadamard: bool = False


@dataclass(slots=True, eq=False)
class Phase:
    """``exp(-i a h_j)`` on the basis states of its wires; ``a`` broadcasts to ``(D, G)``."""

    wires: tuple[int, ...]
    values: np.ndarray
    angle: np.ndarray
    slot: int | None


@dataclass(slots=True, eq=False)
class Permutation:
    """A fixed gate that maps basis states to basis states, with phases."""

    wires: tuple[int, ...]
    monomial: Monomial
    name: str


def trainable_angles(circuit: Circuit) -> list[Angle]:
    """The angles the gradient is taken for, in the order of its slots."""
    return [a for gate in circuit.gates for a in gate.angles if a.parameters]


def elements_of(circuit: Circuit) -> list:
    """The elements of a circuit, in order.

    Raises:
        ReadingError: a gate is no unitary the engine can simulate (a channel, a measurement).
    """
    out: list = []
    slot = 0
    for gate in circuit.gates:
        n_trainable = sum(1 for a in gate.angles if a.parameters)
        slots = tuple(range(slot, slot + n_trainable))
        slot += n_trainable
        if not gate.wires:
            continue  # a global phase
        if not gate.angles:
            out.append(_fixed(gate))
        elif len(gate.angles) > 1:
            out.append(_several_angles(gate, slots))
        elif np.ndim(gate.angles[0].value) and gate.angles[0].value.shape[1] > 1:
            out.extend(_input_gate(gate, slots))
        else:
            out.append(_rotation(gate, slots))
    return out


def _fixed(gate: Gate):
    if not gate.op.has_matrix:
        raise ReadingError(
            f"{gate.name} is not unitary, so an exact state-vector simulation does not exist; run "
            "the QNode on its own device instead."
        )
    found = monomial(gate)
    if found is not None:
        return Permutation(gate.wires, found, gate.name)
    return Dense(gate.wires, fixed_matrix(gate)[None])


def _rotation(gate: Gate, slots) -> Dense:
    kind, angle = spectral(gate), gate.angles[0]
    values = np.reshape(angle.value, -1)
    generators = kind.matrix[None, None] if slots else None
    if len(gate.wires) == 1:
        return Dense(gate.wires, None, (kind, values), slots, generators)
    phases = np.exp(-1j * values[:, None] * kind.values)
    if kind.vectors is None:
        matrix = phases[:, :, None] * np.eye(len(kind.values))
    else:
        matrix = (kind.vectors * phases[:, None, :]) @ kind.vectors.conj().T
    return Dense(gate.wires, matrix, None, slots, generators)


def _several_angles(gate: Gate, slots) -> Dense:
    if any(np.ndim(a.value) and a.value.shape[1] > 1 for a in gate.angles):
        raise ReadingError(f"{gate.name} depends on an input; encode inputs with one-angle gates.")
    matrix, generators = unitary_derivatives(gate)
    trainable = [m for m, a in enumerate(gate.angles) if a.parameters]
    return Dense(gate.wires, matrix, None, slots, generators[trainable] if slots else None)


def _input_gate(gate: Gate, slots) -> list:
    """Basis change, phase, basis change back."""
    kind, angle = spectral(gate), gate.angles[0]
    phase = Phase(gate.wires, kind.values, np.asarray(angle.value), slots[0] if slots else None)
    if kind.vectors is None:
        return [phase]
    if kind.local is not None:
        into = [
            Dense((w,), v.conj().T[None], is_hadamard=v is HADAMARD)
            for w, v in zip(gate.wires, kind.local, strict=True)
            if v is not None
        ]
        back = [
            Dense((w,), v[None])
            for w, v in zip(gate.wires, kind.local, strict=True)
            if v is not None
        ]
        return [*into, phase, *back]
    return [
        Dense(gate.wires, kind.vectors.conj().T[None]),
        phase,
        Dense(gate.wires, kind.vectors[None]),
    ]
