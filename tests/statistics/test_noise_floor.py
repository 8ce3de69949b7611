"""Noise floors: never above the true rank more often than the level allows."""

import numpy as np
import pytest

from pennylane_trainability.statistics import (
    covariances,
    eigenvalue_floor,
    gaussian_resamples,
    means,
    resample_counts,
    resample_means,
    resample_signs,
    singular_value_floor,
)

SIGNS = np.array([[1, -1]])


def at_most(wrong, repeats, level=0.95):
    """Whether a rate is compatible with at most 1 − level: three standard errors of a binomial."""
    return wrong / repeats <= 1 - level + 3 * np.sqrt(level * (1 - level) / repeats)


# -- definitions -----------------------------------------------------------------------------------


def test_floor_is_an_order_statistic_of_the_spectral_norms():
    scales = np.arange(1, 100)  # errors s·E with ‖E‖ = 2
    error = np.array([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    value = np.ones((3, 2))
    floor = singular_value_floor(value, value + scales[:, None, None] * error)
    # B + 1 = 100 and α = 0.8·(1 − level)
    assert floor.floor(0.95) == pytest.approx(2 * 96, rel=1e-12)
    assert floor.floor(0.5) == pytest.approx(2 * 60, rel=1e-12)


def test_bounds_are_weyls():
    value = np.diag([10.0, 3.0, 0.5])
    resamples = value + np.ones((199, 1, 1)) * np.diag([1.0, 0.0, 0.0])
    floor = singular_value_floor(value, resamples)
    low, high = floor.bounds()
    np.testing.assert_allclose(low, [9, 2, 0], rtol=1e-12)
    np.testing.assert_allclose(high, [11, 4, 1.5], rtol=1e-12)
    assert floor.rank() == 2
    assert str(floor.rank_estimate()) == "≥ 2 at 95 %"
    assert "each ≤ 1.5" in str(floor)


def test_without_noise_the_floor_is_zero_and_the_rank_exact():
    value = np.diag([1.0, 1e-12, 0.0])
    assert singular_value_floor(value, np.broadcast_to(value, (99, 3, 3))).rank() == 2


def test_shots_factor_makes_the_floor_half_the_size():
    rng = np.random.default_rng(0)
    value = np.zeros((3, 4))
    floor = singular_value_floor(value, gaussian_resamples(value, 0.1, 499, rng))
    factor = floor.shots_factor(0.05)
    rng = np.random.default_rng(0)
    fewer = singular_value_floor(value, gaussian_resamples(value, 0.1 / factor**0.5, 499, rng))
    assert fewer.floor() == pytest.approx(0.025, rel=1e-12)
    assert fewer.shots_factor(0.05) == pytest.approx(1, rel=1e-12)


def test_eigenvalues_keep_their_sign_and_ignore_the_antisymmetric_part():
    value = np.array([[1.0, 5.0], [-5.0, -2.0]])
    floor = eigenvalue_floor(value, value + 0.5 * np.eye(2) * np.ones((99, 1, 1)))
    np.testing.assert_allclose(floor.values, [1, -2])
    assert floor.rank() == 1
    assert floor.negative() == 1
    np.testing.assert_allclose(floor.bounds()[0], [0.5, -2.5])


def test_resamples_may_be_a_function_and_single_circuits_may_be_exact():
    rng = np.random.default_rng(1)
    stderr = np.array([[0.0, 0.1], [0.0, 0.0]])
    value = np.array([[1.0, 0.0], [0.0, 0.0]])
    floor = singular_value_floor(value, lambda n: gaussian_resamples(value, stderr, n, rng))
    assert len(floor.norms) == 999
    assert floor.floor() == pytest.approx(0.1 * 2.0537, rel=0.1)  # two-sided 96 % of a normal


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        pytest.param(
            lambda: singular_value_floor(np.ones((2, 2)), np.ones((9, 2, 3))),
            "Put the resamples along the first axis",
            id="shape",
        ),
        pytest.param(
            lambda: singular_value_floor(np.ones((2, 2)), np.ones((23, 2, 2))).rank(),
            "24 resamples, but there are 23. Draw more",
            id="too few",
        ),
        pytest.param(
            lambda: eigenvalue_floor(np.ones((2, 3)), np.ones((99, 2, 3))),
            "Use singular_value_floor",
            id="not square",
        ),
        pytest.param(
            lambda: singular_value_floor(np.full((1, 1), np.nan), np.ones((99, 1, 1))),
            "Leave out rows",
            id="nan",
        ),
        pytest.param(
            lambda: singular_value_floor(np.ones((1, 1)), np.ones((99, 1, 1))).shots_factor(0),
            "Pass the smallest size that matters",
            id="zero size",
        ),
    ],
)
def test_errors_say_what_to_do(call, remedy):
    with pytest.raises(ValueError, match=remedy):
        call()


