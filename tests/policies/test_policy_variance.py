"""Variances of policy gradients: closed forms, bounds, shots, and verdicts over sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.policies.draws import PolicyDraws
from pennylane_trainability.policies.policy_variance import spread_terms, variance_of
from pennylane_trainability.results import Provenance


def rotations(n, device=None, measured=None):
    """One RY per wire."""

    @qml.qnode(device or qml.device("default.qubit"))
    def product(angles):
        for wire in range(n):
            qml.RY(angles[wire], wires=wire)
        return qml.probs(wires=range(measured or n))

    return product


def close(estimate, expected, sigmas=4.5):
    return abs(estimate.value - expected) <= max(sigmas * estimate.stderr, 1e-12)


def test_contiguous_actions_of_a_product_have_closed_forms():
    """``π = ∏ cos² or sin²``: each wire has Fisher information 1; ``E(∂π)² = 1/8·(3/8)^{k−1}``."""
    for actions, bits in ((2, 1), (4, 2), (8, 3)):
        ask = pt.policy_variance(pt.born_policy(rotations(4), actions), seed=1, n_draws=2000)
        found = ask(np.zeros(4))
        np.testing.assert_allclose(
            found.log_variances, [1.0] * bits + [0.0] * (4 - bits), atol=1e-9
        )
        assert found.log_variance(0).exact
        assert close(found.derivative_variance(0), (1 / 8) * (3 / 8) ** (bits - 1))
        assert found.fisher_rank() == min(4, bits)


def test_parity_of_a_product_has_closed_forms():
    """``π = (1 ± ∏ cos)/2``: ``Var ∂π = 2⁻ⁿ/4``, and ``Var ∂ log π`` by quadrature."""
    for n in (2, 3):
        policy = pt.born_policy(rotations(n), 2, "parity")
        found = pt.policy_variance(policy, seed=2, n_draws=4000)(np.zeros(n))
        assert close(found.derivative_variance(0), 2.0**-n / 4)
        angles = 2 * np.pi * (np.arange(100) + 0.5) / 100
        grids = np.meshgrid(*[angles] * n)
        others = np.prod(np.cos(grids[1:]), axis=0)
        cosine = np.cos(grids[0]) * others
        exact = np.mean((np.sin(grids[0]) * others) ** 2 / (1 - cosine**2))
        assert close(found.log_variance(0), exact)


def entangled(n, layers=2, device=None):
    shapes = qml.SimplifiedTwoDesign.shape(layers, n)

    @qml.qnode(device or qml.device("default.qubit"))
    def design(first, weights):
        qml.SimplifiedTwoDesign(first, weights, wires=range(n))
        return qml.probs(wires=range(n))

    return design, tuple(np.zeros(s) for s in shapes)


@pytest.mark.parametrize("partition", ["contiguous", "parity"])
def test_the_quantum_fisher_information_bounds_the_variance(partition):
    """Real amplitudes read out completely attain it: 1 for every RY of the first layer."""
    qnode, args = entangled(4)
    some = pt.policy_variance(pt.born_policy(qnode, 4, partition), seed=3, n_draws=50)(*args)
    full = pt.policy_variance(pt.born_policy(qnode, 16, partition), seed=3, n_draws=50)(*args)
    assert np.all(some.log_terms <= full.log_terms + 1e-9)
    np.testing.assert_allclose(full.log_variances[0], 1.0, atol=1e-9)
    assert np.all(full.log_terms <= 1 + 1e-9)
    assert some.fisher_rank() == 3
    np.testing.assert_allclose(
        some.fisher_eigenvalues.sum(axis=1), some.log_terms.sum(axis=1), atol=1e-9
    )


def test_effective_dimension_of_a_product_has_a_closed_form():
    """``F`` is the identity on the wires that are read: all its determinants are equal."""
    policy = pt.born_policy(rotations(2), 4)
    found = pt.policy_variance(policy, seed=3, n_draws=20)(np.zeros(2))
    kappa = 10**4 / (2 * np.pi * np.log(10**4))
    expected = 2 * np.log1p(kappa) / np.log(kappa)
    assert found.effective_dimension(10**4).value == pytest.approx(expected, rel=1e-9)


def test_what_is_printed():
    found = pt.policy_variance(pt.born_policy(rotations(4), 4), seed=1, n_draws=20)(np.zeros(4))
    assert "Var ∂ log π        mean 0.5 (exact), 0 … 1\n" in str(found)
    assert "rank 2 of 3, largest 1\n" in str(found)
    assert found.derivative_variances.shape == (4,)
    np.testing.assert_array_equal(found.derivative_variances[2:], 0)


def test_rank_and_exactness_are_relative():
    found = pt.policy_variance(pt.born_policy(rotations(4), 4), seed=1, n_draws=4)(np.zeros(4))
    values = np.array([[1e3, 5e-8, 0.0]])
    assert replace(found, fisher_eigenvalues=values).fisher_rank() == 1
    assert replace(found, fisher_eigenvalues=values / 1e3).fisher_rank() == 1
    assert replace(found, fisher_eigenvalues=values).fisher_rank(1e-11) == 2
    terms = 1e-3 * np.array([1, 1 + 1e-6, 1, 1 - 1e-6])[:, None]
    assert not replace(found, derivative_terms=terms).derivative_variance(0).exact
    assert replace(found, derivative_terms=0 * terms + 1e-3).derivative_variance(0).exact


def test_terms_are_an_unbiased_variance_without_noise(rng):
    derivatives, noise = rng.normal(size=(5, 3, 2)) + 7, rng.uniform(size=(5, 3, 2))
    found = spread_terms(derivatives, noise)
    assert found.shape == (5, 2)
    expected = derivatives.var(axis=0, ddof=1) - noise.mean(axis=0)
    np.testing.assert_allclose(found.mean(axis=0), expected.mean(axis=0), rtol=1e-12)


def test_squares_over_probabilities_lose_their_noise(rng):
    """By hand: ``Σ_a ((∂π_a)² − v_a)/max(π_a, 1/N)`` at every draw."""
    reading, partition = pt.born_policy(rotations(3), 2).read((np.zeros(3),), {}, None, None)
    p = np.array([[0.3, 0.7], [0.02, 0.98], [0.5, 0.5], [0.9, 0.1]])
    dp, noise = rng.normal(size=(4, 2, 3)), rng.uniform(1, 2, size=(4, 2, 3))
    draws, seen = PolicyDraws(p, dp, noise), Provenance(shots=20)
    found = variance_of(draws, reading, partition, "any", 0.95, seen)
    expected = [
        [
            sum((dp[d, a, k] ** 2 - noise[d, a, k]) / max(p[d, a], 0.05) for a in (0, 1))
            for k in range(3)
        ]
        for d in range(4)
    ]
    np.testing.assert_allclose(found.log_terms, expected, rtol=1e-12)
    assert found.clip == 0.05


def test_shot_noise_is_taken_out():
    """With 20 shots per circuit noise is several times the signal, and not to be seen."""
    n, shots = 4, 20
    device = qml.device("default.qubit", seed=8)
    policy = pt.born_policy(qml.set_shots(rotations(n, device), shots=shots), 2, "parity")
    found = pt.policy_variance(policy, seed=4, n_draws=2000, max_circuits=10**6)(np.zeros(n))
    exact = 2.0**-n / 4
    assert close(found.derivative_variance(0), exact)
    noise = found.derivative_variance(0).stderr
    assert 0.25 / (2 * shots) > 5 * noise, "the noise would show if it were left in"
    assert found.notes and found.clip == 1 / shots and found.fisher_eigenvalues.size == 0
    assert found.cost.shots == found.cost.circuits * shots


def test_cost_is_said_before(rng):
    policy = pt.born_policy(qml.set_shots(rotations(3), shots=10), 4)
    ask = pt.policy_variance(policy, n_draws=5, seed=1, max_circuits=10**4)
    cost = ask.cost(np.zeros(3))
    assert (cost.circuits, cost.shots) == (ask(np.zeros(3)).cost.circuits, 10 * cost.circuits)
    assert cost.distinct_circuits == cost.circuits
    with pytest.raises(pt.BudgetError):
        pt.policy_variance(policy, n_draws=5, max_circuits=4)(np.zeros(3))
    exact = pt.policy_variance(pt.born_policy(rotations(3), 4), n_draws=5)
    assert exact.cost(np.zeros(3)).circuits == 0


def test_laws_and_arguments_are_taken():
    qnode, args = entangled(3)
    policy = pt.born_policy(qnode, 2)
    near = pt.policy_variance(policy, ["first"], law=pt.Normal(1e-3), seed=1, n_draws=10)(*args)
    assert near.log_variances[0].shape == (3,) and "scale 0.001" in near.law
    again = pt.policy_variance(policy, ["first"], law=pt.Normal(1e-3), seed=1, n_draws=10)(*args)
    np.testing.assert_array_equal(near.log_terms, again.log_terms)


# -- sizes -----------------------------------------------------------------------------------------


def builder(partition, actions):
    def build(n):
        return pt.born_policy(rotations(n), actions(n), partition), (np.zeros(n),)

    return build


@pytest.mark.parametrize(
    ("partition", "actions", "verdict"),
    [
        pytest.param("contiguous", lambda n: 2, "WINDOW", id="window"),
        pytest.param("parity", lambda n: 2, "VANISHING", id="vanishing"),
        pytest.param("contiguous", lambda n: 2**n, "EXPLODING", id="exploding"),
    ],
)
def test_verdicts(partition, actions, verdict):
    sizes = range(3, 8) if verdict == "EXPLODING" else range(4, 10)
    options = {"parameter": 0, "n_draws": 2000, "seed": 1}
    found = pt.policy_scaling(builder(partition, actions), sizes, **options)
    assert found.verdict.name == verdict
    assert found.actions == tuple(actions(n) for n in sizes)
    if verdict == "EXPLODING":
        rate = found.derivative_fit.rate  # (cos² or sin²)²: 3/8
        assert rate.low < 3 / 8 < rate.high
    if verdict == "VANISHING":
        assert found.log_fit.rate.high < 1
    assert "these sizes" in found.heading()


def test_the_device_told_is_that_of_the_largest_size():
    def build(n):
        device = qml.device("lightning.qubit" if n == 5 else "default.qubit", wires=n)
        return pt.born_policy(rotations(n, device), 2), (np.zeros(n),)

    found = pt.policy_scaling(build, [3, 5, 4], n_draws=4, seed=1)
    assert (found.provenance.device, found.provenance.n_samples) == ("lightning.qubit", 12)
    assert "\n                 n  actions  Var" in str(found)


def test_few_sizes_decide_nothing():
    found = pt.policy_scaling(builder("parity", lambda n: 2), [3, 4, 5], n_draws=50, seed=1)
    assert found.verdict.name == "UNDECIDED" and found.heading().endswith("undecided")


def test_bad_input():
    with pytest.raises(pt.ReadingError, match="born_policy"):
        pt.policy_variance(rotations(2))
    with pytest.raises(ValueError, match="n_draws"):
        pt.policy_variance(pt.born_policy(rotations(2), 2), n_draws=2)
    with pytest.raises(ValueError, match="level"):
        pt.policy_variance(pt.born_policy(rotations(2), 2), level=95)
    with pytest.raises(pt.ReadingError, match="lightning"):
        pt.policy_variance(pt.born_policy(rotations(2), 2), engine="lightning")(np.zeros(2))
    with pytest.raises(pt.ReadingError, match="builder"):
        pt.policy_scaling(lambda n: rotations(n), [2, 3, 4])
    with pytest.raises(pt.ReadingError, match="none of the 2 parameters"):
        pt.policy_scaling(builder("parity", lambda n: 2), [2, 3, 4], parameter=5, n_draws=4)
