"""Scaling of whole circuits: textbook verdicts, and what a builder may return."""

import json

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.statistics.scaling import ScalingVerdict

DEVICE = qml.device("default.qubit")


def cerezo(cost):
    """Cerezo et al.: one layer of rotations, a global or a local cost."""

    def build(n):
        def circuit(w):
            for wire in range(n):
                qml.RX(w[wire], wire)
            if cost == "global":
                return qml.expval(qml.Projector([0] * n, wires=range(n)))
            local = [qml.Projector([0], wires=[wire]) for wire in range(n)]
            return qml.expval((1 / n) * qml.sum(*local))

        return qml.QNode(circuit, DEVICE), (np.zeros(n),)

    return build


def test_a_global_cost_falls_exponentially_and_a_local_one_as_a_power(seed):
    """Var ∂ = (3/8)^{n−1}/8 against 1/(8n²)."""
    ask = {
        "quantity": "gradient",
        "parameter": 0,
        "seed": seed,
        "n_paths": 20_000,
        "method": "paths",
    }
    worldwide = pt.scaling(cerezo("global"), range(2, 9), **ask)
    assert worldwide.verdict is ScalingVerdict.EXPONENTIAL
    assert worldwide.rate.low < 3 / 8 < worldwide.rate.high
    local = pt.scaling(cerezo("local"), [2, 4, 8, 16, 32, 64], **ask)
    assert local.verdict is ScalingVerdict.POWER
    assert local.exponent.low < -2 < local.exponent.high
    assert "on n = 2, 4, 8, 16, 32, 64" in local.sentence
    for n, estimate in zip(local.ns, local.variances, strict=True):
        assert abs(estimate.value - 1 / (8 * n**2)) < 4.5 * estimate.stderr


def matchgates(n):
    """Ragone et al.: the algebra is so(2n), and Var ⟨Z⟩ = 1/(2n − 1)."""

    def circuit(w):
        for layer in w:
            for wire in range(n):
                qml.RZ(layer[wire], wire)
            for wire in range(n - 1):
                qml.IsingXX(layer[n + wire], [wire, wire + 1])
        return qml.expval(qml.Z(0))

    return qml.QNode(circuit, DEVICE), (np.zeros((2 * n**2, 2 * n - 1)),)


def test_matchgates_fall_as_a_power(seed):
    found = pt.scaling(matchgates, [2, 3, 4, 5, 6, 8], seed=seed, n_paths=20_000, method="paths")
    assert found.verdict is ScalingVerdict.POWER
    for n, estimate in zip(found.ns, found.variances, strict=True):
        # the circuits are not quite as deep as they need to be
        assert abs(estimate.value * (2 * n - 1) - 1) < 4.5 * estimate.stderr * (2 * n - 1) + 0.02


def hardware_efficient(n):
    """McClean et al.: deep circuits are two-designs, Var ℓ = 1/(2^n + 1)."""

    def circuit(w):
        qml.StronglyEntanglingLayers(w, wires=range(n))
        return qml.expval(qml.Z(0))

    return qml.QNode(circuit, DEVICE), (np.zeros((min(4 * n, 32), n, 3)),)


def test_deep_circuits_are_barren_and_unseen_sizes_are_kept(seed):
    ns = [2, 3, 4, 5, 7, 30, 34]
    found = pt.scaling(hardware_efficient, ns, seed=seed, n_paths=10_000, method="paths")
    assert found.verdict is ScalingVerdict.EXPONENTIAL
    assert found.fit.kinds[-2:] == ("bound", "bound")
    assert found.rate.value == pytest.approx(0.5, abs=0.06)
    assert "2 of 7 points are upper bounds" in found.sentence


def test_what_a_builder_may_return(seed):
    def circuit(w, scale=1.0):
        qml.RX(w * scale, 0)
        return qml.expval(qml.Z(0))

    def with_default(w=0.1):
        qml.RX(w, 0)
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(circuit, DEVICE)
    for built in (
        (qnode, (0.1,)),
        (qnode, (0.1,), {"scale": 2.0}),
        pt.Model(qml.QNode(with_default, DEVICE), (0.1,)),
    ):
        ask = {"seed": seed, "n_paths": 640, "argnums": "w"}
        found = pt.scaling(lambda n, b=built: b, [1, 2, 3, 4, 5], **ask)
        assert found.verdict is ScalingVerdict.CONSTANT
    with pytest.raises(pt.ReadingError, match="has to return"):
        pt.scaling(lambda n: circuit, [1, 2, 3])


def test_options_are_checked(seed):
    with pytest.raises(pt.ReadingError, match="quantity='kurtosis' is unknown"):
        pt.scaling(matchgates, [2, 3, 4], quantity="kurtosis")
    with pytest.raises(pt.ReadingError, match="parameter=99 is none of the"):
        pt.scaling(cerezo("local"), [2, 3, 4], quantity="gradient", parameter=99, n_paths=64)


def test_equal_seeds_give_equal_records_and_sizes_independent_draws(seed):
    ask = {"seed": seed, "n_paths": 640, "method": "paths"}
    one, two = (pt.scaling(cerezo("local"), [4, 5, 6], **ask) for _ in range(2))
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())
    assert one.provenance.n_samples == 3 * 640
    assert "consistent" in str(one) or "undecided" in str(one).lower()


def test_the_device_that_is_told_is_that_of_the_largest_size():
    def built(n):
        def circuit(w):
            for wire in range(n):
                qml.RX(w[wire], wire)
            return qml.expval(qml.Z(0))

        device = qml.device("lightning.qubit" if n == 3 else "default.qubit", wires=n)
        return qml.QNode(circuit, device), (np.zeros(n),)

    found = pt.scaling(built, [1, 2, 3], method="sample", n_draws=30, seed=1)
    assert found.provenance.device == "lightning.qubit"


def test_mean_over_parameters(seed):
    found = pt.scaling(
        cerezo("local"), [2, 3, 4, 6, 8], quantity="gradient", seed=seed, method="paths"
    )
    for n, estimate in zip(found.ns, found.variances, strict=True):
        assert estimate.low < 1 / (8 * n**2) < estimate.high
    assert found.quantity == "Mean variance of the derivatives"


def test_exact_sizes_decide_without_paths(seed):
    """(3/8)^{n−1}/8 to rounding, so that the factor is known as sharply as numbers are believed."""
    found = pt.scaling(cerezo("global"), range(2, 8), quantity="gradient", parameter=0, seed=seed)
    assert set(found.methods) == {"module"} and found.verdict is ScalingVerdict.EXPONENTIAL
    assert found.rate.value == pytest.approx(3 / 8, abs=1e-9)
    for n, estimate in zip(found.ns, found.variances, strict=True):
        assert estimate.exact and estimate.value == pytest.approx((3 / 8) ** (n - 1) / 8, rel=1e-12)
