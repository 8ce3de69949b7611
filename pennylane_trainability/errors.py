"""The few exceptions and warnings a caller may want to catch."""

from __future__ import annotations

__all__ = [
    "BudgetError",
    "DeviceFailure",
    "NotFourierError",
    "ReadingError",
    "StoreError",
    "TrainabilityWarning",
]


class ReadingError(ValueError):
    """A QNode could not be read: its arguments or its gates do not say what depends on what."""


class NotFourierError(ReadingError):
    """The output is not a Fourier series in the inputs; the message names the gate."""


class BudgetError(ValueError):
    """The answer would cost more circuits, shots or memory than the caller allows."""


class DeviceFailure(RuntimeError):
    """A device failed in the middle of a run; what was measured until then is kept.

    The device's own exception is the ``__cause__``.

    Attributes:
        completed: results of the circuits of the finished chunks, in order.
        total: number of circuits of the whole run.
    """

    def __init__(self, message: str, completed: tuple = (), total: int = 0):
        super().__init__(message)
        self.completed = completed
        self.total = total


class StoreError(ValueError):
    """A store of results cannot be used as asked; the message says what to do instead.

    The file is damaged or of another kind, a run is being measured by somebody else, results are
    missing that may not be measured, or a seeded simulator would repeat its noise.
    """


class TrainabilityWarning(UserWarning):
    """Something is doubtful, but an answer exists."""
