"""From a result to its picture."""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Callable

from pennylane_trainability.architectures import GrowthAdvice, ShapeComparison
from pennylane_trainability.diagnostics.capacity_record import Capacity
from pennylane_trainability.diagnostics.column_space import ColumnSpace
from pennylane_trainability.diagnostics.data_jacobian import DataJacobian
from pennylane_trainability.diagnostics.efficiency_record import GradientEfficiency
from pennylane_trainability.diagnostics.entangling_record import EntanglingCapability
from pennylane_trainability.diagnostics.expressibility_record import Expressibility
from pennylane_trainability.diagnostics.fingerprint_record import FourierFingerprint
from pennylane_trainability.diagnostics.gradient_plan_record import GradientPlan
from pennylane_trainability.diagnostics.hessian_record import HessianSpectrum
from pennylane_trainability.diagnostics.landscape_law import LandscapeLaw
from pennylane_trainability.diagnostics.local_minima import LocalMinima
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.diagnostics.scaling import Scaling
from pennylane_trainability.diagnostics.series_rows import FourierRows
from pennylane_trainability.diagnostics.slice_record import LossSlice
from pennylane_trainability.diagnostics.trainability_record import Trainability
from pennylane_trainability.diagnostics.variance_record import GradientVariances
from pennylane_trainability.monitoring import TrainingRecord
from pennylane_trainability.plots import (
    architectures,
    efficiency,
    fingerprints,
    frequencies,
    landscapes,
    laws,
    parameters,
    policies,
    qfim,
    spectra,
    states,
    training,
)
from pennylane_trainability.plots.style import canvas, title
from pennylane_trainability.policies import PolicyScaling
from pennylane_trainability.report import Report
from pennylane_trainability.results import Result
from pennylane_trainability.statistics.noise_floor import NoiseFloor

__all__ = ["draw", "png"]


class NoPictureError(TypeError):
    """There is no picture of such a result."""


def draw(result: Result, ax=None, **style):
    """Draw a result; nothing is shown and no setting of matplotlib is changed.

    A report on new axes has up to four panels: singular values, parameters, gradient per frequency,
    Fourier coefficients. A capacity has two: eigenvalues, and how the rank grows; a comparison of
    shapes up to three. On given axes only the first panel is drawn.

    Args:
        result: the result.
        ax: matplotlib axes to draw on, whose fonts and sizes are kept; a new figure if ``None``.
        **style: properties of the main line (a ``Line2D``), such as ``color`` or ``marker``.

    Returns:
        The matplotlib axes of the main panel; the others are in ``ax.figure.axes``.

    Raises:
        ImportError: matplotlib is missing.
        TypeError: there is no picture of this kind of result.
    """
    return _picture(result, ax, style)


def png(result: Result) -> bytes | None:
    """The picture of a result as the bytes of a PNG file; ``None`` if there is none of its kind.

    Args:
        result: the result.

    Raises:
        ImportError: matplotlib is missing.
    """
    try:
        figure, file = draw(result).figure, io.BytesIO()
    except NoPictureError:
        return None
    from matplotlib.pyplot import close

    try:
        figure.savefig(file, format="png", dpi=150, facecolor="white")
    finally:
        close(figure)
    return file.getvalue()


@functools.singledispatch
def _picture(result, ax, style):
    known = sorted(kind.__name__ for kind in _picture.registry if kind is not object)
    raise NoPictureError(
        f"There is no picture of {type(result).__name__}, only of {', '.join(known)}. "
        "Print it, or draw its fields."
    )


#: Results with one panel under their own first line.
_SINGLE: dict[type[Result], Callable] = {
    GrowthAdvice: architectures.growth,
    HessianSpectrum: landscapes.curvatures,
    Scaling: landscapes.scaling,
    FourierFingerprint: fingerprints.fingerprint,
    LocalMinima: laws.minima,
    Expressibility: states.overlaps,
    EntanglingCapability: states.entanglement,
}


def _single(panel: Callable) -> Callable:
    def picture(result, ax, style):
        with canvas(ax) as (main, *_):
            panel(main, result, style)
            title(main, result.heading())
        return main

    return picture


for _kind, _panel in _SINGLE.items():
    _picture.register(_kind, _single(_panel))


@_picture.register(ColumnSpace)
def _column_space(result, ax, style):
    with canvas(ax) as (main, *_):
        spectra.singular_spectrum(main, result, style)
        title(main, f"{result.heading()}: rank {result.rank} of {result.n_rows} rows")
    return main


@_picture.register(NoiseFloor)
def _noise_floor(result, ax, style):
    with canvas(ax) as (main, *_):
        spectra.noise_spectrum(main, result, style)
        title(main, f"{result.heading()}: rank {result.rank_estimate()}")
    return main


@_picture.register(MeasuredJacobian)
def _measured_jacobian(result, ax, style):
    noise = result.noise_floor()
    with canvas(ax) as (main, *_):
        spectra.noise_spectrum(main, noise, style)
        size = f"{result.shots} shots per circuit"
        title(main, f"Measured Jacobian, {size}: rank {noise.rank_estimate()}")
    return main


