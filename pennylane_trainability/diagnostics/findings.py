"""From numbers to sentences: what is wrong with a circuit, how we know, and what to change.

One rule per function; a rule returns a finding or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.dead import DeadParameters
from pennylane_trainability.diagnostics.column_space import ColumnSpace, Relation
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.diagnostics.target import TargetFit
from pennylane_trainability.results import Claim, Estimate, Finding, Severity
from pennylane_trainability.statistics.bootstrap import quantile

__all__ = ["Evidence", "findings_of"]

#: Median condition number from which training along the weakest direction is called slow: a
#: gradient step of the best size for σ₁ leaves 1 − 1/cond² of an error along σ_K.
ILL_CONDITIONED = 1e3
#: The target is this much larger than the model before the read-out is called too quiet.
TOO_QUIET = 3.0
#: Share of the target's energy outside the spectrum that is worth a warning.
OUTSIDE = 0.05

_PAPER = "Poppel et al., arXiv:2605.05942"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules look at.

    Attributes:
        space: the column space over the draws.
        rows: coefficients at all draws, ``(D, outputs, K)``; ``None`` where rows are data points.
        frequencies: ``(R, I)`` positive half of the spectrum.
        dead: dead parameters by structure.
        parameters: names of the parameters.
        target: the target seen from the model, if one was given.
        law: how the parameters were drawn.
        level: level of the intervals.
        measured: the measured Jacobian, where the numbers come from a device with shots.
    """

    space: ColumnSpace
    rows: np.ndarray | None
    frequencies: np.ndarray
    dead: DeadParameters
    parameters: tuple[str, ...]
    target: TargetFit | None
    law: str
    level: float
    measured: MeasuredJacobian | None = None

    @property
    def live(self) -> int:
        """Parameters that are not dead."""
        return self.space.n_parameters - len(self.space.dead)

    @property
    def reachable(self) -> int:
        """Coefficients that move; those that repeat other outputs in every draw (probabilities) count once."""
        if self.rows is None:
            return self.space.reachable_rows
        stack = self.space.jacobians
        by_row = stack.reshape(len(stack), -1, self.rows.shape[2], stack.shape[2])
        by_row = by_row.transpose(2, 1, 0, 3).reshape(self.rows.shape[2], self.rows.shape[1], -1)
        values = np.linalg.svd(by_row, compute_uv=False)
        return int(np.sum(values > max(self.space.atol, self.space.rtol * values.max())))

    def names(self, members, limit: int = 8) -> str:
        """Some parameter names."""
        shown = [self.parameters[m] for m in list(members)[:limit]]
        more = len(list(members)) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def findings_of(evidence: Evidence) -> tuple[Finding, ...]:
    """All findings, gravest first; a circuit without faults is said to be healthy."""
    if evidence.measured is not None:
        return _of_measured(evidence)
    rules = (
        _dead,
        _redundant,
        _too_few,
        _unreachable,
        _missing_parity,
        _absent,
        _conditioning,
        _quiet,
        _outside_spectrum,
        _unidentified,
        _surplus,
    )
    found = [f for rule in rules if (f := rule(evidence)) is not None]
    if not any(f.severity in (Severity.FAULT, Severity.WARNING) for f in found):
        found.append(_healthy(evidence))
    return tuple(sorted(found, key=lambda f: f.severity.order))


def _of_measured(e: Evidence) -> tuple[Finding, ...]:
    """Shots decide less: structure speaks of dead parameters, the noise floor of the rank."""
    found = [
        f
        for rule in (_dead_by_structure, _measured_rank, _quiet, _outside_spectrum, _unidentified)
        if (f := rule(e)) is not None
    ]
    return tuple(sorted(found, key=lambda f: f.severity.order))


