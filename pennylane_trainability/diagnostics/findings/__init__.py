"""From numbers to sentences: what is wrong with a circuit, how we know, and what to change.

One rule per function; a rule returns a finding or nothing.

====================  ==============================================================
:class:`Evidence`     what the rules look at
:func:`findings_of`   all findings, gravest first
``structure``         dead, redundant, surplus parameters; too few; out of reach
``frequencies``       sines, cosines and frequencies the model never shows
``strength``          weak directions, quiet outputs
``fit``               targets outside the spectrum, data that leave coefficients open
``measured``          the same for counts
====================  ==============================================================
"""

from pennylane_trainability.diagnostics.findings.evidence import Evidence
from pennylane_trainability.diagnostics.findings.judgement import findings_of

__all__ = ["Evidence", "findings_of"]
