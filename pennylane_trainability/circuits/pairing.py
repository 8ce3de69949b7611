"""One parameter point at many inputs, as a planner sees it that knows parameter draws only."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np

from pennylane_trainability.circuits.circuit import Angle, Circuit, Numbers

__all__ = ["in_order", "inputs_as_draws", "only"]


def inputs_as_draws(circuit: Circuit) -> Circuit:
    """A circuit at one draw and ``G`` input points as one at ``G`` draws.

    Args:
        circuit: angles broadcast to ``(1, G)``.

    Returns:
        The same angles, broadcast to ``(G, 1)``.
    """
    return _changed(circuit, _turned)


def only(circuit: Circuit, kept: Collection[int]) -> Circuit:
    """The same circuit with fewer trainable parameters; the others are held at their values.

    Args:
        circuit: the circuit.
        kept: flat parameters that stay trainable; they keep their numbers.
    """
    kept = frozenset(kept)

    def without(angle: Angle) -> Angle:
        if kept.issuperset(angle.parameters):
            return angle
        left = {p: slope for p, slope in angle.parameters.items() if p in kept}
        return replace(angle, parameters=left)

    return _changed(circuit, without)


def in_order(circuit: Circuit, parameters: Collection[int]) -> list[int]:
    """Parameters in the order in which gates first use them."""
    found: dict[int, None] = {}
    for gate in circuit.gates:
        for angle in gate.angles:
            found.update(dict.fromkeys(sorted(angle.parameters)))
    wanted = frozenset(parameters)
    return [p for p in found if p in wanted]


def _changed(circuit: Circuit, change: Callable[[Angle], Angle]) -> Circuit:
    gates = tuple(
        replace(gate, angles=tuple(map(change, gate.angles))) if gate.angles else gate
        for gate in circuit.gates
    )
    return replace(circuit, gates=gates)


def _turned(angle: Angle) -> Angle:
    return replace(
        angle,
        value=_transposed(angle.value),
        parameters={p: _transposed(slope) for p, slope in angle.parameters.items()},
        inputs={i: _transposed(slope) for i, slope in angle.inputs.items()},
    )


def _transposed(value: Numbers) -> Numbers:
    if not np.ndim(value):
        return value
    if len(value) > 1:
        raise ValueError("Inputs become draws at one parameter draw only.")
    return value.T
