"""Circuits to build models with; each names the theorem it relies on."""

from pennylane_trainability.templates._spectrum import EncodingSpectrum as EncodingSpectrum
from pennylane_trainability.templates._spectrum import difference_counts as difference_counts
from pennylane_trainability.templates.data_reuploading import DataReuploading as DataReuploading
from pennylane_trainability.templates.parallel_angle_encoding import (
    ParallelAngleEncoding as ParallelAngleEncoding,
)
from pennylane_trainability.templates.serial_reuploading import (
    SerialReuploading as SerialReuploading,
)
from pennylane_trainability.templates.sim_circuit import SimCircuit as SimCircuit
from pennylane_trainability.templates.stabilizer_logical_product import (
    StabilizerLogicalProduct as StabilizerLogicalProduct,
)

__all__ = [
    "DataReuploading",
    "EncodingSpectrum",
    "ParallelAngleEncoding",
    "SerialReuploading",
    "SimCircuit",
    "StabilizerLogicalProduct",
    "difference_counts",
]
