r"""Likelihood of exponential, power and constant laws, given estimates of different standing.

An estimate well above its error is normal in ``y = log V``, one that is not is normal in ``V``, and
where nothing was seen the likelihood is that of no event, ``exp(−λV)`` with ``λ`` from the upper
bound. Families are ``y = a``, ``a + b n`` and ``a + c log n``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from pennylane_trainability.results import Estimate

__all__ = ["Family", "Fitted", "Points", "feature", "fitted"]

#: Relative errors below this are not believed: nothing is a power of n to six digits.
_SMALLEST = 1e-6
#: Estimates with a larger relative error are not normal on a logarithmic scale.
_CLEAR = 1 / 3
_STEPS = 200


class Family(Enum):
    """What ``log V`` is linear in; the value names it."""

    CONSTANT = "constant"
    EXPONENTIAL = "exponential"
    POWER = "power law"


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points as they enter the likelihood.

    Attributes:
        ns: sizes.
        kinds: ``"log"``, ``"linear"`` or ``"bound"``.
        values: estimates.
        errors: their standard errors.
        rates: ``λ`` of the bounds, zero elsewhere.
    """

    ns: np.ndarray
    kinds: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    rates: np.ndarray

    @classmethod
    def of(cls, ns: np.ndarray, points: Sequence[Estimate]) -> Points:
        """Estimates at sizes; a NaN error stands for "never seen"."""
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
        """``−2 log L`` of every point and its first two derivatives by ``y = log V``.

        The second one of linear points is that of Gauss and Newton, ``2V²/σ²``, or what is larger.
        """
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


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The most likely member of a family.

    Attributes:
        intercept: ``a``.
        slope: ``b`` or ``c``; zero for a constant.
        error: standard error of the slope, inflated by ``max(1, χ²/dof)``.
        chi2: ``χ²`` of the points that are not bounds.
        degrees: number of these less that of the parameters.
        deviance: ``−2 log L`` of all points.
        count: number of parameters.
    """

    intercept: float
    slope: float
    error: float
    chi2: float
    degrees: int
    deviance: float
    count: int


def feature(family: Family, n: np.ndarray) -> np.ndarray:
    """What ``log V`` is linear in."""
    if family is Family.CONSTANT:
        return np.zeros(n.shape)
    return np.asarray(n, float) if family is Family.EXPONENTIAL else np.log(n)


def fitted(family: Family, data: Points) -> Fitted:
    """Maximum likelihood of a family.

    >>> n = np.arange(2, 8)
    >>> points = [Estimate.normal(3 * 0.5**k, 0.01 * 0.5**k) for k in n]
    >>> round(float(np.exp(fitted(Family.EXPONENTIAL, Points.of(n, points)).slope)), 6)
    0.5
    """
    values = feature(family, data.ns)
    middle = values.mean()
    count = 1 if family is Family.CONSTANT else 2
    design = np.stack([np.ones(len(values)), values - middle], axis=1)[:, :count]
    theta, hessian, terms = _newton(design, data)
    seen = data.kinds != "bound"
    chi2, degrees = float(terms[seen].sum()), int(seen.sum()) - count
    inflation = max(1.0, chi2 / degrees) if degrees > 0 else 1.0
    covariance = np.linalg.pinv(hessian / 2) * inflation
    slope, error = (float(theta[1]), math.sqrt(covariance[1, 1])) if count == 2 else (0.0, 0.0)
    intercept = float(theta[0]) - slope * middle
    return Fitted(intercept, slope, error, chi2, degrees, float(terms.sum()), count)


def _newton(design: np.ndarray, data: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
            # points that only bound from above leave a flat side, where nothing else is regular
            theta, damping = theta - step, max(damping / 10, 1e-9)
            done = terms.sum() - moved[0].sum() <= 1e-12 * (1 + terms.sum())
            terms, first, second = moved
            if done:
                break
        else:
            damping *= 10
            if damping > 1e12:
                break
    return theta, design.T @ (second[:, None] * design), terms
