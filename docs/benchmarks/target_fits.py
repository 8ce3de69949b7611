"""Fits of one circuit to many targets, all in one batch, from one random start each.

The number of its target rides along with every start as one more parameter that has no effect, so
that the searches of the package, which know only points, fit every start to its own target.
Residuals are divided by the spread of the target: the loss is ``(1 − R²)/2``.
"""

from __future__ import annotations

import zlib

import numpy as np

import pennylane_trainability as pt
from pennylane_trainability.commands.airline import load_airline
from pennylane_trainability.fitting import adam, levenberg_marquardt, state_problem, steps_to

SEED = 20260
#: R² from which a fit counts as a success.
THRESHOLD = 0.95
#: ``1 − R²`` below which a fit is taken as exact and ends.
EXACT = 1e-6
#: Settings of the searches.
SETTINGS = {
    "lm": {"max_steps": 300, "rtol": 1e-4, "patience": 5},
    "adam": {"max_steps": 1500, "learning_rate": 0.01, "rtol": 1e-6, "patience": 200},
}


def polynomials(degree: int, count: int, inputs: np.ndarray) -> np.ndarray:
    """Random real trigonometric polynomials with ``max|y| = 1``, shape ``(count, m)``.

    All ``2·degree + 1`` coefficients are standard normal; the maximum is taken on 1024 inputs.
    They depend on the degree and on their number only, not on the circuit.
    """
    rng = np.random.default_rng([SEED, degree])
    weights = rng.normal(size=(count, 2 * degree + 1))
    fine = 2 * np.pi * np.arange(1024) / 1024
    return (weights @ basis(degree, inputs)) / np.max(
        np.abs(weights @ basis(degree, fine)), axis=1, keepdims=True
    )


def basis(degree: int, inputs: np.ndarray) -> np.ndarray:
    """``1, cos x, …, cos dx, sin x, …, sin dx``, shape ``(2d + 1, m)``."""
    k = np.arange(1, degree + 1)[:, None]
    return np.concatenate([np.ones((1, len(inputs))), np.cos(k * inputs), np.sin(k * inputs)])


def grid(budget: int) -> np.ndarray:
    """Inputs on which least squares is least squares in the coefficients (Parseval)."""
    count = 2 * budget + 2
    return 2 * np.pi * np.arange(count) / count


def airline() -> tuple[np.ndarray, np.ndarray, float]:
    """The twelve months, the means of the fitted years, and the R² they reach on the data."""
    series = load_airline()
    used = ~series.held_out
    months = series.months[:12]
    means = np.array([series.targets[used & (series.months == m)].mean() for m in months])
    spread = np.var(series.targets[used])
    return series.inputs[:12], means, float(np.var(means) / spread)


def draws(key: str, size: tuple[int, int]) -> np.ndarray:
    """Starts of a case: uniform over one turn, from a seed that is made of its name."""
    rng = np.random.default_rng([SEED, zlib.crc32(key.encode())])
    return rng.uniform(0, 2 * np.pi, size)


def fits(reading, inputs, targets, affine: bool, method: str, key: str) -> dict:
    """Fit a circuit to every target from one start.

    Args:
        reading: the circuit.
        inputs: shape ``(m,)``.
        targets: shape ``(T, m)``.
        affine: whether gain and offset are fitted along (variable projection).
        method: ``"lm"`` or ``"adam"``.
        key: of the starts.

    Returns:
        ``r2`` and ``steps`` (to the threshold, ``None`` where it is not reached) of every target.
    """
    starts = draws(key, (len(targets), reading.circuit.n_parameters))
    numbered = np.column_stack([starts, np.arange(len(targets))])
    search = {"lm": levenberg_marquardt, "adam": adam}[method]
    evaluate = evaluation(reading, inputs, targets, affine)
    found = search(evaluate, numbered, **SETTINGS[method])
    steps = steps_to([2 * trace for trace in found.traces], 1 - THRESHOLD)
    return {
        "r2": [round(float(1 - 2 * loss), 6) for loss in found.losses],
        "steps": [None if np.isnan(step) else int(step) for step in steps],
    }


def evaluation(reading, inputs, targets, affine: bool):
    """``(θ, number of the target) → residual, derivative``, see the top of this file."""
    problem = state_problem(reading, inputs, targets[0], affine=affine)
    order = np.argsort(inputs)  # a problem keeps its inputs in ascending order
    targets = np.asarray(targets)[:, order]
    size = np.sqrt(len(inputs)) * np.std(targets, axis=1)

    def evaluate(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        number = np.rint(points[:, -1]).astype(int)
        values, slopes = problem.outputs(points[:, :-1], problem.inputs)
        residual, slopes = (projected if affine else plain)(values, slopes, targets[number])
        slopes = np.concatenate([slopes, np.zeros((*slopes.shape[:2], 1))], axis=2)
        residual, slopes = residual / size[number, None], slopes / size[number, None, None]
        residual[np.sum(residual**2, axis=1) < EXACT] = 0.0
        return residual, slopes

    return evaluate


def plain(f, slopes, targets):
    """No read-out."""
    return f - targets, slopes


def projected(f, slopes, targets):
    """The best gain and offset of every row, and what they leave over; see ``read_out``."""
    f = f - f.mean(axis=1, keepdims=True)
    y = targets - targets.mean(axis=1, keepdims=True)
    slopes = slopes - slopes.mean(axis=1, keepdims=True)
    norm = np.maximum(np.sum(f * f, axis=1), 1e-12 * f.shape[1])
    gain = np.sum(f * y, axis=1) / norm
    residual = gain[:, None] * f - y
    turn = -np.einsum("dmp,dm->dp", slopes, residual + gain[:, None] * f) / norm[:, None]
    return residual, gain[:, None, None] * slopes + f[:, :, None] * turn[:, None]


def reading_of(block: str, wires: int, layers: int, blocks: int, wire: str):
    """The template's circuit: ``Z`` on the ``"last"`` or ``"first"`` wire."""
    return pt.template_builder(block, wire)(wires, layers, blocks).read()
