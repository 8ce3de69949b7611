"""One gradient on one device: from a circuit to tapes, and from results to Jacobians.

The transforms and their measured twin use this one builder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pennylane.measurements import MeasurementProcess

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.transforms.gradient_circuits.choice import How, Plan, plan_of
from pennylane_trainability.transforms.gradient_circuits.components import Problem
from pennylane_trainability.transforms.gradient_circuits.kept import plans
from pennylane_trainability.transforms.gradient_circuits.keys import structure_key
from pennylane_trainability.transforms.gradient_circuits.outputs import outputs_of
from pennylane_trainability.transforms.gradient_circuits.structure import structure_of
from pennylane_trainability.transforms.gradient_circuits.tapes import Circuits, circuits_of

__all__ = ["Question", "answer_of", "problem_of", "question_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A problem and the plan to measure it, before anything is built.

    Attributes:
        problem: the circuit and its numbers.
        plan: what will be run at every parameter point.
        how: the options it was planned with.
    """

    problem: Problem
    plan: Plan
    how: How

    @property
    def n_circuits(self) -> int:
        """Circuits per parameter point."""
        return len(self.plan.arrangement.readings)


def problem_of(
    circuit: Circuit, measurements: Sequence[MeasurementProcess]
) -> tuple[Problem, bytes | None]:
    """What is to be differentiated, and a digest of its structure.

    Args:
        circuit: the record of a circuit.
        measurements: what it returns.

    Raises:
        ReadingError: a measurement is no combination of Pauli words.
    """
    outputs = outputs_of(measurements, circuit.wires)
    key = structure_key(circuit, outputs.words)
    structure = plans.get(
        key and (key, "structure"),
        lambda: structure_of(circuit, outputs.words),
        lambda made: len(made.parts) + len(made.components),
    )
    return Problem(structure, circuit, outputs), key


def question_of(
    circuit: Circuit,
    measurements: Sequence[MeasurementProcess],
    how: How,
    own: Sequence | None = None,
    where: str = "a bare tape",
) -> Question:
    """Plan a gradient; nothing is built or run.

    Args:
        circuit: the record of a circuit.
        measurements: what it returns.
        how: options.
        own: wires of the device, if it is known.
        where: name of the device, for messages.
    """
    problem, key = problem_of(circuit, measurements)
    wires = own if how.device_wires is None else list(how.device_wires)
    return Question(problem, plan_of(problem, key, wires, how, where), how)


def answer_of(
    question: Question, shots, n_points: int | None = None, batch: int | None = None
) -> Circuits:
    """Build the tapes of a gradient; see :func:`circuits_of`."""
    made, how = question.plan, question.how
    return circuits_of(
        question.problem, made.arrangement, shots, n_points, made.aux, how.read_out, batch
    )
