"""Wide bases, of which only the parity of all wires is kept."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.transforms.bases import Basis


def test_frequencies_of_even_and_odd_outcomes():
    basis = Basis({0: "Z", "a": "X", 2: "Y"}, parity=True)
    counts = {"000": 3, "101": 5, "111": 1, "010": 2, "110": 4}
    assert basis.n_outcomes == 2
    np.testing.assert_allclose(basis.frequencies(counts), [0.8, 0.2], rtol=1e-15)
