"""Whose state is meant when the state of a circuit is asked for?"""

from __future__ import annotations

from pennylane.measurements import ProbabilityMP, StateMP
from pennylane.measurements.state import DensityMatrixMP

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.errors import ReadingError

__all__ = ["compared_wires", "idle_note"]


def compared_wires(circuit: Circuit, wires) -> tuple[int, ...]:
    """Positions of the wires whose state is compared.

    Args:
        circuit: with its measurements.
        wires: ``"all"``, labels, or ``None`` for what the QNode returns.

    Raises:
        ReadingError: the labels are not those of the circuit, or the QNode leaves it open.
    """
    everything = tuple(range(circuit.n_wires))
    if not everything:
        raise ReadingError("expressibility() needs a state, but this circuit has no wires.")
    if wires is None:
        wires = _returned(circuit)
    if isinstance(wires, str) and wires == "all":
        return everything
    labels = [wires] if isinstance(wires, str | int) else list(wires)
    strangers = [label for label in labels if label not in circuit.wires]
    if strangers or not labels or len(set(labels)) != len(labels):
        raise ReadingError(
            f"wires needs different labels out of {circuit.wires.tolist()}, or 'all'; got {labels}."
        )
    return tuple(circuit.wires.index(label) for label in labels)


def idle_note(device, circuit: Circuit) -> tuple[str, ...]:
    """What the state of a QNode that returns ``qml.state()`` has beside the circuit's."""
    idle = [label for label in device.wires or () if label not in circuit.wires]
    returns = any(type(m) is StateMP for m in circuit.measurements)
    if not idle or not returns:
        return ()
    return (f"the circuit does not touch the wires {idle} of the device; they are left out",)


def _returned(circuit: Circuit):
    """What the QNode returns says whose state is meant.

    Raises:
        ReadingError: probabilities of some wires, or several density matrices.
    """
    density = [m for m in circuit.measurements if isinstance(m, DensityMatrixMP)]
    if len(density) == 1 and len(circuit.measurements) == 1:
        return density[0].wires.tolist() or "all"
    some = [m for m in circuit.measurements if isinstance(m, ProbabilityMP) and len(m.wires)]
    if density or any(len(m.wires) < circuit.n_wires for m in some):
        raise ReadingError(
            f"The QNode returns {', '.join(map(str, circuit.measurements))}, which does not say "
            "whose state is meant. Pass wires='all' for the state of all wires, or the labels of "
            "those whose reduced state is compared."
        )
    return "all"
