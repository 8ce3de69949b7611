"""How many dimensions does a Fourier model have for a number of data points?"""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.diagnostics.effective_dimension import (
    effective_dimension,
    resolution,
)
from pennylane_trainability.results import Estimate, Provenance, Result, record
from pennylane_trainability.statistics.bootstrap import bootstrap_interval

__all__ = ["DataDimension", "data_dimension"]


@record
class DataDimension(Result):
    r"""The effective dimension of a QNode as a regression model with normal noise.

    With outputs :math:`f(x;\theta)` and noise of any fixed size the Fisher information averaged
    over the inputs is :math:`J^T J` up to a factor that drops out, with the coefficient Jacobian
    :math:`J` (on data: the Jacobian on these points). The definition is that of Abbas et al.,
    arXiv:2011.00027, eqs. (2) and (3); see ``diagnostics.effective_dimension``.

    Attributes:
        value: the effective dimension, with its bootstrap interval over the draws.
        n_data: number of data.
        gamma: in ``(0, 1]``.
        n_parameters: ``P``.
        eigenvalues: of :math:`J^T J` at every draw, descending, ``(D, min(P, rows))``.
        provenance: seed, draws, device, engine.
    """

    value: Estimate
    n_data: float
    gamma: float
    n_parameters: int
    eigenvalues: np.ndarray = field(repr=False)
    provenance: Provenance

    def heading(self) -> str:
        """The first line that is printed."""
        return f"Effective dimension: {self.value} of {self.n_parameters} parameters"

    def rows(self) -> list[tuple[str, object]]:
        """Interval, and what it is for."""
        return [
            ("interval", self.value.interval()),
            ("data", f"{self.n_data:g}, γ = {self.gamma:g}"),
            ("Fisher information", "JᵀJ: normal noise on the outputs"),
        ]


def data_dimension(
    jacobians: np.ndarray,
    *,
    n_data: float = 10_000,
    gamma: float = 1.0,
    level: float,
    law: str,
    provenance: Provenance,
) -> DataDimension:
    """The effective dimension of Jacobians that are there already.

    Args:
        jacobians: ``(D, rows, P)`` at independent draws.
        n_data: number of data.
        gamma: in ``(0, 1]``.
        level: level of the interval.
        law: how parameters were drawn.
        provenance: where the Jacobians come from; its seed serves the resampling.

    Raises:
        ValueError: there are too few data or draws.
    """
    kappa = resolution(n_data, gamma)
    found = np.linalg.svd(jacobians, compute_uv=False) ** 2
    count = jacobians.shape[-1]
    values = np.zeros((len(found), count))
    values[:, : found.shape[1]] = found

    def statistic(samples, axis):
        return effective_dimension(samples, kappa, axis)

    rng = np.random.default_rng(np.random.SeedSequence(provenance.seed, spawn_key=(8,)))
    return DataDimension(
        value=bootstrap_interval(values, statistic, rng=rng, level=level, law=law),
        n_data=float(n_data),
        gamma=float(gamma),
        n_parameters=count,
        eigenvalues=found,
        provenance=provenance,
    )
