"""Ranks of leading blocks, verdicts on their growth, and the effective dimension: with a pencil."""

from __future__ import annotations

import numpy as np
import pytest

from pennylane_trainability.diagnostics.effective_dimension import effective_dimension, resolution
from pennylane_trainability.diagnostics.saturation import (
    Saturation,
    judge,
    leading_ranks,
    plateau,
)

# ----------------------------------------------------------------------------- leading blocks


def gram(vectors: np.ndarray) -> np.ndarray:
    return np.swapaxes(vectors, -1, -2) @ vectors


def test_leading_ranks_are_those_of_the_blocks(rng):
    """Columns repeat, vanish or are new at random; NumPy counts every block for itself."""
    for _ in range(20):
        size = int(rng.integers(1, 15))
        vectors = rng.normal(size=(3, 6, size))
        for p in range(1, size):
            kind = rng.integers(4)
            if kind == 0:
                vectors[..., p] = 0
            elif kind == 1:
                vectors[..., p] = vectors[..., :p] @ rng.normal(size=p)
        matrices = gram(vectors)
        expected = [
            [np.linalg.matrix_rank(v[:, : k + 1], tol=1e-5) for k in range(size)] for v in vectors
        ]
        found = leading_ranks(matrices, np.full(3, 1e-9))
        np.testing.assert_array_equal(found, expected)


def test_few_blocks_are_diagonalised(monkeypatch):
    """A rank that grows to 10 and stops, among 200 parameters."""
    sizes = []
    original = np.linalg.eigvalsh

    def count(matrix):
        sizes.append(matrix.shape[-1])
        return original(matrix)

    monkeypatch.setattr(np.linalg, "eigvalsh", count)
    matrices = np.diag(np.r_[np.ones(10), np.zeros(190)])[None]
    assert leading_ranks(matrices, np.array([0.5]))[0, -1] == 10
    assert len(sizes) < 12


def test_draws_may_differ():
    matrices = np.array([np.diag([1.0, 1.0, 0.0]), np.diag([0.0, 1.0, 1.0])])
    np.testing.assert_array_equal(leading_ranks(matrices, np.zeros(2)), [[1, 2, 2], [0, 1, 2]])


@pytest.mark.parametrize(
    ("curve", "length"), [([1, 2, 3], 0), ([1, 2, 2, 2], 2), ([0, 0], 1), ([4], 0)]
)
def test_plateau(curve, length):
    assert plateau(np.array(curve)) == length


# ----------------------------------------------------------------------------- verdicts


def curve_of(*growth) -> np.ndarray:
    return np.cumsum(growth)


JUDGED = [
    pytest.param([1] * 6 + [0], [1] * 7, 0, 6, "OVERPARAMETRISED", "no more than 6", id="bound"),
    pytest.param([1] * 6, [1] * 6, 2, 30, "NOT_SATURATED", "rank 6", id="every-one-counts"),
    pytest.param(
        [1, 1, 1, 1, 0, 0], [1] * 6, 2, 30, "OVERPARAMETRISED", "2 parameters", id="repeat"
    ),
    pytest.param([1, 1, 1, 1, 1, 0], [1] * 6, 2, 30, "UNDECIDED", "growth", id="half-a-repeat"),
    pytest.param(
        [1, 1, 1, 1, 1, 1, 0, 0], [1] * 8, 0, 30, "OVERPARAMETRISED", "quarter", id="quarter"
    ),
    pytest.param([1] * 7 + [0], [1] * 8, 0, 30, "UNDECIDED", "growth", id="an-eighth"),
    pytest.param(
        [1] * 6 + [0, 0], [1] * 6 + [0, 0], 0, 30, "NOT_SATURATED", "tied", id="tied-at-the-end"
    ),
    pytest.param([0, 0], [0, 0], 1, 30, "UNDECIDED", "no parameter moves", id="nothing-moves"),
]


@pytest.mark.parametrize(("growth", "free", "repeat", "most", "verdict", "reason"), JUDGED)
def test_judge(growth, free, repeat, most, verdict, reason):
    found, why = judge(curve_of(*growth), curve_of(*free), repeat, most)
    assert found is Saturation[verdict]
    assert reason in why


def test_verdicts_are_sentences():
    for verdict in Saturation:
        assert verdict.value.startswith(verdict.name.lower().replace("_", " ") + ": ")


# ----------------------------------------------------------------------------- effective dimension


def test_effective_dimension_of_equal_directions():
    """F = f·1 with any f: d = P log(1 + κ)/log κ."""
    kappa = resolution(1000)
    for scale in (0.1, 7.0):
        found = effective_dimension(scale * np.ones((4, 5)), kappa)
        assert found == pytest.approx(5 * np.log1p(kappa) / np.log(kappa))


def test_effective_dimension_by_determinants(rng):
    """Equations (2) and (3) of the paper, written out with matrices."""
    vectors = rng.normal(size=(6, 4, 5)) * rng.uniform(0.3, 3, (6, 1, 1))
    matrices, kappa = gram(vectors), resolution(500, 0.7)
    mean_trace = np.mean([np.trace(m) for m in matrices])
    roots = [np.sqrt(np.linalg.det(np.eye(5) + kappa * 5 / mean_trace * m)) for m in matrices]
    expected = 2 * np.log(np.mean(roots)) / np.log(kappa)
    assert effective_dimension(np.linalg.eigvalsh(matrices), kappa) == pytest.approx(expected)


def test_effective_dimension_tends_to_the_largest_rank():
    spectra = np.array([[2.0, 1.0, 0.0], [3.0, 0.0, 0.0]])
    assert effective_dimension(spectra, 1e200) == pytest.approx(2, abs=0.01)


def test_effective_dimension_of_nothing():
    assert effective_dimension(np.zeros((3, 2)), 10.0) == 0


def test_effective_dimension_takes_several_samples_at_once(rng):
    spectra = rng.uniform(size=(7, 5, 3))
    one_by_one = [effective_dimension(s, 30.0) for s in spectra]
    np.testing.assert_allclose(effective_dimension(spectra, 30.0, axis=1), one_by_one)


@pytest.mark.parametrize(("n_data", "gamma"), [(18, 1.0), (1.01, 1.0), (0, 1.0), (1000, 0.01)])
def test_too_few_data(n_data, gamma):
    with pytest.raises(ValueError, match="larger n_data"):
        resolution(n_data, gamma)


@pytest.mark.parametrize("gamma", [0, -1, 1.5])
def test_gamma_is_a_share(gamma):
    with pytest.raises(ValueError, match="gamma"):
        resolution(1000, gamma)


def test_nineteen_data_are_enough():
    assert resolution(19) == pytest.approx(19 / (2 * np.pi * np.log(19)))
