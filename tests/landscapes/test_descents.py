"""The update of an inverse Hessian: what it has to satisfy, whatever it was before."""

import numpy as np
import pytest

from pennylane_trainability.landscapes import descents
from pennylane_trainability.landscapes.descents import _line_search, _updated, descend


def symmetric(rng, count, size):
    root = rng.standard_normal((count, size, size))
    return root @ root.swapaxes(1, 2) + 0.1 * np.eye(size)


def test_the_update_maps_the_change_of_the_gradient_to_the_step(rng):
    """Secant equation, symmetry, and eigenvalues that stay positive."""
    before, hessian = symmetric(rng, 6, 4), symmetric(rng, 6, 4)
    s = rng.standard_normal((6, 4))
    y = np.einsum("dij,dj->di", hessian, s)
    for first in (np.zeros(6, bool), np.ones(6, bool)):
        after = _updated(before, s, y, first)
        np.testing.assert_allclose(np.einsum("dij,dj->di", after, y), s, atol=1e-10)
        np.testing.assert_allclose(after, after.swapaxes(1, 2), atol=1e-12)
        assert np.linalg.eigvalsh(after).min() > 0
    # directions without a change of the gradient keep what was known: vᵀH'v = vᵀHv for v ⊥ s, Hy
    v = np.linalg.svd(np.stack([s[0], (before @ y[..., None])[0, :, 0]]))[2][-1]
    after = _updated(before, s, y, np.zeros(6, bool))
    np.testing.assert_allclose(v @ after[0] @ v, v @ before[0] @ v, rtol=1e-10)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_steps_of_any_length_are_learned_from(scale, rng):
    """Inverse Hessians belong to directions: the length of the step cancels."""
    before, hessian, s = symmetric(rng, 2, 3), symmetric(rng, 2, 3), rng.standard_normal((2, 3))
    y = np.einsum("dij,dj->di", hessian, s)
    none = np.zeros(2, bool)
    expected = _updated(before, s, y, none)
    np.testing.assert_allclose(_updated(before, scale * s, scale * y, none), expected, rtol=1e-9)


def test_the_first_update_takes_the_scale_of_the_curvature():
    """Beside ``s`` and ``y`` the inverse Hessian is ``sᵀy/yᵀy`` from then on."""
    s, y = np.array([[0.0, 2.0, 0.0]]), np.array([[0.0, 3.0, 1.0]])
    for first, beside in ((True, 6 / 10), (False, 1.0)):
        found = _updated(np.eye(3)[None], s, y, np.array([first]))
        np.testing.assert_allclose(found[0, 0], [beside, 0, 0], atol=1e-15)


def test_where_curvature_is_not_positive_nothing_changes(rng):
    before, s = symmetric(rng, 2, 3), rng.standard_normal((2, 3))
    found = _updated(before, s, -s, np.ones(2, bool))
    np.testing.assert_allclose(found, before, atol=1e-15)
    found = _updated(before, s, np.zeros((2, 3)), np.ones(2, bool))
    np.testing.assert_allclose(found, before, atol=1e-15)


SCALES = np.array([1.0, 3.0, 10.0, 30.0, 100.0])


def bowl(x):
    return np.sum(SCALES * x**2, axis=1) / 2, SCALES * x


def test_curvature_is_learned(rng):
    """A condition number of 100: steepest descent takes hundreds of steps."""
    found = descend(bowl, rng.uniform(-1, 1, (4, 5)), max_steps=60)
    assert found.converged.all() and np.all(found.values < 1e-10)
    assert np.all((found.steps > 5) & (found.steps < 60))
    short = descend(bowl, np.ones((2, 5)), max_steps=3)
    assert short.steps.tolist() == [3, 3] and not short.converged.any()
    np.testing.assert_allclose(short.slopes, np.abs(SCALES * short.points).max(axis=1))


def test_a_direction_that_leads_up_is_replaced(monkeypatch):
    monkeypatch.setattr(descents, "_updated", lambda inverse, *_: -np.abs(inverse))

    def round_bowl(x):
        return 0.3 * np.sum(x**2, axis=1), 0.6 * x

    found = descend(round_bowl, np.array([[1.0, -0.5]]), max_steps=60)
    assert found.converged.all() and found.values[0] < 1e-10


def test_first_steps_are_the_gradient_or_a_quarter_turn():
    trials = []

    def seen(x):
        trials.append(x.copy())
        return bowl(x)

    descend(seen, np.array([[0.2, 0.0, 0.0, 0.0, 0.0]]), max_steps=1)
    np.testing.assert_allclose(trials[1], np.zeros((1, 5)), atol=1e-15)  # 0.2 − 1 · 0.2
    trials.clear()
    descend(seen, np.array([[0.0, 1.0, 0.0, 0.0, 1.0]]), max_steps=1)
    np.testing.assert_allclose(trials[1], [[0, 1 - np.pi / 2 * 0.03, 0, 0, 1 - np.pi / 2]])


def test_a_step_has_to_reach_a_share_of_what_the_slope_promises():
    """Slope −4 along the direction, length π/4: at least 1e-4 · π of decrease."""
    for first, accepted in ((-2.5e-4, np.pi / 4), (-4e-4, np.pi / 2)):

        def function(x, first=first):
            value = np.where(np.abs(x[:, 0]) > 1, first, -1.0)
            return value, np.zeros_like(x)

        one = np.array([[2.0]])
        out, values, _, found = _line_search(function, 0 * one, np.zeros(1), one, -one)
        assert found.all() and out[0, 0] == -accepted and values[0] in (first, -1.0)
