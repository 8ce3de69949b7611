"""One look at one point of the parameters: how a Snapshot is taken."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.analysis import analyze
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.diagnostics.capacity import capacity
from pennylane_trainability.diagnostics.measure import default_executor, measure_jacobian
from pennylane_trainability.diagnostics.measure_gradient import measure_gradient
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.executor import Executor
from pennylane_trainability.results import Cost
from pennylane_trainability.simulation.adjoint import simulate
from pennylane_trainability.transforms.engines import choose_engine

__all__ = [
    "Ask",
    "Snapshot",
    "cost_of_coefficients",
    "cost_of_states",
    "of_coefficients",
    "of_states",
]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What was seen at one step.

    Attributes:
        step: number of the step.
        rank: of the matrix that is watched; a lower bound if measured.
        n_rows: the largest rank there can be.
        singular_values: of that matrix (eigenvalues of a QFIM), descending.
        limit: up to this size a value counts as zero.
        gradients: size of every parameter's derivative, ``(P,)``.
        gradient_stderrs: their standard errors, zeros if exact, ``(P,)``.
        parameters: names of the parameters.
        cost: what was run.
        notes: what the reader should know.
    """

    step: int
    rank: int
    n_rows: int
    singular_values: np.ndarray
    limit: float
    gradients: np.ndarray
    gradient_stderrs: np.ndarray
    parameters: tuple[str, ...]
    cost: Cost
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """What is watched, and how."""

    qnode: Any
    encoding_args: Any
    argnums: Any
    options: dict[str, Any]
    budgets: dict[str, Any]

    @property
    def engine(self) -> str:
        """``"exact"``, ``"lightning"`` or ``"measured"``."""
        shots = Shots(self.qnode.shots)
        return choose_engine(self.qnode.device, shots, self.options.get("engine", "auto"))


def of_coefficients(ask: Ask, step: int, args: tuple, kwargs: dict) -> Snapshot:
    """The coefficient Jacobian: its rank, its singular values, the norms of its columns."""
    if ask.engine == "measured" and Shots(ask.qnode.shots):
        return _of_measured(_jacobian(ask)(*args, **kwargs), step)
    look = analyze(
        ask.qnode, ask.encoding_args, ask.argnums, n_draws=0, **ask.options, **ask.budgets
    )
    report = look(*args, **kwargs)
    space = report.given
    values, norms = space.singular_values[0], np.linalg.norm(space.jacobians[0], axis=0)
    limit = max(space.rtol * float(values[0]), space.atol)
    return Snapshot(
        *(step, report.rank, report.n_rows, values, limit, norms, np.zeros(len(norms))),
        *(report.parameters, report.cost),
        notes=report.notes,
    )


def _jacobian(ask: Ask):
    known = {k: v for k, v in ask.options.items() if k != "engine"}
    return measure_jacobian(ask.qnode, ask.encoding_args, ask.argnums, **known, **ask.budgets)


def _of_measured(found: MeasuredJacobian, step: int) -> Snapshot:
    floor = found.noise_floor()
    return Snapshot(
        *(step, int(found.rank().value), len(found.value), floor.values, float(floor.floor())),
        *(np.linalg.norm(found.value, axis=0), _norm_errors(found.value, found.stderr)),
        *(found.parameters, found.cost),
        notes=found.notes,
    )


def _norm_errors(jacobian: np.ndarray, stderr: np.ndarray) -> np.ndarray:
    """Standard errors of the norms of columns, to first order; of zero columns, from above."""
    norms = np.linalg.norm(jacobian, axis=0)
    first = np.sqrt(np.sum((jacobian * stderr) ** 2, axis=0)) / np.where(norms > 0, norms, 1.0)
    return np.where(norms > 0, first, np.linalg.norm(stderr, axis=0))


def of_states(ask: Ask, step: int, args: tuple, kwargs: dict) -> Snapshot:
    """The QFIM: its rank and eigenvalues; and the gradient of what the QNode returns."""
    look = capacity(
        ask.qnode, ask.argnums, encoding_args=ask.encoding_args, n_draws=0, **ask.options,
        **ask.budgets,
    )  # fmt: skip
    if ask.engine == "measured":
        # both together: the gradient may be what costs too much
        default_executor(ask.qnode.device, **ask.budgets).check(cost_of_states(ask, args, kwargs))
    questions: list[Any] = [
        functools.partial(look, *args, **kwargs),
        functools.partial(_gradient, ask, args, kwargs),
    ]
    executor = ask.budgets["executor"] or Executor()
    found, (gradients, errors, cost, notes) = executor.several(questions)
    return Snapshot(
        *(step, int(found.ranks[0]), found.bound, found.eigenvalues[0], float(found.limits[0])),
        *(gradients, errors, found.parameters, found.cost + cost),
        notes=found.notes + notes,
    )


def _gradient(
    ask: Ask, args: tuple, kwargs: dict
) -> tuple[np.ndarray, np.ndarray, Cost, tuple[str, ...]]:
    """Sizes of derivatives over all results, their errors, what they cost, and notes."""
    if ask.engine == "measured" and Shots(ask.qnode.shots):
        look = measure_gradient(
            ask.qnode, ask.argnums, encoding_args=ask.encoding_args, **ask.budgets
        )
        found = look(*args, **kwargs)
        value, stderr = np.atleast_2d(found.value), np.atleast_2d(found.stderr)
        errors = _norm_errors(value, stderr)
        return np.linalg.norm(value, axis=0), errors, found.cost, found.notes
    reading = read_qnode(ask.qnode, args, kwargs, ask.encoding_args, ask.argnums, need_inputs=False)
    slopes = simulate(reading.circuit).gradients or ()
    stacked = np.concatenate([slope.reshape(-1, slope.shape[-1]) for slope in slopes])
    return np.linalg.norm(stacked, axis=0), np.zeros(stacked.shape[1]), Cost(), ()


def cost_of_coefficients(ask: Ask, args: tuple, kwargs: dict) -> Cost:
    """What a snapshot of coefficients costs."""
    return _jacobian(ask).cost(*args, **kwargs) if ask.engine == "measured" else Cost()


def cost_of_states(ask: Ask, args: tuple, kwargs: dict) -> Cost:
    """What a snapshot of states costs."""
    named = {"encoding_args": ask.encoding_args}
    cost = capacity(ask.qnode, ask.argnums, **named, n_draws=0, **ask.options).cost(*args, **kwargs)
    if ask.engine != "measured" or not Shots(ask.qnode.shots):
        return cost
    return cost + measure_gradient(ask.qnode, ask.argnums, **named).cost(*args, **kwargs)
