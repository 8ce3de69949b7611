"""What else an analysis or a comparison can hold.

==================  =======================================================================
``shared``          what a quantity is given, and what it hands back
``quantities``      what comes from the same draws
``of_circuit``      what follows from the circuit and the law of its parameters
``asking``          names, options, all of it in order
==================  =======================================================================
"""

from pennylane_trainability.included.asking import INCLUDED, include_all, wanted
from pennylane_trainability.included.shared import Included, Shared

__all__ = ["INCLUDED", "Included", "Shared", "include_all", "wanted"]
