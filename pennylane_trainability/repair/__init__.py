"""What to change: parameters to remove, and better values to start from.

====================  ==========================================================================
:func:`prune`         QNode ─▶ :class:`Pruning`: what can be frozen, and a QNode without it
:func:`initialise`    QNode ─▶ :class:`Initialisation`: values that raise the response, and gain
:func:`promote`       QNode ─▶ :class:`Promotion`: its Pauli symmetries, and the ansatz of them all
``basis``             best-conditioned sets of columns, angles between column spaces; arrays only
``scores``            what makes parameter values good, and a search for them; arrays only
====================  ==========================================================================
"""

from pennylane_trainability.repair.initialisation import Initialisation, TrainingGain
from pennylane_trainability.repair.initialise import initialise
from pennylane_trainability.repair.promote import promote
from pennylane_trainability.repair.promotion import Promotion
from pennylane_trainability.repair.prune import prune
from pennylane_trainability.repair.pruning import Pruning, PruningCheck, Removal

__all__ = [
    "Initialisation",
    "Promotion",
    "Pruning",
    "PruningCheck",
    "Removal",
    "TrainingGain",
    "initialise",
    "promote",
    "prune",
]
