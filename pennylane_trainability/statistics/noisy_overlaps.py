r"""Overlaps of states as a noisy device shows them: unbiased moments, and the law of Haar states.

A circuit is run and undone, and all zeros are looked for. With a survival ``s`` and errors of
reading the probability of them is

.. math:: p = s\,\bigl(r F + \sum_{x \ne 0} c_x P_x\bigr) + (1 - s)\,e,

where ``c_x`` is the probability of reading zeros for ``x``, ``r = c_0`` and ``e`` their mean. For
Haar states the outcome probabilities ``P`` are uniform on the simplex: :math:`F = P_0` follows the
beta law of 1 and ``N − 1``, and the others are ``1 − F`` times a uniform vector of their own.
"""

from __future__ import annotations

import math

import numpy as np

from pennylane_trainability.statistics.fidelity_laws import bin_numbers

__all__ = ["noisy_counted_log_masses", "read_as_zeros", "unbiased_powers", "wrongly_zero"]

#: Nodes of every panel of the integral over the overlap, and panels per width of a binomial law.
_NODES, _FINE = 8, 1.2
#: Shots whose probabilities are computed together.
_TOGETHER = 256


def unbiased_powers(values: np.ndarray, counts: np.ndarray, order: int) -> np.ndarray:
    """Estimates of the powers of means whose own mean is the power exactly, ``(D, T)``.

    The ``t``-th is the mean over all sets of ``t`` different shots of the product of their values:
    elementary symmetric polynomials, from sums of powers by Newton's identities.

    Args:
        values: of every outcome, ``(u,)``.
        counts: how often each was seen, ``(D, u)``.
        order: highest power ``T``; every row has at least as many shots.

    >>> unbiased_powers(np.array([1.0, 0.0]), np.array([[3, 1]]), 2)  # 3·2/(4·3)
    array([[0.75, 0.5 ]])
    """
    shots = counts.sum(axis=1)
    sums = [counts @ values**k / shots for k in range(1, order + 1)]
    found = [np.ones(len(counts))]  # e_t / shots^t
    for t in range(1, order + 1):
        terms = [
            (-1) ** (i - 1) * found[t - i] * sums[i - 1] / shots ** (i - 1) for i in range(1, t + 1)
        ]
        found.append(np.sum(terms, axis=0) / t)
    scale = np.ones(len(counts))
    out = []
    for t in range(1, order + 1):
        scale = scale * shots / (shots - t + 1) * t
        out.append(found[t] * scale)
    return np.stack(out, axis=1)


def read_as_zeros(flips: np.ndarray) -> np.ndarray:
    """``c_x``: how often every outcome is read as all zeros, the leading wire first, ``(2^w,)``.

    Args:
        flips: ``P(1|0)`` and ``P(0|1)`` of every wire, ``(w, 2)``.

    >>> read_as_zeros(np.array([[0.1, 0.2]]))
    array([0.9, 0.2])
    """
    out = np.ones(1)
    for up, down in flips:
        out = np.kron(out, [1 - up, down])
    return out


