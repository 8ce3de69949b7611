"""Messages of third parties without the credentials that a device was made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["PRIVATE", "without_credentials"]

#: Parts of the names of options that hold credentials.
PRIVATE = ("token", "password", "secret", "key", "account", "instance", "crn")
#: Shorter values are words, not credentials.
_SHORTEST = 8


def without_credentials(text: object, *owners: Any) -> str:
    """A message in which no credential of a device, or of its service, can be read.

    Args:
        text: the message, or the exception that says it.
        owners: devices, backends, services; attributes and options of theirs are looked at, and
            those of their services.

    >>> class Service:
    ...     token = "abc-123-xyz"
    >>> without_credentials("refused for abc-123-xyz", Service())
    'refused for …'
    """
    said = str(text)
    found = {secret for owner in owners for secret in _secrets(owner, 0)}
    for secret in sorted(found, key=len, reverse=True):
        said = said.replace(secret, "…")
    return said


def _secrets(owner: Any, depth: int) -> Iterator[str]:
    """Values of attributes and options with telling names, a few levels down."""
    if owner is None or depth > 3:
        return
    for name, value in _entries(owner):
        low = name.lower()
        if isinstance(value, str):
            if len(value) >= _SHORTEST and any(part in low for part in PRIVATE):
                yield value
        elif isinstance(value, Mapping) or any(w in low for w in ("service", "account", "backend")):
            yield from _secrets(value, depth + 1)


def _entries(owner: Any) -> list[tuple[str, Any]]:
    """What is stored on an object; properties, which may ask a network, are left alone."""
    if isinstance(owner, Mapping):
        return [(str(name), value) for name, value in owner.items()]
    own = getattr(owner, "__dict__", {})
    kind = {
        name: value
        for name, value in vars(type(owner)).items()
        if isinstance(value, (str, Mapping)) and not name.startswith("__")
    }
    return [*kind.items(), *own.items()]
