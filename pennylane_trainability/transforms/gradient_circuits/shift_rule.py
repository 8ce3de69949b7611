"""Derivatives from shifted circuits: what other methods are compared with and fall back to.

``∂f/∂angle = Σ_s c_s f(angle + a_s)`` holds exactly for a gate whose generator has the eigenvalue
differences the rule was made for (Wierichs, Izaac, Wang and Lin, arXiv:2107.12390).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pennylane_trainability.circuits.shifts import shift_rule
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.gradient_circuits.components import Component, Structure
from pennylane_trainability.transforms.gradient_circuits.scheme import (
    Scheme,
    Shift,
    State,
    TableBuilder,
)

__all__ = ["add_shifts", "shift_scheme"]


def shift_scheme(structure: Structure) -> Scheme:
    """Every angle by its own shifted circuits; a gate of several angles by inserted rotations.

    Raises:
        ReadingError: a gate has no known shift rule.
    """
    built = TableBuilder()
    add_shifts(built, structure, structure.angles, structure.angle_reach, 0)
    return built.scheme("shift", structure, structure.angles)


def add_shifts(
    built: TableBuilder,
    structure: Structure,
    components: Sequence[Component],
    reach: np.ndarray,
    first: int,
) -> None:
    """Ask for the shifted circuits of some components.

    Args:
        built: where they are added.
        structure: of the circuit.
        components: by angles, or by words that are put into the circuit as rotations.
        reach: which words of the read-out they reach.
        first: number of the first of them in the scheme.

    Raises:
        ReadingError: no shift rule is known.
    """
    for c, component in enumerate(components):
        if not component.frequencies:
            raise ReadingError(
                f"Gate number {component.gate} of the circuit has neither known generator words "
                "nor a known shift rule. Rewrite it with rotations, or leave its argument out with "
                "argnums."
            )
        for factor, amount in shift_rule(component.frequencies):
            state = State(shift=Shift(component.gate, amount, component.local))
            for i in np.flatnonzero(reach[c]).tolist():
                built.add(state, structure.words[i], i, first + c, component.sign * factor)
