"""Sums over paths that are kept as bits, against the same sums over flags; frames of slices."""

import numpy as np
import pytest

from pennylane_trainability.landscapes.path_tally import Tally
from pennylane_trainability.landscapes.paths import Walk, pack
from pennylane_trainability.landscapes.slices import Frame, frame_of_points, orthonormal

PATHS, ROTATIONS = 128, 5


def flags_of(rng):
    anticommuted = rng.random((ROTATIONS, PATHS)) < 0.6
    return anticommuted, anticommuted & (rng.random((ROTATIONS, PATHS)) < 0.4)


def walked(rng, anticommuted, turned):
    single = rng.random(PATHS) < 0.3
    leaves = np.where(single, rng.integers(0, ROTATIONS, PATHS), -1)
    own = None if turned is None else pack(turned)
    return single, leaves, Walk(
        np.zeros(PATHS, int), pack(anticommuted), own, np.zeros((2, PATHS // 64), np.uint64),
        np.zeros(PATHS // 64, np.uint64), leaves, pack(single),
    )  # fmt: skip


def by_hand(flags, values):
    return (flags.astype(float) @ np.stack([values, values**2, values != 0], axis=1)).T


@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize("narrow", [True, False])
def test_sums_over_paths(signs, narrow, rng):
    values = rng.choice([-1.0, 0.0, 1.0], (2, PATHS))
    if not signs:  # some values in between
        values *= np.where(rng.random((2, PATHS)) < 0.5, rng.random((2, PATHS)), 1.0)
    tally, expected = Tally.empty(ROTATIONS), np.zeros((3, 3, ROTATIONS))
    for some in values:
        anticommuted, turned = flags_of(rng)
        single, leaves, walk = walked(rng, anticommuted, turned if narrow else None)
        tally.add(walk, some)
        kept = anticommuted & ~turned if narrow else anticommuted
        expected[0] += by_hand(kept, some)
        if narrow:
            alone = single & (leaves == np.arange(ROTATIONS)[:, None])
            expected[1] += by_hand(turned, some) - by_hand(alone, some)
    np.testing.assert_allclose(tally.cosine, expected[0], atol=1e-12)
    np.testing.assert_allclose(tally.sine, expected[1], atol=1e-12)
    np.testing.assert_allclose(
        tally.loss, [values.sum(), (values**2).sum(), np.count_nonzero(values)]
    )
    assert tally.trials == 2 * PATHS and tally.is_sign is signs


def test_axes_reach_as_far_on_both_sides():
    frame = Frame(np.zeros(3), np.eye(3)[:2], np.zeros((1, 2)))
    assert frame.spans(0.7) == ((-0.7, 0.7), (-0.7, 0.7))


def test_axes_leave_a_quarter_around_the_marks():
    frame = frame_of_points(np.array([[1.0, 1, 0], [1, 5, 0], [3, 2, 0]]))
    # marks (0, 0), (4, 0) and (1, ±2): the longer extent is 4, a quarter of it 1
    assert frame.spans(9.0)[0] == pytest.approx((-1, 5))
    assert np.ptp(frame.spans(9.0)[1]) == pytest.approx(4)
    corners = frame.points([np.array([0.0, 4.0]), np.array([0.0])])
    np.testing.assert_allclose(corners, [[1, 1, 0], [1, 5, 0]], atol=1e-12)


def test_axes_leave_a_quarter_around_marks_behind_the_origin():
    frame = frame_of_points(np.array([[2.0, 0], [3, 0], [-1, 1]]))
    assert frame.spans(9.0)[0] == pytest.approx((-3 - 1, 1 + 1))


def test_directions_of_any_length_span_the_same(rng):
    directions = rng.normal(size=(2, 5))
    expected = orthonormal(directions)
    for size in (1e-12, 1e12):
        np.testing.assert_allclose(orthonormal(size * directions), expected, atol=1e-12)
        with pytest.raises(ValueError, match="has the direction of the one before"):
            orthonormal(size * np.stack([directions[0], -directions[0]]))
