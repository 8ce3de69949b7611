"""The questions behind a verdict on trainability, each answered from one result.

=============  =======================================  ===========================================
question       two numbers                              from
=============  =======================================  ===========================================
signal         variance of the loss, how it changes     :func:`scaling`
minima         degrees of freedom ``r``, ``γ = p/βr``   :func:`wishart_parameters`
directions     rank and condition of the QFIM           :func:`capacity`
coefficients   rank and condition of ``J``              the coefficient Jacobian, if there are data
cost           circuits and shots of a gradient         :func:`gradient_measurement_plan`
=============  =======================================  ===========================================
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pennylane_trainability.diagnostics.capacity_record import Capacity
from pennylane_trainability.diagnostics.column_space import ColumnSpace
from pennylane_trainability.diagnostics.gradient_plan_record import GradientPlan
from pennylane_trainability.diagnostics.saturation import Saturation
from pennylane_trainability.diagnostics.scaling import Scaling
from pennylane_trainability.diagnostics.trainability_record import Aspect, Trainable
from pennylane_trainability.diagnostics.variance_record import GradientVariances
from pennylane_trainability.diagnostics.wishart_record import WishartParameters
from pennylane_trainability.results import Claim, Estimate
from pennylane_trainability.statistics.scaling import ScalingVerdict

__all__ = ["coefficients", "cost", "directions", "joined", "minima", "signal", "unknown"]

#: Below this share of the threshold the model leaves no doubt.
_FAR_BELOW = 0.5


def unknown(name: str, size: float, why: str) -> Aspect:
    """A question that has no answer here."""
    return Aspect(name=name, verdict=Trainable.UNDECIDED, sentence=why, size=size)


def signal(found: Scaling) -> Aspect:
    """Does the loss still vary at random parameters, as the circuit grows?"""
    exponential = found.verdict is ScalingVerdict.EXPONENTIAL
    change = ("exponent of a power law", found.exponent)
    verdict = Trainable.UNDECIDED
    if exponential:
        change = ("factor per unit of n", found.rate)
        verdict = Trainable.NO if found.rate.high < 1 else Trainable.YES
    elif found.verdict in (ScalingVerdict.POWER, ScalingVerdict.CONSTANT):
        verdict = Trainable.YES
    return Aspect(
        name="signal",
        verdict=verdict,
        numbers=(("variance of the loss", found.variances[-1]), change),
        sentence=found.sentence,
        size=found.ns[-1],
    )


def minima(found: WishartParameters, whole: float, rank: int | None, size: float) -> Aspect:
    """Are there enough parameters for good local minima, by the Wishart model?

    Asked of the block in which parameters are fewest beside its degrees of freedom. Where the model
    does not apply, the numbers are those of one block of all dimensions, and decide nothing.

    Args:
        found: the blocks of the circuit, and why the model does not apply if so.
        whole: degrees of freedom of the observable on the whole Hilbert space.
        rank: independent directions of the parameters if they were counted at this size.
        size: the size.
    """
    p = found.n_parameters if rank is None else min(rank, found.n_parameters)
    active = [block for block in found.blocks if block.variance > 0]
    if not found.applies or not active:
        why = "; ".join(found.reasons) or "the loss does not vary in any block"
        numbers = (("degrees of freedom r", whole), ("γ = p/(2r)", p / (2 * whole)))
        text = f"the Wishart model does not apply: {why}"
        return Aspect(
            name="minima",
            verdict=Trainable.UNDECIDED,
            numbers=numbers,
            sentence=_counted(text, p, rank),
            size=size,
        )
    worst = max(active, key=lambda block: block.beta * block.r_descent)
    ratio = p / (worst.beta * worst.r_descent)
    verdict = Trainable.UNDECIDED
    if ratio >= 1 and rank is None:
        text = "γ is an upper bound here, because directions were not counted at this size"
    elif ratio >= 1:
        verdict = Trainable.YES
        text = "overparametrised: the Wishart model expects local minima at the lowest value"
    elif not worst.ends_exact:
        text = "γ is a lower bound, because the lowest eigenvalue is not known exactly"
    elif ratio < _FAR_BELOW:
        verdict = Trainable.NO
        text = "underparametrised: the Wishart model expects local minima above the lowest value"
    else:
        text = "near the threshold γ = 1 of the Wishart model, which is not sharp"
    return Aspect(
        name="minima",
        verdict=verdict,
        numbers=(("degrees of freedom r", worst.r_descent), (f"γ = p/({worst.beta}r)", ratio)),
        sentence=_counted(f"{text} (block {worst.group})", p, rank),
        size=size,
    )


def _counted(text: str, p: int, rank: int | None) -> str:
    return f"{text}; p {'≤' if rank is None else '='} {p}"


def directions(found: Capacity, size: float) -> Aspect:
    """Do more parameters still add directions in state space, and how even are these?"""
    kept = np.where(found.eigenvalues > found.limits[:, None], found.eigenvalues, np.nan)
    with np.errstate(invalid="ignore"):
        ratios = kept[:, 0] / np.nanmin(np.where(np.isnan(kept), np.inf, kept), axis=1)
    condition = float(np.median(ratios[1:] if found.n_draws else ratios))
    saturated = found.verdict is Saturation.OVERPARAMETRISED
    return Aspect(
        name="directions",
        verdict=Trainable.YES if saturated else Trainable.UNDECIDED,
        numbers=(("rank of the QFIM", found.rank), ("its condition, median", condition)),
        sentence=f"{found.verdict.value} ({found.reason}; {found.n_parameters} parameters)",
        size=size,
    )


def coefficients(found: ColumnSpace, size: float) -> Aspect:
    """Can every Fourier coefficient of the output be moved?"""
    lost = found.reachable_rows - found.rank
    condition = float(np.nanmedian(found.conditions)) if found.rank else float("nan")
    rank = Estimate.known(float(found.rank), "draws of the parameters", Claim.GENERIC)
    text = f"all {found.reachable_rows} coefficients that are not absent can be moved"
    if lost:
        text = f"{lost} directions of {found.reachable_rows} coefficients cannot be moved, which "
        text += "matters if the target asks for them"
    return Aspect(
        name="coefficients",
        verdict=Trainable.UNDECIDED if lost else Trainable.YES,
        numbers=(("rank of J", rank), ("its condition, median", condition)),
        sentence=text,
        size=size,
    )


def cost(plan: GradientPlan, spread: GradientVariances, affordable: int, size: float) -> Aspect:
    """What does a gradient cost whose errors are as large as its typical derivative?"""
    taken = plan.method(plan.taken)
    alive = ~((spread.variances == 0) & (spread.stderrs == 0))
    if not alive.any():
        return unknown("cost", size, "no derivative varies")
    value, low, high = (float(np.mean(part[alive])) for part in
                        (spread.variances, spread.lows, spread.highs))  # fmt: skip
    unit = taken.shots * plan.error**2
    near, low, high = (unit / part if part > 0 else float("inf") for part in (value, high, low))
    shots = Estimate.known(near, spread.law)
    if np.any(spread.stderrs != 0):
        shots = Estimate(value=near, low=low, high=high, level=spread.level, law=spread.law)
    verdict = Trainable.UNDECIDED
    if shots.high <= affordable:
        verdict = Trainable.YES
    elif shots.low > affordable:
        verdict = Trainable.NO
    relation = {Trainable.YES: "at most", Trainable.NO: "more than"}.get(verdict, "around")
    typical = f"{np.sqrt(value):.2g}" if value > 0 else f"at most {np.sqrt(high):.2g}"
    return Aspect(
        name="cost",
        verdict=verdict,
        numbers=(("circuits per gradient", float(taken.circuits)), ("shots per gradient", shots)),
        sentence=(
            f"method '{plan.taken}', standard error of a derivative as large as a typical one "
            f"({typical}); {relation} the {affordable:,} shots that are called affordable"
        ),
        size=size,
    )


def joined(aspects: Sequence[Aspect]) -> tuple[Trainable, tuple[str, ...]]:
    """The verdict of all questions together, and its reasons.

    ``NO`` if one says no. ``YES`` if there is a signal, a gradient is affordable, and minima are
    expected to be good: by the model, or because the rank of the QFIM is saturated, at the largest
    size. Otherwise it stays open.
    """
    against = [one for one in aspects if one.verdict is Trainable.NO]
    if against:
        return Trainable.NO, tuple(map(_reason, against))
    largest = max(one.size for one in aspects)
    agreed = [one for one in aspects if one.verdict is Trainable.YES and one.size == largest]
    names = {one.name for one in agreed}
    good = names & {"minima", "directions"}
    if {"signal", "cost"} <= names and good:
        return Trainable.YES, tuple(map(_reason, agreed))
    missing = {"signal", "cost"} - names | (set() if good else {"minima", "directions"})
    return Trainable.UNDECIDED, tuple(_reason(one) for one in aspects if one.name in missing)


def _reason(one: Aspect) -> str:
    return f"{one.name} (n = {one.size:g}): {one.sentence}"
