"""Commuting words measured together: closed forms of stabilizer states, and shots."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
import pytest
from support import THIRD_PARTY_WARNINGS, count_executions

from pennylane_trainability import diagonalize_commuting, one_job


def remote(wires: int):
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return qml.device("qiskit.remote", wires=wires, backend=FakeManilaV2())


def by_name(name: str):
    return functools.partial(qml.device, name)


QISKIT = [pytest.mark.qiskit, *(pytest.mark.filterwarnings(w) for w in THIRD_PARTY_WARNINGS)]
SIMULATORS = [
    pytest.param(by_name(name), id=name)
    for name in ("default.qubit", "lightning.qubit", "default.mixed")
]
DEVICES = [*SIMULATORS, pytest.param(by_name("qiskit.aer"), id="qiskit.aer", marks=QISKIT)]


def words(*texts: str):
    return [qml.pauli.string_to_pauli_word(text) for text in texts]


def ghz(n_wires: int) -> None:
    qml.Hadamard(0)
    for wire in range(n_wires - 1):
        qml.CNOT([wire, wire + 1])


#: Stabilizers of the GHZ state with their signs (Mermin 1990), and a word with mean zero.
GHZ = {"XXX": 1, "XYY": -1, "YXY": -1, "YYX": -1, "ZZI": 1, "IZZ": 1}


@pytest.mark.parametrize("device", DEVICES)
def test_ghz(device):
    device = device(wires=3)

    @functools.partial(qml.set_shots, shots=200)
    @diagonalize_commuting
    @qml.qnode(device)
    def circuit():
        ghz(3)
        return [qml.expval(word) for word in words(*GHZ)]

    sizes = count_executions(device)
    np.testing.assert_array_equal(circuit(), list(GHZ.values()))
    assert sizes == [1]


@pytest.mark.parametrize("device", DEVICES)
def test_a_sum_with_a_constant_from_shots(device):
    energy = qml.Hamiltonian([1.5, 2.0, -0.25, 3.0], [*words("XX", "YY", "ZZ"), qml.I(0)])

    @functools.partial(qml.set_shots, shots=100)
    @diagonalize_commuting
    @qml.qnode(device(wires=2))
    def singlet():
        qml.X(0)
        qml.X(1)
        ghz(2)
        return qml.expval(energy), qml.probs(wires=0)

    value, probabilities = singlet()
    assert value == pytest.approx(-1.5 - 2.0 + 0.25 + 3.0)
    assert np.shape(probabilities) == (2,)


@pytest.mark.parametrize("device", [pytest.param(remote, id="qiskit.remote", marks=QISKIT)])
def test_a_noisy_backend_gets_one_circuit(device):
    device = device(wires=3)
    sizes = count_executions(device)

    @functools.partial(qml.set_shots, shots=1000)
    @diagonalize_commuting
    @qml.qnode(one_job(device))
    def circuit():
        ghz(3)
        return [qml.expval(word) for word in words(*GHZ)]

    values = np.array(circuit())
    assert sizes == [1]
    assert np.all(values * list(GHZ.values()) > 0.4)


def rotations(angles) -> None:
    for wire, angle in enumerate(angles):
        qml.RY(angle, wires=wire)
        qml.RZ(angle**2, wires=wire)
    qml.CNOT([0, 1])
    qml.CRX(0.9, [1, 2])


COMMUTING = ("XXI", "YYI", "ZZI", "XXZ", "IIZ")


@pytest.mark.parametrize("device", SIMULATORS)
def test_means_lie_within_the_errors_of_their_shots(device, rng):
    angles, shots = rng.normal(size=3), 4000
    device = device(wires=3, seed=int(rng.integers(2**31)))

    @qml.qnode(device)
    def circuit():
        rotations(angles)
        return [qml.expval(word) for word in words(*COMMUTING)]

    exact = np.array(circuit())
    found = np.array(qml.set_shots(diagonalize_commuting(circuit), shots=shots)())
    assert np.all(np.abs(found - exact) <= 5 * np.sqrt((1 - exact**2) / shots) + 1e-9)


@pytest.mark.parametrize("device", SIMULATORS)
def test_every_shot_obeys_the_products_of_words(device, rng):
    """XX·YY = −ZZ and XX·Z = XXZ hold shot by shot, which needs one circuit for all of them."""
    angles = rng.normal(size=3)

    @functools.partial(qml.set_shots, shots=[1] * 40)
    @diagonalize_commuting
    @qml.qnode(device(wires=3, seed=int(rng.integers(2**31))))
    def circuit():
        rotations(angles)
        return tuple(qml.expval(word) for word in words(*COMMUTING))

    found = circuit()
    assert len(found) == 40
    xx, yy, zz, xxz, z = np.array(found).T
    np.testing.assert_array_equal(np.abs(xx), 1)
    np.testing.assert_array_equal(xx * yy, -zz)
    np.testing.assert_array_equal(xx * z, xxz)
    assert len(set(map(tuple, found))) > 1, "outcomes differ from shot to shot"


@pytest.mark.parametrize("device", SIMULATORS)
def test_shot_vectors_with_broadcasting_and_leftovers(device, rng):
    @functools.partial(qml.set_shots, shots=[30, 20, 20])
    @qml.qnode(device(wires=3, seed=int(rng.integers(2**31))))
    def circuit(angle):
        rotations([angle, 0.1, 0.2])
        return qml.expval(words("XXI")[0]), qml.probs(wires=[0, 1]), qml.expval(words("YYI")[0])

    batch = np.array([0.1, 0.4, 0.7, 1.0])
    expected, found = circuit(batch), diagonalize_commuting(circuit)(batch)
    assert isinstance(found, tuple) and len(found) == 3
    for old, new in zip(expected, found, strict=True):
        assert [np.shape(v) for v in new] == [np.shape(v) for v in old] == [(4,), (4, 4), (4,)]
