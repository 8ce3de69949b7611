"""Pictures with several panels."""

from __future__ import annotations

import textwrap

from pennylane_trainability.architectures import ShapeComparison
from pennylane_trainability.diagnostics.capacity_record import Capacity
from pennylane_trainability.diagnostics.gradient_plan_record import GradientPlan
from pennylane_trainability.diagnostics.landscape_law import LandscapeLaw
from pennylane_trainability.diagnostics.variance_record import GradientVariances
from pennylane_trainability.monitoring import TrainingRecord
from pennylane_trainability.plots import (
    architectures,
    efficiency,
    frequencies,
    landscapes,
    laws,
    parameters,
    qfim,
    spectra,
    training,
)
from pennylane_trainability.plots.registry import NoPictureError, picture, several
from pennylane_trainability.plots.style import canvas, title
from pennylane_trainability.report import Report


@picture.register(Capacity)
def _capacity(result, ax, style):
    names = ("Spectrum of the QFIM",)
    return several(ax, style, result, (qfim.spectrum, qfim.growth), size=(10.0, 4.0), names=names)


@picture.register(ShapeComparison)
def _shapes(result, ax, style):
    panels = (architectures.sigmas, architectures.conditions, architectures.strengths)
    return several(ax, style, result, panels, size=(12.0, 3.8), width=120)


@picture.register(GradientVariances)
def _gradient_variances(result, ax, style):
    heading = f"{result.heading()}: {result.law}"
    if getattr(result.index, "ndim", 0) > 1 and result.n_parameters > 1:
        panels = (landscapes.gradients, landscapes.by_layer)
        return several(ax, style, result, panels, size=(11.0, 4.0), heading=heading, width=110)
    with canvas(ax) as (main, *_):
        landscapes.gradients(main, result, style)
        title(main, heading)
    return main


@picture.register(LandscapeLaw)
def _landscape_law(result, ax, style):
    def loss(axes, found, look):
        laws.quantiles(axes, found, False, look)

    def derivative(axes, found):
        laws.quantiles(axes, found, True, {})

    names = ("Loss", f"Derivative by parameter {result.parameter}")
    return several(ax, style, result, (loss, derivative), size=(10.0, 4.2), names=names)


@picture.register(GradientPlan)
def _gradient_plan(result, ax, style):
    def plane(axes, found):
        efficiency.plane(axes, found.efficiency, {})

    if result.efficiency is not None and result.efficiency.expressivity is not None:
        panels = (efficiency.costs, plane)
        return several(ax, style, result, panels, size=(11.0, 4.0), width=110)
    with canvas(ax) as (main, *_):
        efficiency.costs(main, result, style)
        title(main, result.heading())
    return main


@picture.register(TrainingRecord)
def _training(result, ax, style):
    if not len(result.steps):
        raise NoPictureError("There is no picture of a training that was not looked at yet.")
    panels = (training.values, training.ranks, training.gradients)
    return several(ax, style, result, panels, size=(12.0, 3.8), width=120)


@picture.register(Report)
def _report(result, ax, style):
    fourier = result.coefficients is not None
    panels, size = ((2, 2), (10.0, 7.2)) if fourier else ((1, 2), (10.0, 4.0))
    with canvas(ax, panels, size) as axes:
        main, *others = axes
        if result.measured is not None:
            spectra.noise_spectrum(main, result.measured.noise_floor(), style)
        else:
            spectra.singular_spectrum(main, result.space, style, result.given)
        if not others:
            title(main, result.heading())
            return main
        main.set_title("Singular values of J")
        main.figure.suptitle(textwrap.fill(result.heading(), 100))
        _panels(others, result)
    return main


def _panels(axes, report: Report) -> None:
    """The panels beside the main one."""
    if report.measured is not None:
        parameters.columns(axes[0], report, report.measured)
    else:
        parameters.leverages(axes[0], report)
    values = report.coefficients
    if values is not None:
        frequencies.gradients(axes[1], report)
        frequencies.coefficients(axes[2], report, values)
