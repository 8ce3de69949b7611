"""What theory says of rank and dead parameters in shapes (N, L), and what must not change them."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import read_qnode

DRAWS = 4


def rot_ring(n, layers, blocks=1, read_out=None, wires=None, real=False, tail=None, entangle=True):
    """``RX`` encoding, blocks of ``Rot`` (``RY``) and a ring of CNOTs; ``(qnode, shape)``."""
    wires = list(range(n)) if wires is None else wires
    read_out = (lambda: qml.expval(qml.Z(wires[-1]))) if read_out is None else read_out

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def circuit(x, w):
        for layer in range(layers + 1):
            for block in range(blocks):
                for k, wire in enumerate(wires):
                    if real:
                        qml.RY(w[layer, block, k], wires=wire)
                    else:
                        qml.Rot(*w[layer, block, k], wires=wire)
                if entangle and n > 1:
                    for k in range(n):
                        qml.CNOT([wires[k], wires[(k + 1) % n]])
            if layer < layers:
                for wire in wires:
                    qml.RX(x, wires=wire)
        if tail is not None:
            tail()
        return read_out()

    return circuit, (layers + 1, blocks, n) if real else (layers + 1, blocks, n, 3)


def analysed(model, seed=7, **options):
    circuit, shape = model
    return pt.analyze(circuit, "x", n_draws=DRAWS, seed=seed, **options)(0.0, np.full(shape, 0.3))


SHAPES = [(1, 4), (2, 2), (4, 1), (1, 6), (2, 3), (3, 2), (6, 1)]


# -- rank ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "layers"), SHAPES)
def test_rot_ring_reaches_every_coefficient_in_every_shape(n, layers):
    report = analysed(rot_ring(n, layers))
    assert report.rank == report.n_rows == 2 * n * layers + 1


@pytest.mark.parametrize(("n", "layers"), SHAPES)
def test_real_blocks_reach_no_sine(n, layers):
    report = analysed(rot_ring(n, layers, real=True))
    budget = n * layers
    assert report.rank == min(budget + 1, len(report.parameters) - len(report.dead))
    if n < 6:
        assert report.rank == budget + 1
    assert report.space.zero_rows == tuple(range(2, 2 * budget + 1, 2))


@pytest.mark.parametrize(("n", "layers", "one"), [(2, 2, 7), (2, 3, 11), (3, 2, 11), (4, 1, 7)])
def test_read_out_on_the_first_wire_loses_directions_and_two_blocks_bring_them_back(n, layers, one):
    def first():
        return qml.expval(qml.Z(0))

    budget = n * layers
    assert analysed(rot_ring(n, layers, read_out=first)).rank == one
    assert analysed(rot_ring(n, layers, blocks=2, read_out=first)).rank == 2 * budget + 1


@pytest.mark.parametrize(("n", "layers"), [(2, 2), (3, 1), (6, 1)])
def test_without_entanglers_a_local_read_out_sees_one_wire(n, layers):
    report = analysed(rot_ring(n, layers, entangle=False))
    assert report.rank == 2 * layers + 1
    assert report.n_rows == 2 * n * layers + 1


@pytest.mark.parametrize("layers", [2, 3, 4])
def test_lean_serial_circuit_is_exactly_determined(layers):
    """``RY, RZ`` per layer without the last ``RZ``: P = 2L + 1 parameters, all of them needed."""

    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        for layer in range(layers):
            qml.RY(w[2 * layer], wires=0)
            qml.RZ(w[2 * layer + 1], wires=0)
            qml.RX(x, wires=0)
        qml.RY(w[2 * layers], wires=0)
        return qml.expval(qml.Z(0))

    report = pt.analyze(circuit, "x", n_draws=DRAWS, seed=1)(0.0, np.full(2 * layers + 1, 0.3))
    assert report.rank == report.n_parameters == report.n_rows == 2 * layers + 1
    assert not report.dead


@pytest.mark.parametrize(("n", "layers"), [(1, 4), (2, 2), (4, 1)])
def test_rank_never_exceeds_rows_nor_live_parameters(n, layers):
    report = analysed(rot_ring(n, layers, blocks=3))
    live = report.n_parameters - len(report.dead)
    assert (report.space.ranks <= min(report.n_rows, live)).all()
    assert live > report.n_rows == report.rank


@pytest.mark.parametrize(
    ("template", "options", "budget"),
    [
        (pt.DataReuploading, {"n_wires": 2, "n_layers": 2}, 4),
        (pt.DataReuploading, {"n_wires": 1, "n_layers": 3}, 3),
        (pt.SerialReuploading, {"n_layers": 4}, 4),
    ],
)
def test_rows_of_templates_are_their_minimum_of_parameters(template, options, budget):
    n = options.get("n_wires", 1)

    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        template(x, w, wires=range(n))
        return qml.expval(qml.Z(n - 1))

    shape = template.shape(**options)
    report = pt.analyze(circuit, "x", n_draws=2, seed=1)(0.0, np.full(shape, 0.3))
    spectrum = template.spectrum(**options)
    assert report.n_rows == spectrum.minimum_parameters == 2 * budget + 1
    np.testing.assert_array_equal(report.redundancy, spectrum.redundancy)


def test_ternary_prefactors_of_a_template():
    @qml.qnode(qml.device("default.qubit"))
    def circuit(x, w):
        pt.DataReuploading(x, w, wires=range(2), prefactors="ternary")
        return qml.expval(qml.Z(1))

    shape = pt.DataReuploading.shape(n_layers=1, n_wires=2)
    report = pt.analyze(circuit, "x", n_draws=2, seed=1)(0.0, np.full(shape, 0.3))
    spectrum = pt.DataReuploading.spectrum(n_layers=1, n_wires=2, prefactors="ternary")
    assert report.n_rows == spectrum.minimum_parameters == 9
    np.testing.assert_array_equal(report.redundancy, spectrum.redundancy)


# -- dead parameters -------------------------------------------------------------------------------

DEAD = [(1, 6, 2, 2), (2, 3, 4, 7), (3, 2, 6, 8), (6, 1, 12, 14)]


@pytest.mark.parametrize(("n", "layers", "last", "first"), DEAD)
def test_dead_parameters_by_numbers_and_by_structure(n, layers, last, first):
    for wire, count in ((n - 1, last), (0, first)):
        model = rot_ring(n, layers, read_out=lambda wire=wire: qml.expval(qml.Z(wire)))
        report = analysed(model)
        circuit, shape = model
        reading = read_qnode(circuit, (0.0, np.full(shape, 0.3)), {}, "x")
        structural = dead_parameters(reading.circuit)
        assert len(report.space.dead) == count
        assert set(structural) == set(report.space.dead)
        assert set(report.reasons) == set(report.dead)


# -- invariances -----------------------------------------------------------------------------------


def jacobian_of(model, w):
    return pt.coefficient_jacobian(model[0], "x")(0.0, w).reshape(-1, w.size)


@pytest.mark.parametrize("wires", [[2, 0, 1], ["c", "a", "b"], [5, "x", 1]])
def test_names_of_wires_change_nothing(wires, rng):
    plain, renamed = rot_ring(3, 1), rot_ring(3, 1, wires=wires)
    w = rng.uniform(0, 6, plain[1])
    np.testing.assert_allclose(jacobian_of(renamed, w), jacobian_of(plain, w), rtol=0, atol=1e-10)
    assert analysed(renamed).rank == analysed(plain).rank


def test_a_tail_that_commutes_with_the_read_out_changes_nothing(rng):
    def tail():
        qml.RZ(0.7, wires=2)
        qml.CZ([0, 2])
        qml.Hadamard(0)
        qml.CRZ(1.1, wires=[2, 1])

    plain, longer = rot_ring(3, 1), rot_ring(3, 1, tail=tail)
    w = rng.uniform(0, 6, plain[1])
    np.testing.assert_allclose(jacobian_of(longer, w), jacobian_of(plain, w), rtol=0, atol=1e-10)


def test_a_tail_is_as_good_as_another_read_out(rng):
    """``⟨Z⟩`` after ``U`` is ``⟨U†ZU⟩``: a CNOT spreads ``Z_2`` to ``Z_1 Z_2``, ``H`` turns it."""
    after = rot_ring(3, 1, tail=lambda: (qml.Hadamard(2), qml.CNOT([1, 2])))
    before = rot_ring(3, 1, read_out=lambda: qml.expval(qml.Z(1) @ qml.X(2)))
    w = rng.uniform(0, 6, before[1])
    np.testing.assert_allclose(jacobian_of(after, w), jacobian_of(before, w), rtol=0, atol=1e-10)


def test_linear_reparametrisation_multiplies_from_the_right(rng):
    circuit, shape = rot_ring(2, 1)
    size = int(np.prod(shape))
    mixing = rng.normal(size=(size, 5))

    @qml.qnode(qml.device("default.qubit"))
    def mixed(x, v):
        return circuit.func(x, (mixing @ v).reshape(shape))

    v = rng.normal(size=5)
    outer = pt.coefficient_jacobian(mixed, "x")(0.0, v)
    inner = jacobian_of((circuit, shape), (mixing @ v).reshape(shape))
    np.testing.assert_allclose(outer, inner @ mixing, rtol=0, atol=1e-10)


def test_scaled_read_out_scales_the_jacobian(rng):
    plain = rot_ring(2, 2)
    scaled = rot_ring(2, 2, read_out=lambda: qml.expval(-2.5 * qml.Z(1) + 3 * qml.Identity(0)))
    w = rng.uniform(0, 6, plain[1])
    np.testing.assert_allclose(
        jacobian_of(scaled, w), -2.5 * jacobian_of(plain, w), rtol=0, atol=1e-10
    )


def test_shifted_input_turns_every_frequency(rng):
    """``f(x + s)``: ``c_k`` becomes ``c_k e^{iks}``; norms per frequency and the rank stay."""
    shift = 0.83

    def moved(x, w):
        return rot_ring(2, 2)[0].func(x + shift, w)

    plain = rot_ring(2, 2)
    other = (qml.QNode(moved, qml.device("default.qubit", wires=2)), plain[1])
    w = rng.uniform(0, 6, plain[1])
    first, second = jacobian_of(plain, w), jacobian_of(other, w)
    turn = np.exp(1j * shift * np.arange(1, 5))[:, None]
    first_c, second_c = (j[1::2] + 1j * j[2::2] for j in (first, second))
    np.testing.assert_allclose(second_c, turn * first_c, rtol=0, atol=1e-10)
    np.testing.assert_allclose(second[0], first[0], rtol=0, atol=1e-10)


def test_encoding_axis_can_be_turned_with_the_blocks(rng):
    """Basis changes around encoding gates belong to the blocks: RY encoding, RX encoding turned."""

    @qml.qnode(qml.device("default.qubit"))
    def direct(x, w):
        qml.Rot(*w[0], wires=0)
        qml.RY(x, wires=0)
        qml.Rot(*w[1], wires=0)
        return qml.expval(qml.Z(0))

    @qml.qnode(qml.device("default.qubit"))
    def turned(x, w):
        qml.Rot(*w[0], wires=0)
        qml.adjoint(qml.S(0))
        qml.RX(x, wires=0)
        qml.S(0)
        qml.Rot(*w[1], wires=0)
        return qml.expval(qml.Z(0))

    w = rng.uniform(0, 6, (2, 3))
    first, second = (pt.coefficient_jacobian(c, "x")(0.0, w) for c in (direct, turned))
    np.testing.assert_allclose(second, first, rtol=0, atol=1e-10)


def test_outputs_of_probabilities_sum_to_nothing(rng):
    """Probabilities add to one: their Jacobians add to zero."""
    model = rot_ring(2, 1, read_out=lambda: qml.probs(wires=[0, 1]))
    w = rng.uniform(0, 6, model[1])
    jacobian = pt.coefficient_jacobian(model[0], "x")(0.0, w)
    np.testing.assert_allclose(jacobian.sum(axis=1), 0, rtol=0, atol=1e-10)
    assert np.abs(jacobian).max() > 1e-2


def prepared():
    @qml.qnode(qml.device("default.qubit", wires=2))
    def circuit(x, w):
        qml.StatePrep(np.array([0.6, 0, 0, 0.8]), wires=[0, 1])
        qml.RX(x, wires=0)
        qml.Rot(*w, wires=0)
        return qml.expval(qml.Z(0))

    return circuit, (3,)


# made here, because PennyLane seeds a new device from NumPy's global generator
MODELS = [
    pytest.param(rot_ring(2, 1), id="ring"),
    pytest.param(prepared(), id="prepared"),
]


@pytest.mark.parametrize("model", MODELS)
def test_equal_seeds_give_equal_reports_and_global_generators_stay(model):
    before = np.random.get_state()
    first, second = (analysed(model, seed=5) for _ in range(2))
    assert first.to_dict() == second.to_dict()
    other = analysed(model, seed=6)
    assert not np.array_equal(first.space.jacobians, other.space.jacobians)
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert np.random.get_state()[2] == before[2]
