"""Overlaps and local purities from shots: unbiased, at the stated cost, on the user's device."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt


def turned(w):
    for wire in range(2):
        qml.RX(w[wire, 0], wire)
        qml.RZ(w[wire, 1], wire)
    return qml.expval(qml.Z(0))


def entangled(w):
    qml.RY(w[0], 0)
    qml.CRX(w[1], [0, 1])
    qml.RZ(w[2], 1)
    qml.CNOT([1, 2])
    return qml.expval(qml.Z(0))


def measured(function, shots, device="default.qubit", wires=3, seed=7):
    options = {} if device == "lightning.qubit" else {"seed": seed}
    made = qml.QNode(function, qml.device(device, wires=wires, **options))
    return qml.set_shots(made, shots=shots)


@pytest.mark.parametrize("shots", [2, 5, 100])
def test_frame_potentials_are_unbiased_with_few_shots(shots, seed):
    """E F = 1/4 and E F² = (11/32)² for two qubits of RX and RZ; naive squares are too large."""
    asked = pt.expressibility(measured(turned, shots, wires=2), seed=seed, n_bins=20)
    found = asked(np.zeros((2, 2)))
    for potential, wanted in zip(found.potentials, [1 / 4, (11 / 32) ** 2], strict=True):
        assert abs(potential.value - wanted) < 6 * potential.stderr
    assert found.provenance.shots == shots and found.provenance.engine == "measured"
    assert f"through {shots} shots" in found.reference


def test_overlaps_without_shots_are_those_of_the_states(seed):
    w = np.zeros(3)
    plain = qml.QNode(entangled, qml.device("default.qubit", wires=3))
    exact = pt.expressibility(plain, seed=seed, n_pairs=300, pairs="disjoint")(w)
    found = pt.expressibility(plain, seed=seed, n_pairs=300, engine="measured")(w)
    np.testing.assert_array_equal(found.counts, exact.counts)
    assert found.divergence.value == pytest.approx(exact.divergence.value)


def test_haar_states_through_shots_score_zero(seed):
    """Deep circuits of two wires: compared to exact overlaps shots would look like a distance."""

    def deep(w):
        qml.StronglyEntanglingLayers(w, wires=range(2))
        return qml.expval(qml.Z(0))

    circuit = measured(deep, 10, wires=2, seed=int(seed))
    found = pt.expressibility(circuit, seed=seed, n_pairs=3000)(np.zeros((5, 2, 3)))
    assert abs(found.divergence.value) < 6 * found.divergence.stderr
    assert found.survival is None  # an exact simulator has no noise


@pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
def test_the_cost_is_what_is_run_in_one_execution(device, seed):
    circuit = measured(entangled, 50, device)
    asked = pt.expressibility(circuit, seed=seed, n_pairs=60, n_bins=20)
    cost = asked.cost(np.zeros(3))
    assert (cost.circuits, cost.shots, cost.executions) == (60, 3000, 1)
    found = asked(np.zeros(3))
    assert found.cost.to_dict() == cost.to_dict()
    asked = pt.entangling_capability(circuit, seed=seed, n_draws=20)
    assert (asked.cost(np.zeros(3)).circuits, asked.cost(np.zeros(3)).shots) == (60, 3000)
    assert asked(np.zeros(3)).cost.to_dict() == asked.cost(np.zeros(3)).to_dict()


@pytest.mark.parametrize("shots", [2, 10, 1000])
def test_local_purities_are_unbiased(shots, seed):
    circuit = measured(entangled, shots, seed=int(seed))
    found = pt.entangling_capability(circuit, seed=seed, n_draws=2000)(np.zeros(3))
    exact = pt.entangling_capability(
        qml.QNode(entangled, qml.device("default.qubit", wires=3)), seed=seed, n_draws=2000
    )(np.zeros(3))
    assert abs(found.capability.value - exact.capability.value) < 6 * found.capability.stderr
    assert np.isnan(found.spread) and exact.spread > 0


def test_local_purities_without_shots_are_exact(seed):
    circuit = qml.QNode(entangled, qml.device("default.qubit", wires=3))
    pauli = pt.entangling_capability(circuit, seed=seed, n_draws=20, engine="measured")(np.zeros(3))
    exact = pt.entangling_capability(circuit, seed=seed, n_draws=20)(np.zeros(3))
    np.testing.assert_allclose(pauli.samples, exact.samples, atol=1e-12)


def test_prepared_states_are_undone(seed):
    def function(w):
        qml.StatePrep(np.array([0.6, 0, 0, 0.8]), wires=[0, 1])
        qml.RX(w, 0)
        return qml.expval(qml.Z(0))

    circuit = qml.QNode(function, qml.device("default.qubit", wires=2))
    exact = pt.expressibility(circuit, seed=seed, n_pairs=300, pairs="disjoint")(0.1)
    found = pt.expressibility(circuit, seed=seed, n_pairs=300, engine="measured")(0.1)
    np.testing.assert_array_equal(found.counts, exact.counts)


def test_noise_is_seen_by_undoing_circuits(seed):
    """default.mixed with shots: the channel cannot be undone, so the circuit is refused."""

    def function(w):
        qml.RX(w, 0)
        qml.DepolarizingChannel(0.3, 0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="cannot be undone"):
        pt.expressibility(measured(function, 100, "default.mixed", 1), seed=seed)(0.1)
    found = pt.entangling_capability(measured(function, 100, "default.mixed", 1), seed=seed)(0.1)
    assert "upper bound" in found.notes[0] and found.cost.circuits == 600


class TestErrors:
    def test_reduced_states(self):
        circuit = measured(entangled, 100)
        with pytest.raises(pt.ReadingError, match="not measured"):
            pt.expressibility(circuit, wires=[0])(np.zeros(3))

    def test_too_few_shots_for_the_order(self):
        with pytest.raises(pt.ReadingError, match="at least 3 shots"):
            pt.expressibility(measured(entangled, 2), order=3)(np.zeros(3))

    def test_one_shot(self):
        with pytest.raises(pt.ReadingError, match="at least 2 shots"):
            pt.entangling_capability(measured(entangled, 1))(np.zeros(3))

    @pytest.mark.parametrize("ask", [pt.expressibility, pt.entangling_capability])
    def test_shot_vectors(self, ask):
        with pytest.raises(pt.ReadingError, match="shots=total"):
            ask(measured(entangled, [10, 10]))(np.zeros(3))

    def test_budgets(self):
        circuit = measured(entangled, 100)
        with pytest.raises(pt.BudgetError, match="max_circuits"):
            pt.expressibility(circuit, max_circuits=10)(np.zeros(3))
        with pytest.raises(pt.BudgetError, match="shots"):
            pt.entangling_capability(circuit, max_shots=10)(np.zeros(3))

    def test_draws(self):
        with pytest.raises(ValueError, match="n_draws needs a whole number ≥ 2"):
            pt.entangling_capability(measured(entangled, 10), n_draws=1)
