r"""The airline passengers series: read, detrended, with the last years held out.

Monthly totals of international airline passengers in thousands, 1949–1960 (Box and Jenkins, Time
Series Analysis, 1976, series G). Taken is the logarithm, minus a straight line fitted to the years
that are not held out. A line and not a parabola: within those years, forecasts of the next three
years from 1951, 1952, 1953 or 1954 miss by 0.04–0.10 (root mean square) with a line and by
0.10–0.43 with a parabola. What is left repeats every twelve months.
"""

from __future__ import annotations

import csv
from dataclasses import field
from importlib import resources

import numpy as np

from pennylane_trainability.results import Result, record

__all__ = ["Airline", "fourier_basis", "load_airline", "unidentifiable"]

FIRST_YEAR = 1949


@record
class Airline(Result):
    """The series, ready to be fitted.

    Attributes:
        years: year of each value, shape ``(144,)``.
        months: month of each value, 1 to 12.
        passengers: thousands of passengers.
        trend: intercept and slope per year of the logarithm, time counted from January 1949.
        targets: logarithm minus trend.
        held_out: values that are not fitted, neither by the trend nor by a model.
    """

    years: np.ndarray = field(repr=False)
    months: np.ndarray = field(repr=False)
    passengers: np.ndarray = field(repr=False)
    trend: tuple[float, float]
    targets: np.ndarray = field(repr=False)
    held_out: np.ndarray = field(repr=False)

    @property
    def inputs(self) -> np.ndarray:
        """The month as an angle, ``2π(month − 1)/12``."""
        return 2 * np.pi * (self.months - 1) / 12

    @property
    def best_of_month(self) -> np.ndarray:
        """The mean of the fitted targets of each month: no function of the month fits better."""
        fitted = ~self.held_out
        means = [np.mean(self.targets[fitted & (self.months == m)]) for m in range(1, 13)]
        return np.array(means)[self.months - 1]

    def without_yearly_means(self, values: np.ndarray) -> np.ndarray:
        """Held-out values minus the mean of their year: the season without the level."""
        kept = [values[self.years == year] for year in np.unique(self.years[self.held_out])]
        return np.concatenate([year - np.mean(year) for year in kept])

    def heading(self) -> str:
        """Name and source."""
        return "Airline passengers, monthly totals 1949–1960 (Box and Jenkins 1976, series G)"

    def rows(self) -> list[tuple[str, object]]:
        """Which values, which trend, which input."""
        fitted, held = self.years[~self.held_out], self.years[self.held_out]
        intercept, slope = self.trend
        return [
            ("fitted", f"{len(fitted)} values, {fitted[0]}–{fitted[-1]}"),
            ("held out", f"{len(held)} values, {held[0]}–{held[-1]}"),
            (
                "target",
                f"log(passengers) − ({intercept:.3f} + {slope:.4f}·years since January 1949),\n"
                "the line from the fitted years only",
            ),
            ("input", "x = 2π·(month − 1)/12"),
        ]


def load_airline(held_out_years: int = 3) -> Airline:
    """Read the series that comes with the package.

    Args:
        held_out_years: how many years at the end are not fitted.

    Returns:
        The detrended series.

    >>> load_airline().targets.shape
    (144,)
    """
    source = resources.files("pennylane_trainability") / "data" / "airline_passengers.csv"
    lines = source.read_text(encoding="utf-8").splitlines()
    table = np.array([[int(x) for x in row] for row in list(csv.reader(lines))[1:]])
    years, months, passengers = table.T
    time = years - FIRST_YEAR + (months - 1) / 12
    held_out = years > years[-1] - held_out_years
    slope, intercept = np.polyfit(time[~held_out], np.log(passengers[~held_out]), 1)
    return Airline(
        years=years,
        months=months,
        passengers=passengers,
        trend=(float(intercept), float(slope)),
        targets=np.log(passengers) - intercept - slope * time,
        held_out=held_out,
    )


def fourier_basis(inputs: np.ndarray, degree: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """``1, cos x, sin x, …, cos Ex, sin Ex`` at the inputs, shape ``(m, 2E+1)``, and their names.

    >>> fourier_basis(np.array([0.0]), 1)
    (array([[1., 1., 0.]]), ('1', 'cos x', 'sin x'))
    """
    columns, names = [np.ones(len(inputs))], ["1"]
    for k in range(1, degree + 1):
        columns += [np.cos(k * inputs), np.sin(k * inputs)]
        names += [f"{name} {'' if k == 1 else k}x" for name in ("cos", "sin")]
    return np.stack(columns, axis=1), tuple(names)


def unidentifiable(inputs: np.ndarray, degree: int) -> tuple[int, tuple[str, ...]]:
    """What samples at the inputs cannot show of a Fourier series.

    Args:
        inputs: where the series is sampled, shape ``(m,)``.
        degree: its degree ``E``.

    Returns:
        The rank of the basis on the samples, at most ``2E + 1``, and the terms that vanish at every
        sample.

    >>> unidentifiable(2 * np.pi * np.arange(12) / 12, 6)
    (12, ('sin 6x',))
    """
    basis, names = fourier_basis(np.unique(inputs), degree)
    tolerance = 1e-9 * np.sqrt(len(basis))
    vanish = np.linalg.norm(basis, axis=0) < tolerance
    rank = int(np.linalg.matrix_rank(basis, tol=tolerance))
    return rank, tuple(name for name, gone in zip(names, vanish, strict=True) if gone)
