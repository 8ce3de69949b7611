"""The same numbers by PennyLane: one execution per draw and input, differentiated by autograd."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.simulation.adjoint import simulate


def on_default_qubit(function, wires, **options):
    """A QNode of ``function(x, w)`` on a noiseless state-vector simulator."""
    return qml.QNode(function, qml.device("default.qubit", wires=wires), **options)


def engine(qnode, weights, inputs, **options):
    """Values ``(D, G, m)`` and gradients ``(D, G, m, P)`` of the package's own engine."""
    reading = read_qnode(qnode, (float(inputs[0]), weights[0]), {}, "x")
    circuit = reading.at(weights.reshape(len(weights), -1), np.asarray(inputs)[:, None])
    found = simulate(circuit, **options)
    lead = (len(weights), len(inputs))
    values = np.concatenate([v.reshape(*lead, -1) for v in found.values], axis=-1)
    if found.gradients is None:
        return values, None
    size = circuit.n_parameters
    slopes = [g.reshape(*lead, -1, size) for g in found.gradients]
    return values, np.concatenate(slopes, axis=2)


def flat(result):
    """Results of all measurements as one vector."""
    parts = result if isinstance(result, (tuple, list)) else [result]
    return qml.math.concatenate([qml.math.reshape(part, (-1,)) for part in parts])


def by_autograd(qnode, w, x):
    """Values ``(m,)`` and gradients ``(m, P)`` at one point, by PennyLane's own derivatives."""
    with warnings.catch_warnings():
        # raised by autograd inside PennyLane's own derivatives of gates with a phase
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        slopes = qml.jacobian(lambda w: flat(qnode(x, w)))(pnp.array(w))
    return np.array(flat(qnode(x, w))), slopes.reshape(len(slopes), -1)


def by_differences(qnode, w, x, step=2e-3):
    """The same by central differences of sixth order."""

    def outputs(w):
        return np.array(flat(qnode(x, w)))

    slopes = []
    for unit in np.eye(w.size).reshape(-1, *w.shape):
        pairs = [outputs(w + k * step * unit) - outputs(w - k * step * unit) for k in (1, 2, 3)]
        slopes.append((45 * pairs[0] - 9 * pairs[1] + pairs[2]) / (60 * step))
    return outputs(w), np.stack(slopes, axis=-1)


def assert_agrees(
    qnode, weights, inputs, reference=by_autograd, atol=1e-10, points=None, **options
):
    """The engine on all draws and inputs at once against single points.

    ``points`` are pairs of a draw and an input; by default every draw meets a different input.
    """
    values, slopes = engine(qnode, weights, inputs, **options)
    largest = 0.0
    if points is None:
        count = max(len(weights), len(inputs))
        points = [(k % len(weights), k % len(inputs)) for k in range(count)]
    for d, g in points:
        value, slope = reference(qnode, weights[d], inputs[g])
        largest = max(largest, np.abs(slope).max())
        np.testing.assert_allclose(values[d, g], value, rtol=0, atol=1e-10)
        np.testing.assert_allclose(slopes[d, g], slope, rtol=0, atol=atol)
    assert largest > 1e-2, "nothing moves here: the test says nothing"


def mix(wires, seed=0):
    """A fixed state without symmetry: rotations about all axes and a chain of CNOTs."""
    rng = np.random.default_rng(seed)
    for w in wires:
        qml.Rot(*rng.uniform(0.3, 2.8, 3), wires=w)
    for a, b in pairwise(wires):
        qml.CNOT([a, b])
    for w in wires:
        qml.RX(rng.uniform(0.3, 2.8), wires=w)
