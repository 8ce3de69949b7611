"""Variances on the module of the observable: quadrature, closed forms, paths, draws, refusals."""

from math import comb

import numpy as np
import pennylane as qml
import pytest
from exact_moments import exact, random_function, read

import pennylane_trainability as pt
from pennylane_trainability import BudgetError, Normal, ReadingError, Uniform
from pennylane_trainability.circuits.rotations import pauli_circuit
from pennylane_trainability.landscapes import dense_moments, word_module, word_moments
from pennylane_trainability.landscapes.deep_limit import deep_limit
from pennylane_trainability.landscapes.dense_moments import dense_sweep, largest, module_of
from pennylane_trainability.landscapes.path_model import path_model
from pennylane_trainability.landscapes.steps import (
    Step,
    commuting_sums,
    distinct_sums,
    parallel,
    step_circuit,
)
from pennylane_trainability.landscapes.word_module import Budget, bits_of_words, words_of_bits
from pennylane_trainability.landscapes.word_moments import word_sweep

DEVICE = qml.device("default.qubit")
LAWS = [Uniform(), Uniform(0.7), Normal(0.4), Uniform(0.02)]


def both(function, *args, **options):
    """The loss and the derivatives by the module."""
    qnode = qml.QNode(function, DEVICE)
    ask = {"method": "module", **options}
    return pt.loss_variance(qnode, **ask)(*args), pt.gradient_variances(qnode, **ask)(*args)


def agrees(function, w, law):
    truth = exact(read(function, w), law)
    loss, gradients = both(function, w, law=law)
    # narrow laws: few Gauss points are as good as this
    assert loss.variance.value == pytest.approx(truth.loss, rel=1e-7, abs=1e-14)
    assert loss.mean.value == pytest.approx(truth.mean, abs=1e-7)
    np.testing.assert_allclose(gradients.variances, truth.gradients, rtol=1e-6, atol=1e-14)
    assert loss.exact and gradients.exact and loss.method == "module"
    return loss, gradients


# -- the circuit's own depth, against quadrature ---------------------------------------------------


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("case", range(4))
def test_words_between_entangling_cliffords(rng, law, case):
    """Sums of words with cross terms, basis and product states, random centres of quarter turns."""
    function = random_function(rng, 3, 4, prepared=case % 2, leading=case % 3 == 0)
    agrees(function, rng.integers(0, 4, 4) * np.pi / 2, law)


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("case", range(3))
def test_fixed_rotations_and_any_centre(rng, law, case):
    """Where paths interfere."""
    function = random_function(rng, 3, 4, fixed=2, leading=case == 0)
    agrees(function, rng.uniform(0, 6, 4), law)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_states_that_are_kept_and_computed_again_give_the_same_derivatives(rng, law, monkeypatch):
    """Where the states behind all rotations do not fit, few of them are kept."""
    function = random_function(rng, 3, 14)
    _, kept = both(function, np.zeros(14), law=law)
    monkeypatch.setattr(word_moments, "_KEPT", 0)
    _, again = both(function, np.zeros(14), law=law)
    np.testing.assert_array_equal(again.variances, kept.variances)
    assert np.ptp(kept.variances) > 0


def excitations(w):
    qml.X(0)
    qml.SingleExcitation(w[0], [0, 1])
    qml.CRX(w[1], [1, 2])
    qml.ControlledPhaseShift(w[2], [0, 1])
    qml.SingleExcitation(w[3], [1, 2])
    qml.CNOT([0, 2])
    return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(2) - 0.3 * qml.Y(0) @ qml.X(1))


@pytest.mark.parametrize("law", LAWS[1:], ids=str)
def test_generators_with_several_frequencies(law):
    agrees(excitations, np.array([0.3, 1.1, -0.4, 2.0]), law)


