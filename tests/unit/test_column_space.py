"""Ranks, kernels and groups of Jacobians that can be written down."""

import numpy as np
import pytest

from pennylane_trainability.diagnostics.column_space import (
    Relation,
    column_space,
    common_kernel_projector,
    components,
    condition_number,
    entropy_rank,
    independent_columns,
    numerical_rank,
    participation_ratio,
    proportional_classes,
    smallest_row_value,
    tolerance,
)

EPS = np.finfo(float).eps


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def low_rank(rng, draws, rows, columns, rank):
    return rng.normal(size=(draws, rows, rank)) @ rng.normal(size=(draws, rank, columns))


def group(space, relation):
    return [(g.members, g.excess) for g in space.groups if g.relation is relation]


# -- spectrum --------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 7])
def test_effective_ranks_of_equal_values_are_their_number(count):
    values = np.r_[np.full(count, 0.3), np.zeros(4)]
    assert entropy_rank(values) == pytest.approx(count, rel=1e-14)
    assert participation_ratio(values) == pytest.approx(count, rel=1e-14)


def test_effective_ranks_of_two_unequal_values():
    p = 0.8  # share of the first
    values = np.sqrt([p, 1 - p])
    assert entropy_rank(values) == pytest.approx(p**-p * (1 - p) ** (p - 1), rel=1e-14)
    assert participation_ratio(values) == pytest.approx(1 / (p**2 + (1 - p) ** 2), rel=1e-14)


def test_effective_ranks_do_not_depend_on_scale():
    values = np.array([3.0, 2.0, 1.0])
    for scale in (1e-200, 1e200):
        assert entropy_rank(scale * values) == pytest.approx(entropy_rank(values), rel=1e-13)


def test_participation_never_exceeds_entropy_rank_nor_rank(rng):
    values = -np.sort(-(rng.exponential(size=(200, 6)) ** 3), axis=-1)
    assert np.all(participation_ratio(values) <= entropy_rank(values) * (1 + 8 * EPS))
    assert np.all(entropy_rank(values) <= 6 * (1 + 8 * EPS))


def test_tolerance_is_relative_until_it_is_absolute():
    np.testing.assert_array_equal(tolerance(np.array([[2.0], [1e-9]]), 1e-3, 1e-6), [2e-3, 1e-6])
    assert numerical_rank(np.array([2.0, 2.1e-3, 1.9e-3]), 1e-3) == 2


def test_condition_and_row_value_follow_the_rank():
    values = np.array([[8.0, 2.0, 1e-17], [8.0, 2.0, 1.0], [0.0, 0.0, 0.0]])
    rank = numerical_rank(values)
    np.testing.assert_array_equal(rank, [2, 3, 0])
    np.testing.assert_array_equal(condition_number(values, rank), [4.0, 8.0, np.nan])
    np.testing.assert_array_equal(smallest_row_value(values, rank, 3), [0.0, 1.0, 0.0])
    np.testing.assert_array_equal(smallest_row_value(values, rank, 4), [0.0, 0.0, 0.0])


def test_stacks_of_spectra_are_taken_one_by_one(rng):
    values = -np.sort(-(rng.exponential(size=(2, 3, 4)) ** 3), axis=-1)
    values[1, 2] = 0
    rank = numerical_rank(values, 0.05)
    assert rank.shape == (2, 3) and len(np.unique(rank)) > 2
    for at in np.ndindex(2, 3):
        own = values[at]
        assert rank[at] == np.sum(own > max(0.05 * own[0], 1e-13))
        if rank[at]:
            p = own**2 / np.sum(own**2)
            assert condition_number(values, rank)[at] == own[0] / own[rank[at] - 1]
            assert entropy_rank(values)[at] == pytest.approx(np.prod(p**-p), rel=1e-13)
            assert participation_ratio(values)[at] == pytest.approx(1 / np.sum(p**2), rel=1e-13)
        for rows in (3, 4):
            expected = own[rows - 1] if rank[at] >= rows else 0
            assert smallest_row_value(values, rank, rows)[at] == expected


def test_empty_spectra_have_rank_zero():
    empty = np.zeros((2, 3, 0))
    np.testing.assert_array_equal(tolerance(empty, atol=0.5), np.full((2, 3), 0.5))
    for found in (numerical_rank(empty), entropy_rank(empty), participation_ratio(empty)):
        np.testing.assert_array_equal(found, np.zeros((2, 3)))
    assert np.isnan(condition_number(empty, numerical_rank(empty))).all()


