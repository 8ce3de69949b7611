"""From gate angles to parameters: a product with the matrix of all slopes."""

import numpy as np
import pytest

from pennylane_trainability.circuits.circuit import Angle
from pennylane_trainability.simulation.adjoint import chain_rule


@pytest.mark.parametrize(
    "slopes",
    [
        pytest.param([{0: 2.0}, {}, {2: -0.5}], id="one angle per parameter"),
        pytest.param([{0: 2.0, 1: 3.0}, {1: -4.0}, {0: 0.5}], id="tied parameters"),
        pytest.param([{0: np.array([[2.0], [3.0]])}, {0: 5.0}, {1: 0.25}], id="slopes by draw"),
    ],
)
def test_a_product_with_all_slopes(slopes, rng):
    found = rng.normal(size=(4, 2, 5, 3))
    matrix = np.zeros((2, 3, 3))  # draw, angle, parameter
    for a, own in enumerate(slopes):
        for p, slope in own.items():
            matrix[:, a, p] = np.broadcast_to(slope, (2, 1))[:, 0]
    made = chain_rule(found, [Angle(0.1, own) for own in slopes], 3)
    np.testing.assert_allclose(made, np.einsum("mdga,dap->mdgp", found, matrix), atol=1e-14)
