"""Gradient measurement efficiency: the paper's circuits, closed forms, what is said about it."""

from __future__ import annotations

import json

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.circuits.pauli import from_letters
from pennylane_trainability.diagnostics.closure import closure_dimension
from pennylane_trainability.diagnostics.gradient_efficiency import _sets
from pennylane_trainability.results import Provenance

DEVICE = qml.device("default.qubit")
GROUP = ["IIII", "XXXX", "ZZZZ", "YYYY"]
LOGICALS = pt.StabilizerLogicalProduct.brick_wall(4, 6)[1]


def local(letter, first, length=1):
    return "".join(letter if (k - first) % 4 < length else "I" for k in range(4))


def gates_of(kind):
    """``(letters, wires)`` of the generators of the circuits of arXiv:2406.18316, Fig. 3."""
    if kind == "slpa":
        op = pt.StabilizerLogicalProduct(np.zeros((12, 4)), GROUP, LOGICALS, range(4))
        return [(r.hyperparameters["pauli_word"], r.wires) for r in op.decomposition()]
    texts = list(LOGICALS)
    if kind == "not symmetric":
        texts = [local(letter, k) for letter in "XY" for k in range(4)]
        texts += [local("Z", k, 2) for k in range(4)]
    return [(text, range(4)) for text in texts]


def paper_circuit(kind, length):
    gates = gates_of(kind)

    @qml.qnode(DEVICE)
    def circuit(w):
        for k in range(length):
            text, wires = gates[k % len(gates)]
            qml.PauliRot(w[k], text, wires=wires)
        return qml.expval(qml.X(0) @ qml.X(1))

    return circuit


#: Circuit, dimension of the algebra, {components: (efficiency to three digits, sets)}.
TABLE = [
    (
        *("slpa", 60),
        {24: (12.0, 2), 48: (4.364, 11), 96: (4.174, 23), 144: (4.114, 35), 192: (4.085, 47)},
    ),
    (
        *("symmetric", 60),
        {24: (1.043, 23), 48: (1.021, 47), 96: (1.011, 95), 144: (1.007, 143), 192: (1.005, 191)},
    ),
    (
        *("not symmetric", 255),
        {24: (1.6, 15), 48: (1.231, 39), 96: (1.103, 87), 144: (1.067, 135), 192: (1.049, 183)},
    ),
]
ROWS = [
    pytest.param(kind, dimension, length, *answer, marks=[pytest.mark.slow] * (length > 100))
    for kind, dimension, answers in TABLE
    for length, answer in answers.items()
]


@pytest.mark.parametrize(("kind", "dimension", "length", "efficiency", "sets"), ROWS)
def test_the_paper_s_circuits(kind, dimension, length, efficiency, sets, seed):
    found = pt.gradient_efficiency(paper_circuit(kind, length), seed=seed)(np.zeros(length))
    assert len(found.groups) == found.least_groups == sets
    assert found.n_groups.exact and round(found.efficiency.value, 3) == efficiency
    assert (found.dimension, found.complete) == (dimension, True)
    assert found.exceptions == () == found.notes
    assert found.gap[0] < 1e-11 and found.gap[1] > 1e-6


def test_both_bounds_are_reached():
    """256/4 − 4 = 60 and 256/1 − 1 = 255."""
    ansatz = pt.gradient_efficiency(paper_circuit("slpa", 48), seed=1)(np.zeros(48))
    assert np.isclose(ansatz.largest_efficiency, 4)
    free = pt.gradient_efficiency(paper_circuit("not symmetric", 24), seed=1)(np.zeros(24))
    assert np.isclose(free.largest_efficiency, 1)
    assert ansatz.dimension == 4**4 / 4 - 4 and free.dimension == 4**4 - 1
    assert np.isclose(ansatz.largest_expressivity, 256 / (48 / 11) - 48 / 11)


def test_promotion_raises_the_efficiency(seed):
    """From the symmetric circuit (one component a set) to its ansatz (four)."""
    qnode = paper_circuit("symmetric", 24)
    larger = pt.promote(qnode)(np.full(24, 0.3))
    before = pt.gradient_efficiency(qnode, seed=seed)(np.zeros(24))
    after = pt.gradient_efficiency(larger.qnode, seed=seed)(larger.weights)
    assert before.efficiency.value < 1.1 and after.efficiency.value >= 4
    assert before.dimension == after.dimension == larger.largest_dimension == 60


