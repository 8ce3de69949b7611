"""One stored result: what it is a result of, its bytes, and the sum that guards them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from pennylane_trainability.errors import StoreError
from pennylane_trainability.store.encoding import decoded, encoded

__all__ = ["COLUMNS", "Record", "record_of", "row_of"]

COLUMNS = "run, device, circuit, replicate, batch, shots, form, data, checksum"


@dataclass(frozen=True, slots=True)
class Record:
    """A stored result.

    Attributes:
        run: label of the run.
        device: hash of the device and its options.
        circuit: hash of the circuit, its measurements and shots.
        replicate: how many equal circuits came before it in the run.
        batch: number of the execution it came with.
        shots: shots.
        result: what the device returned.
    """

    run: str
    device: str
    circuit: str
    replicate: int
    batch: int
    shots: int
    result: Any


def row_of(record: Record) -> tuple:
    """The record as a row of the table, with its checksum."""
    form, data = encoded(record.result)
    head = (record.run, record.device, record.circuit, record.replicate, record.batch, record.shots)
    return (*head, form, data, _checksum(head, form, data))


def record_of(row: tuple) -> Record:
    """The row as a record.

    Raises:
        StoreError: what is stored is not what was written.
    """
    head, (form, data, checksum) = row[:6], row[6:]
    if type(data) is not bytes or checksum != _checksum(head, form, data):
        raise StoreError(
            f"The stored result of replicate {head[3]} of circuit {str(head[2])[:12]}… in run "
            f"{head[0]!r} is damaged: its checksum does not fit. It is not used. "
            "Store.check() lists all damaged results, Store.delete(run, damaged=True) removes "
            "them, so that only these are measured again."
        )
    run, device, circuit, replicate, batch, shots = head
    return Record(run, device, circuit, replicate, batch, shots, decoded(form, data))


def _checksum(head, form: str, data: bytes) -> bytes:
    text = "\x1f".join(map(str, head)) + "\x1f" + str(form) + "\x1f"
    return hashlib.sha256(text.encode() + bytes(data)).digest()
