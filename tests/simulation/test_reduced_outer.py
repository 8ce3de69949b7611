"""What is left of ``ψ λ†`` on some wires, wherever they stand among nine."""

from __future__ import annotations

import numpy as np
import pytest

from pennylane_trainability.simulation.statevector import reduced_outer


@pytest.mark.parametrize(
    "wires", [(7, 8), (6, 7), (5, 6), (3, 4, 5, 6), (2, 3, 4, 5), (0, 1), (1, 7), (4,)]
)
def test_partial_traces(wires, rng):
    psi, lam = (
        rng.normal(size=(*lead, 512)) + 1j * rng.normal(size=(*lead, 512))
        for lead in ((2, 3), (4, 2, 3))
    )
    found = reduced_outer(psi, lam, wires)
    letters = "abcdefghi"
    other = "".join(c.upper() if w in wires else c for w, c in enumerate(letters))
    rows, columns = ("".join(text[w] for w in wires) for text in (letters, other))
    wanted = np.einsum(
        f"...{letters},...{other}->...{rows}{columns}",
        psi.reshape(2, 3, *[2] * 9), lam.reshape(4, 2, 3, *[2] * 9),
    )  # fmt: skip
    size = 2 ** len(wires)
    np.testing.assert_allclose(found, wanted.reshape(4, 2, 3, size, size), atol=1e-10)
