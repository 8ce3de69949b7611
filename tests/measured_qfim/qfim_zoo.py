"""Circuits whose QFIM is measured: every kind of gate, preparation and argument, and by hand where
possible.
"""

from __future__ import annotations

import numpy as np
import pennylane as qml

__all__ = ["ZOO", "entangling", "qfim_by_differences", "state_of"]


def entangling(w):
    qml.StronglyEntanglingLayers(w.reshape(2, 3, 3), wires=range(3))


def tied(w):
    """MaxCut QAOA: one parameter in many gates."""
    for wire in range(4):
        qml.Hadamard(wire)
    for layer in range(2):
        for wire in range(4):
            qml.IsingZZ(w[2 * layer], wires=[wire, (wire + 1) % 4])
        for wire in range(4):
            qml.RX(2 * w[2 * layer + 1], wires=wire)


def excitations(w):
    qml.BasisState(np.array([1, 0, 1, 0]), wires=range(4))
    qml.RY(w[3], wires=1)
    qml.DoubleExcitation(w[0], wires=[0, 2, 1, 3])
    qml.SingleExcitation(w[1], wires=[0, 1])
    qml.FermionicSWAP(w[2], wires=[1, 2])
    qml.RX(w[4], wires=3)


def reuploading(w):
    x = 0.7
    for layer in range(3):
        for wire in range(2):
            qml.RX(x, wires=wire)
            qml.Rot(*w[6 * layer + 3 * wire :][:3], wires=wire)
        qml.CNOT([0, 1])


def fixed_between(w):
    """Clifford gates, gates that are none, quarter turns, and labels that are no numbers."""
    qml.Hadamard("a")
    qml.RY(w[0], wires="a")
    qml.T("a")
    qml.RX(np.pi / 2, wires="b")
    qml.CRX(w[1], wires=["a", "b"])
    qml.Toffoli(["a", "b", 7])
    qml.CRZ(w[2], wires=["b", 7])
    qml.SWAP(["a", 7])
    qml.RX(np.pi / 3, wires="a")
    qml.PauliRot(w[3], "XYZ", wires=["a", 7, "b"])
    qml.S("b")
    qml.MultiRZ(w[4], wires=["b", "a"])
    qml.ctrl(qml.RY(w[5], wires="b"), control=7, control_values=[0])


def several_angles(w):
    """A prepared state, and a gate whose generators do not commute."""
    qml.StatePrep(np.array([1, 1j, 0.3, 2]) / np.linalg.norm([1, 1j, 0.3, 2]), wires=[0, 1])
    qml.RX(w[0], wires=0)
    qml.SpecialUnitary(w[1:4], wires=1)
    qml.CNOT([1, 2])
    qml.RY(w[4], wires=1)
    qml.evolve(qml.Z(1) + 0.5 * qml.X(1) @ qml.Y(2), w[5])
    qml.SpecialUnitary(np.linspace(0, 1, 15), wires=[0, 2])
    qml.RX(w[6], wires=2)


def functions_of_parameters(w):
    qml.RX(np.sin(w[0]), wires=0)
    qml.RY(w[0] * w[1], wires=1)
    qml.CNOT([0, 1])
    qml.RZ(w[1] - 2 * w[2], wires=1)
    qml.RY(w[2], wires=0)


def commuting(w):
    """One layer whatever the order: diagonal gates behind fixed rotations."""
    for wire in range(3):
        qml.RY(0.8 + wire, wires=wire)
    qml.RZ(w[0], wires=0)
    qml.IsingZZ(w[1], wires=[0, 1])
    qml.RZ(w[2], wires=1)
    qml.CNOT([1, 2])
    qml.RZ(w[3], wires=2)


#: name → (quantum function without a return value, number of parameters)
ZOO = {
    "entangling": (entangling, 18),
    "tied": (tied, 4),
    "excitations": (excitations, 5),
    "reuploading": (reuploading, 18),
    "fixed between": (fixed_between, 6),
    "several angles": (several_angles, 7),
    "functions of parameters": (functions_of_parameters, 3),
    "commuting": (commuting, 4),
}


def state_of(function, w) -> np.ndarray:
    """The state vector, from PennyLane."""
    tape = qml.tape.make_qscript(function)(w)
    tape = qml.tape.QuantumScript(tape.operations, [qml.state()])
    wires = sorted(tape.wires, key=str)
    return np.asarray(qml.execute([tape], qml.device("default.qubit", wires=wires))[0])


def qfim_by_differences(function, w, step: float = 1e-3) -> np.ndarray:
    """``(P, P)`` from fourth-order differences of state vectors; knows no generators.

    Args:
        function: ``w → gates``.
        w: where.
        step: of the differences; errors are of order ``step⁴``.
    """
    w = np.asarray(w, float)
    psi = state_of(function, w)
    columns = []
    for unit in np.eye(w.size):
        near = state_of(function, w + step * unit) - state_of(function, w - step * unit)
        far = state_of(function, w + 2 * step * unit) - state_of(function, w - 2 * step * unit)
        columns.append((8 * near - far) / (12 * step))
    d = np.array(columns)
    overlap = d.conj() @ psi
    return 4 * np.real(d.conj() @ d.T - np.outer(overlap, overlap.conj()))
