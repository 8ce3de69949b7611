r"""How does a positive quantity change with size: exponentially, as a power, or not at all?

Three families for ``y(n) = log V(n)``: ``a``, ``a + b n`` and ``a + c log n``, fitted by maximum
likelihood to estimates with errors (see ``scaling_likelihood``). Points at which nothing was seen
are kept as upper bounds. Families are compared by AICc; errors are inflated by ``max(1, χ²/dof)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum

import numpy as np

from pennylane_trainability.results import Claim, Estimate, Result, record
from pennylane_trainability.statistics.binomial import student_quantile
from pennylane_trainability.statistics.scaling_likelihood import (
    Family,
    Fitted,
    Points,
    feature,
    fitted,
)

__all__ = ["FamilyFit", "ScalingFit", "ScalingVerdict", "fit_scaling"]

_LEAST_POINTS = 5
_CLEARLY = 4.0


class ScalingVerdict(Enum):
    """What the points are consistent with; the value is the sentence that is shown."""

    CONSTANT = "consistent with no change"
    EXPONENTIAL = "consistent with an exponential"
    POWER = "consistent with a power law"
    UNDECIDED = "undecided"


@record
class FamilyFit(Result):
    """One family fitted to the points.

    Attributes:
        family: which.
        intercept: ``a``.
        slope: ``b`` or ``c`` with its interval; exactly zero for a constant.
        chi2: ``χ²`` of the points that are not upper bounds.
        degrees: number of these less the number of parameters.
        aicc: Akaike's criterion with its correction for few points, deviations divided by the
            overdispersion of the best family; smaller is better.
    """

    family: Family
    intercept: float
    slope: Estimate
    chi2: float
    degrees: int
    aicc: float

    def predict(self, n) -> np.ndarray:
        """``V(n)``."""
        return np.exp(self.intercept + self.slope.value * feature(self.family, np.asarray(n)))


@record
class ScalingFit(Result):
    """How estimates change with size.

    Attributes:
        ns: sizes, ascending.
        estimates: one per size.
        kinds: ``"log"``, ``"linear"`` or ``"bound"``: how each entered the likelihood.
        fits: the three families.
        verdict: what the points are consistent with.
        reason: why, in words.
    """

    ns: tuple[float, ...]
    estimates: tuple[Estimate, ...]
    kinds: tuple[str, ...]
    fits: tuple[FamilyFit, ...]
    verdict: ScalingVerdict
    reason: str

    def family(self, family: Family) -> FamilyFit:
        """One of the fits."""
        return next(fit for fit in self.fits if fit.family is family)

    @property
    def rate(self) -> Estimate:
        """The factor ``e^b`` by which an exponential changes per unit of size."""
        slope = self.family(Family.EXPONENTIAL).slope
        value = math.exp(slope.value)
        return Estimate(
            value=value,
            stderr=value * slope.stderr,
            low=math.exp(slope.low),
            high=math.exp(slope.high) if slope.high < 700 else math.inf,
            level=slope.level,
            law=slope.law,
            claim=Claim.OBSERVED,
        )

    @property
    def exponent(self) -> Estimate:
        """The exponent ``c`` of the power law."""
        return self.family(Family.POWER).slope

    @property
    def sentence(self) -> str:
        """The verdict with its numbers and the sizes it was seen on; nothing beyond these."""
        bounds = self.kinds.count("bound")
        where = f"on n = {_sizes(self.ns)}"
        if bounds:
            where += f" ({bounds} of {len(self.ns)} points are upper bounds)"
        what = self.verdict.value
        if self.verdict is ScalingVerdict.EXPONENTIAL:
            what += f", factor {_spelled(self.rate)} per unit of n,"
        elif self.verdict is ScalingVerdict.POWER:
            what += f", exponent {_spelled(self.exponent)},"
        elif self.verdict is ScalingVerdict.UNDECIDED:
            what += f": {self.reason},"
        return f"{what} {where}"

    def heading(self) -> str:
        """The first line that is printed."""
        return self.sentence[:1].upper() + self.sentence[1:]

    def rows(self) -> list[tuple[str, object]]:
        """The points, and the three families with their criteria."""
        points = [f"n = {n:g}: {e}" for n, e in zip(self.ns, self.estimates, strict=True)]
        rows: list[tuple[str, object]] = [("points", "\n".join(points))]
        for fit in self.fits:
            text = f"AICc {fit.aicc:.4g}, χ² {fit.chi2:.3g} with {fit.degrees} degrees of freedom"
            if fit.family is Family.EXPONENTIAL:
                text += f", factor {_spelled(self.rate)}"
            elif fit.family is Family.POWER:
                text += f", exponent {_spelled(self.exponent)}"
            rows.append((fit.family.value, text))
        return [*rows, ("reason", self.reason)]


def _spelled(estimate: Estimate) -> str:
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"


def _sizes(ns: Sequence[float]) -> str:
    if len(ns) > 3 and np.allclose(np.diff(ns, n=2), 0):
        return f"{ns[0]:g}, {ns[1]:g}, …, {ns[-1]:g}"
    return ", ".join(f"{n:g}" for n in ns)


def fit_scaling(
    ns: Sequence[float], estimates: Sequence[Estimate], level: float = 0.95
) -> ScalingFit:
    """Fit all families and compare them.

    A verdict other than "undecided" needs five points, three of them seen, an AICc that is smaller
    by four than that of the other decaying family, and an interval of the slope without zero.

    Args:
        ns: sizes, positive and different.
        estimates: positive quantities with their errors; a NaN error stands for "never seen", and
            ``high`` then is the upper end of the interval for no event.
        level: of intervals.

    Raises:
        ValueError: there are fewer than three points, fewer than two were seen, or one is exactly
            zero.

    >>> ns = [2, 3, 4, 5, 6, 7]
    >>> points = [Estimate.normal(0.5**n, 0.05 * 0.5**n) for n in ns]
    >>> print(fit_scaling(ns, points).verdict.value)
    consistent with an exponential
    """
    order = np.argsort(ns)
    sizes = np.array(ns, float)[order]
    points = [estimates[k] for k in order]
    if len(sizes) < 3 or np.any(np.diff(sizes) == 0) or sizes[0] <= 0:
        raise ValueError(
            f"A fit of scaling needs at least three different positive sizes; got {list(ns)}."
        )
    data = Points.of(sizes, points)
    if np.sum(data.kinds != "bound") < 2:
        raise ValueError(
            "Fewer than two of the points were seen at all. Take smaller sizes, or more samples."
        )
    _refuse_zeros(data)
    raw = [fitted(family, data) for family in Family]
    fits = _criteria(raw, len(sizes), level)
    verdict, reason = _judge(fits, data)
    return ScalingFit(
        ns=tuple(sizes.tolist()),
        estimates=tuple(points),
        kinds=tuple(data.kinds.tolist()),
        fits=fits,
        verdict=verdict,
        reason=reason,
    )


def _refuse_zeros(data: Points) -> None:
    """An exact zero has no logarithm, and no family passes through it."""
    zero = (data.values == 0) & (data.errors == 0)
    if np.any(zero):
        listed = ", ".join(f"{n:g}" for n in data.ns[zero])
        raise ValueError(
            f"All points have to be positive; at n = {listed} the value is exactly zero. "
            "Leave these sizes out, or, where it is a derivative, take a parameter that the "
            "read-out sees at every size."
        )


def _criteria(raw: list[Fitted], n_points: int, level: float) -> tuple[FamilyFit, ...]:
    """Records with the AICc, deviations divided by the overdispersion of the best family."""
    # two points at least were seen, so that the constant has a degree of freedom
    scale = max(1.0, min(one.chi2 / one.degrees for one in raw if one.degrees > 0))
    out = []
    for family, one in zip(Family, raw, strict=True):
        left = n_points - one.count - 1
        correction = 2 * one.count * (one.count + 1) / left if left > 0 else math.inf
        half = student_quantile((1 + level) / 2, max(one.degrees, 1)) * one.error
        slope = Estimate(
            value=one.slope,
            stderr=one.error,
            low=one.slope - half,
            high=one.slope + half,
            level=level,
            exact=one.count == 1,
        )
        out.append(
            FamilyFit(
                family=family,
                intercept=one.intercept,
                slope=slope,
                chi2=one.chi2,
                degrees=one.degrees,
                aicc=one.deviance / scale + 2 * one.count + correction,
            )
        )
    return tuple(out)


def _judge(fits: tuple[FamilyFit, ...], data: Points) -> tuple[ScalingVerdict, str]:
    constant, *others = fits
    best, other = sorted(others, key=lambda fit: fit.aicc)
    seen = int(np.sum(data.kinds != "bound"))
    if len(data.ns) < _LEAST_POINTS or seen < 3:
        return (
            ScalingVerdict.UNDECIDED,
            f"{len(data.ns)} points, {seen} of them seen: a verdict needs {_LEAST_POINTS}, 3 seen",
        )
    if best.slope.low <= 0 <= best.slope.high:
        if constant.aicc <= best.aicc:
            return ScalingVerdict.CONSTANT, "no slope is told from zero"
        return ScalingVerdict.UNDECIDED, "the interval of the slope holds zero"
    gap = other.aicc - best.aicc
    if gap <= _CLEARLY:
        return (
            ScalingVerdict.UNDECIDED,
            f"{best.family.value} and {other.family.value} differ by {gap:.1f} in AICc only",
        )
    chosen = ScalingVerdict.EXPONENTIAL
    if best.family is Family.POWER:
        chosen = ScalingVerdict.POWER
    return chosen, f"AICc is smaller by {gap:.1f} than for the {other.family.value}"
