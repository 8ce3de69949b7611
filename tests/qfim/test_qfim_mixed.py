"""The QFIM of mixed states: symmetric logarithmic derivatives of what a noisy simulator gives."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_trainability as pt
from pennylane_trainability.simulation.mixed_fisher import mixed_fisher_information


def noisy(function, wires):
    @functools.wraps(function)
    def circuit(*args):
        function(*args)
        return qml.expval(qml.Z(0))

    return qml.QNode(circuit, qml.device("default.mixed", wires=wires))


def by_definition(state, derivatives):
    """``½ Tr ρ{L_i, L_j}`` with ``L`` from the linear equations ``∂ρ = (Lρ + ρL)/2``."""
    size = len(state)
    eye = np.eye(size)
    system = 0.5 * (np.kron(eye, state.T) + np.kron(state, eye))
    found = [np.linalg.lstsq(system, d.ravel(), rcond=1e-12)[0] for d in derivatives]
    logarithmic = [x.reshape(size, size) for x in found]
    return np.array(
        [[0.5 * np.trace(state @ (a @ b + b @ a)).real for b in logarithmic] for a in logarithmic]
    )


def random_family(rng, size, rank, count):
    """A density matrix of some rank and derivatives that keep the rank."""
    frame = rng.normal(size=(size, rank)) + 1j * rng.normal(size=(size, rank))
    frame /= np.linalg.norm(frame)
    moves = rng.normal(size=(count, size, rank)) + 1j * rng.normal(size=(count, size, rank))
    derivatives = moves @ frame.conj().T
    derivatives = derivatives + derivatives.conj().swapaxes(-1, -2)
    state = frame @ frame.conj().T
    return state, derivatives - np.trace(derivatives, axis1=1, axis2=2)[:, None, None] * state


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_the_equation_of_the_logarithmic_derivatives(rank, rng):
    state, derivatives = random_family(rng, 4, rank, 3)
    found = mixed_fisher_information(state, derivatives)
    np.testing.assert_allclose(found, by_definition(state, derivatives), atol=1e-8)
    np.testing.assert_array_equal(found, found.T)


def test_it_is_four_times_the_bures_metric(rng):
    """``1 - √fidelity = F dθ²/8`` between neighbouring states of full rank."""
    state, (derivative,) = random_family(rng, 3, 3, 1)
    step = 1e-4

    def root(rho):
        values, vectors = np.linalg.eigh(rho)
        return (vectors * np.sqrt(values)) @ vectors.conj().T

    half = root(state - step / 2 * derivative)
    inner = half @ (state + step / 2 * derivative) @ half
    distance = 1 - np.sqrt(np.linalg.eigvalsh(inner)).sum()
    found = mixed_fisher_information(state, derivative[None])[0, 0]
    np.testing.assert_allclose(8 * distance / step**2, found, rtol=1e-4)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.3, 0.75])
def test_depolarised_rotation(p):
    def circuit(t):
        qml.RY(t, wires=0)
        qml.DepolarizingChannel(p, wires=0)

    found = pt.qfim(noisy(circuit, 1))(0.7)
    np.testing.assert_allclose(found, (1 - 4 * p / 3) ** 2, atol=1e-12)


@pytest.mark.parametrize("p", [0.1, 0.3])
def test_white_noise_on_one_qubit(p):
    """``ρ = (1 - p)ψ + p/2`` gives ``(1 - p)²``."""
    psi = np.array([np.cos(0.35), np.sin(0.35)])
    slope = np.array([-np.sin(0.35), np.cos(0.35)]) / 2
    state = (1 - p) * np.outer(psi, psi) + p * np.eye(2) / 2
    derivative = (1 - p) * (np.outer(psi, slope) + np.outer(slope, psi))
    found = mixed_fisher_information(state, derivative[None])
    np.testing.assert_allclose(found, (1 - p) ** 2, atol=1e-13)


def test_dephasing_halves_what_is_left_of_a_phase():
    """Coherence ``1 - 2p`` after phase flips: RZ on |+⟩ keeps ``(1 - 2p)²``."""

    def circuit(t):
        qml.Hadamard(0)
        qml.RZ(t, wires=0)
        qml.PhaseFlip(0.2, wires=0)

    np.testing.assert_allclose(pt.qfim(noisy(circuit, 1))(0.7), 0.6**2, atol=1e-12)


def gates(x, w):
    qml.RX(x, wires=1)
    for k in range(2):
        qml.RY(w[k, 0], wires=k)
        qml.RZ(w[k, 1] + w[0, 0], wires=k)
    qml.CRX(w[1, 2] * w[0, 2], wires=[0, 1])
    qml.IsingXY(0.5 * w[0, 2], wires=[0, 1])


@pytest.mark.parametrize("wires", [2, 3])
def test_pure_states_give_the_pure_formula(wires, rng):
    w = rng.normal(size=(2, 3))
    pure = qml.QNode(lambda x, w: (gates(x, w), qml.state())[1], qml.device("default.qubit"))
    found = pt.qfim(noisy(gates, wires), encoding_args="x")(0.3, w)
    assert found.shape == (2, 3, 2, 3)
    np.testing.assert_allclose(found, pt.qfim(pure, encoding_args="x")(0.3, w), atol=1e-11)


def test_channels_between_gates_against_differences(rng):
    def circuit(w):
        gates(0.2, w)
        qml.AmplitudeDamping(0.2, wires=0)
        qml.CNOT([0, 1])
        qml.RY(w[1, 0], wires=1)
        qml.BitFlip(0.1, wires=1)

    qnode = noisy(circuit, 2)

    @qml.qnode(qml.device("default.mixed", wires=2))
    def state(w):
        circuit(w)
        return qml.density_matrix([0, 1])

    w = rng.normal(size=(2, 3))
    derivatives, step = [], 1e-3
    for unit in np.eye(6).reshape(6, 2, 3):
        d = [state(w + m * step * unit) - state(w - m * step * unit) for m in (1, 2, 3)]
        derivatives.append((45 * d[0] - 9 * d[1] + d[2]) / (60 * step))
    expected = by_definition(state(w), np.array(derivatives))
    np.testing.assert_allclose(pt.qfim(qnode)(w).reshape(6, 6), expected, atol=1e-7)


def test_noise_never_adds_information(rng):
    w = rng.normal(size=(2, 3))

    def with_noise(x, w):
        gates(x, w)
        qml.DepolarizingChannel(0.05, wires=0)

    clean = pt.qfim(noisy(gates, 2), encoding_args="x")(0.1, w).reshape(6, 6)
    found = pt.qfim(noisy(with_noise, 2), encoding_args="x")(0.1, w).reshape(6, 6)
    assert np.linalg.eigvalsh(clean - found).min() > -1e-10
    assert np.trace(found) < np.trace(clean)


def test_a_mixed_state_to_start_from():
    def circuit(t):
        qml.QubitDensityMatrix(np.diag([0.8, 0.2]), wires=0)
        qml.RY(t, wires=0)

    np.testing.assert_allclose(pt.qfim(noisy(circuit, 1))(0.7), 0.6**2, atol=1e-12)


def test_everything_in_one_execution_on_the_device():
    qnode = noisy(gates, 2)
    with qml.Tracker(qnode.device) as tracker:
        pt.qfim(qnode, encoding_args="x")(0.3, np.ones((2, 3)))
    # one circuit, two shifts for each of four rotations, four for CRX and for IsingXY
    assert tracker.totals["batches"] == 1
    assert tracker.totals["executions"] == 1 + 2 * 4 + 2 * 4


def test_a_broadcasting_axis(rng):
    x, w = rng.normal(size=3), rng.normal(size=(2, 3))

    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RX(x, wires=1)
        qml.PhaseDamping(0.3, wires=1)
        qml.RY(w[0, 0], wires=0)
        qml.CRX(w[1, 2], wires=[0, 1])

    qnode = noisy(circuit, 2)
    found = pt.qfim(qnode, encoding_args="x")(x, w)
    each = [pt.qfim(qnode, encoding_args="x")(v, w) for v in x]
    np.testing.assert_allclose(found, each, atol=1e-12)


def test_on_a_tape_with_channels():
    operations = [qml.RY(0.5, 0), qml.DepolarizingChannel(0.3, 0)]
    tape = qml.tape.QuantumScript(operations, [qml.expval(qml.Z(0))], trainable_params=[0])
    tapes, post = pt.qfim(tape)
    assert len(tapes) == 3
    found = post(qml.execute(tapes, qml.device("default.mixed", wires=1)))
    np.testing.assert_allclose(found, [[0.36]], atol=1e-12)


def test_torch_numbers_come_back_as_torch():
    torch = pytest.importorskip("torch")
    found = pt.qfim(noisy(lambda t: qml.RY(t, wires=0), 1))(torch.tensor(0.4))
    assert isinstance(found, torch.Tensor)
    np.testing.assert_allclose(found, 1.0, atol=1e-6)


def test_it_cannot_be_differentiated():
    qnode = pt.qfim(noisy(lambda t: qml.RY(t, wires=0), 1))
    with pytest.raises(NotImplementedError, match="mixed state cannot be differentiated"):
        qml.grad(qnode)(pnp.array(0.4))


def test_a_trainable_channel_is_named():
    def circuit(t, p):
        qml.RY(t, wires=0)
        qml.DepolarizingChannel(p, wires=0)

    qnode = noisy(circuit, 1)
    with pytest.raises(pt.ReadingError, match="DepolarizingChannel on wires"):
        pt.qfim(qnode)(0.4, 0.1)
    np.testing.assert_allclose(
        pt.qfim(qnode, encoding_args="p")(0.4, 0.1), (1 - 0.4 / 3) ** 2, atol=1e-12
    )


def test_density_matrices_over_the_budget_are_refused():
    with pytest.raises(pt.BudgetError, match="density matrices of 17 circuits"):
        pt.qfim(noisy(gates, 2), encoding_args="x", memory=1000)(0.3, np.ones((2, 3)))
    # 17 density matrices of 4 by 4, and derivatives by 6 parameters
    need = 16 * 4**2 * (17 + 6)
    pt.qfim(noisy(gates, 2), encoding_args="x", memory=need)(0.3, np.ones((2, 3)))
    with pytest.raises(pt.BudgetError, match="density matrices of 17 circuits"):
        pt.qfim(noisy(gates, 2), encoding_args="x", memory=need - 1)(0.3, np.ones((2, 3)))


def test_density_matrices_on_three_wires_take_64_numbers_each():
    def circuit(w):
        qml.RY(w, wires=0)
        qml.CNOT([0, 1])
        qml.CNOT([1, 2])
        qml.DepolarizingChannel(0.1, wires=2)

    need = 16 * 4**3 * (3 + 1)
    pt.qfim(noisy(circuit, 3), memory=need)(0.4)
    with pytest.raises(pt.BudgetError, match="density matrices of 3 circuits"):
        pt.qfim(noisy(circuit, 3), memory=need - 1)(0.4)


def test_channels_are_refused_by_the_pure_formula():
    qnode = noisy(lambda t: (qml.RY(t, wires=0), qml.PhaseDamping(0.1, wires=0)), 1)
    with pytest.raises(pt.ReadingError, match="PhaseDamping is not unitary"):
        pt.qfim(qnode, engine="exact")(0.3)
