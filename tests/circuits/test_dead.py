"""Dead parameters from structure against steps that change nothing at random draws."""

import time

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate
from pennylane_trainability.circuits.dead import DeadParameters, Reason, dead_parameters
from pennylane_trainability.circuits.rotations import pauli_circuit


def build(factories, theta, x=0.0):
    """Operators at given numbers; a factory is ``(function, source)``, source p, "x" or None."""
    ops = []
    for function, source in factories:
        if source is None:
            ops.append(function())
        else:
            ops.append(function(x if source == "x" else theta[source]))
    return ops


def make_circuit(factories, n, measurements, n_parameters, preparation=()):
    with qml.QueuingManager.stop_recording():
        ops = build(factories, [0.1] * n_parameters, 0.1)
    gates = []
    for op, (_, source) in zip(ops, factories, strict=True):
        angle = Angle(
            0.1, {} if source == "x" else {source: 1.0}, {0: 1.0} if source == "x" else {}
        )
        count = op.data[0].size if op.name == "SpecialUnitary" else 1
        gates.append(Gate(op, tuple(op.wires), () if source is None else (angle,) * count))
    wires = qml.wires.Wires(range(n))
    return Circuit(preparation, tuple(gates), tuple(measurements), wires, n_parameters, 1)


def numerically_dead(
    factories, n, measurements, n_parameters, preparation=(), device="default.qubit"
):
    """Parameters that change no result, tried with random steps at random points."""

    @qml.qnode(qml.device(device, wires=n))
    def circuit(theta, x):
        for op in preparation:
            qml.apply(op)
        build(factories, theta, x)
        return tuple(qml.apply(m) for m in measurements)

    def results(theta, x):
        return np.hstack([np.ravel(r) for r in circuit(theta, x)])

    rng = np.random.default_rng(99)
    dead = set(range(n_parameters))
    for _ in range(3):
        theta, x = rng.uniform(0, 2 * np.pi, n_parameters), rng.uniform(0, 2 * np.pi)
        base = results(theta, x)
        for p in sorted(dead):
            moved = theta.copy()
            moved[p] += rng.uniform(0.5, 1.5)
            if np.abs(results(moved, x) - base).max() > 1e-10:
                dead.discard(p)
    return dead


def rot_ring(n, layers):
    """Rot on every wire and a closed ring of CNOTs, layers of RX(x) between."""
    factories, p = [], 0
    for layer in range(layers + 1):
        for w in range(n):
            for kind in (qml.RZ, qml.RY, qml.RZ):
                factories.append((lambda t, k=kind, w=w: k(t, w), p))
                p += 1
        if n > 1:
            for w in range(n):
                factories.append((lambda w=w: qml.CNOT([w, (w + 1) % n]), None))
        if layer < layers:
            factories += [(lambda t, w=w: qml.RX(t, w), "x") for w in range(n)]
    return factories, p


ORACLE = [(1, 6, 2, 2), (2, 3, 4, 7), (3, 2, 6, 8), (6, 1, 12, 14)]


@pytest.mark.parametrize(("n", "layers", "last", "first"), ORACLE)
def test_rot_ring_counts(n, layers, last, first):
    factories, count = rot_ring(n, layers)
    for wire, expected in ((n - 1, last), (0, first)):
        measured = [qml.expval(qml.Z(wire))]
        dead = dead_parameters(make_circuit(factories, n, measured, count))
        assert len(dead) == expected
        if n < 6:
            assert set(dead) == numerically_dead(factories, n, measured, count)


@pytest.mark.parametrize("n", [10, 20])
def test_rot_ring_counts_on_many_wires(n):
    factories, count = rot_ring(n, 3)
    dead = dead_parameters(make_circuit(factories, n, [qml.expval(qml.Z(n - 1))], count))
    assert len(dead) == 2 * n
    assert not dead.exact


ONE = [qml.RX, qml.RY, qml.RZ, qml.PhaseShift]
TWO = [qml.CRX, qml.CRZ, qml.CPhase, qml.IsingXX, qml.IsingZZ, qml.IsingXY, qml.SingleExcitation,
       qml.FermionicSWAP]  # fmt: skip
