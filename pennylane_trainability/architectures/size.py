"""How large a circuit is: gates and depth on CNOTs and one-qubit gates, circuits per gradient."""

from __future__ import annotations

import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.architectures.model import Model
from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.reading import apply_pipeline, tape_of
from pennylane_trainability.circuits.shifts import shift_plan
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.results import Result, record
from pennylane_trainability.transforms.bases import bases_of

__all__ = ["CircuitSize", "circuit_size"]

_GATES = frozenset(
    [
        *("CNOT", "Rot", "RX", "RY", "RZ", "PhaseShift", "U1", "U2", "U3", "Hadamard", "Identity"),
        *("PauliX", "PauliY", "PauliZ", "S", "T", "SX", "GlobalPhase"),
    ]
)
#: Names that cost no time.
_FREE = frozenset(["GlobalPhase", "Identity", "Barrier", "WireCut", "Snapshot"])


@record
class CircuitSize(Result):
    """The size of a circuit, decomposed to CNOTs and one-qubit gates as they are written.

    Neighbouring one-qubit gates are not merged, because some devices run each of them. What
    measuring adds is left out.

    Attributes:
        one_qubit: number of one-qubit gates.
        two_qubit: number of CNOTs.
        depth: number of gates on the longest way through the circuit.
        circuits: shifted circuits of one measured gradient at one input, parameters that are dead
            by structure left out; ``None`` where the observable has no measurement basis.
    """

    one_qubit: int
    two_qubit: int
    depth: int
    circuits: int | None


def circuit_size(model: Model, reading: Reading) -> CircuitSize:
    """Count gates, depth and circuits; nothing is executed.

    Args:
        model: the model.
        reading: the same, read.

    Raises:
        ReadingError: a gate has no decomposition.
    """
    args, kwargs = model.call()
    tape = apply_pipeline(model.qnode.compile_pipeline, tape_of(model.qnode.func, args, kwargs))
    operations = _elementary(tape)
    ends: dict = {}
    for op in operations:
        level = 1 + max((ends.get(wire, 0) for wire in op.wires), default=0)
        ends.update(dict.fromkeys(op.wires, level))
    two = sum(len(op.wires) > 1 for op in operations)
    return CircuitSize(
        one_qubit=len(operations) - two,
        two_qubit=two,
        depth=max(ends.values(), default=0),
        circuits=_circuits(reading.circuit),
    )


def _circuits(circuit: Circuit) -> int | None:
    """Circuits of the shift rules of all live parameters, in every measurement basis."""
    try:
        bases = bases_of(circuit)
    except ReadingError:
        return None
    return len(shift_plan(circuit, dead_parameters(circuit)).shifts) * len(bases)


def _elementary(tape: QuantumScript) -> list:
    """CNOTs and one-qubit gates."""
    try:
        (small,), _ = qml.transforms.decompose(tape, gate_set=_GATES)
    except Exception as error:
        raise ReadingError(
            f"The circuit cannot be decomposed to CNOTs and one-qubit gates: {error}"
        ) from error
    operations = [op for op in small.operations if op.name not in _FREE]
    large = {op.name for op in operations if len(op.wires) > 1 and op.name != "CNOT"}
    if large:
        raise ReadingError(
            f"The gates {sorted(large)} have no decomposition to CNOTs and one-qubit gates, so "
            "two-qubit gates and depth cannot be counted. Give them one."
        )
    return operations