# -- kernels ---------------------------------------------------------------------------------------


def test_projectors_are_projectors_and_annihilated(rng):
    jacobians = low_rank(rng, 5, 6, 9, 4)
    space = column_space(jacobians)
    projectors = space.kernel_projectors()
    np.testing.assert_allclose(projectors @ projectors, projectors, atol=50 * EPS)
    np.testing.assert_allclose(jacobians @ projectors, 0, atol=200 * EPS * 9)
    np.testing.assert_allclose(np.trace(projectors, axis1=1, axis2=2), 5, rtol=50 * EPS)
    np.testing.assert_allclose(
        np.diagonal(projectors, axis1=1, axis2=2), space.leverages, atol=50 * EPS
    )


def test_leverage_is_one_for_dead_zero_for_irreplaceable_half_for_a_pair():
    jacobian = np.array([[1.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0]])
    space = column_space(jacobian[None])
    np.testing.assert_allclose(space.mean_leverages, [0, 1, 0.5, 0.5], atol=10 * EPS)
    np.testing.assert_array_equal(space.leverage_spread, 0)


def test_kernel_common_to_all_draws_is_smaller_than_that_of_each():
    theta = np.linspace(0.1, 3, 7)
    jacobians = np.stack([np.cos(theta), np.sin(theta)], axis=-1)[:, None, :]
    projector, condition = common_kernel_projector(jacobians, 1e-9)
    np.testing.assert_allclose(projector, 0, atol=10 * EPS)
    gram = np.einsum("dkp,dkq->pq", jacobians, jacobians)
    assert condition == pytest.approx(np.sqrt(np.linalg.cond(gram)), rel=1e-12)
    assert column_space(jacobians).rank == 1


def test_common_kernel_has_a_tolerance_relative_to_the_largest_singular_value():
    jacobians = np.diag([1000.0, 0.5, 2.0])[None]
    projector, condition = common_kernel_projector(jacobians, 1e-3)
    np.testing.assert_allclose(projector, np.diag([0, 1, 0]), atol=10 * EPS)
    assert condition == pytest.approx(500)


def test_the_first_of_an_independent_set_has_the_largest_mean_square():
    """Lengths 3 and 1/2 in two draws, against 2.1 in both: 4.625 > 4.41, though 1.75 < 2.1."""
    jacobians = np.array([[[2.1, 3.0]], [[2.1, 0.5]]])
    assert independent_columns(jacobians, 1) == (1,)


def test_nothing_but_kernel_has_condition_one():
    projector, condition = common_kernel_projector(np.zeros((2, 3, 4)), 1e-9)
    np.testing.assert_array_equal(projector, np.eye(4))
    assert condition == 1


def test_independent_set_is_independent_in_every_draw_not_only_in_the_stack(rng):
    jacobians = low_rank(rng, 8, 5, 12, 4)
    chosen = independent_columns(jacobians, 4)
    assert len(set(chosen)) == 4
    np.testing.assert_array_equal(np.linalg.matrix_rank(jacobians[..., list(chosen)]), 4)
    assert np.linalg.matrix_rank(jacobians.reshape(-1, 12)) == 12  # the stack would allow all


def test_independent_set_of_a_badly_conditioned_matrix_is_complete(rng):
    left = np.linalg.qr(rng.normal(size=(3, 8, 8)))[0]
    right = np.linalg.qr(rng.normal(size=(3, 14, 14)))[0]
    jacobians = (left * np.logspace(0, -7, 8)) @ right[:, :8]
    space = column_space(jacobians)
    assert space.rank == 8
    kept = np.linalg.svd(jacobians[..., list(space.independent)], compute_uv=False)
    assert np.all(kept[:, -1] > 1e-9 * kept[:, 0])


# -- dead, redundant, unreachable ------------------------------------------------------------------


def test_dead_redundant_unreachable_are_three_things(rng):
    jacobians = np.zeros((6, 5, 6))
    jacobians[:, :3, :4] = low_rank(rng, 6, 3, 4, 2)  # two of four, in three of five rows
    jacobians[:, :3, 5] = -2 * jacobians[:, :3, 0]  # a copy of parameter 0
    space = column_space(jacobians)
    assert space.rank == 2
    assert space.dead == (4,)
    assert space.redundant == 4
    assert space.unreachable == 3
    assert space.zero_rows == (3, 4)
    assert space.reachable_rows == 3
    assert group(space, Relation.PROPORTIONAL) == [((0, 5), 1)]
    assert sum(g.excess for g in space.groups) == space.redundant - len(space.dead)


