r"""What of a variance needs no drawing: paths on which no rotation, or only one, takes its sine.

For a narrow law nearly all of ``E[ℓ²]`` and of ``(E ℓ)²`` is the path that keeps its word all the
way. Their difference is written down here, and only the other paths are drawn, so that nothing
cancels. The same is done for the derivative by ``φ_k`` with the path that takes the sine at ``k``
alone.
"""

from __future__ import annotations

import numpy as np

from pennylane_trainability.landscapes.cross_terms import Pairs, group_of, phases
from pennylane_trainability.landscapes.path_model import PathModel
from pennylane_trainability.landscapes.product_state import expectations

__all__ = ["gradient_terms", "loss_term", "mean_loss", "single_turns"]


def mean_loss(model: PathModel, signature: np.ndarray) -> float | None:
    """``E ℓ``; None where fixed rotations branch."""
    if model.fixed.any():
        return None
    damping = np.prod(np.where(signature, model.mean, 1.0), axis=1)
    values = expectations(model.bloch, *model.words)
    return model.constant + float(np.sum(model.coefficients * damping * values))


def loss_term(model: PathModel, pairs: Pairs) -> float:
    """The part of ``Var ℓ`` of paths without a sine."""
    return float(np.sum(pairs.weights * pairs.values * pairs.loss)) if model.narrow else 0.0


def gradient_terms(model: PathModel, pairs: Pairs, signature: np.ndarray) -> np.ndarray:
    """The part of ``Var ∂ℓ/∂φ_k`` of paths without a sine, and of those with one at ``k``, (m,)."""
    if not model.narrow:
        return np.zeros(len(model.mean))
    out = single_turns(model, pairs, signature)
    ratio = model.sine / model.cosine
    for words, rows in group_of(model, signature, pairs):
        # the derivative turns the cosine at k into a sine: E sin² instead of E cos²
        table = np.zeros((len(words), len(words)))
        a, b = (np.searchsorted(words, part[rows]) for part in (pairs.first, pairs.second))
        table[a, b] = pairs.weights[rows] * pairs.values[rows] * np.exp(pairs.kept[rows])
        s = signature[words].astype(float)
        out += ratio * np.einsum("ak,ak->k", s, table @ s)
    return out


def single_turns(model: PathModel, pairs: Pairs, signature: np.ndarray) -> np.ndarray:
    r"""Paths with one sine, at the rotation that is differentiated: ``(m,)``.

    ``E[cos²] ∏ E cos² φ_j − (E cos)² ∏ (E cos φ_j)²`` with the rotations ``j`` that act on the word
    before and, behind ``k``, on ``iP_kW``.
    """
    log_cosine, shrink = model.log_cosine(), model.log_shrink()
    rx, _ = model.rotations
    out = np.zeros(len(model.mean))
    for k in range(len(out)):
        both = signature[pairs.first, k] & signature[pairs.second, k]
        flipped = (model.words[0][pairs.first] ^ rx[k]) & model.is_basis
        rows = np.flatnonzero(both & ~flipped.any(axis=1))
        if not len(rows):
            continue
        change = _crossing(model, k)
        first, second = signature[pairs.first[rows]], signature[pairs.second[rows]]
        first[:, :k] ^= change[:k]
        second[:, :k] ^= change[:k]
        acting = (first & second).astype(float)
        kept = acting @ log_cosine
        factor = np.exp(kept) * -np.expm1(_along(acting, shrink))
        values = _turned_values(model, pairs, rows, k)
        out[k] = np.sum(pairs.weights[rows] * values * factor)
    return out


def _along(acting: np.ndarray, v: np.ndarray) -> np.ndarray:
    """``Σ_k v_k`` over the rotations that act; ``v`` may be minus infinity."""
    blocked = (acting @ np.isinf(v)) > 0
    return np.where(blocked, -np.inf, acting @ np.where(np.isinf(v), 0.0, v))


def _crossing(model: PathModel, k: int) -> np.ndarray:
    """Which rotations anticommute with rotation ``k``, ``(m,)``."""
    rx, rz = model.rotations
    return ((rx & rz[k]).sum(axis=1) + (rz & rx[k]).sum(axis=1)) & 1 == 1


def _turned_values(model: PathModel, pairs: Pairs, rows: np.ndarray, k: int) -> np.ndarray:
    """``Tr(ρ iP_kA) Tr(ρ iP_kB)``: ``iP_kA · iP_kB = AB`` fixes the sign."""
    (x, z), (px, pz) = model.words, (part[k] for part in model.rotations)
    a, b = pairs.first[rows], pairs.second[rows]
    first = x[a] ^ px, z[a] ^ pz
    product = x[a] ^ x[b], z[a] ^ z[b]
    power = phases((x[a], z[a]), (x[b], z[b])) + phases(first, product)
    value = expectations(model.bloch, *first)
    other = expectations(model.bloch, first[0] ^ product[0], first[1] ^ product[1])
    return value * other * (1 - (power & 2))
