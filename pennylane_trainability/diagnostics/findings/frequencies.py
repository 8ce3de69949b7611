"""Which frequencies, and which cosines or sines, the model never shows."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.findings.evidence import Evidence, exactly
from pennylane_trainability.results import Claim, Finding, Severity

__all__ = ["absent", "missing_parity"]


def missing_parity(e: Evidence) -> Finding | None:
    """All sines or all cosines stay fixed."""
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
                evidence=(("rows of J that are zero", exactly(gone.sum(), Claim.GENERIC)),),
                advice="Rotations about a second axis break the symmetry: real (RY-only) blocks "
                "keep all amplitudes real in the basis of the encoding.",
                source="zero rows of J in all draws",
                severity=Severity.FAULT,
            )
    return None


def absent(e: Evidence) -> Finding | None:
    """Frequencies of the spectrum whose coefficients vanish in all draws."""
    parity = _parity_rows(e)
    if parity is None or e.rows is None:
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
        advice="Count on the other frequencies only; entangle the encoded wires before the "
        "read-out, or measure another wire, to bring these in.",
        source="coefficients and rows of J that vanish in all draws",
        severity=Severity.WARNING,
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
