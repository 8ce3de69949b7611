"""Dimension, centre, ideals, purities and variances of dynamical Lie algebras."""

import json
from math import comb

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability import ReadingError
from pennylane_trainability.diagnostics.algebra_purities import _coefficients, _square
from pennylane_trainability.landscapes.deep_limit import deep_limit
from pennylane_trainability.landscapes.steps import Step, StepCircuit
from pennylane_trainability.landscapes.word_module import Budget
from pennylane_trainability.liealg.commutant import commutant_projection
from pennylane_trainability.liealg.ideals import ideals
from pennylane_trainability.liealg.numeric import numeric_module
from pennylane_trainability.liealg.orbits import orbits
from pennylane_trainability.liealg.splitting import split_module, split_words
from pennylane_trainability.liealg.words import Words

DEVICE = qml.device("default.qubit")


def layered(n, gates, observable, layers=2, front=None):
    """One parameter per entry of ``gates``; an entry is a list of (word, wires) with one angle."""

    def function(w):
        if front is not None:
            front()
        for layer in w:
            for angle, words in zip(layer, gates, strict=True):
                for word, wires in words:
                    qml.PauliRot(angle, word, wires=wires)
        return qml.expval(observable)

    return qml.QNode(function, DEVICE), np.zeros((layers, len(gates)))


def single(n, letter):
    return [[(letter, [k])] for k in range(n)]


def bonds(n, word, ring=False):
    return [[(word, [k, (k + 1) % n])] for k in range(n if ring else n - 1)]


def tied(gates):
    return [[term for gate in gates for term in gate]]


def of(n, gates, observable=None, **options):
    qnode, w = layered(n, gates, qml.Z(0) if observable is None else observable, **options)
    return pt.dynamical_lie_algebra(qnode, seed=1)(w)


# -- closed forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 4])
def test_matchgates(n):
    found = of(n, single(n, "Z") + bonds(n, "XX"))
    assert (found.dimension, found.complete) == (n * (2 * n - 1), True)
    assert [i.dimension for i in found.ideals] == ([3, 3] if n == 2 else [n * (2 * n - 1)])
    assert found.variance.value == pytest.approx(1 / (2 * n - 1), rel=1e-12)
    assert found.ragone.value == pytest.approx(1 / (2 * n - 1), rel=1e-12)
    assert found.observable_inside and not found.state_inside


def test_sums_across_two_algebras_in_one_set_of_words():
    """so(4) = su(2) ⊕ su(2): Z₀ + Z₁ lies in one of them, 4/3 and not 2/3."""
    found = of(2, single(2, "Z") + bonds(2, "XX"), qml.Z(0) + qml.Z(1))
    assert found.ragone.value == pytest.approx(4 / 3, rel=1e-12)
    assert found.variance.value == pytest.approx(4 / 3, rel=1e-12)
    np.testing.assert_allclose(found.fontana, found.gradients, rtol=1e-12)
    assert sorted(round(i.observable_purity, 9) for i in found.ideals) == [0.0, 8.0]


@pytest.mark.parametrize("n", [3, 4])
def test_an_observable_outside_of_the_algebra(n):
    """ZZ of matchgates: C(n, 2)/C(2n, 4) from its module; no formula with purities."""
    found = of(n, single(n, "Z") + bonds(n, "XX"), qml.Z(0) @ qml.Z(1))
    assert not found.observable_inside and found.ragone is None and found.fontana is None
    assert found.variance.value == pytest.approx(comb(n, 2) / comb(2 * n, 4), rel=1e-12)
    assert found.module == comb(2 * n, 4)
    assert "does not apply" in str(found)


@pytest.mark.parametrize(("n", "dimension"), [(3, 30), (4, 56)])
def test_transverse_field_ising_ring(n, dimension):
    found = of(n, single(n, "Z") + bonds(n, "XX", ring=True))
    assert found.dimension == dimension
    assert [i.name for i in found.ideals] == [f"so({2 * n})"] * 2
    assert found.variance.value == pytest.approx(1 / (2 * n - 1), rel=1e-12)
    assert found.ragone.value == pytest.approx(1 / (2 * n - 1), rel=1e-12)


