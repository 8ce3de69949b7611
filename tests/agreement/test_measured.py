"""Measured Jacobians against exact ones: equal without shots, within their errors with shots."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt


def basic(x, w):
    qml.Rot(w[0], w[1], w[2], wires=0)
    qml.RX(x, wires=0)
    qml.CNOT([0, 1])
    qml.RY(w[3] + w[0], wires=1)
    qml.RX(x, wires=1)


def controlled(x, w):
    qml.RY(w[0], wires=0)
    qml.CRX(x, wires=[0, 1])
    qml.CRot(w[1], w[2], 2 * w[3], wires=[1, 0])
    qml.PhaseShift(x, wires=0)
    qml.Hadamard(0)


def excitations(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=1)
    qml.SingleExcitation(w[1], wires=[0, 1])
    qml.IsingXY(w[2], wires=[1, 0])
    qml.FermionicSWAP(w[3], wires=[0, 1])
    qml.RX(x, wires=0)


def several_angles(x, w):
    qml.RX(x, wires=0)
    qml.SpecialUnitary(np.concatenate([w[:3], np.linspace(0, 1, 12)]), wires=[1, 0])
    qml.RX(x, wires=1)
    qml.CNOT([1, 0])
    qml.RY(qml.math.sin(w[3]), wires=0)


def one_wire_unitary(x, w):
    qml.RX(x, wires=0)
    qml.SpecialUnitary(w[:3], wires=1)
    qml.CNOT([1, 0])
    qml.RX(x + w[3], wires=0)


def evolutions(x, w):
    qml.evolve(qml.X(0) @ qml.Y(1), w[0])
    qml.RX(x, wires=0)
    qml.evolve(qml.Z(0) + 0.5 * qml.X(1), w[1])
    qml.adjoint(qml.CRY(w[2], wires=[0, 1]))
    qml.ctrl(qml.RX(w[3], wires=0), control=1)


GATES = [
    basic,
    controlled,
    excitations,
    several_angles,
    evolutions,
    one_wire_unitary,
]
READ_OUTS = [
    pytest.param(lambda: qml.expval(qml.Z(1)), id="Z"),
    pytest.param(
        lambda: qml.expval(0.5 * qml.X(0) @ qml.Y(1) - 2 * qml.Z(0) + qml.Identity(0)), id="sum"
    ),
    pytest.param(lambda: qml.probs(wires=[1, 0]), id="probs"),
    pytest.param(lambda: (qml.expval(qml.Y(0)), qml.probs(wires=1)), id="several"),
    pytest.param(lambda: qml.expval(qml.Hermitian([[1, 2j], [-2j, 0]], wires=0)), id="Hermitian"),
]


def qnode_of(gates, read_out, device):
    @qml.qnode(device)
    def circuit(x, w):
        gates(x, w)
        return read_out()

    return circuit


def flat(jacobian):
    parts = jacobian if isinstance(jacobian, tuple) else (jacobian,)
    return np.concatenate([np.reshape(p, -1) for p in parts])


@pytest.mark.parametrize("gates", GATES)
@pytest.mark.parametrize("read_out", [READ_OUTS[0], READ_OUTS[1], READ_OUTS[2]])
def test_without_shots_both_roads_agree(gates, read_out, rng):
    circuit = qnode_of(gates, read_out, qml.device("default.qubit", wires=2))
    w = rng.uniform(0, 6, 4)
    exact, measured = (
        flat(pt.coefficient_jacobian(circuit, "x", engine=engine)(0.0, w))
        for engine in ("exact", "measured")
    )
    assert np.abs(exact).max() > 1e-2
    np.testing.assert_allclose(measured, exact, rtol=0, atol=1e-10)


@pytest.mark.parametrize("read_out", READ_OUTS)
@pytest.mark.parametrize("name", ["default.mixed", "lightning.qubit"])
def test_devices_agree(name, read_out, rng):
    w = rng.uniform(0, 6, 4)
    exact = pt.coefficient_jacobian(
        qnode_of(basic, read_out, qml.device("default.qubit", wires=2)), "x", engine="exact"
    )(0.0, w)
    measured = pt.coefficient_jacobian(
        qnode_of(basic, read_out, qml.device(name, wires=2)), "x", engine="measured"
    )(0.0, w)
    np.testing.assert_allclose(flat(measured), flat(exact), rtol=0, atol=1e-10)


def test_noise_is_measured_and_not_simulated_away(rng):
    """Depolarising before the read-out of ``Z`` shrinks everything by ``1 − 4p/3``."""

    def noisy(p):
        def gates(x, w):
            basic(x, w)
            if p:
                qml.DepolarizingChannel(p, wires=1)

        return qnode_of(gates, lambda: qml.expval(qml.Z(1)), qml.device("default.mixed", wires=2))

    w = rng.uniform(0, 6, 4)
    clean, faded = (pt.coefficient_jacobian(noisy(p), "x")(0.0, w) for p in (0.0, 0.15))
    np.testing.assert_allclose(faded, 0.8 * clean, rtol=0, atol=1e-10)


def test_rows_of_coefficients_agree(rng):
    circuit = qnode_of(basic, lambda: qml.probs(wires=[0]), qml.device("default.qubit", wires=2))
    w = rng.uniform(0, 6, 4)
    exact, measured = (
        pt.fourier_rows(circuit, "x", engine=engine)(0.0, w) for engine in ("exact", "measured")
    )
    np.testing.assert_allclose(measured.values, exact.values, rtol=0, atol=1e-10)
    assert measured.cost.circuits == 5 and exact.cost.circuits == 0


def test_a_tape_gives_the_jacobian_of_its_qnode(rng):
    w = rng.uniform(0, 6, 2)

    def gates(x, w):
        qml.RY(w[0], wires=0)
        qml.RX(x, wires=0)
        qml.CRY(w[1], wires=[0, 1])
        qml.RX(x, wires=1)

    operations = [
        qml.RY(w[0], 0), qml.RX(0.0, 0), qml.CRY(w[1], wires=[0, 1]), qml.RX(0.0, 1)
    ]  # fmt: skip
    device = qml.device("default.qubit", wires=2)
    tape = qml.tape.QuantumScript(operations, [qml.expval(qml.Z(1))], trainable_params=[0, 2])
    tapes, post = pt.coefficient_jacobian(tape, encoding_args={"x": [1, 3]})
    found = post(qml.execute(tapes, device))
    exact = pt.coefficient_jacobian(qnode_of(gates, lambda: qml.expval(qml.Z(1)), device), "x")(
        0.0, w
    )
    np.testing.assert_allclose(np.stack(found, axis=-1), exact, rtol=0, atol=1e-10)


# -- with shots ------------------------------------------------------------------------------------


@pytest.mark.parametrize("gates", [basic, controlled, several_angles])
@pytest.mark.parametrize("read_out", READ_OUTS[:4])
def test_with_shots_the_exact_value_lies_within_the_errors(gates, read_out, rng):
    w = rng.uniform(0, 6, 4)
    circuit = qnode_of(gates, read_out, qml.device("default.qubit", wires=2, seed=rng))
    measured = pt.measure_jacobian(qml.set_shots(circuit, 2000), "x", seed=1)(0.0, w)
    parts = pt.coefficient_jacobian(circuit, "x", engine="exact")(0.0, w)
    parts = parts if isinstance(parts, tuple) else (parts,)
    # rows of the record are output-major
    exact = np.concatenate(
        [np.moveaxis(p.reshape(len(p), -1, 4), 1, 0).reshape(-1, 4) for p in parts]
    )
    assert np.abs(measured.value - exact).max() > 1e-6, "no shots were taken"
    sigma = np.maximum(measured.stderr, 1e-12)
    assert np.abs((measured.value - exact) / sigma).max() < 5
    assert measured.stderr.max() < 5 / np.sqrt(2000)


def repeats(qnode, w, count):
    measure = pt.measure_jacobian(qnode, "x", seed=3)
    return [measure(0.0, w) for _ in range(count)]


@pytest.mark.slow
def test_intervals_cover_as_often_as_they_say(rng):
    count, level = 150, 0.95
    w = rng.uniform(0, 6, 4)
    circuit = qnode_of(
        basic,
        lambda: (qml.expval(qml.Z(1)), qml.expval(qml.X(0))),
        qml.device("default.qubit", seed=rng),
    )
    exact = pt.coefficient_jacobian(circuit, "x", engine="exact")(0.0, w)
    exact = np.concatenate(exact)
    hits = np.zeros(exact.shape)
    for measured in repeats(qml.set_shots(circuit, 100), w, count):
        low, high = measured.interval(level)
        hits += (low <= exact) & (exact <= high)
    moving = np.abs(exact).max(axis=0) > 0
    share = hits[:, moving] / count
    sigma = np.sqrt(level * (1 - level) / count)
    assert share.min() > level - 4.5 * sigma
    # circuits of few outcomes are smoothed towards caution; sure they must not be
    assert level - 2 * sigma < share.mean() < level + 2 * sigma


@pytest.mark.slow
@pytest.mark.parametrize(("shots", "level"), [(50, 0.95), (400, 0.8)])
def test_rank_bounds_are_seldom_above_the_truth(shots, level, rng):
    """Real blocks: rank 2 of three rows and three parameters, whatever the noise looks like."""
    count = 60

    @qml.qnode(qml.device("default.qubit", seed=rng))
    def circuit(x, w):
        qml.RY(w[0], wires=0)
        qml.RY(w[1], wires=0)
        qml.RX(x, wires=0)
        qml.RY(w[2], wires=0)
        return qml.expval(qml.Z(0))

    w = np.array([0.4, 0.9, 1.1])
    exact = pt.coefficient_jacobian(circuit, "x", engine="exact")(0.0, w)
    assert np.linalg.matrix_rank(exact, tol=1e-9) == 2
    found = [
        m.noise_floor(level, n_resamples=199).rank(level)
        for m in repeats(qml.set_shots(circuit, shots), w, count)
    ]
    wrong = np.mean(np.array(found) > 2)
    assert wrong <= (1 - level) + 3 * np.sqrt(level * (1 - level) / count)
    if shots == 400:
        assert np.mean(np.array(found) == 2) > 0.9, "a bound that says nothing is never wrong"