FIXED = [qml.H, qml.S, qml.T, qml.X]


def random_factories(rng, n, length, kinds, tied=False):
    factories, p = [], 0
    for _ in range(length):
        a, b = (int(w) for w in rng.permutation(n)[:2])
        draw = rng.random()
        if draw < 0.25:
            factories.append((lambda a=a, b=b: qml.CNOT([a, b]), None))
        elif draw < 0.35 and kinds != "independent":
            kind = FIXED[rng.integers(4)]
            factories.append((lambda a=a, k=kind: k(a), None))
        elif draw < 0.6 and kinds != "independent":
            kind = TWO[rng.integers(8)]
            factories.append((lambda t, a=a, b=b, k=kind: k(t, [a, b]), p))
            p += 1
        else:
            kind = ONE[rng.integers(4 if kinds != "real" else 2)]
            source = int(rng.integers(p)) if tied and p and rng.random() < 0.3 else p
            factories.append((lambda t, a=a, k=kind: k(t, a), source))
            p += source == p
    return factories, p


READ_OUTS = [
    [qml.expval(qml.Z(0))],
    [qml.expval(qml.X(1) @ qml.Z(2) + 0.5 * qml.Y(0))],
    [qml.probs(wires=[0, 2])],
    [qml.var(qml.Z(0) + qml.Z(1))],
    [qml.expval(qml.Projector([1, 0], wires=[1, 2]))],
    [qml.expval(qml.Hermitian(np.array([[1, 2j], [-2j, 0]]), wires=1)), qml.expval(qml.Z(2))],
    [qml.purity(wires=[0])],
    [qml.density_matrix(wires=[2])],
]


@pytest.mark.parametrize("seed", range(16))
def test_nothing_is_declared_dead_that_is_not(seed):
    rng = np.random.default_rng(seed)
    factories, count = random_factories(rng, 3, 14, "all", tied=seed % 2 == 1)
    measured = READ_OUTS[seed % len(READ_OUTS)]
    dead = dead_parameters(make_circuit(factories, 3, measured, count))
    if measured[0].__class__.__name__ == "DensityMatrixMP":
        measured = [qml.expval(p(2)) for p in (qml.X, qml.Y, qml.Z)]
    numeric = numerically_dead(factories, 3, measured, count)
    assert set(dead) <= numeric
    assert not dead.exact or set(dead) == numeric


@pytest.mark.parametrize("seed", range(10))
def test_independent_rotations_are_decided_exactly(seed):
    rng = np.random.default_rng(100 + seed)
    factories, count = random_factories(rng, 4, 14, "independent")
    measured = [[qml.expval(qml.Z(0) @ qml.X(1))], [qml.probs(wires=[0, 1])]][seed % 2]
    dead = dead_parameters(make_circuit(factories, 4, measured, count))
    assert dead.exact
    assert set(dead) == numerically_dead(factories, 4, measured, count)


@pytest.mark.parametrize("seed", range(4))
def test_large_words_fall_back_to_a_subset(seed, monkeypatch):
    rng = np.random.default_rng(200 + seed)
    factories, count = random_factories(rng, 4, 14, "independent")
    circuit = make_circuit(factories, 4, [qml.expval(qml.Z(0) @ qml.X(1))], count)
    exact = dead_parameters(circuit)
    monkeypatch.setattr("pennylane_trainability.circuits.dead._MAX_DIMENSION", -1)
    fewer = dead_parameters(circuit)
    assert set(fewer) <= set(exact)
    assert set(exact) - set(fewer) == {p for p, r in exact.items() if r is Reason.BLIND}


