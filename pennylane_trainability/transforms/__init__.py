"""PennyLane transforms: a circuit in, circuits and post-processing out; tensors back."""

from pennylane_trainability.transforms.coefficient_jacobian import (
    coefficient_jacobian as coefficient_jacobian,
)
from pennylane_trainability.transforms.measured_qfim import measured_qfim as measured_qfim
from pennylane_trainability.transforms.qfim import qfim as qfim

__all__ = ["coefficient_jacobian", "measured_qfim", "qfim"]
