"""What counts can decide: structure speaks of dead parameters, the noise floor of the rank."""

from __future__ import annotations

from pennylane_trainability.diagnostics.findings.evidence import Evidence, exactly
from pennylane_trainability.results import Claim, Finding, Severity

__all__ = ["dead_by_structure", "measured_rank"]


def dead_by_structure(e: Evidence) -> Finding | None:
    """Dead parameters, which were not measured."""
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
        evidence=(("dead by structure", exactly(len(e.dead), Claim.THEOREM)),),
        advice="Remove these gates; they were not measured.",
        source="Pauli propagation from read-out and input",
        severity=Severity.WARNING,
    )


def measured_rank(e: Evidence) -> Finding | None:
    """Directions above the shot noise, and those left undecided."""
    if e.measured is None:
        return None
    floor = e.measured.noise_floor(e.level)
    rank = floor.rank(e.level)
    upper = floor.bounds(e.level)[1]
    most = min(e.space.n_rows, e.space.n_parameters - len(e.dead))
    undecided = most - rank
    factor = floor.shots_factor(max(floor.floor(e.level) / 4, 1e-12), e.level)
    return Finding(
        code="measured-rank",
        title=f"at least {rank} independent directions are resolved above the shot noise; "
        f"{undecided} of the {most} that structure allows are undecided",
        claim=Claim.OBSERVED,
        evidence=(
            ("rank, lower bound", floor.rank_estimate(e.level, law="counts resampled")),
            ("noise floor", floor.floor(e.level)),
            (
                "upper bound on the next singular value",
                float(upper[rank]) if rank < len(upper) else 0.0,
            ),
        ),
        advice=f"Directions weaker than the floor need more shots: {factor:.0f} times as many "
        "would show a singular value of a quarter of the floor. More shots never prove a true "
        "zero."
        if undecided
        else "",
        source="Weyl's inequality with a parametric bootstrap of the counts",
        severity=Severity.NOTE,
    )
