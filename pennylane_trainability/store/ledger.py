"""What a storing executor writes and reads: batches, results, who is measuring."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime

from pennylane_trainability.errors import StoreError
from pennylane_trainability.results import installed_versions
from pennylane_trainability.store.database import Database
from pennylane_trainability.store.description import Description
from pennylane_trainability.store.record import COLUMNS, Record, record_of, row_of

__all__ = ["Ledger"]

_PACKAGES = (
    *("pennylane-trainability", "pennylane", "pennylane-lightning", "pennylane-qiskit"),
    *("qiskit", "qiskit-aer", "qiskit-ibm-runtime", "numpy"),
)


class Ledger:
    """One run in a database.

    Args:
        database: the file.
        run: label of the run.
    """

    def __init__(self, database: Database, run: str):
        self.database, self.run = database, run

    def devices(self) -> list[tuple[str, str]]:
        """``(digest, name)`` of the devices the run has results of."""
        with self.database.reading() as connection:
            return connection.execute(
                "SELECT digest, name FROM devices WHERE digest IN "
                "(SELECT DISTINCT device FROM results WHERE run = ?) ORDER BY name",
                (self.run,),
            ).fetchall()

    def found(self, device: str, wanted: Sequence[tuple[str, int]]) -> dict:
        """Stored results, ``{(circuit, replicate): result}``.

        Raises:
            StoreError: one of them is damaged.
        """
        out = {}
        query = (
            f"SELECT {COLUMNS} FROM results "
            "WHERE run = ? AND device = ? AND circuit = ? AND replicate = ?"
        )
        with self.database.reading() as connection:
            for circuit, replicate in wanted:
                key = (self.run, device, circuit, replicate)
                if row := connection.execute(query, key).fetchone():
                    out[circuit, replicate] = record_of(row).result
        return out

    def open_batch(self, device: Description, size: int) -> int:
        """Note that circuits are about to be sent, and number the execution."""
        versions = json.dumps(installed_versions(*_PACKAGES))
        with self.database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO devices VALUES (?, ?)",
                               (device.digest, device.name))  # fmt: skip
            done = connection.execute(
                "INSERT INTO batches (run, device, at, versions, asked) VALUES (?, ?, ?, ?, ?)",
                (self.run, device.digest, _now(), versions, size),
            )
            return int(done.lastrowid or 0)

    def close_batch(self, batch: int, records: Sequence[Record], seconds: float) -> None:
        """Keep the results of an execution, all of them or none."""
        marks = ", ".join("?" * len(COLUMNS.split(",")))
        with self.database.writing() as connection:
            connection.executemany(
                f"INSERT INTO results ({COLUMNS}) VALUES ({marks})", map(row_of, records)
            )
            connection.execute(
                "UPDATE batches SET kept = ?, seconds = ? WHERE id = ?",
                (len(records), seconds, batch),
            )
            connection.execute("DELETE FROM sent WHERE batch = ?", (batch,))

    # -- jobs on their way -------------------------------------------------------------------------

    def note_sent(self, batch: int, circuits: Sequence[tuple[str, int]]) -> None:
        """Remember which circuits a batch sends, in order."""
        with self.database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO sent VALUES (?, ?)", (batch, json.dumps(list(circuits)))
            )

    def note_job(self, batch: int, number: int, job: str) -> None:
        """Remember a job of a batch."""
        with self.database.writing() as connection:
            connection.execute("INSERT INTO jobs VALUES (?, ?, ?)", (batch, number, job))

    def job(self, batch: int, number: int) -> str | None:
        """The id of a job of a batch, if it was sent."""
        with self.database.reading() as connection:
            query = "SELECT job FROM jobs WHERE batch = ? AND number = ?"
            row = connection.execute(query, (batch, number)).fetchone()
        return row[0] if row else None

    def jobs(self, batch: int) -> tuple[str, ...]:
        """The ids of the jobs of a batch."""
        with self.database.reading() as connection:
            query = "SELECT job FROM jobs WHERE batch = ? ORDER BY number"
            return tuple(row[0] for row in connection.execute(query, (batch,)))

    def pending(self, device: str) -> list[tuple[int, list[tuple[str, int]]]]:
        """Batches whose jobs were sent and whose results did not come: number and circuits."""
        query = (
            "SELECT id, circuits FROM batches JOIN sent ON sent.batch = id WHERE run = ? "
            "AND device = ? AND id IN (SELECT batch FROM jobs) ORDER BY id"
        )
        with self.database.reading() as connection:
            rows = connection.execute(query, (self.run, device)).fetchall()
        return [(batch, [(c, int(n)) for c, n in json.loads(text)]) for batch, text in rows]

    def forget(self, batch: int) -> None:
        """Stop waiting for the jobs of a batch; their ids stay."""
        with self.database.writing() as connection:
            connection.execute("DELETE FROM sent WHERE batch = ?", (batch,))

    def note_stream(self, fingerprint: str, token: str) -> None:
        """Remember what a device draws its noise from.

        Raises:
            StoreError: another device object has used the same, so its noise would come again.
        """
        with self.database.writing() as connection:
            others = connection.execute(
                "SELECT count(*) FROM streams WHERE fingerprint = ? AND token <> ?",
                (fingerprint, token),
            ).fetchone()[0]
            if others:
                raise StoreError(
                    "This simulator was made with a seed that another device object has used for "
                    f"{self.database.path}: made again, it repeats its noise, and the repetition "
                    "would pass as new data. Nothing was run. Make the device with another seed "
                    "or with seed=None; what is stored stays valid and is not measured again."
                )
            connection.execute("INSERT OR IGNORE INTO streams VALUES (?, ?)", (fingerprint, token))

    def take(self, token: str) -> None:
        """Become the one who measures this run.

        Raises:
            StoreError: another process, or another executor of this one, is measuring it.
        """
        here = socket.gethostname()
        with self.database.writing() as connection:
            row = connection.execute(
                "SELECT token, host, pid, at FROM busy WHERE run = ?", (self.run,)
            ).fetchone()
            if row and row[0] != token and not (row[1] == here and _is_dead(row[2])):
                raise StoreError(
                    f"Process {row[2]} on {row[1]} has been measuring run {self.run!r} since "
                    f"{row[3]}. Wait for it, or use another run label. If that process is gone, "
                    f"Store.release({self.run!r}) says so."
                )
            connection.execute(
                "INSERT OR REPLACE INTO busy VALUES (?, ?, ?, ?, ?)",
                (self.run, token, here, os.getpid(), _now()),
            )

    def give_back(self, token: str | None = None) -> None:
        """Stop being the one who measures; without a token, whoever it is."""
        with self.database.writing() as connection:
            connection.execute(
                "DELETE FROM busy WHERE run = ? AND token = coalesce(?, token)", (self.run, token)
            )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _is_dead(pid: int) -> bool:
    """Whether there is surely no such process here any more."""
    if os.name != "posix":
        return False  # asking would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
