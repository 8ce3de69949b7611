r"""A matrix of covariances from measured means: ``F_uv = C_uv − m_u m_v``, and its errors.

The means ``μ`` come from independent circuits, several from the shots of one circuit. Correlators
``C`` are linear in them; first moments ``m`` are some of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Quadratic", "draw_means", "moments"]

#: Imagined shots that keep outcomes never seen from passing for impossible (Agresti and Coull).
_IMAGINED = 4.0


def moments(values: np.ndarray, counts: np.ndarray, imagined: float = _IMAGINED):
    """Means of the observables of one circuit and the covariance of these means.

    For the covariance ``imagined`` shots are added that are spread evenly over all outcomes (for
    observables ±1 with distinct parities: mean 0, covariance 1), so that shots that all agree do
    not pass for certainty.

    Args:
        values: value ±1 of every observable in every outcome that was seen, ``(W, u)``.
        counts: how often each was seen, ``(u,)``.
        imagined: number of imagined shots.

    Returns:
        ``(W,)`` and ``(W, W)``.

    >>> mean, covariance = moments(np.array([[1, -1]]), np.array([75, 25]))
    >>> mean, covariance.round(5)
    (array([0.5]), array([[0.00769]]))
    """
    values = np.asarray(values, float)
    total = float(np.sum(counts))
    mean = values @ counts / total
    second = (values * counts) @ values.T + imagined * np.eye(len(values))
    smooth = mean * total / (total + imagined)
    return mean, (second / (total + imagined) - np.outer(smooth, smooth)) / total


def draw_means(
    covariances: Sequence[np.ndarray], n_resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Errors the means of all circuits might have, normal, ``(B, M)``."""
    parts = []
    for covariance in covariances:
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        parts.append(rng.standard_normal((n_resamples, len(values))) @ root.T)
    return np.concatenate(parts, axis=1) if parts else np.zeros((n_resamples, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Quadratic:
    """How ``F = C − m mᵀ`` on ``V`` nodes follows from ``M`` means.

    Attributes:
        constant: what needs no measurement, ``(V, V)``.
        rows: node ``u`` of every correlator.
        columns: its node ``v``; each pair is listed once and filled in symmetrically.
        sources: which mean it is read from.
        factors: what that mean is multiplied by.
        means: for every node the mean that is its first moment, or −1 where that is zero.
        mean_factors: what that mean is multiplied by, ``(V,)``.
        products: where ``− m_u m_v`` belongs to the entry, ``(V, V)``.
        joint: circuit from whose shots all of an entry is read, or −1; such entries are multiplied
            by ``n/(n − 1)``, which makes a sample covariance unbiased.
    """

    constant: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    sources: np.ndarray
    factors: np.ndarray
    means: np.ndarray
    mean_factors: np.ndarray
    products: np.ndarray
    joint: np.ndarray

    @property
    def size(self) -> int:
        """Number of nodes ``V``."""
        return len(self.constant)

    def first_moments(self, mu: np.ndarray) -> np.ndarray:
        """``m``, shape ``(..., V)``."""
        if not mu.shape[-1]:
            return np.zeros((*mu.shape[:-1], self.size))
        taken = mu[..., np.maximum(self.means, 0)] * self.mean_factors
        return np.where(self.means >= 0, taken, 0.0)

    def matrix(self, mu: np.ndarray, shots: np.ndarray | None = None) -> np.ndarray:
        """``F`` from means ``(..., M)``, shape ``(..., V, V)``.

        Args:
            mu: the means.
            shots: shots of every circuit, ``(C,)``; ``None`` for exact means.
        """
        half = np.zeros((*mu.shape[:-1], self.size, self.size))
        if len(self.sources):
            place = np.ravel_multi_index((self.rows, self.columns), self.constant.shape)
            # sums over runs of equal places: many times faster than np.add.at
            order = np.argsort(place, kind="stable")
            target, starts = np.unique(place[order], return_index=True)
            terms = (mu[..., self.sources] * self.factors)[..., order]
            flat = half.reshape(*mu.shape[:-1], -1)
            at: Any = (..., target)  # NumPy's stubs leave the ellipsis out
            flat[at] = np.add.reduceat(terms, starts, axis=-1)
        off = np.swapaxes(half, -1, -2) * (1 - np.eye(self.size))
        m = self.first_moments(mu)
        out = self.constant + half + off - self.products * (m[..., :, None] * m[..., None, :])
        return out if shots is None else out * self.correction(shots)

    def correction(self, shots: np.ndarray) -> np.ndarray:
        """``n/(n − 1)`` where an entry is a sample covariance, else 1."""
        own = np.asarray(shots, float)[np.maximum(self.joint, 0)] if len(shots) else 2.0
        return np.where(self.joint >= 0, own / np.maximum(own - 1, 1), 1.0)

    def derivatives(
        self, mu: np.ndarray, sources: range, loading: np.ndarray, rows=None
    ) -> np.ndarray:
        """``∂(L F Lᵀ)/∂μ`` for the means of one circuit, ``(W, P, P)``.

        Args:
            mu: the means, ``(M,)``.
            sources: the means of the circuit, ``W`` of them.
            loading: ``L``, ``(P, V)``.
            rows: parameters that are asked for; ``None`` for all.
        """
        loading = loading if rows is None else loading[rows]
        m = self.first_moments(mu)
        out = np.zeros((len(sources), len(loading), len(loading)))
        for e in np.flatnonzero((self.sources >= sources.start) & (self.sources < sources.stop)):
            u, v = self.rows[e], self.columns[e]
            outer = self.factors[e] * np.outer(loading[:, u], loading[:, v])
            out[self.sources[e] - sources.start] += outer if u == v else outer + outer.T
        for v in np.flatnonzero((self.means >= sources.start) & (self.means < sources.stop)):
            row = loading @ (self.products[v] * m)
            outer = self.mean_factors[v] * np.outer(loading[:, v], row)
            out[self.means[v] - sources.start] -= outer + outer.T
        return out
