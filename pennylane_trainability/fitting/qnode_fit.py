"""The record of a fit, and its entry point."""

from __future__ import annotations

import functools
from dataclasses import field
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.fitting.least_squares import Search, levenberg_marquardt, r_squared
from pennylane_trainability.fitting.problem import Problem, draw_starts, state_problem
from pennylane_trainability.results import Provenance, Result, kept_seed, record
from pennylane_trainability.transforms.engines import device_name, is_exact_simulator

__all__ = ["Fit", "fit"]

_READOUTS = ("affine", "none")


@record
class Fit(Result):
    """A QNode fitted to data, with the read-out that was fitted along.

    Attributes:
        parameters: flat trainable parameters, shape ``(P,)``.
        arguments: the same as the trainable arguments of the QNode, in their own shapes; the array
            itself where there is only one.
        gain: ``a`` in ``a·f + b``; its size says how little of its range the output uses.
        offset: ``b``.
        fitted: ``a·f + b`` at every row of the data, held-out rows included, shape ``(m,)``.
        targets: what was to be fitted, shape ``(m,)``.
        held_out: rows that were not fitted, shape ``(m,)``, bool.
        trace: mean squared error after each step of the best start, its first value included.
        final_losses: mean squared error at the end of every start, shape ``(restarts,)``.
        steps: accepted steps of every start, shape ``(restarts,)``.
        converged: whether the best start came to rest before the last step allowed.
        distinct: number of distinct inputs among the fitted rows.
        readout: ``"affine"`` or ``"none"``.
        provenance: seed, number of starts, device.
    """

    parameters: np.ndarray = field(repr=False)
    arguments: Any = field(repr=False)
    gain: float
    offset: float
    fitted: np.ndarray = field(repr=False)
    targets: np.ndarray = field(repr=False)
    held_out: np.ndarray = field(repr=False)
    trace: np.ndarray = field(repr=False)
    final_losses: np.ndarray = field(repr=False)
    steps: np.ndarray = field(repr=False)
    converged: bool
    distinct: int
    readout: str
    provenance: Provenance

    @property
    def iterations(self) -> int:
        """Steps that were accepted."""
        return len(self.trace) - 1

    @property
    def r2(self) -> float:
        """Share of the variance of the fitted rows that the model explains."""
        return r_squared(self.targets[~self.held_out], self.fitted[~self.held_out])

    @property
    def r2_held_out(self) -> float:
        """The same on the rows held out (their own mean is the reference); NaN without any."""
        return r_squared(self.targets[self.held_out], self.fitted[self.held_out])

    def rows(self) -> list[tuple[str, object]]:
        """How good, with which read-out, found how."""
        count = int(np.sum(self.held_out))
        return [
            ("R²", f"{self.r2:.4f} on {self.targets.size - count} rows fitted"),
            *([("R² held out", f"{self.r2_held_out:.4f} on {count} rows")] if count else []),
            ("read-out", f"{self.gain:.4g}·f + {self.offset:.4g} ({self.readout})"),
            ("distinct inputs", self.distinct),
            ("iterations", f"{self.iterations}, {'at rest' if self.converged else 'not at rest'}"),
            ("mean squared error", f"{self.trace[0]:.4g} → {self.trace[-1]:.4g}"),
            ("starts", f"{len(self.final_losses)}, seed {self.provenance.seed}"),
        ]


