"""A file of measured results: fill it, look inside, export, delete, check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pennylane_trainability.errors import StoreError
from pennylane_trainability.executor import Executor
from pennylane_trainability.results import table
from pennylane_trainability.store.database import Database
from pennylane_trainability.store.encoding import as_json
from pennylane_trainability.store.ledger import Ledger
from pennylane_trainability.store.record import COLUMNS, Record, record_of
from pennylane_trainability.store.storing import StoringExecutor

__all__ = ["Store"]

_OVERVIEW = """
SELECT r.run, coalesce(d.name, '?'), count(*), count(DISTINCT r.circuit), sum(r.shots),
       count(DISTINCT r.batch), coalesce(min(b.at), '?'), coalesce(max(b.at), '?')
FROM results r LEFT JOIN devices d ON d.digest = r.device LEFT JOIN batches b ON b.id = r.batch
GROUP BY r.run, r.device ORDER BY r.run, 2
"""
_HEADER = ("run", "device", "circuits", "distinct", "shots", "executions", "first", "last")


class Store:
    """A file of measured results, so that nothing is measured twice and nothing is lost.

    Every batch is on the disk before the next one is sent. A run that was interrupted goes on
    where it was; a run that is complete can be analysed again without the device. The file is an
    SQLite database; results are kept as numbers with a checksum each, and nothing in the file can
    be executed. Accounts, tokens and addresses of services are not written. Several processes may
    use one file, each with a run of its own.

    Args:
        path: the file; it is made if there is none.

    Raises:
        StoreError: the file is damaged, cut off, of another kind or of a newer version.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> @qml.set_shots(1000)
    ... @qml.qnode(qml.device("default.qubit", seed=None))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> folder = TemporaryDirectory()
    >>> store = pt.Store(Path(folder.name) / "results.sqlite")
    >>> weights = np.array([0.3, 0.4])
    >>> F = pt.measure_qfim(circuit, seed=1, executor=store.executor(run="F"))(weights)
    >>> len(store), store.runs()
    (1, ('F',))

    The same again, from the file:

    >>> offline = store.executor(run="F", offline=True)
    >>> again = pt.measure_qfim(circuit, seed=1, executor=offline)(weights)
    >>> bool(np.all(again.value == F.value))
    True
    >>> folder.cleanup()
    """

    def __init__(self, path):
        self._database = Database(path)

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    def executor(
        self,
        inner: Executor | None = None,
        *,
        run: str,
        offline: bool = False,
        service: Any = None,
        resubmit: bool = False,
    ) -> StoringExecutor:
        """An executor for ``executor=`` of anything that is measured.

        Equal circuits are numbered in the order in which they come, so that a question that
        measures a circuit twice gets two measurements. A new executor of the same run starts from
        the beginning: what is stored is read, the rest is measured.

        The id of a job is in the file before anybody waits for its results. An executor of a run
        that broke off while it waited asks the service for this job and sends nothing again.

        Args:
            inner: who runs what is missing: an :class:`Executor`, or a :class:`RobustExecutor`
                that repeats failed executions. ``None``: an executor on the QNode's device, with
                100 circuits per execution, or as many as a job holds where circuits are sent as
                jobs (300 if the backend states no limit).
            run: a label: one question, at one point. Use another one for an independent repeat.
            offline: run nothing, and say what is missing.
            service: who is asked for a job that was sent before, by ``service.job(id)``;
                ``None``: the ``service`` of the device's backend, where it has one.
            resubmit: send circuits again whose job cannot be had; both may be charged. Without it
                that is an error.

        Raises:
            ValueError: the label is empty, or the service has no ``job(id)``.
        """
        if service is not None and not callable(getattr(service, "job", None)):
            raise ValueError(
                f"service needs a method job(id), such as QiskitRuntimeService() has; got an "
                f"object of {type(service).__name__}."
            )
        if not isinstance(run, str) or not run:
            raise ValueError(f"run needs a label such as 'qfim at point 1'; got {run!r}.")
        inner = Executor() if inner is None else inner
        if isinstance(inner, StoringExecutor):
            raise ValueError("inner is a storing executor already; pass the one it was made of.")
        return StoringExecutor(
            device=inner.device, chunk=inner.chunk, max_circuits=inner.max_circuits,
            max_shots=inner.max_shots, progress=inner.progress, one_job=inner.one_job,
            ledger=Ledger(self._database, run), inner=inner, offline=offline,
            service=service, resubmit=resubmit,
        )  # fmt: skip

    # -- looking inside ----------------------------------------------------------------------------

    def __len__(self) -> int:
        with self._database.reading() as connection:
            return connection.execute("SELECT count(*) FROM results").fetchone()[0]

    def __repr__(self) -> str:
        return f"<Store {self.path}: {len(self)} results in {len(self.runs())} runs>"

    def __str__(self) -> str:
        with self._database.reading() as connection:
            rows = connection.execute(_OVERVIEW).fetchall()
        return table(_HEADER, rows) if rows else f"{self.path}: empty"

    def runs(self) -> tuple[str, ...]:
        """The labels of all runs with results."""
        with self._database.reading() as connection:
            query = "SELECT DISTINCT run FROM results ORDER BY run"
            return tuple(row[0] for row in connection.execute(query))

    def records(self, run: str | None = None) -> Iterator[Record]:
        """All results, of one run or of all, in the order in which they came.

        Raises:
            StoreError: one of them is damaged.
        """
        for row in self._rows(run):
            yield record_of(row)

    def check(self) -> tuple[str, ...]:
        """What is wrong with the file: one sentence per damaged result, none if it is sound.

        Raises:
            StoreError: pages of the file are damaged or missing.
        """
        self._database.check_file()
        wrong = []
        for row in self._rows(None):
            try:
                record_of(row)
            except StoreError as error:
                wrong.append(str(error))
        return tuple(wrong)

    def export(self, path, run: str | None = None) -> int:
        """Write results as text, one JSON object per line.

        Args:
            path: a new file.
            run: only this run.

        Returns:
            The number of lines.

        Raises:
            StoreError: the file exists, or a result is damaged.
        """
        if Path(path).exists():
            raise StoreError(f"{path} exists and is not overwritten. Take another path.")
        with self._database.reading() as connection:
            names = dict(connection.execute("SELECT digest, name FROM devices"))
            batches = {
                number: {"at": at, "versions": json.loads(versions)}
                for number, at, versions in connection.execute(
                    "SELECT id, at, versions FROM batches"
                )
            }
        count = 0
        with open(path, "x", encoding="utf-8") as file:
            for record in self.records(run):
                count += 1
                line = {key: getattr(record, key) for key in Record.__slots__}
                line |= {"device_name": names.get(record.device), **batches.get(record.batch, {})}
                file.write(json.dumps(line | {"result": as_json(record.result)}) + "\n")
        return count

    def _rows(self, run: str | None) -> Iterator[tuple]:
        with self._database.reading() as connection:
            yield from connection.execute(
                f"SELECT {COLUMNS} FROM results WHERE run = coalesce(?, run) ORDER BY rowid", (run,)
            )

    # -- changing ----------------------------------------------------------------------------------

    def delete(self, run: str, *, damaged: bool = False) -> int:
        """Remove the results of a run, or only the damaged ones; they are gone for good.

        Args:
            run: the label.
            damaged: remove only results whose checksum does not fit.

        Returns:
            How many results were removed.

        Raises:
            StoreError: there is no such run.
        """
        if run not in self.runs():
            raise StoreError(f"There is no run {run!r}; the store has {list(self.runs())}.")
        rows = [row[:4] for row in self._rows(run) if not damaged or _is_damaged(row)]
        with self._database.writing() as connection:
            connection.executemany(
                "DELETE FROM results WHERE run = ? AND device = ? AND circuit = ? "
                "AND replicate = ?",
                rows,
            )
        return len(rows)

    def release(self, run: str) -> None:
        """Let others measure a run whose process is gone without saying so.

        On the same machine a process that is gone is noticed; use this for other machines.
        """
        Ledger(self._database, run).give_back()


def _is_damaged(row: tuple) -> bool:
    try:
        record_of(row)
    except StoreError:
        return True
    return False
