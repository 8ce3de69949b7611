"""Least-squares fits of a QNode to data, with the read-out fitted along.

============================  ==================================================================
:func:`fit`                   QNode and data ─▶ :class:`Fit`
:func:`levenberg_marquardt`   the search, on arrays
:func:`read_out`              best gain and offset, the residual and its derivative, on arrays
============================  ==================================================================
"""

from pennylane_trainability.fitting.least_squares import (
    Search,
    levenberg_marquardt,
    r_squared,
    read_out,
)
from pennylane_trainability.fitting.qnode_fit import Fit, fit

__all__ = ["Fit", "Search", "fit", "levenberg_marquardt", "r_squared", "read_out"]
