"""Moments of narrow uniform laws keep all digits: integrals that subtract no large numbers."""

import numpy as np
import pytest

from pennylane_trainability.landscapes.moments import moments_of
from pennylane_trainability.laws import Uniform


@pytest.mark.parametrize("width", [1e-6, 1e-3, 0.02, 0.0499, 0.0501, 0.3])
def test_narrow_uniform_laws(width):
    nodes, weights = np.polynomial.legendre.leggauss(24)
    angles = width * nodes
    sine = weights @ np.sin(angles) ** 2 / 2
    # 1 - cos keeps its digits as 2 sin²(φ/2), and its variance is that of the cosine
    short = 2 * np.sin(angles / 2) ** 2
    spread = weights @ (short - weights @ short / 2) ** 2 / 2
    found = moments_of(Uniform(1.0), np.array([width]))
    rtol = 1e-13 if width < 0.05 else 1e-8
    np.testing.assert_allclose(found.mean, weights @ np.cos(angles) / 2, rtol=1e-15)
    np.testing.assert_allclose(found.sine, sine, rtol=rtol)
    np.testing.assert_allclose(found.spread, spread, rtol=rtol)