# -- circuits known by hand ------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_what_vanishes_does_not_depend_on_the_unit_of_the_observable(unit, seed):
    @qml.qnode(DEVICE)
    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RX(w[1], wires=1)
        qml.RY(w[2], wires=0)
        return qml.expval(unit * (qml.Z(0) + 0.5 * qml.X(0)))

    found = pt.gradient_efficiency(circuit, seed=seed)(np.zeros(3))
    assert found.zero == (1,)


def test_several_inputs_stay_at_the_values_given(seed):
    """Two angles of data, the same in all draws, as if they were written into the circuit."""

    def gates(x, w):
        for wire in range(2):
            qml.RX(w[wire], wires=wire)
            qml.RZ(x[wire], wires=wire)
            qml.RX(w[2 + wire], wires=wire)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    weights = np.zeros(4)
    told = []
    for x in ([0.4, 0.0], [0.0, 0.7]):
        free = qml.QNode(gates, DEVICE)
        fixed = qml.QNode(lambda w, x=x: gates(x, w), DEVICE)
        one = pt.gradient_efficiency(free, encoding_args="x", seed=seed)(np.array(x), weights)
        other = pt.gradient_efficiency(fixed, seed=seed)(weights)
        assert (one.groups, one.zero, one.dimension) == (other.groups, other.zero, other.dimension)
        told.append(one.dimension)
    assert told[0] == told[1]


def test_commuting_generators_are_one_set(seed):
    @qml.qnode(DEVICE)
    def circuit(w):
        for k, text in enumerate(("XII", "IXI", "XXI", "IXX", "XXX")):
            qml.PauliRot(w[k], text, wires=range(3))
        return qml.expval(qml.Z(0) @ qml.Y(2))

    found = pt.gradient_efficiency(circuit, seed=seed)(np.zeros(5))
    assert found.groups == (tuple(range(5)),) and found.efficiency.value == 5
    # XII and IXX anticommute with one factor each, IXI and XXX with none and with both
    assert found.zero == (1, 4)
    assert found.dimension == 5


def test_wires_that_never_meet_share_sets(seed):
    """A product read by ZZZ: components of different wires commute, those of one wire do not."""

    @qml.qnode(DEVICE)
    def circuit(w):
        for wire in range(3):
            for gate, angle in zip((qml.RX, qml.RY, qml.RX), w[wire], strict=True):
                gate(angle, wires=wire)
        return qml.expval(qml.Z(0) @ qml.Z(1) @ qml.Z(2))

    found = pt.gradient_efficiency(circuit, seed=seed)(np.zeros((3, 3)))
    assert len(found.groups) == 3 == found.least_groups
    assert found.dimension == 9


def test_components_that_vanish_are_named(seed):
    @qml.qnode(DEVICE)
    def circuit(w):
        qml.RX(w[0], wires="a")
        qml.RX(w[1], wires="b")
        qml.RZ(w[2], wires="a")
        return qml.expval(qml.Z("a"))

    found = pt.gradient_efficiency(circuit, seed=seed)(np.ones(3))
    assert found.zero == (1, 2)
    assert "w[1], w[2]" in str(found)
    assert len(found.groups) == 1


def test_tied_parameters_are_one_component(seed):
    """Components are parameters: two gates with one parameter make one."""

    @qml.qnode(DEVICE)
    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RX(2 * w[0], wires=1)
        qml.IsingZZ(w[1], wires=[0, 1])
        return qml.expval(qml.Y(0))

    found = pt.gradient_efficiency(circuit, seed=seed)(np.ones(2))
    assert found.n_components == 2 and found.parameters == ("w[0]", "w[1]")
    assert any("tied parameters" in note for note in found.notes)
    assert "a parameter of its own for every Pauli rotation" in found.exceptions


def test_data_and_fixed_rotations_count_as_generators(seed):
    @qml.qnode(DEVICE)
    def circuit(x, w):
        qml.RY(x, wires=0)
        qml.RX(w[0], wires=0)
        qml.RZ(x, wires=0)
        qml.RX(w[1], wires=0)
        return qml.expval(qml.Z(0) + 2 * qml.X(0))

    found = pt.gradient_efficiency(circuit, argnums="w", seed=seed)(0.4, np.ones(2))
    assert found.dimension == 3 and len(found.groups) == 2
    assert len(found.exceptions) == 2 and len(found.notes) == 1
    # at x = 0 the two rotations are one, which is what data left as they are mean
    assert len(pt.gradient_efficiency(circuit, argnums="w", seed=seed)(0.0, np.ones(2)).groups) == 1


