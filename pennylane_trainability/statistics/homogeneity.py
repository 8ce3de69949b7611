"""Do rounds of the same measurements differ by more than chance? An exact permutation test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["homogeneity"]


def homogeneity(
    tables: Sequence[np.ndarray], n_resamples: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    r"""Pearson's statistic of all tables together, its mean without a difference, and a p-value.

    .. math:: T = \sum_{c, r, o} \frac{(n_{cro} - N_{cr} n_{co} / N_c)^2}{N_{cr} n_{co} / N_c}

    over circuits ``c``, rounds ``r`` and outcomes ``o``. If rounds do not differ, the shots of a
    circuit may be dealt anew to its rounds; the p-value counts how often that gives as much. It is
    exact with any number of shots: at most a share ``α`` of stable devices has ``p ≤ α``.

    Args:
        tables: counts of every circuit, ``(R, outcomes)`` each.
        n_resamples: how often shots are dealt anew.
        rng: source of randomness.

    >>> same = [np.array([[50, 50], [50, 50]])]
    >>> homogeneity(same, 99, np.random.default_rng(0))[2]
    1.0
    """
    statistic, dealt = 0.0, np.zeros(n_resamples)
    for table in tables:
        table = table[:, table.sum(axis=0) > 0].astype(np.int64)
        statistic += float(_pearson(table[None])[0])
        dealt += _pearson(_dealt(table, n_resamples, rng))
    # equal tables may differ by rounding
    as_large = int(np.sum(dealt >= statistic * (1 - 1e-9) - 1e-9))
    return statistic, float(dealt.mean()), (1 + as_large) / (1 + n_resamples)


def _pearson(tables: np.ndarray) -> np.ndarray:
    """``(B,)`` of tables ``(B, R, outcomes)``."""
    rounds, outcomes = tables.sum(axis=2, keepdims=True), tables.sum(axis=1, keepdims=True)
    expected = rounds * outcomes / tables.sum(axis=(1, 2), keepdims=True)
    return np.sum((tables - expected) ** 2 / expected, axis=(1, 2))


def _dealt(table: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Tables with the same margins, ``(B, R, outcomes)``: shots drawn without putting back."""
    left = np.broadcast_to(table.sum(axis=0), (count, table.shape[1])).copy()
    out = np.zeros((count, *table.shape), np.int64)
    for r, size in enumerate(table.sum(axis=1)[:-1]):
        need = np.full(count, size)
        rest = left.sum(axis=1)
        for o in range(table.shape[1]):
            rest = rest - left[:, o]
            drawn = rng.hypergeometric(left[:, o], rest, need)
            out[:, r, o], need = drawn, need - drawn
        left -= out[:, r]
    out[:, -1] = left
    return out