def test_generators_with_several_frequencies_over_their_periods():
    """Periods are 4π and frequencies of ℓ² up to 2, multiples of 1/2: nine points are exact."""
    points = 4 * np.pi * np.arange(9) / 9
    grid = np.stack(np.meshgrid(*[points] * 4), axis=-1).reshape(-1, 4)

    def four(w):
        qml.X(0)
        qml.SingleExcitation(w[0], [0, 1])
        qml.CRX(w[1], [1, 2])
        qml.SingleExcitation(w[2], [1, 2])
        qml.CRY(w[3], [2, 0])
        return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(2))

    values = qml.QNode(four, DEVICE)(np.moveaxis(grid, -1, 0))
    loss, _ = both(four, np.full(4, 0.3))
    assert loss.variance.value == pytest.approx(np.var(values), rel=1e-10)
    assert loss.mean.value == pytest.approx(np.mean(values), abs=1e-12)


def swept(function, *args, law):
    """The sweep over matrices, also where words alone would do."""
    circuit = step_circuit(pauli_circuit(read(function, *args).circuit))
    return dense_sweep(circuit, law, Budget(1000, 1e12, 1e9))


@pytest.mark.parametrize("law", [Normal(0.3), Normal(1.4), Uniform(1.1)], ids=str)
def test_characteristic_functions_are_those_of_quadrature(law):
    if isinstance(law, Normal):
        points, weights = np.polynomial.hermite_e.hermegauss(80)
        points = points * law.scale
    else:
        points, weights = np.polynomial.legendre.leggauss(60)
        points = points * law.half_width
    values = np.array([-2.0, -0.5, 0.0, 1.0, 3.0])
    waves = np.exp(1j * values[:, None] * points)
    weights = weights / weights.sum()
    one, two = waves @ weights, (weights * waves) @ waves.conj().T
    expected = one, two, two - np.outer(one, one.conj())
    for found, wanted in zip(dense_moments._moments(law, values), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_what_is_compared_with_rounding_bounds_what_is_summed(monkeypatch):
    """By Cauchy and Schwarz: with a rounding error of one nothing is left."""

    def function(w):
        qml.IsingXX(w[0], [0, 1])
        qml.RX(w[1], 2)
        qml.RY(0.3 + w[2], 2)
        return qml.expval(qml.sum(*[qml.Z(k) for k in range(3)]) + 0.7 * qml.Identity(0))

    sweep = swept(function, np.zeros(3), law=Normal(0.2))
    variance, mean = sweep.moments()
    assert variance > 1e-3 and mean > 3 and np.all(sweep.gradients() > 1e-3)
    monkeypatch.setattr(dense_moments, "_ROUNDING", 1.0)
    assert sweep.moments() == (0.0, 0.7)
    assert sweep.gradients().tolist() == [0, 0, 0]


def test_small_values_are_no_rounding():
    def function(w):
        qml.RY(np.pi / 2 - 1e-7, 0)
        qml.RX(w, 0)
        return qml.expval(1e-3 * qml.Z(0))

    variance, mean = swept(function, 0.0, law=Normal(0.3)).moments()
    assert mean == pytest.approx(1e-10 * np.exp(-0.045), rel=1e-6)
    square = (1 + np.exp(-0.18)) / 2
    assert variance == pytest.approx(1e-20 * (square - np.exp(-0.09)), rel=1e-6)


def test_fixed_factors_have_no_generator():
    def function(w):
        qml.RX(w, 0)
        qml.RY(0.4, 0)
        return qml.expval(qml.Z(0))

    sweep = swept(function, 0.0, law=Uniform())
    assert (sweep.generators, sweep.fixed) == ((0, -1), (-1, 1))
    # ℓ = cos 0.4 cos w − sin 0.4 ⟨X⟩, and ⟨X⟩ = 0
    assert sweep.moments()[0] == pytest.approx(np.cos(0.4) ** 2 / 2, rel=1e-12)


def test_the_largest_module_is_what_work_and_memory_allow():
    """``4m(d/3)³`` products for ``m`` steps; ``m + 8`` matrices with 48 bytes per entry."""
    for steps in (0, 1, 7):
        work, memory = 4 * max(steps, 1) * 50.5**3, 48 * (steps + 8) * 100.5**2
        assert largest(Budget(10**9, work, 1e30), steps) == 151
        assert largest(Budget(10**9, 1e30, memory), steps) == 100
    assert largest(Budget(77, 1e30, 1e30), 3) == 77
    assert largest(Budget(10**9, 1.0, 1.0), 3) == 4


@pytest.mark.parametrize("law", [Uniform(), Uniform(0.6), Normal(0.3)], ids=str)
def test_prefactors_of_parameters(law):
    """``cos 3w₀ cos w₁/2``: laws three times and half as wide, derivatives by the chain rule."""

    def function(w):
        qml.RX(-3 * w[0], 0)
        qml.RX(0.5 * w[1], 1)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    def wave(k):
        """``E cos kδ``."""
        if isinstance(law, Normal):
            return np.exp(-((k * law.scale) ** 2) / 2)
        return np.sin(k * 0.6) / (k * 0.6) if law.half_width else 0.0

    (one, own), (two, other) = ((wave(k), (1 + wave(2 * k)) / 2) for k in (3, 0.5))
    loss, gradients = both(function, np.zeros(2), law=law)
    assert loss.variance.value == pytest.approx(own * other - (one * two) ** 2, rel=1e-12)
    expected = [9 * (1 - own) * other, own * (1 - other) / 4]
    np.testing.assert_allclose(gradients.variances, expected, rtol=1e-12)
    if law == Uniform():
        np.testing.assert_allclose(gradients.limits, expected, rtol=1e-12)


def qaoa(n, layers, observable):
    def function(gamma, beta):
        for wire in range(n):
            qml.Hadamard(wire)
        for layer in range(layers):
            for wire in range(n):
                qml.IsingZZ(gamma[layer], [wire, (wire + 1) % n])
            for wire in range(n):
                qml.RX(2 * beta[layer], wire)
        return qml.expval(observable)

    return function


def test_layers_of_qaoa_against_quadrature():
    """Two angles: frequencies up to 4 in the loss, sixteen points in each are exact."""
    function = qaoa(4, 1, qml.Z(0) @ qml.Z(1))
    loss, gradients = both(function, np.zeros(1), np.zeros(1), argnums=[0, 1])
    qnode = qml.QNode(function, DEVICE)
    points = 2 * np.pi * np.arange(24) / 24
    gamma, beta = (part.ravel() for part in np.meshgrid(points, points))
    values = np.array(qnode(gamma[None], beta[None]))
    assert loss.variance.value == pytest.approx(values.var(), rel=1e-10)
    # RX(2β), so that derivatives follow from differences of trigonometric polynomials
    table = np.fft.fft2(values.reshape(24, 24)) / 24**2
    k = np.fft.fftfreq(24, 1 / 24)
    by_beta = np.sum(np.abs(table) ** 2 * k[:, None] ** 2)
    by_gamma = np.sum(np.abs(table) ** 2 * k[None, :] ** 2)
    np.testing.assert_allclose(gradients.value[0], [by_gamma], rtol=1e-10)
    np.testing.assert_allclose(gradients.value[1], [by_beta], rtol=1e-10)


def test_tied_gates_with_an_offset():
    """cos θ · cos(θ + 0.3) = (cos 0.3 + cos(2θ + 0.3))/2."""

    def function(w):
        qml.RY(w, 0)
        qml.RY(w + 0.3, 1)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    loss, gradients = both(function, 0.8)
    assert loss.mean.value == pytest.approx(np.cos(0.3) / 2, abs=1e-14)
    assert loss.variance.value == pytest.approx(1 / 8, abs=1e-14)
    assert gradients.value == pytest.approx(1 / 2, abs=1e-14)
    assert loss.limit is None and any("fixed rotations" in note for note in loss.notes)


def test_narrow_laws_lose_no_digits():
    """ℓ = cos θ around 0: variance σ⁴/2 up to σ⁶, which subtraction would not show."""

    def function(w):
        qml.RX(w, 0)
        return qml.expval(qml.Z(0))

    def tied(w):
        qml.RX(w, 0)
        qml.RX(w, 1)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    scale = 1e-5
    assert both(function, 0.0, law=Normal(scale))[0].variance.value == pytest.approx(
        scale**4 / 2, rel=1e-6
    )
    # cos² θ ≈ 1 − θ²: four times as much
    assert both(tied, 0.0, law=Normal(1e-3))[0].variance.value == pytest.approx(
        4 * 1e-12 / 2, rel=1e-4
    )


# -- agreement with paths and draws ----------------------------------------------------------------


def hardware(n, layers):
    def function(w):
        for layer in w:
            for wire in range(n):
                qml.RX(layer[wire, 0], wire)
                qml.RY(layer[wire, 1], wire)
            for wire in range(n - 1):
                qml.CZ([wire, wire + 1])
        return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(n - 1) + qml.Z(0))

    return function, np.zeros((layers, n, 2))


