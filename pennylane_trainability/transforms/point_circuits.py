"""Circuits that measure derivatives at many input points by the plan of a gradient.

One plan serves all points: what matters to it does not depend on the angles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.pairing import inputs_as_draws
from pennylane_trainability.transforms.gradient_circuits.answer import (
    Question,
    answer_of,
    question_of,
)
from pennylane_trainability.transforms.gradient_circuits.builder import can_broadcast
from pennylane_trainability.transforms.gradient_circuits.choice import How
from pennylane_trainability.transforms.gradient_circuits.tapes import Circuits
from pennylane_trainability.transforms.gradient_circuits.values import (
    values_of,
    values_slopes,
)

__all__ = ["PointCircuits", "point_circuits", "question_at_points"]


@dataclass(frozen=True, slots=True, eq=False)
class PointCircuits:
    """A batch of circuits and what they mean; see :class:`~.jacobian_tapes.JacobianTapes`.

    Attributes:
        matrix: ``(K, G)``, from the input points to the rows.
        question: what is measured at every point, and the plan.
        circuits: the tapes, point by point, and how they are read.
    """

    matrix: np.ndarray
    question: Question
    circuits: Circuits

    @property
    def tapes(self) -> list[QuantumScript]:
        """All circuits."""
        return self.circuits.tapes

    @property
    def n_circuits(self) -> int:
        """Circuits a device without broadcasting executes."""
        return self.question.n_circuits * self.matrix.shape[1]

    @property
    def method(self) -> str:
        """How derivatives are measured."""
        return self.question.plan.arrangement.scheme.method

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know."""
        return self.question.plan.arrangement.scheme.notes

    def observed(self, results: Sequence, shots: int | None) -> list:
        """What was seen in every circuit of every point.

        Args:
            results: of all tapes.
            shots: of every circuit; ``None`` for exact results.
        """
        return self.circuits.observed(results, shots)

    def values(self, observed: list) -> tuple[np.ndarray, np.ndarray | None]:
        """Jacobian ``(K, outputs, P)``; results ``(G, outputs)``, if they were measured."""
        problem, scheme = self.question.problem, self.question.plan.arrangement.scheme
        means = [self.circuits.means(seen) for seen in observed]
        slopes = np.array([scheme.jacobian(m, problem, g) for g, m in enumerate(means)])
        values = None
        if self.question.how.values:
            values = np.array([values_of(scheme, m, problem) for m in means])
        return np.einsum("kg,gop->kop", self.matrix, slopes), values

    def values_slopes(self) -> np.ndarray:
        """The results, but for constants, as combinations of the means, ``(outputs, T)``."""
        scheme = self.question.plan.arrangement.scheme
        return values_slopes(scheme, self.question.problem)

    def split(self, stack: np.ndarray) -> list[np.ndarray]:
        """``(K, outputs, P)`` per measurement, ``(K, *shape, P)``."""
        return self.question.problem.outputs.split(stack)


def question_at_points(
    circuit: Circuit, gradient: str, values: bool, wires: Sequence | None, where: str
) -> Question:
    """Plan the circuits of one input point, and of all.

    Args:
        circuit: at one parameter point and ``G`` input points.
        gradient: how derivatives are measured; see :func:`measured_grad`.
        values: whether the results themselves are measured, too.
        wires: of the device, if it is known.
        where: name of the device, for messages.

    Raises:
        ReadingError: something cannot be measured, or the device cannot do it.
        BudgetError: the Lie algebra has too many words.
    """
    how = How(method=gradient, values=values, keyword="gradient")
    paired = inputs_as_draws(circuit)
    return question_of(paired, circuit.measurements, how, wires, where)


def point_circuits(
    question: Question, matrix: np.ndarray, shots, broadcast: bool = False
) -> PointCircuits:
    """Build the circuits of all points; nothing is run.

    Args:
        question: the plan.
        matrix: ``(K, G)``, from the values at the input points to the rows.
        shots: of every circuit (a ``Shots`` object or anything it takes).
        broadcast: one tape for all points, for devices that execute these faster.
    """
    count = matrix.shape[1]
    if broadcast and can_broadcast(question.problem):
        made = answer_of(question, shots, batch=count)
    else:
        made = answer_of(question, shots, count)
    return PointCircuits(matrix, question, made)
