"""What the parts measure: the same linear functions of the state; and weighted sums of results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pennylane as qml
from pennylane.measurements import (
    DensityMatrixMP,
    ExpectationMP,
    MeasurementProcess,
    ProbabilityMP,
)
from pennylane.tape import QuantumScript

from pennylane_trainability.errors import ReadingError

__all__ = ["Outputs", "check_measurements", "outputs_of", "weighted_sum"]

#: Measurements whose result is linear in the density matrix → axes of one result.
_AXES = {ExpectationMP: 0, ProbabilityMP: 1, DensityMatrixMP: 2}


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """The results of a call.

    Attributes:
        structure: what a quantum function returned, measurements as leaves.
        axes: number of axes of every result.
    """

    structure: Any
    axes: tuple[int, ...]

    def leaves(self, result) -> tuple:
        """One result per measurement, from what a tape gives."""
        return (result,) if len(self.axes) == 1 else tuple(result)

    def unflatten(self, leaves: Sequence):
        """Results in the structure the quantum functions return."""
        _, structure = qml.pytrees.flatten(self.structure, is_leaf=_is_measurement)
        return qml.pytrees.unflatten(list(leaves), structure)


def outputs_of(returned: Sequence, tapes: Sequence[QuantumScript], device) -> Outputs:
    """What all parts return, if they return the same.

    Args:
        returned: what each quantum function returned.
        tapes: what each queued.
        device: where they run.

    Raises:
        ReadingError: the parts measure different things, or something that is not linear in the
            state; the message names it.
    """
    structures = [qml.pytrees.flatten(r, is_leaf=_is_measurement) for r in returned]
    for number, ((leaves, structure), tape) in enumerate(zip(structures, tapes, strict=True)):
        if not all(map(_is_measurement, leaves)) or len(leaves) != len(tape.measurements):
            raise ReadingError(
                f"Part {number} queues {len(tape.measurements)} measurements and returns "
                f"{returned[number]!r}; return every measurement, and nothing else."
            )
        if structure != structures[0][1]:
            raise ReadingError(
                f"All parts must return the same, but part {number} returns {returned[number]!r} "
                f"and part 0 {returned[0]!r}."
            )
    check_measurements(tapes)
    _check_wires(tapes, device)
    return Outputs(returned[0], tuple(_AXES[type(m)] for m in tapes[0].measurements))


def check_measurements(tapes: Sequence[QuantumScript]) -> None:
    """Refuse parts that measure different things, or something not linear in the state."""
    first = tapes[0].measurements
    if not first:
        raise ReadingError("The parts measure nothing; return qml.expval(…) or qml.probs(…).")
    for measurement in first:
        if type(measurement) not in _AXES or measurement.mv is not None:
            raise ReadingError(
                f"{measurement} is not linear in the state, or no measurement of wires at the end, "
                "so that no weighted sum of the parts gives it. Measure qml.expval(…), "
                "qml.probs(wires=…) or qml.density_matrix(…)."
            )
    for number, tape in enumerate(tapes):
        same = len(tape.measurements) == len(first) and all(map(_same, tape.measurements, first))
        if not same:
            raise ReadingError(
                f"All parts must measure the same, but part {number} measures "
                f"{tape.measurements} and part 0 {first}."
            )


def _same(one: MeasurementProcess, other: MeasurementProcess) -> bool:
    observables = [m.obs for m in (one, other) if m.obs is not None]
    if any(qml.math.is_abstract(value) for obs in observables for value in obs.data):
        # being compiled: there are no numbers to compare
        return type(one) is type(other) and one.wires == other.wires
    return qml.equal(one, other, check_interface=False, check_trainability=False)


def _check_wires(tapes: Sequence[QuantumScript], device) -> None:
    if device.wires is not None or all(m.wires for m in tapes[0].measurements):
        return
    for number, tape in enumerate(tapes):
        if tape.wires != tapes[0].wires:
            raise ReadingError(
                f"A measurement without wires takes those of its part, and part {number} has "
                f"{list(tape.wires)}, part 0 {list(tapes[0].wires)}. Name the wires to be "
                "measured, such as qml.probs(wires=[0, 1]), or give the device wires."
            )


def weighted_sum(outputs: Outputs, coefficients: Sequence, results: Sequence[Sequence]) -> list:
    """``Σ_k c_k r_k`` for every measurement.

    Args:
        outputs: what is measured.
        coefficients: one per term, a number or ``(B,)``.
        results: one tuple of results per term.
    """
    like = qml.math.get_interface(*coefficients, *(leaf for r in results for leaf in r))
    sums = []
    for number, axes in enumerate(outputs.axes):
        terms = [
            _scaled(c, r[number], axes, like) for c, r in zip(coefficients, results, strict=True)
        ]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        sums.append(total)
    return sums


def _scaled(coefficient, result, axes: int, like: str):
    if like == "torch":
        coefficient, result = qml.math.coerce([coefficient, result], like=like)
    if len(qml.math.shape(coefficient)):
        coefficient = qml.math.reshape(coefficient, (-1, *(1,) * axes))
    return coefficient * result


def _is_measurement(obj) -> bool:
    return isinstance(obj, MeasurementProcess)
