"""Gradients from words at the output: how many circuits, what they are, and how exact they stay."""

from __future__ import annotations

import warnings

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
from pennylane_trainability.circuits.tape_circuit import circuit_of_tape
from pennylane_trainability.transforms.gradient_circuits import adjoint_linear
from pennylane_trainability.transforms.gradient_circuits.adjoint_action import truncation_bound
from pennylane_trainability.transforms.gradient_circuits.answer import question_of
from pennylane_trainability.transforms.gradient_circuits.choice import How


def run(tapes, post):
    wires = sorted({wire for tape in tapes for wire in tape.wires})
    return post(qml.execute(tapes, qml.device("lightning.qubit", wires=wires), None))


def close(found, expected, atol=1e-12):
    np.testing.assert_allclose(np.array(found), np.array(expected), rtol=0, atol=atol)


def truth(tape):
    """The gradient by backpropagation through PennyLane's simulator."""
    values = qml.numpy.array(tape.get_parameters())

    @qml.qnode(qml.device("default.qubit"), diff_method="backprop")
    def circuit(parameters):
        with qml.QueuingManager.stop_recording():
            bound = tape.bind_new_parameters(list(parameters), tape.trainable_params)
        for op in bound.operations:
            qml.apply(op)
        return qml.apply(tape.measurements[0])

    return qml.grad(circuit)(values)


def question(tape, **options):
    circuit = circuit_of_tape(tape, tape.trainable_params)
    return question_of(circuit, tape.measurements, How(method="dla", **options))


def ring(word, n):
    return [(word, [w, (w + 1) % n]) for w in range(n)]


SYMMETRIC = ring("XX", 4) + ring("YY", 4) + ring("ZZ", 4)
THREE = [(letter, [w]) for w in range(3) for letter in "XY"] + ring("ZZ", 3)
SINGLE = [(letter, [w]) for w in range(4) for letter in "XY"] + ring("ZZ", 4)


def script(gates, measured):
    """A tape; its gates are trainable, coefficients of its observable are not."""
    made = qml.tape.QuantumScript(gates, [qml.expval(measured)])
    made.trainable_params = range(sum(len(op.data) for op in gates))
    return made


def layered(words, length, measured=None, seed=3):
    angles = np.random.default_rng(seed).uniform(0, 6, length)
    gates = [qml.PauliRot(a, *words[k % len(words)]) for k, a in enumerate(angles)]
    measured = qml.X(0) @ qml.X(1) if measured is None else measured
    return script(gates, measured)


def ising(n, layers, measured, seed=5):
    rng = np.random.default_rng(seed)
    gates = []
    for _ in range(layers):
        gates += [qml.IsingXX(rng.uniform(0, 6), [w, w + 1]) for w in range(n - 1)]
        gates += [qml.RZ(rng.uniform(0, 6), w) for w in range(n)]
    return script(gates, measured)


# -- how many circuits -----------------------------------------------------------------------------


@pytest.mark.parametrize("grouping, circuits", [("commuting", 4), ("qubit-wise", 16), ("auto", 4)])
def test_the_circuits_of_the_paper(grouping, circuits):
    """24 blocks, 96 parameters: 32 words of an algebra of dimension 60 decide the gradient."""
    angles = np.linspace(0.1, 5.9, 96)
    tape = logical_product_tape(angles)
    tapes, post = pt.dla_grad(tape, grouping=grouping)
    assert len(tapes) == circuits
    assert len(question(tape).plan.arrangement.scheme.target_words) == 32

    @qml.qnode(qml.device("default.qubit"), diff_method="backprop")
    def circuit(w):
        logical_products(w)
        return qml.expval(qml.X(0) @ qml.X(1))

    close(run(tapes, post), qml.grad(circuit)(qml.numpy.array(angles)))


