"""Which parameters of a PennyLane QNode can learn, which cannot, why, and what to change.

What is registered on PennyLane is imported at once, the rest when it is first used.
"""

from importlib import import_module as _import_module
from importlib import metadata as _metadata
from typing import TYPE_CHECKING as _TYPE_CHECKING

from pennylane_trainability.devices import execution_mode as execution_mode
from pennylane_trainability.devices import one_job as one_job
from pennylane_trainability.errors import BudgetError as BudgetError
from pennylane_trainability.errors import DeviceFailure as DeviceFailure
from pennylane_trainability.errors import NotFourierError as NotFourierError
from pennylane_trainability.errors import ReadingError as ReadingError
from pennylane_trainability.errors import StoreError as StoreError
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
    from pennylane_trainability.diagnostics.degrees_of_freedom import (
        degrees_of_freedom as degrees_of_freedom,
    )
    from pennylane_trainability.diagnostics.degrees_record import (
        DegreesOfFreedom as DegreesOfFreedom,
    )
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
    from pennylane_trainability.diagnostics.fingerprint import (
        fourier_fingerprint as fourier_fingerprint,
    )
    from pennylane_trainability.diagnostics.fingerprint_record import (
        FourierFingerprint as FourierFingerprint,
    )
    from pennylane_trainability.diagnostics.gradient_efficiency import (
        gradient_efficiency as gradient_efficiency,
    )
    from pennylane_trainability.diagnostics.gradient_plan import (
        gradient_measurement_plan as gradient_measurement_plan,
    )
    from pennylane_trainability.diagnostics.gradient_plan_record import GradientPlan as GradientPlan
    from pennylane_trainability.diagnostics.hessian_record import HessianSpectrum as HessianSpectrum
    from pennylane_trainability.diagnostics.hessian_spectrum import (
        hessian_spectrum as hessian_spectrum,
    )
    from pennylane_trainability.diagnostics.landscape_law import LandscapeLaw as LandscapeLaw
    from pennylane_trainability.diagnostics.landscape_law import (
        landscape_law_test as landscape_law_test,
    )
    from pennylane_trainability.diagnostics.local_minima import LocalMinima as LocalMinima
    from pennylane_trainability.diagnostics.local_minima import local_minima as local_minima
    from pennylane_trainability.diagnostics.loss_slice import loss_slice as loss_slice
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
    from pennylane_trainability.diagnostics.shot_plan import plan_shots as plan_shots
    from pennylane_trainability.diagnostics.shot_plan_record import ShotPlan as ShotPlan
    from pennylane_trainability.diagnostics.slice_record import LossSlice as LossSlice
    from pennylane_trainability.diagnostics.trainability import trainability as trainability
    from pennylane_trainability.diagnostics.trainability_record import Trainability as Trainability
    from pennylane_trainability.diagnostics.variance_record import (
        GradientVariances as GradientVariances,
    )
    from pennylane_trainability.diagnostics.variance_record import LossVariance as LossVariance
    from pennylane_trainability.diagnostics.wishart import (
        wishart_parameters as wishart_parameters,
    )
    from pennylane_trainability.diagnostics.wishart_record import (
        WishartParameters as WishartParameters,
    )
    from pennylane_trainability.execution import Drift as Drift
    from pennylane_trainability.execution import InterleavedExecutor as InterleavedExecutor
    from pennylane_trainability.execution import RobustExecutor as RobustExecutor
    from pennylane_trainability.executor import Executor as Executor
    from pennylane_trainability.fitting import Fit as Fit
    from pennylane_trainability.fitting import fit as fit
    from pennylane_trainability.laws import Normal as Normal
    from pennylane_trainability.laws import Uniform as Uniform
    from pennylane_trainability.monitoring import TrainingRecord as TrainingRecord
    from pennylane_trainability.monitoring import monitor as monitor
    from pennylane_trainability.optimize import NaturalGradientOptimizer as NaturalGradientOptimizer
    from pennylane_trainability.optimize import metric_tensor_fn as metric_tensor_fn
    from pennylane_trainability.plots.circuit import draw_circuit as draw_circuit
    from pennylane_trainability.policies import BornPolicy as BornPolicy
    from pennylane_trainability.policies import PolicyGradient as PolicyGradient
    from pennylane_trainability.policies import PolicyScaling as PolicyScaling
    from pennylane_trainability.policies import PolicyVariance as PolicyVariance
    from pennylane_trainability.policies import born_policy as born_policy
    from pennylane_trainability.policies import policy_scaling as policy_scaling
    from pennylane_trainability.policies import policy_variance as policy_variance
    from pennylane_trainability.pricing import Price as Price
    from pennylane_trainability.pricing import cost as cost
    from pennylane_trainability.pricing import price as price
    from pennylane_trainability.repair import Initialisation as Initialisation
    from pennylane_trainability.repair import Promotion as Promotion
    from pennylane_trainability.repair import Pruning as Pruning
    from pennylane_trainability.repair import initialise as initialise
    from pennylane_trainability.repair import promote as promote
    from pennylane_trainability.repair import prune as prune
    from pennylane_trainability.report import Report as Report
    from pennylane_trainability.report import ReportChange as ReportChange
    from pennylane_trainability.store import Store as Store

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
    "FourierFingerprint": "diagnostics.fingerprint_record",
    "fourier_fingerprint": "diagnostics.fingerprint",
    "GradientEfficiency": "diagnostics.efficiency_record",
    "gradient_efficiency": "diagnostics.gradient_efficiency",
    "EntanglingCapability": "diagnostics.entangling_record",
    "entangling_capability": "diagnostics.entangling_capability",
    "Expressibility": "diagnostics.expressibility_record",
    "expressibility": "diagnostics.expressibility",
    "gradient_measurement_plan": "diagnostics.gradient_plan",
    "GradientPlan": "diagnostics.gradient_plan_record",
    "plan_shots": "diagnostics.shot_plan",
    "ShotPlan": "diagnostics.shot_plan_record",
    "HessianSpectrum": "diagnostics.hessian_record",
    "hessian_spectrum": "diagnostics.hessian_spectrum",
    "LossSlice": "diagnostics.slice_record",
    "loss_slice": "diagnostics.loss_slice",
    "Trainability": "diagnostics.trainability_record",
    "trainability": "diagnostics.trainability",
    "gradient_variances": "diagnostics.loss_variance",
    "loss_variance": "diagnostics.loss_variance",
    "GradientVariances": "diagnostics.variance_record",
    "LossVariance": "diagnostics.variance_record",
    "dynamical_lie_algebra": "diagnostics.lie_algebra",
    "DynamicalLieAlgebra": "diagnostics.lie_algebra_record",
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
    "DegreesOfFreedom": "diagnostics.degrees_record",
    "degrees_of_freedom": "diagnostics.degrees_of_freedom",
    "LandscapeLaw": "diagnostics.landscape_law",
    "landscape_law_test": "diagnostics.landscape_law",
    "LocalMinima": "diagnostics.local_minima",
    "local_minima": "diagnostics.local_minima",
    "WishartParameters": "diagnostics.wishart_record",
    "wishart_parameters": "diagnostics.wishart",
    "Drift": "execution",
    "InterleavedExecutor": "execution",
    "RobustExecutor": "execution",
    "Executor": "executor",
    "Price": "pricing",
    "cost": "pricing",
    "price": "pricing",
    "Fit": "fitting",
    "fit": "fitting",
    "TrainingRecord": "monitoring",
    "monitor": "monitoring",
    "Normal": "laws",
    "Uniform": "laws",
    "draw_circuit": "plots.circuit",
    "BornPolicy": "policies",
    "PolicyGradient": "policies",
    "PolicyScaling": "policies",
    "PolicyVariance": "policies",
    "born_policy": "policies",
    "policy_scaling": "policies",
    "policy_variance": "policies",
    "Initialisation": "repair",
    "Promotion": "repair",
    "Pruning": "repair",
    "initialise": "repair",
    "promote": "repair",
    "prune": "repair",
    "Report": "report",
    "ReportChange": "report",
    "Store": "store",
}

