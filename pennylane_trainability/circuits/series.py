"""A QNode as a Fourier series: its spectrum, its sample points, and the circuit at these points."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.encoding import encoding_parts
from pennylane_trainability.circuits.hold_out import check_hold_out
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.errors import (
    BudgetError,
    NotFourierError,
    ReadingError,
    TrainabilityWarning,
)
from pennylane_trainability.fourier import (
    Sampling,
    Spectrum,
    choose_sampling,
    minkowski_sum,
    spectrum_of,
)

__all__ = ["Series", "series_of"]

#: More nominal frequencies than this are refused before they are listed.
_MAX_FREQUENCIES = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A reading together with its spectrum and sample points.

    Attributes:
        reading: the QNode, read.
        spectrum: the nominal spectrum (or the one given).
        sampling: where to sample the inputs.
        given: whether the caller gave the spectrum.
        complete: whether it is known to hold every frequency the gates can produce.
    """

    reading: Reading
    spectrum: Spectrum
    sampling: Sampling
    given: bool
    complete: bool = True

    def require_complete(self) -> None:
        """Refuse a spectrum that only an exact value off the grid could justify.

        Raises:
            NotFourierError: the spectrum given lacks frequencies of the gates.
        """
        if not self.complete:
            raise NotFourierError(
                "The spectrum given lacks frequencies that the encoding gates can produce; on a "
                "device nothing would show that their coefficients vanish, and aliasing would pass "
                "for numbers. Leave spectrum=None, or check it first with engine='exact'."
            )

    def circuit(self, parameters: np.ndarray | None = None, hold_out: bool = True) -> Circuit:
        """The circuit at ``(D, P)`` parameters and all sample points, the hold-out point last."""
        if parameters is None:
            parameters = self.reading.arguments.parameters[None]
        points = self.sampling.points
        if hold_out:
            points = np.concatenate([points, self.sampling.hold_out[None]])
        return self.reading.at(parameters, points)


def series_of(reading: Reading, spectrum=None, max_points: int = 20_000) -> Series:
    """Find the spectrum of a reading and choose sample points.

    Args:
        reading: the QNode, read.
        spectrum: frequencies given by the caller, ``(m,)`` or ``(m, I)``; ``None`` detects them.
        max_points: refuse more sample points than this.

    Raises:
        NotFourierError: the output is no Fourier series of the inputs.
        BudgetError: the spectrum or its grid is too large.
        ReadingError: the given spectrum does not fit the inputs.
    """
    n_inputs = reading.circuit.n_inputs
    parts = encoding_parts(reading.circuit)
    if spectrum is None:
        _refuse_too_many(parts)
        found = spectrum_of(minkowski_sum(parts, n_inputs))
    else:
        try:
            rows = np.asarray(spectrum, float)
            finite = rows.ndim in (1, 2) and bool(np.all(np.isfinite(rows)))
        except (TypeError, ValueError):
            finite = False
        if not finite:
            raise ReadingError(
                f"spectrum needs finite numbers, one row per frequency; got {spectrum!r}."
            )
        found = spectrum_of(spectrum)
        if found.n_inputs != n_inputs:
            raise ReadingError(
                f"spectrum has vectors of {found.n_inputs} components for {n_inputs} inputs; pass "
                f"an array of shape (number of frequencies, {n_inputs})."
            )
    sampling = choose_sampling(found, max_points)
    if sampling.condition > 1e3:
        warnings.warn(
            f"The frequencies are hard to tell apart: the linear system has condition number "
            f"{sampling.condition:.1e}, errors of the samples grow by that factor.",
            TrainabilityWarning,
            stacklevel=3,
        )
    if reading.traced:
        check_hold_out(reading, sampling.hold_out)
    complete = spectrum is None or _contains(found, parts, n_inputs)
    return Series(reading, found, sampling, spectrum is not None, complete)


def _contains(found: Spectrum, parts, n_inputs: int) -> bool:
    """Whether a spectrum holds all nominal frequencies; False where there are too many to list."""
    try:
        _refuse_too_many(parts)
    except BudgetError:
        return False
    nominal = spectrum_of(minkowski_sum(parts, n_inputs)).frequencies
    known = {tuple(k) for k in np.round(found.frequencies, 8) + 0.0}
    return all(tuple(k) in known for k in np.round(nominal, 8) + 0.0)


def _refuse_too_many(parts) -> None:
    """An upper bound on the nominal spectrum before it is listed."""
    size = 1.0
    for _, differences, count in parts:
        spread = len(differences) ** float(min(count, 300))
        if len(differences) == 3:
            spread = 2 * count + 1
        elif np.allclose(differences * 2, np.round(differences * 2)):  # sums on a grid of halves
            spread = min(spread, 4 * count * differences.max() + 1)
        size = min(size * spread, 1e300)
    if size > _MAX_FREQUENCIES:
        raise BudgetError(
            f"The nominal spectrum has up to {size:.1e} frequency vectors. Analyse fewer inputs at "
            "a time (encoding_args={name: indices}), pass spectrum=… with the frequencies of "
            "interest, or use data=…"
        )
