"""Pauli paths against quadrature over the angle law, closed forms, and reasons for refusing."""

from dataclasses import replace
from fractions import Fraction
from math import factorial
from types import SimpleNamespace

import numpy as np
import pennylane as qml
import pytest
from exact_moments import drawn, exact, misses, random_function, read

from pennylane_trainability import Normal, ReadingError, Uniform
from pennylane_trainability.circuits.pauli import Word, word_matrix
from pennylane_trainability.circuits.rotations import pauli_circuit
from pennylane_trainability.landscapes import cross_terms, paths
from pennylane_trainability.landscapes import path_estimates as path_estimates_module
from pennylane_trainability.landscapes.cross_terms import pairs_of, signatures
from pennylane_trainability.landscapes.moments import moments_of
from pennylane_trainability.landscapes.path_estimates import (
    Interval,
    PathEstimates,
    path_estimates,
)
from pennylane_trainability.landscapes.path_model import path_model
from pennylane_trainability.landscapes.path_tally import Tally
from pennylane_trainability.landscapes.paths import draw_pairs, unpack
from pennylane_trainability.landscapes.product_state import bloch_vectors, expectations

WHOLE = Uniform()
NARROW = [Uniform(0.7), Uniform(np.pi / 2), Normal(0.4), Uniform(0.05)]


def model_of(function, *args, law=WHOLE, **options):
    return path_model(pauli_circuit(read(function, *args, **options).circuit), law)


# -- against quadrature ----------------------------------------------------------------------------


def agrees(reading, law, seed, n_paths=40_000):
    truth = exact(reading, law)
    found = drawn(reading, law, n_paths, seed)
    loss, gradients = found.loss(), found.gradients()
    off = np.concatenate([misses(loss, truth.loss), misses(gradients, truth.gradients)])
    # the normal tail beyond 4.5 is 7e-6
    assert np.all(off < 4.5), (off, loss, gradients, truth)
    if found.mean is not None:
        assert found.mean == pytest.approx(truth.mean, abs=1e-9)
    return found, truth


@pytest.mark.parametrize("case", range(6))
def test_whole_turns(rng, seed, case):
    function = random_function(rng, 3, 5, prepared=case % 2, leading=case % 3 == 0)
    reading = read(function, rng.uniform(0, 6, 5))
    found, truth = agrees(reading, WHOLE, seed)
    assert found.loss().relative < 0.3 or truth.loss < 1e-3


@pytest.mark.parametrize("law", [WHOLE, NARROW[0]], ids=str)
def test_long_runs_in_parts_of_several_sizes(rng, seed, law):
    reading = read(random_function(rng, 3, 4), np.zeros(4))
    found, _ = agrees(reading, law, seed, n_paths=170_000)
    assert found.tally.trials == 64 * -(-170_000 // 64)


@pytest.mark.parametrize("law", NARROW, ids=str)
@pytest.mark.parametrize("leading", [False, True], ids=["basis state", "product state"])
def test_narrow_laws_around_quarter_turns(rng, seed, law, leading):
    function = random_function(rng, 3, 4, prepared=True, leading=leading)
    reading = read(function, rng.integers(0, 4, 4) * np.pi / 2)
    agrees(reading, law, seed)


@pytest.mark.parametrize("case", range(6))
def test_fixed_rotations_agree_or_are_refused(rng, seed, case):
    function = random_function(rng, 3, 5, fixed=2)
    reading = read(function, rng.uniform(0, 6, 5))
    try:
        agrees(reading, WHOLE, seed)
    except ReadingError as error:
        assert "interfere" in str(error)


def test_encoded_data_between_rotations_over_whole_turns(seed):
    """Every cross term meets a rotation that stops it: no signs, no refusal."""

    def function(x, w):
        for layer in range(3):
            for wire in range(2):
                qml.RZ(w[layer, wire, 0], wire)
                qml.RY(w[layer, wire, 1], wire)
            qml.CNOT([0, 1])
            if layer < 2:
                qml.RX(x, 0)
                qml.RX(2 * x, 1)
        return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(0))

    w = np.linspace(0, 2, 12).reshape(3, 2, 2)
    reading = read(function, 0.4, w, encoding_args="x")
    given = reading.arguments.parameters
    # 3^12 points are too many: draws instead
    from pennylane_trainability.simulation.adjoint import simulate

    draws = np.random.default_rng(seed).uniform(0, 2 * np.pi, (20_000, given.size))
    sampled = simulate(reading.at(draws, reading.arguments.inputs[None]))
    found = drawn(reading, WHOLE, 50_000, seed)
    for interval, values in (
        (found.loss(), sampled.values[0][:, 0][:, None]),
        (found.gradients(), sampled.gradients[0][:, 0]),
    ):
        variance = values.var(axis=0)
        error = np.sqrt(((values - values.mean(0)) ** 2).var(axis=0) / len(values))
        off = (interval.value - variance) / np.hypot(np.nan_to_num(interval.error), error + 1e-12)
        assert np.max(np.abs(off)) < 4.5
    assert found.model.fixed.any()


