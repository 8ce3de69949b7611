"""The update of an inverse Hessian: what it has to satisfy, whatever it was before."""

import numpy as np

from pennylane_trainability.landscapes.descents import _updated


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


def test_where_curvature_is_not_positive_nothing_changes(rng):
    before, s = symmetric(rng, 2, 3), rng.standard_normal((2, 3))
    found = _updated(before, s, -s, np.ones(2, bool))
    np.testing.assert_allclose(found, before, atol=1e-15)
    found = _updated(before, s, np.zeros((2, 3)), np.ones(2, bool))
    np.testing.assert_allclose(found, before, atol=1e-15)
