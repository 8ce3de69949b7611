"""What the spectrum and the data leave open about a target."""

from __future__ import annotations

from pennylane_trainability.diagnostics.findings.evidence import Evidence, exactly
from pennylane_trainability.results import Claim, Finding, Severity

__all__ = ["outside_spectrum", "unidentified"]

#: Share of the target's energy outside the spectrum that is worth a warning.
OUTSIDE = 0.05


def outside_spectrum(e: Evidence) -> Finding | None:
    """A target the spectrum cannot give."""
    if e.target is None or e.target.outside_spectrum <= OUTSIDE:
        return None
    return Finding(
        code="target-outside-spectrum",
        title=f"{e.target.outside_spectrum:.0%} of the target's energy lies outside the spectrum",
        claim=Claim.THEOREM,
        evidence=(("share outside", exactly(e.target.outside_spectrum, Claim.THEOREM)),),
        advice="Add encoding gates or larger prefactors (ternary 1, 3, 9), or rescale the input.",
        source="least squares of the target on the model's frequencies; Schuld, Sweke, Meyer, "
        "PRA 103, 032430",
        severity=Severity.FAULT,
    )


def unidentified(e: Evidence) -> Finding | None:
    """Coefficients the data points cannot tell from zero."""
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