def test_correlated_words_count_with_their_signs(seed):
    """⟨Z⟩ and ⟨ZZ⟩ of a wire that is not turned: E (a + b)² with signs, not a² + b²."""
    both = {}
    for sign in (1, -1):

        def function(w, sign=sign):
            qml.RY(w, 0)
            qml.PauliX(1)
            return qml.expval(qml.Z(0) + sign * (qml.Z(0) @ qml.Z(1)))

        both[sign] = drawn(read(function, 0.3), WHOLE, 20_000, seed).loss()
    assert misses(both[-1], 2.0)[0] < 4.5
    assert misses(both[1], 0.0)[0] < 4.5
    assert both[1].value < 0.1


def test_a_word_that_meets_fixed_rotations_only_does_not_vary(seed):
    """⟨Z⟩ of wire 1 is cos 0.3 whatever w: its square is no variance."""

    def function(w):
        qml.RX(w, 0)
        qml.IsingXX(0.3, [1, 2])
        return qml.expval(qml.Z(0) + qml.Z(1))

    assert misses(drawn(read(function, 0.1), WHOLE, 20_000, seed).loss(), 0.5)[0] < 4.5


def test_pairs_with_a_negative_mean_cosine(seed):
    """Within ±4, E cos θ = sin 4/4 < 0: a covariance of that sign."""

    def function(w):
        qml.RY(w[0], 0)
        qml.RY(w[1], 1)
        return qml.expval(qml.Z(0) + qml.Z(0) @ qml.Z(1))

    mean, square = np.sin(4) / 4, (1 + np.sin(8) / 8) / 2
    loss = square * (1 + 2 * mean + square) - mean**2 * (1 + mean) ** 2
    first = (1 - square) * (1 + 2 * mean + square)
    found = drawn(read(function, np.zeros(2)), Uniform(4.0), 100_000, seed)
    assert mean < 0
    assert misses(found.loss(), loss)[0] < 4.5
    assert misses(found.gradients(), np.array([first, square * (1 - square)])).max() < 4.5
    assert found.loss().relative < 0.02


def test_words_that_anticommute_in_a_tilted_state(seed):
    """⟨X⟩ + ⟨Z⟩ = √2 sin (t + π/4 + w): one rotation takes each word to the other."""

    def function(w):
        qml.RY(0.4, 0)
        qml.RY(w, 0)
        return qml.expval(qml.X(0) + qml.Z(0))

    a, t = 0.8, 0.4 + np.pi / 4
    wave = np.cos(2 * t) * np.sin(2 * a) / (2 * a)  # E cos 2(t + w)
    found = drawn(read(function, 0.0), Uniform(a), 40_000, seed)
    loss = 1 - wave - 2 * (np.sin(t) * np.sin(a) / a) ** 2
    gradient = 1 + wave - 2 * (np.cos(t) * np.sin(a) / a) ** 2
    assert misses(found.loss(), loss)[0] < 4.5 and found.loss().relative < 0.05
    assert misses(found.gradients(), gradient)[0] < 4.5 and found.gradients().relative < 0.05


