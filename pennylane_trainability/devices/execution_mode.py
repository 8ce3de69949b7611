"""All jobs of a question in one session or batch of the Qiskit runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pennylane_trainability.devices.one_job import OneJob, one_job
from pennylane_trainability.errors import ReadingError

__all__ = ["execution_mode"]

_MODES = ("batch", "session")


@contextmanager
def execution_mode(
    device, mode: str = "batch", max_time: int | str | None = None
) -> Iterator[OneJob]:
    """Send all jobs of several executions within one batch or session.

    Questions that take several executions (chunks, adaptive rounds, steps of an optimizer) send
    several jobs. Within a ``Batch`` the backend compiles and schedules jobs together; it suits jobs
    that do not wait for each other. Within a ``Session`` the backend is reserved from the first job
    on, pauses included, and the whole time is charged; it suits loops whose next job depends on the
    last result. Some accounts have no sessions.

    Args:
        device: a ``qiskit.remote`` device; it is not changed.
        mode: ``"batch"`` or ``"session"``.
        max_time: how long it may be open, in seconds or as ``"2h 30m"``; ``None`` for the most that
            the service allows.

    Yields:
        A device for QNodes and executors, as :func:`one_job` makes it. At the end the mode takes no
        further jobs; those that were sent are finished.

    Raises:
        ReadingError: the device has no such modes, or has a session already.

    **Cost.** No circuits of its own.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
    >>> device = qml.device("qiskit.remote", wires=2, backend=FakeManilaV2())
    >>> @qml.set_shots(100)
    ... @qml.qnode(device)
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> with pt.execution_mode(device, "batch") as batched, qml.Tracker(device) as tracker:
    ...     ask = pt.measure_qfim(
    ...         circuit, method="overlap", executor=pt.Executor(batched, chunk=3)
    ...     )
    ...     found = ask(np.array([0.4, 1.1]))  # six circuits
    >>> tracker.totals["jobs"], device.session is None
    (2, True)
    """
    if mode not in _MODES:
        raise ReadingError(f"mode={mode!r} is unknown; use one of {list(_MODES)}.")
    own = one_job(device)
    if not isinstance(own, OneJob) or not own.has_modes:
        raise ReadingError(
            f"{getattr(device, 'name', device)} has no sessions and batches; only qiskit.remote "
            "has. Leave execution_mode out: the circuits of an execution are sent together anyway."
        )
    if own.mode is not None:
        raise ReadingError(
            f"The device has a {type(own.mode).__name__} already, which is used as it is. Leave "
            "execution_mode out, or make the device without session=…"
        )
    from qiskit_ibm_runtime import Batch, Session

    kind = Batch if mode == "batch" else Session
    with kind(backend=own.backend, max_time=max_time) as opened:
        yield own.with_mode(opened)
