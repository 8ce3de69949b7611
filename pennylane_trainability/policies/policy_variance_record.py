"""How large gradients of a policy are over a law of its parameters: the record."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np

from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.diagnostics.effective_dimension import (
    effective_dimension,
    resolution,
)
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.policies.policy_gradient import shaped
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, record
from pennylane_trainability.statistics.bootstrap import bootstrap_interval
from pennylane_trainability.statistics.replicates import ends_of, mean_of_draws

__all__ = ["PolicyVariance"]


@record
class PolicyVariance(Result):
    r"""Sizes of gradients of a Born policy over parameter draws, with their intervals.

    Attributes:
        log_terms: at every draw :math:`\sum_a (\partial_p\pi_a)^2/\pi_a`, ``(D, P)``: the mean
            square of :math:`\partial_p\log\pi(a)` for actions drawn by the policy, which is the
            diagonal of the classical Fisher information. Shot noise of the numerator is subtracted.
        derivative_terms: at every draw the mean over actions of
            :math:`(\partial_p\pi_a - E\,\partial_p\pi_a)^2`, ``(D, P)``, without shot noise.
        smallest: the smallest action probability at every draw, ``(D,)``.
        fisher_eigenvalues: of the classical Fisher information at every draw, descending,
            ``(D, min(A, P))``; empty where measured.
        clip: ``1/N``, the least a frequency counts in a denominator; 0 where exact.
        n_actions: number of actions ``A``.
        partition: outcomes to actions, in words.
        n_wires: number of wires.
        index: in the shape of the trainable arguments, which parameter stands there, counted from
            one.
        parameters: names of the parameters.
        law: of the parameters, in words.
        level: of intervals.
        notes: what the reader should know.
        cost: what was run.
        provenance: seed, draws, shots, device, engine.
        raw: the same without a calibration, if one was put into ``derivative_terms`` and
            ``smallest``; ``log_terms`` are NaN then.
        calibration: what was measured about the device for that.
        factors: what its errors add to ``Var ∂π``, in independent parts, ``(Q, P)``.
    """

    log_terms: np.ndarray = field(repr=False)
    derivative_terms: np.ndarray = field(repr=False)
    smallest: np.ndarray = field(repr=False)
    fisher_eigenvalues: np.ndarray = field(repr=False)
    clip: float
    n_actions: int
    partition: str
    n_wires: int
    index: Any = field(repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    law: str
    level: float = 0.95
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance
    raw: PolicyVariance | None = field(default=None, repr=False)
    calibration: Calibration | None = None
    factors: np.ndarray | None = field(default=None, repr=False)

    @property
    def log_variances(self) -> Any:
        r""":math:`\mathrm{Var}\,\partial\log\pi` in the shape of the trainable arguments.

        Raises:
            ReadingError: a calibration was put into the probabilities it divides by.
        """
        self._refuse_log()
        return shaped(self.index, self.log_terms.mean(axis=0))

    @property
    def derivative_variances(self) -> Any:
        r""":math:`\mathrm{Var}\,\partial\pi` in the shape of the trainable arguments."""
        return shaped(self.index, self.derivative_terms.mean(axis=0))

    def log_variance(self, parameter: int | None = None) -> Estimate:
        r""":math:`\mathrm{Var}\,\partial_p\log\pi(a)` for ``a`` drawn by the policy.

        Its mean vanishes at every parameter point, :math:`\sum_a \pi_a \partial\log\pi_a = 0`, so
        this is the mean square. It is at most the QFIM's diagonal, 1 for a Pauli rotation.

        Args:
            parameter: number of the flat parameter; ``None`` takes the mean over all.

        Raises:
            ReadingError: a calibration was put into the probabilities it divides by.
        """
        self._refuse_log()
        return self._estimate(self.log_terms, parameter)

    def derivative_variance(self, parameter: int | None = None) -> Estimate:
        r""":math:`\mathrm{Var}\,\partial_p\pi(a)`, mean over the actions, each counted once.

        Args:
            parameter: number of the flat parameter; ``None`` takes the mean over all.
        """
        return self._estimate(self.derivative_terms, parameter, self.factors)

    def fisher_rank(self, tolerance: float = 1e-10) -> int:
        """The largest rank of the classical Fisher information over the draws, exact engine only.

        At most ``min(P, A − 1)`` (theorem: probabilities add up to one).

        Args:
            tolerance: eigenvalues up to this share of the largest count as zero.
        """
        values = self.fisher_eigenvalues
        limit = tolerance * np.max(values, initial=1e-300)
        return int(np.max(np.sum(values > limit, axis=1), initial=0))

    def effective_dimension(self, n_data: float, gamma: float = 1.0) -> Estimate:
        """The effective dimension of the policy as a statistical model of its actions.

        See ``diagnostics.effective_dimension`` for the definition (Abbas et al.,
        arXiv:2011.00027).

        Args:
            n_data: number of data, here actions that were seen.
            gamma: in ``(0, 1]``.
        """
        kappa = resolution(n_data, gamma)
        rows = np.zeros((len(self.fisher_eigenvalues), len(self.parameters)))
        width = min(rows.shape[1], self.fisher_eigenvalues.shape[1])
        rows[:, :width] = self.fisher_eigenvalues[:, :width]

        def statistic(samples, axis):
            return effective_dimension(samples, kappa, axis)

        rng = np.random.default_rng(np.random.SeedSequence(self.provenance.seed, spawn_key=(1,)))
        return bootstrap_interval(
            rows, statistic, rng=rng, n_resamples=400, level=self.level, law=self.law
        )

    def heading(self) -> str:
        """The first line that is printed."""
        log = "" if self.calibration else f"Var ∂ log π {self.log_variance()}, "
        return (
            f"Born policy, {self.n_actions} actions ({self.partition}): {log}Var ∂π "
            f"{self.derivative_variance()}"
        )

    def rows(self) -> list[tuple[str, object]]:
        """Means over the parameters, their range, Fisher spectrum, law and engine."""
        rows: list[tuple[str, object]] = [
            ("wires, parameters", f"{self.n_wires}, {len(self.parameters)}")
        ]
        if self.raw is None:
            log = self.log_terms.mean(axis=0)
            mean = self.log_variance()
            rows.append(("Var ∂ log π", f"mean {mean}, {log.min():.3g} … {log.max():.3g}"))
        rows += [
            ("Var ∂π", f"mean {self.derivative_variance()}"),
            ("smallest π", f"median {np.median(self.smallest):.3g}"),
            *self._calibrated(),
        ]
        if self.fisher_eigenvalues.size:
            most = min(len(self.parameters), self.n_actions - 1)
            top = np.median(self.fisher_eigenvalues[:, 0])
            rows.append(
                ("Fisher spectrum", f"rank {self.fisher_rank()} of {most}, largest {top:.3g}")
            )
        rows += [
            ("law", self.law),
            ("draws", f"{len(self.log_terms):,}; seed {self.provenance.seed}"),
            ("clipping", f"π ≥ {self.clip:g} in the denominator" if self.clip else "none"),
            ("engine", f"{self.provenance.engine} on {self.provenance.device}; {self.cost}"),
        ]
        return rows + [("note", note) for note in self.notes]

    def _calibrated(self) -> list[tuple[str, object]]:
        """Variances as they were seen, and the calibration."""
        if self.raw is None or self.calibration is None:
            return []
        return [
            ("Var ∂π, without calibration", f"mean {self.raw.derivative_variance()}"),
            ("Var ∂ log π, as seen", f"mean {self.raw.log_variance()}"),
            *self.calibration.rows(),
        ]

    def _refuse_log(self) -> None:
        if self.calibration is not None:
            raise ReadingError(
                "Var ∂ log π divides by probabilities, which a calibration moves, at some draws to "
                "zero and below: such a mean has no error that could be stated. Use "
                "derivative_variance, or raw.log_variance for what was seen."
            )

    def _estimate(
        self, terms: np.ndarray, parameter: int | None, factors: np.ndarray | None = None
    ) -> Estimate:
        own = terms.mean(axis=1) if parameter is None else terms[:, parameter]
        value, error, low, high = mean_of_draws(own, self.level)
        if factors is not None:
            added = factors.mean(axis=1) if parameter is None else factors[:, parameter]
            error = np.hypot(error, np.sqrt(np.sum(added**2)))
            low, high = ends_of(value, error, self.level)
        if error <= 1e-12 * abs(value):
            return Estimate.known(float(value), self.law)
        return Estimate(
            value=float(value),
            stderr=float(error),
            low=float(low),
            high=float(high),
            level=self.level,
            law=self.law,
        )
