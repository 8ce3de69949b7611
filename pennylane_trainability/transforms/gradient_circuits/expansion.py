"""Tapes whose trainable parameters are scalars: templates are taken apart, gates are left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pennylane as qml
from pennylane.operation import Operator, StatePrepBase
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.expansion import ONE_ANGLE

__all__ = ["broadcasts_natively", "scalar_tapes"]

_MAX_DEPTH = 20


def scalar_tapes(tape: QuantumScript):
    """Take apart operators with trainable arrays, or with a broadcasting axis beside gate angles.

    Parameters of the parts are trainable if they require a gradient; where the numbers do not say
    so (plain NumPy), all parameters of the parts of a trainable operator are. Sums with trainable
    coefficients become one expectation value per term, so that the coefficients are outside.

    Args:
        tape: any tape.

    Returns:
        tapes and post-processing, as a transform does.
    """
    trainable = set(tape.trainable_params)
    parts: list[tuple[Operator, list[bool]]] = []
    j = 0
    with QueuingManager.stop_recording():
        for op in tape.operations:
            flags = [j + k in trainable for k in range(len(op.data))]
            j += len(op.data)
            parts += _scalar(op, flags, 0)
    if len(parts) != len(tape.operations) or any(
        op is not old for (op, _), old in zip(parts, tape.operations, strict=True)
    ):
        rest = [t - j for t in tape.trainable_params if t >= j]
        flat = [flag for _, flags in parts for flag in flags]
        new = [k for k, flag in enumerate(flat) if flag] + [len(flat) + t for t in rest]
        operations = [op for op, _ in parts]
        tape = tape.copy(operations=operations, trainable_params=new)
    if not any(_requires_grad(m.obs) for m in tape.measurements if m.obs is not None):
        return [tape], _first
    tapes, post = qml.transforms.split_to_single_terms(tape)
    for single in tapes:
        # coefficients stay outside, so that only gate parameters are left
        single.trainable_params = [t for t in tape.trainable_params if t < _gate_parameters(tape)]
    return tapes, post


def broadcasts_natively(op: Operator) -> bool:
    """Whether a broadcasting axis of an operator may stay where it is."""
    return op.batch_size is None or _keeps_axis(op)


def _first(results):
    return results[0]


def _gate_parameters(tape: QuantumScript) -> int:
    return sum(len(op.data) for op in tape.operations)


def _requires_grad(op: Operator) -> bool:
    return any(qml.math.requires_grad(value) for value in op.data)


def _scalar(op: Operator, flags: list[bool], depth: int) -> Iterator[tuple[Operator, list[bool]]]:
    if depth > _MAX_DEPTH or not _must_go(op, flags) or not op.has_decomposition:
        yield op, flags
        return
    says_so = _requires_grad(op)
    for part in op.decomposition():
        own = [qml.math.requires_grad(value) if says_so else any(flags) for value in part.data]
        yield from _scalar(part, own, depth + 1)


def _must_go(op: Operator, flags: list[bool]) -> bool:
    if not op.data or _is_indivisible(op):
        return False
    if op.batch_size is not None and not _keeps_axis(op):
        return True
    return (
        any(flags)
        and any(flag and qml.math.ndim(value) for value, flag in zip(op.data, flags, strict=True))
        and not (op.batch_size is not None and _keeps_axis(op))
    )


def _is_indivisible(op: Operator) -> bool:
    """Whether PennyLane has a decomposition of the operator, but not of a batch of them."""
    return isinstance(op, qml.QubitUnitary) and op.batch_size is not None and len(op.wires) > 1


def _keeps_axis(op: Operator) -> bool:
    return op.name in ONE_ANGLE or op.name == "Rot" or isinstance(op, StatePrepBase)
