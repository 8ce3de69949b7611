"""What a gate's parameters are at another input, against what was foretold."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.graph_form import _complement
from pennylane_trainability.circuits.hold_out import _compare
from pennylane_trainability.circuits.tracer import Traced
from pennylane_trainability.errors import NotFourierError

MOVE = np.array([0.5, -2.0])


def foretold(value, *slopes):
    """``value + Σ slope · move``, inputs being the variables -1, -2."""
    return Traced(np.full((1, 1), value), {-1 - k: s for k, s in enumerate(slopes)})


def test_numbers_that_agree_pass():
    op = qml.RX(0.1, 0)
    _compare(op, 0.3 + 0.5 * 4 - 2 * 0.7, foretold(0.3, 4.0, 0.7), MOVE)
    _compare(op, 1e6 * (1 + 1e-10), foretold(1e6), MOVE)
    mixed = np.array([foretold(1e6, 2.0), 7.0], object)
    _compare(op, np.array([(1e6 + 1) * (1 + 1e-10), 7.0]), mixed, MOVE)


@pytest.mark.parametrize("found", [-0.3, 0.3 + 1e-6, 0.0])
def test_numbers_that_differ_are_refused(found):
    with pytest.raises(NotFourierError, match="were predicted"):
        _compare(qml.RX(0.1, 0), found, foretold(0.3), MOVE)
    with pytest.raises(NotFourierError, match="were predicted"):
        _compare(qml.RX(0.1, 0), np.array([found, 1.0]), np.array([foretold(0.3), 1.0], object),
                 MOVE)  # fmt: skip


def complemented(edges, v):
    """The number of edges after the neighbourhood of a vertex is turned around."""
    near = np.flatnonzero(edges[v])
    out = edges.copy()
    out[np.ix_(near, near)] ^= ~np.eye(len(near), dtype=bool)
    return out.sum() // 2


def test_no_neighbourhood_that_is_turned_around_removes_edges_in_the_end(rng):
    for density in (0.4, 0.6, 0.9):
        for _ in range(10):
            edges = np.triu(rng.random((8, 8)) < density, 1)
            edges = edges | edges.T
            before = edges.sum() // 2
            _complement(edges)
            after = edges.sum() // 2
            assert after <= before
            assert min(complemented(edges, v) for v in range(8)) >= after
