"""Which singular values of a measured matrix are not noise?

Weyl's inequality: if an estimate is off by a matrix ``E``, each of its singular values (each
eigenvalue, if symmetric) is off by at most the spectral norm ``‖E‖``. The noise floor is a high
quantile of ``‖E‖``, found by resampling the counts; what lies above it is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field

import numpy as np

from pennylane_trainability.results import Claim, Estimate, Result, record

# Counts are lattice points and their law is itself estimated: in the worst case met (a single
# entry, 50 shots) a floor at nominal 5 % is exceeded in 5.8 % of repeats. This share of the error
# probability is kept back for it.
_RESERVE = 0.2

__all__ = ["NoiseFloor", "eigenvalue_floor", "gaussian_resamples", "singular_value_floor"]


@record
class NoiseFloor(Result):
    """Singular values or eigenvalues of a measured matrix, and how large noise alone makes them.

    Attributes:
        values: what was estimated, descending: singular values, or eigenvalues if ``symmetric``.
        norms: spectral norms of the resampled errors, ascending, shape ``(B,)``.
        symmetric: whether ``values`` are eigenvalues of a symmetric matrix.
        default_level: the level used where none is given.

    >>> rng = np.random.default_rng(0)
    >>> value = np.diag([1.0, 0.01])
    >>> floor = singular_value_floor(value, gaussian_resamples(value, 0.02, 999, rng))
    >>> floor.rank()
    1
    """

    values: np.ndarray
    norms: np.ndarray = field(repr=False)
    symmetric: bool = False
    default_level: float = 0.95

    def floor(self, level: float | None = None) -> float:
        """The size that noise exceeds with probability at most ``1 − level``.

        The ``⌈(B + 1)(1 − α)⌉``-th smallest of the ``B`` norms: one more norm of the same law lies
        above it with a probability of at most ``α``, for any ``B``. Of ``1 − level``, ``α`` is
        80 %; the rest is kept back because the law of the counts is itself an estimate.
        """
        level = self.default_level if level is None else level
        count, alpha = len(self.norms), (1 - _RESERVE) * (1 - level)
        position = math.ceil((count + 1) * (1 - alpha) - 1e-9)
        if not 0 < level < 1 or position > count:
            needed = math.ceil(1 / alpha - 1 - 1e-9) if 0 < level < 1 else "some"
            raise ValueError(
                f"A floor at level {level} needs a level between 0 and 1 and {needed} resamples, "
                f"but there are {count}. Draw more, or lower the level."
            )
        return float(self.norms[position - 1])

    def rank(self, level: float | None = None) -> int:
        """Lower bound on the rank: how many values lie above the floor.

        It exceeds the true rank in at most ``1 − level`` of all repeats. It is no upper bound:
        more shots never show that a value is zero.
        """
        return int(np.sum(self.values > self.floor(level)))

    def rank_estimate(self, level: float | None = None, law: str = "shots") -> Estimate:
        """The same lower bound as an :class:`Estimate`; it prints as ``≥ 3 at 95 %``."""
        level = self.default_level if level is None else level
        rank = self.rank(level)
        return Estimate(
            value=rank, low=rank, high=math.inf, level=level, law=law, claim=Claim.OBSERVED
        )

    def bounds(self, level: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds on the true values, all valid together at the level.

        Estimates ± floor. Singular values are not negative; eigenvalues are left as they come.
        """
        floor = self.floor(level)
        low = self.values - floor
        return (low if self.symmetric else np.maximum(low, 0)), self.values + floor

    def negative(self, level: float | None = None) -> int:
        """How many eigenvalues lie below minus the floor: a positive matrix has none.

        If there are any, the estimate has errors other than shot noise.
        """
        return int(np.sum(self.values < -self.floor(level)))

    def shots_factor(self, size: float, level: float | None = None) -> float:
        """How many times the shots would detect a true value of ``size``, ``(2·floor/size)²``.

        The floor falls with the square root of the shots. At half the size, the estimate (off by
        less than the floor) lies above the floor, both with probability ``level``. Below 1: the
        shots at hand are enough.
        """
        if not size > 0:
            raise ValueError(
                f"A value is detected by finitely many shots only if it is positive, not {size}. "
                "Pass the smallest size that matters."
            )
        return (2 * self.floor(level) / size) ** 2

    def rows(self) -> list[tuple[str, object]]:
        """Floor, rank, and a bound on the largest value that is not resolved."""
        kind = "eigenvalues" if self.symmetric else "singular values"
        rank = self.rank()
        rows: list[tuple[str, object]] = [
            ("noise floor", f"{self.floor():.3g}"),
            (kind, self.values),
            ("rank", self.rank_estimate()),
        ]
        if rank < len(self.values):
            rows.append(("the rest", f"each ≤ {self.bounds()[1][rank]:.3g}"))
        return rows


