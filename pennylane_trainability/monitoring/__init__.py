"""Diagnostics that ride along with a training.

==========================  ================================================================
:func:`monitor`             a QNode whose training is watched
:class:`TrainingRecord`     what was seen: ranks, conditioning, gradients, at which cost
``snapshots``               one look at one point of the parameters
==========================  ================================================================
"""

from pennylane_trainability.monitoring.monitor import Monitor, monitor
from pennylane_trainability.monitoring.training_record import TrainingRecord

__all__ = ["Monitor", "TrainingRecord", "monitor"]
