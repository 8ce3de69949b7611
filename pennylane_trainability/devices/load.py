"""What circuits are for a device once it has compiled them: depth, gates, jobs, duration."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pennylane.tape import QuantumScript

from pennylane_trainability.devices import backend_run, primitives
from pennylane_trainability.devices.one_job import OneJob, one_job
from pennylane_trainability.devices.plugin import legacy_device

__all__ = ["Load", "jobs_of", "loads_of", "repetition_delay"]


@dataclass(frozen=True, slots=True)
class Load:
    """A compiled circuit.

    Attributes:
        depth: gates and measurements one after the other.
        two_qubit_gates: gates on two qubits; gates on more are not counted.
        seconds: duration of one repetition by the backend's own figures; NaN where it has none.
    """

    depth: int
    two_qubit_gates: int
    seconds: float


def loads_of(device, tapes: Sequence[QuantumScript]) -> list[list[Load]]:
    """Per tape the circuits that a device makes of it; nothing is run.

    Qiskit devices compile for their backend, others decompose as they do before they execute.

    Args:
        device: a PennyLane device.
        tapes: circuits.
    """
    where = one_job(device)
    prepared = [_prepared(where, tape) for tape in tapes]
    flat = [tape for part in prepared for tape in part]
    if not isinstance(where, OneJob):
        found = [_of_tape(tape) for tape in flat]
    elif legacy := legacy_device(where.user_device):
        found = [_of_qiskit(c, legacy.backend) for c in backend_run.compiled(legacy, flat)]
    else:
        own = where.user_device
        found = [_of_qiskit(c, own.backend) for c in primitives.compiled(own, flat)]
    rest = iter(found)
    return [[next(rest) for _ in part] for part in prepared]


def jobs_of(device, tapes: Sequence[QuantumScript]) -> int | None:
    """Jobs in which the circuits are sent; ``None`` on devices that know no jobs."""
    where = one_job(device)
    if not isinstance(where, OneJob):
        return None
    flat = [own for tape in tapes for own in _prepared(where, tape)]
    groups: dict[Any, int] = {}
    legacy = legacy_device(where.user_device) is not None
    for tape in flat:
        key = tape.shots.total_shots if legacy else primitives.is_estimated(tape)
        groups[key] = groups.get(key, 0) + 1
    size = where.circuits_per_job
    return sum(math.ceil(count / (size or count)) for count in groups.values())


def repetition_delay(device) -> float | None:
    """Seconds between repetitions that a backend states, if it does."""
    backend: Any = getattr(getattr(device, "target_device", device), "backend", None)
    stated = getattr(backend, "default_rep_delay", None)
    if stated is None and callable(getattr(backend, "configuration", None)):
        stated = getattr(backend.configuration(), "default_rep_delay", None)
    return None if stated is None else float(stated)


def _prepared(device, tape: QuantumScript) -> list[QuantumScript]:
    config = device.setup_execution_config(circuit=tape)
    return list(device.preprocess_transforms(config)([tape])[0])


def _of_tape(tape: QuantumScript) -> Load:
    pairs = sum(len(op.wires) == 2 for op in tape.operations)
    return Load(tape.specs["resources"].depth, pairs, math.nan)


def _of_qiskit(circuit, backend) -> Load:
    from qiskit.exceptions import QiskitError

    pairs = sum(len(item.qubits) == 2 and item.operation.name != "barrier" for item in circuit.data)
    try:
        seconds = float(circuit.estimate_duration(backend.target))
    except (QiskitError, AttributeError):  # simulators have no durations
        seconds = math.nan
    return Load(circuit.depth(), pairs, seconds)