@pytest.mark.parametrize("law", [Uniform(), Uniform(0.8), Normal(0.5)], ids=str)
def test_paths_and_draws_agree(law, seed):
    function, w = hardware(4, 2)
    loss, gradients = both(function, w, law=law)
    qnode = qml.QNode(function, DEVICE)
    for options in ({"method": "paths", "n_paths": 50_000}, {"method": "sample", "n_draws": 4_000}):
        one = pt.loss_variance(qnode, law=law, seed=seed, **options)(w)
        assert abs(one.variance.value - loss.variance.value) < 4.5 * one.variance.stderr
        many = pt.gradient_variances(qnode, law=law, seed=seed, **options)(w)
        error = np.nan_to_num(many.stderrs)
        off = np.abs(many.variances - gradients.variances)
        seen = ~np.isnan(many.stderrs)
        assert np.all(off[seen] <= 4.5 * error[seen] + 1e-12)
        assert np.all(gradients.variances <= many.highs + 4.5 * error + 1e-12)


def test_a_hundred_wires():
    """RX and RY on each, CZ bonds: only the light cone counts."""
    function, w = hardware(100, 2)
    loss, _ = both(function, w)
    small, _ = both(*hardware(6, 2))
    assert loss.variance.value == pytest.approx(small.variance.value, rel=1e-12)
    assert loss.limit is None
    assert any("limit of infinite depth is not given" in note for note in loss.notes)
    assert any("≥ " in note for note in loss.notes)


