"""The permutation test of rounds: Pearson's statistic, its exact mean, and its exact law."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy import stats

from pennylane_trainability.statistics.homogeneity import homogeneity


def test_the_statistic_is_the_sum_of_those_of_the_circuits(rng):
    tables = [rng.integers(5, 60, (3, 4)), rng.integers(5, 60, (3, 2))]
    found = homogeneity(tables, 10, rng)[0]
    expected = sum(stats.chi2_contingency(t, correction=False).statistic for t in tables)
    assert found == pytest.approx(expected, rel=1e-12)
    # an outcome that was never seen says nothing
    wider = [np.insert(t, 1, 0, axis=1) for t in tables]
    assert homogeneity(wider, 10, rng)[0] == pytest.approx(expected, rel=1e-12)


def test_the_mean_of_dealt_tables_is_exact(rng):
    """With all margins fixed the mean is (R − 1)(O − 1) N/(N − 1)."""
    table = np.array([[4, 2, 1], [1, 5, 2], [3, 3, 3], [0, 1, 6]])
    _, mean, _ = homogeneity([table], 40_000, np.random.default_rng(0))
    n = table.sum()
    assert mean == pytest.approx(3 * 2 * n / (n - 1), rel=0.02)  # error about 0.25 %


def test_the_p_value_is_that_of_all_ways_to_deal():
    """Two rounds, two outcomes: the law of one entry is hypergeometric."""
    table = np.array([[7, 3], [2, 8]])
    rows, columns, n = table.sum(1), table.sum(0), table.sum()
    share = {
        k: comb(columns[0], k) * comb(columns[1], rows[0] - k) / comb(n, rows[0])
        for k in range(columns[0] + 1)
    }
    as_large = sum(p for k, p in share.items() if abs(k - 4.5) >= 2.5)
    found = homogeneity([table], 20_000, np.random.default_rng(1))[2]
    assert found == pytest.approx(as_large, abs=5 * np.sqrt(as_large / 20_000))


def test_few_shots_do_not_raise_false_alarms():
    """Tables of four shots, all that can be dealt: at most a share α has p ≤ α."""
    alarms = []
    for outcomes in product([0, 1], repeat=4):  # fair coins, two rounds of two shots
        first, second = outcomes[:2], outcomes[2:]
        table = np.array([[sum(first), 2 - sum(first)], [sum(second), 2 - sum(second)]])
        alarms.append(homogeneity([table], 999, np.random.default_rng(2))[2])
    for level in (0.05, 0.2, 0.4):
        assert np.mean(np.array(alarms) <= level) <= level + 0.02