@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_whole_turns_among_narrow_angles(tilt, seed):
    """Within ±π/2 twice the angle makes a whole turn: ``E cos 2w₀ = 0``, and ``E cos w₁ = 2/π``."""

    def function(w):
        for wire in range(2):
            qml.RY(tilt, wire)
        qml.RY(2 * w[0], 0)
        qml.RY(w[1], 1)
        return qml.expval(qml.Z(0) + qml.Z(1) + qml.Z(0) @ qml.Z(1))

    mean, slope = np.cos(tilt) * 2 / np.pi, np.sin(tilt) * 2 / np.pi  # of cos and sin (t + w₁)
    found = drawn(read(function, np.zeros(2)), Uniform(np.pi / 2), 40_000, seed)
    assert misses(found.loss(), 1.25 + mean - mean**2)[0] < 4.5
    first = 4 * 0.5 * (1 + 2 * mean + 0.5)  # E sin² (t + 2w₀) · E (1 + cos (t + w₁))², times 2²
    second = 0.5 * 1.5 - slope**2  # E sin² (t + w₁) · E (1 + cos (t + 2w₀))²
    assert misses(found.gradients(), np.array([first, second])).max() < 4.5
    assert found.loss().relative < 0.05


def test_sums_over_rotations_that_act_on_one_or_both_of_two_words(rng):
    s = rng.integers(0, 2, (4, 7)).astype(float)
    v = rng.normal(size=7)
    apart, both = cross_terms._apart(s, v), cross_terms._both(s, np.where(v < -0.7, -np.inf, v))
    assert np.isinf(both).any() and np.isfinite(both).any()
    for a in range(4):
        for b in range(4):
            one = [v[k] for k in range(7) if s[a, k] != s[b, k]]
            two = [-np.inf if v[k] < -0.7 else v[k] for k in range(7) if s[a, k] and s[b, k]]
            assert apart[a, b] == pytest.approx(sum(one), abs=1e-12)
            assert both[a, b] == pytest.approx(sum(two), abs=1e-12)


def test_phases_of_products_are_those_of_matrices(rng):
    words = rng.integers(0, 2, (2, 40, 2, 3)).astype(bool)
    found = cross_terms.phases(*[(part[:, 0], part[:, 1]) for part in words])
    for a, b, turns in zip(*words, found, strict=True):
        masks = [[sum(int(v) << k for k, v in enumerate(row)) for row in w] for w in (a, b, a ^ b)]
        first, second, joined = (word_matrix(Word(*m), 3) for m in masks)
        np.testing.assert_allclose(first @ second, 1j ** int(turns) * joined, atol=1e-14)


def test_groups_of_words_share_no_pair():
    """Three words on wire 0, one on wire 1 and two on wire 2, told apart by rotations."""

    def function(w):
        for wire in range(3):
            qml.RX(w[wire], wire)
        words = [qml.Z(0), qml.Z(1), qml.Z(2), qml.Z(0) @ qml.Z(3), qml.Z(2) @ qml.Z(3),
                 qml.Z(0) @ qml.Z(4)]  # fmt: skip
        return qml.expval(qml.sum(*words))

    model = model_of(function, np.zeros(3))
    own = signatures(model.words, model.rotations)
    pairs = pairs_of(model, own)
    groups = [(w.tolist(), r) for w, r in cross_terms.group_of(model, own, pairs)]
    assert sorted(words for words, _ in groups) == [[0, 3, 5], [1], [2, 4]]
    assert sorted(k for _, rows in groups for k in rows) == list(range(6 + 1 + 3))
    for words, rows in groups:
        assert set(pairs.first[rows]) | set(pairs.second[rows]) == set(words)


def test_rounding_of_the_spread_is_no_negative_probability():
    """``E cos² − (E cos)²`` may exceed ``E cos²`` by rounding where the mean vanishes."""
    model = model_of(lambda w: (qml.RX(w, 0), qml.expval(qml.Z(0)))[1], 0.0, law=Uniform(2.0))
    above = replace(model, spread=model.cosine * (1 + 4e-16), mean=np.zeros(1))
    pairs = pairs_of(above, signatures(above.words, above.rotations))
    assert pairs.loss == pytest.approx(model.cosine, rel=1e-12)


def test_pairs_of_words_are_counted_before_they_are_listed(monkeypatch):
    """Three words that nothing tells apart: six pairs ``a ≤ b``."""

    def function(w):
        qml.RX(w, 0)
        return qml.expval(qml.Z(0) + qml.Z(0) @ qml.Z(1) + qml.Z(0) @ qml.Z(2))

    model = model_of(function, 0.3)
    own = signatures(model.words, model.rotations)
    monkeypatch.setattr(cross_terms, "_MAX_PAIRS", 6)
    assert len(pairs_of(model, own)) == 6
    monkeypatch.setattr(cross_terms, "_MAX_PAIRS", 5)
    with pytest.raises(ReadingError, match=r"have 6 pairs that may be correlated.* at most 5"):
        pairs_of(model, own)