def test_relabelling_wires_changes_nothing(seed):
    gates = gates_of("not symmetric")

    def circuit(order):
        @qml.qnode(DEVICE)
        def qnode(w):
            for k, (text, _) in enumerate(gates):
                qml.PauliRot(w[k], text, wires=order)
            return qml.expval(qml.X(order[0]) @ qml.X(order[1]))

        return pt.gradient_efficiency(qnode, seed=seed)(np.zeros(12))

    found, moved = circuit([0, 1, 2, 3]), circuit(["b", 7, "a", "c"])
    np.testing.assert_array_equal(found.commuting, moved.commuting)
    assert found.groups == moved.groups


def test_gates_without_commuting_words(seed):
    @qml.qnode(DEVICE)
    def circuit(w):
        qml.SpecialUnitary(w[:3], wires=0)
        qml.CRX(w[3], wires=[0, 1])
        return qml.expval(qml.Z(1))

    found = pt.gradient_efficiency(circuit, seed=seed)(np.ones(4))
    assert found.dimension is None and found.expressivity is None
    assert np.isnan(found.largest_efficiency) and "not known" in str(found)


# -- the Lie algebra -------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_dimension_of_the_open_ising_chain(n):
    """``so(2n)``: n(2n − 1)."""
    fields = [{from_letters("I" * k + "X"): 1.0} for k in range(n)]
    bonds = [{from_letters("I" * k + "ZZ"): 1.0} for k in range(n - 1)]
    assert closure_dimension(fields + bonds, n, 10_000) == (n * (2 * n - 1), True)


def test_sums_of_words_are_one_generator():
    """``XX + YY`` and ``Z₀ − Z₁`` make ``su(2)``; with the words apart there are more."""
    pair = {from_letters("XX"): 0.5, from_letters("YY"): 0.5}
    field = {from_letters("ZI"): 1.0, from_letters("IZ"): -1.0}
    assert closure_dimension([pair, field], 2, 100) == (3, True)
    apart = [{word: 1.0} for word in (*pair, *field)]
    assert closure_dimension(apart, 2, 100) == (6, True)


