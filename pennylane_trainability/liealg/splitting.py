r"""Simple ideals of a dynamical Lie algebra, with bases.

For Pauli words the sets that anticommutation joins are ideals, but not always simple ones: words
``Q`` that commute with all generators and carry words of the set to words of it (``A → QA``) make
``2^c`` copies, one for every choice of signs ``Q = ±1``. For sums of words the adjoint action is a
set of matrices; the symmetric matrices that commute with all of them (the *centroid*) have the
simple ideals as eigenspaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.liealg.commutant import (
    commutant_projection,
    invariant_vectors,
    scaled,
)
from pennylane_trainability.liealg.ideals import ideals
from pennylane_trainability.liealg.numeric import NumericModule
from pennylane_trainability.liealg.orbits import Orbits
from pennylane_trainability.liealg.symplectic import independent
from pennylane_trainability.liealg.words import Words, crossings, products

__all__ = ["Part", "Split", "split_module", "split_words"]

_GAP, _CONVERGED, _NULL = 1e-6, 1e-8, 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One simple ideal.

    Attributes:
        name: ``"su(2)"``; empty if only the dimension is known.
        rows: numbers of the words on which its elements are not zero, ``(w,)``.
        basis: coefficients on these words, orthonormal, ``(d, w)``.
    """

    name: str
    rows: np.ndarray
    basis: np.ndarray

    @property
    def dimension(self) -> int:
        """``d``."""
        return len(self.basis)

    def part(self, vector: np.ndarray) -> np.ndarray:
        """What of coefficients on all words lies in the ideal, in its basis, ``(d,)``."""
        return self.basis @ vector[self.rows]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A Lie algebra as centre and simple ideals.

    Attributes:
        words: the words that occur.
        centre: the centre; its name is ``"u(1)"``.
        parts: the simple ideals, largest first.
    """

    words: Words
    centre: Part
    parts: tuple[Part, ...]


def split_words(found: Orbits, generators: Words) -> Split:
    """Centre and simple ideals of the Lie algebra of Pauli words.

    Args:
        found: the orbits of the generators under themselves.
        generators: the generators.

    Example: two wires with Z, Z and XX, one set of six words, two algebras su(2):

    >>> from pennylane_trainability.liealg.orbits import orbits
    >>> matchgates = Words.of([(0, 1), (0, 2), (3, 0)], 2)
    >>> found = split_words(orbits(matchgates, matchgates, 100), matchgates)
    >>> [(part.name, part.dimension) for part in found.parts]
    [('so(3)', 3), ('so(3)', 3)]
    """
    words = found.index.words
    alone = np.flatnonzero(found.sizes[found.label] == 1)
    parts: list[Part] = []
    for label in np.flatnonzero(found.sizes > 1):
        rows = np.flatnonzero(found.label == label)
        parts += _copies(words.take(rows), rows, generators, found)
    parts.sort(key=lambda part: -part.dimension)
    return Split(words, Part("u(1)", alone, np.eye(len(alone))), tuple(parts))


def _copies(words: Words, rows: np.ndarray, generators: Words, found: Orbits) -> list[Part]:
    """The simple ideals in one set of words."""
    conserved = products(words, words.take([0]))[0]
    conserved = conserved.take(~crossings(conserved, generators).any(axis=1))
    pivots: dict[int, int] = {}
    width = 64 * words.n_limbs
    kept = [k for k, (x, z) in enumerate(conserved.pairs()) if independent(pivots, x << width | z)]
    shifts = [_shift(words, conserved.take([k]), rows, found) for k in kept]
    inside = generators.take(np.isin(found.index.find(generators), rows))
    (ideal,) = ideals(inside).ideals
    if ideal.copies != 1 << len(shifts):
        raise ReadingError("the ideals that were counted are not those that were found")
    name = f"{ideal.family}({ideal.size})"
    out = []
    first = _representatives(shifts, len(rows))
    for signs in product((1.0, -1.0), repeat=len(shifts)):
        basis = np.zeros((len(first), len(rows)))
        basis[np.arange(len(first)), first] = 1.0
        for sign, (target, factor) in zip(signs, shifts, strict=True):
            moved = np.zeros_like(basis)
            moved[:, target] = basis * factor
            basis = (basis + sign * moved) / np.sqrt(2)
        out.append(Part(name, rows, basis))
    return out


def _shift(words: Words, label: Words, rows: np.ndarray, found: Orbits):
    """``QA = s·B``: numbers of ``B`` and signs ``s``."""
    other, turns = products(label, words)
    position = np.searchsorted(rows, found.index.find(other))
    return position, 1.0 - (turns & 2)


def _representatives(shifts: list, count: int) -> np.ndarray:
    """One word of every set that the conserved words join."""
    root = np.arange(count)
    for _ in range(len(shifts)):
        for target, _factor in shifts:
            root = np.minimum(root, root[target])
    return np.unique(root)


def split_module(algebra: NumericModule, rng: np.random.Generator) -> Split:
    """Centre and simple ideals of a Lie algebra with a basis and its generators' adjoint action.

    Args:
        algebra: the algebra; cost some hundred products of ``d × d`` matrices.
        rng: of a random symmetric matrix.

    Raises:
        ReadingError: the projection did not converge, so that ideals cannot be told apart.
    """
    every = np.arange(algebra.basis.shape[1])
    still = invariant_vectors(algebra.matrices)
    centre = Part("u(1)", every, still @ algebra.basis)
    values, frame = np.linalg.eigh(np.eye(len(algebra)) - still.T @ still)
    frame = frame[:, values > 0.5]
    matrices = np.array([frame.T @ a @ frame for a in algebra.matrices])
    if not frame.shape[1]:
        return Split(algebra.words, centre, ())
    mixed = rng.normal(size=matrices.shape[1:])
    centroid, left = commutant_projection(matrices, (mixed + mixed.T) / 2)
    if left > _CONVERGED:
        raise ReadingError(f"simple ideals could not be told apart ({left:.1e} is left)")
    values, vectors = np.linalg.eigh(centroid)
    regular = _generic_element(matrices, rng)
    parts = []
    for own in np.split(np.arange(len(values)), 1 + np.flatnonzero(np.diff(values) > _GAP)):
        inside = vectors[:, own]
        rank = int(np.sum(np.abs(np.linalg.eigvalsh(1j * inside.T @ regular @ inside)) < _NULL))
        parts.append(Part(_name(len(own), rank), every, (frame @ inside).T @ algebra.basis))
    parts.sort(key=lambda part: -part.dimension)
    return Split(algebra.words, centre, tuple(parts))


def _generic_element(matrices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The adjoint matrix of a random sum of nested commutators of generators."""
    own = np.array(scaled(matrices))

    def mixed() -> np.ndarray:
        return np.tensordot(rng.normal(size=len(own)), own, axes=1)

    total = last = mixed()
    for _ in range(12):
        other = mixed()
        last = other @ last - last @ other + mixed()
        last = last / np.linalg.norm(last, 2)
        total = total + rng.normal() * last
    return np.asarray(total / np.linalg.norm(total, 2))


def _name(dimension: int, rank: int) -> str:
    """The classical algebra with this dimension and rank; empty if there is none."""
    if dimension == rank * (rank + 2):
        return f"su({rank + 1})"
    if dimension == rank * (2 * rank - 1) and rank > 3:
        return f"so({2 * rank})"
    if dimension == rank * (2 * rank + 1):
        return "so(5)" if rank == 2 else f"so({2 * rank + 1}) or sp({2 * rank})"
    return ""
