"""What did the device say: the outputs of a density model, with their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from statistics import NormalDist

import numpy as np

from pennylane_trainability.results import Cost, Provenance, Result, record
from pennylane_trainability.statistics.mixtures import covariance_of_draws, covariance_of_sums

__all__ = ["MeasuredDensity"]


@record
class MeasuredDensity(Result):
    r"""The outputs of a density model :math:`f = \sum_k \alpha_k f_k` measured on a device.

    Outputs are the results of all measurements one after another, ``M`` numbers; where the call has
    a broadcasting axis, arrays have it first.

    Attributes:
        value: the estimate, ``(M,)``.
        outputs: what each output is.
        method: how it was measured.
        weights: the mixture weights ``α``, ``(K,)``.
        parts: outputs of the single parts ``f_k``, which are the derivatives by the weights,
            ``(K, M)``; NaN for a part that was not run, ``None`` with a register.
        shots: shots per basis that each part got, ``(K,)``; with a register those of the one
            circuit, ``(1,)``.
        counts: outcomes of every circuit, per measurement basis ``(circuits, outcomes)``.
        values: value of every outcome, per basis ``(M, outcomes)``.
        notes: what a user should know.
        cost: what was run.
        provenance: device, shots, seed of the draw.
        level: level used where none is given.
    """

    value: np.ndarray
    outputs: tuple[str, ...]
    method: str
    weights: np.ndarray
    parts: np.ndarray | None = field(repr=False)
    shots: np.ndarray
    counts: tuple[np.ndarray, ...] = field(repr=False)
    values: tuple[np.ndarray, ...] = field(repr=False)
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance
    level: float = 0.95

    def covariance(self) -> np.ndarray:
        """Covariances between the outputs, ``(M, M)``, from the device's own counts.

        Of the shots at given weights, and with ``randomised`` of the draw of the parts, too. As
        probabilities are smoothed (Agresti–Coull), a circuit whose shots all agree does not pass
        for certain.
        """
        if self.method == "randomised":
            return covariance_of_draws(self.counts, self.values)
        shares = self.weights if self.method == "exact" else np.ones(self.shots.shape)
        return covariance_of_sums(shares, self.counts, self.values)

    @property
    def stderr(self) -> np.ndarray:
        """Standard error of every output, ``(M,)``."""
        variances = np.diagonal(self.covariance(), axis1=-2, axis2=-1)
        return np.sqrt(np.maximum(variances, 0.0))

    def interval(self, level: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of normal intervals at a level, each ``(M,)``."""
        level = self.level if level is None else level
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.stderr
        return self.value - reach, self.value + reach

    def heading(self) -> str:
        """The first line that is printed."""
        return "Measured density model"

    def rows(self) -> Sequence[tuple[str, object]]:
        """Values with their errors, weights, shots and cost."""
        rows: list[tuple[str, object]] = [("method", self.method)]
        if self.value.ndim == 1:
            found = zip(self.outputs, self.value, self.stderr, strict=True)
            rows += [(name, f"{value:.4g} ± {error:.2g}") for name, value, error in found]
        else:
            rows += [("values", self.value), ("largest standard error", self.stderr.max())]
        return [
            *rows,
            ("weights", self.weights),
            ("shots per part" if self.method != "register" else "shots", self.shots),
            *(("note", note) for note in self.notes),
            ("cost", self.cost),
            ("device", self.provenance.device),
        ]
