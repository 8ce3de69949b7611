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
    wire. The others are mirrors. Each is run ``repeats`` times in a row, mirrors with the angles of
    different circuits of the answer, and what is seen is added up.

    Attributes:
        wires: labels of the wires that are read.
        flips: whether errors of reading are measured.
        mirrors: for every circuit of the answer the number of its mirror; empty without mirrors.
        shots: of every circuit.
        tapes: the circuits.
        repeats: how often each is run.
    """

    wires: tuple
    flips: bool
    mirrors: tuple[int, ...]
    shots: int
    tapes: list[QuantumScript]
    repeats: int = 1

    @property
    def n_mirrors(self) -> int:
        """How many mirrors there are, repeats counted once."""
        return len(self.tapes) // self.repeats - 1 - self.flips

    def bits(self, results: Sequence) -> list[tuple[np.ndarray, np.ndarray]]:
        """What was seen in every circuit: outcomes ``(u, w)`` and how often, ``(u,)``."""
        out = []
        for start in range(0, len(results), self.repeats):
            own = [pair for one in results[start : start + self.repeats] for pair in one.items()]
            rows = [[int(b) for b in str(key).zfill(len(self.wires))] for key, _ in own]
            out.append((np.array(rows, int), np.array([count for _, count in own], float)))
        return out


def calibration_tapes(
    tapes: Sequence[QuantumScript], *, mirrors: bool, flips: bool, repeats: int = 1
) -> CalibrationTapes:
    """Circuits that calibrate others; nothing is run.

    A mirror runs the gates of a circuit and then their inverse. Circuits with the same gates on
    several wires share one: angles and gates on single wires make no difference to the model.

    Args:
        tapes: the circuits of an answer, with one number of shots each.
        mirrors: whether survivals are measured.
        flips: whether errors of reading are.
        repeats: how often each circuit is run, for answers from so many circuits that the errors of
            a single one would decide.

    Raises:
        ReadingError: a gate has no inverse.
    """
    wires = tuple(qml.wires.Wires.all_wires([tape.wires for tape in tapes]))
    shots = max((tape.shots.total_shots or 0 for tape in tapes), default=0)

    def circuit(operations: list[Operator]) -> QuantumScript:
        return QuantumScript(operations, [qml.counts(wires=wires)], shots=shots)

    with QueuingManager.stop_recording():
        made = [circuit([]) for _ in range(repeats)]
        if flips:
            made += [circuit([qml.X(wire) for wire in wires]) for _ in range(repeats)]
        alike: dict[tuple, list[QuantumScript]] = {}
        keys = [_skeleton(tape) for tape in tapes] if mirrors else []
        for key, tape in zip(keys, tapes, strict=False):
            alike.setdefault(key, []).append(tape)
        for same in alike.values():
            for number in range(repeats):
                made.append(circuit(_forth_and_back(same[number % len(same)])))
    order = {key: number for number, key in enumerate(alike)}
    return CalibrationTapes(wires, flips, tuple(order[key] for key in keys), shots, made, repeats)


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
