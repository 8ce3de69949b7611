"""Least-squares fits of a QNode to data, with the read-out fitted along.

============================  ==================================================================
:func:`fit`                   QNode and data ─▶ :class:`Fit`
:class:`Starts`               every start of a fit: traces, R², steps to a threshold, success rate
:func:`fit_many`              problems ─▶ :class:`Starts`, each as soon as it is finished
:func:`levenberg_marquardt`   damped Gauss–Newton steps, on arrays
:func:`adam`                  gradient steps of adaptive size, on arrays
:func:`read_out`              best gain and offset, the residual and its derivative, on arrays
============================  ==================================================================
"""

from pennylane_trainability.fitting.adam import adam
from pennylane_trainability.fitting.least_squares import (
    levenberg_marquardt,
    r_squared,
    read_out,
)
from pennylane_trainability.fitting.many import fit_many
from pennylane_trainability.fitting.problem import Problem, state_problem
from pennylane_trainability.fitting.qnode_fit import Fit, fit
from pennylane_trainability.fitting.search import Search
from pennylane_trainability.fitting.starts import Starts, steps_to, success_rate

__all__ = [
    "Fit",
    "Problem",
    "Search",
    "Starts",
    "adam",
    "fit",
    "fit_many",
    "levenberg_marquardt",
    "r_squared",
    "read_out",
    "state_problem",
    "steps_to",
    "success_rate",
]
