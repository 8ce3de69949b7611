r"""The mixture as one circuit: a register picks the part, and nobody looks at the register.

.. math:: \sum_k \sqrt{\alpha_k}\,|k\rangle \otimes U_k|\psi\rangle

Without the register the state is :math:`\sum_k \alpha_k U_k|\psi\rangle\langle\psi|U_k^\dagger`.
"""

from __future__ import annotations

import numpy as np
import pennylane as qml
from pennylane.measurements import Shots
from pennylane.operation import Channel, Operator
from pennylane.ops import Conditional, MidMeasure
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.reading import apply_pipeline
from pennylane_trainability.density.mixture import Call, trainable
from pennylane_trainability.density.outputs import check_measurements, weighted_sum
from pennylane_trainability.density.weights import numbers_of
from pennylane_trainability.errors import ReadingError

__all__ = ["register_tape", "register_tapes"]


def register_tapes(call: Call, shots: Shots):
    """One circuit with all shots.

    Returns:
        Tapes and their post-processing.
    """
    tape, outputs = register_tape(call, shots), call.outputs
    # the circuit knows the weights up to a factor; with their sum, which is one, derivatives by
    # the weights are those of Σ α_k f_k
    total = qml.math.sum(call.alpha, axis=-1)

    def mixed(result):
        return outputs.unflatten(weighted_sum(outputs, [total], [outputs.leaves(result)]))

    def post(results):
        if not shots.has_partitioned_shots:
            return mixed(results[0])
        return tuple(mixed(result) for result in results[0])

    return [tape], post


def register_tape(call: Call, shots: Shots, *, transformed: bool = False) -> QuantumScript:
    """The circuit.

    What all parts begin with is run once. The rest of each part is controlled by the register, as
    ``qml.Select(…, partial=True)`` does it, but gate by gate: gradients of ``Select`` itself are
    finite differences.

    Args:
        call: the call.
        shots: shots of the circuit.
        transformed: whether the parts' own transforms have been applied.

    Raises:
        ReadingError: the device has too few wires, or a gate has no controlled version.
    """
    tapes = list(call.tapes)
    if not transformed:
        parts = zip(call.mixture.parts, tapes, strict=True)
        tapes = [apply_pipeline(part.compile_pipeline, tape) for part, tape in parts]
        check_measurements(tapes)
    _check(call, tapes)
    operations = [_gates(tape, number) for number, tape in enumerate(tapes)]
    count = len(tapes)
    wires = _register(call, tapes, (count - 1).bit_length())
    common = _common(operations)
    with QueuingManager.stop_recording():
        gates = [*operations[0][:common], *_prepared(call.alpha, wires)]
        for k, own in enumerate(operations):
            controls, values = _controls(k, count, wires)
            for gate in own[common:]:
                gates.append(qml.ctrl(gate, controls, control_values=values) if controls else gate)
        return trainable(QuantumScript(gates, tapes[0].measurements, shots=shots))


def _check(call: Call, tapes: list[QuantumScript]) -> None:
    if not all(m.wires for m in tapes[0].measurements):
        raise ReadingError(
            "With method='register' a measurement without wires would see the register; name the "
            "wires, such as qml.probs(wires=[0, 1])."
        )
    if not qml.math.requires_grad(call.alpha) or qml.math.is_abstract(call.alpha):
        return
    if np.any(numbers_of(call.alpha) <= 0):
        raise ReadingError(
            "With method='register' the weights are angles, which have no derivative where a "
            f"weight is zero; got {numbers_of(call.alpha)}. Use method='exact', or "
            "weights='softmax'."
        )


def _gates(tape: QuantumScript, number: int) -> list[Operator]:
    for op in tape.operations:
        if isinstance(op, (Channel, Conditional, MidMeasure)):
            raise ReadingError(
                f"{op} of part {number} has no controlled version, which method='register' needs. "
                "Use method='exact' or 'randomised'."
            )
    return [op for op in tape.operations if not isinstance(op, qml.Barrier)]