# -- how often the bound is wrong ------------------------------------------------------------------


@pytest.mark.parametrize("rank", [0, 1, 2])
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (6, 4)])
def test_gaussian_noise_with_unequal_and_zero_variances(shape, rank):
    rank = min(rank, *shape)
    rng = np.random.default_rng([17, *shape, rank])
    truth = 10 * rng.normal(size=(shape[0], rank)) @ rng.normal(size=(rank, shape[1]))
    stderr = rng.exponential(size=shape) * (rng.random(shape) < 0.8)
    stderr[0, 0] = 1.0
    repeats, wrong = 400, 0
    for _ in range(repeats):
        value = truth + stderr * rng.normal(size=shape)
        resamples = gaussian_resamples(value, stderr, 99, rng)
        wrong += singular_value_floor(value, resamples).rank() > rank
    assert at_most(wrong, repeats)


def shifted(mean, shots, rng):
    """Central difference of two measured means; its truth is zero."""
    plus, minus = 2 * rng.binomial(shots, (1 + mean) / 2, size=(2, *mean.shape)) / shots - 1
    return plus, minus


@pytest.mark.parametrize("shots", [5, 50])
@pytest.mark.parametrize("mean", [0.0, 0.5, 0.97, "mixed"])
def test_binomial_noise_at_true_rank_zero(mean, shots):
    rng = np.random.default_rng([23, shots])
    shape = (3, 4)
    grid = np.array([0.0, 0.5, 0.9, 1.0])
    mean = np.broadcast_to(grid if mean == "mixed" else mean, shape)
    repeats, wrong = 400, 0
    for _ in range(repeats):
        seen = np.stack(shifted(mean, shots, rng))
        drawn = resample_signs(seen, shots, 99, rng)
        value, resamples = (seen[0] - seen[1]) / 2, (drawn[:, 0] - drawn[:, 1]) / 2
        wrong += singular_value_floor(value, resamples).rank() > 0
    assert at_most(wrong, repeats)


def test_outcomes_that_all_agree_do_not_pass_for_certainty():
    """Two means of 0.98 and ten shots: mostly no spread at all in the counts."""
    rng = np.random.default_rng(29)
    repeats, wrong, silent = 400, 0, 0
    for _ in range(repeats):
        plus = rng.binomial(10, 0.99, size=2)
        counts = np.stack([plus, 10 - plus], axis=-1)
        drawn = np.diff(resample_means(counts, SIGNS, 99, rng), axis=1) / 2
        floor = singular_value_floor(np.diff(means(counts, SIGNS), axis=0) / 2, drawn)
        wrong += floor.rank() > 0
        silent += floor.floor() == 0
    assert silent == 0
    assert at_most(wrong, repeats)


