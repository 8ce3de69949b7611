"""Where a number comes from and what it cost."""

from __future__ import annotations

import functools
import operator
import secrets
import sys
from dataclasses import field, fields
from importlib import metadata

import numpy as np

from pennylane_trainability.results.base import Result, record

__all__ = ["Cost", "Provenance", "installed_versions", "kept_seed"]


def installed_versions(*packages: str) -> dict[str, str]:
    """Versions of the packages that are installed, in the order given.

    >>> list(installed_versions("numpy", "no-such-package"))
    ['numpy']
    """
    versions = {}
    for package in packages:
        try:
            versions[package] = _version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _version(package: str) -> str:
    """What the loaded module says, which is there at once; else what the installer wrote."""
    module = sys.modules.get(package.replace("-", "_"))
    said = getattr(module, "__version__", None)
    return said if isinstance(said, str) else metadata.version(package)


def kept_seed(seed: int | np.random.SeedSequence | None) -> int:
    """The seed given, or one drawn from the system, to be kept so that the run can be repeated.

    A seed sequence, spawned or not, becomes one integer of its own.

    Raises:
        ValueError: it is neither of these, or a number that is negative or not whole.

    >>> kept_seed(7)
    7
    """
    if isinstance(seed, np.random.SeedSequence):
        return int.from_bytes(seed.generate_state(4).tobytes(), "little")
    if seed is None:
        return secrets.randbits(128)
    try:
        whole = operator.index(seed)
    except TypeError:
        whole = -1
    if whole < 0:
        raise ValueError(
            "seed needs a whole number ≥ 0, a numpy.random.SeedSequence, or None for one that is "
            f"drawn and kept; got {seed!r}."
        )
    return whole


@functools.cache
def _read_once() -> dict[str, str]:
    return installed_versions("pennylane-trainability", "pennylane", "numpy")


def _our_versions() -> dict[str, str]:
    return dict(_read_once())


@record
class Provenance(Result):
    """What is needed to run it again. There is no clock: equal runs give equal records.

    Attributes:
        seed: entropy of the seed sequence; None if nothing was drawn.
        n_samples: number of parameter draws.
        shots: shots per circuit; None if exact, a tuple for a shot vector.
        device: name of the device.
        engine: ``"exact"``, ``"measured"``, or whatever computed the numbers.
        versions: versions of the packages that matter.
    """

    seed: int | None = None
    n_samples: int = 1
    shots: int | tuple[int, ...] | None = None
    device: str = ""
    engine: str = ""
    versions: dict[str, str] = field(default_factory=_our_versions)


@record
class Cost(Result):
    """What an answer cost, or will cost, on a device.

    Attributes:
        circuits: circuits handed to the device, repetitions counted.
        distinct_circuits: circuits that differ from each other.
        shots: shots of all circuits together; 0 if exact.
        executions: calls of the device (one call may run many circuits).

    >>> print(Cost(circuits=8, distinct_circuits=4, shots=8000, executions=1))
    8 circuits (4 distinct), 8,000 shots, 1 device execution
    """

    circuits: int = 0
    distinct_circuits: int = 0
    shots: int = 0
    executions: int = 0

    def __add__(self, other: Cost) -> Cost:
        """Both one after the other; circuits that both contain count as distinct twice."""
        if not isinstance(other, Cost):
            return NotImplemented
        names = [item.name for item in fields(self)]
        return Cost(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def summary(self) -> str:
        """One line."""
        distinct = (
            ""
            if self.distinct_circuits == self.circuits
            else (f" ({self.distinct_circuits:,} distinct)")
        )
        shots = f"{self.shots:,} shots" if self.shots else "no shots"
        return (
            f"{self.circuits:,} circuit{_s(self.circuits)}{distinct}, {shots}, "
            f"{self.executions:,} device execution{_s(self.executions)}"
        )

    def _repr_markdown_(self) -> str:
        return self.summary()


def _s(count: int) -> str:
    return "" if count == 1 else "s"
