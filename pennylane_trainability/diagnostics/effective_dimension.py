"""How many dimensions does a model have for a finite number of data?"""

from __future__ import annotations

import numpy as np

__all__ = ["effective_dimension", "resolution"]


def resolution(n_data: float, gamma: float = 1.0) -> float:
    r"""``κ = γ n / (2π log n)``: what ``n`` data resolve, in units of the mean Fisher information.

    Args:
        n_data: number of data.
        gamma: in ``(0, 1]``.

    Raises:
        ValueError: ``κ ≤ 1``, where the effective dimension is not defined, or ``γ`` is out of
            range.

    >>> round(resolution(1000), 2)
    23.04
    """
    if not 0 < gamma <= 1:
        raise ValueError(f"gamma needs a number above 0 and up to 1; got {gamma!r}.")
    count = float(n_data)
    kappa = gamma * count / (2 * np.pi * np.log(count)) if count > np.e else 0.0
    if not (np.isfinite(kappa) and kappa > 1):
        raise ValueError(
            "The effective dimension needs γ n / (2π log n) above 1, for γ = 1 at least 19 data; "
            f"got n_data={n_data!r}, gamma={gamma!r}. Pass a larger n_data."
        )
    return float(kappa)


def effective_dimension(eigenvalues: np.ndarray, kappa: float, axis: int = 0) -> np.ndarray:
    r"""Abbas et al., Nature Computational Science 1, 403 (2021), arXiv:2011.00027, eqs. (2), (3).

    .. math::

        d = \frac{2}{\log\kappa} \log \Bigl\langle \sqrt{\det(1 + \kappa \hat F)} \Bigr\rangle,
        \qquad \hat F = \frac{P}{\langle\mathrm{tr} F\rangle} F,

    with means over parameter draws. The more evenly the spectrum is spread, the larger; at most
    ``P log(1 + κ) / log κ``. For ``κ → ∞`` it is the largest rank; for few data it can be larger,
    because the trace is ``P`` by normalisation, however small the rank.

    Args:
        eigenvalues: of ``F`` at each draw, the last axis; what is below zero counts as zero.
        kappa: see :func:`resolution`.
        axis: the axis of the draws.

    Returns:
        The effective dimension; the axes of draws and eigenvalues are gone.

    >>> round(float(effective_dimension(np.ones((5, 3)), 1e12)), 6)
    3.0
    """
    values = np.maximum(eigenvalues, 0.0)
    trace = np.mean(np.sum(values, axis=-1, keepdims=True), axis=axis, keepdims=True)
    share = np.divide(values, trace, out=np.zeros_like(values), where=trace > 0)
    volume = 0.5 * np.sum(np.log1p(kappa * values.shape[-1] * share), axis=-1)
    top = np.max(volume, axis=axis, keepdims=True)
    mean = np.mean(np.exp(volume - top), axis=axis)
    return 2 * (np.squeeze(top, axis=axis) + np.log(mean)) / np.log(kappa)