# -- closed forms ----------------------------------------------------------------------------------


def universal(n, layers, observable, split=None):
    def function(w):
        for number, layer in enumerate(w):
            for wire in range(n):
                qml.RY(layer[wire, 0], wire)
                qml.RZ(layer[wire, 1], wire)
            for wire in range(n if n > 2 else n - 1):
                qml.CNOT([wire, (wire + 1) % n])
            if number == split:
                qml.Barrier(wires=range(n))
        return qml.expval(observable)

    return function, np.zeros((layers, n, 2))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_haar_unitaries(n):
    """Var ⟨P⟩ = 1/(d + 1); McClean: Var ∂ = d²/(2 (d − 1) (d + 1)²)."""
    d = 2**n
    function, w = universal(n, 24 * n, qml.prod(*[qml.X(k) for k in range(n)]))
    loss, gradients = both(function, w)
    assert loss.limit.value == pytest.approx(1 / (d + 1), rel=1e-12)
    assert loss.variance.value == pytest.approx(1 / (d + 1), rel=1e-3)
    truth = d**2 / (2 * (d - 1) * (d + 1) ** 2)
    np.testing.assert_allclose(gradients.limits, truth, rtol=1e-12)
    assert gradients.value[12 * n, 0, 0] == pytest.approx(truth, rel=1e-3)


@pytest.mark.parametrize("n", [2, 3])
def test_haar_orthogonal_matrices(n):
    """2/(d + 2) for real states and observables."""

    def function(w):
        for layer in w:
            for wire in range(n):
                qml.RY(layer[wire], wire)
            for wire in range(n - 1):
                qml.CNOT([wire, wire + 1])
        return qml.expval(qml.Z(0))

    loss, _ = both(function, np.zeros((40, n)))
    assert loss.limit.value == pytest.approx(2 / (2**n + 2), rel=1e-12)
    assert loss.variance.value == pytest.approx(2 / (2**n + 2), rel=1e-3)


