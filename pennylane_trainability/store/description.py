"""What a device is, so that results of different ones are never mixed up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from pennylane_trainability.devices.privacy import PRIVATE
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.keys import canonical

__all__ = ["Description", "description"]

#: Options that choose a stream of random numbers, or how circuits are sent, not what is measured.
_LEFT_OUT = frozenset(
    {"seed_simulator", "default_shots", "num_processes", "max_parallel_threads"}
    # a label that noise models of Aer draw at random
    | {"id"}
)
#: Parts of names of options that may say who pays; they are not even hashed.
_PRIVATE = (*PRIVATE, "url", "service")
#: Attributes of PennyLane's own simulators that change what is measured.
_OWN = ("readout_err", "_c_dtype", "_mcmc", "_kernel_name", "_num_burnin")


@dataclass(frozen=True, slots=True)
class Description:
    """A device in words and as a hash of everything that changes what it measures.

    Attributes:
        name: its name, and that of its backend.
        digest: SHA-256 over name, wires and options.
    """

    name: str
    digest: str


def description(device) -> Description:
    """Describe a device without its seeds, and without anything that says whose account it is.

    >>> import pennylane as qml
    >>> one, two = (description(qml.device("default.qubit", wires=n)) for n in (1, 2))
    >>> one.name, one == two
    ('default.qubit', False)
    """
    own = getattr(device, "user_device", device)
    own = getattr(own, "target_device", own)
    name = getattr(own, "short_name", None) or device.name
    backend = getattr(own, "backend", None)
    options: dict[str, Any] = {key: vars(own)[key] for key in _OWN if key in vars(own)}
    if backend is not None:
        name = f"{name} ({_name_of(backend)})"
        options |= {key: getattr(own, key, None) for key in ("transpile_args", "run_args")}
        options |= {key: getattr(own, key, None) for key in ("_kwargs", "_transpile_args")}
        options["compile_backend"] = _name_of(getattr(own, "compile_backend", None))
        options["noise_model"] = getattr(getattr(backend, "options", None), "noise_model", None)
    wires = None if device.wires is None else device.wires.tolist()
    told = canonical((name, type(own).__qualname__, wires, _plain(options)))
    return Description(name, hashlib.sha256(told).hexdigest())


def _name_of(backend) -> str:
    name = getattr(backend, "name", None)
    return str(name() if callable(name) else name)


def _plain(value):
    """Options as values that have canonical bytes; objects by what they say of themselves."""
    if isinstance(value, dict):
        return {
            str(key): _plain(entry)
            for key, entry in value.items()
            if key not in _LEFT_OUT and not any(part in str(key).lower() for part in _PRIVATE)
        }
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if hasattr(value, "to_dict"):
        return _plain(value.to_dict())
    try:
        canonical(value)
    except ReadingError:
        return f"{type(value).__module__}.{type(value).__qualname__}"
    return value
