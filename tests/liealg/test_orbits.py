"""Orbits of words against a search word by word."""

import numpy as np
import pytest

from pennylane_trainability import BudgetError
from pennylane_trainability.liealg.orbits import orbits, reached
from pennylane_trainability.liealg.slots import SlotTable
from pennylane_trainability.liealg.words import Words

N = 4


def crosses(a, b):
    return ((a[0] & b[1]).bit_count() + (a[1] & b[0]).bit_count()) % 2 == 1


def searched(start, rotations):
    """``{orbit: words}`` of everything that rotations make of some words."""
    out, left = [], set(start)
    while left:
        orbit, front = set(), [left.pop()]
        while front:
            word = front.pop()
            orbit.add(word)
            images = {(word[0] ^ p[0], word[1] ^ p[1]) for p in rotations if crosses(word, p)}
            front.extend(images - orbit)
        out.append(frozenset(orbit))
        left -= orbit
    return set(out)


def in_words(found):
    pairs = found.index.words.pairs()
    return {
        frozenset(pairs[k] for k in np.flatnonzero(found.label == orbit))
        for orbit in range(len(found.sizes))
    }


def drawn(rng, count):
    codes = 1 + rng.choice(4**N - 1, count, replace=False)
    return [(int(code) >> N, int(code) & (2**N - 1)) for code in codes]


@pytest.mark.parametrize("count", [1, 3, 6, 9])
def test_orbits_are_those_of_a_search_word_by_word(rng, count):
    for _ in range(5):
        rotations, start = drawn(rng, count), drawn(rng, 3)
        expected = searched(start, rotations)
        found = orbits(Words.of(start, N), Words.of(rotations, N), 4**N)
        assert in_words(found) == expected
        assert sorted(found.sizes) == sorted(len(orbit) for orbit in expected)
        values = rng.standard_normal((len(found.index), 2))
        sums = [values[found.label == k].sum(axis=0) for k in range(len(found.sizes))]
        np.testing.assert_allclose(found.sums(values), sums, atol=1e-12)


def test_rotations_passed_often_enough_give_all_orbits(rng):
    for count in (1, 3, 6):
        rotations, start = drawn(rng, count), drawn(rng, 3)
        words, shuffled = Words.of(rotations, N), Words.of(rotations[::-1], N)
        found = reached(Words.of(start, N), words, [*range(count)] * 4**N, 4**N)
        assert in_words(found.orbits(shuffled)) == searched(start, rotations)


def test_rotations_that_lead_further_or_are_others_give_none():
    chain = [(0, 1), (0, 2), (3, 0)]  # Z, Z and XX: six words follow from one Z
    start, rotations = Words.of([(0, 1)], 2), Words.of(chain, 2)
    assert reached(start, rotations, [2], 10).orbits(rotations) is None
    whole = reached(start, rotations, [0, 1, 2] * 6, 10)
    assert len(whole.orbits(rotations).index) == 6
    assert whole.orbits(Words.of([*chain, (1, 0)], 2)) is None
    assert whole.orbits(Words.of(chain[:2], 2)) is None
    assert whole.orbits(Words.of([*chain[:2], (1, 0)], 2)) is None


def test_a_search_stops_at_the_budget():
    rotations = Words.of([(0, 1), (0, 2), (3, 0)], 2)
    with pytest.raises(BudgetError, match="≥ 6 words"):
        orbits(Words.of([(0, 1)], 2), rotations, 5)
    assert len(orbits(Words.of([(0, 1)], 2), rotations, 6).index) == 6


@pytest.mark.parametrize("kinds", [1, 7, 2**63])
def test_numbers_are_found_whatever_the_hashes(rng, kinds):
    """Many equal hashes, or as good as none."""
    hashes = rng.integers(0, kinds, 600, dtype=np.uint64)
    table = SlotTable(100)
    table.put(hashes[:200], 0)
    table.put(hashes[200:500], 200)

    def same(rows, which):
        return rows == np.arange(600)[which]

    assert table.find(hashes, same).tolist() == [*range(500), *[-1] * 100]
