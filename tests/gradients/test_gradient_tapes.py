"""The transforms on tapes: structure and values of ``param_shift``, options, errors."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.transforms.gradient_circuits.expansion import scalar_tapes

TRANSFORMS = [
    pytest.param(pt.commuting_grad, id="commuting"),
    pytest.param(pt.dla_grad, id="dla"),
    pytest.param(pt.measured_grad, id="auto"),
    pytest.param(lambda tape, **o: pt.measured_grad(tape, method="shift", **o), id="shift"),
]

Z, X, PROBS = qml.expval(qml.Z(0)), qml.expval(qml.X(1) @ qml.Z(0)), qml.probs(wires=[1, 0])
MEASUREMENTS = [
    pytest.param([Z], id="expval"),
    pytest.param([PROBS], id="probs"),
    pytest.param([Z, X], id="two"),
    pytest.param([Z, PROBS, X], id="mixed"),
]
SHOTS = [
    pytest.param(None, id="exact"),
    pytest.param(20_000, id="shots"),
    pytest.param((20_000, (30_000, 2)), id="vector"),
    pytest.param((20_000, 20_000), id="equal-vector"),
]


def tape_of(measurements, trainable, shots=None):
    gates = [
        qml.RX(0.3, 0),
        qml.RY(0.9, 1),
        qml.CNOT([0, 1]),
        qml.Rot(0.2, 0.5, -1.1, 1),
        qml.CRY(0.8, [1, 0]),
        qml.S(0),
        qml.RX(0.4, 0),
    ]
    return qml.tape.QuantumScript(gates, measurements, shots=shots, trainable_params=trainable)


def run(pair, seed=None):
    tapes, post = pair
    return post(qml.execute(tapes, qml.device("default.qubit", seed=seed), None))


def assert_alike(found, expected, atol):
    """The same nesting of tuples, the same shapes, close values."""
    if isinstance(expected, tuple):
        assert isinstance(found, tuple)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other, atol)
        return
    assert not isinstance(found, (tuple, list))
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("measurements", MEASUREMENTS)
@pytest.mark.parametrize("trainable", [[4], [0, 1, 3, 6]], ids=["one", "several"])
@pytest.mark.parametrize("shots", SHOTS)
def test_like_param_shift(transform, measurements, trainable, shots, seed):
    expected = run(qml.gradients.param_shift(tape_of(measurements, trainable, shots)), seed)
    tape = tape_of(measurements, trainable, shots)
    found = run(transform(tape), seed + 1)
    assert tape.trainable_params == trainable
    assert_alike(found, expected, 0.06 if shots else 1e-12)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_shots_are_handed_on(transform):
    tapes, _ = transform(tape_of([Z], [0], (100, 200)))
    assert {tape.shots for tape in tapes} == {qml.measurements.Shots((100, 200))}


@pytest.mark.parametrize("measurements", MEASUREMENTS)
@pytest.mark.parametrize("trainable", [[4], [0, 3]], ids=["one", "several"])
def test_nothing_to_differentiate_gives_zeros_without_circuits(measurements, trainable):
    gates = [qml.RZ(0.1 * k, 2) for k in range(5)]
    tape = qml.tape.QuantumScript([*gates, qml.CNOT([0, 1])], measurements)
    tape.trainable_params = trainable
    expected = qml.gradients.param_shift(tape)[1]([])
    tapes, post = pt.commuting_grad(tape)
    assert tapes == []
    flat, flat_expected = (qml.pytrees.flatten(value)[0] for value in (post([]), expected))
    assert [np.shape(a) for a in flat] == [np.shape(b) for b in flat_expected]
    assert not any(np.any(a) for a in flat)


@pytest.mark.parametrize("shots", [None, (10, 20)])
@pytest.mark.parametrize("measurements", [[Z], [Z, X]])
def test_without_trainable_parameters_the_gradient_is_empty(measurements, shots):
    tape = tape_of(measurements, [], shots)
    with pytest.warns(UserWarning, match="no trainable parameters"):
        expected = qml.gradients.param_shift(tape)[1]([])
    with pytest.warns(pt.TrainabilityWarning, match="no trainable parameters"):
        tapes, post = pt.commuting_grad(tape)
    assert tapes == []
    assert_alike(post([]), expected, 0)


def test_parameters_can_be_chosen():
    tape = tape_of([Z], [0, 1, 3, 6])
    every = run(pt.commuting_grad(tape))
    assert_alike(run(pt.commuting_grad(tape, argnums=[1, 6])), (every[1], every[3]), 1e-12)
    assert_alike(run(pt.commuting_grad(tape, argnums=3)), every[2], 1e-12)
    assert_alike(run(pt.commuting_grad(tape, encoding_args=[0, 1])), every[2:], 1e-12)


# -- broadcasting ----------------------------------------------------------------------------------

DATA = np.array([0.1, 0.7, 2.0])
BATCHED = [
    pytest.param([qml.RX(DATA, 0)], 1, id="gate"),
    pytest.param([qml.Rot(DATA, 0.3, DATA, 0)], 3, id="rot"),
    pytest.param([qml.AngleEmbedding(np.stack([DATA, DATA**2], 1), [0, 1])], 2, id="template"),
    pytest.param([qml.AmplitudeEmbedding(np.eye(4)[1:] + 0.1, [0, 1], normalize=True)], 1,
                 id="state"),
    pytest.param([qml.QubitUnitary(np.stack([qml.RX.compute_matrix(x) for x in DATA]), 0)], 1,
                 id="matrix"),
]  # fmt: skip


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("measurements", MEASUREMENTS[:3])
@pytest.mark.parametrize("data, skip", BATCHED)
def test_data_may_broadcast(transform, measurements, data, skip):
    gates = [*data, qml.RY(0.4, 0), qml.CRX(0.5, [0, 1]), qml.RX(1.1, 1)]
    skip = len(qml.tape.QuantumScript(data).get_parameters(trainable_only=False))
    trainable = [skip, skip + 1, skip + 2]
    tape = qml.tape.QuantumScript(gates, measurements, trainable_params=trainable)
    found = run(transform(tape))
    singles, _ = qml.transforms.broadcast_expand(tape)
    for single in singles:
        single.trainable_params = trainable
    each = [run(qml.gradients.param_shift(single)) for single in singles]
    leaves = [qml.pytrees.flatten(value)[0] for value in each]
    stacked = [np.stack(column) for column in zip(*leaves, strict=True)]
    assert_alike(found, qml.pytrees.unflatten(stacked, qml.pytrees.flatten(each[0])[1]), 1e-12)


@pytest.mark.parametrize("n_wires", [2, 3])
@pytest.mark.parametrize("n_shots", [None, 50])
def test_gates_without_an_axis_of_their_own_are_run_one_by_one(n_shots, n_wires, rng):
    """Batches of unitaries on several wires have no decomposition; the budget counts every one."""
    wires = list(range(n_wires))
    drawn = np.linalg.qr(rng.normal(size=(3, 2**n_wires, 2**n_wires)))[0]
    gates = [qml.QubitUnitary(drawn, wires), qml.RY(0.4, 0), qml.RX(1.1, 1)]
    tape = qml.tape.QuantumScript(gates, [Z, PROBS], trainable_params=[1, 2], shots=n_shots)
    tapes, post = pt.commuting_grad(tape)
    singles, _ = qml.transforms.broadcast_expand(tape)
    for single in singles:
        single.trainable_params = [1, 2]
    assert len(tapes) == sum(len(pt.commuting_grad(single)[0]) for single in singles)
    with pytest.raises(pt.BudgetError):
        pt.commuting_grad(tape, max_circuits=len(tapes) - 1)
    if n_shots is None:
        found = run((tapes, post))
        each = [run(qml.gradients.param_shift(single)) for single in singles]
        leaves = [qml.pytrees.flatten(value)[0] for value in each]
        stacked = [np.stack(column) for column in zip(*leaves, strict=True)]
        assert_alike(found, qml.pytrees.unflatten(stacked, qml.pytrees.flatten(each[0])[1]), 1e-12)


def test_trainable_parameters_must_not_broadcast():
    tape = qml.tape.QuantumScript([qml.RX(DATA, 0)], [Z], trainable_params=[0])
    with pytest.raises(pt.ReadingError, match="once for each entry of the axis"):
        pt.commuting_grad(tape)


# -- templates and coefficients --------------------------------------------------------------------


def test_which_parameters_of_the_parts_are_trainable():
    """``RX RY`` of a template; one angle of three; the second of two coefficients."""
    weights = np.array([0.1, 0.2])
    ops = [qml.S(0), qml.AngleEmbedding(weights, [0, 1]), qml.Rot(0.1, 0.2, 0.3, 0), qml.RX(1.0, 1)]
    energy = qml.expval(qml.Hamiltonian([0.5, 0.7], [qml.Z(0), qml.X(1)]))
    tape = qml.tape.QuantumScript(ops, [energy], trainable_params=[0, 3, 6])
    (found,), _ = scalar_tapes(tape)
    assert [op.name for op in found.operations] == ["S", "RX", "RX", "Rot", "RX"]
    assert found.trainable_params == [0, 1, 4, 7]


class Endless(qml.operation.Operation):
    """An operator that decomposes into itself."""

    num_params = 1
    num_wires = 1
    ndim_params = (1,)

    @staticmethod
    def compute_decomposition(*data, wires):
        return [Endless(data[0], wires=wires)]


def test_operators_that_never_become_gates_are_left_as_they_are():
    tape = qml.tape.QuantumScript([Endless(np.array([0.1, 0.2]), wires=0)], [Z])
    (found,), _ = scalar_tapes(tape)
    assert [type(op) for op in found.operations] == [Endless]


def test_templates_are_taken_apart():
    weights = qml.numpy.array(np.linspace(0.1, 2, 6).reshape(2, 1, 3))
    ops = [qml.AngleEmbedding([0.1, 0.2], [0, 1]), qml.StronglyEntanglingLayers(weights, [0])]
    tape = qml.tape.QuantumScript(ops, [Z], trainable_params=[1])
    found = run(pt.commuting_grad(tape))
    assert len(found) == 6

    @qml.qnode(qml.device("default.qubit"), diff_method="backprop")
    def circuit(w):
        qml.RX(0.1, 0)
        qml.StronglyEntanglingLayers(w, [0])
        return qml.expval(qml.Z(0))

    np.testing.assert_allclose(np.array(found), qml.grad(circuit)(weights).ravel(), atol=1e-12)


# -- bad input -------------------------------------------------------------------------------------

BAD = [
    pytest.param({"argnums": [12]}, "7 parameters, numbered from 0; .12. are none", id="argnums"),
    pytest.param({"encoding_args": [9]}, "none of them. Correct encoding_args", id="encoding"),
    pytest.param({"argnums": [1], "encoding_args": [1]}, "either an input or trainable", id="both"),
    pytest.param({"read_out": "shadows"}, "'counts' or 'means'; got 'shadows'", id="read-out"),
    pytest.param({"grouping": "none"}, "grouping is one of", id="grouping"),
    pytest.param({"aux_wire": 1}, "must be a wire of the device that the circuit", id="aux"),
    pytest.param(
        {"device_wires": [0, 1]},
        r"needs one wire of the device that the circuit does not use.*Methods that are: .*'shift'",
        id="no-wire",
    ),
]


@pytest.mark.parametrize("options, remedy", BAD)
def test_bad_options(options, remedy):
    with pytest.raises(pt.ReadingError, match=remedy):
        pt.commuting_grad(tape_of([Z], [0, 4]), **options)


def test_an_unknown_method():
    with pytest.raises(pt.ReadingError, match=r"method='magic' is unknown; use 'auto' or one of"):
        pt.measured_grad(tape_of([Z], [0]), method="magic")


def test_a_budget():
    with pytest.raises(pt.BudgetError, match=r"needs 4 circuits; max_circuits allows 3.*=4"):
        pt.measured_grad(tape_of([Z], [0, 1]), method="shift", max_circuits=3)


OUTPUTS = [
    pytest.param(qml.var(qml.Z(0)), "combine them outside", id="var"),
    pytest.param(qml.sample(wires=0), "Return qml.expval", id="sample"),
    pytest.param(qml.state(), "Return qml.expval", id="state"),
    pytest.param(qml.probs(wires=range(9)), "Probabilities of 9 wires", id="probs"),
    pytest.param(
        qml.expval(qml.Hermitian(np.diag(np.arange(32.0)), range(5))), "sum of Pauli words",
        id="hermitian",
    ),
]  # fmt: skip


@pytest.mark.parametrize("measurement, remedy", OUTPUTS)
def test_results_that_are_not_measured_this_way(measurement, remedy):
    with pytest.raises(pt.ReadingError, match=remedy):
        pt.commuting_grad(tape_of([measurement], [0]))


def test_coefficients_of_observables_are_no_gate_angles():
    tape = tape_of([qml.expval(qml.Hamiltonian([0.3], [qml.Z(0)]))], [0, 7])
    with pytest.raises(pt.ReadingError, match=r"Parameter 7 .* is a coefficient"):
        pt.commuting_grad(tape)


def test_coefficients_that_nobody_chose_are_left_out():
    observable = qml.Hamiltonian([0.3, 2.0], [qml.Z(0), qml.X(1)])
    tape = qml.tape.QuantumScript([qml.RX(0.4, 0), qml.RY(0.1, 1)], [qml.expval(observable)])
    assert tape.trainable_params == [0, 1, 2, 3]
    found = run(pt.commuting_grad(tape))
    assert_alike(found, (np.array(-0.3 * np.sin(0.4)), np.array(2.0 * np.cos(0.1))), 1e-12)


def test_mid_circuit_measurements_are_refused():
    measured = qml.measure(0)
    tape = qml.tape.QuantumScript([qml.RX(0.1, 0), *measured.measurements], [Z])
    with pytest.raises(pt.ReadingError, match="defer_measurements"):
        pt.commuting_grad(tape)


# -- the auxiliary wire ----------------------------------------------------------------------------

WIRES = [
    pytest.param([0, 1, 3], {}, 2, id="hole"),
    pytest.param(["a", "b"], {}, "aux", id="labels"),
    pytest.param([0, 1], {"aux_wire": "spare"}, "spare", id="wish"),
    pytest.param([0, 1], {"device_wires": [0, 1, 7]}, 7, id="device"),
]


@pytest.mark.parametrize("wires, options, expected", WIRES)
def test_the_auxiliary_wire(wires, options, expected):
    gates = [qml.RX(0.3, wires[0]), qml.CNOT(wires[:2]), qml.RY(0.2, wires[-1])]
    gates += [qml.CZ([wires[0], wires[-1]]), qml.RX(0.4, wires[0])]
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Y(wires[0]))])
    tapes, post = pt.commuting_grad(tape, **options)
    used = {wire for made in tapes for wire in made.wires}
    assert used - set(wires) == {expected}
    device = qml.device("default.qubit", wires=[*wires, expected])
    found = post(qml.execute(tapes, device, None))
    assert_alike(found, run(qml.gradients.param_shift(tape)), 1e-12)


# -- nothing of the user's is changed or kept ------------------------------------------------------


def test_a_tape_and_its_operators_stay_as_they_are(global_state_unchanged):
    tape = tape_of([Z, PROBS], [0, 3, 6], 100)
    before = tape.hash
    operations = list(tape.operations)
    run(pt.commuting_grad(tape), 1)
    assert tape.hash == before
    assert all(a is b for a, b in zip(operations, tape.operations, strict=True))


def test_circuits_share_the_operators_of_the_user():
    tape = tape_of([Z], [0, 1, 6])
    tapes, _ = pt.commuting_grad(tape)
    assert len(tapes) > 1
    for made in tapes:
        assert any(op is tape.operations[0] for op in made.operations)


def test_nothing_outside_records_operators():
    tape = tape_of([Z, PROBS], [0, 1, 3])
    with qml.queuing.AnnotatedQueue() as queue:
        for transform in (pt.commuting_grad, pt.measured_grad):
            transform(tape)
    assert queue.queue == []


@pytest.mark.parametrize("method", TRANSFORMS[:3])
@pytest.mark.parametrize("word", ["X1", "Y0", "Y0 Z1", "Z0 X1"])
def test_words_of_a_gate_that_commute_only_in_sums(method, word):
    """``ZI + IZ`` and ``XX + YY`` commute, their words do not: none may be dropped by itself."""
    observable = qml.prod(*(getattr(qml, w[0])(int(w[1])) for w in word.split()))

    def tape(angle):
        gates = [qml.RY(0.7, 0), qml.RX(0.4, 1), qml.FermionicSWAP(angle, [0, 1])]
        return qml.tape.QuantumScript(gates, [qml.expval(observable)], trainable_params=[2])

    device = qml.device("default.qubit")
    up, down = qml.execute([tape(0.4 + 1e-4), tape(0.4 - 1e-4)], device, None)
    np.testing.assert_allclose(run(method(tape(0.4))), (up - down) / 2e-4, atol=1e-6)
