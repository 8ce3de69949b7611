"""What do the columns of a Jacobian span, over many draws of the parameters?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import numpy as np

from pennylane_trainability.diagnostics.column_space import kernel, spectrum
from pennylane_trainability.diagnostics.column_space.groups import RedundantGroup, redundant_groups
from pennylane_trainability.results import Result, record

__all__ = ["ColumnSpace", "column_space"]


@record
class ColumnSpace(Result):
    """Dead parameters, redundant directions, unreachable directions of ``J`` over ``D`` draws.

    Three things with different causes: *dead* parameters (columns that are zero in all draws),
    *redundant* directions (kernel, ``P − rank``; the dead ones are coordinates of it) and
    *unreachable* directions (``K − rank``; rows that are zero in all draws are coordinates of it).

    Attributes:
        jacobians: shape ``(D, K, P)``.
        rtol: singular values up to ``rtol·σ₁`` of their draw count as zero.
        atol: singular values up to this count as zero in any case.
        singular_values: shape ``(D, min(K, P))``, descending.
        leverages: share of each parameter in the kernel, shape ``(D, P)``: 1 moves nothing, 0
            cannot be replaced.
        independent: a largest set of parameters with independent columns, most useful first.
        dead: parameters whose columns are zero in all draws.
        zero_rows: rows that are zero in all draws.
        groups: the redundant directions that are not dead parameters.
        settled: whether the relations that are the same in every draw would have been the same
            without the last draw; if not, draw more.
    """

    jacobians: np.ndarray = field(repr=False)
    rtol: float
    atol: float
    singular_values: np.ndarray = field(repr=False)
    leverages: np.ndarray = field(repr=False)
    independent: tuple[int, ...]
    dead: tuple[int, ...]
    zero_rows: tuple[int, ...]
    groups: tuple[RedundantGroup, ...]
    settled: bool

    @property
    def n_draws(self) -> int:
        """Number of draws ``D``."""
        return self.jacobians.shape[0]

    @property
    def n_rows(self) -> int:
        """Number of rows ``K``, those that are zero included."""
        return self.jacobians.shape[1]

    @property
    def n_parameters(self) -> int:
        """Number of columns ``P``, the dead ones included."""
        return self.jacobians.shape[2]

    @property
    def ranks(self) -> np.ndarray:
        """Numerical rank of each draw, shape ``(D,)``."""
        return spectrum.numerical_rank(self.singular_values, self.rtol, self.atol)

    @property
    def rank(self) -> int:
        """Structural rank: the largest over the draws. The generic rank is at least this."""
        return int(np.max(self.ranks))

    @property
    def redundant(self) -> int:
        """Redundant directions ``P − rank``, dead parameters included."""
        return self.n_parameters - self.rank

    @property
    def unreachable(self) -> int:
        """Unreachable directions ``K − rank``, zero rows included."""
        return self.n_rows - self.rank

    @property
    def reachable_rows(self) -> int:
        """Rows that are not zero in all draws."""
        return self.n_rows - len(self.zero_rows)

    @property
    def conditions(self) -> np.ndarray:
        """``σ₁/σ_rank`` of each draw with its own rank, shape ``(D,)``; NaN where that is zero."""
        return spectrum.condition_number(self.singular_values, self.ranks)

    @property
    def smallest_row_values(self) -> np.ndarray:
        """``σ_K`` of each draw, 0 if some direction of the rows is unreachable, shape ``(D,)``."""
        return spectrum.smallest_row_value(self.singular_values, self.ranks, self.n_rows)

    @property
    def entropy_ranks(self) -> np.ndarray:
        """Effective rank of each draw from the entropy of σ², shape ``(D,)``."""
        return spectrum.entropy_rank(self.singular_values)

    @property
    def participation_ratios(self) -> np.ndarray:
        """Effective rank ``(Σσ²)²/Σσ⁴`` of each draw, shape ``(D,)``."""
        return spectrum.participation_ratio(self.singular_values)

    @property
    def mean_leverages(self) -> np.ndarray:
        """Mean over the draws of the leverage of each parameter, shape ``(P,)``."""
        return np.mean(self.leverages, axis=0)

    @property
    def leverage_spread(self) -> np.ndarray:
        """Standard deviation over the draws of the leverage of each parameter, shape ``(P,)``."""
        return np.std(self.leverages, axis=0)

    @property
    def gap(self) -> tuple[float, float]:
        """Smallest singular value kept and largest dropped, over σ₁ of their draw, all draws.

        If the tolerance is not well between the two, the rank depends on it. NaN where there is
        none.
        """
        relative = self.singular_values / np.maximum(self.singular_values[:, :1], self.atol)
        kept = np.arange(relative.shape[1]) < self.ranks[:, None]
        low = np.min(relative[kept], initial=np.inf)
        high = np.max(relative[~kept], initial=-np.inf)
        return _finite(low), _finite(high)

    def quantiles(self, q: float | Sequence[float] = (0.05, 0.5, 0.95)) -> np.ndarray:
        """Quantiles over the draws of each singular value, shape ``(len(q), min(K, P))``."""
        return np.quantile(self.singular_values, q, axis=0)

    def kernel_projectors(self) -> np.ndarray:
        """Projectors on the kernels of the draws, shape ``(D, P, P)``; computed when called."""
        _, _, vectors = np.linalg.svd(self.jacobians, full_matrices=False)
        return kernel.kernel_projectors(vectors, self.ranks)

    def rows(self) -> list[tuple[str, object]]:
        """Ranks, then the three kinds of loss, then how evenly the rest is spread."""
        low, median, high = np.min(self.ranks), np.median(self.ranks), np.max(self.ranks)
        kept, dropped = self.gap
        return [
            (
                "matrix",
                f"{self.n_rows} rows × {self.n_parameters} parameters, {self.n_draws} draws",
            ),
            ("rank", f"{self.rank} (over the draws: {low}, median {median:g}, {high})"),
            ("tolerance", f"{self.rtol:.0e} σ₁; " + _gap_text(kept, dropped)),
            ("dead parameters", self.dead),
            ("redundant directions", f"{self.redundant}, of which {len(self.dead)} dead"),
            ("unreachable directions", f"{self.unreachable}, zero rows {len(self.zero_rows)}"),
            (
                "condition σ₁/σ_rank",
                f"{np.median(self.conditions[self.ranks == self.rank]):.3g} (median)",
            ),
            ("effective rank", f"{np.median(self.entropy_ranks):.3g} (median)"),
            ("independent set", self.independent),
            *(("redundant group", group) for group in self.groups),
        ]


def column_space(
    jacobians: np.ndarray, *, rtol: float | None = None, atol: float = spectrum.ATOL
) -> ColumnSpace:
    """What the columns of ``J`` span: structural rank, dead, redundant and unreachable directions.

    Args:
        jacobians: one Jacobian per draw, shape ``(D, K, P)``.
        rtol: singular values up to ``rtol·σ₁`` of their draw count as zero. Default 1e-9, which
            lies between the rounding of double precision and the smallest genuine values met in
            practice; for lower precision, 10·max(K, P) units of rounding.
        atol: singular values up to this count as zero in any case.

    Returns:
        The record; everything that is not stored in it is derived from what is.

    >>> space = column_space(np.array([[[1.0, 2.0, 0.0], [0.0, 0.0, 0.0]]]))
    >>> space.rank, space.dead, space.redundant, space.unreachable, space.zero_rows
    (1, (2,), 2, 1, (1,))
    """
    jacobians, rtol = _checked(jacobians, rtol)
    _, values, vectors = np.linalg.svd(jacobians, full_matrices=False)
    ranks = spectrum.numerical_rank(values, rtol, atol)
    zero = spectrum.tolerance(values, rtol, atol)[:, None]
    alive = np.any(np.linalg.norm(jacobians, axis=1) > zero, axis=0)
    seen = np.any(np.linalg.norm(jacobians, axis=2) > zero, axis=0)
    dead = tuple(np.flatnonzero(~alive).tolist())

    rank = int(np.max(ranks))
    generic = (ranks == rank) & (rank > 0)
    scaled = jacobians[generic] / values[generic, :1, None]
    return ColumnSpace(
        jacobians=jacobians,
        rtol=rtol,
        atol=atol,
        singular_values=values,
        leverages=kernel.leverages(vectors, ranks),
        independent=kernel.independent_columns(scaled, rank),
        dead=dead,
        zero_rows=tuple(np.flatnonzero(~seen).tolist()),
        groups=redundant_groups(scaled, rank, dead, rtol) if rank else (),
        settled=_settled(scaled, rtol),
    )


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) else float("nan")


def _gap_text(kept: float, dropped: float) -> str:
    kept_text = "none kept" if np.isnan(kept) else f"kept ≥ {kept:.1e}"
    return f"{kept_text}, " + ("none dropped" if np.isnan(dropped) else f"dropped ≤ {dropped:.1e}")


def _settled(scaled: np.ndarray, rtol: float) -> bool:
    """Whether the kernel common to all draws is the one common to all but the last."""
    if len(scaled) == 0:
        return True
    shorter, longer = (
        np.trace(kernel.common_kernel_projector(part, rtol)[0]) for part in (scaled[:-1], scaled)
    )
    return round(float(shorter)) == round(float(longer))


def _checked(jacobians: np.ndarray, rtol: float | None) -> tuple[np.ndarray, float]:
    array = np.asarray(jacobians)
    if array.ndim != 3 or 0 in array.shape or np.iscomplexobj(array):
        raise ValueError(
            "column_space() needs real Jacobians of shape (draws, rows, parameters), at least "
            f"one of each, but got {array.dtype} of shape {array.shape}. "
            "Pass one draw as J[np.newaxis]."
        )
    if not np.all(np.isfinite(array)):
        raise ValueError(
            "column_space() needs finite Jacobians, but got NaN or infinity in draws "
            f"{np.unique(np.argwhere(~np.isfinite(array))[:, 0]).tolist()}. Leave these draws out."
        )
    precision = np.finfo(array.dtype).eps if np.issubdtype(array.dtype, np.floating) else 0.0
    default = max(spectrum.RTOL, 10 * max(array.shape[1:]) * float(precision))
    if rtol is None:
        rtol = default
    if not 0 < rtol < 1:
        raise ValueError(f"rtol must lie between 0 and 1, but is {rtol}. Leave it out for 1e-9.")
    return array.astype(float), rtol