@pytest.mark.parametrize(
    ("observable", "truth"),
    [
        pytest.param(lambda n: qml.Z(0), lambda n: 1 / 3, id="one"),
        pytest.param(lambda n: qml.sum(*map(qml.Z, range(n))), lambda n: n / 3, id="sum"),
        pytest.param(lambda n: qml.prod(*map(qml.Z, range(n))), lambda n: 3.0**-n, id="product"),
    ],
)
def test_a_rotation_group_per_wire(observable, truth):
    n = 4

    def function(w):
        for layer in w:
            for wire in range(n):
                qml.RX(layer[wire, 0], wire)
                qml.RY(layer[wire, 1], wire)
        return qml.expval(observable(n))

    loss, _ = both(function, np.zeros((16, n, 2)))
    assert loss.limit.value == pytest.approx(truth(n), rel=1e-12)
    assert loss.variance.value == pytest.approx(truth(n), rel=1e-3)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_product_of_cosines(n):
    def function(w):
        for wire in range(n):
            qml.RY(w[wire], wire)
        return qml.expval(qml.prod(*map(qml.Z, range(n))))

    loss, gradients = both(function, np.zeros(n))
    assert loss.variance.value == pytest.approx(2.0**-n, rel=1e-12)
    np.testing.assert_allclose(gradients.variances, 2.0**-n, rtol=1e-12)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_cerezo_global_and_local(n):
    """Var ∂ = (3/8)^{n−1}/8, Var ℓ = (3/8)^n − 4^{−n}; 1/(8n²), 1/(8n)."""

    def build(observable):
        def function(w):
            for wire in range(n):
                qml.RX(w[wire], wire)
            return qml.expval(observable)

        return function

    loss, gradients = both(build(qml.Projector([0] * n, wires=range(n))), np.zeros(n))
    assert loss.variance.value == pytest.approx((3 / 8) ** n - 4.0**-n, rel=1e-11)
    np.testing.assert_allclose(gradients.variances, (3 / 8) ** (n - 1) / 8, rtol=1e-11)
    zeros = [qml.Projector([0], wires=[wire]) for wire in range(n)]
    loss, gradients = both(build((1 / n) * qml.sum(*zeros)), np.zeros(n))
    assert loss.variance.value == pytest.approx(1 / (8 * n), rel=1e-11)
    np.testing.assert_allclose(gradients.variances, 1 / (8 * n**2), rtol=1e-11)


def matchgate(n, observable, ring=False, tilt=None, layers=None):
    bonds = [(k, (k + 1) % n) for k in range(n if ring else n - 1)]

    def function(w):
        if tilt is not None:
            for wire in range(n):
                qml.RY(tilt[wire], wire)
        for layer in w:
            for wire in range(n):
                qml.RZ(layer[wire], wire)
            for k, bond in enumerate(bonds):
                qml.IsingXX(layer[n + k], bond)
        return qml.expval(observable)

    return function, np.zeros((layers or 10 * n, n + len(bonds)))


@pytest.mark.parametrize(
    ("n", "observable", "truth", "ring"),
    [
        pytest.param(2, qml.Z(1), 1 / 3, False, id="Z, n = 2"),
        pytest.param(4, qml.Z(2), 1 / 7, False, id="Z, n = 4"),
        pytest.param(2, qml.Z(0) @ qml.Z(1), 0.0, False, id="parity"),
        pytest.param(3, qml.Z(0) @ qml.Z(1), 1 / 5, False, id="ZZ, n = 3"),
        pytest.param(4, qml.Z(0) @ qml.Z(1), comb(4, 2) / comb(8, 4), False, id="ZZ, n = 4"),
        pytest.param(2, qml.Z(0) + qml.Z(1), 4 / 3, False, id="two algebras in one set of words"),
        pytest.param(3, qml.Z(0), 1 / 5, True, id="ring, n = 3"),
        pytest.param(4, qml.Z(0), 1 / 7, True, id="ring, n = 4"),
    ],
)
def test_matchgates(n, observable, truth, ring):
    loss, _ = both(*matchgate(n, observable, ring, layers=30))
    assert loss.limit.value == pytest.approx(truth, rel=1e-12, abs=1e-14)
    assert loss.variance.value == pytest.approx(truth, rel=1e-3, abs=1e-14)


