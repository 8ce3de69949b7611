"""Which parameters of a PennyLane QNode can learn, which cannot, why, and what to change.

What is registered on PennyLane is imported at once, the rest when it is first used.
"""

from importlib import import_module as _import_module
from importlib import metadata as _metadata
from typing import TYPE_CHECKING as _TYPE_CHECKING

from pennylane_trainability.devices import one_job as one_job
from pennylane_trainability.errors import BudgetError as BudgetError
from pennylane_trainability.errors import DeviceFailure as DeviceFailure
from pennylane_trainability.errors import NotFourierError as NotFourierError
from pennylane_trainability.errors import ReadingError as ReadingError
from pennylane_trainability.errors import TrainabilityWarning as TrainabilityWarning
from pennylane_trainability.registration import register as _register
from pennylane_trainability.templates import DataReuploading as DataReuploading
from pennylane_trainability.templates import ParallelAngleEncoding as ParallelAngleEncoding
from pennylane_trainability.templates import SerialReuploading as SerialReuploading
from pennylane_trainability.templates import SimCircuit as SimCircuit
from pennylane_trainability.templates import StabilizerLogicalProduct as StabilizerLogicalProduct
from pennylane_trainability.transforms import coefficient_jacobian as coefficient_jacobian
from pennylane_trainability.transforms import commuting_grad as commuting_grad
from pennylane_trainability.transforms import diagonalize_commuting as diagonalize_commuting
from pennylane_trainability.transforms import dla_grad as dla_grad
from pennylane_trainability.transforms import measured_grad as measured_grad
from pennylane_trainability.transforms import measured_qfim as measured_qfim
from pennylane_trainability.transforms import qfim as qfim

if _TYPE_CHECKING:
    from pennylane_trainability.analysis import analyze as analyze
    from pennylane_trainability.architectures import GrowthAdvice as GrowthAdvice
    from pennylane_trainability.architectures import Model as Model
    from pennylane_trainability.architectures import PaperCheck as PaperCheck
    from pennylane_trainability.architectures import ShapeComparison as ShapeComparison
    from pennylane_trainability.architectures import compare_shapes as compare_shapes
    from pennylane_trainability.architectures import growth_advice as growth_advice
    from pennylane_trainability.architectures import paper_check as paper_check
    from pennylane_trainability.architectures import template_builder as template_builder
    from pennylane_trainability.density import MeasuredDensity as MeasuredDensity
    from pennylane_trainability.density import cut_layers as cut_layers
    from pennylane_trainability.density import density_qnode as density_qnode
    from pennylane_trainability.density import measure_density as measure_density
    from pennylane_trainability.diagnostics.capacity import capacity as capacity
    from pennylane_trainability.diagnostics.capacity_record import Capacity as Capacity
    from pennylane_trainability.diagnostics.data_jacobian import DataJacobian as DataJacobian
    from pennylane_trainability.diagnostics.data_jacobian import data_jacobian as data_jacobian
    from pennylane_trainability.diagnostics.efficiency_record import (
        GradientEfficiency as GradientEfficiency,
    )
    from pennylane_trainability.diagnostics.entangling_capability import (
        entangling_capability as entangling_capability,
    )
    from pennylane_trainability.diagnostics.entangling_record import (
        EntanglingCapability as EntanglingCapability,
    )
    from pennylane_trainability.diagnostics.expressibility import expressibility as expressibility
    from pennylane_trainability.diagnostics.expressibility_record import (
        Expressibility as Expressibility,
    )
    from pennylane_trainability.diagnostics.gradient_efficiency import (
        gradient_efficiency as gradient_efficiency,
    )
    from pennylane_trainability.diagnostics.gradient_plan import (
        gradient_measurement_plan as gradient_measurement_plan,
    )
    from pennylane_trainability.diagnostics.gradient_plan_record import GradientPlan as GradientPlan
    from pennylane_trainability.diagnostics.loss_variance import (
        gradient_variances as gradient_variances,
    )
    from pennylane_trainability.diagnostics.loss_variance import loss_variance as loss_variance
    from pennylane_trainability.diagnostics.measure import measure_jacobian as measure_jacobian
    from pennylane_trainability.diagnostics.measure_gradient import (
        measure_gradient as measure_gradient,
    )
    from pennylane_trainability.diagnostics.measure_qfim import measure_qfim as measure_qfim
    from pennylane_trainability.diagnostics.measured import MeasuredJacobian as MeasuredJacobian
    from pennylane_trainability.diagnostics.measured_gradient import (
        MeasuredGradient as MeasuredGradient,
    )
    from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM as MeasuredQFIM
    from pennylane_trainability.diagnostics.qfim_plan import QFIMPlan as QFIMPlan
    from pennylane_trainability.diagnostics.scaling import Scaling as Scaling
    from pennylane_trainability.diagnostics.scaling import scaling as scaling
    from pennylane_trainability.diagnostics.series_rows import FourierRows as FourierRows
    from pennylane_trainability.diagnostics.series_rows import fourier_rows as fourier_rows
    from pennylane_trainability.diagnostics.variance_record import (
        GradientVariances as GradientVariances,
    )
    from pennylane_trainability.diagnostics.variance_record import LossVariance as LossVariance
    from pennylane_trainability.executor import Executor as Executor
    from pennylane_trainability.fitting import Fit as Fit
    from pennylane_trainability.fitting import fit as fit
    from pennylane_trainability.laws import Normal as Normal
    from pennylane_trainability.laws import Uniform as Uniform
    from pennylane_trainability.optimize import NaturalGradientOptimizer as NaturalGradientOptimizer
    from pennylane_trainability.optimize import metric_tensor_fn as metric_tensor_fn
    from pennylane_trainability.repair import Initialisation as Initialisation
    from pennylane_trainability.repair import Promotion as Promotion
    from pennylane_trainability.repair import Pruning as Pruning
    from pennylane_trainability.repair import initialise as initialise
    from pennylane_trainability.repair import promote as promote
    from pennylane_trainability.repair import prune as prune
    from pennylane_trainability.report import Report as Report

