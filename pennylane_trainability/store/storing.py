"""An executor that runs what is not stored yet, and keeps what comes back."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pennylane.tape import QuantumScript

from pennylane_trainability.devices import OneJob, one_job
from pennylane_trainability.errors import (
    BudgetError,
    DeviceFailure,
    ReadingError,
    StoreError,
)
from pennylane_trainability.execution.checks import check_results, wrong_results
from pennylane_trainability.executor import Executor
from pennylane_trainability.results import Cost
from pennylane_trainability.store.description import Description, description
from pennylane_trainability.store.jobs import StoredJobs
from pennylane_trainability.store.ledger import Ledger
from pennylane_trainability.store.record import Record
from pennylane_trainability.store.replicates import numbered, shots_of
from pennylane_trainability.store.streams import check_options, fingerprint, token_of

__all__ = ["StoringExecutor"]

#: Circuits per execution if nobody says how many: on simulators, and where each waits in a queue.
_CHUNK, _CHUNK_OF_JOBS = 100, 300


@dataclass(slots=True)
class _Pass:
    """How far one executor has come through its run; shared by its copies."""

    counts: Counter = field(default_factory=Counter)
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    stopped: bool = False
    batch: int = 0


@dataclass(frozen=True, slots=True)
class StoringExecutor(Executor):
    """Looks up what is stored, runs the rest, and stores every batch before the next one starts.

    Made by :meth:`Store.executor`. One executor is one pass through a run: equal circuits get
    replicate numbers in the order in which they come, so that the second one is another
    measurement and not the first one again. A new executor of the same run starts from the
    beginning.

    Attributes:
        ledger: the run in its file.
        inner: who runs what is missing.
        offline: whether nothing may be run.
        service: who is asked for jobs that were sent before; ``None`` asks the backend's service.
        resubmit: whether circuits are sent again whose job cannot be had.
    """

    ledger: Ledger | None = None
    inner: Executor = field(default_factory=Executor)
    offline: bool = False
    state: _Pass = field(default_factory=_Pass)
    service: Any = field(default=None, repr=False)
    resubmit: bool = False

    def check(self, cost: Cost) -> None:
        """Refuse what the budget does not allow; reading costs nothing."""
        if not self.offline:
            Executor.check(self, cost)

    def run(self, tapes: Sequence[QuantumScript]) -> tuple:
        """Results of all tapes, in order: stored ones, and the rest from the device.

        Raises:
            StoreError: the file is damaged, the executor has stopped, results are missing
                offline, or the device would repeat its noise.
            DeviceFailure: the device failed; what had arrived is stored.
        """
        if self.state.stopped:
            raise StoreError(
                f"This executor stopped in the middle of run {self._ledger.run!r}. Make a new one "
                "with Store.executor(run=…) and repeat, in order, what was asked with this one: "
                "what is stored is read and not measured again."
            )
        try:
            return self._run(list(tapes))
        except BaseException:
            self.state.stopped = True
            raise

    def stored(self, tapes: Sequence[QuantumScript], counts: Counter) -> list[tuple]:
        """Per circuit its result in a tuple, which is empty if it is not stored; nothing is run.

        Args:
            tapes: the circuits.
            counts: how many of each came before; those of the tapes are added.

        Raises:
            StoreError: a result is damaged.
        """
        keys = numbered(tapes, counts)
        found = self._ledger.found(self._described().digest, keys)
        return [(found[key],) if key in found else () for key in keys]

    @property
    def _ledger(self) -> Ledger:
        if self.ledger is None:
            raise StoreError("A storing executor is made by Store.executor.")
        return self.ledger

    def _run(self, tapes: list[QuantumScript]) -> tuple:
        device = self._described()
        keys = numbered(tapes, self.state.counts)
        found = self._ledger.found(device.digest, keys)
        if self.progress is not None and found:
            self.progress(len(found), len(keys))
        if len(found) < len(keys):
            if self.offline:
                raise StoreError(self._missing(tapes, keys, found))
            self._measure(device, tapes, keys, found)
        return tuple(found[key] for key in keys)

    def _described(self) -> Description:
        own = description(self.device)
        if not self.offline:
            return own
        known = self._ledger.devices()
        if own.digest in [digest for digest, _ in known] or not known:
            return own
        if len(known) > 1:
            raise StoreError(
                f"Run {self._ledger.run!r} has results of {[name for _, name in known]}, and none "
                f"of {own.name} as it is here. Give the QNode the device whose results you want."
            )
        return Description(known[0][1], known[0][0])

    def _missing(self, tapes, keys, found) -> str:
        missing = [tape for tape, key in zip(tapes, keys, strict=True) if key not in found]
        shots = sum(map(shots_of, missing))
        return (
            f"{len(missing)} of {len(keys)} circuits ({shots:,} shots) are not in run "
            f"{self._ledger.run!r}, and offline nothing is measured. Finish the run with "
            "Store.executor(run=…), or ask as the run was asked: the same arguments, options, "
            "shots and seed=, in the same order (without a seed every call draws circuits of its "
            "own where a method draws any)."
        )

    # -- measuring what is missing -----------------------------------------------------------------

    def _measure(self, device: Description, tapes, keys, found: dict) -> None:
        """Run what is missing and add it to ``found``."""
        runner = self._runner()
        self._ledger.take(self.state.token)
        try:
            # somebody else may have finished in the meantime
            found |= self._ledger.found(device.digest, [k for k in keys if k not in found])
            check_options(runner.device, not runner.one_job)
            self._recover(runner, device, dict(zip(keys, tapes, strict=True)), found)
            todo = [k for k, key in enumerate(keys) if key not in found]
            self._batches(runner, device, [tapes[k] for k in todo], [keys[k] for k in todo], found)
        except (StoreError, ReadingError, BudgetError):
            raise
        except KeyboardInterrupt as error:
            error.add_note(self._kept(keys, found))
            raise
        except Exception as error:
            if not found:
                raise
            completed = tuple(found[key] for key in keys if key in found)
            raise DeviceFailure(
                f"{error} {self._kept(keys, found)}", completed, len(keys)
            ) from error
        finally:
            self._ledger.give_back(self.state.token)

    def _kept(self, keys, found) -> str:
        return (
            f"{len(found)} of {len(keys)} circuits are stored in run {self._ledger.run!r} of "
            f"{self._ledger.database.path}. Make a new executor with Store.executor(run=…) and "
            "repeat the call: these are not measured again."
        )

    def _runner(self) -> Executor:
        inner = self.inner.with_device(self.device)
        target = one_job(inner.device) if inner.one_job else inner.device
        if not isinstance(target, OneJob):
            return inner if inner.chunk is not None else inner.with_chunk(_CHUNK)
        service = target.service if self.service is None else self.service
        if service is not None:
            # jobs of local simulators end with their process, and nobody could be asked for them
            inner = replace(inner, device=target.with_book(StoredJobs(self._ledger, service)))
        if inner.chunk is not None:
            return inner
        return inner.with_chunk(target.circuits_per_job or _CHUNK_OF_JOBS)

    def _recover(self, runner: Executor, device: Description, tapes: dict, found: dict) -> None:
        """Wait for jobs that an earlier executor sent, and keep their results."""
        for batch, keys in self._ledger.pending(device.digest):
            if any(key not in tapes or key in found for key in keys):
                continue
            self.state.batch, began = batch, time.monotonic()
            try:
                where = runner.device
                book = getattr(where, "_book", None)
                if not isinstance(where, OneJob) or book is None:
                    raise StoreError("Nobody is known who could be asked for it.")
                book.open(batch)
                part = runner.execute(where.part(batch - 1), [tapes[key] for key in keys])
            except Exception as error:
                if not self.resubmit:
                    raise StoreError(self._lost(batch, len(keys), error)) from error
                self._ledger.forget(batch)
                continue
            self._accept(device, keys, [tapes[key] for key in keys], part, began, found)
            if self.progress is not None:
                self.progress(len(found), len(tapes))

    def _lost(self, batch: int, count: int, error: Exception) -> str:
        jobs = ", ".join(self._ledger.jobs(batch))
        return (
            f"Job {jobs} with {count} circuits of run {self._ledger.run!r} was sent, its results "
            f"are not stored, and it cannot be had now ({type(error).__name__}). Nothing was sent "
            "again. Try later, or pass Store.executor(service=…) what gives a job by its id, such "
            "as QiskitRuntimeService(); resubmit=True measures these circuits once more, and both "
            "may be charged."
        )

    def _batches(self, runner: Executor, device: Description, tapes, keys, found: dict) -> None:
        total, start = len(found) + len(keys), 0
        parts = runner.batches(tapes, self._numbers(runner, device, keys))
        while start < len(keys):
            began = time.monotonic()
            part = next(parts)
            some = slice(start, start + len(part))
            self._accept(device, keys[some], tapes[some], part, began, found)
            start += len(part)
            if self.progress is not None:
                self.progress(len(found), total)

    def _accept(self, device: Description, keys, tapes, part: list, began: float, found) -> None:
        """Keep what can be true, then refuse what cannot."""
        wrong = wrong_results(tapes, part)
        shots = {key: shots_of(tape) for key, tape in zip(keys, tapes, strict=True)}
        good = {k: r for n, (k, r) in enumerate(zip(keys, part, strict=True)) if n not in wrong}
        self._keep(device, good, shots, time.monotonic() - began)
        found |= good
        check_results(tapes, part)

    def _numbers(self, runner: Executor, device: Description, keys) -> Iterator[int]:
        """Open a batch for every execution, and number it so that no stream comes twice."""
        count, book = len(keys), getattr(runner.device, "_book", None)
        size = runner.chunk or count
        for start in range(0, count, size):
            if (stream := fingerprint(runner.device)) is not None:
                self._ledger.note_stream(stream, token_of(runner.device))
            self.state.batch = self._ledger.open_batch(device, min(size, count - start))
            if book is not None:
                self._ledger.note_sent(self.state.batch, keys[start : start + size])
                book.open(self.state.batch)
            yield self.state.batch - 1

    def _keep(self, device: Description, good: dict, shots: dict, seconds: float) -> None:
        run, batch = self._ledger.run, self.state.batch
        records = [
            Record(run, device.digest, circuit, replicate, batch, shots[circuit, replicate], result)
            for (circuit, replicate), result in good.items()
        ]
        self._ledger.close_batch(batch, records, seconds)
