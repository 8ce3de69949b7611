"""The same matrix by PennyLane: states differentiated there, then the formula word for word."""

from __future__ import annotations

import warnings

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp


def formula(state, derivatives) -> np.ndarray:
    """``4 Re[⟨∂_i ψ|∂_j ψ⟩ - ⟨∂_i ψ|ψ⟩⟨ψ|∂_j ψ⟩]`` from ``(N,)`` and ``(P, N)``, word for word."""
    size = len(derivatives)
    out = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            di, dj = derivatives[i], derivatives[j]
            out[i, j] = 4 * np.real(np.vdot(di, dj) - np.vdot(di, state) * np.vdot(state, dj))
    return out


def state_of(function, wires):
    """The state before the measurement, as a function of the arguments."""
    device = qml.device("default.qubit", wires=wires, seed=0)

    @qml.qnode(device, interface="auto")
    def qnode(*args):
        function(*args)
        return qml.state()

    return qnode


def by_autograd(function, wires, w) -> np.ndarray:
    """``F`` of ``function(w)`` by PennyLane's backpropagation of the state."""
    qnode = state_of(function, wires)

    def parts(w):
        state = qnode(w)
        return qml.math.concatenate([qml.math.real(state), qml.math.imag(state)])

    with warnings.catch_warnings():
        # raised by autograd inside PennyLane's own derivatives of gates with a phase
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        slopes = qml.jacobian(parts)(pnp.array(w))
    slopes = np.reshape(slopes, (len(slopes), -1)).T
    half = slopes.shape[1] // 2
    return formula(np.array(qnode(w)), slopes[:, :half] + 1j * slopes[:, half:])


def by_differences(function, wires, w, step=2e-3) -> np.ndarray:
    """The same by central differences of sixth order, for gates autograd cannot differentiate."""
    qnode = state_of(function, wires)
    w = np.asarray(w, float)
    derivatives = []
    for unit in np.eye(w.size).reshape(-1, *w.shape):
        d = [qnode(w + k * step * unit) - qnode(w - k * step * unit) for k in (1, 2, 3)]
        derivatives.append((45 * d[0] - 9 * d[1] + d[2]) / (60 * step))
    return formula(qnode(w), np.array(derivatives))


def flat(matrix) -> np.ndarray:
    """``(*S, *S)`` as a square matrix."""
    size = round(np.sqrt(np.size(matrix)))
    return np.reshape(matrix, (size, size))
