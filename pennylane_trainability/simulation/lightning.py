"""The second exact road: lightning's adjoint method, one circuit per draw and input point.

An independent simulator for the same numbers: as a check, for gates only PennyLane knows how to
decompose, and wherever it is the faster one.
"""

from __future__ import annotations

import numpy as np
import pennylane as qml
from pennylane.measurements import ExpectationMP
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.numeric import numeric_gate
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.simulation.adjoint import Simulation, chain_rule, extent, split_outputs
from pennylane_trainability.simulation.elements import trainable_angles
from pennylane_trainability.simulation.observables import outputs_of

__all__ = ["simulate_with_lightning"]


def simulate_with_lightning(circuit: Circuit, *, gradient: bool = True) -> Simulation:
    """Simulate a circuit at all its draws and inputs on ``lightning.qubit``.

    Args:
        circuit: a circuit whose angles broadcast to ``(D, G)``.
        gradient: whether derivatives by the flat parameters are wanted.

    Returns:
        Simulation: as :func:`simulate` gives it.

    Raises:
        ReadingError: a measurement is no expectation value, or a trainable gate is decomposed by
            lightning in a way its angle does not survive.
    """
    outputs = outputs_of(circuit)
    if not all(type(m) is ExpectationMP for m in circuit.measurements):
        raise ReadingError(
            "lightning's adjoint method takes expectation values only; use engine='exact'."
        )
    draws, points = extent(circuit)
    angles = trainable_angles(circuit) if gradient else []
    if any(len(g.angles) > 1 for g in circuit.gates if g.is_trainable):
        raise ReadingError(
            "lightning cannot differentiate gates of several angles; use engine='exact'."
        )
    device = qml.device("lightning.qubit", wires=circuit.wires, seed=0)
    tapes = [_tape(circuit, d, g) for d in range(draws) for g in range(points)]
    values = np.reshape(
        qml.execute(tapes, device, diff_method=None, cache=False), (draws, points, -1)
    )
    slopes = np.zeros((values.shape[-1], draws, points, len(angles)))
    if angles:
        found = _derivatives(device, circuit, tapes, len(angles))
        slopes[:] = np.moveaxis(found.reshape(draws, points, *found.shape[1:]), 2, 0)
    gradients = None
    if gradient:
        gradients = split_outputs(chain_rule(slopes, angles, circuit.n_parameters), outputs)
    return Simulation(outputs, split_outputs(np.moveaxis(values, 2, 0), outputs), gradients)


def _tape(circuit: Circuit, draw: int, point: int) -> QuantumScript:
    operations = list(circuit.preparation)
    operations += [numeric_gate(gate, circuit.wires, point, draw=draw) for gate in circuit.gates]
    return QuantumScript(operations, circuit.measurements)


def _derivatives(device, circuit: Circuit, tapes, n_angles: int) -> np.ndarray:
    """``(tapes, outputs, A)`` in one derivative call."""
    config = qml.devices.ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)
    config = device.setup_execution_config(config)
    ready, _ = device.preprocess_transforms(config)(tapes)
    for tape, original in zip(ready, tapes, strict=True):
        tape.trainable_params = _trainable(circuit, original, tape)
    found = device.compute_derivatives(ready, config)
    return np.reshape(found, (len(ready), -1, n_angles))


def _trainable(circuit: Circuit, original: QuantumScript, ready: QuantumScript) -> list[int]:
    """Where the trainable angles stand among the parameters of a tape lightning has prepared."""
    wanted = [
        op
        for op, gate in zip(
            original.operations[len(circuit.preparation) :], circuit.gates, strict=True
        )
        if gate.is_trainable
    ]
    positions, start = [], 0
    operations = iter(ready.operations)
    for op in wanted:
        for candidate in operations:
            here, start = start, start + candidate.num_params
            if (
                candidate.name == op.name
                and candidate.wires == op.wires
                and candidate.data == op.data
            ):
                positions.append(here)
                break
        else:
            raise ReadingError(
                f"lightning decomposes {op.name}, so its derivative is not one number; use "
                "engine='exact'."
            )
    return positions