def fit(
    qnode,
    data,
    targets,
    encoding_args=None,
    argnums=None,
    *,
    seed=None,
    restarts: int = 6,
    readout: str = "affine",
    held_out=None,
    max_steps: int = 200,
):
    r"""Fit ``a·f(x; θ) + b`` to data, and say how well that goes.

    .. math:: \min_{\theta, a, b} \sum_i \bigl(a f(x_i;\theta) + b - y_i\bigr)^2

    over the rows that are not held out. Rows with the same input are simulated once. The first
    start is the values given (moved a little if the output is constant there), the others are drawn
    uniformly over each parameter's period; the one that fits best is returned. The search is local:
    a better minimum may exist.

    Args:
        qnode: a QNode that returns one expectation value, on a noiseless simulator without shots.
        data: inputs, shape ``(m,)`` or ``(m, inputs)``.
        targets: shape ``(m,)``.
        encoding_args: the inputs of the QNode, as everywhere in this package.
        argnums: the trainable arguments; ``None`` takes every other floating argument.
        seed: an integer or ``None``; kept in the result.
        restarts: number of starts, at least 1.
        readout: ``"affine"`` fits gain and offset along; ``"none"`` sets ``a = 1``, ``b = 0``.
        held_out: rows not to be fitted, a mask of shape ``(m,)``; they are only scored.
        max_steps: steps tried per start.

    Returns:
        A function of the arguments of the QNode; it returns a :class:`Fit`.

    Raises:
        ValueError: the device is no exact simulator, shapes do not fit, or the output does not
            depend on the data.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def model(x, w):
    ...     qml.RY(w[0], wires=0)
    ...     qml.RX(x, wires=0)
    ...     qml.RY(w[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> x = np.linspace(0, 6, 20)
    >>> fit = pt.fit(model, x, 3 * np.cos(x) + 1, encoding_args="x", seed=1)
    >>> result = fit(0.0, np.ones(2))
    >>> bool(result.r2 > 0.9999)
    True
    """
    if readout not in _READOUTS:
        raise ValueError(f"fit() needs readout='affine' or 'none', but got {readout!r}.")
    if restarts < 1:
        raise ValueError(f"fit() needs at least one start, but got restarts={restarts}.")

    @functools.wraps(qnode)
    def run(*args, **kwargs) -> Fit:
        _refuse_shots(qnode)
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
        problem = state_problem(reading, data, targets, held_out, readout == "affine")
        entropy = kept_seed(seed)
        starts = draw_starts(problem, restarts, np.random.default_rng(entropy))
        search = levenberg_marquardt(problem.residuals, starts, max_steps)
        provenance = Provenance(
            seed=entropy, n_samples=restarts, device=device_name(qnode.device), engine="exact"
        )
        return _result(problem, search, readout, provenance)

    return run


def _refuse_shots(qnode) -> None:
    if is_exact_simulator(qnode.device) and not qnode.shots:
        return
    shots = f"with shots={qnode.shots.total_shots}" if qnode.shots else "without shots"
    raise ValueError(
        "fit() needs a noiseless simulator such as default.qubit or lightning.qubit without shots, "
        f"but this QNode runs on {device_name(qnode.device)} {shots}. Fit the same circuit on "
        "qml.device('default.qubit'), or call qml.set_shots(qnode, shots=None)."
    )


def _result(problem: Problem, search: Search, readout: str, provenance: Provenance) -> Fit:
    used = ~problem.held_out
    targets = problem.targets[used]
    within = np.mean((targets - problem.means[problem.rows[used]]) ** 2)
    final = 2 * search.losses / len(targets) + within
    # the first of those that are as good as the best, so that rounding does not decide
    best = int(np.argmax(final <= np.min(final) + 1e-9 * np.var(targets)))
    point = search.points[best : best + 1]
    gain, offset, _, _ = problem.solve(point)
    values, _ = problem.outputs(point, problem.inputs, gradient=False)
    return Fit(
        parameters=point[0],
        arguments=_arguments(problem, point),
        gain=float(gain[0]),
        offset=float(offset[0]),
        fitted=(gain[0] * values[0] + offset[0])[problem.rows],
        targets=problem.targets,
        held_out=problem.held_out,
        trace=2 * search.traces[best] / len(targets) + within,
        final_losses=final,
        steps=np.array([len(trace) - 1 for trace in search.traces]),
        converged=bool(search.converged[best]),
        distinct=int(np.sum(problem.counts > 0)),
        readout=readout,
        provenance=provenance,
    )


def _arguments(problem: Problem, point: np.ndarray):
    """A point ``(1, P)`` as the trainable arguments; what is no parameter in them is ``None``."""
    stacked = problem.reading.arguments.unflatten(point)
    leaves, structure = qml.pytrees.flatten(stacked, is_leaf=lambda leaf: leaf is None)
    single = [None if leaf is None else leaf[0] for leaf in leaves]
    return qml.pytrees.unflatten(single, structure)
