"""Variances that can be written down, and a deep circuit for each: Pauli paths have to find them.

Deep circuits stand for Haar-random elements of a group; the depths are such that what is missing is
well below the statistical error (checked by doubling them once).
"""

from math import comb

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt

DEVICE = qml.device("default.qubit")
N_PATHS = 30_000


def found(function, *args, seed, gradient=False, **options):
    ask = pt.gradient_variances if gradient else pt.loss_variance
    qnode = qml.QNode(function, DEVICE)
    return ask(qnode, seed=seed, method="paths", n_paths=N_PATHS, **options)(*args)


def assert_variance(estimate, truth, deep=1e-3):
    """Within 4.5 standard errors; ``deep`` is the relative error that finite depth may add."""
    if truth == 0:
        assert estimate.value == 0 or estimate.low <= 0
        return
    assert abs(estimate.value - truth) < 4.5 * estimate.stderr + deep * truth, (estimate, truth)


def universal(layers, n, observable=None):
    """Rotations about two axes and a ring of CNOTs: all of SU(2^n)."""

    def function(w):
        for layer in w:
            for wire in range(n):
                qml.RY(layer[wire, 0], wire)
                qml.RZ(layer[wire, 1], wire)
            for wire in range(n if n > 2 else n - 1):
                qml.CNOT([wire, (wire + 1) % n])
        return None if observable is None else qml.expval(observable)

    return function, np.zeros((layers, n, 2))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_haar_states(n, seed):
    """Var ⟨P⟩ = 1/(d + 1)."""
    function, w = universal(12 * n, n, qml.prod(*[qml.X(k) for k in range(n)]))
    assert_variance(found(function, w, seed=seed).variance, 1 / (2**n + 1))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_derivatives_between_two_designs(n, seed):
    """McClean: Var ∂ = d²/(2 (d − 1) (d + 1)²) for a Pauli rotation, 2/9 on one wire."""
    function, w = universal(24 * n, n, qml.Z(0))
    middle = found(function, w, seed=seed, gradient=True).value[12 * n, 0, 0]
    d = 2**n
    truth = d**2 / (2 * (d - 1) * (d + 1) ** 2)
    assert middle == pytest.approx(truth, abs=4.5 * np.sqrt(truth / N_PATHS) + 1e-3 * truth)


@pytest.mark.parametrize("n", [2, 3])
def test_derivative_behind_a_two_design(n, seed):
    """Only the part before is one: (1 − 1/d)/(d² − 1) · Tr (i[X/2, Z])² = 1/(d + 1)."""
    deep, w = universal(12 * n, n)

    def function(w, last):
        deep(w)
        qml.RX(last, 0)
        return qml.expval(qml.Z(0))

    gradient = found(function, w, 0.0, seed=seed, gradient=True, argnums=[0, 1])
    assert_variance(gradient.estimate(gradient.n_parameters - 1), 1 / (2**n + 1))


@pytest.mark.parametrize("n", [2, 3])
def test_derivative_in_front_of_a_two_design(n, seed):
    """Only the part behind is one: Tr(i[ρ, X/2])² Tr H²/(d² − 1), (d/2)/(d² − 1) on |0…0⟩."""
    deep, _ = universal(12 * n, n)

    def function(first, w):
        qml.RX(first, 0)
        deep(w)
        return qml.expval(qml.Z(0))

    gradient = found(function, 0.0, np.zeros((12 * n, n, 2)), seed=seed, gradient=True,
                     argnums=[0, 1])  # fmt: skip
    d = 2**n
    assert_variance(gradient.estimate(0), d / 2 / (d**2 - 1))


@pytest.mark.parametrize("n", [2, 3])
def test_haar_orthogonal(n, seed):
    """Real states and a real observable: 2/(d + 2)."""

    def function(w):
        for layer in w:
            for wire in range(n):
                qml.RY(layer[wire], wire)
            for wire in range(n - 1):
                qml.CNOT([wire, wire + 1])
        return qml.expval(qml.Z(0))

    assert_variance(found(function, np.zeros((40, n)), seed=seed).variance, 2 / (2**n + 2))


