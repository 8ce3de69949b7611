"""Where noise may come from: told from the device and the circuit, and nothing is run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from pennylane.operation import Channel, Operator

from pennylane_trainability.transforms.engines import (
    device_name,
    is_density_simulator,
    is_exact_simulator,
)

__all__ = ["NoiseKind", "NoiseSource", "noise_source"]


class NoiseKind(Enum):
    """What is known about the noise of a device; the value is how it is put in words."""

    NONE = "no noise: shots are the only source of error"
    SIMULATED = "noise is simulated"
    FAKE = "a fake backend: a simulator with the noise model of a real one"
    BACKEND = "a backend that runs circuits on hardware"
    UNKNOWN = "a device of which nothing is known here: it may be noisy"


@dataclass(frozen=True, slots=True)
class NoiseSource:
    """What is known about the noise in a measurement.

    Attributes:
        kind: whether there is noise, and of what kind.
        where: name of what it comes from.
    """

    kind: NoiseKind
    where: str

    @property
    def may_be_noisy(self) -> bool:
        """Whether results may have other errors than those of shots."""
        return self.kind is not NoiseKind.NONE

    def __str__(self) -> str:
        return f"{self.where}: {self.kind.value}"


def noise_source(device, operations: Iterable[Operator] = ()) -> NoiseSource:
    """What is known about the noise of a device that runs a circuit.

    Args:
        device: a PennyLane device.
        operations: what the circuit applies; channels among them are noise.

    Devices of other plugins are ``UNKNOWN``, whether they are noisy or not.

    >>> import pennylane as qml
    >>> print(noise_source(qml.device("default.qubit")))
    default.qubit: no noise: shots are the only source of error
    >>> channel = qml.DepolarizingChannel(0.1, wires=0)
    >>> print(noise_source(qml.device("default.mixed", wires=1), [channel]))
    DepolarizingChannel: noise is simulated
    """
    channels = sorted({op.name for op in operations if isinstance(op, Channel)})
    if channels:
        return NoiseSource(NoiseKind.SIMULATED, ", ".join(channels))
    name = device_name(device)
    target = getattr(device, "target_device", device)
    if is_exact_simulator(device):
        return NoiseSource(NoiseKind.NONE, name)
    if is_density_simulator(device):
        noisy = bool(getattr(target, "readout_err", None))
        return NoiseSource(NoiseKind.SIMULATED if noisy else NoiseKind.NONE, name)
    backend = getattr(target, "backend", None)
    if backend is None or not name.startswith("qiskit."):
        return NoiseSource(NoiseKind.UNKNOWN, name)
    label = getattr(backend, "name", None) or type(backend).__name__
    return NoiseSource(_backend_kind(backend), f"{name} with {label}")


def _backend_kind(backend) -> NoiseKind:
    """Classes by name, so that no package has to be loaded to ask."""
    names = {kind.__name__ for kind in type(backend).__mro__}
    if "FakeBackendV2" in names:
        return NoiseKind.FAKE
    if "AerBackend" in names:
        model = getattr(backend.options, "noise_model", None)
        ideal = model is None or model.is_ideal()
        return NoiseKind.NONE if ideal else NoiseKind.SIMULATED
    if "BasicSimulator" in names:
        return NoiseKind.NONE
    if "GenericBackendV2" in names:
        return NoiseKind.SIMULATED
    if "IBMBackend" in names:
        return NoiseKind.BACKEND
    return NoiseKind.UNKNOWN
