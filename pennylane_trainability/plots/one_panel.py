"""Pictures with one panel."""

from __future__ import annotations

from collections.abc import Callable

from pennylane_trainability.architectures import GrowthAdvice
from pennylane_trainability.diagnostics.column_space import ColumnSpace
from pennylane_trainability.diagnostics.data_jacobian import DataJacobian
from pennylane_trainability.diagnostics.efficiency_record import GradientEfficiency
from pennylane_trainability.diagnostics.entangling_record import EntanglingCapability
from pennylane_trainability.diagnostics.expressibility_record import Expressibility
from pennylane_trainability.diagnostics.fingerprint_record import FourierFingerprint
from pennylane_trainability.diagnostics.hessian_record import HessianSpectrum
from pennylane_trainability.diagnostics.local_minima import LocalMinima
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.diagnostics.scaling import Scaling
from pennylane_trainability.diagnostics.series_rows import FourierRows
from pennylane_trainability.diagnostics.slice_record import LossSlice
from pennylane_trainability.diagnostics.trainability_record import Trainability
from pennylane_trainability.plots import (
    architectures,
    efficiency,
    fingerprints,
    frequencies,
    landscapes,
    laws,
    policies,
    qfim,
    spectra,
    states,
)
from pennylane_trainability.plots.registry import NoPictureError, picture
from pennylane_trainability.plots.style import canvas, title
from pennylane_trainability.policies import PolicyScaling
from pennylane_trainability.results import Result
from pennylane_trainability.statistics.noise_floor import NoiseFloor

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
    def drawn(result, ax, style):
        with canvas(ax) as (main, *_):
            panel(main, result, style)
            title(main, result.heading())
        return main

    return drawn


for _kind, _panel in _SINGLE.items():
    picture.register(_kind, _single(_panel))


@picture.register(ColumnSpace)
def _column_space(result, ax, style):
    with canvas(ax) as (main, *_):
        spectra.singular_spectrum(main, result, style)
        title(main, f"{result.heading()}: rank {result.rank} of {result.n_rows} rows")
    return main


@picture.register(NoiseFloor)
def _noise_floor(result, ax, style):
    with canvas(ax) as (main, *_):
        spectra.noise_spectrum(main, result, style)
        title(main, f"{result.heading()}: rank {result.rank_estimate()}")
    return main


@picture.register(MeasuredJacobian)
def _measured_jacobian(result, ax, style):
    noise = result.noise_floor()
    with canvas(ax) as (main, *_):
        spectra.noise_spectrum(main, noise, style)
        size = f"{result.shots} shots per circuit"
        title(main, f"Measured Jacobian, {size}: rank {noise.rank_estimate()}")
    return main


@picture.register(MeasuredQFIM)
def _measured_qfim(result, ax, style):
    with canvas(ax) as (main, *_):
        qfim.measured_spectrum(main, result, style)
        count = f"{len(result.value)} parameters"
        title(main, f"{result.heading()}, {count}: rank {result.rank().interval()}")
    return main


@picture.register(FourierRows)
def _fourier_rows(result, ax, style):
    with canvas(ax) as (main, *_):
        frequencies.rows(main, result, style)
        title(main, f"Fourier coefficients over {', '.join(result.inputs)}")
    return main


@picture.register(DataJacobian)
def _data_jacobian(result, ax, style):
    with canvas(ax) as (main, *_):
        spectra.kernel_spectrum(main, result, style)
        size = f"{result.gram.shape[0]} outputs, {result.jacobian.shape[-1]} parameters"
        title(main, f"Tangent kernel on data: {size}")
    return main


@picture.register(LossSlice)
def _loss_slice(result, ax, style):
    with canvas(ax, size=(6.4, 4.6)) as (main, *_):
        kind = landscapes.line_slice if len(result.axes) == 1 else landscapes.plane_slice
        kind(main, result, style)
        title(main, result.heading())
    return main


@picture.register(Trainability)
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


@picture.register(PolicyScaling)
def _policy_scaling(result, ax, style):
    with canvas(ax) as (main, *_):
        policies.policy_scaling(main, result, style)
        first = result.found[0]
        title(main, f"Born policy, {first.partition}: {result.verdict.name.lower()}")
    return main


@picture.register(GradientEfficiency)
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
