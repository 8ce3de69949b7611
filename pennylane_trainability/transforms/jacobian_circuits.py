"""The circuits of a measured Jacobian at many inputs, by any way of measuring derivatives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.pairing import only
from pennylane_trainability.circuits.shifts import shift_plan
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.engines import broadcasts, device_name
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes, jacobian_tapes

if TYPE_CHECKING:
    from pennylane_trainability.transforms.point_circuits import PointCircuits

__all__ = ["GRADIENTS", "check_gradient", "jacobian_circuits"]

#: Ways to measure derivatives.
GRADIENTS = ("shift", "commuting", "dla", "hadamard", "auto")


def check_gradient(gradient: str) -> None:
    """Refuse a way of measuring derivatives that does not exist.

    Raises:
        ReadingError: the message lists those that do.
    """
    if gradient not in GRADIENTS:
        raise ReadingError(f"gradient={gradient!r} is unknown; use one of {list(GRADIENTS)}.")


def jacobian_circuits(
    circuit: Circuit,
    matrix: np.ndarray,
    shots,
    *,
    gradient: str = "shift",
    live: Collection[int] | None = None,
    values: bool = False,
    device: Any = None,
) -> JacobianTapes | PointCircuits:
    """Build the circuits of a measured Jacobian; nothing is run.

    Args:
        circuit: the circuit at one parameter point and ``G`` input points.
        matrix: ``(K, G)``, from the values at the input points to the rows of the Jacobian.
        shots: shots of every circuit (a ``Shots`` object or anything it takes).
        gradient: one of :data:`GRADIENTS`; see :func:`measured_grad`.
        live: flat parameters that are differentiated; all others are held, and their columns are
            zero and cost nothing. ``None`` takes all that are not dead by structure.
        values: measure the results themselves, too.
        device: where the circuits will run, if that is known.

    Raises:
        ReadingError: something cannot be measured, or the device cannot do it.
        BudgetError: the Lie algebra has too many words.
    """
    check_gradient(gradient)
    if live is None:
        live = set(range(circuit.n_parameters)) - set(dead_parameters(circuit))
    circuit = only(circuit, live)
    broadcast = device is not None and broadcasts(device)
    if gradient != "shift":
        # here: planning circuits is a good part of the import
        from pennylane_trainability.transforms import point_circuits as points

        wires: Sequence | None = None
        if device is not None and device.wires is not None:
            wires = list(device.wires)
        where = "a bare tape" if device is None else device_name(device)
        question = points.question_at_points(circuit, gradient, values, wires, where)
        return points.point_circuits(question, matrix, shots, broadcast)
    plan = shift_plan(circuit)
    return jacobian_tapes(
        circuit,
        matrix,
        shots,
        broadcast=broadcast,
        plan=plan.with_unshifted() if values else plan,
    )
