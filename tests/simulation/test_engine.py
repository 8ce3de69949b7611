"""The exact engine on whole circuits: parameters, wires, inputs, read-outs, memory, schedules."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
from by_pennylane import assert_agrees, engine, mix, on_default_qubit

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.simulation import adjoint, fusion
from pennylane_trainability.simulation.observables import outputs_of


def rot_ring(x, w, n, wires=None):
    """``W S(x) W S(x) W`` with ``Rot`` on every wire and a closed ring of CNOTs."""
    wires = list(range(n)) if wires is None else wires
    w = w.reshape(-1, n, 3)
    for layer, block in enumerate(w):
        for wire, angles in zip(wires, block, strict=True):
            qml.Rot(*angles, wires=wire)
        if n > 1:
            for k in range(n):
                qml.CNOT([wires[k], wires[(k + 1) % n]])
        if layer < len(w) - 1:
            for wire in wires:
                qml.RX(x, wires=wire)


# -- parameters ------------------------------------------------------------------------------------


def tied(x, w):
    qml.RX(w[0], wires=0)
    qml.RY(w[0], wires=1)
    qml.CRZ(-2 * w[0] + 0.3, wires=[0, 1])
    qml.RX(x, wires=1)
    qml.RY(w[1], wires=0)
    qml.RX(w[0] + w[1], wires=1)


def preprocessed(x, w):
    qml.RX(qml.math.sin(w[0]), wires=0)
    qml.RY(w[0] * w[1], wires=1)
    qml.CNOT([0, 1])
    qml.RX(x, wires=0)
    qml.RY(qml.math.exp(-(w[1] ** 2)) / (1 + w[0] ** 2), wires=0)
    qml.Rot(w[0] ** 3, qml.math.tanh(w[1]), qml.math.sqrt(w[0]), wires=1)


def input_times_weight(x, w):
    qml.RY(w[0] * x, wires=0)
    qml.RX(qml.math.sin(x) * w[1] + x, wires=1)
    qml.CNOT([0, 1])
    qml.RY(x**2, wires=0)
    qml.CRX(w[0] * qml.math.arctan(x * w[1]), wires=[1, 0])


@pytest.mark.parametrize("gates", [tied, preprocessed, input_times_weight])
def test_parameters_reach_gates_through_functions(gates, rng):
    def circuit(x, w):
        mix([0, 1])
        gates(x, w)
        mix([1, 0], seed=1)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0) @ qml.Y(1))

    weights, inputs = rng.uniform(0.2, 2, (3, 2)), rng.uniform(0.2, 2, 3)
    assert_agrees(on_default_qubit(circuit, 2), weights, inputs)


def test_parameter_without_a_gate_has_zero_gradient(rng):
    def circuit(x, w):
        qml.RY(w[0], wires=0)
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    assert_agrees(on_default_qubit(circuit, 1), rng.uniform(0, 6, (2, 3)), rng.uniform(0, 6, 2))


@pytest.mark.parametrize("phase", [lambda x, w: w, lambda x, w: x, lambda x, w: w * x + 0.3])
def test_global_phases_on_no_wire_change_nothing(phase, rng):
    def circuit(x, w):
        qml.RX(w[1], wires=0)
        qml.GlobalPhase(phase(x, w[0]))
        qml.CRY(w[2], wires=[0, 1])
        qml.RX(x, wires=1)
        qml.Rot(w[3], 0.4, w[1], wires=0)
        return qml.expval(qml.Z(0) @ qml.X(1)), qml.expval(qml.Y(0))

    weights, inputs = rng.uniform(0, 6, (2, 4)), rng.uniform(0, 6, 3)
    qnode = on_default_qubit(circuit, 2)
    assert_agrees(qnode, weights, inputs)
    np.testing.assert_array_equal(engine(qnode, weights, inputs)[1][..., 0], 0)


def test_probabilities_of_three_of_four_wires_in_any_order(rng):
    def circuit(x, w):
        mix(range(4))
        qml.RX(w[0] + x, wires=2)
        qml.CRY(w[1], wires=[3, 0])
        return qml.probs(wires=[3, 0, 2])

    weights, inputs = rng.uniform(0, 6, (2, 2)), rng.uniform(0, 6, 2)
    qnode = on_default_qubit(circuit, 4)
    assert_agrees(qnode, weights, inputs)
    (output,) = outputs_of(read_qnode(qnode, (0.3, weights[0]), {}, "x").circuit)
    assert output.shape == (8,)


def test_without_gradient_the_values_are_the_same(rng):
    qnode = on_default_qubit(lambda x, w: (rot_ring(x, w, 2), qml.expval(qml.Z(0)))[1], 2)
    weights, inputs = rng.uniform(0, 6, (2, 12)), rng.uniform(0, 6, 3)
    values, slopes = engine(qnode, weights, inputs, gradient=False)
    assert slopes is None
    wanted = [[qnode(x, w) for x in inputs] for w in weights]
    np.testing.assert_allclose(values[..., 0], wanted, rtol=0, atol=1e-10)


# -- wires and initial states ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "wires", [["b", "a", "c"], [7, 2, 5], ["q", 0, "x1"]], ids=["letters", "gaps", "mixed"]
)
def test_wire_labels(wires, rng):
    def circuit(x, w):
        mix(wires)
        rot_ring(x, w, 3, wires)
        qml.CRX(w[0], wires=[wires[2], wires[0]])
        return qml.probs(wires=[wires[2], wires[0]]), qml.expval(qml.Y(wires[1]))

    weights, inputs = rng.uniform(0, 6, (2, 18)), rng.uniform(0, 6, 2)
    assert_agrees(on_default_qubit(circuit, wires), weights, inputs)


STATE = np.array([0.6, 0.0, 0.48j, -0.64])
PREPARED = [
    pytest.param(lambda: qml.BasisState([1, 0, 1], wires=[0, 1, 2]), id="BasisState"),
    pytest.param(lambda: qml.BasisState([1, 1], wires=[2, 0]), id="BasisState-some-wires"),
    pytest.param(lambda: qml.StatePrep(STATE, wires=[2, 0]), id="StatePrep"),
    pytest.param(lambda: qml.AmplitudeEmbedding(2 * STATE, [1, 2], normalize=True), id="Amplitude"),
]


@pytest.mark.parametrize("prepare", PREPARED)
def test_initial_states(prepare, rng):
    def circuit(x, w):
        prepare()
        rot_ring(x, w, 3)
        return qml.expval(qml.Z(2) @ qml.X(0))

    weights, inputs = rng.uniform(0, 6, (2, 27)), rng.uniform(0, 6, 2)
    assert_agrees(on_default_qubit(circuit, 3), weights, inputs)


def test_a_channel_is_refused():
    def circuit(x, w):
        qml.RX(x + w[0], wires=0)
        qml.AmplitudeDamping(0.1, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(ReadingError, match="run the QNode on its own device"):
        engine(on_default_qubit(circuit, 1), np.array([[0.4]]), [0.3])


# -- read-outs -------------------------------------------------------------------------------------

MATRIX = np.array([[1, 2j, 0, 0.5], [-2j, 0, 1, 0], [0, 1, -1, 1j], [0.5, 0, -1j, 0.3]])
READ_OUTS = [
    pytest.param(lambda: qml.expval(qml.Y(2)), id="word"),
    pytest.param(lambda: qml.expval(qml.X(3) @ qml.Y(0) @ qml.Z(2)), id="long-word"),
    pytest.param(lambda: qml.expval(qml.Z(0) @ qml.Z(3) - 0.3 * qml.Z(1)), id="diagonal-sum"),
    pytest.param(
        lambda: qml.expval(qml.X(0) + 2 * qml.Y(1) @ qml.X(2) - qml.Identity(0)), id="sum"
    ),
    pytest.param(
        lambda: qml.expval(qml.Hamiltonian([0.3, -1.2], [qml.Y(0) @ qml.Y(3), qml.Z(1)])),
        id="Hamiltonian",
    ),
    pytest.param(lambda: qml.expval(qml.Hermitian(MATRIX, wires=[3, 1])), id="Hermitian"),
    pytest.param(
        lambda: qml.expval(qml.Hermitian(MATRIX[:2, :2], wires=2) @ qml.X(0)),
        id="Hermitian-product",
    ),
    pytest.param(lambda: qml.expval(qml.Projector([1, 0], wires=[2, 0])), id="Projector"),
    pytest.param(lambda: qml.expval(qml.Projector(STATE, wires=[1, 3])), id="Projector-on-a-state"),
    pytest.param(lambda: qml.probs(wires=[3, 1]), id="probs"),
    pytest.param(lambda: qml.probs(), id="probs-of-all"),
    pytest.param(
        lambda: [qml.expval(qml.Z(0)), qml.probs(wires=2), qml.expval(qml.X(3))], id="several"
    ),
]


@pytest.mark.parametrize("read_out", READ_OUTS)
def test_read_outs(read_out, rng):
    def circuit(x, w):
        mix([0, 1, 2, 3])
        rot_ring(x, w, 4)
        return read_out()

    weights, inputs = rng.uniform(0, 6, (2, 24)), rng.uniform(0, 6, 2)
    assert_agrees(on_default_qubit(circuit, 4), weights, inputs)


@pytest.mark.parametrize(
    "read_out", [lambda: qml.var(qml.Z(0)), qml.state, lambda: qml.purity([0])]
)
def test_other_read_outs_are_refused(read_out):
    def circuit(x, w):
        qml.RX(x + w[0], wires=0)
        return read_out()

    with pytest.raises(ReadingError, match=r"Return qml\.expval"):
        engine(on_default_qubit(circuit, 1), np.array([[0.4]]), [0.3])


# -- memory ----------------------------------------------------------------------------------------


def ring_qnode(n):
    def circuit(x, w):
        rot_ring(x, w, n)
        return qml.expval(qml.X(0)), qml.probs(wires=[1, 2])

    return on_default_qubit(circuit, n)


def test_least_memory_gives_the_same_numbers(rng):
    qnode = ring_qnode(3)
    weights, inputs = rng.uniform(0, 6, (2, 18)), rng.uniform(0, 6, 5)
    reading = read_qnode(qnode, (0.3, weights[0]), {}, "x")
    circuit = reading.at(weights, inputs[:, None])
    one_state = 16 * 2**3 * len(weights)
    low, high = one_state, 2**16  # the first refused, the last accepted
    while high - low > 1:
        middle = (low + high) // 2
        try:
            adjoint.simulate(circuit, memory=middle)
            high = middle
        except BudgetError:
            low = middle
    assert high < one_state * 100
    assert_agrees(qnode, weights, inputs, memory=high)
    wanted = engine(qnode, weights, inputs)
    for memory in (high, 2 * high, 3 * high):
        for part, whole in zip(engine(qnode, weights, inputs, memory=memory), wanted, strict=True):
            np.testing.assert_allclose(part, whole, rtol=0, atol=1e-12)


def test_less_than_one_state_is_refused_with_the_need():
    qnode = ring_qnode(4)
    with pytest.raises(BudgetError, match=r"(?s)needs .* MiB; the budget .*Raise memory"):
        engine(qnode, np.zeros((2, 36)), [0.0], memory=16 * 2**4 * 2 - 1)


@pytest.mark.parametrize(("n", "draws", "n_kept"), [(3, 3, 1), (4, 5, 2)])
def test_the_least_memory_is_six_states_besides_the_kept_ones(n, draws, n_kept):
    """A phase that follows the input, trainable each time: as many stages are kept."""

    def circuit(x, w):
        for k in range(n_kept):
            qml.RZ(w[k] * x, wires=0)
            qml.H(0)
        return qml.expval(qml.Z(0)), qml.expval(qml.prod(*map(qml.X, range(n))))

    qnode = on_default_qubit(circuit, n)
    weights, inputs = np.ones((draws, n_kept)), np.array([0.3, 0.9])
    least = 16 * 2**n * draws * (n_kept + 6)
    engine(qnode, weights, inputs, memory=least)
    with pytest.raises(BudgetError):
        engine(qnode, weights, inputs, memory=least - 1)


@pytest.mark.parametrize("n_operators", [1, 7, 40])
@pytest.mark.parametrize("states", [9, 10, 15, 37, 100, 1000])
def test_what_is_held_at_once_fits_the_memory(states, n_operators):
    """ψ at the kept stages, and λ, its image and one product for every operator and input."""
    n, draws, points, kept = 3, 5, 60, 2
    memory = states * 16 * 2**n * draws
    chunk, width = adjoint._chunks(n, draws, points, kept, n_operators, memory)
    assert 1 <= chunk <= points
    assert 1 <= width <= n_operators
    assert chunk * (kept + 4 + 3 * width) <= states


def test_many_inputs_on_many_wires_are_cut(rng):
    """From 11 wires on the inputs are cut into pieces that fit the cache."""
    n = 11

    def circuit(x, w):
        for k in range(n):
            qml.RY(0.3 + 0.1 * k, wires=k)
        qml.CRX(w[0], wires=[0, 7])
        qml.RX(x, wires=7)
        qml.IsingXY(w[1], wires=[10, 3])
        qml.CNOT([7, 10])
        qml.RX(x, wires=10)
        return qml.expval(qml.Z(10) + 0.5 * qml.Y(3) + qml.X(7))

    weights, inputs = rng.uniform(0, 6, (1, 2)), rng.uniform(0, 6, 70)
    points = [(0, g) for g in (0, 31, 63, 64, 69)]
    assert_agrees(on_default_qubit(circuit, n), weights, inputs, points=points)


# -- schedules -------------------------------------------------------------------------------------

KINDS = [
    qml.RX, qml.RY, qml.RZ, qml.PhaseShift, qml.CRX, qml.CRZ, qml.IsingXX, qml.IsingXY, qml.IsingZZ,
    qml.SingleExcitation, lambda a, w: qml.PauliRot(a, "YX", w), qml.MultiRZ,
]  # fmt: skip
FIXED = [qml.CNOT, qml.CZ, qml.SWAP, qml.H, qml.T, qml.ISWAP, qml.Toffoli]


def random_circuit(seed, n, length):
    """``(function, P)``: random gates on random wires, a third of them fixed, some encodings."""
    draw = np.random.default_rng(seed)
    plan, count = [], 0
    for _ in range(length):
        if draw.random() < 0.35:
            kind = FIXED[draw.integers(len(FIXED) - (n < 3))]
            plan.append((kind, draw.permutation(n)[: kind.num_wires].tolist(), None, None))
            continue
        kind = KINDS[draw.integers(len(KINDS))]
        wires = draw.permutation(n)[: 1 if KINDS.index(kind) < 4 else 2].tolist()
        slope = float(draw.integers(1, 3)) if draw.random() < 0.3 else 0.0
        source = int(draw.integers(count + 1)) if draw.random() < 0.8 else None
        count = max(count, (-1 if source is None else source) + 1)
        plan.append((kind, wires, source, slope))

    def function(x, w):
        mix(range(n), seed)
        for kind, wires, source, slope in plan:
            if slope is None:
                kind(wires=wires)
                continue
            angle = (0.7 if source is None else w[source]) + (slope * x if slope else 0.0)
            kind(angle, wires)
        return qml.expval(qml.Z(0) @ qml.X(n - 1) + 0.5 * qml.Y(1)), qml.probs(wires=[n - 1])

    return function, count


@pytest.mark.parametrize("seed", range(8))
def test_random_circuits(seed, rng):
    n = 2 + seed % 4
    function, count = random_circuit(seed, n, 24)
    weights, inputs = rng.uniform(0, 6, (2, count)), rng.uniform(0, 6, 2)
    assert_agrees(on_default_qubit(function, n), weights, inputs)


def layered(x, w):
    """Encoding layers right behind CNOTs, where basis changes may be moved."""
    mix(range(4))
    rot_ring(x, w[:36], 4)
    qml.CNOT([0, 1])
    qml.CNOT([3, 2])
    for wire in range(4):
        qml.RX(2 * x + w[36], wires=wire)
    qml.CRY(w[37], wires=[2, 0])
    qml.CNOT([2, 0])
    qml.RX(x, wires=0)
    qml.RX(x, wires=2)
    return qml.expval(qml.Z(2) @ qml.X(1)), qml.probs(wires=[0])


def between(x, w):
    """Basis changes of an encoding right behind a phase, with CNOTs on their wires before."""
    mix(range(2))
    qml.RY(w[0], wires=0)
    qml.RY(w[1], wires=1)
    qml.CNOT([1, 0])
    for wire in range(2):
        qml.Rot(*w[2 + 3 * wire : 5 + 3 * wire], wires=wire)
        qml.RZ(x, wires=wire)
        qml.RX(2 * x, wires=wire)
    qml.CRX(w[8], wires=[0, 1])
    return qml.expval(qml.Z(0) @ qml.X(1)), qml.probs(wires=[1])


WHOLE = [
    pytest.param((between, 9), id="between"),
    pytest.param(random_circuit(101, 5, 30), id="random"),
    pytest.param((layered, 38), id="layered"),
]


def unfused(elements):
    """Every element in a stage of its own."""
    kinds = [fusion._kind(e, False) for e in elements]
    return [fusion.Stage(kind, [e], set(e.wires)) for kind, e in zip(kinds, elements, strict=True)]


SCHEDULES = [
    pytest.param(unfused, id="unfused"),
    *(
        pytest.param(
            lambda e, width=width, only=only: fusion._greedy(e, width, only),
            id=f"{'windows' if only else 'mixed'}-{width}",
        )
        for width in (1, 2, 5)
        for only in (False, True)
    ),
]


@pytest.mark.parametrize("stages_of", SCHEDULES)
@pytest.mark.parametrize(
    ("function", "count"), [w.values[0] for w in WHOLE], ids=[w.id for w in WHOLE]
)
def test_every_schedule_gives_the_same_numbers(function, count, stages_of, monkeypatch):
    monkeypatch.setattr(adjoint, "schedule", lambda elements, n, rows: stages_of(elements))
    draw = np.random.default_rng(count)
    weights, inputs = draw.uniform(0, 6, (2, count)), draw.uniform(0, 6, 2)
    assert_agrees(on_default_qubit(function, 5), weights, inputs, points=[(1, 0)])


@pytest.mark.parametrize("choice", range(3))
@pytest.mark.parametrize(
    ("function", "count"), [w.values[0] for w in WHOLE], ids=[w.id for w in WHOLE]
)
def test_every_candidate_of_the_scheduler_gives_the_same_numbers(
    function, count, choice, monkeypatch
):
    seen = []

    def cost(stages, n_wires, rows):
        seen.append(stages)
        return 0.0 if len(seen) == choice + 1 else 1.0

    monkeypatch.setattr(fusion, "_cost", cost)
    draw = np.random.default_rng(count)
    weights, inputs = draw.uniform(0, 6, (2, count)), draw.uniform(0, 6, 2)
    assert_agrees(on_default_qubit(function, 5), weights, inputs, points=[(0, 1)])
    assert len(seen) > choice


@pytest.mark.parametrize("gate", [qml.RX, qml.RY, qml.RZ])
@pytest.mark.parametrize("layers", [1, 2])
def test_encodings_behind_cnots(gate, layers, rng):
    """Basis changes of an encoding move before CNOTs if they are Hadamards, and no others do."""
    n = 4

    def circuit(x, w):
        for layer in range(layers):
            for wire in range(n):
                qml.RY(w[layer, wire, 0], wires=wire)
                qml.RZ(w[layer, wire, 1], wires=wire)
            for wire in range(0, n, 2):
                qml.CNOT([wire, wire + 1])
            for wire in range(n):
                gate(x * (1 + wire), wires=wire)
        for wire in range(n):
            qml.RX(w[0, wire, 0] * 0.5, wires=wire)
        return qml.expval(qml.Z(1)), qml.expval(qml.X(0) @ qml.Y(3))

    weights, inputs = rng.uniform(0.2, 2, (2, layers, n, 2)), rng.uniform(0.2, 2, 2)
    assert_agrees(on_default_qubit(circuit, n), weights, inputs)


@pytest.mark.parametrize(
    "word",
    [
        pytest.param(lambda: qml.X(2), id="X on the last wire alone"),
        pytest.param(lambda: qml.X(0) @ qml.X(2), id="XIX"),
        pytest.param(lambda: qml.Z(0) @ qml.Z(1), id="ZZI"),
        pytest.param(lambda: qml.Z(0) @ qml.Z(1) @ qml.Z(2), id="ZZZ"),
        pytest.param(lambda: qml.Y(0) @ qml.Y(1), id="YYI"),
        pytest.param(lambda: qml.Y(0) @ qml.Z(1) @ qml.Y(2), id="YZY"),
        pytest.param(
            lambda: 0.3 * qml.Y(0) @ qml.Y(2) - 0.7 * qml.X(0) @ qml.X(2) + qml.Z(1) @ qml.Z(2) + 2,
            id="a sum with a constant",
        ),
    ],
)
def test_words_of_several_letters(word, rng):
    def circuit(x, w):
        mix([0, 1, 2])
        qml.RY(w[0], wires=0)
        qml.CRX(w[1], wires=[0, 1])
        qml.RX(x, wires=2)
        mix([2, 0, 1], seed=1)
        return qml.expval(word())

    weights, inputs = rng.uniform(0.2, 2, (2, 2)), rng.uniform(0.2, 2, 2)
    assert_agrees(on_default_qubit(circuit, 3), weights, inputs)
