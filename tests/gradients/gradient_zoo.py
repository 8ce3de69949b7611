"""Circuits whose gradients are measured, and second roads to these gradients."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pennylane as qml

LETTERS = "IXYZ"
CLIFFORDS = [qml.Hadamard, qml.S, qml.SX, qml.CNOT, qml.CZ, qml.CY, qml.SWAP, qml.ISWAP]


def random_word(rng, n: int) -> tuple[str, list[int]]:
    """A Pauli word other than the identity, and its wires."""
    while True:
        letters = rng.integers(4, size=n)
        wires = [int(w) for w in np.flatnonzero(letters)]
        if wires:
            return "".join(LETTERS[letters[w]] for w in wires), wires


def random_pauli(rng, n: int):
    """A Pauli word as an observable."""
    word, wires = random_word(rng, n)
    return qml.pauli.string_to_pauli_word(word, wire_map={w: k for k, w in enumerate(wires)})


def random_tape(seed: int, n: int = 4, depth: int = 14, measurements=None):
    """Pauli rotations with Clifford gates, encoding gates and fixed rotations in between."""
    rng = np.random.default_rng(seed)
    operations, trainable, position = [], [], 0
    for _ in range(depth):
        kind = rng.integers(10)
        if kind < 6:
            word, wires = random_word(rng, n)
            operations.append(qml.PauliRot(rng.uniform(0, 6), word, wires))
            trainable.append(position)
            position += 1
        elif kind < 8:
            gate = CLIFFORDS[rng.integers(len(CLIFFORDS))]
            wires = [int(w) for w in rng.permutation(n)[: gate.num_wires]]
            operations.append(gate(wires))
        elif kind == 8:
            operations.append(qml.RX(rng.uniform(0, 6), int(rng.integers(n))))
            position += 1
        else:
            operations.append(qml.T(int(rng.integers(n))))
    if measurements is None:
        measurements = [qml.expval(random_pauli(rng, n))]
    return qml.tape.QuantumScript(operations, measurements, trainable_params=trainable)


STABILIZERS = ["IIII", "XXXX", "ZZZZ", "YYYY"]
LOGICALS = [
    *("XXII", "IIYY", "IZZI", "XIIX", "YYII", "IIZZ"),
    *("IXXI", "YIIY", "ZZII", "IIXX", "IYYI", "ZIIZ"),
] * 2


def _product(logical: str, stabilizer: str) -> tuple[str, list[int]]:
    word = qml.pauli.string_to_pauli_word(logical).pauli_rep
    if stabilizer != "IIII":
        word = word @ qml.pauli.string_to_pauli_word(stabilizer).pauli_rep
    (letters,) = word
    return "".join(letters[w] for w in sorted(letters)), sorted(letters)


WORDS = [_product(logical, stabilizer) for logical in LOGICALS for stabilizer in STABILIZERS]


def logical_products(angles) -> list:
    """Chinzei et al. (arXiv:2406.18316): 24 blocks of a logical word times 4 stabilizers."""
    return [qml.PauliRot(a, *word) for a, word in zip(angles, WORDS, strict=True)]


def logical_product_tape(angles):
    """These with the observable of the paper."""
    return qml.tape.QuantumScript(logical_products(angles), [qml.expval(qml.X(0) @ qml.X(1))])


# -- circuits of weights ---------------------------------------------------------------------------

SUM = 0.4 * qml.Z(0) - 1.3 * qml.X(1) @ qml.Y(2) + 0.7 * qml.Z(1) @ qml.Z(2) + 0.2 * qml.I(0)


def multi_word(w):
    qml.RY(w[0], wires=0)
    qml.CRX(w[1], wires=[0, 1])
    qml.Hadamard(2)
    qml.IsingXY(w[2], wires=[1, 2])
    qml.SingleExcitation(w[3], wires=[0, 2])
    qml.S(1)
    qml.ctrl(qml.RZ(w[4], wires=2), control=[0, 1], control_values=[1, 0])
    qml.CRot(w[5], w[6], w[7], wires=[2, 0])
    qml.DoubleExcitation(w[8], wires=[0, 1, 2, 3])
    qml.FermionicSWAP(w[9], wires=[1, 2])
    qml.adjoint(qml.PhaseShift(w[10], wires=1))
    qml.PSWAP(w[11], wires=[0, 1])
    qml.U3(w[12], w[13], w[14], wires=2)
    return [qml.expval(SUM)]


def tied(w):
    """Parameters used twice, and functions of parameters."""
    for wire in range(3):
        qml.RX(w[0], wires=wire)
    qml.CNOT([0, 1])
    qml.RY(qml.math.sin(w[1]) * w[2], wires=1)
    qml.CNOT([1, 2])
    qml.RZ(2.0 * w[0] - w[1], wires=2)
    qml.RX(w[2] ** 2, wires=2)
    return [qml.expval(qml.Z(2)), qml.expval(qml.Y(1))]


def entangled_input(w):
    state = np.array([1, 1j, 0.3, 2, 0, -1, 0.5j, 1])
    qml.StatePrep(state / np.linalg.norm(state), wires=[0, 1, 2])
    qml.RX(w[0], wires=0)
    qml.PauliRot(w[1], "XYZ", wires=[0, 1, 2])
    qml.RZ(0.3, wires=1)
    qml.MultiRZ(w[2], wires=[0, 2])
    qml.T(1)
    qml.RY(w[3], wires=1)
    return [qml.expval(SUM), qml.probs(wires=[2, 0])]


def several_measurements(w):
    for layer in range(2):
        for wire in range(3):
            qml.Rot(*w[9 * layer + 3 * wire : 9 * layer + 3 * wire + 3], wires=wire)
        for wire in range(3):
            qml.CNOT([wire, (wire + 1) % 3])
    return [
        qml.expval(qml.Z(0)),
        qml.probs(wires=[0, 2]),
        qml.expval(qml.Hermitian(np.array([[1, 0.5 - 1j], [0.5 + 1j, -0.2]]), wires=1)),
        qml.expval(qml.Projector([1, 0], wires=[1, 2])),
    ]


def opaque(w):
    """Gates that are no product of commuting Pauli rotations, trainable and fixed."""
    qml.RX(w[0], wires=0)
    qml.SpecialUnitary(np.linspace(0.1, 1, 15), wires=[0, 1])
    qml.RY(w[1], wires=1)
    qml.evolve(qml.X(0) @ qml.Z(1) + 0.7 * qml.Z(0) + 0.2 * qml.Y(1), w[2])
    qml.RX(w[3], wires=2)
    qml.Toffoli([0, 1, 2])
    qml.RZ(w[4], wires=0)
    return [qml.expval(qml.Z(0) @ qml.Y(1)), qml.expval(qml.Z(2))]


#: name → (quantum function that returns a list of measurements, number of parameters)
ZOO = {
    "multi-word generators": (multi_word, 15),
    "tied": (tied, 3),
    "entangled input": (entangled_input, 4),
    "several measurements": (several_measurements, 18),
    "opaque": (opaque, 5),
}


@functools.cache
def weights_of(name: str) -> np.ndarray:
    """Where a circuit of the zoo is looked at."""
    return np.random.default_rng(7).uniform(0.2, 2.8, ZOO[name][1])


@functools.cache
def truth_of(name: str) -> tuple[np.ndarray, ...]:
    """Jacobians by PennyLane's simulator alone, one per measurement."""
    weights = weights_of(name)
    qnode = qml.QNode(ZOO[name][0], qml.device("default.qubit"), diff_method="backprop")

    def values(w):
        return qml.math.hstack(qnode(w))

    if name == "opaque":  # backpropagation drops imaginary parts of qml.evolve
        found = by_differences(values, weights)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            found = qml.jacobian(values)(qml.numpy.array(weights))
    shapes = [np.shape(result) for result in qnode(weights)]
    parts = np.split(found, np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1])
    return tuple(part.reshape(*shape, -1) for part, shape in zip(parts, shapes, strict=True))


def by_differences(function, weights, step: float = 0.02) -> np.ndarray:
    """``(values, P)`` from central differences at three distances; errors of order ``step⁶``."""
    columns = []
    for unit in np.eye(len(weights)):
        d = [
            (function(weights + k * step * unit) - function(weights - k * step * unit)) / step
            for k in (1, 2, 3)
        ]
        columns.append((45 * d[0] - 9 * d[1] + d[2]) / 60)
    return np.stack(columns, axis=-1)
