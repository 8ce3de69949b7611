"""Which devices of pennylane-qiskit are meant: told without loading the plugin."""

from __future__ import annotations

import sys

from pennylane.devices import Device, LegacyDeviceFacade

__all__ = ["faced", "legacy_device", "primitives_device"]


def faced(device) -> Device:
    """The device, or the facade of a legacy device that comes without one."""
    return device if isinstance(device, Device) else LegacyDeviceFacade(device)


def primitives_device(device) -> bool:
    """Whether the device sends circuits through Qiskit's primitives (``qiskit.remote``)."""
    # a device of the plugin cannot exist before the plugin is loaded
    if "pennylane_qiskit" not in sys.modules:
        return False
    from pennylane_qiskit.qiskit_device import QiskitDevice

    # a subclass that executes in a way of its own keeps it
    return isinstance(device, QiskitDevice) and type(device).execute is QiskitDevice.execute


def legacy_device(device):
    """The plugin's device behind a facade if it samples through ``backend.run``, else ``None``.

    These are ``qiskit.aer`` and ``qiskit.basicsim``, except with a method that returns the state.
    """
    if "pennylane_qiskit" not in sys.modules:
        return None
    from pennylane_qiskit.qiskit_device_legacy import QiskitDeviceLegacy

    target = getattr(device, "target_device", None)
    own = QiskitDeviceLegacy.batch_execute
    if not isinstance(target, QiskitDeviceLegacy) or type(target).batch_execute is not own:
        return None
    return None if target._is_state_backend else target
