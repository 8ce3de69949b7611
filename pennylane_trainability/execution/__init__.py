"""Running circuits where things go wrong: checks of what comes back, retries, progress."""

from pennylane_trainability.execution.robust import RobustExecutor as RobustExecutor
from pennylane_trainability.execution.transient import is_transient as is_transient

__all__ = ["RobustExecutor", "is_transient"]
