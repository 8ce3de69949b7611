"""How strong the directions are, and how loud the output."""

from __future__ import annotations

from pennylane_trainability.diagnostics.findings.evidence import Evidence
from pennylane_trainability.results import Claim, Finding, Severity
from pennylane_trainability.statistics.bootstrap import quantile

__all__ = ["conditioning", "quiet"]

#: Median condition number from which training along the weakest direction is called slow: a
#: gradient step of the best size for σ₁ leaves 1 − 1/cond² of an error along σ_K.
ILL_CONDITIONED = 1e3
#: The target is this much larger than the model before the read-out is called too quiet.
TOO_QUIET = 3.0


def conditioning(e: Evidence) -> Finding | None:
    """A weakest direction far below the strongest."""
    generic = e.space.ranks == e.space.rank
    conditions = e.space.conditions[generic]
    if e.space.rank < 2 or len(conditions) == 0:
        return None
    median = quantile(conditions, 0.5, level=e.level, law=e.law)
    if not median.value > ILL_CONDITIONED:
        return None
    return Finding(
        code="ill-conditioned",
        title=f"the weakest direction is {median.value:.2g} times weaker than the strongest "
        "(median)",
        claim=Claim.OBSERVED,
        evidence=(("condition number σ₁/σ_rank, median", median),),
        advice="Add an encoding layer rather than a trainable block, spread the encoding over "
        "more wires, or use a second-order step (Gauss–Newton on J).",
        source="singular values of J over the draws",
        severity=Severity.WARNING,
    )


def quiet(e: Evidence) -> Finding | None:
    """A target much larger than the output."""
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
        advice=f"Scale the read-out (a·f + b with a ≈ {e.target.gain:.2g}) or shrink the target; "
        "fewer, more serial encodings give a larger output.",
        source="standard deviations over the data",
        severity=Severity.WARNING,
    )
