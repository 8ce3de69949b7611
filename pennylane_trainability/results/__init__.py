"""What every diagnostic hands back: frozen records that carry their errors and print themselves.

==================  ====================================================================
:class:`Result`     base of all records: text, Markdown, strict JSON, plot
:func:`record`      the decorator that makes a class such a record
:class:`Estimate`   one number with its error, its interval, its law and its :class:`Claim`
:class:`Finding`    a sentence about a circuit, its evidence, what to do; with a :class:`Severity`
:class:`Provenance`  seed, samples, shots, device, engine: enough to run it again
:class:`Cost`       circuits, shots and device executions
==================  ====================================================================
"""

from pennylane_trainability.results.base import Result, record, to_json
from pennylane_trainability.results.estimate import Claim, Estimate, format_error
from pennylane_trainability.results.finding import Finding, Severity
from pennylane_trainability.results.provenance import (
    Cost,
    Provenance,
    installed_versions,
    kept_seed,
)
from pennylane_trainability.results.text import aligned, describe, markdown_table, table

__all__ = [
    "Claim",
    "Cost",
    "Estimate",
    "Finding",
    "Provenance",
    "Result",
    "Severity",
    "aligned",
    "describe",
    "format_error",
    "installed_versions",
    "kept_seed",
    "markdown_table",
    "record",
    "table",
    "to_json",
]
