"""Outcomes read as parities, whatever the number of wires."""

from __future__ import annotations

import numpy as np
import pytest

from pennylane_trainability.transforms.qfim_circuits.read_outs import ReadOut


@pytest.mark.parametrize("wires", [13, 62, 63, 70, 130])
def test_parities_are_counts_of_ones(wires, rng):
    outcomes = ["".join(row) for row in rng.choice(["0", "1"], (40, wires))]
    asked = [set(rng.choice(wires, size, replace=False)) for size in (1, 2, 7, wires)]
    masks = tuple(sum(1 << wires - 1 - int(w) for w in own) for own in asked)
    signs = (1, -1, -1, 1)
    counts = {text: k + 1 for k, text in enumerate(outcomes)}
    seen = ReadOut(tuple(range(wires)), masks, signs).observed(counts, sum(counts.values()))
    expected = [
        [sign * (-1) ** sum(text[w] == "1" for w in own) for text in counts]
        for own, sign in zip(asked, signs, strict=True)
    ]
    np.testing.assert_array_equal(seen.values, expected)
    np.testing.assert_array_equal(seen.weights, list(counts.values()))
    assert seen.n_bits == wires
