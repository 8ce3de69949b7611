r"""Unbiased cumulants of a quantity over draws, also where every draw is known with noise only.

With ``R`` replicates ``x_1 … x_R`` of a draw, independent given the draw, products of ``k``
different replicates have the mean ``x^k``, whatever the noise; their average over all choices is
``u_k``. From products of *different* draws follow unbiased estimates of ``E[x^a] E[x^b] …``, and of
the cumulants. Without noise ``u_k = x^k`` and these are Fisher's k-statistics.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = [
    "cumulants",
    "cumulants_of_sums",
    "draw_powers",
    "features",
    "mean_square_of_sums",
]


def draw_powers(values: np.ndarray, exact: bool) -> np.ndarray:
    """``u_1 … u_4`` of every draw, ``(M, 4)``; powers that need more replicates are NaN.

    Args:
        values: ``(R, M)``.
        exact: whether the values carry no noise; then one replicate is enough.

    >>> draw_powers(np.array([[1.0], [2.0], [4.0], [8.0]]), exact=False).round(4).tolist()
    [[3.75, 11.6667, 30.0, 64.0]]
    """
    values = np.asarray(values, float)
    count = len(values)
    if exact:
        mean = values.mean(axis=0)
        return np.stack([mean**k for k in range(1, 5)], axis=1)
    sums = [np.sum(values**k, axis=0) for k in range(1, 5)]
    elementary = [np.ones(values.shape[1])]
    for k in range(1, 5):  # Newton's identities
        terms = [(-1) ** (j - 1) * elementary[k - j] * sums[j - 1] for j in range(1, k + 1)]
        elementary.append(sum(terms) / k)
    columns = [
        elementary[k] / math.comb(count, k) if k <= count else np.full(values.shape[1], np.nan)
        for k in range(1, 5)
    ]
    return np.stack(columns, axis=1)


def cumulants(powers: np.ndarray) -> np.ndarray:
    r"""Unbiased ``κ_1 … κ_4`` over the draws, ``(4,)``.

    Args:
        powers: ``u_1 … u_4`` of every draw, ``(M, 4)``; at least four draws.

    >>> x = np.array([0.0, 0.0, 0.0, 4.0])
    >>> cumulants(np.stack([x, x**2, x**3, x**4], axis=1)).round(12).tolist()
    [1.0, 4.0, 16.0, 64.0]
    """
    return cumulants_of_sums(features(powers).sum(axis=0), len(powers))


def features(powers: np.ndarray) -> np.ndarray:
    """What has to be summed over the draws for all cumulants, ``(M, 11)``."""
    a, b, c, d = np.asarray(powers, float).T
    return np.stack([a, b, c, d, a**2, a**3, a**4, a * b, b**2, a * c, a**2 * b], axis=1)


def cumulants_of_sums(sums: np.ndarray, n: int) -> np.ndarray:
    """The cumulants ``(…, 4)`` from sums of :func:`features` ``(…, 11)`` over ``n`` draws."""
    if n < 4:
        raise ValueError(f"Four cumulants need at least 4 draws; got {n}. Draw more.")
    a, b, c, d, aa, aaa, aaaa, ab, bb, ac, aab = np.moveaxis(sums, -1, 0)
    pairs, triples = n * (n - 1), n * (n - 1) * (n - 2)
    m11, m21, m22 = (a**2 - aa) / pairs, (a * b - ab) / pairs, (b**2 - bb) / pairs
    m31 = (a * c - ac) / pairs
    m111 = (a**3 - 3 * a * aa + 2 * aaa) / triples
    m211 = (b * a**2 - b * aa - 2 * a * ab + 2 * aab) / triples
    m1111 = a**4 - 6 * a**2 * aa + 3 * aa**2 + 8 * a * aaa - 6 * aaaa
    k3 = c / n - 3 * m21 + 2 * m111
    k4 = d / n - 4 * m31 - 3 * m22 + 12 * m211 - 6 * m1111 / (triples * (n - 3))
    return np.stack([a / n, b / n - m11, k3, k4], axis=-1)


def mean_square_of_sums(sums: np.ndarray, n: int) -> np.ndarray:
    """An unbiased estimate of ``(E x)²`` from sums of :func:`features`."""
    return (sums[..., 0] ** 2 - sums[..., 4]) / (n * (n - 1))
