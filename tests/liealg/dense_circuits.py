"""Random circuits of rotations and unitaries, with their dense matrices."""

from functools import reduce

import numpy as np
from test_words import dense, random_pairs

from pennylane_trainability.liealg.reach import Source
from pennylane_trainability.liealg.steps import Mixing, Turn, transfer_matrix

HADAMARD = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
PHASE = np.diag([1, 1j])


def random_unitary(rng, size):
    normal = rng.standard_normal((size, size)) + 1j * rng.standard_normal((size, size))
    return np.linalg.qr(normal)[0]


def embedded(matrix, wires, n):
    """A matrix on some wires among ``n``, by its action on the axes of a tensor."""
    k = len(wires)
    full = np.tensordot(matrix.reshape([2] * 2 * k), np.eye(2**n).reshape([2] * 2 * n),
                        (range(k, 2 * k), wires))  # fmt: skip
    return np.moveaxis(full, range(k), wires).reshape(2**n, 2**n)


def as_word(matrix, n):
    """``(x, z, phase)`` of a matrix that is a word times a sign."""
    for code in range(4**n):
        pair = (code >> n, code & (1 << n) - 1)
        overlap = np.trace(dense(pair, n).conj().T @ matrix).real / 2**n
        if abs(overlap) > 0.5:
            return (*pair, 0 if overlap > 0 else 2)
    raise AssertionError("no word")


def random_clifford(rng, n, depth=8):
    gates = []
    for _ in range(depth):
        a, b = rng.permutation(n)[:2]
        cnot = np.eye(4)[[0, 1, 3, 2]]
        gates.append(
            embedded(cnot, [a, b], n) @ embedded([HADAMARD, PHASE][rng.integers(2)], [a], n)
        )
    return reduce(np.matmul, gates)


class Case:
    """Random rotations and unitaries on one or two wires, some behind a Clifford circuit."""

    def __init__(self, rng, n, length, mixings=0, distinct=None):
        self.n = n
        words = [p for p in random_pairs(rng, 10 * length, n) if p != (0, 0)][: distinct or length]
        self.steps, self.matrices, self.tables = [], [], {}
        self.angles = rng.uniform(-np.pi, np.pi, length + mixings)
        where = set(rng.permutation(length + mixings)[:mixings].tolist())
        for k in range(length + mixings):
            if k in where:
                self._mix(rng, k)
            else:
                pair = words[rng.integers(len(words))]
                half = self.angles[k] / 2
                self.steps.append(Turn(*pair))
                matrix = np.cos(half) * np.eye(2**n) - 1j * np.sin(half) * dense(pair, n)
                self.matrices.append(matrix)
        self.sources = [
            Source(int(rng.integers(len(self.steps) + 1)), *pair)
            for pair in random_pairs(rng, 6, n)
            if pair != (0, 0)
        ]
        self.sources.append(Source(len(self.steps), *words[0]))

    def _mix(self, rng, k):
        wires = rng.permutation(self.n)[: 1 + k % 2].tolist()
        clifford = random_clifford(rng, self.n)
        unitary = random_unitary(rng, 2 ** len(wires))
        images = tuple(
            as_word(clifford.conj().T @ dense(pair, self.n) @ clifford, self.n)
            for w in wires
            for pair in ((1 << w, 0), (0, 1 << w))
        )
        self.steps.append(Mixing(images, np.ones((4 ** len(wires),) * 2, bool)))
        matrix = clifford.conj().T @ embedded(unitary, wires, self.n) @ clifford
        self.matrices.append(matrix)
        self.tables[k] = transfer_matrix(unitary)

    def carried(self, source):
        """The dense matrix of a source behind all steps."""
        found = dense((source.x, source.z), self.n)
        for matrix in self.matrices[source.place :]:
            found = matrix @ found @ matrix.conj().T
        return found

    def expected(self, words):
        """The matrix of coefficients, by traces."""
        basis = [dense(pair, self.n) for pair in words.pairs()]
        return np.array(
            [
                [np.trace(b.conj().T @ self.carried(source)).real / 2**self.n for b in basis]
                for source in self.sources
            ]
        )
