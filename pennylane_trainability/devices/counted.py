"""A user's device that counts what is sent through it."""

from __future__ import annotations

from pennylane.devices import Device
from pennylane.tape import QuantumScript

__all__ = ["Counted"]


class Counted(Device):
    """The same device, counting circuits, shots and executions that pass here.

    Everything else is the device's own, its tracker included; nothing of it is changed.

    Args:
        device: a PennyLane device.

    Attributes:
        circuits: circuits sent so far; with a device's own derivatives, once per circuit.
        total_shots: their shots.
        executions: calls of the device.

    >>> import pennylane as qml
    >>> device = Counted(qml.device("default.qubit"))
    >>> tape = qml.tape.QuantumScript([qml.X(0)], [qml.expval(qml.Z(0))], shots=10)
    >>> results = qml.execute([tape, tape], device)
    >>> device.circuits, device.total_shots, device.executions, device.name
    (2, 20, 1, 'default.qubit')
    """

    _OWN = frozenset(
        {
            *("_device", "_note", "circuits", "total_shots", "executions", "__class__"),
            *("execute", "execute_and_compute_derivatives", "execute_and_compute_jvp"),
            *("execute_and_compute_vjp", "compute_derivatives"),
        }
    )

    def __init__(self, device):
        # not super().__init__: wires, shots and tracker are those of the user's device
        self._device = device
        self.circuits = self.total_shots = self.executions = 0

    def __getattribute__(self, key):
        own = key in type(self)._OWN
        target = self if own else object.__getattribute__(self, "_device")
        return object.__getattribute__(self, key) if own else getattr(target, key)

    def _note(self, circuits) -> None:
        batch = [circuits] if isinstance(circuits, QuantumScript) else list(circuits)
        self.executions += 1
        self.circuits += sum(tape.batch_size or 1 for tape in batch)
        self.total_shots += sum(
            (tape.batch_size or 1) * (tape.shots.total_shots or 0) for tape in batch
        )

    def execute(self, circuits, execution_config=None):
        """As the device does."""
        self._note(circuits)
        return self._device.execute(circuits, execution_config)

    def compute_derivatives(self, circuits, execution_config=None):
        """As the device does."""
        self._note(circuits)
        return self._device.compute_derivatives(circuits, execution_config)

    def execute_and_compute_derivatives(self, circuits, execution_config=None):
        """As the device does."""
        self._note(circuits)
        return self._device.execute_and_compute_derivatives(circuits, execution_config)

    def execute_and_compute_jvp(self, circuits, tangents, execution_config=None):
        """As the device does."""
        self._note(circuits)
        return self._device.execute_and_compute_jvp(circuits, tangents, execution_config)

    def execute_and_compute_vjp(self, circuits, cotangents, execution_config=None):
        """As the device does."""
        self._note(circuits)
        return self._device.execute_and_compute_vjp(circuits, cotangents, execution_config)