def test_a_column_that_vanishes_in_one_draw_is_not_dead(rng):
    jacobians = rng.normal(size=(4, 3, 2))
    jacobians[1, :, 0] = 0
    space = column_space(jacobians)
    assert space.dead == ()
    np.testing.assert_array_equal(space.ranks, [2, 1, 2, 2])
    assert space.rank == 2


def test_a_tiny_but_genuine_column_is_not_dead_and_rounding_is(rng):
    jacobians = rng.normal(size=(4, 5, 3))
    jacobians[..., 1] *= 1e-7
    jacobians[..., 2] *= 1e-16
    space = column_space(jacobians)
    assert space.dead == (2,)
    assert space.rank == 2
    kept, dropped = space.gap
    assert dropped < space.rtol < kept


def test_a_jacobian_of_rounding_errors_has_rank_zero(rng):
    space = column_space(1e-16 * rng.normal(size=(3, 4, 5)))
    assert space.rank == 0
    assert space.dead == (0, 1, 2, 3, 4)
    assert space.zero_rows == (0, 1, 2, 3)
    assert space.independent == space.groups == ()
    assert "none kept, dropped ≤" in str(space)


def test_relations_are_told_apart_by_how_they_change():
    theta = np.random.default_rng(5).uniform(0, 2 * np.pi, size=(9, 12))
    a, b, c, d, e, g, h = np.random.default_rng(6).normal(size=(7, 9, 7))
    s = np.sin(theta)[:, :, None]
    columns = [
        a,
        3 * a,  # 0, 1: the same up to a fixed factor
        b,
        c,
        2 * b - c,  # 2, 3, 4: one fixed relation
        d,
        s[:, 0] * d,  # 5, 6: the same up to a factor that changes
        e,
        g,
        s[:, 1] * e + s[:, 2] * g,  # 7, 8, 9: one relation that changes
        h,  # 10: free
    ]
    space = column_space(np.stack(columns, axis=-1))
    assert space.rank == 7
    assert group(space, Relation.PROPORTIONAL) == [((0, 1), 1)]
    assert group(space, Relation.FIXED) == [((2, 3, 4), 1)]
    assert group(space, Relation.PARALLEL) == [((5, 6), 1)]
    assert group(space, Relation.VARYING) == [((7, 8, 9), 1)]
    assert space.settled
    np.testing.assert_allclose(space.leverages[:, 10], 0, atol=1e3 * EPS)


def test_columns_are_multiples_up_to_the_tolerance_in_many_draws_too(rng):
    """Parts at right angles, each half the tolerance, are longer by √D in D draws together."""
    along = rng.normal(size=(16, 3))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, rng.normal(size=(16, 3)))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    jacobians = np.stack([along, 2 * along + 1e-3 * across], axis=-1)
    space = column_space(jacobians, rtol=1e-3)
    assert group(space, Relation.PROPORTIONAL) == [((0, 1), 1)]


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_column_of_rounding_in_one_draw_is_a_multiple_there(order):
    """Whichever of the two comes first."""
    jacobians = np.zeros((2, 3, 2))
    jacobians[0, 0, 0], jacobians[0, 1, 1] = 30, 5e-10
    jacobians[1, :, 0], jacobians[1, :, 1] = [1, 2, 3], [2, 4, 6]
    assert proportional_classes(jacobians[..., order], 1e-9) == [[0, 1]]
    assert proportional_classes(jacobians[..., order], 1e-10) == [[0], [1]]


def test_relations_of_badly_conditioned_draws_stay_apart(rng):
    """Rounding over σ₁/σ₄ = 3e10 leaves 1e-7 between two parts of a kernel: not a relation."""
    jacobians = np.zeros((5, 8, 6))
    for rows, columns in ((slice(0, 4), slice(0, 3)), (slice(4, 8), slice(3, 6))):
        (strong, weak), factors = rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 1))
        weak *= 1e-10
        third = factors[0] * strong + factors[1] * weak
        jacobians[:, rows, columns] = np.stack([strong, weak, third], axis=-1)
    turn = np.linalg.qr(rng.normal(size=(5, 8, 8)))[0]
    space = column_space(turn @ jacobians, rtol=1e-13)
    assert group(space, Relation.VARYING) == [((0, 1, 2), 1), ((3, 4, 5), 1)]


