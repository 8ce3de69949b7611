"""What an analysis found, as one record, and what a change of the circuit changed in it."""

from pennylane_trainability.report.change import ReportChange
from pennylane_trainability.report.record import Report

__all__ = ["Report", "ReportChange"]