def test_matchgates_on_tilted_product_states():
    """Var Z_i = P/(n (2n − 1)); its mean over angles is (n − 1 + 2^{−n})/(n (2n − 1))."""

    def truth(phi):
        c, s, n = np.cos(phi), np.sin(phi), len(phi)
        purity = np.sum(c**2) + sum(
            s[j] ** 2 * s[k] ** 2 * np.prod(c[j + 1 : k] ** 2)
            for j in range(n)
            for k in range(j + 1, n)
        )
        return purity / (n * (2 * n - 1))

    found = []
    for phi in np.stack(np.meshgrid(*[np.arange(3) * 2 * np.pi / 3] * 3), -1).reshape(-1, 3) + 0.2:
        loss = both(*matchgate(3, qml.Z(1), tilt=phi, layers=1))[0]
        assert loss.limit.value == pytest.approx(truth(phi), rel=1e-10)
        found.append(loss.limit.value)
    # three points are exact for squares of trigonometric functions
    assert np.mean(found) == pytest.approx((3 - 1 + 2.0**-3) / (3 * 5), rel=1e-10)


@pytest.mark.parametrize(("letter", "variance", "mean"), [("X", 0.0, 0.6), ("Z", 0.32, 0.0)])
def test_abelian(letter, variance, mean):
    """RX alone: X does not move; Z turns, E cos² = 1/2 of its part outside of X."""
    angle = np.arcsin(0.6)

    def function(w):
        qml.RY(angle, 0)
        qml.RX(w, 0)
        return qml.expval(qml.pauli.string_to_pauli_word(letter))

    loss, _ = both(function, 0.4)
    assert loss.variance.value == pytest.approx(variance, abs=1e-14)
    assert loss.limit.value == pytest.approx(variance, abs=1e-14)
    assert loss.mean.value == pytest.approx(mean, abs=1e-14)


@pytest.mark.parametrize("rank", [1, 2])
def test_projectors_of_haar_states(rank):
    """ℓ ~ Beta(r, N − r): variance r (N − r)/(N² (N + 1))."""
    n, d = 2, 4
    function, w = universal(n, 4, qml.Projector([0] * (3 - rank), wires=range(3 - rank)))
    loss, _ = both(function, w)
    assert loss.limit.value == pytest.approx(rank * (d - rank) / (d**2 * (d + 1)), rel=1e-12)
    assert loss.mean.value == pytest.approx(rank / d)


# -- the limit is what depth tends to --------------------------------------------------------------


def test_the_gap_between_depth_and_limit_closes():
    limits, gaps = set(), []
    for layers in (1, 4, 16):
        loss = both(*matchgate(3, qml.Z(0) + 0.5 * qml.Z(1) @ qml.Z(2), layers=layers))[0]
        limits.add(round(loss.limit.value, 12))
        gaps.append(abs(loss.variance.value - loss.limit.value))
    assert len(limits) == 1
    assert gaps[0] > 5 * gaps[1] > 25 * gaps[2]


def test_the_limit_knows_the_state_of_wires_that_are_out_of_reach():
    """One layer sees two wires; deep circuits see the tilted third one."""

    def function(w):
        qml.RX(0.7, 2)
        for k in range(2):
            qml.IsingXX(w[k], [k, k + 1])
        for k in range(3):
            qml.RZ(w[2 + k], k)
        return qml.expval(qml.Z(0))

    loss, _ = agrees(function, np.zeros(5), Uniform())
    algebra = pt.dynamical_lie_algebra(qml.QNode(function, DEVICE))(np.zeros(5))
    # so(6): Z₀, Z₁ and cos(0.7) Z₂ have values, in 15 words; Y₁X₂-like words have none
    assert loss.limit.value == pytest.approx((2 + np.cos(0.7) ** 2) / 15, rel=1e-12)
    assert algebra.ragone.value == pytest.approx(loss.limit.value, rel=1e-12)


def test_sums_of_words_tend_to_their_limit():
    """The group of two generators, not that of all words in them."""
    function = qaoa(4, 24, qml.Z(0) @ qml.Z(1))
    loss, gradients = both(function, np.zeros(24), np.zeros(24), argnums=[0, 1])
    assert loss.variance.value == pytest.approx(loss.limit.value, rel=1e-3)
    middle = gradients.variances[[12, 36]]
    np.testing.assert_allclose(middle, gradients.limits[[12, 36]], rtol=0.02)


