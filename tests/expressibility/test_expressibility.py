"""Expressibility from state vectors and density matrices: closed forms, identities, refusals."""

from __future__ import annotations

import math

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.simulation.states import final_states, kept_factor, wire_purities


def qnode(function, device="default.qubit", wires=4, shots=None):
    # without a seed of its own the device draws one from NumPy's global generator
    made = qml.QNode(function, qml.device(device, wires=wires, seed=0))
    return qml.set_shots(made, shots=shots) if shots else made


def sim(k, n=4, returns=qml.state, **options):
    def function(w):
        pt.SimCircuit(w, k=k, wires=range(n))
        return returns()

    return qnode(function, wires=n, **options)


def shape(k, layers=1, n=4):
    return np.zeros(pt.SimCircuit.shape(k, layers, n))


def idle(w):
    for wire in range(4):
        qml.RZ(w[wire], wire)
    return qml.state()


def turned(w):
    for wire in range(2):
        qml.RX(w[wire, 0], wire)
        qml.RZ(w[wire, 1], wire)
    return qml.state()


class TestStates:
    def everything(self, w, x=0.3):
        qml.Hadamard("a")
        qml.RX(w[0], "a")
        qml.Rot(w[1], w[2], w[3], "b")
        qml.CRY(w[4], ["c", "a"])
        qml.GlobalPhase(0.3)
        qml.Toffoli(["a", "b", "c"])
        qml.IsingXY(w[5], ["b", "c"])
        qml.RY(x, "c")
        qml.PauliRot(w[6] * 2, "XYZ", ["a", "b", "c"])
        qml.ISWAP(["c", "a"])
        qml.SX("b")
        qml.PhaseShift(w[7], "b")
        qml.CNOT(["b", "a"])
        qml.S("a")
        qml.SingleExcitation(w[0], ["a", "c"])
        qml.QubitUnitary(qml.matrix(qml.RX(0.2, 0) @ qml.RY(0.3, 1)), ["c", "b"])
        return qml.state()

    def test_all_gates_at_many_draws(self, rng):
        circuit = qnode(self.everything, wires=["a", "b", "c"])
        draws = rng.uniform(0, 6, (5, 8))
        reading = read_qnode(circuit, (draws[0],), {}, None, None, need_inputs=False)
        found = final_states(reading.at(draws, np.zeros((1, 0))))
        order = [list(reading.circuit.wires).index(w) for w in "abc"]
        for state, w in zip(found, draws, strict=True):
            wanted = circuit(w)
            same = state.reshape(2, 2, 2).transpose(order).reshape(-1)
            assert abs(np.vdot(same, wanted)) == pytest.approx(1)

    @pytest.mark.parametrize("start", [qml.BasisState, qml.StatePrep])
    def test_prepared_states(self, start, rng):
        numbers = np.array([1, 0]) if start is qml.BasisState else np.array([0.6, 0, 0.8j, 0])

        def function(w):
            start(numbers, wires=[0, 1])
            qml.CRX(w, [0, 1])
            return qml.state()

        circuit = qnode(function, wires=2)
        reading = read_qnode(circuit, (0.1,), {}, None, None, need_inputs=False)
        found = final_states(reading.at(np.array([[0.4], [2.0]]), np.zeros((1, 0))))
        np.testing.assert_allclose(found, [circuit(0.4), circuit(2.0)], atol=1e-12)

    def test_reduced_states_and_purities(self, rng):
        state = rng.normal(size=(3, 8)) + 1j * rng.normal(size=(3, 8))
        state /= np.linalg.norm(state, axis=1, keepdims=True)
        factor = kept_factor(state, (2, 0))
        wanted = qml.math.reduce_statevector(state, [2, 0])
        np.testing.assert_allclose(factor @ factor.conj().swapaxes(1, 2), wanted, atol=1e-12)
        purities = [qml.math.purity(qml.math.reduce_statevector(state, [w]), [0]) for w in range(3)]
        np.testing.assert_allclose(wire_purities(state).T, purities, atol=1e-12)


