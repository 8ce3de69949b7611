"""Parameter draws in parts, simulated here or by workers, always in the same parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.substitution import NumericCircuit, is_plain
from pennylane_trainability.workers import in_order

__all__ = ["over_draws", "slices"]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some draws, and what is to be done at them.

    Attributes:
        function: called with the circuit, the number of draws, and the options.
        circuit: at these draws, or as plain data where it follows from them.
        parameters: ``(M, P)``.
        inputs: ``(G, I)``.
        options: of the function.
    """

    function: Callable[..., Any]
    circuit: Circuit | NumericCircuit
    parameters: np.ndarray
    inputs: np.ndarray
    options: tuple


def slices(count: int, step: int) -> list[slice]:
    """Consecutive parts of at most ``step`` draws."""
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def over_draws(
    function: Callable[..., Any],
    reading: Reading,
    parameters: np.ndarray,
    parts: Sequence[slice],
    workers: Executor | None,
    *options: Any,
) -> Iterator[Any]:
    """What a function finds at every part of the draws, in order.

    Workers get circuits as numbers and operators, never the QNode.

    Args:
        function: at the top level of a module, ``function(circuit, count, *options)``.
        reading: the QNode at one call.
        parameters: ``(D, P)``.
        parts: of the draws; they depend on the problem alone, never on who works on them.
        workers: who works; ``None`` for this process.
        options: plain data.

    Raises:
        ReadingError: an operator cannot be pickled.
    """
    inputs = reading.arguments.inputs[None]
    plain = workers is not None and is_plain(reading.circuit)
    numeric = reading.numeric() if plain else None

    def made(part: slice) -> _Part:
        here = parameters[part]
        circuit = reading.at(here, inputs) if numeric is None else numeric
        return _Part(function, circuit, here, inputs, options)

    tasks: Any = map(made, parts)
    if workers is not None and not plain:
        # PennyLane records operators for all threads at once: nothing may run while it does
        tasks = list(tasks)
    return in_order(_work, tasks, workers)


def _work(part: _Part) -> Any:
    circuit = part.circuit
    if isinstance(circuit, NumericCircuit):
        circuit = circuit.at(part.parameters, part.inputs)
    return part.function(circuit, len(part.parameters), *part.options)
