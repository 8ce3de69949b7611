"""What every included quantity is given, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.stack import JacobianStack
from pennylane_trainability.laws import Law
from pennylane_trainability.results import Estimate, Provenance, Result
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY

__all__ = ["Included", "Shared"]


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """A QNode at parameter draws, simulated once for everything.

    Attributes:
        qnode: the QNode.
        args: of the call.
        kwargs: of the call.
        encoding_args: its data arguments.
        argnums: its trainable arguments.
        reading: the QNode, read at this call.
        parameters: the draws, ``(D, P)``, without the values given.
        stack: coefficients and Jacobians at the same draws.
        law: how parameters were drawn.
        level: of intervals.
        provenance: where the draws come from; its seed serves what else is drawn.
        memory: bytes of states.
    """

    qnode: Any
    args: tuple
    kwargs: dict
    encoding_args: Any
    argnums: Any
    reading: Reading
    parameters: np.ndarray
    stack: JacobianStack
    law: Law
    level: float
    provenance: Provenance
    memory: int = DEFAULT_MEMORY

    def seed(self, number: int) -> np.random.SeedSequence:
        """The seed of what a quantity draws for itself, another one for every number."""
        return np.random.SeedSequence(self.provenance.seed, spawn_key=(number,))

    def without_given(self) -> Shared:
        """The same without the first row of the stack, where that is the values given."""
        if len(self.stack.jacobians) == len(self.parameters):
            return self
        rows = None if self.stack.rows is None else self.stack.rows[1:]
        return replace(
            self, stack=replace(self.stack, jacobians=self.stack.jacobians[1:], rows=rows)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Included:
    """A result, and what stands for it in tables.

    Attributes:
        result: the record.
        columns: pairs of a short title and a number.
    """

    result: Result
    columns: tuple[tuple[str, Estimate | float], ...]
