"""Where an answer comes from: the exact engine, or circuits on the user's own device."""

from __future__ import annotations

from pennylane.measurements import Shots

from pennylane_trainability.errors import ReadingError

__all__ = [
    "DEFAULT_MAX_CIRCUITS",
    "broadcasts",
    "choose_engine",
    "device_name",
    "is_density_simulator",
    "is_exact_simulator",
    "takes_shot_vectors",
]

#: Noiseless state-vector simulators: without shots their answer is the exact one.
_EXACT = frozenset(
    [
        "default.qubit",
        "lightning.qubit",
        "lightning.kokkos",
        "lightning.gpu",
        "lightning.amdgpu",
        "reference.qubit",
    ]
)
#: Above this many circuits a device that is no exact simulator needs ``max_circuits``.
DEFAULT_MAX_CIRCUITS = 1_000
#: Simulators whose state is a density matrix, and which return it.
_DENSITY = frozenset({"default.mixed"})
#: Devices that execute broadcasted tapes natively.
_BROADCAST = frozenset({"default.qubit", "default.mixed"})


def device_name(device) -> str:
    """The short name of a device, legacy devices included."""
    target = getattr(device, "target_device", device)
    return getattr(target, "short_name", None) or device.name


def is_exact_simulator(device) -> bool:
    """Whether the device is a noiseless state-vector simulator."""
    return device_name(device) in _EXACT


def is_density_simulator(device) -> bool:
    """Whether the device simulates density matrices, noise included."""
    return device_name(device) in _DENSITY


def broadcasts(device) -> bool:
    """Whether broadcasted tapes pay on this device."""
    return device_name(device) in _BROADCAST


def takes_shot_vectors(device) -> bool:
    """Whether the device returns one result per entry of a shot vector."""
    return not device_name(device).startswith("qiskit.")


def choose_engine(device, shots: Shots, engine: str = "auto") -> str:
    """``"exact"``, ``"lightning"`` or ``"measured"``.

    Args:
        device: the device of the QNode; ``None`` for a bare tape.
        shots: its shots.
        engine: ``"auto"``, or one of the three to force it.

    Raises:
        ReadingError: the device has no shots set and is no analytic simulator.
    """
    if engine not in ("auto", "exact", "lightning", "measured"):
        raise ReadingError(
            f"engine={engine!r} is unknown; use 'auto', 'exact', 'lightning' or 'measured'."
        )
    if engine in ("exact", "lightning"):
        return engine
    if engine == "auto" and device is not None and not shots and is_exact_simulator(device):
        return "exact"
    if device is not None and not shots and device_name(device).startswith("qiskit."):
        raise ReadingError(
            f"{device_name(device)} needs shots: set them with qml.set_shots(qnode, shots=…). An "
            "exact value is computed only for noiseless simulators, or with engine='exact' if "
            "you ask for the simulation."
        )
    return "measured"
