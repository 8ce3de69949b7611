"""What is planned: words, structures, costs, and the plans that are kept."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pennylane as qml
import pytest
from gradient_zoo import CLIFFORDS, logical_product_tape, random_tape

import pennylane_trainability as pt
from pennylane_trainability.circuits.anticommutation import (
    anticommute,
    push_forward,
    reached,
    unite,
)
from pennylane_trainability.circuits.clifford import CLIFFORDS as IMAGES
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.pauli import Word, word_matrix
from pennylane_trainability.circuits.tape_circuit import circuit_of_tape
from pennylane_trainability.transforms.gradient_circuits.answer import answer_of, question_of
from pennylane_trainability.transforms.gradient_circuits.choice import How, free_wire
from pennylane_trainability.transforms.gradient_circuits.kept import Plans, plans

# -- words -----------------------------------------------------------------------------------------


def random_words(rng, n, count, phases=1):
    return [Word(*(int(v) for v in rng.integers(2**n, size=2)), int(rng.integers(phases)))
            for _ in range(count)]  # fmt: skip


def test_anticommutation_against_matrices(rng):
    n = 3
    words = random_words(rng, n, 12)
    matrices = [word_matrix(w, n) for w in words]
    found = anticommute(words[:5], words, n)
    for i, row in enumerate(found):
        for j, one in enumerate(row):
            total = matrices[i] @ matrices[j] + matrices[j] @ matrices[i]
            assert one == (np.abs(total).max() < 1e-12)


def test_pushing_forward_against_matrices(rng):
    n = 3
    frame, clifford = Frame.identity(n), np.eye(2**n)
    for _ in range(12):
        gate = CLIFFORDS[rng.integers(len(CLIFFORDS))]
        wires = [int(w) for w in rng.permutation(n)[: gate.num_wires]]
        frame.append(IMAGES[gate(wires).name], wires)
        clifford = qml.matrix(gate(wires), wire_order=range(n)) @ clifford
    words = random_words(rng, n, 20, 4)
    for word, moved in zip(words, push_forward(words, frame), strict=True):
        expected = clifford @ word_matrix(word, n) @ clifford.conj().T
        np.testing.assert_allclose(word_matrix(moved, n), expected, atol=1e-12)


@pytest.mark.parametrize("n", [1, 64, 65, 100])
def test_pushing_forward_many_wires(n, rng):
    frame = Frame.identity(n)
    names = [name for name, images in IMAGES.items() if len(images) <= 2 * n]
    for _ in range(4 * n):
        name = names[rng.integers(len(names))]
        frame.append(IMAGES[name], rng.permutation(n)[: len(IMAGES[name]) // 2].tolist())
    masks = [int.from_bytes(rng.bytes(16), "little") >> (128 - n) for _ in range(40)]
    words = [Word(x, z, k % 4) for k, (x, z) in enumerate(zip(masks, masks[::-1], strict=True))]
    assert push_forward(words, frame) == [frame.push_forward(word) for word in words]


def test_what_is_reached_by_hand():
    """Z_0 reaches X_0 in front of it, and Z_0Z_1 through that; nothing reaches Y_1 behind."""
    against = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], bool)
    seeds = np.array([[0, 0], [1, 0], [0, 1]], bool)
    found = reached(against, seeds)
    np.testing.assert_array_equal(found, [[1, 0], [1, 0], [0, 1]])
    rows = np.array([[1, 0, 0, 0], [0, 0, 0, 1]], bool)
    np.testing.assert_array_equal(unite(rows, [1, 3], 1), [[1, 0], [0, 1]])


# -- schemes ---------------------------------------------------------------------------------------


def question(tape, **options):
    circuit = circuit_of_tape(tape, tape.trainable_params)
    return question_of(circuit, tape.measurements, How(**options))


@pytest.mark.parametrize("method", ["commuting", "shift"])
def test_the_matrix_of_a_scheme_is_its_jacobian(method, rng):
    measurements = [qml.expval(0.3 * qml.Z(0) + qml.X(1)), qml.probs(wires=[2])]
    asked = question(random_tape(4, 3, 16, measurements), method=method)
    scheme = asked.plan.arrangement.scheme
    means = rng.normal(size=len(scheme.target_words))
    matrix = scheme.matrix(asked.problem)
    np.testing.assert_allclose(matrix @ means, scheme.jacobian(means, asked.problem), atol=1e-12)
    assert scheme.variance(asked.problem) <= np.sum(matrix**2) * 2 + 1e-12


def test_outcomes_are_counted_with_the_shots_of_their_own_circuit():
    asked = question(random_tape(4, 3, 16, [qml.expval(qml.Z(0))]), method="commuting")
    count = len(asked.plan.arrangement.readings)
    shots = [100 * (k + 1) for k in range(count)]
    answer = answer_of(asked, shots, n_points=2)
    results = qml.execute(answer.tapes, qml.device("default.qubit", seed=1), None)
    seen = answer.observed(results, 1)
    assert count > 2 and [[one.weights.sum() for one in row] for row in seen] == [shots] * 2


def test_the_means_of_a_scheme_are_those_of_its_words():
    """Every target as an expectation value of the state vector the circuit prepares."""
    tape = random_tape(11, 3, 12)
    asked = question(tape, method="commuting")
    answer = answer_of(asked, None)
    means = answer.means(answer.observed(
        qml.execute(answer.tapes, qml.device("default.qubit"), None), None)[0])  # fmt: skip
    scheme, n = asked.plan.arrangement.scheme, 4
    wires = [*asked.problem.circuit.wires, asked.plan.aux]
    for reading, made in zip(asked.plan.arrangement.readings, answer.tapes, strict=True):
        appended = len(reading.basis.gates)
        operations = made.operations[: len(made.operations) - appended]
        prepared = qml.tape.QuantumScript(operations, [qml.state()])
        device = qml.device("default.qubit", wires=wires)
        state = qml.execute([prepared], device, None)[0]
        for target, word in zip(reading.targets, reading.words, strict=True):
            value = np.vdot(state, word_matrix(word, n) @ state).real
            sign = 1 if scheme.target_words[target].phase == 0 else -1
            assert means[target] == pytest.approx(sign * value, abs=1e-12)


def test_auto_takes_what_needs_fewer_shots():
    tape = logical_product_tape(np.linspace(0, 5, 96))
    asked = question(tape, method="auto")
    costs = {option.method: option for option in asked.plan.options}
    assert costs["commuting"].circuits == 23
    assert costs["shift"].circuits == 192
    # half of 192 / 23: a difference of two results has half the variance of one
    ratio = costs["shift"].relative_cost / costs["commuting"].relative_cost
    assert ratio == pytest.approx(192 / 23 / 2)
    assert costs["dla"].circuits == 4
    assert asked.plan.arrangement.scheme.method == "dla"


def test_auto_avoids_two_qubit_gates_where_they_are_dear():
    tape = logical_product_tape(np.linspace(0, 5, 96))
    asked = question(tape, method="auto", two_qubit_weight=10.0)
    costs = {option.method: option.relative_cost for option in asked.plan.options}
    assert costs["shift"] < costs["commuting"]
    assert asked.plan.arrangement.two_qubit_gates == 0
    assert len(asked.plan.arrangement.readings) == 16, "words that agree wire by wire"


@pytest.mark.slow
def test_errors_at_equal_total_shots(rng):
    """Mean squared errors at 24,000 shots: at least three times below parameter shift."""
    angles = np.random.default_rng(5).uniform(0, 2 * np.pi, 96)
    exact_tape = logical_product_tape(angles)
    device = qml.device("default.qubit", seed=rng)
    tapes, post = pt.commuting_grad(exact_tape)
    exact = np.array(post(qml.execute(tapes, device, None)))
    errors = {}
    for method, count in (("commuting", 23), ("shift", 192)):
        repeats = 10
        tape = exact_tape.copy(shots=(24_000 // count,) * repeats)
        tapes, post = pt.measured_grad(tape, method=method)
        found = np.array(post(qml.execute(tapes, device, None)))
        errors[method] = np.mean((found - exact) ** 2)
    assert errors["shift"] > 3 * errors["commuting"]


# -- plans that are kept ---------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def empty():
    plans.clear()
    yield
    plans.clear()


def rotated(angles, fixed=0.3, gate=qml.CNOT, word="ZI"):
    gates = [qml.RX(angles[0], 0), qml.RY(fixed, 1), gate([0, 1]), qml.RY(angles[1], 0)]
    observable = qml.pauli.string_to_pauli_word(word)
    return qml.tape.QuantumScript(gates, [qml.expval(observable)], trainable_params=[0, 2])


SAME = [
    pytest.param(rotated([1.0, 2.0]), id="angles"),
    pytest.param(rotated([0.0, np.pi / 2]), id="special-angles"),
    pytest.param(rotated([0.1, 0.2], fixed=0.9), id="data"),
    pytest.param(rotated([0.1, 0.2]).map_to_standard_wires(), id="itself"),
]
OTHER = [
    pytest.param(rotated([0.1, 0.2], fixed=np.pi / 2), id="clifford-angle"),
    pytest.param(rotated([0.1, 0.2], gate=qml.CZ), id="gate"),
    pytest.param(rotated([0.1, 0.2], word="IZ"), id="observable"),
]


@pytest.mark.parametrize("tape", SAME)
@pytest.mark.parametrize("method", ["commuting", "dla"])
def test_equal_structures_share_a_plan(tape, method):
    first = question(rotated([0.1, 0.2]), method=method)
    again = question(tape, method=method)
    assert again.plan.arrangement is first.plan.arrangement


@pytest.mark.parametrize("tape", OTHER)
@pytest.mark.parametrize("method", ["commuting", "dla"])
def test_other_structures_do_not(tape, method):
    first = question(rotated([0.1, 0.2]), method=method)
    again = question(tape, method=method)
    assert again.plan.arrangement is not first.plan.arrangement


def run(tapes, post):
    return np.array(post(qml.execute(tapes, qml.device("default.qubit"), None)))


@pytest.mark.parametrize("seed", range(4))
def test_kept_plans_give_the_right_values(seed):
    """The same circuit many times, changed a little each time."""
    rng = np.random.default_rng(seed)
    tape = random_tape(seed, 3, 10)
    for _ in range(12):
        operations = list(tape.operations)
        k = rng.integers(len(operations))
        choice = rng.integers(4)
        if operations[k].num_params == 1 and choice:
            value = [0.0, np.pi / 2, np.pi, rng.uniform(0, 6)][rng.integers(4)]
            operations[k] = qml.ops.functions.bind_new_parameters(operations[k], [value])
        elif len(operations[k].wires) < 3 and not operations[k].num_params:
            same = [g for g in CLIFFORDS if g.num_wires == len(operations[k].wires)]
            operations[k] = same[rng.integers(len(same))](operations[k].wires)
        tape = qml.tape.QuantumScript(
            operations, tape.measurements, trainable_params=tape.trainable_params
        )
        expected = run(*qml.gradients.param_shift(tape))
        for transform in (pt.commuting_grad, pt.dla_grad):
            np.testing.assert_allclose(run(*transform(tape)), expected, rtol=0, atol=1e-12)


def test_preparations_count():
    """RZ on |0⟩ is a phase, on |+⟩ it is not."""
    gates = [qml.RZ(0.3, 0), qml.RY(0.4, 0)]
    for preparation, expected in (
        ([], [0.0, -np.sin(0.4)]),
        ([qml.BasisState([1], 0)], [0.0, np.sin(0.4)]),
        ([qml.StatePrep(np.ones(2) / np.sqrt(2), 0)],
         [np.sin(0.3) * np.sin(0.4), -np.cos(0.3) * np.cos(0.4)]),
    ):  # fmt: skip
        skip = len(preparation)
        tape = qml.tape.QuantumScript(
            [*preparation, *gates], [qml.expval(qml.Z(0))], trainable_params=[skip, skip + 1]
        )
        np.testing.assert_allclose(run(*pt.commuting_grad(tape)), expected, atol=1e-12)


def test_a_training_loop_plans_once(monkeypatch):
    from pennylane_trainability.transforms.gradient_circuits import answer

    calls = []
    plain = answer.structure_of
    monkeypatch.setattr(answer, "structure_of", lambda *a: calls.append(a) or plain(*a))

    @qml.qnode(qml.device("default.qubit"), diff_method=pt.commuting_grad)
    def circuit(w, x):
        qml.AngleEmbedding(x, wires=[0, 1])
        qml.BasicEntanglerLayers(w, wires=[0, 1])
        return qml.expval(qml.Z(0))

    weights = qml.numpy.array([[0.1, 0.2]])
    optimizer = qml.GradientDescentOptimizer(0.1)
    for step in range(4):
        data = qml.numpy.array([0.3, 0.1 * step + 0.05], requires_grad=False)
        weights, _ = optimizer.step(circuit, weights, data)
    assert len(calls) == 1


def test_nothing_of_the_user_is_kept_alive():
    gate = qml.PauliRot(0.3, "XY", [0, 1])
    matrix = qml.QubitUnitary(qml.matrix(qml.RX(0.4, 0)), 1)
    tape = qml.tape.QuantumScript([gate, matrix, qml.RY(0.1, 0)], [qml.expval(qml.Z(0))])
    tape.trainable_params = [0, 2]
    made = question(tape, method="commuting")
    assert len(plans) == 2
    watched = [weakref.ref(x) for x in (gate, matrix, tape)]
    del gate, matrix, tape, made
    gc.collect()
    assert [ref() for ref in watched] == [None] * 3


def test_few_plans_are_kept():
    kept = Plans(size=3, weight=10)
    for k in range(6):
        kept.get(k, lambda k=k: k, lambda _: 1)
    assert len(kept) == 3
    assert kept.get(5, lambda: "new", lambda _: 1) == 5
    assert kept.get(0, lambda: "new", lambda _: 1) == "new"
    kept.get("heavy", lambda: "heavy", lambda _: 9)
    assert len(kept) == 2, "the oldest make room"
    kept.get("too heavy", lambda: 1, lambda _: 11)
    assert len(kept) == 2
    assert kept.get(None, lambda: "not kept", lambda _: 1) == "not kept"


def test_free_wires():
    assert free_wire([0, 1, 2], None) == 3
    assert free_wire([0, 2], None) == 1
    assert free_wire(["a", 0], None) == "aux"
    assert free_wire(["aux"], None) == "aux_"
    assert free_wire([0, 1], [0, 1, "x"]) == "x"
    assert free_wire([0, 1], [0, 1]) is None
    assert free_wire([0], None, "mine") == "mine"
    with pytest.raises(pt.ReadingError, match="does not use"):
        free_wire([0, 1], [0, 1, 2], 1)
