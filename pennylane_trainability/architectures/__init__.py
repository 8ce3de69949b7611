"""Which architecture: shapes side by side, what growth would bring, the paper's statements.

====================  ===============================================================
``model``             a QNode and one example call; builders
``template_builder``  the builder that comes with the package
``row``               everything about one shape
``compare``           all shapes of one encoding budget
``training``          every shape trained on the target
``advise``            what a larger model would bring
``paper``             the statements of one paper on the circuit at hand
====================  ===============================================================
"""

from pennylane_trainability.architectures.advise import growth_advice
from pennylane_trainability.architectures.compare import compare_shapes
from pennylane_trainability.architectures.comparison import ShapeComparison
from pennylane_trainability.architectures.equal_count import EqualCount
from pennylane_trainability.architectures.growth import GrowthAdvice, GrowthStep
from pennylane_trainability.architectures.model import Model
from pennylane_trainability.architectures.paper import paper_check
from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.architectures.shape_fit import ShapeFit
from pennylane_trainability.architectures.statements import PaperCheck, Statement, Verdict
from pennylane_trainability.architectures.template_builder import template_builder

__all__ = [
    "EqualCount",
    "GrowthAdvice",
    "GrowthStep",
    "Model",
    "PaperCheck",
    "ShapeComparison",
    "ShapeFit",
    "ShapeRow",
    "Statement",
    "Verdict",
    "compare_shapes",
    "growth_advice",
    "paper_check",
    "template_builder",
]
