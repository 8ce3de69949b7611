"""Ratios of medians, their bootstrap written out."""

import numpy as np
import pytest

from pennylane_trainability.statistics.ratio import ratio_of_medians


def test_the_interval_is_that_of_logarithms_of_resampled_medians():
    """Both samples are drawn on their own, the upper one first; its ends by quantiles."""
    rng = np.random.default_rng(5)
    above, below = 3 * rng.exponential(size=30), rng.exponential(size=21)
    found = ratio_of_medians(
        above, below, rng=np.random.default_rng(6), n_resamples=400, level=0.8, law="draws"
    )
    again = np.random.default_rng(6)
    upper = np.median(above[again.integers(30, size=(400, 30))], axis=1)
    lower = np.median(below[again.integers(21, size=(400, 21))], axis=1)
    assert found.value == pytest.approx(np.median(above) / np.median(below))
    assert found.stderr == pytest.approx(found.value * np.log(upper / lower).std(ddof=1))
    ends = np.exp(np.quantile(np.log(upper / lower), [0.1, 0.9]))
    assert (found.low, found.high) == pytest.approx(tuple(ends))
    assert (found.level, found.law) == (0.8, "draws")


def test_a_median_of_zero_has_no_interval():
    found = ratio_of_medians(np.ones(5), np.zeros(5), rng=np.random.default_rng(0))
    assert found.value == np.inf and np.isnan(found.low)


def test_too_few_draws_are_refused():
    with pytest.raises(ValueError, match="at least two draws"):
        ratio_of_medians(np.ones(1), np.ones(5), rng=np.random.default_rng(0))
