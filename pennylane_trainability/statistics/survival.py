r"""Taking a global depolarising channel out of measured means: a model, not a correction.

A circuit whose state survives with probability ``s`` and is replaced by the maximally mixed state
otherwise has ``⟨P⟩ → s ⟨P⟩`` for Pauli words, and ``K → s K + (1 − s)/2^n`` for the probability of
one outcome of ``n`` bits.
"""

from __future__ import annotations

import numpy as np

__all__ = ["survival_of_mirror", "undepolarised"]


def survival_of_mirror(probability: np.ndarray, n_wires: np.ndarray) -> np.ndarray:
    """Survival of a circuit followed by its inverse, from the probability of returning.

    ``s = (K − 2^-n)/(1 − 2^-n)``, at least ``10^-3`` so that one can divide by it.

    >>> survival_of_mirror(np.array(0.5 + 0.5 / 4), np.array(2)).item()
    0.5
    """
    floor = 2.0 ** -np.asarray(n_wires, float)
    return np.maximum((probability - floor) / (1 - floor), 1e-3)


def undepolarised(
    means: np.ndarray, survival: np.ndarray, n_wires: np.ndarray, is_overlap: np.ndarray
) -> np.ndarray:
    """Means without the channel.

    Args:
        means: of outcomes ±1, ``(..., M)``.
        survival: of the circuit of every mean, ``(..., M)``.
        n_wires: bits of the circuit of every mean, ``(M,)``.
        is_overlap: where the mean is ``2K − 1`` of a probability ``K``, ``(M,)``.

    >>> one = np.array([0.4]), np.array([0.5]), np.array([1])
    >>> undepolarised(*one, np.array([False])).item()
    0.8
    >>> undepolarised(*one, np.array([True])).item()  # K: 0.7 → (0.7 − 0.25)/0.5
    0.8
    """
    # 2K − 1 of the maximally mixed state
    centre = np.where(is_overlap, 2 * 2.0 ** -np.asarray(n_wires, float) - 1, 0.0)
    return (means - (1 - survival) * centre) / survival
