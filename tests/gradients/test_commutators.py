"""Commutators of words with a read-out, against dense matrices, whole and in small pieces."""

from functools import reduce

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

from pennylane_trainability.liealg.words import Words
from pennylane_trainability.transforms.gradient_circuits import adjoint_linear

LETTERS = {
    (0, 0): np.eye(2),
    (1, 0): np.array([[0, 1], [1, 0]]),
    (1, 1): np.array([[0, -1j], [1j, 0]]),
    (0, 1): np.diag([1, -1]),
}
N = 3


def dense(pair):
    x, z = pair
    return reduce(np.kron, [LETTERS[x >> w & 1, z >> w & 1] for w in range(N)])


@pytest.mark.parametrize("numbers", [1 << 20, 7, 1])
def test_values_are_expectation_values_of_commutators(numbers, rng, monkeypatch):
    """``⟨(i/2)[σ_t, O_i]⟩`` in a random state, for blocks of any size."""
    monkeypatch.setattr(adjoint_linear, "_NUMBERS", numbers)
    carried = [(int(x), int(z)) for x, z in rng.integers(0, 2**N, (9, 2))]
    read = [(int(x), int(z)) for x, z in rng.integers(0, 2**N, (5, 2))]
    signs = rng.choice([-1.0, 1.0], 5)
    found = adjoint_linear.commutators(Words.of(carried, N), Words.of(read, N), signs)
    state = rng.standard_normal(2**N) + 1j * rng.standard_normal(2**N)
    state /= np.linalg.norm(state)
    means = np.array([(state.conj() @ dense(p) @ state).real for p in found.found.pairs()])
    expected = np.zeros((9, 5))
    for t, first in enumerate(carried):
        for i, second in enumerate(read):
            s, o = dense(first), signs[i] * dense(second)
            expected[t, i] = (state.conj() @ (0.5j * (s @ o - o @ s)) @ state).real
    np.testing.assert_allclose(found.values(means, 0, 5), expected, atol=1e-13)
    for start, stop in ((0, 2), (2, 3), (3, 5), (5, 5)):
        np.testing.assert_allclose(
            found.values(means, start, stop), expected[:, start:stop], atol=1e-13
        )
    assert found.shape == (9, 5) and len(set(found.found.pairs())) == len(found.found)


@pytest.mark.parametrize("numbers", [1 << 20, 40, 1])
def test_gradients_do_not_depend_on_the_size_of_the_pieces(numbers, rng, monkeypatch):
    """Two measurements, one of them a vector, from means of the same words."""
    monkeypatch.setattr(adjoint_linear, "_NUMBERS", numbers)

    def circuit(w):
        qml.RX(w[0], 0)
        qml.CNOT([0, 1])
        qml.RY(w[1], 1)
        qml.IsingXY(w[2], [1, 2])
        qml.RZ(w[0] + w[3], 2)
        qml.RX(w[3], 2)
        return qml.expval(qml.Z(0) @ qml.Y(2) + 0.3 * qml.X(1)), qml.probs([1, 2])

    weights = pnp.array(rng.uniform(0.2, 2, 4), requires_grad=True)

    def gradient(method):
        qnode = qml.QNode(circuit, qml.device("default.qubit", wires=N), diff_method=method)
        return qml.jacobian(lambda w: qml.math.hstack(qnode(w)))(weights)

    np.testing.assert_allclose(gradient(qml.gradients.dla_grad), gradient("backprop"), atol=1e-10)
