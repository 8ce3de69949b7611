"""What did the device say: a measured coefficient Jacobian, with its errors."""

from __future__ import annotations

from dataclasses import field
from statistics import NormalDist

import numpy as np

from pennylane_trainability.results import Cost, Estimate, Provenance, Result, record
from pennylane_trainability.statistics.counts import resample_counts, smoothed_probabilities
from pennylane_trainability.statistics.noise_floor import NoiseFloor, singular_value_floor

__all__ = ["MeasuredJacobian", "outcome_covariances"]


@record
class MeasuredJacobian(Result):
    r"""A coefficient Jacobian measured on a device, with everything its errors need.

    ``J = T · S · W · m`` is linear in the means ``m`` of the circuits: the transform ``T`` from
    input points to rows, the chain rule ``S``, the shift rule ``W``. Circuits are independent, so
    variances add with squared weights.

    Attributes:
        value: ``(R, P)``; rows are the ``K`` coefficients of the first output, then of the next.
        variances: sampling variance of every mean, ``(circuits S, points G, outputs)``.
        counts: outcome counts per measurement basis, ``(S, G, outcomes)``.
        weights: value of every outcome per basis, ``(outputs, outcomes)``.
        shift_weights: ``W``, ``(angles, S)``.
        slopes: ``S``, ``(angles, P)``.
        matrix: ``T``, ``(K, G)``.
        shots: shots per circuit.
        parameters: names of the columns.
        coefficients: the coefficients themselves, ``(outputs, K)``, where their circuits were run
            too.
        cost: what was run.
        provenance: device, shots, seed of the resampling.
        level: level used where none is given.
    """

    value: np.ndarray
    variances: np.ndarray = field(repr=False)
    counts: tuple[np.ndarray, ...] = field(repr=False)
    weights: tuple[np.ndarray, ...] = field(repr=False)
    shift_weights: np.ndarray = field(repr=False)
    slopes: np.ndarray = field(repr=False)
    matrix: np.ndarray = field(repr=False)
    shots: int
    parameters: tuple[str, ...] = field(repr=False)
    coefficients: np.ndarray | None = field(default=None, repr=False)
    cost: Cost
    provenance: Provenance
    level: float = 0.95

    @property
    def stderr(self) -> np.ndarray:
        """Standard error of every entry, ``(R, P)``, from the device's own counts.

        Outcome probabilities are smoothed (Agresti–Coull), so that circuits whose shots all agree
        do not pass for certain.
        """
        by_angle = np.einsum("as,sgo->ago", self.shift_weights**2, self.variances)
        by_parameter = np.einsum("ap,ago->pgo", self.slopes**2, by_angle)
        rows = np.einsum("kg,pgo->okp", self.matrix**2, by_parameter)
        return np.sqrt(rows.reshape(-1, rows.shape[-1]))

    def covariance(self, column: int, other: int | None = None) -> np.ndarray:
        """Covariance between the entries of two columns (one by default), ``(R, R)``.

        Entries of different outputs are treated as independent where they come from different
        bases; within one basis their covariance is taken from the counts.
        """
        other = column if other is None else other
        weight = np.einsum(
            "a,as->s", self.slopes[:, column] * self.slopes[:, other], self.shift_weights**2
        )
        outputs = self.variances.shape[-1]
        block = np.zeros((self.matrix.shape[1], outputs, outputs))
        for counts, values in zip(self.counts, self.weights, strict=True):
            block += np.einsum(
                "s,sgop->gop", weight, outcome_covariances(counts, values, self.shots)
            )
        full = np.einsum("kg,lg,gop->okpl", self.matrix, self.matrix, block)
        size = outputs * self.matrix.shape[0]
        return full.reshape(size, size)

    def interval(self, level: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of normal intervals at a level, each ``(R, P)``."""
        level = self.level if level is None else level
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.stderr
        return self.value - reach, self.value + reach

    def noise_floor(self, level: float | None = None, n_resamples: int = 399) -> NoiseFloor:
        """How large noise alone makes the singular values (parametric bootstrap of the counts)."""
        rng = np.random.default_rng(self.provenance.seed)

        def draw(count: int) -> np.ndarray:
            return self.value + self._resampled_errors(count, rng)

        return singular_value_floor(
            self.value, draw, n_resamples=n_resamples, level=self.level if level is None else level
        )

    def rank(self, level: float | None = None) -> Estimate:
        """A lower bound on the rank at a level: singular values above the noise floor (Weyl)."""
        return self.noise_floor(level).rank_estimate(level, law=f"{self.shots} shots per circuit")

    def _resampled_errors(self, n_resamples: int, rng) -> np.ndarray:
        out = np.empty((n_resamples, *self.value.shape))
        linear = np.einsum("ap,as->sp", self.slopes, self.shift_weights)
        for k in range(n_resamples):
            errors = 0.0
            for counts, values in zip(self.counts, self.weights, strict=True):
                drawn = resample_counts(counts, 1, rng)[0]
                smooth = smoothed_probabilities(counts)
                total = drawn.sum(axis=-1, keepdims=True)
                errors = errors + (drawn / total - smooth) @ values.T
            rows = np.einsum("kg,sgo,sp->okp", self.matrix, errors, linear, optimize=True)
            out[k] = rows.reshape(self.value.shape)
        return out

    def rows(self) -> list[tuple[str, object]]:
        """Size, errors, rank and cost."""
        floor = self.noise_floor()
        return [
            ("matrix", f"{self.value.shape[0]} rows × {self.value.shape[1]} parameters"),
            (
                "standard error",
                f"median {np.median(self.stderr):.2g}, largest {self.stderr.max():.2g}",
            ),
            ("rank", floor.rank_estimate(law=f"{self.shots} shots per circuit")),
            ("noise floor", f"{floor.floor():.3g} ({self.level:.0%}); σ₁ = {floor.values[0]:.3g}"),
            ("cost", self.cost),
            ("device", self.provenance.device),
        ]


def outcome_covariances(counts, values, shots: int) -> np.ndarray:
    """``(S, G, outputs, outputs)`` covariances of the means of one basis.

    Args:
        counts: ``(S, G, outcomes)``.
        values: value of every outcome, ``(outputs, outcomes)``.
        shots: shots per circuit.
    """
    p = smoothed_probabilities(counts)
    mean = p @ values.T
    second = np.einsum("sgm,om,pm->sgop", p, values, values)
    return (second - mean[..., :, None] * mean[..., None, :]) / shots
