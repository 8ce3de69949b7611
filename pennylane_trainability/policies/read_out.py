"""A QNode read as a distribution over outcomes of its measured wires."""

from __future__ import annotations

import pennylane as qml
from pennylane.measurements import ExpectationMP, ProbabilityMP
from pennylane.tape import QuantumScript

from pennylane_trainability.errors import ReadingError

__all__ = ["outcome_probabilities"]

_HELP = (
    "A Born policy needs the probabilities of outcomes: return qml.probs(wires=…), or one Pauli "
    "word, such as qml.expval(qml.X(0) @ qml.Z(1)), whose wires are then read in its basis."
)


@qml.transform
def outcome_probabilities(tape: QuantumScript):
    """The same circuit, its one measurement replaced by the probabilities of its outcomes.

    ``probs`` of wires stays as it is; ``probs(op=…)`` and ``expval`` of a Pauli word become the
    rotation into the basis of the word and ``probs`` of its wires.

    Raises:
        ReadingError: there are several measurements, or something else is measured.
    """
    if len(tape.measurements) != 1:
        raise ReadingError(f"{_HELP} This QNode returns {len(tape.measurements)} measurements.")
    (measurement,) = tape.measurements
    if not isinstance(measurement, (ExpectationMP, ProbabilityMP)) or measurement.mv is not None:
        raise ReadingError(f"{_HELP} This QNode returns {measurement}.")
    if measurement.obs is None:
        return [tape], _first
    words = measurement.obs.pauli_rep
    if words is None or len(words) != 1 or not measurement.obs.wires:
        raise ReadingError(f"{_HELP} {measurement.obs} is no Pauli word.")
    turned = [*tape.operations, *measurement.obs.diagonalizing_gates()]
    new = [qml.probs(wires=measurement.obs.wires)]
    return [tape.copy(operations=turned, measurements=new)], _first


def _first(results):
    return results[0]
