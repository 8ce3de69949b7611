"""PennyLane transforms: a circuit in, circuits and post-processing out; tensors back."""

from pennylane_trainability.transforms.coefficient_jacobian import (
    coefficient_jacobian as coefficient_jacobian,
)

__all__ = ["coefficient_jacobian"]