#: Public name → where it is, for what is imported when it is first used.
_LATER = {
    "metric_tensor_fn": "optimize",
    "NaturalGradientOptimizer": "optimize",
    "Capacity": "diagnostics.capacity_record",
    "capacity": "diagnostics.capacity",
    "analyze": "analysis",
    "GrowthAdvice": "architectures",
    "Model": "architectures",
    "PaperCheck": "architectures",
    "ShapeComparison": "architectures",
    "compare_shapes": "architectures",
    "growth_advice": "architectures",
    "paper_check": "architectures",
    "template_builder": "architectures",
    "MeasuredDensity": "density",
    "cut_layers": "density",
    "density_qnode": "density",
    "measure_density": "density",
    "DataJacobian": "diagnostics.data_jacobian",
    "data_jacobian": "diagnostics.data_jacobian",
    "GradientEfficiency": "diagnostics.efficiency_record",
    "gradient_efficiency": "diagnostics.gradient_efficiency",
    "EntanglingCapability": "diagnostics.entangling_record",
    "entangling_capability": "diagnostics.entangling_capability",
    "Expressibility": "diagnostics.expressibility_record",
    "expressibility": "diagnostics.expressibility",
    "gradient_measurement_plan": "diagnostics.gradient_plan",
    "GradientPlan": "diagnostics.gradient_plan_record",
    "gradient_variances": "diagnostics.loss_variance",
    "loss_variance": "diagnostics.loss_variance",
    "GradientVariances": "diagnostics.variance_record",
    "LossVariance": "diagnostics.variance_record",
    "Scaling": "diagnostics.scaling",
    "scaling": "diagnostics.scaling",
    "measure_jacobian": "diagnostics.measure",
    "measure_gradient": "diagnostics.measure_gradient",
    "measure_qfim": "diagnostics.measure_qfim",
    "MeasuredGradient": "diagnostics.measured_gradient",
    "MeasuredJacobian": "diagnostics.measured",
    "MeasuredQFIM": "diagnostics.measured_qfim",
    "QFIMPlan": "diagnostics.qfim_plan",
    "FourierRows": "diagnostics.series_rows",
    "fourier_rows": "diagnostics.series_rows",
    "Executor": "executor",
    "Fit": "fitting",
    "fit": "fitting",
    "Normal": "laws",
    "Uniform": "laws",
    "Initialisation": "repair",
    "Promotion": "repair",
    "Pruning": "repair",
    "initialise": "repair",
    "promote": "repair",
    "prune": "repair",
    "Report": "report",
}

__all__ = [
    "BudgetError",
    "Capacity",
    "DataJacobian",
    "DataReuploading",
    "DeviceFailure",
    "EntanglingCapability",
    "Executor",
    "Expressibility",
    "Fit",
    "FourierRows",
    "GradientEfficiency",
    "GradientPlan",
    "GradientVariances",
    "GrowthAdvice",
    "Initialisation",
    "LossVariance",
    "MeasuredDensity",
    "MeasuredGradient",
    "MeasuredJacobian",
    "MeasuredQFIM",
    "Model",
    "NaturalGradientOptimizer",
    "Normal",
    "NotFourierError",
    "PaperCheck",
    "ParallelAngleEncoding",
    "Promotion",
    "Pruning",
    "QFIMPlan",
    "ReadingError",
    "Report",
    "Scaling",
    "SerialReuploading",
    "ShapeComparison",
    "SimCircuit",
    "StabilizerLogicalProduct",
    "TrainabilityWarning",
    "Uniform",
    "analyze",
    "capacity",
    "coefficient_jacobian",
    "commuting_grad",
    "compare_shapes",
    "cut_layers",
    "data_jacobian",
    "density_qnode",
    "diagonalize_commuting",
    "dla_grad",
    "entangling_capability",
    "expressibility",
    "fit",
    "fourier_rows",
    "gradient_efficiency",
    "gradient_measurement_plan",
    "gradient_variances",
    "growth_advice",
    "initialise",
    "loss_variance",
    "measure_density",
    "measure_gradient",
    "measure_jacobian",
    "measure_qfim",
    "measured_grad",
    "measured_qfim",
    "metric_tensor_fn",
    "one_job",
    "paper_check",
    "promote",
    "prune",
    "qfim",
    "scaling",
    "template_builder",
]

try:
    __version__ = _metadata.version("pennylane-trainability")
except _metadata.PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0+unknown"


def __getattr__(name: str):
    """Import what is asked for by name."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_register()
