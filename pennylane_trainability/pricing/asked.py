"""Prices of questions: the same road as the answer, up to where the device would be called."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pennylane as qml

from pennylane_trainability.executor import Executor
from pennylane_trainability.pricing.of_qnodes import of_call
from pennylane_trainability.pricing.of_tapes import price_of_parts
from pennylane_trainability.pricing.recording import Part, recorded
from pennylane_trainability.results import Cost

__all__ = ["ask_cost", "cost", "price", "priced"]


def price(answer: Callable[[Executor], Any] | qml.QNode, executor: Executor | None = None) -> Any:
    """What will an answer cost on a device? Circuits, shots, jobs, depth, gates, time.

    For questions that are asked with ``executor=`` and have no ``price`` of their own, or for
    several together, and for QNodes, those of transforms such as :func:`commuting_grad` among them.
    The answer goes its own way with an executor that takes circuits down instead of running them,
    and stops where it would need a result; a QNode goes through its transforms and stops at its
    device.

    Args:
        answer: a function of an executor that asks the question with it; or a QNode.
        executor: the one that will be used, for its device, limits and chunks. What is in the file
            of a store's executor is not part of the price; ``stored`` says how much that is. A
            QNode runs without one.

    Returns:
        A :class:`Price`; for a QNode a function of its arguments that returns one. Where further
        circuits depend on what the first ones show, it is that of the first ones, and ``most`` says
        what all of them cost at most.

    Raises:
        ReadingError: a QNode came with an executor.
        BudgetError: the options of a transform refuse that many circuits or shots.

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

    A QNode that measures its gradient:

    >>> circuit, (weights,) = builder(3)
    >>> pt.price(pt.commuting_grad(circuit))(weights).circuits
    1
    """
    if isinstance(answer, qml.QNode):
        parts = of_call(answer, executor)
        return _like(answer, lambda *a, **k: price_of_parts(parts(a, k), answer.device))
    return price_of_parts(recorded(answer, executor, look=True))


def cost(answer: Callable[[Executor], Any] | qml.QNode, executor: Executor | None = None) -> Any:
    """How many circuits and shots will an answer cost? As :func:`price`, and nothing is compiled.

    Args:
        answer: a function of an executor that asks the question with it; or a QNode.
        executor: the one that will be used, for its device and limits. What it has stored counts,
            as it does for budgets.

    Returns:
        A ``Cost``; for a QNode a function of its arguments that returns one. Where circuits depend
        on what earlier ones show, the most it may be.

    Raises:
        ReadingError: a QNode came with an executor.
        BudgetError: the options of a transform refuse that many circuits or shots.

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
    >>> print(pt.cost(pt.coefficient_jacobian(circuit, {"weights": [1]}))(np.array([0.1, 0.2])))
    6 circuits, 600 shots, 1 device execution
    """
    if isinstance(answer, qml.QNode):
        parts = of_call(answer, executor)
        return _like(answer, lambda *a, **k: ask_cost(parts(a, k)))
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

    def parts(args, kwargs, look: bool) -> list[Part]:
        found = recorded(lambda book: answer(book, args, kwargs), executor, look)
        # where the first circuits are stored, the answer itself has told the next ones
        if circuits is None or not found or any(not part.tapes for part in found):
            return found
        return recorded(lambda book: circuits(book, args, kwargs), executor, look)

    @functools.wraps(function)
    def run(*args, **kwargs):
        return answer(executor, args, kwargs)

    asked: Any = run
    asked.cost = cost or (lambda *args, **kwargs: ask_cost(parts(args, kwargs, False)))
    asked.price = lambda *args, **kwargs: price_of_parts(parts(args, kwargs, True), device)
    return asked


def _like(qnode, function: Callable) -> Callable:
    """The function with the name and signature of a QNode's."""
    return functools.wraps(qnode.func)(function)