@pytest.mark.parametrize(
    "words, n_words, circuits, qubit_wise",
    [
        pytest.param(SYMMETRIC, 32, 4, 16, id="symmetric"),
        pytest.param(SINGLE, 128, 20, 36, id="non-symmetric"),
    ],
)
def test_circuits_do_not_grow_with_depth(words, n_words, circuits, qubit_wise):
    for length in (96, 192):
        tape = layered(words, length)
        plan = question(tape).plan.arrangement
        assert len(plan.scheme.target_words) == n_words
        assert len(plan.readings) <= circuits
        assert len(pt.dla_grad(tape, grouping="qubit-wise")[0]) <= qubit_wise
    close(run(*pt.dla_grad(tape)), truth(tape))


def test_the_circuit_itself_is_not_changed():
    tape = logical_product_tape(np.linspace(0.1, 5.9, 96))
    for made in pt.dla_grad(tape)[0]:
        assert all(
            qml.equal(a, b) for a, b in zip(made.operations[:96], tape.operations, strict=True)
        )
        assert set(made.wires) == set(range(4)), "no auxiliary wire"
        assert {op.name for op in made.operations[96:]} <= {
            *("Hadamard", "S", "Adjoint(S)", "CNOT", "CZ"),
        }


def test_auto_takes_it_where_it_needs_fewer_shots():
    tape = logical_product_tape(np.linspace(0.1, 5.9, 96))
    plan = question_of(circuit_of_tape(tape, tape.trainable_params), tape.measurements, How()).plan
    assert plan.arrangement.scheme.method == "dla"
    costs = {option.method: option.relative_cost for option in plan.options}
    circuits = {option.method: option.circuits for option in plan.options}
    assert circuits == {"commuting": 23, "dla": 4, "shift": 192}
    # the variance of every derivative is that of one word, at most; that of a shift rule is half
    assert costs["dla"] <= 4 * 96 and costs["commuting"] == pytest.approx(23 * 96)
    assert costs["shift"] == pytest.approx(192 * 96 / 2)


def test_auto_does_not_follow_large_algebras():
    """All words of 9 wires: too many to be worth it, and the other methods are compared."""
    words = [(letter, [w]) for w in range(9) for letter in "XY"] + ring("ZZ", 9)
    tape = layered(words, 160)
    plan = question_of(circuit_of_tape(tape, tape.trainable_params), tape.measurements, How()).plan
    reasons = {option.method: option.reason for option in plan.options}
    assert "≥" in reasons["dla"] and "max_words allows 16384" in reasons["dla"]
    assert plan.arrangement.scheme.method in ("commuting", "shift")


# -- the mathematics -------------------------------------------------------------------------------


def test_a_single_rotation_by_hand():
    """``∂_a⟨Z⟩`` of ``RZ(b) RX(a)|0⟩`` is ``⟨Y⟩ cos b − ⟨X⟩ sin b`` at the output."""
    a, b = 0.4, 0.9
    tape = qml.tape.QuantumScript([qml.RX(a, 0), qml.RZ(b, 0), qml.RX(0.0, 0)],
                                  [qml.expval(qml.Z(0))], trainable_params=[0])  # fmt: skip
    close(run(*pt.dla_grad(tape)), -np.sin(a))


@pytest.mark.parametrize("name", ["multi-word generators", "several measurements", "opaque"])
@pytest.mark.parametrize("grouping", ["commuting", "qubit-wise"])
@pytest.mark.parametrize("read_out", ["counts", "means"])
def test_groups_and_read_outs_give_the_same(name, grouping, read_out):
    qnode = qml.QNode(ZOO[name][0], qml.device("default.qubit"))
    found = pt.dla_grad(qnode, grouping=grouping, read_out=read_out)(weights_of(name))
    for one, expected in zip(found, truth_of(name), strict=True):
        close(one, expected, 1e-9 if name == "opaque" else 1e-12)


@pytest.mark.parametrize("truncation", [0.0, 1e-9, 0.05])
@pytest.mark.parametrize("seed", range(4))
def test_the_matrix_is_the_sweep(seed, truncation, rng):
    """Both on means that no state has; sums of squares are those of the matrix."""
    total = qml.dot(rng.normal(size=3), [random_pauli(rng, 4) for _ in range(3)])
    measured = [qml.expval(total), qml.expval(random_pauli(rng, 4))]
    asked = question(random_tape(seed, 4, 14, measured), truncation=truncation)
    scheme, problem = asked.plan.arrangement.scheme, asked.problem
    means = rng.normal(size=len(scheme.target_words))
    matrix = scheme.matrix(problem)
    close(matrix @ means, scheme.jacobian(means, problem))
    every = scheme.linear.matrix(problem, 0, np.eye(len(problem.structure.words)))
    close(scheme.linear.power(problem, 0), np.sum(every**2, axis=2))