@pytest.mark.parametrize("law", [WHOLE, Uniform(0.6), Normal(0.3)], ids=str)
def test_prefactors_of_parameters(law, seed):
    """cos 3w: the derivative is three times as large, and narrow laws are three times as wide."""

    def function(w):
        qml.RX(-3 * w, 0)
        return qml.expval(qml.Z(0))

    reading = read(function, 0.0)
    found = drawn(reading, law, 20_000, seed)
    loss, gradient = 0.5, 4.5
    if law is not WHOLE:
        truth = exact(reading, law)
        loss, gradient = truth.loss, truth.gradients[0]
    assert misses(found.gradients(), gradient)[0] < 4.5
    assert found.gradients().value[0] == pytest.approx(gradient, rel=0.1)
    assert found.loss().value[0] == pytest.approx(loss, rel=0.1)


@pytest.mark.parametrize("sign", [1, -1])
def test_pairs_whose_product_has_a_sign(sign, seed):
    """XX·YY = −ZZ: on |00⟩ both are turned by the same angle, and add up or cancel."""

    def function(w):
        qml.PauliRot(w, "YX", wires=[0, 1])
        return qml.expval(qml.X(0) @ qml.X(1) + sign * qml.Y(0) @ qml.Y(1))

    reading = read(function, 0.0)
    truth, found = exact(reading, Uniform(1.2)), drawn(reading, Uniform(1.2), 20_000, seed)
    assert truth.loss == pytest.approx(0 if sign > 0 else 2 * (1 - np.sin(2.4) / 2.4), abs=1e-6)
    assert found.loss().value[0] == pytest.approx(truth.loss, abs=0.02)
    assert found.gradients().value[0] == pytest.approx(truth.gradients[0], abs=0.02)
    whole = drawn(reading, WHOLE, 20_000, seed).loss()
    assert whole.value[0] == pytest.approx(0.0 if sign > 0 else 2.0, abs=0.1)


def test_a_very_narrow_law_does_not_cancel(seed):
    """Var cos θ = a⁴/45 for small a: 2e-18 at a = 1e-4, where ⟨Z⟩² is one."""

    def function(w):
        qml.RY(w, 0)
        return qml.expval(qml.Z(0))

    loss = drawn(read(function, 0.0), Uniform(1e-4), 2_000, seed).loss()
    assert loss.value[0] == pytest.approx(1e-16 / 45, rel=1e-6)
    gradient = drawn(read(function, 0.0), Uniform(1e-4), 2_000, seed).gradients()
    assert gradient.value[0] == pytest.approx(1e-8 / 3, rel=1e-6)


@pytest.mark.parametrize("observable", [qml.Identity(0), qml.X(1), qml.X(0) @ qml.X(1)], ids=str)
@pytest.mark.parametrize("fixed", [False, True])
def test_what_no_parameter_moves_has_variance_zero_exactly(observable, fixed, seed):
    def function(w):
        qml.Hadamard(0)
        qml.RX(w, 0)
        qml.Hadamard(1)
        if fixed:
            qml.CRY(0.3, [2, 1])
        return qml.expval(observable)

    found = drawn(read(function, 0.2), WHOLE, 640, seed)
    assert found.mass == 0 and found.loss().error[0] == 0 and found.loss().value[0] == 0
    assert found.gradients().error[0] == 0


# -- coverage --------------------------------------------------------------------------------------


def rare(w):
    """Eight wires: hits have probability 1/256, and few of the paths see one."""
    for wire in range(8):
        qml.RY(w[wire], wire)
    return qml.expval(qml.prod(*map(qml.Z, range(8))))


def narrow(w):
    """Narrow angles behind a tilted product state: values between 0 and 1, branches unequal."""
    for wire in range(2):
        qml.RX(0.4 + wire, wire)
    for layer in w:
        for wire in range(2):
            qml.RY(layer[wire], wire)
        qml.CNOT([0, 1])
    return qml.expval(qml.Z(0) @ qml.Z(1) + 0.7 * qml.X(1))


CASES = {
    "rare hits": (rare, np.zeros(8), WHOLE, 640),
    "narrow law": (narrow, np.zeros((2, 2)), Uniform(0.9), 1_280),
}


