"""Which parameters of a PennyLane QNode can learn, which cannot, why, and what to change."""

from importlib import metadata as _metadata

from pennylane_trainability.analysis import analyze as analyze
from pennylane_trainability.devices import one_job as one_job
from pennylane_trainability.diagnostics.data_jacobian import DataJacobian as DataJacobian
from pennylane_trainability.diagnostics.data_jacobian import data_jacobian as data_jacobian
from pennylane_trainability.diagnostics.measure import measure_jacobian as measure_jacobian
from pennylane_trainability.diagnostics.measure_qfim import measure_qfim as measure_qfim
from pennylane_trainability.diagnostics.measured import MeasuredJacobian as MeasuredJacobian
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM as MeasuredQFIM
from pennylane_trainability.diagnostics.qfim_plan import QFIMPlan as QFIMPlan
from pennylane_trainability.diagnostics.series_rows import FourierRows as FourierRows
from pennylane_trainability.diagnostics.series_rows import fourier_rows as fourier_rows
from pennylane_trainability.errors import BudgetError as BudgetError
from pennylane_trainability.errors import DeviceFailure as DeviceFailure
from pennylane_trainability.errors import NotFourierError as NotFourierError
from pennylane_trainability.errors import ReadingError as ReadingError
from pennylane_trainability.errors import TrainabilityWarning as TrainabilityWarning
from pennylane_trainability.executor import Executor as Executor
from pennylane_trainability.fitting import Fit as Fit
from pennylane_trainability.fitting import fit as fit
from pennylane_trainability.laws import Normal as Normal
from pennylane_trainability.laws import Uniform as Uniform
from pennylane_trainability.registration import register as _register
from pennylane_trainability.report import Report as Report
from pennylane_trainability.templates import DataReuploading as DataReuploading
from pennylane_trainability.templates import ParallelAngleEncoding as ParallelAngleEncoding
from pennylane_trainability.templates import SerialReuploading as SerialReuploading
from pennylane_trainability.transforms import coefficient_jacobian as coefficient_jacobian
from pennylane_trainability.transforms import diagonalize_commuting as diagonalize_commuting
from pennylane_trainability.transforms import measured_qfim as measured_qfim
from pennylane_trainability.transforms import qfim as qfim

try:
    __version__ = _metadata.version("pennylane-trainability")
except _metadata.PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0+unknown"

_register()