__all__ = [
    "BornPolicy",
    "BudgetError",
    "Capacity",
    "DataJacobian",
    "DataReuploading",
    "DegreesOfFreedom",
    "DeviceFailure",
    "Drift",
    "DynamicalLieAlgebra",
    "EntanglingCapability",
    "Executor",
    "Expressibility",
    "Fit",
    "FourierFingerprint",
    "FourierRows",
    "GradientEfficiency",
    "GradientPlan",
    "GradientVariances",
    "GrowthAdvice",
    "HessianSpectrum",
    "Initialisation",
    "InterleavedExecutor",
    "LandscapeLaw",
    "LocalMinima",
    "LossSlice",
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
    "PolicyGradient",
    "PolicyScaling",
    "PolicyVariance",
    "Price",
    "Promotion",
    "Pruning",
    "QFIMPlan",
    "ReadingError",
    "Report",
    "ReportChange",
    "RobustExecutor",
    "Scaling",
    "SerialReuploading",
    "ShapeComparison",
    "ShotPlan",
    "SimCircuit",
    "StabilizerLogicalProduct",
    "Store",
    "StoreError",
    "Trainability",
    "TrainabilityWarning",
    "TrainingRecord",
    "Uniform",
    "WishartParameters",
    "analyze",
    "born_policy",
    "capacity",
    "coefficient_jacobian",
    "commuting_grad",
    "compare_shapes",
    "cost",
    "cut_layers",
    "data_jacobian",
    "degrees_of_freedom",
    "density_qnode",
    "diagonalize_commuting",
    "dla_grad",
    "draw_circuit",
    "dynamical_lie_algebra",
    "entangling_capability",
    "execution_mode",
    "expressibility",
    "fit",
    "fourier_fingerprint",
    "fourier_rows",
    "gradient_efficiency",
    "gradient_measurement_plan",
    "gradient_variances",
    "growth_advice",
    "hessian_spectrum",
    "initialise",
    "landscape_law_test",
    "local_minima",
    "loss_slice",
    "loss_variance",
    "measure_density",
    "measure_gradient",
    "measure_jacobian",
    "measure_qfim",
    "measured_grad",
    "measured_qfim",
    "metric_tensor_fn",
    "monitor",
    "one_job",
    "paper_check",
    "plan_shots",
    "policy_scaling",
    "policy_variance",
    "price",
    "promote",
    "prune",
    "qfim",
    "scaling",
    "template_builder",
    "trainability",
    "wishart_parameters",
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
