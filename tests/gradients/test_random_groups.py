"""Signs of words in random bases, shots of single circuits, and values next to derivatives."""

from __future__ import annotations

import numpy as np
import pennylane as qml
from gradient_zoo import random_tape
from pennylane.operation import Operation

from pennylane_trainability.circuits.pauli import from_letters, word_matrix
from pennylane_trainability.circuits.tape_circuit import circuit_of_tape
from pennylane_trainability.transforms.gradient_circuits.answer import question_of
from pennylane_trainability.transforms.gradient_circuits.choice import How
from pennylane_trainability.transforms.gradient_circuits.random_groups import Bases, random_groups
from pennylane_trainability.transforms.gradient_circuits.tapes import circuits_of

GATES = {
    "Hadamard": qml.Hadamard,
    "S": qml.S,
    "Adjoint(S)": lambda wires: qml.adjoint(qml.S(wires)),
}


def test_every_word_becomes_its_parity_with_its_sign():
    words = [from_letters(text) for text in ("XY", "-XY", "-ZI", "IY", "YX", "-YX")]
    groups = random_groups(words, 2, Bases(40, 3))
    assert {k for group in groups for k in group.words} == set(range(6))
    # bit w of a mask is wire w; wire 0 leads in the matrices
    for group in groups:
        ops = [GATES[name](wires=list(wires)) for name, wires in group.basis.gates]
        turned = qml.matrix(qml.prod(*reversed(ops), qml.I(0), qml.I(1)), wire_order=[0, 1])
        for k, mask, sign in zip(group.words, group.basis.masks, group.basis.signs, strict=True):
            parity = qml.prod(*(qml.Z(w) for w in range(2) if mask >> w & 1), qml.I(0))
            moved = turned @ word_matrix(words[k], 2) @ turned.conj().T
            wanted = sign * qml.matrix(parity, wire_order=[0, 1])
            np.testing.assert_allclose(moved, wanted, atol=1e-12)


def asked(tape, **options):
    circuit = circuit_of_tape(tape, tape.trainable_params)
    return question_of(circuit, tape.measurements, How(**options))


def test_values_and_derivatives_have_one_matrix(rng):
    """As many columns as means, those of the values alone being zero."""
    for method in ("dla", "shift", "commuting"):
        question = asked(random_tape(4, 3, 9), method=method, values=True)
        scheme, problem = question.plan.arrangement.scheme, question.problem
        means = rng.normal(size=len(scheme.target_words))
        matrix = scheme.matrix(problem)
        assert matrix.shape[2] == len(means)
        np.testing.assert_allclose(matrix @ means, scheme.jacobian(means, problem), atol=1e-12)


def test_circuits_may_have_shots_of_their_own():
    question = asked(random_tape(4, 3, 9), method="shift")
    count = len(question.plan.arrangement.readings)
    shots = [100 + 10 * k for k in range(count)]
    made = circuits_of(question.problem, question.plan.arrangement, shots)
    results = qml.execute(made.tapes, qml.device("default.qubit", seed=1), None)
    (seen,) = made.observed(results, 1)
    assert count > 2
    assert [one.weights.sum() for one in seen] == shots


def test_fixed_gates_turn_by_their_own_angle(rng):
    """Gates without a parameter whose angle is no quarter turn, between those that have one."""
    fixed = [qml.T(0), qml.IsingXX(0.3, [0, 1]), qml.evolve(qml.X(0) @ qml.Y(1), 0.4),
             qml.evolve(2 * qml.Z(1), 0.3), qml.QFT([0, 1])]  # fmt: skip
    gates = [qml.RY(0.7, 0), qml.RX(1.1, 1), *fixed, qml.RY(0.2, 0), qml.CRX(0.9, [1, 0])]
    measured = [qml.expval(qml.Z(0)), qml.expval(qml.X(1))]
    trainable = [0, 1, len(qml.tape.QuantumScript(gates[:-1]).get_parameters(False)) - 1]
    tape = qml.tape.QuantumScript(gates, measured, trainable_params=trainable)
    question = asked(tape, method="dla")
    made = circuits_of(question.problem, question.plan.arrangement, None)
    found = made.jacobians(qml.execute(made.tapes, qml.device("default.qubit"), None), None)[0]
    tapes, post = qml.gradients.param_shift(tape)
    wanted = np.array(post(qml.execute(tapes, qml.device("default.qubit"), None)))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


class Wide(Operation):
    """Without parameters: a rotation by 0.3 of twice a word on six wires."""

    num_wires = 6
    num_params = 0

    @staticmethod
    def compute_matrix():
        return qml.matrix(Wide.compute_decomposition(range(6))[0], wire_order=range(6))

    @staticmethod
    def compute_decomposition(wires):
        word = qml.pauli.string_to_pauli_word("XYZXYZ", dict(zip(wires, range(6), strict=True)))
        return [qml.evolve(2 * word, 0.3)]


def test_wide_gates_without_a_parameter_turn_by_angle_times_coefficient():
    gates = [qml.RY(0.7, 0), qml.RX(1.1, 0), Wide(wires=range(6)), qml.RY(0.2, 0)]
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0))], trainable_params=[0, 1])
    question = asked(tape, method="dla")
    made = circuits_of(question.problem, question.plan.arrangement, None)
    found = made.jacobians(qml.execute(made.tapes, qml.device("default.qubit"), None), None)[0]
    tapes, post = qml.gradients.param_shift(tape)
    wanted = np.array(post(qml.execute(tapes, qml.device("default.qubit"), None)))
    np.testing.assert_allclose(found[0], wanted, atol=1e-12)