def squares(asked):
    """Sums of the squares of the matrix that takes means to derivatives, ``(I, C)``."""
    scheme, problem = asked.plan.arrangement.scheme, asked.problem
    every = scheme.linear.matrix(problem, 0, np.eye(len(problem.structure.words)))
    return np.sum(every**2, axis=2)


def test_sums_of_squares_with_a_word_that_nothing_moves():
    gates = [qml.RX(0.3, 0), qml.RY(0.4, 1), qml.IsingXY(0.7, [0, 1]), qml.RZ(1.1, 0)]
    measured = [qml.Z(2), qml.X(0) @ qml.Y(1), qml.Z(1)]
    asked = question(qml.tape.QuantumScript(gates, [qml.expval(one) for one in measured]))
    found = asked.plan.arrangement.scheme.linear.power(asked.problem, 0)
    close(found, squares(asked))
    assert found.shape == (3, 5) and not found[0].any() and found[1:].any(axis=1).all()


def test_sums_of_squares_of_large_matrices_are_estimated(monkeypatch, rng):
    """From as many entries on as said; unbiased, and here within a third (a fixed seed)."""
    total = qml.dot(rng.normal(size=3), [qml.Z(0) @ qml.X(1), qml.Y(2), qml.Z(1) @ qml.Z(3)])
    asked = question(random_tape(5, 4, 14, [qml.expval(total)]))
    linear, exact = asked.plan.arrangement.scheme.linear, squares(asked)
    entries = linear.measured.shape[0] * linear.shape[1]
    monkeypatch.setattr(adjoint_linear, "_PROBES", 500)
    monkeypatch.setattr(adjoint_linear, "_EXACT_POWER", entries)
    close(linear.power(asked.problem, 0), exact)
    monkeypatch.setattr(adjoint_linear, "_EXACT_POWER", entries - 1)
    estimate = linear.power(asked.problem, 0)
    assert not np.allclose(estimate, exact)
    np.testing.assert_allclose(estimate, exact, rtol=0.33, atol=1e-12)


def test_what_is_kept_comes_in_blocks_of_any_size():
    asked = question(random_tape(2, 4, 14), truncation=1e-3)
    carrier = asked.plan.arrangement.scheme.linear.carrier
    ((every, whole),) = carrier.blocks(asked.problem, 0, 1 << 30)
    parts = list(carrier.blocks(asked.problem, 0, 8 * carrier.n_words * 3))
    assert len(parts) > 2 and np.count_nonzero(whole) > len(whole)
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in parts]), every)
    np.testing.assert_array_equal(np.concatenate([block for _, block in parts]), whole)


def test_no_derivative_of_a_word_is_amplified(rng):
    """Rows of the matrix have at most length one, whatever the angles are."""
    asked = question(random_tape(11, 4, 20))
    power = asked.plan.arrangement.scheme.linear.power(asked.problem, 0)
    assert power.max() <= 1 + 1e-12


