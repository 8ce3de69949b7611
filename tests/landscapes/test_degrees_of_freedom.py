"""Degrees of freedom of observables: matrices as the second road, tabulated cases, wide sums."""

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.circuits.pauli import Word, word_matrix
from pennylane_trainability.landscapes.degrees_of_freedom import (
    degrees_of_freedom,
    degrees_of_spectrum,
    extreme_values,
)
from pennylane_trainability.landscapes.observable import pauli_terms


def random_terms(rng, n, count, diagonal=False):
    found = {}
    while len(found) < count:
        word = Word(0 if diagonal else int(rng.integers(2**n)), int(rng.integers(2**n)))
        found[word] = float(rng.normal())
    return [(c, word) for word, c in found.items()]


def commuting_terms(rng, n, count):
    """Products of stabilisers of a graph state: commuting, with Y and signs, not independent."""
    edges = [(i, j) for i in range(n) for j in range(i) if rng.random() < 0.5]
    own = [Word(1 << i, sum(1 << j for e in edges if i in e for j in e if j != i))
           for i in range(n)]  # fmt: skip
    found = {}
    while len(found) < count:
        x = z = 0
        for word in own:
            if rng.random() < 0.5:
                x, z = x ^ word.x, z ^ word.z
        found[Word(x, z)] = float(rng.normal())
    return [(c, word) for word, c in found.items()]


@pytest.mark.parametrize("kind", ["any", "diagonal", "commuting"])
def test_the_spectrum_is_not_needed(kind, rng):
    n = 5
    for _ in range(5):
        made = {
            "any": lambda: random_terms(rng, n, 6),
            "diagonal": lambda: random_terms(rng, n, 12, diagonal=True),
            "commuting": lambda: commuting_terms(rng, n, 12),
        }[kind]()
        matrix = sum(c * word_matrix(word, n) for c, word in made)
        spectrum = np.linalg.eigvalsh(matrix)
        np.testing.assert_allclose(extreme_values(made), spectrum[[0, -1]], atol=1e-12)
        ours, theirs = degrees_of_freedom(made, n), degrees_of_spectrum(spectrum)
        for one, other in ((ours, theirs), (ours.mirrored(), theirs.mirrored())):
            assert one.uncentred == pytest.approx(other.uncentred)
            assert one.centred == pytest.approx(other.centred)
        shifted = spectrum - spectrum[0]
        assert ours.uncentred == pytest.approx(shifted.sum() ** 2 / (shifted**2).sum())
        assert ours.centred == pytest.approx(shifted.sum() ** 2 / (32 * spectrum.var()))


@pytest.mark.parametrize(
    ("spectrum", "uncentred", "centred", "mirrored"),
    [
        pytest.param([1] * 4 + [0] * 252, 4, 4.063, 252, id="projector of rank 4"),
        pytest.param([1] * 64 + [0] * 192, 64, 85.33, 192, id="projector of rank 64"),
        pytest.param([2] * 128 + [0] * 128, 128, 256, 128, id="Pauli"),
        pytest.param([1] * 255 + [0], 255, 65_025 * 256 / 255, 1, id="global fidelity"),
        pytest.param(0.5 ** np.arange(256), 3.0, 3.035, None, id="geometric"),
    ],
)
def test_tabulated_spectra(spectrum, uncentred, centred, mirrored):
    found = degrees_of_spectrum(np.array(spectrum, float))
    assert found.uncentred == pytest.approx(uncentred, rel=1e-3)
    assert found.centred == pytest.approx(centred, rel=1e-3)
    if mirrored is not None:
        assert found.mirrored().uncentred == pytest.approx(mirrored)


def test_the_centred_number_gives_the_variance_over_random_states(rng):
    """2ō²/(β r) with β = 2 is ‖O₀‖²/N² against the exact ‖O₀‖²/(N (N + 1))."""
    values = rng.exponential(size=64)
    found = degrees_of_spectrum(values)
    haar = np.sum((values - values.mean()) ** 2) / (64 * 65)
    assert found.mean**2 / found.centred == pytest.approx(haar * 65 / 64)


@pytest.mark.parametrize("n", [100, 1500])
def test_wide_sums(n):
    """Σ Z_i Z_{i+1} on a chain: independent commuting words, and r = 2^n (n − 1)/n."""
    terms = [(1.0, Word(0, 3 << k)) for k in range(n - 1)]
    found = degrees_of_freedom(terms, n)
    assert found.mean == n - 1 and found.width == 2 * (n - 1)
    assert found.log2_uncentred == pytest.approx(n + np.log2((n - 1) / n))
    assert np.isinf(found.uncentred) == (n > 1024)


def test_disjoint_parts_add_up():
    """Two Heisenberg bonds, −3 and +1 each, far apart."""
    bonds = [
        (1.0, Word(x * (3 << k), z * (3 << k)))
        for k in (0, 200)
        for x, z in ((1, 0), (1, 1), (0, 1))
    ]
    assert extreme_values([*bonds, (0.5, Word(0, 0))]) == pytest.approx((-5.5, 2.5))


def test_odd_rings_are_frustrated():
    ring = [(1.0, Word(0, 1 << k | 1 << (k + 1) % 5)) for k in range(5)]
    assert extreme_values(ring) == pytest.approx((-3, 5))


def test_projectors_of_qnodes():
    measured = [qml.expval(qml.Projector([0, 1, 1], wires=range(3)))]
    found = degrees_of_freedom(pauli_terms(measured, dict(zip(range(4), range(4), strict=True))), 4)
    assert found.uncentred == pytest.approx(2) and found.mean == pytest.approx(1 / 8)


def test_a_multiple_of_the_identity_has_none():
    found = degrees_of_freedom([(2.0, Word(0, 0))], 3)
    assert found.uncentred == 0 and found.width == 0


def test_what_is_not_known_exactly_is_refused():
    heisenberg = [
        (1.0, Word(x * (3 << k), z * (3 << k)))
        for k in range(12)
        for x, z in ((1, 0), (1, 1), (0, 1))
    ]
    with pytest.raises(pt.ReadingError, match="not known exactly"):
        extreme_values(heisenberg)
    ring = [(1.0, Word(0, 1 << k | 1 << (k + 1) % 40)) for k in range(40)]
    with pytest.raises(pt.ReadingError, match="39 of them independent"):
        extreme_values(ring)
