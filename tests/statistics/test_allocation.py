"""Shots over circuits: Neyman's rule where it can be written down, and what no basis may change."""

import numpy as np
import pytest

from pennylane_trainability.statistics.allocation import (
    _on_grid,
    spread_shots,
    worst_direction,
)


def rotation(rng, size):
    return np.linalg.qr(rng.standard_normal((size, size)))[0]


def test_the_soft_maximum_weighs_eigenvalues_by_their_eighth_power(rng):
    basis = rotation(rng, 2)
    moments = [basis @ np.diag([6.0, 0.0]) @ basis.T, basis @ np.diag([0.0, 4.0]) @ basis.T]
    found = worst_direction(moments, np.array([6.0, 2.0]))  # eigenvalues 1 and 2
    np.testing.assert_allclose(found, basis @ np.diag([1 / 257, 256 / 257]) @ basis.T, atol=1e-14)


def test_nothing_to_err_about_is_no_direction():
    assert np.array_equal(worst_direction([np.zeros((2, 2))], np.array([5.0])), np.zeros((2, 2)))
    assert spread_shots([np.zeros((2, 2))] * 4, 400).sum() <= 400


#: Moments ``1`` and ``r²``: shots 1 : r, at least about a quarter of an even share, rounded to
#: ``100·2^{k/2}``, and taken back where the total would be exceeded.
NEYMAN = [
    pytest.param(1, [100, 100], id="alike"),
    pytest.param(3, [50, 141], id="1 : 3"),
    pytest.param(5, [35, 141], id="1 : 5"),  # 33.3 and 166.7
    pytest.param(20, [25, 141], id="1 : 20"),  # 25 : 190.5, so 23.2 and 176.8; 25 + 200 > 200
]


@pytest.mark.parametrize(("ratio", "expected"), NEYMAN)
def test_shots_are_as_the_roots_of_the_moments(ratio, expected):
    moments = [np.eye(1), ratio**2 * np.eye(1)]
    assert spread_shots(moments, 200).tolist() == expected
    assert spread_shots(moments[::-1], 200).tolist() == expected[::-1]
    # a scale common to all circuits says nothing
    assert spread_shots([1e-6 * m for m in moments], 200).tolist() == expected


def test_circuits_that_move_other_directions(rng):
    """Here ``n_c ∝ m_c^{9/10}``: 1 : 3.48 for moments 1 and 4, 44.6 and 155.4 of 200 shots."""
    basis = rotation(rng, 3)
    moments = [basis @ np.diag(m) @ basis.T for m in ([1.0, 0, 0], [0, 4.0, 0])]
    assert spread_shots(moments, 200).tolist() == [50, 141]
    # 1 : 16^0.9 = 1 : 12.1 is below the quarter that every circuit gets
    moments[1] *= 4
    assert spread_shots(moments, 200).tolist() == [25, 141]


def test_the_worst_error_is_not_larger_than_with_even_shots(rng):
    for _ in range(20):
        roots = rng.standard_normal((6, 4, 4)) * rng.uniform(0.1, 10, (6, 1, 1))
        moments = [root @ root.T for root in roots]
        shots = spread_shots(moments, 6000)
        assert shots.sum() <= 6000 and shots.min() >= 1
        # values are 1000·2^{k/2}
        power = 2 * np.log2((shots + 0.5) / 1000)
        assert np.abs(power - np.round(power)).max() < 0.02

        def worst(found, moments=moments):
            error = sum(m / n for m, n in zip(moments, found, strict=True))
            return np.linalg.eigvalsh(error)[-1]

        # the grid alone may cost up to its step, a root of two
        assert worst(shots) < np.sqrt(2) * worst(np.full(6, 1000.0))


def test_directions_of_their_own_get_what_makes_their_errors_alike():
    """Among eight directions with moments within a factor of 8, as for two: ``n ∝ m^{9/10}``."""
    sizes = 2.0 ** np.array([0, 3, 1, 2, 0, 1, 3, 2])
    shots = spread_shots([m * np.diag(np.eye(8)[k]) for k, m in enumerate(sizes)], 80_000)
    wanted = 80_000 * sizes**0.9 / np.sum(sizes**0.9)
    wanted[sizes == 1] = np.maximum(wanted[sizes == 1], 2500)
    # rounded to a power of √2, and perhaps one step back
    assert np.all(shots / wanted < 2 ** (1 / 4) + 0.01) and np.all(shots / wanted > 2 ** (-3 / 4))
    assert np.all(np.abs(shots[:, None] - shots)[sizes[:, None] == sizes] / shots.min() < 0.5)


def test_every_circuit_gets_a_shot():
    assert spread_shots([np.eye(1), 100 * np.eye(1)], 2).tolist() == [1, 1]


def test_what_was_rounded_up_most_is_taken_back_first():
    """100·2^{3/2}, 2^{1/2}, 2^{−1/2} and twice 2^{−3/2} are 562 shots of 500; the second is 18.8 %
    above what is wanted, the first 17.9 %."""
    assert _on_grid(np.array([240.0, 119, 61, 40, 40]), 500).tolist() == [200, 100, 70, 35, 35]


def test_tiny_errors_have_a_direction_too():
    moments = [1e-60 * np.diag([1.0, 0]), 1e-60 * np.diag([0, 2.0])]
    found = worst_direction(moments, np.ones(2))
    np.testing.assert_allclose(found, np.diag([1, 256]) / 257, rtol=1e-12)