def _dead_by_structure(e: Evidence) -> Finding | None:
    if not e.dead:
        return None
    reasons: dict[str, list[int]] = {}
    for p, reason in e.dead.items():
        reasons.setdefault(reason.value, []).append(p)
    explained = "; ".join(f"{e.names(members)}: {text}" for text, members in reasons.items())
    return Finding(
        code="dead-parameters",
        title=f"{len(e.dead)} of {e.space.n_parameters} parameters are dead: {explained}",
        claim=Claim.THEOREM,
        evidence=(("dead by structure", _exactly(len(e.dead), Claim.THEOREM)),),
        advice="Remove these gates; they were not measured.",
        source="Pauli propagation from read-out and input",
        severity=Severity.WARNING,
    )


def _measured_rank(e: Evidence) -> Finding:
    floor = e.measured.noise_floor(e.level)
    rank = floor.rank(e.level)
    upper = floor.bounds(e.level)[1]
    most = min(e.space.n_rows, e.space.n_parameters - len(e.dead))
    undecided = most - rank
    factor = floor.shots_factor(max(floor.floor() / 4, 1e-12))
    return Finding(
        code="measured-rank",
        title=f"at least {rank} independent directions are resolved above the shot noise; {undecided} of the "
        f"{most} that structure allows are undecided",
        claim=Claim.OBSERVED,
        evidence=(
            ("rank, lower bound", floor.rank_estimate(e.level, law="counts resampled")),
            ("noise floor", floor.floor(e.level)),
            (
                "upper bound on the next singular value",
                float(upper[rank]) if rank < len(upper) else 0.0,
            ),
        ),
        advice=f"Directions weaker than the floor need more shots: {factor:.0f} times as many would show a singular "
        "value of a quarter of the floor. More shots never prove a true zero."
        if undecided
        else "",
        source="Weyl's inequality with a parametric bootstrap of the counts",
        severity=Severity.NOTE,
    )


def _exactly(value: float, claim: Claim) -> Estimate:
    return Estimate.known(float(value), claim=claim)


def _dead(e: Evidence) -> Finding | None:
    if not e.space.dead:
        return None
    reasons: dict[str, list[int]] = {}
    for p in e.space.dead:
        reason = e.dead.get(p)
        text = (
            reason.value
            if reason
            else "its column is zero in every draw; no structural reason found"
        )
        reasons.setdefault(text, []).append(p)
    proven = all(p in e.dead for p in e.space.dead)
    claim = Claim.THEOREM if proven else Claim.OBSERVED
    explained = "; ".join(f"{e.names(members)}: {text}" for text, members in reasons.items())
    return Finding(
        code="dead-parameters",
        title=f"{len(e.space.dead)} of {e.space.n_parameters} parameters are dead: {explained}",
        claim=claim,
        evidence=(("zero columns of J", _exactly(len(e.space.dead), claim)),),
        advice="Remove these gates; outputs and every gradient stay the same, and each measured gradient "
        "needs fewer circuits.",
        source="zero columns of the coefficient Jacobian"
        + ("; Pauli propagation from read-out and input" if proven else ""),
        severity=Severity.WARNING,
    )


def _redundant(e: Evidence) -> Finding | None:
    fixed = [g for g in e.space.groups if g.relation in (Relation.PROPORTIONAL, Relation.FIXED)]
    if not fixed:
        return None
    count = sum(g.excess for g in fixed)
    shown = "; ".join(f"{g.excess} of {{{e.names(g.members)}}}" for g in fixed[:4])
    return Finding(
        code="redundant-parameters",
        title=f"{count} parameters repeat what others do in every draw: {shown}"
        + ("; …" if len(fixed) > 4 else ""),
        claim=Claim.GENERIC,
        evidence=(
            ("redundant directions with fixed relations", _exactly(count, Claim.GENERIC)),
            ("draws", float(e.space.n_draws)),
        ),
        advice="Fix or remove one parameter of each group; no direction of the output is lost.",
        source="kernel of J common to all draws",
        severity=Severity.WARNING,
    )