class TestClosedForms:
    def test_the_idle_circuit(self, seed, global_state_unchanged):
        found = pt.expressibility(qnode(idle), seed=seed)(np.zeros(4))
        assert found.divergence.value == pytest.approx(15 * math.log(75))
        assert found.verdict.name == "LIMITED"
        assert [p.value for p in found.potentials] == pytest.approx([1, 1])
        assert found.real

    def test_one_qubit_of_hadamard_and_rz(self, seed):
        """The arcsine law: fidelity cos²(δ/2), divergence 0.1961 for 75 bins."""

        def function(w):
            qml.Hadamard(0)
            qml.RZ(w, 0)
            return qml.state()

        edges = 2 / np.pi * np.arcsin(np.sqrt(np.linspace(0, 1, 76)))
        masses = np.diff(edges)
        truth = float(np.sum(masses * np.log(75 * masses)))
        assert truth == pytest.approx(0.1961, abs=1e-4)
        found = pt.expressibility(qnode(function, wires=1), seed=seed, n_pairs=20_000)(0.1)
        assert abs(found.divergence.value - truth) < 6 * found.divergence.stderr
        assert found.divergence.stderr < 0.01
        for potential, wanted in zip(found.potentials, [1 / 2, 3 / 8], strict=True):
            assert abs(potential.value - wanted) < 6 * potential.stderr

    def test_products_have_products_of_potentials(self, seed):
        """RX and RZ on one qubit: E F² = (1 + 1/4 + 1/16 + 1/16)/4 = 11/32."""
        found = pt.expressibility(qnode(turned, wires=2), seed=seed, order=2)(np.zeros((2, 2)))
        for potential, wanted in zip(found.potentials, [1 / 4, (11 / 32) ** 2], strict=True):
            assert abs(potential.value - wanted) < 6 * potential.stderr
        assert found.verdict.name == "LIMITED"

    def test_a_haar_unitary_is_haar(self):
        """Every parameter draw is a Haar state by itself: three Euler angles of the right law."""

        def law(rng, given, n_draws):
            angle = rng.uniform(0, 2 * np.pi, (n_draws, 2))
            return np.column_stack([angle, np.arccos(rng.uniform(-1, 1, n_draws))])

        def function(w):
            qml.Rot(w[0], w[2], w[1], 0)
            return qml.state()

        found = pt.expressibility(qnode(function, wires=1), seed=1, law=law)(np.zeros(3))
        assert found.verdict.name == "HAAR"
        assert found.sentence == "indistinguishable from Haar at 8,128 samples"
        apart = pt.expressibility(qnode(function, wires=1), seed=1, law=law, pairs="disjoint")
        assert apart(np.zeros(3)).sentence == "indistinguishable from Haar at 5,000 samples"
        for potential, haar in zip(found.potentials, [1 / 2, 1 / 3], strict=True):
            assert abs(potential.value - haar) < 6 * potential.stderr
        assert found.haar_potentials == pytest.approx((1 / 2, 1 / 3))


#: Circuit → divergence at one and three layers by an independent simulation that draws all angles
#: over 2π, mean of five seeds of 5,000 pairs, not debiased; error of the mean at one layer.
TABLE = {
    1: (0.305, 0.005, 0.200), 9: (0.672, 0.017, 0.0329), 11: (0.150, 0.010, 0.0044),
    12: (0.182, 0.008, 0.0091), 15: (0.188, 0.010, 0.120), 2: (0.305, 0.005, 0.0050),
}  # fmt: skip


class TestSimCircuits:
    @pytest.mark.parametrize("k", TABLE)
    def test_the_table(self, k, seed):
        """Circuits without controlled rotations: their angles have period 2π in every tool."""
        first, error, third = TABLE[k]
        one = pt.expressibility(sim(k), seed=seed)(shape(k))
        assert abs(one.plug_in - first) < 6 * math.hypot(one.divergence.stderr, error)
        three = pt.expressibility(sim(k), seed=seed)(shape(k, 3))
        assert abs(three.plug_in - third) < 6 * math.hypot(three.divergence.stderr, 0.002)

    def test_circuits_1_and_2_are_the_same(self, seed):
        """The last CNOTs are fixed; with one seed even the draws are the same."""
        one, two = (pt.expressibility(sim(k), seed=seed)(shape(k)) for k in (1, 2))
        np.testing.assert_array_equal(one.counts, two.counts)
        assert one.divergence.value == two.divergence.value

    def test_real_states_are_compared_to_real_haar_states(self, seed):
        """Enough layers of circuit 10 are real Haar, and far from Haar."""
        found = pt.expressibility(sim(10), seed=seed)(shape(10, 12))
        assert found.real and "real" in found.notes[0]
        assert found.verdict.name == "LIMITED"
        assert abs(found.real_divergence.value) < 6 * found.real_divergence.stderr
        potential = found.potentials[1]
        assert abs(potential.value - 3 / (16 * 18)) < 6 * potential.stderr
        assert not pt.expressibility(sim(11), seed=seed, n_pairs=300)(shape(11)).real

    def test_controlled_rotations_are_drawn_over_two_turns(self, seed):
        """Half a turn more of CRX is another state: over 2π alone the divergence is another."""

        def two_pi(rng, given, n_draws):
            return rng.uniform(0, 2 * np.pi, (n_draws, len(given)))

        def function(w):
            qml.Hadamard(0)
            qml.CRX(w, [0, 1])
            return qml.state()

        circuit = qnode(function, wires=2)
        own = pt.expressibility(circuit, seed=seed)(0.1)
        # |⟨ψ|φ⟩|² = cos⁴(δ/4), δ over 4π: E F = E cos⁴ = 3/8
        assert abs(own.potentials[0].value - 3 / 8) < 6 * own.potentials[0].stderr
        short = pt.expressibility(circuit, seed=seed, law=two_pi)(0.1)
        assert short.potentials[0].value > 0.5


