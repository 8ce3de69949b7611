"""Results that outlive a process: a file of what was measured, and the executor that fills it."""

from pennylane_trainability.store.record import Record as Record
from pennylane_trainability.store.store import Store as Store
from pennylane_trainability.store.storing import StoringExecutor as StoringExecutor

__all__ = ["Record", "Store", "StoringExecutor"]
