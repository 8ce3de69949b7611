"""Whether what a device returned can be the result of what it was sent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pennylane.measurements import (
    CountsMP,
    ExpectationMP,
    MeasurementProcess,
    ProbabilityMP,
    VarianceMP,
)
from pennylane.tape import QuantumScript

from pennylane_trainability.errors import DeviceFailure

__all__ = ["check_results", "wrong_results"]


def check_results(tapes: Sequence[QuantumScript], results: Sequence) -> None:
    """Refuse results that cannot be true: too few, not finite, or of the wrong size.

    Args:
        tapes: what was sent.
        results: what came back.

    Raises:
        DeviceFailure: the message names the first circuit whose result cannot be used.

    >>> import pennylane as qml
    >>> tape = qml.tape.QuantumScript([], [qml.probs(wires=0)], shots=10)
    >>> check_results([tape], [np.array([0.5, 0.5])])
    >>> check_results([tape], [np.array([0.5, np.nan])])
    Traceback (most recent call last):
    ...
    pennylane_trainability.errors.DeviceFailure: Circuit 1 of 1: the result has entries that are \
not finite. It is not used; ask the provider of the device, or run it again.
    """
    for number, wrong in wrong_results(tapes, results).items():
        raise DeviceFailure(
            f"Circuit {number + 1} of {len(tapes)}: the result {wrong}. It is not used; ask the "
            "provider of the device, or run it again."
        )


def wrong_results(tapes: Sequence[QuantumScript], results: Sequence) -> dict[int, str]:
    """What is wrong with results, by the position of the circuit.

    Raises:
        DeviceFailure: there are not as many results as circuits, so that none can be told.
    """
    if len(results) != len(tapes):
        raise DeviceFailure(
            f"The device gave {len(results)} results for {len(tapes)} circuits. They are not used; "
            "ask the provider of the device, or run it again."
        )
    both = enumerate(zip(tapes, results, strict=True))
    return {k: wrong for k, (tape, result) in both if (wrong := _wrong(tape, result))}


def _wrong(tape: QuantumScript, result) -> str:
    """What is wrong with a result, or nothing."""
    copies = [result]
    if tape.shots.has_partitioned_shots:
        copies, needed = _entries(result), tape.shots.num_copies
        if len(copies) != needed:
            return f"has {len(copies)} parts, and the circuit has {needed} numbers of shots"
    each = list(tape.shots) or [None]
    for copy, shots in zip(copies, each, strict=True):
        parts = [copy] if len(tape.measurements) == 1 else _entries(copy)
        if len(parts) != len(tape.measurements):
            return f"has {len(parts)} parts for {len(tape.measurements)} measurements"
        for measurement, part in zip(tape.measurements, parts, strict=True):
            if wrong := _wrong_part(measurement, part, tape, shots):
                return wrong
    return ""


def _entries(result) -> list:
    if isinstance(result, (tuple, list)):
        return list(result)
    # a plain array of scalars, one for each part
    return list(result) if np.ndim(result) else [result]


def _wrong_part(measurement: MeasurementProcess, part, tape: QuantumScript, shots) -> str:
    if isinstance(part, (tuple, list)) and len(part) == 1:
        part = part[0]  # plugins leave a tuple around a single measurement
    if isinstance(measurement, CountsMP):
        return _wrong_counts(part, shots)
    values = np.asarray(part)
    if values.dtype.kind not in "biufc":
        return f"holds {values.dtype} and no numbers"
    if not np.all(np.isfinite(values)):
        return "has entries that are not finite"
    size = tape.batch_size or 1
    if isinstance(measurement, (ExpectationMP, VarianceMP)) and values.size != size:
        return f"has {values.size} entries where {size} belong"
    if isinstance(measurement, ProbabilityMP):
        n_bits = _n_bits(measurement)
        if n_bits and values.size != size * 2**n_bits:
            return f"has {values.size} entries where {size * 2**n_bits} belong"
    return ""


def _n_bits(measurement: MeasurementProcess) -> int:
    """Bits of an outcome; 0 where the device decides."""
    if measurement.mv is None:
        return len(measurement.wires)
    return len(measurement.mv) if isinstance(measurement.mv, (list, tuple)) else 1


def _wrong_counts(part, shots: int | None) -> str:
    for counts in part if isinstance(part, (tuple, list, np.ndarray)) else [part]:
        if not isinstance(counts, dict):
            return f"is {type(counts).__name__} where counts belong"
        total = sum(counts.values())
        if shots is not None and total != shots:
            return f"counts {total} outcomes of {shots} shots"
    return ""