def limit(function, *args, budget=None, **options):
    circuit = step_circuit(pauli_circuit(read(function, *args, **options).circuit))
    return deep_limit(circuit, budget or Budget(1000, 1e12, 1e9))


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("slope", [1, -3])
@pytest.mark.parametrize("tied", [False, True], ids=["words", "sums"])
def test_limits_by_hand(size, slope, tied):
    """``⟨X⟩ = 0.6`` stays, ``⟨Z⟩ = 0.8`` turns: ``0.8 cos cw``, of variance 0.32, derivative c²."""

    def function(w):
        qml.RY(np.arcsin(0.6), 0)
        qml.RX(slope * w, 0)
        if tied:
            qml.RX(slope * w, 1)
        return qml.expval(size * (qml.X(0) + qml.Z(0) + 0.7 * qml.Identity(0)))

    found = limit(function, 0.0)
    assert found.mean == pytest.approx(1.3 * size, rel=1e-9)
    assert found.loss == pytest.approx(0.32 * size**2, rel=1e-9)
    np.testing.assert_allclose(found.gradients, [0.32 * (slope * size) ** 2], rtol=1e-9)
    assert found.dimension == 2


def test_small_limits_are_no_rounding():
    """Both wires turn together, ``⟨Z⟩ = ε`` of each: ``ε² cos² w``."""

    def function(w):
        for wire in range(2):
            qml.RY(np.arccos(1e-4), wire)
        for wire in range(2):
            qml.RX(w, wire)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    found = limit(function, 0.0)
    assert (found.mean, found.loss) == pytest.approx((1e-8 / 2, 1e-16 / 8), rel=1e-6)


def test_the_limit_of_sums_counts_four_products_per_generator():
    function = qaoa(4, 1, qml.Z(0) @ qml.Z(1))
    options = {"argnums": [0, 1]}
    full = limit(function, *np.zeros((2, 1)), **options)
    circuit = step_circuit(pauli_circuit(read(function, *np.zeros((2, 1)), **options).circuit))
    d = len(module_of(circuit, [step.generator for step in circuit.trainable], 100, 10**6))
    for half, fits in ((0.5, True), (-0.5, False)):
        budget = Budget(10**6, 4 * (4 * 2) * ((d + half) / 3) ** 3, 1e12)
        if fits:
            assert limit(function, *np.zeros((2, 1)), budget=budget, **options).loss == full.loss
        else:
            with pytest.raises(BudgetError, match=f"more than the {d - 1} allowed"):
                limit(function, *np.zeros((2, 1)), budget=budget, **options)


# -- what is refused -------------------------------------------------------------------------------


def test_a_large_module_says_how_large_and_what_still_applies():
    function, w = universal(4, 6, qml.Z(0))
    qnode = qml.QNode(function, DEVICE)
    with pytest.raises(BudgetError, match=r"≥ \d+ words, more than max_words=100.*'paths' still"):
        pt.loss_variance(qnode, method="module", max_words=100)(w)
    fixed = random_function(np.random.default_rng(1), 3, 5, fixed=2)
    with pytest.raises(BudgetError, match=r"≥ \d+.*method='(sample|paths)' still applies"):
        pt.loss_variance(qml.QNode(fixed, DEVICE), method="module", max_words=3)(np.ones(5))


def test_budgets_of_work_and_memory():
    """Words times labels, through every rotation; 160 bytes each."""
    Budget(10, 2100, 48_000).check_work(100, 3, 7)
    for tight in (Budget(10, 2099, 48_000), Budget(10, 2100, 47_999)):
        with pytest.raises(BudgetError, match=r"100 words and 3 conserved products.*7 rotations"):
            tight.check_work(100, 3, 7)


@pytest.mark.parametrize("n", [3, 64, 65, 130])
def test_words_from_bits(rng, n):
    bits = tuple(rng.integers(0, 2, (2, 5, n)).astype(bool))
    found = words_of_bits(bits)
    masks = [[sum(int(b) << k for k, b in enumerate(row)) for row in part] for part in bits]
    assert found.pairs() == list(zip(*masks, strict=True))
    np.testing.assert_array_equal(bits_of_words(found, n), bits)


