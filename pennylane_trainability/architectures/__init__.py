"""Which architecture: shapes side by side, what growth would bring, the paper's statements.

====================  ===============================================================
``model``             a QNode and one example call; builders
``template_builder``  the builder that comes with the package
``row``               everything about one shape
``compare``           all shapes of one encoding budget
====================  ===============================================================
"""

from pennylane_trainability.architectures.compare import compare_shapes
from pennylane_trainability.architectures.comparison import ShapeComparison
from pennylane_trainability.architectures.model import Model
from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.architectures.template_builder import template_builder

__all__ = ["Model", "ShapeComparison", "ShapeRow", "compare_shapes", "template_builder"]