@pytest.mark.parametrize("kind", ["fixed", "trainable"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_unitaries_on_several_wires_mix_words(kind, n, rng):
    """Behind, before and between rotations and Clifford gates."""
    wires = rng.permutation(3)[:n].tolist()
    angles = rng.uniform(-1, 1, 4**n - 1)
    if kind == "fixed":
        unitary = qml.QubitUnitary(qml.SpecialUnitary.compute_matrix(angles, n), wires)
    else:
        unitary = qml.SpecialUnitary(angles, wires)
    gates = [
        qml.RX(0.3, 0), qml.H(1), qml.CNOT([1, 2]), qml.PauliRot(0.7, "YZX", [0, 1, 2]), qml.S(0),
        unitary, qml.ISWAP([0, 2]), qml.IsingXY(0.8, [0, 1]), unitary, qml.RY(0.4, 2),
    ]  # fmt: skip
    tape = qml.tape.QuantumScript(gates, [qml.expval(SUM)])
    tape.trainable_params = [
        k for k, p in enumerate(tape.par_info)
        if p["op"].name != unitary.name and p["op_idx"] < len(gates)
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        close(run(*pt.dla_grad(tape)), run(*qml.gradients.param_shift(tape)))


def test_data_behind_parameters_change_what_is_measured_from_point_to_point():
    """Encoding gates behind a trainable one: every entry of the axis has its own coefficients."""
    x = np.array([0.2, 1.4, -0.7])
    gates = [qml.RX(0.3, 0), qml.RZ(x, 0), qml.RY(0.5, 0), qml.RZ(2 * x, 0), qml.RX(0.8, 0)]
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0))], trainable_params=[0, 2, 4])
    close(run(*pt.dla_grad(tape)), run(*qml.gradients.param_shift(tape)))


# -- what cannot be carried ------------------------------------------------------------------------


def noisy(w):
    qml.RX(w[0], wires=0)
    qml.RY(w[1], wires=2)
    qml.AmplitudeDamping(0.3, wires=0)
    qml.IsingXX(w[2], wires=[0, 1])
    qml.CRY(w[3], wires=[1, 2])
    return qml.expval(SUM)


def test_channels_in_the_way_fall_back_to_shift_rules():
    device = qml.device("default.mixed", wires=3)
    weights = qml.numpy.array([0.4, 0.2, 0.9, 1.3])
    expected = qml.jacobian(qml.QNode(noisy, device, diff_method="parameter-shift"))(weights)
    message = "RX: differentiated by shift rules.*AmplitudeDamping stands behind"
    with pytest.warns(pt.TrainabilityWarning, match=message):
        found = pt.dla_grad(qml.QNode(noisy, device))(weights)
    close(found, expected)


def test_channels_in_front_are_not_in_the_way():
    device = qml.device("default.mixed", wires=3)
    weights = qml.numpy.array([0.4, 0.2, 0.9, 1.3])
    expected = qml.jacobian(qml.QNode(noisy, device, diff_method="parameter-shift"))(weights)

    def later(w):
        return noisy(qml.math.hstack([0.4, w]))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        close(pt.dla_grad(qml.QNode(later, device))(np.array(weights[1:])), expected[1:])


class Wide(qml.operation.Operation):
    """A unitary on five wires that is known as a matrix only."""

    num_params = 0
    num_wires = 5

    @staticmethod
    def compute_matrix():
        rng = np.random.default_rng(4)
        normal = rng.normal(size=(32, 32)) + 1j * rng.normal(size=(32, 32))
        return np.linalg.qr(normal)[0]


def test_large_unitaries_in_the_way_fall_back_to_shift_rules():
    gates = [qml.RX(0.3, 0), Wide(range(5)), qml.RY(0.4, 0)]
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0))])
    with pytest.warns(pt.TrainabilityWarning, match=r"RX: .*at most 4 wires.*Wide"):
        tapes, post = pt.dla_grad(tape)
    assert len(tapes) == 3  # one for RY, two shifts for RX
    shifted, post_shifted = qml.gradients.param_shift(tape)
    results = qml.execute([*tapes, *shifted], qml.device("default.qubit"), None)
    close(post(results[:3]), post_shifted(results[3:]))


def test_too_many_words_are_refused_with_other_ways():
    tape = layered(SINGLE, 96)
    with pytest.raises(pt.BudgetError, match=r"max_words allows 100.*truncation.*'commuting'"):
        pt.dla_grad(tape, max_words=100)
    assert len(pt.dla_grad(tape, max_words=255)[0]) > 0