@pytest.mark.parametrize(("n", "parts"), [(3, [3, 3]), (4, [3] * 4), (5, [10, 10]), (6, [15, 15])])
def test_open_chain_of_xx_and_yy(n, parts):
    found = of(n, bonds(n, "XX") + bonds(n, "YY"))
    assert found.dimension == sum(parts)
    assert [i.dimension for i in found.ideals] == parts


def test_abelian():
    found = of(1, single(1, "X"), qml.X(0), front=lambda: qml.RY(0.4, 0))
    assert (found.dimension, found.centre.dimension, found.ideals) == (1, 1, ())
    assert found.variance.value == 0 and found.mean.value == pytest.approx(np.sin(0.4))
    assert found.ragone.value == 0
    outside = of(1, single(1, "X"), qml.Z(0))
    assert not outside.observable_inside and outside.ragone is None
    assert outside.variance.value == pytest.approx(1 / 2)


def test_one_wire_universal():
    """The state lies in su(2) up to the identity, and so does every observable."""
    found = of(1, single(1, "X") + single(1, "Y"))
    assert found.state_inside and found.observable_inside
    assert found.ragone.value == pytest.approx(1 / 3)
    np.testing.assert_allclose(found.fontana, 2 / 9, rtol=1e-12)
    np.testing.assert_allclose(found.gradients, 2 / 9, rtol=1e-12)


def test_universal_on_three_wires():
    found = of(3, single(3, "X") + single(3, "Y") + bonds(3, "ZZ"), qml.Z(0) @ qml.X(2))
    assert found.dimension == 63 and found.variance.value == pytest.approx(1 / 9)
    d = 8
    truth = d**2 / (2 * (d - 1) * (d + 1) ** 2)
    np.testing.assert_allclose(found.gradients, truth, rtol=1e-12)
    np.testing.assert_allclose(found.fontana, truth, rtol=1e-12)


def test_means_come_from_the_centre():
    """The parity commutes with all matchgates and is a generator here."""
    gates = single(2, "Z") + bonds(2, "XX") + [[("ZZ", [0, 1])]]
    found = of(2, gates, qml.Z(0) @ qml.Z(1) + 0.5 * qml.Z(0) + 2.0 * qml.Identity(0))
    assert found.centre.dimension == 1 and found.mean.value == pytest.approx(3.0)
    assert found.ragone.value == pytest.approx(0.25 / 3)
    assert found.variance.value == pytest.approx(0.25 / 3)


# -- sums of words ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_qaoa_on_a_ring(n):
    """Dimension 3n − 1: n − 1 algebras su(2) and a centre of dimension two."""
    cost = qml.sum(*[qml.Z(k) @ qml.Z((k + 1) % n) for k in range(n)])
    gates = tied(bonds(n, "ZZ", ring=True)) + tied(single(n, "X"))
    found = of(n, gates, cost, front=lambda: [qml.Hadamard(k) for k in range(n)])
    assert found.dimension == 3 * n - 1
    assert [i.dimension for i in found.ideals] == [3] * (n - 1)
    assert {i.name for i in found.ideals} == {"su(2)"} and found.centre.dimension == 2
    assert len(found.generators) == 2
    assert found.observable_inside
    # two roads: projections of matrices on the module, purities in ideals
    assert found.ragone.value == pytest.approx(found.variance.value, rel=1e-9)
    np.testing.assert_allclose(found.fontana, found.gradients, rtol=1e-9)


def test_a_deep_circuit_of_sums_by_draws(seed):
    n = 4
    cost = qml.Z(0) @ qml.Z(1)
    gates = tied(bonds(n, "ZZ", ring=True)) + tied(single(n, "X"))
    qnode, w = layered(n, gates, cost, layers=24, front=lambda: [qml.Hadamard(k) for k in range(n)])
    found = pt.dynamical_lie_algebra(qnode)(w)
    drawn = pt.loss_variance(qnode, method="sample", n_draws=1000, seed=seed)(w)
    assert abs(drawn.variance.value - found.variance.value) < 4.5 * drawn.variance.stderr + 1e-3


