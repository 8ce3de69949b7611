"""Which words conflict, where few of them do and where many do."""

from __future__ import annotations

import numpy as np
import pytest

from pennylane_trainability.circuits.coloring import Conflicts, _Graph
from pennylane_trainability.circuits.pauli import Word, commute


@pytest.mark.parametrize("n_wires", [5, 40])
def test_lists_and_tables_name_the_same_words(n_wires, rng):
    """Words on one wire each rarely conflict on 40 wires, and often on 5."""
    letters = [(0, 1), (1, 0), (1, 1)]
    drawn = [(*letters[rng.integers(3)], int(rng.integers(n_wires))) for _ in range(45)]
    words = [Word(x << w, z << w) for x, z, w in drawn]
    graph = _Graph(Conflicts(words, False))
    assert (graph._lists is not None) == (n_wires == 40)
    wanted = np.array([[not commute(a, b) for b in words] for a in words])
    np.testing.assert_array_equal(graph.degree, wanted.sum(axis=1))
    for k, row in enumerate(wanted):
        np.testing.assert_array_equal(graph.near(k), np.flatnonzero(row))
    some = np.array([3, 7, 31, 44])
    np.testing.assert_array_equal(graph.total(some), wanted[some].sum(axis=0))
