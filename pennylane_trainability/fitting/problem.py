"""A QNode and its data as a least-squares problem: distinct inputs, weights, starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.arguments import to_numpy
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.substitution import NumericCircuit, is_plain
from pennylane_trainability.fitting.least_squares import FLAT, read_out
from pennylane_trainability.laws import Uniform, draw
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, simulate
from pennylane_trainability.simulation.elements import trainable_angles

__all__ = ["BLOCK", "Problem", "draw_starts", "state_problem"]

#: Starts that are simulated together, at most, unless the caller says otherwise.
BLOCK = 20


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is fitted to what: rows of equal input are taken together.

    Attributes:
        model: the QNode as plain data, or its reading where there is no such form.
        inputs: distinct inputs, shape ``(n, I)``.
        means: mean of the fitted targets at each of them, shape ``(n,)``.
        counts: number of fitted rows at each of them, shape ``(n,)``.
        rows: the distinct input of each row of the data, shape ``(m,)``.
        targets: shape ``(m,)``.
        held_out: which rows are not fitted, shape ``(m,)``.
        affine: whether a read-out is fitted along.
        memory: bytes a block of starts may take.
        block: starts that are simulated together, at most.
    """

    model: NumericCircuit | Reading
    inputs: np.ndarray
    means: np.ndarray
    counts: np.ndarray
    rows: np.ndarray
    targets: np.ndarray
    held_out: np.ndarray
    affine: bool
    memory: int = DEFAULT_MEMORY
    block: int = BLOCK

    @property
    def given(self) -> np.ndarray:
        """The parameters of the call, shape ``(P,)``."""
        at = self.model if isinstance(self.model, NumericCircuit) else self.model.arguments
        return at.parameters

    @property
    def variance(self) -> float:
        """Mean squared deviation of the fitted targets from their mean."""
        return float(np.var(self.targets[~self.held_out]))

    def mean_square(self, losses: np.ndarray) -> np.ndarray:
        """Mean squared error over the fitted rows, from ``½‖r‖²`` on the distinct inputs."""
        used = ~self.held_out
        within = np.mean((self.targets[used] - self.means[self.rows[used]]) ** 2)
        return 2 * losses / np.sum(used) + within

    def block_size(self) -> int:
        """How many starts are simulated together; it decides the last bits of a result.

        Half the memory is for the states of the simulation, half for derivatives.
        """
        circuit = self.model.circuit
        states = 16 * 2**circuit.n_wires * (len(trainable_angles(circuit)) + 8)
        slopes = 8 * 8 * len(self.fitted_inputs) * circuit.n_parameters  # eight arrays of them
        return max(1, min(self.block, self.memory // (2 * max(states, slopes))))

    def outputs(self, parameters: np.ndarray, inputs: np.ndarray, gradient: bool = True):
        """Values ``(D, n)`` and gradients ``(D, n, P)``."""
        shape = (len(parameters), len(inputs))
        found = simulate(
            self.model.at(parameters, inputs), gradient=gradient, memory=self.memory // 2
        )
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


def state_problem(
    reading: Reading,
    data,
    targets,
    held_out=None,
    affine: bool = True,
    memory: int = DEFAULT_MEMORY,
    block: int = BLOCK,
) -> Problem:
    """Check data and targets, and take rows of equal input together.

    Args:
        reading: the QNode, read.
        data: inputs, shape ``(m,)`` or ``(m, I)``.
        targets: shape ``(m,)``.
        held_out: mask of shape ``(m,)``, or ``None``.
        affine: whether a read-out is fitted along.
        memory: bytes a block of starts may take.
        block: starts that are simulated together, at most.

    Raises:
        ValueError: shapes do not fit, too few rows are left, or a number is not finite.
    """
    if block < 1:
        raise ValueError(f"fit() needs blocks of at least one start, but got block={block}.")
    width = reading.arguments.inputs.size
    inputs, targets = to_numpy(data), to_numpy(targets)
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
    model = reading.numeric() if is_plain(reading.circuit) else reading
    return Problem(model, distinct, means, counts, rows, targets, held, affine, memory, block)


def draw_starts(
    problem: Problem, restarts: int, rng, *, given: bool = True, attempts: int = 5
) -> np.ndarray:
    """The values given, then draws; starts where the output is constant are drawn again.

    Args:
        problem: what is fitted.
        restarts: number of starts.
        rng: source of randomness.
        given: whether the first start is the values given; otherwise all are drawn.
        attempts: how often a start is drawn again.

    Raises:
        ValueError: the output is constant at all of them.
    """
    point, first = problem.given, int(given)

    def drawn() -> np.ndarray:
        return draw(Uniform(), problem.model.circuit, point, restarts - first, rng)

    starts = np.concatenate([point[None][:first], drawn()])
    for attempt in range(attempts + 1):
        flat = _flat(problem, starts)
        if not flat.any():
            return starts
        if attempt < attempts:
            near = point + 0.1 * rng.normal(size=(first, point.size))
            starts = np.where(flat[:, None], np.concatenate([near, drawn()]), starts)
    if flat.all():
        raise ValueError(
            "fit() needs an output that varies with the data, but it is the same at all "
            f"{len(problem.fitted_inputs)} distinct inputs for all {restarts} starts. Check "
            "encoding_args, and that the encoding gates act on wires the measurement sees."
        )
    return starts[~flat]


def _flat(problem: Problem, starts: np.ndarray) -> np.ndarray:
    """At which starts the output is constant."""
    size = problem.block_size()
    parts = [starts[first : first + size] for first in range(0, len(starts), size)]
    values = [problem.outputs(p, problem.fitted_inputs, gradient=False)[0] for p in parts]
    return np.var(np.concatenate(values), axis=1) <= FLAT
