"""Meyer–Wallach: product and GHZ states, Haar states, the circuits of Sim et al."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt


def ask(function, weights, n=4, **options):
    circuit = qml.QNode(function, qml.device("default.qubit", wires=n, seed=0))
    return pt.entangling_capability(circuit, **options)(weights)


def sim(k, layers=1, **options):
    def function(w):
        pt.SimCircuit(w, k=k, wires=range(4))
        return qml.expval(qml.Z(0))

    return ask(function, np.zeros(pt.SimCircuit.shape(k, layers, 4)), **options)


def test_product_states(seed, global_state_unchanged):
    found = sim(1, seed=seed)
    assert found.capability.value == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(found.purities, 1)


def test_ghz_states(seed):
    def ghz(w):
        qml.Hadamard(0)
        for wire in range(3):
            qml.CNOT([wire, wire + 1])
        for wire in range(4):
            qml.RX(w[wire], wire)
        return qml.state()

    assert ask(ghz, np.zeros(4), seed=seed).capability.value == pytest.approx(1)


def test_w_states(seed):
    """Tr ρ² = 5/9 for every wire of a W state of three: Q = 8/9."""

    def w_state(w):
        qml.StatePrep(np.array([0, 1, 1, 0, 1, 0, 0, 0]) / np.sqrt(3), wires=range(3))
        qml.RZ(w, 0)
        return qml.state()

    assert ask(w_state, 0.1, 3, seed=seed).capability.value == pytest.approx(8 / 9)


def test_bell_rotations(seed):
    """cos(θ/2)|00⟩ + sin(θ/2)|11⟩: Q = sin²θ, 1/2 on average."""

    def bell(w):
        qml.RY(w, 0)
        qml.CNOT([0, 1])
        return qml.state()

    found = ask(bell, 0.1, 2, seed=seed)
    assert abs(found.capability.value - 0.5) < 6 * found.capability.stderr
    assert found.spread == pytest.approx(np.sqrt(1 / 8), abs=0.02)


def test_deep_circuits_reach_the_haar_mean(seed):
    found = sim(6, 6, seed=seed)
    assert found.haar == pytest.approx(14 / 17)
    assert abs(found.capability.value - found.haar) < 6 * found.capability.stderr + 1e-3
    assert "(Haar 0.8235)" in found.heading() and found.n_wires == 4
    assert found.to_dict()["kind"] == "EntanglingCapability"


#: Means of an independent simulation, ±0.005 (circuits with rotations over 2π only).
TABLE = {2: (0.620, 0.785), 11: (0.538, 0.747), 12: (0.399, 0.668), 15: (0.716, 0.775)}
PUBLISHED = {2: (0.8104, 0.8657), 11: (0.7335, 0.8288), 12: (0.6486, 0.7838), 15: (0.8184, 0.8734)}


@pytest.mark.parametrize("k", TABLE)
def test_the_table(k, seed):
    for layers, wanted, published in zip((1, 3), TABLE[k], PUBLISHED[k], strict=True):
        found = sim(k, layers, seed=seed)
        assert abs(found.capability.value - wanted) < 0.015 + 6 * found.capability.stderr
        # what is published is larger by many errors, and above the Haar mean for circuit 15
        assert published - found.capability.value > 10 * found.capability.stderr


@pytest.mark.parametrize("layers", [1, 3])
def test_circuit_9_makes_graph_states(layers, seed):
    assert sim(9, 1, seed=seed).capability.value == pytest.approx(1)
    assert sim(9, layers, seed=seed).capability.value > 0.9


def test_circuit_1_is_a_product(seed):
    assert sim(1, 3, seed=seed).capability.value == pytest.approx(0, abs=1e-12)