@pytest.mark.slow
@pytest.mark.parametrize("shots", [20, 200])
def test_multinomial_gram_matrix_of_rank_one(shots):
    """Covariances of observables that agree in every shot: not linear in the counts."""
    rng = np.random.default_rng([31, shots])
    values = np.array([[1, 1, -1, -1], [1, 1, -1, -1], [1, -1, 1, -1]])
    p = np.array([0.35, 0.0, 0.0, 0.65])  # the outcomes in which they differ never occur

    def matrix(counts):
        shots = counts.sum(axis=-1)[..., None, None]
        return covariances(counts, values) * shots

    repeats, wrong = 400, 0
    for _ in range(repeats):
        counts = rng.multinomial(shots, p)
        floor = eigenvalue_floor(matrix(counts), matrix(resample_counts(counts, 99, rng)))
        wrong += floor.rank() > 1
    assert at_most(wrong, repeats)


@pytest.mark.slow
def test_a_clear_value_is_found_and_the_promised_shots_find_a_small_one():
    rng = np.random.default_rng(37)
    truth = np.diag([1.0, 0.1, 0.0])
    stderr = 0.1
    first = singular_value_floor(truth, gaussian_resamples(truth, stderr, 499, rng))
    assert first.rank() == 1
    enough = stderr / np.sqrt(first.shots_factor(0.1))
    found, repeats = 0, 200
    for _ in range(repeats):
        value = truth + enough * rng.normal(size=(3, 3))
        found += singular_value_floor(value, gaussian_resamples(value, enough, 99, rng)).rank() >= 2
    assert found / repeats >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / repeats)


def test_errors_of_eigenvalues_are_the_largest_in_size():
    """An error of −0.5 moves eigenvalues as far as one of +0.5; only the symmetric part counts."""
    value = np.diag([1.0, 0.2])
    errors = np.array([np.diag([0.1, -0.5]), np.diag([0.3, 0.0]), [[0.0, 0.8], [-0.2, 0.0]]])
    found = eigenvalue_floor(value, value + errors)
    np.testing.assert_allclose(found.norms, [0.3, 0.3, 0.5], atol=1e-15)


def test_what_is_shown_of_a_floor():
    """Norms 0.1 to 9.9; at 60 % α = 0.32, and the 68th of a hundred."""
    errors = np.arange(1, 100)[:, None, None] / 10 * np.diag([1.0, 0, 0])
    value = np.diag([20.0, 3.0, 0.5])
    floor = singular_value_floor(value, value + errors, level=0.6)
    assert floor.floor() == pytest.approx(6.8)
    assert floor.shots_factor(3.4) == pytest.approx(16)
    rows = dict(floor.rows())
    assert rows["noise floor"] == "6.8" and rows["the rest"] == "each ≤ 9.8"
    assert list(rows["singular values"]) == pytest.approx([20, 3, 0.5])
    assert str(rows["rank"]) == "≥ 1 at 60 %"
    low, high = floor.bounds()
    assert low == pytest.approx([13.2, 0, 0]) and high == pytest.approx([26.8, 9.8, 7.3])
    with pytest.raises(ValueError, match="needs a level between 0 and 1 and 124 resamples"):
        floor.floor(0.99)


def test_eigenvalues_are_those_of_the_symmetric_part():
    value = np.array([[1.0, 3.0], [1.0, -4.0]])
    found = eigenvalue_floor(value, value + np.zeros((99, 2, 2)))
    wanted = (-3 + np.array([1, -1]) * np.sqrt(25 + 16)) / 2
    np.testing.assert_allclose(found.values, wanted)
    assert found.negative() == 1 and found.rank() == 1
    np.testing.assert_allclose(found.bounds()[0], wanted)
    assert "eigenvalues" in dict(found.rows())


def test_only_what_lies_below_minus_the_floor_is_negative():
    value = np.diag([2.0, 0.2, -0.2, -3.0])
    found = eigenvalue_floor(value, value + np.eye(4) * np.full((99, 1, 1), -0.5))
    assert (found.floor(), found.rank(), found.negative()) == (0.5, 1, 1)
