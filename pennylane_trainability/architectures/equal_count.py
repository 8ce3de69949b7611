"""A shape of which only some parameters are trained, as many as in every other shape."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.diagnostics.column_space import spectrum
from pennylane_trainability.results import Estimate, Result, record
from pennylane_trainability.statistics.bootstrap import quantile

__all__ = ["EqualCount"]


@record
class EqualCount(Result):
    """A shape with only some of its parameters trained, as many as in every other shape.

    A frozen parameter is a column of ``J`` that is left out. In every draw other parameters are
    chosen at random.

    Attributes:
        name: the shape.
        total: parameters of the shape.
        n_parameters: parameters kept.
        n_rows: ``K``.
        singular_values: ``(D, min(K, kept))``.
        level: of the intervals.
        law: how parameters were drawn and chosen.
    """

    name: str
    total: int
    n_parameters: int
    n_rows: int
    singular_values: np.ndarray = field(repr=False)
    level: float = 0.95
    law: str = ""

    @property
    def ranks(self) -> np.ndarray:
        """Rank of every draw, ``(D,)``."""
        return spectrum.numerical_rank(self.singular_values)

    @property
    def full_rank(self) -> float:
        """Share of the draws in which the rank is the most it can be, ``min(K, kept)``."""
        return float(np.mean(self.ranks == min(self.n_rows, self.n_parameters)))

    @property
    def sigma_k(self) -> Estimate:
        """``σ_K``, median over the draws; 0 where a direction is unreachable."""
        values = spectrum.smallest_row_value(self.singular_values, self.ranks, self.n_rows)
        return quantile(values, 0.5, level=self.level, law=self.law)

    @property
    def condition(self) -> Estimate:
        """``σ₁/σ_rank``, median over the draws, each with its own rank."""
        values = spectrum.condition_number(self.singular_values, self.ranks)
        values = values[~np.isnan(values)]
        if values.size == 0:
            return Estimate(value=np.nan, level=self.level, law=self.law)
        return quantile(values, 0.5, level=self.level, law=self.law)
