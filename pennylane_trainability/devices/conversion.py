"""A PennyLane circuit as a Qiskit circuit with registers of its own, and its bits as results."""

from __future__ import annotations

import itertools

import numpy as np
import pennylane as qml
from pennylane.measurements import SampleMeasurement
from pennylane.ops import Barrier, MidMeasure
from pennylane.tape import QuantumScript

from pennylane_trainability.devices.mid_circuit import on_bits

__all__ = ["is_sampled", "on_register", "results_of", "to_qiskit"]

#: Classical registers: outcomes in the middle, outcomes of all wires at the end.
_MIDDLE, _END = "middle", "end"


def is_sampled(tape: QuantumScript) -> bool:
    """Whether every result of a circuit follows from outcomes of its shots."""
    return all(isinstance(m, SampleMeasurement) for m in tape.measurements)


def on_register(tape: QuantumScript, wires) -> QuantumScript:
    """The circuit on the wires ``0 … n−1``, as the plugin's conversion reads labels."""
    labels = list(wires)
    if labels == list(range(len(labels))):
        return tape
    where = {label: k for k, label in enumerate(labels)}
    return QuantumScript(
        [op if isinstance(op, MidMeasure) else op.map_wires(where) for op in tape.operations],
        [m.map_wires(where) if m.mv is None else m for m in tape.measurements],
        shots=tape.shots,
    )


def to_qiskit(tape: QuantumScript, wires, measure: bool = True):
    """A Qiskit circuit: gates by the plugin's conversion, measurements into two registers.

    Args:
        tape: a preprocessed circuit, wires by their labels.
        wires: the wires of the device, in the order of the qubits.
        measure: whether to measure at the end; the Estimator does so itself.
    """
    from pennylane_qiskit.converter import circuit_to_qiskit
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    where, n = {label: k for k, label in enumerate(wires)}, len(wires)
    mapped = on_register(tape, wires)
    n_middle = sum(isinstance(op, MidMeasure) for op in mapped.operations)
    at_end = measure and any(not (n_middle and m.mv is not None) for m in mapped.measurements)
    sizes = {_MIDDLE: n_middle, _END: n if at_end else 0}
    registers = {name: ClassicalRegister(k, name) for name, k in sizes.items() if k}
    circuit = QuantumCircuit(QuantumRegister(n, "q"), *registers.values())
    bits = iter(registers.get(_MIDDLE, ()))
    for special, group in itertools.groupby(
        mapped.operations, lambda op: isinstance(op, (MidMeasure, Barrier))
    ):
        if not special:
            piece = circuit_to_qiskit(QuantumScript(list(group)), n, measure=False)
            circuit.compose(piece, inplace=True)
            continue
        for op in group:
            if isinstance(op, MidMeasure):
                circuit.measure(where[op.wires[0]], next(bits))
            else:
                circuit.barrier(list(op.wires) or range(n))
    if at_end:
        observed = [m for m in mapped.measurements if m.mv is None]
        piece = circuit_to_qiskit(QuantumScript([], observed), n)
        circuit.compose(piece, clbits=registers[_END], inplace=True)
    return circuit


def results_of(tape: QuantumScript, wires, bits: dict[str, np.ndarray]) -> tuple:
    """One result per measurement, from the bits of every shot.

    Args:
        tape: the circuit, wires by their labels.
        wires: the wires of the device, in the order of the qubits.
        bits: ``{register: (shots, bits)}``.
    """
    labels = [op.meas_uid for op in tape.operations if isinstance(op, MidMeasure)]
    out = []
    with qml.QueuingManager.stop_recording():
        for m in tape.measurements:
            if m.mv is None or not labels:  # deferred measurements are read from wires
                found = m.process_samples(bits[_END].astype(np.int64), wire_order=wires)
            else:
                middle = bits[_MIDDLE].astype(np.int64)
                found = on_bits(m).process_samples(middle, wire_order=qml.wires.Wires(labels))
            out.append(found)
    return tuple(out)