def test_ordered_pairs_are_counted_before_they_are_listed(monkeypatch):
    """Groups of one and of three words."""
    groups = np.array([5, 2, 5, 5])
    monkeypatch.setattr(word_module, "_MAX_PAIRS", 10)
    assert len(word_module._pairs(groups)[0]) == 10
    monkeypatch.setattr(word_module, "_MAX_PAIRS", 9)
    with pytest.raises(BudgetError, match="have 10 pairs that may be correlated"):
        word_module._pairs(groups)


def test_sums_that_commute_as_a_whole():
    xx, yy, zi, iz = (3, 0), (3, 3), (0, 1), (0, 2)
    assert commuting_sums({xx: 1.0, yy: 1.0}, {zi: 1.0, iz: 1.0})
    assert not commuting_sums({xx: 1.0, yy: 1.0}, {zi: 1.0, iz: -1.0})
    assert commuting_sums({xx: 1.0, yy: -1.0}, {zi: 1.0, iz: -1.0})
    one = {(1, 0): 2.0, (0, 1): 3.0}
    assert commuting_sums(one, {key: 5 * value for key, value in one.items()})
    assert not commuting_sums(one, {(1, 0): 3.0, (0, 1): 2.0})


def test_sums_that_are_multiples_of_each_other():
    one, other = {(1, 0): 2.0, (0, 1): -3.0}, {(1, 0): 1.0, (0, 1): 1.0}
    own, which, factors = distinct_sums([one, other, {key: -2 * v for key, v in one.items()}])
    assert own == [{(1, 0): -2 / 3, (0, 1): 1.0}, other]
    assert which.tolist() == [0, 1, 0] and factors.tolist() == [-3, 1, 6]


def test_angles_that_one_angle_of_the_generator_gives():
    generator = {(1, 0): 2.0, (0, 1): -3.0}
    assert parallel(Step(0, generator, {(1, 0): 0.8, (0, 1): -1.2}))
    assert not parallel(Step(0, generator, {(1, 0): 0.8, (0, 1): 1.2}))
    assert not parallel(Step(0, generator, {(1, 0): 0.3, (0, 1): -0.2}))


def test_products_without_a_value_have_no_label():
    """Z · X = iY has no value in a basis state; in a tilted one it has."""
    for angle, labels in ((0.0, 1), (0.3, 2)):

        def function(w, angle=angle):
            qml.RY(angle, 0)
            qml.RX(w[0], 0)
            qml.RY(w[1], 0)
            return qml.expval(qml.Z(0) + qml.X(0))

        model = path_model(pauli_circuit(read(function, np.zeros(2)).circuit), Uniform(0.5))
        assert len(word_sweep(model, Budget(100, 1e9, 1e9)).table.labels) == labels


def test_other_refusals():
    def one(w):
        qml.RX(w, 0)
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(one, DEVICE)
    ask = {"method": "module"}
    with pytest.raises(ReadingError, match="moments are not known"):
        pt.loss_variance(qnode, law=lambda rng, given, n: np.zeros((n, 1)), **ask)(0.1)
    with pytest.raises(ReadingError, match="nothing is run on it"):
        pt.loss_variance(qnode, engine="measured", **ask)(0.1)
    with pytest.raises(ValueError, match="max_words needs a whole number"):
        pt.loss_variance(qnode, max_words=0)

    def dense(w):
        qml.RX(w, 0)
        return qml.expval(qml.Hermitian(np.eye(64), wires=range(6)))

    with pytest.raises(ReadingError, match="sum of Pauli words"):
        pt.loss_variance(qml.QNode(dense, DEVICE), **ask)(0.1)


def test_cost_is_nothing_and_runs_nothing(monkeypatch):
    function, w = hardware(3, 2)
    qnode = qml.QNode(function, DEVICE)
    assert pt.loss_variance(qnode).cost(w).circuits == 0
    assert pt.loss_variance(qnode, method="module").cost(w).circuits == 0
    with pytest.raises(BudgetError):
        pt.loss_variance(qnode, method="module", max_words=2).cost(w)
