r"""What the Wishart model says of second derivatives, at random points and at the bottom.

For rotations ``exp(−i c_p θ_p P/2)`` with random elements of the group between them, every
commutator with a generator multiplies the variance by the same factor, ``f = Var ∂ℓ/Var ℓ`` for
``c = 1``, so that

.. math:: \mathrm{Var}\, H_{pp} = c_p^4 \sum_\alpha f_\alpha V_\alpha, \qquad
    \mathrm{Var}\, H_{pq} = c_p^2 c_q^2 \sum_\alpha f_\alpha^2 V_\alpha

over blocks of variance ``V_α``; means vanish. (A diagonal element is a derivative at an angle moved
by a quarter turn.) At the bottom of a Wishart landscape with ``k = βr`` real degrees of freedom the
Hessian is a sum of ``k`` squares of independent normal rows: its rank is at most ``k``, its mean
eigenvalue ``ō c²/2``, and its spectrum that of Marchenko and Pastur with ratio ``γ = p/k``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["HessianLaw", "at_bottom", "at_random"]


@dataclass(frozen=True, slots=True)
class HessianLaw:
    """Means over the spectrum of a Hessian, and how many eigenvalues are not zero.

    Attributes:
        mean: of an eigenvalue.
        mean_square: of its square.
        rank: eigenvalues that are not zero, at most.
        edge: upper end of the bulk; NaN where no law is known.
    """

    mean: float
    mean_square: float
    rank: float
    edge: float


def at_random(
    variances: Sequence[float], gradient_variances: Sequence[float], slopes: np.ndarray
) -> HessianLaw:
    """At random points of a deep circuit.

    Args:
        variances: of the parts of the loss, one for every block.
        gradient_variances: of a derivative, one for every block, for ``c = 1``.
        slopes: ``c_p`` of all parameters, 0 where one is dead.
    """
    squares = np.asarray(slopes, float) ** 2
    own = float(np.sum(gradient_variances))
    mixed = sum(g * g / v for v, g in zip(variances, gradient_variances, strict=True) if v)
    total = np.sum(squares**2) * own + (np.sum(squares) ** 2 - np.sum(squares**2)) * mixed
    alive = float(np.count_nonzero(squares))
    return HessianLaw(0.0, float(total) / len(squares), alive, float("nan"))


def at_bottom(mean_eigenvalue: float, freedom: float, slopes: np.ndarray) -> HessianLaw:
    """Where the loss has its lowest value.

    Args:
        mean_eigenvalue: ``ō`` of ``O − λ_min``.
        freedom: ``k = βr``.
        slopes: ``c_p`` of all parameters, 0 where one is dead.
    """
    squares = np.asarray(slopes, float) ** 2
    half, count = mean_eigenvalue / 2, len(squares)
    fourth, both = float(np.sum(squares**2)), float(np.sum(squares)) ** 2
    alive = float(np.count_nonzero(squares))
    scale = float(np.sum(squares)) / alive if alive else 0.0
    return HessianLaw(
        mean=half * float(np.sum(squares)) / count,
        mean_square=half**2 * (fourth * (1 + 1 / freedom) + both / freedom) / count,
        rank=min(alive, float(np.ceil(freedom - 1e-9))),
        edge=half * scale * (1 + np.sqrt(alive / freedom)) ** 2,
    )
