"""Measured gradients against PennyLane's own, and the circuits they take."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from gradient_zoo import (
    SUM,
    ZOO,
    logical_product_tape,
    logical_products,
    random_pauli,
    random_tape,
    truth_of,
    weights_of,
)

import pennylane_trainability as pt

METHODS = ["commuting", "dla", "shift"]


def run(tapes, post):
    return post(qml.execute(tapes, qml.device("default.qubit"), None))


def close(found, expected, atol=1e-12):
    np.testing.assert_allclose(np.array(found), np.array(expected), rtol=0, atol=atol)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ZOO)
def test_the_zoo(name, method):
    qnode = qml.QNode(ZOO[name][0], qml.device("default.qubit"))
    found = pt.measured_grad(qnode, method=method)(weights_of(name))
    for one, expected in zip(found, truth_of(name), strict=True):
        close(one, expected, 1e-9 if name == "opaque" else 1e-12)


@pytest.mark.parametrize("grouping", ["auto", "commuting", "qubit-wise"])
@pytest.mark.parametrize("read_out", ["counts", "means"])
def test_groups_and_read_outs_give_the_same(grouping, read_out):
    name = "several measurements"
    qnode = qml.QNode(ZOO[name][0], qml.device("default.qubit"))
    found = pt.commuting_grad(qnode, grouping=grouping, read_out=read_out)(weights_of(name))
    for one, expected in zip(found, truth_of(name), strict=True):
        close(one, expected)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("method", METHODS)
def test_random_pauli_circuits(seed, method):
    """Rotations with Clifford gates, encoding gates and T gates in between."""
    tape = random_tape(seed, n=4 if seed % 2 else 3)
    found = run(*pt.measured_grad(tape, method=method))
    close(found, run(*qml.gradients.param_shift(tape)))


@pytest.mark.parametrize("seed", range(6))
def test_random_sums_and_several_results(seed, rng):
    terms = [random_pauli(rng, 3) for _ in range(5)]
    total = qml.dot(rng.normal(size=5), terms)
    tape = random_tape(seed, 3, 12, [qml.expval(total), qml.expval(random_pauli(rng, 3))])
    found = run(*pt.commuting_grad(tape))
    close(found, run(*qml.gradients.param_shift(tape)))


def test_a_product_of_paulis_by_hand():
    """⟨Z_0⟩ of RX(a) IsingXX(b) PauliRot(c, XXX) is cos a cos b cos c."""
    a, b, c = 0.4, 0.7, 1.1
    gates = [qml.RX(a, 0), qml.IsingXX(b, [0, 1]), qml.PauliRot(c, "XXX", [0, 1, 2])]
    tapes, post = pt.commuting_grad(qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0))]))
    (cos, sin) = (np.cos([a, b, c]), np.sin([a, b, c]))
    expected = [-sin[0] * cos[1] * cos[2], -cos[0] * sin[1] * cos[2], -cos[0] * cos[1] * sin[2]]
    assert len(tapes) == 1
    assert set(tapes[0].wires) == {0, 1, 2}, "no auxiliary wire"
    close(run(tapes, post), expected)


# -- how many circuits -----------------------------------------------------------------------------


def test_the_circuit_of_the_paper_takes_23_circuits():
    angles = np.linspace(0.1, 5.9, 96)
    tape = logical_product_tape(angles)
    tapes, post = pt.commuting_grad(tape)
    assert len(tapes) == 23
    assert len(pt.measured_grad(tape, method="shift")[0]) == 192
    assert len(pt.measured_grad(tape, method="commuting")[0]) == 23

    @qml.qnode(qml.device("default.qubit"), diff_method="backprop")
    def circuit(w):
        logical_products(w)
        return qml.expval(qml.X(0) @ qml.X(1))

    close(run(tapes, post), qml.grad(circuit)(qml.numpy.array(angles)))


def test_the_circuits_of_the_paper_add_few_gates():
    tapes, _ = pt.commuting_grad(logical_product_tape(np.linspace(0.1, 5.9, 96)))
    added = [tape.num_wires for tape in tapes]
    assert max(added) == 5
    for tape in tapes:
        assert sum(isinstance(op, qml.PauliRot) for op in tape.operations) == 96
        assert sum(len(op.wires) == 2 for op in tape.operations if op.name in "CNOT CY CZ") <= 5


def iqp(n, seed=2):
    rng = np.random.default_rng(seed)
    turns = [qml.Hadamard(w) for w in range(n)]
    gates = [qml.RZ(rng.uniform(0, 6), w) for w in range(n)]
    gates += [qml.IsingZZ(rng.uniform(0, 6), [w, v]) for w in range(n) for v in range(w)]
    return qml.tape.QuantumScript([*turns, *gates, *turns], [qml.expval(qml.Z(0))])


def test_commuting_generators_take_one_circuit():
    tape = iqp(5)
    tapes, post = pt.commuting_grad(tape)
    assert len(tapes) == 1
    close(run(tapes, post), run(*qml.gradients.param_shift(tape)))


def test_shared_angles_in_commuting_places_are_measured_once():
    """The same word twice with nothing in between that it does not commute with."""
    gates = [qml.RX(0.3, 0), qml.RY(0.2, 1), qml.RX(0.5, 0), qml.IsingZZ(0.4, [0, 1])]
    tapes, post = pt.commuting_grad(qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0))]))
    found = run(tapes, post)
    assert found[0] == found[2]
    assert len(tapes) == 1


def test_what_has_no_effect_takes_no_circuit():
    gates = [
        qml.RZ(0.3, 0),  # only a phase
        qml.RX(0.4, 0),
        qml.RX(0.5, 1),  # outside the light cone
        qml.CNOT([0, 2]),
        qml.RZ(0.6, 0),  # commutes with all that follows
    ]
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0))])
    tapes, post = pt.commuting_grad(tape)
    assert len(tapes) == 1
    assert len(tapes[0].operations) < len(gates) + 2
    close(run(tapes, post), [0, -np.sin(0.4), 0, 0])


def test_without_any_effect_there_is_no_circuit():
    tape = qml.tape.QuantumScript([qml.RZ(0.3, 0), qml.RX(0.1, 1)], [qml.expval(qml.Z(0))])
    tapes, post = pt.commuting_grad(tape)
    assert tapes == []
    close(post([]), [0.0, 0.0])


def test_a_generator_without_words_falls_back_to_its_shift_rule():
    """A sparse generator on six wires: the rest is still measured by signatures."""
    n = 6
    matrix = qml.matrix(
        qml.dot([1.0, 0.5, 0.25], [qml.X(0) @ qml.Z(5), qml.Y(3), qml.Z(0)]), wire_order=range(n)
    )

    class Unknown(qml.operation.Operation):
        num_params = 1
        ndim_params = (0,)

        def generator(self):
            return qml.Hermitian(matrix, wires=self.wires)

        @staticmethod
        def compute_matrix(angle):
            values, vectors = np.linalg.eigh(matrix)
            return (vectors * np.exp(1j * angle * values)) @ vectors.conj().T

    gates = [qml.RY(0.3, 0), qml.RX(0.9, 3), Unknown(0.4, range(n)), qml.RX(0.7, 0)]
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0) @ qml.Z(3))])
    with pytest.warns(pt.TrainabilityWarning, match="Unknown: differentiated by shift rules"):
        tapes, post = pt.commuting_grad(tape)
    found = run(tapes, post)
    shifted, post = pt.measured_grad(tape, method="shift")
    assert len(tapes) < len(shifted)

    def value(angle):
        moved = qml.tape.QuantumScript([*gates[:2], Unknown(angle, range(n)), gates[3]],
                                       tape.measurements)  # fmt: skip
        return qml.execute([moved], qml.device("default.qubit"), None)[0]

    h = 1e-3
    slope = (8 * (value(0.4 + h) - value(0.4 - h)) - value(0.4 + 2 * h) + value(0.4 - 2 * h)) / 12
    close(found[2], slope / h, atol=1e-9)
    close(found, run(shifted, post))


def test_a_generator_of_many_words_needs_no_shift_rule():
    hamiltonian = sum(qml.Z(w) @ qml.Z(w + 1) for w in range(6)) + 0.3 * qml.X(2) + 0.1 * qml.Y(5)
    gates = [*(qml.RY(0.3 + w, w) for w in range(7)), qml.evolve(hamiltonian, 0.4)]
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.X(2))], trainable_params=[2, 7])
    found = run(*pt.commuting_grad(tape))

    def value(t):
        moved = qml.tape.QuantumScript([*gates[:-1], qml.evolve(hamiltonian, t)], tape.measurements)
        return qml.execute([moved], qml.device("default.qubit"), None)[0]

    h = 1e-3
    slope = (8 * (value(0.4 + h) - value(0.4 - h)) - value(0.4 + 2 * h) + value(0.4 - 2 * h)) / 12
    close(found[1], slope / h, atol=1e-9)


def test_noise_in_the_middle_is_part_of_the_circuit():
    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.AmplitudeDamping(0.3, wires=0)
        qml.IsingXX(w[1], wires=[0, 1])
        qml.DepolarizingChannel(0.1, wires=1)
        qml.CRY(w[2], wires=[1, 0])
        return qml.expval(SUM)

    device = qml.device("default.mixed", wires=4)
    weights = qml.numpy.array([0.4, 0.9, 1.3])
    found = pt.commuting_grad(qml.QNode(circuit, device))(weights)
    close(found, qml.jacobian(qml.QNode(circuit, device, diff_method="parameter-shift"))(weights))
