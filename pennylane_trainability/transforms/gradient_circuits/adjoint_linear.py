r"""From expectation values at the output of a circuit to its derivatives, by carried words.

A generator word carried behind the circuit is ``Σ_t c_{jt} σ_t``, and the derivative of a word
``O`` of the read-out is ``Σ_t c_{jt} y_t`` with ``y_t = (i/2)⟨[σ_t, O]⟩``: zero if ``σ_t`` and
``O`` commute, else ``⟨iσ_tO⟩``, plus or minus the mean of one Pauli word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.numeric import numeric_gate
from pennylane_trainability.liealg import Carrying, Truncated, Words, transfer_matrix
from pennylane_trainability.liealg.words import WordIndex, crossings, products
from pennylane_trainability.transforms.gradient_circuits.components import Problem
from pennylane_trainability.transforms.gradient_circuits.scheme import Table

__all__ = ["Adjoint", "Carrier", "Commutators", "Exact", "Kept", "commutators", "tables_of"]

#: Numbers that are held at once.
_NUMBERS = 1 << 23
#: Up to this size sums of squares are exact; beyond, they are estimated from random signs.
_EXACT_POWER = 1 << 24
_PROBES = 16


class Carrier(Protocol):
    """The coefficients of carried words."""

    @property
    def size(self) -> int:
        """How much there is to keep."""

    def backward(self, y: np.ndarray, problem: Problem, draw: int) -> np.ndarray:
        """``c y`` for several columns, ``(S, k)`` from ``(d, k)``."""

    def blocks(
        self, problem: Problem, draw: int, memory: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers of some sources and their rows of ``c``, ``(s,)`` and ``(s, d)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """All coefficients, by sweeps through the circuit.

    Attributes:
        carrying: which words are reached how.
        walls: parts that nothing carried meets, and that need no table.
    """

    carrying: Carrying
    walls: frozenset[int]

    @property
    def size(self) -> int:
        """See :class:`Carrier`."""
        return self.carrying.size

    def backward(self, y: np.ndarray, problem: Problem, draw: int) -> np.ndarray:
        """See :class:`Carrier`."""
        tables = tables_of(problem, draw, self.walls)
        return self.carrying.backward(problem.angles(draw), y, tables)

    def blocks(self, problem: Problem, draw: int, memory: int):
        """See :class:`Carrier`."""
        tables = tables_of(problem, draw, self.walls)
        return self.carrying.forward(problem.angles(draw), tables, memory)


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What is left of the coefficients after small ones were left out, per parameter draw.

    Attributes:
        draws: the coefficients; one entry if no angle differs between draws.
        columns: where the words of each draw stand among all of them.
        n_words: number of words.
    """

    draws: tuple[Truncated, ...]
    columns: tuple[np.ndarray, ...]
    n_words: int

    @property
    def size(self) -> int:
        """See :class:`Carrier`."""
        return sum(len(own.values) for own in self.draws)

    def at(self, draw: int) -> tuple[Truncated, np.ndarray]:
        """Coefficients and columns of one draw."""
        number = draw if len(self.draws) > 1 else 0
        return self.draws[number], self.columns[number]

    def backward(self, y: np.ndarray, problem: Problem, draw: int) -> np.ndarray:
        """See :class:`Carrier`."""
        own, place = self.at(draw)
        return own.backward(y[place])

    def blocks(self, problem: Problem, draw: int, memory: int):
        """See :class:`Carrier`."""
        own, place = self.at(draw)
        size = max(1, memory // (8 * max(self.n_words, 1)))
        for start in range(0, len(own.dropped), size):
            rows = np.arange(start, min(start + size, len(own.dropped)))
            here = (own.rows >= start) & (own.rows < start + size)
            out = np.zeros((len(rows), self.n_words))
            out[own.rows[here] - start, place[own.columns[here]]] = own.values[here]
            yield rows, out


@dataclass(frozen=True, slots=True, eq=False)
class Commutators:
    """``(i/2)[σ_t, O_i]`` as words: entry ``k`` is ``signs · target`` for one ``t`` and one ``i``.

    Attributes:
        rows: ``t``.
        words: ``i``.
        targets: numbers of the words.
        signs: in front of them.
        found: the words, ``T`` of them.
        shape: ``(d, I)``.
    """

    rows: np.ndarray
    words: np.ndarray
    targets: np.ndarray
    signs: np.ndarray
    found: Words
    shape: tuple[int, int]

    def values(self, means: np.ndarray, start: int, stop: int) -> np.ndarray:
        """``y_t`` for some words of the read-out, ``(d, stop - start)``."""
        here = (self.words >= start) & (self.words < stop)
        out = np.zeros((self.shape[0], stop - start))
        out[self.rows[here], self.words[here] - start] = (
            self.signs[here] * means[self.targets[here]]
        )
        return out


def commutators(carried: Words, read: Words, signs: np.ndarray) -> Commutators:
    """All words that have to be measured.

    Args:
        carried: ``σ_t``, ``d`` of them.
        read: ``O_i`` without their signs, ``I`` of them.
        signs: of these.
    """
    index = WordIndex(carried.n_limbs)
    parts = []
    size = max(1, _NUMBERS // max(1, len(read)))
    for start in range(0, len(carried), size):
        own = carried.take(slice(start, start + size))
        rows, words = np.nonzero(crossings(own, read))
        found, turns = products(own.take(rows), read.take(words))
        # σO = i^t W, so i σO = W for t = 3 and −W for t = 1
        parts.append((start + rows, words, index.add(found), signs[words] * (turns - 2.0)))
    empty = (np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    rows, words, targets, own_signs = (np.concatenate(p) for p in zip(empty, *parts, strict=True))
    return Commutators(rows, words, targets, own_signs, index.words, (len(carried), len(read)))


@dataclass(frozen=True, slots=True, eq=False)
class Adjoint:
    """Derivatives of the read-out from means of Pauli words at the output of the circuit.

    Attributes:
        carrier: coefficients of the carried words, for the first ``S`` components.
        measured: what is measured of them.
        table: the same for components that are differentiated in another way.
        shape: ``(I, C)``.
        n_targets: number of means.
    """

    carrier: Carrier
    measured: Commutators
    table: Table
    shape: tuple[int, int]
    n_targets: int

    @property
    def size(self) -> int:
        """How much there is to keep: words, pairs of words, coefficients."""
        return len(self.measured.rows) + self.carrier.size

    def value(self, means: np.ndarray, problem: Problem, draw: int) -> np.ndarray:
        """See :class:`~.scheme.Linear`; one sweep, whose cost does not depend on ``C``."""
        out = self.table.value(means, problem, draw)
        count = self.shape[0]
        size = max(1, _NUMBERS // max(1, self.measured.shape[0]))
        for start in range(0, count, size):
            stop = min(count, start + size)
            y = self.measured.values(means, start, stop)
            found = self.carrier.backward(y, problem, draw)
            out[start:stop, : len(found)] += found.T
        return out

    def matrix(self, problem: Problem, draw: int, coefficients: np.ndarray) -> np.ndarray:
        """See :class:`~.scheme.Linear`."""
        out = np.zeros((len(coefficients), self.shape[1], self.n_targets))
        other = self.table.matrix(problem, draw, coefficients)
        out[:, :, : other.shape[2]] = other
        for r, row in enumerate(coefficients):
            factors = self.measured.signs * row[self.measured.words]
            for sources, found in self._sums(problem, draw, self.measured.targets, factors):
                out[r, sources, : found.shape[1]] += found
        return out

    def power(self, problem: Problem, draw: int) -> np.ndarray:
        """See :class:`~.scheme.Linear`; estimated where the matrix is large."""
        if self.shape[0] * self.shape[1] and self.measured.shape[0] * self.shape[1] > _EXACT_POWER:
            rng = np.random.default_rng(0)
            probes = rng.choice([-1.0, 1.0], (_PROBES, self.n_targets))
            return np.mean([self.value(z, problem, draw) ** 2 for z in probes], axis=0)
        out = self.table.power(problem, draw)
        ones = np.ones(len(self.measured.rows))
        for sources, found in self._sums(problem, draw, self.measured.words, ones, squared=True):
            out[: found.shape[1], sources] += found.T
        return out

    def _sums(self, problem: Problem, draw: int, groups, factors, squared: bool = False):
        """``Σ_k factors_k c_{j, rows_k}`` over the entries ``k`` of each group, ``(s, groups)``."""
        order = np.argsort(groups, kind="stable")
        if not order.size:
            return
        first = np.flatnonzero(np.diff(groups[order], prepend=-1))
        memory = 8 * _NUMBERS * self.measured.shape[0] // max(len(order), self.measured.shape[0])
        for sources, block in self.carrier.blocks(problem, draw, memory):
            entries = block[:, self.measured.rows[order]]
            entries = (entries**2 if squared else entries) * factors[order]
            out = np.zeros((len(sources), int(groups.max()) + 1))
            out[:, groups[order][first]] = np.add.reduceat(entries, first, axis=1)
            yield sources, out


def tables_of(problem: Problem, draw: int, walls: Collection[int]) -> dict[int, np.ndarray]:
    """Pauli transfer matrices of the parts that are no rotations, by their numbers.

    Args:
        problem: the circuit.
        draw: index of the parameter point.
        walls: parts that have none; they get that of the identity on no wire.
    """
    out = {}
    for k, part in enumerate(problem.structure.parts):
        if not part.is_rotation:
            out[k] = np.ones((1, 1)) if k in walls else _table(problem, k, draw)
    return out


def _table(problem: Problem, number: int, draw: int) -> np.ndarray:
    part, circuit = problem.structure.parts[number], problem.circuit
    op = numeric_gate(circuit.gates[part.gate], circuit.wires, 0, draw=draw)
    labels = [circuit.wires[w] for w in part.wires]
    return transfer_matrix(np.asarray(qml.matrix(op, wire_order=labels), complex))
