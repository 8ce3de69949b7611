"""Sub-circuits of density models, and what their mixtures give by matrices."""

from __future__ import annotations

import numpy as np
import pennylane as qml

ANGLES = np.array([[0.3, 1.1], [2.0, -0.7], [-1.2, 0.4]])
ALPHA = np.array([0.2, 0.5, 0.3])
X = 0.9


def turn(angle):
    """f = cos(angle)."""
    qml.RX(angle, wires=0)
    return qml.expval(qml.Z(0))


def gates(w, x):
    qml.RX(x, wires=0)
    qml.RY(w[0], wires=0)
    qml.CNOT([0, 1])
    qml.RX(w[1], wires=1)
    qml.CRY(w[0] * w[1], wires=[1, 0])


#: Pauli words in bases that do not commute.
OBSERVABLE = qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(0) - 0.3 * qml.Y(1)


def part(w, x):
    gates(w, x)
    return qml.expval(OBSERVABLE)


def part_with_all(w, x):
    gates(w, x)
    return {"f": qml.expval(OBSERVABLE), "p": [qml.probs(wires=[1, 0]), qml.probs(wires=0)]}


def flat(result):
    """The results of :func:`part_with_all` as one vector (of any interface)."""
    leaves = [result["f"], *result["p"]]
    return qml.math.concatenate([qml.math.reshape(leaf, (-1,)) for leaf in leaves])


def density(angles=ANGLES, alpha=ALPHA, x=X) -> np.ndarray:
    """``Σ_k α_k ρ_k`` of :func:`gates`, from matrices of the gates."""
    rho = np.zeros((4, 4), complex)
    for w, a in zip(np.asarray(angles), np.asarray(alpha), strict=True):
        state = qml.matrix(gates, wire_order=[0, 1])(w, x)[:, 0]
        rho += a * np.outer(state, state.conj())
    return rho


def value(angles=ANGLES, alpha=ALPHA, x=X) -> np.ndarray:
    """What :func:`flat` gives for the mixture, by matrices: ``Tr(Oρ)`` and diagonals of ``ρ``."""
    rho = density(angles, alpha, x)
    f = np.trace(qml.matrix(OBSERVABLE, wire_order=[0, 1]) @ rho).real
    p = np.diag(rho).real.reshape(2, 2)
    return np.concatenate([[f], p.T.ravel(), p.sum(axis=1)])


def jacobians(angles=ANGLES, alpha=ALPHA, x=X, step: float = 1e-5):
    """Derivatives of :func:`value` by ``α`` and by the angles, by central differences."""
    by_alpha = np.stack(
        [value(angles, alpha + d, x) - value(angles, alpha - d, x)
         for d in step * np.eye(len(alpha))], axis=-1
    )  # fmt: skip
    by_angle = np.empty((*by_alpha.shape[:1], *np.shape(angles)))
    for index in np.ndindex(*np.shape(angles)):
        d = np.zeros(np.shape(angles))
        d[index] = step
        by_angle[(slice(None), *index)] = value(angles + d, alpha, x) - value(angles - d, alpha, x)
    return by_alpha / (2 * step), by_angle / (2 * step)
