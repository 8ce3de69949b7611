"""All circuits of one answer as one job: a wrapper around the user's own Qiskit device."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pennylane as qml
from pennylane.devices import Device, ExecutionConfig
from pennylane.tape import QuantumScript

from pennylane_trainability.devices import backend_run, primitives
from pennylane_trainability.devices.conversion import is_sampled
from pennylane_trainability.devices.jobs import JobBook
from pennylane_trainability.devices.mid_circuit import (
    has_mid_circuit,
    measures_mid_circuit,
    native_pipeline,
)
from pennylane_trainability.devices.plugin import faced, legacy_device, primitives_device
from pennylane_trainability.errors import ReadingError

__all__ = ["OneJob", "one_job"]


def one_job(device, circuits_per_job: int | None = None):
    """The same device, sending all circuits of an execution as one job.

    ``qiskit.remote`` submits one job per circuit, and each of them waits in the queue of the
    backend; ``qiskit.aer`` compiles circuit by circuit. The device returned here compiles the
    whole batch in one call and sends one ``SamplerV2`` job (plus one ``EstimatorV2`` job if
    expectation values or variances of Pauli observables are asked for: the plugin decides which
    circuit goes where), or one ``backend.run`` per number of shots on ``qiskit.aer`` and
    ``qiskit.basicsim``. Everything else is the user's device: wires, backend, session, options,
    noise model, tracker, preprocessing. It is read at every execution and never changed.

    Mid-circuit measurements (``qml.measure(wire)``) run natively, without spare wires, where the
    backend has them and ``mcm_method`` is not ``"deferred"``; they may be returned as ``counts``,
    ``probs``, ``sample``, ``expval`` and ``var`` with ``op=``.

    Args:
        device: a PennyLane device.
        circuits_per_job: most circuits in a job; ``None`` takes what the backend states
            (``backend.max_circuits``), or else no limit.

    Returns:
        A device. Devices without such a road are returned unchanged, so that any device may be
        passed: simulators of PennyLane, devices of other plugins, ``qiskit.aer`` with a method
        that returns the state, and devices that were wrapped before.

    **Cost.** No circuits of its own. ``OneJob.jobs`` counts the jobs sent, and so does a
    ``qml.Tracker`` on the user's device, as ``jobs``.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> device = qml.device("qiskit.aer", wires=1, seed_simulator=42)
    >>> @qml.set_shots(1000)
    ... @qml.qnode(pt.one_job(device))
    ... def circuit(angles):
    ...     qml.RY(0.9, wires=0)
    ...     first = qml.measure(0)
    ...     qml.RY(angles, wires=0)
    ...     return qml.probs(op=[first, qml.measure(0)])
    >>> angles = np.array([0.0, 0.5, 1.0])  # three circuits
    >>> with qml.Tracker(device) as tracker:
    ...     probabilities = circuit(angles)
    >>> tracker.totals["jobs"]
    1
    >>> correlation = probabilities @ [1, -1, -1, 1]
    >>> bool(np.all(np.abs(correlation - np.cos(angles)) < 0.15))
    True
    """
    if isinstance(device, OneJob):
        return device if circuits_per_job is None else OneJob(device.user_device, circuits_per_job)
    own = faced(device)
    if primitives_device(own) or legacy_device(own) is not None:
        return OneJob(own, circuits_per_job)
    return device


class OneJob(Device):
    """A user's Qiskit device that sends all circuits of an execution as one job.

    Made by :func:`one_job`.

    Attributes:
        user_device: the device that was wrapped.
        circuits_per_job: most circuits in a job, ``None`` for no limit.
        jobs: number of jobs sent so far.
    """

    def __init__(self, device, circuits_per_job: int | None = None):
        # not super().__init__: wires, shots and tracker are those of the user's device
        self.user_device = device
        self._legacy = legacy_device(device)
        stated = getattr(device.backend, "max_circuits", None)
        self.circuits_per_job = circuits_per_job or stated
        self.jobs = 0
        self._part = 0
        self._mode: Any = None
        self._book: JobBook | None = None

    @property
    def service(self):
        """What can be asked for a job by its id, or ``None``."""
        return getattr(self.user_device.backend, "service", None) if self._legacy is None else None

    @property
    def has_modes(self) -> bool:
        """Whether jobs can be sent within a session or batch."""
        return self._legacy is None

    @property
    def mode(self):
        """The session or batch that jobs are sent within, or ``None``."""
        return self._mode or getattr(self.user_device, "session", None)

    def with_book(self, book: JobBook | None) -> OneJob:
        """The device with somebody who remembers which jobs were sent."""
        new = copy.copy(self)
        new._book = book
        return new

    def with_mode(self, mode) -> OneJob:
        """The device, sending its jobs within a session or batch of the runtime."""
        new = copy.copy(self)
        new._mode, new.jobs = mode, 0
        return new

    def part(self, number: int) -> OneJob:
        """The device for the execution ``number`` of an answer that takes several.

        A simulator with a seed then draws an independent stream for each.
        """
        new = copy.copy(self)
        new._part, new.jobs = number, 0
        return new

    # -- the user's device shines through ----------------------------------------------------------

    def __getattr__(self, key):
        if key.startswith("_") or key == "user_device":
            raise AttributeError(f"{type(self).__name__} has no attribute {key!r}.")
        return getattr(self.user_device, key)

    def __repr__(self):
        return f"<OneJob: {self.user_device!r}>"

    @property
    def name(self) -> str:
        """The name of the user's device."""
        return self.user_device.name

    @property
    def wires(self):
        """The wires of the user's device."""
        return self.user_device.wires

    @property
    def shots(self):
        """The shots of the user's device."""
        return self.user_device.shots

    @property
    def tracker(self):
        """The tracker of the user's device."""
        return self.user_device.tracker

    @tracker.setter
    def tracker(self, tracker):
        self.user_device.tracker = tracker

    def supports_derivatives(self, execution_config=None, circuit=None) -> bool:
        """Jobs return samples and no derivatives."""
        return False

    # -- preprocessing -----------------------------------------------------------------------------

    def setup_execution_config(self, config=None, circuit=None) -> ExecutionConfig:
        """The configuration of the user's device; the method of mid-circuit measurement is kept."""
        config = config or ExecutionConfig()
        own = self.user_device.setup_execution_config(_plain(config), circuit)
        return replace(own, mcm_config=config.mcm_config)

    def preprocess_transforms(self, execution_config=None):
        """The preprocessing of the user's device, for each circuit what it needs."""
        pipeline = qml.CompilePipeline()
        pipeline.add_transform(_prepared, device=self, config=execution_config or ExecutionConfig())
        return pipeline

    def _pipeline(self, tape: QuantumScript, config: ExecutionConfig):
        pipeline, _ = self.user_device.preprocess(_plain(config))
        method = config.mcm_config.mcm_method
        if not has_mid_circuit(tape):
            return pipeline
        if method == "deferred":
            first = qml.CompilePipeline()
            first.add_transform(qml.defer_measurements, allow_postselect=False)
            # the plugin's steps for the primitives do not know outcomes without observables
            rest = native_pipeline(pipeline, self.user_device) if self._legacy is None else pipeline
            return first + rest
        if method not in (None, "device"):
            raise ReadingError(
                f"mcm_method={method!r} does not exist on {self.name}; use 'device' (measured in "
                "the middle) or 'deferred' (spare wires)."
            )
        if not measures_mid_circuit(self.user_device):
            raise ReadingError(
                f"The backend of {self.name} states that it cannot measure in the middle of a "
                "circuit. Pass mcm_method='deferred' to the QNode to use spare wires."
            )
        return native_pipeline(pipeline, self._legacy or self.user_device)

    # -- execution ---------------------------------------------------------------------------------

    def execute(self, circuits, execution_config=None) -> Any:
        """Send preprocessed circuits as one job and wait for the results, in the same order."""
        if isinstance(circuits, QuantumScript):
            return self.execute((circuits,), execution_config)[0]
        if not circuits:
            return ()
        results: dict[int, Any] = {}
        sampled = [k for k, tape in enumerate(circuits) if is_sampled(tape)]
        if other := [k for k in range(len(circuits)) if k not in set(sampled)]:
            # classical shadows: the plugin has a way of its own
            own = self.user_device.execute([circuits[k] for k in other], execution_config)
            results |= zip(other, own, strict=True)
        if sampled:
            tapes = [circuits[k] for k in sampled]
            results |= zip(sampled, self._send(tapes), strict=True)
        return tuple(results[k] for k in range(len(circuits)))

    def _send(self, tapes: list[QuantumScript]) -> list:
        road = primitives if self._legacy is None else backend_run
        device = self.user_device if self._legacy is None else self._legacy
        tracker = self.tracker
        own = {"mode": self._mode, "book": self._book} if self._legacy is None else {}
        waiting = []
        with qml.QueuingManager.stop_recording():
            for job in road.send(device, tapes, self.circuits_per_job, self._part, **own):
                waiting.append(job)
                if self._book is not None and len(waiting) - 1 in self._book.fetched:
                    continue  # it was sent before
                self.jobs += 1
                if tracker.active:
                    tracker.update(jobs=1)
        results: list = [None] * len(tapes)
        for positions, collect in waiting:
            for k, found in zip(positions, collect(), strict=True):
                bare = self._legacy is not None and len(found) == 1
                results[k] = found[0] if bare else found
        if tracker.active:
            _track(tracker, tapes, results)
        return results