def _common(operations: list[list[Operator]]) -> int:
    """With how many equal gates all parts begin."""
    if len(operations) == 1:
        return len(operations[0])
    number = 0
    for column in zip(*operations, strict=False):
        if not all(_same(gate, column[0]) for gate in column[1:]):
            break
        number += 1
    return number


def _same(one: Operator, other: Operator) -> bool:
    """Whether two gates are equal and stay equal: what can be trained may happen to agree."""
    values = (*one.data, *other.data)
    if any(qml.math.is_abstract(v) or qml.math.requires_grad(v) for v in values):
        return one is other
    return qml.equal(one, other, check_interface=False, check_trainability=False)


def _register(call: Call, tapes: list[QuantumScript], size: int) -> list:
    used = qml.wires.Wires.all_wires([tape.wires for tape in tapes])
    own, wish = call.device.wires, call.mixture.aux_wires
    if wish is not None:
        wish = list(qml.wires.Wires(wish))
        free = [w for w in wish if w not in used and (own is None or w in own)]
    elif own is not None:
        free = [w for w in own if w not in used]
    else:
        integers = [w for w in used if isinstance(w, (int, np.integer))]
        first = max(integers, default=-1) + 1
        free = list(range(first, first + size))
    if len(free) < size or (wish is not None and len(free) < len(wish)):
        raise ReadingError(
            f"method='register' needs {size} wires for {len(tapes)} parts that the parts do not "
            f"use; they use {list(used)}, the device has {'any' if own is None else list(own)}, "
            f"aux_wires={wish}. Give the device more wires, or use method='exact' or 'randomised'."
        )
    return free[:size]


def _controls(k: int, count: int, wires: list) -> tuple[list, list[int]]:
    """Wires and values that pick part ``k``.

    A zero that would be a part that does not exist, were it a one, need not be checked.
    """
    size = len(wires)
    bits = [(k >> (size - 1 - r)) & 1 for r in range(size)]
    kept = [r for r in range(size) if bits[r] or k + 2 ** (size - 1 - r) < count]
    return [wires[r] for r in kept], [bits[r] for r in kept]


def _prepared(alpha, wires: list) -> list[Operator]:
    r"""Gates for :math:`\sum_k \sqrt{\alpha_k}|k\rangle`: a binary tree of ``RY`` rotations.

    A node splits its weight between two halves by the angle
    :math:`2\arctan\sqrt{\text{right}/\text{left}}`. Rotations and CNOTs only, so that every
    gradient method of PennyLane knows them.
    """
    gates: list[Operator] = []
    count = qml.math.shape(alpha)[-1]
    for level in range(len(wires)):
        width = 2 ** (len(wires) - level - 1)
        starts = range(0, 2 ** len(wires), 2 * width)
        angles = [_angle(alpha, start, width, count) for start in starts]
        gates += _multiplexed(angles, wires[:level], wires[level])
    return gates


def _angle(alpha, start: int, width: int, count: int):
    right = range(start + width, min(start + 2 * width, count))
    if not right:
        return 0.0
    halves = (range(start, start + width), right)
    left, rest = (sum((alpha[..., k] for k in half[1:]), alpha[..., half[0]]) for half in halves)
    return 2 * qml.math.arctan2(qml.math.sqrt(rest), qml.math.sqrt(left))


def _multiplexed(angles: list, controls: list, target) -> list[Operator]:
    """``RY`` with one angle per basis state of the controls (a CNOT turns ``RY(b)`` around)."""
    if all(isinstance(angle, float) and angle == 0.0 for angle in angles):
        return []
    if not controls:
        return [qml.RY(angles[0], wires=target)]
    half = len(angles) // 2
    pairs = list(zip(angles[:half], angles[half:], strict=True))
    return [
        *_multiplexed([(a + b) / 2 for a, b in pairs], controls[1:], target),
        qml.CNOT([controls[0], target]),
        *_multiplexed([(a - b) / 2 for a, b in pairs], controls[1:], target),
        qml.CNOT([controls[0], target]),
    ]
