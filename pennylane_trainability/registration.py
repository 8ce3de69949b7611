"""Makes the names of this package reachable from PennyLane's own modules.

``qml.transforms.<name>`` works through an entry point from ``import pennylane`` alone; importing
this package attaches the rest. A name PennyLane already has is never overwritten.
"""

from __future__ import annotations

import warnings
from types import ModuleType

import pennylane as qml

from pennylane_trainability import templates, transforms
from pennylane_trainability.errors import TrainabilityWarning

__all__ = ["attach", "register"]

_GRADIENTS = (
    *("coefficient_jacobian", "commuting_grad", "dla_grad", "measured_grad", "measured_qfim"),
    "qfim",
)
_TRANSFORMS = (*_GRADIENTS, "diagonalize_commuting")
_TEMPLATES = (
    *("DataReuploading", "ParallelAngleEncoding", "SerialReuploading"),
    *("SimCircuit", "StabilizerLogicalProduct"),
)


def register() -> None:
    """Attach transforms, gradient transforms and templates; harmless when repeated."""
    for name in _TRANSFORMS:
        attach(qml.transforms, name, getattr(transforms, name))
    for name in _GRADIENTS:
        attach(qml.gradients, name, getattr(transforms, name))
    for name in _TEMPLATES:
        for module in (qml, qml.templates):
            attach(module, name, getattr(templates, name))


def attach(module: ModuleType, name: str, obj) -> None:
    """Set ``module.name = obj`` unless the name is taken; then warn and leave it.

    Args:
        module: a PennyLane module.
        name: the public name.
        obj: a transform or template of this package.
    """
    # __dict__, not getattr: attribute access would make PennyLane load the entry point
    current = vars(module).get(name)
    if current is None:
        setattr(module, name, obj)
    elif current is not obj:
        warnings.warn(
            f"{module.__name__}.{name} already exists and is not replaced; use "
            f"pennylane_trainability.{name}.",
            TrainabilityWarning,
            stacklevel=3,
        )
