"""A user's device that counts what is sent to it and runs nothing."""

from __future__ import annotations

import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.devices.counted import Counted

__all__ = ["Blank"]


class Blank(Counted):
    """The same device up to where it would run circuits: it counts them and answers with zeros.

    Gradients choose their method and compile their circuits as on the device itself.

    Args:
        device: a PennyLane device.

    Attributes:
        tapes: the circuits, as the device would run them.

    >>> device = Blank(qml.device("default.qubit"))
    >>> tape = qml.tape.QuantumScript([qml.X(0)], [qml.expval(qml.Z(0))], shots=10)
    >>> [float(result) for result in qml.execute([tape, tape], device)], device.total_shots
    ([0.0, 0.0], 20)
    """

    _OWN = Counted._OWN | {"tapes"}

    def __init__(self, device):
        super().__init__(device)
        self.tapes: list[QuantumScript] = []

    def _note(self, circuits) -> None:
        super()._note(circuits)
        self.tapes += [circuits] if isinstance(circuits, QuantumScript) else list(circuits)

    def execute(self, circuits, execution_config=None):
        """Zeros of the right shapes."""
        self._note(circuits)
        return _null().execute(circuits)

    def compute_derivatives(self, circuits, execution_config=None):
        """Zeros of the right shapes."""
        self._note(circuits)
        return _null().compute_derivatives(circuits)

    def execute_and_compute_derivatives(self, circuits, execution_config=None):
        """Zeros of the right shapes."""
        self._note(circuits)
        return _null().execute_and_compute_derivatives(circuits)

    def execute_and_compute_jvp(self, circuits, tangents, execution_config=None):
        """Zeros of the right shapes."""
        self._note(circuits)
        return _null().execute_and_compute_jvp(circuits, tangents)

    def execute_and_compute_vjp(self, circuits, cotangents, execution_config=None):
        """Zeros of the right shapes."""
        self._note(circuits)
        return _null().execute_and_compute_vjp(circuits, cotangents)


def _null():
    return qml.device("null.qubit")