def test_unknown_preparation_and_basis_states():
    factories = [(lambda t, w=w: qml.RZ(t, w), w) for w in range(2)]
    factories += [(lambda w=w: qml.H(w), None) for w in range(2)]
    measured = [qml.expval(qml.Z(0)), qml.expval(qml.Z(1))]
    superposed = (qml.StatePrep(np.array([0.6, 0.8]), wires=0),)
    assert set(dead_parameters(make_circuit(factories, 2, measured, 2, superposed))) == {1}
    basis = (qml.BasisState([1, 1], wires=[0, 1]),)
    dead = dead_parameters(make_circuit(factories, 2, measured, 2, basis))
    assert dict(dead) == dict.fromkeys((0, 1), Reason.EIGENSTATE)


def test_reasons():
    factories = [
        (lambda t: qml.RZ(t, 0), 0),  # on |0⟩
        (lambda t: qml.RX(t, 0), 1),
        (lambda t: qml.RX(t, 2), 2),  # wire 2 meets nothing
        (lambda: qml.CNOT([0, 1]), None),
        (lambda t: qml.RZ(t, 1), 3),  # before Z
        (lambda t: qml.RZ(t, 0), 5),
    ]
    dead = dead_parameters(make_circuit(factories, 3, [qml.expval(qml.Z(1))], 6))
    assert dict(dead) == {
        0: Reason.EIGENSTATE,
        2: Reason.LIGHT_CONE,
        3: Reason.READ_OUT,
        4: Reason.UNUSED,
        5: Reason.LIGHT_CONE,
    }
    assert dead.exact
    assert str(dead).startswith("5 dead parameters\n  0: it acts on a state that")


def test_real_states_are_blind_to_imaginary_read_outs():
    factories = [
        (lambda t: qml.RY(t, 0), 0),
        (lambda t: qml.RY(t, 1), 1),
        (lambda t: qml.PauliRot(t, "XY", [0, 1]), 2),
    ]
    measured = [qml.expval(qml.Y(0))]
    dead = dead_parameters(make_circuit(factories, 2, measured, 3))
    assert set(dead) == numerically_dead(factories, 2, measured, 3) == {0, 1, 2}
    assert dead[2] is Reason.BLIND


def difference(angle, wires):
    """``XX - YY``, which turns ``|00⟩`` and ``|11⟩`` only."""
    a, b = wires
    return qml.evolve(qml.X(a) @ qml.X(b) - qml.Y(a) @ qml.Y(b), angle)


ON_BASIS_STATES = [
    (qml.CRX, [0, 0], True), (qml.CRX, [1, 0], False), (qml.IsingXY, [0, 0], True),
    (qml.IsingXY, [0, 1], False), (qml.SingleExcitation, [1, 1], True),
    (qml.IsingXX, [0, 0], False),
    (qml.SingleExcitation, [1, 0], False), (qml.CPhase, [1, 1], True),
    (difference, [0, 1], True), (difference, [1, 0], True), (difference, [1, 1], False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "bits", "idle"), ON_BASIS_STATES)
def test_words_of_one_gate_cancel_on_a_basis_state(kind, bits, idle):
    preparation = (qml.BasisState(bits, wires=[0, 1]),)
    factories = [
        (lambda t: kind(t, [0, 1]), 0),
        (lambda t: qml.PauliRot(t, "XYX", [0, 1, 2]), 1),
        (lambda t: qml.CRY(t, [1, 2]), 2),
    ]
    measured = [qml.probs(wires=[0, 1, 2])]
    dead = dead_parameters(make_circuit(factories, 3, measured, 3, preparation))
    assert set(dead) == numerically_dead(factories, 3, measured, 3, preparation)
    assert (dead.get(0) in (Reason.EIGENSTATE, Reason.SEVERAL)) == idle


@pytest.mark.parametrize("seed", range(6))
def test_random_circuits_on_two_wires(seed):
    draw = np.random.default_rng(seed)
    kinds = [qml.RX, qml.RZ, qml.CRX, qml.IsingXY, qml.IsingZZ]
    factories = []
    for p in range(5):
        kind = kinds[draw.integers(len(kinds))]
        wires = draw.permutation(2).tolist()[: 1 if kind in kinds[:2] else 2]
        factories.append((lambda t, kind=kind, wires=wires: kind(t, wires), p))
    measured = [qml.expval(qml.Z(0)), qml.expval(qml.X(0) @ qml.Z(1))][: 1 + seed % 2]
    found = dead_parameters(make_circuit(factories, 2, measured, 5))
    assert set(found) == numerically_dead(factories, 2, measured, 5)