def coverage(case, repeats):
    """How often intervals cover the loss and the derivatives, and the mean of the estimates."""
    function, argument, law, n_paths = CASES[case]
    reading = read(function, argument)
    if case == "rare hits":  # 3^8 points do not fit small machines
        truth = np.full(9, 2.0**-8)
    else:
        known = exact(reading, law)
        truth = np.r_[known.loss, known.gradients]
    model = path_model(pauli_circuit(reading.circuit), law)
    inside, values = [], []
    for k in range(repeats):
        found = path_estimates(model, n_paths, np.random.SeedSequence(k))
        parts = found.loss(), found.gradients()
        low, high, value = (
            np.concatenate([getattr(p, name) for p in parts]) for name in ("low", "high", "value")
        )
        inside.append((low <= truth + 1e-12) & (truth <= high + 1e-12))
        values.append(value)
    spread = np.std(values, axis=0) / np.sqrt(repeats) + 1e-12
    return np.mean(inside, axis=0), (np.mean(values, axis=0) - truth) / spread


@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_and_nothing_is_biased(case):
    covered, off = coverage(case, 40)
    assert np.all(covered >= 0.85) and np.max(np.abs(off)) < 4.5


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_at_their_level(case):
    covered, off = coverage(case, 300)
    assert np.all(covered >= 0.92) and np.max(np.abs(off)) < 4.5


def estimates(function, *args, law=WHOLE, n_paths=640, **options):
    return path_estimates(
        model_of(function, *args, law=law), n_paths, np.random.SeedSequence(0), **options
    )


def turned(w):
    qml.RX(w, 0)
    return qml.expval(qml.Z(0))


def test_pairs_are_drawn_in_proportion_over_all_offsets():
    weights = np.array([0.1, 0.0, 0.5, 0.4])
    counts = np.zeros(4)
    for offset in (np.arange(20) + 0.5) / 20:
        chosen = draw_pairs(weights, 5, SimpleNamespace(random=lambda u=offset: u))
        assert np.all(np.diff(chosen) >= 0)
        counts += np.bincount(chosen, minlength=4)
    np.testing.assert_allclose(counts, 100 * weights)
    last = draw_pairs(np.ones(2), 64, SimpleNamespace(random=lambda: 1 - 2**-53))
    assert last.max() == 1  # the sum with 63 rounds to 64


def test_bits_of_certain_and_impossible_branches(rng):
    assert unpack(paths._draw(1.0, 3, rng)).all() and not unpack(paths._draw(0.0, 3, rng)).any()


def test_where_paths_leave_the_one_without_a_sine(rng):
    def function(w):
        for k, wire in enumerate((0, 1, 1)):
            qml.RX(w[k], wire)
        return qml.expval(qml.Z(0) + qml.Z(1))

    chosen = np.ones(64, int)  # ⟨Z⟩ of wire 1, of which rotations 1 and 2 take the sine
    for law, leaves in ((WHOLE, {-1}), (Uniform(1.0), {1, 2})):
        model = model_of(function, np.zeros(3), law=law)
        own = signatures(model.words, model.rotations)
        found = paths._leaving(model, pairs_of(model, own), own, chosen, rng)
        assert set(found.tolist()) == leaves


def test_rotations_that_act_on_one_word_of_a_pair_are_found_part_by_part(monkeypatch):
    def function(w):
        for wire in range(3):
            qml.RY(w[wire], wire)
        return qml.expval(qml.Z(0) + qml.Z(0) @ qml.Z(2) + qml.Z(1))

    model = model_of(function, np.zeros(3), law=Uniform(1.0))
    own = signatures(model.words, model.rotations)
    pairs = pairs_of(model, own)
    for block in (1, 4, 1 << 24):
        monkeypatch.setattr(paths, "_BLOCK", block)
        for k, (a, b) in enumerate(zip(pairs.first, pairs.second, strict=True)):
            found = paths._apart(own, pairs, np.array([k]))
            assert found.tolist() == (own[a] ^ own[b]).tolist()
        found = paths._apart(own, pairs, np.arange(len(pairs)))
        assert found.tolist() == [False, False, True]  # Z and Z ⊗ Z


def test_relative_errors_are_the_largest_and_leave_out_what_is_exact():
    def relative(value, error):
        value, error = np.array(value), np.array(error)
        return Interval(value, error, value - error, value + error).relative

    assert relative([2.0, -4.0, 0.0], [0.1, 0.3, 0.0]) == pytest.approx(0.075)
    assert relative([2.0, 0.0], [0.1, np.nan]) == np.inf
    assert relative([], []) == 0