@pytest.mark.parametrize(
    ("observable", "truth"),
    [
        pytest.param(lambda n: qml.Z(0), lambda n: 1 / 3, id="one"),
        pytest.param(lambda n: qml.sum(*map(qml.Z, range(n))), lambda n: n / 3, id="sum"),
        pytest.param(lambda n: qml.prod(*map(qml.Z, range(n))), lambda n: 3.0**-n, id="product"),
    ],
)
def test_a_rotation_group_per_wire(observable, truth, seed):
    n = 4

    def function(w):
        for layer in w:
            for wire in range(n):
                qml.RX(layer[wire, 0], wire)
                qml.RY(layer[wire, 1], wire)
        return qml.expval(observable(n))

    assert_variance(found(function, np.zeros((12, n, 2)), seed=seed).variance, truth(n))


def test_fourth_moment_of_a_product_of_cosines(seed):
    """E ℓ⁴ = (3/8)^n, which the four points behind Pauli paths would get wrong: draws do not."""
    n = 3

    def function(w):
        for wire in range(n):
            qml.RY(w[wire], wire)
        return qml.expval(qml.prod(*map(qml.Z, range(n))))

    sampled = pt.loss_variance(qml.QNode(function, DEVICE), method="sample", n_draws=20_000,
                               seed=seed)(np.zeros(n)).samples  # fmt: skip
    fourth = sampled**4
    assert abs(fourth.mean() - (3 / 8) ** n) < 4.5 * fourth.std() / np.sqrt(len(fourth))


def test_four_points_are_not_enough_for_the_fourth_moment():
    """At multiples of π/2 ℓ⁴ = ℓ²: 2^-n instead of (3/8)^n, while ℓ² is right."""
    n = 3
    grids = np.stack(np.meshgrid(*[np.arange(4) * np.pi / 2] * n)).reshape(n, -1)

    @qml.qnode(DEVICE)
    def circuit(w):
        for wire in range(n):
            qml.RY(w[wire], wire)
        return qml.expval(qml.prod(*map(qml.Z, range(n))))

    values = circuit(grids)
    assert np.mean(values**2) == pytest.approx(2.0**-n)
    assert np.mean(values**4) == pytest.approx(2.0**-n)


# -- matchgates ------------------------------------------------------------------------------------


def matchgate(n, observable, ring=False, tilt=None, layers=None):
    """exp(−iθZ/2) on all wires, exp(−iθXX/2) on all bonds."""
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


