"""Does a circuit stay trainable while it is trained? Looks at its parameters every few steps."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.executor import Executor
from pennylane_trainability.monitoring.snapshots import (
    Ask,
    Snapshot,
    cost_of_coefficients,
    cost_of_states,
    of_coefficients,
    of_states,
)
from pennylane_trainability.monitoring.training_record import TrainingRecord
from pennylane_trainability.results import Cost, Provenance
from pennylane_trainability.transforms.engines import device_name

__all__ = ["Monitor", "monitor"]

_LOOKS = {
    "coefficients": (of_coefficients, cost_of_coefficients),
    "states": (of_states, cost_of_states),
}
_OPTIONS = {
    "coefficients": ("engine", "spectrum", "gradient", "seed"),
    "states": ("engine", "seed"),
}


def monitor(
    qnode,
    encoding_args=None,
    argnums=None,
    *,
    every: int = 10,
    quantity: str | None = None,
    spectrum=None,
    engine: str = "auto",
    gradient: str = "shift",
    seed: int | None = None,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
):
    r"""A QNode with diagnostics that ride along with its training.

    The training stays as it is: whatever optimiser and interface are used, the loop calls
    ``qnode.monitor(*args)`` with the arguments of the QNode once per step. Every ``every`` steps,
    and at the first call, it looks at rank, conditioning and gradients there; other calls only
    count.

    With ``quantity="coefficients"`` it looks at the coefficient Jacobian (see :func:`analyze`),
    with ``"states"`` at the QFIM (see :func:`capacity`) and the gradient of what the QNode returns.

    Args:
        qnode: a QNode; it is copied and left as it is.
        encoding_args: the inputs; see :func:`analyze`.
        argnums: the trainable arguments; see :func:`analyze`.
        every: steps between looks.
        quantity: ``"coefficients"`` or ``"states"``; default: coefficients if ``encoding_args`` are
            given.
        spectrum: frequencies; see :func:`analyze`.
        engine: see :func:`analyze` and :func:`capacity`.
        gradient: how derivatives of coefficients are measured; see :func:`measure_jacobian`.
        seed: of resampling where measured.
        max_circuits: refuse looks of more circuits before running any.
        max_shots: refuse looks of more shots before running any.
        executor: how circuits are run.

    Returns:
        A copy of the QNode that is called like it; its attribute ``monitor`` is a
        :class:`Monitor`.

    Raises:
        ValueError: an option is not known.
        ReadingError: (from the first look) see :func:`analyze` and :func:`capacity`.
        BudgetError: a look costs more than a budget.

    **Cost.** Per look: nothing on simulators without shots, otherwise the circuits of one measured
    Jacobian, or of one measured QFIM and one gradient; ``qnode.monitor.cost(*args)`` says how many.

    **Example**

    >>> from functools import partial
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> from pennylane import numpy as np
    >>> @partial(pt.monitor, encoding_args="x", every=5)
    ... @qml.qnode(qml.device("default.qubit"))
    ... def model(x, weights):
    ...     pt.DataReuploading(x, weights, wires=[0, 1])
    ...     return qml.expval(qml.Z(1))
    >>> shape = pt.DataReuploading.shape(n_layers=1, n_wires=2)
    >>> weights = np.random.default_rng(7).uniform(0, 6, shape)
    >>> weights = np.array(weights, requires_grad=True)
    >>> x = np.linspace(0, 6, 20, requires_grad=False)
    >>> step = qml.GradientDescentOptimizer(0.2).step
    >>> for _ in range(10):
    ...     weights = step(lambda w: np.mean((model(x[:, None], w) - np.sin(x)) ** 2), weights)
    ...     look = model.monitor(0.0, weights)
    >>> found = model.monitor.record()
    >>> found.steps, found.ranks
    (array([0, 5]), array([5, 5]))
    """
    if isinstance(every, bool) or not isinstance(every, (int, np.integer)) or every < 1:
        raise ValueError(f"every needs a whole number ≥ 1; got {every!r}.")
    if quantity is None:
        quantity = "states" if encoding_args is None else "coefficients"
    if quantity not in _LOOKS:
        raise ValueError(f"quantity={quantity!r} is unknown; use {' or '.join(map(repr, _LOOKS))}.")
    known = {"engine": engine, "spectrum": spectrum, "gradient": gradient, "seed": seed}
    options = {name: known[name] for name in _OPTIONS[quantity]}
    budgets = {"max_circuits": max_circuits, "max_shots": max_shots, "executor": executor}
    function_of(qnode)  # refuses what is no QNode
    watched: Any = copy.copy(qnode)
    watched.monitor = Monitor(
        Ask(qnode, encoding_args, argnums, options, budgets), int(every), quantity
    )
    return watched


class Monitor:
    """Counts steps of a training and looks at its parameters every few; see :func:`monitor`.

    Args:
        ask: what is watched.
        every: steps between looks.
        quantity: ``"coefficients"`` or ``"states"``.
    """

    def __init__(self, ask: Ask, every: int, quantity: str):
        self._ask, self.every, self.quantity = ask, every, quantity
        self._steps = 0
        self._looks: list[Snapshot] = []

    def __call__(self, *args, **kwargs) -> Snapshot | None:
        """Count one step; look if it is time to.

        Args:
            *args: arguments of the QNode with the current parameters, of any interface.
            **kwargs: its keyword arguments.

        Returns:
            What was seen, or ``None`` between looks.

        Raises:
            NotImplementedError: called inside ``jit`` or ``grad``, where parameters have no values.
        """
        step = self._steps
        look = None if step % self.every else self._look(step, args, kwargs)
        self._steps = step + 1
        return look

    def _look(self, step: int, args: tuple, kwargs: dict) -> Snapshot:
        look = _LOOKS[self.quantity][0](self._ask, step, args, kwargs)
        if self._looks and self._looks[0].parameters != look.parameters:
            raise ValueError(
                "The parameters changed their shape since the first step. Make a new monitor for "
                "another model."
            )
        self._looks.append(look)
        return look

    def cost(self, *args, **kwargs) -> Cost:
        """What one look costs at these arguments; nothing is run."""
        return _LOOKS[self.quantity][1](self._ask, args, kwargs)

    def record(self) -> TrainingRecord:
        """What has been seen so far."""
        looks, qnode = self._looks, self._ask.qnode
        engine = self._ask.engine
        longest = max((len(look.singular_values) for look in looks), default=0)
        return TrainingRecord(
            quantity=self.quantity,
            steps=np.array([look.step for look in looks], int),
            ranks=np.array([look.rank for look in looks], int),
            n_rows=np.array([look.n_rows for look in looks], int),
            singular_values=_stacked([look.singular_values for look in looks], longest),
            limits=np.array([look.limit for look in looks], float),
            gradients=_stacked([look.gradients for look in looks]),
            gradient_stderrs=_stacked([look.gradient_stderrs for look in looks]),
            parameters=looks[0].parameters if looks else (),
            measured=engine == "measured" and bool(Shots(qnode.shots)),
            notes=tuple(dict.fromkeys(note for look in looks for note in look.notes)),
            cost=sum((look.cost for look in looks), Cost()),
            provenance=Provenance(
                seed=self._ask.options["seed"],
                n_samples=len(looks),
                shots=Shots(qnode.shots).total_shots,
                device=device_name(qnode.device),
                engine=engine,
            ),
        )


def _stacked(rows: list[np.ndarray], width: int = 0) -> np.ndarray:
    """Rows of equal length, or filled with zeros to a width."""
    if not rows:
        return np.zeros((0, width))
    width = max(width, len(rows[0]))
    return np.stack([np.pad(row, (0, width - len(row))) for row in rows])