def test_independent_parts_are_joined_by_square_and_add(monkeypatch):
    """Distances of 3 and 4 make 5, of 5 and 12 make 13; an unseen part counts one path of many."""
    found = replace(estimates(turned, 0.3), mass=3.0, tally=replace(Tally.empty(1), trials=10))
    monkeypatch.setattr(PathEstimates, "_part", lambda self, part, weight, level: part)

    def interval(value, error, down, up):
        value = np.array([value])
        return Interval(value, np.array([error]), value - down, value + up)

    parts = [interval(1.0, 0.3, 3, 5), interval(2.0, 0.4, 4, 12)]
    joined = found._sum(np.array([10.0]), parts, [np.ones(1), np.ones(1)], 0.95)
    values = (joined.value, joined.error, joined.low, joined.high)
    assert np.ravel(values).tolist() == pytest.approx([13, 0.5, 8, 26])
    parts = [interval(1.0, 0.8, 3, 5), interval(0.0, np.nan, 0, 1)]
    joined = found._sum(np.array([10.0]), parts, [np.ones(1), np.array([2.0])], 0.95)
    assert joined.error == pytest.approx(1.0)  # 0.8 and 3 · 2/10
    unseen = found._sum(np.zeros(1), parts[1:], [np.ones(1)], 0.95)
    assert np.isnan(unseen.error[0]) and unseen.low == 0 and unseen.high == 1


