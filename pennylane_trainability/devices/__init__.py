"""Devices of users, wrapped: all circuits of an answer in one job, mid-circuit measurements."""

from pennylane_trainability.devices.execution_mode import execution_mode as execution_mode
from pennylane_trainability.devices.mid_circuit import measures_mid_circuit as measures_mid_circuit
from pennylane_trainability.devices.mid_circuit import mid_circuit_method as mid_circuit_method
from pennylane_trainability.devices.one_job import OneJob as OneJob
from pennylane_trainability.devices.one_job import one_job as one_job
from pennylane_trainability.devices.privacy import without_credentials as without_credentials

__all__ = [
    "OneJob",
    "execution_mode",
    "measures_mid_circuit",
    "mid_circuit_method",
    "one_job",
    "without_credentials",
]