def test_tied_parameters_need_every_gate_to_be_idle():
    factories = [(lambda t: qml.RZ(t, 0), 0), (lambda t: qml.RX(t, 0), 1)]
    last = (lambda t: qml.RZ(t, 0), 0)
    measured = [qml.expval(qml.Z(0))]
    dead = dead_parameters(make_circuit([*factories, last], 1, measured, 2))
    assert dict(dead) == {0: Reason.SEVERAL}
    middle = (lambda t: qml.RY(t, 0), 0)
    assert not dead_parameters(make_circuit([*factories, middle], 1, measured, 2))


def test_state_vectors_see_the_phase():
    factories = [(lambda t: qml.RZ(t, 0), 0)]
    assert not dead_parameters(make_circuit(factories, 1, [qml.state()], 2)).reasons.keys() - {1}
    rho = dead_parameters(make_circuit(factories, 1, [qml.density_matrix([0])], 1))
    assert dict(rho) == {0: Reason.EIGENSTATE}


def test_opaque_gates_and_channels_are_respected():
    factories = [
        (lambda t: qml.RZ(t, 0), 0),
        (lambda t: qml.RX(t, 1), 1),
        (lambda t: qml.SpecialUnitary(t * np.arange(1, 4), 0), 2),
        (lambda: qml.AmplitudeDamping(0.3, 0), None),
        (lambda t: qml.RZ(t, 0), 3),
        (lambda: qml.CNOT([0, 1]), None),
        (lambda t: qml.RZ(t, 0), 4),
        (lambda t: qml.SpecialUnitary(t * np.arange(1, 4), 1), 5),
    ]
    measured = [qml.expval(qml.Z(0))]
    dead = dead_parameters(make_circuit(factories, 2, measured, 6))
    numeric = numerically_dead(factories, 2, measured, 6, device="default.mixed")
    assert set(dead) == numeric == {0, 1, 3, 4, 5}
    assert dead[5] is Reason.LIGHT_CONE
    assert not dead.exact


def test_mid_circuit_measurements_leave_nothing_to_say():
    gates = (
        Gate(qml.RZ(0.1, 0), (0,), (Angle(0.1, {0: 1.0}),)),
        Gate(qml.ops.MidMeasure(wires=[0]), (0,)),
    )
    measured = (qml.expval(qml.Z(0)),)
    assert not dead_parameters(Circuit((), gates, measured, qml.wires.Wires([0]), 1, 0))


def test_measurements_can_be_given_and_pauli_circuits_reused():
    factories, count = rot_ring(3, 1)
    made = pauli_circuit(make_circuit(factories, 3, [qml.expval(qml.Z(0))], count))
    idle = dead_parameters(made, [qml.expval(qml.Z("elsewhere"))])
    assert set(idle.values()) == {Reason.LIGHT_CONE} and len(idle) == count
    assert len(dead_parameters(made, [qml.density_matrix([0, 1, 2])])) == 3
    assert isinstance(idle, DeadParameters)


def test_many_wires_stay_fast():
    rng = np.random.default_rng(0)
    factories = []
    for p in range(1000):
        a, b = (int(w) for w in rng.permutation(100)[:2])
        factories.append((lambda a=a, b=b: qml.CNOT([a, b]), None))
        factories.append((lambda t, a=a, k=ONE[p % 3]: k(t, a), p))
    hamiltonian = qml.sum(*[qml.Z(w) @ qml.Z(w + 1) for w in range(99)])
    circuit = make_circuit(factories, 100, [qml.expval(hamiltonian)], 1000)
    start = time.perf_counter()
    assert not dead_parameters(circuit).exact
    assert time.perf_counter() - start < 3.0
