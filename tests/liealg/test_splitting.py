"""Simple ideals against dense matrices: they close, and different ones commute."""

import numpy as np
import pytest
from test_words import dense

from pennylane_trainability.liealg.commutant import commutant_projection, scaled
from pennylane_trainability.liealg.numeric import numeric_module
from pennylane_trainability.liealg.orbits import orbits
from pennylane_trainability.liealg.splitting import _name, split_module, split_words
from pennylane_trainability.liealg.words import Words


def of_words(pairs, n):
    words = Words.of(pairs, n)
    return split_words(orbits(words, words, 4**n), words)


def of_sums(pairs, rows, n):
    words, rows = Words.of(pairs, n), np.array(rows, float)
    algebra = numeric_module(words, rows, words, rows, max_dimension=4**n, max_words=4**n)
    return split_module(algebra, np.random.default_rng(0))


def matrices(split, part, n):
    """The elements of a basis as dense matrices."""
    words = [dense(pair, n) for pair in split.words.pairs()]
    return [sum(c * words[k] for c, k in zip(row, part.rows, strict=True)) for row in part.basis]


def check(split, n):
    own = [matrices(split, part, n) for part in (split.centre, *split.parts)]
    for number, one in enumerate(own):
        flat = np.array([m.ravel() for m in one]).reshape(len(one), 4**n)
        np.testing.assert_allclose(flat @ flat.conj().T, 2**n * np.eye(len(one)), atol=1e-9)
        for other in own[number + 1 :]:
            assert all(np.allclose(a @ b, b @ a, atol=1e-9) for a in one for b in other)
        for a in one:
            for b in one:
                bracket = (1j * (a @ b - b @ a)).ravel()
                inside = flat.T @ (flat.conj() @ bracket) / 2**n
                np.testing.assert_allclose(inside, bracket, atol=1e-8)


def kinds(split):
    return [(part.name, part.dimension) for part in split.parts]


@pytest.mark.parametrize(
    ("pairs", "n", "expected", "centre"),
    [
        pytest.param([(1, 2), (0, 3), (1, 0)], 2, [("so(3)", 3)] * 2, 0, id="two copies"),
        pytest.param(
            [(1, 0), (0, 1), (2, 0), (0, 2), (4, 0), (0, 4), (0, 6), (0, 8)],
            4, [("so(6)", 15), ("so(3)", 3)], 1, id="small, large and a phase",
        ),
        pytest.param(
            [(3, 0), (3, 3), (0, 3), (6, 0), (6, 6), (0, 6), (5, 0), (5, 5), (0, 5)],
            3, [("so(6)", 15)], 0, id="a ring of XX, YY and ZZ",
        ),
    ],
)  # fmt: skip
def test_words_fall_into_ideals(pairs, n, expected, centre):
    split = of_words(pairs, n)
    assert kinds(split) == expected and split.centre.dimension == centre
    if n < 4:
        check(split, n)


@pytest.mark.parametrize(
    ("pairs", "rows", "expected", "centre"),
    [
        pytest.param(
            [(1, 0), (0, 1), (2, 0), (0, 2), (0, 3)],
            [[1, 0, 0.3, 0, 0], [0, 1, 0, 0.7, 0], [0, 0, 0.2, 0, 1]],
            [("su(4)", 15)], 0, id="all of two wires",
        ),
        pytest.param(
            [(1, 0), (0, 1), (2, 0), (0, 2)],
            [[1, 0, 0.3, 0], [0, 1, 0, 0.7]],
            [("su(2)", 3)] * 2, 0, id="two wires at different rates",
        ),
        pytest.param(
            [(1, 0), (0, 1), (2, 0), (0, 2), (0, 4)],
            [[1, 0, 1, 0, 2], [0, 1, 0, 1, 0]],
            [("su(2)", 3)], 1, id="two wires together, and a phase",
        ),
        pytest.param(
            [(3, 0), (6, 0), (0, 1), (0, 2), (0, 4)],
            [[1, 0.5, 0, 0, 0], [0, 0, 1, 0.4, 0.7]],
            [("su(4)", 15)], 0, id="free fermions",
        ),
        pytest.param(
            [(1, 0), (0, 1), (2, 0), (0, 2), (4, 0), (0, 4), (0, 6)],
            [[1, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0.3, 0, 0],
             [0, 0, 0, 1, 0, 0.7, 0], [0, 0, 0.2, 0, 0, 0, 1]],
            [("su(4)", 15), ("su(2)", 3)], 0, id="the larger one first",
        ),
    ],
)  # fmt: skip
def test_sums_fall_into_ideals(pairs, rows, expected, centre):
    n = max(max(pair).bit_length() for pair in pairs)
    split = of_sums(pairs, rows, n)
    assert kinds(split) == expected and split.centre.dimension == centre
    check(split, n)


@pytest.mark.parametrize(
    ("dimension", "rank", "name"),
    [
        *((3, 1, "su(2)"), (8, 2, "su(3)"), (15, 3, "su(4)"), (28, 4, "so(8)"), (45, 5, "so(10)")),
        *((10, 2, "so(5)"), (21, 3, "so(7) or sp(6)"), (36, 4, "so(9) or sp(8)"), (14, 2, "")),
    ],
)
def test_classical_algebras_by_dimension_and_rank(dimension, rank, name):
    assert _name(dimension, rank) == name


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_modules_do_not_depend_on_the_size_of_generators(scale):
    """Two wires at different rates: X, Y and Z of each, from one X."""
    words = Words.of([(1, 0), (0, 1), (2, 0), (0, 2)], 2)
    rows = np.array([[1, 0, 0.3, 0], [0, 1, 0, 0.7]])
    found = numeric_module(
        words, [[1.0, 0, 0, 0]], words, scale * rows, max_dimension=9, max_words=9
    )
    assert len(found) == 3
    # exp(θa) turns by the rate of the first wire
    turns = [np.sort(np.linalg.eigvals(a).imag) for a in found.matrices]
    np.testing.assert_allclose(turns, scale * np.array([[-1.0, 0, 1]] * 2), rtol=1e-9, atol=1e-12)


def test_scaled_matrices_have_norm_one():
    turn = np.array([[0.0, -3.0], [3.0, 0.0]])
    (one,) = scaled(np.array([turn, 0 * turn]))
    np.testing.assert_allclose(one, turn / 3)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_projections_do_not_depend_on_the_size_of_a_matrix(scale, rng):
    """The commutant of so(3) on three dimensions are the multiples of one; of so(2) the rest."""
    turns = np.zeros((2, 3, 3))
    turns[0, :2, :2] = [[0, -2], [2, 0]]
    turns[1, 1:, 1:] = [[0, -0.5], [0.5, 0]]
    root = rng.normal(size=(3, 3))
    start = scale * (root + root.T)
    found, left = commutant_projection(turns, start)
    np.testing.assert_allclose(found, np.trace(start) / 3 * np.eye(3), atol=1e-11 * scale)
    assert left < 1e-11
    found, _ = commutant_projection(turns[:1], start)
    half = (start[0, 0] + start[1, 1]) / 2
    np.testing.assert_allclose(found, np.diag([half, half, start[2, 2]]), atol=1e-11 * scale)


def test_what_is_left_is_relative_to_the_matrix():
    """Before the first step: ``[a, X]`` of ``X = diag(x, 0)`` has entries ``x``."""
    turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    for x in (1.0, 10.0):
        assert commutant_projection(turn, np.diag([x, 0.0]), max_steps=0)[1] == pytest.approx(1)
