r"""How should shots be spread over circuits, so that noise moves the eigenvalues least?

With ``n_c`` shots in circuit ``c`` the error ``E`` of a matrix has ``⟨E²⟩ = Σ_c M_c / n_c``. Its
largest eigenvalue bounds how far any eigenvalue is moved; the allocation that minimises it at a
given total puts ``n_c ∝ √tr(ρ M_c)`` shots where ``ρ`` sits on the directions that are worst
(Neyman's rule, applied to a soft maximum and iterated).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["spread_shots", "worst_direction"]

_POWER = 8
_ITERATIONS = 40
#: The soft maximum turns with the shots: ``ρ ∝ (m/n)^8`` where circuits move different directions,
#: so ``√(ρm)`` falls with the fourth power of ``n``, and steps above 2/5 would overshoot for ever.
_STEP = 0.2
#: No circuit gets less than this share of an even allocation.
_LEAST = 0.25


def worst_direction(moments: Sequence[np.ndarray], shots: np.ndarray) -> np.ndarray:
    """``ρ`` of a soft maximum over the eigenvalues of ``Σ M_c / n_c``, ``(P, P)``, trace one."""
    total = sum(m / n for m, n in zip(moments, shots, strict=True))
    values, vectors = np.linalg.eigh(total)
    weights = (np.maximum(values, 0.0) / max(values[-1], 1e-300)) ** _POWER
    return (vectors * (weights / max(weights.sum(), 1e-300))) @ vectors.T


def spread_shots(moments: Sequence[np.ndarray], total: int) -> np.ndarray:
    """Shots per circuit, positive integers that add up to at most ``total``, if it suffices.

    Args:
        moments: ``M_c``, the mean square of the error one shot of a circuit makes, ``(P, P)`` each.
        total: shots to be spent.

    Returns:
        ``(C,)``; values of a coarse grid, so that few different numbers of shots occur.

    >>> even = spread_shots([np.eye(2), np.eye(2)], 200)
    >>> uneven = spread_shots([np.eye(2), 9 * np.eye(2)], 200)
    >>> even.tolist(), uneven.tolist()
    ([100, 100], [50, 141])
    """
    count = len(moments)
    shots = np.full(count, total / count)
    for _ in range(_ITERATIONS):
        rho = worst_direction(moments, shots)
        pull = np.sqrt(np.maximum([np.sum(rho * m) for m in moments], 0.0))
        wanted = total * pull / max(pull.sum(), 1e-300)
        shots = shots ** (1 - _STEP) * np.maximum(wanted, _LEAST * total / count) ** _STEP
        shots *= total / shots.sum()
    return _on_grid(shots, total)


def _on_grid(shots: np.ndarray, total: int) -> np.ndarray:
    """Even shots times powers of ``√2``, not more in all than the total."""
    even = total / len(shots)
    power = np.round(2 * np.log2(shots / even))
    while True:
        found = np.maximum(np.floor(even * 2 ** (power / 2)).astype(int), 1)
        if found.sum() <= max(total, len(shots)):
            return found
        # take from the circuit that was rounded up most
        power[np.argmax(2 ** (power / 2) * even / shots)] -= 1
