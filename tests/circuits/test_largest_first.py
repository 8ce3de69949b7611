"""Sets of words one after the other, against the rule written down word by word."""

from __future__ import annotations

import numpy as np
import pytest

from pennylane_trainability.circuits.coloring import Conflicts, recursive_largest_first
from pennylane_trainability.circuits.elimination import (
    _best_cnot,
    _lighten,
    _product_weights,
    _signs,
)
from pennylane_trainability.circuits.generators import _sums_commute
from pennylane_trainability.circuits.pauli import Word, commute
from pennylane_trainability.circuits.tableau import Tableau


def by_the_rule(against):
    """Most conflicts first; then most with what is kept out, ties to the fewest with the rest."""
    left, groups = list(range(len(against))), []
    while left:
        degree = {k: sum(against[k][j] for j in left) for k in left}
        group = [max(left, key=lambda k: (degree[k], -k))]
        while True:
            outside = [j for j in left if any(against[j][g] for g in group)]
            candidates = [k for k in left if k not in outside and k not in group]
            if not candidates:
                break
            group.append(
                max(candidates, key=lambda k: (sum(against[k][j] for j in outside), -degree[k], -k))
            )
        groups.append(group)
        left = [k for k in left if k not in group]
    return groups


@pytest.mark.parametrize(("count", "n_wires"), [(12, 3), (25, 4), (90, 4), (90, 7)])
def test_sets_follow_the_rule(count, n_wires, rng):
    codes = rng.choice(4**n_wires - 1, min(count, 4**n_wires - 1), replace=False) + 1
    words = [Word(int(c) >> n_wires, int(c) & (2**n_wires - 1)) for c in codes]
    against = [[not commute(a, b) for b in words] for a in words]
    found = recursive_largest_first(Conflicts(words, False))
    assert [sorted(group) for group in found] == [sorted(group) for group in by_the_rule(against)]


def drawn(rng, rows, n_wires):
    x, z = rng.random((2, rows, n_wires)) < 0.5
    return Tableau(x, z, np.zeros(rows, bool))


def letters(table):
    return (table.x | table.z).sum()


def test_weights_of_products_count_letters(rng):
    table = drawn(rng, 5, 7)
    signs = _signs(table.x, table.z)
    found = _product_weights(signs, signs[:3])
    for j in range(5):
        for k in range(3):
            x, z = table.x[j] ^ table.x[k], table.z[j] ^ table.z[k]
            assert found[j, k] == (x | z).sum()


def test_the_cnot_that_leaves_the_fewest_letters(rng):
    for _ in range(10):
        table, wires = drawn(rng, 6, 5), [4, 1, 3]
        after = {}
        for pair in [(a, b) for a in wires for b in wires if a != b]:
            copy = Tableau(table.x.copy(), table.z.copy(), table.minus.copy())
            copy.run([("CNOT", pair)])
            after[pair] = letters(copy)
        assert after[_best_cnot(table, wires)] == min(after.values())


def test_no_product_with_another_row_is_lighter_in_the_end(rng):
    for _ in range(10):
        table = drawn(rng, 6, 8)
        _lighten(table)
        for j in range(6):
            for k in set(range(6)) - {j}:
                product = (table.x[j] ^ table.x[k]) | (table.z[j] ^ table.z[k])
                assert product.sum() >= (table.x[j] | table.z[j]).sum()


def test_sums_that_commute_though_their_words_do_not():
    """``0.3 X + 0.7 Z`` commutes with its multiples, and with nothing else of the kind."""
    x, z, y = Word(1, 0), Word(0, 1), Word(1, 1)
    assert _sums_commute([(0.3, x), (0.7, z)], [(0.6, x), (1.4, z)])
    assert not _sums_commute([(0.3, x), (0.7, z)], [(0.6, x), (1.3, z)])
    assert _sums_commute([(0.3, x), (0.7, z), (-2, y)], [(-0.6, x), (-1.4, z), (4, y)])
    assert not _sums_commute([(0.3, x), (0.7, z), (-2, y)], [(-0.6, x), (-1.4, z), (-4, y)])