@qml.transform
def _prepared(tape: QuantumScript, device: OneJob, config: ExecutionConfig):
    """Preprocess one circuit as its device does, or natively with mid-circuit measurements."""
    if tape.shots.has_partitioned_shots:
        raise ReadingError(
            f"{device.name} takes one number of shots, not the shot vector {tape.shots}. Set one "
            "with qml.set_shots, and call once for each number."
        )
    tapes, post = device._pipeline(tape, config)([tape])
    return tapes, lambda results: post(results)[0]


def _plain(config: ExecutionConfig) -> ExecutionConfig:
    """The configuration as circuits without mid-circuit measurements need it."""
    return replace(config, mcm_config=replace(config.mcm_config, mcm_method=None))


def _track(tracker, tapes, results) -> None:
    """Count as devices do: one batch, an execution per circuit."""
    tracker.update(batches=1, batch_len=len(tapes))
    tracker.record()
    for tape, result in zip(tapes, results, strict=True):
        while isinstance(result, (list, tuple)) and len(result) == 1:
            result = result[0]
        shots = {"shots": tape.shots.total_shots} if tape.shots else {}
        specs = tape.specs
        tracker.update(
            executions=1,
            results=result,
            resources=specs["resources"],
            errors=specs["errors"],
            **shots,
        )
        tracker.record()