def test_single_excitations():
    """Their generators (XY − YX)/2 on neighbours: so(n) on n wires."""

    def function(w):
        qml.X(0)
        for k in range(3):
            qml.SingleExcitation(w[k], [k, k + 1])
        return qml.expval(qml.Z(0))

    found = pt.dynamical_lie_algebra(qml.QNode(function, DEVICE), seed=2)(np.zeros(3))
    # so(4) = su(2) ⊕ su(2)
    assert found.dimension == 6 and [i.name for i in found.ideals] == ["su(2)"] * 2
    # one particle on four sites with a random rotation: Z₀ = 1 − 2x², E x² = 1/4, E x⁴ = 1/8
    assert found.variance.value == pytest.approx(4 * (1 / 8 - 1 / 16), rel=1e-9)
    assert found.mean.value == pytest.approx(1 / 2, rel=1e-9)


# -- against other roads ---------------------------------------------------------------------------


def random_sums(rng, n, count, terms):
    keys = [(int(x), int(z)) for x, z in rng.integers(0, 2**n, (count * terms, 2))]
    rows = [keys[k * terms : (k + 1) * terms] for k in range(count)]
    return [{key: 1.0 for key in row if key != (0, 0)} for row in rows]


@pytest.mark.parametrize("case", range(8))
def test_words_are_split_as_their_matrices_are(rng, case):
    """Conserved words against the eigenspaces of the centroid."""
    words = Words.of([next(iter(s)) for s in random_sums(rng, 3, 2 + case % 4, 1) if s], 3)
    if not len(words):
        words = Words.of([(1, 0)], 3)
    words = Words.of(list(dict.fromkeys(words.pairs())), 3)
    by_words = split_words(orbits(words, words, 1000), words)
    eye = np.eye(len(words))
    listed = numeric_module(words, eye, words, eye, max_dimension=99, max_words=99)
    by_matrix = split_module(listed, rng)
    assert by_words.centre.dimension == by_matrix.centre.dimension
    assert [p.dimension for p in by_words.parts] == [p.dimension for p in by_matrix.parts]
    assert ideals(words).dimension == len(listed)


@pytest.mark.parametrize("kind", ["words", "sums"])
def test_bases_are_orthonormal_commute_with_each_other_and_close(kind):
    n = 4
    chain = bonds(n, "XX") + bonds(n, "YY")
    gates = chain if kind == "words" else [bonds(n, "XX")[k] + bonds(n, "YY")[k] for k in range(3)]
    if kind == "sums":
        gates += tied(single(n, "Z"))
    found = of(n, gates)
    wires = range(n)
    spaces = []
    for ideal in found.ideals:
        own = [qml.matrix(s, wire_order=wires) for s in ideal.basis]
        table = np.array([[np.trace(a @ b).real / 2**n for b in own] for a in own])
        np.testing.assert_allclose(table, np.eye(ideal.dimension), atol=1e-9)
        flat = np.array([m.ravel() for m in own])
        for a in own:
            for b in own:
                bracket = (1j * (a @ b - b @ a)).ravel()
                rest = bracket - flat.T @ (flat.conj() @ bracket) / 2**n
                assert np.linalg.norm(rest) < 1e-7
        spaces.append(own)
    assert len(spaces) > 1
    assert all(
        np.abs(a @ b - b @ a).max() < 1e-7 for a in spaces[0] for other in spaces[1:] for b in other
    )


