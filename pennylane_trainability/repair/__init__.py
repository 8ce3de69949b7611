"""What to change: parameters to remove, and better values to start from.

====================  ==========================================================================
:func:`prune`         QNode ─▶ :class:`Pruning`: what can be frozen, and a QNode without it
``basis``             best-conditioned sets of columns, angles between column spaces; arrays only
``scores``            what makes parameter values good; arrays only
====================  ==========================================================================
"""

from pennylane_trainability.repair.prune import prune
from pennylane_trainability.repair.pruning import Pruning, PruningCheck, Removal

__all__ = [
    "Pruning",
    "PruningCheck",
    "Removal",
    "prune",
]
