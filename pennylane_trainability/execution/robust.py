"""An executor for devices at the other end of a line: retries, time-outs, checks, progress."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pennylane.tape import QuantumScript

from pennylane_trainability.devices import without_credentials
from pennylane_trainability.errors import BudgetError, DeviceFailure, ReadingError, StoreError
from pennylane_trainability.execution.checks import check_results
from pennylane_trainability.execution.progress import ProgressLine
from pennylane_trainability.execution.transient import is_transient
from pennylane_trainability.executor import Executor

__all__ = ["RobustExecutor"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RobustExecutor(Executor):
    """Runs tapes on a device, and again after failures that go away by waiting.

    Every result is checked (number, size, finite entries, counts that sum to the shots) before
    it is used. A failure that does not go away by waiting stops the run at once. What earlier
    executions returned is kept: on ``DeviceFailure.completed``, and in a :class:`Store` with
    ``store.executor(RobustExecutor(…), run=…)``.

    Args:
        device: a PennyLane device; ``None`` takes that of the QNode in question.
        chunk: circuits per device execution; ``None`` takes what the device states as the most for
            one job, or else all.
        max_circuits: refuse more circuits than this before running any.
        max_shots: refuse more shots than this before running any.
        progress: a function of ``(circuits done, circuits in all)``; ``True``: a line with the
            time left, if the standard error is a terminal; ``None`` or ``False``: nothing.
        one_job: see :class:`Executor`.
        retries: how often an execution is repeated.
        backoff: seconds before the first repetition; twice as long before each further one.
        longest: the longest wait.
        timeout: seconds for one execution, the queue included. Nothing is repeated after it,
            because the job may still be running and be charged; ``None``: no limit.
        transient: says of an exception whether it goes away by waiting; see
            :func:`pennylane_trainability.execution.is_transient`.
        wait: how to wait so many seconds.

    A connection that is lost between the arrival of a job and its confirmation leads to a
    repetition, and the first one may be charged, too.

    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> tape = qml.tape.QuantumScript([qml.X(0)], [qml.expval(qml.Z(0))], shots=10)
    >>> pt.RobustExecutor(qml.device("default.qubit"), chunk=1).run([tape, tape])
    (np.float64(-1.0), np.float64(-1.0))
    """

    progress: Callable[[int, int], None] | bool | None = True  # type: ignore[assignment]
    retries: int = 6
    backoff: float = 2.0
    longest: float = 300.0
    timeout: float | None = None
    transient: Callable[[BaseException], bool] = is_transient
    wait: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        if self.retries < 0 or self.backoff < 0 or self.longest < 0:
            raise ValueError("retries, backoff and longest need numbers that are not negative.")
        if self.timeout is not None and not self.timeout > 0:
            raise ValueError(f"timeout needs seconds, or None; got {self.timeout!r}.")
        line = ProgressLine() if self.progress is True else self.progress or None
        object.__setattr__(self, "progress", line)

    def execute(self, device, tapes: list[QuantumScript]) -> list:
        """Run circuits in one execution of a device, several times if need be.

        Raises:
            DeviceFailure: a failure that is permanent or does not go away, or results that cannot
                be true; the device's own exception is the cause.
        """
        attempt = 0
        while True:
            try:
                return self._once(device, tapes)
            except (ReadingError, BudgetError, StoreError, DeviceFailure):
                raise
            except Exception as error:
                self._after(error, attempt, device)
                attempt += 1

    def check_results(self, tapes: Sequence[QuantumScript], results: list) -> None:
        """Refuse results that cannot be true.

        Raises:
            DeviceFailure: too few, not finite, of the wrong size, or counts that miss the shots.
        """
        check_results(tapes, results)

    def _after(self, error: Exception, attempt: int, device) -> None:
        """Wait for the next attempt, or stop.

        Raises:
            DeviceFailure: waiting does not help, or has not helped.
        """
        what = f"{type(error).__name__}: {without_credentials(error, device)}"
        if not self.transient(error):
            raise DeviceFailure(
                f"The device failed ({what}). Waiting does not help with such a failure, so it was "
                "not tried again; `transient=` decides which failures are."
            ) from error
        if attempt == self.retries:
            raise DeviceFailure(
                f"The device failed {attempt + 1} times in a row, at last with {what}."
            ) from error
        seconds = min(self.backoff * 2**attempt, self.longest)
        _log.warning("Attempt %d failed (%s); next one in %g s.", attempt + 1, what, seconds)
        self.wait(seconds)

    def _once(self, device, tapes: list[QuantumScript]) -> list:
        if self.timeout is None:
            return Executor.execute(self, device, tapes)
        out: list = []

        def work() -> None:
            try:
                out.append((Executor.execute(self, device, tapes), None))
            except BaseException as error:  # handed to the thread that waits
                out.append((None, error))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(self.timeout)
        if not out:
            raise DeviceFailure(
                f"The device has not answered for {self.timeout:g} s. Its job may still be running "
                "and be charged: look at your account before you run it again."
            )
        found, error = out[0]
        if error is not None:
            raise error
        return found
