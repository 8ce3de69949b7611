"""PennyLane transforms: a circuit in, circuits and post-processing out; tensors back."""

from pennylane_trainability.transforms.coefficient_jacobian import (
    coefficient_jacobian as coefficient_jacobian,
)
from pennylane_trainability.transforms.commuting_grad import commuting_grad as commuting_grad
from pennylane_trainability.transforms.diagonalize_commuting import (
    diagonalize_commuting as diagonalize_commuting,
)
from pennylane_trainability.transforms.dla_grad import dla_grad as dla_grad
from pennylane_trainability.transforms.measured_grad import measured_grad as measured_grad
from pennylane_trainability.transforms.measured_qfim import measured_qfim as measured_qfim
from pennylane_trainability.transforms.qfim import qfim as qfim

__all__ = [
    "coefficient_jacobian",
    "commuting_grad",
    "diagonalize_commuting",
    "dla_grad",
    "measured_grad",
    "measured_qfim",
    "qfim",
]
