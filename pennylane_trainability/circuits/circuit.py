"""The record of a circuit: gates, and how each gate angle depends on what the user passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from pennylane.measurements import MeasurementProcess
from pennylane.operation import Operator
from pennylane.wires import Wires

__all__ = ["Angle", "Circuit", "Gate", "Numbers", "take_draws"]

#: A float, or an array that broadcasts to ``(D, G)``.
Numbers: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Angle:
    r"""One scalar gate parameter as a function of the trainable parameters θ and the inputs x.

    Values are arrays that broadcast to ``(D, G)``: ``D`` draws of the parameters, ``G`` points of
    the inputs. What depends on θ alone has shape ``(D, 1)``, what depends on x alone ``(1, G)``,
    constants are floats.

    Attributes:
        value: the angle itself.
        parameters: ``{p: ∂angle/∂θ_p}`` for the flat trainable parameters it depends on.
        inputs: ``{i: ∂angle/∂x_i}`` for the flat inputs it depends on.
        affine: whether the angle is ``a₀(θ) + Σ_i a_i x_i`` with constant ``a_i``.
        linear: whether the angle is linear in θ with constant slopes.
    """

    value: Numbers
    parameters: Mapping[int, Numbers] = field(default_factory=dict)
    inputs: Mapping[int, Numbers] = field(default_factory=dict)
    affine: bool = True
    linear: bool = True

    @property
    def is_trainable(self) -> bool:
        """Whether the angle depends on a trainable parameter."""
        return bool(self.parameters)

    @property
    def is_encoding(self) -> bool:
        """Whether the angle depends on an input."""
        return bool(self.inputs)


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """One gate: a PennyLane operator on wire positions, and its angles (none if it is fixed).

    A gate with several angles is one that has no decomposition into single-angle gates
    (``SpecialUnitary``, a ``QubitUnitary`` built from parameters …).

    Attributes:
        op: the operator it comes from; its data may be tracers, the numbers are in ``angles``.
        wires: positions in :attr:`Circuit.wires`.
        angles: one per scalar parameter that depends on θ or x, or is a plain number.
        kind: the gate's name where it is one factor of ``op`` (``"RZ"`` of a ``Rot``).
    """

    op: Operator
    wires: tuple[int, ...]
    angles: tuple[Angle, ...] = ()
    kind: str | None = None

    @property
    def name(self) -> str:
        """PennyLane's name of the gate."""
        return self.kind or self.op.name

    @property
    def is_trainable(self) -> bool:
        """Whether any angle depends on a trainable parameter."""
        return any(angle.parameters for angle in self.angles)

    @property
    def is_encoding(self) -> bool:
        """Whether any angle depends on an input."""
        return any(angle.inputs for angle in self.angles)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Circuit:
    """A QNode read once at given arguments.

    Attributes:
        preparation: operators that prepare the initial state; none means ``|0…0⟩``.
        gates: the gates in order.
        measurements: the measurement processes the QNode returns.
        wires: the wire labels; gates refer to their positions here.
        n_parameters: number of flat trainable parameters.
        n_inputs: number of flat inputs.
    """

    preparation: tuple[Operator, ...]
    gates: tuple[Gate, ...]
    measurements: tuple[MeasurementProcess, ...]
    wires: Wires
    n_parameters: int
    n_inputs: int

    @property
    def n_wires(self) -> int:
        """Number of wires."""
        return len(self.wires)


def take_draws(circuit: Circuit, index: np.ndarray) -> Circuit:
    """The circuit at some of its draws, in any order and number.

    What does not differ between draws stays as it is, and so does the preparation.
    """

    def rows(value: Numbers) -> Numbers:
        return value[index] if np.ndim(value) and value.shape[0] > 1 else value

    gates = []
    for gate in circuit.gates:
        if any(np.ndim(a.value) and a.value.shape[0] > 1 for a in gate.angles):
            angles = tuple(
                replace(
                    a,
                    value=rows(a.value),
                    parameters={p: rows(s) for p, s in a.parameters.items()},
                    inputs={i: rows(s) for i, s in a.inputs.items()},
                )
                for a in gate.angles
            )
            gate = replace(gate, angles=angles)
        gates.append(gate)
    return replace(circuit, gates=tuple(gates))
