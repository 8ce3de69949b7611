"""How much a loss and its derivatives vary over the parameters: the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np

from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.results import Claim, Cost, Estimate, Provenance, Result, record

__all__ = ["DEEP", "GradientVariances", "LossVariance", "placed"]

#: The law of what deep circuits tend to, in words.
DEEP = "random elements of the group that the rotations generate"


@record
class LossVariance(Result):
    """The variance of a loss over a law of its parameters.

    Attributes:
        variance: the variance.
        limit: the variance in the limit of infinite depth, a random element of the group that the
            circuit's rotations generate, where the method gives it. Far from ``variance``, the
            circuit is no 2-design of that group yet.
        mean: the mean of the loss, where the method gives it.
        raw: the variance without a calibration, if one was put into ``variance``.
        calibration: what was measured about the device for that.
        method: ``"module"``, ``"paths"`` or ``"sample"``.
        assumptions: what the number rests on.
        refused: methods that do not apply and why, in the order in which they were tried.
        samples: the loss at every draw, ``(D,)``; estimates where it was measured; empty
            for other methods.
        n_wires: number of wires.
        n_parameters: number of parameters.
        law: of the parameters, in words.
        level: of intervals.
        notes: what the reader should know.
        cost: what was run.
        provenance: seed, samples, device, engine.
    """

    variance: Estimate
    limit: Estimate | None = None
    mean: Estimate | None = None
    raw: Estimate | None = None
    calibration: Calibration | None = None
    method: str
    assumptions: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    samples: np.ndarray = field(repr=False)
    n_wires: int
    n_parameters: int
    law: str
    level: float = 0.95
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    @property
    def exact(self) -> bool:
        """Whether the variance has no statistical error."""
        return self.variance.exact

    def heading(self) -> str:
        """The first line that is printed."""
        return f"Variance of the loss: {self.variance}"

    def rows(self) -> list[tuple[str, object]]:
        """Interval, mean, law, method with its assumptions, and what was refused."""
        rows: list[tuple[str, object]] = []
        if not self.variance.exact:
            rows.append(("interval", self.variance.interval()))
        if self.limit is not None:
            rows.append(("infinite depth", self.limit))
        if self.mean is not None:
            rows.append(("mean", self.mean))
        if self.raw is not None:
            rows.append(("without calibration", f"{self.raw} {self.raw.interval()}"))
        return rows + _method_rows(self)


@record
class GradientVariances(Result):
    """The variances of all derivatives of a loss over a law of its parameters.

    An error of zero means that the variance is exact.

    Attributes:
        variances: ``Var ∂ℓ/∂θ_p``, ``(P,)``.
        stderrs: their standard errors; NaN where nothing was seen.
        lows: lower ends of their intervals.
        highs: upper ends.
        limits: the variances in the limit of infinite depth, random elements of the group that
            the rotations generate on both sides of the gate, ``(P,)``, where the method gives them.
        raw: the variances without a calibration, ``(P,)``, if one was put into ``variances``.
        raw_stderrs: their standard errors.
        calibration: what was measured about the device for that.
        index: in the shape of the trainable arguments, which parameter stands there, counted from
            one; zero for entries that are not trained.
        method: ``"module"``, ``"paths"`` or ``"sample"``.
        assumptions: what the numbers rest on.
        refused: methods that do not apply and why, in the order in which they were tried.
        samples: derivatives at every draw, ``(D, P)``; empty for other methods.
        parameters: names of the parameters.
        n_wires: number of wires.
        law: of the parameters, in words.
        level: of intervals, of each by itself.
        notes: what the reader should know.
        cost: what was run.
        provenance: seed, samples, device, engine.
    """

    variances: np.ndarray
    stderrs: np.ndarray = field(repr=False)
    lows: np.ndarray = field(repr=False)
    highs: np.ndarray = field(repr=False)
    limits: np.ndarray | None = field(repr=False, default=None)
    raw: np.ndarray | None = field(repr=False, default=None)
    raw_stderrs: np.ndarray | None = field(repr=False, default=None)
    calibration: Calibration | None = None
    index: Any = field(repr=False)
    method: str
    assumptions: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    samples: np.ndarray = field(repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    n_wires: int
    law: str
    level: float = 0.95
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    @property
    def value(self) -> Any:
        """The variances in the shape of the trainable arguments."""
        return self.shaped(self.variances)

    @property
    def stderr(self) -> Any:
        """The standard errors in the shape of the trainable arguments."""
        return self.shaped(self.stderrs)

    @property
    def low(self) -> Any:
        """Lower ends of the intervals in the shape of the trainable arguments."""
        return self.shaped(self.lows)

    @property
    def high(self) -> Any:
        """Upper ends of the intervals in the shape of the trainable arguments."""
        return self.shaped(self.highs)

    @property
    def n_parameters(self) -> int:
        """Number of parameters ``P``."""
        return len(self.variances)

    @property
    def exact(self) -> bool:
        """Whether no variance has a statistical error."""
        return bool(np.all(self.stderrs == 0))

    @property
    def constant(self) -> tuple[int, ...]:
        """Parameters whose derivative is known not to vary."""
        return tuple(np.flatnonzero((self.variances == 0) & (self.stderrs == 0)).tolist())

    def shaped(self, numbers: np.ndarray) -> Any:
        """Numbers ``(P,)`` in the shape of the trainable arguments; NaN where nothing is trained.

        Args:
            numbers: one per parameter, such as :attr:`variances`.
        """
        return placed(self.index, np.concatenate([[np.nan], numbers]))

    def estimate(self, parameter: int) -> Estimate:
        """The variance of one derivative, by the number of its flat parameter."""
        value = float(self.variances[parameter])
        if self.stderrs[parameter] == 0:
            return Estimate.known(value, self.law)
        return Estimate(
            value=value,
            stderr=float(self.stderrs[parameter]),
            low=float(self.lows[parameter]),
            high=float(self.highs[parameter]),
            level=self.level,
            law=self.law,
            claim=Claim.OBSERVED,
        )

    def mean_variance(self) -> Estimate:
        """The mean over the parameters, ``E ‖∇ℓ − E∇ℓ‖²/P``.

        The errors of the single variances may be fully correlated, and are taken to be.
        """
        if self.exact:
            return Estimate.known(float(np.mean(self.variances)), self.law)
        return Estimate(
            value=float(np.mean(self.variances)),
            stderr=float(np.mean(np.nan_to_num(self.stderrs))) or float("nan"),
            low=float(np.mean(self.lows)),
            high=float(np.mean(self.highs)),
            level=self.level,
            law=self.law,
        )

    def heading(self) -> str:
        """The first line that is printed."""
        count = self.n_parameters
        return f"Variances of {count} derivative{'' if count == 1 else 's'}"

    def rows(self) -> list[tuple[str, object]]:
        """Largest, smallest and mean variance, law, method with its assumptions."""
        seen = np.flatnonzero(self.variances > 0)
        rows: list[tuple[str, object]] = []
        if len(seen):
            for what, at in (("largest", np.argmax), ("smallest seen", np.argmin)):
                p = int(seen[at(self.variances[seen])])
                rows.append((what, f"{self.estimate(p)} ({self.parameters[p]})"))
        unseen = int(np.sum(np.isnan(self.stderrs)))
        rows += [("mean", self.mean_variance()), ("constant", len(self.constant))]
        if self.limits is not None:
            deep = Estimate.known(float(np.mean(self.limits)), DEEP)
            rows.append(("mean, infinite depth", deep))
        if self.raw is not None:
            rows.append(("mean, without calibration", f"{np.mean(self.raw):.4g}"))
        if unseen:
            most = float(np.max(self.highs[np.isnan(self.stderrs)]))
            rows.append(("nothing seen", f"{unseen}, each ≤ {most:.3g}"))
        return rows + _method_rows(self)


def _method_rows(result: LossVariance | GradientVariances) -> list[tuple[str, object]]:
    """What the records have in common."""
    rows: list[tuple[str, object]] = [
        ("law", result.law),
        ("method", _method(result)),
        ("assumptions", "\n".join(result.assumptions)),
        ("refused", "\n".join(f"{name}: {why}" for name, why in result.refused)),
        ("notes", "\n".join(result.notes)),
        ("cost", result.cost),
    ]
    told = [] if result.calibration is None else result.calibration.rows()
    return told + [(label, value) for label, value in rows if value != ""]


def _method(result: LossVariance | GradientVariances) -> str:
    count = result.provenance.n_samples
    return f"{result.method}, {count:,} of them" if count else result.method


def placed(index: Any, numbers: np.ndarray) -> Any:
    """Numbers in place of their indices in nested arguments."""
    if isinstance(index, np.ndarray):
        return numbers[index]
    if isinstance(index, Mapping):
        return {key: placed(entry, numbers) for key, entry in index.items()}
    if isinstance(index, list | tuple):
        return type(index)(placed(entry, numbers) for entry in index)
    return None