def _too_few(e: Evidence) -> Finding | None:
    reachable = e.reachable
    if e.rows is None or e.live >= reachable:
        return None
    return Finding(
        code="too-few-parameters",
        title=f"{e.live} live parameters cannot control {reachable} coefficients independently",
        claim=Claim.THEOREM,
        evidence=(
            ("live parameters", _exactly(e.live, Claim.THEOREM)),
            ("coefficients that move", _exactly(reachable, Claim.GENERIC)),
        ),
        advice="Add a trainable block or an encoding layer until the live parameters reach the number of "
        "coefficients, or choose a target of lower degree.",
        source=f"rank J ≤ P; {_PAPER}",
        severity=Severity.WARNING,
    )


def _unreachable(e: Evidence) -> Finding | None:
    missing = e.reachable - e.space.rank
    if e.rows is None or missing <= 0 or e.live < e.reachable:
        return None
    return Finding(
        code="unreachable-directions",
        title=f"{missing} directions of the coefficients are out of reach although parameters abound: rank "
        f"{e.space.rank} of {e.reachable} with {e.live} live parameters",
        claim=Claim.GENERIC,
        evidence=(
            ("structural rank", _exactly(e.space.rank, Claim.GENERIC)),
            ("draws", float(e.space.n_draws)),
        ),
        advice="Measure another wire, add a second trainable block per layer, or change the block: the rank "
        "depends on block and read-out, not on the number of parameters.",
        source="largest rank of J over the draws",
        severity=Severity.FAULT,
    )


def _parity_rows(e: Evidence) -> tuple[np.ndarray, np.ndarray] | None:
    """Which cosine and sine rows never move, each ``(outputs, R)``."""
    if e.rows is None or not len(e.frequencies):
        return None
    outputs, k = e.rows.shape[1:]
    still = np.zeros(outputs * k, bool)
    still[list(e.space.zero_rows)] = True
    still = still.reshape(outputs, k)
    return still[:, 1::2], still[:, 2::2]


def _missing_parity(e: Evidence) -> Finding | None:
    parity = _parity_rows(e)
    if parity is None:
        return None
    cosine, sine = parity
    for name, gone, other in (("sine", sine, cosine), ("cosine", cosine, sine)):
        if gone.all() and not other.all():
            return Finding(
                code=f"missing-{name}-rows",
                title=f"all {gone.size} {name} coefficients stay fixed: the model is "
                f"{'even' if name == 'sine' else 'odd'} in the input up to a constant",
                claim=Claim.GENERIC,
                evidence=(("rows of J that are zero", _exactly(gone.sum(), Claim.GENERIC)),),
                advice="Rotations about a second axis break the symmetry: real (RY-only) blocks keep all "
                "amplitudes real in the basis of the encoding.",
                source="zero rows of J in all draws",
                severity=Severity.FAULT,
            )
    return None


def _absent(e: Evidence) -> Finding | None:
    parity = _parity_rows(e)
    if parity is None:
        return None
    size = np.abs(e.rows).max(axis=(0, 1))
    none = np.maximum(size[1::2], size[2::2]) < 1e-10
    gone = parity[0].all(axis=0) & parity[1].all(axis=0) & none
    if not gone.any():
        return None
    names = [", ".join(f"{v:g}" for v in k) for k in e.frequencies[gone]]
    listed = "; ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return Finding(
        code="absent-frequencies",
        title=f"{gone.sum()} nominal frequencies never appear: {listed}",
        claim=Claim.GENERIC,
        evidence=(("largest coefficient seen", float(size[1:][np.repeat(gone, 2)].max())),),
        advice="Count on the other frequencies only; entangle the encoded wires before the read-out, or "
        "measure another wire, to bring these in.",
        source="coefficients and rows of J that vanish in all draws",
        severity=Severity.WARNING,
    )


