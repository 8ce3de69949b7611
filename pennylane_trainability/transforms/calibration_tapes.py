"""Circuits that tell what a device does to known states: reading, and running forth and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pennylane as qml
from pennylane.operation import Channel, Operator, StatePrepBase
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.errors import ReadingError

__all__ = ["CalibrationTapes", "calibration_tapes"]


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationTapes:
    """Circuits that are run next to those of an answer.

    All of them read all ``wires``. The first applies nothing. With ``flips`` the second turns every
    wire. The others are mirrors.

    Attributes:
        wires: labels of the wires that are read.
        flips: whether errors of reading are measured.
        mirrors: for every circuit of the answer the number of its mirror; empty without mirrors.
        shots: of every circuit.
        tapes: the circuits.
    """

    wires: tuple
    flips: bool
    mirrors: tuple[int, ...]
    shots: int
    tapes: list[QuantumScript]

    @property
    def n_mirrors(self) -> int:
        """How many mirrors there are."""
        return len(self.tapes) - 1 - self.flips

    def bits(self, results: Sequence) -> list[tuple[np.ndarray, np.ndarray]]:
        """What was seen in every circuit: outcomes ``(u, w)`` and how often, ``(u,)``."""
        out = []
        for result in results:
            rows = [[int(b) for b in str(key).zfill(len(self.wires))] for key in result]
            out.append((np.array(rows, int), np.array(list(result.values()), float)))
        return out


def calibration_tapes(
    tapes: Sequence[QuantumScript], *, mirrors: bool, flips: bool
) -> CalibrationTapes:
    """Circuits that calibrate others; nothing is run.

    A mirror runs the gates of a circuit and then their inverse. Circuits with the same gates on
    several wires share one: angles and gates on single wires make no difference to the model.

    Args:
        tapes: the circuits of an answer, with one number of shots each.
        mirrors: whether survivals are measured.
        flips: whether errors of reading are.

    Raises:
        ReadingError: a gate has no inverse.
    """
    wires = tuple(qml.wires.Wires.all_wires([tape.wires for tape in tapes]))
    shots = max((tape.shots.total_shots or 0 for tape in tapes), default=0)

    def circuit(operations: list[Operator]) -> QuantumScript:
        return QuantumScript(operations, [qml.counts(wires=wires)], shots=shots)

    with QueuingManager.stop_recording():
        made = [circuit([])]
        if flips:
            made.append(circuit([qml.X(wire) for wire in wires]))
        numbers: dict[tuple, int] = {}
        own = []
        for tape in tapes if mirrors else ():
            key = _skeleton(tape)
            if key not in numbers:
                numbers[key] = len(numbers)
                made.append(circuit(_forth_and_back(tape)))
            own.append(numbers[key])
    return CalibrationTapes(wires, flips, tuple(own), shots, made)


def _skeleton(tape: QuantumScript) -> tuple:
    """The gates on several wires, whatever their angles."""
    several = [
        op for op in tape.operations if len(op.wires) > 1 and not isinstance(op, qml.Barrier)
    ]
    return tuple(sorted((op.name, tuple(map(str, op.wires))) for op in several))


def _forth_and_back(tape: QuantumScript) -> list[Operator]:
    if tape.batch_size is not None:
        tape = qml.transforms.broadcast_expand(tape)[0][0]
    forth: list[Operator] = []
    for op in tape.operations:
        forth += op.decomposition() if isinstance(op, StatePrepBase) else [op]
    for op in forth:
        if isinstance(op, Channel) or not (op.has_matrix or op.has_adjoint):
            raise ReadingError(
                f"rescale runs circuits backwards, and {op.name} has no inverse. Put noise into "
                "the device instead of the circuit, or leave rescale out."
            )
    back = [qml.adjoint(op, lazy=False) for op in reversed(forth)]
    # a compiler must not cancel what is undone: it would take the noise with it
    return [*forth, qml.Barrier(wires=tape.wires), *back]