@pytest.mark.parametrize("seed", range(6))
def test_excesses_add_up_to_the_kernel_less_the_dead(seed):
    rng = np.random.default_rng(seed)
    jacobians = low_rank(rng, 10, 7, 11, 5) @ rng.integers(-1, 2, size=(11, 13)).astype(float)
    jacobians[..., rng.integers(13)] = 0
    space = column_space(jacobians)
    assert sum(g.excess for g in space.groups) == space.redundant - len(space.dead)


def test_a_full_row_rank_matrix_couples_all_its_columns(rng):
    space = column_space(rng.normal(size=(6, 3, 5)))
    assert space.unreachable == 0
    assert group(space, Relation.VARYING) == [((0, 1, 2, 3, 4), 2)]


def test_the_size_of_single_draws_decides_nothing(rng):
    jacobians = low_rank(rng, 4, 5, 8, 3)
    here = column_space(jacobians)
    there = column_space(jacobians * np.array([1e3, 1, 1e-3, 7])[:, None, None])
    assert there.independent == here.independent
    assert str(there.groups) == str(here.groups)


def test_gap_is_relative_to_each_draw():
    jacobians = np.zeros((2, 3, 4))
    jacobians[:, range(3), range(3)] = [[200, 30, 1e-8], [4, 2, 1e-12]]
    assert column_space(jacobians).gap == pytest.approx((30 / 200, 1e-8 / 200), rel=1e-9, abs=0)
    tiny = column_space(1e-15 * jacobians[1:], atol=1e-13)
    assert np.isnan(tiny.gap[0]) and tiny.gap[1] == pytest.approx(4e-15 / 1e-13)


def test_one_draw_settles_nothing_unless_the_kernel_is_empty(rng):
    assert not column_space(rng.normal(size=(1, 2, 4))).settled
    assert column_space(rng.normal(size=(2, 4, 3))).settled


def test_results_follow_permutations_of_parameters(rng):
    jacobians = low_rank(rng, 6, 5, 7, 3)
    jacobians[..., 2] = 0
    jacobians[..., 6] = jacobians[..., 4]
    order = rng.permutation(7)
    here, there = column_space(jacobians), column_space(jacobians[..., order])
    back = {p: int(np.flatnonzero(order == p)[0]) for p in range(7)}
    assert there.dead == tuple(sorted(back[p] for p in here.dead))
    ((members, _),) = group(here, Relation.PROPORTIONAL)
    assert group(there, Relation.PROPORTIONAL) == [(tuple(sorted(back[p] for p in members)), 1)]
    np.testing.assert_allclose(there.leverages, here.leverages[:, order], atol=100 * EPS)


def test_rotations_of_the_rows_change_nothing(rng):
    jacobians = low_rank(rng, 4, 5, 7, 3)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    here, there = column_space(jacobians), column_space(turn @ jacobians)
    assert (here.rank, here.dead, here.independent) == (there.rank, there.dead, there.independent)
    np.testing.assert_allclose(here.leverages, there.leverages, atol=200 * EPS)


def test_single_precision_gets_a_tolerance_above_its_rounding(rng):
    jacobians = low_rank(rng, 5, 20, 30, 6).astype(np.float32)
    space = column_space(jacobians)
    assert space.rank == 6
    assert space.rtol == pytest.approx(300 * np.finfo(np.float32).eps)


def test_quantiles_are_those_of_each_singular_value(rng):
    space = column_space(rng.normal(size=(11, 3, 4)))
    np.testing.assert_array_equal(space.quantiles(0.5), np.median(space.singular_values, axis=0))
    assert space.quantiles((0.1, 0.9)).shape == (2, 3)


def test_components_of_a_path_and_an_isolated_point():
    adjacent = np.zeros((4, 4), dtype=bool)
    adjacent[0, 3] = adjacent[3, 0] = adjacent[3, 1] = adjacent[1, 3] = True
    assert components(adjacent) == [[0, 1, 3], [2]]


@pytest.mark.parametrize(
    ("jacobians", "remedy"),
    [
        pytest.param(np.ones((2, 3)), r"J\[np.newaxis\]", id="one draw without axis"),
        pytest.param(np.ones((1, 2, 2)) * 1j, "real Jacobians", id="complex"),
        pytest.param(np.full((2, 1, 1), np.nan), r"\[0, 1\]. Leave these draws out", id="nan"),
    ],
)
def test_errors_say_what_to_do(jacobians, remedy):
    with pytest.raises(ValueError, match=remedy):
        column_space(jacobians)
