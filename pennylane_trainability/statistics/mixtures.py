r"""How far off is a mean over several circuits, each with its share?

Shapes: ``counts`` holds one array per measurement basis, ``(..., C, m)``: how often each of ``m``
outcomes was seen in each of ``C`` circuits, zeros where a circuit was not run; ``values`` one array
``(M, m)`` per basis, what each outcome adds to each of ``M`` outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pennylane_trainability.statistics.counts import AGRESTI_COULL, smoothed_probabilities

__all__ = ["covariance_of_draws", "covariance_of_sums", "means_of_circuits"]

Arrays = Sequence[np.ndarray]


def means_of_circuits(counts: Arrays, values: Arrays) -> np.ndarray:
    """The outputs of every circuit, ``(..., C, M)``; NaN for a circuit that was not run.

    >>> means_of_circuits([np.array([[3, 1], [0, 0]])], [np.array([[1, -1]])])
    array([[0.5],
           [nan]])
    """
    return np.sum([_means(c, v) for c, v in zip(counts, values, strict=True)], axis=0)


def covariance_of_sums(shares: np.ndarray, counts: Arrays, values: Arrays) -> np.ndarray:
    r"""Covariances of :math:`\sum_c s_c \bar m_c` with given shares, ``(..., M, M)``.

    All circuits are independent: :math:`\sum_c s_c^2\,\mathrm{Cov}_c / n_c`, with outcome
    probabilities smoothed as in :func:`~.smoothed_probabilities`.

    Args:
        shares: ``(..., C)``.
        counts: see above.
        values: see above.

    >>> covariance_of_sums(np.array([0.5, 0.5]), [np.array([[1e6, 1e6]] * 2)],
    ...                    [np.array([[1, -1]])]).round(9)
    array([[2.5e-07]])
    """
    terms = []
    for seen, value in zip(counts, values, strict=True):
        weight = np.asarray(shares) ** 2 / np.maximum(np.sum(seen, axis=-1), 1)
        terms.append(np.einsum("...c,...cij->...ij", weight, _outcome_covariance(seen, value)))
    return np.sum(terms, axis=0)


def covariance_of_draws(counts: Arrays, values: Arrays) -> np.ndarray:
    r"""Covariances of the mean over all shots, a circuit drawn for every shot, ``(..., M, M)``.

    Each shot is an outcome of the mixture, so that within a basis the counts of all circuits
    together are multinomial: the draw and the outcomes are both in there. Bases have outcomes of
    their own but share the draw: between two of them remains the covariance of the means of the
    circuits.

    >>> all_up, all_down = [1e6, 0], [0, 1e6]  # no noise in either circuit, but in the draw
    >>> covariance_of_draws([np.array([all_up, all_down])], [np.array([[1, -1]])]).round(9)
    array([[5.e-07]])
    """
    shots = np.sum(counts[0], axis=(-2, -1))[..., None, None]
    between = _between(counts[0], np.nan_to_num(means_of_circuits(counts, values)))
    within = np.zeros_like(between)
    for seen, value in zip(counts, values, strict=True):
        within += _outcome_covariance(np.sum(seen, axis=-2), value)
        between = between - _between(seen, np.nan_to_num(_means(seen, value)))
    # smoothing shrinks what is within a basis by as much
    return within / shots + between / (shots + AGRESTI_COULL)


def _between(counts: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Covariance of the means of the circuits under the draw, ``(..., M, M)``."""
    drawn = np.sum(counts, axis=-1)
    weight = drawn / np.sum(drawn, axis=-1, keepdims=True)
    centre = np.einsum("...c,...ci->...i", weight, means)
    centred = means - centre[..., None, :]
    return np.einsum("...c,...ci,...cj->...ij", weight, centred, centred)


def _means(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    shots = np.sum(counts, axis=-1, keepdims=True)
    return np.where(shots > 0, counts @ values.T / np.maximum(shots, 1), np.nan)


def _outcome_covariance(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Covariances of the values of one outcome, ``(..., M, M)``."""
    p = smoothed_probabilities(np.where(np.sum(counts, axis=-1, keepdims=True) > 0, counts, 1))
    centred = values - (p @ values.T)[..., None]
    return np.einsum("...m,...im,...jm->...ij", p, centred, centred)
