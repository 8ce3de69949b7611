"""The rows of ``J`` that a target needs, and how well parameters move those alone."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.architectures.columns import per_frequency
from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.architectures.target_view import Target
from pennylane_trainability.diagnostics.column_space import spectrum as numbers
from pennylane_trainability.fourier import Spectrum

__all__ = ["degree_of", "restricted_condition", "restricted_sigma", "restricted_values"]

#: Share of the energy of a target, its mean left out, above which a frequency belongs to it.
_SHARE = 1e-3


def degree_of(target: Target | None, spectrum: Spectrum) -> float:
    """The largest frequency of a target, as seen in a spectrum; of the spectrum itself if none."""
    largest = np.max(np.abs(spectrum.frequencies), axis=1)
    if target is None:
        return float(largest.max())
    basis = spectrum.basis(target.points)
    rows = np.linalg.lstsq(basis, target.values, rcond=1e-10)[0]
    power = per_frequency(rows**2)[1:]
    some = power > _SHARE * max(power.sum(), 1e-300)
    return float(largest[some].max()) if some.any() else float(largest.min())


def restricted_values(row: ShapeRow, degree: float) -> np.ndarray:
    """Singular values of the rows up to a degree, ``(D, min(m, P))``.

    A target of higher degree than the model has rows that are not there; they are counted by
    :func:`restricted_sigma`.
    """
    kept = np.max(np.abs(row.frequencies), axis=1) <= degree + 1e-9
    mask = np.concatenate([[True], np.repeat(kept, 2)])
    return np.linalg.svd(row.space.jacobians[:, mask], compute_uv=False)


def restricted_sigma(row: ShapeRow, degree: float) -> np.ndarray:
    """The smallest response over all rows up to a degree, per draw; 0 where one is unreachable."""
    values = restricted_values(row, degree)
    inside = np.max(np.abs(row.frequencies), axis=1) <= degree + 1e-9
    ranks = numbers.numerical_rank(values)
    return numbers.smallest_row_value(values, ranks, 1 + 2 * int(inside.sum()))


def restricted_condition(row: ShapeRow, degree: float) -> np.ndarray:
    """``σ₁/σ_rank`` over the rows up to a degree, per draw of the most frequent largest rank."""
    values = restricted_values(row, degree)
    ranks = numbers.numerical_rank(values)
    found = numbers.condition_number(values, ranks)
    return found[(ranks == ranks.max()) & ~np.isnan(found)]
