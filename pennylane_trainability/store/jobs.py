"""Jobs that were sent and whose results are not stored yet: their ids, and how they are had."""

from __future__ import annotations

from typing import Any

from pennylane_trainability.errors import StoreError
from pennylane_trainability.store.ledger import Ledger

__all__ = ["StoredJobs"]


class StoredJobs:
    """The jobs of one batch at a time, remembered in the file of a store.

    Args:
        ledger: the run in its file.
        service: what gives a job by its id, with a method ``job(id)``.
    """

    def __init__(self, ledger: Ledger, service: Any):
        self.fetched: set[int] = set()
        self._ledger, self._service, self._batch = ledger, service, 0

    def open(self, batch: int) -> None:
        """Go on with this batch."""
        self._batch = batch
        self.fetched.clear()

    def known(self, number: int) -> str | None:
        """The id of a job of this batch that was sent before."""
        return self._ledger.job(self._batch, number)

    def note(self, number: int, job: str) -> None:
        """Remember a job of this batch."""
        self._ledger.note_job(self._batch, number, str(job))

    def fetch(self, number: int, job: str) -> Any:
        """The job with this id, from the service.

        Raises:
            StoreError: there is no service.
        """
        if self._service is None:
            raise StoreError("Nobody is known who could be asked for it; pass service=…")
        self.fetched.add(number)
        return self._service.job(job)
