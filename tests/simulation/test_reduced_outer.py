"""What is left of ``ψ λ†`` on some wires, wherever they stand among nine; and matrices on them."""

from __future__ import annotations

import numpy as np
import pytest

from pennylane_trainability.simulation.statevector import apply_matrix, reduced_outer

LETTERS = "abcdefghi"


def random_states(rng, *shape):
    return rng.normal(size=(*shape, 512)) + 1j * rng.normal(size=(*shape, 512))


@pytest.mark.parametrize(
    "wires", [(7, 8), (6, 7), (5, 6), (3, 4, 5, 6), (2, 3, 4, 5), (0, 1), (1, 7), (4,)]
)
@pytest.mark.parametrize("leads", [((2, 3), (4, 2, 3)), ((2, 1, 2, 1), (2, 1, 2, 1))], ids=str)
def test_partial_traces(wires, leads, rng):
    psi, lam = (random_states(rng, *lead) for lead in leads)
    found = reduced_outer(psi, lam, wires)
    other = "".join(c.upper() if w in wires else c for w, c in enumerate(LETTERS))
    rows, columns = ("".join(text[w] for w in wires) for text in (LETTERS, other))
    wanted = np.einsum(
        f"...{LETTERS},...{other}->...{rows}{columns}",
        psi.reshape(*leads[0], *[2] * 9), lam.reshape(*leads[1], *[2] * 9),
    )  # fmt: skip
    size = 2 ** len(wires)
    np.testing.assert_allclose(found, wanted.reshape(*leads[1], size, size), atol=1e-10)


@pytest.mark.parametrize("wires", [(0, 1, 2), (4, 5, 6), (5, 6, 7), (6, 7, 8), (1, 4, 8), (3,)])
@pytest.mark.parametrize("draws", [1, 2])
def test_matrices_on_some_wires(wires, draws, rng):
    size = 2 ** len(wires)
    matrix = rng.normal(size=(draws, size, size)) + 1j * rng.normal(size=(draws, size, size))
    state = random_states(rng, 2, 3)
    out = "".join(c.upper() if w in wires else c for w, c in enumerate(LETTERS))
    rows, columns = ("".join(text[w] for w in wires) for text in (out, LETTERS))
    wanted = np.einsum(
        f"z{rows}{columns},zy{LETTERS}->zy{out}",
        np.broadcast_to(matrix, (2, size, size)).reshape(2, *[2] * 2 * len(wires)),
        state.reshape(2, 3, *[2] * 9),
    )  # fmt: skip
    found = apply_matrix(state, matrix, wires)
    np.testing.assert_allclose(found, wanted.reshape(2, 3, 512), atol=1e-10)
