"""Words carried through circuits, against dense matrices and both directions against each other."""

import numpy as np
import pytest
from dense_circuits import Case, random_unitary
from test_words import dense

from pennylane_trainability import BudgetError
from pennylane_trainability.liealg.carrying import Carrying
from pennylane_trainability.liealg.reach import Source, reach
from pennylane_trainability.liealg.steps import Mixing, Turn, transfer_matrix


def matrix_of(carrying, case, **options):
    out = np.full((len(case.sources), len(carrying.words)), np.nan)
    for rows, block in carrying.forward(case.angles, case.tables, **options):
        out[rows] = block
    return out


CASES = [
    pytest.param((3, 12), {}, id="rotations"),
    pytest.param((3, 30), {"distinct": 4}, id="rotations that recur"),
    pytest.param((2, 6), {"mixings": 4}, id="with unitaries"),
    pytest.param((4, 10), {"mixings": 3, "distinct": 5}, id="four wires"),
    pytest.param((3, 0), {"mixings": 3}, id="unitaries alone"),
]


@pytest.mark.parametrize(("size", "options"), CASES)
def test_the_matrix_is_that_of_dense_matrices(rng, size, options):
    case = Case(rng, *size, **options) if size[1] else Case(rng, size[0], 1, **options)
    carrying = Carrying.of(case.steps, case.sources, case.n)
    found = matrix_of(carrying, case)
    np.testing.assert_allclose(found, case.expected(carrying.words), atol=1e-13)
    # nothing lies outside the words, so every row has length one
    np.testing.assert_allclose(np.sum(found**2, axis=1), 1, atol=1e-12)


@pytest.mark.parametrize(("size", "options"), CASES[:4])
def test_the_sweep_gives_expectation_values_of_carried_words(rng, size, options):
    case = Case(rng, *size, **options)
    carrying = Carrying.of(case.steps, case.sources, case.n)
    state = random_unitary(rng, 2**case.n)[:, :3]
    y = np.array(
        [np.sum(state.conj() * (dense(p, case.n) @ state), 0).real for p in carrying.words.pairs()]
    )
    found = carrying.backward(case.angles, y, case.tables)
    for source, row in zip(case.sources, found, strict=True):
        expected = np.sum(state.conj() * (case.carried(source) @ state), 0).real
        np.testing.assert_allclose(row, expected, atol=1e-13)
    single = carrying.backward(case.angles, y[:, 1], case.tables)
    np.testing.assert_allclose(single, found[:, 1], atol=1e-15)