def wrongly_zero(reading: np.ndarray, rng: np.random.Generator, count: int = 8) -> np.ndarray:
    """Quantiles of ``Σ c_x W_x`` over all ``x ≠ 0`` with ``W`` uniform on the simplex.

    Args:
        reading: ``c_x``, ``(N,)``.
        rng: draws the vectors.
        count: how many quantiles, of five hundred draws each.

    >>> wrongly_zero(np.array([1.0, 0.0, 0.0]), np.random.default_rng(0), 2)
    array([0., 0.])
    """
    rest = reading[1:]
    if np.ptp(rest) == 0:
        return np.full(count if rest[0] else 2, rest[0])
    step = max(1, 2**22 // len(rest))
    drawn: list[float] = []
    while len(drawn) < 500 * count:
        weights = rng.standard_exponential((min(step, 500 * count - len(drawn)), len(rest)))
        drawn += (weights @ rest / weights.sum(axis=1)).tolist()
    found = np.sort(drawn).reshape(count, -1).mean(axis=1)
    # mean and variance of the uniform law are known
    spread = math.sqrt(np.var(rest) / (len(rest) + 1))
    return rest.mean() + spread * (found - found.mean()) / found.std()


def noisy_counted_log_masses(
    dimension: int,
    shots: int,
    n_bins: int,
    survival: float,
    reading: tuple[float, np.ndarray, float] | None = None,
) -> np.ndarray:
    """The law of ``k/M`` for Haar states on a device with noise: logarithms of masses of the bins.

    Args:
        dimension: ``N``.
        shots: ``M`` of every pair.
        n_bins: number of bins; those without a possible ``k`` have no mass.
        survival: ``s`` of the circuit and its inverse.
        reading: ``r``, equally likely values of :func:`wrongly_zero`, and ``e``; ``None``: zeros
            are read without errors.

    >>> noisy_counted_log_masses(2, 3, 4, 1.0).round(9) - np.log(0.25).round(9) + 0.0
    array([0., 0., 0., 0.])
    """
    right, wrong, even = (1.0, np.zeros(1), 1 / dimension) if reading is None else reading
    overlaps, logs = _nodes(dimension, shots)
    out = np.full(n_bins, -math.inf)
    factorials = np.array([math.lgamma(k + 1) for k in range(shots + 1)])
    for other in np.unique(wrong):
        share = math.log(np.mean(wrong == other))
        p = survival * (right * overlaps + (1 - overlaps) * other) + (1 - survival) * even
        p = np.clip(p, 1e-300, 1 - 1e-16)
        # where the law of the overlaps falls, what is seen comes from smaller ones on average
        slope = survival * abs(right - other)
        drawn = (dimension - 2) / slope if slope > 1e-9 else math.inf
        for start in range(0, shots + 1, _TOGETHER):
            k = np.arange(start, min(start + _TOGETHER, shots + 1))
            near = _near(p, k[0] / (shots + drawn), k[-1] / shots, shots)
            terms = logs[near] + np.outer(k, np.log(p[near]))
            terms += np.outer(shots - k, np.log1p(-p[near]))
            top = terms.max(axis=1)
            whole = top + np.log(np.exp(terms - top[:, None]).sum(axis=1)) + share
            whole += factorials[shots] - factorials[k] - factorials[shots - k]
            np.logaddexp.at(out, bin_numbers(k / shots, n_bins), whole)
    return out


def _near(p: np.ndarray, low: float, high: float, shots: int) -> np.ndarray:
    """Which probabilities matter for frequencies between two ends, ``(nodes,)``.

    Nine standard deviations of shots, and sixty shots where these are few.
    """
    reach = [9 * math.sqrt(max(end * (1 - end), 0.0) / shots) + 60 / shots for end in (low, high)]
    found = (p >= low - reach[0]) & (p <= high + reach[1])
    return found if found.any() else np.ones(len(p), bool)


def _nodes(dimension: int, shots: int) -> tuple[np.ndarray, np.ndarray]:
    """Overlaps and logarithms of their weights under the beta law of 1 and ``N − 1``."""
    # the law is as narrow as 1/N, what shots show of it as narrow as 1/√M
    scales = 2.0 ** np.arange(-4, 1) / dimension
    geometric = np.concatenate(
        [scales, np.geomspace(1 / dimension, 1.0, 4 * dimension.bit_length())]
    )
    # in this angle binomial laws are equally wide
    angles = np.linspace(0, math.pi / 2, max(8, math.ceil(math.sqrt(shots) * _FINE)) + 1)
    even = np.sin(angles) ** 2
    edges = np.unique(np.concatenate([[0.0], geometric, even]))
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    low, half = edges[:-1, None], np.diff(edges)[:, None] / 2
    overlaps = (low + half * (1 + points)).ravel()
    logs = np.log((half * weights).ravel()) + math.log(dimension - 1)
    return overlaps, logs + (dimension - 2) * np.log1p(-overlaps)
