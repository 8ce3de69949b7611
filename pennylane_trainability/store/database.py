"""The file behind a store: SQLite, one transaction per batch, every problem in plain words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from pennylane_trainability.errors import StoreError

__all__ = ["SCHEMA_VERSION", "Database"]

SCHEMA_VERSION = 1
#: Marks the file as a store of this package.
_APPLICATION = 0x70747374
#: Bytes at the start of every SQLite file; SQLite takes less for a new file.
_HEADER = 100
#: Seconds to wait for another process that is writing.
_PATIENCE = 60.0

_SCHEMA = """
CREATE TABLE devices (digest TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE batches (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, device TEXT NOT NULL,
    at TEXT NOT NULL, versions TEXT NOT NULL, asked INTEGER NOT NULL,
    kept INTEGER NOT NULL DEFAULT 0, seconds REAL
);
CREATE TABLE results (
    run TEXT NOT NULL, device TEXT NOT NULL, circuit TEXT NOT NULL, replicate INTEGER NOT NULL,
    batch INTEGER NOT NULL, shots INTEGER NOT NULL, form TEXT NOT NULL, data BLOB NOT NULL,
    checksum BLOB NOT NULL, PRIMARY KEY (run, device, circuit, replicate)
);
CREATE TABLE streams (fingerprint TEXT, token TEXT, PRIMARY KEY (fingerprint, token));
CREATE TABLE busy (
    run TEXT PRIMARY KEY, token TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    at TEXT NOT NULL
);
"""


#: Jobs on their way, in files of any age: readers that do not know of them lose nothing.
_JOBS = """
CREATE TABLE IF NOT EXISTS sent (batch INTEGER PRIMARY KEY, circuits TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    batch INTEGER NOT NULL, number INTEGER NOT NULL, job TEXT NOT NULL, PRIMARY KEY (batch, number)
)
"""


class Database:
    """An SQLite file with the tables of a store; made if there is none.

    Every use opens a connection of its own, so that threads, forks and other processes may share
    the file.

    Args:
        path: the file.

    Raises:
        StoreError: the file is damaged, of another kind, or of a newer version.
    """

    def __init__(self, path):
        self.path = Path(path)
        if self.path.is_dir() or not self.path.absolute().parent.is_dir():
            raise StoreError(f"A store needs the path of a file in a folder; got {self.path}.")
        self._refuse_empty()
        with self.writing() as connection:
            self._prepare(connection)
        self.check_file()

    def _refuse_empty(self) -> None:
        # another process may be making the file just now
        for _ in range(20):
            if not self.path.exists() or self.path.stat().st_size >= _HEADER:
                return
            time.sleep(0.1)
        raise StoreError(
            f"{self.path} is empty, or almost: it was cut off, or made by something else. Delete "
            "it to start a new store, or bring it back from a copy."
        )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        kind = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not tables and not kind and not version:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif kind != _APPLICATION:
            raise StoreError(f"{self.path} is a database, but no store. Take another path.")
        elif version != SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has version {version}; this package reads version {SCHEMA_VERSION}. "
                "Update pennylane-trainability."
            )
        for statement in _JOBS.split(";"):
            connection.execute(statement)

    def check_file(self) -> None:
        """Refuse a file whose pages are damaged or missing.

        Raises:
            StoreError: they are.
        """
        with self.reading() as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise self._damaged(said)

    def _damaged(self, why) -> StoreError:
        return StoreError(
            f"{self.path} is damaged or cut off ({why}); nothing of it is used. Bring it back from "
            "a copy, or save what can be read with `sqlite3 FILE .recover | sqlite3 NEW` and look "
            "at the new file with Store(NEW).check()."
        )

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading one consistent state."""
        with self._connected() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection that writes all or nothing."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(
                sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                # what has been paid for is on the disk before the next batch is sent
                connection.execute("PRAGMA synchronous = FULL")
                yield connection  # closing takes back what was not committed
        except sqlite3.OperationalError as error:
            if "malformed" in str(error) or "corrupt" in str(error):
                raise self._damaged(error) from error
            raise StoreError(self._trouble(error)) from error
        except sqlite3.IntegrityError as error:
            raise StoreError(
                "Somebody else has stored the same results in the meantime. Repeat the call with a "
                "new executor: these are used then."
            ) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise self._damaged(error) from error

    def _trouble(self, error: Exception) -> str:
        if "locked" in str(error):
            return (
                f"Another process has been writing to {self.path} for more than {_PATIENCE:.0f} s. "
                "Try again; stores on network drives are slow or do not lock at all."
            )
        writable = os.access(self.path if self.path.exists() else self.path.parent, os.W_OK)
        hint = "Free the disk or take another path." if writable else "It may not be written to."
        return f"{self.path} cannot be used ({error}). {hint}"