def singular_value_floor(
    value: np.ndarray,
    resamples: np.ndarray | Callable[[int], np.ndarray],
    *,
    n_resamples: int = 999,
    level: float = 0.95,
) -> NoiseFloor:
    """The noise floor of the singular values of a measured matrix.

    Args:
        value: the estimate, shape ``(K, P)``.
        resamples: estimates that might have been seen instead, centred on ``value``, shape
            ``(B, K, P)``; or a function that returns that many of them.
        n_resamples: how many are asked of the function.
        level: default level of the result.

    Returns:
        The floor; ``rank()``, ``bounds()`` and ``shots_factor(size)`` are read off it.

    >>> rng = np.random.default_rng(3)
    >>> noise = rng.normal(size=(4, 5)) / 100
    >>> draw = lambda count: gaussian_resamples(noise, 0.01, count, rng)
    >>> singular_value_floor(noise, draw).rank()
    0
    """
    value, errors = _errors(value, resamples, n_resamples)
    return NoiseFloor(
        values=np.linalg.svd(value, compute_uv=False),
        norms=np.sort(_spectral_norms(errors)),
        default_level=level,
    )


def eigenvalue_floor(
    value: np.ndarray,
    resamples: np.ndarray | Callable[[int], np.ndarray],
    *,
    n_resamples: int = 999,
    level: float = 0.95,
) -> NoiseFloor:
    """The noise floor of the eigenvalues of a measured symmetric matrix, such as the QFIM.

    For a matrix that is positive by theory, the eigenvalues above the floor bound its rank from
    below. The estimate itself may have negative eigenvalues; they are kept.

    Args:
        value: the estimate, shape ``(P, P)``; its symmetric part is taken.
        resamples: as in :func:`singular_value_floor`, shape ``(B, P, P)``. For an estimate that is
            not linear in the frequencies, recompute it from resampled counts.
        n_resamples: how many are asked of the function.
        level: default level of the result.

    >>> value = np.diag([1.0, -0.01])
    >>> draws = gaussian_resamples(value, 0.02, 999, np.random.default_rng(0))
    >>> eigenvalue_floor(value, draws).rank()
    1
    """
    value, errors = _errors(value, resamples, n_resamples)
    if value.shape[0] != value.shape[1]:
        raise ValueError(
            f"eigenvalue_floor() needs a square matrix, but got shape {value.shape}. "
            "Use singular_value_floor() for a Jacobian."
        )
    symmetric = (errors + errors.swapaxes(-1, -2)) / 2
    return NoiseFloor(
        values=np.linalg.eigvalsh((value + value.T) / 2)[::-1],
        norms=np.sort(np.max(np.abs(np.linalg.eigvalsh(symmetric)), axis=-1, initial=0.0)),
        symmetric=True,
        default_level=level,
    )


def gaussian_resamples(
    value: np.ndarray, stderr: np.ndarray | float, n_resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Resamples with independent normal errors, for many shots or known standard errors.

    Args:
        value: shape ``(K, P)``.
        stderr: standard error of each entry; zero is allowed.
        n_resamples: how many, ``B``.
        rng: source of randomness.

    Returns:
        Shape ``(B, K, P)``.

    >>> gaussian_resamples(np.zeros((2, 3)), 0.1, 5, np.random.default_rng(0)).shape
    (5, 2, 3)
    """
    return value + stderr * rng.standard_normal((n_resamples, *np.shape(value)))


def _errors(value, resamples, n_resamples) -> tuple[np.ndarray, np.ndarray]:
    value = np.asarray(value, dtype=float)
    drawn = np.asarray(resamples(n_resamples) if callable(resamples) else resamples, dtype=float)
    if value.ndim != 2 or drawn.ndim != 3 or drawn.shape[1:] != value.shape:
        raise ValueError(
            "A noise floor needs one matrix (K, P) and resamples (B, K, P), but got shapes "
            f"{value.shape} and {drawn.shape}. Put the resamples along the first axis."
        )
    if not (np.all(np.isfinite(value)) and np.all(np.isfinite(drawn))):
        raise ValueError("A noise floor needs finite numbers. Leave out rows that have none.")
    return value, drawn - value


def _spectral_norms(matrices: np.ndarray) -> np.ndarray:
    """Largest singular values, from the smaller of the two Gram matrices: shape ``(B,)``."""
    if matrices.shape[-2] > matrices.shape[-1]:
        matrices = matrices.swapaxes(-1, -2)
    gram = matrices @ matrices.swapaxes(-1, -2)
    return np.sqrt(np.max(np.linalg.eigvalsh(gram), axis=-1, initial=0.0))
