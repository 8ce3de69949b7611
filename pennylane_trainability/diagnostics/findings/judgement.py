"""Which rules are asked, and in what order the findings stand."""

from __future__ import annotations

from pennylane_trainability.diagnostics.findings.evidence import Evidence
from pennylane_trainability.diagnostics.findings.fit import outside_spectrum, unidentified
from pennylane_trainability.diagnostics.findings.frequencies import absent, missing_parity
from pennylane_trainability.diagnostics.findings.measured import dead_by_structure, measured_rank
from pennylane_trainability.diagnostics.findings.strength import conditioning, quiet
from pennylane_trainability.diagnostics.findings.structure import (
    dead,
    healthy,
    redundant,
    surplus,
    too_few,
    unreachable,
)
from pennylane_trainability.results import Finding, Severity

__all__ = ["findings_of"]


def findings_of(evidence: Evidence) -> tuple[Finding, ...]:
    """All findings, gravest first; a circuit without faults is said to be healthy."""
    if evidence.measured is not None:
        return _of_measured(evidence)
    rules = (
        dead,
        redundant,
        too_few,
        unreachable,
        missing_parity,
        absent,
        conditioning,
        quiet,
        outside_spectrum,
        unidentified,
        surplus,
    )
    found = [f for rule in rules if (f := rule(evidence)) is not None]
    if not any(f.severity in (Severity.FAULT, Severity.WARNING) for f in found):
        found.append(healthy(evidence))
    return tuple(sorted(found, key=lambda f: f.severity.order))


def _of_measured(e: Evidence) -> tuple[Finding, ...]:
    """Shots decide less: structure speaks of dead parameters, the noise floor of the rank."""
    found = [
        f
        for rule in (dead_by_structure, measured_rank, quiet, outside_spectrum, unidentified)
        if (f := rule(e)) is not None
    ]
    return tuple(sorted(found, key=lambda f: f.severity.order))
