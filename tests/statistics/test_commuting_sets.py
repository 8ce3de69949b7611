"""Commuting matrices and their partition, against brute force."""

from __future__ import annotations

from itertools import product

import networkx
import numpy as np
import pytest

from pennylane_trainability.circuits.pauli import from_letters, word_matrix
from pennylane_trainability.statistics.commuting_sets import (
    clique_partition,
    commutator_sizes,
    independent_number,
)


def graph_of(edges, size):
    table = np.eye(size, dtype=bool)
    for i, j in edges:
        table[i, j] = table[j, i] = True
    return table


def fewest_sets(commuting):
    """The chromatic number of the complement, by trying."""
    size = len(commuting)
    for count in range(1, size + 1):
        for colours in product(range(count), repeat=size):
            same = np.equal.outer(colours, colours)
            if np.all(commuting[same]):
                return count
    raise AssertionError


def test_pauli_words_commute_or_not(rng):
    words = ["XX", "ZZ", "YY", "ZI", "IX", "II"]
    matrices = np.array([word_matrix(from_letters(text), 2) for text in words])
    sizes, norms = commutator_sizes(3.0 * matrices, rng)
    np.testing.assert_allclose(norms, 3.0)
    # words that anticommute: [P, Q] = 2PQ, and PQ keeps the norm of every vector
    crossed = np.array([[np.allclose(a @ b, b @ a) for b in matrices] for a in matrices])
    np.testing.assert_allclose(sizes, np.where(crossed, 0.0, 2.0), atol=1e-12)


def test_sizes_are_zero_exactly_where_commutators_are(rng):
    basis = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    together = [basis @ np.diag(rng.normal(size=8)) @ basis.T for _ in range(3)]
    alone = [(a + a.T) for a in rng.normal(size=(3, 8, 8))]
    matrices = np.array([*together, *alone, np.zeros((8, 8))]).astype(complex)
    sizes, norms = commutator_sizes(matrices, rng, floor=1e-12)
    dense = np.array([[np.linalg.norm(a @ b - b @ a) for b in matrices] for a in matrices])
    assert np.array_equal(sizes > 1e-10, dense > 1e-10)
    assert np.all(sizes[~(dense > 1e-10)] < 1e-12) and norms[-1] == 0
    np.testing.assert_allclose(sizes, sizes.T, atol=1e-12)


def test_matrices_of_rounding_alone_are_zero(rng):
    matrices = rng.normal(size=(2, 4, 4)) + 0j
    matrices[1] *= 1e-15
    assert commutator_sizes(matrices, rng, floor=1e-12)[0].max() == 0
    assert commutator_sizes(matrices, rng)[0].max() > 0.01


def test_chunks_change_nothing(rng, monkeypatch):
    matrices = rng.normal(size=(9, 4, 4)) + 1j * rng.normal(size=(9, 4, 4))
    whole, _ = commutator_sizes(matrices, np.random.default_rng(1))
    module = commutator_sizes.__globals__
    monkeypatch.setitem(module, "_CHUNK", 32 * 4 * 9 * 2)
    pieces, _ = commutator_sizes(matrices, np.random.default_rng(1))
    np.testing.assert_allclose(pieces, whole, atol=1e-12)


@pytest.mark.parametrize("size", [1, 4, 7])
def test_partitions_of_random_graphs(rng, size):
    for density in (0.0, 0.3, 0.7, 1.0):
        table = np.triu(rng.uniform(size=(size, size)) < density, 1)
        table = table | table.T | np.eye(size, dtype=bool)
        sets = clique_partition(table)
        assert sorted(m for members in sets for m in members) == list(range(size))
        assert all(table[np.ix_(members, members)].all() for members in sets)
        least = fewest_sets(table) if size < 7 else independent_number(table)
        assert independent_number(table) <= least <= len(sets)


def test_sets_are_the_largest_cliques_one_after_the_other(rng):
    """Second road: networkx on all members, without merging any."""
    table = np.triu(rng.uniform(size=(20, 20)) < 0.4, 1)
    table = np.kron(table | table.T | np.eye(20, dtype=bool), np.ones((2, 2), bool))
    graph = networkx.Graph(np.argwhere(table).tolist())
    graph.remove_edges_from(networkx.selfloop_edges(graph))
    for members in clique_partition(table):
        assert len(members) == len(networkx.max_weight_clique(graph, weight=None)[0])
        graph.remove_nodes_from(members)
    assert not graph


def test_largest_first_is_not_always_fewest():
    """A triangle with an edge at each corner: three edges cover it, largest first takes four."""
    table = graph_of([(0, 1), (1, 2), (0, 2), (0, 3), (1, 4), (2, 5)], 6)
    assert len(clique_partition(table)) == 4
    assert fewest_sets(table) == 3 == independent_number(table)


def test_members_that_were_counted_are_not_counted_again():
    """One that commutes with none, and two that commute with each other."""
    assert independent_number(graph_of([(1, 2)], 3)) == 2
    assert independent_number(graph_of([(0, 1), (0, 2), (1, 2)], 4)) == 2
