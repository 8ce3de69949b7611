"""Words carried behind rotations, found in two ways."""

import numpy as np
import pytest

from pennylane_trainability import BudgetError
from pennylane_trainability.liealg import Carrying, Source, Turn
from pennylane_trainability.transforms.gradient_circuits import carried_words
from pennylane_trainability.transforms.gradient_circuits.carried_words import carrying_of


def drawn(rng, n: int, distinct: int, n_steps: int):
    masks = [tuple(int(v) for v in rng.integers(0, 2**n, 2)) for _ in range(distinct)]
    steps = [Turn(*masks[k]) for k in rng.integers(0, distinct, n_steps)]
    sources = [
        Source(int(place), *(int(v) for v in rng.integers(0, 2**n, 2)))
        for place in rng.integers(0, n_steps + 1, 6)
    ]
    return steps, sources


@pytest.mark.parametrize(
    ("n", "distinct", "n_steps"), [(3, 3, 8), (5, 4, 20), (70, 6, 12), (2, 1, 0)]
)
def test_both_ways_find_the_same(rng, monkeypatch, n, distinct, n_steps):
    for _ in range(5):
        steps, sources = drawn(rng, min(n, 60), distinct, n_steps)
        found, expected = carrying_of(steps, sources, n, 4**6), Carrying.of(steps, sources, n, 4**6)
        assert found.words.pairs() == expected.words.pairs() and found.size == expected.size
        angles, y = rng.normal(size=n_steps), rng.normal(size=len(found.words))
        np.testing.assert_array_equal(found.backward(angles, y), expected.backward(angles, y))
        monkeypatch.setattr(carried_words, "_LOOKS", 0)
        again = carrying_of(steps, sources, n, 4**6)
        assert again.words.pairs() == expected.words.pairs()
        monkeypatch.undo()


def test_too_many_words_are_refused_with_their_number():
    steps = [Turn(0, 1), Turn(0, 2), Turn(0, 4)]
    with pytest.raises(BudgetError, match="≥ 4 Pauli words"):
        carrying_of(steps, [Source(0, 7, 0)], 3, 3)
