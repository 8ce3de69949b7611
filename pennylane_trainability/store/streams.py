"""Random numbers of simulators: a device made again with the same seed repeats its noise."""

from __future__ import annotations

import hashlib
import secrets
import weakref
from typing import Any

from pennylane_trainability.devices import OneJob, one_job
from pennylane_trainability.errors import StoreError
from pennylane_trainability.keys import canonical

__all__ = ["check_options", "fingerprint", "token_of"]

#: Device objects of this process → a name that no other object has.
_TOKENS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def token_of(device) -> str:
    """The name of a device object; a device that is made again gets another one."""
    own = getattr(device, "user_device", device)
    return _TOKENS.setdefault(own, secrets.token_hex(16))


def fingerprint(device) -> str | None:
    """What a simulator draws its noise from, as a hash; ``None`` where nothing is known.

    Simulators of PennyLane hold a generator of NumPy. Its entropy is the seed, or 128 bits from
    the system that never come again.

    >>> import pennylane as qml
    >>> a, b, c = (fingerprint(qml.device("default.qubit", seed=s)) for s in (1, 1, None))
    >>> a == b, a == c
    (True, False)
    """
    own = getattr(device, "user_device", device)
    own = getattr(own, "target_device", own)
    generator = getattr(getattr(own, "_rng", None), "bit_generator", None)
    source: Any = getattr(generator, "seed_seq", None)
    if getattr(source, "entropy", None) is None:
        return None
    return hashlib.sha256(canonical((source.entropy, source.spawn_key))).hexdigest()


def check_options(device, one_by_one: bool) -> None:
    """Refuse devices that start every execution from the same random numbers.

    Args:
        device: the user's device.
        one_by_one: whether circuits are sent as the device does it, not as one job.

    Raises:
        StoreError: results of later executions would repeat the noise of earlier ones.
    """
    own = getattr(device, "user_device", device)
    target = getattr(own, "target_device", own)
    if getattr(target, "_prng_seed", None) is not None:
        raise StoreError(
            "This device starts every execution from the same PRNGKey, so that stored repeats "
            "would repeat their noise. Use qml.device(…, seed=<integer>), or no seed."
        )
    backend = getattr(getattr(target, "backend", None), "options", None)
    on_backend = getattr(backend, "seed_simulator", None) is not None
    in_jobs = isinstance(one_job(own), OneJob) and not one_by_one
    given = [getattr(target, key, None) or {} for key in ("run_args", "_kwargs")]
    given += [entry.get("simulator") or {} for entry in given]
    in_options = any(isinstance(e, dict) and "seed_simulator" in e for e in given)
    if (in_options and not in_jobs) or (on_backend and not in_options):
        raise StoreError(
            "The backend starts every execution from the same seed_simulator, so that stored "
            "repeats would repeat their noise. Leave the seed out, or give it to the device "
            "(qml.device('qiskit.aer', seed_simulator=…)) and leave one_job=True: executions "
            "then get streams that do not depend on each other."
        )