def _conditioning(e: Evidence) -> Finding | None:
    generic = e.space.ranks == e.space.rank
    conditions = e.space.conditions[generic]
    if e.space.rank < 2 or len(conditions) == 0:
        return None
    median = quantile(conditions, 0.5, level=e.level, law=e.law)
    if not median.value > ILL_CONDITIONED:
        return None
    return Finding(
        code="ill-conditioned",
        title=f"the weakest direction is {median.value:.2g} times weaker than the strongest (median)",
        claim=Claim.OBSERVED,
        evidence=(("condition number σ₁/σ_rank, median", median),),
        advice="Add an encoding layer rather than a trainable block, spread the encoding over more wires, or "
        "use a second-order step (Gauss–Newton on J).",
        source="singular values of J over the draws",
        severity=Severity.WARNING,
    )


def _quiet(e: Evidence) -> Finding | None:
    if e.target is None or not e.target.gain > TOO_QUIET:
        return None
    scales = e.target.model_scales
    median = (
        quantile(scales, 0.5, level=e.level, law=e.law) if len(scales) > 1 else float(scales[0])
    )
    return Finding(
        code="output-too-small",
        title=f"the target is {e.target.gain:.2g} times larger than the model's output",
        claim=Claim.OBSERVED,
        evidence=(("model scale, median", median), ("target scale", e.target.target_scale)),
        advice=f"Scale the read-out (a·f + b with a ≈ {e.target.gain:.2g}) or shrink the target; fewer, more "
        "serial encodings give a larger output.",
        source="standard deviations over the data",
        severity=Severity.WARNING,
    )


def _outside_spectrum(e: Evidence) -> Finding | None:
    if e.target is None or e.target.outside_spectrum <= OUTSIDE:
        return None
    return Finding(
        code="target-outside-spectrum",
        title=f"{e.target.outside_spectrum:.0%} of the target's energy lies outside the spectrum",
        claim=Claim.THEOREM,
        evidence=(("share outside", _exactly(e.target.outside_spectrum, Claim.THEOREM)),),
        advice="Add encoding gates or larger prefactors (ternary 1, 3, 9), or rescale the input.",
        source="least squares of the target on the model's frequencies; Schuld, Sweke, Meyer, PRA 103, 032430",
        severity=Severity.FAULT,
    )


def _unidentified(e: Evidence) -> Finding | None:
    if e.target is None or not e.target.unidentified:
        return None
    return Finding(
        code="data-blind",
        title=f"the data points cannot tell {e.target.unidentified} coefficients from zero",
        claim=Claim.THEOREM,
        evidence=(("rows minus rank of the basis on the data", float(e.target.unidentified)),),
        advice="More, or differently placed, data points; until then these coefficients are free.",
        source="rank of the Fourier basis on the data points",
        severity=Severity.NOTE,
    )


def _surplus(e: Evidence) -> Finding | None:
    extra = e.live - e.space.rank
    fixed = [g for g in e.space.groups if g.relation in (Relation.PROPORTIONAL, Relation.FIXED)]
    if extra - sum(g.excess for g in fixed) <= 0:
        return None
    return Finding(
        code="surplus-parameters",
        title=f"{extra} more live parameters than independent directions ({e.live} for rank {e.space.rank})",
        claim=Claim.GENERIC,
        evidence=(("redundant directions that are not dead", _exactly(extra, Claim.GENERIC)),),
        advice="Harmless for training (overparametrised), but every surplus parameter costs circuits; the "
        "independent set names the ones to keep.",
        source="P − rank J",
        severity=Severity.NOTE,
    )


def _healthy(e: Evidence) -> Finding:
    return Finding(
        code="healthy",
        title=f"all {e.live} live parameters work on {e.space.rank} independent directions",
        claim=Claim.GENERIC,
        evidence=(("structural rank", _exactly(e.space.rank, Claim.GENERIC)),),
        source="largest rank of J over the draws",
        severity=Severity.HEALTHY,
    )
