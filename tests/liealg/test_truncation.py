"""Truncated propagation: without a threshold exact, with one inside the bound it states."""

import numpy as np
import pytest
from dense_circuits import Case, random_unitary
from test_carrying import CASES
from test_words import dense

from pennylane_trainability import BudgetError, ReadingError
from pennylane_trainability.liealg.carrying import Carrying
from pennylane_trainability.liealg.reach import Source
from pennylane_trainability.liealg.steps import Turn
from pennylane_trainability.liealg.truncation import truncated


def run(case, threshold, **options):
    return truncated(
        case.steps, case.sources, case.n, case.angles, threshold, tables=case.tables, **options
    )


@pytest.mark.parametrize("memory", [1, 1 << 26])
@pytest.mark.parametrize(("size", "options"), CASES[:4])
def test_without_a_threshold_it_is_the_exact_matrix(rng, size, options, memory):
    case = Case(rng, *size, **options)
    found = run(case, 0.0, memory=memory)
    np.testing.assert_allclose(found.matrix(), case.expected(found.words), atol=1e-13)
    np.testing.assert_allclose(np.sum(found.matrix() ** 2, axis=1), 1, atol=1e-12)
    assert not found.dropped.any()


@pytest.mark.parametrize("threshold", [1e-3, 0.05, 0.3])
@pytest.mark.parametrize(("size", "options"), CASES[:4])
def test_what_is_left_out_changes_no_value_by_more_than_its_bound(rng, size, options, threshold):
    case = Case(rng, *size, **options)
    found = run(case, threshold)
    assert found.dropped.max() > 0 or threshold < 0.01
    assert np.all(np.abs(found.values) >= threshold)
    for _ in range(5):
        state = random_unitary(rng, 2**case.n)[:, 0]
        y = np.array([np.vdot(state, dense(p, case.n) @ state).real for p in found.words.pairs()])
        exact = [np.vdot(state, case.carried(s) @ state).real for s in case.sources]
        assert np.all(np.abs(found.backward(y) - exact) <= found.dropped + 1e-12)


def test_the_bound_is_reached(rng):
    """Nothing but the dropped term is missing, so a state aligned with it attains the bound."""
    angle = 0.1
    found = truncated([Turn(0, 1)], [Source(0, 1, 0)], 1, [angle], 0.2)
    assert found.dropped == pytest.approx([np.sin(angle)], abs=1e-15)
    exact = Carrying.of([Turn(0, 1)], [Source(0, 1, 0)], 1)
    y = np.array([0.0, 1.0])  # the state with ⟨X⟩ = 0 and ⟨Y⟩ = 1
    assert exact.words.pairs() == [(1, 0), (1, 1)]
    missing = exact.backward([angle], y) - found.backward(y[:1])
    assert np.abs(missing) == pytest.approx(found.dropped, abs=1e-15)


def test_blocks_and_forgetting_do_not_change_anything(rng):
    """One source at a time, with room for few words, against all at once."""
    case = Case(rng, 4, 40)
    whole = run(case, 0.02)
    single = run(case, 0.02, memory=1)
    order = [whole.words.pairs().index(pair) for pair in single.words.pairs()]
    np.testing.assert_allclose(single.matrix(), whole.matrix()[:, order], atol=1e-14)
    np.testing.assert_allclose(single.dropped, whole.dropped, atol=1e-13)


def test_backward_takes_several_columns(rng):
    case = Case(rng, 3, 12)
    found = run(case, 0.05)
    y = rng.standard_normal((len(found.words), 3))
    np.testing.assert_allclose(found.backward(y), found.matrix() @ y, atol=1e-13)
    np.testing.assert_allclose(found.backward(y[:, 0]), found.matrix() @ y[:, 0], atol=1e-13)


def test_small_angles_reach_few_words():
    """Of an exponential algebra only what a few small rotations can make is kept."""
    n = 12
    layer = [Turn(z << w, (1 - z) << w) for w in range(n) for z in (0, 1)]
    layer += [Turn(3 << w, 0) for w in range(n - 1)]
    steps = layer * 3
    sources = [Source(0, 1 << n // 2, 0)]
    found = truncated(steps, sources, n, np.full(len(steps), 0.1), 1e-3, max_words=2000)
    assert 1 < len(found.words) < 2000
    # the angles are known exactly, so the length says what is missing
    assert 1 - np.sum(found.values**2) <= found.dropped[0] * 2
    assert 0 < found.dropped[0] < 0.1
    with pytest.raises(BudgetError, match=r"truncation=0\.001.*max_words allows 10.*shift"):
        truncated(steps, sources, n, np.full(len(steps), 0.1), 1e-3, max_words=10)


def test_no_sources_give_no_words():
    found = truncated([Turn(0, 1)], [], 1, [0.3], 0.1)
    assert len(found.words) == 0 and found.backward(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("threshold", [-0.1, np.nan])
def test_a_threshold_is_no_negative_number(threshold):
    with pytest.raises(ReadingError, match="0 or more"):
        truncated([Turn(0, 1)], [Source(0, 1, 0)], 1, [0.1], threshold)
