"""The record of a fit, and its entry point."""

from __future__ import annotations

import functools
from concurrent.futures import Executor
from dataclasses import field
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.qnode import Reading, function_of, read_qnode
from pennylane_trainability.fitting.blocks import Block, blocks_of, check_problem, searched
from pennylane_trainability.fitting.least_squares import r_squared
from pennylane_trainability.fitting.method import Found, Method, check_starts
from pennylane_trainability.fitting.problem import BLOCK, Problem, draw_starts, state_problem
from pennylane_trainability.fitting.progress import Progress, progress_of
from pennylane_trainability.fitting.starts import Starts, join
from pennylane_trainability.results import Estimate, Provenance, Result, kept_seed, record
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
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
        distinct: number of distinct inputs among the fitted rows.
        readout: ``"affine"`` or ``"none"``.
        starts: every start, with the traces of all; what is best is taken from them.
        provenance: seed, number of starts, device.
    """

    parameters: np.ndarray = field(repr=False)
    arguments: Any = field(repr=False)
    gain: float
    offset: float
    fitted: np.ndarray = field(repr=False)
    targets: np.ndarray = field(repr=False)
    held_out: np.ndarray = field(repr=False)
    distinct: int
    readout: str
    starts: Starts = field(repr=False)
    provenance: Provenance

    @property
    def trace(self) -> np.ndarray:
        """Mean squared error after each step of the best start, its first value included."""
        return self.starts.traces[self.starts.best]

    @property
    def final_losses(self) -> np.ndarray:
        """Mean squared error at the best point of every start, shape ``(restarts,)``."""
        return self.starts.losses

    @property
    def steps(self) -> np.ndarray:
        """Steps of every start (accepted ones, where some are not), shape ``(restarts,)``."""
        return self.starts.steps

    @property
    def steps_to_threshold(self) -> np.ndarray:
        """Steps to R² ≥ threshold of every start, shape ``(restarts,)``; NaN if it never did."""
        return self.starts.steps_to_threshold

    @property
    def converged(self) -> bool:
        """Whether the best start came to rest before the last step allowed."""
        return bool(self.starts.converged[self.starts.best])

    @property
    def iterations(self) -> int:
        """Steps of the best start."""
        return len(self.trace) - 1

    def success(self, level: float = 0.95) -> Estimate:
        """Share of the starts that reached the threshold, with Wilson's interval."""
        return self.starts.success(level)

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
            ("mean squared error", f"{self.trace[0]:.4g} → {np.min(self.trace):.4g}"),
            *self.starts.rows(),
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
    method: str = "levenberg-marquardt",
    max_steps: int | None = None,
    learning_rate: float = 0.01,
    tolerance: float = 1e-9,
    patience: int | None = None,
    threshold: float = 0.95,
    workers: Executor | None = None,
    progress: Progress = None,
    block: int = BLOCK,
    memory: int = DEFAULT_MEMORY,
):
    r"""Fit ``a·f(x; θ) + b`` to data, and say how well that goes.

    .. math:: \min_{\theta, a, b} \sum_i \bigl(a f(x_i;\theta) + b - y_i\bigr)^2

    over the rows that are not held out. Rows with the same input are simulated once. The first
    start is the values given (moved a little if the output is constant there), the others are drawn
    uniformly over each parameter's period; the one that fits best is returned, and all are kept.
    The search is local: a better minimum may exist. Gain and offset are solved in closed form at
    every step, for either method.

    Targets that are a function of one input, given at the points of a uniform grid over a period,
    make this the least squares in coefficient space: by Parseval the mean squared error over the
    grid is :math:`\sum_k |a\,c_k(\theta) + b\,\delta_{k0} - c^*_k|^2`, if twice the highest
    frequency of model and target is below the number of points. No other entry point is needed.

    Starts are simulated together in blocks that depend on the problem, ``block`` and ``memory``
    alone. Workers receive whole blocks as plain data, so the numbers are the same with any workers
    and without, to the last bit, where the same numerical libraries run.

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
        method: ``"levenberg-marquardt"`` (damped Gauss–Newton steps), or ``"adam"``: full batch,
            the gradient of the mean squared error, the best point on the way kept.
        max_steps: steps tried per start; ``None`` takes 200, for Adam 2000.
        learning_rate: step size of Adam.
        tolerance: a start comes to rest when steps help by less than this share of the loss: for
            Levenberg–Marquardt what the linear model promises, for Adam what lowers the best loss.
        patience: how many such steps in a row; ``None`` takes 1, for Adam 50.
        threshold: R² on the fitted rows from which a start counts as a success.
        workers: any :class:`concurrent.futures.Executor` to share the starts; it stays open. For
            circuits whose angles are linear in the parameters and affine in the inputs.
        progress: called with (steps done, steps in all), those saved by rest included; ``True``
            for a line on the terminal.
        block: starts that are simulated together, at most. Smaller blocks leave more to share among
            workers and cost more time in all; blocks decide the last bits of the numbers.
        memory: bytes a block of starts may take, in this process or in each worker.

    Returns:
        A function of the arguments of the QNode; it returns a :class:`Fit`.

    Raises:
        ValueError: the device is no exact simulator, shapes do not fit, a setting makes no search,
            or the output does not depend on the data.
        ReadingError: the circuit cannot be sent to workers.
        BudgetError: not even one start fits the memory.

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
    >>> print(result.success())
    1 [0.6097, 1] at 95 %
    """
    if readout not in _READOUTS:
        raise ValueError(f"fit() needs readout='affine' or 'none', but got {readout!r}.")
    check_starts(restarts, threshold)
    settings = Method.of(method, max_steps, tolerance, patience, learning_rate)

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> Fit:
        _refuse_shots(qnode)
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
        problem = state_problem(
            reading, data, targets, held_out, readout == "affine", memory, block
        )
        entropy = kept_seed(seed)
        points = draw_starts(problem, restarts, np.random.default_rng(entropy))
        found = _search(problem, settings, points, workers, progress)
        provenance = Provenance(
            seed=entropy, n_samples=restarts, device=device_name(qnode.device), engine="exact"
        )
        starts = join(problem, found, threshold, method, provenance)
        return _result(reading, problem, starts, readout)

    return run


