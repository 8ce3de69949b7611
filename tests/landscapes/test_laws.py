"""Uniform laws within a distance of the values given."""

import numpy as np
import pennylane as qml
import pytest
from exact_moments import read

from pennylane_trainability import Uniform
from pennylane_trainability.laws import draw


def function(w):
    qml.RX(w[0], 0)
    qml.RY(w[1], 0)
    return qml.expval(qml.Z(0))


def test_draws_stay_within_the_distance_and_fill_it(rng):
    given = np.array([0.3, -5.0])
    drawn = draw(Uniform(0.2), read(function, given).circuit, given, 4000, rng) - given
    assert np.abs(drawn).max() <= 0.2
    np.testing.assert_allclose(drawn.var(axis=0), 0.2**2 / 3, rtol=0.1)
    assert drawn.min() < -0.195 and drawn.max() > 0.195


def test_the_whole_period_is_the_default(rng):
    given = np.array([0.3, -5.0])
    drawn = draw(Uniform(), read(function, given).circuit, given, 4000, rng)
    assert drawn.min() >= 0 and drawn.max() > 6.2
    assert str(Uniform()) == "uniform over each parameter's period"
    assert str(Uniform(0.5)) == "uniform within ±0.5 of the values given"


@pytest.mark.parametrize("width", [0.0, -1.0, np.inf, np.nan])
def test_widths_that_are_none(width):
    with pytest.raises(ValueError, match="positive number of radians"):
        Uniform(width)