# -- truncation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("truncation", [1e-4, 1e-2, 0.1])
def test_truncation_stays_within_its_bound(truncation):
    tape = layered(SINGLE, 96, SUM)
    asked = question(tape, truncation=truncation)
    bound = truncation_bound(asked.plan.arrangement.scheme, asked.problem)[0]
    with pytest.warns(pt.TrainabilityWarning, match="changes derivatives by at most"):
        tapes, post = pt.dla_grad(tape, truncation=truncation)
    error = np.abs(np.array(run(tapes, post)) - truth(tape))
    assert np.all(error <= bound + 1e-12)
    assert bound[-1] == 0 and error[-1] < 1e-12, "nothing stands behind the last gate"
    assert error.max() > 0 and (truncation > 1e-2 or error.max() < 0.5)


def test_small_angles_need_few_words_and_few_circuits():
    rng = np.random.default_rng(2)
    words = [(letter, [w]) for w in range(6) for letter in "XY"] + ring("ZZ", 6)
    gates = [qml.PauliRot(rng.uniform(0, 0.1), *words[k % len(words)]) for k in range(54)]
    gates = [*(qml.RY(0.4 + w, w) for w in range(6)), *gates]
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0) @ qml.Z(1))])
    exact = question(tape).plan.arrangement
    with pytest.warns(pt.TrainabilityWarning, match="at most"):
        tapes, post = pt.dla_grad(tape, truncation=0.02)
    assert len(tapes) < len(exact.readings) / 3
    error = np.abs(np.array(run(tapes, post)) - truth(tape))
    assert error.max() < 0.1


def test_a_truncation_that_cuts_nothing_is_exact_and_quiet():
    gates = [qml.RX(0.3, 0), qml.RZ(0.9, 0), qml.RX(0.7, 0)]
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Z(0))])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = run(*pt.dla_grad(tape, truncation=1e-3))
    close(found, run(*qml.gradients.param_shift(tape)))


def test_truncation_at_several_points():
    def circuit(w):
        for k in range(3):
            qml.RX(w[..., k], wires=0)
            qml.RZ(w[..., k] ** 2, wires=0)
        return qml.expval(qml.Z(0))

    points = np.array([[0.1, 0.8, 0.3], [1.2, -0.4, 1.1]])
    qnode = qml.QNode(circuit, qml.device("default.qubit"))
    with pytest.warns(pt.TrainabilityWarning):
        found = pt.dla_grad(qnode, truncation=0.02)(points)
        single = [pt.dla_grad(qnode, truncation=0.02)(point) for point in points]
    close(found, single)


@pytest.mark.parametrize("truncation", [-1.0, float("nan")])
def test_a_truncation_is_no_negative_number(truncation):
    with pytest.raises(pt.ReadingError, match="truncation"):
        pt.dla_grad(layered(SINGLE, 10), truncation=truncation)


# -- shadows ---------------------------------------------------------------------------------------


def test_random_bases_give_the_same_without_shots():
    tape = layered(THREE, 18, SUM)
    tapes, post = pt.dla_grad(tape, read_out="shadows", n_bases=300, seed=1)
    assert len(tapes) <= 300
    close(run(tapes, post), truth(tape))
    for made in tapes:
        assert all(len(op.wires) == 1 for op in made.operations[18:])


def test_random_bases_are_those_of_the_seed():
    tape = layered(THREE, 30)

    def bases(seed):
        made, _ = pt.dla_grad(tape, read_out="shadows", n_bases=400, seed=seed)
        return [[str(op) for op in t.operations[30:]] for t in made]

    assert bases(4) == bases(4) != bases(5)
    assert bases(None) != bases(None)


def test_a_word_without_a_basis_is_an_error():
    with pytest.raises(pt.ReadingError, match=r"None of the 2 random bases.*Raise n_bases"):
        pt.dla_grad(layered(SINGLE, 40), read_out="shadows", n_bases=2, seed=0)
    with pytest.raises(pt.ReadingError, match="1 or more"):
        pt.dla_grad(layered(SINGLE, 40), read_out="shadows", n_bases=0)


def test_random_bases_belong_to_this_method():
    with pytest.raises(pt.ReadingError, match="read_out needs 'counts' or 'means'"):
        pt.commuting_grad(layered(SINGLE, 5), read_out="shadows")