class TestReducedAndMixed:
    def test_a_reduced_state_is_compared_to_the_induced_measure(self, seed):
        def reduced():
            return qml.density_matrix([1, 3])

        found = pt.expressibility(sim(6, returns=reduced), seed=seed)(shape(6, 3))
        assert found.dimension == 4 and found.wires == (1, 3)
        assert "induced measure" in found.reference
        assert abs(found.divergence.value) < 6 * found.divergence.stderr
        same = pt.expressibility(sim(6), seed=seed, wires=[1, 3])(shape(6, 3))
        np.testing.assert_array_equal(found.counts, same.counts)
        # one wire against pure Haar states: what must not happen silently
        wrong = pt.expressibility(sim(6), seed=seed, wires=[1], reference="haar")(shape(6, 3))
        assert wrong.divergence.value > 0.5 and "no distance" in wrong.notes[0]

    def test_probabilities_of_some_wires_are_refused(self):
        circuit = sim(1, returns=lambda: qml.probs(wires=[0]))
        with pytest.raises(pt.ReadingError, match="wires='all'"):
            pt.expressibility(circuit)(shape(1))
        found = pt.expressibility(circuit, wires="all", seed=1, n_pairs=300)(shape(1))
        assert found.dimension == 16

    def test_idle_wires_of_the_device_are_left_out(self):
        circuit = qnode(sim(1, n=2).func, wires=3)
        found = pt.expressibility(circuit, seed=1, n_pairs=300)(shape(1, n=2))
        assert found.dimension == 4 and "[2] of the device" in found.notes[0]

    @pytest.mark.parametrize("returns", [lambda: qml.expval(qml.Z(0)), lambda: qml.probs()])
    def test_otherwise_the_state_of_all_wires_is_meant(self, returns, seed):
        found = pt.expressibility(sim(1, returns=returns), seed=seed)(shape(1))
        wanted = pt.expressibility(sim(1), seed=seed)(shape(1))
        np.testing.assert_array_equal(found.counts, wanted.counts)

    def mixed(self, probability):
        def function(w):
            qml.StronglyEntanglingLayers(w, wires=range(2))
            if probability:
                qml.DepolarizingChannel(probability, 0)
            return qml.state()

        return qnode(function, "default.mixed", wires=2)

    def test_noise_is_compared_to_nothing(self, seed):
        w = np.zeros((2, 2, 3))
        found = pt.expressibility(self.mixed(0.3), seed=seed, n_pairs=300)(w)
        assert found.divergence is None and found.verdict.name == "REFUSED"
        assert "mean purity" in found.notes[0] and 0.3 < found.purity < 0.99
        assert np.isnan(found.haar_potentials).all()
        assert found.cost.circuits == 600
        assert "not compared" in str(found) and found.to_dict()["divergence"] is None
        forced = pt.expressibility(self.mixed(0.3), seed=seed, n_pairs=300, reference="haar")(w)
        assert forced.divergence is not None and "no distance" in forced.notes[0]

    def test_a_depolarised_state_has_known_potentials(self, seed):
        """Full depolarisation of one wire: ρ = 1/2 ⊗ σ, Tr ρρ' = Tr σσ'/2."""

        def function(w):
            qml.RX(w[0], 0)
            qml.RZ(w[1], 0)
            qml.Hadamard(1)
            qml.DepolarizingChannel(0.75, 1)
            return qml.state()

        circuit = qnode(function, "default.mixed", wires=2)
        found = pt.expressibility(circuit, seed=seed, n_pairs=1000)(np.zeros(2))
        for potential, wanted in zip(found.potentials, [1 / 4, 11 / 128], strict=True):
            assert abs(potential.value - wanted) < 6 * potential.stderr
        assert found.purity == pytest.approx(0.5)

    def test_without_noise_a_density_simulator_is_compared_to_haar(self, seed):
        w = np.zeros((2, 2, 3))
        found = pt.expressibility(self.mixed(0), seed=seed, n_pairs=300)(w)
        exact = qml.QNode(self.mixed(0).func, qml.device("default.qubit"))
        wanted = pt.expressibility(exact, seed=seed, n_pairs=300, pairs="disjoint")(w)
        np.testing.assert_array_equal(found.counts, wanted.counts)
        assert found.divergence.value == pytest.approx(wanted.divergence.value)
        assert found.purity == pytest.approx(1)


