"""Read a QNode once: run the user's function on tracers and keep what it queues."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from pennylane.operation import Operator
from pennylane.queuing import AnnotatedQueue, QueuingManager
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pennylane_trainability.circuits.arguments import Arguments, Leaf
from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.expansion import expand
from pennylane_trainability.circuits.tracer import Traced, UntraceableError
from pennylane_trainability.errors import ReadingError

__all__ = ["apply_pipeline", "circuit_from_tape", "read_circuit", "tape_of"]


def read_circuit(
    function: Callable,
    arguments: Arguments,
    parameters: np.ndarray,
    inputs: np.ndarray,
    pipeline=None,
    *,
    paired: bool = False,
    measured: bool = True,
) -> tuple[Circuit, Any, tuple[Operator, ...]]:
    """Run ``function`` on tracers that stand for many parameter draws and input points at once.

    Args:
        function: the quantum function.
        arguments: one call, taken apart.
        parameters: flat trainable parameters, shape ``(D, P)``.
        inputs: flat inputs, shape ``(G, I)``; ``(D, I)`` if they are paired.
        pipeline: the QNode's own transforms, applied to what was queued; they must keep one
            circuit.
        paired: whether inputs belong to parameters point by point, instead of making a grid.
        measured: whether measurements, and wires only they touch, belong to the circuit.

    Returns:
        the circuit, whose angles broadcast to ``(D, G)``, or to ``(D, 1)`` if paired, what the
        function returned, and what it queued, with tracers as parameters.

    Raises:
        ReadingError: a gate cannot be read; the message names it.
        UntraceableError: the function needs plain numbers (``float(w)``, ``math.sin``,
            ``jnp.sin`` …).
    """
    args, kwargs = arguments.call(_tracer_maker(parameters, inputs, paired))
    tape, returned = _run(function, args, kwargs)
    queued = tuple(tape.operations)
    try:
        with warnings.catch_warnings():
            # autoray looks up the type of arrays of tracers by a name that NumPy is about to change
            warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
            tape = apply_pipeline(pipeline, tape)
    except ReadingError as error:
        if error.__cause__ is None:
            raise
        raise UntraceableError(
            f"the QNode's own transforms cannot be traced: {error.__cause__}"
        ) from error
    circuit = circuit_from_tape(tape, parameters.shape[1], inputs.shape[1], measured)
    return circuit, returned, queued


def tape_of(function: Callable, args: tuple, kwargs: dict) -> QuantumScript:
    """What a quantum function queues, as a tape; nothing reaches an outer queue."""
    return _run(function, args, kwargs)[0]


def _run(function, args, kwargs) -> tuple[QuantumScript, Any]:
    with QueuingManager.stop_recording(), AnnotatedQueue() as queue:
        returned = function(*args, **kwargs)
    return QuantumScript.from_queue(queue), returned


def circuit_from_tape(
    tape: QuantumScript, n_parameters: int, n_inputs: int, measured: bool = True
) -> Circuit:
    """The record of a tape whose parameters are numbers or tracers."""
    measurements = tuple(tape.measurements) if measured else ()
    labels = _all_wires((*tape.operations, *measurements))
    index = {label: k for k, label in enumerate(labels)}
    preparation, gates = expand(tape.operations, index.__getitem__)
    return Circuit(
        preparation=tuple(preparation),
        gates=tuple(gates),
        measurements=measurements,
        wires=Wires(labels),
        n_parameters=n_parameters,
        n_inputs=n_inputs,
    )


def _all_wires(items: tuple) -> list:
    """Wire labels in order: sorted when they are integers, as PennyLane's simulators order them."""
    labels = dict.fromkeys(label for item in items for label in item.wires.labels)
    if all(isinstance(label, (int, np.integer)) for label in labels):
        return sorted(labels)
    return list(labels)


def _tracer_maker(parameters: np.ndarray, inputs: np.ndarray, paired: bool):
    columns = [parameters[:, p : p + 1] for p in range(parameters.shape[1])]
    rows = [inputs[:, i : i + 1] if paired else inputs[None, :, i] for i in range(inputs.shape[1])]

    def make(leaf: Leaf, p: int, i: int):
        if not (leaf.trainable or leaf.is_input.any()):
            return leaf.original
        out = np.empty(leaf.value.shape, dtype=object)
        flat, is_input = out.reshape(-1), leaf.is_input.reshape(-1)
        values = leaf.value.reshape(-1)
        for k in range(flat.size):
            if is_input[k]:
                flat[k] = Traced(rows[i], {-1 - i: 1.0})
                i += 1
            elif leaf.trainable:
                flat[k] = Traced(columns[p], {p: 1.0})
                p += 1
            else:
                flat[k] = float(values[k])
        return out if out.ndim else out.item()

    return make


def apply_pipeline(pipeline, tape: QuantumScript) -> QuantumScript:
    """The one circuit that a QNode's own transforms make of a tape.

    Raises:
        ReadingError: they fail, make several circuits, or compute with the results.
    """
    if pipeline is None or not len(pipeline):
        return tape
    try:
        tapes, post = pipeline((tape,))
    except UntraceableError:
        raise
    except Exception as error:
        raise ReadingError(
            f"The QNode's own transforms {pipeline} could not be applied before reading the "
            f"circuit: {error}. Apply the analysis before them, or remove them."
        ) from error
    if len(tapes) != 1:
        raise ReadingError(
            f"The QNode's own transforms turn one circuit into {len(tapes)}; apply the analysis to "
            "the QNode without them."
        )
    if not _keeps(post, len(tapes[0].measurements)):
        raise ReadingError(
            f"The QNode's own transforms {pipeline} compute with the results of the circuit; apply "
            "the analysis to the QNode without them."
        )
    return tapes[0]


def _keeps(post: Callable, n_results: int) -> bool:
    """Whether a post-processing hands on the results of one circuit as they are."""
    marks = tuple(object() for _ in range(n_results))
    try:
        (found,) = post((marks if n_results > 1 else marks[0],))
    except Exception:
        return False  # it does not take just any result, so it looks at them
    found = found if isinstance(found, (tuple, list)) else (found,)
    return len(found) == n_results and all(a is b for a, b in zip(found, marks, strict=True))
