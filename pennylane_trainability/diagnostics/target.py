"""How does a target look in the rows of the model: what lies outside, is the model loud enough?"""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.fourier import Spectrum
from pennylane_trainability.results import Result, record

__all__ = ["TargetFit", "target_fit"]


@record
class TargetFit(Result):
    """A target on data points, seen from a model.

    Attributes:
        coefficients: least-squares coefficients of the target in the model's rows,
            ``(outputs, K)``.
        outside_spectrum: share of the target's energy no coefficient of the spectrum can give,
            scatter among equal inputs left out.
        scatter: share of the target's energy that is scatter among equal inputs, which no function
            of the input explains.
        outside_columns: share of the remaining error at the given parameters that no first-order
            step changes (``‖(1 − ΠJ) e‖² / ‖e‖²``).
        unidentified: number of rows the data points cannot tell apart.
        target_scale: standard deviation of the target over the data.
        model_scales: standard deviation of the model over the same points, per draw, ``(D,)``.
    """

    coefficients: np.ndarray = field(repr=False)
    outside_spectrum: float
    scatter: float
    outside_columns: float
    unidentified: int
    target_scale: float
    model_scales: np.ndarray = field(repr=False)

    @property
    def gain(self) -> float:
        """Read-out gain that would bring the median model to the target's scale."""
        scale = float(np.median(self.model_scales))
        return self.target_scale / scale if scale > 0 else float("inf")

    def rows(self) -> list[tuple[str, object]]:
        """What is printed."""
        return [
            ("outside the spectrum", f"{self.outside_spectrum:.1%} of the target's energy"),
            ("scatter at equal inputs", f"{self.scatter:.1%} of the target's energy"),
            (
                "outside the column space",
                f"{self.outside_columns:.1%} of the error at the values given",
            ),
            ("not identified by the data", f"{self.unidentified} rows"),
            (
                "scale",
                f"target {self.target_scale:.3g}, model {np.median(self.model_scales):.3g} "
                "(median)",
            ),
        ]


def target_fit(
    spectrum: Spectrum,
    points: np.ndarray,
    targets: np.ndarray,
    rows: np.ndarray,
    jacobian: np.ndarray,
) -> TargetFit:
    """Compare a target with a model.

    Args:
        spectrum: the model's spectrum.
        points: ``(n, I)``.
        targets: ``(n, outputs)``.
        rows: the model's rows at all draws, the given values first, ``(D, outputs, K)``.
        jacobian: coefficient Jacobian at the given values, ``(outputs, K, P)``.
    """
    basis = spectrum.basis(points)
    found, _, rank, _ = np.linalg.lstsq(basis, targets, rcond=1e-10)
    means = _means_of_equal_points(basis, targets)
    rest = means - basis @ found
    energy = max(float(np.sum(targets**2)), 1e-300)
    flat = jacobian.reshape(-1, jacobian.shape[-1])
    # only what the data can see counts as an error
    seen = np.linalg.pinv(basis, rcond=1e-10) @ basis
    error = (seen @ (rows[0].T - found)).T.reshape(-1)
    left, values, _ = np.linalg.svd(flat, full_matrices=False)
    left = left[:, values > 1e-9 * max(values[0], 1e-300)]
    outside = error - left @ (left.T @ error)
    return TargetFit(
        coefficients=found.T,
        outside_spectrum=float(np.sum(rest**2)) / energy,
        scatter=float(np.sum((targets - means) ** 2)) / energy,
        outside_columns=float(outside @ outside) / max(float(error @ error), 1e-300),
        unidentified=int(basis.shape[1] - rank),
        target_scale=float(np.std(targets)),
        model_scales=np.std(np.einsum("nk,dok->dno", basis, rows), axis=(1, 2)),
    )


def _means_of_equal_points(basis: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Every target replaced by the mean over the points the model cannot tell apart."""
    _, label = np.unique(np.round(basis, 9), axis=0, return_inverse=True)
    label = label.reshape(-1)
    count = np.bincount(label)
    sums = np.stack([np.bincount(label, column) for column in targets.T], axis=1)
    return (sums / count[:, None])[label]