def test_purities_are_those_of_dense_matrices():
    n = 3
    found = of(n, bonds(n, "XX") + bonds(n, "YY"), 0.3 * qml.X(0) @ qml.X(1) - qml.X(1) @ qml.X(2),
               front=lambda: [qml.RY(0.3 + k, k) for k in range(n)])  # fmt: skip
    state = np.array([1.0])
    for k in range(n):
        state = np.kron(state, [np.cos((0.3 + k) / 2), np.sin((0.3 + k) / 2)])
    observable = qml.matrix(0.3 * qml.X(0) @ qml.X(1) - qml.X(1) @ qml.X(2), wire_order=range(n))
    for ideal in found.ideals:
        basis = [qml.matrix(s, wire_order=range(n)) / 2 ** (n / 2) for s in ideal.basis]
        by_state = sum((state @ b @ state).real ** 2 for b in basis)
        by_observable = sum(np.trace(b @ observable).real ** 2 for b in basis)
        assert ideal.state_purity == pytest.approx(by_state, rel=1e-10, abs=1e-14)
        assert ideal.observable_purity == pytest.approx(by_observable, rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("case", range(6))
def test_orbit_averages_are_projections_of_matrices(rng, case):
    """Words: the same limit from orbits and labels, and from conjugate gradients."""
    n = 3
    sums = [s for s in random_sums(rng, n, 4, 1) if s]
    keys = random_sums(rng, n, 1, 5)[0]
    terms = {key: float(rng.normal()) for key in keys}
    bloch = rng.normal(size=(n, 3))
    bloch /= np.linalg.norm(bloch, axis=1)[:, None]
    steps = tuple(Step(k, one, {}) for k, one in enumerate(sums))
    made = StepCircuit(terms, 0.0, (), steps, bloch, len(steps), has_fixed=False)
    found = deep_limit(made, Budget(1000, 1e9, 1e9))
    distinct = list(dict.fromkeys(key for one in sums for key in one))
    eye = np.eye(len(distinct))
    module = numeric_module(
        Words.of(list(terms), n), [list(terms.values())], Words.of(distinct, n), eye,
        max_dimension=99, max_words=99,
    )  # fmt: skip
    own = np.zeros(len(module.words))
    own[: len(terms)] = list(terms.values())
    start = module.basis @ own
    values = np.array([_value(bloch, pair) for pair in module.words.pairs()])
    end = module.basis @ values
    second = commutant_projection(module.matrices, np.outer(start, start))[0]
    first = end @ _invariant(module.matrices) @ start
    assert found.mean == pytest.approx(first, abs=1e-10)
    assert found.loss == pytest.approx(end @ second @ end - first**2, rel=1e-8, abs=1e-10)


def _value(bloch, pair):
    x, z = pair
    out = 1.0
    for wire, vector in enumerate(bloch):
        letter = (x >> wire & 1) + 2 * (z >> wire & 1)
        out *= (1.0, vector[0], vector[2], vector[1])[letter]
    return out


def _invariant(matrices):
    total = sum(a.T @ a for a in matrices)
    values, vectors = np.linalg.eigh(total)
    kept = vectors[:, values < 1e-9]
    return kept @ kept.T


def test_projections_against_alternating_ones(rng):
    """Averages over one generator after the other, again and again."""
    n = 2
    words = Words.of([(0, 1), (0, 2), (3, 0)], n)
    start = Words.of([(0, 1), (0, 2)], n)
    eye = np.eye(3)
    module = numeric_module(start, [[1.0, 0.4]], words, eye, max_dimension=9, max_words=9)
    mixed = rng.normal(size=(len(module), len(module)))
    mixed = mixed + mixed.T
    found, left = commutant_projection(module.matrices, mixed)
    x = mixed
    for _ in range(400):
        for a in module.matrices:
            moved = -a @ a
            rest = np.eye(len(a)) - moved
            x = rest @ x @ rest + (moved @ x @ moved + a @ x @ a.T) / 2
    assert left < 1e-10
    np.testing.assert_allclose(found, x, atol=1e-9)


# -- budgets, bad input, records -------------------------------------------------------------------


def test_large_algebras_are_named_and_not_listed():
    n = 8
    gates = single(n, "X") + single(n, "Z") + bonds(n, "ZZ")
    qnode, w = layered(n, gates, qml.Z(0))
    found = pt.dynamical_lie_algebra(qnode, max_words=1000)(w)
    assert found.dimension == 4**n - 1 and found.complete and found.text == f"su({2**n})"
    assert found.centre is None and found.ideals == () and found.variance is None
    assert any("were not listed" in note for note in found.notes)
    assert any("≥ " in note and "loss_variance()" in note for note in found.notes)


def test_a_closure_that_is_stopped_is_a_lower_bound():
    n = 4
    gates = tied(single(n, "X")) + tied(single(n, "Z")) + tied(bonds(n, "ZZ"))
    qnode, w = layered(n, gates, qml.Z(0))
    found = pt.dynamical_lie_algebra(qnode, max_dimension=20, max_words=50)(w)
    assert not found.complete and found.dimension > 20
    assert "of dimension ≥ " in str(found) and any("stopped" in note for note in found.notes)


def test_cliffords_are_pushed_through_and_fixed_rotations_count():
    def function(w, x):
        qml.RY(w[0], 0)
        qml.CNOT([0, 1])
        qml.RX(x, 1)
        qml.RZ(w[1], 1)
        return qml.expval(qml.Z(1))

    found = pt.dynamical_lie_algebra(qml.QNode(function, DEVICE), encoding_args="x")(
        np.zeros(2), 0.3
    )
    # in front of the CNOT: Y₀, X₁ and Z₀Z₁
    assert set(found.generators) == {"1.0 * Y(0)", "1.0 * X(1)", "1.0 * Z(0) @ Z(1)"}
    assert any("fixed or data angles count" in note for note in found.notes)


def test_states_and_observables_that_are_not_supported():
    def entangled(w):
        qml.StatePrep(np.array([1, 0, 0, 1]) / np.sqrt(2), wires=[0, 1])
        qml.RX(w, 0)
        return qml.expval(qml.Z(0))

    found = pt.dynamical_lie_algebra(qml.QNode(entangled, DEVICE))(0.1)
    assert found.dimension == 1 and found.variance is None and found.state_inside is None
    assert any("nothing is said of the state" in note for note in found.notes)

    def dense(w):
        qml.RX(w, 0)
        return qml.probs(wires=0)

    found = pt.dynamical_lie_algebra(qml.QNode(dense, DEVICE))(0.1)
    assert found.observable_inside is None and found.dimension == 1
    assert any("nothing is said of the observable" in note for note in found.notes)


def test_what_has_no_generators_is_refused():
    def nothing(w):
        qml.Hadamard(0)
        return qml.expval(qml.Z(0))

    with pytest.raises(ReadingError, match="depends on a trainable argument"):
        pt.dynamical_lie_algebra(qml.QNode(nothing, DEVICE))(0.1)

    def noisy(w):
        qml.RX(w, 0)
        qml.DepolarizingChannel(0.1, 0)
        return qml.expval(qml.Z(0))

    with pytest.raises(ReadingError, match="DepolarizingChannel is no product"):
        pt.dynamical_lie_algebra(qml.QNode(noisy, qml.device("default.mixed", wires=1)))(0.1)
    qnode, _ = layered(1, single(1, "X"), qml.Z(0))
    with pytest.raises(ValueError, match="max_dimension needs a whole number"):
        pt.dynamical_lie_algebra(qnode, max_dimension=0)


def test_the_record_is_strict_json_and_prints_its_ideals(seed):
    qnode, w = layered(3, single(3, "Z") + bonds(3, "XX"), qml.Z(0))
    one, two = (pt.dynamical_lie_algebra(qnode, seed=seed)(w) for _ in range(2))
    assert json.dumps(one.to_dict(), allow_nan=False) == json.dumps(two.to_dict(), allow_nan=False)
    text = str(one)
    assert text.startswith("Dynamical Lie algebra of dimension 15: so(6)")
    assert "by purities" in text and "so(6)  15" in text


def test_the_unit_of_the_observable_does_not_matter():
    """Outside of the algebra it stays outside, however small; purities are squares."""
    qnode, w = layered(2, single(2, "Z"), 1e-5 * qml.X(0))
    assert not pt.dynamical_lie_algebra(qnode, seed=1)(w).observable_inside


def test_more_ideals_than_are_shown():
    found = of(14, single(14, "X") + single(14, "Z"))
    assert len(found.ideals) == 14 and "… (2 more)" in str(found)


def test_coefficients_on_words_of_many_wires():
    words = Words.of([(1 << 66, 0), (0, 1 << 3), (1, 1 << 65)], 70)
    found = _coefficients({(1, 1 << 65): 0.4, (1 << 66, 0): 0.3, (5, 0): 0.2}, words)
    np.testing.assert_allclose(found, [0.3, 0.0, 0.4])


def test_what_rounding_leaves_of_nothing_is_nothing():
    assert _square(np.array([1e-12]), np.array([-1.0])) == 0
    assert _square(np.array([1e-9]), np.array([-1.0])) == pytest.approx(1e-18)