def _search(problem: Problem, settings: Method, points, workers, progress) -> list[Found]:
    """Every block of starts searched from, in order."""
    if workers is not None:
        check_problem(workers, problem)
    blocks = blocks_of(0, problem, settings, points)
    report = progress_of(progress, len(points) * settings.max_steps, "fit")
    sizes = [len(block.starts) * settings.max_steps for block in blocks]
    found: dict[int, Found] = {}

    def told(block: Block, steps: int) -> None:
        report(sum(sizes[number] for number in found) + steps)

    for block, part in searched(blocks, workers, told):
        told(block, sizes[block.number])
        found[block.number] = part
    return [found[number] for number in range(len(blocks))]


def _refuse_shots(qnode) -> None:
    if is_exact_simulator(qnode.device) and not qnode.shots:
        return
    shots = f"with shots={qnode.shots.total_shots}" if qnode.shots else "without shots"
    raise ValueError(
        "fit() needs a noiseless simulator such as default.qubit or lightning.qubit without shots, "
        f"but this QNode runs on {device_name(qnode.device)} {shots}. Fit the same circuit on "
        "qml.device('default.qubit'), or call qml.set_shots(qnode, shots=None)."
    )


def _result(reading: Reading, problem: Problem, starts: Starts, readout: str) -> Fit:
    point = starts.points[starts.best : starts.best + 1]
    gain, offset = starts.gains[starts.best], starts.offsets[starts.best]
    values, _ = problem.outputs(point, problem.inputs, gradient=False)
    return Fit(
        parameters=point[0],
        arguments=_arguments(reading, point),
        gain=float(gain),
        offset=float(offset),
        fitted=(gain * values[0] + offset)[problem.rows],
        targets=problem.targets,
        held_out=problem.held_out,
        distinct=int(np.sum(problem.counts > 0)),
        readout=readout,
        starts=starts,
        provenance=starts.provenance,
    )


def _arguments(reading: Reading, point: np.ndarray):
    """A point ``(1, P)`` as the trainable arguments; what is no parameter in them is ``None``."""
    stacked = reading.arguments.unflatten(point)
    leaves, structure = qml.pytrees.flatten(stacked, is_leaf=lambda leaf: leaf is None)
    single = [None if leaf is None else leaf[0] for leaf in leaves]
    return qml.pytrees.unflatten(single, structure)
