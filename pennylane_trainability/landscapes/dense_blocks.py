"""Blocks of any Hermitian generators from their matrices: for sums of words on a few wires.

A random Hermitian matrix that commutes with all generators has the irreducible parts as its
eigenspaces; a second one says which of them are copies of each other. Real, complex or quaternionic
is the question whether some ``S`` has ``S G* = −G S``, and whether it is symmetric.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.landscapes.haar_moments import algebra_dimension
from pennylane_trainability.landscapes.sectors import Weights, weights_of
from pennylane_trainability.landscapes.spectra import Spectrum, spectrum_of_matrix

__all__ = ["MAX_DENSE", "DenseBlock", "dense_blocks"]

#: Largest matrices; the commutant of ``D × D`` matrices is sought among ``D²`` unknowns.
MAX_DENSE = 32
_TOLERANCE = 1e-8
#: What a commutator has to add to be new; rounding errors grow along nested commutators.
_NEW = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class DenseBlock:
    """One irreducible part, its copies taken together.

    Attributes:
        size: ``N``.
        beta: 1, 2 or 4.
        multiplicity: number of copies.
        dimension: of the Lie algebra on it, scalars not counted.
        spectrum: of the observable on it.
        weights: of the state.
        overlap: ``‖ρ‖`` outside the Jordan algebra times that of the observable.
    """

    size: int
    beta: int
    multiplicity: int
    dimension: int
    spectrum: Spectrum
    weights: Weights
    overlap: float

    @property
    def is_full(self) -> bool:
        """Whether the Lie algebra is all of ``so(N)``, ``su(N)`` or ``sp(N)``."""
        return self.dimension == algebra_dimension(self.size, self.beta)


def dense_blocks(
    generators: np.ndarray, observable: np.ndarray, state: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[DenseBlock, ...], bool, float]:
    """Decompose, and look at observable and state on every part.

    Args:
        generators: Hermitian, ``(K, D, D)``.
        observable: Hermitian, ``(D, D)``.
        state: a density matrix, ``(D, D)``; it may have a smaller trace.
        rng: of the random elements; the result does not depend on it.

    Returns:
        The parts that carry the state, whether their unitaries are independent, and how much of
        the observable and the state, as a product of norms, lies outside the algebra.
    """
    parts = _isotypic(generators, rng)
    carried, outside_o, outside_s = [], observable.copy(), state.copy()
    for basis in parts:  # (copies, D, N)
        o = np.einsum("cdi,de,cej->ij", basis.conj(), observable, basis) / len(basis)
        s = np.einsum("cdi,de,cej->ij", basis.conj(), state, basis)
        outside_o -= np.einsum("cdi,ij,cej->de", basis, o, basis.conj())
        outside_s -= np.einsum("cdi,ij,cej->de", basis, s / len(basis), basis.conj())
        if np.trace(s).real > _TOLERANCE:
            g = np.einsum("di,kde,ej->kij", basis[0].conj(), generators, basis[0])
            carried.append((len(basis), _traceless(g), o, s))
    own, total = _dimensions([g for _, g, _, _ in carried])
    blocks = tuple(
        _block(copies, g, o, s, dimension)
        for (copies, g, o, s), dimension in zip(carried, own, strict=True)
    )
    outside = float(np.linalg.norm(outside_o) * np.linalg.norm(outside_s))
    return blocks, total == sum(own), outside


def _block(copies: int, g: np.ndarray, o: np.ndarray, s: np.ndarray, dimension: int) -> DenseBlock:
    beta, turn = _type(g)
    if beta == 4 and len(o) == 2:
        beta = 2  # sp(2) is su(2); 1 × 1 quaternions would hold nothing
    size = len(o) // 2 if beta == 4 else len(o)
    overlap = 0.0
    if beta != 2:
        parts = []
        for matrix in (o, s):
            mirror = turn @ matrix.T @ turn.conj().T
            parts.append(((matrix + mirror) / 2, np.linalg.norm(matrix - mirror) / 2))
        (o, rest_o), (s, rest_s) = parts
        overlap = float(rest_o * rest_s)
    return DenseBlock(
        size, beta, copies, dimension, spectrum_of_matrix(o), weights_of(s, beta), overlap
    )


def _traceless(g: np.ndarray) -> np.ndarray:
    size = g.shape[-1]
    return g - np.trace(g, axis1=1, axis2=2)[:, None, None] * np.eye(size) / size


def _kernel(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """All ``X`` with ``L_k X = X R_k``, orthonormal, ``(m, a, b)``."""
    a, b = left.shape[1], right.shape[1]
    gram = np.zeros((a * b, a * b), complex)
    for one, two in zip(left, right, strict=True):
        gram += np.kron(one @ one, np.eye(b)) + np.kron(np.eye(a), (two @ two).T)
        gram -= 2 * np.kron(one, two.T)
    values, vectors = np.linalg.eigh(gram)
    scale = max(1.0, float(values[-1]))
    return vectors[:, values < _TOLERANCE * scale].T.reshape(-1, a, b)


def _isotypic(generators: np.ndarray, rng) -> list[np.ndarray]:
    """Bases of the irreducible parts, copies aligned with each other, ``(copies, D, N)`` each."""
    commutant = _kernel(generators, generators)

    def element() -> np.ndarray:
        numbers = rng.normal(size=(2, len(commutant)))
        mixed = np.einsum("m,mij->ij", numbers[0] + 1j * numbers[1], commutant)
        return mixed + mixed.conj().T

    values, vectors = np.linalg.eigh(element())
    gaps = np.flatnonzero(np.diff(values) > 1e-6) + 1
    spaces = np.split(np.arange(len(values)), gaps)
    second = element()
    groups: list[list[np.ndarray]] = []
    for space in spaces:
        basis = vectors[:, space]
        for group in groups:
            first = group[0]
            link = first.conj().T @ second @ basis
            size = float(np.linalg.norm(link))
            if link.shape[0] == link.shape[1] and size > 1e-6:
                group.append(basis @ link.conj().T * np.sqrt(len(link)) / size)
                break
        else:
            groups.append([basis])
    return [np.array(group) for group in groups]


def _type(g: np.ndarray) -> tuple[int, np.ndarray]:
    """``β``, and the unitary ``S`` with ``S G* = −G S`` where there is one."""
    size = g.shape[-1]
    found = _kernel(g, -g.conj())
    if size == 1 or len(found) != 1:
        return 2, np.eye(size)
    turn = found[0] * np.sqrt(size)
    symmetric = np.linalg.norm(turn - turn.T) < np.linalg.norm(turn + turn.T)
    return (1 if symmetric else 4), turn


def _dimensions(parts: list[np.ndarray]) -> tuple[list[int], int]:
    """Dimensions of the Lie algebra on every part, and on all together."""
    sizes = [g.shape[-1] for g in parts]
    count = len(parts[0]) if parts else 0
    ends = np.cumsum([0, *(size**2 for size in sizes)])

    def flat(matrices: list[np.ndarray]) -> np.ndarray:
        rows = np.concatenate([m.reshape(len(m), -1) for m in matrices], axis=1)
        return np.concatenate([rows.real, rows.imag], axis=1)

    basis = np.zeros((0, 2 * ends[-1]))
    frontier = [1j * g for g in parts]
    while len(frontier[0]) if frontier else False:
        rows = flat(frontier)
        fresh = _fresh(basis, rows)
        if not len(fresh):
            break
        basis = np.concatenate([basis, fresh])
        complex_rows = fresh[:, : ends[-1]] + 1j * fresh[:, ends[-1] :]
        frontier = []
        for number, g in enumerate(parts):
            own = complex_rows[:, ends[number] : ends[number + 1]]
            x = own.reshape(-1, sizes[number], sizes[number])
            brackets = 1j * (g[:, None] @ x[None] - x[None] @ g[:, None])
            frontier.append(brackets.reshape(count * len(x), sizes[number], sizes[number]))
    own_ranks = []
    for number in range(len(parts)):
        part = slice(ends[number], ends[number + 1])
        both = np.concatenate([basis[:, : ends[-1]][:, part], basis[:, ends[-1] :][:, part]], 1)
        own_ranks.append(int(np.linalg.matrix_rank(both, tol=_NEW)) if both.size else 0)
    return own_ranks, len(basis)


def _fresh(basis: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """An orthonormal basis of what rows add to a basis."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows[norms[:, 0] > _NEW] / norms[norms[:, 0] > _NEW]
    for _ in range(2):
        rows = rows - (rows @ basis.T) @ basis
    if not len(rows):
        return rows
    _, values, right = np.linalg.svd(rows, full_matrices=False)
    return right[values > _NEW]
