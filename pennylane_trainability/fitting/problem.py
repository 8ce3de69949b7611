"""A QNode and its data as a least-squares problem: distinct inputs, weights, starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.fitting.least_squares import FLAT, read_out
from pennylane_trainability.laws import Uniform, draw
from pennylane_trainability.simulation.adjoint import simulate

__all__ = ["Problem", "draw_starts", "state_problem"]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is fitted to what: rows of equal input are taken together.

    Attributes:
        reading: the QNode, read.
        inputs: distinct inputs, shape ``(n, I)``.
        means: mean of the fitted targets at each of them, shape ``(n,)``.
        counts: number of fitted rows at each of them, shape ``(n,)``.
        rows: the distinct input of each row of the data, shape ``(m,)``.
        targets: shape ``(m,)``.
        held_out: which rows are not fitted, shape ``(m,)``.
        affine: whether a read-out is fitted along.
    """

    reading: Reading
    inputs: np.ndarray
    means: np.ndarray
    counts: np.ndarray
    rows: np.ndarray
    targets: np.ndarray
    held_out: np.ndarray
    affine: bool

    def outputs(self, parameters: np.ndarray, inputs: np.ndarray, gradient: bool = True):
        """Values ``(D, n)`` and gradients ``(D, n, P)``."""
        shape = (len(parameters), len(inputs))
        found = simulate(self.reading.at(parameters, inputs), gradient=gradient)
        if len(found.values) != 1 or found.outputs[0].shape:
            raise ValueError(
                "fit() needs a QNode that returns one expectation value, but this one returns "
                f"{len(found.values)} measurements of shapes {[o.shape for o in found.outputs]}. "
                "Fit a QNode that returns the one of interest."
            )
        values = np.broadcast_to(found.values[0], shape)
        if found.gradients is None:
            return values, None
        slopes = found.gradients[0]
        return values, np.broadcast_to(slopes, (*shape, slopes.shape[-1]))

    @property
    def fitted_inputs(self) -> np.ndarray:
        """The distinct inputs that occur among the fitted rows."""
        return self.inputs[self.counts > 0]

    def solve(self, parameters: np.ndarray):
        """Gain, offset, residual and derivative on the distinct inputs that are fitted."""
        used = self.counts > 0
        values, slopes = self.outputs(parameters, self.fitted_inputs)
        return read_out(values, slopes, self.means[used], self.counts[used], self.affine)

    def residuals(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is minimised, and its derivative."""
        return self.solve(parameters)[2:]


def state_problem(reading: Reading, data, targets, held_out, affine: bool) -> Problem:
    """Check data and targets, and take rows of equal input together.

    Args:
        reading: the QNode, read.
        data: inputs, shape ``(m,)`` or ``(m, I)``.
        targets: shape ``(m,)``.
        held_out: mask of shape ``(m,)``, or ``None``.
        affine: whether a read-out is fitted along.

    Raises:
        ValueError: shapes do not fit, too few rows are left, or a number is not finite.
    """
    width = reading.arguments.inputs.size
    inputs, targets = np.asarray(data, float), np.asarray(targets, float)
    held = np.zeros(len(targets) if targets.ndim else 0, bool) if held_out is None else held_out
    held = np.asarray(held)
    if inputs.size != targets.size * width or targets.ndim != 1 or held.shape != targets.shape:
        raise ValueError(
            f"fit() needs data of shape (m, {width}), targets of shape (m,) and held_out a mask of "
            f"shape (m,), but got {inputs.shape}, {targets.shape} and {held.shape}."
        )
    if held.dtype != bool or np.sum(~held) < 2:
        raise ValueError(
            "fit() needs held_out as booleans that leave at least two rows to fit, but got "
            f"{held.dtype} with {int(np.sum(held != 0))} of {held.size} held out."
        )
    if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
        raise ValueError("fit() needs finite numbers, but got NaN or infinity. Drop those rows.")
    distinct, rows = np.unique(inputs.reshape(-1, width), axis=0, return_inverse=True)
    rows = rows.reshape(-1)
    counts = np.bincount(rows[~held], minlength=len(distinct)).astype(float)
    sums = np.bincount(rows[~held], targets[~held], minlength=len(distinct))
    means = sums / np.maximum(counts, 1)
    return Problem(reading, distinct, means, counts, rows, targets, held, affine)


def draw_starts(problem: Problem, restarts: int, rng, attempts: int = 5) -> np.ndarray:
    """The values given, then draws; starts where the output is constant are drawn again."""
    given = problem.reading.arguments.parameters
    circuit = problem.reading.circuit
    starts = np.concatenate([given[None], draw(Uniform(), circuit, given, restarts - 1, rng)])
    for attempt in range(attempts + 1):
        values, _ = problem.outputs(starts, problem.fitted_inputs, gradient=False)
        flat = np.var(values, axis=1) <= FLAT
        if not flat.any():
            return starts
        if attempt < attempts:
            near = given + 0.1 * rng.normal(size=(1, given.size))
            far = draw(Uniform(), circuit, given, restarts - 1, rng)
            starts = np.where(flat[:, None], np.concatenate([near, far]), starts)
    if flat.all():
        raise ValueError(
            "fit() needs an output that varies with the data, but it is the same at all "
            f"{len(problem.fitted_inputs)} distinct inputs for all {restarts} starts. Check "
            "encoding_args, and that the encoding gates act on wires the measurement sees."
        )
    return starts[~flat]
