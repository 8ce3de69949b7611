"""Circuits of an input and weights whose Jacobians are measured."""

from __future__ import annotations

import numpy as np
import pennylane as qml

import pennylane_trainability as pt

SUM = 0.5 * qml.X(0) @ qml.Y(1) - 2 * qml.Z(0) + 0.7 * qml.Z(1) + 0.3 * qml.I(0)


def tied(x, w):
    """Parameters used twice, and functions of parameters."""
    qml.Rot(w[0], w[1], w[2], wires=0)
    qml.RX(x, wires=0)
    qml.CNOT([0, 1])
    qml.RY(w[3] + w[0], wires=1)
    qml.RX(x, wires=1)
    qml.RZ(qml.math.sin(w[1]) * w[3], wires=1)
    qml.RX(w[2] ** 2, wires=1)
    return qml.expval(SUM)


def several_inputs(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x[0], wires=0)
    qml.CRX(w[1], wires=[0, 1])
    qml.RZ(2 * x[1], wires=1)
    qml.IsingXX(w[2], wires=[0, 1])
    qml.RX(x[0], wires=1)
    qml.RY(w[3], wires=1)
    return qml.expval(qml.Z(1))


def probabilities(x, w):
    qml.RY(w[0], wires=0)
    qml.CRX(x, wires=[0, 1])
    qml.SingleExcitation(w[1], wires=[1, 0])
    qml.PhaseShift(x, wires=0)
    qml.CRot(w[2], w[3], 0.4, wires=[1, 0])
    return qml.probs(wires=[1, 0])


def several_results(x, w):
    qml.RY(w[0], wires=1)
    qml.RX(x, wires=0)
    qml.SpecialUnitary(np.concatenate([w[1:], np.linspace(0, 1, 12)]), wires=[1, 0])
    qml.RX(x, wires=1)
    return (
        qml.expval(qml.Hermitian([[1, 2j], [-2j, 0]], wires=0)),
        qml.probs(wires=1),
        qml.expval(qml.Z(0) @ qml.X(1)),
    )


def data_reuploading(x, w):
    pt.DataReuploading(x, w, wires=range(2))
    return qml.expval(qml.Z(1))


def serial_reuploading(x, w):
    pt.SerialReuploading(x, w, wires=0)
    return qml.expval(qml.Z(0))


#: name → (quantum function, shape of the input, shape of the weights)
ZOO = {
    "tied": (tied, (), (4,)),
    "several inputs": (several_inputs, (2,), (4,)),
    "probabilities": (probabilities, (), (4,)),
    "several results": (several_results, (), (4,)),
    "DataReuploading": (data_reuploading, (), pt.DataReuploading.shape(2, 2)),
    "SerialReuploading": (serial_reuploading, (), pt.SerialReuploading.shape(3)),
}


def member(name: str, device, shots=None):
    """The QNode, a value of its input, and its weights."""
    function, inputs, shape = ZOO[name]
    weights = np.random.default_rng(11).uniform(0.2, 2.8, shape)
    return qml.set_shots(qml.QNode(function, device), shots=shots), np.zeros(inputs), weights


def rows_of(parts, n_parameters: int) -> np.ndarray:
    """Rows as in a record, output-major, from what the transform returns."""
    parts = parts if isinstance(parts, tuple) else (parts,)
    blocks = [np.reshape(p, (len(p), -1, n_parameters)) for p in parts]
    return np.concatenate([np.moveaxis(b, 1, 0).reshape(-1, n_parameters) for b in blocks])


def reuploading(n_wires: int, n_layers: int, n_blocks: int, shots=None, seed=0, block="rot-ring"):
    """A re-uploading model read on its last wire, and random weights."""

    @qml.set_shots(shots)
    @qml.qnode(qml.device("default.qubit", seed=seed))
    def circuit(x, w):
        pt.DataReuploading(x, w, wires=range(n_wires), block=block)
        return qml.expval(qml.Z(n_wires - 1))

    shape = pt.DataReuploading.shape(n_layers, n_wires, n_blocks, block=block)
    return circuit, np.random.default_rng(3).uniform(0, 6, shape)