class TestVerdicts:
    @pytest.mark.parametrize(
        ("k", "layers", "verdict"), [(6, 3, "HAAR"), (14, 1, "EXPRESSIVE"), (1, 1, "LIMITED")]
    )
    def test_verdicts(self, k, layers, verdict):
        found = pt.expressibility(sim(k), seed=5, level=0.99)(shape(k, layers))
        assert found.verdict.name == verdict
        assert found.sentence in found.heading()

    def test_few_pairs_leave_it_open(self):
        found = pt.expressibility(sim(5), seed=3, n_pairs=225)(shape(5))
        assert found.verdict.name == "UNDECIDED" and "more pairs" in found.sentence

    def test_the_record(self):
        found = pt.expressibility(sim(6), seed=3, order=3, n_bins=20)(shape(6, 3))
        assert len(found.potentials) == len(found.haar_potentials) == 3
        assert found.n_bins == 20 and found.n_pairs == found.n_states * 127 // 2
        assert "frame potential 3" in str(found) and "Haar 0.001225" in str(found)
        assert found.to_dict()["kind"] == "Expressibility"
        again = pt.expressibility(sim(6), seed=3, order=3, n_bins=20)(shape(6, 3))
        assert again.to_dict() == found.to_dict()

    def test_simulating_costs_nothing(self):
        assert pt.expressibility(sim(1)).cost(shape(1)).circuits == 0


class TestErrors:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"n_pairs": 100}, "at least 225 pairs; got n_pairs=100.*at most 33 bins"),
            ({"n_pairs": 2.5}, "n_pairs needs a whole number"),
            ({"n_bins": 1}, "n_bins needs a whole number ≥ 2"),
            ({"order": 0}, "order needs a whole number ≥ 1"),
            ({"threshold": 0}, "threshold needs a positive number"),
            ({"reference": "hilbert"}, "use 'auto' or 'haar'"),
            ({"level": 1.0}, "between 0 and 1"),
            ({"level": 0.9999}, "at most 0.999"),
            ({"engine": "gpu"}, "use one of"),
        ],
    )
    def test_options(self, options, message):
        with pytest.raises(ValueError, match=message):
            pt.expressibility(sim(1), **options)

    @pytest.mark.parametrize("wires", [[7], [], [0, 0], "some"])
    def test_wires(self, wires):
        with pytest.raises(pt.ReadingError, match="different labels out of"):
            pt.expressibility(sim(1), wires=wires)(shape(1))

    @pytest.mark.parametrize("ask", [pt.expressibility, pt.entangling_capability])
    def test_nothing_to_draw(self, ask):
        circuit = qnode(lambda: (qml.Hadamard(0), qml.state())[1])
        with pytest.raises(pt.ReadingError, match="this call has none"):
            ask(circuit)()

    @pytest.mark.parametrize("ask", [pt.expressibility, pt.entangling_capability])
    def test_measuring_in_the_middle(self, ask):
        def function(w):
            qml.RX(w, 0)
            qml.measure(0)
            return qml.expval(qml.Z(0))

        with pytest.raises(pt.ReadingError, match="Mid-circuit"):
            ask(qnode(function))(0.1)

    def test_several_density_matrices(self):
        circuit = sim(1, returns=lambda: (qml.density_matrix([0]), qml.density_matrix([1])))
        with pytest.raises(pt.ReadingError, match="whose state is meant"):
            pt.expressibility(circuit)(shape(1))

    @pytest.mark.parametrize("ask", [pt.expressibility, pt.entangling_capability])
    def test_channels_on_a_state_vector(self, ask):
        def function(w):
            qml.RX(w, 0)
            qml.DepolarizingChannel(0.1, 0)
            return qml.expval(qml.Z(0))

        with pytest.raises(pt.ReadingError, match="not unitary"):
            ask(qnode(function, "default.mixed", wires=1), engine="exact")(0.1)

    def test_memory(self):
        with pytest.raises(pt.BudgetError, match="Raise"):
            pt.expressibility(sim(1), memory=1000)(shape(1))

    def test_unknown_periods_are_said(self):
        def function(w):
            qml.RX(w[0] ** 2, 0)
            qml.RX(w[1], 0)
            return qml.state()

        found = pt.expressibility(qnode(function, wires=1), seed=1, n_pairs=300)(np.ones(2))
        assert "1 parameter without a known period" in found.notes[0]
