"""Density models: convex mixtures of circuits that are called, trained and measured like one."""

from pennylane_trainability.density.cut_layers import cut_layers as cut_layers
from pennylane_trainability.density.density_qnode import density_qnode as density_qnode
from pennylane_trainability.density.measure_density import measure_density as measure_density
from pennylane_trainability.density.measured_density import MeasuredDensity as MeasuredDensity

__all__ = ["MeasuredDensity", "cut_layers", "density_qnode", "measure_density"]