# -- shots -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "options, shots",
    [({}, 200), ({"read_out": "shadows", "n_bases": 30, "seed": 1}, 100)],
    ids=["groups", "shadows"],
)
def test_estimates_are_unbiased_and_nothing_is_amplified(options, shots):
    """Means of many repetitions are the gradient; a word of few bases has the largest variance."""
    words = [(letter, [w]) for w in range(2) for letter in "XY"] + [("ZZ", [0, 1])]
    tape = layered(words, 12, seed=8).copy(shots=shots)
    tapes, post = pt.dla_grad(tape, **options)
    device = qml.device("lightning.qubit", wires=2, seed=6)
    found = np.array([post(qml.execute(tapes, device, None)) for _ in range(80)])
    exact = truth(tape.copy(shots=None))
    spread = found.std(axis=0, ddof=1)
    assert np.all(np.abs(found.mean(axis=0) - exact) < 5 * spread / np.sqrt(len(found)) + 1e-9)
    # a derivative of a word has at most the variance of one word, which is at most 1 per shot
    assert np.all(spread**2 < 1.4 / shots)


@pytest.mark.slow
def test_errors_at_equal_shots_are_far_below_those_of_parameter_shift():
    """96 parameters, 24,000 shots in all: at least thirty times smaller squared errors."""
    tape = logical_product_tape(np.random.default_rng(1).uniform(0, 6, 96))
    exact = truth(tape)
    device = qml.device("lightning.qubit", wires=4, seed=3)

    def error(transform, circuits, repeats):
        own = tape.copy(shots=24_000 // circuits)
        tapes, post = transform(own)
        assert len(tapes) == circuits
        runs = [np.array(post(qml.execute(tapes, device, None))) for _ in range(repeats)]
        return np.mean([(found - exact) ** 2 for found in runs])

    assert error(qml.gradients.param_shift, 192, 2) > 30 * error(pt.dla_grad, 4, 40)


# -- many wires ------------------------------------------------------------------------------------


def test_a_chain_of_a_hundred_wires_is_planned_and_swept(rng):
    n = 100
    asked = question(ising(n, 5, qml.Z(50)))
    scheme, problem = asked.plan.arrangement.scheme, asked.problem
    assert len(asked.plan.arrangement.readings) < 30
    means = rng.uniform(-1, 1, len(scheme.target_words))
    found = scheme.jacobian(means, problem)
    assert found.shape == (1, 5 * (2 * n - 1))
    close(scheme.matrix(problem) @ means, found)


def test_words_of_a_long_chain_are_those_of_a_short_one():
    """What a light cone does not touch does not matter: the middle of a chain, cut out."""
    whole = ising(100, 2, qml.Z(50))
    near = range(40, 62)
    inside = [op for op in whole.operations if set(op.wires) <= set(near)]
    cut = qml.tape.QuantumScript(inside, whole.measurements)
    tapes, post = pt.dla_grad(whole)
    assert all(set(made.wires) <= set(near) for made in tapes)
    small, post_small = pt.dla_grad(cut)
    results = qml.execute(tapes, qml.device("default.qubit"), None)
    found = dict(zip(range(len(whole.operations)), post(results), strict=True))
    again = post_small(qml.execute(small, qml.device("default.qubit"), None))
    kept = [k for k, op in enumerate(whole.operations) if set(op.wires) <= set(near)]
    close([found[k] for k in kept], again)
    assert all(value == 0 for k, value in found.items() if k not in kept)
    around = set(range(46, 55))
    middle = [k for k in kept if set(whole.operations[k].wires) <= around]
    few = qml.tape.QuantumScript([whole.operations[k] for k in middle], whole.measurements)
    close([found[k] for k in middle], truth(few))


def test_a_sum_over_all_wires(rng):
    n = 8
    total = qml.dot(rng.normal(size=n), [qml.Z(w) for w in range(n)])
    tape = ising(n, 3, total)
    tapes, post = pt.dla_grad(tape)
    close(run(tapes, post), truth(tape))
    assert len(tapes) < len(qml.gradients.param_shift(tape)[0]) / 3
