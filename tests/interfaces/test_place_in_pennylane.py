"""The transform among PennyLane's others: decorators, shots, updates, tapes, pipelines."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
import pytest
from support import jacobian_by_differences, one_wire, one_wire_jacobian, shot_error

import pennylane_trainability as pt
from pennylane_trainability import coefficient_jacobian

WEIGHTS = np.array([0.7, 1.1])
EXACT = one_wire_jacobian(WEIGHTS)


def qnode_of(function, **options):
    return qml.QNode(function, qml.device("default.qubit", **options))


# -- how it is applied -----------------------------------------------------------------------------

FORMS = [
    pytest.param(functools.partial(coefficient_jacobian, encoding_args="x"), id="partial"),
    pytest.param(coefficient_jacobian(encoding_args="x"), id="keywords"),
    pytest.param(lambda q: coefficient_jacobian(q, "x"), id="positional"),
    pytest.param(lambda q: coefficient_jacobian(q, "x", "w"), id="positional-argnums"),
]


@pytest.mark.parametrize("form", FORMS)
def test_as_decorator_and_as_function(form):
    @form
    @qml.qnode(qml.device("default.qubit"))
    def model(x, w):
        """Docstring of the model."""
        return one_wire(x, w)

    np.testing.assert_allclose(model(0.0, WEIGHTS), EXACT, atol=1e-12)
    assert model.__name__ == "model"
    assert model.__doc__ == "Docstring of the model."


def test_as_bare_decorator():
    @coefficient_jacobian
    @qml.qnode(qml.device("default.qubit"))
    def model(w, x=None):
        return one_wire(x, w)

    np.testing.assert_allclose(model(WEIGHTS, x=np.array(0.0)), EXACT, atol=1e-12)


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="encoding_arg"):
        coefficient_jacobian(qnode_of(one_wire), encoding_arg="x")(0.0, WEIGHTS)


# -- shots and updates -----------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
def test_shots_before_and_after(when):
    qnode = qnode_of(one_wire, seed=5)
    if when == "before":
        jacobian = coefficient_jacobian(qml.set_shots(qnode, shots=2000), encoding_args="x")
    else:
        jacobian = qml.set_shots(coefficient_jacobian(qnode, encoding_args="x"), shots=2000)
    found = jacobian(0.0, WEIGHTS)
    deviation = np.abs(found - EXACT)
    assert deviation.max() > 1e-6, "sampled, not computed"
    assert deviation.max() < 5 * shot_error(3, 2000)


def test_shots_can_be_taken_away_again():
    jacobian = coefficient_jacobian(qml.set_shots(qnode_of(one_wire), shots=10), encoding_args="x")
    np.testing.assert_allclose(qml.set_shots(jacobian, shots=None)(0.0, WEIGHTS), EXACT, atol=1e-12)


def test_shot_vectors_give_one_jacobian_per_entry():
    jacobian = coefficient_jacobian(qnode_of(one_wire, seed=5), encoding_args="x")
    found = qml.set_shots(jacobian, shots=(1000, (2000, 2)))(0.0, WEIGHTS)
    assert isinstance(found, tuple)
    assert len(found) == 3
    for value, shots in zip(found, (1000, 2000, 2000), strict=True):
        assert np.abs(value - EXACT).max() < 5 * shot_error(3, shots)
    assert not np.array_equal(found[1], found[2])


@pytest.mark.parametrize(
    "options",
    [{"diff_method": None}, {"diff_method": "parameter-shift"}, {"interface": "autograd"}],
    ids=str,
)
def test_updated_options_change_nothing(options):
    jacobian = coefficient_jacobian(qnode_of(one_wire), encoding_args="x").update(**options)
    np.testing.assert_allclose(jacobian(0.0, WEIGHTS), EXACT, atol=1e-12)


def test_an_updated_device_is_used():
    jacobian = coefficient_jacobian(qnode_of(one_wire), encoding_args="x")
    device = qml.device("default.mixed", wires=1)
    with qml.Tracker(device) as tracker:
        found = jacobian.update(device=device)(0.0, WEIGHTS)
    assert tracker.totals["batches"] == 1
    np.testing.assert_allclose(found, EXACT, atol=1e-12)


def test_drawing_and_specs_see_the_measured_circuits():
    jacobian = coefficient_jacobian(qml.set_shots(qnode_of(one_wire), shots=7), encoding_args="x")
    assert qml.draw(jacobian)(0.0, WEIGHTS).count("RX") == 4  # broadcasted over the inputs
    tapes, _ = qml.workflow.construct_batch(jacobian)(0.0, WEIGHTS)
    assert len(tapes) == 4
    assert all(tape.shots.total_shots == 7 for tape in tapes)


# -- tapes -----------------------------------------------------------------------------------------

TAPE = qml.tape.QuantumScript(
    [qml.RY(0.7, 0), qml.RX(0.0, 0), qml.RY(1.1, 0)],
    [qml.expval(qml.Z(0))],
    trainable_params=[0, 2],
)


def both_columns(found) -> np.ndarray:
    return np.stack(found, axis=1)


def test_a_tape_gives_tapes_and_a_function():
    tapes, post = coefficient_jacobian(TAPE, {"x": [1]})
    assert len(tapes) == 12
    assert all(isinstance(tape, qml.tape.QuantumScript) for tape in tapes)
    found = post(qml.execute(tapes, qml.device("default.qubit")))
    np.testing.assert_allclose(both_columns(found), EXACT, atol=1e-12)


def test_the_exact_road_gives_no_tapes():
    tapes, post = coefficient_jacobian(TAPE, {"x": 1}, engine="exact")
    assert tapes == []
    np.testing.assert_allclose(both_columns(post(())), EXACT, atol=1e-12)


def test_a_tape_keeps_its_shots():
    tapes, post = coefficient_jacobian(TAPE.copy(shots=(500, 600)), {"x": [1]})
    assert [tape.shots.shot_vector for tape in tapes] == [
        qml.measurements.Shots((500, 600)).shot_vector
    ] * 12
    found = post(qml.execute(tapes, qml.device("default.qubit", seed=1)))
    assert len(found) == 2
    for value in found:
        assert np.abs(both_columns(value) - EXACT).max() < 5 * shot_error(3, 500)


def test_argnums_of_a_tape_are_parameter_indices():
    tapes, post = coefficient_jacobian(TAPE, {"x": [1]}, argnums=[2])
    assert len(tapes) == 6
    np.testing.assert_allclose(
        post(qml.execute(tapes, qml.device("default.qubit"))), EXACT[:, 1], atol=1e-12
    )


def test_inputs_in_several_gates_of_a_tape_are_one_input():
    ops = [qml.RX(0.1, 0), qml.RY(0.4, 0), qml.RX(0.1, 0)]
    tape = qml.tape.QuantumScript(ops, [qml.expval(qml.Z(0))])
    _, post = coefficient_jacobian(tape, {"x": [0, 2]}, engine="exact")

    def model(x, w):
        # cos²x cos w − sin²x … by matrices, not by this package
        def rx(t):
            return np.cos(t / 2) * np.eye(2) - 1j * np.sin(t / 2) * np.array([[0, 1], [1, 0]])

        ry = np.array([[np.cos(w[0] / 2), -np.sin(w[0] / 2)], [np.sin(w[0] / 2), np.cos(w[0] / 2)]])
        state = rx(x) @ ry @ rx(x) @ [1, 0]
        return abs(state[0]) ** 2 - abs(state[1]) ** 2

    # offsets of the inputs given are kept: both gates start at 0.1
    expected = jacobian_by_differences(lambda x, w: model(x + 0.1, w), [0.4], degree=2)
    np.testing.assert_allclose(post(()), expected[:, 0], atol=1e-8)


BAD_TAPES = [
    pytest.param({}, "needs {input: parameter indices}", id="nothing"),
    pytest.param({"encoding_args": "x"}, "needs {input: parameter indices}", id="name"),
    pytest.param(
        {"encoding_args": {"x": [7]}}, r"3 parameters, numbered from 0; \[7\]", id="outside"
    ),
    pytest.param(
        {"encoding_args": {"x": [1]}, "argnums": [5]}, r"\[5\] are none of them", id="argnums"
    ),
    pytest.param(
        {"encoding_args": {"x": [1]}, "argnums": [1]}, "either an input or trainable", id="overlap"
    ),
    pytest.param(
        {"encoding_args": {"x": [0, 1, 2]}}, "no trainable parameters", id="no-parameters"
    ),
]


@pytest.mark.parametrize("options, remedy", BAD_TAPES)
def test_bad_options_of_a_tape(options, remedy):
    with pytest.raises(pt.ReadingError, match=remedy):
        coefficient_jacobian(TAPE, **options)


@pytest.mark.interfaces("torch")
def test_a_torch_tape_gives_torch():
    import torch

    tape = qml.tape.QuantumScript(
        [qml.RX(0.1, 0), qml.RY(torch.tensor(0.3, requires_grad=True), 0)], [qml.expval(qml.Z(0))]
    )
    _, post = coefficient_jacobian(tape, {"x": [0]}, engine="exact")
    assert isinstance(post(()), torch.Tensor)


# -- transforms of the user's own ------------------------------------------------------------------


def redundant(x, w):
    qml.RY(w[0], wires=0)
    qml.RY(w[1], wires=0)
    qml.RX(x, wires=0)
    qml.RX(0.3, wires=0)
    qml.CNOT([0, 1])
    qml.CNOT([0, 1])
    qml.CZ([0, 1])
    qml.RY(w[1], wires=0)
    return qml.expval(qml.Z(0))


OWN = [
    pytest.param(qml.compile, id="compile"),
    pytest.param(qml.transforms.merge_rotations, id="merge_rotations"),
    pytest.param(qml.transforms.cancel_inverses, id="cancel_inverses"),
    pytest.param(qml.defer_measurements, id="defer_measurements"),
    pytest.param(
        functools.partial(qml.decompose, gate_set=qml.gate_sets.ROTATIONS_PLUS_CNOT), id="decompose"
    ),
    pytest.param(
        lambda q: qml.transforms.cancel_inverses(qml.transforms.merge_rotations(q)), id="two"
    ),
]


@pytest.mark.parametrize("transform", OWN)
@pytest.mark.parametrize("weights", [WEIGHTS, np.zeros(2)], ids=["generic", "zero"])
@pytest.mark.parametrize("engine", ["exact", "measured"])
def test_transforms_of_the_qnode_are_applied_first(transform, weights, engine):
    """At zero too, where merged rotations would vanish from the circuit."""
    qnode = transform(qnode_of(redundant))
    found = coefficient_jacobian(qnode, encoding_args="x", engine=engine)(0.0, weights)
    expected = jacobian_by_differences(qnode_of(redundant), weights)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_merged_rotations_are_not_measured_twice():
    plain = qml.set_shots(qnode_of(redundant), shots=10)
    merged = qml.transforms.merge_rotations(plain)
    circuits = [pt.measure_jacobian(q, "x").cost(0.0, WEIGHTS).circuits for q in (plain, merged)]
    assert circuits == [18, 12]


@pytest.mark.parametrize("shots", [None, 4000])
def test_a_noise_model_on_a_mixed_state_device(shots):
    p = 0.2
    noise = qml.NoiseModel(
        {
            qml.noise.op_eq(qml.RX) | qml.noise.op_eq(qml.RY): qml.noise.partial_wires(
                qml.DepolarizingChannel, p
            )
        }
    )
    clean = qml.set_shots(
        qml.QNode(one_wire, qml.device("default.mixed", wires=1, seed=3)), shots=shots
    )
    found = coefficient_jacobian(qml.noise.add_noise(clean, noise), encoding_args="x")(0.0, WEIGHTS)
    # three gates, each followed by a channel that shrinks the Bloch vector
    expected = (1 - 4 * p / 3) ** 3 * EXACT
    np.testing.assert_allclose(
        found, expected, rtol=0, atol=5 * shot_error(3, shots) if shots else 1e-12
    )


def test_noise_on_a_pure_state_device_is_refused_not_dropped():
    noise = qml.NoiseModel(
        {qml.noise.op_eq(qml.RX): qml.noise.partial_wires(qml.PhaseDamping, 0.1)}
    )
    qnode = qml.noise.add_noise(qnode_of(one_wire), noise)
    with pytest.raises(pt.ReadingError, match="run the QNode on its own device"):
        coefficient_jacobian(qnode, encoding_args="x")(0.0, WEIGHTS)


REFUSED = [
    pytest.param(
        qml.transforms.split_non_commuting, "turn one circuit into 2", id="several-circuits"
    ),
    pytest.param(
        qml.transforms.single_qubit_fusion, "to the QNode without them", id="nonlinear-angles"
    ),
]


@pytest.mark.parametrize("transform, remedy", REFUSED)
def test_transforms_that_cannot_be_read_through(transform, remedy):
    def two_outputs(x, w):
        redundant(x, w)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0))

    with pytest.raises(pt.ReadingError, match=remedy):
        coefficient_jacobian(transform(qnode_of(two_outputs)), encoding_args="x")(0.0, WEIGHTS)


def test_deferred_mid_circuit_measurements_are_read():
    def midway(x, w):
        qml.RX(x, wires=0)
        outcome = qml.measure(0)
        qml.cond(outcome, qml.RY)(w, wires=1)
        return qml.expval(qml.Z(1))

    found = coefficient_jacobian(qml.defer_measurements(qnode_of(midway)), encoding_args="x")(
        0.0, 0.6
    )
    # f = ½(1 + cos x) + ½(1 − cos x) cos w
    slope = -np.sin(0.6) / 2
    np.testing.assert_allclose(found, [slope, -slope / np.sqrt(2), 0], atol=1e-12)


def test_coefficients_need_no_trainable_parameters():
    def model(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    rows = pt.fourier_rows(qnode_of(model), "x")(0.0)
    np.testing.assert_allclose(rows.values, [[0, 1 / np.sqrt(2), 0]], atol=1e-12)
