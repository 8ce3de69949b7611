"""Which parameters are dead or redundant, and which directions are missing."""

from __future__ import annotations

from pennylane_trainability.diagnostics.column_space import Relation
from pennylane_trainability.diagnostics.findings.evidence import Evidence, exactly
from pennylane_trainability.results import Claim, Finding, Severity

__all__ = ["dead", "healthy", "redundant", "surplus", "too_few", "unreachable"]

_PAPER = "Poppel et al., arXiv:2605.05942"


def dead(e: Evidence) -> Finding | None:
    """Zero columns of the Jacobian."""
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
        evidence=(("zero columns of J", exactly(len(e.space.dead), claim)),),
        advice="Remove these gates; outputs and every gradient stay the same, and each measured "
        "gradient needs fewer circuits.",
        source="zero columns of the coefficient Jacobian"
        + ("; Pauli propagation from read-out and input" if proven else ""),
        severity=Severity.WARNING,
    )


def redundant(e: Evidence) -> Finding | None:
    """Relations between columns that hold in every draw."""
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
            ("redundant directions with fixed relations", exactly(count, Claim.GENERIC)),
            ("draws", float(e.space.n_draws)),
        ),
        advice="Fix or remove one parameter of each group; no direction of the output is lost.",
        source="kernel of J common to all draws",
        severity=Severity.WARNING,
    )


def too_few(e: Evidence) -> Finding | None:
    """Fewer live parameters than coefficients that move."""
    reachable = e.reachable
    if e.rows is None or e.live >= reachable:
        return None
    return Finding(
        code="too-few-parameters",
        title=f"{e.live} live parameters cannot control {reachable} coefficients independently",
        claim=Claim.THEOREM,
        evidence=(
            ("live parameters", exactly(e.live, Claim.THEOREM)),
            ("coefficients that move", exactly(reachable, Claim.GENERIC)),
        ),
        advice="Add a trainable block or an encoding layer until the live parameters reach the "
        "number of coefficients, or choose a target of lower degree.",
        source=f"rank J ≤ P; {_PAPER}",
        severity=Severity.WARNING,
    )


def unreachable(e: Evidence) -> Finding | None:
    """A rank below the coefficients that move, although parameters abound."""
    missing = e.reachable - e.space.rank
    if e.rows is None or missing <= 0 or e.live < e.reachable:
        return None
    return Finding(
        code="unreachable-directions",
        title=f"{missing} directions of the coefficients are out of reach although parameters "
        f"abound: rank {e.space.rank} of {e.reachable} with {e.live} live parameters",
        claim=Claim.GENERIC,
        evidence=(
            ("structural rank", exactly(e.space.rank, Claim.GENERIC)),
            ("draws", float(e.space.n_draws)),
        ),
        advice="Measure another wire, add a second trainable block per layer, or change the "
        "block: the rank depends on block and read-out, not on the number of parameters.",
        source="largest rank of J over the draws",
        severity=Severity.FAULT,
    )


def surplus(e: Evidence) -> Finding | None:
    """More live parameters than independent directions, beyond fixed relations."""
    fixed = [g for g in e.space.groups if g.relation in (Relation.PROPORTIONAL, Relation.FIXED)]
    extra = e.live - e.space.rank - sum(g.excess for g in fixed)
    if extra <= 0:
        return None
    return Finding(
        code="surplus-parameters",
        title=f"{extra} live parameters more than {e.space.rank} independent directions need",
        claim=Claim.GENERIC,
        evidence=(("directions neither dead nor fixed relations", exactly(extra, Claim.GENERIC)),),
        advice="Harmless for training (overparametrised), but every surplus parameter costs "
        "circuits; the independent set names the ones to keep.",
        source="P − rank J",
        severity=Severity.NOTE,
    )


def healthy(e: Evidence) -> Finding:
    """What is said where nothing is wrong."""
    return Finding(
        code="healthy",
        title=f"all {e.live} live parameters work on {e.space.rank} independent directions",
        claim=Claim.GENERIC,
        evidence=(("structural rank", exactly(e.space.rank, Claim.GENERIC)),),
        source="largest rank of J over the draws",
        severity=Severity.HEALTHY,
    )
