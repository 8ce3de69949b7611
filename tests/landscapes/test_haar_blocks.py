"""Blocks, exact moments and laws: closed forms, and matrices as a second road."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy import integrate, special, stats

from pennylane_trainability.circuits.pauli import Word, commute, from_letters, product, word_matrix
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.landscapes import sectors, spectra
from pennylane_trainability.landscapes.blocks import pauli_symmetry
from pennylane_trainability.landscapes.dense_blocks import dense_blocks
from pennylane_trainability.landscapes.haar_moments import gradient_variance, pure_moments
from pennylane_trainability.landscapes.input_state import product_state, vector_state
from pennylane_trainability.landscapes.sectors import (
    Weights,
    carried_sectors,
    sector_matrices,
    weights_of,
)
from pennylane_trainability.landscapes.spectra import Spectrum, spectrum_of, spectrum_of_matrix
from pennylane_trainability.landscapes.wishart import BlockModel
from pennylane_trainability.statistics.gamma_sums import GammaSum

PURE = Weights((1.0,), (1,))


def symmetry(*texts):
    return pauli_symmetry([from_letters(text) for text in texts], len(texts[0]))


def model(values, beta=2):
    values = np.asarray(values, float)
    return BlockModel(len(values), beta, spectrum_of_matrix(np.diag(values)), PURE)


@pytest.mark.parametrize(
    ("words", "group", "algebra"),
    [
        (("X", "Z"), "SU(2)", "so(3)"),
        (("XI", "ZI", "IX", "IZ", "ZZ"), "SU(4)", "so(6)"),
        (("YI", "IY", "ZY", "YZ"), "SO(4)", "2 × so(3)"),
        (("XI", "ZI", "IY", "XX", "ZZ"), "Sp(2)", "so(5)"),
        (("YII", "IYI", "IIY", "ZYI", "IZY", "YZI", "IYZ", "ZZY"), "SO(8)", "so(8)"),
    ],
)
def test_kinds_of_blocks(words, group, algebra):
    found = symmetry(*words)
    assert (found.group, found.algebra, found.is_full) == (group, algebra, True)


@pytest.mark.parametrize(
    "words",
    [
        ("ZIII", "IZII", "IIZI", "IIIZ", "XXII", "IXXI", "IIXX"),  # free fermions: so(8)
        ("XII", "ZII", "IXI", "IZI", "IIX", "IIZ"),  # one su(2) per wire
    ],
)
def test_a_group_that_is_not_full(words):
    found = symmetry(*words)
    assert found.is_full == (words[0] == "ZIII"), "so(8) fills the half-spinor by triality"


def test_pairs_of_conjugate_blocks_do_not_depend_on_the_order():
    """With ``ZZ`` beside ``ZZZ`` both signs of the last wire have unitaries of their own."""
    own = ("XII", "ZII", "IXI", "IZI", "ZZI", "ZZZ")
    for k in range(6):
        found = symmetry(*own[k:], *own[:k])
        assert (found.paired, found.driven, found.algebra) == (False, (1,), "2 × so(6)")
    # without, the sign turns an odd number of words: U and its conjugate
    found = symmetry(*own[:4], own[5])
    assert (found.paired, found.driven, found.algebra) == (True, (1,), "so(6)")


def hermitian(rng, size):
    root = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return root + root.conj().T


def density(rng, size):
    root = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return root @ root.conj().T / np.linalg.norm(root) ** 2


def traced(matrix):
    """``Tr_1`` of two wires."""
    return np.einsum("iaja->ij", matrix.reshape(2, 2, 2, 2))


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e3])
def test_copies_hold_means_over_the_other_wire(scale):
    """Generators on one of two wires: two copies; the algebra holds ``Tr_1 O/2 ⊗ 1``."""
    rng = np.random.default_rng(8)
    generators = [scale * np.kron(hermitian(rng, 2), np.eye(2)) for _ in range(2)]
    o, state = hermitian(rng, 4), density(rng, 4)
    (block,), independent, outside = dense_blocks(np.array(generators), o, state, rng)
    assert (block.size, block.beta, block.multiplicity, block.dimension) == (2, 2, 2, 3)
    assert independent and block.is_full and block.overlap == 0
    inside = spectrum_of_matrix(traced(o) / 2)
    assert (block.spectrum.low, block.spectrum.high) == pytest.approx((inside.low, inside.high))
    weights = np.linalg.eigvalsh(traced(state))[::-1]
    np.testing.assert_allclose(block.weights.values, weights, rtol=1e-9)
    rest = [m - np.kron(traced(m) / 2, np.eye(2)) for m in (o, state)]
    assert outside == pytest.approx(np.linalg.norm(rest[0]) * np.linalg.norm(rest[1]))


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e3])
@pytest.mark.parametrize(
    ("words", "mirror", "beta"),
    [(("YI", "IY", "ZY", "YZ", "XY", "YX"), "II", 1), (("XI", "ZI", "IY", "XX", "ZZ"), "YI", 4)],
)
def test_what_lies_outside_a_jordan_algebra(words, mirror, beta, scale):
    """``S O^T S†`` is ``O`` in it: ``S = 1`` for real matrices, here ``Y`` for quaternions."""
    rng = np.random.default_rng(8)
    turn = np.linalg.qr(hermitian(rng, 4))[0]
    s = word_matrix(from_letters(mirror), 2)
    own = [word_matrix(from_letters(text), 2) for text in words]
    assert all(np.allclose(s @ g.T @ s.conj().T, -g) for g in own)
    o, state = hermitian(rng, 4), density(rng, 4)
    rotated = [turn @ m @ turn.conj().T for m in (o, state, *own)]
    (block,), _, outside = dense_blocks(scale * np.array(rotated[2:]), *rotated[:2], rng)
    assert (block.beta, block.size) == (beta, 4 if beta == 1 else 2) and block.is_full
    mirrors = [s @ m.T @ s.conj().T for m in (o, state)]
    apart = [np.linalg.norm(m - t) / 2 for m, t in zip((o, state), mirrors, strict=True)]
    assert block.overlap == pytest.approx(apart[0] * apart[1]) and outside < 1e-9
    inside = spectrum_of_matrix((o + mirrors[0]) / 2)
    assert (block.spectrum.low, block.spectrum.high) == pytest.approx((inside.low, inside.high))
    values = np.linalg.eigvalsh((state + mirrors[1]) / 2)[::-1]
    if beta == 4:
        values = 2 * values[::2]
    np.testing.assert_allclose(block.weights.values, values, rtol=1e-8)


def test_copies_of_a_representation():
    """A wire beside the circuit doubles everything; beside a sign that it gives it does not."""
    assert [symmetry(*words).multiplicity for words in (("X", "Z"), ("XI", "ZI"), ("XII", "ZII"),
            ("XZ", "ZZ", "XI"), ("XZI", "ZZI", "XII"))] == [1, 2, 4, 1, 2]  # fmt: skip


def test_large_groups_need_no_matrices():
    n = 120
    words = [Word(1 << w, 0) for w in range(n)] + [Word(0, 1 << w) for w in range(n)]
    words += [Word(0, 3 << w) for w in range(n - 1)]
    found = pauli_symmetry(words, n)
    assert (found.beta, found.size, found.is_full) == (2, 2**n, True)
    (one,) = carried_sectors(found, product_state(np.tile([0, 0, 1.0], (n, 1))))
    assert one.weights.is_pure


def test_words_and_matrices_find_the_same_blocks():
    rng, seen = np.random.default_rng(3), 0
    for _ in range(60):
        n = int(rng.integers(1, 4))
        words = [Word(*rng.integers(2**n, size=2).tolist()) for _ in range(rng.integers(1, 6))]
        words = [w for w in words if w.support]
        if not words:
            continue
        found = pauli_symmetry(words, n)
        mine = carried_sectors(found, product_state(np.tile([0, 0, 1.0], (n, 1))))
        zero = np.zeros((2**n, 2**n), complex)
        zero[0, 0] = 1.0
        generators = np.array([word_matrix(w, n) for w in words])
        blocks, _, _ = dense_blocks(generators, generators[0], zero, rng)
        if len(blocks) < len(mine):  # copies in different sectors are taken together
            continue
        seen += 1
        size = found.size if found.frame.n_logical else 1
        beta = found.beta if found.frame.n_logical else 2
        assert {(b.size, b.beta, b.dimension) for b in blocks} == {(size, beta, found.dimension)}
        assert sorted(round(b.weights.total, 9) for b in blocks) == sorted(
            round(c.total, 9) for c in mine
        )
    assert seen > 30


def test_stabilisers_and_lists_of_words_give_the_same_weights():
    rng, seen = np.random.default_rng(5), 0
    for _ in range(80):
        n = int(rng.integers(1, 4))
        words = [Word(*rng.integers(2**n, size=2).tolist()) for _ in range(rng.integers(1, 6))]
        if not any(w.support for w in words):
            continue
        found = pauli_symmetry(words, n)
        bloch = np.zeros((n, 3))
        bloch[np.arange(n), rng.integers(3, size=n)] = rng.choice([-1.0, 1.0], size=n)
        closed = carried_sectors(found, product_state(bloch))
        listed = sector_matrices(found, product_state(bloch))
        totals = np.trace(listed, axis1=1, axis2=2).real
        assert {c.signs for c in closed} == set(np.flatnonzero(totals > 1e-9).tolist())
        for one in closed:
            other = weights_of(listed[one.signs], found.beta)
            np.testing.assert_allclose(one.weights.values, other.values)
            assert one.weights.counts == other.counts
            seen += 1
    assert seen > 60


def test_pure_products_of_real_and_quaternionic_blocks():
    rng = np.random.default_rng(6)
    for words in (("YI", "IY", "ZY", "YZ"), ("XI", "ZI", "IY", "XX", "ZZ")):
        found = symmetry(*words)
        bloch = rng.normal(size=(2, 3))
        bloch /= np.linalg.norm(bloch, axis=1, keepdims=True)
        state = product_state(bloch)
        (one,) = carried_sectors(found, state)
        vector = np.ones(1)
        for x, y, z in bloch:
            angle = np.arccos(z)
            vector = np.kron(
                vector, [np.cos(angle / 2), np.sin(angle / 2) * np.exp(1j * np.arctan2(y, x))]
            )
        (other,) = carried_sectors(found, vector_state(vector, 2))
        np.testing.assert_allclose(one.weights.values, other.weights.values, atol=1e-9)


def test_vectors_and_products_have_the_same_weights():
    """Also where words of the algebra are products with a minus sign."""
    rng, seen = np.random.default_rng(11), 0
    for _ in range(20):
        words = [Word(*rng.integers(8, size=2).tolist()) for _ in range(4)]
        if not any(w.support for w in words):
            continue
        found = pauli_symmetry(words, 3)
        parts = rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))
        parts /= np.linalg.norm(parts, axis=1, keepdims=True)
        cross = 2 * parts[:, 0].conj() * parts[:, 1]
        bloch = np.stack([cross.real, cross.imag, 1 - 2 * abs(parts[:, 1]) ** 2], axis=1)
        vector = np.kron(np.kron(parts[0], parts[1]), parts[2])
        pairs = [carried_sectors(found, s) for s in (product_state(bloch), vector_state(vector, 3))]
        for one, other in zip(*pairs, strict=True):
            assert (one.signs, one.total) == (other.signs, pytest.approx(other.total))
            np.testing.assert_allclose(one.weights.values, other.weights.values, atol=1e-9)
            seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    "words",
    [
        ("YI", "IY", "ZY", "YZ"),
        ("XI", "IX", "YX", "XY"),
        ("XI", "ZI", "IY", "XX", "ZZ"),
        ("XI", "ZI", "IX", "IZ", "ZZ"),
    ],
)
def test_closed_forms_of_product_states_are_what_a_list_of_words_gives(words, monkeypatch):
    """Beyond the sizes that are listed, where both can be done."""
    rng = np.random.default_rng(7)
    found = symmetry(*words)
    bloch = rng.normal(size=(4, 2, 3))
    bloch[1, :, 1] = bloch[2, :, 0] = 0  # real vectors, in the usual sense and for XI, IX
    bloch /= np.linalg.norm(bloch, axis=2, keepdims=True)
    bloch[3, 0] = [0, 1, 0]  # orthogonal to its conjugate
    for own in bloch:
        state = product_state(own)
        monkeypatch.setattr(sectors, "_MAX_LISTED", 12)
        (listed,) = carried_sectors(found, state)
        monkeypatch.setattr(sectors, "_MAX_LISTED", 0)
        (closed,) = carried_sectors(found, state)
        assert closed.total == pytest.approx(listed.total) == 1
        np.testing.assert_allclose(closed.weights.values, listed.weights.values, atol=1e-9)
        assert closed.weights.counts == listed.weights.counts


def test_copies_need_a_list_of_words():
    wide = [Word(1 << w, 0) for w in range(7)] + [Word(0, 1 << w) for w in range(7)]
    tilted = product_state(np.tile([0.6, 0, 0.8], (8, 1)))
    (one,) = carried_sectors(pauli_symmetry(wide, 8), tilted)
    assert (one.total, one.weights) == (1.0, None)
    (one,) = carried_sectors(pauli_symmetry(wide, 7), product_state(tilted.bloch[:7]))
    assert (one.total, one.weights.values, one.weights.counts) == (1.0, (1.0,), (1,))


def test_a_product_state_that_is_split_is_refused_beyond_the_list():
    words = [Word(1 << w, 0) for w in range(6)] + [Word(0, 1 << w) for w in range(7)]
    tilted = product_state(np.tile([0.6, 0, 0.8], (7, 1)))
    with pytest.raises(BudgetError, match="split among 2 blocks of size 64"):
        carried_sectors(pauli_symmetry(words, 7), tilted)


def test_signs_that_the_state_fixes_are_no_free_ones():
    zeros = product_state(np.tile([0, 0, 1.0], (11, 1)))
    (one,) = carried_sectors(pauli_symmetry([Word(0, 1 << w) for w in range(11)], 11), zeros)
    assert (one.signs, one.total) == (0, 1.0)


def test_a_state_in_too_many_blocks_is_refused():
    n = 13
    words = [Word(0, 1 << w) for w in range(n)]
    plus = product_state(np.tile([1.0, 0, 0], (n, 1)))
    with pytest.raises(BudgetError, match="8192 blocks"):
        carried_sectors(pauli_symmetry(words, n), plus)


# -- spectra ---------------------------------------------------------------------------------------


def test_spectra_of_sums_of_words():
    rng = np.random.default_rng(2)
    for _ in range(25):
        words = {Word(*rng.integers(16, size=2).tolist()): rng.normal() for _ in range(7)}
        one = spectrum_of(words)
        two = spectrum_of_matrix(sum(c * word_matrix(w, 4) for w, c in words.items()))
        ends = (one.mean, one.low, one.high)
        np.testing.assert_allclose(ends, (two.mean, two.low, two.high), atol=1e-12)
        np.testing.assert_allclose(one.central, two.central, atol=1e-12)


def test_wide_sums_have_bounds_and_say_so():
    n = 40
    chain = {Word(0, 3 << w): 1.0 for w in range(n - 1)} | {Word(1 << w, 0): 1.0 for w in range(n)}
    found = spectrum_of(chain)
    assert not found.exact and found.low == -(2 * n - 1) and found.central[0] == 2 * n - 1
    commuting = spectrum_of({Word(0, 1 << w): 1.0 for w in range(16)})
    assert commuting.exact and commuting.low == -16 and commuting.central[0] == 16


def test_what_is_too_large_to_be_diagonalised_has_bounds():
    """2^18 eigenvalues are listed at most, and blocks of 256 in up to 16 sectors."""
    for wide in (18, 19):
        found = spectrum_of({Word(0, 1 << w): 1.0 for w in range(wide)})
        assert found.exact is (wide == 18) and found.high == wide
    words = [Word(1 << w, 0) for w in range(8)] + [Word(0, 1 << w) for w in range(13)]
    found = spectrum_of(dict.fromkeys(words, 1.0))
    assert not found.exact and (found.low, found.high, found.central[0]) == (-21, 21, 21)
    shifted = spectrum_of(dict.fromkeys(words, 1.0) | {Word(0, 0): 4.0})
    assert (shifted.mean, shifted.low, shifted.high) == (4, -17, 25)


# -- moments ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [1, 2, 4])
@pytest.mark.parametrize(("size", "rank"), [(4, 1), (6, 2), (8, 5)])
def test_projectors_have_beta_laws(beta, size, rank):
    exact = model([1] * rank + [0] * (size - rank), beta).exact_loss()
    truth = stats.beta(beta * rank / 2, beta * (size - rank) / 2).stats("mvsk")
    found = (exact.mean, exact.variance, exact.skewness, exact.excess_kurtosis)
    np.testing.assert_allclose(found, truth, atol=1e-12)
    # the same from sums that are not centred
    np.testing.assert_allclose(pure_moments([rank] * 4, size, beta), truth, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_shapes_do_not_depend_on_the_scale(scale):
    values = np.array([0.3, -1.0, 2.0])
    sums = [np.sum(values**k) for k in (1, 2, 3, 4)]
    moments = pure_moments([s * scale**k for k, s in enumerate(sums, 1)], 3, 2)
    expected = np.array(pure_moments(sums, 3, 2)) * [scale, scale**2, 1, 1]
    np.testing.assert_allclose(moments, expected, rtol=1e-9)
    same = [3 * (scale * 1.1) ** k for k in (1, 2, 3, 4)]
    mean, variance, *shapes = pure_moments(same, 3, 2)
    assert mean == pytest.approx(1.1 * scale) and variance == 0 and np.isnan(shapes).all()


@pytest.mark.parametrize("beta", [1, 2, 4])
def test_pauli_words_under_each_group(beta):
    """2‖O_0‖²/(N (2 + βN)): 2/(d + 2) real, 1/(d + 1) complex, 1/(d + 1) quaternionic."""
    size = 8
    variance = model([1] * 4 + [-1] * 4, beta).exact_loss().variance
    assert variance == pytest.approx(2 / (2 + beta * size))


def test_homogeneous_polynomials_are_those_of_all_monomials():
    values = np.array([0.3, -1.0, 2.0])
    sums = [float(np.sum(values**k)) for k in (1, 2, 3, 4)]
    mean, variance, _, _ = pure_moments(sums, 3, 2)
    second = sum(values[i] * values[j] for i in range(3) for j in range(i, 3))
    assert mean == pytest.approx(values.sum() / 3)
    assert variance == pytest.approx(2 * second / 12 - mean**2)


@pytest.mark.parametrize(("d", "truth"), [(2, 2 / 9), (4, 8 / 75), (8, 32 / 567)])
def test_derivatives_between_two_designs(d, truth):
    assert gradient_variance(d, 1 - 1 / d, d / 4, d, 2) == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("beta", [1, 4])
def test_derivatives_in_real_and_quaternionic_blocks(beta):
    """The mean of ‖[A, X]‖² over a basis of the algebra, from matrices."""
    words = ("YI", "IY", "ZY", "YZ") if beta == 1 else ("XI", "ZI", "IY", "XX", "ZZ")
    found = symmetry(*words)
    every = [Word(x, z) for x in range(4) for z in range(4)][1:]
    inside = [w for w in every if found.in_block(found.frame.read(w).word)]
    algebra = [w for w in every if w not in inside]
    x = word_matrix(inside[0], 2)
    brackets = [word_matrix(a, 2) @ x - x @ word_matrix(a, 2) for a in algebra]
    mean = np.mean([np.linalg.norm(b) ** 2 for b in brackets]) / 16  # ‖A‖² = ‖X‖² = 4
    block = BlockModel(found.size, beta, spectrum_of_matrix(x), PURE)
    assert block._commutator() == pytest.approx(mean)
    assert len(algebra) == found.dimension


@pytest.mark.parametrize(
    ("values", "uncentred", "centred", "matched", "mirrored"),
    [
        ([1] * 4 + [0] * 252, 4, 4.06, 4.08, False),
        ([1] * 64 + [0] * 192, 64, 85.33, 85.67, False),
        ([1] * 128 + [0] * 128, 128, 256, 257, False),
        ([1] * 255 + [0], 1, 1.004, 1.008, True),
        (2.0 ** -np.arange(256), 3.0, 3.036, 3.047, False),
    ],
)
def test_degrees_of_freedom_at_256(values, uncentred, centred, matched, mirrored):
    block = model(values)
    assert block.mirrored is mirrored
    assert block.degrees(False) == pytest.approx(uncentred, rel=1e-3)
    assert block.degrees(True) == pytest.approx(centred, rel=1e-3)
    exact = block.exact_loss()
    assert block.mean_eigenvalue**2 / exact.variance == pytest.approx(matched, rel=1e-3)
    assert block.loss_law(True).variance == pytest.approx(exact.variance, rel=0.01)
    law = block.gradient_law(True)
    assert law.variance == pytest.approx(block.exact_gradient(), rel=1e-3)
    assert law.excess_kurtosis == pytest.approx(6 / (2 * block.degrees(True)))


@pytest.mark.parametrize("centred", [True, False])
def test_degrees_do_not_depend_on_zero_and_unit_of_the_observable(centred):
    for values in ([1] * 3 + [0] * 5, [1] * 6 + [0] * 2, [0.0, 0.3, 1.0, 1.1]):
        one, other = model(values), model(5 + 3 * np.array(values))
        assert other.degrees(centred) == pytest.approx(one.degrees(centred))
        assert other.upright_degrees == pytest.approx(one.upright_degrees)
        assert other.mean_eigenvalue == pytest.approx(3 * one.mean_eigenvalue)


@pytest.mark.parametrize("variance", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize(("skewness", "mirrored"), [(-1e-12, False), (-1e-3, True), (1e-3, False)])
def test_the_sign_of_a_skewness_is_that_of_its_size(variance, skewness, mirrored):
    third = skewness * variance**1.5
    spectrum = Spectrum(0.0, (variance, third, 3 * variance**2), -1.0, 1.0, True)
    assert BlockModel(4, 2, spectrum, PURE).mirrored is mirrored


def test_the_spectrum_of_minus_an_observable(rng):
    root = rng.normal(size=(4, 4))
    one, other = (spectrum_of_matrix(sign * (root + root.T)) for sign in (1, -1))
    turned = one.mirrored()
    found, expected = ((s.mean, *s.central, s.low, s.high) for s in (turned, other))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


MIXED = Weights((0.3, 0.2), (2, 1))


@pytest.mark.parametrize("beta", [1, 2, 4])
@pytest.mark.parametrize("values", [[3.0, 3.5, 3.5, 5.0], [-1.0, 1.5, 2.0, 2.0]])
def test_laws_of_mixed_states_are_sums_of_gamma_variables(beta, values):
    """``Var = Σ w² · 2ō²/(βr)``; of a derivative ``2σ²`` times that, ``2σ² = ‖i[ρ, A]‖²/‖ρ‖²``."""
    spectrum = spectrum_of_matrix(np.diag(values))
    block = BlockModel(4, beta, spectrum, MIXED)
    law, r = block.loss_law(False), block.degrees(False)
    assert law.mean == pytest.approx(np.mean(values) * 0.8)
    squares = 2 * 0.3**2 + 0.2**2
    assert law.variance == pytest.approx(squares * 2 * block.mean_eigenvalue**2 / (beta * r))
    assert np.sign(law.skewness) == (-1 if block.mirrored else 1)
    # with centred degrees the law has the exact variance but for factors 1 + O(1/N)
    factor = {1: 3 * 6 / 16, 2: 15 / 16, 4: 3 * 9 / 32}[beta]
    found = block.gradient_law(True, 3.0)
    assert found.mean == pytest.approx(0) and found.skewness == pytest.approx(0)
    assert found.variance == pytest.approx(block.exact_gradient(3.0) * factor)
    assert block.exact_gradient(3.0) == pytest.approx(9 * block.exact_gradient())
    # Cov of two losses for states of overlap t is t/‖ρ_0‖² of the variance
    overlaps = np.array([[0.2, -0.1], [-0.1, 0.3]])
    unit = block.exact_loss().variance / block.traceless_purity
    np.testing.assert_allclose(block.kernel(overlaps), unit * overlaps, rtol=1e-12)
    assert block.exact_loss().mean == pytest.approx(np.mean(values) * 0.8)


def test_a_constant_observable_has_a_constant_law():
    block = BlockModel(4, 2, spectrum_of_matrix(2.5 * np.eye(4)), MIXED)
    law = block.loss_law(True)
    assert (law.mean, law.variance) == pytest.approx((2.0, 0.0))


def test_one_minus_a_projector_is_mirrored():
    """The exact law is 1 − Beta(1, N − 1), skewness −2; upright it would be 255 degrees."""
    block = model([1] * 255 + [0])
    law, exact = block.loss_law(False), block.exact_loss()
    assert block.upright_degrees == pytest.approx(255)
    assert law.skewness == pytest.approx(-2) and exact.skewness == pytest.approx(-1.977, abs=1e-3)
    assert law.cdf(1.0) == 1 and law.mean == pytest.approx(exact.mean)


# -- laws ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [0.5, 1.0, 4.0])
def test_variance_gamma_against_its_bessel_function(shape):
    law = GammaSum.of(0.0, [(1.0, shape), (-1.0, shape)])

    def density(x):
        scale = np.sqrt(np.pi) * special.gamma(shape)
        return (x / 2) ** (shape - 0.5) * special.kv(shape - 0.5, x) / scale

    for x in (0.4, 1.3, 3.0):
        truth = 0.5 + integrate.quad(density, 0, x)[0]
        assert law.cdf(x) == pytest.approx(truth, abs=2e-4)
        assert law.quantile(truth) == pytest.approx(x, abs=2e-3)
    assert (law.variance, law.excess_kurtosis) == pytest.approx((2 * shape, 3 / shape))


def test_sums_mirror_and_add():
    one = GammaSum.of(1.0, [(0.5, 2.0)])
    both = one + GammaSum.of(-1.0, [(0.5, 3.0)])
    assert both.weights == (0.5,) and both.shapes == (5.0,) and both.offset == 0
    np.testing.assert_allclose(both.cdf([1.0, 3.0]), stats.gamma(5, scale=0.5).cdf([1.0, 3.0]))
    turned = GammaSum.of(0.0, [(-0.5, 5.0)])
    np.testing.assert_allclose(turned.cdf(-1.0), 1 - both.cdf(1.0))
    assert turned.quantile(0.2) == pytest.approx(-both.quantile(0.8))
    constant = GammaSum.of(2.0, [])
    assert constant.cdf([1.9, 2.0]).tolist() == [0.0, 1.0] and np.isnan(constant.skewness)


def test_draws_of_a_law_have_its_moments():
    law = GammaSum.of(0.5, [(1.0, 1.5), (-0.3, 4.0)])
    draws = law.sample(np.random.default_rng(1), 200_000)
    assert draws.mean() == pytest.approx(law.mean, abs=0.02)
    assert draws.var() == pytest.approx(law.variance, rel=0.02)
    assert stats.kstest(draws, law.cdf).statistic < 0.005


def test_mixed_states_narrow_the_law():
    spectrum = Spectrum(0.5, (0.25, 0.0, 0.0625), 0.0, 1.0, True)
    mixed = BlockModel(16, 2, spectrum, Weights((0.25,), (4,)))
    pure = BlockModel(16, 2, spectrum, PURE)
    assert mixed.loss_law(True).variance == pytest.approx(pure.loss_law(True).variance / 4)
    assert np.isnan(mixed.exact_loss().skewness)


def test_products_in_logical_words():
    rng = np.random.default_rng(9)
    for _ in range(40):
        words = [Word(*rng.integers(1, 16, size=2).tolist()) for _ in range(5)]
        frame = pauli_symmetry(words, 4).frame
        a, b = (frame.read(w) for w in words[:2])
        assert commute(words[0], words[1]) == commute(a.word, b.word)
        again = product(frame.write(a.word), frame.radical_products()[a.radical])
        assert (again.x, again.z) == (words[0].x, words[0].z) and again.sign == a.sign


def test_logical_words_multiply_as_what_they_stand_for():
    rng = np.random.default_rng(10)
    for _ in range(20):
        words = [Word(*rng.integers(1, 16, size=2).tolist()) for _ in range(4)]
        frame = pauli_symmetry(words, 4).frame
        for _ in range(6):
            a, b = (Word(*rng.integers(1 << frame.n_logical, size=2).tolist()) for _ in range(2))
            joined = product(a, b)
            left, right = product(frame.write(a), frame.write(b)), frame.write(joined)
            assert left == right._replace(phase=(frame.write(Word(joined.x, joined.z)).phase
                                                 + joined.phase) % 4)  # fmt: skip


def test_a_sector_holds_one_copy_of_the_algebra():
    """Rings of XX, YY and ZZ on four wires: 4 × su(4) in all, one of them on each sector."""
    ring = ["".join(c if k in (w, (w + 1) % 4) else "I" for k in range(4))
            for c in "XYZ" for w in range(4)]  # fmt: skip
    found = pauli_symmetry([from_letters(text) for text in ring], 4)
    assert found.algebra == "4 × so(6)"
    assert (found.dimension, found.size, found.group) == (15, 4, "SU(4)") and found.is_full


def test_moments_from_products_of_words_are_those_of_the_matrix(rng):
    """What is used beyond the sizes that are diagonalised, where it can be checked."""
    for _ in range(5):
        masks = {(int(x), int(z)) for x, z in rng.integers(0, 8, (12, 2))} - {(0, 0)}
        words = {Word(x, z): float(rng.normal()) for x, z in masks}
        values = np.linalg.eigvalsh(sum(c * word_matrix(w, 3) for w, c in words.items()))
        expected = [np.mean(values**m) for m in (2, 3, 4)]
        np.testing.assert_allclose(spectra._moments(words), expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("order", list(permutations(("ZII", "IZI", "IIZ"))), ids="-".join)
@pytest.mark.parametrize("flips", ["XXI IXX", "XXI IXX ZII", "YXI IXX IIZ", "XIX YYI IZI"])
def test_a_product_state_has_one_vector_in_its_parity_whatever_the_order(order, flips):
    """Of three stabilisers two are independent beside the parity, in every order and frame."""
    found = symmetry(*flips.split(), "ZII", "IZI", "IIZ")
    assert len(found.frame.radical) == 1
    signs = [from_letters(text) for text in order]
    (only,) = sectors._of_stabilisers(found, signs)
    assert (only.total, only.weights.values, only.weights.counts) == (1, (1.0,), (1,))
