"""Mathematics of a stack of Jacobians ``(D, K, P)``: rank, kernels, dead, redundant, unreachable.

=====================  =====================================================================
:func:`column_space`   everything below at once, as a :class:`ColumnSpace`
``spectrum``           numerical rank, condition number, effective ranks, from singular values
``kernel``             projectors, leverages, an independent set of columns
``groups``             which redundant parameters stand in for one another
=====================  =====================================================================
"""

from pennylane_trainability.diagnostics.column_space.groups import (
    RedundantGroup,
    Relation,
    components,
    proportional_classes,
    redundant_groups,
)
from pennylane_trainability.diagnostics.column_space.kernel import (
    common_kernel_projector,
    independent_columns,
    kernel_projectors,
    leverages,
)
from pennylane_trainability.diagnostics.column_space.space import ColumnSpace, column_space
from pennylane_trainability.diagnostics.column_space.spectrum import (
    condition_number,
    entropy_rank,
    numerical_rank,
    participation_ratio,
    smallest_row_value,
    tolerance,
)

__all__ = [
    "ColumnSpace",
    "RedundantGroup",
    "Relation",
    "column_space",
    "common_kernel_projector",
    "components",
    "condition_number",
    "entropy_rank",
    "independent_columns",
    "kernel_projectors",
    "leverages",
    "numerical_rank",
    "participation_ratio",
    "proportional_classes",
    "redundant_groups",
    "smallest_row_value",
    "tolerance",
]
