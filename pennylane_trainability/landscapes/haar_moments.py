r"""Exact moments of losses and derivatives under random elements of SO(N), SU(N) and Sp(N).

A block of a Jordan algebra holds the Hermitian ``N × N`` matrices over the real numbers
(``β = 1``), the complex ones (2) or the quaternions (4); the group acts on it by conjugation.
Traces and norms here are those of complex matrices, of size ``d = N``, or ``d = 2N`` for
quaternions. For traceless parts ``O_0``, ``ρ_0`` in the block and ``D = (N − 1)(1 + βN/2)``
dimensions of its traceless part,

.. math:: \mathrm{Cov}(\ell(\rho), \ell(\rho')) = \|O_0\|^2 \langle \rho_0, \rho'_0 \rangle / D.

For a derivative between two independent random elements, ``e^{-iθA}`` in the middle, the mean of
``‖[A, O]‖²`` over the group is ``‖A‖² ‖O_0‖² C / \dim g`` with the Casimir eigenvalue ``C`` of the
algebra on the traceless block (``N``, ``2N``, ``2N``), which gives

.. math:: \mathrm{Var}\, \partial\ell = \|\rho_0\|^2 \|O_0\|^2 \|A\|^2\, C / (D \dim g).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

__all__ = [
    "algebra_dimension",
    "covariance",
    "gradient_variance",
    "pure_moments",
    "traceless_dimension",
]


def traceless_dimension(size: int, beta: int) -> int:
    """``D = (N − 1)(1 + βN/2)``: real dimension of the traceless part of a block.

    >>> [traceless_dimension(4, beta) for beta in (1, 2, 4)]
    [9, 15, 27]
    """
    return (size - 1) * (2 + beta * size) // 2


def algebra_dimension(size: int, beta: int) -> int:
    """Dimension of ``so(N)``, ``su(N)`` or ``sp(N)``.

    >>> [algebra_dimension(4, beta) for beta in (1, 2, 4)]
    [6, 15, 36]
    """
    return {1: size * (size - 1) // 2, 2: size**2 - 1, 4: size * (2 * size + 1)}[beta]


def covariance(norm: float, overlap: float, size: int, beta: int) -> float:
    """``‖O_0‖² ⟨ρ_0, ρ'_0⟩ / D``; the variance of the loss for equal states.

    Args:
        norm: ``‖O_0‖²``.
        overlap: ``Tr(ρ_0 ρ'_0)`` of the traceless parts.
        size: ``N``.
        beta: 1, 2 or 4.
    """
    dimension = traceless_dimension(size, beta)
    return norm * overlap / dimension if dimension else 0.0


def gradient_variance(norm: float, purity: float, generator: float, size: int, beta: int) -> float:
    """``Var ∂ℓ`` between two independent random elements of the group.

    Args:
        norm: ``‖O_0‖²``.
        purity: ``‖ρ_0‖²``.
        generator: ``‖A‖²`` of the gate ``e^{-iθA}``, ``A`` in the algebra.
        size: ``N``.
        beta: 1, 2 or 4.

    >>> d = 4  # a Pauli rotation, a Pauli word and a pure state: d²/(2 (d − 1)(d + 1)²)
    >>> round(gradient_variance(d, 1 - 1 / d, d / 4, d, 2) * 75 / 8, 12)
    1.0
    """
    dimension, algebra = traceless_dimension(size, beta), algebra_dimension(size, beta)
    if not dimension or not algebra:
        return 0.0
    casimir = size if beta == 1 else 2 * size
    return purity * norm * generator * casimir / (dimension * algebra)


def pure_moments(
    power_sums: Sequence[float], size: int, beta: int
) -> tuple[float, float, float, float]:
    r"""Mean, variance, skewness and excess kurtosis of ``ψ†Oψ`` for a uniform ``ψ ∈ F^N``.

    The squares of the entries of ``ψ`` have a Dirichlet law with parameters ``β/2``, so that

    .. math:: E\,\ell^k = \frac{k!\, h_k}{(\beta N/2)_k}, \qquad
        \sum_k h_k t^k = \prod_i (1 - o_i t)^{-\beta/2}.

    For ``β = 2`` the ``h_k`` are the complete homogeneous symmetric polynomials.

    Args:
        power_sums: ``Σ_i o_i^k`` for ``k = 1 … 4`` over the ``N`` eigenvalues (every eigenvalue of
            a quaternionic matrix once), best of ``O`` minus its mean eigenvalue.
        size: ``N``.
        beta: 1, 2 or 4.

    Returns:
        Skewness and kurtosis are NaN if nothing varies.

    >>> mean, variance, skewness, kurtosis = pure_moments([1.0, 1.0, 1.0, 1.0], 2, 2)  # uniform
    >>> round(mean, 12), round(12 * variance, 12), round(kurtosis, 12)
    (0.5, 1.0, -1.2)
    """
    h = [1.0]
    for k in range(1, 5):
        h.append(beta / 2 * sum(power_sums[j - 1] * h[k - j] for j in range(1, k + 1)) / k)
    raw, rising = [], 1.0
    for k in range(1, 5):
        rising *= beta * size / 2 + k - 1
        raw.append(math.factorial(k) * h[k] / rising)
    m, second, third, fourth = raw
    variance = second - m**2
    if variance <= 1e-14 * max(second, 1e-300):
        return m, 0.0, math.nan, math.nan
    k3 = third - 3 * m * second + 2 * m**3
    k4 = fourth - 4 * m * third - 3 * second**2 + 12 * m**2 * second - 6 * m**4
    return m, variance, k3 / variance**1.5, k4 / float(np.square(variance))