def test_long_runs_are_looked_at_after_every_quarter(monkeypatch):
    """Parts of 64 paths that grow up to 8 of them; from 104 on a quarter is more than a part."""
    monkeypatch.setattr(path_estimates_module, "_CHUNK", 64)
    monkeypatch.setattr(path_estimates_module, "_LARGE_CHUNK", 512)
    asked = []
    estimates(turned, 0.3, n_paths=64 * 130, enough=lambda e: asked.append(e.tally.trials // 64))
    assert asked == [1, 2, 4, 8, *range(16, 97, 8), 120]


# -- closed forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 4, 8])
def test_product_of_rotations(n, seed):
    """RY on every wire, Z on all: Var ℓ = Var ∂ℓ = 2^-n."""

    def function(w):
        for wire in range(n):
            qml.RY(w[wire], wire)
        return qml.expval(qml.prod(*map(qml.Z, range(n))))

    found = drawn(read(function, np.zeros(n)), WHOLE, 40_000, seed)
    assert misses(found.loss(), 2.0**-n)[0] < 4.5
    assert np.all(misses(found.gradients(), 2.0**-n) < 4.5)
    # one path decides about the loss and all derivatives at once
    assert len(set(found.gradients().value)) == 1


@pytest.mark.parametrize("cost", ["global", "local"])
def test_cerezo_product_ansatz(cost, seed):
    n = 5

    def function(w):
        for wire in range(n):
            qml.RX(w[wire], wire)
        if cost == "global":
            return qml.expval(qml.Identity(0) - qml.Projector([0] * n, wires=range(n)))
        local = [qml.Projector([0], wires=[wire]) for wire in range(n)]
        return qml.expval(qml.Identity(0) - (1 / n) * qml.sum(*local))

    found = drawn(read(function, np.zeros(n)), WHOLE, 60_000, seed)
    if cost == "global":
        loss, gradient, mean = (3 / 8) ** n - 4.0**-n, (3 / 8) ** (n - 1) / 8, 1 - 2.0**-n
    else:
        loss, gradient, mean = 1 / (8 * n), 1 / (8 * n**2), 0.5
    assert found.mean == pytest.approx(mean, abs=1e-12)
    assert misses(found.loss(), loss)[0] < 4.5
    assert np.all(misses(found.gradients(), gradient) < 4.5)


def test_abelian_generators_leave_a_constant_or_one_half(seed):
    """RX only: ⟨X⟩ never varies, ⟨Z⟩ has variance 1/2 however many rotations there are."""

    def function(w, observable):
        for angle in w:
            qml.RX(angle, 0)
        return qml.expval(observable(0))

    for observable, variance in ((qml.X, 0.0), (qml.Z, 0.5)):
        found = drawn(read(lambda w, o=observable: function(w, o), np.zeros(3)), WHOLE, 10**4, seed)
        assert misses(found.loss(), variance)[0] < 4.5
    assert found.loss().error[0] > 0


# -- moments and states ----------------------------------------------------------------------------


@pytest.mark.parametrize("law", [*NARROW, Uniform(3.0), Uniform(np.pi), Normal(2.0)], ids=str)
@pytest.mark.parametrize("scale", [0.3, -2.0])
def test_moments_of_angles(law, scale):
    if isinstance(law, Normal):
        points, weights = np.polynomial.hermite_e.hermegauss(120)
        points, weights = points * law.scale, weights / weights.sum()
    else:
        points, weights = np.polynomial.legendre.leggauss(60)
        points, weights = points * law.half_width, weights / 2
    found = moments_of(law, np.array([scale]))
    cosine, sine = np.cos(scale * points), np.sin(scale * points)
    assert found.mean[0] == pytest.approx(weights @ cosine, abs=1e-12)
    assert found.sine[0] == pytest.approx(weights @ sine**2, rel=1e-9)
    assert found.cosine[0] == pytest.approx(weights @ cosine**2, abs=1e-12)
    assert found.spread[0] == pytest.approx(
        weights @ cosine**2 - (weights @ cosine) ** 2, abs=1e-12
    )


@pytest.mark.parametrize("width", [0.0499, 0.03, 1e-3])
def test_moments_of_short_angles_are_exact_to_rounding(width):
    """The same in fractions: ``sin y/y = Σ (−1)^k y^{2k}/(2k + 1)!``, twelve terms."""
    a = Fraction(width)

    def sinc(y):
        return sum(Fraction((-1) ** k, factorial(2 * k + 1)) * y ** (2 * k) for k in range(12))

    found = moments_of(Uniform(width), np.ones(1))
    assert found.sine[0] == pytest.approx(float((1 - sinc(2 * a)) / 2), rel=1e-14)
    assert found.spread[0] == pytest.approx(float((1 + sinc(2 * a)) / 2 - sinc(a) ** 2), rel=1e-14)


def test_series_for_short_angles_join_the_formulas():
    below, above = (moments_of(Uniform(a), np.ones(1)) for a in (0.05 * (1 - 1e-12), 0.05))
    assert below.sine[0] == pytest.approx(above.sine[0], rel=1e-11)
    assert below.spread[0] == pytest.approx(above.spread[0], rel=1e-7)


def test_wires_in_zero_or_one():
    def function(w):
        qml.X(0)
        qml.RX(0.3, 1)
        qml.PauliRot(w, "XXX", wires=range(3))
        return qml.expval(qml.Z(0) @ qml.Z(1) @ qml.Z(2))

    assert model_of(function, 0.2).is_basis.tolist() == [True, False, True]


def test_bloch_vectors_of_amplitudes_of_any_length():
    """(3, 4i)/5: ⟨Y⟩ = 2 · 0.6 · 0.8, ⟨Z⟩ = 0.36 − 0.64."""
    found = bloch_vectors([qml.StatePrep([3, 4j], wires=0, validate_norm=False)], {0: 0}, 1)
    np.testing.assert_allclose(found, [[0, 0.96, -0.28]], atol=1e-15)


def test_bloch_vectors():
    state = np.array([np.cos(0.3), np.exp(0.7j) * np.sin(0.3)])
    bloch = bloch_vectors(
        [qml.BasisState([1, 0], wires=["a", "b"]), qml.StatePrep(state, wires="c")],
        {"a": 0, "b": 1, "c": 2},
        3,
    )
    expected = [np.sin(0.6) * np.cos(0.7), np.sin(0.6) * np.sin(0.7), np.cos(0.6)]
    np.testing.assert_allclose(bloch, [[0, 0, -1], [0, 0, 1], expected], atol=1e-15)
    x, z = np.array([[0, 0, 1]]), np.array([[1, 0, 1]])  # Z on a, Y on c
    assert expectations(bloch, x, z)[0] == pytest.approx(-expected[1])


# -- what is refused -------------------------------------------------------------------------------


def tied(w):
    qml.RX(w, 0)
    qml.RY(w, 0)
    return qml.expval(qml.Z(0))


def several_words(w):
    qml.Hadamard(0)
    qml.CRX(w, [0, 1])
    return qml.expval(qml.Z(1))


def no_rotation(w):
    qml.SpecialUnitary(w, 0)
    return qml.expval(qml.Z(0))


def noisy(w):
    qml.RX(w, 0)
    qml.DepolarizingChannel(0.1, 0)
    return qml.expval(qml.Z(0))


def curved(w):
    qml.RX(np.sin(w), 0)
    return qml.expval(qml.Z(0))


def entangled(w):
    qml.StatePrep(np.array([1, 0, 0, 1]) / np.sqrt(2), wires=[0, 1])
    qml.RX(w, 0)
    return qml.expval(qml.Z(0))


def probabilities(w):
    qml.RX(w, 0)
    return qml.probs(wires=0)


def plain(w):
    qml.RX(w, 0)
    return qml.expval(qml.Z(0))


def matrix(w):
    qml.RX(w, 0)
    return qml.expval(qml.Hermitian(np.diag(np.arange(64.0)), wires=range(6)))


@pytest.mark.parametrize(
    ("function", "argument", "law", "reason"),
    [
        pytest.param(tied, 0.3, WHOLE, "tied angles", id="tied"),
        pytest.param(several_words, 0.3, WHOLE, "several Pauli words", id="generator"),
        pytest.param(no_rotation, np.ones(3), WHOLE, "no product of Pauli rotations", id="opaque"),
        pytest.param(noisy, 0.3, WHOLE, "noise channel", id="noise"),
        pytest.param(curved, 0.3, WHOLE, "not a number times one parameter", id="nonlinear"),
        pytest.param(entangled, 0.3, WHOLE, "product of one-wire states", id="entangled state"),
        pytest.param(probabilities, 0.3, WHOLE, "return one qml.expval", id="probs"),
        pytest.param(matrix, 0.3, WHOLE, "sum of Pauli words", id="matrix"),
        pytest.param(plain, 0.3, Uniform(0.2), "multiples of π/2", id="off centre"),
        pytest.param(plain, 0.3, Normal(0.1), "multiples of π/2", id="normal off centre"),
        pytest.param(plain, 0.3, lambda rng, t, n: t, "moments are not known", id="callable"),
    ],
)
def test_refusals_say_why(function, argument, law, reason):
    with pytest.raises(ReadingError, match=reason):
        model_of(function, argument, law=law)


def test_fixed_rotations_under_a_narrow_law_are_refused():
    def function(w):
        qml.RX(w[0], 0)
        qml.RY(0.3, 0)
        qml.RX(w[1], 0)
        return qml.expval(qml.Z(0))

    with pytest.raises(ReadingError, match="interfere"):
        model_of(function, np.zeros(2), law=Uniform(0.2))


def test_what_the_observable_does_not_reach_is_no_obstacle(seed):
    """Tied angles and noise on another wire change nothing."""

    def function(w):
        qml.RX(w[0], 0)
        qml.RX(w[1], 1)
        qml.RY(w[1], 1)
        qml.DepolarizingChannel(0.1, 1)
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(function, qml.device("default.mixed", wires=2))
    from pennylane_trainability.circuits.qnode import read_qnode

    reading = read_qnode(qnode, (np.zeros(2),), {}, need_inputs=False)
    found = drawn(reading, WHOLE, 10_000, seed)
    assert misses(found.loss(), 0.5)[0] < 4.5
    assert found.gradients().value[1] == found.gradients().error[1] == 0


def test_interference_is_found():
    """RY(w) RX(π/4) RY: the last rotation is fixed and nothing stops the cross terms of Z and Y."""

    def function(w):
        qml.RX(w, 0)
        qml.RX(0.4, 0)
        qml.RZ(0.2, 0)
        return qml.expval(qml.Y(0) + qml.X(0))

    with pytest.raises(ReadingError, match="different signs interfere"):
        model = model_of(function, 0.3)
        path_estimates(model, 64, np.random.SeedSequence(0))


@pytest.mark.parametrize("front", [False, True])
def test_interference_at_the_very_start_is_found(front):
    """``XX`` turns Z₀ into Y₀X₁: their paths meet, although a first rotation stops the pair."""

    def function(w):
        if front:
            qml.RZ(w[0], 1)
        qml.PauliRot(0.3, "XX", wires=[0, 1])
        qml.RX(w[1], 0)
        return qml.expval(qml.Z(0) + qml.Y(0) @ qml.X(1))

    model = model_of(function, np.array([0.1, 0.2]))
    with pytest.raises(ReadingError, match="different signs interfere"):
        pairs_of(model, signatures(model.words, model.rotations))
