"""Running circuits where things go wrong: checks of what comes back, retries, progress, rounds."""

from pennylane_trainability.execution.interleaved import Drift as Drift
from pennylane_trainability.execution.interleaved import InterleavedExecutor as InterleavedExecutor
from pennylane_trainability.execution.robust import RobustExecutor as RobustExecutor
from pennylane_trainability.execution.transient import is_transient as is_transient

__all__ = ["Drift", "InterleavedExecutor", "RobustExecutor", "is_transient"]
