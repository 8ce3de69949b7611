"""Prices of questions: the same road as the answer, up to where the device would be called."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from pennylane_trainability.executor import Executor
from pennylane_trainability.pricing.of_tapes import Price, price_of_parts
from pennylane_trainability.pricing.recording import Part, recorded
from pennylane_trainability.results import Cost

__all__ = ["ask_cost", "cost", "price", "priced"]


def price(answer: Callable[[Executor], Any], executor: Executor | None = None) -> Price:
    """What will an answer cost on a device? Circuits, shots, jobs, depth, gates, time.

    For questions that are asked with ``executor=`` and have no ``price`` of their own, or for
    several together. The answer goes its own way with an executor that takes circuits down
    instead of running them, and stops where it would need a result.

    Args:
        answer: a function of an executor that asks the question with it.
        executor: the one that will be used, for its device, limits and chunks.

    Returns:
        A :class:`Price`. Where further circuits depend on what the first ones show, it is that of
        the first ones, and ``most`` says what all of them cost at most.

    **Cost.** No circuits; every distinct circuit is compiled for its device.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> def builder(n):
    ...     @qml.set_shots(100)
    ...     @qml.qnode(qml.device("default.qubit", wires=n))
    ...     def circuit(weights):
    ...         for wire in range(n):
    ...             qml.RY(weights[wire], wires=wire)
    ...         return qml.expval(qml.prod(*map(qml.Z, range(n))))
    ...     return circuit, (np.zeros(n),)
    >>> def answer(executor):
    ...     return pt.scaling(builder, [1, 2, 3], method="sample", n_draws=50, executor=executor)
    >>> price = pt.price(answer)
    >>> price.circuits, price.shots, price.depth
    (150, 15000, 1)
    """
    return price_of_parts(recorded(answer, executor))


def cost(answer: Callable[[Executor], Any], executor: Executor | None = None) -> Cost:
    """How many circuits and shots will an answer cost? As :func:`price`, and nothing is compiled.

    Args:
        answer: a function of an executor that asks the question with it.
        executor: the one that will be used, for its device and limits.

    Returns:
        A ``Cost``; where circuits depend on what earlier ones show, the most it may be.

    **Cost.** No circuits.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.set_shots(100)
    ... @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> def both(executor):
    ...     weights = np.array([0.1, 0.2])
    ...     gradient = pt.measure_gradient(circuit, method="shift", executor=executor)
    ...     return gradient(weights)
    >>> print(pt.cost(both))
    4 circuits, 400 shots, 1 device execution
    """
    return ask_cost(recorded(answer, executor))


def ask_cost(parts: list[Part]) -> Cost:
    """Circuits and shots of all parts, or the most they may be."""
    return sum((part.most or part.cost for part in parts), Cost())


def priced(
    function: Callable,
    answer: Callable[[Executor | None, tuple, dict], Any],
    executor: Executor | None,
    device: Any = None,
    *,
    circuits: Callable[[Executor, tuple, dict], Any] | None = None,
    cost: Callable[..., Cost] | None = None,
) -> Any:
    """A function of a QNode's arguments that answers a question, with what the answer will cost.

    Args:
        function: whose name and signature it takes.
        answer: ``answer(executor, args, kwargs)``.
        executor: the user's.
        device: that of the QNode.
        circuits: sends all circuits of the answer to an executor at once, where the answer itself
            stops after some of them.
        cost: a quicker way to the same cost; ``None`` takes circuits down and counts them.

    Returns:
        The function; its attributes ``cost`` and ``price`` take the same arguments.
    """

    def parts(args, kwargs) -> list[Part]:
        send = answer if circuits is None else circuits
        return recorded(lambda book: send(book, args, kwargs), executor)

    @functools.wraps(function)
    def run(*args, **kwargs):
        return answer(executor, args, kwargs)

    asked: Any = run
    asked.cost = cost or (lambda *args, **kwargs: ask_cost(parts(args, kwargs)))
    asked.price = lambda *args, **kwargs: price_of_parts(parts(args, kwargs), device)
    return asked
