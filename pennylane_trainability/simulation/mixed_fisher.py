r"""The quantum Fisher information matrix of a mixed state, from its density matrix and derivatives.

The symmetric logarithmic derivatives ``L_i`` solve ``∂_i ρ = (L_i ρ + ρ L_i)/2``, and
``F_ij = ½ Tr ρ(L_i L_j + L_j L_i)``, in the eigenbasis ``ρ = Σ p_k |k⟩⟨k|``

``F_ij = 2 Σ_{p_k + p_l > 0} Re[⟨k|∂_i ρ|l⟩⟨l|∂_j ρ|k⟩] / (p_k + p_l)``

(Helstrom 1967; Braunstein and Caves 1994; Liu, Yuan, Lu and Wang, arXiv:1907.08037, theorem 2.1).
On pure states it is the Fubini–Study form; where the rank of ``ρ`` changes it is discontinuous.
"""

from __future__ import annotations

import numpy as np

__all__ = ["mixed_fisher_information"]

#: Sums of eigenvalues below this count as zero: the state has no weight there.
_KERNEL = 1e-10


def mixed_fisher_information(state: np.ndarray, derivatives: np.ndarray) -> np.ndarray:
    """``F`` of a family of density matrices.

    Args:
        state: ``ρ``, shape ``(..., N, N)``.
        derivatives: ``∂_p ρ``, shape ``(..., P, N, N)``.

    Returns:
        ``(..., P, P)``, symmetric; a Gram matrix, never below zero by more than rounding.
    """
    weights, vectors = np.linalg.eigh(state)
    sums = weights[..., :, None] + weights[..., None, :]
    inverse = np.divide(2.0, sums, out=np.zeros_like(sums), where=sums > _KERNEL)
    dagger = vectors.conj().swapaxes(-1, -2)
    inside = dagger[..., None, :, :] @ derivatives @ vectors[..., None, :, :]
    scaled = np.ascontiguousarray(inside * np.sqrt(inverse)[..., None, :, :])
    flat = scaled.reshape(*scaled.shape[:-2], -1).view(float)
    found = flat @ flat.swapaxes(-1, -2)
    return 0.5 * (found + found.swapaxes(-1, -2))
