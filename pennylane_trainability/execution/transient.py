"""Which failures go away by waiting."""

from __future__ import annotations

__all__ = ["is_transient"]

#: Classes by name, so that no package has to be loaded to ask.
_NAMES = frozenset(
    {
        *("ConnectionError", "ConnectTimeout", "ReadTimeout", "Timeout", "ChunkedEncodingError"),
        *("NewConnectionError", "MaxRetryError", "ProtocolError", "NameResolutionError"),
        *("TransportError", "RuntimeJobTimeoutError", "JobTimeoutError"),
    }
)
#: Answers of servers that ask to come back later.
_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def is_transient(error: BaseException) -> bool:
    """Whether a failure is one of the connection, or of a server that is busy.

    These are time-outs, lost connections, and answers with the status 408, 425, 429, 500, 502, 503
    or 504, also where another exception was raised from them. All else is permanent: a circuit
    that is refused is refused again.

    Args:
        error: what was raised.

    >>> is_transient(TimeoutError()), is_transient(ConnectionResetError()), is_transient(KeyError())
    (True, True, False)
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        status = getattr(cause, "status_code", None)
        if status is None:
            status = getattr(getattr(cause, "response", None), "status_code", None)
        if isinstance(status, int) and status > 0:
            return status in _STATUS
        names = {kind.__name__ for kind in type(cause).__mro__}
        if isinstance(cause, (TimeoutError, ConnectionError)) or names & _NAMES:
            return True
        cause = cause.__cause__
    return False