@_picture.register(MeasuredQFIM)
def _measured_qfim(result, ax, style):
    with canvas(ax) as (main, *_):
        qfim.measured_spectrum(main, result, style)
        count = f"{len(result.value)} parameters"
        title(main, f"{result.heading()}, {count}: rank {result.rank().interval()}")
    return main


@_picture.register(Capacity)
def _capacity(result, ax, style):
    with canvas(ax, (1, 2), (10.0, 4.0)) as (main, *others):
        qfim.spectrum(main, result, style)
        if not others:
            title(main, result.heading())
            return main
        main.set_title("Spectrum of the QFIM")
        qfim.growth(others[0], result)
        main.figure.suptitle(textwrap.fill(result.heading(), 100))
    return main


@_picture.register(FourierRows)
def _fourier_rows(result, ax, style):
    with canvas(ax) as (main, *_):
        frequencies.rows(main, result, style)
        title(main, f"Fourier coefficients over {', '.join(result.inputs)}")
    return main


@_picture.register(DataJacobian)
def _data_jacobian(result, ax, style):
    with canvas(ax) as (main, *_):
        spectra.kernel_spectrum(main, result, style)
        size = f"{result.gram.shape[0]} outputs, {result.jacobian.shape[-1]} parameters"
        title(main, f"Tangent kernel on data: {size}")
    return main


@_picture.register(ShapeComparison)
def _shapes(result, ax, style):
    with canvas(ax, (1, 3), (12.0, 3.8)) as axes:
        main, *others = axes
        architectures.sigmas(main, result, style)
        if others:
            architectures.conditions(others[0], result)
            architectures.strengths(others[1], result)
            main.figure.suptitle(textwrap.fill(result.heading(), 120))
        else:
            title(main, result.heading())
    return main


@_picture.register(GradientVariances)
def _gradient_variances(result, ax, style):
    layered = getattr(result.index, "ndim", 0) > 1 and result.n_parameters > 1
    heading = f"{result.heading()}: {result.law}"
    with canvas(ax, *(((1, 2), (11.0, 4.0)) if layered else ())) as (main, *others):
        landscapes.gradients(main, result, style)
        if not others:
            title(main, heading)
            return main
        landscapes.by_layer(others[0], result)
        main.figure.suptitle(textwrap.fill(heading, 110))
    return main


@_picture.register(LossSlice)
def _loss_slice(result, ax, style):
    with canvas(ax, size=(6.4, 4.6)) as (main, *_):
        kind = landscapes.line_slice if len(result.axes) == 1 else landscapes.plane_slice
        kind(main, result, style)
        title(main, result.heading())
    return main


@_picture.register(Trainability)
def _trainability(result, ax, style):
    if result.scaling is None:
        raise NoPictureError(
            "There is no picture of a verdict without variances over at least three sizes; print "
            "it, or pass more sizes."
        )
    with canvas(ax) as (main, *_):
        landscapes.scaling(main, result.scaling, style)
        title(main, result.heading())
    return main


@_picture.register(LandscapeLaw)
def _landscape_law(result, ax, style):
    with canvas(ax, (1, 2), (10.0, 4.2)) as (main, *others):
        laws.quantiles(main, result, False, style)
        if not others:
            title(main, result.heading())
            return main
        main.set_title("Loss")
        laws.quantiles(others[0], result, True, {})
        others[0].set_title(f"Derivative by parameter {result.parameter}")
        main.figure.suptitle(textwrap.fill(result.heading(), 100))
    return main


@_picture.register(PolicyScaling)
def _policy_scaling(result, ax, style):
    with canvas(ax) as (main, *_):
        policies.policy_scaling(main, result, style)
        first = result.found[0]
        title(main, f"Born policy, {first.partition}: {result.verdict.name.lower()}")
    return main


@_picture.register(GradientEfficiency)
def _gradient_efficiency(result, ax, style):
    if result.expressivity is None:
        raise NoPictureError(
            "There is no picture of an efficiency without expressivity: a gate of this circuit is "
            "no product of commuting Pauli rotations. Print the result."
        )
    with canvas(ax) as (main, *_):
        efficiency.plane(main, result, style)
        title(main, result.heading())
    return main


@_picture.register(GradientPlan)
def _gradient_plan(result, ax, style):
    both = result.efficiency is not None and result.efficiency.expressivity is not None
    with canvas(ax, *(((1, 2), (11.0, 4.0)) if both else ())) as (main, *others):
        efficiency.costs(main, result, style)
        if not others:
            title(main, result.heading())
            return main
        efficiency.plane(others[0], result.efficiency, {})
        main.figure.suptitle(textwrap.fill(result.heading(), 110))
    return main


@_picture.register(TrainingRecord)
def _training(result, ax, style):
    if not len(result.steps):
        raise NoPictureError("There is no picture of a training that was not looked at yet.")
    with canvas(ax, (1, 3), (12.0, 3.8)) as (main, *others):
        training.values(main, result, style)
        if not others:
            title(main, result.heading())
            return main
        training.ranks(others[0], result)
        training.gradients(others[1], result)
        main.figure.suptitle(textwrap.fill(result.heading(), 120))
    return main


@_picture.register(Report)
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
