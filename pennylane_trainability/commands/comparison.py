"""The built-in job: serial, mixed and parallel shapes of one budget, fitted to one series."""

from __future__ import annotations

from dataclasses import field
from textwrap import fill

import numpy as np

from pennylane_trainability.architectures import template_builder
from pennylane_trainability.circuits.qnode import Reading, read_qnode
from pennylane_trainability.circuits.series import series_of
from pennylane_trainability.commands.airline import Airline, load_airline, unidentifiable
from pennylane_trainability.diagnostics.column_space import ColumnSpace, column_space
from pennylane_trainability.fitting import Fit, fit, r_squared
from pennylane_trainability.laws import Uniform, draw
from pennylane_trainability.results import Result, record, table
from pennylane_trainability.simulation.adjoint import simulate
from pennylane_trainability.simulation.fourier_jacobian import exact_jacobian

__all__ = ["SHAPES", "Comparison", "Trial", "build_model", "compare_shapes", "report_of"]

BUDGET = 6
#: Wires N and encoding layers L with N·L = 6.
SHAPES = ((1, 6), (2, 3), (3, 2), (6, 1))
_RESTARTS = 6
_HEADER = (
    *("shape", "P", "K", "rank", "dead", "σ_K", "condition"),
    *("R² fitted", "R² held out", "gain", "steps"),
)


@record
class Trial(Result):
    """One shape: what its Jacobian spans, and how it fits.

    Attributes:
        shape: wires and encoding layers.
        space: column space of the coefficient Jacobian over random parameters.
        fit: the fit to the series.
        grid: inputs of the fitted curve.
        curve: the fitted curve there.
    """

    shape: tuple[int, int]
    space: ColumnSpace = field(repr=False)
    fit: Fit = field(repr=False)
    grid: np.ndarray = field(repr=False)
    curve: np.ndarray = field(repr=False)


@record
class Comparison(Result):
    """All shapes on one series.

    Attributes:
        data: the series.
        trials: one per shape.
    """

    data: Airline = field(repr=False)
    trials: tuple[Trial, ...]

    def summary(self) -> str:
        """The series, the table, and how to read it."""
        notes = (self._sampling(), self._ceiling(), self._level(), self._difference())
        bullets = (fill(note, 92, initial_indent="- ", subsequent_indent="  ") for note in notes)
        return "\n\n".join((str(self.data), self._table(), "\n".join(bullets)))

    def _table(self) -> str:
        title = f"Shapes (N wires, L encoding layers) with the budget E = N·L = {BUDGET}; "
        title += "σ_K, condition and steps are medians"
        return f"{title}\n{table(_HEADER, map(_row, self.trials))}"

    def _sampling(self) -> str:
        rank, vanish = unidentifiable(self.data.inputs, BUDGET)
        points = len(np.unique(self.data.inputs))
        lost = f"; {', '.join(vanish)} is zero at every month" if vanish else ""
        return (
            f"Monthly values cannot identify everything: on {points} distinct inputs the "
            f"{2 * BUDGET + 1} terms of degree ≤ {BUDGET} have rank {rank}{lost}. What a fitted "
            "curve does between the months is therefore no statement about the data."
        )

    def _ceiling(self) -> str:
        data, fitted = self.data, ~self.data.held_out
        best = r_squared(data.targets[fitted], data.best_of_month[fitted])
        reach = sum(best - trial.fit.r2 < 1e-3 for trial in self.trials)
        return (
            f"No function of the month exceeds R² = {best:.4f} on the fitted years (the means of "
            f"the twelve months); {reach} of {len(self.trials)} shapes come within 0.001 of it."
        )

    def _level(self) -> str:
        data = self.data
        miss = float(np.mean((data.targets - data.best_of_month)[data.held_out]))
        truth = data.without_yearly_means(data.targets)
        seasons = [
            r_squared(truth, data.without_yearly_means(trial.fit.fitted)) for trial in self.trials
        ]
        return (
            f"The values held out lie {abs(miss):.3f} {'below' if miss < 0 else 'above'} trend and "
            "season on average: the straight line is extrapolated, and no function of the month "
            f"can correct it. With the mean of each of those years removed, R² is {_span(seasons)}."
        )

    def _difference(self) -> str:
        ranks = sorted({trial.space.rank for trial in self.trials})
        weakest, *_, strongest = sorted(self.trials, key=_smallest)
        ratio = _smallest(strongest) / max(_smallest(weakest), 1e-300)
        same = f"All shapes have rank {ranks[0]}" if len(ranks) == 1 else f"The ranks are {ranks}"
        return (
            f"{same}. They differ in how strongly the weakest combination of coefficients moves: "
            f"σ_K is {ratio:.1f} times as large in shape {strongest.shape} as in {weakest.shape} "
            f"(median over {weakest.space.n_draws} random parameter sets; observed)."
        )