@pytest.mark.parametrize("n", [2, 3, 4])
def test_matchgates(n, seed):
    """Z_i lies in so(2n): Var = 1/(2n − 1)."""
    function, w = matchgate(n, qml.Z(n // 2))
    assert_variance(found(function, w, seed=seed).variance, 1 / (2 * n - 1))


@pytest.mark.parametrize("n", [2, 3, 4])
def test_two_fermion_words_of_matchgates(n, seed):
    """Z_iZ_j lies outside: C(n, 2)/C(2n, 4), zero for n = 2, where ZZ is the parity."""
    function, w = matchgate(n, qml.Z(0) @ qml.Z(1))
    truth = comb(n, 2) / comb(2 * n, 4) if n > 2 else 0.0
    assert_variance(found(function, w, seed=seed).variance, truth)


def test_matchgates_of_two_wires_split_into_two_algebras(seed):
    """so(4) = su(2) ⊕ su(2): Var (Z₀ + Z₁) = 4/3, not the 2/3 of one ideal."""
    function, w = matchgate(2, qml.Z(0) + qml.Z(1), layers=30)
    assert_variance(found(function, w, seed=seed).variance, 4 / 3)


def test_transverse_field_ising_ring(seed):
    n = 4
    function, w = matchgate(n, qml.Z(0), ring=True)
    assert_variance(found(function, w, seed=seed).variance, 1 / (2 * n - 1))


def test_matchgates_on_tilted_product_states(seed):
    """Var Z_i = P/(n (2n − 1)): weights between 0 and 1 instead of hits."""
    n = 3
    phi = np.array([0.4, 1.1, -0.7])
    function, w = matchgate(n, qml.Z(1), tilt=phi)
    truth = product_purity(phi) / (n * (2 * n - 1))
    assert_variance(found(function, w, seed=seed).variance, truth)


def product_purity(phi):
    """``P = Σ c_k² + Σ_{j<k} s_j² s_k² ∏_{j<l<k} c_l²`` of RY(φ)|0…0⟩ in so(2n)."""
    n, c, s = len(phi), np.cos(phi), np.sin(phi)
    return np.sum(c**2) + sum(
        s[j] ** 2 * s[k] ** 2 * np.prod(c[j + 1 : k] ** 2)
        for j in range(n)
        for k in range(j + 1, n)
    )


@pytest.mark.parametrize("n", [2, 4, 7])
def test_mean_purity_of_random_product_states(n):
    """n − 1 + 2^{−n}: four points integrate squares of cosines exactly."""
    grids = np.meshgrid(*[np.arange(4) * np.pi / 2] * n)
    points = np.stack([g.ravel() for g in grids], axis=1)
    if n > 4:
        points = np.random.default_rng(3).permutation(points)[:2000]
    mean = np.mean([product_purity(phi) for phi in points])
    assert mean == pytest.approx(n - 1 + 2.0**-n, rel=1e-12 if n <= 4 else 0.03)


def test_matchgates_on_random_product_states(seed):
    """Random RY in front: Var Z_i = (n − 1 + 2^{−n})/(n (2n − 1)), the law of all angles as one."""
    n = 3
    deep, w = matchgate(n, qml.Z(1))

    def function(phi, w):
        for wire in range(n):
            qml.RY(phi[wire], wire)
        return deep(w)

    truth = (n - 1 + 2.0**-n) / (n * (2 * n - 1))
    assert_variance(found(function, np.zeros(n), w, seed=seed, argnums=[0, 1]).variance, truth)


@pytest.mark.parametrize("n", [2, 3])
def test_matchgates_on_haar_random_states(n, seed):
    """A two-design in front: Var Z_i = 1/(2^n + 1), whatever follows."""
    haar, first = universal(12 * n, n)
    deep, w = matchgate(n, qml.Z(0))

    def function(first, w):
        haar(first)
        return deep(w)

    estimate = found(function, first, w, seed=seed, argnums=[0, 1]).variance
    assert_variance(estimate, 1 / (2**n + 1))


# -- projectors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [1, 2])
def test_projectors_of_haar_states(rank, seed):
    """ℓ ~ Beta(r, N − r): variance r (N − r)/(N² (N + 1))."""
    n, d = 2, 4
    wires = [0, 1] if rank == 1 else [0]
    function, w = universal(24, n, qml.Projector([0] * len(wires), wires=wires))
    truth = rank * (d - rank) / (d**2 * (d + 1))
    answer = found(function, w, seed=seed)
    assert_variance(answer.variance, truth)
    assert answer.mean.value == pytest.approx(rank / d)


def test_the_wishart_toy(rng):
    """ℓ = wᵀWw with w = ⊗(cos θ/2, sin θ/2): E w_i w_j w_k w_l is (δδ + δδ + δδ)/8 on each wire."""
    n, rank = 3, 2
    x = rng.normal(size=(2**n, rank))
    matrix = x @ x.T / rank

    @qml.qnode(qml.device("default.qubit"))
    def circuit(theta):
        for wire in range(n):
            qml.RY(theta[wire], wires=wire)
        return qml.expval(qml.Hermitian(matrix, wires=range(n)))

    same = np.eye(2)
    one = sum(np.einsum(p, same, same) for p in ("ij,kl->ijkl", "ik,jl->ijkl", "il,jk->ijkl")) / 8
    fourth = np.einsum("abcd,efgh,ijkl->aeibfjcgkdhl", one, one, one).reshape([2**n] * 4)
    mean = np.trace(matrix) / 2**n
    expected = np.einsum("ij,kl,ijkl", matrix, matrix, fourth) - mean**2
    found = pt.loss_variance(circuit)(np.zeros(n))
    assert found.method == "module" and found.variance.value == pytest.approx(expected)
    assert found.mean.value == pytest.approx(mean)
    paths = pt.loss_variance(circuit, method="paths", seed=1)(np.zeros(n)).variance
    assert abs(paths.value - expected) < 5 * paths.stderr