def test_both_directions_agree_on_many_wires(rng):
    """On 450 wires there are no dense matrices, but both directions are one bilinear form."""
    n, steps = 450, []
    for w in range(0, n - 1, 60):
        steps += [Turn(3 << w, 0), Turn(0, 1 << w), Turn(0, 1 << w + 1), Turn(1 << w, 3 << w)]
    steps *= 2
    sources = [Source(k, step.x, step.z) for k, step in enumerate(steps)]
    carrying = Carrying.of(steps, sources, n)
    angles = rng.uniform(-3, 3, len(steps))
    y = rng.standard_normal((len(carrying.words), 2))
    found = carrying.backward(angles, y)
    blocks = list(carrying.forward(angles, memory=8 * 5 * len(carrying.words)))
    assert len(blocks) > 5
    for rows, block in blocks:
        np.testing.assert_allclose(block @ y, found[rows], atol=1e-12)
        np.testing.assert_allclose(np.sum(block**2, axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("memory", [1, 300, 1 << 20])
def test_blocks_of_rows_do_not_change_the_matrix(rng, memory):
    case = Case(rng, 3, 15, mixings=2)
    carrying = Carrying.of(case.steps, case.sources, case.n)
    whole = matrix_of(carrying, case)
    np.testing.assert_allclose(matrix_of(carrying, case, memory=memory), whole, atol=1e-14)


def test_reached_words_are_those_with_a_coefficient(rng):
    """For generic angles no reached word stays without a coefficient, and none is missing."""
    case = Case(rng, 3, 8, distinct=8)
    carrying = Carrying.of(case.steps, case.sources, case.n)
    assert np.all(np.abs(matrix_of(carrying, case)).max(axis=0) > 1e-9)
    pairs = carrying.words.pairs()
    assert len(set(pairs)) == len(pairs)


def test_words_that_commute_with_everything_stay(rng):
    carrying = Carrying.of([Turn(0, 1), Turn(0, 2)], [Source(0, 0, 3)], 2)
    assert carrying.words.pairs() == [(0, 3)]
    assert carrying.backward([0.3, 0.4], np.array([2.5])).tolist() == [2.5]


def test_steps_in_front_of_all_sources_do_nothing(rng):
    unitary = random_unitary(rng, 2)
    steps = [Mixing(((1, 0, 0), (0, 1, 0)), np.ones((4, 4), bool)), Turn(1, 0), Turn(0, 1)]
    tables = {0: transfer_matrix(unitary)}
    carrying = Carrying.of(steps, [Source(2, 1, 0)], 1)
    assert carrying.words.pairs() == [(1, 0), (1, 1)]
    found = carrying.backward([0.0, 0.7, 0.4], np.array([3.0, 5.0]), tables)
    assert found == pytest.approx([3 * np.cos(0.4) + 5 * np.sin(0.4)], abs=1e-15)
    assert len(Carrying.of(steps, [], 1).words) == 0


def test_the_pattern_of_a_unitary_bounds_what_is_reached():
    controlled = np.diag([1, 1, 1, 1j]).astype(complex)
    table = transfer_matrix(controlled)
    images = ((1, 0, 0), (0, 1, 0), (2, 0, 0), (0, 2, 0))
    found = reach([Mixing(images, np.abs(table) > 1e-14)], [Source(0, 1, 0)], 2, 100).words
    # X → products of {X, Y} on the first wire and {1, Z} on the second
    assert set(found.pairs()) == {(1, 0), (1, 1), (1, 2), (1, 3)}


def test_a_pattern_says_what_becomes_of_a_word_and_not_what_becomes_it():
    """``T_{ba} ≠ 0`` for ``a = X``, ``b = Z`` only: X becomes Z, and Z stays."""
    pattern = np.eye(4, dtype=bool)
    pattern[2, 1] = True
    step = Mixing(((1, 0, 0), (0, 1, 0)), pattern)
    assert reach([step], [Source(0, 1, 0)], 1, 9).words.pairs() == [(1, 0), (0, 1)]
    assert reach([step], [Source(0, 0, 1)], 1, 9).words.pairs() == [(0, 1)]


def test_the_transfer_matrix_is_that_of_traces(rng):
    unitary = random_unitary(rng, 4)
    table = transfer_matrix(unitary)
    for a in range(16):
        for b in range(16):
            pa, pb = (
                (sum((c >> 2 * j & 1) << j for j in (0, 1)),
                 sum((c >> 2 * j + 1 & 1) << j for j in (0, 1)))
                for c in (a, b)
            )  # fmt: skip
            carried = unitary @ dense(pa, 2) @ unitary.conj().T
            assert table[b, a] == pytest.approx(
                np.trace(dense(pb, 2) @ carried).real / 4, abs=1e-14
            )


def test_the_transfer_matrix_of_three_wires_is_orthogonal(rng):
    table = transfer_matrix(random_unitary(rng, 8))
    np.testing.assert_allclose(table @ table.T, np.eye(64), atol=1e-13)


def test_too_many_words_are_refused_with_what_was_found():
    n = 8
    steps = [Turn(1 << w, z << w) for w in range(n) for z in (0, 1)]
    steps += [Turn(0, 3 << w) for w in range(n - 1)]
    sources = [Source(0, 1, 0)]
    with pytest.raises(BudgetError, match=r"≥ \d+ Pauli words.*max_words allows 50.*truncation"):
        reach(steps * 6, sources, n, 50)


def test_the_size_counts_words_pairs_and_places_of_tables():
    """``X`` turned about ``Z`` twice: ``X, Y`` are two words and one pair, which both turns share.

    A gate on two wires mixes sixteen words at a time: ``X⊗1`` and ``Y⊗1`` stand in one row.
    """
    turn = Turn(0, 1)
    assert Carrying.of([turn], [Source(0, 1, 0)], 1).size == 2 + 1
    assert Carrying.of([turn, turn], [Source(0, 1, 0)], 1).size == 2 + 1
    assert Carrying.of([turn, Turn(1, 0)], [Source(0, 1, 0)], 1).size == 3 + 1 + 1
    images = ((1, 0, 0), (0, 1, 0), (2, 0, 0), (0, 2, 0))
    mixing = Mixing(images, np.eye(16, dtype=bool))
    assert Carrying.of([mixing], [Source(0, 1, 0)], 2).size == 1 + 16
    assert Carrying.of([turn, mixing], [Source(0, 1, 0)], 2).size == 2 + 1 + 16


def test_as_many_words_as_allowed_are_no_refusal():
    steps, sources = [Turn(0, 1), Turn(1, 0)], [Source(0, 1, 0)]  # X, then Y, then Z
    assert len(reach(steps, sources, 1, 3).words) == 3
    with pytest.raises(BudgetError, match="max_words allows 2"):
        reach(steps, sources, 1, 2)