def _smallest(trial: Trial) -> float:
    return float(np.median(trial.space.smallest_row_values))


def _row(trial: Trial) -> list[object]:
    space, found = trial.space, trial.fit
    return [
        str(trial.shape),
        space.n_parameters,
        space.n_rows,
        space.rank,
        len(space.dead),
        f"{_smallest(trial):.1e}",
        f"{np.median(space.conditions):.0f}",
        f"{found.r2:.4f}",
        f"{found.r2_held_out:.4f}",
        f"{found.gain:.3f}",
        f"{np.median(found.steps):.0f}",
    ]


def _span(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.3f}" if high - low < 5e-4 else f"{low:.3f} to {high:.3f}"


def build_model(shape: tuple[int, int]):
    """The re-uploading model of a shape: ``Rot`` and CNOT rings, ``Z`` on the last wire.

    Args:
        shape: wires and encoding layers.

    Returns:
        A QNode of ``x`` and ``weights``, and the shape of the weights.

    >>> build_model((2, 3))[1]
    (4, 1, 2, 3)
    """
    model = template_builder()(*shape)
    return model.qnode, model.args[1].shape


def compare_shapes(shapes=SHAPES, *, seed: int = 0, n_draws: int = 300) -> Comparison:
    """Fit every shape to the series and look at its Jacobian at random parameters.

    Args:
        shapes: pairs of wires and encoding layers.
        seed: of parameters and starts.
        n_draws: parameter draws behind rank and conditioning.

    Returns:
        The comparison.
    """
    data = load_airline()
    seeds = np.random.SeedSequence(seed).generate_state(len(shapes)).tolist()
    trials = (_trial(shape, data, own, n_draws) for shape, own in zip(shapes, seeds, strict=True))
    return Comparison(data=data, trials=tuple(trials))


def report_of(comparison: Comparison, shape: tuple[int, int] = (2, 3)):
    """The report of one shape, at its fitted parameters, with the twelve monthly means as target.

    Args:
        comparison: the fits.
        shape: which of the shapes.

    Returns:
        What :func:`pennylane_trainability.analyze` says.
    """
    from pennylane_trainability.analysis import analyze

    trial = next(t for t in comparison.trials if t.shape == shape)
    months = np.unique(comparison.data.months, return_index=True)[1]
    run = analyze(
        build_model(shape)[0],
        encoding_args="x",
        data=comparison.data.inputs[months],
        targets=comparison.data.best_of_month[months],
        seed=trial.fit.provenance.seed,
    )
    return run(0.0, trial.fit.arguments)


def _trial(shape, data: Airline, seed: int, n_draws: int) -> Trial:
    qnode, size = build_model(shape)
    rng = np.random.default_rng((seed, 1))  # apart from the starts, which the fit draws
    weights = rng.uniform(0, 2 * np.pi, size)
    search = fit(
        qnode,
        data.inputs,
        data.targets,
        encoding_args="x",
        seed=seed,
        restarts=_RESTARTS,
        held_out=data.held_out,
    )
    found = search(0.0, weights)
    reading = read_qnode(qnode, (0.0, weights), {}, "x")
    grid = np.linspace(-np.pi / 12, 2 * np.pi - np.pi / 12, 241)
    return Trial(
        shape=shape,
        space=_space(reading, n_draws, rng),
        fit=found,
        grid=grid,
        curve=found.gain * _outputs(reading, found.parameters, grid) + found.offset,
    )


def _space(reading: Reading, n_draws: int, rng) -> ColumnSpace:
    draws = draw(Uniform(), reading.circuit, reading.arguments.parameters, n_draws, rng)
    (jacobian,) = exact_jacobian(series_of(reading), draws).jacobian or ()
    return column_space(jacobian)


def _outputs(reading: Reading, parameters: np.ndarray, grid: np.ndarray) -> np.ndarray:
    circuit = reading.at(parameters[None], grid[:, None])
    return simulate(circuit, gradient=False).values[0][0]
