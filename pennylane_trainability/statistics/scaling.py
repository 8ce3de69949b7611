r"""How does a positive quantity change with size: exponentially, as a power, or not at all?

Three families for ``y(n) = log V(n)``: ``a``, ``a + b n`` and ``a + c log n``, fitted by maximum
likelihood to estimates with errors. An estimate well above its error is normal in ``y``, one that
is not is normal in ``V``, and where nothing was seen the likelihood is that of no event,
``exp(−λV)`` with ``λ`` from the upper bound: such points are kept, not dropped. Families are
compared by AICc; errors are inflated by ``max(1, χ²/dof)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from pennylane_trainability.results import Claim, Estimate, Result, record
from pennylane_trainability.statistics.binomial import student_quantile

__all__ = ["Family", "FamilyFit", "ScalingFit", "ScalingVerdict", "fit_scaling"]

#: Relative errors below this are not believed: nothing is a power of n to six digits.
_SMALLEST = 1e-6
#: Estimates with a larger relative error are not normal on a logarithmic scale.
_CLEAR = 1 / 3
_LEAST_POINTS = 5
_CLEARLY = 4.0
_STEPS = 200


class Family(Enum):
    """What ``log V`` is linear in; the value names it."""

    CONSTANT = "constant"
    EXPONENTIAL = "exponential"
    POWER = "power law"


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
        return np.exp(self.intercept + self.slope.value * _feature(self.family, np.asarray(n)))


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
    if len(ns) > 2 and np.allclose(np.diff(ns, n=2), 0):
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
        ValueError: there are fewer than three points, or fewer than two were seen.

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
    data = _Data.of(sizes, points)
    if np.sum(data.kinds != "bound") < 2:
        raise ValueError(
            "Fewer than two of the points were seen at all. Take smaller sizes, or more samples."
        )
    raw = [_fit(family, data, level) for family in Family]
    fits = _criteria(raw, len(sizes))
    verdict, reason = _judge(fits, data)
    return ScalingFit(
        ns=tuple(sizes.tolist()),
        estimates=tuple(points),
        kinds=tuple(data.kinds.tolist()),
        fits=fits,
        verdict=verdict,
        reason=reason,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """Points as they enter the likelihood."""

    ns: np.ndarray
    kinds: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    rates: np.ndarray

    @classmethod
    def of(cls, ns: np.ndarray, points: Sequence[Estimate]) -> _Data:
        values = np.array([p.value for p in points])
        errors = np.array([p.stderr for p in points])
        highs = np.array([p.high for p in points])
        tails = np.array([-math.log((1 - p.level) / 2) for p in points])
        with np.errstate(invalid="ignore", divide="ignore"):
            clear = (values > 0) & (errors <= _CLEAR * values)
            rates = np.where(np.isnan(errors), tails / highs, 0.0)
        kinds = np.where(np.isnan(errors), "bound", np.where(clear, "log", "linear"))
        return cls(ns, kinds, values, errors, rates)

    def terms(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """``−2 log L`` of every point and its first two derivatives by ``y = log V``."""
        log, linear, bound = (self.kinds == kind for kind in ("log", "linear", "bound"))
        out = np.zeros((3, len(y)))
        v = np.exp(np.minimum(y, 300.0))
        weight = np.maximum(self.errors[log] / self.values[log], _SMALLEST) ** -2
        off = y[log] - np.log(self.values[log])
        out[:, log] = weight * off**2, 2 * weight * off, 2 * weight
        weight = np.maximum(self.errors[linear], 1e-300) ** -2
        off, own = v[linear] - self.values[linear], v[linear]
        out[:, linear] = (
            weight * off**2,
            2 * weight * off * own,
            2 * weight * own * np.maximum(own, off),  # kept positive where it is not convex
        )
        out[:, bound] = 2 * self.rates[bound] * v[bound]
        return out[0], out[1], out[2]


def _feature(family: Family, n: np.ndarray) -> np.ndarray:
    if family is Family.CONSTANT:
        return np.zeros(n.shape)
    return np.asarray(n, float) if family is Family.EXPONENTIAL else np.log(n)


def _fit(family: Family, data: _Data, level: float) -> tuple[FamilyFit, float, int]:
    """The fit, its ``−2 log L`` and its number of parameters."""
    feature = _feature(family, data.ns)
    middle = feature.mean()
    design = np.stack([np.ones(len(feature)), feature - middle], axis=1)
    count = 1 if family is Family.CONSTANT else 2
    design = design[:, :count]
    theta, hessian, terms = _newton(design, data)
    seen = data.kinds != "bound"
    chi2, degrees = float(terms[seen].sum()), int(seen.sum()) - count
    inflation = max(1.0, chi2 / degrees) if degrees > 0 else 1.0
    covariance = np.linalg.pinv(hessian / 2) * inflation
    slope, error = (float(theta[1]), math.sqrt(covariance[1, 1])) if count == 2 else (0.0, 0.0)
    half = student_quantile((1 + level) / 2, max(degrees, 1)) * error
    estimate = Estimate(
        value=slope, stderr=error, low=slope - half, high=slope + half, level=level,
        exact=count == 1,
    )  # fmt: skip
    fit = FamilyFit(
        family=family,
        intercept=float(theta[0]) - slope * middle,
        slope=estimate,
        chi2=chi2,
        degrees=degrees,
        aicc=math.nan,
    )
    return fit, float(terms.sum()), count


def _newton(design: np.ndarray, data: _Data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maximum of the likelihood by damped Newton steps."""
    clear = data.values > 0
    start = np.log(data.values[clear].mean())
    theta = np.zeros(design.shape[1])
    theta[0] = start
    if design.shape[1] == 2 and clear.sum() > 1:
        theta = np.linalg.lstsq(design[clear], np.log(data.values[clear]), rcond=None)[0]
    terms, first, second = data.terms(design @ theta)
    damping = 1e-3
    for _ in range(_STEPS):
        hessian = design.T @ (second[:, None] * design)
        gradient = design.T @ first
        step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian) + 1e-12), gradient)
        moved = data.terms(design @ (theta - step))
        if moved[0].sum() <= terms.sum():
            theta, damping = theta - step, damping / 10
            done = terms.sum() - moved[0].sum() <= 1e-12 * (1 + terms.sum())
            terms, first, second = moved
            if done:
                break
        else:
            damping *= 10
            if damping > 1e12:
                break
    return theta, design.T @ (second[:, None] * design), terms


def _criteria(raw: list, n_points: int) -> tuple[FamilyFit, ...]:
    """AICc of every family, deviations divided by the overdispersion of the best one."""
    scales = [fit.chi2 / fit.degrees for fit, _, _ in raw if fit.degrees > 0]
    scale = max(1.0, min(scales, default=1.0))
    out = []
    for fit, deviance, count in raw:
        left = n_points - count - 1
        correction = 2 * count * (count + 1) / left if left > 0 else math.inf
        out.append(
            FamilyFit(
                family=fit.family,
                intercept=fit.intercept,
                slope=fit.slope,
                chi2=fit.chi2,
                degrees=fit.degrees,
                aicc=deviance / scale + 2 * count + correction,
            )
        )
    return tuple(out)


def _judge(fits: tuple[FamilyFit, ...], data: _Data) -> tuple[ScalingVerdict, str]:
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