def test_a_closure_that_is_stopped_is_a_lower_bound(seed):
    """Single words are classified, whatever the dimension; sums of words are closed."""

    @qml.qnode(qml.device("default.qubit"))
    def qnode(weights):
        for k, angle in enumerate(weights):
            if k % 2:
                qml.IsingXY(angle, wires=[k // 2 % 3, k // 2 % 3 + 1])
            else:
                qml.RX(angle, wires=k // 2 % 4)
        return qml.expval(qml.Z(0))

    found = pt.gradient_efficiency(qnode, seed=seed, max_dimension=20)(np.zeros(12))
    assert 20 < found.dimension <= 255 and not found.complete
    assert found.expressivity.low == found.dimension and found.expressivity.high == 255
    assert f"≥ {found.dimension}, dimension" in str(found)


# -- a result --------------------------------------------------------------------------------------


def test_as_a_result(global_state_unchanged):
    qnode = paper_circuit("slpa", 24)
    weights = np.zeros(24)
    found = pt.gradient_efficiency(qnode, seed=4)(weights)
    again = pt.gradient_efficiency(qnode, seed=4)(weights)
    assert found.to_dict() == again.to_dict()
    assert json.loads(json.dumps(found.to_dict()))["least_groups"] == 2
    assert found.provenance.seed == 4 and "2 draws" in found.law
    text = str(found)
    assert "24 components in 2 sets" in text and "2, the fewest there can be" in text
    assert "F ≤ 4 with this expressivity" in text
    drawn = pt.gradient_efficiency(qnode)(weights)
    replayed = pt.gradient_efficiency(qnode, seed=drawn.provenance.seed)(weights)
    assert drawn.gap == replayed.gap


def test_sets_that_may_not_be_the_fewest_are_between_bounds():
    """A triangle with an edge at each corner is covered by three sets; four are found."""
    sizes = np.ones((6, 6)) - np.eye(6)
    for i, j in [(0, 1), (1, 2), (0, 2), (0, 3), (1, 4), (2, 5)]:
        sizes[i, j] = sizes[j, i] = 0.0
    found = pt.GradientEfficiency(
        **_sets(sizes, np.zeros(6, bool), 1e-9),
        **{"dimension": None, "complete": False, "n_wires": 2, "exceptions": ()},
        **{"tolerance": 1e-9, "parameters": ("w",) * 6, "law": "by hand"},
        provenance=Provenance(),
    )
    assert (found.n_groups.low, found.n_groups.value, found.n_groups.high) == (3, 4, 4)
    assert (found.efficiency.value, found.efficiency.high) == (1.5, 2.0)
    assert found.n_groups.level == found.efficiency.level == 1
    assert "4, at least 3" in str(found)


# -- bad input -------------------------------------------------------------------------------------


def noisy(w):
    qml.RX(w[0], wires=0)
    qml.DepolarizingChannel(0.1, wires=0)
    return qml.expval(qml.Z(0))


def two(w):
    qml.RX(w[0], wires=0)
    return qml.expval(qml.Z(0)), qml.expval(qml.X(0))


def probabilities(w):
    qml.RX(w[0], wires=0)
    return qml.probs(wires=0)


def blind(w):
    qml.RZ(w[0], wires=0)
    return qml.expval(qml.Z(0))


def batched(w):
    qml.RX(w, wires=0)
    return qml.expval(qml.Z(0))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (noisy, "DepolarizingChannel is not unitary"),
        (two, r"returns expval\(Z\(0\)\), expval\(X\(0\)\)"),
        (probabilities, r"Return one qml.expval"),
        (blind, "depends on no trainable parameter"),
    ],
)
def test_circuits_it_is_not_for(function, message):
    with pytest.raises(pt.ReadingError, match=message):
        pt.gradient_efficiency(qml.QNode(function, DEVICE))(np.ones(1))


def test_budgets_and_options():
    qnode = paper_circuit("slpa", 24)
    with pytest.raises(pt.BudgetError, match="24 derivatives of an observable on 4 wires"):
        pt.gradient_efficiency(qnode, memory=10_000)(np.zeros(24))
    with pytest.raises(ValueError, match="n_draws needs a whole number ≥ 1"):
        pt.gradient_efficiency(qnode, n_draws=0)
    with pytest.raises(ValueError, match="tolerance needs a number between 0 and 1"):
        pt.gradient_efficiency(qnode, tolerance=0)
    with pytest.raises(ValueError, match="max_dimension needs"):
        pt.gradient_efficiency(qnode, max_dimension=0)
    with pytest.raises(pt.ReadingError, match="has a broadcasting axis"):
        pt.gradient_efficiency(qml.QNode(batched, DEVICE))(np.ones(3))


def test_inputs_are_those_of_the_call(seed):
    """Two numbers of data are the same at every draw: as if they stood in the circuit."""

    def body(x, w):
        qml.RX(w[0], wires=0)
        qml.RY(x[0], wires=0)
        qml.RX(w[1], wires=0)
        qml.RZ(x[1], wires=0)
        qml.RX(w[2], wires=0)
        return qml.expval(qml.Z(0))

    data = np.array([0.0, 0.7])
    qnode = qml.QNode(body, DEVICE)
    found = pt.gradient_efficiency(qnode, argnums="w", seed=seed)(data, np.ones(3))
    fixed = qml.QNode(lambda w: body(data, w), DEVICE)
    np.testing.assert_array_equal(
        found.commuting, pt.gradient_efficiency(fixed, seed=seed)(np.ones(3)).commuting
    )
    assert found.commuting[0, 1] and not found.commuting[0, 2]


def test_the_unit_of_the_observable_does_not_matter(seed):
    def circuit(w):
        qml.RX(w[0], wires=0)
        qml.RY(w[1], wires=0)
        qml.RY(w[2], wires=1)
        return qml.expval(1e-8 * qml.Z(0))

    found = pt.gradient_efficiency(qml.QNode(circuit, DEVICE), seed=seed)(np.ones(3))
    assert found.zero == (2,) and not found.commuting[0, 1]
