"""Refusing circuits and shots that are too many, before anything is run."""

from __future__ import annotations

from pennylane.measurements import Shots

from pennylane_trainability.errors import BudgetError
from pennylane_trainability.transforms.engines import DEFAULT_MAX_CIRCUITS, is_exact_simulator

__all__ = ["check_budget"]


def check_budget(
    circuits: int,
    shots: Shots,
    max_circuits: int | None,
    max_shots: int | None = None,
    device=None,
    advice: str = "take fewer parameters (argnums)",
) -> None:
    """Refuse more circuits or shots than allowed.

    Args:
        circuits: how many there are.
        shots: of every circuit.
        max_circuits: the caller's limit; ``None`` takes the default of devices that are no exact
            simulators, if the device is known.
        max_shots: the caller's limit on the shots of all circuits.
        device: where to; ``None`` if that is not known.
        advice: how to need fewer circuits.

    Raises:
        BudgetError: nothing was run; the message says how to go on.
    """
    if max_circuits is None and device is not None and not is_exact_simulator(device):
        max_circuits = DEFAULT_MAX_CIRCUITS
    if max_circuits is not None and circuits > max_circuits:
        raise BudgetError(
            f"This needs {circuits} circuits; max_circuits allows {max_circuits}. Nothing was run. "
            f"Pass max_circuits={circuits} to run it, or {advice}."
        )
    total = circuits * (shots.total_shots or 0)
    if max_shots is not None and total > max_shots:
        raise BudgetError(
            f"This needs {total} shots; max_shots allows {max_shots}. Nothing was run. Lower the "
            f"shots with qml.set_shots, raise max_shots, or {advice}."
        )
