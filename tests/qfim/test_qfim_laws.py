"""What holds for every quantum Fisher information matrix."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from second_roads import flat

import pennylane_trainability as pt
from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.simulation.fisher import fisher_chunks, fisher_information
from pennylane_trainability.simulation.fisher_vjp import fisher_vjp

N_WIRES = 3


def block(w, wires=(0, 1, 2)):
    a, b, c = wires
    for k, wire in enumerate(wires):
        qml.Rot(*w[k], wires=wire)
    qml.CNOT([a, b])
    qml.CRY(w[0, 0] + w[1, 1], wires=[b, c])
    qml.IsingXX(w[2, 2] / 2, wires=[c, a])


def gates(w):
    for part in w:
        block(part)


def state_model(w):
    gates(w)
    return qml.state()


def qnode_of(function):
    return qml.QNode(function, qml.device("default.qubit"))


def drawn(rng, layers=2):
    return rng.uniform(0, 2 * np.pi, (layers, N_WIRES, 3))


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_symmetric_not_negative_and_of_bounded_rank(layers, rng):
    found = flat(pt.qfim(qnode_of(state_model))(drawn(rng, layers)))
    np.testing.assert_array_equal(found, found.T)
    values = np.linalg.eigvalsh(found)
    assert values.min() > -1e-12
    rank = np.count_nonzero(values > 1e-9)
    assert rank <= min(len(found), 2 ** (N_WIRES + 1) - 2)


def test_the_bound_on_the_rank_is_reached(rng):
    values = np.linalg.eigvalsh(flat(pt.qfim(qnode_of(state_model))(drawn(rng, 4))))
    assert np.count_nonzero(values > 1e-9) == 2 ** (N_WIRES + 1) - 2


def test_a_unitary_at_the_end_that_depends_on_nothing_changes_nothing(rng):
    def longer(w):
        gates(w)
        qml.QFT(wires=range(N_WIRES))
        qml.RY(0.3, wires=1)
        qml.Toffoli([2, 0, 1])
        return qml.expval(qml.Z(0))

    w = drawn(rng)
    plain, appended = pt.qfim(qnode_of(state_model))(w), pt.qfim(qnode_of(longer))(w)
    np.testing.assert_allclose(appended, plain, atol=1e-12)


@pytest.mark.parametrize("labels", [(2, 0, 1), ("b", "a", 7)])
def test_wire_labels_and_their_order_do_not_matter(labels, rng):
    def relabelled(w):
        for part in w:
            block(part, labels)
        return qml.probs(wires=labels[0])

    w = drawn(rng)
    plain, other = pt.qfim(qnode_of(state_model))(w), pt.qfim(qnode_of(relabelled))(w)
    np.testing.assert_allclose(other, plain, atol=1e-12)


def test_wires_that_are_only_measured_cost_nothing_and_change_nothing(rng):
    def wide(w):
        gates(w)
        return qml.probs(wires=range(20))

    w = drawn(rng)
    plain, other = pt.qfim(qnode_of(state_model))(w), pt.qfim(qnode_of(wide), memory=2**20)(w)
    np.testing.assert_allclose(other, plain, atol=1e-12)


def test_reparametrisation(rng):
    """``θ = g(u)`` gives ``JᵀFJ`` with ``J = ∂g/∂u``."""
    mixing = rng.normal(size=(18, 5))

    def other(u):
        theta = np.tensordot(mixing, u, 1) + 0.1 * np.tensordot(mixing[::-1], np.sin(u), 1)
        return state_model(np.reshape(theta, (2, 3, 3)))

    u = rng.normal(size=5)
    theta = mixing @ u + 0.1 * mixing[::-1] @ np.sin(u)
    slopes = mixing + 0.1 * mixing[::-1] * np.cos(u)
    inner = flat(pt.qfim(qnode_of(state_model))(theta.reshape(2, 3, 3)))
    np.testing.assert_allclose(
        pt.qfim(qnode_of(other))(u), slopes.T @ inner @ slopes, rtol=1e-10, atol=1e-10
    )


def test_tied_parameters_sum_their_gates(rng):
    def tied(w):
        return state_model(np.stack([w, w]))

    w = drawn(rng, 1)[0]
    inner = flat(pt.qfim(qnode_of(state_model))(np.stack([w, w])))
    summed = inner.reshape(2, 9, 2, 9).sum(axis=(0, 2))
    np.testing.assert_allclose(flat(pt.qfim(qnode_of(tied))(w)), summed, atol=1e-12)


def test_what_a_measurement_learns_stays_below(rng):
    """The classical Fisher matrix of the outcomes in the computational basis: ``CFIM ⪯ F``."""
    w = drawn(rng)

    def state(v):
        return qnode_of(state_model)(v.reshape(2, 3, 3))

    units = 1e-5 * np.eye(18)
    probabilities = np.abs(state(w.ravel())) ** 2
    slopes = np.array(
        [
            (np.abs(state(w.ravel() + e)) ** 2 - np.abs(state(w.ravel() - e)) ** 2) / 2e-5
            for e in units
        ]
    )
    classical = (slopes / probabilities) @ slopes.T
    found = flat(pt.qfim(qnode_of(state_model))(w))
    assert np.linalg.eigvalsh(found - classical).min() > -1e-6


# -- chunks ----------------------------------------------------------------------------------------

STATE = 16 * 2**N_WIRES


def points(rng, draws=4):
    x = rng.uniform(0, 2 * np.pi, (draws,))

    def function(x, w):
        qml.RX(x, wires=0)
        return state_model(w)

    return read_points(qnode_of(function), (x, drawn(rng)), {}, None, "x")


@pytest.mark.parametrize("memory", [STATE * 60, STATE * 30, STATE * 15, STATE * 10])
def test_chunks_of_draws_and_parameters_do_not_change_the_answer(memory, rng):
    circuit = points(rng).circuit
    whole = fisher_information(circuit)
    assert whole.shape == (4, 18, 18)
    np.testing.assert_allclose(fisher_information(circuit, memory=memory), whole, atol=1e-13)


@pytest.mark.parametrize("count", [2, 7, 20])
def test_draws_at_once_fit_the_memory(count, rng):
    """18 tangents three times over and six states; for each three generators of 8 by 8 entries."""
    circuit = points(rng).circuit
    draw = STATE * (3 * 18 + 6) + 3 * 18 * 16 * 8 * 8
    assert fisher_chunks(circuit, 100, count * draw) == (18, count)
    assert fisher_chunks(circuit, 100, count * draw - 1) == (18, count - 1)
    assert fisher_chunks(circuit, count - 1, count * draw) == (18, count - 1)


def test_gates_on_one_wire_each_need_no_wide_generators(rng):
    def function(w):
        for wire in range(N_WIRES):
            qml.RX(w[wire], wires=wire)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(2))

    found = read_points(qnode_of(function), (rng.uniform(0, 6, 3),), {})
    assert fisher_chunks(found.circuit, 100, 9 * STATE * (3 * 3 + 6)) == (3, 9)


def test_blocks_of_parameters_are_held_twice(rng):
    circuit = points(rng).circuit
    assert fisher_chunks(circuit, 100, STATE * (4 * 13 + 6)) == (13, 1)
    assert fisher_chunks(circuit, 100, STATE * (4 * 13 + 6) - 1) == (12, 1)


def test_less_than_one_parameter_at_a_time_is_refused(rng):
    with pytest.raises(pt.BudgetError, match="one parameter at a time"):
        fisher_information(points(rng).circuit, memory=STATE * 10 - 1)


def test_chunks_do_not_change_the_derivative(rng):
    circuit = points(rng).circuit
    cotangent = rng.normal(size=(4, 18, 18))
    whole = fisher_vjp(circuit, cotangent, by_inputs=True)
    parts = fisher_vjp(circuit, cotangent, memory=STATE * 200, by_inputs=True)
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-11)
    with pytest.raises(pt.BudgetError, match="derivative of the QFIM"):
        fisher_vjp(circuit, cotangent, memory=STATE * 30)


def test_the_derivative_is_that_of_the_matrix(rng):
    """Along every parameter and input, by the shift rule of differences of sixth order."""
    found = points(rng, 2)
    cotangent = rng.normal(size=(2, 18, 18))
    by_parameter, by_input = fisher_vjp(found.circuit, cotangent, by_inputs=True)

    def loss(numbers):
        return np.sum(cotangent * fisher_information(found.at(numbers), 2), axis=(1, 2))

    step = 1e-3
    for place, analytic in (
        (found.parameter_index, by_parameter),
        (found.input_index, by_input),
    ):
        for k in range(place.shape[1]):
            unit = np.zeros(found.numbers.size)
            unit[place[:, k]] = step
            d = [loss(found.numbers + m * unit) - loss(found.numbers - m * unit) for m in (1, 2, 3)]
            slope = (45 * d[0] - 9 * d[1] + d[2]) / (60 * step)
            np.testing.assert_allclose(analytic[:, k], slope, atol=1e-8)
