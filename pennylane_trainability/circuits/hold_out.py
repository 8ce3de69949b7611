"""Does the circuit that was read do what the user's function does with plain numbers?"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.reading import circuit_from_tape, tape_of
from pennylane_trainability.errors import NotFourierError

__all__ = ["check_hold_out"]

_TOLERANCE = 1e-9


def check_hold_out(reading: Reading, inputs: np.ndarray) -> None:
    """Run the user's function once on plain numbers off the grid and compare gates and angles.

    A reading by tracers is exact for functions that treat all numbers alike; this catches those
    that look at types or values. QNodes with transforms of their own are not compared, because
    transforms may simplify at special numbers.

    Args:
        reading: the QNode, read by tracers.
        inputs: a point off the sample grid, ``(I,)``.

    Raises:
        NotFourierError: the gates or angles at this point are not the ones predicted.
    """
    if len(reading.qnode.compile_pipeline):
        return
    arguments = reading.arguments
    args, kwargs = arguments.numeric(arguments.parameters, inputs)
    seen = circuit_from_tape(tape_of(reading.qnode.func, args, kwargs), 0, 0)
    predicted = reading.at(arguments.parameters[None], inputs[None])
    if [(g.name, g.wires) for g in seen.gates] != [(g.name, g.wires) for g in predicted.gates]:
        raise NotFourierError(
            f"At the input {np.round(inputs, 4).tolist()} the QNode queues other gates than at the "
            "input it was read at: its structure depends on the numbers passed to it. Fix the "
            "structure, or analyse one branch."
        )
    _compare_angles(seen, predicted, inputs)


def _compare_angles(seen: Circuit, predicted: Circuit, inputs: np.ndarray) -> None:
    found = np.array([float(a.value) for g in seen.gates for a in g.angles])
    foretold = np.array([np.reshape(a.value, -1)[0] for g in predicted.gates for a in g.angles])
    wrong = np.flatnonzero(np.abs(found - foretold) > _TOLERANCE * (1 + np.abs(found)))
    if len(wrong):
        gate = [g for g in predicted.gates for _ in g.angles][wrong[0]]
        labels = [predicted.wires[w] for w in gate.wires]
        raise NotFourierError(
            f"The angle of {gate.name} on wires {labels} is {found[wrong[0]]:.6g} at the input "
            f"{np.round(inputs, 4).tolist()}, where {foretold[wrong[0]]:.6g} was predicted: it "
            "depends on the input in a way that is not a₀ + a·x."
        )
