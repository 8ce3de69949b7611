"""Which law the overlaps of a circuit are compared to, and when there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.diagnostics.overlap_calibration import OverlapCalibration
from pennylane_trainability.diagnostics.state_overlaps import Overlaps
from pennylane_trainability.diagnostics.state_pairs import StatePairs
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.statistics.fidelity_laws import (
    bin_numbers,
    counted_log_masses,
    haar_log_masses,
    haar_potential,
    reduced_haar_overlaps,
)

__all__ = ["OverlapLaw", "law_of"]

#: States of the induced measure that are drawn, and the fewest that will do.
_DRAWN, _FEWEST = 1500, 300


@dataclass(frozen=True, slots=True, eq=False)
class OverlapLaw:
    """A law of overlaps, or why there is none.

    Attributes:
        log_masses: logarithms of the masses of the bins; ``None`` where there is no law.
        potentials: means of the powers of the overlaps; NaN where there is no law.
        name: in words.
        notes: what the reader should know.
    """

    log_masses: np.ndarray | None
    potentials: tuple[float, ...]
    name: str
    notes: tuple[str, ...] = ()


def law_of(
    found: Overlaps | StatePairs, sizes: tuple[int, int], shape: tuple[int, int], reference: str,
    memory: int, rng: np.random.Generator,
) -> OverlapLaw:  # fmt: skip
    """The law of Haar states of all wires, reduced to those that are compared.

    Args:
        found: the overlaps.
        sizes: dimensions of the wires that are compared and of the others.
        shape: number of bins, highest power.
        reference: ``"auto"``, or ``"haar"`` for pure Haar states in any case.
        memory: bytes that may be used.
        rng: draws the induced measure.

    Raises:
        BudgetError: too few states of the induced measure fit the memory.
    """
    (dimension, rest), (n_bins, order) = sizes, shape
    if found.calibration is not None and (found.calibration.rescale or found.pure):
        return _through_noise(found, found.calibration, n_bins, order)
    if reference == "auto" and not found.pure:
        return _none(found, order)
    if rest > 1 and reference == "auto":
        return _induced(dimension, rest, n_bins, order, memory, rng)
    potentials = tuple(haar_potential(dimension, t) for t in range(1, order + 1))
    notes, name = [], f"pure Haar states of dimension {dimension}"
    if rest > 1 or not found.pure:
        notes.append(
            "the states are mixed, or noise acts on their overlaps, and pure Haar states are what "
            "they are compared to because reference='haar' asks for it: the divergence is no "
            "distance from a random circuit"
        )
    if found.shots is None:
        return OverlapLaw(haar_log_masses(dimension, n_bins), potentials, name, tuple(notes))
    notes.append(
        f"both histograms are those of overlaps seen through {found.shots} shots, so that the "
        "divergence is 0 for Haar states and otherwise at most that of exact overlaps"
    )
    masses = counted_log_masses(dimension, found.shots, n_bins)
    return OverlapLaw(masses, potentials, f"{name}, through {found.shots} shots", tuple(notes))


def _through_noise(
    found: Overlaps, calibration: OverlapCalibration, n_bins: int, order: int
) -> OverlapLaw:
    """Haar states on the device itself: histograms are compared as they are seen."""
    dimension = calibration.dimension
    what = ["errors of reading"] if calibration.flips() is not None else []
    if calibration.rescale:
        what.insert(0, f"a survival of {found.survival}")
    name = f"pure Haar states of dimension {dimension}, through {found.shots} shots with "
    note = (
        "frame potentials have the calibration in them; the histogram is as it was seen, and it is "
        f"compared to Haar states with {' and '.join(what)}, so that the divergence is 0 for Haar "
        "states, and otherwise smaller than without noise"
    )
    return OverlapLaw(
        calibration.haar_log_masses(n_bins),
        tuple(haar_potential(dimension, t) for t in range(1, order + 1)),
        name + " and ".join(what),
        (note,),
    )


def _none(found: Overlaps | StatePairs, order: int) -> OverlapLaw:
    if found.survival is not None:
        why = (
            f"a circuit that is run and undone comes back with {found.survival} only: noise "
            "lowers all overlaps, and no law of Haar states describes them"
        )
    else:
        why = (
            f"the states are mixed (mean purity {found.purity:.3g}), and there is no Haar measure "
            "of states mixed by unknown noise"
        )
    note = why + ". reference='haar' compares to pure Haar states all the same"
    return OverlapLaw(None, (float("nan"),) * order, "nothing", (note,))


def _induced(
    dimension: int, rest: int, n_bins: int, order: int, memory: int, rng: np.random.Generator
) -> OverlapLaw:
    """Reduced Haar states, drawn: no closed form of their overlaps is known in general."""
    each = 16 * dimension * (rest + 3 * dimension)
    count = min(_DRAWN, memory // (2 * each))
    if count < _FEWEST:
        raise BudgetError(
            f"The law of reduced Haar states is drawn, and {_FEWEST} of them need "
            f"{2 * each * _FEWEST / 2**20:.0f} MiB; the budget is {memory / 2**20:.0f} MiB. Raise "
            "memory=…, or compare fewer wires."
        )
    drawn = reduced_haar_overlaps(dimension, rest, count, rng)
    seen = np.bincount(bin_numbers(drawn, n_bins), minlength=n_bins)
    # a bin nobody fell into has at most about half a pair
    masses = np.maximum(seen, 0.5) / (np.sum(seen) + 0.5 * np.sum(seen == 0))
    return OverlapLaw(
        np.log(masses),
        tuple(float(np.mean(drawn**t)) for t in range(1, order + 1)),
        f"Haar states of all wires, reduced to dimension {dimension} (induced measure), overlaps "
        "Tr ρσ",
        (
            f"the law of reduced Haar states is drawn ({count:,} states); where it has no pair the "
            "divergence is a lower bound",
        ),
    )
